"""Breakeven: the frame around the pages."""

import streamlit as st

from breakeven.dashboard.session import keep_widgets

st.set_page_config(page_title="Breakeven", page_icon="⚖️", layout="wide")
# The default top padding takes a tenth of the first screen; the text is ours, nothing is inserted into it.
st.html("<style>.stMainBlockContainer{padding-top:4.5rem;padding-bottom:3rem}</style>")
keep_widgets()
page = st.navigation(
    [
        st.Page("pages/compare.py", title="Compare", default=True),
        st.Page("pages/workload.py", title="Price my workload"),
        st.Page("pages/deploy.py", title="Deploy"),
        st.Page("pages/train.py", title="Train"),
        st.Page("pages/numbers.py", title="Numbers"),
        st.Page("pages/articles.py", title="Articles"),
        st.Page("pages/evidence.py", title="Evidence"),
        st.Page("pages/prices.py", title="Prices"),
        st.Page("pages/method.py", title="Method"),
    ],
    position="top",
)
page.run()
