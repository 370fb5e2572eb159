"""Every kind of JSON reads as its provider documents it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from breakeven.usage.formats import Grain
from breakeven.usage.gather import Source, gather
from breakeven.usage.gathered import Gathered
from breakeven.usage.limits import Limits
from tests.usage.gather.cases import AGENTS, BENCHMARKS, GATEWAYS, MORE, RESPONSES, SPANS, YET_MORE, Case

COLUMNS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")


def read(folder: Path, *texts: str) -> Gathered | None:
    """Gather texts as files of one folder."""
    sources = []
    for number, text in enumerate(texts):
        path = folder / f"given{number}.json"
        path.write_text(text, encoding="utf-8")
        sources.append(Source(path=path, name=path.name))
    return gather(sources, folder, Limits())


def rows_of(got: Gathered) -> list[dict[str, str]]:
    """What was written."""
    with got.path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sums_of(rows: list[dict[str, str]]) -> tuple[int, ...]:
    """Tokens by how they are billed."""
    return tuple(sum(int(row[name]) for row in rows) for name in COLUMNS)


def holds(got: Gathered, rows: list[dict[str, str]]) -> bool:
    """Nothing is dropped in silence."""
    return got.seen == len(rows) + sum(got.left_out.values()) + len(got.rejected) and got.rows == len(rows)


@pytest.mark.parametrize(
    "one", [*AGENTS, *RESPONSES, *SPANS, *GATEWAYS, *BENCHMARKS, *MORE, *YET_MORE], ids=lambda one: one.name
)
def test_file_reads_as_its_provider_documents_it(one: Case, tmp_path: Path) -> None:
    got = read(tmp_path, *one.files)
    assert got is not None
    rows = rows_of(got)
    assert sums_of(rows) == one.want, (got.left_out, got.decisions)
    assert len(rows) == one.rows, got.left_out
    assert holds(got, rows)
    assert not got.rejected
    assert (got.grain is Grain.BUCKET) == one.bucket
    if one.requests is not None:
        assert sum(int(row["n_requests"]) for row in rows) == one.requests
    if one.paid is not None:
        assert sum(float(row["cost"] or 0) for row in rows) == pytest.approx(one.paid)
    for name, value in (("model", one.model), ("ts", one.ts)):
        assert value is None or rows[0][name] == value
    assert one.kind is None or got.kind_id == one.kind
