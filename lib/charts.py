"""Values to Plotly figures. Colours by meaning; the finding stands above the chart, not in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lib.comparison import CostMap, ShapeAnswer
from lib.format import Money, load, number, times
from lib.records import Preset
from lib.scenario import Shape
from lib.units import SECONDS_PER_MONTH
from lib.verdict import PER_REQUESTS, deployment_name, kind_of, offer_name

SELF_HOSTED = "#0072B2"
SELF_HOSTED_LIGHT = "#7FB8D8"
API = "#D55E00"
API_LIGHT = "#EAAE7F"
LIMIT = "#7A7A7A"
WARNING = "#E69F00"

_TOKEN_TICKS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536]
_TOKEN_TEXTS = ["1", "4", "16", "64", "256", "1k", "4k", "16k", "64k"]
_DEEPEST = 3.0
"""Colours saturate at a ratio of 2 to this power."""


def _layout(figure: go.Figure, height: int, **more: object) -> go.Figure:
    """What all charts share."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest", showlegend=False, **more
    )
    return figure


def split_bars(answer: ShapeAnswer, money: Money, top_usd: float) -> go.Figure:
    """Draw both bills per thousand requests, prompt and completion stacked.

    Parameters
    ----------
    answer
        One shape.
    money
        Currency.
    top_usd
        End of the axis, so that the two shapes can share a scale. [USD per request]
    """
    figure = go.Figure()
    sides = []
    if answer.host:
        sides.append(
            (
                "Self-hosted",
                answer.host.prompt_usd,
                answer.host.completion_usd,
                SELF_HOSTED_LIGHT,
                SELF_HOSTED,
            )
        )
    if answer.api.bill:
        bill = answer.api.bill
        sides.append(("API", bill.prompt_usd, bill.completion_usd, API_LIGHT, API))
    scale = PER_REQUESTS * money.rate
    for side, prompt, completion, light, dark in sides:
        for word, usd, colour, pattern in (
            ("prompt", prompt, light, ""),
            ("completion", completion, dark, "/"),
        ):
            figure.add_bar(
                x=[usd * scale],
                y=[side],
                orientation="h",
                marker={
                    "color": colour,
                    "pattern": {
                        "shape": pattern,
                        "fillmode": "overlay",
                        "fgcolor": "rgba(255,255,255,.35)",
                        "size": 6,
                    },
                },
                text=word if usd > 0.22 * top_usd else "",
                textposition="inside",
                insidetextanchor="middle",
                textfont={"color": "black" if colour == light else "white"},
                hovertext=f"{side}, {word}: {money.amount(usd * PER_REQUESTS)} per {PER_REQUESTS:,} requests",
                hoverinfo="text",
            )
        figure.add_annotation(
            x=(prompt + completion) * scale,
            y=side,
            text=money.amount((prompt + completion) * PER_REQUESTS),
            showarrow=False,
            xanchor="left",
            xshift=4,
        )
    axis = f"{money.currency} per {PER_REQUESTS:,} requests"
    figure.update_xaxes(title=axis, range=[0, top_usd * scale * 1.28], nticks=5, tickprefix=money.symbol)
    return _layout(figure, 165, barmode="stack", bargap=0.25)


