"""No offer past its end is in force anywhere, and its successor is known."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.apis.bills import bills_of, group_of
from breakeven.apis.shapes import bills_of as shape_bills
from breakeven.paths import DATA
from breakeven.tables import queries
from breakeven.tables.ends import api_ends, successor_on, with_ends
from breakeven.tables.sheet import Sheet
from breakeven.usage.sql import Edges
from breakeven.usage.sums import Tokens
from tests.builders import csv_rows

ENDS = {row["api_offer_id"]: date.fromisoformat(row["ends_on"]) for row in csv_rows(DATA / "api_ends.csv")}
DAYS = st.one_of(
    st.sampled_from(sorted(set(ENDS.values()))),
    st.sampled_from(sorted(day - timedelta(days=1) for day in set(ENDS.values()))),
    st.dates(date(2025, 6, 1), date(2028, 6, 1)),
)
GROUP = group_of(
    0, None, tier=0, context=-1, edges=Edges(tiers=(), contexts=()), tokens=Tokens(requests=1, output=9)
)


@settings(deadline=None, max_examples=40)
@given(DAYS)
def test_no_offer_past_its_end_is_ranked_on_any_day(connection, day):
    past = {offer for offer, end in ENDS.items() if end <= day}
    ranked = {offer for offer, _ in bills_of(connection, day, [GROUP])}
    offers = queries.api_offers_on(connection, day)
    usd, _ = shape_bills(offers, prompt=np.ones(1), completion=np.ones(1), cached=np.zeros(1))
    assert len(usd) == len(offers)
    listed = {offer.api_offer_id for offer in offers} | set(queries.input_prices_on(connection, day))
    assert not past & (ranked | listed)
    for offer in offers:
        assert offer.ends_on is None or day < offer.ends_on


def test_an_offer_is_in_force_on_the_eve_of_its_end(connection):
    """Every end that the tables hold takes an offer away that was there a day before, but for embeddings."""
    gone = 0
    for offer, end in ENDS.items():
        eve = {one.api_offer_id for one in queries.api_offers_on(connection, end - timedelta(days=1))}
        gone += offer in eve
        if gone >= 25:
            return
    pytest.fail(f"only {gone} offers were in force before their end")


def sheet(*rows):
    columns = ("api_offer_id", "processing", "valid_from", "valid_from_kind", "valid_to", "tier_above_tokens")
    return Sheet("api_prices", columns, list(range(1, len(rows) + 1)), [list(row) for row in rows])


def test_a_price_read_after_the_end_is_the_last_before_it():
    ends = Sheet("api_ends.csv", ("api_offer_id", "ends_on"), [2], [["a/x", "2026-07-24"]])
    undated = sheet(["a/x", "standard", "2026-11-10", "catalogue", None, "0"])
    assert with_ends(undated, ends).rows == [
        ["a/x", "standard", "2026-07-23", "catalogue", "2026-07-24", "0"],
    ]


def test_a_price_of_the_time_before_stands_and_later_ones_go():
    """DeepSeek's V3 names: a catalogue listed an older price again after they had ended."""
    ends = Sheet("api_ends.csv", ("api_offer_id", "ends_on"), [2], [["a/x", "2026-07-24"]])
    prices = sheet(
        ["a/x", "standard", "2025-09-05", "dated", None, "0"],
        ["a/x", "standard", "2026-11-10", "catalogue", None, "0"],
        ["a/x", "batch", "2026-10-14", "dated", None, "0"],
        ["a/y", "standard", "2026-11-10", "catalogue", None, "0"],
    )
    assert with_ends(prices, ends).rows == [
        ["a/x", "standard", "2025-09-05", "dated", "2026-07-24", "0"],
        ["a/y", "standard", "2026-11-10", "catalogue", None, "0"],
    ]


@given(st.lists(st.dates(date(2025, 1, 1), date(2027, 1, 1)), min_size=1, unique=True), st.data())
def test_something_remains_of_every_offer_and_nothing_from_its_end_on(days, data):
    end = data.draw(st.dates(date(2025, 2, 1), date(2026, 12, 1)))
    rows = [["a/x", "standard", str(day), "dated", None, "0"] for day in sorted(days)]
    kept = with_ends(
        sheet(*rows), Sheet("api_ends.csv", ("api_offer_id", "ends_on"), [2], [["a/x", str(end)]])
    )
    assert kept.rows
    assert all(row[2] < str(end) for row in kept.rows)
    assert kept.rows[-1][4] == str(end)


def test_a_successor_that_ended_too_is_followed(connection):
    ends = api_ends(connection)
    assert successor_on("openai/gpt-5-chat", date(2026, 8, 1), ends) == "openai/gpt-5.2-chat-latest"
    assert successor_on("openai/gpt-5-chat", date(2026, 11, 21), ends) == "openai/gpt-5.6-sol"
    assert successor_on("deepseek/deepseek-chat", date(2026, 11, 21), ends) is None
    assert successor_on("openai/no-such", date(2026, 11, 21), ends) is None
