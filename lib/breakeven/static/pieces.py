"""What a page shows, as a tree of plain values: read from the app, merged, then written as HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from breakeven.words.terms import Layer

ONLY = "only"
"""Kind of a piece that readers of one layer of words see; ``text`` names the layer."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A table as texts."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Cells as people read them."""
    numeric: tuple[bool, ...]
    """Columns that are set flush right."""
    links: tuple[bool, ...]
    """Columns whose cells are addresses."""
    link_text: tuple[str, ...]
    """What stands for the address in such a column; empty: the address itself."""
    whole: str = ""
    """All of it as CSV, where it has more rows than a page holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing on a page, with what it holds."""

    kind: str
    """As :data:`breakeven.static.html.WRITERS` names it."""
    text: str = ""
    """What it says, in the form that its kind has: Markdown, HTML, LaTeX, a chart's JSON, a path."""
    label: str = ""
    """Its name: of a box, a setting, a chart; Markdown."""
    key: str = ""
    """Key of the app, which names it for the style sheet; empty where it has none."""
    style: str = ""
    """Variant of its kind: a direction, a share of the width, an icon."""
    table: Cells | None = None
    children: tuple[Piece, ...] = ()

    @property
    def bare(self) -> Piece:
        """The piece without what it holds."""
        return replace(self, children=())


def merge(plain: Piece, expert: Piece) -> Piece:
    """Put both layers of words into one tree: what is the same once, what differs in both.

    >>> one, two = Piece(kind="markdown", text="copies"), Piece(kind="markdown", text="replicas")
    >>> box = Piece(kind="column", children=(one,))
    >>> [part.text for part in merge(box, Piece(kind="column", children=(two,))).children]
    ['plain', 'expert']
    """
    if plain == expert:
        return plain
    if plain.bare != expert.bare:
        raise ValueError(f"pieces of two kinds cannot be merged: {plain.kind} and {expert.kind}")
    return replace(plain, children=tuple(_merged(plain.children, expert.children)))


def _merged(plain: tuple[Piece, ...], expert: tuple[Piece, ...]) -> list[Piece]:
    found: list[Piece] = []
    matcher = SequenceMatcher(None, [one.bare for one in plain], [one.bare for one in expert], autojunk=False)
    for kind, low, high, start, end in matcher.get_opcodes():
        if kind == "equal":
            found += [merge(*both) for both in zip(plain[low:high], expert[start:end], strict=True)]
            continue
        for layer, parts in ((Layer.PLAIN, plain[low:high]), (Layer.EXPERT, expert[start:end])):
            if parts:
                found.append(Piece(kind=ONLY, text=str(layer), children=parts))
    return found
