"""Axes: from a value to a place in the picture, and the ticks between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from breakeven.static.charts.values import Json, day_number

_ROOM = 0.05
"""Share of the range that stays free beyond the outermost mark."""
_USUAL_TICKS = 6
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(slots=True)
class Axis:
    """One axis; values are turned into numbers on it, and these into places."""

    kind: str
    """``linear``, ``log``, ``date`` or ``category``."""
    low: float
    """Number at its start: an exponent on a log axis, days on a date axis. [unit of the axis]"""
    high: float
    start: float = 0.0
    """Place of its start. [pixels]"""
    end: float = 1.0
    names: tuple[str, ...] = ()
    """Of a category axis, in order."""
    told: Json = field(default_factory=dict)
    """What the figure says of it."""

    def number(self, value: Any) -> float | None:
        """The number of a value; None where it has no place on the axis."""
        if value is None:
            return None
        if self.kind == "category":
            return float(self.names.index(str(value))) if str(value) in self.names else _float(value)
        if self.kind == "date":
            return day_number(value) if isinstance(value, str) else _float(value)
        found = _float(value)
        if found is None or self.kind != "log":
            return found
        return math.log10(found) if found > 0 else None

    def at(self, number: float) -> float:
        """Place of a number. [pixels]"""
        width = (self.high - self.low) or 1.0
        return self.start + (number - self.low) / width * (self.end - self.start)

    def place(self, value: Any) -> float | None:
        """Place of a value; None where it has none. [pixels]"""
        number = self.number(value)
        return None if number is None else self.at(number)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Numbers and texts of the ticks within the range, at most so many where none are given."""
        if not self.told.get("showticklabels", True):
            return []
        given = self.told.get("tickvals")
        if given is not None:
            texts = self.told.get("ticktext") or [_written(one) for one in given]
            numbers = [self.number(value) for value in given]
            pairs = [(n, str(t)) for n, t in zip(numbers, texts, strict=True) if n is not None]
        elif self.kind == "category":
            pairs = [(float(index), name) for index, name in enumerate(self.names)]
        elif self.kind == "date":
            pairs = _dates(self.low, self.high, most)
        elif self.kind == "log":
            powers = range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)
            pairs = [(float(power), self._said(10.0**power)) for power in powers]
        else:
            pairs = [(value, self._said(value)) for value in _round_steps(self.low, self.high, most)]
        low, high = sorted((self.low, self.high))
        edge = 1e-6 * ((high - low) or 1.0)
        return [(number, text) for number, text in pairs if low - edge <= number <= high + edge]

    def _said(self, value: float) -> str:
        return f"{self.told.get('tickprefix', '')}{_written(value)}{self.told.get('ticksuffix', '')}"


def axis_of(told: Json, values: Sequence[Any], *, zero: bool, tight: bool, bars: bool) -> Axis:
    """Make the axis for what stands on it.

    Parameters
    ----------
    told
        What the figure says of it.
    values
        All that is drawn along it.
    zero
        Whether it holds zero, as bars have it.
    tight
        Whether it ends where the values end, as lines have it.
    bars
        Whether bars stand on it side by side.
    """
    kind = _kind_of(told, values)
    names = tuple(dict.fromkeys(str(one) for one in values if one is not None)) if kind == "category" else ()
    axis = Axis(kind=kind, low=0.0, high=1.0, names=names, told=told)
    if "range" in told:
        axis.low, axis.high = (_bound(axis, one) for one in told["range"])
        return axis
    numbers = [n for n in map(axis.number, values) if n is not None and math.isfinite(n)]
    if kind == "category":
        axis.low, axis.high = -0.5, max(len(names), 1) - 0.5
    elif numbers:
        low, high = min(numbers), max(numbers)
        if low == high:
            room = 0.5 if kind in ("log", "date") else abs(low) * 0.1 or 1.0
        else:
            room = 0.0 if tight else _ROOM * (high - low)
        starts = kind == "linear" and (zero or told.get("rangemode") == "tozero") and low >= 0
        half = 0.5 if bars and kind != "log" else 0.0
        axis.low, axis.high = (0.0 if starts else low - room - half), high + room + half
    if told.get("autorange") == "reversed":
        axis.low, axis.high = axis.high, axis.low
    return axis


def _bound(axis: Axis, value: Any) -> float:
    return day_number(value) if axis.kind == "date" and isinstance(value, str) else float(value)


def _kind_of(told: Json, values: Iterable[Any]) -> str:
    if told.get("type"):
        return str(told["type"])
    texts = [one for one in values if one is not None]
    return "category" if texts and all(isinstance(one, str) for one in texts) else "linear"


def _float(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _round_steps(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two ends."""
    low, high = sorted((low, high))
    if high <= low:
        return [low]
    raw = (high - low) / max(min(most, _USUAL_TICKS), 2)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(one * power for one in _STEPS if one * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def _written(value: Any) -> str:
    """A number on an axis, separated thousands, no more digits than it has.

    >>> _written(14400.0), _written(0.25), _written(0)
    ('14,400', '0.25', '0')
    """
    return f"{value:,.6f}".rstrip("0").rstrip(".") if isinstance(value, int | float) else str(value)


_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)


def _dates(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Firsts of months, as many as there is room for; days where the range is short."""
    first, last = (_day(one) for one in sorted((low, high)))
    months = (last.year - first.year) * 12 + last.month - first.month
    if months < 2:
        days = max((last - first).days, 1)
        step = max(1, math.ceil(days / max(most, 2)))
        found = [first + timedelta(days=n) for n in range(0, days + 1, step)]
        return [(day_number(one.isoformat()), one.isoformat()) for one in found]
    step = next((one for one in _MONTH_STEPS if months / one <= max(most, 2)), _MONTH_STEPS[-1])
    count = first.year * 12 + first.month - 1
    firsts = range(-(-count // step) * step, last.year * 12 + last.month, step)
    found = [date(number // 12, number % 12 + 1, 1) for number in firsts]
    return [
        (day_number(one.isoformat()), str(one.year) if step >= 12 else f"{one.year}-{one.month:02d}")
        for one in found
    ]


def _day(number: float) -> date:
    return datetime.fromtimestamp(number * 86400, UTC).date()
