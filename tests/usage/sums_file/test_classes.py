"""Lengths that a file does not have: what is known stays exact, the rest is a range that holds the truth."""

from bisect import bisect_left
from dataclasses import replace

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.apis.workloads import price_workload
from breakeven.usage.read import read_workload
from breakeven.usage.sql import BINS_PER_E, Edges
from breakeven.usage.sums_file.bins import BINS, STARTS, bin_of, first_of, last_of
from breakeven.usage.sums_file.classes import Classes
from tests.builders import TODAY
from tests.usage.sums_file.answers import ROW, generated, prices, write_log, written

LENGTHS = st.lists(st.integers(1, 300), unique=True, max_size=8).map(sorted)


@given(mine=LENGTHS, wanted=LENGTHS, value=st.integers(0, 320), slack=st.integers(0, 50))
def test_value_is_always_within_its_classes(mine, wanted, value, slack):
    above = max((one for one in mine if one < value), default=0)
    right = bisect_left(wanted, value)
    classes = Classes(mine=mine, wanted=wanted)
    least, most = max(value - slack, 0), value + slack
    fewest, furthest = classes.of(above, least, most)
    assert fewest <= right <= furthest
    if set(wanted) <= set(mine):
        assert fewest == furthest


def test_bins_are_those_of_the_statements_at_every_border():
    """By whole numbers here, by logarithms in the statements: equal where a bin begins, before and after."""
    lengths = sorted({max(start + step, 0) for start in STARTS for step in (-1, 0, 1)})
    with duckdb.connect() as connection:
        for kind, most in (("INTEGER", 2**31 - 2), ("BIGINT", 2**39), ("DOUBLE", 2**39)):
            for length in (one for one in lengths if one <= most):
                row = connection.execute(
                    f"SELECT CAST(FLOOR(LN(CAST(? AS {kind}) + 1) * {BINS_PER_E!r}) AS INTEGER)", [length]
                ).fetchone()
                assert row == (bin_of(length),), (kind, length)


@pytest.mark.parametrize("number", [0, 1, 4, 11, 12, 40, 96, BINS - 2])
def test_first_and_last_length_of_a_bin_are_in_it(number):
    first, last = first_of(number), last_of(number)
    assert bin_of(first) == bin_of(last) >= number
    assert bin_of(last + 1) > bin_of(first) > bin_of(first - 1) or first == 0


def fewer(edges, taken):
    """A price list of another day, without some lengths."""
    return Edges(
        tiers=tuple(one for one in edges.tiers if one not in taken),
        contexts=tuple(one for one in edges.contexts if one not in taken),
    )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=20))
def test_new_lengths_give_a_range_that_holds_every_true_bill(rows, tmp_path, tables, edges):
    log = write_log(tmp_path / "log.csv", rows)
    old = fewer(edges, {128_000, 200_000, 256_000, 272_000, 131_072, 262_144, 1_000_000, 1_048_576})
    path = written(read_workload(log, edges=old), tmp_path / "sums.csv")
    right, sums = read_workload(log, edges=edges), read_workload(path, edges=edges)
    true = {one.offer.api_offer_id: one for one in price_workload(right, tables, TODAY).offers}
    high = price_workload(sums, tables, TODAY)
    low = price_workload(replace(sums, cells=sums.shorter or sums.cells, shorter=()), tables, TODAY)
    lows = {one.offer.api_offer_id: one for one in low.offers}
    for one in high.offers:
        exact, other = true[one.offer.api_offer_id], lows[one.offer.api_offer_id]
        assert other.requests_not_served <= exact.requests_not_served <= one.requests_not_served
        if other.requests_not_served == one.requests_not_served:
            ends = sorted((one.usd, other.usd))
            assert ends[0] <= exact.usd <= ends[1]
        told = any("The sums do not tell all lengths" in note for note in one.notes)
        assert told == ((one.usd, one.requests_not_served) != (other.usd, other.requests_not_served))


def test_which_lengths_are_not_told_apart_is_said(tmp_path, tables, edges):
    log = tmp_path / "log.csv"
    log.write_text(
        "model,input_tokens,output_tokens,timestamp\n"
        + "".join(f"gemini-2.5-pro,{tokens},10,1790000000\n" for tokens in (197_000, 201_000))
    )
    path = written(read_workload(log, edges=fewer(edges, {199_999, 200_000})), tmp_path / "sums.csv")
    sums = read_workload(path, edges=edges)
    assert any("prices change in this price list (199,999, 200,000 tokens)" in note for note in sums.notes)
    assert any("199,999, 200,000 tokens" in text for text in sums.withheld)
    priced = price_workload(sums, tables, TODAY)
    assert any("The list price of the models used is between $" in note for note in priced.notes)


def test_fewer_lengths_than_the_file_has_are_exact(tmp_path, tables, edges):
    log = write_log(tmp_path / "log.csv", generated(400))
    path = written(read_workload(log, edges=edges), tmp_path / "sums.csv")
    old = fewer(edges, {128_000, 272_000, 131_072})
    sums = read_workload(path, edges=old)
    assert not sums.shorter
    assert prices(sums, tables) == prices(read_workload(log, edges=old), tables)
