"""The fewest replicas, and a fleet that follows the load."""

from dataclasses import replace

import numpy as np
import pytest

from breakeven.formulas.step import prefill_step
from breakeven.replay.run import Cancelled, Control, percentile, replay
from breakeven.replay.search import (
    Policy,
    Target,
    cheapest_autoscaled,
    fewest_replicas,
    load_over_time,
    run_autoscaled,
    schedule_of,
)
from breakeven.replay.server import Requests, Server, server_of
from tests.builders import ENGINE, REPLICA, model

SERVER = server_of(model(), REPLICA, ENGINE, usable=0.9)


def poisson(n: int, per_s: float, prompt: int = 2000, completion: int = 100) -> Requests:
    rng = np.random.default_rng(5)
    return Requests(
        arrival_s=np.cumsum(rng.exponential(1 / per_s, n)),
        prompt=rng.integers(1, 2 * prompt, n).astype(np.int32),
        completion=rng.integers(1, 2 * completion, n).astype(np.int32),
    )


@pytest.mark.parametrize("mode", ["continuous", "static", "disaggregated"])
def test_the_fewest_replicas_hold_the_target_and_one_less_does_not(mode):
    server = replace(SERVER, mode=mode, max_sequences=64)
    requests = poisson(3000, 12.0)
    target = Target(percent=95, ttft_s=1.0, tpot_s=0.05)
    found = fewest_replicas(requests, server, target)
    best = found.best
    assert best is not None
    assert best.holds
    assert best.ttft_at_target_s <= 1.0
    assert best.tpot_at_target_s <= 0.05
    sizes = {trial.replicas: trial for trial in found.trials}
    assert not sizes[best.replicas - 1].holds
    assert sizes[best.replicas + 1].holds
    # What the trial says is what a replay on its own says.
    prefill = best.prefill_replicas
    again = replay(requests, server, replicas=best.replicas - prefill, prefill_replicas=max(prefill, 1))
    assert best.ttft_s[1] == percentile(again.ttft_s, 95)
    assert best.preemptions == again.preemptions


def test_a_target_that_one_request_alone_misses_is_refused_without_a_search():
    requests = poisson(200, 1.0)
    alone = float(
        prefill_step(
            model=model(), replica=REPLICA, engine=ENGINE, batch=1, prompt_tokens=float(requests.prompt.min())
        ).total_s
    )
    found = fewest_replicas(requests, SERVER, Target(percent=95, ttft_s=alone / 2))
    assert found.best is None
    assert found.trials == ()
    assert found.reason is not None
    assert "when nobody else is there" in found.reason


def test_requests_that_do_not_fit_count_as_missing_the_target():
    requests = poisson(100, 1.0)
    longest = np.sort(requests.prompt + requests.completion)
    # A context that refuses 6 of 100 requests: 95 % cannot hold, 94 % can.
    server = replace(SERVER, max_context=int(longest[-7]))
    assert int(server.refuses(requests).sum()) == 6
    tight = fewest_replicas(requests, server, Target(percent=95, ttft_s=10.0))
    assert tight.best is None
    assert tight.reason is not None
    assert "6 of 100 requests do not fit" in tight.reason
    assert fewest_replicas(requests, server, Target(percent=94, ttft_s=10.0)).best is not None


def test_without_a_target_the_fleet_only_has_to_keep_up():
    requests = poisson(20_000, 30.0)
    found = fewest_replicas(requests, SERVER, Target())
    assert found.best is not None
    assert found.best.replicas <= np.ceil(found.mean_load) + 1
    assert found.best.done_s <= requests.span_s * 1.02 + 200


