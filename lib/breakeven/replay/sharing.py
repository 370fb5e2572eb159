"""Requests shared out over replicas and cached blocks, compiled; imported where :mod:`.kernel` is."""

from __future__ import annotations

from typing import Any

import numpy as np

from breakeven.replay.kernel import jit


@jit
def assign_to_serving(
    arrival: Any, work: Any, window: Any, serving: Any, replica: Any, n_replicas: int
) -> None:
    """The same for a fleet whose size changes: the first ``serving`` ones take requests."""
    idle_at = np.zeros(n_replicas)
    for i in range(arrival.size):
        best = 0
        for j in range(1, serving[window[i]]):
            if idle_at[j] < idle_at[best]:
                best = j
        replica[i] = best
        idle_at[best] = max(idle_at[best], arrival[i]) + work[i]


@jit
def drain_s(finish: Any, window: Any, replica: Any, serving: Any, ends: Any, n_replicas: int) -> float:
    """What replicas still work after they were given back: the last finish of each stint past its end."""
    stint = np.full(n_replicas, -1, np.int64)
    last = np.zeros(n_replicas)
    total = 0.0
    for i in range(finish.size):
        if not np.isfinite(finish[i]):
            continue
        j = replica[i]
        if window[i] > stint[j]:
            if stint[j] >= 0:
                total += max(last[j] - ends[stint[j]], 0.0)
            at = window[i]
            while at + 1 < serving.size and serving[at + 1] > j:
                at += 1
            stint[j] = at
            last[j] = 0.0
        last[j] = max(last[j], finish[i])
    for j in range(n_replicas):
        if stint[j] >= 0:
            total += max(last[j] - ends[stint[j]], 0.0)
    return total


@jit
def group(replica: Any, n_replicas: int, order: Any, starts: Any) -> None:
    """Indices of the requests of each replica, one replica after the other, in order of arrival."""
    for i in range(replica.size):
        starts[replica[i] + 1] += 1
    for j in range(n_replicas):
        starts[j + 1] += starts[j]
    at = starts[:n_replicas].copy()
    for i in range(replica.size):
        order[at[replica[i]]] = i
        at[replica[i]] += 1


@jit
def cached_by_blocks(
    order: Any, blocks: Any, offsets: Any, prompt: Any, block_tokens: int, most: int, n_ids: int, cached: Any
) -> None:
    """Tokens of each prompt whose leading blocks are cached; the least recently used one goes first."""
    older = np.full(n_ids + 1, -1, np.int32)
    newer = np.full(n_ids + 1, -1, np.int32)
    inside = np.zeros(n_ids + 1, np.bool_)
    oldest = -1
    newest = -1
    size = 0
    for at in range(order.size):
        r = order[at]
        hits = 0
        hitting = True
        for i in range(offsets[r], offsets[r + 1]):
            hitting = hitting and inside[blocks[i]]
            if hitting:
                hits += 1
        # From the end, so that the first block is the most recent: a tail is no use without its head.
        for i in range(offsets[r + 1] - 1, offsets[r] - 1, -1):
            b = blocks[i]
            if inside[b]:
                if newer[b] < 0:
                    continue
                if older[b] >= 0:
                    newer[older[b]] = newer[b]
                else:
                    oldest = newer[b]
                older[newer[b]] = older[b]
            else:
                inside[b] = True
                size += 1
            older[b] = newest
            newer[b] = -1
            if newest >= 0:
                newer[newest] = b
            newest = b
            if oldest < 0:
                oldest = b
            if size > most:
                gone = oldest
                oldest = newer[gone]
                if oldest >= 0:
                    older[oldest] = -1
                else:
                    newest = -1
                newer[gone] = -1
                older[gone] = -1
                inside[gone] = False
                size -= 1
        cached[r] = min(hits * block_tokens, prompt[r] - 1)
