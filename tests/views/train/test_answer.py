"""Plans answered: cost, time, memory, budget, and what is said where something is missing."""

import math
import re
from dataclasses import replace
from datetime import date

import pytest

from breakeven.hosting import Unplaceable
from breakeven.question.scenario import Scenario
from breakeven.views.train import words
from breakeven.views.train.efficiency import mfu_range
from breakeven.views.train.memory import whole_servers
from breakeven.words.numbers import Money
from breakeven.words.terms import PLAIN
from tests.builders import TODAY

DOLLARS = Money()


def test_gpt_3_costs_1_059_115_dollars_as_published(ask):
    # Published: 175B on 500B tokens at 312 TFLOP/s, MFU 1 and $2.2659 an hour: $1,059,115.
    answer = ask(params_b=175, tokens_b=500, gpu="a100-80-sxm", mfu=1, usd_per_gpu_hour=2.2659)
    assert answer.usd is not None
    assert answer.usd.mid == pytest.approx(1_059_115, abs=0.5)
    assert answer.usd.low == answer.usd.high


def test_the_gpt_4_rumour_costs_283_million(ask):
    answer = ask(params_b=1800, tokens_b=13_000, gpu="a100-80-sxm", mfu=1, usd_per_gpu_hour=2.2659)
    assert answer.usd is not None
    assert answer.usd.mid == pytest.approx(283.2e6, abs=0.05e6)


def test_a_mixture_of_experts_is_charged_for_its_active_parameters(ask):
    # DeepSeek-V3: 37B of 671B, 14.8T tokens at the 33.1 % of its own hours (2.788M) and $2: $5.576M.
    answer = ask(
        params_b=671, active_b=37, tokens_b=14_800, mfu=0.33086, usd_per_gpu_hour=2.0, gpu="h100-sxm"
    )
    assert answer.usd is not None
    assert answer.hours.mid == pytest.approx(2.788e6, rel=1e-3)
    assert answer.usd.mid == pytest.approx(5.576e6, rel=1e-3)


def test_cost_is_a_range_where_the_mfu_is_not_given(ask):
    answer = ask()
    assert answer.usd is not None
    assert answer.usd.low < answer.usd.mid < answer.usd.high
    assert answer.usd.low / answer.usd.mid == pytest.approx(answer.mfu.share.mid / answer.mfu.share.high)
    assert "published runs on H100" in answer.mfu.origin


def test_llama_2_70b_is_estimated_within_a_sixth_of_its_hours(ask):
    # Model card: 1,720,320 A100-hours for 2T tokens.
    llama = Scenario(as_of=TODAY, model="llama-2-70b")
    answer = ask(llama, tokens_b=2000, gpu="a100-80-sxm")
    assert answer.hours.mid == pytest.approx(1_720_320, rel=1 / 6)


def test_a_family_without_runs_takes_the_range_of_all(tables_on, facts_on):
    tables, facts = tables_on(TODAY), facts_on(TODAY)
    mfu = mfu_range(tables.gpus["b200-sxm"], facts.runs, tables.gpus)
    assert len(mfu.runs) == len(facts.runs)
    assert "none was on B200" in mfu.origin
    assert 0.3 < mfu.share.low < mfu.share.high < 0.5


def test_no_run_confirms_itself(ask):
    answer = ask()
    run = next(one for one in answer.runs if one.run.run_id == "llama-3.1-8b")
    # Its own MFU is 13.9 %, the median of the other four on H100 is 36.8 %: 2.65 times the estimate.
    assert run.actual_over_estimate == pytest.approx(2.65, abs=0.01)


def test_zero_stage_3_shares_the_states_of_a_7_5b_model_as_published(ask):
    # Rajbhandari et al. 2020, figure 1: 120 GB become 1.88 GB on 64 GPUs.
    answer = ask(params_b=7.5, gpus=64, zero=3, tensor=1)
    states = answer.memory.weights + answer.memory.gradients + answer.memory.optimiser
    assert states == pytest.approx(1.875e9)
    alone = ask(params_b=7.5, gpus=64, zero=0, tensor=1)
    assert alone.memory.weights + alone.memory.gradients + alone.memory.optimiser == 120e9
    assert not alone.fits


def test_qlora_adapters_of_llama_7b_count_as_peft_prints_them(ask):
    # PEFT prints "trainable params: 159,907,840" for LLaMA 7B at rank 64 on all linear layers.
    answer = ask(Scenario(as_of=TODAY, model="llama-2-7b"), goal="tune", method="qlora", rank=64)
    assert answer.adapters == 159_907_840


