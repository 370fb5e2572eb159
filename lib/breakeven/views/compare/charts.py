"""Values to Plotly figures. Colours by meaning; the finding stands above the chart, not in it.

Figures are written as plain dictionaries and not validated on every rerun (that takes longer than
computing the answer); the tests validate every one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from breakeven.comparison.answer import ShapeAnswer
from breakeven.comparison.map import CostMap
from breakeven.dashboard.figure import (
    API,
    API_LIGHT,
    LIMIT,
    SELF_HOSTED,
    SELF_HOSTED_LIGHT,
    Axis,
    Trace,
    figure,
    log_ticks,
    title,
)
from breakeven.formulas.units import SECONDS_PER_MONTH
from breakeven.question.parts import Shape
from breakeven.tables.records import Preset
from breakeven.words.names import PER_REQUESTS, deployment_name, kind_of, offer_name
from breakeven.words.numbers import Money, number

_TOKEN_TICKS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536]
_TOKEN_TEXTS = ["1", "4", "16", "64", "256", "1k", "4k", "16k", "64k"]
_DEEPEST = 3.0
"""Colours saturate at a ratio of 2 to this power."""
_THREE = ",.3~r"
"""Plotly's format of three significant digits without an exponent."""


def split_bars(answer: ShapeAnswer, money: Money, top_usd: float) -> go.Figure:
    """Draw both bills per thousand requests, prompt and completion stacked.

    Parameters
    ----------
    answer
        One shape.
    money
        Currency.
    top_usd
        The larger bill, which sets the axis. [USD per request]
    """
    sides = []
    if answer.host:
        host = answer.host
        sides.append(("Self-hosted", host.prompt_usd, host.completion_usd, SELF_HOSTED_LIGHT, SELF_HOSTED))
    if answer.api.bill:
        bill = answer.api.bill
        sides.append(("API", bill.prompt_usd, bill.completion_usd, API_LIGHT, API))
    scale = PER_REQUESTS * money.rate
    data: list[Trace] = []
    totals = []
    for side, prompt, completion, light, dark in sides:
        for word, usd, colour, ink, pattern in (
            ("prompt", prompt, light, "black", ""),
            ("completion", completion, dark, "white", "/"),
        ):
            data.append(
                {
                    "type": "bar",
                    "x": [usd * scale],
                    "y": [side],
                    "orientation": "h",
                    "marker": {
                        "color": colour,
                        "pattern": {
                            "shape": pattern,
                            "fillmode": "overlay",
                            "fgcolor": "rgba(255,255,255,.35)",
                            "size": 6,
                        },
                    },
                    "text": [word if usd > 0.22 * top_usd else ""],
                    "textposition": "inside",
                    "insidetextanchor": "middle",
                    "textfont": {"color": ink},
                    "hovertext": [
                        f"{side}, {word}: {money.amount(usd * PER_REQUESTS)} per {PER_REQUESTS:,} requests"
                    ],
                    "hoverinfo": "text",
                }
            )
        totals.append(
            {
                "x": (prompt + completion) * scale,
                "y": side,
                "text": money.amount((prompt + completion) * PER_REQUESTS),
                "showarrow": False,
                "xanchor": "left",
                "xshift": 4,
            }
        )
    return figure(
        165,
        data,
        {
            "title": title(f"{money.currency} per {PER_REQUESTS:,} requests"),
            "range": [0, top_usd * scale * 1.28],
            "nticks": 5,
            "tickprefix": money.symbol,
        },
        {},
        barmode="stack",
        bargap=0.25,
        annotations=totals,
    )


