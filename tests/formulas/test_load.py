"""What neighbours add, against hand derivations and at its limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.latency import latency_of
from breakeven.formulas.load import STEP_TOKENS, closed_loop, running
from breakeven.formulas.mode import Mode
from breakeven.formulas.modes import continuous_batching
from tests.formulas.shapes import ENGINE, TWO_A100, batches, lengths, models, quick, serve

SERVER = replace(ENGINE, busy_steps=3.0, busy_fixed_s=0.08, queue_share=0.1, ttft_fixed_s=0.02)


def test_neighbours_add_their_prompts_and_the_steps_of_a_busy_server():
    alone, full = (serve(continuous_batching, batch=batch, engine=SERVER) for batch in (1, 16))
    read = full.prefill_s_per_request
    # k = 1; 15/16 of three steps and of 80 ms; a tenth of fifteen prompts; 20 ms.
    assert full.ttft_s == pytest.approx(read + (1 + 45 / 16) * full.step_s + 0.075 + 0.02 + 1.5 * read)
    assert alone.ttft_s == full.ttft_alone_s == pytest.approx(read + alone.step_s + 0.02)


def test_prompts_that_still_wait_slow_no_decode():
    full = serve(continuous_batching, batch=16, engine=SERVER)
    read, turn = full.prefill_s_per_request, 16 * full.replica_s_per_request
    waiting = 16 / turn * 0.1 * 15 * read  # throughput times the wait
    assert full.tpot_s == pytest.approx(full.token_s + (15 - waiting) * read / 512)


def test_clients_beyond_the_places_wait_for_as_long_as_one_is_kept():
    full = serve(continuous_batching, batch=16, engine=SERVER)
    crowded = serve(continuous_batching, batch=16, clients=48, engine=SERVER)
    assert crowded.tpot_s == full.tpot_s
    assert crowded.ttft_s - full.ttft_s == pytest.approx(2 * 16 * full.replica_s_per_request)


@quick
@given(
    model=models,
    share=st.floats(0, 1),
    busy=st.floats(0, 40),
    batch=batches,
    prompt=lengths,
    completion=lengths,
)
def test_both_times_grow_with_the_batch(model, share, busy, batch, prompt, completion):
    # The search for the largest batch that keeps a promise rests on it.
    times = latency_of(
        Mode.CONTINUOUS,
        model=model,
        replica=TWO_A100,
        engine=replace(ENGINE, queue_share=share, busy_steps=busy),
        prompt_tokens=np.array([float(prompt)]),
        completion_tokens=np.array([float(completion)]),
        cached_tokens=np.zeros(1),
    )
    (ttft, tpot), (more_ttft, more_tpot) = times(np.array([float(batch)])), times(np.array([batch + 1.0]))
    assert more_ttft[0] >= ttft[0] * (1 - 1e-12)
    assert more_tpot[0] >= tpot[0] * (1 - 1e-12)


@quick
@given(clients=st.integers(1, 5000), fit=st.integers(0, 5000), prompt=lengths, completion=lengths)
def test_what_runs_is_fed_by_steps_that_hold_so_many_tokens(clients, fit, prompt, completion):
    together = running(fit=fit, clients=clients, prompt_tokens=prompt, completion_tokens=completion)
    assert 1 <= together <= max(clients, 1)
    assert together == 1 or together <= fit
    # Each sequence brings a prompt every C steps.
    assert together == 1 or together / completion * prompt <= STEP_TOKENS * (1 + 1e-12)


@pytest.mark.parametrize(
    ("name", "bad"), [("queue_share", 1.5), ("queue_share", -0.1), ("busy_steps", np.nan)]
)
def test_what_no_queue_can_be_is_refused(name, bad):
    with pytest.raises(ValueError, match=rf"{name} must be"):
        serve(continuous_batching, engine=replace(ENGINE, **{name: bad}))


def test_one_call_times_a_grid():
    ttft, tpot = closed_loop(
        engine=SERVER,
        read_s=np.array([0.1, 0.2]),
        step_s=0.01,
        token_s=0.01,
        completion_tokens=100,
        batch=np.array([[1.0], [8.0]]),
        clients=8,
    )
    assert np.shape(ttft) == np.shape(tpot) == (2, 2)
