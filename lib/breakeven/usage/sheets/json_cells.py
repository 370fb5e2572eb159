"""Sheets whose usage is JSON within a cell: their rows as records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from breakeven.usage.gather import Source, gather
from breakeven.usage.gathered import Gathered
from breakeven.usage.limits import Limits
from breakeven.usage.sheets.split import Sheet
from breakeven.usage.sums import Problem
from breakeven.usage.table import shorten


def json_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Places of the columns whose cells are dictionaries that speak of tokens.

    >>> json_columns(["ts", "body"], [["1", '{"usage": {"prompt_tokens": 1}}']])
    [1]
    """
    places = []
    for place in range(len(header)):
        cells = [row[place].strip() for row in rows[:200] if place < len(row) and row[place].strip()]
        whole = [cell for cell in cells if cell[:1] == "{" and cell[-1:] == "}"]
        if len(whole) * 2 > len(cells) and any("oken" in cell or "usage" in cell for cell in whole):
            places.append(place)
    return places


def gather_cells(sheet: Sheet, name: str, folder: Path, limits: Limits) -> Gathered | None:
    """Read the rows of a sheet as JSON records, each in the line of its row; None where none has usage."""
    columns = json_columns(sheet.header, [cells for _, cells in sheet.rows])
    if not columns:
        return None
    path, at = folder / "cells.jsonl", 1
    with path.open("w", encoding="utf-8") as out:
        for line, cells in sheet.rows:
            out.write("\n" * (line - at))
            json.dump(dict(zip(sheet.header, cells, strict=True)), out, ensure_ascii=False)
            at = line
    found = gather([Source(path=path, name=name)], folder, limits)
    if found is None:
        return None
    found.decisions.insert(0, f"Column {sheet.header[columns[0]]} holds JSON, which is read for usage.")
    found.decisions[:0] = sheet.notes
    found.rejected += [
        Problem(line=line, column="", value=shorten(text.strip()), reason=reason, file=name)
        for line, text, reason in sheet.broken
    ]
    for why, lines in sheet.left_out.items():
        found.leave_out(why, lines)
    found.seen += len(sheet.broken) + sum(sheet.left_out.values())
    return found
