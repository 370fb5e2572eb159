"""What stands in a figure's JSON: packed arrays, one value for all marks or a list of them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

Values = list[Any]
Json = Mapping[str, Any]


class UnknownMark(ValueError):
    """A figure has something that is not drawn here."""


def unpacked(value: Any) -> Any:
    """Take apart what Plotly packs: numbers in base64, with their type and shape."""
    if isinstance(value, Mapping) and "bdata" in value:
        found = np.frombuffer(b64decode(value["bdata"]), dtype=np.dtype(value["dtype"]))
        shape = [int(n) for n in str(value.get("shape", "")).split(",") if n.strip()]
        return (found.reshape(shape) if shape else found).tolist()
    if isinstance(value, Mapping):
        return {key: unpacked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [unpacked(one) for one in value]
    return value


def each(value: Any, n: int, default: Any = None) -> Values:
    """One value for each of n marks."""
    if isinstance(value, list):
        return value[:n] + [default] * (n - len(value))
    return [default if value is None else value] * n


def day_number(text: str) -> float:
    """A moment as days since 1970, the unit of date axes. [days]

    >>> day_number("1970-01-02"), day_number("1970-01-02 12:00")
    (1.0, 1.5)
    """
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.timestamp() / 86400
