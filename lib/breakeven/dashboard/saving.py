"""Charts as PNG and SVG with finding, day, sources and link in the picture; the browser makes them.

No chart needs to know: a script puts two buttons on each one that is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from html import escape
from pathlib import Path

import streamlit as st

from breakeven.dashboard.session import sources

MOST_NAMED = 6
"""Publishers that a picture names; the page has all."""
_SCRIPT = Path(__file__).with_name("saving.js").read_text(encoding="utf-8")
_STYLE = """
[data-testid=stPlotlyChart]{position:relative}
.breakeven-save{position:absolute;top:0;right:0;display:flex;gap:2px;z-index:2;opacity:0}
[data-testid=stPlotlyChart]:hover>.breakeven-save,.breakeven-save:focus-within{opacity:1}
@media (hover:none){.breakeven-save{opacity:1;top:100%}
 .stElementContainer:has([data-testid=stPlotlyChart]){overflow:visible;margin-bottom:28px}}
.breakeven-save button{font-family:inherit;font-size:13px;font-weight:600;line-height:1;padding:6px 8px;
 cursor:pointer;border:1px solid #8888;border-radius:6px;background:Canvas;color:CanvasText}
.breakeven-save button:focus-visible{outline:2px solid #0072B2}
@media print{.breakeven-save{display:none}}
"""


BUTTONS = f"<script>{_SCRIPT}</script><style>{_STYLE}</style>"
"""HTML that puts the buttons on every chart of a page; sent once."""


def about(link: str, day: date) -> str:
    """HTML that says of which link and day the pictures are; what it is given is escaped."""
    return f'<span class="breakeven-about" hidden data-link="{escape(link)}" data-day="{day}"></span>'


def cite(keys: Iterable[str]) -> None:
    """Name the sources of the page's charts in their pictures: who published them, and when each was read.

    ``keys`` are those of ``sources``; one that does not exist is nobody's.
    """
    rows = [sources()[key] for key in keys if key in sources()]
    read = {row.publisher: f"{row.publisher} (read {row.accessed})" for row in rows}
    names = list(read.values())
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    if names:
        said = escape(", ".join(names[:MOST_NAMED]) + more)
        st.html(f'<span class="breakeven-cite" hidden data-names="{said}"></span>', width="content")
