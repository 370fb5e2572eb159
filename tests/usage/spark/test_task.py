"""What a task adds up does not hang on how rows fall into tasks and chunks."""

import random
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.apis.workloads import price_edges
from breakeven.tables.build import open_memory
from breakeven.usage.from_sums import Reading
from breakeven.usage.limits import limits_from
from breakeven.usage.open_table import open_table
from breakeven.usage.read import read_workload
from breakeven.usage.route import recognised
from breakeven.usage.spark import engine
from breakeven.usage.spark.task import Job, Part, added_up, chunks
from breakeven.usage.spool import Plain, Unreadable
from tests.usage.spark.logs import write_log

EDGES = price_edges(open_memory())
LIMITS = limits_from({})


@contextmanager
def job_of(path, folder):
    with open_table(Plain(path=path, parquet=True), None, LIMITS, folder) as opened:
        yield (
            opened,
            Job(table=opened.table, found=recognised(opened.table, None), edges=EDGES, limits=LIMITS),
        )


def by_parts(path, folder, pieces):
    """The workload of a file whose rows lie in several tasks, each with chunks."""
    with job_of(path, folder) as (opened, job):
        parts = []
        for number, several in enumerate(pieces, start=1):
            inner = folder / f"part{number}"
            inner.mkdir(exist_ok=True)
            part = Part(job, number, inner)
            for chunk in several:
                part.add(chunk)
            parts += list(part.groups())
        merged = added_up(pa.Table.from_batches(parts))
        found = engine.Groups(merged=merged, minutes=job.minutes, tenants=True)
        asked = Reading(found=job.found, file=path, name=path.name, edges=EDGES, limits=LIMITS)
        return engine.workload_of_groups(found, opened, asked, job)


def alike(one, other):
    """What two workloads say, the order of their groups and the step of time apart."""
    for name in ("cells", "tenants", "minutes"):
        assert sorted(getattr(one, name), key=repr) == sorted(getattr(other, name), key=repr)
    for name in (
        "rows_read",
        "rows_rejected",
        "rows_skipped",
        "tokens",
        "longest",
        "first_s",
        "last_s",
        "paid_usd",
    ):
        assert getattr(one, name) == getattr(other, name), name


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 4_999), max_size=5), seed=st.integers(0, 9))
def test_groups_are_those_of_the_whole_file_however_rows_fall_into_tasks(tmp_path_factory, cuts, seed):
    folder = tmp_path_factory.mktemp("log")
    path = write_log(folder / "log.parquet", 5_000)
    table = pq.read_table(path)
    ends = [0, *sorted(cuts), table.num_rows]
    pieces = [table.slice(start, end - start) for start, end in pairwise(ends) if end > start]
    tasks = [[] for _ in range(3)]
    for piece in random.Random(seed).sample(pieces, len(pieces)):
        random.Random(seed).choice(tasks).append(piece)
    found = by_parts(path, folder, [task for task in tasks if task])
    alike(found, read_workload(path, edges=EDGES, limits=LIMITS))
    assert found.rows_rejected == 15


def test_bad_rows_are_shown_with_their_part_row_column_and_value(tmp_path):
    path = write_log(tmp_path / "log.parquet", 3_000)
    table = pq.read_table(path)
    found = by_parts(path, tmp_path, [[table.slice(0, 1_500)], [table.slice(1_500, 500), table.slice(2_000)]])
    bad = [(one.file, one.line, one.column, one.value) for one in found.problems]
    assert ("part 1", 8, "input_tokens", "") in bad
    assert ("part 1", 9, "input_tokens", "-5") in bad
    assert ("part 2", 509, "input_tokens", "-5") in bad
    assert len(bad) == found.rows_rejected == 9


def test_a_part_of_no_good_row_is_counted_as_bad(tmp_path):
    path = write_log(tmp_path / "log.parquet", 1_000)
    table = pq.read_table(path)
    bad = table.slice(7, 2)
    found = by_parts(path, tmp_path, [[table.slice(0, 7)], [bad], [table.slice(9)]])
    assert found.rows_read == 1_000
    assert found.rows_rejected == 3
    with pytest.raises(Unreadable, match="None of the 2 rows can be read"):
        by_parts(path, tmp_path, [[bad]])


def test_chunks_hold_every_row_once_and_about_so_many_bytes():
    batches = pa.table({"x": list(range(10_000))}).to_batches(max_chunksize=100)
    empty = batches[0].slice(0, 0)
    found = list(chunks(iter([empty, *batches, empty]), most=8_000))
    assert [row for one in found for row in one.column("x").to_pylist()] == list(range(10_000))
    assert all(one.num_rows <= 1_100 for one in found)
    assert list(chunks(iter([empty]))) == []


def test_texts_that_price_nothing_are_not_read(tmp_path):
    class Rows:
        """As much of Spark's rows as choosing their columns takes."""

        def __init__(self, table):
            self.table = table

        def limit(self, rows):
            return Rows(self.table.slice(0, rows))

        def toArrow(self):  # noqa: N802
            return self.table

        def select(self, *names):
            return Rows(self.table.select([name.strip("`") for name in names]))

    table = pq.read_table(write_log(tmp_path / "log.parquet", 2_000))
    rows, sample = engine.needed(Rows(table), tmp_path, None, LIMITS)
    assert set(table.column_names) - set(rows.table.column_names) == {"prompt"}
    assert pq.read_table(sample).num_rows == engine.SAMPLE


def test_limits_of_groups_hold_for_groups_of_spark_too(tmp_path):
    path = write_log(tmp_path / "log.parquet", 2_000)
    with job_of(path, tmp_path) as (opened, job):
        part = Part(job, 1, tmp_path)
        part.add(pq.read_table(path))
        merged = pa.Table.from_batches(list(part.groups()))
        found = engine.Groups(merged=merged, minutes=job.minutes, tenants=True)
        few = replace(LIMITS, groups=10)
        asked = Reading(found=job.found, file=path, name="log", edges=EDGES, limits=few)
        with pytest.raises(Unreadable, match="more groups than the limit of 10 groups"):
            engine.workload_of_groups(found, opened, asked, job)
