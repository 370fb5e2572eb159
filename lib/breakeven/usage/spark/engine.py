"""A log to a workload by Spark: what its columns mean is decided here, on a sample; tasks add up the rows."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from breakeven.usage.aggregate import by_tenants, settled, shape_of
from breakeven.usage.formats import ColumnMapping
from breakeven.usage.from_sums import Reading, workload_of
from breakeven.usage.limits import Limits
from breakeven.usage.open_table import OpenTable, open_table
from breakeven.usage.packed import READ as KNOWN
from breakeven.usage.rollup import HOUR, moved_key
from breakeven.usage.route import recognised
from breakeven.usage.spark.in_sql import sum_up_in_sql
from breakeven.usage.spark.session import lacking, session
from breakeven.usage.spark.task import KEYS, Job, added, summing, type_of
from breakeven.usage.spool import Plain, Unreadable
from breakeven.usage.sql import Edges
from breakeven.usage.sums import Peak, Problem, Workload
from breakeven.usage.sums_file.table import is_sums

SAMPLE = 1_000
"""Rows by which the driver decides what columns mean."""
MOST_ROWS = 10**15
OTHER = frozenset(KNOWN) - {".parquet"}
"""Ends of files whose columns have no types: Spark would guess at them, row by row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """Rows that Spark can read."""

    path: str | None = None
    """Files: a path, a pattern or an address, in Spark's words."""
    table: str | None = None
    """A table of Spark's catalog."""

    @property
    def name(self) -> str:
        """What the rows are called."""
        return str(self.table or self.path)

    def rows(self, spark: Any) -> Any:
        """The rows, not read yet.

        Raises
        ------
        Unreadable
            If they are files of another kind.
        """
        if self.table:
            return spark.table(self.table)
        path = str(self.path)
        end = Path(path.rstrip("*/")).suffix.lower()
        if end in OTHER and not path.endswith("/"):
            raise Unreadable(
                f"Spark reads Parquet, ORC and tables, not '{path}': leave --engine out, or give a table "
                "with --table."
            )
        # Files need not have the same columns: one that only newer ones have is not to be lost.
        reader = spark.read.option("mergeSchema", "true")
        return reader.orc(path) if end == ".orc" else reader.parquet(path)


