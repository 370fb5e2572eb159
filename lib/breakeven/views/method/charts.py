"""Pictures of the model of serving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from breakeven.dashboard.figure import LIMIT, SELF_HOSTED, SELF_HOSTED_LIGHT, Trace, figure, title
from breakeven.formulas.units import TERA
from breakeven.views.method.picture import Roof, part_names
from breakeven.words.numbers import number, percent, seconds
from breakeven.words.terms import EXPERT, Terms

_PART_LOOKS = ((SELF_HOSTED, ""), (SELF_HOSTED_LIGHT, "/"), ("#E69F00", "x"), (LIMIT, "."))
_LOG_STEPS = (1, 3)
_CROWDED = 3.5
"""Decades from which an axis has one label each, so that none is turned."""


def roofline(roof: Roof, say: Terms = EXPERT) -> go.Figure:
    """Draw the roof of the data sheet, the one that is reached, and every step under it."""
    data: list[Trace] = [
        _line(roof, list(roof.peak / TERA), "data sheet", LIMIT, "dot"),
        _line(roof, list(roof.reached / TERA), "reached", SELF_HOSTED, "solid"),
    ]
    for index, step in enumerate(roof.steps):
        allowed = min(float(roof.reached.max()), step.intensity * float(roof.reached[0] / roof.intensity[0]))
        data.append(
            {
                "type": "scatter",
                "name": step.name,
                "x": [step.intensity],
                "y": [step.rate / TERA],
                "mode": "markers+text",
                "text": [step.name.partition(",")[0]],
                # Above and below in turn, so that two shapes near each other stay readable.
                "textposition": "bottom left"
                if step.is_prefill
                else ("bottom right", "top left")[index % 4 > 1],
                "marker": {
                    "color": SELF_HOSTED_LIGHT if step.is_prefill else SELF_HOSTED,
                    "size": 13,
                    "symbol": "diamond" if step.is_prefill else "circle",
                    "line": {"color": "black", "width": 1},
                },
                "hovertext": (
                    f"{step.name}: {number(step.intensity)} FLOP per byte, "
                    f"{number(step.rate / TERA)} TFLOP/s, {seconds(step.seconds)}<br>"
                    f"{percent(step.rate / allowed)} of what the blue roof allows there"
                ),
                "hoverinfo": "text",
            }
        )
    rates = [float(roof.peak.max()), *(step.rate for step in roof.steps), float(roof.reached[0])]
    x = _log_axis("Work for each byte read [FLOP/B]", float(roof.intensity[0]), float(roof.intensity[-1]))
    y = _log_axis(f"Rate of the {say.replica} [TFLOP/s]", min(rates) / TERA / 2, max(rates) / TERA * 2)
    return figure(380, data, x, y)


def _line(roof: Roof, y: list[float], name: str, colour: str, dash: str) -> Trace:
    return {
        "type": "scatter",
        "name": name,
        "x": list(roof.intensity),
        "y": y,
        "mode": "lines",
        "line": {"color": colour, "dash": dash},
        "hovertemplate": f"{name}: %{{y:,.3~r}} TFLOP/s at %{{x:,.3~r}} FLOP/B<extra></extra>",
    }


def _log_axis(text: str, low: float, high: float) -> dict[str, Any]:
    """A logarithmic axis with plain numbers."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = _LOG_STEPS if math.log10(high / low) < _CROWDED else _LOG_STEPS[:1]
    every = [step * 10.0**power for power in powers for step in steps]
    ticks = [tick for tick in every if low <= tick <= high]
    return {
        "title": title(text),
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": ticks,
        "ticktext": [number(tick) for tick in ticks],
    }


def step_parts(roofs: Sequence[Roof], say: Terms = EXPERT) -> go.Figure:
    """Draw what each step is made of, as shares of its time."""
    steps = [step for roof in roofs for step in roof.steps]
    data: list[Trace] = []
    for index, (name, (colour, pattern)) in enumerate(zip(part_names(say), _PART_LOOKS, strict=True)):
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "y": [step.name for step in steps],
                "x": [100 * step.parts[index] / step.seconds for step in steps],
                "marker": {"color": colour, "pattern": {"shape": pattern, "fillmode": "overlay", "size": 6}},
                "hovertext": [
                    f"{step.name}: {name} {seconds(step.parts[index])} of {seconds(step.seconds)}"
                    for step in steps
                ],
                "hoverinfo": "text",
            }
        )
    return figure(
        110 + 42 * len(steps),
        data,
        {"title": title("Share of the step [%]"), "range": [0, 100]},
        {"autorange": "reversed"},
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )
