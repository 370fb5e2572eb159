"""Older prices to the day: which source decides, and how sure the answer is."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.paths import DATA
from breakeven.tables import daily, queries
from breakeven.tables.exports import Processing
from breakeven.tables.names import names_on, resolve
from breakeven.tables.releases import COLUMNS
from tests.builders import csv_rows

FLAGSHIPS = {
    "gpt-5.6": ("openai/gpt-5.6", 5, 30),
    "claude-opus-5": ("anthropic/claude-opus-5", 5, 25),
    "claude-sonnet-5": ("anthropic/claude-sonnet-5", 2, 10),
    "gemini-3.6-flash": ("google/gemini-3.6-flash", Decimal("1.5"), Decimal("7.5")),
    "grok-4.5": ("x-ai/grok-4.5", 2, 6),
}
"""Names and prices [USD per 1e6 tokens] on 2026-08-05; Sonnet 5 at its price of the launch."""


def listed(day, prices="", *, gone=False):
    inputs, _, outputs = prices.partition("/")
    money = {"input_usd_per_mtok": inputs, "output_usd_per_mtok": outputs}
    row = dict.fromkeys(COLUMNS, "") | money | {"provider": "p", "api_model": "m", "valid_from": day}
    return row | {
        "gone": str(gone).lower(),
        "release": "1.0",
        "key": "m",
        "source_id": "litellm-history-daily",
    }


def told(day, prices, *, kind="first-seen", source="litellm-catalogues", **more):
    inputs, _, outputs = prices.partition("/")
    row = dict.fromkeys(
        ("valid_to", "last_seen", "flag", "notes", "cache_read_usd_per_mtok", "context_tokens"), ""
    )
    row |= {"provider": "p", "api_model": "m", "valid_from": day, "valid_from_kind": kind, "checked": "false"}
    return row | {"source_id": source, "input_usd_per_mtok": inputs, "output_usd_per_mtok": outputs, **more}


def timeline(history, changes):
    lines = sorted(daily.in_one_line(history, changes), key=lambda line: line["valid_from"])
    return [
        f"{line['valid_from']} {line['input_usd_per_mtok']}/{line['output_usd_per_mtok']}"
        + (f" to {line['valid_to']}" if line["valid_to"] else "")
        for line in lines
    ]


def test_the_days_of_the_list_overrule_a_sample_of_its_releases():
    assert timeline(
        [told("2026-09-15", "1/2")], [listed("2026-08-03", "1/2"), listed("2026-09-14", "3/4")]
    ) == [
        "2026-08-03 1/2",
        "2026-09-14 3/4",
    ]


def test_a_published_price_holds_against_a_list_that_lags_until_it_has_another_one():
    published = told("2025-02-16", "0.5/1.5", kind="published", source="maker")
    changes = [listed("2024-12-01", "1.5/2"), listed("2025-03-01", "1.5/2"), listed("2025-09-01", "0.4/1.5")]
    assert timeline([published], changes) == ["2024-12-01 1.5/2", "2025-02-16 0.5/1.5", "2025-09-01 0.4/1.5"]


def test_in_the_gap_another_list_speaks_and_after_it_the_list_again():
    history = [
        told("2024-04-15", "3/4", source="tokencost-catalogues"),
        told("2024-12-01", "7/8", source="tokencost-catalogues"),
    ]
    changes = [listed("2023-11-18", "1/2")]
    assert timeline(history, changes) == ["2023-11-18 1/2", "2024-04-15 3/4", "2024-11-28 1/2"]
    notes = [line["notes"] for line in daily.in_one_line(history, changes)]
    assert notes == [daily.BEFORE_GAP, daily.IN_GAP, daily.AFTER_GAP]


def test_an_offer_that_leaves_the_list_ends_unless_it_is_soon_back():
    gone = [listed("2025-01-01", "1/2"), listed("2025-02-01", gone=True)]
    assert timeline([], gone) == ["2025-01-01 1/2 to 2025-02-01"]
    assert timeline([], [*gone, listed("2025-02-20", "1/2")]) == ["2025-01-01 1/2", "2025-02-20 1/2"]
    assert timeline([], [*gone, listed("2025-06-01", "1/2")])[0].endswith("to 2025-02-01")


def test_a_published_price_and_one_of_the_list_on_one_day_are_the_published_one():
    published = told("2025-02-16", "0.5/1.5", kind="published", source="maker")
    assert timeline([published], [listed("2025-02-16", "9/9")]) == ["2025-02-16 0.5/1.5"]


DAYS = st.dates(date(2023, 10, 20), date(2026, 11, 20)).map(date.isoformat)
PRICES = st.sampled_from(["1/2", "3/4", "0/0", "0.5/1.5"])


@given(
    st.dictionaries(DAYS, PRICES, max_size=6),
    st.dictionaries(DAYS, st.none() | PRICES, min_size=1, max_size=6),
)
def test_every_day_has_one_row_whatever_the_sources_say(history, changes):
    samples = [told(day, prices, source="tokencost-catalogues") for day, prices in history.items()]
    rows = [listed(day, prices or "", gone=prices is None) for day, prices in sorted(changes.items())]
    lines = daily.in_one_line(samples, rows)
    days = [line["valid_from"] for line in lines]
    assert days == sorted(set(days))
    for line, following in pairwise(lines):
        assert not line["valid_to"] or line["valid_from"] < line["valid_to"]
        assert following["valid_from"] > line["valid_from"]


@pytest.mark.parametrize("name", FLAGSHIPS)
def test_the_flagships_of_a_week_have_the_price_of_that_week(connection, name):
    day = date(2026, 8, 5)
    offer, inputs, outputs = FLAGSHIPS[name]
    assert resolve(name, None, names_on(connection, day)).offer_id == offer
    (found,) = [row for row in queries.api_offers_on(connection, day) if row.api_offer_id == offer]
    assert (found.tiers[0].input_usd_per_mtok, found.tiers[0].output_usd_per_mtok) == (inputs, outputs)


def test_no_two_rows_of_an_offer_hold_on_one_day(connection):
    """Ends and first days leave one price for each offer, processing and tier, on any day since 2023-03."""
    day = date(2023, 3, 14)
    while day < date(2026, 11, 30):
        for processing in Processing:
            offers = queries.api_offers_on(connection, day, processing)
            keys = [(offer.api_offer_id, tier.above_tokens) for offer in offers for tier in offer.tiers]
            assert len(keys) == len(set(keys)), (day, processing)
            assert keys or processing is not Processing.STANDARD
        day += timedelta(days=83)


def test_euros_are_not_carried_as_dollars_and_two_wrong_prices_ended(connection):
    rows = csv_rows(DATA / "api_prices_daily.csv")
    assert not [row for row in rows if "ovhcloud" in (row["provider"] + row["key"])]
    today = {
        offer.api_offer_id: (offer.tiers[0].input_usd_per_mtok, offer.tiers[0].output_usd_per_mtok)
        for offer in queries.api_offers_on(connection, date(2026, 11, 30))
    }
    assert today["deepinfra/google/gemma-4-31B-it"] == (Decimal("0.2"), Decimal("0.4"))
    assert today["deepinfra/deepseek-ai/DeepSeek-V4-Flash-0731"] == (Decimal("0.06"), Decimal("0.18"))


def test_the_samples_of_the_same_list_agree_with_its_days():
    """1,831 rows, read from 17 releases: what the list says on those days is what the samples had."""
    history, changes = csv_rows(DATA / "api_prices_history.csv"), csv_rows(DATA / "api_prices_daily.csv")
    by_offer = {}
    for row in sorted(changes, key=lambda row: row["valid_from"]):
        by_offer.setdefault((row["provider"], row["api_model"]), []).append(row)
    compared, other = 0, []
    for row in history:
        if row["source_id"] != "litellm-catalogues" or row["checked"] == "true":
            continue
        held = [
            c
            for c in by_offer.get((row["provider"], row["api_model"]), [])
            if c["valid_from"] <= row["valid_from"]
        ]
        if held:
            compared += 1
            pair = [
                [float(r[f"{side}_usd_per_mtok"] or -1) for side in ("input", "output")]
                for r in (row, held[-1])
            ]
            other += [] if pair[0] == pair[1] else [(row["provider"], row["api_model"], row["valid_from"])]
    assert compared > 1700
    assert len(other) <= 0.03 * compared, other
