"""Pools of unequal size: conservation, and the slower pool."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.parts import Engine
from breakeven.formulas.pools import pool_loop, pool_rate, pooled_step
from tests.formulas.shapes import quick

seconds = st.floats(1e-3, 10)
ranks = st.integers(1, 64)


def loop(*, engine=None, read_s=0.1, slope_s=1e-4, clients=64, prefill_ranks=2, decode_ranks=4, **more):
    return pool_loop(
        engine=engine or Engine(),
        read_s=read_s,
        moved_s=0,
        step_s=lambda b: 0.01 + slope_s * np.maximum(b, 1),
        completion_tokens=100,
        clients=clients,
        prefill_ranks=prefill_ranks,
        decode_ranks=decode_ranks,
        **more,
    )


@quick
@given(seconds, seconds, ranks, ranks)
def test_unequal_pools_answer_as_many_requests_as_the_smaller_of_the_two(read, decode, readers, writers):
    both = pool_rate(read_s=read, decode_s=decode, prefill_ranks=readers, decode_ranks=writers)
    assert both == min(readers / read, writers / decode)
    doubled = pool_rate(read_s=read, decode_s=decode, prefill_ranks=2 * readers, decode_ranks=2 * writers)
    assert doubled == pytest.approx(2 * both)


@quick
@given(seconds, st.integers(1, 4096), ranks, ranks)
def test_every_client_is_with_one_pool_or_the_other(read, clients, readers, writers):
    found = loop(read_s=read, clients=clients, prefill_ranks=readers, decode_ranks=writers)
    decoding = found.sequences * writers
    assert decoding <= clients * (1 + 1e-9)
    # Little's law over all: clients = rate x (time until handed over + time of the answer).
    away = found.ttft_s - found.tpot_s
    assert found.requests_per_s * (away + 100 * found.tpot_s) == pytest.approx(clients, rel=1e-6)
    assert found.requests_per_s <= readers / read * (1 + 1e-9)
    assert 0 <= found.reading <= 1


def test_the_pool_that_reads_is_the_limit_where_it_is_the_slower_one():
    slow = loop(read_s=1.0, prefill_ranks=1)
    assert slow.requests_per_s == pytest.approx(1.0)
    assert slow.reading == pytest.approx(1.0)
    # Most clients wait for their prompt: 64 are there, and a request decodes for about a second.
    assert slow.ttft_s == pytest.approx(64 - 100 * slow.tpot_s + slow.tpot_s, rel=1e-3)
    enough = loop(read_s=1.0, prefill_ranks=64)
    assert enough.requests_per_s > 20 * slow.requests_per_s


@quick
@given(st.integers(1, 4096), st.integers(1, 512))
def test_more_readers_never_answer_fewer_requests(clients, readers):
    few, many = (loop(clients=clients, prefill_ranks=n).requests_per_s for n in (readers, 2 * readers))
    assert many >= few * (1 - 1e-9)


def test_clients_beyond_the_sequences_that_fit_wait():
    free, tight = loop(), loop(most_sequences=4)
    assert tight.sequences == pytest.approx(4)
    assert free.sequences > 4
    assert tight.tpot_s < free.tpot_s
    assert tight.ttft_s > free.ttft_s


def test_handing_over_delays_the_first_token_and_no_other():
    plain, handed = loop(clients=1), loop(clients=1, engine=Engine(handover_s=0.5))
    assert handed.ttft_s - plain.ttft_s == pytest.approx(0.5)
    assert handed.tpot_s == pytest.approx(plain.tpot_s)


def test_a_share_of_the_other_prompts_is_read_first():
    # Two ranks, 64 clients: 31 others of each rank, a tenth of them before one's own.
    waits = loop(engine=Engine(pool_queue_share=0.1), slope_s=0, read_s=0.001).ttft_s
    assert waits - loop(slope_s=0, read_s=0.001).ttft_s == pytest.approx(0.1 * 31 * 0.001, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [("read_s", 0), ("clients", 0), ("prefill_ranks", 0), ("decode_ranks", -1), ("most_sequences", 0)],
)
def test_a_loop_refuses_what_cannot_be(name, value):
    with pytest.raises(ValueError, match=name):
        loop(**{name: value})


def test_a_share_above_one_is_refused():
    with pytest.raises(ValueError, match=r"pool_queue_share must be at most 1, got 1\.5"):
        loop(engine=Engine(pool_queue_share=1.5))


def test_a_plain_engine_takes_no_longer_in_a_pool_of_its_own():
    assert pooled_step(engine=Engine(), step_s=0.02) == 0.02
    assert pooled_step(engine=Engine(pool_step_factor=2, pool_step_s=0.001), step_s=0.02) == 0.041
