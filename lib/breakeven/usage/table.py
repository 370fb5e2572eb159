"""A file as a relation of numbered columns, whatever kind of file it is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from breakeven.usage.formats import Path

LOST_RECORD = "LOST RECORD"
LONGEST_VALUE = 80
SAMPLE_ROWS = 200
SAMPLE_BYTES = 1 << 20
TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S")


@dataclass(slots=True, kw_only=True)
class Table:
    """A file as a relation of numbered columns."""

    source: str
    parameters: dict[str, Any]
    columns: dict[Path, str]
    """Column of the file to its name in the relation."""
    kind: str
    """csv, json or parquet."""
    types: dict[str, str] = field(default_factory=dict)
    grouped: dict[str, str] = field(default_factory=dict)
    """Columns of text whose numbers have separated thousands, to what separates the fraction in them."""
    parent: bool = False
    """JSON rows have a parent record whose keys they inherit."""
    by_line: bool = False
    """Each line of the file is a row of JSON, or none."""
    names: list[Path] = field(default_factory=list)
    sample: list[dict[Path, str]] = field(default_factory=list)
    quoted: frozenset[Path] = frozenset()
    """JSON keys whose first values are texts."""
    header_lines: int = 0
    header: list[str] = field(default_factory=list)
    """Names of the columns of a sheet as they stand in it, repeated and blank ones too."""
    width: int = 0
    delimiter: str = ","
    rejects: str = "reject_errors"
    """Where the reader notes the lines that it leaves out; one place for every way of reading."""
    lost: list[tuple[int, str, str, str]] = field(default_factory=list)
    """Records of a damaged document that are not in the relation, as the rejected lines are noted."""
    notes: list[str] = field(default_factory=list)
    lent: Any = None
    """Rows that were read here, for a database that cannot read the file (:mod:`breakeven.usage.lent`)."""

    def used_in(self, statement: str) -> dict[str, Any]:
        """Parameters that a statement names: DuckDB takes no others."""
        return {key: value for key, value in self.parameters.items() if f"${key}" in statement}


def shorten(text: str, most: int = LONGEST_VALUE) -> str:
    """Make a value fit a message; what no screen can write is replaced."""
    if len(text) <= most and text.isprintable():
        return text
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: most + 1])
    return clean if len(text) <= most else clean[: most - 1] + "…"


def head(path: FilePath, size: int = SAMPLE_BYTES) -> str:
    """The beginning of a text file."""
    with path.open("rb") as file:
        return file.read(size).decode("utf-8-sig", errors="ignore")


def loads(text: str | None) -> Any:
    """Read JSON; None where it is none."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def flat(record: Any, before: Path = (), depth: int = 0) -> dict[Path, Any]:
    """Keys of a record as paths, those of nested records too."""
    if not isinstance(record, dict):
        return {}
    found: dict[Path, Any] = {}
    for key, value in list(record.items())[:2000]:
        path = (*before, str(key))
        found[path] = None if isinstance(value, (dict, list)) else value
        if isinstance(value, str) and value[:1] == "{" and depth < 4:
            value = loads(value)
        if isinstance(value, dict) and depth < 4:
            found.update(flat(value, path, depth + 1))
    return found


def paths_of(record: Any) -> list[Path]:
    """Paths of the keys of a record."""
    return list(flat(record))