def test_a_burst_needs_more_than_the_mean_load_says():
    burst = poisson(200, 1.0)
    burst = replace(burst, arrival_s=np.sort(burst.arrival_s // 50 * 50))
    found = fewest_replicas(burst, SERVER, Target(ttft_s=1.5))
    assert found.best is not None
    assert found.mean_load < 1 < found.best.replicas


def test_a_search_stops_when_it_is_asked_to():
    control = Control()
    control.stop()
    with pytest.raises(Cancelled):
        fewest_replicas(poisson(10, 1.0), SERVER, Target(ttft_s=10.0), control=control)


def test_load_over_time_adds_up_to_the_work():
    requests = poisson(500, 2.0)
    work = SERVER.work_s(requests)
    start, load = load_over_time(requests, work, 10.0)
    lengths = np.append(np.diff(start), requests.span_s - start[-1])
    assert (load[:-1] * lengths[:-1]).sum() + load[-1] * max(lengths[-1], 1.0) == pytest.approx(work.sum())


def step_trace(quiet_s: float, busy_s: float) -> Requests:
    """One request a second, then forty a second."""
    arrival = np.concatenate([np.arange(0, quiet_s, 1.0), quiet_s + np.arange(0, busy_s, 1 / 40)])
    n = arrival.size
    return Requests(arrival_s=arrival, prompt=np.full(n, 1000, np.int32), completion=np.full(n, 50, np.int32))


def test_an_ordered_replica_serves_after_its_delay_and_is_paid_from_the_order():
    requests = step_trace(600, 600)
    work = SERVER.work_s(requests)
    policy = Policy(headroom=1.0, delay_s=120.0, minimum=1, window_s=60.0, memory=1)
    schedule = schedule_of(requests, work, policy)
    # The load rises in window 10; it is seen at the start of window 11, and the replicas serve in 13.
    assert schedule.rented[10] == schedule.rented[0]
    assert schedule.rented[11] == np.ceil(schedule.load[10]) > schedule.rented[0]
    assert schedule.serving[12] == schedule.serving[0]
    assert schedule.serving[13] == schedule.rented[11]


def test_a_lull_shorter_than_the_memory_gives_nothing_back():
    arrival = np.concatenate([np.arange(0, 300, 0.05), np.arange(420, 700, 0.05)])
    n = arrival.size
    requests = Requests(
        arrival_s=arrival, prompt=np.full(n, 1000, np.int32), completion=np.full(n, 50, np.int32)
    )
    schedule = schedule_of(requests, SERVER.work_s(requests), Policy(headroom=1.0, memory=5))
    assert (schedule.rented == schedule.rented[0]).all()


def test_an_autoscaled_fleet_without_delay_costs_less_than_a_fixed_one_and_holds():
    requests = step_trace(3000, 600)
    target = Target(ttft_s=3.0)
    fixed = fewest_replicas(requests, SERVER, target)
    assert fixed.best is not None
    fixed_s = fixed.best.replicas * requests.span_s
    scaled = cheapest_autoscaled(
        requests, SERVER, replace(target, percent=80), Policy(delay_s=0.0), below_replica_s=fixed_s
    )
    assert scaled is not None
    assert scaled.trial.holds
    assert scaled.replica_s < fixed_s
    # Every request is served once, by a replica that serves in its window.
    assert scaled.trial.refused == 0


def test_a_replica_that_is_given_back_is_paid_until_it_has_finished():
    # One long request at the end of a busy minute; afterwards nothing for ten minutes.
    arrival = np.concatenate([np.arange(0, 60, 0.02), [700.0]])
    n = arrival.size
    completion = np.full(n, 20, np.int32)
    requests = Requests(arrival_s=arrival, prompt=np.full(n, 1000, np.int32), completion=completion)
    policy = Policy(headroom=1.0, delay_s=0.0, minimum=1, memory=1)
    short = run_autoscaled(requests, SERVER, Target(ttft_s=1e3), policy)
    ends = np.append(short.schedule.start_s[1:], requests.span_s)
    in_windows = float(((ends - short.schedule.start_s) * short.schedule.rented).sum())
    assert short.schedule.serving[0] > short.schedule.serving[2]
    assert short.replica_s >= in_windows
    late = replace(requests, completion=np.where(np.arange(n) > n - 200, 20_000, 20).astype(np.int32))
    slow = run_autoscaled(late, replace(SERVER, max_context=None), Target(ttft_s=1e3), policy)
    assert slow.replica_s > in_windows


@pytest.mark.parametrize("percent", [0, -1, 100.5, float("nan")])
def test_a_percentile_that_is_none_is_refused(percent):
    with pytest.raises(ValueError, match="percent must be"):
        Target(percent=percent)


def test_the_whole_search_of_a_replica_that_holds_nothing_says_so():
    nothing: Server = replace(SERVER, cache_bytes=1.0)
    found = fewest_replicas(poisson(5, 1.0), nothing, Target(ttft_s=1.0))
    assert found.best is None
    assert found.reason == "none of the requests fits the cache and the context of one replica"
