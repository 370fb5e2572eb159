"""Single requests of a file, in their order, for questions that sums do not answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.usage import kinds
from breakeven.usage.cells import Query, query_of
from breakeven.usage.files import connect
from breakeven.usage.formats import OUTSIDE, ColumnMapping, Recognised
from breakeven.usage.from_rows import table_of
from breakeven.usage.gather import Source
from breakeven.usage.gathered import Gathered
from breakeven.usage.kinds import BLOCKS
from breakeven.usage.lent import blocks_at
from breakeven.usage.limits import Limits
from breakeven.usage.open_table import OpenTable
from breakeven.usage.packed import unpacked
from breakeven.usage.route import Records, Rows, gathered_records, recognised, routed
from breakeven.usage.sql import Edges
from breakeven.usage.sums_file.table import is_sums
from breakeven.usage.table import Table


class OnlySums(ValueError):
    """A file has sums and no single requests."""


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
    OnlySums
        If one of them is a sums file.
    Unreadable
        If no columns with tokens are found in one of them, or it cannot be read.
    """
    sources: list[Source] = []
    paths, names = unpacked(files, [file.name for file in files], folder, limits)
    if any(is_sums(file, limits) for file in paths):
        raise OnlySums
    for number, (file, name) in enumerate(zip(paths, names, strict=True)):
        inner = folder / f"rows{number}"
        inner.mkdir()
        with routed(file, name, inner, mapping, limits, most_rows=kinds.SHEET_BYTES, ordered=True) as found:
            match found:
                case Records():
                    sources.append(found.source)
                case Rows():
                    with _open_gathered(found.gathered, limits) as opened:
                        yield opened
                case OpenTable():
                    yield _open_table(found, mapping)
    if sources:
        with _open_gathered(gathered_records(sources, folder, limits), limits) as opened:
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
    found = recognised(table, mapping)
    blocks = table.kind == "json" and (BLOCKS,) in table.names
    carry = [f"{blocks_at('j', BLOCKS)} AS blocks"] if blocks else []
    return _rows(opened.connection, table, found, query_of(table, found, Edges(), carry), blocks=blocks)


def _rows(
    connection: DuckDBPyConnection, table: Table, found: Recognised, query: Query, *, blocks: bool
) -> OpenRows:
    statement = query.rows(table.source)
    return OpenRows(
        connection=connection,
        found=found,
        rows=statement,
        parameters=table.used_in(statement),
        texts=query.texts,
        blocks=blocks,
    )