def sum_up(
    lake: Lake,
    *,
    edges: Edges,
    limits: Limits,
    mapping: ColumnMapping | None = None,
    master: str | None = None,
    in_sql: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Workload:
    """Add up rows by Spark.

    Parameters
    ----------
    lake
        The rows.
    edges
        Thresholds of the price list.
    limits
        How much memory a task takes, and how many groups are kept.
    mapping
        What the user corrected.
    master
        See :func:`breakeven.usage.spark.session.session`.
    in_sql
        Spark's own SQL adds up, as it does where the workers have no Python with this package.
    progress
        Is told in words what is being done.

    Raises
    ------
    Unreadable
        If no row can be read, or Spark fails; the text says why.
    BadMapping
        If the mapping names a column that is not there.
    """
    tell = progress or (lambda _: None)
    limits = replace(limits, rows=MOST_ROWS)
    tell("Starting Spark")
    with session(master) as spark, tempfile.TemporaryDirectory(prefix="breakeven-") as folder_name:
        folder = Path(folder_name)
        rows = lake.rows(spark)
        tell(f"Looking at {lake.name}")
        rows, sample = needed(rows, folder, mapping, limits)
        with open_table(Plain(path=sample, parquet=True), mapping, limits, folder) as opened:
            asked = Reading(
                found=recognised(opened.table, mapping),
                file=sample,
                name=lake.name,
                edges=edges,
                limits=limits,
            )
            why = "so it was asked for" if in_sql else lacking(spark)
            tell(f"Spark adds up {lake.name}")
            if not why:
                return _added_up(rows, opened, asked)
            workload = sum_up_in_sql(spark, rows, opened.table, asked, folder)
            said = f"Spark's own SQL added up the rows ({why}): bad ones are counted and not shown."
            return replace(workload, notes=(said, *workload.notes))


def needed(rows: Any, folder: Path, mapping: ColumnMapping | None, limits: Limits) -> tuple[Any, Path]:
    """The rows without texts that mean nothing to a price, such as prompts; and a sample of them.

    Numbers stay, whatever they are called: they weigh little, and some of them say what a row is.
    """
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    sample = folder / "sample.parquet"
    first = rows.limit(SAMPLE).toArrow()
    if not first.num_rows:
        raise Unreadable("There are columns and no rows below them.")
    pq.write_table(first, sample)
    if is_sums(sample, limits):
        raise Unreadable("These are rows of a sums file: price it without --engine spark.")
    with open_table(Plain(path=sample, parquet=True), mapping, limits, folder) as opened:
        table = opened.table
        found = recognised(table, mapping)
        light = {name for (name, *_), column in table.columns.items() if _is_light(table.types.get(column))}
    kept = [name for name in first.column_names if name in light or name not in found.ignored]
    if len(kept) < len(first.column_names):
        pq.write_table(first.select(kept), sample)
        with open_table(Plain(path=sample, parquet=True), mapping, limits, folder) as opened:
            if recognised(opened.table, mapping).mapping != found.mapping:
                pq.write_table(first, sample)
                return rows, sample
        rows = rows.select(*(f"`{name.replace('`', '``')}`" for name in kept))
    return rows, sample


def _is_light(kind: str | None) -> bool:
    heavy = ("VARCHAR", "BLOB", "STRUCT", "MAP", "JSON", "VARIANT", "UNION")
    return kind is not None and not kind.startswith(heavy) and not kind.endswith("]")


def _added_up(rows: Any, opened: OpenTable, asked: Reading) -> Workload:
    job = Job(table=opened.table, found=asked.found, edges=asked.edges, limits=asked.limits)
    names = job.names
    keys = [name for name in names if name in KEYS]

    def alike(several: Any) -> Any:
        sums = [_expression(added(name)) for name in names if name not in KEYS]
        return several.groupBy(*keys).agg(*sums).select(*names)

    schema = ", ".join(f"{name} {type_of(name)}" for name in names)
    # Spark hands no column to Python whose name has a dot; tasks know columns by their places.
    placed = rows.toDF(*(f"c{place}" for place in range(len(rows.columns))))
    groups = alike(placed.mapInArrow(summing(job), schema)).persist()
    try:
        found = _fitting(groups, alike, job)
    finally:
        with suppress(Exception):  # the cluster may be gone, as the error that is under way says
            groups.unpersist()
    return workload_of_groups(found, opened, asked, job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Groups that the driver can hold."""

    merged: Any
    """A pyarrow table."""
    minutes: int
    """Length of a step of time, 0: there is none. [minutes]"""
    tenants: bool
    peak: Peak | None = None
    """The busiest of finer steps."""


def _fitting(groups: Any, alike: Callable[[Any], Any], job: Job) -> Groups:
    """Bring the groups here; where they are too many, without tenants or by the hour."""
    tenants, most = by_tenants(job.query.texts), job.limits.groups
    shape = shape_of(job.keys, job.query.texts, minutes=job.minutes, tenants=True)
    by_tenant = f"(problem IS NULL AND {shape.by_tenant})"
    (counted,) = groups.selectExpr("count(*) AS n", f"count_if({by_tenant}) AS n_tenants").collect()
    n, minutes, peak = counted.n, job.minutes, None
    # As of a file: without tenants where that is enough, else longer steps; never more than can be held.
    if tenants and (counted.n_tenants > most or n - counted.n_tenants <= most < n):
        tenants, n, groups = False, n - counted.n_tenants, groups.where(f"NOT {by_tenant}")
    if n > most and minutes:
        minutes = HOUR
        when = f"{shape.time_key} DIV {shape.weight}"
        timed = groups.where(f"{shape.by_time} AND {shape.good} AND {when} > 0")
        by_minute = timed.groupBy(_expression(when)).agg(_expression(f"sum({shape.requests}) AS n"))
        (busiest,) = by_minute.selectExpr("max(n) AS n").collect()
        peak = None if busiest.n is None else Peak(requests=busiest.n, minutes=job.minutes)
        moved = moved_key(shape, shape.time_key, HOUR // job.minutes, "DIV")
        groups = alike(groups.withColumn(shape.time_key, _expression(moved)))
    return Groups(merged=groups.toArrow(), minutes=minutes, tenants=tenants, peak=peak)


def _expression(text: str) -> Any:
    """An expression of Spark's SQL."""
    from pyspark.sql import functions as f

    return f.expr(text)


def workload_of_groups(found: Groups, opened: OpenTable, asked: Reading, job: Job) -> Workload:
    """Groups of all tasks as a workload.

    Raises
    ------
    Unreadable
        If no row is good, or models and lengths alone are too many groups.
    """
    merged, query, limits = found.merged, job.query, asked.limits
    problems = [Problem(**json.loads(text)) for text in merged.column("problem").to_pylist() if text]
    columns = ", ".join(name for name in merged.column_names if name != "problem")
    opened.connection.register("merged", merged)
    sums = settled(
        opened.connection,
        f"SELECT {columns} FROM merged WHERE problem IS NULL",
        {},
        query.texts,
        job.keys,
        limits,
        minutes=found.minutes,
        tenants=found.tenants,
        wanted=job.minutes,
    )
    sums = replace(sums, peak=found.peak or sums.peak)
    return workload_of(asked, opened.table, query, sums, [], located=problems[: limits.problem_rows])
