"""The cells of a sums file, whatever it was saved as, and whether a file is one."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from breakeven import machine
from breakeven.usage.files import connect
from breakeven.usage.formats import normal
from breakeven.usage.json_table import starts_json
from breakeven.usage.lent import parquet_rows
from breakeven.usage.limits import Limits
from breakeven.usage.spool import GZIP, PARQUET, ZSTD, Plain, Unreadable, encoding_of
from breakeven.usage.sums_file.layout import COLUMNS, MARK

MOST_ROWS = 1_000_000
"""Rows of one sums file."""
_DELIMITERS = (",", ";", "\t", "|")
_TELLING = frozenset(("tier_above", "context_above", "prompt_from", "completion_from"))
"""Columns that no other file has: with them a file is a sums file although its mark is gone."""
_PEEKED = 1 << 16
DAMAGED = "The sums file is damaged or cut off; write it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Rows of a sums file as they stand in it."""

    place: str
    """What a row is called: ``Line`` of a text, ``Row`` otherwise."""
    rows: Iterable[tuple[int, Mapping[str, Any]]]
    """Number of the row, and its cells by column in one spelling; text, or values with a type."""
    names: tuple[str, ...]


def is_sums(path: Path, limits: Limits) -> bool:
    """Whether a file has the columns of a sums file; its mark may be gone."""
    names = _names(path, limits)
    return MARK in names or len(_TELLING & names) >= 2


def _names(path: Path, limits: Limits) -> frozenset[str]:
    """Columns of a file, in one spelling, as far as its beginning tells them."""
    try:
        with path.open("rb") as file:
            start = file.read(_PEEKED)
    except OSError:
        return frozenset()
    if start.startswith(PARQUET):
        try:
            return frozenset(_parquet_names(path, limits))
        except duckdb.Error:
            return frozenset()
    if start.startswith(GZIP):
        try:
            start = zlib.decompressobj(wbits=31).decompress(start, _PEEKED)
        except zlib.error:
            return frozenset()
    elif start.startswith(ZSTD):
        import pyarrow as pa  # type: ignore[import-untyped]

        try:
            with pa.input_stream(str(path), compression="zstd") as stream:
                start = stream.read(_PEEKED)
        except (OSError, pa.ArrowException):
            return frozenset()
    text = start.decode(encoding_of(start) or "utf-8-sig", errors="replace").lstrip()
    if text[:1] in ("{", "["):
        return frozenset(normal(part) for part in text[:_PEEKED].split('"')[1::2])
    header = next(iter(text.splitlines()), "")
    return frozenset(normal(name.strip('" ')) for name in header.split(_delimiter(header)))


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _parquet_names(path: Path, limits: Limits) -> list[str]:
    path = path.absolute()
    if not machine.EXTENSIONS:
        try:
            return [normal(name) for name in parquet_rows(path)[0]]
        except (OSError, ValueError):
            raise duckdb.Error("the file is no whole Parquet file") from None
    with closing(connect(path, limits, limits.memory_mb)) as connection:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    return [normal(str(name)) for name, *_ in described]


def cells_of(plain: Plain, limits: Limits) -> Cells:
    """Open the rows of a sums file.

    Raises
    ------
    Unreadable
        If a column is missing; while the rows are taken also where the file is damaged.
    """
    if plain.parquet:
        try:
            names = tuple(_parquet_names(plain.path, limits))
        except duckdb.Error:
            raise Unreadable(DAMAGED) from None
        found = Cells(place="Row", rows=_parquet(plain.path, names, limits), names=names)
    elif starts_json(plain.path):
        records = list(_json(plain.path))
        names = tuple(dict.fromkeys(name for record in records for name in record))
        found = Cells(place="Row", rows=enumerate(records, start=1), names=names)
    else:
        names = tuple(_header(plain.path))
        found = Cells(place="Line", rows=_sheet(plain.path, names), names=names)
    missing = [name for name in COLUMNS if name not in names]
    if plain.path and missing and not (starts_json(plain.path) and MARK in names):
        raise Unreadable(
            f"The sums file lacks the column {missing[0]}"
            + (f" and {len(missing) - 1} more" if missing[1:] else "")
            + f"; a sums file has {', '.join(COLUMNS[:4])} … {COLUMNS[-1]} (breakeven sums writes one)."
        )
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice in COLUMNS:
        raise Unreadable(f"The sums file has the column {twice} twice; leave one of them.")
    return found


def _parquet(path: Path, names: tuple[str, ...], limits: Limits) -> Iterator[tuple[int, Mapping[str, Any]]]:
    path = path.absolute()
    if not machine.EXTENSIONS:
        _, table, _ = parquet_rows(path)
        yield from enumerate(table.rename_columns(list(names)).to_pylist(), start=1)
        return
    with closing(connect(path, limits, limits.memory_mb, ordered=True)) as connection:
        try:
            result = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            number = 0
            while rows := result.fetchmany(10_000):
                for row in rows:
                    number += 1
                    yield number, dict(zip(names, row, strict=True))
        except duckdb.Error:
            raise Unreadable(DAMAGED) from None


def _text(path: Path) -> io.TextIOWrapper:
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _header(path: Path) -> list[str]:
    with _text(path) as file:
        line = next((line for line in file if line.strip()), "")
    return [normal(name) for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]


def _sheet(path: Path, names: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with _text(path) as file:
        skipped, line = 1, file.readline()
        while not line.strip():
            skipped, line = skipped + 1, file.readline()
        delimiter = _delimiter(line)
        rows = csv.reader(file, delimiter=delimiter)
        for cells in rows:
            number = skipped + rows.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise Unreadable(
                    f"Line {number} has {len(cells)} cells and the header {len(names)}: the file is cut off, "
                    "or a line was edited."
                )
            yield number, dict(zip(names, map(_cell, cells), strict=True))


def _cell(text: str) -> str:
    """A cell without blanks around it; ClickHouse writes ``\\N`` where nothing is."""
    text = text.strip()
    return "" if text == "\\N" else text


def _json(path: Path) -> Iterator[dict[str, Any]]:
    """Records of JSON Lines or of a list."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        if text.lstrip().startswith("["):
            records = json.loads(text)
        else:
            records = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise Unreadable(
            "The sums file is damaged or cut off: its JSON cannot be read; write it again."
        ) from None
    for record in records:
        if not isinstance(record, dict):
            raise Unreadable("A record of the sums file is no object with columns; write it again.")
        yield {normal(str(name)): value for name, value in record.items()}
