"""Older prices of API offers: rows of the history as periods of ``api_prices``, in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from breakeven.tables.catalogue_rules import CatalogueRules
from breakeven.tables.exports import Processing
from breakeven.tables.meters import Meter

Row = dict[str, Any]

METERS = {
    "input_mtok": "input_usd_per_mtok",
    "output_mtok": "output_usd_per_mtok",
    "cache_read_mtok": "cache_read_usd_per_mtok",
    "cache_write_mtok": "cache_write_5m_usd_per_mtok",
    "cache_write_1h_mtok": "cache_write_1h_usd_per_mtok",
    "requests_kcount": "usd_per_request",
    "input_audio_mtok": Meter.AUDIO_INPUT.column,
    "cache_audio_read_mtok": Meter.AUDIO_CACHE_READ.column,
    "output_audio_mtok": Meter.AUDIO_OUTPUT.column,
    "input_image_mtok": Meter.IMAGE_INPUT.column,
    "cache_image_read_mtok": Meter.IMAGE_CACHE_READ.column,
    "output_image_mtok": Meter.IMAGE_OUTPUT.column,
    "web_searches_kcount": Meter.WEB_SEARCH.column,
}
"""Name of a price in the package: column of ``api_prices``."""

_HEADLINE = {"input": "input_usd_per_mtok", "output": "output_usd_per_mtok"}
_CACHE = {
    "cache_read": "cache_read_usd_per_mtok",
    "cache_write_5m": "cache_write_5m_usd_per_mtok",
    "cache_write_1h": "cache_write_1h_usd_per_mtok",
}
_FURTHER = {**_CACHE, "audio_input": Meter.AUDIO_INPUT.column, "audio_output": Meter.AUDIO_OUTPUT.column}
_PROCESSINGS = (Processing.BATCH, Processing.FLEX, Processing.PRIORITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Prices of one offer and processing from one day on; one row per tier, the base first."""

    day: date | None
    kind: str
    rows: tuple[Row, ...]
    beside: tuple[Decimal | None, Decimal | None] | None = None
    """Of a batch price in the history: the standard price it was seen with."""

    def prices(self) -> tuple[tuple[Any, ...], ...]:
        """Everything that is charged, to tell whether two periods differ."""
        return tuple((row["tier_above_tokens"], *(row[m] for m in METERS.values())) for row in self.rows)

    def headline(self) -> tuple[Decimal | None, Decimal | None]:
        """Input and output price below any tier."""
        return self.rows[0]["input_usd_per_mtok"], self.rows[0]["output_usd_per_mtok"]


def history_periods(
    history: Sequence[Mapping[str, str]], rules: CatalogueRules
) -> dict[tuple[str, str], dict[str, list[Period]]]:
    """Group the history by offer and processing, in order of time, equal neighbours merged."""
    offers: dict[tuple[str, str], dict[str, list[Period]]] = {}
    for line in sorted(history, key=lambda r: (r["provider"], r["api_model"], r["valid_from"])):
        groups = offers.setdefault((line["provider"], line["api_model"]), {})
        for period in _history_line(line, rules):
            group = groups.setdefault(period.rows[0]["processing"], [])
            if (
                group
                and group[-1].prices() == period.prices()
                and group[-1].rows[0]["flag"] == period.rows[0]["flag"]
            ):
                ends = {"valid_to": period.rows[0]["valid_to"]}
                group[-1] = replace(group[-1], rows=tuple({**row, **ends} for row in group[-1].rows))
            else:
                group.append(period)
    return offers


def _history_line(line: Mapping[str, str], rules: CatalogueRules) -> Iterator[Period]:
    def money(column: str) -> Decimal | None:
        cell = line.get(f"{column}_usd_per_mtok")
        return Decimal(cell) if cell else None

    day, kind = date.fromisoformat(line["valid_from"]), line["valid_from_kind"]
    unchecked = None if line["checked"] == "true" else "as catalogued"
    standard: Row = {
        **dict.fromkeys(METERS.values()),
        "api_offer_id": f"{line['provider']}/{line['api_model']}",
        "provider": line["provider"],
        "api_model": line["api_model"],
        "name": line["api_model"],
        "valid_to": date.fromisoformat(line["valid_to"]) if line["valid_to"] else None,
        "processing": "standard",
        "tier_above_tokens": 0,
        "input_usd_per_mtok": money("input"),
        "output_usd_per_mtok": money("output"),
        **{column: money(name) for name, column in _FURTHER.items()},
        "context_tokens": int(line["context_tokens"]) if line["context_tokens"] else None,
        "reseller": rules.reseller(line["provider"], line["api_model"]),
        "deprecated": False,
        "meter_sources": None,
        "flag": line["flag"] or None,
        "notes": "; ".join(filter(None, (unchecked, line["notes"]))) or None,
        "source_id": line["source_id"],
        "locator": line["locator"],
        "as_of": date.fromisoformat(line["as_of"]),
    }
    yield Period(day=day, kind=kind, rows=(standard, *_tier(standard, line, money)))
    beside = standard["input_usd_per_mtok"], standard["output_usd_per_mtok"]
    for processing in _PROCESSINGS:
        inputs, outputs = money(f"{processing}_input"), money(f"{processing}_output")
        if inputs is None and outputs is None:
            continue
        row = {
            **standard,
            "processing": processing.value,
            "input_usd_per_mtok": standard["input_usd_per_mtok"] if inputs is None else inputs,
            "output_usd_per_mtok": standard["output_usd_per_mtok"] if outputs is None else outputs,
        }
        if processing is not Processing.BATCH:
            row |= _cache_in_proportion(standard, row)
        yield Period(day=day, kind=kind, rows=(row,), beside=beside)


def _tier(standard: Row, line: Mapping[str, str], money: Callable[[str], Decimal | None]) -> Iterator[Row]:
    """Prices of long requests; what has none of its own costs what it does below."""
    if line.get("tier_above_tokens"):
        own = {column: money(f"tier_{name}") for name, column in (*_HEADLINE.items(), *_CACHE.items())}
        known = {column: price for column, price in own.items() if price is not None}
        yield {**standard, **known, "tier_above_tokens": int(line["tier_above_tokens"])}


def _cache_in_proportion(standard: Row, row: Row) -> Row:
    """Cache prices of a processing that a list has none for: they move as the input's does."""
    full, taken = standard["input_usd_per_mtok"], {}
    for column in _CACHE.values():
        if standard[column] is not None and full:
            taken[column] = (
                (standard[column] * row["input_usd_per_mtok"] / full).quantize(Decimal("1e-9")).normalize()
            )
    told = "; ".join(f"{column} = the standard price in proportion to the input's" for column in taken)
    return {**taken, "meter_sources": told or None}
