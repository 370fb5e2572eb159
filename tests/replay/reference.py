"""The same scheduler, slow and obvious: one step after the other, every sum over every sequence."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.formulas.flops import attended_pairs
from breakeven.formulas.mixed_step import mixed_step
from breakeven.replay.server import Requests, Server


@dataclass
class Sequence:
    """A request that is in the replica."""

    request: int
    given: int
    """Tokens generated."""
    cache: int
    """Tokens that it holds in the cache."""
    to_read: int
    """Where its prefill ends."""
    read: int
    """How far its prefill is."""

    @property
    def decodes(self) -> bool:
        return self.read == self.to_read


def _pairs(ends: list[tuple[int, int]], window: float) -> float:
    """Query-key pairs of the chunks from a to b."""
    return sum(
        attended_pairs(prompt_tokens=b, window_tokens=window)
        - attended_pairs(prompt_tokens=a, window_tokens=window)
        for a, b in ends
    )


def reference(
    requests: Requests, server: Server, *, clients: int = 0, prefilled: bool = False
) -> tuple[list[float], list[float], list[float], int]:
    """Arrival, first token and finish of each request, and the number of preemptions; one replica."""
    c = server.step
    n = requests.arrival_s.size
    arrival = [float(a) for a in requests.arrival_s]
    prompt, completion = requests.prompt.tolist(), requests.completion.tolist()
    cached = [0] * n if requests.cached is None else requests.cached.tolist()
    static = server.mode == "static"
    first, finish = [None] * n, [None] * n
    queue: list[tuple[int, int]] = []  # request, tokens generated before
    running: list[Sequence] = []  # oldest first
    sent = preemptions = 0
    t = 0.0

    def inside(tokens: int) -> float:
        return min(tokens, c.window_tokens) if c.window_tokens < float("inf") else 0

    def used(tokens_of: list[int]) -> float:
        return c.full_bytes * sum(tokens_of) + c.window_bytes * sum(inside(x) for x in tokens_of)

    def send() -> None:
        nonlocal sent
        arrival[sent] = t
        queue.append((sent, 0))
        sent += 1

    for _ in range(min(clients, n)):
        send()
    while any(f is None for f in finish):
        while not clients and sent < n and arrival[sent] <= t:
            queue.append((sent, 0))
            sent += 1
        if not running and not queue:
            t = arrival[sent]
            continue

        def after_growth() -> list[int]:
            return [s.cache + 1 if s.decodes else s.cache for s in running]

        while any(s.decodes for s in running) and used(after_growth()) > server.cache_bytes:
            last = running.pop()
            queue.insert(0, (last.request, last.given))
            preemptions += 1
        decoding = [s for s in running if s.decodes]
        budget = float("inf") if static else server.token_budget - len(decoding)
        may_admit = not static or not running
        chunks: list[tuple[Sequence, int]] = []
        fresh: list[Sequence] = []
        for s in running:
            if not s.decodes and budget > 0:
                take = min(budget, s.to_read - s.read)
                chunks.append((s, take))
                budget -= take
        taken = {id(s): take for s, take in chunks}
        waits = any(not s.decodes and s.read + taken.get(id(s), 0) < s.to_read for s in running)
        while queue and may_admit and not waits and budget > 0 and len(running) < server.max_sequences:
            r, given = queue[0]
            ready = prefilled and given == 0
            length = prompt[r] + given
            asked = [length + 1 if ready else length]
            room = after_growth() + asked
            if static:  # what all of the batch will need, windows not counted down
                ahead = sum(completion[s.request] - 1 for s in running) + completion[r] - 1
                extra = (c.full_bytes + (c.window_bytes if c.window_tokens < float("inf") else 0)) * ahead
            else:
                extra = 0.0
            if used(room) + extra > server.cache_bytes and not (static and not running):
                break
            queue.pop(0)
            if ready:
                s = Sequence(r, 0, length, length, length)
                fresh.append(s)
                budget -= 1
            else:
                begin = min(cached[r], length - 1)
                s = Sequence(r, given, length, length, begin)
                take = min(budget, length - begin)
                chunks.append((s, take))
                budget -= take
                waits = begin + take < length
            running.append(s)
        decoding += fresh
        for s in decoding:
            s.cache += 1
        contexts = [s.cache for s in decoding]
        ends = [(s.read, s.read + take) for s, take in chunks]
        windows = c.window_tokens < float("inf")

        t += mixed_step(
            coefficients=c,
            decodes=len(decoding),
            context_tokens=sum(contexts),
            window_tokens=sum(inside(x) for x in contexts),
            prompt_tokens=sum(take for _, take in chunks),
            prompt_pairs=_pairs(ends, float("inf")),
            prompt_window_pairs=_pairs(ends, c.window_tokens) if windows else 0,
            prompt_context=sum(b for _, b in ends),
            prompt_window_context=sum(inside(b) for _, b in ends),
        ).total_s
        for s, take in chunks:
            s.read += take
        for s in [*decoding, *(s for s, _ in chunks if s.decodes)]:
            s.given += 1
            if first[s.request] is None:
                first[s.request] = t
            if s.given == completion[s.request]:
                finish[s.request] = t
                running.remove(s)
                if clients and sent < n:
                    send()
    assert not running
    assert not queue
    return arrival, first, finish, preemptions
