"""The inner loops, compiled. Imported only where a replay runs: loading the compiler takes half a second.

A running sequence is a slot. All sequences that decode get one token a step, so a sequence that has
``r`` tokens to go at step ``K`` finishes at step ``K + r``: a heap of those steps gives the next finish,
and sums over the slots give the time of a step. Nothing here looks at all slots.

Compiled code is kept until its own file changes, so what a loop calls stands in the file of the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from breakeven import machine

Function = TypeVar("Function", bound=Callable[..., Any])

(
    LINEAR,
    SHARED,
    ROUTED,
    EXPERTS,
    LINK,
    LINK_FIXED,
    DECODE_FULL,
    DECODE_WINDOW,
    PREFILL_FULL,
    PREFILL_WINDOW,
    READ_FULL,
    READ_WINDOW,
    BYTES_FULL,
    BYTES_WINDOW,
    WINDOW,
    DECODE_FIXED,
    SEQUENCE,
    CONTEXT,
    PREFILL_FIXED,
) = range(19)
"""Places of the coefficients in their array, in the order of ``StepCoefficients``."""

BUSY, STEPS, DECODED, PREEMPTED, WAITED, LONGEST_WAIT, END, CACHE_LEFT, PREFILLED, PEAK_CACHE = range(10)
"""Places of the results in their array."""
N_RESULTS = 10


def jit(function: Function) -> Function:
    """Compile on first use and keep the result on disk, where there is a place to keep it.

    Without a compiler the loop runs as it is written: the same numbers, some hundred times as slowly.
    """
    if not machine.COMPILER:
        return function
    import numba

    try:
        return cast(Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # an installation that nobody may write to, and no home to write to either
        return cast(Function, numba.njit(nogil=True)(function))


@jit
def _push(heap: Any, place: Any, key: Any, size: int, slot: int) -> int:
    """Add a slot to a heap by its key; gives the new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        other = heap[above]
        if key[other] <= key[slot]:
            break
        heap[at] = other
        place[other] = at
        at = above
    heap[at] = slot
    place[slot] = at
    return size + 1


@jit
def _remove(heap: Any, place: Any, key: Any, size: int, slot: int) -> int:
    """Take a slot out of a heap, wherever it is; gives the new size."""
    at = place[slot]
    place[slot] = -1
    size -= 1
    last = heap[size]
    if at == size:
        return size
    while at > 0:
        above = (at - 1) >> 1
        other = heap[above]
        if key[other] <= key[last]:
            break
        heap[at] = other
        place[other] = at
        at = above
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and key[heap[below + 1]] < key[heap[below]]:
            below += 1
        other = heap[below]
        if key[last] <= key[other]:
            break
        heap[at] = other
        place[other] = at
        at = below
    heap[at] = last
    place[last] = at
    return size


@jit
def _token_s(tokens: int, table: Any, c: Any) -> float:
    """What depends on the tokens of a step only: matrix multiplications and the link."""
    if tokens < table.size:
        return float(table[tokens])
    read = c[SHARED] + c[ROUTED] * (1.0 - (1.0 - c[EXPERTS]) ** tokens)
    return float(max(c[LINEAR] * tokens, read) + c[LINK] * tokens + c[LINK_FIXED])


@jit
def _sum_of_larger(k: int, u0: float, du: float, v0: float, dv: float) -> float:
    """Sum of the larger of two straight lines at 1 … k."""
    d0, dd = u0 - v0, du - dv
    at_first, at_last = d0 + dd, d0 + k * dd
    triangle = 0.5 * k * (k + 1.0)
    if at_first >= 0.0 and at_last >= 0.0:
        return float(k * u0 + du * triangle)
    if at_first <= 0.0 and at_last <= 0.0:
        return float(k * v0 + dv * triangle)
    j = min(max(np.floor(-d0 / dd), 1.0), k - 1.0)
    before = 0.5 * j * (j + 1.0)
    after = triangle - before
    if at_first >= 0.0:
        return float(j * u0 + du * before + (k - j) * v0 + dv * after)
    return float(j * v0 + dv * before + (k - j) * u0 + du * after)


@jit
def _within(tokens: float, window: float) -> float:
    """Query-key pairs of a causal prompt within a window."""
    seen = min(tokens, window)
    return float(seen * (tokens - 0.5 * seen))


