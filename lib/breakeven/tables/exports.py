"""``data/formats.toml``: the exports that are recognised, and the names of plain files and gateways.

Read once, and strictly: an entry that says what nobody understands is a fault with its name, so that a typing
error in the file never makes an export unknown in silence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from breakeven.paths import DATA
from breakeven.tables.sheet import WHOLE_FILE, Problem, shown

FILE = "formats.toml"
"""Name of the file in a folder of tables."""
Path = tuple[str, ...]
"""A column, or a way down into nested JSON (in a JSON file, or in a cell that holds JSON)."""


class Grain(StrEnum):
    """What one row of an export stands for."""

    REQUEST = "request"
    BUCKET = "bucket"


class Cached(StrEnum):
    """Where cached tokens are, seen from the input column."""

    NONE = "none"
    INSIDE = "inside"
    OUTSIDE = "outside"
    TOTAL = "total"
    """A column of totals settles it row by row."""


class Keep(StrEnum):
    """Which rows count, by the column that means ``keep``."""

    STATUS = "status"
    SUCCESS = "success"
    GENERATION = "generation"
    NO_ERROR = "no-error"
    POSITIVE = "positive"


class Kind(StrEnum):
    """Kind of file, where two exports have the same columns."""

    CSV = "csv"
    JSON = "json"


class Processing(StrEnum):
    """How requests are served and billed, in an export and in ``api_prices``."""

    STANDARD = "standard"
    BATCH = "batch"
    """Answered within hours."""
    FLEX = "flex"
    """Answered when there is room."""
    PRIORITY = "priority"
    """Answered before others."""
    FAST = "fast"
    """Answered by a faster mode of the same model."""


CACHES = ("cache_read", "cache_write_5m", "cache_write_1h")
"""Meanings of columns of input tokens that went through a cache."""
TOKEN_FIELDS = (
    "input",
    "output",
    *CACHES,
    "reasoning",
    "n_requests",
    "repeat",
)
"""Meanings of columns of whole numbers; ``repeat`` says how many requests are like the row."""
TEXT_FIELDS = (
    "ts",
    "model",
    "context_tier",
    "processing",
    "reported_cost_usd",
    "ttft",
    "e2e",
    "session",
    "tenant",
    "keep",
    "total",
)
"""Meanings of columns that are text first; ``keep`` tells failed rows, ``total`` settles what is inside."""
FIELDS = (*TOKEN_FIELDS, *TEXT_FIELDS)
"""What a column can mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One export: how to tell it and what its columns mean."""

    format_id: str
    name: str
    source: str
    """Key of ``sources``: where its columns are published."""
    marks: tuple[tuple[Path, ...], ...] = ()
    """Alternatives; a file is this export when it has all columns of one of them."""
    fields: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Meaning to the columns that may have it; the first that has a value counts."""
    grain: Grain = Grain.REQUEST
    cached: Cached = Cached.NONE
    processing: Processing = Processing.STANDARD
    provider: str | None = None
    """Who billed, where the export says so by being what it is."""
    only: Kind | None = None
    """Kind of file that it comes as, where another export has the same columns."""
    relative_time: bool = False
    time_unit_s: float | None = None
    """Seconds of one unit of a numeric time; None: unix time, unit from its size. [s]"""
    latency_unit_s: float = 1.0
    """Seconds of one unit of a latency. [s]"""
    keep: Keep | None = None
    refusal: str | None = None
    """Why such a file cannot be priced, and what to export instead."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """The whole file."""

    formats: tuple[Format, ...]
    """Every export, the more telling marks first."""
    plain: Format
    """A file that is none of them; its fields are the names that it may use."""
    outside_names: frozenset[str]
    """Names of cached tokens in a plain file that are outside of the input."""
    usual: tuple[str, ...]
    """Providers whose lists a bare name is looked up in, in this order."""
    citations: tuple[tuple[int, str, str], ...]
    """Line, entry and key of ``sources`` of every entry."""


class BadExports(ValueError):
    """The file cannot be used; the message says where and why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems."""
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@cache
def shipped() -> Exports:
    """What the program comes with.

    Raises
    ------
    BadExports
        If the file is missing or malformed; the text names the entry.
    """
    return read_exports(DATA)


def read_exports(data_dir: FilePath) -> Exports:
    """Read the file of a folder.

    Raises
    ------
    BadExports
        If the file is missing or malformed; the text names the line and the entry.
    """
    try:
        text = (data_dir / FILE).read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise BadExports([Problem(FILE, 1, WHOLE_FILE, f"cannot be read: {error.strerror}")]) from None
    except ValueError as error:  # not UTF-8, or not TOML
        line = re.search(r"at line (\d+)", str(error))
        raise BadExports([Problem(FILE, int(line[1]) if line else 1, WHOLE_FILE, str(error))]) from None
    return _Reader(text).exports(content)


_KINDS: Mapping[str, type[StrEnum]] = MappingProxyType(
    {"grain": Grain, "cached": Cached, "keep": Keep, "only": Kind, "processing": Processing}
)
_TYPES: Mapping[str, type] = MappingProxyType(
    {
        "id": str,
        "name": str,
        "source": str,
        "marks": list,
        "levels": list,
        "columns": dict,
        "attributes": dict,
        "provider": str,
        "relative_time": bool,
        "time_unit_s": float,
        "latency_unit_s": float,
        "refusal": str,
        "notes": list,
        **dict.fromkeys(_KINDS, str),
    }
)
_TABLES = ("plain", "usual")


class _Reader:
    """Collects what is wrong while it reads, so that all of it can be said at once."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self.citations: list[tuple[int, str, str]] = []
        self._lines: dict[str, list[int]] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            self._lines.setdefault(line.strip(), []).append(number)

    def exports(self, content: Mapping[str, Any]) -> Exports:
        """Read everything, or raise what is wrong."""
        lines = self._lines.get("[[format]]", [])
        formats: dict[str, Format] = {}
        for number, table in enumerate(self._typed(content, "format", list, 1, WHOLE_FILE)):
            line = lines[number] if number < len(lines) else 1
            form = self._format(line, table, ("id", "name", "source"))
            if formats.setdefault(form.format_id, form) is not form:
                self._fault(line, _entry(form.format_id), f"{shown(form.format_id)} stands there twice")
        plain, usual = (self._table(content, name) for name in _TABLES)
        for name in content.keys() - {"format", *_TABLES}:
            self._fault(1, name, f"must be one of format, {', '.join(_TABLES)}")
        outside = self._texts(plain[1].pop("outside", []), plain[0], "plain: outside")
        read = Exports(
            formats=tuple(formats.values()),
            plain=self._format(*plain, ("id", "name", "source", "columns")),
            outside_names=frozenset(outside),
            usual=tuple(self._texts(self._providers("usual", list, *usual), usual[0], "usual: providers")),
            citations=tuple(self.citations),
        )
        if self.problems:
            raise BadExports(self.problems)
        return read

    def _table(self, content: Mapping[str, Any], name: str) -> tuple[int, dict[str, Any]]:
        """Line and content of one of the tables that stand there once."""
        line = self._lines.get(f"[{name}]", [1])[0]
        return line, dict(self._typed(content, name, dict, line, name))

    def _fault(self, line: int, entry: str, reason: str) -> None:
        self.problems.append(Problem(FILE, line, entry, reason))

    def _typed(self, table: Mapping[str, Any], key: str, kind: type, line: int, entry: str) -> Any:
        """Value of a key that must be there and of a kind; an empty one where it is not."""
        value = table.get(key)
        if isinstance(value, kind) and not (kind is not bool and isinstance(value, bool)) and value != "":
            return value
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        words = {str: "a text", list: "a list", dict: "a table", bool: "true or false", float: "a number"}
        found = "is missing and" if value is None else shown(str(value))
        self._fault(line, entry, f"{key}: {found} must be {words[kind]}")
        return kind()

    def _texts(self, value: Any, line: int, entry: str) -> list[str]:
        """A list of texts, each once; a text alone is such a list."""
        texts = value if isinstance(value, list) else [value]
        for place, text in enumerate(texts):
            if not isinstance(text, str) or not text:
                self._fault(line, entry, f"{shown(str(text))} must be a text")
                return []
            if text in texts[:place]:
                self._fault(line, entry, f"{shown(text)} stands there twice")
        return texts

    def _providers(self, name: str, kind: type, line: int, table: Mapping[str, Any]) -> Any:
        """What one of the two tables of providers says, and its source."""
        self.citations.append((line, name, self._typed(table, "source", str, line, name)))
        for key in table.keys() - {"source", "providers"}:
            self._fault(line, name, f"{shown(key)} must be source or providers")
        found = self._typed(table, "providers", kind, line, name)
        for key in found if kind is dict else ():
            self._typed(found, key, str, line, f"{name}: providers")
        return found

    def _format(self, line: int, table: Any, required: Iterable[str]) -> Format:
        """One entry."""
        if not isinstance(table, dict):
            self._fault(line, "format", f"{shown(str(table))} must be a table")
            return Format(format_id=str(line), name="", source="")
        entry = _entry(table.get("id", ""))
        values = {
            key: self._typed(table, key, _TYPES[key], line, entry)
            for key in dict.fromkeys((*required, *table))
            if key in _TYPES
        }
        for key in table.keys() - _TYPES.keys():
            self._fault(line, entry, f"{shown(key)} must be one of {', '.join(_TYPES)}")
        for key in _KINDS.keys() & values.keys():
            values[key] = self._one_of(_KINDS[key], values[key], line, f"{entry}: {key}")
        self.citations.append((line, entry, values["source"]))
        columns = self._columns(values.pop("columns", {}), line, entry)
        attributes = self._columns(values.pop("attributes", {}), line, entry)
        levels = self._texts(values.pop("levels", []), line, f"{entry}: levels")
        marks = tuple(self._paths(mark, line, f"{entry}: marks") for mark in values.pop("marks", []))
        if attributes:
            attributes = {name: _at_levels(paths, levels) for name, paths in attributes.items()}
            marks += _pairs(attributes.get("input", ()), attributes.get("output", ()))
        fields = {**columns, **attributes}
        if not marks and "columns" not in required:
            self._fault(line, entry, "marks: must name the columns that tell it")
        if "refusal" not in values and not {"input", "output"} <= fields.keys():
            self._fault(line, entry, "columns: must name input and output, or refusal say why there are none")
        notes = tuple(self._texts(values.pop("notes", []), line, f"{entry}: notes"))
        return Format(format_id=values.pop("id"), marks=marks, fields=fields, notes=notes, **values)

    def _one_of(self, kind: type[StrEnum], value: str, line: int, entry: str) -> StrEnum:
        if value not in list(kind):
            self._fault(line, entry, f"{shown(value)} must be one of {', '.join(kind)}")
            return next(iter(kind))
        return kind(value)

    def _columns(self, table: Mapping[str, Any], line: int, entry: str) -> dict[str, tuple[Path, ...]]:
        """Meanings and the columns that may have them."""
        for meaning in table.keys() - set(FIELDS):
            reason = f"{shown(meaning)} is no meaning of a column; known are {', '.join(FIELDS)}"
            self._fault(line, f"{entry}: columns", reason)
        return {name: self._paths(paths, line, f"{entry}: {name}") for name, paths in table.items()}

    def _paths(self, value: Any, line: int, entry: str) -> tuple[Path, ...]:
        """Columns; a list among them goes down into JSON."""
        if not isinstance(value, list) or not value:
            self._fault(line, entry, f"{shown(str(value))} must be a list of columns")
            return ()
        paths = tuple(tuple(self._texts(part, line, entry)) for part in value)
        for place, path in enumerate(paths):
            if path in paths[:place]:
                self._fault(line, entry, f"{shown('.'.join(path))} stands there twice")
        return paths


def _entry(format_id: Any) -> str:
    return f"format {format_id}" if format_id else "format"


def _at_levels(paths: tuple[Path, ...], levels: Iterable[str]) -> tuple[Path, ...]:
    """The same names one level down too, where exports of spans keep them."""
    return (*paths, *((level, *path) for level in levels for path in paths))


def _pairs(inputs: Iterable[Path], outputs: Iterable[Path]) -> tuple[tuple[Path, ...], ...]:
    """Every input with every output at its level: instrumentations mix the names of two generations."""
    return tuple((one, other) for one in inputs for other in outputs if one[:-1] == other[:-1])
