"""Requests through replicas: what each waits, how busy the replicas are.

The scheduler is that of a modern engine. Every step first gives each running sequence its next token;
what is left of the step's budget of tokens goes to prompts, first come first served, in chunks. A request
is admitted when its prompt fits the cache; the cache grows by a token per sequence and step; where it
overflows, the newest sequence goes back to the head of the queue and is computed again. Replicas do not
influence each other, so each is replayed on its own: sharding a replay is exact.

The first token comes with the end of the prompt, each further one with a step. In separate pools the
prefill pool hands its cache over and the decode pool gives every token, the first one too. A static batch
admits nobody before all of it has finished; who finishes early leaves its slot empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas.arrays import Floats
from breakeven.formulas.mode import Mode
from breakeven.question.pages.capacity import ROUTINGS
from breakeven.replay.server import Requests, Server, Whole

NO_BUDGET = 1 << 40
BLOCK_TOKENS = 512
"""Tokens of one hashed block of a Mooncake trace."""


class Cancelled(Exception):
    """Somebody asked the replay to stop."""


@dataclass(slots=True, kw_only=True)
class Control:
    """How another thread watches a replay and stops it."""

    shared: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, np.int64))

    def stop(self) -> None:
        """Ask the replay to stop at its next event."""
        self.shared[0] = 1

    @property
    def stopped(self) -> bool:
        """Whether somebody asked."""
        return bool(self.shared[0])

    @property
    def finished(self) -> int:
        """Requests finished so far, over all replays under this control."""
        return int(self.shared[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaUse:
    """What one replica did."""

    busy_s: float
    end_s: float
    """When its last request finished. [s]"""
    steps: float
    decoded: float
    """Tokens that decode steps gave. [tokens]"""
    prefilled: float
    """Prompt tokens computed, repetitions included. [tokens]"""
    preemptions: int
    waited_s: float
    """Sum over its requests of the time until they were admitted. [s]"""
    longest_wait_s: float
    peak_cache_bytes: float
    cache_left: float
    """Tokens in the cache at the end: zero. [tokens]"""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What every request saw, in the order of arrival."""

    requests: Requests
    first_s: Floats
    """When the first token came; infinite for a refused request. [s]"""
    finish_s: Floats
    """When the last token came. [s]"""
    refused: NDArray[np.bool_]
    replicas: tuple[ReplicaUse, ...]
    prefill_replicas: tuple[ReplicaUse, ...] = ()
    """The pool that only reads prompts, where pools are separate."""
    arrival_s: Floats
    """When each arrived: as asked, or as the closed loop sent it. [s]"""
    late_steps: float = 0.0
    """Steps between the first token and the moment when the client sees it. [-]"""
    late_s: float = 0.0
    """Time of it that no GPU spends. [s]"""

    @cached_property
    def ttft_s(self) -> Floats:
        """Time until the client sees the first token, as in the formula of continuous batching. [s]"""
        ttft = np.asarray(self.first_s - self.arrival_s)
        ttft += self.late_s
        if self.late_steps > 0:
            further = self.requests.completion - 1.0
            # A short answer is whole before so many steps have passed.
            further = np.minimum(self.late_steps / np.maximum(further, 1.0), 1.0, out=further)
            with np.errstate(invalid="ignore"):
                further *= self.finish_s - self.first_s
            further[self.refused] = np.inf
            ttft += further
        return ttft

    @cached_property
    def tpot_s(self) -> Floats:
        """Time per output token after the first, of the requests that have more than one. [s]"""
        many = self.requests.completion > 1
        spent = self.finish_s[many]
        with np.errstate(invalid="ignore"):
            spent -= self.first_s[many]
        spent[self.refused[many]] = np.inf
        spent /= self.requests.completion[many] - 1
        return spent

    @property
    def pools(self) -> tuple[ReplicaUse, ...]:
        """All replicas."""
        return self.prefill_replicas + self.replicas

    @property
    def preemptions(self) -> int:
        """Sequences that were put back and computed again."""
        return sum(one.preemptions for one in self.pools)

    @property
    def span_s(self) -> float:
        """From the first arrival to the last finish. [s]"""
        served = ~self.refused
        if not served.any():
            return 0.0
        return float(self.finish_s[served].max() - self.arrival_s[0])

    def done_by(self, patience_s: float) -> bool:
        """Whether all that were served were done so soon after the first arrival."""
        return self.span_s <= patience_s

    @property
    def busy(self) -> float:
        """Share of that time that the replicas worked. [0 to 1]"""
        span = self.span_s
        return sum(one.busy_s for one in self.pools) / (len(self.pools) * span) if span else 0.0

    @property
    def mean_wait_s(self) -> float:
        """Mean time until a request was admitted. [s]"""
        served = int((~self.refused).sum())
        return sum(one.waited_s for one in self.pools) / served if served else 0.0


