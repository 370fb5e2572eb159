"""The frame around every page: mark, switch of words, and on a phone the places at its lower edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from breakeven.dashboard.look import COPY, HISTORY, PRINT, STYLE, TOUCH, WORDMARK
from breakeven.dashboard.saving import BUTTONS
from breakeven.dashboard.terms import switch

_SYMBOLS = {
    "Decide": ":material/balance:",
    "My bill": ":material/receipt_long:",
    "Claims and numbers": ":material/fact_check:",
    "Data and method": ":material/database:",
}
"""Symbol of each place at the lower edge of a phone; a new one has none."""
_SHORT = {"Claims and numbers": "Claims", "Data and method": "Data"}
"""Names of places that would not fit there."""

SCRIPTS = HISTORY + COPY + TOUCH + PRINT + BUTTONS
"""What every page is sent; a policy that names scripts by their digests takes them from here."""

Menu = Mapping[str, Sequence[StreamlitPage]]
MENU = "frame_menu"
"""Where the session keeps places, titles and addresses of the menu, for whoever writes the pages down."""


def draw(menu: Menu, page: StreamlitPage) -> None:
    """Draw what stands around the page."""
    st.html(f"<style>{STYLE}</style>")
    st.html(SCRIPTS, unsafe_allow_javascript=True)
    st.logo(WORDMARK, size="large", link=None)
    switch()
    st.session_state[MENU] = {
        name: [(one.title, one.url_path) for one in pages if one.visibility == "visible"]
        for name, pages in menu.items()
    }
    here = next((name for name, pages in menu.items() if page in pages), None)
    siblings = [one for one in menu.get(here or "", ()) if one.visibility == "visible"]
    if len(siblings) > 1:
        with st.container(key="frame_siblings", horizontal=True, gap="small"):
            for one in siblings:
                st.page_link(one, label=one.title)
    with st.container(key="frame_places", horizontal=True, gap=None):
        for name, pages in menu.items():
            label = _SHORT.get(name, name)
            st.page_link(pages[0], label=f"**{label}**" if name == here else label, icon=_SYMBOLS.get(name))
