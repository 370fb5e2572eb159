"""The history of prices against independent lists, as each stood on 20 random days.

``price_lists.csv`` holds what they said of the offers of six makers [USD per 1M tokens]: the callbacks of
LangChain (MIT), FLAML, AutoGen and AG2 (MIT, Apache-2.0), Langfuse's default prices (MIT), models.dev (MIT)
and Portkey's list (MIT), each from its last release or commit of that day. One day was drawn (seed 16) from
each twentieth of 2023-03-14 to 2026-08-21. A draw before it (seed 15) found some 30 wrong prices and 100 late
first days, which were mended with these lists as sources; these days were drawn afterwards. LangChain,
AutoGen and Langfuse cover 2024, in which the list that the history rests on has no releases.
"""

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from breakeven.tables.ends import api_ends
from breakeven.tables.names import names_on, resolve

HERE = Path(__file__).parent
Price = tuple[float, float]


def rows(name):
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Said:
    """What one list says of one name on one day, and what our tables say."""

    day: str
    list: str
    name: str
    theirs: Price
    offer: str | None
    ours: Price | None
    known: bool
    """A price of the offer, of any day, is in the tables."""
    ended: bool
    older: frozenset[Price]
    """Prices of the offer from before the one in force."""

    @property
    def same(self):
        return self.ours is not None and self.ours == pytest.approx(self.theirs, rel=1e-5)


@pytest.fixture(scope="module")
def said(connection):
    sql = (
        "SELECT valid_from, valid_to, input_usd_per_mtok, output_usd_per_mtok FROM api_prices "
        "WHERE api_offer_id = ? AND processing = 'standard' AND tier_above_tokens = 0 ORDER BY valid_from"
    )

    @cache
    def prices(offer):
        return connection.cursor().execute(sql, [offer]).fetchall()

    ends = {offer: end.ends_on for offer, end in api_ends(connection).items()}
    names = cache(lambda day: names_on(connection, day))

    def read(row):
        day = date.fromisoformat(row["day"])
        offer = f"{row['maker']}/{row['name']}"
        if not prices(offer):
            found = resolve(row["name"], row["maker"], names(day))
            offer = found.offer_id if found.factor == 1 and not found.stand_in else None
        before = [price for price in prices(offer) if price[0] <= day] if offer else []
        money = [tuple(float(side or 0) for side in price[2:]) for price in before]
        ended = offer in ends and ends[offer] <= day
        held = bool(before) and not ended and (before[-1][1] is None or day < before[-1][1])
        return Said(
            row["day"], row["list"], row["name"], (float(row["input"]), float(row["output"])), offer,
            money[-1] if held else None, bool(offer and prices(offer)), ended, frozenset(money[:-1]),
        )  # fmt: skip

    return [read(row) for row in rows("price_lists")]


def unexplained(said):
    """Differences that neither an older price of ours nor another list of the day explains."""
    votes = defaultdict(lambda: defaultdict(set))
    for one in said:
        votes[one.day, one.offer][one.theirs].add(one.list)
    for one in said:
        if one.ours is None or one.same or one.theirs in one.older:
            continue
        if len(votes[one.day, one.offer][one.ours]) < len(votes[one.day, one.offer][one.theirs]):
            yield one


def test_each_of_20_days_is_covered_and_most_of_2024_and_after_by_three_lists(said):
    lists = defaultdict(set)
    for one in said:
        lists[one.day].add(one.list)
    assert len(lists) == 20
    assert sum(len(names) >= 2 for names in lists.values()) >= 19
    assert sum(len(names) >= 3 for day, names in lists.items() if day > "2024") >= 12
    assert all(len(names) >= 3 for day, names in lists.items() if day.startswith("2024"))


def test_prices_agree_with_independent_lists_on_random_days(said):
    """Nine of ten rows agree outright; the lists are slow, and each has slips of its own."""
    held = [one for one in said if one.ours is not None]
    assert len(held) > 3000
    assert sum(one.same for one in held) / len(held) > 0.9
    for day in {one.day for one in held}:
        of_day = [one for one in held if one.day == day]
        assert sum(one.same for one in of_day) / len(of_day) > 0.85, day


def test_every_disagreement_is_an_older_price_of_ours_outvoted_or_has_a_reason(said):
    reasons = {(row["name"], row["list"]): row["reason"] for row in rows("price_lists_reasons")}
    left = {(one.name, one.list) for one in unexplained(said)}
    assert {name for name in left if name not in reasons} == set()
    assert set(reasons) - left == set()


def test_what_two_lists_price_has_a_price_or_an_end(said):
    """A name that is no offer of ours on any day is a matter of coverage, not of history."""
    missing = defaultdict(set)
    for one in said:
        if one.known and one.ours is None and not one.ended:
            missing[one.day, one.name].add(one.list)
    assert Counter(name for (_, name), lists in missing.items() if len(lists) > 1) == {}
