"""Which offer prices a GPU-hour: fresh ones, and the lowest only where something confirms it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.hosting import gpu_price
from breakeven.tables.records import GpuOffer
from breakeven.words.names import FRESH_DAYS

DAY = date(2026, 11, 30)
quick = settings(deadline=None, max_examples=200)


def offer(provider: str, usd: float, age: int = 10, confirmed: bool = False, **changes) -> GpuOffer:
    read = DAY - timedelta(days=age)
    made = GpuOffer(
        gpu_offer_id=f"{provider}-{usd}-{age}",
        provider=provider,
        instance=None,
        gpu_as_listed="H100",
        gpu_id="h100-sxm",
        gpu_count=1,
        price_type="on-demand",
        usd_per_gpu_hour=usd,
        region=None,
        valid_from=read,
        flag=None,
        notes=None,
        source_id="a-source",
        locator="table",
        age_days=age,
        confirmed_on=read - timedelta(days=30) if confirmed else None,
    )
    return replace(made, **changes)


def price(*offers: GpuOffer, choice: str = "cheapest"):
    return gpu_price(offers, gpu_id="h100-sxm", price_type="on-demand", choice=choice)


@pytest.mark.parametrize("choice", ["cheapest", "median"])
def test_a_price_read_too_long_ago_is_passed_over_and_said(choice):
    found = price(offer("old", 1.99, age=190), offer("a", 2.29), offer("b", 2.4), choice=choice)
    assert (found.offer.provider, found.n_offers, found.doubt) == ("a", 2, None)
    assert [(gone.what, gone.why) for gone in found.passed_over] == [
        ("old's $1.99", "read 2026-05-24, 190 days before")
    ]


def test_a_price_of_ninety_days_is_fresh_and_of_ninety_one_is_not():
    assert price(offer("a", 2.0, age=90), offer("b", 2.1)).offer.provider == "a"
    assert price(offer("a", 2.0, age=91), offer("b", 2.1)).offer.provider == "b"


@pytest.mark.parametrize("choice", ["cheapest", "median"])
def test_the_lowest_price_needs_a_second_provider_or_a_second_reading(choice):
    alone = price(offer("a", 1.0), offer("b", 3.0, confirmed=True), choice=choice)
    assert (alone.offer.provider, alone.doubt) == ("b", None)
    assert [gone.what for gone in alone.passed_over] == ["a's $1"]
    assert "no other provider within 20 %" in alone.passed_over[0].why
    for second in (offer("a", 1.0, confirmed=True), offer("a", 2.5)):
        assert price(second, offer("b", 3.0), choice=choice).offer.provider == "a"


def test_the_only_offer_is_used_and_doubted():
    found = price(offer("a", 1.0))
    assert found.usd_per_gpu_hour == 1.0
    assert "no second reading" in found.doubt
    assert price(offer("a", 1.0, confirmed=True)).doubt is None


def test_where_nothing_is_fresh_the_newest_readings_count_and_the_doubt_says_so():
    found = price(offer("a", 2.0, age=300), offer("b", 2.2, age=250), offer("c", 1.0, age=400))
    assert (found.offer.provider, found.n_offers) == ("a", 2)
    assert found.doubt == "its newest on-demand price was read 2026-03-25, 250 days before: older than 90"


def test_a_named_offer_is_used_as_it_is():
    old = offer("old", 0.5, age=400)
    found = price(old, offer("a", 2.0), choice=old.gpu_offer_id)
    assert (found.offer, found.doubt, found.passed_over) == (old, None, ())


def test_of_two_equal_prices_of_a_provider_the_fresher_counts_in_any_order():
    old, new = offer("a", 1.0, 100, False), offer("a", 1.0, 2, False)
    assert price(old, new).offer == price(new, old).offer == new


OFFERS = st.lists(
    st.builds(offer, st.sampled_from("abcdef"), st.integers(10, 90).map(lambda n: n / 10),
              st.integers(0, 499), st.booleans()),
    min_size=1, max_size=12, unique_by=lambda one: one.gpu_offer_id,
)  # fmt: skip


@quick
@given(OFFERS)
def test_a_default_is_fresh_and_where_it_is_the_cheapest_confirmed(offers):
    best = {}
    for one in sorted(offers, key=lambda o: (o.usd_per_gpu_hour, o.age_days)):
        best.setdefault(one.provider, one)
    some_fresh = any(one.age_days <= FRESH_DAYS for one in best.values())
    found = {choice: price(*offers, choice=choice) for choice in ("cheapest", "median", "dearest")}
    usd = [one.usd_per_gpu_hour for one in found.values()]
    assert usd == sorted(usd)
    for choice in ("cheapest", "median"):
        taken = found[choice]
        assert (taken.offer.age_days <= FRESH_DAYS) == some_fresh
        assert some_fresh or taken.doubt
        lower = [o for o in best.values() if o is not taken.offer and o.age_days <= FRESH_DAYS]
        near = [o for o in lower if o.usd_per_gpu_hour <= 1.2 * taken.usd_per_gpu_hour]
        if all(o.usd_per_gpu_hour >= taken.usd_per_gpu_hour for o in lower) and some_fresh:
            assert taken.offer.confirmed_on or near or taken.doubt
            assert not taken.doubt or len(lower) < 2
