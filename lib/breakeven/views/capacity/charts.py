"""Figures of a capacity plan; see :mod:`breakeven.views.compare.charts` for what all figures share."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from breakeven.dashboard.figure import API, LIMIT, SELF_HOSTED, SELF_HOSTED_LIGHT, figure, title
from breakeven.formulas.arrays import Floats
from breakeven.replay.plan import Plan
from breakeven.replay.search import CURVE, Trial, load_over_time
from breakeven.words.numbers import Money, number, seconds
from breakeven.words.terms import EXPERT, Terms

MOST_STEPS = 240
"""Steps of time that are drawn; longer files have longer steps."""
STEPS_S = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)
"""Lengths of a step. [s]"""
DASHES = {-1: "dot", 0: "solid", 1: "dash"}
"""Lines of one replica less, the fleet itself, one more."""


def step_of(span_s: float) -> float:
    """Length of a step of the load chart. [s]"""
    return float(next((step for step in STEPS_S if span_s / step <= MOST_STEPS), STEPS_S[-1]))


def _clock(span_s: float) -> tuple[float, str]:
    """Seconds of the unit of a time axis, and its name."""
    if span_s < 600:
        return 1.0, "s"
    return (60.0, "min") if span_s < 2 * 86400 / 4 else (3600.0, "h")


def load(plan: Plan) -> tuple[go.Figure, float]:
    """Draw the work that arrives over time against the replicas; also gives the highest step."""
    requests = plan.arrivals.requests
    start, work = load_over_time(requests, plan.work_s, step_of(requests.span_s))
    unit_s, unit = _clock(requests.span_s)
    x = start / unit_s
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": work,
            "line": {"color": SELF_HOSTED_LIGHT, "width": 1.5, "shape": "hv"},
            "fill": "tozeroy",
            "fillcolor": "rgba(127,184,216,.35)",
            "hovertemplate": "%{x:.3~r} " + unit + ": work for %{y:.3~r} replicas<extra></extra>",
        }
    ]
    marks = []
    best = plan.found.best
    end = float(requests.span_s / unit_s)

    def level(value: float, text: str, colour: str, dash: str, *, label: bool = True) -> None:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [0, end],
                "y": [value, value],
                "line": {"color": colour, "width": 2, "dash": dash},
                "hovertemplate": f"{text}<extra></extra>",
            }
        )
        if not label:
            return
        marks.append(
            {
                "x": end,
                "y": value,
                "text": text,
                "showarrow": False,
                "xanchor": "right",
                "yanchor": "bottom",
            }
        )

    if plan.autoscaled is not None:
        schedule = plan.autoscaled.schedule
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": schedule.start_s / unit_s,
                "y": schedule.serving,
                "line": {"color": SELF_HOSTED, "width": 1.5, "shape": "hv", "dash": "dot"},
                "hovertemplate": "%{x:.3~r} " + unit + ": %{y} replicas serve<extra></extra>",
            }
        )
    level(plan.found.mean_load, f"mean load {number(plan.found.mean_load)}", LIMIT, "dash", label=False)
    if best is not None:
        level(float(best.replicas), f"fixed fleet: {best.replicas}", SELF_HOSTED, "solid")
    top = max(float(work.max()), best.replicas if best else 0.0, plan.found.mean_load)
    chart = figure(
        300,
        data,
        {"title": title(f"Time since the first request [{unit}]"), "range": [0, end or 1], "nticks": 7},
        {"title": title("Work arriving [replicas]"), "range": [0, top * 1.15 or 1]},
        annotations=marks,
    )
    return chart, float(work.max())


def latency(plan: Plan, trials: tuple[Trial, ...], kind: str, say: Terms = EXPERT) -> go.Figure:
    """Draw how many requests see at most which latency, one line a fleet, against the target.

    Parameters
    ----------
    plan
        The plan.
    trials
        Fleets to draw: the fewest that hold, one less, one more.
    kind
        ``ttft`` or ``tpot``.
    """
    limit = plan.scenario.ttft if kind == "ttft" else plan.scenario.tpot
    curves = [(trial, getattr(trial, f"{kind}_curve_s")) for trial in trials]
    finite = np.concatenate([curve[np.isfinite(curve) & (curve > 0)] for _, curve in curves] or [np.ones(1)])
    ends = [value for value in (limit, float(finite.min()), float(finite.max())) if value]
    low, high = min(ends) / 1.3, max(ends) * 1.3
    best = plan.found.best.replicas if plan.found.best else 0
    shapes, marks = _target(limit, plan.options.percent, low, high) if limit else ([], [])
    ticks = [
        m * 10.0**p
        for p in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        for m in ((1, 3) if np.log10(high / low) < 3 else (1,))
    ]
    return figure(
        280,
        [_fleet(trial, curve, best, high * 10, say) for trial, curve in curves],
        {
            "type": "log",
            "title": title("Time to first token" if kind == "ttft" else "Time per output token"),
            "range": [float(np.log10(low)), float(np.log10(high))],
            "tickvals": ticks,
            "ticktext": [seconds(tick) for tick in ticks],
        },
        {"title": title("Requests within it [%]"), "range": [0, 101]},
        shapes=shapes,
        annotations=marks,
    )


def _fleet(trial: Trial, curve: Floats, best: int, beyond: float, say: Terms) -> dict[str, Any]:
    """The line of one fleet; what never came is drawn ``beyond`` the chart."""
    shift = int(np.sign(trial.replicas - best))
    name = say.copies(trial.replicas)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": np.where(np.isfinite(curve), curve, beyond),
        "y": CURVE,
        "line": {
            "color": SELF_HOSTED if shift == 0 else SELF_HOSTED_LIGHT,
            "width": 2.5 if shift == 0 else 1.8,
            "dash": DASHES[shift],
        },
        "text": [seconds(float(value)) for value in curve],
        "hovertemplate": f"{name}: %{{y:.3~r}} % of the requests within %{{text}}<extra></extra>",
    }


def _target(
    limit: float, percent: float, low: float, high: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Lines of the target and of the share that must keep it, and the label on its roomier side."""
    upright = {"x0": limit, "x1": limit, "y0": 0, "y1": 1, "yref": "paper"}
    level = {"x0": 0, "x1": 1, "xref": "paper", "y0": percent, "y1": percent}
    shapes = [
        {"type": "line", **upright, "line": {"color": LIMIT, "width": 1.5, "dash": "dash"}},
        {"type": "line", **level, "line": {"color": LIMIT, "width": 1, "dash": "dash"}},
    ]
    right = np.log10(limit) > (np.log10(low) + np.log10(high)) / 2
    label = {
        "x": float(np.log10(limit)),
        "y": 0.02,
        "yref": "paper",
        "yanchor": "bottom",
        "text": f"target {seconds(limit)}",
        "showarrow": False,
        "xanchor": "right" if right else "left",
        "xshift": -4 if right else 4,
        "font": {"color": LIMIT, "size": 12},
    }
    return shapes, [label]


