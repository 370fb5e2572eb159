"""Money against published bills, textbooks, and scans of the staircase."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from breakeven.formulas.cost import (
    api_request_usd,
    break_even_utilisation,
    first_paying_rate,
    never_dearer_rate,
    owned_usd_per_hour,
    replica_usd,
    replicas_needed,
)

GPT_4_8K = {"input_usd_per_mtok": 30, "output_usd_per_mtok": 60}
GPT_35_4K = {"input_usd_per_mtok": 1.5, "output_usd_per_mtok": 2}
quick = settings(deadline=None, max_examples=100)


def shrott_usd(n_prompts, prices):
    """Bill for prompts of 1000 tokens in and 200 out. [USD]"""
    return api_request_usd(uncached_tokens=1000 * n_prompts, output_tokens=200 * n_prompts, **prices)


@pytest.mark.parametrize(
    ("n_prompts", "prices", "published_usd"),
    [
        # Shrott 2023, 1000 + 200 tokens: list prices of 0.03/0.06 and 0.0015/0.002 per 1K; exact.
        pytest.param(4e6, GPT_4_8K, 168_000, id="gpt-4"),
        pytest.param(4e6, GPT_35_4K, 7_600, id="gpt-3.5"),
        pytest.param(2e3, GPT_4_8K, 84, id="gpt-4-teaches"),
    ],
)
def test_shrotts_api_bills_come_out(n_prompts, prices, published_usd):
    assert shrott_usd(n_prompts, prices) == pytest.approx(published_usd, rel=1e-12)


def test_shrotts_own_total_and_the_savings_he_prints_as_bills():
    # Shrott 2023: $84 of GPT-4, 6 hours of an A100 for $6.60, 638 hours of rented GPUs for $98.98.
    tuning = replica_usd(usd_per_hour=1.1, busy_s=6 * 3600)
    serving = replica_usd(usd_per_hour=98.98 / 638, busy_s=638 * 3600)
    total = shrott_usd(2e3, GPT_4_8K) + tuning + serving
    assert total == pytest.approx(189.58, rel=1e-12)
    # He prints $167,810 (cut to the dollar) and $7,410.42 as API bills; they are the differences.
    assert math.floor(shrott_usd(4e6, GPT_4_8K) - total) == 167_810
    assert shrott_usd(4e6, GPT_35_4K) - total == pytest.approx(7_410.42, abs=0.005)


def test_llm_numbers_ratio_of_50_holds_for_the_32k_model_at_one_to_two():
    # llm-numbers 2023, footnote 3: 32K at 6c and 12c per 1K against 0.2c: 50 at 1/3 prompt, 2/3 output.
    tokens = {"uncached_tokens": 1, "output_tokens": 2}
    dear = api_request_usd(**tokens, input_usd_per_mtok=60, output_usd_per_mtok=120)
    cheap = api_request_usd(**tokens, input_usd_per_mtok=2, output_usd_per_mtok=2)
    assert dear / cheap == pytest.approx(50)


def test_every_meter_of_an_api_adds_its_own_tokens_at_its_own_price():
    # By hand: 1e6 x $3 + 2e6 x $0.30 + 3e6 x $3.75 + 4e6 x $15 per 1e6, and a fee of $0.01.
    bill = api_request_usd(
        uncached_tokens=1e6,
        input_usd_per_mtok=3,
        cache_read_tokens=2e6,
        cache_read_usd_per_mtok=0.30,
        cache_write_tokens=3e6,
        cache_write_usd_per_mtok=3.75,
        output_tokens=4e6,
        output_usd_per_mtok=15,
        usd_per_request=0.01,
    )
    assert bill == pytest.approx(3 + 0.60 + 11.25 + 60 + 0.01)


def test_two_a100_at_4_42_an_hour_read_1000_tokens_for_0_00043_dollars():
    # Sanger 2023: 2,857 tok/s for $4.42 an hour: $0.00043 per 1K, two digits.
    usd = replica_usd(usd_per_hour=4.42, busy_s=1000 / 2857)
    assert usd == pytest.approx(0.00043, abs=0.000005)


def test_two_a100_at_4_42_an_hour_write_1000_tokens_for_0_0661_dollars():
    # Sanger 2023: 18.57 tok/s one sequence at a time: $0.066 per 1K; 0.0661 with three digits.
    usd = replica_usd(usd_per_hour=4.42, busy_s=1000 / 18.57)
    assert usd == pytest.approx(0.0661, abs=0.00005)


def test_n_cards_cost_n_times():
    # The 2024 article divides by the number of cards; eight cost eight times.
    one, eight = (replica_usd(usd_per_hour=2.21 * n, busy_s=100.0, utilisation=0.5) for n in (1, 8))
    assert eight == pytest.approx(8 * one)


def test_idle_time_is_paid_as_well():
    assert replica_usd(usd_per_hour=36, busy_s=100, utilisation=0.25) == pytest.approx(4.0)


def owned(**changes):
    arguments = {
        "purchase_usd": 0,
        "residual_usd": 0,
        "years": 3,
        "interest": 0.06,
        "power_w": 0,
        "pue": 1.0,
        "usd_per_kwh": 0,
    }
    return owned_usd_per_hour(**{**arguments, **changes})


@pytest.mark.parametrize(
    ("purchase", "yearly_cost", "years", "published"),
    [
        # Brealey, Myers, Allen, "Principles of Corporate Finance", chapter 6, "Equivalent annual cost":
        # machine A, $15 thousand and then $5 thousand for 3 years, at 6 %: $10.61 thousand a year.
        pytest.param(15e3, 5e3, 3, 10.61e3, id="machine-A"),
        # Machine B, $10 thousand and then $6 thousand for 2 years: $11.45 thousand a year.
        pytest.param(10e3, 6e3, 2, 11.45e3, id="machine-B"),
    ],
)
def test_owned_hardware_costs_the_textbooks_annuity(purchase, yearly_cost, years, published):
    hour = owned(purchase_usd=purchase, years=years, hosting_usd_per_hour=yearly_cost / 8760)
    assert hour * 8760 == pytest.approx(published, abs=5)


def test_resale_comes_off_at_its_value_today():
    # Selling for K (1+i)^y gives the purchase back in today's money: nothing is left to repay.
    assert owned(purchase_usd=1000, residual_usd=1000 * 1.06**3) == pytest.approx(0, abs=1e-12)


def test_power_is_billed_with_the_building():
    # By hand: 0.7 kW x 1.5 x $0.10.
    assert owned(power_w=700, pue=1.5, usd_per_kwh=0.10) == pytest.approx(0.105)


@pytest.mark.parametrize("interest", [1e-18, 1e-9, 1e-6])
def test_next_to_no_interest_spreads_the_price_evenly(interest):
    even = owned(purchase_usd=26_280, interest=0)
    assert even == pytest.approx(1.0)
    assert owned(purchase_usd=26_280, interest=interest) == pytest.approx(even, rel=1e-5)


def test_a_building_cannot_use_less_than_its_computers():
    with pytest.raises(ValueError, match=r"pue must be at least 1, got 0\.99"):
        owned(pue=0.99)


@quick
@given(busy=st.floats(1e-9, 1e3), api=st.floats(1e-9, 1e3))
def test_at_the_break_even_utilisation_both_cost_the_same(busy, api):
    share = break_even_utilisation(busy_usd_per_request=busy, api_usd_per_request=api)
    assume(0 < share <= 1)
    assert replica_usd(usd_per_hour=3600, busy_s=busy, utilisation=share) == pytest.approx(api)


@pytest.mark.parametrize(
    ("requests_per_s", "replicas"),
    [
        # 0.1 s each at 50 %: one replica carries 5 requests/s.
        pytest.param(0, 0, id="no-load"),
        pytest.param(1e-9, 1, id="next-to-no-load"),
        pytest.param(15, 3, id="exactly-three-full"),
        pytest.param(15 * (1 + 1e-9), 4, id="a-hair-more"),
    ],
)
def test_replicas_change_at_the_request_that_does_not_fit(requests_per_s, replicas):
    needed = replicas_needed(requests_per_s=requests_per_s, replica_s_per_request=0.1, utilisation=0.5)
    assert needed == replicas


def test_rounding_does_not_ask_for_one_replica_more():
    # 3 requests/s of 0.1 s at 10 % are three replicas; in binary 3 x 0.1 / 0.1 is a hair above 3.
    assert 3 * 0.1 / 0.1 > 3
    assert replicas_needed(requests_per_s=3, replica_s_per_request=0.1, utilisation=0.1) == 3


@quick
@given(load=st.floats(0, 1e4), more=st.floats(0, 1e4), g=st.floats(1e-3, 10), share=st.floats(0.01, 1))
def test_replicas_carry_the_load_and_more_load_never_needs_fewer(load, more, g, share):
    k, k_more = (
        replicas_needed(requests_per_s=x, replica_s_per_request=g, utilisation=share)
        for x in (load, load + more)
    )
    assert k_more >= k
    assert k * share >= load * g * (1 - 1e-9)
    assert (k - 1) * share < load * g or k == 0


@pytest.mark.parametrize(
    ("replica_requests_per_s", "rate"),
    [
        # $1/s against $0.50 a request: 2 requests/s pay for one replica, if it can carry them.
        pytest.param(2.0, 2.0, id="just-carries-them"),
        pytest.param(1.999, math.inf, id="just-does-not"),
    ],
)
def test_one_replica_pays_only_if_it_carries_the_load(replica_requests_per_s, rate):
    first = first_paying_rate(
        replica_usd_per_s=1.0, api_usd_per_request=0.5, replica_requests_per_s=replica_requests_per_s
    )
    assert first == rate


def test_fixed_costs_put_off_the_first_paying_rate():
    first = first_paying_rate(
        replica_usd_per_s=1.0, api_usd_per_request=0.5, replica_requests_per_s=10.0, fixed_usd_per_s=1.5
    )
    assert first == 5.0


def dearest_load(rent, api, carries, fixed):
    """Scan the staircase in exact arithmetic for the last load at which self-hosting is dearer."""
    gain = api * carries - rent
    last = Fraction(0)
    # From step (fixed + full) / gain on, every step begins on or below the API's line.
    for k in range(1, math.ceil((fixed + api * carries) / gain) + 3):
        begins, ends, meets = (k - 1) * carries, k * carries, (k * rent + fixed) / api
        if meets > begins:
            last = max(last, min(ends, meets))
    return last


ratios = st.fractions(min_value=Fraction(1, 100), max_value=20, max_denominator=100)


@quick
@given(
    rent=ratios,
    api=ratios,
    carries=ratios,
    fixed=st.one_of(st.just(Fraction(0)), st.fractions(min_value=0, max_value=50, max_denominator=100)),
)
def test_never_dearer_rate_matches_a_scan_of_the_staircase(rent, api, carries, fixed):
    rate = never_dearer_rate(
        replica_usd_per_s=float(rent),
        api_usd_per_request=float(api),
        replica_requests_per_s=float(carries),
        fixed_usd_per_s=float(fixed),
    )
    gain = api * carries - rent
    # Keeps the scan short and away from rounding.
    assume(abs(gain) > api * carries / 1000)
    assume(fixed + api * carries < 2000 * abs(gain))
    if gain < 0:
        assert rate == math.inf
    else:
        assert rate == pytest.approx(float(dearest_load(rent, api, carries, fixed)), rel=1e-9)


def test_a_full_replica_as_dear_as_the_api_never_pays():
    arguments = {"api_usd_per_request": 0.5, "replica_requests_per_s": 4.0}
    assert never_dearer_rate(replica_usd_per_s=2.0, **arguments) == math.inf
    assert never_dearer_rate(replica_usd_per_s=1.999, **arguments) < math.inf


@quick
@given(
    rent=st.floats(0.01, 10), api=st.floats(0.01, 10), carries=st.floats(0.01, 100), fixed=st.floats(0, 10)
)
def test_self_hosting_first_pays_no_later_than_it_pays_for_good(rent, api, carries, fixed):
    arguments = {
        "replica_usd_per_s": rent,
        "api_usd_per_request": api,
        "replica_requests_per_s": carries,
        "fixed_usd_per_s": fixed,
    }
    first, for_good = first_paying_rate(**arguments), never_dearer_rate(**arguments)
    assert first <= for_good * (1 + 1e-9) or first == math.inf


def test_one_call_prices_a_grid():
    bill = api_request_usd(
        uncached_tokens=np.array([[1e6], [2e6]]),
        output_tokens=np.array([[0, 1e6]]),
        input_usd_per_mtok=1,
        output_usd_per_mtok=10,
    )
    assert bill.tolist() == [[1, 11], [2, 12]]
