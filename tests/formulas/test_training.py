"""Training bills against published totals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.cost import replica_usd
from breakeven.formulas.training import (
    adapter_flop,
    energy_kwh,
    flop_for_budget,
    gpu_hours,
    gpus_for_deadline,
    implied_mfu,
    paying_requests,
    training_flop,
    training_usd,
)

A100_PEAK = 312e12
USD_PER_A100_HOUR = 2.2659
"""Rent behind the published GPT-3 figure. [USD/h]"""


def usd(params, tokens):
    flop = training_flop(active_params=params, tokens=tokens)
    return training_usd(flop=flop, flop_per_s=A100_PEAK, mfu=1.0, usd_per_gpu_hour=USD_PER_A100_HOUR)


def test_gpt_3_costs_1_059_115_dollars_at_full_peak():
    # 6 x 175e9 x 500e9 FLOP at 312 TFLOP/s and $2.2659/h: $1,059,115, printed to the dollar.
    assert usd(175e9, 500e9) == pytest.approx(1_059_115, abs=0.5)


def test_the_gpt_4_rumour_costs_267_times_gpt_3_not_280():
    # 1.8e12 x 13e12 over 175e9 x 500e9 = 267.4; the article says 280.
    assert usd(1.8e12, 13e12) / usd(175e9, 500e9) == pytest.approx(267.4, abs=0.05)
    assert usd(1.8e12, 13e12) == pytest.approx(283.2e6, abs=0.05e6)


def test_llama_13b_costs_under_a_million():
    # LLaMA paper, table 15: 135,168 GPU-hours for 13B on 1.0T tokens; x 1.4 for 1.4T, at llm-numbers'
    # $5 an hour: $946,176, which llm-numbers rounds to $1 million.
    cost = replica_usd(usd_per_hour=5, busy_s=135_168 * 1.4 * 3600)
    assert cost == pytest.approx(0.946e6, abs=0.5e3)


def test_training_takes_three_times_the_work_of_a_forward_pass():
    # Kaplan et al. 2020, section 2.1: 2 FLOP per weight forward, 4 backward.
    assert training_flop(active_params=1e9, tokens=1e12) == 3 * 2 * 1e9 * 1e12


def test_half_the_utilisation_costs_twice():
    full, half = (
        training_usd(flop=1e24, flop_per_s=A100_PEAK, mfu=mfu, usd_per_gpu_hour=2) for mfu in (1.0, 0.5)
    )
    assert half == pytest.approx(2 * full)


@pytest.mark.parametrize("mfu", [0, 1.0000001, float("nan")])
def test_a_share_of_the_peak_outside_zero_to_one_is_refused(mfu):
    with pytest.raises(ValueError, match="mfu"):
        training_usd(flop=1e24, flop_per_s=A100_PEAK, mfu=mfu, usd_per_gpu_hour=2)


def test_full_recomputation_adds_a_forward_pass():
    # Korthikanti et al. 2022: a third more, 8 operations instead of 6.
    plain, again = (training_flop(active_params=1e9, tokens=1e12, recomputed=r) for r in (0, 1))
    assert again / plain == pytest.approx(8 / 6)


def test_adapters_skip_the_gradient_of_the_frozen_weights():
    # 2 forward and 2 backward per frozen weight, 6 per trained one.
    assert adapter_flop(active_params=7e9, adapter_params=1e7, tokens=1e6) == 4 * 7e15 + 6 * 1e13


@pytest.mark.parametrize(
    ("params", "tokens", "hours", "peak", "published"),
    [
        # LLaMA-13B (table 15 of the paper): 7.8e22 FLOP in 135,168 h of A100; Epoch AI computes 0.514.
        pytest.param(13.0e9, 1.0e12, 135_168, 312e12, 0.514, id="llama-13b"),
        # Llama 2 70B (model card): 8.28e23 over 1.93e24.
        pytest.param(68.98e9, 2.0e12, 1_720_320, 312e12, 0.428, id="llama-2-70b"),
        # Llama 3.1 405B: 3.8e25 FLOP (paper, section 3) in 30.84M H100-hours, everything counted.
        pytest.param(405.85e9, 15.6e12, 30.84e6, 989.4e12, 0.346, id="llama-3.1-405b"),
        # DeepSeek-V3: 37B active, 14.8T tokens, 2.788M H800-hours against the 16-bit peak.
        pytest.param(37e9, 14.8e12, 2.788e6, 989.4e12, 0.331, id="deepseek-v3"),
    ],
)
def test_published_runs_imply_their_share_of_the_peak(params, tokens, hours, peak, published):
    flop = training_flop(active_params=params, tokens=tokens)
    assert implied_mfu(flop=flop, gpu_hours=hours, flop_per_s=peak) == pytest.approx(published, abs=0.0005)


def test_deepseek_v3_costs_what_its_report_says():
    # Table 1 of the report: 2,788,000 H800-hours at $2 are $5.576M.
    assert replica_usd(usd_per_hour=2, busy_s=2_788_000 * 3600) == 5_576_000


def test_llama_3_1_405b_took_no_fewer_hours_than_its_stated_mfu_needs():
    # Paper, table 4: 38 to 43 % of the peak; section 3: 3.8e25 FLOP. The 30.84M hours of the model card
    # hold everything else as well, so the MFU that they imply is lower.
    needed = gpu_hours(flop=3.8e25, flop_per_s=989.4e12, mfu=0.43)
    assert needed < 30.84e6


@given(mfu=st.floats(0.01, 1), flop=st.floats(1e15, 1e28), lost=st.floats(0, 0.9))
def test_hours_and_mfu_are_each_others_inverse(mfu, flop, lost):
    hours = gpu_hours(flop=flop, flop_per_s=A100_PEAK, mfu=mfu, lost=lost)
    assert implied_mfu(flop=flop, gpu_hours=hours, flop_per_s=A100_PEAK) == pytest.approx(mfu * (1 - lost))


@given(usd=st.floats(1, 1e9), mfu=st.floats(0.01, 1), lost=st.floats(0, 0.9))
def test_a_budget_pays_for_the_work_that_costs_it(usd, mfu, lost):
    flop = flop_for_budget(usd=usd, usd_per_gpu_hour=2, flop_per_s=A100_PEAK, mfu=mfu, lost=lost)
    assert 2 * gpu_hours(flop=flop, flop_per_s=A100_PEAK, mfu=mfu, lost=lost) == pytest.approx(usd)


def test_a_tenth_lost_to_restarts_costs_a_ninth_more():
    kept, lost = (gpu_hours(flop=1e24, flop_per_s=A100_PEAK, mfu=0.4, lost=x) for x in (0, 0.1))
    assert lost / kept == pytest.approx(10 / 9)


def test_gpus_for_a_deadline_are_whole_and_exact_at_the_boundary():
    assert gpus_for_deadline(gpu_hours=2400, days=1) == 100
    assert gpus_for_deadline(gpu_hours=2400.1, days=1) == 101
    assert list(gpus_for_deadline(gpu_hours=np.array([1.0, 25.0]), days=1)) == [1, 2]


def test_llama_65b_took_449_megawatt_hours():
    # LLaMA paper, table 15: 1,022,362 hours at 400 W and a PUE of 1.1 are 449 MWh.
    assert energy_kwh(gpu_hours=1_022_362, power_w=400, pue=1.1) == pytest.approx(449e3, abs=1e3)


def test_shrotts_tuning_pays_from_2158_requests_against_gpt_4():
    # $84 labels + $6.6 tuning; $98.98 for 4M answers against $168,000 (document of 2023-08-30):
    # 90.6 / (0.042 - 0.000024745) = 2,158.4.
    each = 98.98 / 4e6
    assert paying_requests(fixed_usd=90.6, tuned_usd=each, prompted_usd=0.042) == pytest.approx(
        2158.4, abs=0.1
    )
    # Against GPT-3.5 at $7,600: 90.6 / (0.0019 - 0.000024745) = 48,313.
    assert paying_requests(fixed_usd=90.6, tuned_usd=each, prompted_usd=0.0019) == pytest.approx(
        48_313, abs=1
    )


def test_tuning_that_serves_no_cheaper_never_pays():
    assert paying_requests(fixed_usd=1, tuned_usd=0.01, prompted_usd=0.01) == np.inf
    assert paying_requests(fixed_usd=1, tuned_usd=0.02, prompted_usd=0.01) == np.inf
    assert paying_requests(fixed_usd=0, tuned_usd=0.0, prompted_usd=0.01) == 0


@pytest.mark.parametrize("lost", [-0.01, 1, float("nan")])
def test_a_lost_share_outside_its_domain_is_refused(lost):
    with pytest.raises(ValueError, match=r"lost|kept"):
        gpu_hours(flop=1e24, flop_per_s=A100_PEAK, mfu=0.4, lost=lost)


@pytest.mark.parametrize("pue", [0.99, float("inf")])
def test_a_building_that_saves_energy_is_refused(pue):
    with pytest.raises(ValueError, match="pue"):
        energy_kwh(gpu_hours=1, power_w=1, pue=pue)
