"""Parquet: columns with the types that they have."""

from __future__ import annotations

from pathlib import Path as FilePath

from duckdb import DuckDBPyConnection

from breakeven.usage.formats import Path
from breakeven.usage.limits import Limits
from breakeven.usage.spool import Unreadable
from breakeven.usage.table import Table, flat, loads


def parquet_table(connection: DuckDBPyConnection, path: FilePath, limits: Limits) -> Table:
    """Name the columns of a Parquet file.

    Raises
    ------
    Unreadable
        If there are more columns than the limit.
    """
    parameters = {"path": str(path)}
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet($path)", parameters).fetchall()
    if len(described) > limits.columns:
        raise Unreadable(
            limits.too_much(f"The file has {len(described):,} columns, above", "columns", "columns")
        )
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
    sample = []
    for (text,) in rows:
        record = {(*back[p[:1][0]], *p[1:]): v for p, v in flat(loads(text)).items() if p[0] in back}
        names += [p for p in record if p not in names]
        sample.append({k: str(v) for k, v in record.items() if v is not None})
    return Table(
        source=source,
        parameters=dict(parameters),
        columns=columns,
        kind="parquet",
        types=types,
        names=names,
        sample=sample,
    )
