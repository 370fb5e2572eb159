"""The fewest replicas that hold a target, and a fleet that follows the load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from breakeven.formulas.arrays import Floats
from breakeven.formulas.mode import Mode
from breakeven.question.pages.capacity import ROUTINGS
from breakeven.replay.run import Cancelled, Control, Replay, one_at_a_time, percentile, replay
from breakeven.replay.server import Requests, Server

MOST_REPLICAS = 4096
"""Replicas beyond which the search gives up."""
CURVE: Floats = np.concatenate([np.arange(1.0, 99.0), np.arange(99.0, 100.01, 0.1)])
"""Percentiles that a distribution is drawn at."""
SLACK = 1.02
"""Without a latency target a fleet is large enough if it is done this soon after the last arrival."""

Progress = Callable[[str, float], None]
"""Is told what is tried, and which share of it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What so many per cent of the requests must see."""

    percent: float = 95.0
    """Per cent of the requests that must keep it. [%]"""
    ttft_s: float | None = None
    tpot_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0 < self.percent <= 100:
            raise ValueError(f"percent must be above 0 and at most 100, got {self.percent}")

    @property
    def none(self) -> bool:
        """No latency is asked for."""
        return self.ttft_s is None and self.tpot_s is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a fleet of some size gives the requests."""

    replicas: int
    """All of them, both pools where they are separate."""
    prefill_replicas: int
    """The prefill pool; zero where there is none."""
    holds: bool
    ttft_s: tuple[float, float, float]
    """At the 50th, 95th and 99th percentile. [s]"""
    tpot_s: tuple[float, float, float]
    ttft_at_target_s: float
    """At the target's percentile. [s]"""
    tpot_at_target_s: float
    ttft_curve_s: Floats
    """At :data:`CURVE`. [s]"""
    tpot_curve_s: Floats
    held_share: float
    """Requests that keep both targets. [0 to 1]"""
    busy: float
    """Share of the time that a step is running. [0 to 1]"""
    mean_wait_s: float
    longest_wait_s: float
    preemptions: int
    refused: int
    done_s: float
    """From the first arrival to the last finish. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer of a search."""

    best: Trial | None
    """None: no number of replicas holds the target; ``reason`` says why."""
    trials: tuple[Trial, ...]
    """All that were tried, smallest fleet first."""
    mean_load: float
    """Replicas that would be busy all the time, by the estimated work. [-]"""
    alone_ttft_s: float
    """TTFT of the request at the target's percentile when nobody else is there. [s]"""
    alone_tpot_s: float
    reason: str | None


def measure(result: Replay, target: Target, *, patience_s: float = np.inf) -> Trial:
    """Percentiles of a replay against a target."""
    ttft, tpot = result.ttft_s, result.tpot_s
    ranked_ttft, ranked_tpot = np.sort(ttft), np.sort(tpot)
    at_ttft, at_tpot = (float(_ranked(values, target.percent)) for values in (ranked_ttft, ranked_tpot))
    good = result.done_by(patience_s)
    kept = np.ones(ttft.size, np.bool_)
    if target.ttft_s is not None:
        good &= at_ttft <= target.ttft_s
        kept &= ttft <= target.ttft_s
    if target.tpot_s is not None:
        good &= at_tpot <= target.tpot_s
        kept[result.requests.completion > 1] &= tpot <= target.tpot_s

    def three(ranked: Floats) -> tuple[float, float, float]:
        return float(_ranked(ranked, 50)), float(_ranked(ranked, 95)), float(_ranked(ranked, 99))

    return Trial(
        replicas=len(result.pools),
        prefill_replicas=len(result.prefill_replicas),
        holds=good,
        ttft_s=three(ranked_ttft),
        tpot_s=three(ranked_tpot),
        ttft_at_target_s=at_ttft,
        tpot_at_target_s=at_tpot,
        ttft_curve_s=_ranked(ranked_ttft, CURVE),
        tpot_curve_s=_ranked(ranked_tpot, CURVE),
        held_share=float(kept.mean()) if kept.size else 1.0,
        busy=result.busy,
        mean_wait_s=result.mean_wait_s,
        longest_wait_s=max(one.longest_wait_s for one in result.pools),
        preemptions=result.preemptions,
        refused=int(result.refused.sum()),
        done_s=result.span_s,
    )


def _ranked(ranked: Floats, percent: Floats | float) -> Floats:
    """Percentiles of sorted values, as :func:`breakeven.replay.run.percentile` takes them."""
    if not ranked.size:
        return np.zeros_like(np.asarray(percent, dtype=float))
    ranks = np.ceil(ranked.size * np.asarray(percent) / 100 - 1e-9).astype(np.int64) - 1
    return np.asarray(ranked[np.maximum(ranks, 0)])


