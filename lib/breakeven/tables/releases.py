"""The price map in the releases of litellm, read a release at a time: who charged what, by the day.

Every release carries the whole map. Read in the order of their days, each adds the offers that it has at
another price than the one before, or no longer has: the rows of ``data/api_prices_daily.csv``. A release
that was read before adds nothing, so reading can stop anywhere and go on later.

The keys of the map are turned into offers by the rules ``list-key`` and ``list-key-known`` of
``catalogue_rules``. Where several keys are one offer, that with the longest beginning speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from breakeven.tables.catalogue_rules import CatalogueRules

PACKAGE = "litellm"
SOURCE = "litellm-history-daily"
"""Key in ``sources``."""
MEMBER = "model_prices_and_context_window_backup.json"
"""End of the name of the map inside a wheel."""
MOST_GONE = 0.2
"""Share of the offers that may leave the list; more looks like a broken map."""
MOST_USD_PER_MTOK = 600
"""No text model cost more (o1-pro, 2025): above it somebody slipped in the unit."""
TIERS = (128, 200, 272)
"""Thousands of tokens above which the map has prices of long requests."""

PRICES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "audio_input": "input_cost_per_audio_token",
    "audio_output": "output_cost_per_audio_token",
    "batch_input": "input_cost_per_token_batches",
    "batch_output": "output_cost_per_token_batches",
    "flex_input": "input_cost_per_token_flex",
    "flex_output": "output_cost_per_token_flex",
    "priority_input": "input_cost_per_token_priority",
    "priority_output": "output_cost_per_token_priority",
}
"""Column without ``_usd_per_mtok``: the map's name, in USD per token."""
TIER_PRICES = {
    "tier_input": "input_cost_per_token",
    "tier_output": "output_cost_per_token",
    "tier_cache_read": "cache_read_input_token_cost",
    "tier_cache_write_5m": "cache_creation_input_token_cost",
}
"""The same of requests above ``tier_above_tokens``; the map's name ends in ``_above_200k_tokens``."""
MONEY = tuple(f"{name}_usd_per_mtok" for name in (*PRICES, *TIER_PRICES))
COLUMNS = (
    "provider",
    "api_model",
    "valid_from",
    "gone",
    *MONEY[: len(PRICES)],
    "tier_above_tokens",
    *MONEY[len(PRICES) :],
    "context_tokens",
    "key",
    "release",
    "source_id",
    "as_of",
)
"""Columns of ``data/api_prices_daily.csv``."""
CHARGED = ("gone", *MONEY, "tier_above_tokens")
"""What makes a row another one than the last of its offer."""
_MODES = ("chat", "responses", "completion", "embedding")
_ROUND = Decimal("1e-9")

