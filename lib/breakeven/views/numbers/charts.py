"""Small charts of how a rule of thumb moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap

import plotly.graph_objects as go

from breakeven.dashboard.figure import API, LIMIT, SELF_HOSTED, Trace, figure, title
from breakeven.views.numbers import Line, Rule
from breakeven.views.numbers.base import HOLDS_WITHIN
from breakeven.words.numbers import Money, number

HOLDS, MOVED = "#009E73", "#E69F00"
_NARROW = 26
"""Letters of a line beside the chart, so that a phone has room for the chart."""
_COLOURS = (SELF_HOSTED, API, LIMIT)
_DASHES = ("solid", "dash", "dot")
_WIDE = 20
"""A range of values wider than this is drawn on a log axis. [-]"""


def moved_most(rules: Sequence[Rule]) -> str:
    """Say which number is furthest from what it was; empty where none can be compared."""
    shown = _comparable(rules)
    if not shown:
        return ""
    rule, _ = max(shown, key=lambda one: abs(math.log(one[1])))
    return f"Furthest from what it was: {rule.name}"


def _comparable(rules: Sequence[Rule]) -> list[tuple[Rule, float]]:
    """Rules whose value can be held against that of 2023, the most fallen first; a bound has none."""
    found = [(rule, rule.ratio) for rule in rules if rule.ratio and not rule.still]
    return sorted(((rule, ratio) for rule, ratio in found if ratio), key=lambda one: one[1])


def moves(rules: Sequence[Rule], money: Money) -> go.Figure:
    """Draw by how much each number moved since 2023, on one log axis; what did not move is in the middle."""
    shown = _comparable(rules)
    ratios = [ratio for _, ratio in shown]
    ends = [math.log10(ratio) for ratio in (*ratios, 0.3, 3.0)]
    y = list(range(len(shown)))[::-1]
    powers = range(1, math.ceil(max(map(abs, ends))) + 1)
    folds = sorted({1.0, *(step * 10.0**power for power in powers for step in (0.3, 1.0))})
    ticks = {1 / fold: _fold(1 / fold) for fold in folds} | {fold: _fold(fold) for fold in folds}
    return figure(
        70 + 34 * len(shown),
        [
            {
                "type": "scatter",
                "mode": "markers",
                "x": ratios,
                "y": y,
                "cliponaxis": False,
                "marker": {
                    "size": 12,
                    "color": [HOLDS if rule.holds else MOVED for rule, _ in shown],
                    "symbol": ["circle" if rule.holds else "diamond" for rule, _ in shown],
                    "line": {"width": 1, "color": LIMIT},
                },
                "hovertext": [_then_and_now(rule, money) for rule, _ in shown],
                "hoverinfo": "text",
            }
        ],
        {
            "type": "log",
            "title": title("Now, against 2023"),
            "tickvals": list(ticks),
            "ticktext": list(ticks.values()),
            "range": [min(ends) - 0.15, max(ends) + 0.15],
        },
        {
            "tickvals": y,
            "ticktext": ["<br>".join(wrap(rule.name.partition(",")[0], _NARROW)) for rule, _ in shown],
            "zeroline": False,
            "range": [-0.7, len(shown) - 0.3],
        },
        shapes=[
            {
                "type": "rect",
                "x0": 1 / HOLDS_WITHIN,
                "x1": HOLDS_WITHIN,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "fillcolor": "rgba(122,122,122,.16)",
                "line": {"width": 0},
                "layer": "below",
            }
        ],
    )


def _then_and_now(rule: Rule, money: Money) -> str:
    """What a dot says when it is pointed at."""
    then, now = (one.text(money) if one else "" for one in (rule.recomputed, rule.today))
    return f"{rule.name}<br>{then} in 2023, {now} now<br>{rule.moved}"


def _fold(ratio: float) -> str:
    """Write a ratio as people say it.

    >>> _fold(1.0), _fold(10.0), _fold(0.01)
    ('same', '10×', '1/100')
    """
    if ratio == 1:
        return "same"
    return f"{number(ratio)}×" if ratio > 1 else f"1/{number(1 / ratio)}"


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
