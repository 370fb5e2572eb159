"""One question about one workload. Names rows by id and never copies their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from breakeven.formulas.mode import Mode
from breakeven.question import parts
from breakeven.question.kinds import CacheFormat, LayoutKind, Per, PriceKind, WeightFormat
from breakeven.words.numbers import SYMBOLS
from breakeven.words.numbers import number as plain

NONE = "none"
"""Says that a target or a fixed batch is not set."""
CHEAPEST = "cheapest"
MEDIAN = "median"
DEAREST = "dearest"
AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a field of a scenario may be."""

    low: float = -math.inf
    """Smallest value, itself allowed."""
    high: float = math.inf
    """Largest value, itself allowed."""
    choices: tuple[str, ...] = ()
    """The only values allowed; empty for any."""

    @classmethod
    def of(cls, kind: type[StrEnum]) -> Limit:
        """The words of an enum, as links write them."""
        return cls(choices=tuple(str(one) for one in kind))


TOKENS = Limit(low=1, high=2_000_000)

LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "gpus": Limit(low=1, high=64),
        "layout": Limit.of(LayoutKind),
        "gpu_price_type": Limit.of(PriceKind),
        "precision": Limit.of(WeightFormat),
        "kv_precision": Limit.of(CacheFormat),
        "mode": Limit.of(Mode),
        "prompt_a": TOKENS,
        "completion_a": TOKENS,
        "cached_a": Limit(low=0, high=2_000_000),
        "prompt_b": TOKENS,
        "completion_b": TOKENS,
        "cached_b": Limit(low=0, high=2_000_000),
        "requests": Limit(low=1e-6, high=1e12),
        "per": Limit.of(Per),
        "finish_hours": Limit(low=1, high=8760),
        "startup_minutes": Limit(low=0, high=59),
        "batch": Limit(low=1, high=4096),
        "ttft": Limit(low=0.001, high=3600),
        "tpot": Limit(low=0.0001, high=60),
        "utilisation": Limit(low=0.01, high=1),
        "usable": Limit(low=0.1, high=1),
        "currency": Limit(choices=tuple(SYMBOLS)),
        "rate": Limit(low=1e-4, high=1e5),
        "overhead_percent": Limit(low=0, high=1000),
        "overhead_month": Limit(low=0, high=1e9),
        "as_of": Limit(low=date(2023, 1, 1).toordinal(), high=date(2040, 12, 31).toordinal()),
    }
)
"""Limits of the fields that have any; ids are checked against the tables where they are looked up."""


_KINDS: Mapping[str, type[StrEnum]] = {
    "gpu_price_type": PriceKind,
    "precision": WeightFormat,
    "kv_precision": CacheFormat,
    "mode": Mode,
    "layout": LayoutKind,
    "per": Per,
}


