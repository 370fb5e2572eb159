"""A JSON document that breaks off or is damaged: its whole records, in a copy that can be read."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from breakeven.usage.stop import heed_stop

_NEXT = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")*+([\[\]{}"])')
"""Up to the next bracket that stands in no string, or the mark of a string that does not end on its line."""
_ON_LINE = re.compile(rb"[^\[\]{}\n]*+([\[\]{}\n])")
"""Up to the next bracket, or the end of the line: behind such a mark no other string ends there either."""
_UNENDED = {b'"': _ON_LINE, b"\n": _NEXT}
_BETWEEN = re.compile(rb",\s*\{")
"""Where a record may begin."""
_NEAR = 64
"""Bytes between two marks that belong together; a printer indents by less."""
_OPENED_BY = {b"}": b"{", b"]": b"["}
_CLOSED_BY = {b"{": b"}", b"[": b"]"}
_STEPS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What is left of a document."""

    path: Path
    whole: int
    """Records in the copy."""
    lost: tuple[tuple[int, str], ...]
    """Number of each record that is not in it, counted from 1, and how it begins."""


@dataclass(slots=True)
class _Found:
    """Records of the outermost list, as far as the brackets tell."""

    before: int = -1
    """Where the list begins."""
    around: list[bytes] = field(default_factory=list)
    """Brackets that are open in the list, its own the last."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Begin and end of each record; an end before the begin: it does not end."""
    inner: tuple[int, list[bytes]] | None = None
    """Where the last whole record inside an unfinished one ends, and the brackets open there."""


def salvage(path: Path, target: Path, most_lost: int) -> Salvaged | None:
    """Write the records of a damaged document that are whole to a copy; None where there are none.

    Of a record that breaks off, the whole records inside it are kept, such as the results of a bucket.
    More than ``most_lost`` bad records, and the rest of the document is not looked at.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        found = _records(view, most_lost)
        if found is None or not _is_json(view[: found.before] + _closers(found.around)):
            return None
        whole, lost = 0, []
        with target.open("wb") as out:
            out.write(view[: found.before])
            for number, (start, end) in enumerate(found.spans, start=1):
                if number % _STEPS == 0:
                    heed_stop()
                text = view[start:end]
                if end < start or not _is_json(text):
                    lost.append((number, view[start : start + 200].decode("utf-8", errors="replace")))
                    text = b""
                    if end < start and found.inner and found.inner[0] > start:
                        text = view[start : found.inner[0]] + _closers(found.inner[1])
                        text = text if _is_json(text) else b""
                if text:
                    out.write((b",\n" if whole else b"") + text)
                    whole += 1
            out.write(_closers(found.around))
    return Salvaged(path=target, whole=whole, lost=tuple(lost)) if whole else None


def _records(view: mmap.mmap, most_lost: int) -> _Found | None:
    """Where the records of the outermost list of records lie."""
    found = _Found()
    stack: list[bytes] = []
    start, place, faults, steps, closed = -1, 0, 0, 0, False
    pattern = _NEXT
    while match := pattern.match(view, place):
        mark, at, place = match[1], match.start(1), match.end()
        if mark in _UNENDED:
            pattern = _UNENDED[mark]
            continue
        steps += 1
        if steps % _STEPS == 0:
            heed_stop()
        if mark in _CLOSED_BY and (stack[-1:] != [b"{"] or _last_mark(view, at) == b":"):
            if mark == b"{" and found.before < 0 and stack[-1:] == [b"["]:
                found.before, found.around = at, list(stack)
            if mark == b"{" and found.before >= 0 and len(stack) == len(found.around) and not closed:
                start = at
            stack.append(mark)
        elif stack[-1:] != [_OPENED_BY.get(mark)]:  # the brackets do not match: on with the next record
            if found.before < 0:
                break
            found.spans.append((start if start >= 0 else found.spans[-1][1], -1))
            faults += 1
            between = _BETWEEN.search(view, max(at - _NEAR, found.before))
            while between is not None and between.end() <= at:
                between = _BETWEEN.search(view, between.end() - 1)
            start = -1
            if between is None or faults > most_lost:
                break
            stack, place, closed = list(found.around), between.end() - 1, False
        else:
            stack.pop()
            closed = closed or len(stack) < len(found.around)
            if mark == b"}" and start >= 0 and len(stack) == len(found.around):
                found.spans.append((start, place))
                start = -1
            elif mark == b"}" and start >= 0 and stack[-1] == b"[":
                found.inner = place, stack[len(found.around) :]
    if start >= 0:
        found.spans.append((start, -1))
    return found if found.before >= 0 else None


def _last_mark(view: mmap.mmap, at: int) -> bytes:
    """The last byte before a place that is no space."""
    return view[max(0, at - _NEAR) : at].rstrip()[-1:]


def _closers(stack: Sequence[bytes]) -> bytes:
    """Brackets that close the open ones."""
    return b"".join(_CLOSED_BY[mark] for mark in reversed(stack))


def _is_json(text: bytes) -> bool:
    """Whether a text is JSON, without the numbers that only some readers know."""
    try:
        _DECODER.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)
