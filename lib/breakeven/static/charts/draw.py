"""One figure as one SVG of a given width."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from breakeven.static.charts import bars, heat, notes, scatter
from breakeven.static.charts.axes import Axis, axis_of
from breakeven.static.charts.ink import LINE_PX, TEXT_PX, folded, lines_of, tag, width_of, words
from breakeven.static.charts.values import Json, UnknownMark, unpacked

KINDS = ("scatter", "bar", "heatmap", "contour")
"""Types of traces that are drawn."""
_EDGE = 8.0
_TITLE_PX = 20.0
_TICKS_PX = 20.0
_SCALE_PX = 48.0
"""Room for the scale of a map below it. [pixels]"""
_APART_PX = 62.0
"""Room that a tick of the horizontal axis has at least. [pixels]"""
_MOST_NAMES = 100
_LABELS = 0.3
"""Share of the width that the texts of the vertical axis may take."""
_TICK_PX = 40.0
"""The same of the vertical axis. [pixels]"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as HTML."""

    svg: Markup
    legend: Markup
    """Names of its lines and marks; empty where it has none."""


def draw(spec: str, *, width: int, name: str, alt: str) -> Drawing:
    """Draw a figure.

    Parameters
    ----------
    spec
        Plotly's JSON of it.
    width
        Width of the picture. [pixels]
    name
        A name within the page, for what the picture refers to in itself.
    alt
        The picture in words.

    Raises
    ------
    UnknownMark
        If a trace is of a type that is not among :data:`KINDS`.
    """
    figure = unpacked(json.loads(spec))
    traces: list[Json] = figure["data"]
    layout: Json = figure["layout"]
    for trace in traces:
        if trace.get("type", "scatter") not in KINDS:
            raise UnknownMark(
                f"a chart has a trace of type {trace.get('type')}; {', '.join(KINDS)} are drawn"
            )
    height = float(layout.get("height", 300))
    x, y = _axes(traces, layout)
    height = max(height, _tall(y, width))
    low = _place_axes(x, y, traces, width, height)
    under, over = _beside(layout, x, y, width)
    body = [_grid(x, y, width), *under, *_marks(traces, layout, x, y, name), *over]
    mapped = next((one for one in traces if one.get("type") == "heatmap"), None)
    if mapped is not None:
        body.append(notes.scale(mapped, x.start, x.end, low, f"{name}-scale"))
    svg = tag(
        "svg",
        "".join([_hatch(name) if _hatched(traces) else "", *body]),
        viewBox=f"0 0 {width} {height:.0f}",
        width=width,
        height=round(height),
        role="img",
        aria_label=alt,
    )
    return Drawing(svg=svg, legend=notes.legend(traces) if layout.get("showlegend") else Markup(""))


def _axes(traces: Sequence[Json], layout: Json) -> tuple[Axis, Axis]:
    """Both axes for all that stands on them."""
    values: dict[str, list[Any]] = {"x": [], "y": []}
    rows = [one for one in traces if one.get("type") == "bar"]
    for trace in traces:
        for name in values:
            values[name] += list(trace.get(name, ()))
    if rows:
        along = "x" if bars.lies(rows[0]) else "y"
        ends = [bar for row in bars.bars_of(rows, str(layout.get("barmode", "group"))) for bar in row]
        others = [value for one in traces if one.get("type") != "bar" for value in one.get(along, ())]
        values[along] = [*others, *(bar.start for bar in ends), *(bar.end for bar in ends)]
    found = []
    for name in ("x", "y"):
        upright = bool(rows) and name == ("x" if bars.lies(rows[0]) else "y")
        dots = any("markers" in str(one.get("mode", "")) for one in traces) or upright
        found.append(
            axis_of(
                layout.get(f"{name}axis") or {},
                values[name],
                zero=upright,
                tight=not dots and name == "x",
                bars=bool(rows) and not upright,
            )
        )
    return found[0], found[1]


def _place_axes(x: Axis, y: Axis, traces: Sequence[Json], width: int, height: float) -> float:
    """Give both axes their room; returns where the scale of a map may stand. [pixels]"""
    bottom = height - _EDGE
    mapped = any(one.get("type") == "heatmap" for one in traces)
    if mapped:
        bottom -= _SCALE_PX - _EDGE
    low = bottom + 12.0
    if (x.told.get("title") or {}).get("text"):
        bottom -= _TITLE_PX
    bottom -= _TICKS_PX
    top = _EDGE + 10
    texts = [folded(text, _LABELS * width) for _, text in y.ticks(_fit(bottom - top, _TICK_PX))]
    left = _EDGE + max((width_of(text) for text in texts), default=0.0) + (6 if texts else 0)
    if (y.told.get("title") or {}).get("text"):
        left += _TITLE_PX
    x.start, x.end = min(left, 0.5 * width), width - _EDGE - 6
    y.start, y.end = bottom, top
    return low


