"""The replay against queueing theory and against the steady state of the formulas."""

from dataclasses import replace

import numpy as np
import pytest

from breakeven.formulas.modes import MODES
from breakeven.formulas.parts import Engine
from breakeven.formulas.queueing import queueing_wait_md1
from breakeven.formulas.step import prefill_step
from breakeven.replay.run import one_at_a_time, percentile, replay, replay_closed_loop
from breakeven.replay.server import Requests, server_of
from tests.builders import ENGINE, REPLICA, model


def constant(n: int, prompt: int, completion: int, arrival_s: np.ndarray | None = None) -> Requests:
    """Requests that are all alike."""
    return Requests(
        arrival_s=np.zeros(n) if arrival_s is None else arrival_s,
        prompt=np.full(n, prompt, np.int32),
        completion=np.full(n, completion, np.int32),
    )


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_one_server_with_a_fixed_service_time_waits_as_md1_says(load):
    # One sequence at a time, one prompt a step, nothing to decode: a deterministic server.
    server = server_of(model(), REPLICA, ENGINE, usable=0.9, max_sequences=1)
    service = float(
        prefill_step(model=model(), replica=REPLICA, engine=ENGINE, batch=1, prompt_tokens=1000).total_s
    )
    n = 2_000_000
    arrival = np.cumsum(np.random.default_rng(7).exponential(service / load, n))
    result = replay(constant(n, 1000, 1, arrival), server)
    expected = queueing_wait_md1(arrivals_per_s=load / service, service_s=service)
    assert result.mean_wait_s == pytest.approx(expected, rel=0.02)
    assert result.ttft_s.mean() == pytest.approx(expected + service, rel=0.02)
    assert result.busy == pytest.approx(load, rel=0.01)


# Prompts read beside decodes read the weights once for both, which the formula counts twice: the more
# prompts a step of decodes (batch / completion), the further the two are apart.
@pytest.mark.parametrize(
    ("prompt", "completion", "batch", "shape"),
    [
        pytest.param(512, 2048, 64, model(), id="generation-heavy"),
        pytest.param(8000, 200, 8, model(), id="prompt-heavy"),
        pytest.param(3000, 1000, 128, model(), id="balanced"),
        pytest.param(1000, 2000, 32, model(routed=300e9, share=0.06), id="experts"),
        pytest.param(4000, 1500, 64, model(window=1024), id="window"),
    ],
)
def test_a_full_replica_delivers_the_steady_state_of_continuous_batching(prompt, completion, batch, shape):
    server = server_of(shape, REPLICA, ENGINE, usable=0.9, max_sequences=batch)
    server = replace(server, cache_bytes=1e15)
    n = 40 * batch
    # Clients that start in step stay in step: lengths spread around the mean mix the phases.
    spread = np.random.default_rng(3).uniform(0.5, 1.5, n)
    requests = replace(
        constant(n, prompt, completion), completion=np.round(spread * completion).astype(np.int32)
    )
    result = replay_closed_loop(requests, server, clients=batch)
    finish = np.sort(result.finish_s)
    lo, hi = n // 4, 3 * n // 4  # neither the start nor the end, where the replica is not full
    rate = (hi - lo) / (finish[hi] - finish[lo])
    steady = MODES["continuous"](
        model=shape,
        replica=REPLICA,
        engine=ENGINE,
        batch=batch,
        prompt_tokens=prompt,
        completion_tokens=completion,
    )
    assert rate == pytest.approx(1 / steady.replica_s_per_request, rel=0.03)
    # A prompt read beside decodes shares their reading of the weights, so tokens come a little sooner.
    assert 0.92 < result.tpot_s[lo:hi].mean() / steady.tpot_s < 1.01


@pytest.mark.parametrize("clients", [1, 2, 4])
def test_long_prompts_and_short_answers_wait_for_the_neighbours_prompts_only(clients):
    # A prompt takes the time of 14 steps here: with B instead of B - 1 of them over 16 tokens TPOT would be
    # 1.88, 1.46 and 1.24 times as long.
    server = replace(server_of(model(), REPLICA, ENGINE, usable=0.9, max_sequences=clients), cache_bytes=1e15)
    n = 300
    spread = np.random.default_rng(5).integers(8, 25, n)
    requests = replace(constant(n, 4000, 16), completion=spread.astype(np.int32))
    result = replay_closed_loop(requests, server, clients=clients)
    steady = MODES["continuous"](
        model=model(), replica=REPLICA, engine=ENGINE, batch=clients, prompt_tokens=4000, completion_tokens=16
    )
    further = spread - 1
    mean_s = float((result.finish_s - result.first_s).sum() / further.sum())
    assert mean_s == pytest.approx(steady.tpot_s, rel=0.05)


@pytest.mark.parametrize(("prompt", "completion", "batch"), [(512, 512, 16), (64, 1000, 200)])
def test_full_static_batches_take_what_the_formula_says(prompt, completion, batch):
    server = server_of(model(), REPLICA, ENGINE, usable=0.9, mode="static", max_sequences=batch)
    server = replace(server, cache_bytes=1e15)
    result = replay(constant(3 * batch, prompt, completion), server)
    steady = MODES["static"](
        model=model(),
        replica=REPLICA,
        engine=ENGINE,
        batch=batch,
        prompt_tokens=prompt,
        completion_tokens=completion,
    )
    assert result.ttft_s.min() == pytest.approx(steady.ttft_s, rel=1e-9)
    # The first token comes with the prompt here, so there is one decode step less than in the formula.
    assert result.tpot_s.mean() == pytest.approx(steady.tpot_s, rel=0.01)
    assert result.span_s == pytest.approx(3 * batch * steady.replica_s_per_request, rel=0.03)


