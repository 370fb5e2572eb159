"""Single requests of a file, in their order, for questions that sums do not answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.usage.cells import Query, query_of
from breakeven.usage.files import connect
from breakeven.usage.formats import OUTSIDE, ColumnMapping, Recognised, recognise
from breakeven.usage.from_rows import table_of
from breakeven.usage.gather import Source, gather, refusal_for
from breakeven.usage.gathered import Gathered
from breakeven.usage.kinds import SHEET_BYTES, Reader, exported, reader_of
from breakeven.usage.limits import Limits
from breakeven.usage.open_table import OpenTable, open_table
from breakeven.usage.packed import unpacked
from breakeven.usage.refusal import json_refusal, refusal
from breakeven.usage.sheets.reader import read_sheet
from breakeven.usage.spool import Unreadable, make_plain
from breakeven.usage.sql import Edges
from breakeven.usage.table import Table
from breakeven.usage.time_unit import with_time_unit

_BLOCKS = "hash_ids"
"""Key of the hashed blocks in a timed trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRows:
    """One file whose canonical rows can be queried, in their order."""

    connection: DuckDBPyConnection
    found: Recognised
    rows: str
    """SELECT of canonical rows, see :func:`breakeven.usage.sql.rows_sql`."""
    parameters: Mapping[str, Any]
    texts: Mapping[str, str]
    """Canonical columns that the file has."""
    blocks: bool
    """Each row has ``blocks``, a list of hashed blocks of the prompt, as JSON text."""


def open_files(
    files: Sequence[FilePath], mapping: ColumnMapping | None, limits: Limits, folder: FilePath
) -> Iterator[OpenRows]:
    """Rows of files that belong together, one relation after the other.

    Raises
    ------
    Unreadable
        If no columns with tokens are found in one of them, or it cannot be read.
    """
    sources: list[Source] = []
    mapped = mapping is not None and not mapping.empty
    paths, names = unpacked(files, [file.name for file in files], folder, limits)
    for number, (file, name) in enumerate(zip(paths, names, strict=True)):
        inner = folder / f"rows{number}"
        inner.mkdir()
        plain = make_plain(file.absolute(), inner, limits)
        reader = Reader.TABLE if plain.parquet else reader_of(plain.path, limits)
        if reader is Reader.RECORDS and not mapped:
            sources.append(Source(path=plain.path, name=name))
            continue
        if reader is Reader.SHEET and plain.path.stat().st_size <= SHEET_BYTES:
            gathered = read_sheet(plain.path, name, inner, mapping, limits)
            if gathered is not None:
                with _open_gathered(gathered, limits) as opened:
                    yield opened
                continue
        with open_table(file, mapping, limits, inner, ordered=True) as table:
            if table.table.kind == "json" and not mapped and not exported(table.table.names):
                sources.append(Source(path=table.file, name=name))
                continue
            yield _open_table(table, mapping)
    if sources:
        found = gather(sources, folder, limits)
        if found is None:
            raise Unreadable(refusal_for(sources) or json_refusal(sources[0].path, limits))
        with _open_gathered(found, limits) as opened:
            yield opened


@contextmanager
def _open_gathered(gathered: Gathered, limits: Limits) -> Iterator[OpenRows]:
    """Rows that were read one by one."""
    table, found = table_of(gathered, limits)
    with closing(connect(gathered.path, limits, limits.memory_mb, ordered=True)) as connection:
        query = query_of(table, replace(found, cached=OUTSIDE), Edges())
        yield _rows(connection, table, found, query, blocks=False)


def _open_table(opened: OpenTable, mapping: ColumnMapping | None) -> OpenRows:
    """Rows of a file that is read by statements."""
    table = opened.table
    found = recognise(table.names, mapping, nested=True, kind=table.kind)
    if found is None:
        raise Unreadable(refusal(table.names))
    blocks = table.kind == "json" and (_BLOCKS,) in table.names
    carry = [f"CAST(json_extract(j, '$.{_BLOCKS}') AS VARCHAR) AS blocks"] if blocks else []
    found = with_time_unit(found, table, mapping)
    return _rows(opened.connection, table, found, query_of(table, found, Edges(), carry), blocks=blocks)


def _rows(
    connection: DuckDBPyConnection, table: Table, found: Recognised, query: Query, *, blocks: bool
) -> OpenRows:
    statement = query.rows(table.source)
    return OpenRows(
        connection=connection,
        found=found,
        rows=statement,
        parameters={key: value for key, value in table.parameters.items() if f"${key}" in statement},
        texts=query.texts,
        blocks=blocks,
    )
