"""The parts of a question: what is derived from some of them takes them, and is kept by them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from breakeven.formulas.mode import Mode
from breakeven.formulas.units import SECONDS_PER_HOUR, SECONDS_PER_MONTH
from breakeven.question.kinds import CacheFormat, LayoutKind, Per, PriceKind, WeightFormat
from breakeven.words import numbers

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


Part = TypeVar("Part")


def part_of(whole: DataclassInstance, kind: type[Part]) -> Part:
    """The fields of a part, which have the names that they have in the whole."""
    return kind(**{field.name: getattr(whole, field.name) for field in fields(kind)})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Tokens of one request."""

    prompt_tokens: int
    """Prompt, cached part included. [tokens]"""
    completion_tokens: int
    """Completion, reasoning included. [tokens]"""
    cached_tokens: int = 0
    """Part of the prompt that is read from a cache, at the API and on the replica alike. [tokens]"""


class Shapes(NamedTuple):
    """The two shapes that are compared."""

    a: Shape
    b: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many requests come: so many a second or a month, or once."""

    requests: float
    per: Per
    finish_hours: float
    startup_minutes: float

    @property
    def ends(self) -> bool:
        """A job: the requests come once, all together."""
        return self.per == Per.ONCE

    @property
    def finish_s(self) -> float:
        """Time within which a job must be done. [s]"""
        return self.finish_hours * SECONDS_PER_HOUR

    @property
    def startup_s(self) -> float:
        """Time until a replica of a job serves. [s]"""
        return self.startup_minutes * 60.0

    @property
    def unit_s(self) -> float:
        """Time in which that many requests come; of a job the time that it may take. [s]"""
        return {Per.SECOND: 1.0, Per.MONTH: SECONDS_PER_MONTH, Per.ONCE: self.finish_s}[self.per]

    @property
    def per_s(self) -> float:
        """Requests per second, of a job in the time that it may take. [1/s]"""
        return self.requests / self.unit_s

    @property
    def billed(self) -> float:
        """Requests on one bill: a month of them, or the whole job. [-]"""
        return self.requests if self.ends else self.per_s * SECONDS_PER_MONTH

    @property
    def period(self) -> str:
        """What a bill is for, in words."""
        return "for the job" if self.ends else "a month"

    def said(self, requests: float | None = None) -> str:
        """Write the load, or another number of requests in its unit of time."""
        amount = self.requests if requests is None else requests
        if self.ends:
            return numbers.count(round(amount), "request")
        return numbers.load(amount / self.unit_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The model, and the formats in which it is served."""

    model: str
    precision: WeightFormat
    kv_precision: CacheFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The GPUs that are considered, the kind of price, and what runs on them."""

    gpu: str
    gpus: int
    layout: LayoutKind
    gpu_price_type: PriceKind
    gpu_offer: str
    engine: str
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a deployment must keep, and how full it may be."""

    batch: int | None
    ttft: float | None
    tpot: float | None
    utilisation: float
    usable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Money(numbers.Money):
    """The currency of the reader, and what is paid on top of the rent."""

    overhead_percent: float = 0.0
    overhead_month: float = 0.0
