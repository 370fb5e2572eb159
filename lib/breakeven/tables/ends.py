"""When API offers end, and what takes their place: table ``api_ends`` put upon the prices.

The price lists go on listing what its maker has ended. An offer has no price from its end on; a price that
nobody dated, read after the end, is the last one that held before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from duckdb import DuckDBPyConnection

from breakeven.tables.records import ApiEnd
from breakeven.tables.sheet import Problem, Sheet, shown

PRICES, ENDS = "api_prices", "api_ends"
_KEY = ("api_offer_id", "processing", "valid_from")
_STEPS = 8
"""Successors of successors that are followed."""


def with_ends(prices: Sheet, ends: Sheet) -> Sheet:
    """Rows of ``api_prices``, none of which holds on or after the end of its offer; numbered anew."""
    last = {str(offer): str(day) for offer, day in ends.keys(("api_offer_id", "ends_on"))}
    offers: dict[str, list[list[str | None]]] = defaultdict(list)
    place = {name: prices.columns.index(name) for name in (*_KEY, "valid_to", "valid_from_kind")}
    kept: list[list[str | None]] = []
    for row in prices.rows:
        offer = str(row[place["api_offer_id"]])
        if offer in last:
            offers[offer].append(row)
        else:
            kept.append(row)
    for offer, rows in offers.items():
        kept += _ended(rows, last[offer], place)
    order = [*(place[name] for name in _KEY), prices.columns.index("tier_above_tokens")]
    kept.sort(key=lambda row: (*(row[n] for n in (order[0], order[2], order[1])), int(str(row[order[3]]))))
    return replace(prices, lines=list(range(1, len(kept) + 1)), rows=kept)


def _ended(rows: list[list[str | None]], end: str, place: Mapping[str, int]) -> Iterator[list[str | None]]:
    """Rows of one offer before its end. ISO dates compare as text."""
    began = any(str(row[place["valid_from"]]) < end for row in rows if row[place["processing"]] == "standard")
    eve = str(date.fromisoformat(end) - timedelta(days=1))
    processings: dict[str | None, list[list[str | None]]] = defaultdict(list)
    for row in rows:
        processings[row[place["processing"]]].append(row)
    for several in processings.values():
        days = sorted({str(row[place["valid_from"]]) for row in several})
        before = [day for day in days if day < end]
        if not before and began:
            continue  # a later catalogue's word on batch, of an offer that it should not list
        for row in several:
            day = str(row[place["valid_from"]])
            if day not in (before or days[:1]):
                continue
            row = list(row)
            if not before:
                row[place["valid_from"]], row[place["valid_from_kind"]] = eve, "catalogue"
            if day == (before or days[:1])[-1]:
                row[place["valid_to"]] = min(row[place["valid_to"]] or end, end)
            elif row[place["valid_to"]] and str(row[place["valid_to"]]) > end:
                row[place["valid_to"]] = end
            yield row


def end_faults(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    """An end is that of an offer, its successor is another one, and no price was published after it."""
    offers = {key for (key,) in sheets[PRICES].keys(("api_offer_id",))}
    ends = {row["api_offer_id"]: str(row["ends_on"]) for _, row in sheets[ENDS].records()}
    for line, row in sheets[ENDS].records():
        for column in ("api_offer_id", "successor"):
            if row[column] is not None and row[column] not in offers:
                reason = f"{shown(row[column])} must be an api_offer_id of {PRICES}"
                yield Problem(sheets[ENDS].file, line, column, reason)
        if row["successor"] == row["api_offer_id"]:
            yield Problem(sheets[ENDS].file, line, "successor", f"{shown(row['successor'])} succeeds itself")
    history = sheets["api_prices_history"]
    for line, row in history.records():
        end = ends.get(f"{row['provider']}/{row['api_model']}")
        if end and row["valid_from_kind"] == "published" and str(row["valid_from"]) >= end:
            reason = f"'{row['valid_from']}' must be before {end}, the end of the offer in {ENDS}.csv"
            yield Problem(history.file, line, "valid_from", reason)


def api_ends(connection: DuckDBPyConnection) -> dict[str, ApiEnd]:
    """What is known of the ends of offers, past and announced, by offer."""
    rows = connection.cursor().execute("SELECT api_offer_id, ends_on, successor FROM api_ends").fetchall()
    return {row[0]: ApiEnd(*row) for row in rows}


def successor_on(offer: str, day: date, ends: Mapping[str, ApiEnd]) -> str | None:
    """The offer that stands for another on a day: its successor, or the successor's where that ended, too.

    >>> ends = {"a": ApiEnd("a", date(2026, 1, 1), "b"), "b": ApiEnd("b", date(2026, 2, 1), "c")}
    >>> successor_on("a", date(2026, 1, 15), ends), successor_on("a", date(2026, 3, 1), ends)
    ('b', 'c')
    """
    end = ends.get(offer)
    for _ in range(_STEPS):
        if end is None or end.successor is None:
            return None
        later = ends.get(end.successor)
        if later is None or day < later.ends_on:
            return end.successor
        end = later
    return None
