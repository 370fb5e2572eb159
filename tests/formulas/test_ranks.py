"""Data-parallel attention: ranks with sequences of their own that share the routed experts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.batch import batch_that_fits, cache_bytes, rank_weights_bytes
from breakeven.formulas.latency import latency_of
from breakeven.formulas.mixed_step import mixed_step, step_coefficients
from breakeven.formulas.mode import Mode
from breakeven.formulas.modes import MODES
from breakeven.formulas.roofline import exchange_time
from breakeven.formulas.step import decode_step, prefill_step
from tests.formulas.shapes import ENGINE, EXPERTS, LLAMA, TWO_A100, batches, engines, models, quick

MOE = replace(EXPERTS, experts_per_token=2.0, expert_share=1 / 32)
LATENT = replace(MOE, kv_heads=1)
SPREAD = replace(ENGINE, exchange_latency_s=2e-5, exchange_share=0.5)
ranks = st.sampled_from([1, 2, 4, 8, 32, 72])


def laid(n_ranks, tensor=1, link=300e9):
    return replace(TWO_A100, n_gpus=tensor, ranks=n_ranks, exchange_bytes_per_s=link)


def step(model=MOE, replica=None, engine=SPREAD, batch=16, context=1000):
    return decode_step(
        model=model, replica=replica or laid(8), engine=engine, batch=batch, context_tokens=context
    )


@quick
@given(models, engines, batches, st.sampled_from([1, 2, 8]))
def test_one_rank_is_what_tensor_parallelism_is_today(model, engine, batch, tensor):
    plain = replace(TWO_A100, n_gpus=tensor)
    spread = replace(engine, exchange_latency_s=1e-3, exchange_share=0.1, pool_step_s=1e-3, handover_s=1.0)
    one = step(model, laid(1, tensor), spread, batch)
    assert one == step(model, plain, engine, batch)
    assert batch_that_fits(
        model=model, replica=laid(1, tensor), usable=0.9, prompt_tokens=512, completion_tokens=64
    ) == batch_that_fits(model=model, replica=plain, usable=0.9, prompt_tokens=512, completion_tokens=64)


@quick
@given(ranks, batches)
def test_ranks_of_a_dense_model_are_as_many_replicas(n_ranks, batch):
    assert step(LLAMA, laid(n_ranks), batch=batch).total_s == step(LLAMA, laid(1), batch=batch).total_s
    assert rank_weights_bytes(LLAMA, laid(n_ranks)) == LLAMA.weights_bytes


@quick
@given(st.sampled_from([2, 8, 72]), batches, st.floats(1.01, 100))
def test_a_faster_link_between_ranks_never_makes_a_step_longer(n_ranks, batch, times):
    slow, fast = (step(replica=laid(n_ranks, link=link), batch=batch) for link in (1e9, 1e9 * times))
    assert fast.link_s < slow.link_s
    assert fast.total_s < slow.total_s


def test_a_rank_reads_its_part_of_the_experts_that_all_ranks_touch():
    # Eight ranks of 16 sequences: 128 tokens choose among 32 experts, 1 - (31/32)^128 of them are touched.
    touched = 90e9 * (1 - (31 / 32) ** 128) / 8
    expected = (4e9 + touched) / (2.0e12 * ENGINE.mbu)
    assert step().linear_memory_s == pytest.approx(expected)


def test_every_rank_keeps_the_shared_weights_and_its_part_of_the_experts():
    assert rank_weights_bytes(MOE, laid(8)) == pytest.approx(4e9 + 90e9 / 8)
    room = cache_bytes(model=MOE, replica=laid(8), usable=1.0)
    assert room == pytest.approx(80e9 - 4e9 - 90e9 / 8)


def test_a_latent_cache_is_stored_once_a_rank_and_copied_in_tensor_parallel():
    shape = {"usable": 1.0, "prompt_tokens": 1000, "completion_tokens": 24}
    wide = batch_that_fits(model=LATENT, replica=replace(TWO_A100, n_gpus=8), **shape)
    alone = batch_that_fits(model=LATENT, replica=laid(8), **shape)
    sequence = 1024 * LATENT.full_kv_bytes_per_token
    assert wide == np.floor((8 * 80e9 - 94e9) / (8 * sequence))
    assert 8 * alone == 8 * np.floor((80e9 - 4e9 - 90e9 / 8) / sequence)
    assert 8 * alone > 7 * wide
    # Eight GPUs read eight copies of the cache, or each only its own sequences'.
    copied = step(LATENT, replace(TWO_A100, n_gpus=8), batch=128).attention_memory_s
    assert step(LATENT, batch=16).attention_memory_s == pytest.approx(copied / 8)


def test_a_layer_of_ranks_has_one_exchange_in_place_of_an_all_reduce():
    exchange = exchange_time(
        n_gpus=8, tokens=16, hidden=8192, experts_per_token=2, link_bytes_per_s=150e9, latency_s=2e-5
    )
    assert step().link_s == pytest.approx(80 * exchange)
    pairs, plain = laid(4, tensor=2), replace(TWO_A100, n_gpus=2)
    halves = exchange_time(
        n_gpus=8, tokens=8, hidden=8192, experts_per_token=2, link_bytes_per_s=150e9, latency_s=2e-5
    )
    assert step(replica=pairs).link_s == pytest.approx(step(replica=plain).link_s / 2 + 80 * halves)


def test_a_token_is_sent_to_as_many_gpus_as_its_experts_lie_on():
    one = exchange_time(
        n_gpus=2, tokens=1, hidden=1000, experts_per_token=1, link_bytes_per_s=3000, latency_s=0
    )
    assert one == pytest.approx(0.5)  # the expert is on the other GPU half of the time: 3 B there and back
    many = exchange_time(
        n_gpus=10_000, tokens=1, hidden=1000, experts_per_token=8, link_bytes_per_s=3000, latency_s=0
    )
    assert many == pytest.approx(8, rel=1e-3)
    assert not exchange_time(
        n_gpus=1, tokens=1, hidden=1000, experts_per_token=8, link_bytes_per_s=3000, latency_s=1
    )


@pytest.mark.parametrize("mode", list(Mode))
def test_the_search_for_a_batch_sees_ranks_as_the_modes_do(mode):
    engine = replace(
        SPREAD, pool_read_factor=0.7, pool_step_factor=1.2, pool_step_s=1e-3, handover_s=0.1, queue_share=0.1
    )
    shape = {
        "prompt_tokens": np.array([1024.0]),
        "completion_tokens": np.array([256.0]),
        "cached_tokens": np.array([0.0]),
    }
    case = {"model": MOE, "replica": laid(8), "engine": engine}
    latencies = latency_of(mode, **case, **shape)
    for batch in (1.0, 2.0, 7.0, 300.0):
        ttft, tpot = latencies(np.array([batch]))
        service = MODES[mode](batch=batch, **case, **shape)
        assert ttft == pytest.approx(service.ttft_s)
        assert tpot == pytest.approx(service.tpot_s)


@quick
@given(st.sampled_from([1, 2, 8, 32]), st.sampled_from([1, 2]), st.integers(1, 200), st.integers(2, 5000))
def test_a_replayed_step_of_a_rank_is_the_step_of_the_formulas(n_ranks, tensor, decodes, context):
    replica = laid(n_ranks, tensor)
    of = step_coefficients(model=MOE, replica=replica, engine=SPREAD)
    found = mixed_step(coefficients=of, decodes=decodes, context_tokens=decodes * context, window_tokens=0)
    assert found.total_s == pytest.approx(step(replica=replica, batch=decodes, context=context).total_s)
    chunk = mixed_step(
        coefficients=of,
        decodes=0,
        context_tokens=0,
        window_tokens=0,
        prompt_tokens=context,
        prompt_pairs=context**2 / 2,
        prompt_context=context,
    )
    whole = prefill_step(model=MOE, replica=replica, engine=SPREAD, batch=1, prompt_tokens=context)
    assert chunk.total_s == pytest.approx(whole.total_s)
