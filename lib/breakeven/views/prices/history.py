"""API prices over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from breakeven.views.prices.words import Row, Sources, freshness, links, listed
from breakeven.words.numbers import Money, times

_DAY_KINDS = {
    "dated": "dated by the catalogue",
    "first-seen": "first seen in a release",
    "catalogue": "day of the catalogue; the start is not known",
    "published": "published",
    "collected": "collected that day",
    "commit": "committed that day",
    "approximate": "about that day",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One price over time, as steps."""

    label: str
    days: tuple[date, ...]
    usd: tuple[float | None, ...]
    """Price from that day on; None: not offered."""
    kinds: tuple[str, ...]
    """How each day is known."""


def price_lines(rows: Sequence[Row], meter: str, day: date) -> list[Line]:
    """Steps of one meter for each offer, up to the day and through what is announced."""
    lines = []
    by_offer: dict[str, list[Row]] = {}
    for row in rows:
        by_offer.setdefault(row["api_offer_id"], []).append(row)
    for offer, periods in by_offer.items():
        points: list[tuple[date, float | None, str]] = []
        for position, row in enumerate(periods):
            points.append((row["valid_from"], float(row[meter]), row["valid_from_kind"]))
            following = periods[position + 1]["valid_from"] if position + 1 < len(periods) else None
            ended = row["valid_to"] and row["valid_to"] <= day
            if ended and (following is None or row["valid_to"] < following):
                points.append((row["valid_to"], None, "last seen"))
        if points[-1][1] is not None and points[-1][0] < day:
            points.append((day, points[-1][1], points[-1][2]))
        lines.append(
            Line(
                label=offer,
                days=tuple(point[0] for point in points),
                usd=tuple(point[1] for point in points),
                kinds=tuple(point[2] for point in points),
            )
        )
    return lines


def history_finding(lines: Sequence[Line], word: str, day: date, money: Money) -> str:
    """Say which of the lines moved furthest since its start."""
    moves = []
    for line in lines:
        known = [
            (d, u) for d, u in zip(line.days, line.usd, strict=True) if u is not None and u > 0 and d <= day
        ]
        if len(known) > 1 and known[0][1] != known[-1][1]:
            ratio = known[-1][1] / known[0][1]
            moves.append((max(ratio, 1 / ratio), ratio, line.label, known[0], known[-1]))
    if not moves:
        return f"No {word} price of these offers is known to have moved"
    size, ratio, label, first, last = max(moves)
    return (
        f"{word.capitalize()} of {label} is {times(size)} {'dearer' if ratio > 1 else 'cheaper'} than in "
        f"{first[0]:%Y-%m}: {money.amount(first[1])} then, {money.amount(last[1])} now"
    )


def periods_frame(rows: Sequence[Row], sources: Sources, day: date, money: Money) -> pd.DataFrame:
    """The rows behind the history charts."""
    return pd.DataFrame(
        [
            {
                "Offer": row["api_offer_id"],
                "From": row["valid_from"],
                "To": row["valid_to"],
                "Input": listed(row["input_usd_per_mtok"], money),
                "Output": listed(row["output_usd_per_mtok"], money),
                "Day known by": _DAY_KINDS.get(row["valid_from_kind"], row["valid_from_kind"]),
                "Freshness": freshness(row["as_of"], day, starts=row["valid_from"]),
                "Remarks": row["notes"],
                **links(row["source_id"], row["locator"], sources),
            }
            for row in rows
        ]
    )
