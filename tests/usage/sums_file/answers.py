"""Everything that a workload is answered with, for comparison, and logs that anybody could have."""

import random
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import strategies as st

from breakeven.apis.paid import explain_paid
from breakeven.apis.workloads import cost_rows, price_workload
from breakeven.comparison.ladder import USED, ladder_of
from breakeven.hosting.workloads import host_workload
from breakeven.tables.day import read_tables
from breakeven.tables.scores import scores_in
from breakeven.usage.sums_file.write import write_sums
from breakeven.views.workload.program import as_json
from tests.builders import DEFAULT, TODAY

_OF_THE_FILE = ("recognised", "formats", "notes", "withheld", "problems")
"""What an answer says of the file and not of the requests in it."""

ROW = st.tuples(
    st.sampled_from(["gpt-4o", "gemini-2.5-pro", "claude-sonnet-4-5", "mystery", "日本"]),
    st.integers(0, 1_200_000) | st.integers(0, 600),
    st.integers(0, 400_000) | st.just(0),
    st.integers(0, 60_000) | st.integers(0, 70),
    st.sampled_from(["standard", "batch", "flex"]),
    st.integers(1, 10**6) | st.just(1),
    st.sampled_from(["alice", "bob", ""]),
    st.none() | st.integers(0, 10**6),
    st.integers(0, 40 * 86_400),
)


def write_log(path: Path, rows, *, times=True) -> Path:
    """A log of requests."""
    head = "model,input_tokens,cache_read_input_tokens,output_tokens,processing,count,user,cost,timestamp\n"
    lines = [
        ",".join(
            [
                *map(str, row[:7]),
                "" if row[7] is None else str(row[7] / 1000),
                str(1_790_000_000 + row[8]) if times else "",
            ]
        )
        for row in rows
    ]
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def written(workload, path: Path, **options) -> Path:
    """The sums file of a workload."""
    write_sums(workload, path, **options)
    return path


def same(one, other, where="answer"):
    """Hold two answers against each other: floating point to the ninth digit, all else exactly."""
    if isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12), where
    elif isinstance(one, dict) and isinstance(other, dict):
        assert list(one) == list(other), where
        for key in one:
            same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        assert len(one) == len(other), where
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            same(a, b, f"{where}[{number}]")
    elif is_dataclass(one) and type(one) is type(other):
        same(
            [getattr(one, f.name) for f in fields(one)],
            [getattr(other, f.name) for f in fields(other)],
            where,
        )
    else:
        assert one == other, where


def prices(workload, tables, day=TODAY):
    """Every offer's bill to the last digit, and the models' own."""
    priced = price_workload(workload, tables, day)
    return (
        [(one.offer.api_offer_id, one.prompt_usd, one.completion_usd, one.requests_not_served, one.notes)
         for one in priced.offers],
        [(row.model, row.tokens, row.list_usd, row.paid_usd, row.without_price) for row in priced.models],
        priced.list_usd,
        priced.ends,
    )  # fmt: skip


def over_time(workload, tables, day=TODAY):
    """Cost by hour, day and tenant."""
    hours, days, tenants = (cost_rows(workload, tables, day, by=by) for by in ("hour", "day", "tenant"))
    return [hours, days, sorted(tenants, key=lambda row: str(row.key))]


def whole_answer(workload, tables, day=TODAY):
    """What ``breakeven price --json`` says of requests: bills, deployments, ladder, what was paid, link."""
    priced = price_workload(workload, tables, day)
    rows = read_tables(tables, day)
    hosting = host_workload(workload, rows, DEFAULT)
    ladder = ladder_of(priced, hosting, tables, scores_in(tables), USED)
    said = as_json(priced, hosting, ladder, rows.sources, None, explain_paid(priced, tables))
    return {key: value for key, value in said.items() if key not in _OF_THE_FILE}


def generated(rows: int, seed: int = 1, models=("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro")):
    """Rows of a log by chance, always the same."""
    chance = random.Random(seed)
    return [
        (
            chance.choice(models),
            int(chance.lognormvariate(7, 2)) % 900_000,
            chance.randint(0, 100),
            int(chance.lognormvariate(5, 1.5)) % 60_000,
            chance.choice(("standard", "standard", "batch")),
            1,
            chance.choice(("alice", "bob")),
            None,
            chance.randint(0, 30 * 86_400),
        )
        for _ in range(rows)
    ]
