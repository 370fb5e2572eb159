"""Links as chats and mail programs deliver them: what they add is left out, what they changed is put back.

A link that came through is read as it was written; one that a program has escaped once too often, ended with
the sentence's own full stop, or given a parameter of its own means what its sender saw.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from urllib.parse import parse_qsl

from breakeven.paths import DATA

Pairs = list[tuple[str, str]]

MENDED = "The link was changed on its way ({how}); it is read as it was written."
_ESCAPED = re.compile(r"(?:amp;|#38;|#x26;)+", re.IGNORECASE)
"""What is left of an ampersand that HTML has escaped, before the name of the next parameter."""
_EQUALS = "3D"
"""What quoted-printable mail writes after each equals sign."""
_INVISIBLE = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_CLOSING = ".,;:!?)]}>\"'”’»*_`"
"""Marks of the sentence or the markup around a link that programs take for its end."""


@cache
def additions() -> tuple[str, ...]:
    """Starts of the parameters that networks and campaigns add to every link."""
    with (DATA / "link_additions.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row["start"] for row in csv.DictReader(file))


def is_added(key: str) -> bool:
    """Whether a parameter was added on the way; it says nothing of the question.

    >>> is_added("utm_source"), is_added("fbclid"), is_added("model")
    (True, True, False)
    """
    return any(key == start or (start.endswith("_") and key.startswith(start)) for start in additions())


def as_written(pairs: Sequence[tuple[str, str]]) -> tuple[Pairs, str]:
    """The parameters as they were written, and a sentence where they came otherwise; empty: they did not.

    >>> as_written([("v", "1"), ("amp;requests", "50"), ("fbclid", "x")])[0]
    [('v', '1'), ('requests', '50')]
    """
    found = [(key, text) for key, text in pairs if not is_added(_ESCAPED.sub("", key, count=1))]
    how = []
    if any(_is_whole(*pair) for pair in found):
        found = [inner for pair in found for inner in _split(*pair)]
        how.append("its '&' escaped")
    if any(_ESCAPED.match(key) for key, _ in found):
        found = [(_ESCAPED.sub("", key, count=1), text) for key, text in found]
        how.append("its '&' escaped")
    if len(found) > 1 and all(text.startswith(_EQUALS) for _, text in found):
        found = [(key, text.removeprefix(_EQUALS)) for key, text in found]
        how.append("its '=' escaped")
    if any(_INVISIBLE.search(key) for key, _ in found):
        found = [(_INVISIBLE.sub("", key), text) for key, text in found]
        how.append("a break within a name")
    return found, MENDED.format(how=", ".join(how)) if how else ""


def bare(text: str) -> str:
    """A name or a number without what a program took for part of it: breaks, marks of the sentence around.

    >>> bare("qwen3-8b).")
    'qwen3-8b'
    """
    return _INVISIBLE.sub("", text).rstrip(_CLOSING)


def _is_whole(key: str, text: str) -> bool:
    """Whether further parameters have become part of one: no name of ours has an equals sign in it."""
    return "=" in key or (key == "v" and "&" in text)


def _split(key: str, text: str) -> Pairs:
    if not _is_whole(key, text):
        return [(key, text)]
    return parse_qsl(f"{key}={text}" if text else key, keep_blank_values=True)
