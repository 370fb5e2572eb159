"""The grid against the evaluation of single candidates, and what must never make the best answer worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Speculation
from breakeven.hosting import (
    KV_BYTES,
    Ask,
    Evaluation,
    GpuPrice,
    architecture,
    choose_profile,
    compute_class,
    evaluate,
    gpu_price,
    model_shape,
)
from breakeven.hosting.choose import COUNTS, splits
from breakeven.hosting.fleet import Terms, fleet_of
from breakeven.hosting.grid import Grid, again, rank, work_of
from breakeven.hosting.hardware import Hardware, hardware_of
from breakeven.question.kinds import Per
from breakeven.question.parts import Shape
from breakeven.tables.day import Tables
from breakeven.tables.records import Gpu
from tests.builders import TODAY
from tests.hosting.test_fleet import load_of

GPUS = ("h100-sxm", "h200-sxm", "a100-80-sxm", "l40s", "gb300")
SHAPE = Shape(prompt_tokens=2000, completion_tokens=300, cached_tokens=500)
ASK = Ask(mode="continuous", batch=None, ttft_s=2.0, tpot_s=0.05, utilisation=0.5, usable=0.9)
MODES = ("continuous", "static", "disaggregated")
TERMS = Terms(load=load_of(7.0, Per.SECOND), utilisation=0.5, overhead_month=0.0, pools=False)
LOADS = st.sampled_from([1e-3, 1.0, 7.0, 400.0]).map(
    lambda requests: replace(TERMS, load=load_of(requests, Per.SECOND))
) | st.just(replace(TERMS, load=load_of(1e5, Per.ONCE), utilisation=1.0))


@pytest.fixture(scope="module")
def tables(tables_on: Callable[[date], Tables]) -> Tables:
    return tables_on(TODAY)


def prices_of(tables: Tables, ids: tuple[str, ...] = GPUS) -> dict[str, GpuPrice]:
    found = {
        gpu: gpu_price(tables.gpu_offers, gpu_id=gpu, price_type="on-demand", choice="median") for gpu in ids
    }
    return {gpu: price for gpu, price in found.items() if price is not None}


def hardware(tables: Tables, gpus: list[Gpu] | None = None, **changes: Any) -> Hardware:
    settings_ = {
        "gpus": [tables.gpus[gpu] for gpu in GPUS] if gpus is None else gpus,
        "counts": COUNTS,
        "prices": prices_of(tables),
        "efficiencies": tables.efficiencies,
        "engine": "auto",
        "overhead_percent": 0.0,
    }
    return hardware_of(**(settings_ | changes))


def grid_of(
    tables: Tables,
    *,
    models: tuple[str, ...] = ("llama-3.3-70b", "mixtral-8x7b", "gpt-oss-120b", "deepseek-v3"),
    precisions: tuple[str, ...] = ("fp16", "fp8", "int4", "fp4"),
    kv: tuple[str, ...] = ("fp16", "fp8"),
    modes: tuple[str, ...] = MODES,
    ask: Ask = ASK,
    shape: Shape = SHAPE,
    rows: Hardware | None = None,
    terms: Terms = TERMS,
) -> Grid:
    work = work_of(
        [tables.models[name] for name in models],
        precisions=[tables.precisions[name] for name in precisions],
        kv_precisions=kv,
        context_tokens=shape.prompt_tokens + shape.completion_tokens,
    )
    return rank(work, rows or hardware(tables), ask, shape, terms, modes=modes)


def alone(grid: Grid, index: int, ask: Ask) -> Evaluation:
    """The same candidate by the function for single ones."""
    w = int(grid.w[index])
    work = grid.work
    return evaluate(
        model_shape(
            work.models[work.model[w]],
            work.precisions[work.precision[w]],
            KV_BYTES[work.kv_precisions[work.kv[w]]],
        ),
        [grid.hardware.candidates[grid.h[index]]],
        replace(ask, mode=grid.modes[grid.m[index]]),
        prompt_tokens=np.array([float(SHAPE.prompt_tokens)]),
        completion_tokens=np.array([float(SHAPE.completion_tokens)]),
        cached_tokens=np.array([float(SHAPE.cached_tokens)]),
    )


@pytest.mark.parametrize(
    "speculation", [None, Speculation(drafts=4, acceptance=0.7, draft_share=0.05)], ids=["plain", "drafted"]
)
def test_every_candidate_is_what_it_is_alone(tables: Tables, speculation: Speculation | None) -> None:
    ask = replace(ASK, speculation=speculation)
    grid = grid_of(tables, ask=ask)
    assert grid.w.size > 500
    for index in range(0, grid.w.size, 17):
        one = alone(grid, index, ask)
        for name in ("batch", "most_sequences", "ttft_s", "tpot_s", "usd", "prompt_usd_high", "wait_s"):
            mine, other = getattr(grid.result, name)[index], getattr(one, name)[0, 0]
            assert mine == pytest.approx(other, rel=1e-9), (name, index)
        assert grid.result.holds[index] == one.holds[0, 0]
        fleet = fleet_of(
            replace(TERMS, pools=grid.modes[grid.m[index]] == "disaggregated"),
            prefill_s=one.prefill_s,
            decode_s=one.decode_s,
            usd_per_hour=np.asarray(grid.hardware.candidates[grid.h[index]].usd_per_hour),
        )
        assert grid.fleet.usd[index] == pytest.approx(fleet.usd[0, 0], rel=1e-9)
        assert grid.fleet.replicas[index] == fleet.replicas[0, 0]


def test_a_measured_model_is_timed_by_its_own_row_in_the_grid_as_alone(tables: Tables) -> None:
    grid = grid_of(tables, modes=(Mode.CONTINUOUS,))
    own = 0
    for index in range(0, grid.w.size, 7):
        model = grid.work.models[grid.work.model[grid.w[index]]]
        candidate = grid.hardware.candidates[grid.h[index]]
        row = candidate.profile.efficiency
        rate = compute_class(candidate.gpu, grid.work.precisions[grid.work.precision[grid.w[index]]])
        expected = choose_profile(
            tables.efficiencies,
            engine="auto",
            gpu=candidate.gpu,
            rate=rate,
            mode=Mode.CONTINUOUS,
            n_gpus=candidate.n_gpus,
            shape=architecture(model),
        )
        assert candidate.profile == expected
        assert row.architecture in (None, architecture(model))
        own += row.architecture is not None
    assert own > 20


def test_batch_is_the_largest_that_holds(tables: Tables) -> None:
    grid = grid_of(tables)
    held = np.flatnonzero(grid.result.holds & (grid.result.batch < grid.result.most_sequences))
    held = held[grid.result.batch[held] < 1024]
    order, more = again(grid, ASK, SHAPE, candidates=held, batch=grid.result.batch[held] + 1)
    assert held.size > 100
    assert order.size == held.size
    assert not more.holds.any()


def test_ranking_is_sorted_and_holds_every_target(tables: Tables) -> None:
    grid = grid_of(tables)
    order = grid.ranked()
    assert order.size == grid.result.holds.sum()
    bills = grid.fleet.usd[order]
    assert (np.diff(bills) >= -2e-9 * bills[1:]).all()
    # Of equal bills the fleet that is less busy goes first.
    same = np.diff(bills) == 0
    assert same.any()
    assert (np.diff(grid.fleet.busy[order])[same] >= 0).all()
    assert (grid.result.ttft_s[order] <= 2.0 * (1 + 1e-9)).all()
    assert (grid.result.tpot_s[order] <= 0.05 * (1 + 1e-9)).all()


def test_sixteen_are_ranked_only_where_the_link_joins_them(tables: Tables) -> None:
    grid = grid_of(tables)
    wide = {row.gpu.gpu_id for row in grid.hardware.candidates if row.n_gpus == 16}
    assert wide == {"gb300"}
    why = {gone.what: gone.why for gone in grid.left_out}
    assert "joined by 8 at most" in why["NVIDIA H100 SXM5 80GB"]


def test_gpu_without_the_rate_is_left_out_with_the_reason(tables: Tables) -> None:
    grid = grid_of(tables)
    assert any(
        gone.what == "NVIDIA A100 SXM4 80GB, fp8" and "no fp8 rate" in gone.why for gone in grid.left_out
    )
    names = {
        (grid.hardware.candidates[h].gpu.gpu_id, grid.work.precisions[grid.work.precision[w]].precision_id)
        for h, w in zip(grid.h, grid.w, strict=True)
    }
    assert ("a100-80-sxm", "fp8") not in names
    assert ("a100-80-sxm", "int4") in names


def test_model_beyond_its_context_is_left_out(tables: Tables) -> None:
    long = Shape(prompt_tokens=30_000, completion_tokens=4_000)
    grid = grid_of(tables, models=("mixtral-8x7b", "llama-3.3-70b"), shape=long)
    assert [model.model_id for model in grid.work.models] == ["llama-3.3-70b"]
    assert any("at most 32,768 tokens of context" in gone.why for gone in grid.left_out)


@pytest.mark.parametrize(
    ("model", "count", "whole"),
    [
        ("llama-3.3-70b", 8, True),  # 64 query and 8 KV heads
        ("llama-3.3-70b", 16, True),  # each KV head on two GPUs
        ("falcon-7b", 2, False),  # 71 query heads
        ("phi-4", 4, False),  # 40 query heads divide, 10 KV heads do not
        ("phi-4", 2, True),
        ("deepseek-v3", 16, True),  # latent: every GPU keeps the shared vector
    ],
)
def test_heads_must_divide_over_the_gpus(tables: Tables, model: str, count: int, whole: bool) -> None:
    assert splits(tables.models[model], count) is whole


def test_undivided_heads_are_said(tables: Tables) -> None:
    grid = grid_of(tables, models=("falcon-7b",), shape=Shape(prompt_tokens=100, completion_tokens=100))
    assert {grid.hardware.candidates[h].n_gpus for h in grid.h} == {1}
    assert any("71 query and 1 KV heads cannot be divided" in gone.why for gone in grid.left_out)


def best_key(grid: Grid) -> tuple[bool, float]:
    """What is minimised: trust first, then the bill at the load; nothing is the worst."""
    best = grid.best()
    if best is None:
        return True, np.inf
    return int(grid.standing[best]), float(grid.fleet.usd[best])


def cheapest(grid: Grid) -> float:
    return float(np.where(grid.result.holds, grid.fleet.usd, np.inf).min(initial=np.inf))


def better(gpu: Gpu, what: str, factor: float) -> Gpu:
    """The same GPU with more of something."""
    names = {
        "bandwidth": ("mem_bw_gb_s",),
        "rate": ("fp16_dense_tflops", "bf16_dense_tflops", "fp8_dense_tflops", "fp4_dense_tflops"),
        "memory": ("memory_gb",),
        "link": ("scale_up_gb_s_unidirectional",),
    }[what]
    return replace(gpu, **{n: v * factor for n in names if (v := getattr(gpu, n)) is not None})


SHAPES = st.builds(
    Shape,
    prompt_tokens=st.integers(16, 30_000),
    completion_tokens=st.integers(1, 2_000),
)
MODELS = st.sampled_from(["llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "gemma-3-27b"])


@settings(max_examples=25, deadline=None)
@given(
    shape=SHAPES,
    model=MODELS,
    what=st.sampled_from(["bandwidth", "rate", "memory", "link"]),
    factor=st.floats(1.0, 8.0),
    mode=st.sampled_from(MODES),
    terms=LOADS,
)
def test_a_better_gpu_never_makes_the_best_answer_worse(
    tables: Tables, shape: Shape, model: str, what: str, factor: float, mode: str, terms: Terms
) -> None:
    about: dict[str, Any] = {
        "terms": terms,
        "models": (model,),
        "shape": shape,
        "modes": (mode,),
        "kv": ("fp16",),
    }
    more = [better(tables.gpus[gpu], what, factor) for gpu in GPUS]
    before, after = grid_of(tables, **about), grid_of(tables, **about, rows=hardware(tables, more))
    assert cheapest(after) <= cheapest(before) * (1 + 1e-9)
    assert best_key(after) <= (best_key(before)[0], best_key(before)[1] * (1 + 1e-9))


@settings(max_examples=15, deadline=None)
@given(shape=SHAPES, model=MODELS, factor=st.floats(0.1, 1.0), gpu=st.sampled_from(GPUS[:4]), terms=LOADS)
def test_a_lower_price_never_makes_the_best_answer_worse(
    tables: Tables, shape: Shape, model: str, factor: float, gpu: str, terms: Terms
) -> None:
    about: dict[str, Any] = {
        "terms": terms,
        "models": (model,),
        "shape": shape,
        "modes": ("continuous",),
        "kv": ("fp16",),
    }
    prices = prices_of(tables)
    lower = replace(prices[gpu], usd_per_gpu_hour=prices[gpu].usd_per_gpu_hour * factor)
    before = grid_of(tables, **about)
    after = grid_of(tables, **about, rows=hardware(tables, prices=prices | {gpu: lower}))
    assert best_key(after) <= best_key(before)


@settings(max_examples=20, deadline=None)
@given(
    shape=SHAPES,
    model=MODELS,
    ttft=st.floats(0.05, 5.0),
    tpot=st.floats(0.005, 0.2),
    loose=st.floats(1.0, 10.0),
    mode=st.sampled_from(MODES),
    terms=LOADS,
)
def test_a_looser_target_never_makes_the_best_answer_worse(
    tables: Tables, shape: Shape, model: str, ttft: float, tpot: float, loose: float, mode: str, terms: Terms
) -> None:
    about: dict[str, Any] = {
        "terms": terms,
        "models": (model,),
        "shape": shape,
        "modes": (mode,),
        "kv": ("fp16",),
    }
    rows = hardware(tables)
    tight = replace(ASK, ttft_s=ttft, tpot_s=tpot)
    before = grid_of(tables, **about, rows=rows, ask=tight)
    for wider in (
        replace(tight, ttft_s=ttft * loose),
        replace(tight, tpot_s=tpot * loose),
        replace(tight, ttft_s=None, tpot_s=None),
    ):
        after = grid_of(tables, **about, rows=rows, ask=wider)
        assert best_key(after) <= (best_key(before)[0], best_key(before)[1] * (1 + 1e-9))
        assert len(after.ranked()) >= len(before.ranked())


def test_twice_the_price_is_twice_the_cost(tables: Tables) -> None:
    prices = prices_of(tables)
    twice = {gpu: replace(p, usd_per_gpu_hour=2 * p.usd_per_gpu_hour) for gpu, p in prices.items()}
    before, after = grid_of(tables), grid_of(tables, rows=hardware(tables, prices=twice))
    assert after.fleet.usd == pytest.approx(2 * before.fleet.usd, rel=1e-12)
    assert after.result.usd == pytest.approx(2 * before.result.usd, rel=1e-12)


def test_half_as_busy_never_makes_a_bill_smaller_and_twice_it_at_most(tables: Tables) -> None:
    half = replace(ASK, utilisation=0.4)
    for load in (0.01, 7.0, 5000.0):
        terms = replace(TERMS, load=load_of(load, Per.SECOND), utilisation=0.8)
        before = grid_of(tables, ask=replace(ASK, utilisation=0.8), terms=terms)
        after = grid_of(tables, ask=half, terms=replace(terms, utilisation=0.4))
        # Where a waiting prompt misses no target the batch is the same, and the work of a request.
        alike = after.result.batch == before.result.batch
        assert alike.sum() > 500
        ratio = (after.fleet.usd / before.fleet.usd)[alike]
        assert (ratio >= 1 - 1e-9).all()
        assert (ratio <= 2 + 1e-9).all()
    # Of thousands of replicas half as busy are twice as many.
    assert ratio[before.fleet.replicas[alike] > 1000] == pytest.approx(2, rel=2e-3)


def test_hardware_twice_as_fast_in_everything_halves_time_and_cost(tables: Tables) -> None:
    fixed = (
        *("link_latency_s", "prefill_overhead_s", "step_overhead_s", "layer_overhead_s"),
        *("sequence_overhead_s", "context_overhead_s", "ttft_fixed_s", "busy_fixed_s", "expert_overhead_s"),
        "latent_overhead_s",
    )
    rows = [replace(row, **{name: getattr(row, name) / 2 for name in fixed}) for row in tables.efficiencies]
    gpus = [better(better(better(tables.gpus[gpu], "bandwidth", 2), "rate", 2), "link", 2) for gpu in GPUS]
    ask = replace(ASK, batch=8, ttft_s=None, tpot_s=None)
    before = grid_of(tables, ask=ask)
    after = grid_of(tables, ask=ask, rows=hardware(tables, gpus, efficiencies=rows))
    assert after.result.ttft_s == pytest.approx(before.result.ttft_s / 2, rel=1e-9)
    assert after.result.tpot_s == pytest.approx(before.result.tpot_s / 2, rel=1e-9)
    assert after.result.usd == pytest.approx(before.result.usd / 2, rel=1e-9)
    assert (after.fleet.usd <= before.fleet.usd).all()
    assert (2 * after.fleet.replicas >= before.fleet.replicas).all()


def test_measured_is_preferred_and_a_gpu_asked_for_is_not_held_back(tables: Tables) -> None:
    prices = prices_of(tables)
    gift = replace(prices["gb300"], usd_per_gpu_hour=0.01)
    rows = {"prices": prices | {"gb300": gift}}
    grid = grid_of(tables, models=("llama-3.3-70b",), precisions=("fp8",), rows=hardware(tables, **rows))
    best = grid.best()
    assert best is not None
    assert grid.hardware.candidates[grid.h[best]].gpu.gpu_id != "gb300"  # no fp8 run of it on record
    asked = hardware(tables, **rows, trusted=("gb300",))
    grid = grid_of(tables, models=("llama-3.3-70b",), precisions=("fp8",), rows=asked)
    best = grid.best()
    assert best is not None
    assert grid.hardware.candidates[grid.h[best]].gpu.gpu_id == "gb300"
