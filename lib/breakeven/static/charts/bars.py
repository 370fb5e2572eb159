"""Bars, lying or upright, side by side, stacked, or from a common base."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from breakeven.dashboard.figure import SELF_HOSTED
from breakeven.static.charts.axes import Axis
from breakeven.static.charts.ink import LINE_PX, ink_on, lines_of, tag, width_of, words
from breakeven.static.charts.scatter import title_of
from breakeven.static.charts.values import Json, each

_GAP = 0.2
"""Share of a place that stays free between bars."""
_WIDE_DAY = 0.8
"""Width of a bar on an axis of days. [days]"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in numbers of its axes."""

    name: Any
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bar stands in the picture. [pixels]"""

    low: float
    high: float
    """Its ends along its axis, the smaller first."""
    middle: float
    wide: float
    backwards: bool
    """It goes from its base towards the start of the axis."""

    @property
    def centre(self) -> float:
        """Half way between its ends."""
        return (self.low + self.high) / 2


def lies(trace: Json) -> bool:
    """The bar goes from left to right."""
    return trace.get("orientation") == "h"


def bars_of(traces: Sequence[Json], mode: str) -> list[list[Bar]]:
    """Where the bars of each trace start and end; stacked ones go on where those before them end."""
    tops: dict[Any, float] = defaultdict(float)
    found = []
    for trace in traces:
        names, sizes = (trace["y"], trace["x"]) if lies(trace) else (trace["x"], trace["y"])
        bases = each(trace.get("base"), len(names), 0.0)
        row = []
        for name, size, base in zip(names, sizes, bases, strict=True):
            if size is None:
                row.append(Bar(name=name, start=0.0, end=0.0))
                continue
            start = tops[name] if mode == "stack" else float(base)
            row.append(Bar(name=name, start=start, end=start + float(size)))
            if mode == "stack":
                tops[name] += float(size)
        found.append(row)
    return found


def drawn(traces: Sequence[Json], layout: Json, x: Axis, y: Axis, hatch: str) -> list[Markup]:
    """All bars of a figure; ``hatch`` names the pattern of those that have one."""
    mode = str(layout.get("barmode", "group"))
    based = any(trace.get("base") is not None for trace in traces)
    beside = len(traces) if mode == "group" and not based else 1
    gap = float(layout.get("bargap", _GAP))
    found: list[Markup] = []
    for index, (trace, bars) in enumerate(zip(traces, bars_of(traces, mode), strict=True)):
        along, across = (x, y) if lies(trace) else (y, x)
        unit = abs(across.at(1.0) - across.at(0.0)) * (1 - gap)
        if across.kind == "date":
            unit = abs(across.at(_WIDE_DAY) - across.at(0.0))
        wide = max(unit / beside, 1.0)
        for number, bar in enumerate(bars):
            middle = across.place(bar.name)
            if middle is None or bar.start == bar.end:
                continue
            middle += (index % beside - (beside - 1) / 2) * wide
            low, high = sorted((along.at(bar.start), along.at(bar.end)))
            place = Place(low=low, high=high, middle=middle, wide=wide, backwards=bar.end < bar.start)
            found += _bar(trace, number, place, hatch)
    return found


def _bar(trace: Json, number: int, place: Place, hatch: str) -> list[Markup]:
    n = len(trace["x"])
    marker = trace.get("marker") or {}
    colour = each(marker.get("color"), n, SELF_HOSTED)[number]
    edge = marker.get("line") or {}
    told = title_of("\n".join(lines_of(str(each(trace.get("hovertext"), n, "")[number] or ""))))
    long, across = place.high - place.low, place.middle - place.wide / 2
    box: dict[str, Any] = {"x": across, "y": place.low, "width": place.wide, "height": long}
    if lies(trace):
        box = {"x": place.low, "y": across, "width": long, "height": place.wide}
    found = [tag("rect", told, fill=colour, stroke=edge.get("color"), **box)]
    if (marker.get("pattern") or {}).get("shape"):
        found.append(tag("rect", fill=f"url(#{hatch})", pointer_events="none", **box))
    text = str(each(trace.get("text"), n, "")[number] or "")
    if text:
        found.append(_text(trace, text, place, colour))
    return found


def _text(trace: Json, text: str, place: Place, colour: str) -> Markup:
    """The text of a bar: within it where it is to stand there and fits, else beyond its end."""
    where = str(trace.get("textposition", "auto"))
    down = place.middle + 4 - (len(lines_of(text)) - 1) * LINE_PX / 2
    fits = place.high - place.low > width_of(text) + 8
    if where == "inside" or (where == "auto" and fits):
        ink = (trace.get("textfont") or {}).get("color") or ink_on(colour)
        if not lies(trace):
            return words(text, place.middle, place.centre, fill=ink)
        if where == "auto":
            return words(text, place.high - 4, down, "end", fill=ink)
        return words(text, place.centre, down, fill=ink)
    if not lies(trace):
        return words(text, place.middle, place.low - 4)
    if place.backwards:
        return words(text, place.low - 4, down, "end")
    return words(text, place.high + 4, down, "start")
