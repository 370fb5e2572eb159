"""The same in Spark's own SQL, for workers that have Java alone: the query that is printed for a warehouse.

Bad rows are counted and not shown, and what only the reader knows is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from breakeven.tables.exports import CACHES, Cached, Grain, Processing
from breakeven.usage.cells import NUMERIC
from breakeven.usage.formats import Path as Column
from breakeven.usage.from_sums import Reading
from breakeven.usage.rollup import HOUR
from breakeven.usage.sheets.words import vocabulary
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import Workload
from breakeven.usage.sums_file.query import MEANINGS, written
from breakeven.usage.sums_file.read import read_sums
from breakeven.usage.sums_file.statement import Asked
from breakeven.usage.table import TIMES, Table

_COUNTS = frozenset(("input", "output", *CACHES, "reasoning", "n_requests", "repeat"))
_ELSEWHERE = {"keep": "which rows failed", "total": "a total of its tokens", "context_tier": "its tier"}
"""Meanings that the query has no place for, and what a row says by them."""


def sum_up_in_sql(spark: Any, rows: Any, table: Table, asked: Reading, folder: Path) -> Workload:
    """Add up rows by Spark's own SQL.

    Raises
    ------
    Unreadable
        If the rows need more than the query knows; the text says what.
    """
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    view = f"breakeven_{uuid4().hex}"
    question = question_of(table, asked, view)
    rows.createOrReplaceTempView(view)
    try:
        sums = spark.sql(written(question)).toArrow()
    finally:
        spark.catalog.dropTempView(view)
    path = folder / "sums.parquet"
    pq.write_table(sums, path)
    return read_sums(path, asked.name, asked.edges, folder, asked.limits)


def question_of(table: Table, asked: Reading, view: str) -> Asked:
    """What is asked of a view with the columns of a sample.

    Raises
    ------
    Unreadable
        If the query cannot ask it.
    """
    found = asked.found
    for name, what in _ELSEWHERE.items():
        if name in found.mapping:
            raise _beyond(f"column {found.shown[name]} says {what}")
    if found.cached == Cached.TOTAL:
        raise _beyond("where the cached tokens are shows in each row's total")
    if found.format.relative_time:
        raise _beyond("times count from the start of a trace")
    if found.format.grain == Grain.BUCKET and not {"n_requests", "repeat"} & set(found.mapping):
        raise _beyond("rows are sums of requests that they do not count")
    columns = {
        name: _expression(table, name, paths) for name, paths in found.mapping.items() if name in MEANINGS
    }
    if "processing" not in columns and found.format.processing != Processing.STANDARD:
        columns["processing"] = f"'{found.format.processing}'"
    totals = ", ".join("'" + one.replace("'", "''") + "'" for one in sorted(vocabulary().totals))
    said = [f"LOWER(TRIM({columns[name]})) IN ({totals})" for name in ("model", "tenant") if name in columns]
    return Asked(
        dialect="spark",
        table=view,
        columns=columns,
        edges=asked.edges,
        cached_in=found.cached,
        skip=" OR ".join(f"COALESCE({one}, FALSE)" for one in said),
        step_minutes=HOUR,
        formats=[
            {"id": found.format.format_id, "name": found.format.name, "provider": found.format.provider}
        ],
    )


def _beyond(what: str) -> Unreadable:
    return Unreadable(
        f"Spark's own SQL does not do for these rows: {what}. Install breakeven on the workers, whose Python "
        "PYSPARK_PYTHON names."
    )


def _expression(table: Table, name: str, paths: Sequence[Column]) -> str:
    """What a column means, in Spark's words; cells that are no number make a bad row."""
    parts = [_cell(table, name, path) for path in paths]
    return parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})"


def _cell(table: Table, name: str, path: Column) -> str:
    column = f"`{path[0].replace('`', '``')}`"
    kind = table.types.get(table.columns[path[:1]], "VARCHAR")
    if len(path) > 1:
        if kind.startswith(("STRUCT", "MAP")):
            column = ".".join(f"`{part.replace('`', '``')}`" for part in path)
        else:
            column = f"GET_JSON_OBJECT({column}, '$.{'.'.join(path[1:])}')"
        kind = "VARCHAR"
    number = kind.startswith(NUMERIC)
    text = f"NULLIF(TRIM(CAST({column} AS STRING)), '')"
    if name in _COUNTS:
        if number:
            return column
        return f"CASE WHEN {text} IS NOT NULL THEN COALESCE(TRY_CAST({text} AS DOUBLE), -1) END"
    if name == "reported_cost_usd" and not number:
        bare = f"REPLACE(REPLACE({text}, '$', ''), ',', '')"
        return f"COALESCE(TRY_CAST({text} AS DOUBLE), TRY_CAST({bare} AS DOUBLE))"
    if name == "ts":
        return _time(column, text, kind, number=number)
    return column


def _time(column: str, text: str, kind: str, *, number: bool) -> str:
    """A time; numbers are seconds, or parts of them, by their size."""
    if kind in TIMES:
        return column
    digits = column if number else f"TRY_CAST({text} AS DOUBLE)"
    sizes: Mapping[str, str] = {"1e17": f"{digits} / 1e3", "1e14": digits, "1e11": f"{digits} * 1e3"}
    cases = " ".join(f"WHEN {digits} > {above} THEN {value}" for above, value in sizes.items())
    counted = f"TIMESTAMP_MICROS(CAST(CASE {cases} ELSE {digits} * 1e6 END AS BIGINT))"
    return counted if number else f"COALESCE(TRY_CAST({text} AS TIMESTAMP), {counted})"
