"""What stands on a figure beside its data: texts, lines across, names of traces, the scale of a map."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from breakeven.dashboard.figure import LIMIT, SELF_HOSTED
from breakeven.static.charts.axes import Axis
from breakeven.static.charts.ink import LINE_PX, lines_of, stroke, symbol, tag, width_of, words
from breakeven.static.charts.values import Json, UnknownMark, each

_HALF_UP = 4.0
"""From the middle of a line of text down to where it stands. [pixels]"""


def across(shape: Json, x: Axis, y: Axis) -> Markup:
    """A straight line or a box; ends on the paper are shares of the axis, others its values.

    Raises
    ------
    UnknownMark
        If the shape is neither.
    """
    kind = shape.get("type")
    if kind not in ("line", "rect"):
        raise UnknownMark(f"a shape of type {kind}: only lines and boxes are drawn")
    (x0, x1), (y0, y1) = _ends(shape, "x", x), _ends(shape, "y", y)
    if x0 is None or x1 is None or y0 is None or y1 is None:
        return Markup("")
    look: dict[str, Any] = stroke(shape.get("line"), LIMIT)
    if kind == "line":
        return tag("line", x1=x0, x2=x1, y1=y0, y2=y1, **look)
    box = {"x": min(x0, x1), "y": min(y0, y1), "width": abs(x1 - x0), "height": abs(y1 - y0)}
    return tag("rect", **box, **look | {"fill": shape.get("fillcolor", "none")})


def _ends(shape: Json, name: str, axis: Axis) -> tuple[float | None, float | None]:
    """Both ends of a shape along one axis. [pixels]"""
    values = shape[f"{name}0"], shape[f"{name}1"]
    if shape.get(f"{name}ref") == "paper":
        return _on_paper(axis, values[0]), _on_paper(axis, values[1])
    return axis.place(values[0]), axis.place(values[1])


def _on_paper(axis: Axis, share: Any) -> float:
    return axis.start + float(share) * (axis.end - axis.start)


def note(told: Json, x: Axis, y: Axis, edges: tuple[float, float]) -> Markup:
    """A text at a place; on a log axis its place is an exponent. ``edges`` hold it in. [pixels]"""
    left, up = _place(told, "x", x), _place(told, "y", y)
    if left is None or up is None:
        return Markup("")
    size = float((told.get("font") or {}).get("size", 12))
    text = str(told.get("text", ""))
    on_paper = told.get("xref") == "paper"
    side = str(told.get("xanchor") or "auto")
    if side == "auto":
        side = _nearest(float(told["x"])) if on_paper else "center"
    left += float(told.get("xshift", 0))
    wide = width_of(text, size)
    start = left - {"left": 0.0, "right": wide}.get(side, wide / 2)
    start = min(max(start, edges[0]), max(edges[1] - wide, edges[0]))
    tall = len(lines_of(text)) * LINE_PX
    stand = str(told.get("yanchor") or "middle")
    down = {"bottom": -tall + LINE_PX - 3, "top": LINE_PX - 1}.get(stand, _HALF_UP - (tall - LINE_PX) / 2)
    colour = (told.get("font") or {}).get("color")
    return words(
        text,
        start,
        up - float(told.get("yshift", 0)) + down,
        "start",
        font_size=None if size == 12 else size,
        fill=None if colour == LIMIT else colour,
        class_="quiet" if colour == LIMIT else None,
    )


def _nearest(share: float) -> str:
    return "left" if share < 1 / 3 else "right" if share > 2 / 3 else "center"


def _place(told: Json, name: str, axis: Axis) -> float | None:
    value = told[name]
    if told.get(f"{name}ref") == "paper":
        return _on_paper(axis, value)
    if axis.kind == "log":
        return axis.at(float(value))
    return axis.place(value)


def legend(traces: list[Json]) -> Markup:
    """Names of the traces with what they look like, as a list beside the picture."""
    found = []
    for trace in traces:
        if not trace.get("name") or trace.get("showlegend") is False:
            continue
        swatch = tag("svg", str(_swatch(trace)), width=26, height=12, viewBox="0 0 26 12", aria_hidden="true")
        found.append(f"<li>{swatch}{escape(trace['name'])}</li>")
    return Markup(f'<ul class="legend">{"".join(found)}</ul>') if found else Markup("")


def _swatch(trace: Json) -> Markup:
    marker = trace.get("marker") or {}
    colour = each(marker.get("color") or (trace.get("line") or {}).get("color"), 1, SELF_HOSTED)[0]
    if trace.get("type") == "bar":
        box = tag("rect", x=4, y=1, width=18, height=10, fill=colour)
        shape = (marker.get("pattern") or {}).get("shape")
        return box + (tag("path", d="M6 11L14 1M12 11L20 1", stroke="white") if shape else Markup(""))
    found = Markup("")
    mode = str(trace.get("mode", "lines"))
    if "lines" in mode:
        found += tag("line", x1=0, x2=26, y1=6, y2=6, **stroke(trace.get("line"), SELF_HOSTED))
    if "markers" in mode:
        edge = marker.get("line") or {}
        found += symbol(
            each(marker.get("symbol"), 1, "circle")[0], 13, 6, 8, "", fill=colour, stroke=edge.get("color")
        )
    return found


def scale(trace: Json, left: float, right: float, top: float, name: str) -> Markup:
    """The colours of a map with what they mean, lying below it; ``name`` names the run of colours."""
    bar = trace.get("colorbar") or {}
    stops = "".join(tag("stop", offset=f"{float(at):.0%}", stop_color=ink) for at, ink in trace["colorscale"])
    low, high = float(trace["zmin"]), float(trace["zmax"])
    found = tag("linearGradient", stops, id=name)
    found += tag("rect", x=left, y=top, width=right - left, height=10.0, fill=f"url(#{name})", class_="scale")
    for value, text in zip(bar.get("tickvals", ()), bar.get("ticktext", ()), strict=True):
        at = left + (float(value) - low) / (high - low) * (right - left)
        wide = width_of(str(text))
        at = min(max(at, left + wide / 2), right - wide / 2)
        found += words(str(text), at, top + 24)
    return found
