"""Figures of the Evidence page; see :mod:`breakeven.views.compare.charts` for what all figures share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from breakeven.dashboard.figure import LIMIT, figure, title
from breakeven.question.pages.evidence import BY
from breakeven.views.evidence.answer import BAND, value
from breakeven.words.terms import EXPERT, Terms

MEASURED = "#009E73"
WARNING = "#E69F00"
MOST_BARS = 14
"""Groups that are drawn; the table has all."""
_SYMBOLS = {"vllm": "circle", "sglang": "square", "tensorrt-llm": "diamond"}


def _unit(quantity: str, say: Terms) -> str:
    """A quantity with its unit, at the head of an axis or after what is said of it."""
    labels = {"tpot": f"{say.tpot} [ms]", "ttft": f"{say.ttft} [s]"}
    text = labels.get(quantity, "Throughput [tokens/s per GPU]")
    return text[0].lower() + text[1:] if say.is_plain else text


def scatter(frame: pd.DataFrame, quantity: str, say: Terms = EXPERT) -> go.Figure:
    """Draw predicted against measured, both on log axes, with equality and the band around it."""
    scale = 1e3 if quantity == "tpot" else 1.0
    both = np.concatenate([frame["measured"], frame["predicted"]]) * scale
    low, high = float(both.min()) / 1.4, float(both.max()) * 1.4
    line = np.array([low, high])
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": np.concatenate([line, line[::-1]]),
            "y": np.concatenate([line * (1 + BAND), line[::-1] * (1 - BAND)]),
            "fill": "toself",
            "fillcolor": "rgba(122,122,122,.16)",
            "line": {"width": 0},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": line,
            "y": line,
            "line": {"color": LIMIT, "width": 1.5, "dash": "dash"},
            "hoverinfo": "skip",
        },
    ]
    for engine, part in frame.groupby("engine", sort=True):
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": str(engine),
                "x": part["measured"].to_numpy() * scale,
                "y": part["predicted"].to_numpy() * scale,
                "marker": {
                    "size": 7,
                    "symbol": _SYMBOLS.get(str(engine), "x"),
                    "color": np.where(part["error"] <= BAND, MEASURED, WARNING).tolist(),
                    "opacity": 0.75,
                },
                "text": [_hover(row, quantity) for row in part.to_dict("records")],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    ticks = _ticks(low, high)
    axis = {
        "type": "log",
        "tickvals": ticks,
        "ticktext": [f"{tick:,g}" for tick in ticks],
        "range": [float(np.log10(low)), float(np.log10(high))],
    }
    return figure(
        420,
        data,
        axis
        | {
            "title": title(
                f"Measured: {_unit(quantity, say)}" if say.is_plain else f"Measured {_unit(quantity, say)}"
            )
        },
        axis
        | {
            "title": title(
                f"Predicted: {_unit(quantity, say)}" if say.is_plain else f"Predicted {_unit(quantity, say)}"
            )
        },
    )


def _ticks(low: float, high: float) -> list[float]:
    """Whole powers of ten; the steps between where there are few."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = (1, 2, 5) if len(powers) <= 4 else (1,)
    return [s * 10.0**p for p in powers for s in steps if low <= s * 10.0**p <= high]


def _hover(row: Mapping[Any, Any], quantity: str) -> str:
    """The whole sentence of one dot; names come from the tables."""
    measured, predicted = float(str(row["measured"])), float(str(row["predicted"]))
    return (
        f"{row['model']}, {row['precision']}, {row['gpus']}×{row['gpu']}, {row['engine']}<br>"
        f"{row['shape']} tokens, {row['clients']} together<br>"
        f"measured {value(quantity, measured)}, predicted {value(quantity, predicted)}<br>{row['source']}"
    )


def error_bars(table: pd.DataFrame, by: str) -> go.Figure:
    """Draw the median error of each group, the number of rows beside it."""
    shown = table.head(MOST_BARS).iloc[::-1]
    labels = [f"{name} ({rows:,})" for name, rows in zip(shown[by], shown["rows"], strict=True)]
    percent = shown["median"].to_numpy() * 100
    return figure(
        max(180, 28 * len(shown) + 70),
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": percent,
                "y": labels,
                "marker": {"color": np.where(percent <= BAND * 100, MEASURED, WARNING).tolist()},
                "hovertemplate": "%{y}: median error %{x:.3~r} %<extra></extra>",
            }
        ],
        {"title": title("Median error [%]"), "rangemode": "tozero"},
        {"title": title(f"{BY[by]} (rows)"), "type": "category"},
        shapes=[
            {
                "type": "line",
                "x0": BAND * 100,
                "x1": BAND * 100,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": LIMIT, "dash": "dash", "width": 1},
            }
        ],
    )
