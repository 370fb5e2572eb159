"""Refreshed API prices beside the tables: one dated file with the columns of ``api_prices``.

``data/api_prices_snapshot_2026-12-01.csv`` holds every price of every offer, older ones included, as known
on that day. The newest file stands in for the installed catalogue where it is newer than that; the same
file comes from the Prices page's download of ``api_prices``.
"""

from __future__ import annotations

import os
import re
import secrets
from datetime import date
from pathlib import Path

from breakeven.tables.sheet import Sheet

ADDRESS = "https://github.com/pydantic/genai-prices"
"""Where a reader finds the prices that a refresh fetches."""
_NAME = re.compile(r"api_prices_snapshot_(\d{4}-\d{2}-\d{2})\.csv")
_SOURCE = re.compile(r"genai-prices-(\d{4}-\d{2}-\d{2})")


def file_name(day: date) -> str:
    """Name of the file of a day.

    >>> file_name(date(2026, 12, 1))
    'api_prices_snapshot_2026-12-01.csv'
    """
    return f"api_prices_snapshot_{day}.csv"


def source_of(day: date) -> str:
    """Key in ``sources`` of the prices that were fetched on a day."""
    return f"genai-prices-{day}"


def newest_snapshot(data_dir: Path) -> tuple[date, Path] | None:
    """Day and place of the newest snapshot in a folder."""
    found = []
    for path in data_dir.glob("api_prices_snapshot_*.csv"):
        match = _NAME.fullmatch(path.name)
        day = match and _day(match[1])
        if day:
            found.append((day, path))
    return max(found, default=None)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def add_sources(sources: Sheet, snapshot: Path) -> None:
    """Add a row to the sources for each refresh that a snapshot cites.

    A snapshot is one file, so that it is either there or not; what a row of ``sources`` says about a
    refresh follows from its day.
    """
    known = {key for (key,) in sources.keys(("source_id",))}
    try:
        cited = set(_SOURCE.findall(snapshot.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return  # reading the snapshot itself says so
    for text in sorted(cited):
        key = f"genai-prices-{text}"
        if key in known or _day(text) is None:
            continue
        row = {
            "source_id": key,
            "title": f"genai-prices, price data as fetched on {text}",
            "publisher": "Pydantic",
            "address": ADDRESS,
            "licence": "MIT",
            "accessed": text,
        }
        sources.lines.append(sources.lines[-1] + 1 if sources.lines else 2)
        sources.rows.append([row[column] for column in sources.columns])


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: a reader finds the old one or the new one.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is untouched.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
