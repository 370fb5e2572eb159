"""HTML that the app writes itself, as it may stand on the site: no script, no style, own addresses."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

from markupsafe import Markup

_GONE = ("script", "style")
_ONLY_WITH_SCRIPT = ("breakeven-copy", "tour")
"""Classes of what does nothing without a script of the app."""
_EMPTY = ("br", "hr", "img", "input", "wbr", "meta", "link")
_LEFT_OUT = ("style", "onclick", "onload")
"""Attributes that the policy of the site forbids."""


class _Cleaner(HTMLParser):
    """Write down again what may stay."""

    def __init__(self, address: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.styles: list[str] = []
        self._address = address
        self._inside: list[str] = []
        """Elements that are left out and not closed yet."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element, or leave it out with all that it holds."""
        if self._inside or self._is_gone(tag, attrs):
            if tag not in _EMPTY:
                self._inside.append(tag)
            return
        kept = []
        for name, value in attrs:
            if name in _LEFT_OUT:
                continue
            text = self._address(value or "") if name == "href" else value
            kept.append(f" {name}" if text is None else f' {name}="{escape(text)}"')
        self.parts.append(f"<{tag}{''.join(kept)}>")

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if self._inside:
            self._inside.pop()
        elif tag not in _EMPTY:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Text stays text; of a style sheet it is kept aside."""
        if self._inside:
            if self._inside[-1] == "style":
                self.styles.append(data)
            return
        self.parts.append(escape(data, quote=False))

    def _is_gone(self, tag: str, attrs: list[tuple[str, str | None]]) -> bool:
        told = dict(attrs)
        classes = (told.get("class") or "").split()
        return tag in _GONE or "hidden" in told or any(one in classes for one in _ONLY_WITH_SCRIPT)


def cleaned(html: str, address: Callable[[str], str]) -> tuple[Markup, str]:
    """HTML of the app without scripts and hidden parts, and the style sheets that stood in it.

    Parameters
    ----------
    html
        What the app wrote; every text in it is escaped already.
    address
        Gives the site's address for one of the app.
    """
    cleaner = _Cleaner(address)
    cleaner.feed(html)
    cleaner.close()
    return Markup("".join(cleaner.parts).strip()), "\n".join(cleaner.styles)
