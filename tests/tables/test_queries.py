"""Questions to the shipped tables: what was in force on a day."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.paths import DATA
from breakeven.tables import price_queries, queries
from tests.builders import TODAY

DAY = timedelta(days=1)
quick = settings(deadline=None, max_examples=60)


@pytest.fixture
def scalar(connection):
    """One value of an inline query."""
    return lambda sql, **values: connection.cursor().execute(sql, values).fetchone()[0]


@pytest.fixture
def price(connection):
    """Prices of one API offer on a day, as (input, output); None where it is not in force."""

    def look_up(offer_id: str, day: date, processing: str = "standard"):
        for offer in queries.api_offers_on(connection, day, processing):
            if offer.api_offer_id == offer_id:
                return offer.tiers[0].input_usd_per_mtok, offer.tiers[0].output_usd_per_mtok
        return None

    return look_up


def usd(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


# API prices


@pytest.mark.parametrize(
    ("offer_id", "first_day", "before", "after"),
    [
        # OpenAI, "Function calling and other API updates", 2023-06-13: $0.0015 and $0.002 per 1K.
        ("openai/gpt-3.5-turbo", date(2023, 6, 13), ("2", "2"), ("1.5", "2")),
        # OpenAI, "New embedding models and API updates": $0.0005 and $0.0015 per 1K, from 2024-02-16.
        ("openai/gpt-3.5-turbo", date(2024, 2, 16), ("1.5", "2"), ("0.5", "1.5")),
        # OpenAI, GPT-4o of 2024-08-06 behind the plain name from 2024-10-02.
        ("openai/gpt-4o", date(2024, 10, 2), ("5", "15"), ("2.5", "10")),
        # OpenAI, GPT-4 announced on 2023-03-14: $0.03 and $0.06 per 1K.
        ("openai/gpt-4", date(2023, 3, 14), None, ("30", "60")),
    ],
)
def test_price_change_takes_effect_on_its_first_day(price, offer_id, first_day, before, after):
    assert price(offer_id, first_day - DAY) == (None if before is None else usd(*before))
    assert price(offer_id, first_day) == usd(*after)


def test_a_price_that_ended_is_in_force_up_to_the_day_before(price):
    # Claude 2.1 at $8 and $24 was retired by Anthropic on 2025-07-21.
    assert price("anthropic/claude-2.1", date(2025, 7, 20)) == usd("8", "24")
    assert price("anthropic/claude-2.1", date(2025, 7, 21)) is None


def test_nothing_is_in_force_before_the_first_price(connection):
    assert queries.api_offers_on(connection, date(2020, 1, 1)) == []
    assert queries.gpu_offers_on(connection, date(2020, 1, 1)) == []


def test_batch_prices_are_asked_for_apart(price):
    # OpenAI, "Batch API": half the standard price.
    assert price("openai/gpt-4o", TODAY) == usd("2.5", "10")
    assert price("openai/gpt-4o", TODAY, "batch") == usd("1.25", "5")


@pytest.mark.parametrize("processing", ["standard", "batch"])
def test_tiers_stay_with_their_offer_and_ascend_from_zero(connection, processing):
    offers = queries.api_offers_on(connection, TODAY, processing)
    assert len({offer.api_offer_id for offer in offers}) == len(offers)
    assert max(len(offer.tiers) for offer in offers) > 1
    for offer in offers:
        assert offer.processing == processing
        assert offer.tiers[0].above_tokens == 0
        assert all(low.above_tokens < high.above_tokens for low, high in pairwise(offer.tiers))


def test_the_tiers_of_an_offer_are_those_of_the_price_list(connection):
    # Anthropic, "Pricing", Sonnet 4.5: $3 and $15 up to 200K input tokens, $6 and $22.50 above.
    offers = {offer.api_offer_id: offer for offer in queries.api_offers_on(connection, TODAY)}
    tiers = offers["anthropic/claude-sonnet-4-5"].tiers
    assert [(t.above_tokens, t.input_usd_per_mtok, t.output_usd_per_mtok) for t in tiers] == [
        (0, *usd("3", "15")),
        (200_000, *usd("6", "22.5")),
    ]
    assert [t.cache_read_usd_per_mtok for t in tiers] == list(usd("0.3", "0.6"))


def test_every_offer_in_force_has_a_price_in_and_out(connection):
    for offer in queries.api_offers_on(connection, TODAY):
        assert all(
            t.input_usd_per_mtok is not None and t.output_usd_per_mtok is not None for t in offer.tiers
        )


def test_an_offer_of_an_open_model_carries_its_key_and_variant(connection):
    offers = {offer.api_offer_id: offer for offer in queries.api_offers_on(connection, TODAY)}
    turbo = offers["deepinfra/meta-llama/Llama-3.3-70B-Instruct-Turbo"]
    assert (turbo.model_id, turbo.variant) == ("llama-3.3-70b", "turbo")
    closed = offers["openai/gpt-4o"]
    assert (closed.model_id, closed.variant) == (None, None)


def test_the_same_model_is_found_at_many_providers(connection):
    # data.md: Llama-3.3-70B has 17 offers under nine spellings in the catalogue alone.
    offers = [o for o in queries.api_offers_on(connection, TODAY) if o.model_id == "llama-3.3-70b"]
    assert len(offers) >= 17
    assert len({offer.api_model for offer in offers}) >= 9


def test_every_mapped_model_exists(connection):
    known = set(queries.models(connection))
    assert {o.model_id for o in queries.api_offers_on(connection, TODAY)} - {None} <= known


# GPU prices


def in_force(connection, offer_id: str, day: date) -> bool:
    return any(offer.gpu_offer_id == offer_id for offer in queries.gpu_offers_on(connection, day))


def test_a_rental_offer_is_in_force_from_its_first_day(connection):
    # Sanger 2023: $4.42/h for two A100-80GB, article of 2023-07-20.
    offer_id = "coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20"
    assert not in_force(connection, offer_id, date(2023, 7, 19))
    assert in_force(connection, offer_id, date(2023, 7, 20))


def test_a_rental_offer_no_longer_counts_after_500_days(connection):
    # CoreWeave's A100 SXM is not read again within that time.
    first_day = date(2023, 7, 20)
    offer_id = "coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20"
    last_day = first_day + timedelta(days=queries.GPU_OFFER_MAX_AGE_DAYS - 1)
    assert in_force(connection, offer_id, last_day)
    assert not in_force(connection, offer_id, last_day + DAY)


def test_a_newer_price_of_the_same_provider_and_kind_replaces_the_older(connection):
    # Lambda's H100 SXM was read on 2026-05-24, 2026-08-22 and 2026-10-01.
    old, new = "lambda-h100-sxm-on-demand-2026-08-22", "lambda-h100-sxm-x8-on-demand-2026-10-01"
    for day, one, other in ((date(2026, 9, 30), True, False), (date(2026, 10, 1), False, True)):
        assert in_force(connection, old, day) is one
        assert in_force(connection, new, day) is other


def test_an_offer_ends_when_a_later_complete_listing_lacks_it(connection):
    # Vultr's own list of 2026-08-22 no longer has the GH200 that was read on 2026-05-24.
    offer_id = "vultr-gh200-96-on-demand-2026-05-24"
    assert in_force(connection, offer_id, date(2026, 8, 21))
    for day in (date(2026, 8, 22), date(2026, 10, 1), TODAY):
        assert not in_force(connection, offer_id, day)


def rows_of(table: str) -> list[dict[str, str]]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ends() -> dict[str, date]:
    """Last day of each offer by the files alone, read without the tables."""
    complete = [row for row in rows_of("gpu_listings") if row["complete"] == "true"]
    return {
        row["gpu_offer_id"]: min(
            (
                date.fromisoformat(listing["read_on"]) - DAY
                for listing in complete
                if (listing["provider"], listing["price_type"]) == (row["provider"], row["price_type"])
                and listing["read_on"] > row["valid_from"]
            ),
            default=date.max,
        )
        for row in rows_of("gpu_prices")
    }


@quick
@given(st.dates(date(2023, 5, 8), date(2027, 12, 31)))
def test_no_offer_is_in_force_past_its_end(connection, day):
    last = ends()
    for offer in queries.gpu_offers_on(connection, day):
        assert day <= last[offer.gpu_offer_id], offer.gpu_offer_id
        assert offer.age_days == (day - offer.valid_from).days >= 0
    for row in price_queries.gpu_rows_on(connection, day):
        assert day <= last[row["gpu_offer_id"]]


@pytest.mark.parametrize("day", [date(2023, 10, 30), date(2025, 6, 1), date(2026, 6, 1), TODAY])
def test_offers_in_force_are_resolved_recent_and_the_newest_of_their_provider(connection, day):
    offers = queries.gpu_offers_on(connection, day)
    assert offers
    known = queries.gpus(connection)
    newest: dict[tuple[str, str, str], set[date]] = {}
    for offer in offers:
        assert offer.gpu_id in known
        assert offer.usd_per_gpu_hour > 0
        assert day - timedelta(days=500) < offer.valid_from <= day
        newest.setdefault((offer.provider, offer.gpu_id, offer.price_type), set()).add(offer.valid_from)
    assert all(len(days) == 1 for days in newest.values())


def test_listings_that_do_not_say_which_device_they_are_are_never_offered(connection):
    rows = connection.cursor().execute("SELECT gpu_offer_id, valid_from FROM gpu_prices WHERE gpu_id IS NULL")
    unresolved = rows.fetchall()
    assert unresolved
    named = set(queries.gpu_offer_ids(connection))
    for offer_id, first_day in unresolved:
        assert offer_id not in named
        assert not in_force(connection, offer_id, first_day)


def test_some_gpu_can_be_rented_on_every_day_since_the_article(connection):
    day = date(2023, 7, 20)
    while day <= TODAY:
        assert queries.gpu_offers_on(connection, day), day
        day += timedelta(days=29)


# Whole tables


def test_records_are_keyed_by_their_own_id(connection):
    for rows, key in (
        (queries.models(connection), "model_id"),
        (queries.gpus(connection), "gpu_id"),
        (queries.precisions(connection), "precision_id"),
        (queries.presets(connection), "preset_id"),
        (queries.sources(connection), "source_id"),
    ):
        assert rows
        assert all(getattr(record, key) == name for name, record in rows.items())


def test_presets_come_prompt_heavy_first(connection):
    shares = [p.prompt_tokens / p.completion_tokens for p in queries.presets(connection).values()]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 1 > shares[-1]


def test_ids_of_all_days_hold_those_of_any_day(connection):
    apis, gpu_offers = set(queries.api_offer_ids(connection)), set(queries.gpu_offer_ids(connection))
    for day in (date(2023, 7, 20), date(2025, 6, 1), TODAY):
        assert {offer.api_offer_id for offer in queries.api_offers_on(connection, day)} <= apis
        assert {offer.gpu_offer_id for offer in queries.gpu_offers_on(connection, day)} <= gpu_offers


def test_every_table_is_counted(connection, scalar):
    counts = queries.counts(connection)
    assert {"models", "gpus", "gpu_prices", "api_prices", "benchmarks", "efficiency", "sources"} <= set(
        counts
    )
    assert counts["gpus"] == scalar("SELECT count(*) FROM gpus") == len(queries.gpus(connection))
    assert counts["efficiency"] == len(queries.efficiencies(connection))


def test_every_efficiency_row_names_an_engine_and_a_mode(connection):
    rows = queries.efficiencies(connection)
    assert {row.mode for row in rows} == {"static", "continuous"}
    assert "tgi-2023" in {row.engine for row in rows}
    assert [row.efficiency_id for row in rows] == sorted(row.efficiency_id for row in rows)