def fewest_replicas(
    requests: Requests,
    server: Server,
    target: Target,
    *,
    routing: str = ROUTINGS[0],
    most: int = MOST_REPLICAS,
    progress: Progress | None = None,
    control: Control | None = None,
) -> Found:
    """Find the smallest fleet that holds the target, by doubling and bisection.

    First every request is timed alone: where that misses the target, no number of replicas holds it.
    Separate pools are sized in the ratio of their estimated work. Bisection takes it that a larger fleet
    that fails has no smaller one that holds.

    Raises
    ------
    Cancelled
        If ``control`` asked to stop.
    """
    control = control or Control()
    smallest = 2 if server.mode == Mode.DISAGGREGATED else 1
    reading_s = server.work_s(requests, completions=False)
    decoding_s = server.work_s(requests, prompts=False)
    reading = float(reading_s.sum())
    work = reading + float(decoding_s.sum())
    work_s = reading_s + decoding_s
    span = requests.span_s
    mean_load = work / span if span > 0 else float(requests.arrival_s.size)
    share = reading / work if work else 0.5
    trials: dict[int, Trial] = {}

    def pools(n: int) -> tuple[int, int]:
        if server.mode != Mode.DISAGGREGATED:
            return n, 1
        prefill = min(max(round(n * share), 1), n - 1)
        return n - prefill, prefill

    if progress:
        progress("Timing every request alone", 0.0)
    ttft, tpot = one_at_a_time(requests, server)
    alone_ttft, alone_tpot = percentile(ttft, target.percent), percentile(tpot, target.percent)
    patience_s = span * SLACK + _longest(ttft) if target.none else np.inf

    def attempt(n: int) -> Trial:
        if n not in trials:
            if control.stopped:
                raise Cancelled
            if progress:
                progress(f"Replaying on {n:,} replica{'' if n == 1 else 's'}", 0.0)
            decode, prefill = pools(n)
            control.shared[1] = 0
            result = replay(
                requests,
                server,
                replicas=decode,
                prefill_replicas=prefill,
                routing=routing,
                work_s=work_s,
                control=control,
            )
            trials[n] = measure(result, target, patience_s=patience_s)
        return trials[n]

    def found(best: int | None, reason: str | None) -> Found:
        return Found(
            best=None if best is None else trials[best],
            trials=tuple(trials[n] for n in sorted(trials)),
            mean_load=mean_load,
            alone_ttft_s=alone_ttft,
            alone_tpot_s=alone_tpot,
            reason=reason,
        )

    impossible = _impossible(requests, server, target, alone_ttft, alone_tpot)
    if impossible:
        return found(None, impossible)
    # The target can fail at the mean load already, so the search starts below it.
    best = _smallest(lambda n: attempt(n).holds, smallest, start=int(mean_load / 2), most=most)
    if best is None:
        return found(None, f"even {max(trials):,} replicas do not hold it; the search stops at {most:,}")
    if best > smallest:
        attempt(best - 1)
    attempt(best + 1)
    return found(best, None)


def _smallest(holds: Callable[[int], bool], smallest: int, *, start: int, most: int) -> int | None:
    """The smallest fleet that holds, by doubling and bisection; None: none of those that were doubled to."""
    low, high = smallest - 1, max(smallest, start)
    while not holds(high):
        low, high = high, high * 2
        if high > most:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high


def _longest(ttft: Floats) -> float:
    """A bound on how long any request takes alone. [s]"""
    finite = ttft[np.isfinite(ttft)]
    return float(finite.max()) * 10 + 60.0 if finite.size else 60.0


def _impossible(
    requests: Requests, server: Server, target: Target, ttft_s: float, tpot_s: float
) -> str | None:
    """Say why no number of replicas holds the target; None where one may."""
    refused = server.refuses(requests)
    n = int(refused.sum())
    if n == refused.size:
        return "none of the requests fits the cache and the context of one replica"
    first_asked = target.ttft_s is not None or target.none
    if (first_asked and np.isinf(ttft_s)) or (target.tpot_s is not None and np.isinf(tpot_s)):
        return (
            f"{n:,} of {refused.size:,} requests do not fit the cache or the context of one replica, "
            f"more than the {100 - target.percent:g} % that may miss the target"
        )
    for name, alone, limit in (("TTFT", ttft_s, target.ttft_s), ("TPOT", tpot_s, target.tpot_s)):
        if limit is not None and alone > limit:
            return (
                f"the request at percentile {target.percent:g} has a {name} of {_short(alone)} when nobody "
                f"else is there, above the target of {_short(limit)}, so more replicas do not help"
            )
    return None


