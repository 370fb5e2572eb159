"""Breakeven: the frame around the pages."""

import streamlit as st

from breakeven.dashboard import frame
from breakeven.dashboard.look import MARK
from breakeven.dashboard.session import CLAIM, keep_widgets

keep_widgets()
menu = {
    "Decide": [
        st.Page("pages/compare.py", title="Compare", url_path="home", default=True),
        st.Page("pages/compare.py", title="Compare", url_path="compare", visibility="hidden"),
        st.Page("pages/deploy.py", title="Deploy"),
        st.Page("pages/train.py", title="Train"),
    ],
    "My bill": [st.Page("pages/workload.py", title="Price my workload")],
    "Claims and numbers": [
        st.Page("pages/articles.py", title="Articles"),
        st.Page("pages/numbers.py", title="Numbers"),
    ],
    "Data and method": [
        st.Page("pages/prices.py", title="Prices"),
        st.Page("pages/evidence.py", title="Evidence"),
        st.Page("pages/method.py", title="Method"),
    ],
}
page = st.navigation(menu, position="top")
st.set_page_config(page_title=f"{page.title} · Breakeven", page_icon=MARK, layout="wide")
frame.draw(menu, page)
if CLAIM in st.query_params:  # Only who checks a claim waits for what judges it.
    from breakeven.views.articles.show import claim_strip

    claim_strip(page.url_path or "compare")
page.run()
