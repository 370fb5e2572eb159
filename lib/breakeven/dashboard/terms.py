"""Which words this visitor reads: plain ones until the switch in the header says otherwise."""

from __future__ import annotations

import streamlit as st

from breakeven.words.terms import TERMS, Layer, Terms

KEY = "frame_words"
"""Where the session keeps the choice; no link carries it."""


def switch() -> None:
    """Draw the switch, once a page."""
    st.session_state.setdefault(KEY, Layer.PLAIN.value)
    with st.container(key="frame_switch", width="content"):
        st.segmented_control(
            "Words",
            [layer.value for layer in Layer],
            required=True,
            key=KEY,
            label_visibility="collapsed",
        )


def terms() -> Terms:
    """Words of this visitor."""
    return TERMS[Layer(st.session_state.get(KEY) or Layer.PLAIN)]
