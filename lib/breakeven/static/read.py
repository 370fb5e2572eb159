"""Run a page of the app for a link and take what it shows, every box and tab of it opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from streamlit.testing.v1 import AppTest

from breakeven.dashboard.frame import MENU
from breakeven.dashboard.look import STYLE
from breakeven.dashboard.session import TODAY
from breakeven.dashboard.terms import KEY as WORDS
from breakeven.paths import APP
from breakeven.static.cells import cells_of
from breakeven.static.pieces import Piece
from breakeven.views.links import HOME
from breakeven.words.terms import Layer

PATIENCE_S = 600
"""Longest that one run of a page may take. [s]"""
MOST_ROUNDS = 6
"""Boxes within boxes that are opened; no page has as many."""
Menu = Mapping[str, Sequence[tuple[str, str]]]
"""Titles and addresses of the pages, by the places of the menu."""
Tabs = Mapping[tuple[str, str], tuple[Piece, ...]]
"""What stands under each label of each group of tabs."""


class PageFailed(RuntimeError):
    """A page of the app raised while it was written; the message names page and link."""


def read_page(page: str, query: str, layer: Layer, today: date) -> Piece:
    """What a page shows for a link.

    Parameters
    ----------
    page
        Name of a script in ``pages/``.
    query
        Parameters of the link.
    layer
        Whose words.
    today
        Day on which the page is read: ages of prices count from it.

    Raises
    ------
    PageFailed
        If the page raises.
    """
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    if page != HOME:
        app.switch_page(f"pages/{page}.py")
    app.session_state[WORDS] = str(layer)
    app.session_state[TODAY] = today
    for key, text in parse_qsl(query, keep_blank_values=True):
        app.query_params[key] = text
    _run(app, page, query)
    _open_all(app, page, query)
    tabs = dict(_each_tab(app, page, query))
    return Piece(kind="page", children=(*_styles(app), *_children(app.main, tabs)))


def read_menu(today: date) -> Menu:
    """The app's menu."""
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE_S)
    app.session_state[TODAY] = today
    _run(app, HOME, "")
    found: Menu = app.session_state[MENU]
    return found


def _run(app: AppTest, page: str, query: str) -> None:
    app.run()
    if app.exception:
        raise PageFailed(f"{page}?{query}: {app.exception[0].value}")


def _styles(app: AppTest) -> Iterator[Piece]:
    """Style sheets, which the app keeps apart from what it shows; that of the frame is the site's anyway."""
    for block in app.main.root.children.values():
        if block.type == "event":
            yield from (piece for piece in _children(block, {}) if STYLE not in piece.text)


def _open_all(app: AppTest, page: str, query: str) -> None:
    """Open every closed box, then those that were in them."""
    for _ in range(MOST_ROUNDS):
        closed = [box.key for box in app.main.expander if box.key and not _is_open(app, box.key)]
        if not closed:
            return
        for key in closed:
            app.session_state[key] = True
        _run(app, page, query)


def _is_open(app: AppTest, key: str) -> bool:
    return key in app.session_state and bool(app.session_state[key])


def _each_tab(app: AppTest, page: str, query: str) -> Iterator[tuple[tuple[str, str], tuple[Piece, ...]]]:
    """Open the tabs one after another: what is not open is not computed."""
    for key, labels in list(_groups(app.main)):
        for label in reversed(labels):  # The first stays open.
            app.session_state[key] = label
            _run(app, page, query)
            _open_all(app, page, query)
            group = next(block for block in _walk(app.main) if getattr(block, "key", None) == key)
            tab = next(one for one in group.children.values() if one.label == label)
            yield (key, label), _children(tab, {})


def _groups(node: Any) -> Iterator[tuple[str, list[str]]]:
    for block in _walk(node):
        if block.type == "tab_container" and block.key:
            yield block.key, [tab.label for tab in block.children.values()]


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _walk(child)


def _children(node: Any, tabs: Tabs) -> tuple[Piece, ...]:
    found = (_piece(child, tabs) for child in node.children.values())
    return tuple(piece for piece in found if piece is not None)