@jit
def replay_one(
    order: Any,
    arrival: Any,
    prompt: Any,
    completion: Any,
    cached: Any,
    prefilled: bool,
    clients: int,
    max_sequences: int,
    budget: int,
    gate: bool,
    capacity: float,
    c: Any,
    table: Any,
    first: Any,
    finish: Any,
    control: Any,
    out: Any,
) -> None:
    """Replay the requests of one replica; see ``breakeven.replay.run`` for what the arguments mean.

    ``control[0]`` other than zero stops it, ``control[1]`` counts finished requests. With ``clients``
    above zero the arrivals are written, not read. ``prefilled`` requests bring their cache and only
    decode. With ``gate`` nobody is admitted before everybody has finished.
    """
    n = order.size
    window = c[WINDOW]
    windowed = np.isfinite(window)
    has_context = c[CONTEXT] > 0.0

    request = np.zeros(max_sequences, np.int64)  # of each slot
    given = np.zeros(max_sequences, np.int64)  # tokens generated before its prefill
    base = np.zeros(max_sequences, np.int64)  # cache of a decoding slot is the step plus this
    reserved = np.zeros(max_sequences, np.int64)  # cache of a slot that is being prefilled
    older = np.full(max_sequences, -1, np.int64)
    newer = np.full(max_sequences, -1, np.int64)
    newest = -1
    free = np.arange(max_sequences - 1, -1, -1)
    n_free = max_sequences

    ends = np.zeros(max_sequences, np.int64)
    heap = np.zeros(max_sequences, np.int64)
    place = np.full(max_sequences, -1, np.int64)
    size = 0
    crossing = np.zeros(max_sequences, np.int64)
    window_heap = np.zeros(max_sequences, np.int64)
    window_place = np.full(max_sequences, -1, np.int64)
    growing = 0  # size of the window heap: sequences whose window is not full yet

    back_request = np.zeros(max_sequences + 1, np.int64)  # preempted ones, the next to admit on top
    back_given = np.zeros(max_sequences + 1, np.int64)
    n_back = 0
    done_slots = np.zeros(max_sequences, np.int64)
    fresh = np.zeros(max_sequences, np.int64)

    t = 0.0
    k_now = 0
    arrived = 0
    head = 0
    n_done = 0
    context = 0  # cache of the sequences that decode
    in_window = 0
    held = 0  # cache of all that run
    held_window = 0
    promised = 0  # what a static batch will still need
    partial = -1  # slot whose prompt is partly read
    partial_done = 0

    if clients > 0:
        arrived = min(clients, n)
        for i in range(arrived):
            arrival[order[i]] = 0.0

    while n_done < n:
        if control[0] != 0:
            break
        if clients == 0:
            while arrived < n and arrival[order[arrived]] <= t:
                arrived += 1
        if n_free == max_sequences and n_back == 0 and head == arrived:
            t = arrival[order[arrived]]
            continue

        # Room for one more token of everybody who decodes; the newest goes back where there is none.
        while size > 0 and (
            c[BYTES_FULL] * (held + size) + c[BYTES_WINDOW] * (held_window + growing) > capacity
        ):
            slot = newest
            newest = older[slot]
            if newest >= 0:
                newer[newest] = -1
            r = request[slot]
            back_request[n_back] = r
            if slot == partial:
                partial = -1
                back_given[n_back] = given[slot]
                held -= reserved[slot]
                if windowed:
                    held_window -= int(min(float(reserved[slot]), window))
            else:
                back_given[n_back] = completion[r] - (ends[slot] - k_now)
                size = _remove(heap, place, ends, size, slot)
                cache = k_now + base[slot]
                held -= cache
                context -= cache
                if windowed:
                    inside = int(min(float(cache), window))
                    held_window -= inside
                    in_window -= inside
                    if window_place[slot] >= 0:
                        growing = _remove(window_heap, window_place, crossing, growing, slot)
            n_back += 1
            free[n_free] = slot
            n_free += 1
            out[PREEMPTED] += 1.0

        # Prompts: the one that is partly read first, then new ones as they come.
        left = budget - size
        opened = not gate or n_free == max_sequences
        n_read = 0  # tokens of the chunks
        pairs = 0.0
        window_pairs = 0.0
        read_context = 0.0
        read_window = 0.0
        n_complete = 0
        n_fresh = 0
        if partial >= 0:
            length = reserved[partial]
            take = min(left, length - partial_done)
            stop = partial_done + take
            n_read += take
            left -= take
            pairs += _within(float(stop), np.inf) - _within(float(partial_done), np.inf)
            read_context += stop
            if windowed:
                window_pairs += _within(float(stop), window) - _within(float(partial_done), window)
                read_window += min(float(stop), window)
            partial_done = stop
            if stop == length:
                done_slots[n_complete] = partial
                n_complete += 1
                partial = -1
        while left > 0 and partial < 0 and n_free > 0 and opened and (n_back > 0 or head < arrived):
            if n_back > 0:
                r = back_request[n_back - 1]
                before = back_given[n_back - 1]
            else:
                r = order[head]
                before = 0
            ready = prefilled and before == 0
            length = prompt[r] + before
            asks = length + 1 if ready else length
            asks_window = int(min(float(asks), window)) if windowed else 0
            ahead = completion[r] - 1 if gate else 0
            ahead_window = ahead if windowed else 0
            room = c[BYTES_FULL] * (held + size + asks + promised + ahead) + c[BYTES_WINDOW] * (
                held_window + growing + asks_window + (promised + ahead_window if windowed else 0)
            )
            if room > capacity and not (gate and n_free == max_sequences):
                break
            if n_back > 0:
                n_back -= 1
            else:
                head += 1
                waited = t - arrival[r]
                out[WAITED] += waited
                out[LONGEST_WAIT] = max(out[LONGEST_WAIT], waited)
            n_free -= 1
            slot = free[n_free]
            request[slot] = r
            given[slot] = before
            older[slot] = newest
            newer[slot] = -1
            if newest >= 0:
                newer[newest] = slot
            newest = slot
            promised += ahead
            if ready:
                left -= 1
                held += length
                context += length
                base[slot] = length - k_now
                ends[slot] = k_now + completion[r]
                size = _push(heap, place, ends, size, slot)
                if windowed:
                    inside = int(min(float(length), window))
                    held_window += inside
                    in_window += inside
                    if length < window:
                        crossing[slot] = k_now + int(window) - length
                        growing = _push(window_heap, window_place, crossing, growing, slot)
                fresh[n_fresh] = r
                n_fresh += 1
                continue
            held += length
            if windowed:
                held_window += int(min(float(length), window))
            reserved[slot] = length
            begin = min(cached[r], length - 1)
            take = min(left, length - begin)
            stop = begin + take
            n_read += take
            left -= take
            pairs += _within(float(stop), np.inf) - _within(float(begin), np.inf)
            read_context += stop
            if windowed:
                window_pairs += _within(float(stop), window) - _within(float(begin), window)
                read_window += min(float(stop), window)
            if stop == length:
                done_slots[n_complete] = slot
                n_complete += 1
            else:
                partial = slot
                partial_done = stop

        fixed = 0.0
        if size > 0:
            fixed = c[DECODE_FIXED] + c[SEQUENCE] * size
        if n_read > 0 or n_fresh > 0:
            # One step with prompts in it.
            k = 1
            context += size
            held += size
            if windowed:
                in_window += growing
                held_window += growing
            if size > 0 and has_context:
                fixed += c[CONTEXT] * context / size
            if n_read > 0:
                fixed += c[PREFILL_FIXED]
            compute = (
                c[DECODE_FULL] * context
                + c[DECODE_WINDOW] * in_window
                + c[PREFILL_FULL] * pairs
                + c[PREFILL_WINDOW] * window_pairs
            )
            read = c[READ_FULL] * (context + read_context) + c[READ_WINDOW] * (in_window + read_window)
            dt = _token_s(size + n_read, table, c) + max(compute, read) + fixed
            out[PREFILLED] += n_read
        else:
            # Steps without prompts, up to the next finish, full window, overflow or arrival.
            k = ends[heap[0]] - k_now
            if growing > 0:
                k = min(k, crossing[window_heap[0]] - k_now)
            grows = c[BYTES_FULL] * size + c[BYTES_WINDOW] * growing
            used = c[BYTES_FULL] * held + c[BYTES_WINDOW] * held_window
            if used + k * grows > capacity:
                k = max(1, int((capacity - used) / grows))
                while k > 1 and (
                    c[BYTES_FULL] * (held + k * size) + c[BYTES_WINDOW] * (held_window + k * growing)
                    > capacity
                ):
                    k -= 1
                while (
                    c[BYTES_FULL] * (held + (k + 1) * size)
                    + c[BYTES_WINDOW] * (held_window + (k + 1) * growing)
                    <= capacity
                ):
                    k += 1
            u0 = c[DECODE_FULL] * context + c[DECODE_WINDOW] * in_window
            du = c[DECODE_FULL] * size + c[DECODE_WINDOW] * growing
            v0 = c[READ_FULL] * context + c[READ_WINDOW] * in_window
            dv = c[READ_FULL] * size + c[READ_WINDOW] * growing
            each = _token_s(size, table, c) + fixed
            if has_context:
                # The mean context grows by one a step, whatever the batch.
                each += c[CONTEXT] * context / size
            grow = c[CONTEXT]
            dt = k * each + grow * (0.5 * k * (k + 1.0)) + _sum_of_larger(k, u0, du, v0, dv)
            waiting = n_back > 0 or head < arrived
            if clients == 0 and not waiting and not gate and n_free > 0 and arrived < n:
                wanted = arrival[order[arrived]] - t
                if dt > wanted and k > 1:
                    # Steps only get longer, so the first one bounds their number from above.
                    one = each + grow + max(u0 + du, v0 + dv)
                    k = min(k, int(wanted / one) + 2)
                    dt = k * each + grow * (0.5 * k * (k + 1.0)) + _sum_of_larger(k, u0, du, v0, dv)
                    while k > 1:
                        last = each + grow * k + max(u0 + k * du, v0 + k * dv)
                        if dt - last < wanted:
                            break
                        # Newton from above on a convex function stays above; never less than one step.
                        k = max(1, k - max(1, int((dt - wanted) / last)))
                        dt = k * each + grow * (0.5 * k * (k + 1.0)) + _sum_of_larger(k, u0, du, v0, dv)
                    while dt < wanted:
                        k += 1
                        dt = k * each + grow * (0.5 * k * (k + 1.0)) + _sum_of_larger(k, u0, du, v0, dv)
            context += k * size
            held += k * size
            if windowed:
                in_window += k * growing
                held_window += k * growing
        k_now += k
        t += dt
        out[BUSY] += dt
        out[STEPS] += k
        out[DECODED] += k * size
        out[PEAK_CACHE] = max(out[PEAK_CACHE], c[BYTES_FULL] * held + c[BYTES_WINDOW] * held_window)

        for i in range(n_fresh):
            if np.isnan(first[fresh[i]]):
                first[fresh[i]] = t
        while growing > 0 and crossing[window_heap[0]] == k_now:
            growing = _remove(window_heap, window_place, crossing, growing, window_heap[0])
        n_gone = 0
        while size > 0 and ends[heap[0]] == k_now:
            slot = heap[0]
            size = _remove(heap, place, ends, size, slot)
            if window_place[slot] >= 0:
                growing = _remove(window_heap, window_place, crossing, growing, slot)
            cache = k_now + base[slot]
            held -= cache
            context -= cache
            if windowed:
                inside = int(min(float(cache), window))
                held_window -= inside
                in_window -= inside
            fresh[n_gone] = slot
            n_gone += 1
        for i in range(n_complete):
            slot = done_slots[i]
            r = request[slot]
            length = reserved[slot]
            if np.isnan(first[r]):
                first[r] = t
            to_go = completion[r] - given[slot] - 1
            inside = int(min(float(length), window)) if windowed else 0
            if to_go == 0:
                held -= length
                held_window -= inside
                fresh[n_gone] = slot
                n_gone += 1
                continue
            base[slot] = length - k_now
            ends[slot] = k_now + to_go
            size = _push(heap, place, ends, size, slot)
            context += length
            in_window += inside
            if windowed and length < window:
                crossing[slot] = k_now + int(window) - length
                growing = _push(window_heap, window_place, crossing, growing, slot)
        for i in range(n_gone):
            slot = fresh[i]
            r = request[slot]
            finish[r] = t
            n_done += 1
            if newer[slot] >= 0:
                older[newer[slot]] = older[slot]
            else:
                newest = older[slot]
            if older[slot] >= 0:
                newer[older[slot]] = newer[slot]
            free[n_free] = slot
            n_free += 1
            if clients > 0 and arrived < n:
                arrival[order[arrived]] = t
                arrived += 1
        if gate and n_free == max_sequences:
            promised = 0
        control[1] += n_gone
    out[END] = t
    out[CACHE_LEFT] = held + context


@jit
def assign_least_backlog(arrival: Any, work: Any, replica: Any, n_replicas: int) -> None:
    """Give each request to the replica that will be idle soonest, going by its estimated work."""
    heap = np.arange(n_replicas)
    place = np.arange(n_replicas)
    idle_at = np.zeros(n_replicas)
    for i in range(arrival.size):
        best = heap[0]
        replica[i] = best
        _remove(heap, place, idle_at, n_replicas, best)
        idle_at[best] = max(idle_at[best], arrival[i]) + work[i]
        _push(heap, place, idle_at, n_replicas - 1, best)