def percentile(values: Floats, percent: float) -> float:
    """Smallest of the values that so many per cent of them do not exceed; infinite values count as any."""
    if not values.size:
        return 0.0
    rank = max(int(np.ceil(values.size * percent / 100 - 1e-9)) - 1, 0)
    return float(np.partition(values, rank)[rank])


def replay(
    requests: Requests,
    server: Server,
    *,
    replicas: int = 1,
    prefill_replicas: int = 1,
    routing: str = ROUTINGS[0],
    assigned: NDArray[np.int32] | None = None,
    work_s: Floats | None = None,
    control: Control | None = None,
) -> Replay:
    """Replay requests at the times at which they arrived.

    Parameters
    ----------
    requests
        The trace.
    server
        One replica; all are alike.
    replicas
        How many; the decode pool, where pools are separate. [-]
    prefill_replicas
        The prefill pool, where pools are separate. [-]
    routing
        One of :data:`ROUTINGS`: the replica with the least estimated work before it, or in turn.
    assigned
        Replica of each request, instead of a routing.
    work_s
        Estimated work of each request in one pool, where the caller has it already. [s]
    control
        To watch and stop.

    Raises
    ------
    Cancelled
        If ``control`` asked to stop.
    ValueError
        If an argument leaves its domain.
    """
    if replicas < 1 or prefill_replicas < 1:
        raise ValueError(f"replicas must be at least 1, got {min(replicas, prefill_replicas)}")
    control = control or Control()
    refused = server.refuses(requests)
    if server.mode == Mode.DISAGGREGATED:
        return _two_pools(requests, server, replicas, prefill_replicas, routing, refused, control)
    arrival = _floats(requests.arrival_s)
    if assigned is None:
        assigned = _assign(
            arrival, lambda: server.work_s(requests) if work_s is None else work_s, replicas, routing
        )
    first, finish, uses = _run(
        requests,
        server,
        arrival,
        requests.completion,
        _orders(assigned, replicas, ~refused),
        control,
    )
    return _result(requests, server, arrival, first, finish, refused, uses, ())


def replay_closed_loop(
    requests: Requests, server: Server, *, clients: int, control: Control | None = None
) -> Replay:
    """Replay with so many clients, each of which sends its next request when its last one is finished.

    This is how serving benchmarks are run: all clients start at once, so the first prompts queue up, and
    requests are taken in the order given. Arrival times are ignored and result from the loop.

    Parameters
    ----------
    requests
        What the clients ask, in order.
    server
        The one replica.
    clients
        How many send requests. [-]
    control
        To watch and stop.

    Raises
    ------
    Cancelled
        If ``control`` asked to stop.
    ValueError
        If an argument leaves its domain, or pools are separate.
    """
    if clients < 1:
        raise ValueError(f"clients must be at least 1, got {clients}")
    if server.mode == Mode.DISAGGREGATED:
        raise ValueError("a closed loop over separate pools is not defined here")
    control = control or Control()
    refused = server.refuses(requests)
    arrival = np.full(requests.arrival_s.size, np.nan)
    orders = [np.flatnonzero(~refused).astype(np.int32)]
    first, finish, uses = _run(
        requests, server, arrival, requests.completion, orders, control, clients=clients
    )
    arrival[refused] = 0.0  # nobody sent them
    return _result(requests, server, arrival, first, finish, refused, uses, ())


