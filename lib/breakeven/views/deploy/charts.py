"""Figures of the Deploy page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from breakeven.dashboard.figure import LIMIT, SELF_HOSTED, SELF_HOSTED_LIGHT, Trace, as_text, figure, title
from breakeven.formulas.arrays import Floats
from breakeven.formulas.units import GIGA, TERA
from breakeven.hosting.grid import Grid
from breakeven.question.scenario import Scenario
from breakeven.views.deploy import Answer
from breakeven.views.deploy.detail import BatchCurve, Frontier, Memory, Roofline, Swing
from breakeven.views.deploy.words import candidate_texts, point_sentence
from breakeven.words.numbers import gigabytes, number
from breakeven.words.terms import EXPERT, Terms

FREE = "#D9D9D9"
_MARKS = {"prefill": "square", "decode": "circle"}
PANELS = ("cost", "throughput", "ttft", "tpot")
"""Small multiples of the batch curve, in reading order."""


def memory_bar(memory: Memory, say: Terms = EXPERT) -> go.Figure:
    """Draw what fills the memory of one replica."""
    parts = (
        ("weights", memory.weights, SELF_HOSTED, "white", ""),
        ("draft model", memory.draft, SELF_HOSTED, "white", "/"),
        (say.kv_cache, memory.cache, SELF_HOSTED_LIGHT, "black", ""),
        ("free", memory.free, FREE, "black", ""),
        ("workspace", memory.workspace, LIMIT, "white", "/"),
    )
    data: list[Trace] = []
    for name, size, colour, ink, pattern in parts:
        if size <= 0:
            continue
        wide = size > 0.13 * memory.total
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": [""],
                "x": [size / GIGA],
                "marker": {
                    "color": colour,
                    "line": {"color": "white", "width": 1},
                    "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,.35)"},
                },
                "text": [f"{name}<br>{gigabytes(size)}" if wide else ""],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"color": ink},
                "hovertext": [f"{name}: {gigabytes(size)} of {gigabytes(memory.total)}"],
                "hoverinfo": "text",
            }
        )
    return figure(
        120,
        data,
        {"title": title(f"Memory of one {say.replica} [GB]"), "range": [0, memory.total / GIGA], "nticks": 7},
        {"showticklabels": False},
        barmode="stack",
    )


def batch_panel(
    curve: BatchCurve,
    panel: str,
    scenario: Scenario,
    *,
    target: float | None,
    stops: str | None,
    say: Terms = EXPERT,
) -> go.Figure:
    """Draw one quantity against the batch, the chosen batch marked and what stops the next one."""
    money = scenario.money
    label, values, unit, word = {
        "cost": (f"{money.currency} {scenario.load.period}", curve.usd * money.rate, money.symbol, "cost"),
        "throughput": ("Completion tokens/s", curve.tokens_per_s, "", "throughput"),
        "ttft": (f"{say.ttft} [s]", curve.ttft_s, "", say.ttft),
        "tpot": (f"{say.tpot} [ms]", curve.tpot_s * 1e3, "", say.tpot),
    }[panel]
    at = curve.chosen
    data: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": curve.batch,
            "y": values,
            "line": {"color": SELF_HOSTED, "width": 2.5},
            "marker": {"symbol": ["circle" if fit else "circle-open" for fit in curve.fits], "size": 6},
            "hovertext": [
                f"Batch {batch:,.0f}: {word} {unit}{number(float(value))}"
                + ("" if fit else "<br>does not fit in the usable memory")
                for batch, value, fit in zip(curve.batch, values, curve.fits, strict=True)
            ],
            "hoverinfo": "text",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [curve.batch[at]],
            "y": [values[at]],
            "marker": {
                "size": 15,
                "symbol": "diamond",
                "color": SELF_HOSTED,
                "line": {"color": "white", "width": 2},
            },
            "hovertext": [
                f"Chosen batch {curve.batch[at]:,.0f}: {word} {unit}{number(float(values[at]))}"
                + (f"<br>what stops the next one: {say.limit(stops)}" if stops else "")
            ],
            "hoverinfo": "text",
        },
    ]
    lines: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    drawn = [values]
    if target is not None:
        goal = target * (1e3 if panel == "tpot" else 1)
        drawn.append(np.array([goal]))
        # Under the curve where it rises beyond the target, above it where it stays below.
        shift = -9 if values[-1] > goal else 9
        lines, notes = _target_line("y", goal, x=0.99, xanchor="right", yshift=shift)
    return figure(
        210,
        data,
        _batch_axis(curve.batch),
        {"type": "log", "title": title(label), **_few_ticks(drawn, unit)},
        shapes=lines,
        annotations=notes,
    )


def _target_line(axis: str, goal: float, **place: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The line of a target on a log axis, all across the other, and its name at a place."""
    other = "x" if axis == "y" else "y"
    paper = {f"{other}ref": "paper"}
    across = {f"{other}0": 0, f"{other}1": 1, f"{axis}0": goal, f"{axis}1": goal}
    line = {"type": "line", "line": {"color": LIMIT, "dash": "dash", "width": 1.5}, **paper, **across}
    note = {"text": "target", "showarrow": False, "font": {"color": LIMIT}, axis: math.log10(goal)}
    return [line], [note | paper | place]


