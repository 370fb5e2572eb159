"""One package a page: answer, words, charts, what programs read, what Streamlit shows."""
