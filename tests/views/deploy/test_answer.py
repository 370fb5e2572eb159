"""The Deploy answer: recommendation, replicas, owned and typed-in hardware, what it would take."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.comparison.answer import compare
from breakeven.hosting.config_json import read_config, to_link
from breakeven.hosting.fleet import terms_of
from breakeven.question.pages.deploy import considered, shape_of
from breakeven.tables.day import Tables
from breakeven.views.deploy import USUAL, Answer, Fields, deploy, words
from breakeven.views.deploy.detail import batch_curve, frontiers, memory_of, older, roofline, swings
from breakeven.views.deploy.table import rows_of
from breakeven.words.numbers import Money
from tests.builders import DEFAULT, TODAY
from tests.hosting.config_json import configs

MONEY = Money()


@pytest.fixture(scope="module")
def tables(tables_on: Callable[[date], Tables]) -> Tables:
    return tables_on(TODAY)


def ask(tables: Tables, extra: Fields = USUAL, **changes: Any) -> Answer:
    return deploy(replace(DEFAULT, **changes), extra, tables)


def test_recommendation_is_the_comparisons_own_deployment(tables: Tables) -> None:
    # Same precision, mode and targets: Compare looks at 1 to 8 GPUs, so does Deploy where no link joins more.
    extra = replace(USUAL, weights="none")
    for letter, shape in zip("ab", compare(DEFAULT, tables).shapes, strict=True):
        answer = ask(tables, replace(extra, shape=letter))
        assert answer.chosen is not None
        assert shape.host is not None
        assert answer.chosen.host.candidate.gpu == shape.host.candidate.gpu
        assert shape.at_load is not None
        assert answer.chosen.usd == pytest.approx(shape.at_load.host_usd, rel=1e-12)
        assert answer.chosen.host.batch == shape.host.batch


def test_recommendation_in_another_format_says_what_compare_would_choose(tables: Tables) -> None:
    # An A100 has no fp8 rate and a GH200 has: beside fp16 the page considers fp8, Compare does not.
    fields: dict[str, Any] = {"model": "gemma-3-12b", "precision": "fp16"}
    answer = ask(tables, **fields)
    assert answer.chosen is not None
    assert answer.chosen.precision == "fp8"
    host = compare(replace(DEFAULT, **fields), tables).shapes[0].host
    assert host is not None
    said = words.beside_compare(answer)
    assert "fp16 weights" in said
    assert f"{host.candidate.n_gpus}×A100 PCIe 80GB" in said
    assert host.candidate.gpu.gpu_id == "a100-80-pcie"
    own = compare(replace(DEFAULT, **fields), tables).shapes[0].at_load
    assert own is not None
    assert f", {MONEY.amount(own.host_usd)} a month." in said


def test_recommendation_in_the_scenarios_own_format_needs_no_such_sentence(tables: Tables) -> None:
    assert words.beside_compare(ask(tables)) == ""
    none = ask(tables, replace(USUAL, weights="none"), model="gemma-3-12b", precision="fp16")
    assert words.beside_compare(none) == ""


def test_format_that_holds_nothing_alone_is_said(tables: Tables) -> None:
    # Twice the weights of fp8 on one GPU of 96 GB: 141 GB do not fit.
    answer = ask(tables, precision="fp16", gpu="gh200-96", gpus=1)
    assert answer.chosen is not None
    assert answer.chosen.precision == "fp8"
    assert words.beside_compare(answer).endswith("with that alone nothing holds the targets.")


def test_first_sentence_says_replicas_times_gpus_batch_cost_and_latency(tables: Tables) -> None:
    answer = ask(tables, replace(USUAL, shape="b"), requests=30.0)
    chosen = answer.chosen
    assert chosen is not None
    text = words.recommendation(answer)
    assert f", 30 requests/s: {chosen.replicas} replicas × {chosen.host.candidate.n_gpus}×" in text
    assert f"{MONEY.amount(chosen.usd)} a month ($" in text
    assert f"batch {chosen.host.batch:,}" in text
    assert " per 1M tokens), batch" in text
    assert "TTFT" in text
    assert "TPOT" in text
    assert chosen.gpus == chosen.replicas * chosen.host.candidate.n_gpus


def test_a_job_says_when_it_is_done_and_what_it_costs_in_all(tables: Tables) -> None:
    answer = ask(tables, per="once", requests=4e6, prompt_a=1000, completion_a=200, ttft=None, tpot=None)
    chosen = answer.chosen
    assert chosen is not None
    text = words.recommendation(answer)
    assert f", 4,000,000 requests: {words.size(chosen)}, {MONEY.amount(chosen.usd)} for the job ($" in text
    said = words.load_sentence(answer)
    assert said.startswith("For 4,000,000 requests: ")
    assert re.search(r"done after [\d.]+ (h|min), \$[\d,.]+ for the job", said)
    assert float(chosen.fleet.hours) <= 24
    # 4 M requests of 1,200 tokens.
    assert answer.usd_per_token(chosen.usd) == pytest.approx(chosen.usd / 4.8e9)
    assert "4,000,000 requests done within 24 h?" in words.question(answer)
    assert "busy" not in words.question(answer)


def test_estimate_range_and_physical_limit_stand_together(tables: Tables) -> None:
    answer = ask(tables)
    assert answer.chosen is not None
    assert answer.ideal is not None
    assert answer.ideal.ttft_s < answer.chosen.host.ttft_s
    assert answer.ideal.tpot_s < answer.chosen.host.tpot_s
    text = words.trust(answer)
    assert text.index("Estimate") < text.index("Physical limit") < text.index("Measured")


@pytest.mark.parametrize(
    ("caveat", "said"),
    [
        (None, ""),
        ("no measured run on X at fp8; extrapolated from Y", "extrapolated: no measured run"),
        (
            "vllm was measured on 2 GPUs of this kind; 8 is extrapolated",
            "extrapolated: vllm was measured on 2",
        ),
        ("vllm on X rests on 2 measured rows only", "not certain: vllm on X rests on 2"),
    ],
)
def test_what_lies_outside_the_measured_range_says_extrapolated(caveat: str | None, said: str) -> None:
    assert words.certainty(caveat).startswith(said)
    assert bool(words.certainty(caveat)) == bool(said)


def test_answer_on_an_unmeasured_gpu_says_extrapolated(tables: Tables) -> None:
    answer = ask(tables, gpu="l4", model="llama-3.1-8b", ttft=None, tpot=None)
    assert "Extrapolated: no measured run on NVIDIA L4" in words.trust(answer)


@settings(max_examples=40, deadline=None)
@given(
    requests=st.floats(0.001, 3000.0),
    utilisation=st.floats(0.05, 1.0),
    prompt=st.integers(16, 20_000),
    completion=st.integers(1, 2000),
    mode=st.sampled_from(["continuous", "static", "disaggregated"]),
)
def test_no_more_replicas_than_the_load_over_one_replicas_throughput(
    tables: Tables, requests: float, utilisation: float, prompt: int, completion: int, mode: str
) -> None:
    answer = ask(
        tables,
        replace(USUAL, weights="none"),
        gpu="h100-sxm",
        requests=requests,
        utilisation=utilisation,
        prompt_a=prompt,
        completion_a=completion,
        mode=mode,
    )
    for index in answer.order[:5]:
        row = answer.place(index)
        host, reading = row.host, int(row.fleet.prefill_replicas)

        def most(busy_s: float) -> int:
            throughput = 1 / busy_s
            return math.ceil(requests / throughput / utilisation * (1 + 1e-9))

        if mode == "disaggregated":  # whole replicas in each pool
            assert reading <= most(host.prefill_s)
            assert row.replicas - reading <= most(host.decode_s)
        else:
            assert reading == 0
            assert row.replicas <= most(host.replica_s)
            # and none would be busier than planned with them
            assert float(row.fleet.busy) <= utilisation * (1 + 1e-9)


def test_month_costs_whole_replicas(tables: Tables) -> None:
    answer = ask(tables, requests=10.0, overhead_month=100.0)
    assert answer.chosen is not None
    rent = answer.chosen.replicas * answer.chosen.host.candidate.usd_per_hour
    assert answer.chosen.usd == pytest.approx(rent * 730 + 100)  # 8,760 h / 12
    row = rows_of(answer, [answer.order[0]])[0]
    assert row["usd_per_month"] == pytest.approx(answer.place(answer.order[0]).usd)


def test_twice_the_load_is_never_cheaper_and_at_most_twice_the_bill(tables: Tables) -> None:
    for changes in ({}, {"per": "month"}, {"per": "once"}):
        for load in (0.7, 3.0, 41.0, 1e6):
            one, two = (ask(tables, requests=load * times, **changes).chosen for times in (1, 2))
            assert one is not None
            assert two is not None
            assert one.usd <= two.usd * (1 + 1e-9) <= 2 * one.usd * (1 + 2e-9)


def test_the_cheapest_for_a_month_goes_first_even_where_another_is_cheaper_busy(tables: Tables) -> None:
    # Ten requests a day need one replica: the one that is rented for least goes first.
    answer = ask(tables, requests=10 / 86_400, prompt_a=1000, completion_a=200)
    bills = [answer.place(index).usd for index in answer.order]
    assert bills == sorted(bills)
    # Sorted by what a busy GPU would charge, the order would be another.
    busy = [answer.place(index).host.usd for index in answer.order]
    assert busy != sorted(busy)


def test_rows_are_the_placements(tables: Tables) -> None:
    answer = ask(tables, replace(USUAL, modes="disaggregated,static", cache="fp8"))
    rows = rows_of(answer, answer.order)
    assert len(rows) == len(answer.order) > 50
    for number in range(0, len(rows), 29):
        row, place = rows[number], answer.place(answer.order[number])
        assert row["rank"] == number + 1
        assert (row["gpu"], row["gpus"]) == (place.host.candidate.gpu.gpu_id, place.host.candidate.n_gpus)
        assert (row["precision"], row["kv_precision"], row["mode"]) == (
            place.precision,
            place.kv_precision,
            place.mode,
        )
        assert row["usd_per_1m_tokens"] == pytest.approx(answer.usd_per_token(place.usd) * 1e6)
        assert row["replicas"] == place.replicas
        assert row["prefill_replicas"] == int(place.fleet.prefill_replicas)
        assert row["usd_per_month"] == row["usd_at_load"] == pytest.approx(place.usd)
        assert row["holds_targets"] is True


def test_pools_are_named_apart(tables: Tables) -> None:
    answer = ask(tables, gpu="h100-sxm", mode="disaggregated", requests=20.0)
    assert answer.chosen is not None
    reading = int(answer.chosen.fleet.prefill_replicas)
    assert 0 < reading < answer.chosen.replicas
    assert f"{reading} prefill replica" in words.recommendation(answer)


def test_owned_hardware_costs_annuity_power_and_hosting(tables: Tables) -> None:
    extra = replace(
        USUAL,
        price="owned",
        buy=26_280.0,
        years=3.0,
        interest=0.0,
        watts=1000.0,
        pue=1.2,
        kwh=0.1,
        hosting=0.25,
    )
    answer = ask(tables, extra, gpu="h100-sxm")
    assert answer.chosen is not None
    # 26,280 / 3 / 8,760 = 1.00, 1 kW x 1.2 x 0.10 = 0.12, hosting 0.25
    assert answer.chosen.host.candidate.price.usd_per_gpu_hour == pytest.approx(1.37)
    assert words.price_sentence(answer, MONEY).startswith("Owned NVIDIA H100 SXM5 80GB: $1.37 an hour")


def test_owned_hardware_takes_the_tables_power_unless_told(tables: Tables) -> None:
    extra = replace(USUAL, price="owned", buy=0.0, pue=1.0, kwh=1.0, hosting=0.0)
    answer = ask(tables, extra, gpu="h100-sxm")
    assert answer.chosen is not None
    assert answer.chosen.host.candidate.price.usd_per_gpu_hour == pytest.approx(0.7)  # 700 W


def test_owned_without_a_gpu_asks_which(tables: Tables) -> None:
    answer = ask(tables, replace(USUAL, price="owned"))
    assert answer.chosen is None
    assert words.recommendation(answer).startswith("A purchase price belongs to one GPU")


def test_owned_at_no_cost_is_refused(tables: Tables) -> None:
    extra = replace(USUAL, price="owned", buy=0.0, kwh=0.0, hosting=0.0)
    assert "would cost nothing" in ask(tables, extra, gpu="h100-sxm").problems[0]


TWIN = replace(
    USUAL,
    weights="none",
    gpu=True,
    gpu_name="Twin",
    gpu_memory=80.0,
    gpu_bandwidth=3350.0,
    gpu_fp16=989.4,
    gpu_fp8=1979.0,
    gpu_link=450.0,
    gpu_usd=1.0,
)


def test_gpu_typed_in_works_like_one_from_the_table(tables: Tables) -> None:
    answer = ask(tables, TWIN)
    assert answer.chosen is not None
    assert answer.chosen.host.candidate.gpu.name == "Twin"
    assert "Extrapolated: no measured run on Twin" in words.trust(answer)
    # The same numbers as the H100's row: the same batches fit, at every count.
    rows = {
        (row["gpu"], row["gpus"]): row["max_batch"]
        for row in rows_of(answer, range(answer.grid.w.size if answer.grid else 0))
    }
    for count in (2, 4, 8):
        assert rows["typed-in", count] == rows["h100-sxm", count] > 0


def test_gpu_typed_in_without_a_link_stays_alone(tables: Tables) -> None:
    answer = ask(tables, replace(TWIN, gpu_link=None), model="llama-3.1-8b")
    counts = {row["gpus"] for row in rows_of(answer, answer.order) if row["gpu"] == "typed-in"}
    assert counts == {1}


def test_model_typed_in_gives_the_answer_of_its_row(tables: Tables) -> None:
    typed = read_config(json.dumps(configs.LLAMA_2_70B)).model
    assert typed is not None
    pasted = ask(tables, replace(USUAL, model=to_link(typed)), prompt_a=1000)
    listed = ask(tables, model="llama-2-70b", prompt_a=1000)
    assert pasted.chosen is not None
    assert listed.chosen is not None
    assert pasted.chosen.host.usd == pytest.approx(listed.chosen.host.usd, rel=1e-12)
    assert pasted.chosen.model.name == "LlamaForCausalLM"


def test_damaged_model_in_a_link_is_a_sentence(tables: Tables) -> None:
    answer = ask(tables, replace(USUAL, model="x"))
    assert answer.chosen is None
    assert "must have 5" in words.recommendation(answer)


def test_prefix_cache_saves_prompt_work(tables: Tables) -> None:
    cold, warm = ask(tables), ask(tables, replace(USUAL, hit=75.0))
    assert warm.shape.cached_tokens == 3000
    assert cold.chosen is not None
    assert warm.chosen is not None
    assert warm.chosen.host.usd < 0.5 * cold.chosen.host.usd


def test_whole_prompt_in_the_cache_still_computes_a_token() -> None:
    shape = shape_of(replace(DEFAULT, prompt_a=1), replace(USUAL, hit=99.9))
    assert shape.cached_tokens == 0


def test_speculation_shortens_tpot_at_batch_one_and_takes_memory(tables: Tables) -> None:
    scenario = replace(DEFAULT, gpu="h100-sxm", batch=1, ttft=None, tpot=None)
    alone = replace(USUAL, weights="none")
    plain = deploy(scenario, alone, tables, counts=(2,))
    drafted = deploy(scenario, replace(alone, drafts=4, acceptance=80.0, draft=5.0), tables, counts=(2,))
    assert plain.chosen is not None
    assert drafted.chosen is not None
    # (1 - 0.8^5) / (1 - 0.8) = 3.36 tokens a round of one verification and four drafts at 5 %: 1.2 steps
    gain = plain.chosen.host.decode_s / drafted.chosen.host.decode_s
    assert gain == pytest.approx(3.3616 / 1.2, rel=0.03)
    assert drafted.chosen.host.most_sequences < plain.chosen.host.most_sequences
    assert memory_of(drafted, drafted.chosen).draft == pytest.approx(0.05 * 70.55e9, rel=0.001)


def test_nothing_fits_says_how_many_would_and_what_is_smaller(tables: Tables) -> None:
    answer = ask(tables, gpu="l4", model="llama-3.1-405b", precision="fp16")
    assert answer.chosen is None
    # 405.85 GB at fp8 on 21.6 usable GB each, 2.07 GB of cache split over 8 KV heads: 405.85 / (21.6 - 0.26)
    assert words.recommendation(answer).startswith("Llama 3.1 405B at fp8 needs 406 GB")
    assert "at least 20 × NVIDIA L4" in answer.needs[0]
    assert any("Four-bit weights" in line for line in answer.needs)


def test_targets_that_nothing_holds_name_the_best_reachable(tables: Tables) -> None:
    answer = ask(tables, ttft=0.01, tpot=0.001)
    assert not answer.holds
    assert answer.chosen is not None
    assert words.recommendation(answer).startswith("Nothing holds the targets.")
    assert any("No deployment reaches a TTFT of 10 ms" in line for line in answer.needs)
    assert any("No deployment reaches a TPOT of 1 ms" in line for line in answer.needs)
    assert answer.grid is not None
    fastest = answer.grid.result.tpot_s[answer.grid.result.fits].min()
    assert any(words.seconds(float(fastest)) in line for line in answer.needs)


def test_no_price_of_the_kind_says_which_kinds_there_are(tables: Tables) -> None:
    answer = ask(tables, gpu="mi355x")
    assert "AMD Instinct MI355X has no on-demand price" in answer.problems[0]
    assert "estimate" in answer.problems[0]
    assert "No GPU has a reserved price" in ask(tables, gpu_price_type="reserved").problems[0]


def test_offer_that_is_not_in_force_is_named(tables: Tables) -> None:
    answer = ask(tables, gpu="h100-sxm", gpu_offer="nobody-h100")
    assert (
        words.recommendation(answer) == "The offer nobody-h100 is not in force on 2026-11-21; choose another."
    )


def test_memory_is_written_out_in_parts(tables: Tables) -> None:
    answer = ask(tables, gpu="h100-sxm")
    assert answer.chosen is not None
    text = words.memory_parts(memory_of(answer, answer.chosen))
    assert text.startswith("Weights 70.6 GB, KV cache ")
    assert "kept back as workspace" in text
    # 2 x 80 layers x 8 heads x 128 wide x 2 B.
    assert "328 kB per token)" in text


def test_cache_of_a_token_is_not_stated_where_layers_have_windows(tables: Tables) -> None:
    answer = ask(tables, model="gpt-oss-120b", precision="fp4")
    assert answer.chosen is not None
    text = words.memory_parts(memory_of(answer, answer.chosen))
    assert "sequences of" in text
    assert "per token" not in text


def test_unknown_ids_are_sentences(tables: Tables) -> None:
    assert "There is no model 'x'" in ask(tables, model="x").problems[0]
    assert "There is no GPU 'x'" in ask(tables, gpu="x").problems[0]


def test_scenarios_own_format_is_always_considered() -> None:
    assert considered("int4", "fp16,fp8", ("fp16", "fp8", "int8", "int4", "fp4")) == ["int4", "fp16", "fp8"]
    assert considered("bf16", "none", ("fp16", "fp8")) == ["fp16"]
    assert considered("fp8", "fp8", ("fp16", "fp8")) == ["fp8"]


def test_memory_bar_adds_up_to_the_whole_memory(tables: Tables) -> None:
    answer = ask(tables, replace(USUAL, shape="b"))
    assert answer.chosen is not None
    filled = memory_of(answer, answer.chosen)
    candidate = answer.chosen.host.candidate
    assert filled.total == pytest.approx(candidate.n_gpus * candidate.gpu.memory_gb * 1e9)
    assert filled.workspace == pytest.approx(0.1 * filled.total)
    # One more sequence would not fit where memory is what stops the batch.
    if answer.stops_next == "full memory":
        assert filled.free < filled.cache / answer.chosen.host.batch


def test_batch_curve_goes_through_the_chosen_batch(tables: Tables) -> None:
    answer = ask(tables, replace(USUAL, shape="b"))
    assert answer.chosen is not None
    curve = batch_curve(answer, answer.chosen)
    assert curve.batch[curve.chosen] == answer.chosen.host.batch
    assert curve.usd[curve.chosen] == pytest.approx(answer.chosen.usd)
    assert (np.diff(curve.usd) <= 0).all()
    assert curve.usd[0] > curve.usd[-1]
    assert (np.diff(curve.tpot_s) >= 0).all()
    # Beyond the sequences that fit the others wait: nothing gets faster.
    fits = curve.batch <= answer.chosen.host.most_sequences
    assert (np.diff(curve.tokens_per_s[fits]) > 0).all()
    assert (np.diff(curve.tokens_per_s) >= 0).all()


def test_points_stand_below_the_roof(tables: Tables) -> None:
    answer = ask(tables)
    assert answer.chosen is not None
    roof = roofline(answer, answer.chosen)
    gpu = answer.chosen.host.candidate.gpu
    assert roof.ridge == pytest.approx((gpu.fp8_dense_tflops or 0) * 1e12 / (gpu.mem_bw_gb_s * 1e9))
    assert all(0 < point.flop_per_s < point.limit_flop_per_s for point in roof.points)
    # 4,000 tokens read together are far above the ridge, one sequence far below it
    assert roof.points[0].flop_per_byte > roof.ridge > roof.points[1].flop_per_byte


def test_an_engine_of_2023_stands_beside_todays_where_it_was_measured(tables: Tables) -> None:
    """Splitwise measured vLLM of 2023 on A100 and H100; who asks for another GPU is not told of it."""
    extra = replace(USUAL, weights="none")
    asked = {"model": "llama-2-70b", "precision": "fp16"}
    today = ask(tables, extra, gpu="h100-sxm", gpus=4, **asked)
    assert today.chosen is not None
    then = older(today, today.chosen, tables)
    assert then is not None
    assert then.engine == "vllm-2023"
    assert then.tpot_s > today.chosen.host.tpot_s
    assert "vllm-2023, as it was then" in words.older_sentence(then)
    named = ask(tables, extra, gpu="h100-sxm", gpus=4, engine="vllm-2023", **asked)
    assert named.chosen is not None
    assert older(named, named.chosen, tables) is None
    newer = ask(tables, extra, gpu="b200-sxm", gpus=2, **asked)
    assert newer.chosen is not None
    assert older(newer, newer.chosen, tables) is None
    assert words.older_sentence(None) == ""


def test_swings_lie_on_both_sides_of_the_cost(tables: Tables) -> None:
    answer = ask(tables)
    assert answer.chosen is not None
    usd = answer.chosen.usd
    found = swings(answer, answer.chosen)
    assert len(found) == 6
    assert all(one.usd_low <= usd * (1 + 1e-9) and one.usd_high >= usd * (1 - 1e-9) for one in found)
    assert [one.width for one in found] == sorted((one.width for one in found), reverse=True)
    busy = next(one for one in found if one.name == "Busy share")
    assert (busy.low, busy.high) == ("100 %", "25 %")
    # Whole replicas at half the idleness and at twice it.
    rent, work = answer.chosen.host.candidate.usd_per_hour * 730, answer.chosen.host.replica_s
    assert busy.usd_low == pytest.approx(rent * math.ceil(work / 1.0))
    assert busy.usd_high == pytest.approx(rent * math.ceil(work / 0.25))


def test_a_job_hangs_on_no_busy_share(tables: Tables) -> None:
    answer = ask(tables, per="once", requests=1e6)
    assert answer.chosen is not None
    found = swings(answer, answer.chosen)
    assert len(found) == 5
    assert all(one.name != "Busy share" for one in found)
    usd = answer.chosen.usd
    assert all(one.usd_low <= usd * (1 + 1e-9) and one.usd_high >= usd * (1 - 1e-9) for one in found)


def test_nothing_beats_the_frontier(tables: Tables) -> None:
    answer = ask(tables, replace(USUAL, shape="b"))
    lines = frontiers(answer)
    assert set(lines) == {"TPOT", "TTFT"}
    grid = answer.grid
    assert grid is not None
    for what, times in (("TPOT", grid.result.tpot_s), ("TTFT", grid.result.ttft_s)):
        line = lines[what]
        mine = line.tpot_s if what == "TPOT" else line.ttft_s
        assert (np.diff(mine) > 0).all()
        assert (np.diff(line.usd) < 0).all()
        for t, usd in zip(times[grid.result.fits], grid.fleet.usd[grid.result.fits], strict=True):
            beaten = (mine <= t * (1 + 1e-9)) & (line.usd <= usd * (1 + 1e-9))
            assert beaten.any()


def test_load_is_the_scenarios(tables: Tables) -> None:
    month, second = ask(tables, requests=2_628_000.0, per="month"), ask(tables, requests=1.0)
    assert month.chosen is not None
    assert second.chosen is not None
    assert month.chosen.usd == pytest.approx(second.chosen.usd)
    assert words.recommendation(month) == words.recommendation(second)


@pytest.mark.parametrize(
    "changes", [{}, {"requests": 1e-6}, {"requests": 500.0}, {"per": "once", "requests": 1e6}]
)
def test_the_bill_lies_in_the_range_of_its_estimate(tables: Tables, changes: dict[str, Any]) -> None:
    answer = ask(tables, **changes)
    assert answer.chosen is not None
    low, high = answer.chosen.usd_range(terms_of(answer.scenario))
    assert low <= answer.chosen.usd * (1 + 1e-9)
    assert answer.chosen.usd <= high * (1 + 1e-9)
    said = words.load_sentence(answer)
    assert ("(estimate $" in said) == (MONEY.span(low, high) != MONEY.amount(answer.chosen.usd))
