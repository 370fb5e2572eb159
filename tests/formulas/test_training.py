"""Training bills against published totals."""

from __future__ import annotations

import pytest

from lib.formulas.cost import replica_usd
from lib.formulas.training import training_flop, training_usd

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
