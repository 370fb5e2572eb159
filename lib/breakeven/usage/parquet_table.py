"""Parquet: columns with the types that they have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from breakeven import machine
from breakeven.usage.formats import Path
from breakeven.usage.lent import NAME, lend, nested_paths, parquet_rows, with_nested
from breakeven.usage.limits import Limits
from breakeven.usage.spool import Unreadable
from breakeven.usage.table import Table, flat, loads

DAMAGED = (
    "The file cannot be read: it begins like a Parquet file and does not end like one, so it is damaged or "
    "was cut off; write or copy it again."
)


def parquet_table(connection: DuckDBPyConnection, path: FilePath, limits: Limits) -> Table:
    """Name the columns of a Parquet file.

    Raises
    ------
    Unreadable
        If there are more columns than the limit.
    """
    if not machine.EXTENSIONS:
        return _read_here(connection, path, limits)
    parameters = {"path": str(path)}
    try:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet($path)", parameters).fetchall()
    except (duckdb.InvalidInputException, duckdb.IOException):
        raise Unreadable(DAMAGED) from None
    _hold_width(len(described), limits)
    aliases = ", ".join(f"c{n}" for n in range(len(described)))
    source = f"read_parquet($path) AS t({aliases})"
    columns: dict[Path, str] = {}
    types: dict[str, str] = {}
    for number, (name, kind, *_) in enumerate(described):
        columns.setdefault((str(name),), f"c{number}")
        types[f"c{number}"] = str(kind)
    names = list(columns)
    rows = connection.execute(
        f"SELECT CAST(to_json(t) AS VARCHAR) FROM {source} LIMIT 50", parameters
    ).fetchall()
    back = {alias: path for path, alias in columns.items()}
    records = [
        {(*back[p[:1][0]], *p[1:]): v for p, v in flat(loads(text)).items() if p[0] in back}
        for (text,) in rows
    ]
    names += [p for p in dict.fromkeys(p for record in records for p in record) if p not in names]
    return Table(
        source=source,
        parameters=dict(parameters),
        columns=columns,
        kind="parquet",
        types=types,
        names=names,
        sample=_sample(records),
    )


def _sample(records: Sequence[Mapping[Path, Any]]) -> list[dict[Path, str]]:
    return [{path: str(value) for path, value in one.items() if value is not None} for one in records]


def _hold_width(columns: int, limits: Limits) -> None:
    if columns > limits.columns:
        raise Unreadable(limits.too_much(f"The file has {columns:,} columns, above", "columns", "columns"))


def _read_here(connection: DuckDBPyConnection, path: FilePath, limits: Limits) -> Table:
    """The same of a file that this program reads for the database."""
    try:
        heads, rows, first = parquet_rows(path)
    except (OSError, ValueError):
        raise Unreadable(DAMAGED) from None
    _hold_width(len(heads), limits)
    columns: dict[Path, str] = {}
    for number, name in enumerate(heads):
        columns.setdefault((name,), f"c{number}")
    nested = nested_paths(first)
    inner = {place: f"c{number}" for number, place in enumerate(nested, start=len(heads))}
    rows = rows.rename_columns([f"c{number}" for number in range(len(heads))])
    table = Table(
        source=NAME,
        # The step of time hangs on the size of the file.
        parameters={"path": str(path)},
        columns=columns | inner,
        kind="parquet",
        names=[*columns, *nested],
        sample=_sample([flat(json.loads(json.dumps(one, default=str))) for one in first]),
        lent=with_nested(rows, columns | inner, nested),
    )
    lend(connection, table)
    described = connection.execute(f"DESCRIBE SELECT * FROM {NAME}").fetchall()
    table.types.update({str(name): str(kind) for name, kind, *_ in described})
    return table