Line = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release of the package."""

    version: str
    day: date
    """Day of its upload."""


def usd_per_mtok(value: object) -> str:
    """USD per token as USD per million tokens, without a float's noise; empty: none or no price.

    >>> usd_per_mtok(2.5e-06), usd_per_mtok("1.1e-07"), usd_per_mtok(0), usd_per_mtok(None)
    ('2.5', '0.11', '0', '')
    """
    if value is None or isinstance(value, bool):
        return ""
    try:
        price = (Decimal(str(value)) * 1_000_000).quantize(_ROUND)
    except InvalidOperation:
        return ""
    return f"{price.normalize() + 0:f}" if price >= 0 else ""


def prices_of(entry: Mapping[str, Any]) -> Line:
    """Columns of one entry of the map; empty cells for what it has no price for."""
    line = {f"{column}_usd_per_mtok": usd_per_mtok(entry.get(name)) for column, name in PRICES.items()}
    line |= dict.fromkeys(("tier_above_tokens", *MONEY[len(PRICES) :]), "")
    for thousands in TIERS:
        tier = {
            f"{column}_usd_per_mtok": usd_per_mtok(entry.get(f"{name}_above_{thousands}k_tokens"))
            for column, name in TIER_PRICES.items()
        }
        if tier["tier_input_usd_per_mtok"].strip("0") or tier["tier_output_usd_per_mtok"].strip("0"):
            line |= {"tier_above_tokens": str(thousands * 1000), **tier}
            break
    if entry.get("mode") == "embedding" and line["input_usd_per_mtok"]:
        line["output_usd_per_mtok"] = ""  # 0, or the price of the input again: an embedding has no output
    context = entry.get("max_input_tokens") or entry.get("max_tokens")
    line["context_tokens"] = str(context) if isinstance(context, int) and context > 0 else ""
    return line


def offers_in(
    entries: Mapping[str, Mapping[str, Any]], rules: CatalogueRules, known: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], tuple[str, Line]]:
    """Offers of one map, each with its key and its columns.

    Parameters
    ----------
    entries
        The map.
    known
        Names of models as our price list spells them, by provider and the name in small letters.
    """
    found: dict[tuple[str, str], tuple[int, str, Line]] = {}
    for key, entry in entries.items():
        if not isinstance(entry, Mapping) or entry.get("mode", "chat") not in _MODES:
            continue
        offer = rules.offer_of_key(str(entry.get("litellm_provider") or ""), key, known)
        if offer is None:
            continue
        line = prices_of(entry)
        headline = line["input_usd_per_mtok"], line["output_usd_per_mtok"]
        if not any(headline) or max(Decimal(price or 0) for price in headline) > MOST_USD_PER_MTOK:
            continue
        new = (offer[0], offer[1].lower()) not in known
        if new and entry.get("mode") != "embedding" and rules.not_text.search(offer[1].lower()):
            continue  # the map prices some images as if they were tokens
        length = len(key)
        if offer not in found or length > found[offer][0]:
            found[offer] = length, key, line
    return {offer: (key, line) for offer, (_, key, line) in found.items()}


def names_known(*lists: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Spelling of each model's name by provider and the name in small letters; later lists win."""
    return {(provider, name.lower()): name for names in lists for provider, name in names}


def last_lines(lines: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], Mapping[str, str]]:
    """Each offer's last row."""
    last: dict[tuple[str, str], Mapping[str, str]] = {}
    for line in sorted(lines, key=lambda line: line["valid_from"]):
        last[line["provider"], line["api_model"]] = line
    return last


def changes(
    offers: Mapping[tuple[str, str], tuple[str, Line]],
    last: dict[tuple[str, str], Mapping[str, str]],
    release: Release,
    as_of: date,
) -> Iterator[Line]:
    """Rows that one release adds; ``last`` is brought up to date."""
    day, empty = release.day.isoformat(), dict.fromkeys(COLUMNS, "")
    beside = {"release": release.version, "source_id": SOURCE, "as_of": as_of.isoformat()}
    for offer in sorted(offers.keys() | last.keys()):
        before = last.get(offer)
        if before and before["valid_from"] > day:
            continue  # a later release was read already
        identity = {"provider": offer[0], "api_model": offer[1], "valid_from": day}
        if offer in offers:
            key, prices = offers[offer]
            line = {**empty, **identity, "gone": "false", **prices, "key": key, **beside}
        elif before and before["gone"] == "false":
            line = {**empty, **identity, "gone": "true", "key": before["key"], **beside}
        else:
            continue
        if before is None or any(before[column] != line[column] for column in CHARGED):
            last[offer] = line
            yield line


def doubts(before: Iterable[Mapping[str, str]], added: Iterable[Mapping[str, str]], limit: int) -> list[str]:
    """Prices that move by more than a factor, as sentences; free ones are said by their flag."""
    added, last, found = list(added), last_lines(before), []
    alive = sum(line["gone"] == "false" for line in last.values())
    gone = sum(line["gone"] == "true" for line in added)
    if gone > MOST_GONE * alive:
        found.append(f"{gone:,} of {alive:,} offers are no longer listed")
    for line in added:
        offer = line["provider"], line["api_model"]
        for column in ("input_usd_per_mtok", "output_usd_per_mtok"):
            was, now = (Decimal(row.get(column) or 0) for row in (last.get(offer, {}), line))
            if was and now and not 1 / Decimal(limit) <= now / was <= limit:
                found.append(
                    f"{'/'.join(offer)} on {line['valid_from']}: {column} moves from ${was} to ${now}"
                )
        if line["gone"] == "false":
            last[offer] = line
    return found