def _result(
    requests: Requests,
    server: Server,
    arrival: Floats,
    first: Floats,
    finish: Floats,
    refused: NDArray[np.bool_],
    uses: Sequence[ReplicaUse],
    prefill: Sequence[ReplicaUse],
) -> Replay:
    served = ~refused
    spans_s = (
        len(uses) * float(np.ptp(np.concatenate([arrival[served], finish[served]]))) if served.any() else 0.0
    )
    # Little's law: sequences together, as the closed form counts them.
    together = max(float((finish[served] - arrival[served]).sum()) / spans_s, 1.0) if spans_s else 1.0
    first[refused] = np.inf
    finish[refused] = np.inf
    return Replay(
        requests=requests,
        first_s=first,
        finish_s=finish,
        refused=refused,
        replicas=tuple(uses),
        prefill_replicas=tuple(prefill),
        arrival_s=arrival,
        late_steps=max(server.first_token_steps - 1.0, 0.0) + server.busy_steps * (1 - 1 / together),
        late_s=server.ttft_fixed_s + server.busy_fixed_s * (1 - 1 / together),
    )


def _floats(values: NDArray[Any]) -> Floats:
    """One kind of array only, so that the loop is compiled once."""
    return np.require(values, np.float64, ["C", "W"])


def _whole(values: NDArray[Any]) -> Whole:
    """The same for tokens and indices."""
    return np.require(values, np.int32, ["C", "W"])


def _assign(arrival: Floats, work: Callable[[], Floats], replicas: int, routing: str) -> Whole | None:
    """Replica of each request; None: there is one only."""
    if routing not in ROUTINGS:
        raise ValueError(f"routing must be one of {', '.join(ROUTINGS)}, got {routing}")
    if replicas == 1:
        return None
    if routing == "round-robin":
        return np.asarray(np.arange(arrival.size, dtype=np.int32) % np.int32(replicas))
    from breakeven.replay import kernel

    assigned = np.empty(arrival.size, np.int32)
    kernel.assign_least_backlog(arrival, work(), assigned, replicas)
    return assigned


def _orders(
    assigned: NDArray[np.int32] | None, replicas: int, served: NDArray[np.bool_]
) -> list[NDArray[np.int32]]:
    """Requests of each replica in order of arrival."""
    if assigned is None or replicas == 1:
        everything = np.flatnonzero(served) if not served.all() else np.arange(served.size)
        return [everything.astype(np.int32)]
    from breakeven.replay import sharing

    order = np.empty(served.size, np.int32)
    starts = np.zeros(replicas + 1, np.int64)
    sharing.group(_whole(assigned), replicas, order, starts)
    orders = [order[starts[j] : starts[j + 1]] for j in range(replicas)]
    return orders if served.all() else [one[served[one]] for one in orders]


def _run(
    requests: Requests,
    server: Server,
    arrival: Floats,
    completion: Whole,
    orders: Sequence[NDArray[np.int32]],
    control: Control,
    *,
    clients: int = 0,
    prefilled: bool = False,
) -> tuple[Floats, Floats, list[ReplicaUse]]:
    """Each replica on its own."""
    from breakeven.replay import kernel

    n = arrival.size
    first, finish = np.full(n, np.nan), np.full(n, np.nan)
    prompt, completion = _whole(requests.prompt), _whole(completion)
    cached = requests.cached
    if cached is not None:
        cached = _whole(cached)
    elif requests.blocks is None or prefilled:
        cached = np.zeros(n, np.int32)
    else:
        cached = _cached_by_blocks(requests, server, orders, prompt)
    uses = []
    for order in orders:
        out = np.zeros(kernel.N_RESULTS)
        kernel.replay_one(
            order,
            arrival,
            prompt,
            completion,
            cached,
            prefilled,
            clients,
            server.max_sequences,
            NO_BUDGET if server.mode == Mode.STATIC else server.token_budget,
            server.mode == Mode.STATIC,
            server.cache_bytes,
            server.constants,
            server.table,
            first,
            finish,
            control.shared,
            out,
        )
        if control.stopped:
            raise Cancelled
        uses.append(
            ReplicaUse(
                busy_s=float(out[kernel.BUSY]),
                end_s=float(out[kernel.END]),
                steps=float(out[kernel.STEPS]),
                decoded=float(out[kernel.DECODED]),
                prefilled=float(out[kernel.PREFILLED]),
                preemptions=int(out[kernel.PREEMPTED]),
                waited_s=float(out[kernel.WAITED]),
                longest_wait_s=float(out[kernel.LONGEST_WAIT]),
                peak_cache_bytes=float(out[kernel.PEAK_CACHE]),
                cache_left=float(out[kernel.CACHE_LEFT]),
            )
        )
    return first, finish, uses


