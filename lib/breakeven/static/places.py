"""Addresses: what a link of the app is on the site, seen from a page of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, urlsplit

from breakeven.dashboard.session import CLAIM
from breakeven.static.questions import Question, answers
from breakeven.views.links import HOME, TITLES

ANCHORS = {("articles", CLAIM): "claim", ("numbers", "numbers_rule"): "number"}
"""Things with an address of their own on one page: its parameter, and the start of their ids here."""


def up(folder: str) -> str:
    """The way from a folder to the root of the site.

    >>> up(""), up("deploy"), up("presets/chat")
    ('./', '../', '../../')
    """
    return "../" * len(folder.split("/")) if folder else "./"


def here(found: Sequence[Question], question: Question) -> Callable[[str], str]:
    """How addresses of the app are written on the page of a question."""

    def address(link: str) -> str:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or (link.startswith("#")):
            return link
        name = parts.path.strip("./").rpartition("/")[2]
        page = question.page if not parts.path else (name or HOME)
        if page not in TITLES:
            return link
        folder = "" if page == HOME else page
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        if len(pairs) == 1 and (page, pairs[0][0]) in ANCHORS:
            return _seen(question, folder, f"#{ANCHORS[page, pairs[0][0]]}-{pairs[0][1]}")
        if not pairs:
            return _seen(question, folder)
        for one in found:
            if answers(one, page, parts.query):
                return _seen(question, one.folder)
        return _seen(question, folder, f"?{parts.query}")

    return address


def _seen(question: Question, folder: str, rest: str = "") -> str:
    return f"{up(question.folder)}{folder}{'/' if folder else ''}{rest}"
