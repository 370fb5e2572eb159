"""The scenario as one line: a sentence whose words open what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from breakeven.dashboard.blocks import plain

Part = tuple[str, str, str, Callable[[], None]]
"""Words before it, what it says now, name of what it opens, and what draws that."""


def bar(key: str, parts: Sequence[Part]) -> None:
    """Draw the line. What is closed is not drawn, so a rerun costs what is open.

    ``key`` names the line; a part keeps whether it is open under ``box_`` and its name.
    """
    with st.container(key=f"bar_{key}", horizontal=True, vertical_alignment="center", gap="small"):
        for words, label, title, draw in parts:
            if words:
                st.markdown(words, width="content")
            box = st.popover(plain(label), width="content", key=f"box_{title}", on_change="rerun")
            if box.open:
                with box:
                    draw()
