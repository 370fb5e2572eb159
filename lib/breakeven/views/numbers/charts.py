"""Small charts of how a rule of thumb moved."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from breakeven.dashboard.figure import API, LIMIT, SELF_HOSTED, Trace, figure, title
from breakeven.views.numbers import Line, Rule
from breakeven.words.numbers import number

_COLOURS = (SELF_HOSTED, API, LIMIT)
_DASHES = ("solid", "dash", "dot")
_WIDE = 20
"""A range of values wider than this is drawn on a log axis. [-]"""


def history(rule: Rule) -> go.Figure:
    """Draw the values over time: prices as steps, models as points."""
    data: list[Trace] = []
    values = [value for line in rule.history for value in line.values]
    for index, line in enumerate(rule.history):
        data.append(_trace(line, index, rule.history_unit))
    low, high = min(values), max(values)
    y: dict[str, object] = {"title": title(rule.history_unit)}
    if low > 0 and high / low > _WIDE:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        ticks = [
            m * 10.0**e for e in range(first, last + 1) for m in (1, 3) if low / 3 <= m * 10.0**e <= high * 3
        ]
        y |= {"type": "log", "tickvals": ticks, "ticktext": [number(tick) for tick in ticks]}
    else:
        y |= {"rangemode": "tozero"}
    return figure(270, data, {"title": title("Date"), "type": "date"}, y, **_legend(rule))


def _trace(line: Line, index: int, unit: str) -> Trace:
    """One line; where a name stands at every point and none at the line, points only."""
    colour = _COLOURS[index % len(_COLOURS)]
    texts = [
        f"{label + ': ' if label else ''}{number(value)}<br>{day}<br>{unit}"
        for day, value, label in zip(
            line.days, line.values, line.labels or ("",) * len(line.days), strict=True
        )
    ]
    return {
        "type": "scatter",
        "name": line.name,
        "x": [day.isoformat() for day in line.days],
        "y": list(line.values),
        "mode": "lines+markers" if line.name else "markers",
        "line": {"shape": "hv", "color": colour, "dash": _DASHES[index % len(_DASHES)]},
        "marker": {"color": colour, "size": 7, "symbol": index},
        "hovertext": texts,
        "hoverinfo": "text",
    }


def _legend(rule: Rule) -> dict[str, object]:
    """A legend only where there is more than one line."""
    if len(rule.history) < 2:
        return {}
    return {"showlegend": True, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}}
