"""Serving modes against hand derivations."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.modes import MODES, continuous_batching, disaggregated, static_batch
from breakeven.formulas.parts import IDEAL, Engine
from breakeven.formulas.step import decode_step, mean_context, prefill_step
from tests.formulas.shapes import (
    ENGINE,
    LLAMA,
    SHAPE,
    TWO_A100,
    engines,
    lengths,
    models,
    quick,
    serve,
)


def step_times(prefill_batch, decode_batch):
    prefill = prefill_step(
        model=LLAMA, replica=TWO_A100, engine=ENGINE, batch=prefill_batch, prompt_tokens=512
    )
    decode = decode_step(model=LLAMA, replica=TWO_A100, engine=ENGINE, batch=decode_batch, context_tokens=768)
    return prefill.total_s, decode.total_s


def test_mean_context_lies_halfway_through_the_completion():
    # c = N + 1/2, N + 3/2, ..., the middle of each step: their mean is N + C/2.
    middles = [1000 + i + 0.5 for i in range(200)]
    assert mean_context(prompt_tokens=1000, completion_tokens=200) == sum(middles) / 200


def test_static_batch_reads_all_prompts_and_then_decodes():
    prefill, decode = step_times(16, 16)
    service = serve(static_batch)
    assert service.ttft_s == pytest.approx(prefill)
    assert service.tpot_s == pytest.approx(decode)
    assert service.replica_s_per_request == pytest.approx((prefill + 512 * decode) / 16)


def test_continuous_batching_takes_one_prefill_and_a_share_of_each_decode_step():
    # formulas.md, Serving: g = prefill(1, N) + C decode(B)/B; TPOT = decode + (B - 1) prefill/C.
    prefill, decode = step_times(1, 16)
    service = serve(continuous_batching)
    assert service.replica_s_per_request == pytest.approx(prefill + 512 * decode / 16)
    assert service.ttft_s == pytest.approx(prefill + decode)
    assert service.tpot_s == pytest.approx(decode + 15 * prefill / 512)


def test_slots_and_throughput_agree_on_how_long_a_sequence_stays():
    # Little's law: B sequences inside = throughput x (own prefill + C x TPOT), TPOT holding the neighbours'.
    service = serve(continuous_batching)
    inside = (service.prefill_s_per_request + 512 * service.tpot_s) / service.replica_s_per_request
    assert inside == pytest.approx(16)


def test_alone_nothing_but_the_step_lies_between_tokens():
    # Weights and cache once a token: one's own prompt is in the time to the first.
    service = serve(continuous_batching, batch=1)
    assert service.tpot_s == service.token_s == pytest.approx(step_times(1, 1)[1])


def test_separate_pools_keep_prefills_out_of_decode():
    prefill, decode = step_times(1, 16)
    mixed, apart = serve(continuous_batching), serve(disaggregated)
    assert apart.tpot_s == pytest.approx(decode)
    assert apart.replica_s_per_request == pytest.approx(mixed.replica_s_per_request)
    # The cache of 512 tokens crosses both GPUs' links at 0.6 of 300 GB/s.
    assert apart.ttft_s == pytest.approx(prefill + decode + 512 * 327_680 / (2 * 180e9))


def test_the_physical_limit_moves_caches_for_nothing():
    assert serve(disaggregated, engine=IDEAL).ttft_s == serve(continuous_batching, engine=IDEAL).ttft_s


@quick
@given(model=models, engine=engines, batch=st.integers(1, 255), prompt=lengths, completion=lengths)
def test_a_larger_batch_is_cheaper_and_slower(model, engine, batch, prompt, completion):
    small, large = (
        continuous_batching(
            model=model,
            replica=TWO_A100,
            engine=engine,
            batch=size,
            prompt_tokens=prompt,
            completion_tokens=completion,
        )
        for size in (batch, batch + 1)
    )
    assert large.replica_s_per_request <= small.replica_s_per_request * (1 + 1e-12)
    assert large.tpot_s >= small.tpot_s
    assert large.ttft_s >= small.ttft_s


def test_one_call_serves_a_grid_and_numbers_give_numbers():
    grid = serve(continuous_batching, batch=np.array([1.0, 16.0])[:, None], prompt_tokens=np.array([64, 512]))
    one = serve(continuous_batching)
    assert np.shape(grid.tpot_s) == (2, 2)
    assert np.asarray(grid.tpot_s)[1, 1] == pytest.approx(one.tpot_s)
    assert isinstance(one.tpot_s, float)
    assert isinstance(one.ttft_s, float)
    assert isinstance(one.replica_s_per_request, float)


@pytest.mark.parametrize("mode", [pytest.param(mode, id=name) for name, mode in MODES.items()])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0], ids=str)
@pytest.mark.parametrize("name", ["batch", "prompt_tokens", "completion_tokens", "cached_tokens"])
def test_every_mode_refuses_what_cannot_be_served(mode, name, bad):
    arguments = {"batch": 4, **SHAPE, "cached_tokens": 0, name: bad}
    with pytest.raises(ValueError, match=rf"{name} must"):
        mode(model=LLAMA, replica=TWO_A100, engine=ENGINE, **arguments)


@pytest.mark.parametrize("mode", [pytest.param(mode, id=name) for name, mode in MODES.items()])
@pytest.mark.parametrize("name", [f.name for f in fields(Engine) if f.name != "communication"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1], ids=str)
def test_every_mode_refuses_efficiencies_that_cannot_be(mode, name, bad):
    with pytest.raises(ValueError, match=rf"{name} must .*{bad}"):
        serve(mode, engine=replace(ENGINE, **{name: bad}))


@pytest.mark.parametrize("name", ["mfu", "mbu", "kv_mbu", "link_share"])
def test_no_engine_reaches_more_than_the_peak(name):
    serve(static_batch, engine=replace(ENGINE, **{name: 1.0}))
    with pytest.raises(ValueError, match=rf"{name} must be above 0 and at most 1, got 1\.001"):
        serve(static_batch, engine=replace(ENGINE, **{name: 1.001}))
