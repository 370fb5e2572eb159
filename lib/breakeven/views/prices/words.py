"""What every table of the Prices page says about a row: how fresh it is and where it can be checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from breakeven.question.parts import Shape
from breakeven.tables.records import Source
from breakeven.words.numbers import Money, count, rounded

Row = Mapping[str, Any]
Sources = Mapping[str, Source]

OLD_DAYS = 90
"""A price read longer ago than this is called old."""


def freshness(read: date, day: date, *, starts: date | None = None, doubt: str | None = None) -> str:
    """Say how fresh a row is, seen from a day.

    >>> freshness(date(2026, 11, 10), date(2026, 11, 21))
    'read 11 days before'
    >>> freshness(date(2026, 8, 23), date(2026, 11, 21)), freshness(date(2026, 8, 22), date(2026, 11, 21))
    ('read 90 days before', 'old: read 91 days before')
    >>> freshness(date(2026, 11, 10), date(2026, 11, 21), starts=date(2027, 1, 1))
    'announced: holds from 2027-01-01'
    >>> freshness(date(2026, 11, 10), date(2024, 1, 1), doubt="unverified")
    'unverified; read later, on 2026-11-10'
    """
    if starts is not None and starts > day:
        return f"announced: holds from {starts}"
    age = (day - read).days
    if age < 0:
        text = f"read later, on {read}"
    elif age == 0:
        text = "read that day"
    else:
        text = f"{'old: ' if age > OLD_DAYS else ''}read {count(age, 'day')} before"
    return f"{doubt}; {text}" if doubt else text


def links(source_id: str, locator: str, sources: Sources) -> dict[str, Any]:
    """Where a row can be checked."""
    source = sources.get(source_id)
    return {
        "Source": source.address if source else None,
        "Where in it": locator,
        "Title of the source": source.title if source else source_id,
    }


def listed(usd: Any, money: Money) -> float | None:
    """Write a listed price, exact but for the currency."""
    return None if usd is None else rounded(float(usd) * money.rate, 6)


def mixed_usd(input_usd: float, output_usd: float, shape: Shape) -> float:
    """Price of a million tokens at a shape, cached input left aside. [USD per 1e6 tokens]"""
    total = shape.prompt_tokens + shape.completion_tokens
    return (input_usd * shape.prompt_tokens + output_usd * shape.completion_tokens) / total


def matching(frame: pd.DataFrame, search: str | None, *columns: str) -> pd.DataFrame:
    """Rows that hold every word of a search in some columns; words are plain text."""
    text = frame[list(columns)].astype(str).agg(" ".join, axis=1).str.lower()
    for word in (search or "").lower().split():
        keep = text.str.contains(word, regex=False)
        frame, text = frame[keep], text[keep]
    return frame
