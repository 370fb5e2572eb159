"""Prefill, decode and serving modes against hand derivations, published values and simulation."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.cost import replica_usd
from breakeven.formulas.parts import ARTICLE_MODEL, ARTICLE_REPLICA, IDEAL, Engine
from breakeven.formulas.serving import (
    MODES,
    batch_that_fits,
    continuous_batching,
    decode_step,
    disaggregated,
    expected_tokens_per_verification,
    largest_batch,
    mean_context,
    prefill_step,
    queueing_wait_md1,
    static_batch,
)

LLAMA = ARTICLE_MODEL
"""Llama-2-70B as the 2023 article counts it: 70e9 weights in fp16."""

EXPERTS = replace(
    LLAMA, linear_params=13e9, weights_bytes=94e9, shared_bytes=4e9, routed_bytes=90e9, expert_share=0.25
)
SLIDING = replace(
    LLAMA,
    full_layers=40,
    sliding_layers=40,
    window_tokens=1024,
    full_kv_bytes_per_token=163_840.0,
    sliding_kv_bytes_per_token=163_840.0,
)
WITHOUT_ATTENTION = replace(LLAMA, full_layers=0, full_kv_bytes_per_token=0.0)

TWO_A100 = ARTICLE_REPLICA
EIGHT_A100 = replace(TWO_A100, n_gpus=8)
ENGINE = Engine(
    mfu=0.5,
    mbu=0.7,
    kv_mbu=0.3,
    link_share=0.6,
    link_latency_s=2e-5,
    prefill_overhead_s=0.03,
    step_overhead_s=1e-3,
    layer_overhead_s=1e-5,
    sequence_overhead_s=1e-5,
    context_overhead_s=1e-8,
)
SHAPE = {"prompt_tokens": 512, "completion_tokens": 512}

quick = settings(deadline=None, max_examples=60)
models = st.sampled_from([LLAMA, EXPERTS, SLIDING])
engines = st.sampled_from([IDEAL, ENGINE])
gpu_counts = st.sampled_from([1, 2, 4, 8])
batches = st.integers(1, 256)
lengths = st.integers(1, 20_000)
factors = st.floats(1, 16)


# --- the 2023 article -------------------------------------------------------------------------


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


# --- steps ------------------------------------------------------------------------------------


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


# --- the prefix cache -------------------------------------------------------------------------


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


# --- serving modes ----------------------------------------------------------------------------


def serve(mode, batch=16, engine=ENGINE, **shape):
    return mode(model=LLAMA, replica=TWO_A100, engine=engine, batch=batch, **{**SHAPE, **shape})


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
    # formulas.md, Serving: g = prefill(1, N) + C decode(B)/B; TPOT = decode + B prefill/C.
    prefill, decode = step_times(1, 16)
    service = serve(continuous_batching)
    assert service.replica_s_per_request == pytest.approx(prefill + 512 * decode / 16)
    assert service.ttft_s == pytest.approx(prefill + decode)
    assert service.tpot_s == pytest.approx(decode + 16 * prefill / 512)


def test_slots_and_throughput_agree_on_how_long_a_sequence_stays():
    # Little's law: B sequences inside = throughput x (C x TPOT), TPOT holding the neighbours' prefills.
    service = serve(continuous_batching)
    inside = 512 * service.tpot_s / service.replica_s_per_request
    assert inside == pytest.approx(16)


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


# --- batches ----------------------------------------------------------------------------------


def test_as_many_sequences_fit_as_their_longest_cache_allows():
    # 8 x 80 GB x 0.9 - 140 GB = 436 GB; N + C = 4096 tokens are 1.342 GB: 324.8 sequences.
    fit = batch_that_fits(
        model=LLAMA, replica=EIGHT_A100, usable=0.9, prompt_tokens=3000, completion_tokens=1096
    )
    assert fit == 324


def test_copies_of_the_cache_take_room():
    # 16 GPUs, 8 KV heads: 16 x 80 GB x 0.9 - 140 GB = 1,012 GB; two copies of 1.342 GB: 376.9.
    sixteen = replace(TWO_A100, n_gpus=16)
    fit = batch_that_fits(
        model=LLAMA, replica=sixteen, usable=0.9, prompt_tokens=3000, completion_tokens=1096
    )
    assert fit == 376


@quick
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 320)), min_size=1, max_size=20),
)
def test_largest_batch_matches_a_search_one_by_one(cases):
    limit = np.array([c[0] for c in cases], dtype=float)
    threshold = np.array([c[1] for c in cases], dtype=float)
    found = largest_batch(limit=limit, holds=lambda batch: batch <= threshold)
    one_by_one = [
        max((b for b in range(1, int(most) + 1) if b <= t), default=0)
        for most, t in zip(limit, threshold, strict=True)
    ]
    assert found.tolist() == one_by_one


@quick
@given(limit=st.integers(0, 60), target=st.floats(0.03, 0.2), prompt=lengths)
def test_largest_batch_holds_a_latency_target_as_a_search_one_by_one_does(limit, target, prompt):
    def tpot(batch):
        return serve(continuous_batching, batch=batch, prompt_tokens=prompt).tpot_s

    found = largest_batch(limit=np.array([float(limit)]), holds=lambda b: np.asarray(tpot(b)) <= target)
    one_by_one = max((b for b in range(1, limit + 1) if tpot(b) <= target), default=0)
    assert found.tolist() == [one_by_one]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0], ids=str)
def test_a_batch_without_a_limit_is_refused(bad):
    with pytest.raises(ValueError, match=f"limit must .*{bad}"):
        largest_batch(limit=np.array([5.0, bad]), holds=lambda batch: batch <= 3)


# --- queueing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrivals_per_s", "service_s", "published_s"),
    [
        # Kleinrock, "Queueing Systems" vol. 1, section 5.5: half of M/M/1's rho/(1 - rho), so at
        # rho = 0.5, 0.8, 0.9 it waits 0.5, 2, 4.5 service times.
        pytest.param(0.5, 1, 0.5, id="half-full"),
        pytest.param(0.8, 1, 2.0, id="four-fifths-full"),
        pytest.param(0.9, 1, 4.5, id="nine-tenths-full"),
        # Wikipedia, "M/D/1 queue", example: 20 arrivals and 30 services an hour wait 0.033 hours.
        pytest.param(20 / 3600, 120, 0.0333 * 3600, id="twenty-and-thirty-an-hour"),
        pytest.param(0, 1, 0, id="nobody"),
    ],
)
def test_waits_match_published_ones(arrivals_per_s, service_s, published_s):
    wait = queueing_wait_md1(arrivals_per_s=arrivals_per_s, service_s=service_s)
    assert wait == pytest.approx(published_s, rel=0.002)


def test_a_queue_that_is_always_full_never_ends():
    assert queueing_wait_md1(arrivals_per_s=1.0, service_s=1.0) == math.inf
    assert queueing_wait_md1(arrivals_per_s=2.0, service_s=1.0) == math.inf
    assert queueing_wait_md1(arrivals_per_s=1 - 1e-9, service_s=1.0) < math.inf


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_waits_match_a_simulated_queue(load):
    # Lindley's recursion in closed form: the wait is the walk above its lowest point so far.
    generator = np.random.default_rng(2023)
    steps = 2.0 - generator.exponential(2.0 / load, size=1_000_000)
    walk = np.cumsum(steps)
    waits = walk - np.minimum(np.minimum.accumulate(walk), 0)
    formula = queueing_wait_md1(arrivals_per_s=load / 2.0, service_s=2.0)
    assert waits.mean() == pytest.approx(formula, rel=0.03)


# --- speculative decoding ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acceptance", "drafts", "published_tokens"),
    [
        # Leviathan et al. 2023, table 1, column "speed", two decimals.
        pytest.param(0.6, 2, 1.96, id="0.6-2"),
        pytest.param(0.7, 3, 2.53, id="0.7-3"),
        pytest.param(0.8, 2, 2.44, id="0.8-2"),
        pytest.param(0.8, 5, 3.69, id="0.8-5"),
        pytest.param(0.9, 2, 2.71, id="0.9-2"),
        pytest.param(0.9, 10, 6.86, id="0.9-10"),
    ],
)
def test_speculation_yields_the_published_tokens_per_step(acceptance, drafts, published_tokens):
    tokens = expected_tokens_per_verification(acceptance=acceptance, drafts=drafts)
    assert tokens == pytest.approx(published_tokens, abs=0.005)


def test_drafts_that_are_never_accepted_leave_one_token_a_step():
    assert expected_tokens_per_verification(acceptance=0, drafts=5) == 1


def test_drafts_that_are_always_accepted_all_count():
    assert expected_tokens_per_verification(acceptance=1, drafts=5) == 6
    # The limit from below is the same.
    assert expected_tokens_per_verification(acceptance=1 - 1e-9, drafts=5) == pytest.approx(6)


@quick
@given(acceptance=st.floats(0, 1), drafts=st.integers(1, 32))
def test_expected_tokens_are_the_sum_of_the_chances(acceptance, drafts):
    # Token i is kept with probability a^i: the geometric series, term by term.
    series = sum(acceptance**i for i in range(drafts + 1))
    tokens = expected_tokens_per_verification(acceptance=acceptance, drafts=drafts)
    assert tokens == pytest.approx(series, rel=1e-6)