def _short(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a fleet follows the load: so much headroom over the busiest of the last windows."""

    headroom: float = 1.5
    """Replicas ordered over the work that arrives. [-]"""
    delay_s: float = 120.0
    """From ordering a replica until it serves. [s]"""
    minimum: int = 1
    """Replicas that are never given back. [-]"""
    window_s: float = 60.0
    """The load is looked at this often. [s]"""
    memory: int = 5
    """Windows whose busiest counts, so that a lull does not give replicas back. [-]"""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Size of the fleet over time."""

    start_s: Floats
    """Start of each window. [s]"""
    serving: NDArray[np.int64]
    """Replicas that serve in it."""
    rented: NDArray[np.int64]
    """Replicas that are paid for in it, those that still start included."""
    load: Floats
    """Work that arrived in it, in replicas that would be busy all the time."""


def load_over_time(requests: Requests, work_s: Floats, window_s: float) -> tuple[Floats, Floats]:
    """Work that arrives in each window, in replicas that would be busy all the time."""
    span = max(requests.span_s, 1e-9)
    n = max(1, ceil(span / window_s))
    index = np.minimum(((requests.arrival_s - requests.arrival_s[0]) / window_s).astype(np.int64), n - 1)
    work = np.bincount(index, weights=work_s, minlength=n)
    length = np.full(n, window_s, dtype=np.float64)
    length[-1] = max(span - (n - 1) * window_s, window_s / 10)
    return np.arange(n, dtype=np.float64) * window_s, np.asarray(work / length, dtype=np.float64)


def schedule_of(requests: Requests, work_s: Floats, policy: Policy) -> Schedule:
    """Order and give back replicas as the policy says: it knows only what has arrived.

    The fleet starts with what the first window needs, as if it had been running before.
    """
    start, load = load_over_time(requests, work_s, policy.window_s)
    n = start.size
    seen = np.concatenate([np.full(policy.memory, load[0]), load[: n - 1]])[: n + policy.memory - 1]
    busiest = sliding_window_view(seen, policy.memory).max(axis=1)
    wanted = np.maximum(policy.minimum, np.ceil(policy.headroom * busiest - 1e-9)).astype(np.int64)
    # A replica serves once it has been wanted all the time since it was ordered.
    late = ceil(policy.delay_s / policy.window_s)
    before = np.concatenate([np.full(late, wanted[0]), wanted])
    serving = sliding_window_view(before, late + 1).min(axis=1)
    return Schedule(start_s=start, serving=np.maximum(serving, 1), rented=wanted, load=load)


@dataclass(frozen=True, kw_only=True)
class Autoscaled:
    """A fleet that follows the load, and what the requests see of it."""

    policy: Policy
    schedule: Schedule
    trial: Trial
    replica_s: float
    """Replica seconds that are paid for. [s]"""


def run_autoscaled(
    requests: Requests,
    server: Server,
    target: Target,
    policy: Policy,
    *,
    work_s: Floats | None = None,
    control: Control | None = None,
) -> Autoscaled:
    """Replay on a fleet that follows the load.

    A replica that is given back takes no new requests and is paid for until its last one is finished.

    Raises
    ------
    Cancelled
        If ``control`` asked to stop.
    """
    from breakeven.replay import sharing

    work = server.work_s(requests) if work_s is None else work_s
    schedule = schedule_of(requests, work, policy)
    arrival = requests.arrival_s - requests.arrival_s[0]
    window = np.minimum((arrival / policy.window_s).astype(np.int64), schedule.start_s.size - 1)
    assigned = np.empty(arrival.size, np.int32)
    most = int(schedule.serving.max())
    sharing.assign_to_serving(arrival, work, window, schedule.serving, assigned, most)
    result = replay(requests, server, replicas=most, assigned=assigned, control=control)
    span = requests.span_s
    ends = np.append(schedule.start_s[1:], max(span, float(schedule.start_s[-1])))
    paid = float(((ends - schedule.start_s) * schedule.rented).sum())
    done = result.finish_s - requests.arrival_s[0]
    paid += sharing.drain_s(done, window, assigned, schedule.serving, ends, most)
    return Autoscaled(policy=policy, schedule=schedule, trial=measure(result, target), replica_s=paid)


HEADROOMS = (1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0)
"""Headrooms that are tried, the smallest first."""


def cheapest_autoscaled(
    requests: Requests,
    server: Server,
    target: Target,
    policy: Policy,
    *,
    below_replica_s: float,
    work_s: Floats | None = None,
    control: Control | None = None,
) -> Autoscaled | None:
    """The least headroom that holds the target and costs less than a fixed fleet; None: there is none."""
    work = server.work_s(requests) if work_s is None else work_s
    for headroom in HEADROOMS:
        if control is not None:
            control.shared[1] = 0
        tried = run_autoscaled(
            requests, server, target, replace(policy, headroom=headroom), work_s=work, control=control
        )
        if tried.replica_s >= below_replica_s:
            return None
        if tried.trial.holds:
            return tried
    return None


def warm_up(server: Server) -> None:
    """Compile the loops, or load them from disk, before anybody waits for them."""
    one = np.ones(4, np.int32)
    requests = Requests(
        arrival_s=np.arange(4.0),
        prompt=one,
        completion=one + 1,
        blocks=np.zeros(4, np.int32),
        block_offsets=np.arange(5),
    )
    target = Target(ttft_s=3600.0)
    fewest_replicas(requests, server, target)
    cheapest_autoscaled(requests, server, target, Policy(), below_replica_s=np.inf)