def test_qlora_of_a_70b_model_fits_on_one_48_gb_card_with_short_sequences(ask):
    # Dettmers et al. 2023: 65B on one 48 GB GPU; with an 8-bit optimiser and 90 % of the memory 70B fits too.
    llama = Scenario(as_of=TODAY, model="llama-2-70b", usable=0.95)
    plan = {
        "goal": "tune",
        "method": "qlora",
        "gpu": "rtx-a6000",
        "sequence": 512,
        "recomputation": "full",
        "optimiser": "adamw-8bit",
        "rank": 16,
    }
    answer = ask(llama, **plan)
    assert answer.fits
    assert answer.n_gpus == 1
    assert not ask(llama, **(plan | {"method": "lora", "gpus": 1})).fits


def test_tuning_trains_less_and_needs_fewer_gpus(ask):
    full, lora, qlora = (ask(goal="tune", method=method) for method in ("full", "lora", "qlora"))
    assert full.layout.fewest > lora.layout.fewest > qlora.layout.fewest
    assert lora.flop / full.flop == pytest.approx(4 / 6, rel=0.01)
    assert qlora.memory.weights * qlora.n_gpus < 0.3 * lora.memory.weights * lora.n_gpus


def test_the_fewest_gpus_fit_and_half_of_them_do_not(ask):
    fewest = int(ask(goal="tune", method="full").layout.fewest)
    assert ask(goal="tune", method="full", gpus=fewest).fits
    smaller = ask(goal="tune", method="full", gpus=fewest // 2)
    assert not smaller.fits
    assert f"at least {fewest} are needed" in words.memory_finding(smaller)


def test_activations_beyond_one_gpu_are_said_to_fit_nowhere(ask):
    answer = ask(goal="tune", sequence=200_000, recomputation="none")
    assert math.isinf(answer.layout.fewest)
    assert "does not fit on any number of GPUs" in words.memory_finding(answer)
    assert "Recompute all activations" in words.memory_finding(answer)


def test_energy_and_work_are_written_without_an_exponent(ask):
    lines = words.basis(ask(), Money())
    # 6 x 70.6e9 x 1.4e12 = 5.93e23 operations.
    assert any("5.93·10²³ FLOP" in line for line in lines)
    assert any(" MWh (" in line for line in lines)


def test_number_of_gpus_left_open_finishes_in_time_in_whole_servers(ask):
    answer = ask(days=30.0)
    assert answer.n_gpus % 8 == 0
    assert answer.days.mid <= 30
    assert answer.hours.mid / 24 / (answer.n_gpus - 8) > 30
    assert [whole_servers(n) for n in (1, 2, 3, 8, 9, 16, 17)] == [1, 2, 4, 8, 16, 16, 24]


def test_deadline_is_held_against_the_gpus_that_are_given(ask):
    slow = ask(gpus=64, days=60.0)
    assert slow.deadline_gpus is not None
    assert f"takes {slow.deadline_gpus} GPUs, not 64" in (words.deadline_sentence(slow) or "")
    quick = ask(gpus=1024, days=60.0)
    assert words.deadline_sentence(quick) == "1,024 GPUs finish within 60 days."


def test_budget_trains_what_costs_the_budget(ask):
    # Chinchilla's ratio: P = sqrt(C / 120); the money buys C = usd / rent x 3600 x peak x MFU.
    answer = ask(budget=1e6, mfu=0.4, usd_per_gpu_hour=2.0)
    assert answer.optimum is not None
    flop = 1e6 / 2 * 3600 * 989.4e12 * 0.4
    assert answer.optimum.params.mid == pytest.approx(math.sqrt(flop / 120))
    assert answer.optimum.tokens.mid == pytest.approx(20 * answer.optimum.params.mid)
    assert answer.optimum.own_tokens.mid == pytest.approx(flop / (6 * 70.55e9))
    again = ask(
        params_b=answer.optimum.params.mid / 1e9,
        tokens_b=answer.optimum.tokens.mid / 1e9,
        mfu=0.4,
        usd_per_gpu_hour=2.0,
    )
    assert again.usd is not None
    assert again.usd.mid == pytest.approx(1e6)


@pytest.mark.parametrize("law", ["20-per-parameter", "hoffmann-2022", "besiroglu-2024"])
def test_tokens_left_open_are_those_the_law_gives_for_the_size(ask, law):
    answer = ask(params_b=70, tokens_b=None, law=law)
    # Spent again as a budget, the same law gives the same size back.
    assert answer.usd is not None
    back = ask(params_b=70, law=law, budget=answer.usd.mid).optimum
    assert back is not None
    assert back.params.mid == pytest.approx(70e9)
    assert back.tokens.mid == pytest.approx(answer.tokens)
    assert "compute-optimal" in " ".join(words.basis(answer, DOLLARS))


def test_owned_gpus_cost_their_annuity_and_their_power(ask):
    # $35,040 over 4 years without interest is $1 an hour; 700 W x 1.2 x $0.1 per kWh is $0.084.
    answer = ask(owned_usd=35_040.0, owned_interest=0.0, pue=1.2, usd_per_kwh=0.1)
    assert answer.rent is not None
    assert answer.rent.owned
    assert answer.rent.usd_per_gpu_hour == pytest.approx(1.084)
    assert "Owned: $1.08 per GPU-hour" in " ".join(words.basis(answer, DOLLARS))


def test_energy_is_power_times_hours_times_pue(ask):
    answer = ask(pue=1.1)
    assert answer.kwh is not None
    assert answer.kwh.mid == pytest.approx(answer.hours.mid * 0.7 * 1.1)


def test_scenarios_offer_of_the_gpu_is_taken_and_another_gpus_is_not(ask):
    offer = "coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20"
    scenario = Scenario(as_of=date(2023, 7, 20), gpu_offer=offer)
    answer = ask(scenario, gpu="a100-80-sxm")
    assert answer.rent is not None
    assert answer.rent.usd_per_gpu_hour == 2.21
    other = ask(replace(scenario, as_of=TODAY), gpu="h100-sxm")
    assert other.rent is not None
    assert other.rent.offer is not None
    assert other.rent.offer.n_offers > 1


def test_gpu_without_a_price_gives_hours_and_a_sentence_and_no_dollars(ask):
    answer = ask(gpu="mi355x")
    assert answer.usd is None
    assert answer.hours.mid > 0
    assert any("No on-demand price of AMD Instinct MI355X" in problem for problem in answer.problems)
    assert "$" not in words.headline(answer, DOLLARS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gpu": "h900"}, "There is no GPU 'h900'"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_a_sentence(ask, change, said):
    with pytest.raises(Unplaceable, match=said):
        ask(**change)


def test_gpus_that_cannot_be_split_evenly_are_a_problem(ask):
    answer = ask(gpus=12, tensor=8)
    assert any("12 GPUs cannot be split into groups of 8" in problem for problem in answer.problems)


def test_every_model_of_the_tables_is_answered_or_refused_with_a_sentence(ask, tables_on):
    for model in tables_on(TODAY).models.values():
        scenario = Scenario(as_of=TODAY, model=model.model_id)
        if model.params_total_b is None or model.params_active_b is None:
            with pytest.raises(Unplaceable, match=model.name):
                ask(scenario, goal="tune")
            continue
        answer = ask(scenario, goal="tune")
        assert answer.memory.total > 0
        assert 0 < answer.adapters < 0.05 * answer.model.params


def test_a_plan_that_does_not_fit_is_never_told_as_a_price_alone(ask):
    alone = words.headline(ask(params_b=7.5, gpus=1, zero=0, tensor=1), DOLLARS, PLAIN)
    assert "does not fit: 1 × H100 SXM5 80GB does not hold it, nor do more of them; it would cost $" in alone
    few = words.headline(ask(params_b=70, gpus=8, zero=3), DOLLARS, PLAIN)
    assert re.search(r"8 × H100 SXM5 80GB do not hold it, \d+ would; it would cost \$", few)
    assert " costs $" in words.headline(ask(params_b=7.5, gpus=64, zero=3, tensor=1), DOLLARS, PLAIN)


def test_headline_answers_in_one_sentence(ask):
    assert words.headline(ask(mfu=0.4, usd_per_gpu_hour=2.0, gpus=1024), DOLLARS) == (
        # 5.926e23 FLOP / (989.4e12 x 0.4 x 3600) = 415,944 h, x $2 = $832k, / 1024 / 24 = 16.9 days
        "Training Llama 3.3 70B on 1.4T tokens takes 416k GPU-hours on H100 SXM5 80GB: $832,000, "
        "16.9 days on 1,024 GPUs"
    )
