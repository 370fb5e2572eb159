"""Prices of a workload against genai-prices' own row by row, and the rules around them."""

import random
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from genai_prices import data as catalogue
from genai_prices.types import TimeOfDateConstraint

from breakeven.apis.changes import sensitivity
from breakeven.apis.workloads import cost_rows, price_workload
from breakeven.tables import queries
from breakeven.usage.read import read_workload
from tests.builders import TODAY

BOUNDARIES = (199_999, 200_000, 200_001, 271_999, 272_000, 272_001, 128_000, 128_001)


def write(path, rows):
    text = "model,input_tokens,cache_read_input_tokens,cache_creation_input_tokens,output_tokens\n"
    path.write_text(text + "".join(",".join(str(x) for x in row) + "\n" for row in rows))
    return path


def token_models(provider_id, offers):
    """Models of a provider whose price the package gives for plain tokens, the same all day."""
    provider = next(p for p in catalogue.providers if p.id == provider_id)
    for model in provider.models:
        offer = offers.get(f"{provider_id}/{model.id}")
        conditions = model.prices if isinstance(model.prices, list) else []
        daily = any(isinstance(c.constraint, TimeOfDateConstraint) for c in conditions)
        if offer is not None and not daily and offer.source_id.startswith("genai-prices"):
            found = provider.find_model(model.id, all_providers=catalogue.providers)
            if found is model:
                yield model.id