def _batch_axis(batch: Floats) -> dict[str, Any]:
    """Powers of two, as many as there is room for."""
    top = math.floor(math.log2(batch[-1]))
    step = 1 if top <= 5 else 2
    ticks = [2**power for power in range(0, top + 1, step)]
    return {
        "type": "log",
        "title": title("Batch [sequences]"),
        "tickvals": ticks,
        "ticktext": [f"{tick:,}" for tick in ticks],
    }


def _few_ticks(drawn: Sequence[Floats], symbol: str) -> dict[str, Any]:
    """Ticks of a log axis at round numbers, three at least where there are, and room above and below."""
    values = np.concatenate([np.asarray(part, dtype=float) for part in drawn])
    low, high = math.log10(values.min()), math.log10(values.max())
    room = max(0.08 * (high - low), 0.06)
    ticks: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        every = [
            step * 10.0**power for power in range(math.floor(low) - 1, math.ceil(high) + 1) for step in steps
        ]
        ticks = [tick for tick in every if low - room <= math.log10(tick) <= high + room]
        if len(ticks) >= 3:
            break
    if len(ticks) < 2:
        ticks = [10**low, 10**high] if high - low > 0.03 else [10**low]
    return {
        "tickvals": ticks,
        "ticktext": [symbol + number(tick) for tick in ticks],
        "range": [low - room, high + room],
    }


MOST_POINTS = 600
"""Candidates drawn beside the frontier; more would be a blot."""


def _ranked(grid: Grid, indices: Any) -> Frontier:
    """Candidates at the batch at which they are ranked."""
    at, result = np.asarray(indices, dtype=np.intp), grid.result
    return Frontier(
        candidate=at,
        batch=result.batch[at],
        usd=grid.fleet.usd[at],
        ttft_s=result.ttft_s[at],
        tpot_s=result.tpot_s[at],
    )


def cost_against(answer: Answer, line: Frontier | None, what: str, say: Terms = EXPERT) -> go.Figure:
    """Draw every candidate's bill against its TPOT or TTFT, the frontier, and the recommendation.

    Parameters
    ----------
    answer
        The ranking.
    line
        The frontier over all candidates and batches; None: it is not drawn.
    what
        ``TPOT`` or ``TTFT``.
    """
    grid, money, period = answer.grid, answer.scenario.money, answer.scenario.load.period
    if grid is None:
        return figure(380, [], {}, {})
    scale, unit = (1e3, "ms") if what == "TPOT" else (1.0, "s")

    def points(part: Frontier, **style: Any) -> Trace:
        names = map(as_text, candidate_texts(answer, part.candidate.tolist(), part.batch.tolist()))
        usd = part.usd
        columns = zip(names, usd.tolist(), part.ttft_s.tolist(), part.tpot_s.tolist(), strict=True)
        times = part.tpot_s if what == "TPOT" else part.ttft_s
        return {
            "type": "scatter",
            "mode": "markers",
            "x": (times * scale).astype(np.float32),
            "y": (usd * money.rate).astype(np.float32),
            "hovertext": [
                f"{name}<br>{money.amount(y)} {period}, {say.first(a)}, {say.pace(b)}"
                for name, y, a, b in columns
            ],
            "hoverinfo": "text",
        } | style

    fits = np.flatnonzero(grid.result.fits)
    shown = fits[np.argsort(grid.fleet.order[fits], kind="stable")][:MOST_POINTS]
    held = grid.result.holds[shown]
    cross = {"color": LIMIT, "symbol": "x-thin", "size": 6, "line": {"width": 1, "color": LIMIT}}
    dot = {"color": SELF_HOSTED_LIGHT, "symbol": "circle", "size": 7}
    data: list[Trace] = [
        points(_ranked(grid, group), marker=mark, name=name)
        for group, name, mark in (
            (shown[~held], "too slow" if say.is_plain else "misses a target", cross),
            (shown[held], "fast enough" if say.is_plain else "holds the targets", dot),
        )
        if group.size
    ]
    if line is not None:
        data.append(
            points(
                line,
                mode="lines+markers",
                name="frontier, any batch",
                line={"color": SELF_HOSTED, "width": 2, "shape": "hv"},
                marker={"color": SELF_HOSTED, "size": 6, "symbol": "circle"},
            )
        )
    best = grid.best()
    if best is not None:
        star = {"color": SELF_HOSTED, "size": 17, "symbol": "star", "line": {"color": "white", "width": 1.5}}
        data.append(points(_ranked(grid, [best]), name="recommended", marker=star))
    target = answer.scenario.tpot if what == "TPOT" else answer.scenario.ttft
    lines: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    if target is not None:
        lines, notes = _target_line("x", target * scale, y=0.01, yanchor="bottom", xanchor="right")
    return figure(
        380,
        data,
        {
            "type": "log",
            "title": title(f"{say.tpot if what == 'TPOT' else say.ttft} [{unit}]"),
            **_few_ticks([trace["x"] for trace in data], ""),
        },
        {
            "type": "log",
            "title": title(f"{money.currency} {period}"),
            **_few_ticks([trace["y"] for trace in data], money.symbol),
        },
        shapes=lines,
        annotations=notes,
        showlegend=True,
        legend={"orientation": "h", "y": 1.12, "x": 0},
    )