def _cached_by_blocks(
    requests: Requests, server: Server, orders: Sequence[NDArray[np.int32]], prompt: Whole
) -> Whole:
    """Cached tokens by the hashed blocks that earlier requests of the same replica left behind.

    Blocks count as stored in order of arrival, and the whole cache keeps them until they are overwritten.
    """
    from breakeven.replay import sharing

    if requests.blocks is None or requests.block_offsets is None:
        raise ValueError("blocks need block_offsets")
    blocks = _whole(requests.blocks)
    n_ids = int(blocks.max()) + 1 if blocks.size else 0
    one = float(server.cache_of(np.array([BLOCK_TOKENS]))[0])
    most = int(server.cache_bytes / one)
    cached = np.zeros(prompt.size, np.int32)
    for order in orders:
        sharing.cached_by_blocks(
            order,
            blocks,
            np.require(requests.block_offsets, np.int64, ["C", "W"]),
            prompt,
            BLOCK_TOKENS,
            most,
            n_ids,
            cached,
        )
    return cached


def _two_pools(
    requests: Requests,
    server: Server,
    replicas: int,
    prefill_replicas: int,
    routing: str,
    refused: NDArray[np.bool_],
    control: Control,
) -> Replay:
    """Prompts in one pool, over the link, completions in another."""
    served = ~refused
    arrival = _floats(requests.arrival_s)
    assigned = _assign(arrival, lambda: server.work_s(requests, completions=False), prefill_replicas, routing)
    orders = _orders(assigned, prefill_replicas, served)
    ones = np.ones(arrival.size, np.int32)
    _, read_s, prefill = _run(requests, server, arrival, ones, orders, control)
    handed = read_s + server.transfer_s(requests)
    handed[refused] = np.inf
    turn = np.argsort(handed, kind="stable").astype(np.int32)
    seen = np.where(served, handed, 0.0)[turn]  # those refused come last and count for nothing
    assigned = _assign(seen, lambda: server.work_s(requests, prompts=False)[turn], replicas, routing)
    orders = [turn[one] for one in _orders(assigned, replicas, served[turn])]
    first, finish, uses = _run(requests, server, handed, requests.completion, orders, control, prefilled=True)
    return _result(requests, server, arrival, first, finish, refused, uses, prefill)


def one_at_a_time(requests: Requests, server: Server) -> tuple[Floats, Floats]:
    """TTFT and TPOT of each request when nobody else is there: no number of replicas does better. [s]

    A closed loop with one client does just that; separate pools are two such loops.
    """
    if server.mode != Mode.DISAGGREGATED:
        alone = replace(server, max_sequences=1)
        result = replay_closed_loop(requests, alone, clients=1)
        return result.ttft_s, result.tpot_s
    alone = replace(server, max_sequences=1)
    refused = server.refuses(requests)
    orders, control, n = _orders(None, 1, ~refused), Control(), refused.size
    sent, handed = np.full(n, np.nan), np.full(n, np.nan)
    _, read, _ = _run(requests, alone, sent, np.ones(n, np.int32), orders, control, clients=1)
    first, finish, _ = _run(
        requests, alone, handed, requests.completion, orders, control, clients=1, prefilled=True
    )
    # Seen from the decode pool, a request comes so much later than it was sent.
    arrival = handed - (read - sent) - server.transfer_s(requests)
    result = _result(requests, server, arrival, first, finish, refused, (), ())
    return result.ttft_s, result.tpot_s