@pytest.mark.parametrize(
    "provider",
    ["openai", "anthropic", "google", "deepseek", "mistral", "x-ai", "groq", "aws", "openrouter", "together"],
)
def test_total_equals_the_price_package_row_by_row(provider, tmp_path, tables, edges):
    offers = {o.api_offer_id: o for o in queries.api_offers_on(tables, TODAY)}
    models = sorted(token_models(provider, offers))
    r = random.Random(provider)
    at = datetime.combine(TODAY, time(12), tzinfo=UTC)
    rows, expected = [], Decimal(0)
    per_model: dict[str, Decimal] = {}
    while len(rows) < 500:
        model = r.choice(models)
        prompt = r.choice((r.choice(BOUNDARIES), r.randrange(1, 5_000), r.randrange(1, 600_000)))
        read = r.choice((0, prompt // 3))
        write_tokens = r.choice((0, prompt // 5))
        output = r.randrange(0, 8_000)
        usage = Usage(
            input_tokens=prompt,
            cache_read_tokens=read or None,
            cache_write_tokens=write_tokens or None,
            output_tokens=output,
        )
        price = calc_price(usage, model_ref=model, provider_id=provider, genai_request_timestamp=at)
        rows.append((f"{provider}/{model}", prompt - read - write_tokens, read, write_tokens, output))
        expected += price.total_price
        per_model[model] = per_model.get(model, Decimal(0)) + price.total_price
    workload = read_workload(write(tmp_path / "rows.csv", rows), edges=edges)
    priced = price_workload(workload, tables, TODAY)
    ours = {row.offer_id: row.list_usd for row in priced.models}
    different = {
        model: (ours.get(f"{provider}/{model}"), usd)
        for model, usd in per_model.items()
        if ours.get(f"{provider}/{model}") is None
        or abs(ours[f"{provider}/{model}"] - usd) >= Decimal("0.005")
    }
    assert not different
    assert abs(priced.list_usd - expected) < Decimal("0.01")


@pytest.mark.parametrize(
    ("provider", "model", "below", "above"),
    [
        ("anthropic", "claude-sonnet-4-5", 200_000, 200_001),
        ("google", "gemini-2.5-pro", 200_000, 200_001),
        ("openai", "gpt-5.4", 272_000, 272_001),
    ],
)
def test_tier_applies_to_the_whole_request_from_one_token_above(
    provider, model, below, above, tmp_path, tables, edges
):
    at = datetime.combine(TODAY, time(12), tzinfo=UTC)
    for prompt in (below, above):
        workload = read_workload(
            write(tmp_path / f"{prompt}.csv", [(f"{provider}/{model}", prompt, 0, 0, 100)]), edges=edges
        )
        own = calc_price(
            Usage(input_tokens=prompt, output_tokens=100),
            model_ref=model,
            provider_id=provider,
            genai_request_timestamp=at,
        )
        assert price_workload(workload, tables, TODAY).list_usd == own.total_price


def test_requests_beyond_the_context_are_counted_and_left_out(tmp_path, tables, edges):
    path = write(
        tmp_path / "x.csv", [("openai/gpt-4o", 1000, 0, 0, 100), ("openai/gpt-4o", 127_950, 0, 0, 100)]
    )
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    offer = next(o for o in priced.offers if o.offer.api_offer_id == "openai/gpt-4o")
    assert (offer.requests_served, offer.requests_not_served) == (1, 1)
    assert offer.usd == Decimal("0.0035")  # 1000 x 2.50 + 100 x 10 per million
    assert "1 requests are longer" in offer.notes[0]
    assert any("longer than its context window" in note for note in priced.notes)


def test_exact_context_is_served(tmp_path, tables, edges):
    path = write(tmp_path / "x.csv", [("openai/gpt-4o", 127_900, 0, 0, 100)])
    offer = next(
        o
        for o in price_workload(read_workload(path, edges=edges), tables, TODAY).offers
        if o.offer.api_offer_id == "openai/gpt-4o"
    )
    assert offer.serves_all


def test_batch_rows_get_the_batch_price(tmp_path, tables, edges):
    path = tmp_path / "x.csv"
    path.write_text(
        "model,input_tokens,output_tokens,processing\nopenai/gpt-4o,1000000,0,batch\nopenai/gpt-4o,1000000,0,standard\n"
    )
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    assert priced.list_usd == Decimal("1.25") + Decimal("2.50")


def test_unknown_model_is_unpriced_with_the_nearest_names_never_free(tmp_path, tables, edges):
    path = write(
        tmp_path / "x.csv", [("gpt-4oo-mini-custom", 1000, 0, 0, 100), ("gpt-4o", 1_000_000, 0, 0, 0)]
    )
    workload = read_workload(path, edges=edges)
    priced = price_workload(workload, tables, TODAY)
    unknown = next(row for row in priced.models if row.model == "gpt-4oo-mini-custom")
    assert unknown.list_usd is None
    assert unknown.offer_id is None
    assert "openai/gpt-4o-mini" in unknown.nearest
    assert priced.unpriced_requests == 1
    assert priced.list_usd == Decimal("2.5")
    mapped = price_workload(workload, tables, TODAY, named={"gpt-4oo-mini-custom": "openai/gpt-4o-mini"})
    assert mapped.unpriced_requests == 0


def test_prices_of_the_day_apply(tmp_path, tables, edges):
    workload = read_workload(
        write(tmp_path / "x.csv", [("openai/gpt-4", 1_000_000, 0, 0, 1_000_000)]), edges=edges
    )
    assert price_workload(workload, tables, date(2023, 8, 30)).list_usd == Decimal(90)


def test_costs_over_time_and_by_tenant_add_up(tmp_path, tables, edges):
    path = tmp_path / "x.csv"
    path.write_text(
        "ts,model,user,input_tokens,output_tokens\n2026-11-01T00:10:00Z,gpt-4o,a,1000000,0\n"
        "2026-11-01T23:59:59Z,gpt-4o,b,1000000,0\n2026-11-02T00:00:00+02:00,gpt-4o,a,1000000,0\n"
    )
    workload = read_workload(path, edges=edges)
    days = cost_rows(workload, tables, TODAY, by="day")
    assert [(row.key.day, row.usd) for row in days] == [(1, Decimal("7.5"))]
    hours = cost_rows(workload, tables, TODAY, by="hour")
    assert [row.key.hour for row in hours] == [0, 22, 23]
    tenants = cost_rows(workload, tables, TODAY, by="tenant")
    assert [(row.key, row.usd) for row in tenants] == [("a", Decimal(5)), ("b", Decimal("2.5"))]
    assert sum(row.usd for row in hours) == price_workload(workload, tables, TODAY).list_usd


def test_sensitivity_of_one_offer(tmp_path, tables, edges):
    workload = read_workload(write(tmp_path / "x.csv", [("gpt-4o", 100_000, 0, 0, 1000)]), edges=edges)
    changes = sensitivity(price_workload(workload, tables, TODAY), tables, "openai/gpt-4o")
    assert changes[0].saves_usd == Decimal("0.002")  # 200 of 1000 tokens at $10 per million
    assert changes[1].saves_usd == Decimal("0.0625")  # 50,000 tokens at $1.25 instead of $2.50
    assert changes[2].usd == changes[0].usd / 2 + changes[0].saves_usd / 2


def test_sums_that_only_together_pass_32_bits_are_priced(tmp_path, tables, edges):
    path = tmp_path / "x.csv"
    path.write_text("model,input_tokens,cached_tokens,output_tokens,count\ngpt-4o,93848,46924,47200,22990\n")
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    # 22,990 x (46,924 x 2.50 + 46,924 x 1.25 + 47,200 x 10) / 1e6
    assert priced.list_usd == Decimal("14896.71535")
    short = next(o for o in priced.offers if o.requests_not_served == 0)
    assert short.tokens_not_served == 0


def write_usage(path, *rows):
    path.write_text("model,input_tokens,output_tokens\n" + "".join(f"{row}\n" for row in rows))
    return path


def test_a_model_that_ends_is_told_with_its_successor_on_the_same_requests(tmp_path, tables, edges):
    """gpt-4 ended on 2026-10-23 (30 and 60 USD per million), gpt-5 ends on 2026-12-11 (1.25 and 10)."""
    path = write_usage(tmp_path / "x.csv", "gpt-4,1000000,100000", "gpt-5,1000000,100000", "gpt-6-sol,10,10")
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    past, coming = priced.ends
    assert (past.model, past.ends_on, past.successor) == ("gpt-4", date(2026, 10, 23), "openai/gpt-5.6-sol")
    assert past.list_usd == 36
    assert (coming.model, coming.ends_on) == ("gpt-5", date(2026, 12, 11))
    for one in (past, coming):
        offer = next(o for o in priced.offers if o.offer.api_offer_id == one.successor)
        tier = offer.offer.tiers[-1]  # a request of a million tokens
        expected = tier.input_usd_per_mtok + tier.output_usd_per_mtok / 10
        assert one.successor_usd == expected
    assert not any(o.offer.api_offer_id == "openai/gpt-4" for o in priced.offers)


def test_the_end_of_a_price_that_stands_in_is_not_the_end_of_the_model(tmp_path, tables, edges):
    path = write_usage(tmp_path / "x.csv", "azure/gpt-35-turbo,1000000,0")
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    assert priced.ends == ()
    assert priced.list_usd == Decimal("0.5")
    assert priced.notes == (
        "openai/gpt-3.5-turbo has no price since 2026-10-23: azure/gpt-35-turbo is priced at its last one.",
    )


def test_a_free_variant_costs_nothing_and_says_so(tmp_path, tables, edges):
    path = write_usage(tmp_path / "x.csv", "openrouter/deepseek/deepseek-r1-0528:free,1000000,1000000")
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    assert priced.list_usd == 0
    assert priced.models[0].resolution.free
    assert any("is free: it is priced at $0" in note for note in priced.notes)
    days = sum(row.usd for row in cost_rows(read_workload(path, edges=edges), tables, TODAY, by="tenant"))
    assert days == 0


def test_needed_prices_that_are_absent_are_named(tmp_path, tables, edges):
    path = write(tmp_path / "x.csv", [("mistral-large-latest", 100, 0, 3_700_000, 1)])
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    assert priced.models[0].without_price == ("3.7M cache writes are priced as input: no price known",)
    assert "mistral-large-latest: 3.7M cache writes are priced as input: no price known." in priced.notes


@pytest.mark.parametrize(
    ("day", "doubted"), [(date(2024, 6, 1), True), (date(2024, 12, 1), False), (TODAY, False)]
)
def test_a_day_without_releases_of_the_price_list_says_how_sure_it_is(tmp_path, tables, day, doubted):
    workload = read_workload(write(tmp_path / "x.csv", [("gpt-4o", 1000, 0, 0, 100)]))
    notes = price_workload(workload, tables, day).notes
    assert any("no releases from 2024-01 to 2024-11" in note for note in notes) == doubted
