"""Figures of the Articles page: what was measured in 2023, and our model beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from breakeven.dashboard.figure import API, LIMIT, SELF_HOSTED, Axis, Trace, figure, title
from breakeven.question.pages.articles import Standing
from breakeven.views.articles.figures import Lines
from breakeven.views.articles.standing import MARKS
from breakeven.words.numbers import Money, number, seconds

MEASURED = "#009E73"
_STANDINGS: Mapping[Standing, tuple[str, str]] = {
    Standing.HOLDS: ("#009E73", "white"),
    Standing.HELD_THEN: ("#E69F00", "black"),
    Standing.WRONG: (API, "white"),
    Standing.OPEN: (LIMIT, "white"),
}
"""Colour of each standing, as on the cards, and of the mark on it."""
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")


def standings(counts: Mapping[str, Mapping[Standing, int]]) -> go.Figure:
    """Draw what has become of the claims of each document, one bar each, marked and coloured as the cards.

    ``counts`` has the claims of each standing by the name of a document.
    """
    names = list(counts)[::-1]
    return figure(
        100 + 60 * len(names),
        [
            {
                "type": "bar",
                "orientation": "h",
                "name": f"{MARKS[standing]} {standing}",
                "y": names,
                "x": [counts[name].get(standing, 0) for name in names],
                "marker": {"color": colour},
                "text": [MARKS[standing] if counts[name].get(standing) else "" for name in names],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"color": ink},
                "hovertemplate": f"%{{y}}: %{{x}} {standing}<extra></extra>",
            }
            for standing, (colour, ink) in _STANDINGS.items()
        ],
        {"title": title("Claims")},
        {},
        barmode="stack",
        bargap=0.4,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )


def prompt_price(lines: Lines) -> go.Figure:
    """Draw the price of prompt tokens against the time to the first token."""
    return _draw(
        lines,
        x=_log("Time to first token [s]", [0.1, 0.2, 0.5, 1, 2, 5, 10]),
        y={"title": title("USD per 1M prompt tokens"), "tickprefix": "$", "rangemode": "tozero"},
        hover=lambda at, batch: f"batch {batch:g}, first token after {seconds(at)}",
    )


def completion_price(lines: Lines) -> go.Figure:
    """Draw the price of completion tokens against the batch."""
    ticks = [1, 2, 5, 10, 20, 50, 100]
    return _draw(
        lines,
        x=_log("Batch [sequences]", [1, 2, 4, 8, 16, 32, 64]),
        y={
            "title": title("USD per 1M completion tokens"),
            "type": "log",
            "tickvals": ticks,
            "ticktext": [f"${tick}" for tick in ticks],
        },
        hover=lambda _at, batch: f"batch {batch:g}",
    )


def _log(text: str, ticks: list[float]) -> Axis:
    return {
        "title": title(text),
        "type": "log",
        "tickvals": ticks,
        "ticktext": [number(tick) for tick in ticks],
    }


def _draw(lines: Lines, *, x: Axis, y: Axis, hover: Any) -> go.Figure:
    """Points in green, one symbol a prompt length; our model in blue; the API's price in orange."""
    span = np.concatenate([np.concatenate([line.x, line.model_x]) for line in lines.lengths])
    api, api_label = _api(lines, float(span.min()), float(span.max()), log_y=y.get("type") == "log")
    shapes, mark_labels = _mark(lines)
    return figure(
        420,
        [*_lengths(lines, hover), api],
        x,
        y,
        annotations=[api_label, *mark_labels],
        shapes=shapes,
        showlegend=True,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
    )


def _lengths(lines: Lines, hover: Any) -> list[Trace]:
    """For each prompt length the line of our model and the measured points."""
    data: list[Trace] = []
    for place, line in enumerate(lines.lengths):
        name = f"{line.prompt_tokens:,.0f} tokens in"
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": line.model_x,
                "y": line.model_usd,
                "line": {"color": SELF_HOSTED, "width": 1.5},
                "hovertext": [
                    f"Our model, {name}, {hover(at, batch)}: ${number(usd)} per 1M"
                    for at, usd, batch in zip(line.model_x, line.model_usd, line.model_batch, strict=True)
                ],
                "hoverinfo": "text",
                "name": "our model",
                "legendgroup": "model",
                "showlegend": place == 0,
            }
        )
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": line.x,
                "y": line.usd,
                "marker": {"color": MEASURED, "size": 9, "symbol": _SYMBOLS[place % len(_SYMBOLS)]},
                "hovertext": [
                    f"Measured, {name}, {hover(at, batch)}: ${number(usd)} per 1M<br>"
                    "Sanger 2023, appendix table"
                    for at, usd, batch in zip(line.x, line.usd, line.batch, strict=True)
                ],
                "hoverinfo": "text",
                "name": f"{line.prompt_tokens:,.0f} in",
            }
        )
    return data


def _api(lines: Lines, low: float, high: float, *, log_y: bool) -> tuple[Trace, dict[str, Any]]:
    """The API's price from the lowest to the highest x, and its label."""
    line: Trace = {
        "type": "scatter",
        "mode": "lines",
        "x": [low, high],
        "y": [lines.api_usd, lines.api_usd],
        "line": {"color": API, "width": 2, "dash": "dash"},
        "hovertext": f"{lines.api_name}: ${number(lines.api_usd)} per 1M",
        "hoverinfo": "text",
        "name": lines.api_name,
        "showlegend": False,
    }
    label = {
        "x": math.log10(low),
        "y": math.log10(lines.api_usd) if log_y else lines.api_usd,
        "text": f"{lines.api_name} {Money().amount(lines.api_usd)}",
        "font": {"color": API},
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom" if not log_y else "top",
    }
    return line, label


def _mark(lines: Lines) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The upright line that the article draws, and its label; nothing where there is none."""
    if lines.mark is None:
        return [], []
    line = {
        "type": "line",
        "x0": lines.mark,
        "x1": lines.mark,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": LIMIT, "width": 1.5, "dash": "dot"},
    }
    label = {
        "x": math.log10(lines.mark),
        "y": 0,
        "yref": "paper",
        "text": lines.mark_name,
        "font": {"color": LIMIT},
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom",
    }
    return [line], [label]