def _piece(node: Any, tabs: Tabs) -> Piece | None:
    """One node of the app's tree; None for what only works in the app."""
    if hasattr(node, "children"):
        return _block(node, tabs)
    if node.type in _NEEDS_THE_APP:
        return None
    if node.type not in _ELEMENTS:
        raise PageFailed(
            f"an element of type {node.type} has no form on the site; read.py names those that have"
        )
    return _ELEMENTS[node.type](node)


def _block(node: Any, tabs: Tabs) -> Piece | None:
    key = node.key or ""
    if key.startswith("frame_"):  # The site has a frame of its own.
        return None
    if node.type == "tab_container":
        parts = tuple(
            Piece(kind="tab", label=tab.label, children=tabs.get((key, tab.label)) or _children(tab, tabs))
            for tab in node.children.values()
        )
        return Piece(kind="tabs", key=key, children=parts)
    children = _children(node, tabs)
    if node.type == "expander":
        return Piece(kind="box", label=node.label, key=key, children=children)
    if node.type == "popover":
        told = node.proto.popover
        if not children and told.type == "tertiary":  # A button of the app, not a word of its sentence.
            return None
        return Piece(kind="popover", label=told.label, children=children)
    if node.type == "column":
        return Piece(kind="column", style=str(max(1, round(node.weight * 12))), children=children)
    if node.type == "flex_container" and node.proto.flex_container.direction == _HORIZONTAL:
        row = any(child.kind == "column" for child in children)
        return Piece(kind="columns" if row else "row", key=key, children=children)
    if not children:
        return None
    bordered = node.type == "flex_container" and node.proto.flex_container.border
    return Piece(kind="stack", key=key, style="bordered" if bordered else "", children=children)


_HORIZONTAL = 2
"""Direction of a container, as Streamlit's messages number them."""


def _text(kind: str) -> Callable[[Any], Piece]:
    return lambda node: Piece(kind=kind, text=node.value)


def _html(node: Any) -> Piece:
    return Piece(kind="html", text=node.value)


def _heading(node: Any) -> Piece:
    return Piece(kind=node.type, text=node.value)


def _note(node: Any) -> Piece:
    return Piece(kind="note", text=node.value, style=node.type)


def _chart(node: Any) -> Piece:
    return Piece(kind="chart", text=node.proto.spec, label=node.proto.alt, key=node.key or "")


def _table(node: Any) -> Piece:
    return Piece(kind="table", table=cells_of(node.value, getattr(node.proto, "columns", "")))


def _link(node: Any) -> Piece:
    return Piece(kind="page_link", text=node.proto.page, label=node.proto.label)


def _link_button(node: Any) -> Piece:
    return Piece(kind="link", text=node.proto.url, label=node.proto.label)


def _setting(node: Any) -> Piece | None:
    """What an input stands at; the page cannot change it, but the answer hangs on it."""
    value = node.value
    if value is None or value == [] or value is False or value == "":
        return None
    listed = value if isinstance(value, list | tuple) else [value]
    said = "on" if value is True else ", ".join(_shown(node, one) for one in listed)
    return Piece(kind="setting", label=node.label, text=said)


def _shown(node: Any, value: Any) -> str:
    formatted = getattr(node, "format_func", None)
    return str(formatted(value)) if formatted is not None else str(value)


_ELEMENTS: Mapping[str, Callable[[Any], Piece | None]] = {
    "title": _heading,
    "header": _heading,
    "subheader": _heading,
    "markdown": _text("markdown"),
    "caption": _text("caption"),
    "latex": _text("latex"),
    "code": _text("code"),
    "divider": lambda _: Piece(kind="divider"),
    "html": _html,
    "warning": _note,
    "info": _note,
    "error": _note,
    "success": _note,
    "plotly_chart": _chart,
    "dataframe": _table,
    "table": _table,
    "page_link": _link,
    "link_button": _link_button,
    "radio": _setting,
    "selectbox": _setting,
    "multiselect": _setting,
    "date_input": _setting,
    "toggle": _setting,
}
"""How each element is read."""
_NEEDS_THE_APP = frozenset(
    [
        *("button", "button_group", "download_button", "empty", "file_uploader", "number_input"),
        *("progress", "select_slider", "slider", "spinner", "text_area", "text_input"),
    ]
)
"""Elements that do or ask for something, or stand for what is not there yet: they are left out."""
