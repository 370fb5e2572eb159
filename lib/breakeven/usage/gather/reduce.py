"""Usage objects of one record that repeat or add up others of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from breakeven.usage.gather.keys import keys
from breakeven.usage.gather.walk import Found

AGAIN = "usage objects that say the same call again in one record"
TOTALS = "totals of other rows"
_NEAR = 50
"""Usage objects back that one is compared with; a record has two or three."""


def reduced(found: list[Found], left_out: Counter[str]) -> list[Found]:
    """Leave out what is said twice, and sums of what is listed below them."""
    if len(found) < 2:
        return found
    _place(found)
    groups: dict[tuple[tuple[int, int], ...], list[Found]] = {}
    for one in found:
        groups.setdefault(one.items, []).append(one)
    kept: list[Found] = []
    for group in groups.values():
        calls: list[Found] = []
        for one in group:
            twin = next((other for other in calls[-_NEAR:] if _same_call(one, other)), None)
            if twin is None:
                calls.append(one)
                continue
            better, worse = (one, twin) if len(one.counts) > len(twin.counts) else (twin, one)
            calls[calls.index(twin)] = better
            better.also = [worse, *worse.also, *better.also]
            left_out[AGAIN] += 1
        kept += _without_whole(calls, left_out)
    return _without_sums(kept, left_out)


def _place(found: Sequence[Found]) -> None:
    """Only lists with several usage objects tell requests apart."""
    entries: dict[int, set[int]] = {}
    for one in found:
        for here, at in one.node.items:
            entries.setdefault(here, set()).add(at)
    for one in found:
        one.items = tuple(step for step in one.node.items if len(entries[step[0]]) > 1)


def _same_call(one: Found, other: Found) -> bool:
    if (
        one.bad
        or other.bad
        or not any(one.counts.get(m) for m in ("input", "uncached", "output", "cache_read"))
    ):
        return False
    return not _siblings(one.node.path, other.node.path) and bool(
        one.prompt & other.prompt and one.answer & other.answer
    )


def _without_whole(calls: list[Found], left_out: Counter[str]) -> list[Found]:
    """Calls side by side without the one that is the sum of the others."""
    if not 3 <= len(calls) <= _NEAR or any(one.bad for one in calls):
        return calls
    for whole in calls:
        others: Counter[str] = Counter()
        for one in calls:
            if one is not whole:
                others.update(one.counts)
        if _adds_up(whole, others):
            left_out[TOTALS] += 1
            return [one for one in calls if one is not whole]
    return calls


def _siblings(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two paths differ in one name only, as those of two entries of a map do."""
    apart = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    if len(one) != len(other) or len(apart) != 1:
        return False
    table = keys().sets
    return (
        table["totals"].isdisjoint(apart[0])
        and not set(apart[0]) <= table["containers"] | table["namespaces"]
    )


def _without_sums(kept: list[Found], left_out: Counter[str]) -> list[Found]:
    """Deepest first, so that sums of sums go too."""
    under: dict[tuple[tuple[int, int], ...], Counter[str]] = {}
    gone: set[int] = set()
    for one in sorted(kept, key=lambda one: -len(one.items)):
        below = under.get(one.items)
        named = not one.items and set(one.node.path) & keys().sets["totals"]
        if below is not None and not one.bad and (named or _adds_up(one, below)):
            gone.add(id(one))
            left_out[TOTALS] += 1
            continue
        for depth in range(len(one.items)):
            under.setdefault(one.items[:depth], Counter()).update(one.counts)
    return [one for one in kept if id(one) not in gone]


def _adds_up(one: Found, below: Counter[str]) -> bool:
    sides = ("input", "uncached", "output", "cache_read")
    return all(one.counts.get(name, below[name]) == below[name] for name in sides)
