"""What a file says, in sums: by model, processing, tier, context, length, minute and tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import TypeAlias, TypeVar

from breakeven.tables.exports import Processing
from breakeven.tables.meters import Meter
from breakeven.usage.formats import Recognised
from breakeven.usage.sql import Edges

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One cell or row that is not as it should be."""

    line: int
    """Line of a text file, number of the record otherwise; counted from 1."""
    column: str
    value: str
    reason: str
    left_out: bool = True
    """The row is not priced; false: only this column of it is not used."""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Sums of tokens and requests."""

    requests: int = 0
    input_uncached: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        """All prompt tokens, however billed. [tokens]"""
        return self.input_uncached + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def cached_share(self) -> float:
        """Share of the prompt that was read from a cache. [0 to 1]"""
        return self.cache_read / self.prompt if self.prompt else 0.0

    def __add__(self, other: Tokens) -> Tokens:
        """Sum part by part."""
        return add_up((self, other))


METERS = tuple(one.name for one in fields(Tokens))
"""What is added up, by name."""


def add_up(parts: Iterable[Tokens]) -> Tokens:
    """Sum of many."""
    return sums_by((None, part) for part in parts).get(None, Tokens())


def sums_by(parts: Iterable[tuple[Key, Tokens]]) -> dict[Key, Tokens]:
    """Sums by key, in the order in which the keys come.

    A file has thousands of parts: they are added in lists, since a record a step takes five times longer.

    >>> sums_by([("a", Tokens(output=1)), ("b", Tokens(output=2)), ("a", Tokens(output=3))])["a"].output
    4
    """
    sums: dict[Key, list[int]] = {}
    for key, part in parts:
        known = sums.get(key)
        if known is None:
            known = sums[key] = [0] * 7
        known[0] += part.requests
        known[1] += part.input_uncached
        known[2] += part.cache_read
        known[3] += part.cache_write_5m
        known[4] += part.cache_write_1h
        known[5] += part.output
        known[6] += part.reasoning
    return {
        key: Tokens(
            requests=requests,
            input_uncached=uncached,
            cache_read=read,
            cache_write_5m=short,
            cache_write_1h=long,
            output=output,
            reasoning=reasoning,
        )
        for key, (requests, uncached, read, short, long, output, reasoning) in sums.items()
    }


How: TypeAlias = tuple[Processing, str]
"""What beside its tokens decides the price of a request: how it was worked off, and where it had to be."""


Extras: TypeAlias = Mapping[tuple["str | None", How], Mapping[Meter, int]]
"""Amounts of other meters by model and how they were served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Requests of one model, processing, region, price tier, context class and length."""

    model: str | None
    processing: Processing
    tier: int
    """Thresholds of ``Edges.tiers`` that the prompt exceeds."""
    context: int
    """Sizes of ``Edges.contexts`` that the request exceeds; -1: not known (bucket rows)."""
    in_bin: int
    """Bin of the prompt, -1: not known."""
    out_bin: int
    tokens: Tokens
    region: str = ""
    """Where they had to be served, as the usage report says; empty: anywhere."""

    @property
    def how(self) -> How:
        """What beside the tokens decides the price."""
        return self.processing, self.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Requests of one minute or one tenant, by what decides their price."""

    key: int | str | None
    """Minutes since 1970 (or since the start), or the tenant."""
    model: str | None
    processing: Processing
    tier: int
    tokens: Tokens
    paid_usd: float | None
    free: bool = False
    """By tenant only: the file says what was paid, and for these nothing."""
    region: str = ""

    @property
    def how(self) -> How:
        """What beside the tokens decides the price."""
        return self.processing, self.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The first rows of a file, as its reader sees them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    correctable: bool = True
    """Its columns can be given another meaning; records of JSON say theirs themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The busiest of the finest steps of time that were seen."""

    requests: int
    minutes: int
    """Length of the step. [minutes]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a file says, in sums; enough for every question of the page."""

    name: str
    recognised: tuple[Recognised, ...]
    """One per kind of file that was read."""
    edges: Edges
    cells: tuple[Cell, ...]
    minutes: tuple[Slice, ...]
    tenants: tuple[Slice, ...]
    rows_read: int
    """Data rows, bad ones included."""
    rows_rejected: int
    rows_skipped: int
    """Rows that are no request or failed, by the export's own mark."""
    problems: tuple[Problem, ...]
    """Bad rows, up to the limit that can be downloaded; pages show the first 100."""
    notes: tuple[str, ...]
    withheld: tuple[str, ...]
    paid_usd: float | None
    longest: int
    """Longest request. [tokens]"""
    first_s: float | None
    last_s: float | None
    """First and last arrival, unix time or since the start of a relative trace. [s]"""
    relative_time: bool
    models_paid: Mapping[str | None, float] = field(default_factory=dict)
    extras: Extras = field(default_factory=dict)
    """Tokens of audio and images, and searches, beside the tokens of text."""
    counted: bool = True
    """The number of requests is known; a row of sums without a count stands for an unknown number."""
    previews: tuple[Preview, ...] = ()
    """One for each file."""
    step_minutes: int = 1
    """Length of the steps of time that ``minutes`` sums over. [minutes]"""
    peak: Peak | None = None
    """Where finer steps were seen than ``minutes`` has: the busiest of them."""
    shorter: tuple[Cell, ...] = ()
    """Where the lengths of some requests are known too roughly for the price list: the same cells with these
    requests in the lowest class that they may have; ``cells`` has them in the highest."""

    @property
    def tokens(self) -> Tokens:
        """Sums over everything."""
        return add_up(cell.tokens for cell in self.cells)

    @property
    def per_request(self) -> bool:
        """Whether the lengths of single requests are known."""
        return bool(self.cells) and all(cell.in_bin >= 0 for cell in self.cells)

    @property
    def span_s(self) -> float | None:
        """Time that the arrivals cover; None where they have none. [s]"""
        if self.first_s is None or self.last_s is None or self.last_s <= self.first_s:
            return None
        return self.last_s - self.first_s

    @property
    def by_model(self) -> dict[str | None, Tokens]:
        """Sums by model, most requests first; as many by name, so that every reading gives one order."""
        sums = sums_by((cell.model, cell.tokens) for cell in self.cells)
        return dict(sorted(sums.items(), key=lambda item: (-item[1].requests, item[0] or "")))