def costs(plan: Plan, money: Money) -> go.Figure:
    """Draw what each way of paying costs over the file's time."""
    bars = [
        ("Fixed fleet", plan.usd_fixed, SELF_HOSTED, ""),
        ("Autoscaled fleet", plan.usd_autoscaled, SELF_HOSTED_LIGHT, "/"),
        ("API", plan.api.usd, API, ""),
    ]
    shown = [(name, usd, colour, pattern) for name, usd, colour, pattern in bars if usd is not None]
    top = max((usd for _, usd, _, _ in shown), default=1.0) * money.rate
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [usd * money.rate],
            "y": [name],
            "marker": {"color": colour, "pattern": {"shape": pattern}},
            "hovertext": [f"{name}: {money.amount(usd)}"],
            "hoverinfo": "text",
        }
        for name, usd, colour, pattern in shown
    ]
    marks = [
        {
            "x": usd * money.rate,
            "y": name,
            "text": money.amount(usd),
            "showarrow": False,
            "xanchor": "left",
            "xshift": 4,
        }
        for name, usd, _, _ in shown
    ]
    return figure(
        70 + 45 * len(shown),
        data,
        {
            "title": title(f"{money.currency} over the file's time"),
            "range": [0, top * 1.28 or 1],
            "nticks": 5,
            "tickprefix": money.symbol,
        },
        {"autorange": "reversed"},
        bargap=0.3,
        annotations=marks,
    )
