"""Flat JSON records that hold one meter each, read as the rows of a sheet that lies that way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.usage.gather.records import records
from breakeven.usage.limits import Limits

if TYPE_CHECKING:
    from breakeven.usage.gathered import Gathered

_MOST = 100_000
"""Records of such a file; longer ones are logs of something else."""


def by_meters(path: Path, name: str, folder: Path, limits: Limits) -> Gathered | None:
    """Read records such as ``{"model": …, "token_type": "input", "count": 5}``; None where they are no such.

    Raises
    ------
    Unreadable
        If they are, and no row of them can be read.
    """
    from breakeven.usage.sheets.reader import gather_sheet  # sheets read JSON in cells, by this package
    from breakeven.usage.sheets.reshape import reshaped
    from breakeven.usage.sheets.split import Sheet

    header: dict[str, None] = {}
    lines: list[tuple[int, dict[str, Any]]] = []
    for record in records(path, limits, every=True):
        for value in record.value if isinstance(record.value, list) else [record.value]:
            if not isinstance(value, dict) or len(lines) >= _MOST:
                return None
            header |= dict.fromkeys(key for key, cell in value.items() if not isinstance(cell, (dict, list)))
            lines.append((record.line, value))
    rows = [(line, [_cell(value.get(key)) for key in header]) for line, value in lines]
    sheet = Sheet(header=list(header), rows=rows)
    if len(header) < 3 or not _has_text(rows) or reshaped(sheet) is None:
        return None
    return gather_sheet(sheet, name, folder / "meters.csv", None, limits)


def _cell(value: object) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _has_text(rows: Sequence[tuple[int, Sequence[str]]]) -> bool:
    return any(any(map(str.isalpha, cell)) for _, cells in rows[:50] for cell in cells)