def loads(workload: Workload) -> tuple[float | None, float | None]:
    """Mean and highest load; the highest over the steps of time that the file was summed in. [requests/s]"""
    span = workload.span_s
    if span is None or not workload.minutes:
        return None, None
    by_step, step_s = busy_steps(workload)
    mean = workload.tokens.requests / max(span, 1.0)
    highest = max(by_step.values(), default=0) / min(step_s, max(span, 1.0))
    if workload.peak is not None:
        highest = max(highest, workload.peak.requests / min(60.0 * workload.peak.minutes, max(span, 1.0)))
    return mean, max(highest, mean)


def covered_s(workload: Workload) -> float | None:
    """Time that a file speaks of, the last of its steps included; None where it has no times. [s]"""
    span = workload.span_s
    if span is None or not workload.minutes:
        return None
    if workload.peak is not None:  # the steps are longer than what the rows say of their times
        return span
    by_step, step_s = busy_steps(workload)
    # A sum of a day carries the day's first moment: thirty of them are thirty days, not 29.
    return max(span, (max(by_step) - min(by_step)) * 60.0 + step_s) if step_s > 60 and by_step else span


def busy_steps(workload: Workload) -> tuple[dict[int, int], float]:
    """Requests by the minute in which a step of the file starts, and how long a step is. [s]"""
    by_step: dict[int, int] = {}
    for one in workload.minutes:
        if isinstance(one.key, int):
            by_step[one.key] = by_step.get(one.key, 0) + one.tokens.requests
    steps = sorted(by_step)
    step_s = 60.0 * min((b - a for a, b in pairwise(steps)), default=60)
    if any(key % 60 for key in steps):
        step_s = 60.0
    return by_step, step_s
