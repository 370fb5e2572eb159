"""Figures of the Train page; see :mod:`breakeven.views.compare.charts` for what all figures share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from breakeven.dashboard.figure import API, API_LIGHT, LIMIT, SELF_HOSTED, SELF_HOSTED_LIGHT, figure, title
from breakeven.formulas.units import GIGA
from breakeven.views.train.answer import TrainingAnswer
from breakeven.views.train.prompting import Path, Prompting
from breakeven.views.train.words import days, run_sentence
from breakeven.words.numbers import Money, compact, count, gigabytes, percent
from breakeven.words.terms import EXPERT, Terms

MEASURED = "#009E73"
"""Okabe–Ito green: what somebody measured."""
SKY = "#56B4E9"
_BAND = "rgba(0,114,178,.15)"
_PARTS = {
    "weights": (SELF_HOSTED, "white", ""),
    "gradients": (SELF_HOSTED_LIGHT, "black", "/"),
    "optimiser": ("#004B75", "white", ""),
    "adapters": ("#004B75", "white", "x"),
    "activations": (SKY, "black", ""),
    "logits": (SKY, "black", "."),
}
"""Colour, ink and pattern of each part of the memory."""
_NARROW = 0.11
"""Share of the axis that a label needs."""


def memory_bar(answer: TrainingAnswer) -> go.Figure:
    """Draw what one GPU holds, by part, against its capacity."""
    capacity = answer.gpu.memory_gb
    usable = capacity * answer.scenario.usable
    total = answer.memory.total / GIGA
    top = max(capacity, total) * 1.04
    data: list[dict[str, Any]] = []
    for name, size in answer.memory.parts:
        if size <= 0:
            continue
        colour, ink, pattern = _PARTS[name]
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [size / GIGA],
                "y": ["one GPU"],
                "marker": {
                    "color": colour,
                    "line": {"color": "white", "width": 1},
                    "pattern": {
                        "shape": pattern,
                        "fillmode": "overlay",
                        "fgcolor": "rgba(255,255,255,.45)",
                        "size": 7,
                    },
                },
                "text": [name if size / GIGA > _NARROW * top else ""],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"color": ink},
                "hovertext": [
                    f"{name}: {gigabytes(size)} ({percent(size / answer.memory.total)} of what is held)"
                ],
                "hoverinfo": "text",
            }
        )
    shapes, labels = [], []
    for place, text, dash in (
        (capacity, f"capacity {capacity:g} GB", "solid"),
        (usable, f"usable {usable:.3g} GB", "dot"),
    ):
        if text.startswith("usable") and answer.scenario.usable >= 1:
            continue
        shapes.append(
            {
                "type": "line",
                "x0": place,
                "x1": place,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": LIMIT, "width": 2, "dash": dash},
            }
        )
        labels.append(
            {
                "x": place,
                "y": 1 if dash == "solid" else 0,
                "yref": "paper",
                "yanchor": "bottom",
                "text": text,
                "font": {"color": LIMIT, "size": 12},
                "showarrow": False,
                "xanchor": "right",
                "xshift": -4,
            }
        )
    return figure(
        190,
        data,
        {"title": title("GB on each GPU"), "range": [0, top], "nticks": 6, "side": "bottom"},
        {"showticklabels": False},
        barmode="stack",
        bargap=0.35,
        annotations=labels,
        shapes=shapes,
        margin={"l": 8, "r": 8, "t": 26, "b": 8},
    )


def cost_against_tokens(answer: TrainingAnswer, money: Money) -> go.Figure:
    """Draw what more tokens cost, with the published runs at the same price of a GPU-hour."""
    curve, rent = answer.token_curve, answer.rent
    if curve is None or rent is None or answer.usd is None:
        return figure(320, [], {}, {})
    scale = money.rate
    data = _band(curve.tokens, curve.low * scale, curve.high * scale)
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": curve.tokens,
            "y": curve.mid * scale,
            "line": {"color": SELF_HOSTED, "width": 2.5},
            "hovertemplate": f"%{{x:.3s}} tokens: {money.symbol}%{{y:,.3~r}}<extra></extra>",
        }
    )
    shown = [run for run in answer.runs if run.run.gpu_hours is not None] if not answer.plan.tunes else []
    xs, ys, words = [], [], []
    for run in shown:
        usd = (run.run.gpu_hours or 0.0) * rent.usd_per_gpu_hour
        xs.append(run.run.tokens_b * GIGA)
        ys.append(usd * scale)
        words.append(
            f"{run_sentence(run)}<br>{money.large(usd)} at {money.amount(rent.usd_per_gpu_hour)} per GPU-hour"
        )
    if shown:
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": xs,
                "y": ys,
                "marker": {"color": MEASURED, "size": 9, "symbol": "diamond"},
                "hovertext": words,
                "hoverinfo": "text",
            }
        )
    data.append(_mark(answer.tokens, answer.usd.mid * scale, "your plan"))
    all_x = [*curve.tokens, *xs]
    all_y = [*(curve.low * scale), *(curve.high * scale), *ys]
    labels = [_label(answer.tokens, answer.usd.mid * scale, "your plan", left=True)]
    named = {"GPT-3", "Llama 2 70B", "Llama 3.1 405B", "DeepSeek-V3"}
    for run, x, y in zip(shown, xs, ys, strict=True):
        if run.run.name in named:
            # A dot below the line is named below it, so that the line does not cross the name.
            below = y < answer.usd.mid * scale * x / answer.tokens
            label = _label(x, y, run.run.name, left=True, shift=-14 if below else 10)
            labels.append(label | ({"xanchor": "center", "xshift": 0} if below else {}))
    return figure(
        340,
        data,
        _log(all_x, "Training tokens"),
        _log(all_y, f"{money.currency} for the run", money.symbol),
        annotations=labels,
    )


def days_against_gpus(answer: TrainingAnswer, say: Terms = EXPERT) -> go.Figure:
    """Draw how long it takes on how many GPUs."""
    curve = answer.gpu_curve
    short = answer.days.mid < 1
    unit, name = (24.0, "hours") if short else (1.0, "days")
    low, mid, high = curve.low * unit, curve.mid * unit, curve.high * unit
    data = _band(curve.gpus, low, high)
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": curve.gpus,
            "y": mid,
            "line": {"color": SELF_HOSTED, "width": 2.5},
            "hovertemplate": f"%{{x:,.0f}} GPUs: %{{y:,.3~r}} {name}<extra></extra>",
        }
    )
    data.append(_mark(float(answer.n_gpus), answer.days.mid * unit, "your plan"))
    said = "your plan" if say.is_plain else f"{count(answer.n_gpus, 'GPU')}: {days(answer.days.mid)}"
    labels = [_label(float(answer.n_gpus), answer.days.mid * unit, said)]
    shapes = []
    fewest = answer.layout.fewest
    if curve.gpus[0] <= fewest <= curve.gpus[-1]:
        shapes.append(_vertical(fewest))
        labels.append(
            {
                "x": math.log10(fewest),
                "y": 0.02,
                "yref": "paper",
                "text": "fewest that hold it",
                "xshift": 4,
                "font": {"color": LIMIT, "size": 11},
                "showarrow": False,
                "xanchor": "left",
                "yanchor": "bottom",
            }
        )
    return figure(
        340,
        data,
        _log(curve.gpus, "GPUs"),
        _log([*low, *high], name.capitalize()),
        annotations=labels,
        shapes=shapes,
    )


def tuning_or_prompting(result: Prompting, money: Money) -> go.Figure:
    """Draw tuning and prompting against the number of requests, with where they cross."""
    x = result.curve
    if not len(x):
        return figure(360, [], {}, {})
    data: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    ends: list[tuple[float, str]] = []
    values: list[float] = []
    paths: list[tuple[Path | None, str, str, str]] = [
        (result.tuned, "tuned", SELF_HOSTED, "solid"),
        (result.prompted, result.prompted.name if result.prompted else "", API, "dash"),
        (result.rival, result.rival.name if result.rival else "", API_LIGHT, "dot"),
    ]
    for path, name, colour, dash in paths:
        if path is None:
            continue
        usd = (path.once + path.each * x) * money.rate
        usd = np.where(usd > 0, usd, np.nan)
        values += [float(v) for v in usd if np.isfinite(v)]
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": usd,
                "line": {"color": colour, "width": 2.5, "dash": dash},
                "hovertemplate": f"%{{x:.3s}} requests: {money.symbol}%{{y:,.3~r}}, {name}<extra></extra>",
            }
        )
        ends.append((float(usd[-1]), name))
    if not values:
        return figure(360, [], {}, {})
    for y, name in ends:
        labels.append(_label(float(x[-1]), y, name, left=True, shift=12))
    shapes = []
    for pays, against, left in (
        (result.pays_from, result.prompted, True),
        (result.rival_pays_from, result.rival, False),
    ):
        if pays is None or not math.isfinite(pays) or pays <= 0 or against is None:
            continue
        y = against.total(pays) * money.rate
        data.append(_mark(pays, y, f"level at {compact(pays)} requests"))
        labels.append(_label(pays, y, f"pays from {compact(pays)}", left=left, shift=14 if left else -14))
    if x[0] <= result.plan.requests <= x[-1]:
        shapes.append(_vertical(result.plan.requests))
        labels.append(
            {
                "x": math.log10(result.plan.requests),
                "y": 0.02,
                "yref": "paper",
                "text": "your volume",
                "font": {"color": LIMIT, "size": 11},
                "showarrow": False,
                "xanchor": "right",
                "yanchor": "bottom",
            }
        )
    return figure(
        380,
        data,
        _log(x, "Requests in all"),
        _log(values, f"{money.currency} in all", money.symbol),
        annotations=labels,
        shapes=shapes,
    )


def _band(x: Any, low: Any, high: Any) -> list[dict[str, Any]]:
    """Range of an estimate as a pale area."""
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    return [edge | {"y": low}, edge | {"y": high, "fill": "tonexty", "fillcolor": _BAND}]


def _mark(x: float, y: float, text: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [y],
        "marker": {"color": "white", "size": 11, "line": {"color": "black", "width": 2}},
        "hovertext": [text],
        "hoverinfo": "text",
    }


def _label(x: float, y: float, text: str, *, left: bool = False, shift: float = 14) -> dict[str, Any]:
    """Text beside a point, in the page's text colour; log axes take exponents."""
    return {
        "x": math.log10(x),
        "y": math.log10(y) if y > 0 else 0,
        "text": text,
        "font": {"size": 12},
        "showarrow": False,
        "xanchor": "right" if left else "left",
        "xshift": -6 if left else 6,
        "yshift": shift,
    }


def _vertical(x: float) -> dict[str, Any]:
    """A grey line at a value of the horizontal axis; shapes take the value itself."""
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": LIMIT, "width": 1.5, "dash": "dot"},
    }


def _log(values: Any, text: str, symbol: str = "") -> dict[str, Any]:
    """Log axis with a tick a decade, written with letters."""
    finite = [float(v) for v in values if math.isfinite(v) and v > 0]
    low, high = math.floor(math.log10(min(finite))), math.ceil(math.log10(max(finite)))
    step = 1 if high - low <= 7 else 2
    ticks = [10.0**power for power in range(low, high + 1, step)]
    edge = 0.03 * (math.log10(max(finite)) - math.log10(min(finite)) or 1)
    return {
        "type": "log",
        "title": title(text),
        "tickvals": ticks,
        "ticktext": [symbol + compact(tick) for tick in ticks],
        "range": [math.log10(min(finite)) - edge, math.log10(max(finite)) + edge],
    }