def show_value(value: object) -> str:
    """Write a value as links and messages do."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def complaint(name: str, value: object, limits: Mapping[str, Limit] = LIMITS) -> str | None:
    """Say in one sentence why a field may not have a value; None when it may."""
    reason = _must(name, value, limits)
    return reason and f"{name} {reason}"


def _must(name: str, value: object, limits: Mapping[str, Limit]) -> str | None:
    """What a value must be; None: it is."""
    limit = limits.get(name)
    if limit is None or value is None:
        return None
    if limit.choices:
        return None if value in limit.choices else f"must be one of {', '.join(limit.choices)}"
    number = value.toordinal() if isinstance(value, date) else value
    if isinstance(number, (int, float)) and limit.low <= number <= limit.high:
        return None
    low, high = limit.low, limit.high
    if isinstance(value, date):
        return f"must lie between {date.fromordinal(int(low))} and {date.fromordinal(int(high))}"
    return f"must lie between {plain(low)} and {plain(high)}"


class FieldName(str):
    """A word of a sentence that names a field."""

    __slots__ = ()


class Refused(ValueError):
    """A field has a value that no formula downstream is valid for."""

    def __init__(self, *words: str) -> None:
        """Say it in words, of which some name fields."""
        super().__init__(" ".join(words))
        self.words = words

    def said(self, names: Mapping[str, str]) -> str:
        """The sentence, with the names that fields have where they were given."""
        return " ".join(names.get(word, word) if isinstance(word, FieldName) else word for word in self.words)


def refuse(item: Any, limits: Mapping[str, Limit] = LIMITS) -> None:
    """Hold every field of a dataclass against its limit.

    Raises
    ------
    Refused
        At the first one that lies outside; the text names it, what it may be and what it is.
    """
    for field in fields(item):
        value = getattr(item, field.name)
        reason = _must(field.name, value, limits)
        if reason:
            raise Refused(FieldName(field.name), f"{reason}, got {show_value(value)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One question about one workload: buy tokens, or host the model.

    ``as_of`` picks the price lists, so the same link gives the same answer next
    year. Every field is written to a link, defaults too.
    """

    as_of: date
    """Day whose prices apply."""
    model: str = "llama-3.3-70b"
    """Key of ``models``."""
    api: str = CHEAPEST
    """``cheapest`` offer of the same model, or a key of ``api_prices``."""
    resellers: bool = False
    """Let resellers count as the cheapest."""
    gpu: str = CHEAPEST
    """``cheapest`` deployment that holds the targets, or a key of ``gpus``."""
    gpus: int = 2
    """GPUs of one replica, when ``gpu`` names one. [-]"""
    layout: LayoutKind = LayoutKind.AUTO
    """``tp``: each layer on all GPUs of a replica; ``dp``: data-parallel attention, experts spread over
    all; ``auto``: the better of both, tensor parallel where ``gpu`` names one."""
    gpu_price_type: PriceKind = PriceKind.ON_DEMAND
    """Kind of rental offer that is considered."""
    gpu_offer: str = MEDIAN
    """``median``, ``cheapest`` or ``dearest`` of the offers in force, or a key of ``gpu_prices``."""
    precision: WeightFormat = WeightFormat.FP8
    """Number format of the weights, key of ``precisions``."""
    kv_precision: CacheFormat = CacheFormat.FP16
    """Number format of the KV cache."""
    engine: str = AUTO
    """Serving engine whose measured efficiency applies; ``auto``: the best measured one."""
    mode: Mode = Mode.CONTINUOUS
    """Serving mode."""
    prompt_a: int = 4000
    """Prompt of the first shape. [tokens]"""
    completion_a: int = 16
    """Completion of the first shape. [tokens]"""
    cached_a: int = 0
    """Cached part of the first prompt. [tokens]"""
    prompt_b: int = 64
    """Prompt of the second shape. [tokens]"""
    completion_b: int = 4096
    """Completion of the second shape. [tokens]"""
    cached_b: int = 0
    """Cached part of the second prompt. [tokens]"""
    requests: float = 1.0
    """Load, in requests per ``per``."""
    per: Per = Per.SECOND
    """Unit of time of the load; ``once`` for a job that ends."""
    finish_hours: float = 24.0
    """Time within which a job must be done; a day, as batch APIs promise. [h]"""
    startup_minutes: float = 10.0
    """Time until a replica of a job serves: the machine starts, the weights are read. [min]"""
    batch: int | None = None
    """Sequences decoded together; None: the most that memory and targets allow. [-]"""
    ttft: float | None = 2.0
    """Target of the time to first token; None for batch work. [s]"""
    tpot: float | None = 0.05
    """Target of the time per output token. [s]"""
    utilisation: float = 0.5
    """Share of the rented time that the GPUs are busy. [0 to 1]"""
    usable: float = 0.9
    """Share of the GPU memory that the engine may use. [0 to 1]"""
    currency: str = "USD"
    """Currency of the amounts shown."""
    rate: float = 1.0
    """Units of that currency per US dollar."""
    overhead_percent: float = 0.0
    """Operations, storage, egress on top of the GPU rent. [%]"""
    overhead_month: float = 0.0
    """The same, as a fixed amount. [USD/month]"""

    def __post_init__(self) -> None:
        """Refuse values that no formula downstream is valid for."""
        refuse(self)
        for name, kind in _KINDS.items():
            # Links and widgets hold the words themselves.
            object.__setattr__(self, name, kind(getattr(self, name)))
        for letter in "ab":
            cached, prompt = getattr(self, f"cached_{letter}"), getattr(self, f"prompt_{letter}")
            if cached >= prompt:
                raise Refused(
                    FieldName(f"cached_{letter}"),
                    "must be less than",
                    FieldName(f"prompt_{letter}"),
                    f"({prompt}), got {cached}",
                )

    @property
    def shapes(self) -> parts.Shapes:
        """The two shapes that are compared."""
        return parts.Shapes(
            parts.Shape(
                prompt_tokens=self.prompt_a, completion_tokens=self.completion_a, cached_tokens=self.cached_a
            ),
            parts.Shape(
                prompt_tokens=self.prompt_b, completion_tokens=self.completion_b, cached_tokens=self.cached_b
            ),
        )

    @property
    def load(self) -> parts.Load:
        """How many requests come."""
        return parts.part_of(self, parts.Load)

    @property
    def served(self) -> parts.Model:
        """The model, and the formats in which it is served."""
        return parts.part_of(self, parts.Model)

    @property
    def hardware(self) -> parts.Hardware:
        """The GPUs that are considered, the kind of price, and what runs on them."""
        return parts.part_of(self, parts.Hardware)

    @property
    def targets(self) -> parts.Targets:
        """What a deployment must keep, and how full it may be; a job leaves nothing idle."""
        targets = parts.part_of(self, parts.Targets)
        return replace(targets, utilisation=1.0) if self.load.ends else targets

    @property
    def money(self) -> parts.Money:
        """The currency of the reader, and what is paid on top of the rent."""
        return parts.part_of(self, parts.Money)
