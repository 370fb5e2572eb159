"""Pieces as HTML, by the macros of ``templates/pieces.html``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from breakeven.static import markdown
from breakeven.static.cells import MOST_ROWS
from breakeven.static.charts import Drawing, draw
from breakeven.static.clean import cleaned
from breakeven.static.pieces import Cells, Piece

WIDE_PX = {"full": 1100, "half": 560}
"""Widths of a chart on a desk, over the page and in a column. [pixels]"""
NARROW_PX = 350
"""The same on a phone. [pixels]"""
_BOLD = re.compile(r"\*\*(.+)\*\*")


@cache
def templates() -> Environment:
    """The templates; every value is escaped that is not marked as HTML."""
    return Environment(
        loader=PackageLoader("breakeven.static"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Writer:
    """Writes the pieces of one page; keeps the style sheets that stand among them."""

    most_rows = MOST_ROWS

    def __init__(self, address: Callable[[str], str]) -> None:
        """``address`` gives the site's address for one of the app."""
        self.styles: list[str] = []
        self.files: dict[str, str] = {}
        """Tables that are too long for the page, as CSV by their names beside it."""
        self._address = address
        self._charts = 0

    def page(self, piece: Piece) -> Markup:
        """All that stands on the page."""
        shown = templates().get_template("pieces.html").make_module({"tools": self}).show  # type: ignore[attr-defined]
        return Markup("".join(shown(child, "full") for child in piece.children))

    def block(self, text: str) -> Markup:
        """Paragraphs."""
        return self._own(markdown.block(text))

    def line(self, text: str) -> Markup:
        """Words of one line."""
        return self._own(markdown.line(text))

    def formula(self, text: str) -> Markup:
        """A formula on a line of its own."""
        return markdown.formula(text, alone=True)

    def html(self, text: str) -> Markup:
        """HTML of the app."""
        found, styles = cleaned(text, self._address)
        if styles:
            self.styles.append(styles)
        return found

    def address(self, link: str) -> str:
        """The site's address for one of the app."""
        return self._address(link)

    def chart(self, piece: Piece, room: str) -> list[tuple[str, Drawing]]:
        """A chart for a desk and for a phone, each with the class that shows it."""
        found = []
        for kind, width in (("wide", WIDE_PX[room]), ("narrow", NARROW_PX)):
            self._charts += 1
            name = f"chart-{self._charts}"
            found.append((kind, draw(piece.text, width=width, name=name, alt=markdown.shown(piece.label))))
        return found

    def caption(self, before: Sequence[Piece]) -> Markup:
        """What a table is called: the bold words or the heading above it."""
        for piece in reversed(before):
            if piece.kind in ("markdown", "caption", "subheader", "tab", "box"):
                text = piece.label or piece.text
                return self.line(bold[1] if (bold := _BOLD.search(text)) else text.lstrip("# "))
        return Markup("")

    def rows(self, table: Cells) -> tuple[tuple[str, ...], ...]:
        """Rows that are written."""
        return table.rows[:MOST_ROWS]

    def whole(self, table: Cells) -> str:
        """Name of the file that holds all rows of a long table."""
        name = next((name for name, text in self.files.items() if text == table.whole), "")
        name = name or f"table-{len(self.files) + 1}.csv"
        self.files[name] = table.whole
        return name

    def unknown(self, kind: str) -> str:
        """Refuse a kind of piece that no macro writes."""
        raise ValueError(f"no template writes a piece of kind {kind}")

    @staticmethod
    def class_of(key: str) -> str:
        """The class by which the app's style sheet knows a container.

        >>> written = Writer.class_of
        >>> written("card_0_api"), written("box_Shape A"), written("")
        ('st-key-card_0_api', 'st-key-box_Shape-A', '')
        """
        return f"st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key.strip())}" if key else ""

    def _own(self, html: Markup) -> Markup:
        """Markdown's links with the site's addresses."""
        return self.html(str(html)) if "<a " in html else html
