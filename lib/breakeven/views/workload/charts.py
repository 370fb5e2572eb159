"""Figures of a priced workload; see :mod:`breakeven.views.compare.charts` for what all figures share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from breakeven.apis.workloads import CostRow
from breakeven.comparison.ladder import Kind, Ladder
from breakeven.dashboard.figure import (
    API,
    API_LIGHT,
    LIMIT,
    SELF_HOSTED,
    SELF_HOSTED_LIGHT,
    as_text,
    figure,
    log_ticks,
    title,
)
from breakeven.hosting.workloads import shapes_of
from breakeven.usage.sums import Workload
from breakeven.views.workload import words
from breakeven.words.numbers import Money, number
from breakeven.words.terms import EXPERT, Terms

NARROW = 24
"""Letters of a line beside a chart, so that a phone has room for the chart."""
_TODAY = {"color": LIMIT, "width": 1.5, "dash": "dot"}
FEW_BARS = 40
"""Bars up to this many are written by name."""
MOST_DOTS = 600
"""Dots of the histogram; neighbours are merged beyond."""


def ladder(found: Ladder, money: Money, say: Terms = EXPERT) -> go.Figure:
    """Draw every rung that can be taken as a dot on one axis of money, the bill of today on top.

    A line marks that bill, whose amount the page's answer says.
    """
    rungs = [one for one in found.rungs if one.usd is not None and one.usd > 0]
    month = [found.month_usd(one.usd or 0.0) for one in rungs]
    monthly = all(usd is not None for usd in month)
    usd = np.array([(m if monthly else one.usd) or 0.0 for one, m in zip(rungs, month, strict=True)])
    period = "a month" if monthly else "for the file"
    names = [str(one.kind)[0].upper() + str(one.kind)[1:] for one in rungs]
    colours = [
        LIMIT if one.kind == Kind.USED else SELF_HOSTED if one.kind == Kind.HOSTED else API for one in rungs
    ]
    y = list(range(len(rungs)))[::-1]
    low, high = np.log10(usd.min()), np.log10(usd.max())
    room = max(0.2 * (high - low), 0.3)
    return figure(
        80 + 40 * len(rungs),
        [
            {
                "type": "scatter",
                "mode": "markers+text",
                "x": usd * money.rate,
                "y": y,
                "text": [
                    "" if rung.kind == Kind.USED else money.about(float(one))
                    for rung, one in zip(rungs, usd, strict=True)
                ],
                # Towards the middle, so that no amount is cut off at the edge of a narrow screen.
                "textposition": [
                    "middle left" if np.log10(one) > (low + high) / 2 else "middle right" for one in usd
                ],
                "cliponaxis": False,
                "marker": {
                    "size": 13,
                    "color": colours,
                    "symbol": ["diamond" if one.kind == Kind.HOSTED else "circle" for one in rungs],
                },
                "hovertext": [
                    f"{name}: {money.amount(float(one))} {period}"
                    + (
                        f"<br>{as_text(', '.join(words.choices(rung, found, say)[:3]))}"
                        if rung.choices
                        else ""
                    )
                    + (f"<br>lost: {as_text(rung.lost)}" if rung.lost else "")
                    for name, one, rung in zip(names, usd, rungs, strict=True)
                ],
                "hoverinfo": "text",
            }
        ],
        {
            "type": "log",
            "title": title(f"{money.currency} {period}"),
            **log_ticks([usd * money.rate], money.symbol),
            "range": [low - room + np.log10(money.rate), high + room + np.log10(money.rate)],
            "tickangle": 0,
        },
        {"tickvals": y, "ticktext": ["<br>".join(wrap(name, NARROW)) for name in names], "zeroline": False},
        shapes=[
            {"type": "line", "x0": one, "x1": one, "yref": "paper", "y0": 0, "y1": 1, "line": _TODAY}
            for rung, one in zip(rungs, usd * money.rate, strict=True)
            if rung.kind == Kind.USED
        ],
    )


def lengths(workload: Workload) -> go.Figure:
    """Draw how many requests have which length: dots on prompt × completion, as large as they are many."""
    shapes = shapes_of(workload, MOST_DOTS)
    share = shapes.requests / shapes.requests.sum()
    heavy = shapes.prompt >= shapes.completion
    return figure(
        380,
        [
            {
                "type": "scatter",
                "mode": "markers",
                "x": np.maximum(shapes.prompt[part], 1),
                "y": np.maximum(shapes.completion[part], 1),
                "marker": {
                    "size": 4 + 40 * np.sqrt(share[part] / share.max()),
                    "color": colour,
                    "symbol": symbol,
                    "opacity": 0.6,
                    "line": {"width": 0},
                },
                "customdata": shapes.requests[part],
                "hovertemplate": (
                    "%{customdata:,} requests of about %{x:,.0f} in / %{y:,.0f} out<extra></extra>"
                ),
            }
            for part, colour, symbol in (
                (heavy, SELF_HOSTED_LIGHT, "square"),
                (~heavy, SELF_HOSTED, "circle"),
            )
        ],
        _log_axis("Prompt tokens", shapes.prompt),
        _log_axis("Completion tokens", shapes.completion),
    )


def length_table(workload: Workload) -> pd.DataFrame:
    """The dots of :func:`lengths` as rows."""
    shapes = shapes_of(workload, MOST_DOTS)
    return pd.DataFrame(
        {
            "Mean prompt tokens": shapes.prompt.round(1),
            "Mean completion tokens": shapes.completion.round(1),
            "Mean cached tokens": shapes.cached.round(1),
            "Requests": shapes.requests.astype(np.int64),
        }
    )


def _log_axis(text: str, values: np.ndarray) -> dict[str, object]:
    """Log axis with plain numbers, four to a step."""
    high = int(np.ceil(np.log2(max(values.max(), 2)) / 2))
    ticks = [4.0**power for power in range(high + 1)]
    return {
        "type": "log",
        "title": title(text),
        "tickvals": ticks,
        "ticktext": [number(tick) for tick in ticks],
    }


def moment(key: datetime | int | str | None, unit: str) -> str:
    """Write the start of a day or an hour."""
    if isinstance(key, datetime):
        return key.strftime("%Y-%m-%d" if unit.startswith("Day") else "%Y-%m-%d %H:%M")
    return "no time" if key is None else str(key)


def costs(rows: Sequence[CostRow], money: Money, unit: str) -> go.Figure:
    """Draw cost against time, list price as bars, what was paid as dots."""
    keys = [as_text(moment(row.key, unit)) for row in rows]
    # A date axis around a few moments counts in milliseconds; their names say more.
    kind = (
        "category"
        if len(rows) <= FEW_BARS or not all(isinstance(row.key, datetime) for row in rows)
        else "date"
    )
    data = [
        {
            "type": "bar",
            "x": keys,
            "y": [None if row.usd is None else float(row.usd) * money.rate for row in rows],
            "marker": {"color": API_LIGHT},
            "hovertemplate": f"%{{x}}: {money.symbol}%{{y:,.3~r}} at list price<extra></extra>",
        }
    ]
    if any(row.paid_usd is not None for row in rows):
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": keys,
                "y": [None if row.paid_usd is None else row.paid_usd * money.rate for row in rows],
                "marker": {"color": API, "symbol": "diamond", "size": 8},
                "hovertemplate": f"%{{x}}: {money.symbol}%{{y:,.3~r}} paid<extra></extra>",
            }
        )
    return figure(
        280,
        data,
        {"title": title(unit), "type": kind, "nticks": 8},
        {"title": title(f"{money.currency}"), "tickprefix": money.symbol, "rangemode": "tozero"},
    )