def cost_map(
    cost_map: CostMap, shapes: Sequence[Shape], presets: Sequence[Preset], money: Money
) -> go.Figure:
    """Draw who is cheaper for every shape, with the line of equal cost."""
    depth = np.log2(cost_map.host_over_api)
    hover = [
        [_cell(cost_map, row, column, money) for column in range(len(cost_map.prompt_tokens))]
        for row in range(len(cost_map.completion_tokens))
    ]
    figure = go.Figure()
    figure.add_heatmap(
        x=cost_map.prompt_tokens,
        y=cost_map.completion_tokens,
        z=np.clip(depth, -_DEEPEST, _DEEPEST),
        zmin=-_DEEPEST,
        zmax=_DEEPEST,
        colorscale=[(0, SELF_HOSTED), (0.5, "#FFFFFF"), (1, API)],
        text=hover,
        hoverinfo="text",
        hoverongaps=False,
        colorbar={
            "orientation": "h",
            "thickness": 10,
            "y": -0.28,
            "yanchor": "top",
            "tickvals": [-2.4, -1, 0, 1, 2.4],
            "ticktext": ["self-hosting 8×", "2×", "equal", "2×", "API 8× cheaper"],
        },
    )
    if np.nanmin(depth, initial=math.inf) < 0 < np.nanmax(depth, initial=-math.inf):
        figure.add_contour(
            x=cost_map.prompt_tokens,
            y=cost_map.completion_tokens,
            z=depth,
            contours={"start": 0, "end": 0, "size": 1, "coloring": "none"},
            line={"color": "black", "width": 2},
            hoverinfo="skip",
            showscale=False,
        )
    figure.add_scatter(
        x=[preset.prompt_tokens for preset in presets],
        y=[preset.completion_tokens for preset in presets],
        mode="markers",
        marker={"size": 7, "color": "#FFFFFF", "line": {"color": "#333333", "width": 1.5}},
        hovertext=[f"{p.name}: {p.prompt_tokens:,} in / {p.completion_tokens:,} out" for p in presets],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=[shape.prompt_tokens for shape in shapes],
        y=[shape.completion_tokens for shape in shapes],
        mode="markers+text",
        text=["A", "B"],
        textfont={"color": "white", "size": 12, "weight": 700},
        marker={
            "size": 20,
            "symbol": ["square", "circle"],
            "color": "black",
            "line": {"color": "white", "width": 2},
        },
        hovertext=[f"{kind_of(s)}: {s.prompt_tokens:,} in / {s.completion_tokens:,} out" for s in shapes],
        hoverinfo="text",
    )
    figure.update_xaxes(
        type="log",
        title="Prompt tokens",
        tickvals=_TOKEN_TICKS,
        ticktext=_TOKEN_TEXTS,
        constrain="domain",
        range=[math.log10(cost_map.prompt_tokens[0]), math.log10(cost_map.prompt_tokens[-1])],
    )
    figure.update_yaxes(
        type="log",
        title="Completion tokens",
        tickvals=_TOKEN_TICKS,
        ticktext=_TOKEN_TEXTS,
        range=[math.log10(cost_map.completion_tokens[0]), math.log10(cost_map.completion_tokens[-1])],
    )
    return _layout(figure, 440)


def _cell(cost_map: CostMap, row: int, column: int, money: Money) -> str:
    """Write one cell of the map as a sentence."""
    shape = f"{cost_map.prompt_tokens[column]:,.0f} in / {cost_map.completion_tokens[row]:,.0f} out"
    ratio = cost_map.host_over_api[row, column]
    api = money.amount(cost_map.api_usd[row, column] * PER_REQUESTS)
    host = money.amount(cost_map.host_usd[row, column] * PER_REQUESTS)
    who = f"self-hosting {times(1 / ratio)} cheaper" if ratio < 1 else f"API {times(ratio)} cheaper"
    return f"{shape}: {who}<br>API {api}, self-hosted {host} per {PER_REQUESTS:,} requests"


def volume(answer: ShapeAnswer, money: Money, per: str) -> go.Figure:
    """Draw both monthly bills against the load: a line and a staircase."""
    figure = go.Figure()
    curve = answer.volume
    if curve is None or answer.at_load is None or answer.host is None or answer.api.bill is None:
        return _layout(figure, 300)
    unit = 1.0 if per == "second" else SECONDS_PER_MONTH
    x = curve.requests_per_s * unit
    host_name, api_name = deployment_name(answer.host), offer_name(answer.api.bill.offer)
    figure.add_scatter(
        x=x,
        y=curve.api_usd_month * money.rate,
        mode="lines",
        line={"color": API, "width": 2.5},
        hovertext=[
            f"{load(r)}: {money.amount(usd)} a month at {api_name}"
            for r, usd in zip(curve.requests_per_s, curve.api_usd_month, strict=True)
        ],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=x,
        y=curve.host_usd_month * money.rate,
        mode="lines",
        line={"color": SELF_HOSTED, "width": 2.5, "dash": "dash", "shape": "vh"},
        hovertext=[
            f"{load(r)}: {n:,.0f} × {host_name}, {money.amount(usd)} a month"
            for r, n, usd in zip(curve.requests_per_s, curve.replicas, curve.host_usd_month, strict=True)
        ],
        hoverinfo="text",
    )
    for values, label, colour in (
        (curve.api_usd_month, "API", API),
        (curve.host_usd_month, "self-hosted", SELF_HOSTED),
    ):
        above = values[-1] >= max(curve.api_usd_month[-1], curve.host_usd_month[-1])
        figure.add_annotation(
            x=float(x[-1]),
            y=float(values[-1] * money.rate),
            text=label,
            font={"color": colour},
            showarrow=False,
            xanchor="right",
            yshift=12 if above else -14,
        )
    marks = [(answer.at_load.requests_per_s, "your load", LIMIT)]
    if answer.never_dearer_rate is not None and math.isfinite(answer.never_dearer_rate):
        marks.append((answer.never_dearer_rate, "always cheaper from here", SELF_HOSTED))
    for index, (rate, label, colour) in enumerate(marks):
        if rate <= curve.requests_per_s[-1]:
            right = rate < 0.5 * curve.requests_per_s[-1]
            figure.add_vline(
                x=rate * unit,
                line={"color": colour, "width": 1.5, "dash": "dot"},
                annotation={
                    "text": label,
                    "font": {"color": colour},
                    "y": 1 - 0.09 * index,
                    "xanchor": "left" if right else "right",
                },
            )
    figure.update_xaxes(title=f"Requests per {per}", rangemode="tozero", nticks=6)
    figure.update_yaxes(
        title=f"{money.currency} per month", rangemode="tozero", tickprefix=money.symbol, nticks=6
    )
    return _layout(figure, 300)


