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
from breakeven.formulas.arrays import Floats
from breakeven.question.parts import Shape
from breakeven.question.scenario import Scenario
from breakeven.tables.records import Preset
from breakeven.words.names import deployment_name, kind_of, offer_name
from breakeven.words.numbers import Money, number

_TOKEN_TICKS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536]
_TOKEN_TEXTS = ["1", "4", "16", "64", "256", "1k", "4k", "16k", "64k"]
_DEEPEST = 3.0
"""Colours saturate at a ratio of 2 to this power."""
_THREE = ",.3~r"
"""Plotly's format of three significant digits without an exponent."""


def money_strip(answers: Sequence[ShapeAnswer], scenario: Scenario, *, amounts: bool = True) -> go.Figure:
    """Draw every way to buy each shape on one axis of money: offers above, deployments below.

    Hollow marks are offers and deployments that are not taken by themselves; the reason is in the hover.
    Without ``amounts`` the ends are labelled in words only; the axis and the hover have the bills.
    """
    letters = [f"{letter}: " for letter in "AB"] if len(answers) > 1 else [""]
    sides = [
        (f"{letter}{name}", *side)
        for letter, answer in zip(letters, answers, strict=False)
        for name, side in (
            ("API", (API, "circle", *_offers(answer, scenario))),
            ("Self-hosted", (SELF_HOSTED, "diamond", *_deployments(answer, scenario))),
        )
    ]
    money, per = scenario.money, scenario.load.period
    data: list[Trace] = []
    labels: list[dict[str, Any]] = []
    for y, (name, colour, symbol, marks, chosen) in enumerate(reversed(sides)):
        if marks:
            data.append(_small_marks(marks, y, colour, symbol, money.rate))
        if chosen:
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [chosen * money.rate],
                    "y": [y],
                    "marker": {
                        "color": colour,
                        "size": 17,
                        "symbol": symbol,
                        "line": {"color": "white", "width": 2},
                    },
                    "hovertext": [f"{name}, in the headline: {money.amount(chosen)} {per}"],
                    "hoverinfo": "text",
                }
            )
        labels += _ends(marks, y, money if amounts else None, money.rate)
    if not data:
        return figure(150, [], {}, {})
    return figure(
        100 + 45 * len(sides),
        data,
        {
            "type": "log",
            "title": title(f"{money.currency} {per}"),
            "range": _with_room([usd for trace in data for usd in trace["x"]]),
            **log_ticks([np.asarray(trace["x"]) for trace in data], money.symbol),
        },
        {
            "tickvals": list(range(len(sides))),
            "ticktext": [name for name, *_ in reversed(sides)],
            "range": [-0.7, len(sides) - 0.3],
            "zeroline": False,
            "showgrid": False,
        },
        annotations=labels,
    )


Mark = tuple[float, str | None, str]
"""A bill in US dollars, what speaks against taking it by itself, what the hover says."""


def _offers(answer: ShapeAnswer, scenario: Scenario) -> tuple[list[Mark], float | None]:
    """API offers of a shape, and the bill of the headline."""
    money, per, requests = scenario.money, scenario.load.period, scenario.load.billed
    bill = answer.api.bill
    offers = list(answer.api.same_model)
    if bill is not None and all(one.offer.api_offer_id != bill.offer.api_offer_id for one in offers):
        offers.append(bill)
    marks: list[Mark] = [
        (
            one.usd * requests,
            one.mark,
            f"{offer_name(one.offer)}: {money.amount(one.usd * requests)} {per}",
        )
        for one in offers
        if one.usd > 0
    ]
    return marks, None if bill is None else bill.usd * requests


def _deployments(answer: ShapeAnswer, scenario: Scenario) -> tuple[list[Mark], float | None]:
    """Deployments of a shape that hold the targets, and the bill of the headline."""
    money, per, own = scenario.money, scenario.load.period, answer.at_load
    marks: list[Mark] = [
        (
            one.usd,
            one.candidate.price.doubt or one.candidate.profile.caveat,
            f"{one.replicas:,} × {deployment_name(one)}: {money.amount(one.usd)} {per}",
        )
        for one in answer.ranking
        if one.usd > 0
    ]
    return marks, None if own is None else own.host_usd


def _small_marks(marks: Sequence[Mark], y: int, colour: str, symbol: str, rate: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [usd * rate for usd, _, _ in marks],
        "y": [y] * len(marks),
        "marker": {
            "color": colour,
            "size": 9,
            "opacity": 0.75,
            "symbol": [f"{symbol}-open" if why else symbol for _, why, _ in marks],
        },
        "hovertext": [text + (f"<br>{why}" if why else "") for _, why, text in marks],
        "hoverinfo": "text",
    }


