"""Bills of every processing, meter and region, against the price package's own and by hand."""

import csv
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from genai_prices import data as catalogue
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.apis.bills import bills_of, group_of, without_price
from breakeven.tables.exports import Processing
from breakeven.tables.meters import Meter
from breakeven.usage.sql import Edges
from breakeven.usage.sums import Tokens
from tests.builders import SAMPLES

DAY = date(2026, 11, 15)
AT = datetime.combine(DAY, time(12), tzinfo=UTC)
NO_EDGES = Edges(tiers=(), contexts=())
CONTEXTS = {
    Processing.BATCH: {"processing": "batch"},
    Processing.FLEX: {"service_tier": "flex"},
    Processing.PRIORITY: {"service_tier": "priority"},
}


@pytest.fixture(scope="module")
def bill(tables):
    """Bill one group on one offer."""

    def billed(offer, tokens, edges=NO_EDGES, tier=0, **more):
        group = group_of(0, offer, tier=tier, context=-1, edges=edges, tokens=tokens, **more)
        return bills_of(tables, DAY, [group])[offer, 0]

    return billed


def sold_as(processing):
    """Models of the package that it prices under a processing on the day, the same at all hours."""
    for provider in catalogue.providers:
        for model in provider.models:
            whens = [variant.when for variant in model.price_variants or ()]
            if CONTEXTS[processing] in whens and provider.find_model(model.id) is model:
                yield provider, model


@pytest.mark.parametrize(("processing", "least"), [("batch", 80), ("flex", 20), ("priority", 20)])
def test_every_processing_costs_what_the_package_says(processing, least, bill):
    processing, checked = Processing(processing), 0
    for provider, model in sold_as(processing):
        offer, context = f"{provider.id}/{model.id}", CONTEXTS[processing]
        charged = model.get_prices(AT, context)
        if charged.input_mtok is None or charged.output_mtok is None:
            continue
        usage = Usage(input_tokens=9_000, cache_read_tokens=2_000, output_tokens=700)
        expected = model.calc_price(usage, provider, genai_request_timestamp=AT, price_context=context)
        tokens = Tokens(requests=1, input_uncached=7_000, cache_read=2_000, output=700)
        got = bill(offer, tokens, processing=processing)
        if got.ended_on is not None:
            continue  # the package goes on pricing what has ended
        assert got.as_standard == 0, offer
        assert abs(got.usd - expected.total_price) < Decimal("1e-9"), offer
        checked += 1
    assert checked >= least


def test_flex_is_half_and_priority_double(bill):
    """OpenAI's usage file of three days: standard, flex, priority; $2.25 of standard each."""
    tokens = Tokens(requests=10, input_uncached=1_000_000, output=100_000)
    usd = [
        bill("openai/gpt-5-2025-08-07", tokens, processing=processing).usd
        for processing in (Processing.STANDARD, Processing.FLEX, Processing.PRIORITY)
    ]
    assert usd == [Decimal("2.25"), Decimal("1.125"), Decimal("4.5")]
    assert sum(usd) == Decimal("7.875")


def test_a_fast_mode_has_its_own_price(bill):
    """Anthropic's page: claude-opus-5 in fast mode costs $10 and $50 per million instead of $5 and $25."""
    tokens = Tokens(requests=1, input_uncached=1_000_000, output=1_000_000)
    assert bill("anthropic/claude-opus-5", tokens).usd == 30
    assert bill("anthropic/claude-opus-5", tokens, processing=Processing.FAST).usd == 60


def test_a_processing_without_a_price_is_billed_as_standard_and_named(bill):
    tokens = Tokens(requests=7, input_uncached=1_000_000)
    got = bill("mistral/mistral-large-latest", tokens, processing=Processing.FLEX)
    assert got.usd == bill("mistral/mistral-large-latest", tokens).usd
    assert without_price(got, [Processing.FLEX]) == (
        "7 requests priced as standard: no price of flex processing known",
    )


def audio_models():
    for provider in catalogue.providers:
        for model in provider.models:
            charged = model.get_prices(AT)
            if charged.input_audio_mtok is not None and charged.input_mtok is not None:
                yield provider, model, charged


def test_audio_costs_what_the_package_says(bill):
    checked = 0
    for provider, model, charged in audio_models():
        outputs = 300 if charged.output_audio_mtok is not None else 0
        usage = Usage(
            input_tokens=5_000, input_audio_tokens=4_000, output_tokens=400 + outputs,
            output_audio_tokens=outputs or None,
        )  # fmt: skip
        if charged.output_mtok is None:
            usage = Usage(input_tokens=5_000, input_audio_tokens=4_000)
        expected = model.calc_price(usage, provider, genai_request_timestamp=AT).total_price
        text = Tokens(requests=1, input_uncached=1_000, output=400 if charged.output_mtok is not None else 0)
        extras = {
            Meter.AUDIO_INPUT: 4_000,
            Meter.AUDIO_OUTPUT: outputs if charged.output_mtok is not None else 0,
        }
        got = bill(f"{provider.id}/{model.id}", text, extras=extras)
        assert abs(got.usd - expected) < Decimal("1e-9"), model.id
        assert not got.without_price, model.id
        checked += 1
    assert checked >= 12


def test_audio_of_gpt_realtime_by_hand(bill):
    """OpenAI's page: $32 and $64 per million tokens of audio, $0.40 cached; $4 and $16 of text."""
    extras = {Meter.AUDIO_INPUT: 500_000, Meter.AUDIO_CACHE_READ: 100_000, Meter.AUDIO_OUTPUT: 150_000}
    got = bill(
        "openai/gpt-realtime", Tokens(requests=1, input_uncached=100_000, output=10_000), extras=extras
    )
    assert got.prompt == Decimal("0.4") + 16 + Decimal("0.04")
    assert got.completion == Decimal("0.16") + Decimal("9.6")


