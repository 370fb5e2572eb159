"""What all charts share: colours by meaning, axes, and a figure that is sent as it is written"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio

from breakeven.words.numbers import number

SELF_HOSTED = "#0072B2"


SELF_HOSTED_LIGHT = "#7FB8D8"


API = "#D55E00"


API_LIGHT = "#EAAE7F"


LIMIT = "#7A7A7A"


Axis = dict[str, Any]


Trace = dict[str, Any]


class Chart(go.Figure):  # type: ignore[misc]
    """A figure that is sent as it is written.

    Plotly would copy and walk every figure three times on its way to the page, which takes longer than
    computing what it shows. Attributes that are read (``data``, ``layout``) come from a figure that
    Plotly has validated; the tests read them.
    """

    def __init__(self, data: list[Trace], layout: dict[str, Any]) -> None:
        """Keep what is to be sent."""
        self._sent = {"data": data, "layout": {"template": _template(pio.templates.default)} | layout}

    def __getattribute__(self, name: str) -> Any:
        """Validate when somebody looks inside."""
        if name in ("data", "layout"):
            return getattr(go.Figure(self._sent), name)
        return super().__getattribute__(name)

    def to_dict(self) -> dict[str, Any]:
        """What the page draws; arrays in Plotly's binary form."""
        return {
            "data": [{key: _packed(value) for key, value in trace.items()} for trace in self._sent["data"]],
            "layout": self._sent["layout"],
        }


@cache
def _template(name: str) -> dict[str, Any]:
    """Look shared by all charts, as the page's framework has set it."""
    look: dict[str, Any] = pio.templates[name].to_plotly_json()
    return look


def _packed(value: Any) -> Any:
    """Array of numbers as Plotly's typed array: type, bytes, shape."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        return value
    small = value.astype(np.float64) if value.dtype.itemsize == 8 else value
    packed = {
        "dtype": f"{small.dtype.kind}{small.dtype.itemsize}",
        "bdata": b64encode(small.tobytes()).decode(),
    }
    return packed if small.ndim == 1 else packed | {"shape": ", ".join(map(str, small.shape))}


def figure(height: int, data: list[Trace], x: Axis, y: Axis, **layout: Any) -> go.Figure:
    """Put a chart together with what all charts share."""
    shared = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hovermode": "closest",
        "showlegend": False,
        "xaxis": x | {"automargin": True},
        "yaxis": y | {"automargin": True},
    }
    return Chart(data, shared | layout)


def as_text(words: str) -> str:
    """Words that somebody else chose, as a chart shows them: Plotly reads some tags in every text.

    >>> as_text('<b>x</b> & co')
    '&lt;b&gt;x&lt;/b&gt; &amp; co'
    """
    return escape(words, quote=False)


def title(text: str) -> dict[str, str]:
    """Title of an axis."""
    return {"text": text}


def log_ticks(lines: Sequence[np.ndarray], symbol: str) -> Axis:
    """Ticks at 1, 2 and 5 of every decade that the lines cross, written as plain numbers."""
    values = np.concatenate([np.asarray(line, dtype=float) for line in lines])
    low, high = math.floor(math.log10(values.min())), math.ceil(math.log10(values.max()))
    steps = (1, 2, 5) if high - low <= 2 else (1,)
    ticks = [step * 10.0**power for power in range(low, high + 1) for step in steps]
    return {"tickvals": ticks, "ticktext": [symbol + number(tick) for tick in ticks]}
