"""Tables of a page as texts, written as the app's own grid writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd

from breakeven.dashboard.downloads import safe_csv
from breakeven.static.pieces import Cells

MOST_ROWS = 100
"""Rows of a table that a page holds; longer ones stand beside it as CSV."""
MISSING = "–"
"""A cell that holds nothing."""
_DECIMALS = 4
"""Decimals of the app's grid, more where a number has none of them. [-]"""


def cells_of(frame: pd.DataFrame, config: str) -> Cells:
    """A table as the app shows it.

    Parameters
    ----------
    frame
        The table; its index is shown only where the app shows it, which it does nowhere.
    config
        What the app says of its columns, as JSON by their names: label, type, hidden.
    """
    told: Mapping[str, Any] = json.loads(config) if config else {}
    names = [name for name in frame.columns if not _of(told, name).get("hidden")]
    types = [_of(told, name).get("type_config") or {} for name in names]
    columns = [
        [cell(value, kind.get("format")) for value in frame[name]]
        for name, kind in zip(names, types, strict=True)
    ]
    return Cells(
        head=tuple(str(_of(told, name).get("label") or name) for name in names),
        rows=tuple(zip(*columns, strict=True)),
        numeric=tuple(_is_numeric(frame[name]) for name in names),
        links=tuple(kind.get("type") == "link" for kind in types),
        link_text=tuple(str(kind.get("display_text") or "") for kind in types),
        whole=safe_csv(frame[names]) if len(frame) > MOST_ROWS else "",
    )


def _of(told: Mapping[str, Any], name: object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = told.get(str(name)) or {}
    return found


def _is_numeric(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not pd.api.types.is_bool_dtype(column)


def cell(value: Any, style: str | None = None) -> str:
    """One cell; ``style`` is the column's format, ``localized`` for separated thousands.

    >>> cell(0.25), cell(1234567.0), cell(1234567.0, "localized"), cell(0.00002), cell(None)
    ('0.25', '1234567', '1,234,567', '0.00002', '–')
    """
    if isinstance(value, list | tuple):
        return ", ".join(cell(one) for one in value)
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) or hasattr(value, "dtype"):
        return _number(float(value), style)
    return str(value)


def _number(value: float, style: str | None) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    decimals = 3 if style == "localized" else _DECIMALS
    if style != "localized" and 0 < abs(value) < 10**-_DECIMALS:
        decimals = -math.floor(math.log10(abs(value)))
    text = f"{value:{',' if style == 'localized' else ''}.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