def cost_map(
    cost_map: CostMap, shapes: Sequence[Shape], presets: Sequence[Preset], money: Money
) -> go.Figure:
    """Draw who is cheaper for every shape, with the line of equal cost."""
    ratio = cost_map.host_over_api
    depth = np.log2(ratio)
    scale = PER_REQUESTS * money.rate
    # Which side is cheaper and by how much, so that the hover says it in words.
    words = np.where(ratio < 1, "self-hosting", "the API")
    gap = np.where(ratio < 1, 1 / ratio, ratio)
    data: list[Trace] = [
        {
            "type": "heatmap",
            "x": cost_map.prompt_tokens,
            "y": cost_map.completion_tokens,
            "z": np.clip(depth, -_DEEPEST, _DEEPEST).astype(np.float32),
            "zmin": -_DEEPEST,
            "zmax": _DEEPEST,
            "colorscale": [(0, SELF_HOSTED), (0.5, "#FFFFFF"), (1, API)],
            "text": words,
            # Seven digits are plenty for a hover, at half the bytes.
            "customdata": np.dstack([gap, cost_map.api_usd * scale, cost_map.host_usd * scale]).astype(
                np.float32
            ),
            "hovertemplate": (
                "%{x:,.0f} in / %{y:,.0f} out: %{text} is %{customdata[0]:.2~r}× cheaper<br>"
                f"API {money.symbol}%{{customdata[1]:{_THREE}}}, "
                f"self-hosted {money.symbol}%{{customdata[2]:{_THREE}}} "
                f"per {PER_REQUESTS:,} requests<extra></extra>"
            ),
            "hoverongaps": False,
            "colorbar": {
                "orientation": "h",
                "thickness": 10,
                "y": -0.28,
                "yanchor": "top",
                "tickvals": [-2.4, -1, 0, 1, 2.4],
                "ticktext": ["self-hosting 8×", "2×", "equal", "2×", "API 8× cheaper"],
            },
        }
    ]
    if np.nanmin(depth, initial=math.inf) < 0 < np.nanmax(depth, initial=-math.inf):
        data.append(
            {
                "type": "contour",
                "x": cost_map.prompt_tokens,
                "y": cost_map.completion_tokens,
                "z": depth.astype(np.float32),
                "contours": {"start": 0, "end": 0, "size": 1, "coloring": "none"},
                "line": {"color": "black", "width": 2},
                "hoverinfo": "skip",
                "showscale": False,
            }
        )
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [preset.prompt_tokens for preset in presets],
            "y": [preset.completion_tokens for preset in presets],
            "marker": {"size": 7, "color": "#FFFFFF", "line": {"color": "#333333", "width": 1.5}},
            "hovertext": [f"{p.name}: {p.prompt_tokens:,} in / {p.completion_tokens:,} out" for p in presets],
            "hoverinfo": "text",
        }
    )
    data.append(_shape_marks(shapes))
    return figure(
        440,
        data,
        _token_axis("Prompt tokens", cost_map.prompt_tokens),
        _token_axis("Completion tokens", cost_map.completion_tokens),
    )


def _shape_marks(shapes: Sequence[Shape]) -> Trace:
    """The two shapes that are asked about."""
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [shape.prompt_tokens for shape in shapes],
        "y": [shape.completion_tokens for shape in shapes],
        "text": ["A", "B"],
        "textfont": {"color": "white", "size": 12, "weight": 700},
        "marker": {
            "size": 20,
            "symbol": ["square", "circle"],
            "color": "black",
            "line": {"color": "white", "width": 2},
        },
        "hovertext": [f"{kind_of(s)}: {s.prompt_tokens:,} in / {s.completion_tokens:,} out" for s in shapes],
        "hoverinfo": "text",
    }


def _token_axis(text: str, values: np.ndarray) -> Axis:
    """Log axis of tokens with plain numbers."""
    return {
        "type": "log",
        "title": title(text),
        "tickvals": _TOKEN_TICKS,
        "ticktext": _TOKEN_TEXTS,
        "range": [math.log10(values[0]), math.log10(values[-1])],
    }


def volume(answer: ShapeAnswer, money: Money, per: str) -> go.Figure:
    """Draw both monthly bills against the load: a line and a staircase."""
    curve = answer.volume
    if curve is None or answer.at_load is None or answer.host is None or answer.api.bill is None:
        return figure(300, [], {}, {})
    unit = 1.0 if per == "second" else SECONDS_PER_MONTH
    x = curve.requests_per_s * unit
    names = (offer_name(answer.api.bill.offer), f"%{{customdata}} × {deployment_name(answer.host)}")
    data: list[Trace] = []
    labels: list[dict[str, Any]] = []
    last = sorted((float(curve.api_usd_month[-1]), float(curve.host_usd_month[-1])))
    close = last[0] > 0.85 * last[1]
    for name, label, usd, colour, line in (
        (names[0], "API", curve.api_usd_month, API, {}),
        (names[1], "self-hosted", curve.host_usd_month, SELF_HOSTED, {"dash": "dash", "shape": "vh"}),
    ):
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": usd * money.rate,
                "customdata": curve.replicas,
                "line": {"color": colour, "width": 2.5} | line,
                "hovertemplate": (
                    f"%{{x:{_THREE}}} requests per {per}: "
                    f"{money.symbol}%{{y:{_THREE}}} a month, {name}<extra></extra>"
                ),
            }
        )
        labels.append(
            {
                "x": float(x[-1]),
                "y": float(usd[-1] * money.rate),
                "text": label,
                "showarrow": False,
                "xanchor": "right",
                "yshift": -14 if close and usd[-1] < last[1] else 12,
            }
        )
    marks = [(answer.at_load.requests_per_s, "your load", LIMIT)]
    if answer.never_dearer_rate is not None and math.isfinite(answer.never_dearer_rate):
        marks.append((answer.never_dearer_rate, "never dearer from here", SELF_HOSTED))
    lines = []
    for index, (rate, label, colour) in enumerate(marks):
        if rate > curve.requests_per_s[-1]:
            continue
        place = {"x0": rate * unit, "x1": rate * unit, "y0": 0, "y1": 1, "yref": "paper"}
        lines.append({"type": "line", "line": {"color": colour, "width": 1.5, "dash": "dot"}} | place)
        labels.append(
            {
                "x": rate * unit,
                "y": 1 - 0.1 * index,
                "yref": "paper",
                "text": label,
                "showarrow": False,
                "xanchor": "left" if rate < 0.5 * curve.requests_per_s[-1] else "right",
            }
        )
    return figure(
        300,
        data,
        {"title": title(f"Requests per {per}"), "rangemode": "tozero", "nticks": 6},
        {
            "title": title(f"{money.currency} per month"),
            "rangemode": "tozero",
            "tickprefix": money.symbol,
            "tickformat": _THREE,
            "nticks": 6,
        },
        annotations=labels,
        shapes=lines,
    )