def _ends(marks: Sequence[Mark], y: int, money: Money | None, rate: float) -> list[dict[str, Any]]:
    """Labels of the cheapest that nothing speaks against and of the dearest of all; their bills with money.

    The dearest stands at the end of the row, hollow or not. One is above its mark and one below: marks of
    one row may lie close together.
    """
    clean = [usd for usd, why, _ in marks if not why]
    every = [usd for usd, _, _ in marks]
    if not clean or max(every) == min(clean):
        return []
    cheapest = "cheapest" if min(clean) == min(every) else "cheapest taken"
    return [
        {
            "x": math.log10(usd * rate),
            "y": y,
            "text": f"{word} {money.amount(usd)}" if money else word,
            "showarrow": False,
            "yshift": shift,
            "font": {"size": 12},
        }
        for word, usd, shift in ((cheapest, min(clean), 17), ("dearest", max(every), -17))
    ]


def _with_room(values: Sequence[float]) -> list[float]:
    """Exponents of a log axis with room for the labels at its ends."""
    low, high = math.log10(min(values)), math.log10(max(values))
    room = max(0.18 * (high - low), 0.3)
    return [low - room, high + room]


def cost_map(
    cost_map: CostMap, shapes: Sequence[Shape], presets: Sequence[Preset], scenario: Scenario
) -> go.Figure:
    """Draw who is cheaper for every shape at the load of the question, with the line of equal bills."""
    ratio, money = cost_map.host_over_api, scenario.money
    depth = np.log2(ratio)
    scale = money.rate
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
                f"{scenario.load.period}<extra></extra>"
            ),
            "hoverongaps": False,
            "colorbar": {
                "orientation": "h",
                "thickness": 10,
                "y": -0.34,
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
        360,
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


def volume(answer: ShapeAnswer, scenario: Scenario) -> go.Figure:
    """Draw both bills against the load: a line and a staircase, and where they change places."""
    curve, money, load = answer.volume, scenario.money, scenario.load
    if curve is None or answer.at_load is None or answer.api.bill is None:
        return figure(300, [], {}, {})
    per, unit = load.period, "in the job" if load.ends else f"per {load.per}"
    x = curve.requests
    sides: tuple[tuple[str, str, Floats, str, dict[str, str]], ...] = (
        (offer_name(answer.api.bill.offer), "API", curve.api_usd, API, {}),
        (
            "%{customdata} × the cheapest deployment",
            "self-hosted",
            curve.host_usd,
            SELF_HOSTED,
            {"dash": "dash", "shape": "vh"},
        ),
    )
    data: list[Trace] = []
    labels: list[dict[str, Any]] = []
    last = sorted((float(curve.api_usd[-1]), float(curve.host_usd[-1])))
    close = last[0] > 0.85 * last[1]
    for name, label, usd, colour, line in sides:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": usd * money.rate,
                "customdata": curve.replicas,
                "line": {"color": colour, "width": 2.5} | line,
                "hovertemplate": (
                    f"%{{x:{_THREE}}} requests {unit}: {money.symbol}%{{y:{_THREE}}} {per}, {name}"
                    "<extra></extra>"
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
    first, always = answer.first_paying, answer.never_dearer
    marks = [(load.requests, "your load", LIMIT)]
    if first is not None and math.isfinite(first) and first > 0:
        same = first == always
        marks.append((first, "self-hosting cheaper from here" if same else "first cheaper here", SELF_HOSTED))
        if not same and always is not None:
            marks.append((always, "never dearer from here", SELF_HOSTED))
    lines = []
    for index, (at, label, colour) in enumerate(marks):
        if at > x[-1]:
            continue
        lines.append(
            {
                "type": "line",
                "line": {"color": colour, "width": 1.5, "dash": "dot"},
                "x0": at,
                "x1": at,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
            }
        )
        labels.append(
            {
                "x": at,
                "y": 1 - 0.1 * index,
                "yref": "paper",
                "text": label,
                "showarrow": False,
                "xanchor": "left" if at < 0.5 * x[-1] else "right",
            }
        )
    return figure(
        300,
        data,
        {"title": title(f"Requests {unit}"), "rangemode": "tozero", "nticks": 6},
        {
            "title": title(f"{money.currency} {per}"),
            "rangemode": "tozero",
            "tickprefix": money.symbol,
            "tickformat": _THREE,
            "nticks": 6,
        },
        annotations=labels,
        shapes=lines,
    )


def batch_curve(answer: ShapeAnswer, money: Money) -> go.Figure:
    """Draw what a token costs against the batch while GPUs are as busy as planned, and at the API."""
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
