"""The app's Markdown as HTML: what its pages use of it, formulas as MathML, nothing of a visitor's."""

from __future__ import annotations

import re
from functools import cache

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markupsafe import Markup

_ICON = re.compile(r":material/\w+:\s*")
"""Symbols of a font that the site does without."""


def block(text: str) -> Markup:
    """Paragraphs, lists, headings.

    >>> block("**A**: 1\\\\*2")
    Markup('<p><strong>A</strong>: 1*2</p>')
    """
    return Markup(_parser().render(_ICON.sub("", text)).strip())


def line(text: str) -> Markup:
    """Words of one line, without a paragraph around them."""
    return Markup(_parser().renderInline(_ICON.sub("", text)))


def formula(text: str, *, alone: bool = False) -> Markup:
    """A formula in LaTeX as MathML; the LaTeX itself where it cannot be read."""
    try:
        return Markup(convert(text, display="block" if alone else "inline"))
    except Exception:
        # The library raises whatever it meets; a formula as it is written can still be read.
        return Markup("<code>{}</code>").format(text)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.inline.ruler.before("escape", "formula", _dollars)
    parser.add_render_rule("formula", lambda _self, tokens, at, *_: str(formula(tokens[at].content)))
    return parser


def _dollars(state: StateInline, silent: bool) -> bool:
    """Read ``$…$``; a dollar that means money is escaped by whoever wrote it."""
    if state.src[state.pos] != "$":
        return False
    end = state.src.find("$", state.pos + 1)
    if end <= state.pos + 1:
        return False
    if not silent:
        state.push("formula", "math", 0).content = state.src[state.pos + 1 : end]
    state.pos = end + 1
    return True


def shown(text: str) -> str:
    """A text of one line as it is read, its marks taken out: for what holds no HTML.

    >>> shown(r"**More** than 2\\*3 & less")
    'More than 2*3 & less'
    """
    return line(text).striptags()
