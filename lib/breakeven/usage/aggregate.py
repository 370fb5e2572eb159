"""Run the aggregate over a file, with as many groups as the memory allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from breakeven.usage import sql
from breakeven.usage.cells import Query
from breakeven.usage.limits import Limits
from breakeven.usage.rollup import STEPS, Shape, fitted, told
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import Edges, Keys
from breakeven.usage.sums import Peak
from breakeven.usage.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums of one file."""

    rows: list[dict[str, Any]]
    step: int
    """Length of a step of time, 0: there is none. [minutes]"""
    by_tenant: bool
    withheld: list[str]
    peak: Peak | None = None
    """The busiest of finer steps than ``step``."""

    @property
    def good_rows(self) -> int:
        """Rows that can be priced, counted once for every level of the sums."""
        return sum(row["n_rows"] for row in self.rows if row["good"] == 0)


def sum_up(connection: DuckDBPyConnection, table: Table, query: Query, edges: Edges, limits: Limits) -> Sums:
    """Run the aggregate once; scanned again only where the memory does not suffice for its groups.

    Raises
    ------
    Unreadable
        If models and lengths alone are too many groups.
    """
    texts, keys = query.texts, Keys(edges=edges)
    tenants = by_tenants(texts)
    step = step_of_time(table) if "ts" in texts else 0
    attempts = [(step, tenants), *((one, False) for one in STEPS if one > step > 0), (0, False)]
    for number, (minutes, with_tenants) in enumerate(attempts):
        statement = sql.sums_sql(
            query.rows(table.source),
            texts,
            keys,
            minutes=minutes,
            tenants=with_tenants,
            trim=table.kind == "csv" and texts.get("model") in table.columns.values(),
        )
        try:
            return settled(
                connection,
                statement,
                table.used_in(statement),
                texts,
                keys,
                limits,
                minutes=minutes,
                tenants=with_tenants,
                wanted=step,
            )
        except duckdb.OutOfMemoryException:
            if number == len(attempts) - 1:
                raise
    raise AssertionError("one attempt always returns or raises")


def by_tenants(texts: Collection[str]) -> bool:
    """Whether rows are summed by tenant too: they name one, or say what was paid."""
    return "tenant" in texts or "reported_cost_usd" in texts


def settled(
    connection: DuckDBPyConnection,
    statement: str,
    parameters: Mapping[str, Any],
    texts: Collection[str],
    keys: Keys,
    limits: Limits,
    *,
    minutes: int,
    tenants: bool,
    wanted: int,
) -> Sums:
    """Sums of an aggregate, as finely as the limit of groups allows.

    Parameters
    ----------
    connection, statement, parameters
        What gives the groups of :func:`breakeven.usage.sql.sums_sql`.
    texts, keys
        Canonical columns that the file has, and how the keys of the groups are packed.
    limits
        How many groups are kept.
    minutes, tenants
        Length of the steps of time that the groups have, 0 for none, and whether they tell tenants apart.
    wanted
        Length of the steps that were asked for.

    Raises
    ------
    Unreadable
        If models and lengths alone are too many groups.
    """
    shape = shape_of(keys, texts, minutes=minutes, tenants=tenants)
    found = fitted(connection, statement, parameters, shape, step=minutes, limit=limits.groups)
    if found is None:
        raise Unreadable(
            limits.too_much(
                "The models of the file and their lengths make more groups than", "groups", "groups"
            )
        )
    by_tenant = tenants and found.tenants
    withheld = told(found, wanted, limits.groups)
    if "tenant" in texts and not by_tenant:
        withheld.insert(0, "Cost by tenant: the file names too many.")
    rows = [_unpacked(dict(zip(found.names, row, strict=True)), keys, found.step) for row in found.rows]
    return Sums(rows=rows, step=found.step, by_tenant=by_tenant, withheld=withheld, peak=found.peak)


GROUPED_BY = ("model", "no_cell", "cell_key", "no_minute", "minute_key", "slice_key", "tenant")
"""Columns of a row of the aggregate that are no sums."""


def shape_of(keys: Keys, texts: Collection[str], *, minutes: int, tenants: bool) -> Shape:
    """How the rows of the aggregate are told apart."""
    by_time = "no_cell = 1 AND no_minute = 0" if minutes else "FALSE"
    by_tenant = f"no_cell = 1 AND NOT ({by_time})" if tenants else ""
    counted = "n_requests" in texts or "repeat" in texts
    return Shape(
        keys=GROUPED_BY,
        time_key="minute_key",
        weight=keys.weight,
        by_time=by_time,
        by_tenant=by_tenant,
        requests="requests" if counted else "n_rows",
        good=keys.is_good("minute_key") if minutes else "TRUE",
    )


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
