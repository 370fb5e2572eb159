"""What API offers charge for a shape, and which of them is compared with."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.apis.shapes import answer_of_apis, bills_of, tier_for
from breakeven.question.parts import Shape
from breakeven.tables.records import ApiOffer, PriceTier
from tests.builders import TODAY


def tier(usd_in, usd_out, *, above=0, cached=None, fee=0):
    return PriceTier(
        above_tokens=above,
        input_usd_per_mtok=Decimal(str(usd_in)),
        output_usd_per_mtok=Decimal(str(usd_out)),
        cache_read_usd_per_mtok=None if cached is None else Decimal(str(cached)),
        cache_write_5m_usd_per_mtok=None,
        cache_write_1h_usd_per_mtok=None,
        usd_per_request=Decimal(str(fee)),
    )


def offer(provider, usd=1.0, **changes):
    """An unmarked offer at one price in and out, so that its bill is the price times the tokens."""
    fields = {
        "api_offer_id": f"{provider}/model",
        "provider": provider,
        "api_model": "model",
        "name": "Model",
        "valid_from": date(2026, 1, 1),
        "valid_from_kind": "catalogue",
        "processing": "standard",
        "tiers": (tier(usd, usd),),
        "context_tokens": None,
        "reseller": False,
        "deprecated": False,
        "flag": None,
        "model_id": "llama",
        "variant": None,
        "source_id": "genai-prices-1",
        "locator": "a place",
    }
    return ApiOffer(**(fields | changes))


HISTORIC = {"valid_from_kind": "first-seen", "source_id": "litellm-catalogues"}
SHAPE = Shape(prompt_tokens=900_000, completion_tokens=100_000)
"""A million tokens: the bill of `offer(…, usd)` is `usd`."""


def ask(*offers, shape=SHAPE, resellers=False, chosen=None, named=False):
    return answer_of_apis(offers, shape, resellers=resellers, chosen=chosen, named=named)


def marks(answer) -> dict[str, str | None]:
    return {bill.offer.provider: bill.mark for bill in answer.same_model}


def bill_of(one, prompt, completion, cached=0):
    """Both parts of a bill, as plain numbers."""
    tokens = {"prompt": prompt, "completion": completion, "cached": cached}
    parts = bills_of([one], **{name: np.array([float(number)]) for name, number in tokens.items()})
    return tuple(float(part[0, 0]) for part in parts)


@pytest.fixture(scope="module")
def real(tables_on):
    offers = {one.api_offer_id: one for one in tables_on(TODAY).api_offers}
    return offers.__getitem__


# One offer


@pytest.mark.parametrize(
    ("prompt", "usd_in", "usd_out"),
    [
        (200_000, 3.00, 15.00),  # Anthropic, "Pricing", long context: above 200K input tokens
        (200_001, 6.00, 22.50),
    ],
)
def test_a_tier_prices_the_whole_request_from_one_token_above_its_threshold(real, prompt, usd_in, usd_out):
    sonnet = replace(real("anthropic/claude-sonnet-4-5"), context_tokens=1_000_000)
    assert float(tier_for(sonnet, prompt).input_usd_per_mtok) == usd_in
    assert bill_of(sonnet, prompt, 1000) == pytest.approx((prompt * usd_in / 1e6, 1000 * usd_out / 1e6))


def test_only_the_prompt_decides_the_tier_and_its_cached_part_counts(real):
    sonnet = replace(real("anthropic/claude-sonnet-4-5"), context_tokens=None)
    # 150,000 in and 100,000 out: still the base tier.
    assert bill_of(sonnet, 150_000, 100_000) == pytest.approx((0.45, 1.5))
    # 250,000 in, 200,000 of them cached at $0.60: 50,000·6e-6 + 200,000·0.6e-6.
    assert bill_of(sonnet, 250_000, 0, cached=200_000)[0] == pytest.approx(0.30 + 0.12)


@pytest.mark.parametrize(
    ("prompt", "usd"), [(10, 10e-6), (100, 100e-6), (101, 202e-6), (1000, 2e-3), (1001, 3.003e-3)]
)
def test_the_highest_tier_that_is_exceeded_applies(prompt, usd):
    three = offer("a", tiers=(tier(1, 0), tier(2, 0, above=100), tier(3, 0, above=1000)))
    assert bill_of(three, prompt, 0)[0] == pytest.approx(usd)


@pytest.mark.parametrize(
    ("cached_price", "usd"),
    [
        (0.30, (700 * 3 + 300 * 0.30) / 1e6),
        (0, 700 * 3 / 1e6),  # a free cache is free
        (None, 1000 * 3 / 1e6),  # no price for the cache: billed as input
    ],
)
def test_cached_tokens_are_billed_at_their_price_or_as_input(cached_price, usd):
    one = offer("a", tiers=(tier(3, 15, cached=cached_price),))
    assert bill_of(one, 1000, 0, cached=300)[0] == pytest.approx(usd)


def test_a_fee_per_request_is_part_of_the_prompt(real):
    # Perplexity, "Pricing": Sonar, high search context, $12 per 1,000 requests.
    sonar = real("perplexity/sonar")
    price = sonar.tiers[0]
    prompt, completion = bill_of(sonar, 1000, 500)
    assert prompt == pytest.approx(0.012 + 1000 * float(price.input_usd_per_mtok) / 1e6)
    assert completion == pytest.approx(500 * float(price.output_usd_per_mtok) / 1e6)


def test_the_longest_request_is_billed_and_one_token_more_is_left_out():
    short = offer("short", context_tokens=4096)
    fits = ask(short, shape=Shape(prompt_tokens=4000, completion_tokens=96))
    assert fits.bill.offer is short
    assert fits.left_out == ()
    beyond = ask(short, shape=Shape(prompt_tokens=4001, completion_tokens=96))
    assert beyond.bill is None
    assert beyond.same_model == ()
    assert beyond.median_usd is None
    assert [(gone.what, gone.why) for gone in beyond.left_out] == [
        ("short/model", "takes at most 4,096 tokens, the request has 4,097")
    ]


def test_a_chosen_offer_beyond_its_context_comes_first_among_those_left_out():
    other, chosen = offer("other", context_tokens=10), offer("chosen", context_tokens=100, model_id=None)
    answer = ask(other, shape=Shape(prompt_tokens=100, completion_tokens=1), chosen=chosen, named=True)
    assert answer.bill is None
    assert [gone.what for gone in answer.left_out] == ["chosen/model", "other/model"]


def test_many_offers_at_many_shapes_are_billed_as_one_by_one(real):
    names = ("anthropic/claude-sonnet-4-5", "perplexity/sonar", "openai/gpt-4o", "anthropic/claude-haiku-5-5")
    offers = [real(name) for name in names]
    prompt, completion, cached = np.array(
        [[10.0, 1e5, 199_999, 250_000], [1, 10.0, 1, 1000], [0, 5e4, 0, 200_000]]
    )
    prompt_usd, completion_usd = bills_of(offers, prompt=prompt, completion=completion, cached=cached)
    assert prompt_usd.shape == completion_usd.shape == (4, 4)
    for row, one in enumerate(offers):
        for column, shape in enumerate(zip(prompt, completion, cached, strict=True)):
            both = (prompt_usd[row, column], completion_usd[row, column])
            assert both == pytest.approx(bill_of(one, *shape), nan_ok=True)


# Which offer is compared with


def test_the_cheapest_unmarked_offer_is_compared_with_and_all_are_listed_in_order():
    answer = ask(offer("b", 2.0), offer("a", 1.5), offer("c", 1.0, flag="price 0"))
    assert answer.bill.offer.provider == "a"
    assert [bill.offer.provider for bill in answer.same_model] == ["c", "a", "b"]
    assert marks(answer) == {"a": None, "b": None, "c": "price 0"}


def test_offers_at_the_same_price_are_ordered_by_name():
    assert ask(offer("b"), offer("a")).bill.offer.provider == "a"


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"flag": "looks wrong"}, "looks wrong"),
        ({"deprecated": True}, "being retired by the provider"),
        ({"reseller": True}, "reseller"),
        ({"variant": "fp8, batch"}, "batch processing: the answer may take hours"),
        ({"variant": "turbo"}, None),
        ({"variant": "batched"}, None),
    ],
)
def test_what_speaks_against_an_offer_is_said(changes, mark):
    answer = ask(offer("plain", 1.0), offer("other", 0.9, **changes))
    assert marks(answer)["other"] == mark
    assert answer.bill.offer.provider == ("other" if mark is None else "plain")


def test_resellers_count_when_asked_for():
    offers = offer("host", 1.0), offer("reseller", 0.9, reseller=True)
    assert ask(*offers).bill.offer.provider == "host"
    assert ask(*offers, resellers=True).bill.offer.provider == "reseller"


def test_with_marked_offers_alone_there_is_nothing_to_compare_with():
    answer = ask(offer("reseller", reseller=True), offer("flagged", flag="price 0"))
    assert answer.bill is None
    assert answer.median_usd is None
    assert answer.n_within_20_percent == 0
    assert len(answer.same_model) == 2


def test_a_chosen_offer_is_taken_whatever_its_mark_and_its_model():
    chosen = offer("chosen", 7.0, model_id=None, flag="looks wrong")
    answer = ask(offer("host", 1.0), chosen=chosen, named=True)
    assert answer.bill.offer is chosen
    assert answer.bill.usd == pytest.approx(7.0)
    assert answer.median_usd == pytest.approx(1.0)


def test_a_named_offer_that_is_not_in_force_is_not_replaced_by_the_cheapest():
    assert ask(offer("host"), named=True).bill is None


def test_a_price_of_an_older_catalogue_counts_only_when_nothing_else_does():
    old, new = offer("old", 0.9, **HISTORIC), offer("new", 1.0)
    both, alone = ask(old, new), ask(old)
    assert both.bill.offer is new
    assert marks(both)["old"] == "only in an older catalogue, which may lag"
    assert alone.bill.offer is old
    assert alone.bill.mark is None


def test_a_marked_offer_does_not_confirm_against_an_older_catalogue():
    assert (
        ask(offer("old", 0.9, **HISTORIC), offer("new", 1.0, flag="looks wrong")).bill.offer.provider == "old"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_from_kind": "published", "source_id": "openai-pricing-2023"},
        {"valid_from_kind": "first-seen", "source_id": "genai-prices-1"},
    ],
)
def test_a_published_price_and_one_of_the_current_catalogue_are_not_doubtful(changes):
    assert ask(offer("old", 0.9, **changes), offer("new", 1.0)).bill.offer.provider == "old"


# Outliers: less than half of what the next provider asks


@pytest.mark.parametrize(("usd", "marked"), [(0.50, False), (0.49, True)])
def test_a_price_below_half_of_the_next_providers_is_marked_and_not_the_cheapest(usd, marked):
    answer = ask(offer("low", usd), offer("host", 1.0), offer("dear", 1.9))
    assert (marks(answer)["low"] is not None) is marked
    assert answer.bill.offer.provider == ("host" if marked else "low")
    if marked:
        assert "less than 50 %" in marks(answer)["low"]


def test_two_artefacts_are_both_marked():
    answer = ask(offer("lowest", 0.01), offer("low", 0.1), offer("host", 1.0))
    assert [provider for provider, mark in marks(answer).items() if mark] == ["lowest", "low"]
    assert answer.bill.offer.provider == "host"


def test_a_single_provider_has_nobody_to_be_compared_with():
    one, two = (
        offer("only", usd, api_offer_id=f"only/{name}") for usd, name in ((0.1, "small"), (1.0, "large"))
    )
    assert ask(one, two).bill.offer is one


def test_a_reseller_is_a_witness_for_a_low_price():
    # Marked as a reseller, but it confirms that somebody sells near that price.
    answer = ask(offer("low", 0.4), offer("witness", 0.5, reseller=True), offer("host", 1.0))
    assert answer.bill.offer.provider == "low"


def test_a_reseller_of_the_same_offer_is_no_witness():
    passed_on = offer("huggingface_low", 0.4, reseller=True)
    assert ask(offer("low", 0.4), passed_on, offer("host", 1.0)).bill.offer.provider == "host"


def test_a_flagged_offer_is_no_witness():
    answer = ask(offer("low", 0.4), offer("free", 0.0, flag="price 0"), offer("host", 1.0))
    assert answer.bill.offer.provider == "host"


# What lies beside it


@pytest.mark.parametrize(
    ("prices", "median"),
    [((1.0,), 1.0), ((1.0, 2.0), 1.5), ((1.0, 1.5, 4.0), 1.5), ((1.0, 1.2, 1.4, 9.0), 1.3)],
)
def test_the_median_is_over_the_unmarked_offers(prices, median):
    offers = [offer(f"p{number}", usd) for number, usd in enumerate(prices)]
    answer = ask(*offers, offer("marked", 1.1, deprecated=True))
    assert answer.median_usd == pytest.approx(median)


@pytest.mark.parametrize(("usd", "near"), [(1.19, 2), (1.21, 1)])
def test_offers_within_20_percent_of_the_cheapest_are_counted_itself_included(usd, near):
    answer = ask(offer("cheapest", 1.0), offer("next", usd), offer("retired", 1.1, deprecated=True))
    assert answer.n_within_20_percent == near


def test_no_offer_at_all_is_no_answer():
    answer = ask()
    assert (answer.bill, answer.same_model, answer.median_usd, answer.left_out) == (None, (), None, ())


@settings(deadline=None, max_examples=50, database=None)
@given(
    prompt=st.integers(1, 2_000_000),
    completion=st.integers(1, 2_000_000),
    more=st.integers(0, 100_000),
    number=st.integers(0, 10**6),
)
def test_longer_requests_never_cost_less_at_a_real_offer(tables_on, prompt, completion, more, number):
    offers = tables_on(TODAY).api_offers
    one = replace(offers[number % len(offers)], context_tokens=None)
    assert sum(bill_of(one, prompt, completion + more)) >= sum(bill_of(one, prompt, completion))
    if all(
        a.input_usd_per_mtok <= b.input_usd_per_mtok for a, b in zip(one.tiers, one.tiers[1:], strict=False)
    ):
        assert bill_of(one, prompt + more, completion)[0] >= bill_of(one, prompt, completion)[0] * (1 - 1e-12)
