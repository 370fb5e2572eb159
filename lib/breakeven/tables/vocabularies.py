"""What is wrong with the files of words in ``data/``: column_words, usage_keys, json_refusals, config_keys.

They are read without looking (their readers are higher up), so that a word written twice, a meaning nobody
asks for or an entry without a source would pass in silence. Every fault is named with its file and line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from breakeven.tables.sheet import WHOLE_FILE, Problem, shown

CONCEPTS = (
    *(
        "input",
        "output",
        "token",
        "length",
        "cached",
        "read",
        "write",
        "miss",
        "without",
        "with",
        "five",
        "hour",
    ),
    *(
        "ephemeral",
        "reasoning",
        "total",
        "count",
        "request",
        "multiplicity",
        "average",
        "per",
        "month",
        "day",
    ),
    *(
        "week",
        "hour_of_time",
        "year",
        "second",
        "cost",
        "price",
        "cents",
        "time",
        "end",
        "model",
        "deployment",
    ),
    *("name", "kind", "limit", "media", "text", "share", "session", "tenant", "status", "first", "latency"),
    *("embedding", "currency", "batch", "tier", "service", "price_unit", "bucket", "supposed", "actual"),
)
"""What a word of ``column_words.toml`` can say."""
COUNTS = (
    *("input", "uncached", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output"),
    *("text_output", "reasoning", "tool_input", "total", "requests", "audio_input", "audio_output"),
    *("image_input", "image_output", "video_input", "web_searches", "web_fetches"),
)
"""What a number of ``usage_keys.toml`` can count."""
_SIDES = frozenset(("inside", "outside", "none"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Entries of one kind, ``[[name]]``."""

    must: tuple[str, ...] = ("source",)
    """Texts or lists that every entry has."""
    unique: str = ""
    """Key whose value, or every part of it, names one entry only."""
    sides: tuple[str, ...] = ()
    """Keys that say where something is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Lists of words by meaning, ``[name]``."""

    known: tuple[str, ...] = ()
    """Every meaning that is asked for; empty: any."""
    apart: bool = False
    """A word has one meaning only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What has to hold for one file."""

    rows: Mapping[str, _Rows] = field(default_factory=dict)
    words: Mapping[str, _Words] = field(default_factory=dict)
    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Tables of numbers, and between which they lie."""
    rest: tuple[str, ...] = ()
    """Further tables and lists, in which only repeated words are looked for."""


FILES: Mapping[str, _File] = MappingProxyType(
    {
        "column_words.toml": _File(
            words={
                "words": _Words(known=CONCEPTS),
                "months": _Words(known=tuple(map(str, range(1, 13))), apart=True),
                "totals": _Words(known=("labels",)),
                "nothing": _Words(known=("cells",)),
                "units_row": _Words(known=("cells",)),
                "failures": _Words(known=("states",)),
                "spans": _Words(known=("calls", "wrappers"), apart=True),
            },
            numbers={"units": (1e-9, 1e12), "zones": (-12, 14)},
            rest=("money",),
        ),
        "usage_keys.toml": _File(
            rows={
                "dialect": _Rows(must=("name", "source"), sides=("cached", "reasoning", "tool")),
                "kind": _Rows(must=("id", "name", "source")),
                "rivals": _Rows(must=("wins", "loses", "source")),
                "state": _Rows(must=("type",), unique="type"),
            },
            words={"tokens": _Words(known=COUNTS, apart=True), "short": _Words(apart=True)},
            numbers={"units": (1e-12, 1e3)},
            rest=(
                *("needles", "containers", "skip", "logs", "aside", "namespaces", "totals", "model_maps"),
                *("embeds", "other_units", "model_words", "sums", "wrappers", "failures", "hits", "instead"),
                *("stream", "cumulative", "columns", "context"),
            ),
        ),
        "json_refusals.toml": _File(
            rows={
                "refusal": _Rows(must=("has", "text", "source")),
                "text": _Rows(must=("has", "text", "source")),
            }
        ),
        "config_keys.toml": _File(
            rows={
                "harmless": _Rows(must=("what", "source", "keys"), unique="keys"),
                "harmless_at": _Rows(must=("what", "source", "keys", "values")),
                "with": _Rows(must=("key", "unless", "what", "source"), unique="key"),
                "family": _Rows(must=("names", "source"), unique="names"),
            }
        ),
    }
)


def word_faults(data_dir: Path) -> list[Problem]:
    """Everything that is wrong with the files of words of a folder."""
    return [problem for name, file in FILES.items() for problem in _faults(data_dir / name, file)]


def _faults(path: Path, file: _File) -> Iterator[Problem]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        yield Problem(path.name, 1, WHOLE_FILE, f"cannot be read: {error.strerror}")
        return
    except ValueError as error:  # not UTF-8, or not TOML
        at = re.search(r"at line (\d+)", str(error))
        yield Problem(path.name, int(at[1]) if at else 1, WHOLE_FILE, str(error))
        return
    places = _Places(path.name, text.splitlines())
    known = (*file.rows, *file.words, *file.numbers, *file.rest)
    for name in content.keys() - set(known):
        yield places.fault(places.line(name), name, f"must be one of {', '.join(known)}")
    for name in (one for one in known if one not in content):
        yield places.fault(1, name, "is missing")
    for name, value in content.items():
        yield from _repeated(value, places, name)
    for name, rows in file.rows.items():
        yield from _row_faults(content.get(name, []), rows, places, name)
    for name, words in file.words.items():
        yield from _word_table_faults(content.get(name, {}), words, places, name)
    for name, (least, most) in file.numbers.items():
        for key, value in content.get(name, {}).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                reason = f"{shown(str(value))} must be a number from {least:g} to {most:g}"
                yield places.fault(places.line(name, key), f"{name}: {key}", reason)


@dataclass(frozen=True, slots=True)
class _Places:
    """Lines of a file by what stands there."""

    file: str
    lines: Sequence[str]

    def line(self, table: str, key: str = "", number: int = 0) -> int:
        """Line of a table, of a list outside of tables, or of a key in the entry of that number."""
        heads = (f"[{table}]", f"[[{table}]]")
        starts = [n for n, line in enumerate(self.lines, start=1) if line.strip() in heads]
        if not starts:
            return next((n for n, one in enumerate(self.lines, start=1) if self._is(one, table)), 1)
        start = starts[min(number, len(starts) - 1)]
        for n, one in enumerate(self.lines[start:], start=start + 1):
            if one.startswith("["):
                break
            if key and self._is(one, key):
                return n
        return start

    @staticmethod
    def _is(line: str, key: str) -> bool:
        return line.partition("=")[0].strip().strip('"') == key and "=" in line

    def fault(self, line: int, entry: str, reason: str) -> Problem:
        """One fault."""
        return Problem(self.file, line, entry, reason)


def _repeated(value: Any, places: _Places, table: str, number: int = 0, key: str = "") -> Iterator[Problem]:
    """Words that stand twice in one list, and lists that hold something else than words."""
    if isinstance(value, dict):
        for inner, below in value.items():
            yield from _repeated(below, places, table, number, inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for place, row in enumerate(value):
            yield from _repeated(row, places, table, place)
    elif isinstance(value, list):
        entry = f"{table}: {key}" if key else table
        for place, word in enumerate(value):
            if word in value[:place] and not isinstance(word, dict):
                line = places.line(table, key, number)
                yield places.fault(line, entry, f"{shown(str(word))} stands there twice")


def _row_faults(rows: Any, rule: _Rows, places: _Places, name: str) -> Iterator[Problem]:
    """What entries lack, and what two of them share."""
    seen: dict[str, int] = {}
    for number, row in enumerate(rows):
        line = places.line(name, number=number)
        for key in rule.must:
            value = row.get(key)
            if not value or not (isinstance(value, list) or (isinstance(value, str) and value.strip())):
                found = "is missing" if value is None else "is empty"
                yield places.fault(
                    line, name, f"{key}: {found}; every entry must have {', '.join(rule.must)}"
                )
        for key in rule.sides:
            if row.get(key, "none") not in _SIDES:
                reason = f"{key}: {shown(str(row[key]))} must be one of {', '.join(sorted(_SIDES))}"
                yield places.fault(line, name, reason)
        own = row.get(rule.unique, ())
        for one in [own] if isinstance(own, str) else own:
            if seen.setdefault(str(one), number) != number:
                first = places.line(name, number=seen[str(one)])
                yield places.fault(line, name, f"{shown(str(one))} is also in the entry of line {first}")


def _word_table_faults(table: Any, rule: _Words, places: _Places, name: str) -> Iterator[Problem]:
    """Meanings that nobody asks for or that are missing, words that have two, and words in capitals."""
    for key in [one for one in table if rule.known and one not in rule.known]:
        reason = f"{shown(key)} is no meaning; known are {', '.join(rule.known)}"
        yield places.fault(places.line(name, key), name, reason)
    for key in [one for one in rule.known if one not in table]:
        yield places.fault(places.line(name), name, f"{key} is missing")
    seen: dict[str, str] = {}
    for key, words in table.items():
        for word in words:
            line = places.line(name, key)
            if not isinstance(word, str) or word != word.strip().lower() or not word:
                reason = f"{shown(str(word))} must be a text in lower case, without blanks around it"
                yield places.fault(line, f"{name}: {key}", reason)
            elif rule.apart and seen.setdefault(word, key) != key:
                yield places.fault(line, f"{name}: {key}", f"{shown(word)} also means {seen[word]}")
