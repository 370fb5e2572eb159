"""JSON values out of any text: lines, documents one after another, arrays, streams and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from breakeven.usage.gather.keys import keys
from breakeven.usage.limits import Limits

_CHUNK = 1 << 20
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_BREAKS = (b"{", b"[", b",", b":")


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON value of a file, or what is wrong with it."""

    line: int
    """Line of the file where it begins."""
    value: Any = None
    stamp: str = ""
    """Time that a log wrote before it."""
    fault: str = ""
    text: str = ""


def holds_usage(line: bytes) -> bool:
    """Whether a line has a word without which it cannot hold usage."""
    return any(needle in line for needle in keys().needles)


def records(path: Path, limits: Limits, *, every: bool = False) -> Iterator[Record]:
    """Every JSON value of a file, in order; text that is no JSON at all is passed over.

    Lines that cannot hold usage are given as None, unparsed, unless ``every`` is asked for.
    """
    if _is_document(path):
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from _documents(file, limits)
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            yield from _line(line.strip(), number, every)


def _is_document(path: Path) -> bool:
    """Whether values span lines: the first line breaks off where a pretty-printer does."""
    with path.open("rb") as file:
        first = b""
        while not first:
            line = file.readline(1 << 16)
            if not line:
                return False
            first = line.lstrip(b"\xef\xbb\xbf").strip()
        if not first.startswith((b"{", b"[")):
            return False
        if not line.endswith(b"\n") and len(line) == 1 << 16:
            # One huge line: an array is read element by element, anything else in one piece.
            return first.startswith(b"[") or not file.read(1 << 16).count(b"\n")
        array = first.startswith(b"[") and first[1:].lstrip()[:1] in (b"", b"{", b"[")
        if first.endswith(b"},") and not _broken(first[:-1]):
            return False
        return first.endswith(_BREAKS) or (array and _broken(first))


def _broken(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


def _line(line: bytes, number: int, every: bool) -> Iterator[Record]:
    """Values of a line: JSON, an event of a stream, or a log entry that ends in JSON."""
    line = line.removeprefix(b"\xef\xbb\xbf")
    if line.startswith(b"data:"):
        line = line[5:].strip()
    start = line.find(b"{")
    if start < 0:
        return
    bare = start == 0 or line[:start].strip(b"[ \t") == b""
    if not every and not holds_usage(line):
        if bare and line.endswith((b"}", b"]")):
            yield Record(number)
        elif bare:
            shown = line[:200].decode("utf-8", errors="replace")
            yield Record(number, fault="not JSON: the line breaks off", text=shown)
        return
    text = line.decode("utf-8", errors="replace")
    start = 0 if bare else text.index("{")
    stamp = _DATE.search(text[:start])
    at, found = start, False
    while at < len(text) and (text[at] in "{[" if bare else text[at] == "{"):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except RecursionError:
            yield Record(number, fault="JSON that is nested too deeply", text=text[at : at + 200])
            return
        except ValueError as error:
            if bare or found or text.startswith('{"', start):
                yield Record(number, fault=f"not JSON: {_reason(error)}", text=text[at : at + 200])
            return
        found = True
        yield Record(number, value, stamp.group().replace(",", ".") if stamp else "")
        at += len(text[at:]) - len(text[at:].lstrip(" \t,;"))
    if bare and at < len(text):
        yield Record(number, fault="JSON with text after it", text=text[at : at + 200])


def _documents(file: TextIO, limits: Limits) -> Iterator[Record]:
    """Values of any length one after another; the elements of an outer array are values of their own."""
    most = limits.document_mb * 1_000_000
    buffer, line, ended, inside = "", 1, False, False
    while True:
        stripped = buffer.lstrip("\ufeff \t\r\n,")
        line += buffer.count("\n", 0, len(buffer) - len(stripped))
        buffer = stripped
        if buffer[:1] == "[" and not inside:
            inside, buffer = True, buffer[1:]
            continue
        if buffer[:1] == "]" and inside:
            inside, buffer = False, buffer[1:]
            continue
        fault = ""
        if buffer:
            try:
                value, end = _DECODER.raw_decode(buffer)
                if ended or end < len(buffer):
                    yield Record(line, value)
                    line += buffer.count("\n", 0, end)
                    buffer = buffer[end:]
                    continue
            except RecursionError:
                fault = "JSON that is nested too deeply"
            except ValueError as error:
                fault = f"not JSON: {_reason(error)}"
        if not ended and len(buffer) <= most:
            more = file.read(max(_CHUNK, len(buffer)))
            ended = not more
            buffer += more
            continue
        if not buffer:
            return
        if len(buffer) > most:
            fault = limits.too_much("A JSON value is larger than", "document_mb", "MB")
        yield Record(line, fault=fault, text=buffer[:200])
        again = re.compile(r"\n[\[{]").search(buffer, 1)
        if again is None:
            return
        line += buffer.count("\n", 0, again.start() + 1)
        buffer, inside = buffer[again.start() + 1 :], False


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]} at character {error.colno}"
    return "a number is too long"


_DECODER = json.JSONDecoder()
