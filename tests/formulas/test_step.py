"""Prefill and decode against hand derivations and published values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.cost import replica_usd
from breakeven.formulas.modes import MODES
from breakeven.formulas.parts import IDEAL
from breakeven.formulas.step import decode_step, prefill_step
from tests.formulas.shapes import (
    EIGHT_A100,
    ENGINE,
    LLAMA,
    SLIDING,
    TWO_A100,
    WITHOUT_ATTENTION,
    batches,
    engines,
    factors,
    gpu_counts,
    lengths,
    models,
    quick,
)

# --- the 2023 article ------------------------------------------------------------------------------


def test_sangers_prompt_speed_and_price_come_out_of_the_prefill():
    # Sanger 2023: 2 A100 at 200 TFLOP/s each read 400e12 / 140e9 = 2,857 tok/s, for $4.42 an hour
    # $0.00043 per 1K. He leaves attention out; 1 %.
    engine = replace(IDEAL, mfu=200 / 312)
    time = prefill_step(
        model=WITHOUT_ATTENTION, replica=TWO_A100, engine=engine, batch=1, prompt_tokens=10_000
    ).total_s
    assert 10_000 / time == pytest.approx(2857, rel=0.01)
    per_1k = replica_usd(usd_per_hour=4.42, busy_s=time / 10)
    assert per_1k == pytest.approx(0.00043, rel=0.01)


def test_sangers_generation_speed_and_price_come_out_of_the_decode():
    # Sanger 2023: one sequence, 140 GB of weights at 2 x 1.3 TB/s: 18.57 tok/s, $0.0661 per 1K; 1 %.
    engine = replace(IDEAL, mbu=1.3 / 2.0, kv_mbu=1.3 / 2.0)
    step = decode_step(model=LLAMA, replica=TWO_A100, engine=engine, batch=1, context_tokens=1)
    assert 1 / step.total_s == pytest.approx(18.57, rel=0.01)
    assert replica_usd(usd_per_hour=4.42, busy_s=1000 * step.total_s) == pytest.approx(0.0661, rel=0.01)
    assert not step.compute_bound


@pytest.mark.parametrize(("prompt", "published_s"), [(512, 2.867), (3596, 20.14)])
def test_sangers_full_batch_on_eight_a100_waits_seconds_for_its_first_token(prompt, published_s):
    # Sanger 2023: batch 64 at 1.6 PFLOP/s together, without attention; 1 %.
    engine = replace(IDEAL, mfu=200 / 312)
    step = prefill_step(
        model=WITHOUT_ATTENTION, replica=EIGHT_A100, engine=engine, batch=64, prompt_tokens=prompt
    )
    assert step.total_s == pytest.approx(published_s, rel=0.01)
    assert step.compute_bound


def test_sangers_decode_traffic_is_per_step_not_per_token():
    # Sanger 2023: 140 GB + 320 KB x N x B moved; one such step gives B tokens.
    step = decode_step(model=LLAMA, replica=TWO_A100, engine=IDEAL, batch=16, context_tokens=768)
    assert step.linear_memory_s == pytest.approx(140e9 / 4e12)
    assert step.attention_memory_s == pytest.approx(327_680 * 768 * 16 / 4e12)


# --- steps -----------------------------------------------------------------------------------------


def test_one_sequence_decodes_as_fast_as_its_weights_can_be_read():
    # At the physical limit and without a cache: 140 GB over 2 x 2 TB/s.
    step = decode_step(model=WITHOUT_ATTENTION, replica=TWO_A100, engine=IDEAL, batch=1, context_tokens=1000)
    assert step.total_s == pytest.approx(140e9 / 4e12, rel=1e-12)


@pytest.mark.parametrize(
    ("batch", "compute_bound"), [pytest.param(155, False, id="below"), pytest.param(156, True, id="at")]
)
def test_decode_turns_compute_bound_at_the_ridge_point(batch, compute_bound):
    # fp16: 2 FLOP and 2 B per weight, so a batch of B does B FLOP per byte; the A100's ridge is at 156.
    step = decode_step(model=WITHOUT_ATTENTION, replica=TWO_A100, engine=IDEAL, batch=batch, context_tokens=1)
    assert step.compute_bound is compute_bound


def test_parts_of_a_prefill_match_a_count_by_hand():
    step = prefill_step(model=LLAMA, replica=TWO_A100, engine=ENGINE, batch=4, prompt_tokens=1000)
    assert step.linear_compute_s == pytest.approx(4 * 1000 * 140e9 / (2 * 312e12 * 0.5))
    assert step.linear_memory_s == pytest.approx(140e9 / (2 * 2.0e12 * 0.7))
    # 2 L H d_h N^2 per sequence.
    attention = 4 * 2 * 80 * 64 * 128 * 1000**2
    assert step.attention_compute_s == pytest.approx(attention / (2 * 312e12 * 0.5))
    assert step.attention_memory_s == pytest.approx(4 * 1000 * 327_680 / (2 * 2.0e12 * 0.3))
    # Two all-reduces a layer, each 2 (n - 1)/n = 1 times 4000 x 8192 x 2 B at 0.6 of 300 GB/s.
    assert step.link_s == pytest.approx(160 * (4000 * 8192 * 2 / 180e9 + 2e-5))
    assert step.fixed_s == pytest.approx(0.03)
    slower = max(step.linear_compute_s, step.linear_memory_s)
    slower += max(step.attention_compute_s, step.attention_memory_s)
    assert step.total_s == pytest.approx(slower + step.link_s + step.fixed_s)


def test_parts_of_a_decode_step_match_a_count_by_hand():
    step = decode_step(model=LLAMA, replica=TWO_A100, engine=ENGINE, batch=8, context_tokens=2000)
    assert step.linear_compute_s == pytest.approx(8 * 140e9 / (2 * 312e12 * 0.5))
    # 4 L H d_h c per sequence.
    assert step.attention_compute_s == pytest.approx(8 * 4 * 80 * 64 * 128 * 2000 / (2 * 312e12 * 0.5))
    assert step.attention_memory_s == pytest.approx(8 * 2000 * 327_680 / (2 * 2.0e12 * 0.3))
    assert step.link_s == pytest.approx(160 * (8 * 8192 * 2 / 180e9 + 2e-5))
    assert step.fixed_s == pytest.approx(1e-3 + 80 * 1e-5 + 8 * 1e-5 + 2000 * 1e-8)


def test_a_cache_that_is_copied_is_read_as_often():
    # 8 KV heads: sixteen GPUs hold, and read, two copies.
    sixteen = replace(TWO_A100, n_gpus=16)
    step = decode_step(model=LLAMA, replica=sixteen, engine=IDEAL, batch=1, context_tokens=1000)
    assert step.attention_memory_s == pytest.approx(2 * 1000 * 327_680 / (16 * 2.0e12))


@pytest.mark.parametrize(
    ("context", "seen"), [pytest.param(1024, 1024, id="at"), pytest.param(1025, 1024, id="beyond")]
)
def test_sliding_layers_read_no_more_than_their_window(context, seen):
    only_sliding = replace(SLIDING, full_layers=0, full_kv_bytes_per_token=0.0)
    step = decode_step(model=only_sliding, replica=TWO_A100, engine=IDEAL, batch=1, context_tokens=context)
    assert step.attention_memory_s == pytest.approx(163_840 * seen / 4e12, rel=1e-12)


def test_attention_runs_at_the_half_precision_rate_when_weights_run_at_fp8():
    fp8 = replace(TWO_A100, flop_per_s=2 * 312e12)
    slow, fast = (
        prefill_step(model=LLAMA, replica=r, engine=IDEAL, batch=1, prompt_tokens=8192)
        for r in (TWO_A100, fp8)
    )
    assert fast.linear_compute_s == pytest.approx(slow.linear_compute_s / 2)
    assert fast.attention_compute_s == slow.attention_compute_s


@quick
@given(model=models, engine=engines, n=gpu_counts, batch=batches, context=lengths, factor=factors)
def test_faster_hardware_never_takes_longer(model, engine, n, batch, context, factor):
    slow = replace(TWO_A100, n_gpus=n)
    for rate in ("memory_bytes_per_s", "flop_per_s", "attention_flop_per_s", "link_bytes_per_s"):
        fast = replace(slow, **{rate: getattr(slow, rate) * factor})
        for step, tokens in ((prefill_step, "prompt_tokens"), (decode_step, "context_tokens")):
            before, after = (
                step(model=model, replica=r, engine=engine, batch=batch, **{tokens: context}).total_s
                for r in (slow, fast)
            )
            assert after <= before


@quick
@given(model=models, n=gpu_counts, batch=batches, context=lengths)
def test_twice_every_rate_halves_the_physical_limit(model, n, batch, context):
    slow = replace(TWO_A100, n_gpus=n)
    names = ("memory_bytes_per_s", "flop_per_s", "attention_flop_per_s", "link_bytes_per_s")
    fast = replace(slow, **{name: 2 * getattr(slow, name) for name in names})
    for mode in MODES.values():
        before, after = (
            mode(
                model=model,
                replica=r,
                engine=IDEAL,
                batch=batch,
                prompt_tokens=context,
                completion_tokens=64,
            )
            for r in (slow, fast)
        )
        assert after.ttft_s == pytest.approx(before.ttft_s / 2)
        assert after.tpot_s == pytest.approx(before.tpot_s / 2)
        assert after.replica_s_per_request == pytest.approx(before.replica_s_per_request / 2)


@quick
@given(model=models, engine=engines, n=gpu_counts, batch=batches, context=lengths, more=st.integers(1, 5000))
def test_time_grows_with_batch_and_context(model, engine, n, batch, context, more):
    replica = replace(TWO_A100, n_gpus=n)
    for step, tokens in ((prefill_step, "prompt_tokens"), (decode_step, "context_tokens")):

        def seconds(size, length, step=step, tokens=tokens):
            return step(model=model, replica=replica, engine=engine, batch=size, **{tokens: length}).total_s

        assert seconds(batch + more, context) >= seconds(batch, context)
        assert seconds(batch, context + more) >= seconds(batch, context)


@quick
@given(model=models, engine=engines, batch=batches, context=lengths)
def test_no_engine_beats_the_physical_limit(model, engine, batch, context):
    for step, tokens in ((prefill_step, "prompt_tokens"), (decode_step, "context_tokens")):
        real, ideal = (
            step(model=model, replica=TWO_A100, engine=e, batch=batch, **{tokens: context}).total_s
            for e in (engine, IDEAL)
        )
        assert real >= ideal


# --- the prefix cache ------------------------------------------------------------------------------


def test_nothing_cached_is_the_same_as_no_cache():
    arguments = {"model": SLIDING, "replica": TWO_A100, "engine": ENGINE, "batch": 2, "prompt_tokens": 4096}
    assert prefill_step(**arguments, cached_tokens=0) == prefill_step(**arguments)


def test_a_cached_prefix_leaves_the_rest_to_compute_and_all_to_attend_to():
    # 1,000 tokens of which 600 cached: 400 through the weights; attention of the rest is
    # (1000^2 - 600^2)/2 pairs of 4 L H d_h FLOP.
    step = prefill_step(
        model=LLAMA, replica=TWO_A100, engine=IDEAL, batch=1, prompt_tokens=1000, cached_tokens=600
    )
    assert step.linear_compute_s == pytest.approx(400 * 140e9 / 624e12)
    pairs = (1000**2 - 600**2) / 2
    assert step.attention_compute_s == pytest.approx(4 * 80 * 64 * 128 * pairs / 624e12)


@quick
@given(model=models, engine=engines, batch=batches, prompt=st.integers(3, 20_000), data=st.data())
def test_more_cached_is_never_slower(model, engine, batch, prompt, data):
    some = data.draw(st.integers(0, prompt - 2))
    more = data.draw(st.integers(some, prompt - 1))
    less_s, more_s = (
        prefill_step(
            model=model, replica=TWO_A100, engine=engine, batch=batch, prompt_tokens=prompt, cached_tokens=c
        ).total_s
        for c in (some, more)
    )
    assert more_s <= less_s


def test_a_prompt_cannot_be_cached_to_its_last_token():
    arguments = {"model": LLAMA, "replica": TWO_A100, "engine": IDEAL, "batch": 1, "prompt_tokens": 100}
    prefill_step(**arguments, cached_tokens=99)
    with pytest.raises(ValueError, match="cached_tokens must be less than prompt_tokens, got 100"):
        prefill_step(**arguments, cached_tokens=100)
