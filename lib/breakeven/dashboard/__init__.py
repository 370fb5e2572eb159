"""The only Streamlit below the pages: state, inputs, sources, downloads."""
