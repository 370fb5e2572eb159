"""What runs inside a task of Spark: DuckDB adds up the rows of its part, as it adds up a file.

The rows of a part go through a file, so many at a time; what comes out are the groups of the aggregate and
some of the bad rows. A worker imports this module, so it needs the package as the driver has it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from breakeven.usage.aggregate import GROUPED_BY, by_tenants
from breakeven.usage.bad_rows import locate
from breakeven.usage.cells import Query, query_of
from breakeven.usage.files import connect
from breakeven.usage.formats import Recognised
from breakeven.usage.from_sums import names_of
from breakeven.usage.limits import Limits
from breakeven.usage.rollup import EXTREMES
from breakeven.usage.sql import Edges, Keys, sums_sql
from breakeven.usage.sums import Problem
from breakeven.usage.table import Table

STEP = 1
"""Length of a step of time. [minutes]"""
CHUNK_BYTES = 64_000_000
"""Rows that DuckDB reads at once: containers leave little memory beside Java's. [bytes]"""
SHOWN = 100
"""Bad rows of a part that are shown; all of them are counted."""
TEXTS = ("model", "tenant", "problem")
KEYS = (*GROUPED_BY, "problem")
"""Columns of a group that are no sums."""
Batches: TypeAlias = Iterator[Any]
"""Record batches of pyarrow."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every task does: how rows such as those of a sample are read."""

    table: Table
    """The sample; every part has its columns."""
    found: Recognised
    edges: Edges
    limits: Limits

    def __getstate__(self) -> dict[str, Any]:
        """What goes to the workers: they make the expressions for themselves."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @cached_property
    def query(self) -> Query:
        """Expressions of the cells; making them puts their places into the parameters of the table."""
        return query_of(self.table, self.found, self.edges)

    @property
    def keys(self) -> Keys:
        """How the keys of groups are packed."""
        return Keys(edges=self.edges)

    @property
    def minutes(self) -> int:
        """Length of a step of time, 0: the rows have no time. [minutes]"""
        return STEP if "ts" in self.query.texts else 0

    @cached_property
    def statement(self) -> str:
        """The aggregate."""
        query = self.query
        return sums_sql(
            query.rows(self.table.source),
            query.texts,
            self.keys,
            minutes=self.minutes,
            tenants=by_tenants(query.texts),
        )

    def used(self, path: Path) -> dict[str, Any]:
        """Values of the parameters of the aggregate over a file."""
        return self.table.used_in(self.statement) | {"path": str(path)}

    @property
    def names(self) -> Sequence[str]:
        """Columns of a group."""
        path = Path(self.table.parameters["path"])
        with closing(connect(path, self.limits, self.limits.memory_mb)) as connection:
            described = connection.execute(f"DESCRIBE {self.statement}", self.used(path)).fetchall()
        return [*(str(name) for name, *_ in described), "problem"]


def type_of(name: str) -> str:
    """Type of a column of a group, in words that DuckDB and Spark share."""
    return "STRING" if name in TEXTS else "DOUBLE" if name == "cost" else "BIGINT"


def added(name: str) -> str:
    """How a sum of groups that are alike becomes one."""
    return f"CAST({EXTREMES.get(name, 'SUM')}({name}) AS {type_of(name)}) AS {name}"


def summing(job: Job) -> Callable[[Batches], Iterator[Any]]:
    """A function for ``mapInArrow``: rows of a log in, groups of their sums out."""

    def task(batches: Batches) -> Iterator[Any]:
        from pyspark import TaskContext

        context = TaskContext.get()
        with tempfile.TemporaryDirectory(prefix="breakeven-") as folder:
            part = Part(job, 1 + (context.partitionId() if context else 0), Path(folder))
            for chunk in chunks(batches):
                part.add(chunk)
            yield from part.groups()

    return task


def chunks(batches: Batches, most: int = CHUNK_BYTES) -> Iterator[Any]:
    """Batches as tables of about so many bytes."""
    held: list[Any] = []
    size = 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            size += batch.nbytes
        if size >= most:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held)


class Part:
    """The rows of one task, added up chunk by chunk."""

    def __init__(self, job: Job, number: int, folder: Path) -> None:
        """Nothing is added up yet; ``folder`` is private."""
        self._job, self._number, self._folder = job, number, folder
        self._names: Sequence[str] = ()
        self._chunks: list[Any] = []
        self._rows = 0
        self._problems: list[Problem] = []

    def add(self, chunk: Any) -> None:
        """Add the rows of a pyarrow table."""
        job, path = self._job, self._folder / "chunk.parquet"
        pq.write_table(chunk, path, compression="lz4", write_statistics=False)
        limits = replace(job.limits, threads=1)
        with closing(connect(path, limits, limits.memory_mb)) as connection:
            groups = connection.sql(job.statement, params=job.used(path)).to_arrow_table()
        groups = groups.append_column("problem", pa.nulls(groups.num_rows, pa.string()))
        self._chunks.append(_typed(groups))
        if len(self._problems) < SHOWN and _has_bad(job.keys, groups):
            self._problems += self._located(path, replace(limits, problem_rows=SHOWN))
        self._rows += chunk.num_rows

    def _located(self, path: Path, limits: Limits) -> Iterator[Problem]:
        job = self._job
        table = replace(job.table, parameters={**job.table.parameters, "path": str(path)})
        columns = names_of(job.query.texts, job.found)
        name = f"part {self._number}"
        for one in locate(table, job.found, job.query.rows, [], path, name, columns, limits):
            yield replace(one, line=one.line + self._rows)

    def groups(self) -> Iterator[Any]:
        """Groups of all chunks, and the bad rows that are shown, each as a group of no rows."""
        if not self._chunks:
            return
        groups = added_up(pa.concat_tables(self._chunks))
        yield from groups.to_batches()
        shown = [{"problem": json.dumps(asdict(one)), "n_rows": 0} for one in self._problems[:SHOWN]]
        if shown:
            columns = {name: [row.get(name) for row in shown] for name in groups.column_names}
            yield from pa.table(columns, schema=groups.schema).to_batches()


def added_up(groups: Any) -> Any:
    """Add up groups that are alike; a pyarrow table with one row of each."""
    names = groups.column_names
    keys = [name for name in names if name in KEYS]
    how = [(name, EXTREMES.get(name, "SUM").lower()) for name in names if name not in KEYS]
    summed = groups.group_by(keys, use_threads=False).aggregate(how)
    return summed.rename_columns([*keys, *(name for name, _ in how)]).select(names)


def _typed(groups: Any) -> Any:
    """Groups with the types of :func:`type_of`; a sum that is no whole number of 64 bits fails."""
    kinds = {"STRING": pa.string(), "DOUBLE": pa.float64(), "BIGINT": pa.int64()}
    return groups.cast(pa.schema([(name, kinds[type_of(name)]) for name in groups.column_names]))


def _has_bad(keys: Keys, groups: Any) -> bool:
    """Whether a group is of rows that cannot be read, or whose time cannot be."""
    late = "late" in groups.column_names
    columns: Mapping[str, list[Any]] = groups.select(
        ["no_cell", "cell_key", *(["late"] if late else [])]
    ).to_pydict()
    cells = zip(columns["no_cell"], columns["cell_key"], strict=True)
    bad = any(not no_cell and keys.unpack_cell(int(key))["good"] == -1 for no_cell, key in cells)
    return bad or (late and any(columns["late"]))