def roofline(roof: Roofline, say: Terms = EXPERT) -> go.Figure:
    """Draw the roof of one GPU and the two steps below it."""
    intensities = [point.flop_per_byte for point in roof.points]
    low = min([*intensities, roof.ridge]) / 4
    high = max([*intensities, roof.ridge]) * 4
    x = np.array([low, roof.ridge, high])
    y = np.minimum(x * roof.bytes_per_s, roof.flop_per_s) / TERA
    data: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": y,
            "line": {"color": LIMIT, "width": 2.5},
            "hovertext": f"roof: {number(roof.flop_per_s / TERA)} TFLOP/s, "
            f"{number(roof.bytes_per_s / GIGA)} GB/s",
            "hoverinfo": "text",
        }
    ]
    notes = []
    for point in roof.points:
        name = say.prefill if point.name == "prefill" else say.decode
        sentence = point_sentence(name, point.flop_per_s, point.limit_flop_per_s, point.seconds)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [point.flop_per_byte] * 2,
                "y": [point.flop_per_s / TERA, point.limit_flop_per_s / TERA],
                "line": {"color": SELF_HOSTED, "width": 1.5, "dash": "dot"},
                "marker": {
                    "size": [14, 8],
                    "symbol": [_MARKS[point.name], f"{_MARKS[point.name]}-open"],
                    "color": [SELF_HOSTED, LIMIT],
                    "opacity": 1,
                },
                "hovertext": [sentence, f"{name}: physical limit"],
                "hoverinfo": "text",
            }
        )
        notes.append(
            {
                "x": math.log10(point.flop_per_byte),
                "y": math.log10(point.flop_per_s / TERA),
                "text": name,
                "showarrow": False,
                # Below the slope and below the flat part there is nothing else.
                "xanchor": "center" if point.flop_per_byte == min(intensities) else "left",
                "xshift": 0 if point.flop_per_byte == min(intensities) else 12,
                "yshift": -18 if point.flop_per_byte == min(intensities) else 0,
            }
        )
    return figure(
        360,
        data,
        {
            "type": "log",
            "title": title("Arithmetic per byte moved [FLOP/B]"),
            **_few_ticks([trace["x"] for trace in data], ""),
        },
        {
            "type": "log",
            "title": title("TFLOP/s of one GPU"),
            **_few_ticks([trace["y"] for trace in data], ""),
        },
        annotations=notes,
    )


def tornado(swings: Sequence[Swing], usd: float, scenario: Scenario) -> go.Figure:
    """Draw what each assumption does to the bill, the widest on top."""
    money = scenario.money
    scale = money.rate
    names = [swing.name for swing in swings][::-1]
    data: list[Trace] = []
    for word, colour in (("low", SELF_HOSTED_LIGHT), ("high", SELF_HOSTED)):
        ends = [getattr(swing, f"usd_{word}") for swing in swings][::-1]
        texts = [getattr(swing, word) for swing in swings][::-1]
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "base": usd * scale,
                "x": [(end - usd) * scale for end in ends],
                "marker": {"color": colour},
                "text": texts,
                "textposition": "outside",
                "cliponaxis": False,
                "hovertext": [
                    f"{name} at {text}: {money.amount(end)} {scenario.load.period}"
                    for name, text, end in zip(names, texts, ends, strict=True)
                ],
                "hoverinfo": "text",
            }
        )
    low = min(swing.usd_low for swing in swings) * scale
    high = max(swing.usd_high for swing in swings) * scale
    room = 0.22 * (high - low)
    return figure(
        60 + 46 * len(swings),
        data,
        {
            "title": title(f"{money.currency} {scenario.load.period}"),
            "range": [max(low - room, 0), high + room],
            "tickprefix": money.symbol,
            "nticks": 6,
        },
        {},
        barmode="overlay",
        bargap=0.35,
        shapes=[
            {
                "type": "line",
                "x0": usd * scale,
                "x1": usd * scale,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": LIMIT, "width": 1.5},
            }
        ],
    )
