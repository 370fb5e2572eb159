"""Run the aggregate over a file, with as many groups as the memory allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from breakeven.usage import sql
from breakeven.usage.cells import Query
from breakeven.usage.limits import Limits
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import Edges, Keys
from breakeven.usage.stop import heed_stop
from breakeven.usage.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums of one file."""

    rows: list[dict[str, Any]]
    by_time: bool
    by_tenant: bool
    withheld: list[str]

    @property
    def good_rows(self) -> int:
        """Rows that can be priced, counted once for every level of the sums."""
        return sum(row["n_rows"] for row in self.rows if row["good"] == 0)


def sum_up(connection: DuckDBPyConnection, table: Table, query: Query, edges: Edges, limits: Limits) -> Sums:
    """Run the aggregate; with fewer groups where the memory does not suffice for all."""
    texts, keys = query.texts, Keys(edges=edges)
    minutes, tenants = "ts" in texts, "tenant" in texts or "reported_cost_usd" in texts
    withheld: list[str] = []
    step = step_of_time(table) if minutes else 0
    attempts = [(step, tenants), (step, False), (0, False)]
    for number, (with_minutes, with_tenants) in enumerate(dict.fromkeys(attempts)):
        statement = sql.sums_sql(
            query.rows(table.source),
            texts,
            keys,
            minutes=with_minutes,
            tenants=with_tenants,
            trim=table.kind == "csv" and texts.get("model") in table.columns.values(),
        )
        used = {key: value for key, value in table.parameters.items() if f"${key}" in statement}
        heed_stop()
        try:
            result = connection.execute(statement, used)
            names = [column[0] for column in result.description or []]
            fetched = result.fetchmany(limits.groups + 1)
        except duckdb.OutOfMemoryException:
            if number == len(set(attempts)) - 1:
                raise
            continue
        if len(fetched) > limits.groups:
            if number == len(set(attempts)) - 1:
                raise Unreadable(
                    limits.too_much(
                        "The models of the file and their lengths make more groups than", "groups", "groups"
                    )
                )
            continue
        if "tenant" in texts and not with_tenants:
            withheld.append("Cost by tenant: the file names too many.")
        if minutes and not with_minutes:
            withheld.append("Cost over time: the file spans too many hours.")
        found = [_unpacked(dict(zip(names, row, strict=True)), keys, with_minutes) for row in fetched]
        return Sums(rows=found, by_time=bool(with_minutes), by_tenant=with_tenants, withheld=withheld)
    raise AssertionError("one attempt always returns or raises")


def _unpacked(row: dict[str, Any], keys: Keys, minutes: int) -> dict[str, Any]:
    """A row of the sums with its keys as they were; ``level`` says what it sums by."""
    known = {**NO_SUMS, "requests": row["n_rows"], **row}
    if not row["no_cell"]:
        return {**known, **keys.unpack_cell(int(row["cell_key"])), "level": BY_LENGTH}
    if minutes and not row["no_minute"]:
        return {**known, **keys.unpack_minute(int(row["minute_key"]), minutes), "level": BY_TIME}
    return {**known, **keys.unpack_tenant(int(row["slice_key"])), "level": BY_TENANT}


BY_LENGTH, BY_TIME, BY_TENANT = "length", "time", "tenant"
NO_SUMS: Mapping[str, Any] = {
    **dict.fromkeys(sql.METERS, 0),
    "cost": None,
    "free": 0,
    "tenant": None,
    "late": 0,
    "first_us": None,
    "last_us": None,
}

SHORT_FILE_BYTES = 100_000_000
"""Files up to this size are summed by the minute, larger ones by the hour."""


def step_of_time(table: Table) -> int:
    """Minutes of one step of time."""
    return 1 if FilePath(table.parameters["path"]).stat().st_size <= SHORT_FILE_BYTES else 60


def rejected_lines(connection: DuckDBPyConnection, table: Table) -> list[tuple[int, str, str, str]]:
    """Lines that have not the columns they should: line, column, kind, text."""
    if table.kind == "parquet" or table.lost:
        return table.lost
    try:
        rows = connection.execute(
            "SELECT line, COALESCE(MIN(column_name), ''), MIN(CAST(error_type AS VARCHAR)), "
            f"MIN(LEFT(csv_line, 200)) FROM {table.rejects} GROUP BY line ORDER BY line"
        ).fetchall()
    except duckdb.CatalogException:  # nothing was noted, so there is no table
        return []
    return [(int(line), column, kind, text or "") for line, column, kind, text in rows]