def test_separate_pools_take_what_the_formula_says():
    server = server_of(model(), REPLICA, ENGINE, usable=0.9, mode="disaggregated")
    result = replay(constant(1, 2000, 200), server)
    steady = MODES["disaggregated"](
        model=model(),
        replica=REPLICA,
        engine=ENGINE,
        batch=1,
        prompt_tokens=2000,
        completion_tokens=200,
    )
    assert result.ttft_s[0] == pytest.approx(steady.ttft_s, rel=0.01)
    assert result.tpot_s[0] == pytest.approx(steady.tpot_s, rel=0.01)


def poisson(n: int, per_s: float, seed: int) -> Requests:
    rng = np.random.default_rng(seed)
    return Requests(
        arrival_s=np.cumsum(rng.exponential(1 / per_s, n)),
        prompt=rng.integers(50, 3000, n).astype(np.int32),
        completion=rng.integers(2, 400, n).astype(np.int32),
    )


@pytest.mark.parametrize("routing", ["round-robin", "least-backlog"])
def test_n_replicas_with_n_times_the_load_agree_with_one(routing):
    server = server_of(model(), REPLICA, ENGINE, usable=0.9)
    one = poisson(5000, 3.0, 1)
    n = 4
    # Every request n times at the same moment: split evenly, each replica sees what the one saw.
    many = Requests(
        arrival_s=np.repeat(one.arrival_s, n),
        prompt=np.repeat(one.prompt, n),
        completion=np.repeat(one.completion, n),
    )
    alone = replay(one, server)
    fleet = replay(many, server, replicas=n, routing=routing)
    rel = 1e-9 if routing == "round-robin" else 0.02
    for p in (50, 95, 99):
        assert percentile(fleet.ttft_s, p) == pytest.approx(percentile(alone.ttft_s, p), rel=rel)
        assert percentile(fleet.tpot_s, p) == pytest.approx(percentile(alone.tpot_s, p), rel=rel)


def test_balancing_by_backlog_waits_less_than_taking_turns():
    # Long and short prompts by turns: with two replicas, taking turns sends all long ones to the same.
    server = server_of(model(), REPLICA, ENGINE, usable=0.9)
    n = 2000
    prompt = np.where(np.arange(n) % 2, 200, 15000).astype(np.int32)
    requests = replace(constant(n, 1, 20, np.arange(n) * 0.2), prompt=prompt)
    turns = replay(requests, server, replicas=2, routing="round-robin")
    balanced = replay(requests, server, replicas=2)
    assert percentile(balanced.ttft_s, 95) < percentile(turns.ttft_s, 95)


def test_without_fixed_times_a_prompt_costs_the_same_whatever_the_budget():
    # Chunks read the weights again, so they cost no less; compute-bound chunks cost the same.
    engine = Engine(mfu=0.5, communication=0.0)
    server = server_of(model(), REPLICA, engine, usable=0.9)
    whole = replay(constant(1, 8000, 1), server)
    chunked = replay(constant(1, 8000, 1), replace(server, token_budget=2000))
    assert chunked.ttft_s[0] == pytest.approx(whole.ttft_s[0], rel=1e-9)


def test_client_sees_the_first_token_as_late_as_the_formula_says():
    # k = 4.5 steps and 30 ms: 3.5 steps after the step that reads the prompt, which is one itself.
    engine = replace(ENGINE, first_token_steps=4.5, ttft_fixed_s=0.03)
    requests = Requests(
        arrival_s=np.linspace(0, 60, 200),
        prompt=np.full(200, 700, np.int32),
        completion=np.resize(np.array([1, 2, 3, 200], np.int32), 200),
    )
    plain = replay(requests, server_of(model(), REPLICA, ENGINE, usable=0.9))
    late = replay(requests, server_of(model(), REPLICA, engine, usable=0.9))
    assert np.array_equal(plain.finish_s, late.finish_s)
    further = requests.completion - 1
    step_s = (plain.finish_s - plain.first_s) / np.maximum(further, 1)
    # Answers of 1, 2 and 3 tokens are whole after 0, 1 and 2 further steps.
    expected = plain.ttft_s + 0.03 + np.minimum(3.5, further) * step_s
    assert late.ttft_s == pytest.approx(expected, rel=1e-12)
    assert (late.ttft_s <= late.finish_s - late.arrival_s + 0.03 + 1e-12).all()


def test_alone_and_in_separate_pools_the_first_token_is_as_late():
    engine = replace(ENGINE, first_token_steps=3.0, ttft_fixed_s=0.02)
    requests = constant(3, 500, 100, np.array([0.0, 100.0, 200.0]))
    for mode in ("continuous", "disaggregated"):
        plain, late = (server_of(model(), REPLICA, one, usable=0.9, mode=mode) for one in (ENGINE, engine))
        before, tpot = one_at_a_time(requests, plain)
        assert one_at_a_time(requests, late)[0] == pytest.approx(before + 0.02 + 2 * tpot, rel=1e-9)
        seen = replay(requests, late).ttft_s - replay(requests, plain).ttft_s
        assert seen == pytest.approx(0.02 + 2 * tpot, rel=1e-9)


def test_static_batch_has_neither_in_its_formula():
    engine = replace(ENGINE, first_token_steps=9.0, ttft_fixed_s=0.5)
    server = server_of(model(), REPLICA, engine, usable=0.9, mode="static", max_sequences=4)
    assert (server.first_token_steps, server.ttft_fixed_s) == (1.0, 0.0)


def test_refused_request_never_sees_a_token():
    server = server_of(model(), REPLICA, replace(ENGINE, first_token_steps=3.0), usable=0.9, max_context=600)
    result = replay(constant(2, 500, 200, np.array([0.0, 1.0])), server)
    assert np.isinf(result.ttft_s).all()