def batch_curve(answer: ShapeAnswer, money: Money) -> go.Figure:
    """Draw what a prompt token and a completion token cost against the batch, the API's prices beside."""
    figure = go.Figure()
    curve = answer.curve
    if curve is None or answer.host is None:
        return _layout(figure, 300)
    scale = 1e6 * money.rate
    ends: list[_End] = []
    for word, usd, colour in (
        ("prompt, self-hosted", curve.prompt_usd_per_token, SELF_HOSTED_LIGHT),
        ("completion, self-hosted", curve.completion_usd_per_token, SELF_HOSTED),
    ):
        figure.add_scatter(
            x=curve.batch,
            y=usd * scale,
            mode="lines+markers",
            marker={"symbol": ["circle" if fit else "circle-open" for fit in curve.fits], "size": 8},
            line={"color": colour, "width": 2.5},
            hovertext=[
                f"Batch {int(b)}: {word} {money.per_million(float(u))}"
                + ("" if fit else "<br>does not fit in the usable memory")
                for b, u, fit in zip(curve.batch, usd, curve.fits, strict=True)
            ],
            hoverinfo="text",
        )
        ends.append((float(usd[-1] * scale), word, colour))
    _end_labels(figure, float(curve.batch[-1]), ends, left=False)
    ends = []
    bill = answer.api.bill
    if bill is not None:
        for word, usd_token, colour in (
            ("prompt, API", bill.prompt_usd / answer.shape.prompt_tokens, API_LIGHT),
            ("completion, API", bill.completion_usd / answer.shape.completion_tokens, API),
        ):
            if usd_token <= 0:
                continue
            figure.add_scatter(
                x=curve.batch,
                y=[usd_token * scale] * len(curve.batch),
                mode="lines",
                line={"color": colour, "width": 2, "dash": "dash"},
                hovertext=f"{word}: {money.per_million(usd_token)}",
                hoverinfo="text",
            )
            ends.append((usd_token * scale, word, colour))
    _end_labels(figure, float(curve.batch[0]), ends, left=True)
    figure.update_xaxes(
        type="log", title="Batch [sequences]", tickvals=curve.batch, ticktext=_whole(curve.batch)
    )
    figure.update_yaxes(
        type="log",
        title=f"{money.currency} per 1M tokens",
        **_log_ticks([trace.y for trace in figure.data], money.symbol),
    )
    return _layout(figure, 340)


def _log_ticks(lines: Sequence[Sequence[float]], symbol: str) -> dict[str, list[float] | list[str]]:
    """Ticks at 1, 2 and 5 of every decade that the lines cross, written as plain numbers."""
    values = np.concatenate([np.asarray(line, dtype=float) for line in lines])
    low, high = math.floor(math.log10(values.min())), math.ceil(math.log10(values.max()))
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    ticks = [step * 10.0**power for power in range(low, high + 1) for step in steps]
    return {"tickvals": ticks, "ticktext": [symbol + number(tick) for tick in ticks]}


_End = tuple[float, str, str]
"""Value at the end of a line, its label, its colour."""


def _end_labels(figure: go.Figure, x: float, ends: Sequence[_End], *, left: bool) -> None:
    """Label lines at one end: the highest above its line, the others below. Log axes take exponents."""
    for index, (y, text, colour) in enumerate(sorted(ends, reverse=True)):
        figure.add_annotation(
            x=math.log10(x),
            y=math.log10(y),
            text=text,
            font={"color": colour, "size": 11},
            showarrow=False,
            xanchor="left" if left else "right",
            yshift=11 if index == 0 else -11,
        )


def _whole(values: Sequence[float] | np.ndarray) -> list[str]:
    return [number(float(value)) for value in values]
