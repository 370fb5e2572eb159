"""Figures of the Prices page; see :mod:`breakeven.views.compare.charts` for what all figures share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import plotly.graph_objects as go

from breakeven.dashboard.figure import (
    API,
    LIMIT,
    SELF_HOSTED,
    SELF_HOSTED_LIGHT,
    as_text,
    figure,
    log_ticks,
    title,
)
from breakeven.views.prices.hardware import median_by_day
from breakeven.views.prices.history import Line
from breakeven.views.prices.words import Row
from breakeven.words.numbers import Money

COLOURS = (API, "#CC79A7", "#56B4E9", "#E69F00", LIMIT)
"""Okabe–Ito colours of offers that share a chart; blue and green keep their meaning elsewhere."""
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_SYMBOLS = {
    "on-demand": ("circle", SELF_HOSTED),
    "spot": ("circle-open", SELF_HOSTED_LIGHT),
    "marketplace": ("diamond-open", "#E69F00"),
    "reserved": ("square", SELF_HOSTED_LIGHT),
    "estimate": ("x", LIMIT),
    "serverless": ("triangle-up-open", LIMIT),
}
_THREE = ",.3~r"


def history(lines: Sequence[Line], meter: str, day: date, money: Money) -> go.Figure:
    """Draw prices as steps; a line that ends early is no longer offered, beyond the day it is announced."""
    data: list[dict[str, Any]] = []
    for line, colour, dash in zip(lines, COLOURS, _DASHES, strict=False):
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": line.label,
                "x": [when.isoformat() for when in line.days],
                "y": [None if not usd else usd * money.rate for usd in line.usd],  # free has no place on it
                "line": {"shape": "hv", "color": colour, "width": 2.5, "dash": dash},
                "marker": {"size": 6},
                "text": list(line.kinds),
                "hovertemplate": (
                    f"{line.label}<br>%{{x|%Y-%m-%d}}: {money.symbol}%{{y:{_THREE}}} per 1M {meter} tokens "
                    "(%{text})<extra></extra>"
                ),
            }
        )
    last = max((when for line in lines for when in line.days), default=day)
    shapes, notes = [], []
    if last > day:
        shapes.append(_upright(day))
        notes.append(
            {"x": day.isoformat(), "y": 1, "yref": "paper", "text": "announced", "showarrow": False}
            | {"xanchor": "left", "font": {"color": LIMIT}}
        )
    known = [np.array([usd for usd in trace["y"] if usd]) for trace in data]
    return figure(
        320,
        data,
        {"type": "date", "nticks": 7},
        {
            "type": "log",
            "title": title(f"{money.currency} per 1M {meter} tokens"),
            **(log_ticks(known, money.symbol) if any(len(line) for line in known) else {}),
        },
        showlegend=True,
        legend={"orientation": "h", "y": -0.15, "yanchor": "top", "x": 0},
        shapes=shapes,
        annotations=notes,
    )


def _upright(day: date) -> dict[str, Any]:
    when = day.isoformat()
    line = {"color": LIMIT, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": when, "x1": when, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def gpu_history(rows: Sequence[Row], day: date, money: Money) -> go.Figure:
    """Draw every offer on record as a dot by kind of price, and the on-demand median in force as steps."""
    data: list[dict[str, Any]] = []
    for kind, (symbol, colour) in _SYMBOLS.items():
        found = [row for row in rows if row["price_type"] == kind and row["valid_from"] <= day]
        if not found:
            continue
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": kind,
                "x": [row["valid_from"].isoformat() for row in found],
                "y": [row["usd_per_gpu_hour"] * money.rate for row in found],
                "marker": {"symbol": symbol, "color": colour, "size": 9},
                "text": [
                    f"{row['provider']}{', doubtful' if row['flag'] else ''}, {row['locator'][:80]}"
                    for row in found
                ],
                "hovertemplate": (
                    f"%{{x|%Y-%m-%d}}: {money.symbol}%{{y:{_THREE}}} an hour, {kind}, "
                    "%{text}<extra></extra>"
                ),
            }
        )
    medians = median_by_day(rows, day)
    if len(medians) > 1:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "on-demand median",
                "x": [when.isoformat() for when, _, _ in medians],
                "y": [usd * money.rate for _, usd, _ in medians],
                "line": {"color": SELF_HOSTED, "width": 2, "dash": "dot", "shape": "hv"},
                "hovertemplate": f"median {money.symbol}%{{y:{_THREE}}}<extra></extra>",
            }
        )
    return figure(
        320,
        data,
        {"type": "date", "nticks": 7},
        {
            "title": title(f"{money.currency} per GPU-hour"),
            "tickprefix": money.symbol,
            "tickformat": _THREE,
            "rangemode": "tozero",
            "nticks": 6,
        },
        showlegend=True,
        legend={"orientation": "h", "y": -0.15, "yanchor": "top", "x": 0},
    )


def plot(x: Sequence[Any], y: Sequence[Any], x_name: str, y_name: str) -> go.Figure:
    """Draw one column of an answer against another: bars over a few names, dots over anything else."""
    names = all(isinstance(value, str) for value in x if value is not None)
    bars = names and len(set(x)) == len(x) <= 60
    return figure(
        340,
        [
            {
                "type": "bar" if bars else "scatter",
                **({} if bars else {"mode": "markers"}),
                "x": [_as_text(value) for value in x],
                "y": [_as_text(value) for value in y],
                "marker": {"color": SELF_HOSTED},
            }
        ],
        {"title": title(as_text(x_name))},
        {"title": title(as_text(y_name))},
    )


def _as_text(value: Any) -> Any:
    """A value of somebody's statement: no text of it is a tag."""
    return as_text(value) if isinstance(value, str) else value
