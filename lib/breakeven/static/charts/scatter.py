"""Lines, areas and dots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from breakeven.dashboard.figure import SELF_HOSTED
from breakeven.static.charts.axes import Axis
from breakeven.static.charts.ink import points, short, stroke, symbol, tag, words
from breakeven.static.charts.values import Json, each

Place = tuple[float, float]
Run = list[Place]
MOST_TOLD = 700
"""Marks of a trace that say what they are when they are pointed at."""
_TEXT_GAP = 6.0
"""Between a mark and its text. [pixels]"""


def runs_of(trace: Json, x: Axis, y: Axis) -> list[Run]:
    """Places of a trace without gaps; a value that has no place ends a run."""
    runs: list[Run] = [[]]
    for left, up in zip(trace.get("x", ()), trace.get("y", ()), strict=True):
        at, above = x.place(left), y.place(up)
        if at is None or above is None:
            runs.append([])
        else:
            runs[-1].append((at, above))
    return [run for run in runs if run]


def stepped(run: Run, shape: str) -> Run:
    """The corners of a line that goes in steps."""
    if shape not in ("hv", "vh"):
        return run
    found = run[:1]
    for (x0, y0), (x1, y1) in pairwise(run):
        found += [(x1, y0) if shape == "hv" else (x0, y1), (x1, y1)]
    return found


def drawn(trace: Json, x: Axis, y: Axis, below: Sequence[Run]) -> list[Markup]:
    """A trace; ``below`` is the one before it, down to which an area may go."""
    mode = str(trace.get("mode", "lines+markers"))
    parts = [*_area(trace, x, y, below)]
    if "lines" in mode:
        shape = str((trace.get("line") or {}).get("shape", ""))
        look = stroke(trace.get("line"), SELF_HOSTED)
        if look["stroke_width"] > 0:
            parts += [
                tag("polyline", points=points(stepped(run, shape)), **look) for run in runs_of(trace, x, y)
            ]
    if "markers" in mode or "text" in mode:
        parts += _marks(trace, x, y, mode)
    return parts


def _area(trace: Json, x: Axis, y: Axis, below: Sequence[Run]) -> list[Markup]:
    fill = trace.get("fill")
    if not fill:
        return []
    shape = str((trace.get("line") or {}).get("shape", ""))
    found = []
    for index, run in enumerate(runs_of(trace, x, y)):
        corners = stepped(run, shape)
        if fill == "tozeroy":
            floor = y.place(0)
            floor = y.start if floor is None else floor
            corners = [(corners[0][0], floor), *corners, (corners[-1][0], floor)]
        elif fill == "tonexty" and index < len(below):
            corners = [*corners, *reversed(below[index])]
        found.append(tag("polygon", points=points(corners), fill=trace.get("fillcolor"), stroke="none"))
    return found


def _marks(trace: Json, x: Axis, y: Axis, mode: str) -> list[Markup]:
    n = len(trace.get("x", ()))
    marker = trace.get("marker") or {}
    edge = marker.get("line") or {}
    colour = marker.get("color") or (trace.get("line") or {}).get("color") or SELF_HOSTED
    colours, sizes = each(colour, n, SELF_HOSTED), each(marker.get("size"), n, 6)
    symbols, edges = each(marker.get("symbol"), n, "circle"), each(edge.get("color"), n)
    said = each(trace.get("hovertext"), n, "") if n <= MOST_TOLD else [""] * n
    texts = each(trace.get("text"), n, "") if "text" in mode else [""] * n
    places = each(trace.get("textposition"), n, "top center")
    found = []
    for index, (left, up) in enumerate(zip(trace.get("x", ()), trace.get("y", ()), strict=True)):
        at, above = x.place(left), y.place(up)
        if at is None or above is None:
            continue
        if "markers" in mode:
            found.append(
                symbol(
                    symbols[index],
                    at,
                    above,
                    float(sizes[index]),
                    str(said[index] or ""),
                    fill=colours[index],
                    stroke=edges[index],
                    stroke_width=float(edge["width"]) if edge.get("width") and edges[index] else None,
                    opacity=marker.get("opacity"),
                )
            )
        if texts[index]:
            found.append(_label(str(texts[index]), at, above, str(places[index]), float(sizes[index]), trace))
    return found


def _label(text: str, x: float, y: float, place: str, size: float, trace: Json) -> Markup:
    """The text of a mark, on the side where it is to stand."""
    up, _, side = place.partition(" ")
    anchor = {"left": "end", "right": "start"}.get(side, "middle")
    gap = size / 2 + _TEXT_GAP if side in ("left", "right") and up == "middle" else size / 2
    look = trace.get("textfont") or {}
    centred = trace.get("textposition") is None and look.get("color") is not None
    shift = 4.0 if centred or up == "middle" else (-gap - 2 if up == "top" else gap + 12)
    left = x + {"end": -gap, "start": gap}.get(anchor, 0.0)
    return words(text, left, y + shift, anchor, fill=look.get("color"), font_weight=look.get("weight"))


def path_of(pieces: Sequence[tuple[Place, Place]]) -> str:
    """Separate strokes as one path."""
    return "".join(f"M{short(a)} {short(b)}L{short(c)} {short(d)}" for (a, b), (c, d) in pieces)


def title_of(text: str) -> str:
    """What a mark says when it is pointed at."""
    return str(tag("title", str(escape(text)))) if text else ""