def test_a_thousand_searches_cost_ten_dollars(bill):
    """Anthropic's console row: 100,000 in, 10,000 out of claude-sonnet-4-6 and 1,000 searches are $10.45."""
    tokens = Tokens(requests=1, input_uncached=100_000, output=10_000)
    got = bill("anthropic/claude-sonnet-4-6", tokens, extras={Meter.WEB_SEARCH: 1_000})
    assert got.usd == Decimal("10.45")


def test_what_has_no_price_is_priced_as_the_next_plainer_thing_and_named(bill):
    extras = {Meter.AUDIO_INPUT: 1_000_000, Meter.WEB_SEARCH: 12}
    tokens = Tokens(requests=1, cache_write_5m=3_700_000)
    got = bill("mistral/mistral-large-latest", tokens, extras=extras)
    plain = bill("mistral/mistral-large-latest", Tokens(requests=1, input_uncached=4_700_000))
    assert got.usd == plain.usd
    assert without_price(got) == (
        "3.7M cache writes are priced as input: no price known",
        "1M input tokens of audio are priced as text: no price known",
        "12 web searches are left out: no price known",
    )


def test_a_region_multiplies_tokens_and_nothing_else(bill):
    """Anthropic's page on data residency: 1.1 on every token from Claude Opus 4.6 on, searches as ever."""
    tokens = Tokens(requests=1, input_uncached=1_000_000, output=100_000)
    assert bill("anthropic/claude-opus-4-6", tokens, region="us").usd == Decimal("8.25")
    assert bill("anthropic/claude-opus-4-6", tokens, region="US").usd == Decimal("8.25")
    for region in ("", "global", "not_available"):
        assert bill("anthropic/claude-opus-4-6", tokens, region=region).usd == Decimal("7.5")
    searched = bill("anthropic/claude-opus-4-6", tokens, region="us", extras={Meter.WEB_SEARCH: 1_000})
    assert searched.usd == Decimal("18.25")
    older = bill("anthropic/claude-opus-4-5", tokens, region="us")
    assert older.usd == Decimal("7.5"), "older models have no such region"


def test_an_embedding_is_billed_by_its_input(bill):
    got = bill("openai/text-embedding-3-small", Tokens(requests=2, input_uncached=1_000_000))
    assert got.usd == Decimal("0.02")
    odd = bill("openai/text-embedding-3-small", Tokens(requests=2, input_uncached=1_000_000, output=5))
    assert without_price(odd) == ("5 output tokens cost nothing here: no price known",)


def test_an_offer_that_ended_is_billed_at_its_last_price_only_where_it_is_named(tables, bill):
    tokens = Tokens(requests=1, input_uncached=1_000_000)
    got = bill("openai/gpt-4", tokens)
    assert (got.usd, got.ended_on) == (30, date(2026, 10, 23))
    every = group_of(0, None, tier=0, context=-1, edges=NO_EDGES, tokens=tokens)
    billed = {offer for offer, _ in bills_of(tables, DAY, [every])}
    assert "openai/gpt-4" not in billed
    assert "openai/gpt-4o" in billed


@settings(deadline=None, max_examples=25)
@given(st.decimals(0, 3, places=4), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_factor_multiplies_every_token(bill, factor, inputs, outputs):
    tokens = Tokens(requests=1, input_uncached=inputs, output=outputs)
    whole = bill("openai/gpt-4o", tokens).usd
    assert abs(bill("openai/gpt-4o", tokens, factor=factor).usd - whole * factor) <= Decimal("0.01")
    assert bill("openai/gpt-4o", tokens, factor=Decimal(0), extras={Meter.WEB_SEARCH: 9}).usd == 0


def test_the_shipped_sample_to_the_cent_by_an_independent_calculation(bill, edges):
    """The price package's own calculator on each row: cache writes, long requests, two models: $199.23."""
    expected = ours = Decimal(0)
    with (SAMPLES / "claude_api_tokens.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            read, short, long, plain, output = (
                int(row[f"usage_{name}"])
                for name in (
                    "input_tokens_cache_read", "input_tokens_cache_write_5m", "input_tokens_cache_write_1h",
                    "input_tokens_no_cache", "output_tokens",
                )
            )  # fmt: skip
            above = row["context_window"].startswith(">")
            charged = calc_price(
                # One request of the row's length stands for its tier; the price package takes it from there.
                Usage(input_tokens=300_000 if above else 1_000), model_ref=row["model_version"],
                provider_id="anthropic", genai_request_timestamp=AT,
            ).model_price  # fmt: skip
            price = [
                tiered if isinstance(tiered, Decimal) else tiered.tiers[-1].price if above else tiered.base
                for tiered in (charged.cache_read_mtok, charged.cache_write_mtok, charged.cache_write_1h_mtok,
                               charged.input_mtok, charged.output_mtok)
            ]  # fmt: skip
            expected += (
                sum(n * p for n, p in zip((read, short, long, plain, output), price, strict=True)) / 10**6
            )
            tokens = Tokens(
                requests=1, input_uncached=plain, cache_read=read, cache_write_5m=short, cache_write_1h=long,
                output=output,
            )  # fmt: skip
            tier = sum(edge < 300_000 for edge in edges.tiers) if above else 0
            ours += bill(f"anthropic/{row['model_version']}", tokens, edges=edges, tier=tier).usd
    assert round(expected, 2) == Decimal("199.23")
    assert ours == expected