def batch_curve(answer: ShapeAnswer, money: Money) -> go.Figure:
    """Draw what a prompt token and a completion token cost against the batch, the API's prices beside."""
    curve = answer.curve
    if curve is None or answer.host is None:
        return figure(300, [], {}, {})
    scale = 1e6 * money.rate
    data: list[Trace] = []
    starts: list[_Start] = []
    for word, usd, colour in (
        ("prompt, self-hosted", curve.prompt_usd_per_token, SELF_HOSTED_LIGHT),
        ("completion, self-hosted", curve.completion_usd_per_token, SELF_HOSTED),
    ):
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": curve.batch,
                "y": usd * scale,
                "marker": {"symbol": ["circle" if fit else "circle-open" for fit in curve.fits], "size": 8},
                "line": {"color": colour, "width": 2.5},
                "hovertext": [
                    f"Batch {int(b)}: {word} {money.per_million(float(u))}"
                    + ("" if fit else "<br>does not fit in the usable memory")
                    for b, u, fit in zip(curve.batch, usd, curve.fits, strict=True)
                ],
                "hoverinfo": "text",
            }
        )
        starts.append((float(usd[0] * scale), word))
    bill = answer.api.bill
    prices = (
        ()
        if bill is None
        else (
            ("prompt, API", bill.prompt_usd / answer.shape.prompt_tokens, API_LIGHT),
            ("completion, API", bill.completion_usd / answer.shape.completion_tokens, API),
        )
    )
    for word, usd_token, colour in prices:
        if usd_token <= 0:
            continue
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": curve.batch,
                "y": np.full(len(curve.batch), usd_token * scale),
                "line": {"color": colour, "width": 2, "dash": "dash"},
                "hovertext": f"{word}: {money.per_million(usd_token)}",
                "hoverinfo": "text",
            }
        )
        starts.append((usd_token * scale, word))
    values = np.concatenate([np.asarray(trace["y"], dtype=float) for trace in data])
    decades = math.log10(values.max() / values.min())
    return figure(
        340,
        data,
        {
            "type": "log",
            "title": title("Batch [sequences]"),
            "tickvals": curve.batch,
            "ticktext": [number(float(batch)) for batch in curve.batch],
        },
        {
            "type": "log",
            "title": title(f"{money.currency} per 1M tokens"),
            **log_ticks([trace["y"] for trace in data], money.symbol),
        },
        annotations=_start_labels(float(curve.batch[0]), starts, decades),
    )


_Start = tuple[float, str]
"""Value at the start of a line, its label."""
_NEAR_PX = 30
"""Lines closer than this have no room for a label between them."""
_PLOT_PX = 240
"""Height that the lines of the batch curve take, about."""


def _start_labels(x: float, starts: Sequence[_Start], decades: float) -> list[dict[str, Any]]:
    """Label lines where they start, which no line crosses: above, or below where another is close above.

    The highest falls and is labelled beside its first point. The text has the colour of the page's text:
    the tints of the lines are too pale for letters. Log axes take exponents.
    """
    labels: list[dict[str, Any]] = []
    above: float | None = None
    for y, text in sorted(starts, reverse=True):
        close = above is not None and math.log10(above / y) / max(decades, 0.1) * _PLOT_PX < _NEAR_PX
        labels.append(
            {
                "x": math.log10(x),
                "y": math.log10(y),
                "text": text,
                "font": {"size": 11},
                "showarrow": False,
                "xanchor": "left",
                "xshift": 12 if above is None else 0,
                "yshift": 4 if above is None else -11 if close else 11,
            }
        )
        above = y
    return labels