def _tall(y: Axis, width: int) -> float:
    """Height at which folded names of the vertical axis do not touch. [pixels]"""
    if y.kind != "category" and y.told.get("tickvals") is None:
        return 0.0
    lines = [len(lines_of(folded(text, _LABELS * width))) for _, text in y.ticks(_MOST_NAMES)]
    beside = 2 * _EDGE + 10 + _TICKS_PX + _TITLE_PX
    return len(lines) * max(lines) * LINE_PX + beside if lines and max(lines) > 1 else 0.0


def _fit(room: float, each_px: float) -> int:
    return max(2, int(room / each_px))


def _grid(x: Axis, y: Axis, width: int) -> Markup:
    """Lines, ticks and titles of both axes."""
    found = Markup("")
    across = _thinned(x.ticks(_fit(x.end - x.start, _APART_PX)), x)
    for number, text in across:
        at = x.at(number)
        if x.kind != "category" and x.told.get("showgrid", True):
            found += tag("line", class_="grid", x1=at, x2=at, y1=y.end, y2=y.start)
        half = width_of(text) / 2
        found += words(text, min(max(at, half), width - half), y.start + 15)
    for number, text in y.ticks(_fit(y.start - y.end, _TICK_PX)):
        at = y.at(number)
        if y.kind != "category" and y.told.get("showgrid", True):
            found += tag("line", class_="grid", x1=x.start, x2=x.end, y1=at, y2=at)
        said = folded(text, _LABELS * width)
        found += words(said, x.start - 6, at + 4 - (len(lines_of(said)) - 1) * LINE_PX / 2, "end")
    title = (x.told.get("title") or {}).get("text")
    if title:
        found += words(title, (x.start + x.end) / 2, y.start + 15 + _TITLE_PX, class_="axis")
    title = (y.told.get("title") or {}).get("text")
    if title:
        middle = (y.start + y.end) / 2
        found += words(
            title, 0, 0, class_="axis", transform=f"translate({TEXT_PX + 1} {middle:.0f}) rotate(-90)"
        )
    return found


def _thinned(ticks: list[tuple[float, str]], axis: Axis) -> list[tuple[float, str]]:
    """Ticks whose texts do not touch, from the first on."""
    kept: list[tuple[float, str]] = []
    edge = float("-inf")
    for number, text in sorted(ticks, key=lambda tick: axis.at(tick[0])):
        half = width_of(text) / 2
        at = axis.at(number)
        if at - half >= edge:
            kept.append((number, text))
            edge = at + half + 6
    return kept


def _marks(traces: Sequence[Json], layout: Json, x: Axis, y: Axis, name: str) -> list[Markup]:
    clip = f"{name}-area"
    area = tag("rect", x=x.start - 1, y=y.end - 12, width=x.end - x.start + 14, height=y.start - y.end + 13)
    rows = [one for one in traces if one.get("type") == "bar"]
    found: list[Markup] = list(bars.drawn(rows, layout, x, y, f"{name}-hatch")) if rows else []
    below: list[scatter.Run] = []
    for trace in traces:
        kind = trace.get("type", "scatter")
        if kind == "heatmap":
            found.append(heat.drawn(trace, x, y))
        elif kind == "contour":
            found.append(heat.zero_line(trace, x, y))
        elif kind == "scatter":
            found += scatter.drawn(trace, x, y, below)
            below = scatter.runs_of(trace, x, y)
    return [tag("clipPath", area, id=clip), tag("g", "".join(found), clip_path=f"url(#{clip})")]


def _beside(layout: Json, x: Axis, y: Axis, width: int) -> tuple[list[Markup], list[Markup]]:
    """Lines, boxes and texts: what lies under the marks, and what stands over them."""
    shapes = layout.get("shapes") or ()
    under = [notes.across(one, x, y) for one in shapes if one.get("layer") == "below"]
    over = [notes.across(one, x, y) for one in shapes if one.get("layer") != "below"]
    edges = (2.0, width - 2.0)
    return under, [*over, *(notes.note(one, x, y, edges) for one in layout.get("annotations") or ())]


def _hatched(traces: Sequence[Json]) -> bool:
    return any(((one.get("marker") or {}).get("pattern") or {}).get("shape") for one in traces)


def _hatch(name: str) -> Markup:
    """White strokes over a bar, so that no colour alone tells it from its neighbour."""
    line = tag("path", d="M0 7L7 0", stroke="white", stroke_opacity="0.45", stroke_width="1.5")
    return tag("pattern", line, id=f"{name}-hatch", width=7, height=7, patternUnits="userSpaceOnUse")
