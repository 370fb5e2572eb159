"""A map of colours over two axes, and the line on it where a value is zero."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image, ImageColor

from breakeven.static.charts.axes import Axis
from breakeven.static.charts.ink import tag
from breakeven.static.charts.scatter import Place, path_of
from breakeven.static.charts.values import Json

Grid = np.ndarray


def colours(trace: Json) -> Grid:
    """The map as pixels with opacity, highest row first; what has no value is clear."""
    z = _numbers(trace["z"])
    low, high = float(trace["zmin"]), float(trace["zmax"])
    stops = [float(at) for at, _ in trace["colorscale"]]
    inks = np.array([ImageColor.getrgb(ink)[:3] for _, ink in trace["colorscale"]], dtype=float)
    share = np.clip((z - low) / (high - low), 0, 1)
    known = np.isfinite(share)
    parts = [np.interp(np.where(known, share, 0), stops, inks[:, part]) for part in range(3)]
    pixels = np.dstack([*parts, np.where(known, 255, 0)])
    return np.round(pixels[::-1]).astype(np.uint8)


def drawn(trace: Json, x: Axis, y: Axis) -> Markup:
    """The map as one small picture, stretched over its cells and cut off where the axes end."""
    out = BytesIO()
    Image.fromarray(colours(trace), "RGBA").save(out, "PNG")
    left, right = _edges(x, trace["x"])
    bottom, top = _edges(y, trace["y"])
    cells = tag(
        "image",
        href=f"data:image/png;base64,{b64encode(out.getvalue()).decode()}",
        x=left - x.start,
        y=top - y.end,
        width=right - left,
        height=bottom - top,
        preserveAspectRatio="none",
        class_="cells",
    )
    room = {"x": x.start, "y": y.end, "width": x.end - x.start, "height": y.start - y.end}
    return tag("svg", str(cells), **room)


def _edges(axis: Axis, values: Sequence[Any]) -> tuple[float, float]:
    """Where the first cell starts and the last ends: half a cell beyond their middles."""
    places = [place for place in map(axis.place, values) if place is not None]
    half = (places[-1] - places[0]) / (len(places) - 1) / 2 if len(places) > 1 else 0.0
    return places[0] - half, places[-1] + half


def zero_line(trace: Json, x: Axis, y: Axis) -> Markup:
    """Where the values change their sign, by straight strokes through the cells."""
    z = _numbers(trace["z"])
    left = [x.place(one) or 0.0 for one in trace["x"]]
    up = [y.place(one) or 0.0 for one in trace["y"]]
    strokes: list[tuple[Place, Place]] = []
    for row in range(z.shape[0] - 1):
        for column in range(z.shape[1] - 1):
            corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
            values = [float(z[b, a]) for a, b in corners]
            if any(map(math.isnan, values)) or min(values) > 0 or max(values) < 0:
                continue
            places = [(left[a], up[b]) for a, b in corners]
            cuts = [
                _cut(places[n], places[(n + 1) % 4], values[n], values[(n + 1) % 4])
                for n in range(4)
                if (values[n] < 0) != (values[(n + 1) % 4] < 0)
            ]
            strokes += list(zip(cuts[::2], cuts[1::2], strict=True))
    line = trace.get("line") or {}
    return tag(
        "path",
        d=path_of(strokes),
        stroke=line.get("color", "black"),
        stroke_width=float(line.get("width", 2)),
        stroke_linecap="round",
        fill="none",
    )


def _cut(one: Place, other: Place, here: float, there: float) -> Place:
    share = here / (here - there)
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])


def _numbers(values: Any) -> Grid:
    return np.array([[math.nan if one is None else one for one in row] for row in values], dtype=float)
