"""Single requests of a file, in their order, for questions that sums do not answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.usage.cells import query_of
from breakeven.usage.formats import ColumnMapping, Recognised, recognise
from breakeven.usage.limits import Limits
from breakeven.usage.open_table import open_table
from breakeven.usage.refusal import refusal
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import Edges

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


@contextmanager
def open_rows(
    path: FilePath, mapping: ColumnMapping | None, limits: Limits, folder: FilePath
) -> Iterator[OpenRows]:
    """Open one file for as long as its rows are queried.

    Raises
    ------
    Unreadable
        If no columns with tokens are found, or the file cannot be read.
    """
    with open_table(path, mapping, limits, folder, ordered=True) as opened:
        table = opened.table
        found = recognise(table.names, mapping, nested=True, kind=table.kind)
        if found is None:
            raise Unreadable(refusal(table.names))
        blocks = table.kind == "json" and (_BLOCKS,) in table.names
        carry = [f"CAST(json_extract(j, '$.{_BLOCKS}') AS VARCHAR) AS blocks"] if blocks else []
        query = query_of(table, found, Edges(), carry)
        statement = query.rows(table.source)
        yield OpenRows(
            connection=opened.connection,
            found=found,
            rows=statement,
            parameters={key: value for key, value in table.parameters.items() if f"${key}" in statement},
            texts=query.texts,
            blocks=blocks,
        )
