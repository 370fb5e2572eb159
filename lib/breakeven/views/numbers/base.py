"""What a rule of thumb is made of, and how its values are written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.hosting import GpuPrice, gpu_price
from breakeven.question.scenario import MEDIAN, Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import Gpu, GpuOffer, Quote
from breakeven.views.numbers.tables import RuleTables
from breakeven.words.numbers import Money, gigabytes, load, number, percent, times

ON_DEMAND = "on-demand"
HOLDS_WITHIN = 1.25
"""A rule of thumb holds while its value is nearer than this to that of 2023. [-]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A value or a range, with its unit."""

    low: float
    high: float
    unit: str
    """ratio, times, share, USD, USD/1e6 tokens, B, B/token, B/parameter, tokens/word or requests/s."""

    @property
    def middle(self) -> float:
        """Geometric middle, for comparing two ranges."""
        return math.sqrt(self.low * self.high)

    def text(self, money: Money) -> str:
        """Write it as people read it."""
        first, second = _written(self.low, self.unit, money), _written(self.high, self.unit, money)
        if first == second:
            return first
        if self.unit == "share":
            return f"{number(100 * self.low, 2)}–{second}"
        if self.unit == "ratio" and self.low >= 1:
            return f"{number(self.low, 2)}–{second}"
        if self.unit == "times":
            return f"{times(self.low).removesuffix('×')}–{second}"
        if self.unit in ("USD", "USD/1e6 tokens"):
            return f"{first.removesuffix(_PER_MILLION)}–{second.removeprefix(money.symbol)}"
        whole, _, tail = first.partition(" ")
        return f"{whole}–{second}" if second.endswith(tail) else f"{first} to {second}"


_PER_MILLION = " per 1M tokens"


def _written(value: float, unit: str, money: Money) -> str:
    """Write one value."""
    match unit:
        case "ratio":
            return f"{number(value, 2)}:1" if value >= 1 else f"1:{number(1 / value, 2)}"
        case "times":
            return times(value)
        case "share":
            return percent(value)
        case "USD":
            return money.amount(value)
        case "USD/1e6 tokens":
            return money.amount(value) + _PER_MILLION
        case "B":
            return gigabytes(value)
        case "B/token":
            return f"{gigabytes(value)} per token"
        case "B/parameter":
            return f"{number(value, 2)} B per parameter"
        case "tokens/word":
            return f"{number(value)} tokens per word"
        case "requests/s":
            return load(value) if math.isfinite(value) else "no load"
        case _:
            return f"{number(value)} {unit}"


def exactly(value: float, unit: str) -> Quantity:
    """A value without a range."""
    return Quantity(low=value, high=value, unit=unit)


def between(values: Sequence[float], unit: str) -> Quantity:
    """The range that some values span."""
    return Quantity(low=min(values), high=max(values), unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a small chart."""

    name: str
    days: tuple[date, ...]
    values: tuple[float, ...]
    labels: tuple[str, ...] = ()
    """What stands at each point when it is pointed at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of thumb, then and now."""

    rule_id: str
    part: str
    name: str
    quoted: str | None
    """As the text of 2023 writes it; None: that text does not have the rule."""
    recomputed: Quantity | None
    """From the numbers of 2023; None: their inputs were not published."""
    today: Quantity | None
    """From the tables, for the day of the scenario; None: ``missing`` says why."""
    missing: str | None = None
    consequence: str
    """One line: what it means today."""
    working: tuple[str, ...]
    advice: str
    page: str
    """Page that explains it: compare, workload, deploy, train, prices, evidence or method."""
    opens: Mapping[str, str] = field(default_factory=dict)
    """What the link to that page sets beside the scenario: its own fields, or others of the scenario."""
    still: str = ""
    """Says that a bound of 2023 holds, where the rule is one and it does."""
    history: tuple[Line, ...] = ()
    history_title: str = ""
    """What the chart shows, as a finding."""
    history_unit: str = ""
    """Name of the vertical axis, with its unit."""
    source_ids: tuple[str, ...]

    @property
    def ratio(self) -> float | None:
        """The value of today over that of 2023; None where there is nothing to compare. [-]"""
        if self.today is None or self.recomputed is None or self.today.unit != self.recomputed.unit:
            return None
        if not math.isfinite(self.today.middle):
            return None
        return self.today.middle / self.recomputed.middle

    @property
    def moved(self) -> str:
        """Say how the value moved since 2023; empty where there is nothing to compare."""
        if self.still:
            return self.still
        ratio = self.ratio
        if ratio is None:
            return ""
        if 1 / HOLDS_WITHIN <= ratio <= HOLDS_WITHIN:
            return "about as in 2023"
        return f"{times(ratio)} that of 2023" if ratio > 1 else f"{times(1 / ratio)} lower than in 2023"

    @property
    def holds(self) -> bool:
        """The value of today is about that of 2023, or a bound of then still holds."""
        return bool(self.still) or self.moved.startswith("about")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that the rules are computed from."""

    scenario: Scenario
    tables: Tables
    rows: RuleTables
    answer: Comparison
    money: Money

    @property
    def day(self) -> date:
        """Day of the scenario."""
        return self.scenario.as_of

    @property
    def prompt_heavy(self) -> ShapeAnswer:
        """Shape A of the scenario."""
        return self.answer.shapes[0]

    @property
    def generation_heavy(self) -> ShapeAnswer:
        """Shape B of the scenario."""
        return self.answer.shapes[1]

    def quote(self, rule_id: str, item: str = "quoted") -> Quote:
        """A number of a rule."""
        return self.rows.quote(rule_id, item)

    def said(self, rule_id: str, item: str = "quoted") -> date:
        """Day on which a number was said."""
        return self.quote(rule_id, item).said_on

    def released(self, release: str) -> bool:
        """A model of this year or month is out on the day of the scenario."""
        return release <= self.day.isoformat()[: len(release)]

    def usd(self, value: float) -> str:
        """Write an amount in the currency of the scenario."""
        return self.money.amount(value)


def rent(offers: Sequence[GpuOffer], gpu: Gpu) -> GpuPrice | None:
    """Median on-demand price of a GPU among some offers."""
    return gpu_price(offers, gpu_id=gpu.gpu_id, price_type=ON_DEMAND, choice=MEDIAN)


def half_rate(gpu: Gpu) -> float:
    """Dense bf16 or fp16 rate of a GPU. [TFLOP/s]"""
    return gpu.bf16_dense_tflops or gpu.fp16_dense_tflops or 0.0


def unique(*keys: str | None) -> tuple[str, ...]:
    """Source keys in order, each once."""
    return tuple(dict.fromkeys(key for key in keys if key))
