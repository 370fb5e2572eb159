"""One model's prices from several catalogues, put together meter by meter.

A catalogue of releases knows ``claude-sonnet-4-5-20250929`` by its price for input and output; the price
package knows ``claude-sonnet-4-5`` with writes to the cache, long requests, batch and service tiers. A name
with a date keeps to its family: where both agree on what both say, the name gets what it lacks, and
``meter_sources`` says from where. Where they disagree nothing is taken, and ``breakeven data check`` asks
for a reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from genai_prices.types import Provider

from breakeven.tables.catalogue_rules import CatalogueRules
from breakeven.tables.meters import Meter

Row = dict[str, Any]
Periods = dict[date, list[Row]]
"""Rows of one offer and processing by first day, in order of time; the base tier first."""

HEADLINE = ("input_usd_per_mtok", "output_usd_per_mtok")
CACHE = ("cache_read_usd_per_mtok", "cache_write_5m_usd_per_mtok", "cache_write_1h_usd_per_mtok")
OTHERS = (
    *CACHE,
    "usd_per_request",
    *(meter.column for meter in Meter),
)
AS = "as "
"""Beginning of the locator of a row that an offer has from its family."""
_IDENTITY = ("api_offer_id", "provider", "api_model", "name", "reseller", "deprecated")


def family_of(
    provider: str,
    api_model: str,
    known: Mapping[str, Any],
    rules: CatalogueRules,
    packages: Mapping[str, Provider],
) -> str | None:
    """The offer that a name is an issue of, at the same provider or its twin; None where there is none.

    Parameters
    ----------
    known
        Offers by id.
    packages
        The price package's providers, whose rules for names tell some issues.
    """
    stem = rules.family(api_model)
    for host in (provider, rules.twins.get(provider)):
        if host is None:
            continue
        package = packages.get(host)
        model = package.find_model(api_model) if package else None
        names = [stem, f"{stem}-latest"]
        if model is not None and rules.family(model.id).removesuffix("-latest") in (stem, f"{stem}-0"):
            names.insert(0, model.id)
        for name in names:
            offer = f"{host}/{name}"
            if offer in known and offer != f"{provider}/{api_model}":
                return offer
    return None


def with_families(rows: Sequence[Row], rules: CatalogueRules, providers: Sequence[Provider]) -> list[Row]:
    """Give the offers that only the history knows what their family has beside their own prices."""
    packages = {provider.id: provider for provider in providers}
    own = {f"{provider.id}/{model.id}" for provider in providers for model in provider.models}
    offers: dict[str, dict[str, Periods]] = defaultdict(lambda: defaultdict(dict))
    for row in sorted(rows, key=lambda r: (r["valid_from"], r["tier_above_tokens"])):
        periods = offers[row["api_offer_id"]][row["processing"]]
        periods.setdefault(row["valid_from"], []).append(row)
    # Families first: what is itself filled from a twin may be one.
    for offer in sorted(offers.keys() - own, key=len):
        first = next(iter(next(iter(offers[offer].values())).values()))[0]
        family = family_of(first["provider"], first["api_model"], offers, rules, packages)
        if family is not None:
            offers[offer] = _filled(offers[offer], offers[family], family)
        for processing, periods in offers[offer].items():
            made = {
                day: [_with_multiples(row, rules) for row in same_day] for day, same_day in periods.items()
            }
            offers[offer][processing] = _without_repeats(made)
    return [
        row
        for processings in offers.values()
        for periods in processings.values()
        for same_day in periods.values()
        for row in same_day
    ]


def _with_multiples(row: Row, rules: CatalogueRules) -> Row:
    """Prices of the cache by the maker's own rule, where a catalogue has none for writing it.

    The catalogues of releases copy the standard price of reading into batch rows, so of those it is set, too.
    """
    multiples = rules.multiples(row["api_model"])
    full, read, write = row["input_usd_per_mtok"], row[CACHE[0]], row[CACHE[1]]
    if multiples is None or row["reseller"] or not full or read is None or write is not None:
        return row
    if row["processing"] == "standard" and read != full * multiples[0]:
        return row  # not the maker's scheme
    taken = dict(zip(CACHE, (full * multiple for multiple in multiples), strict=True))
    origin = "multiples of the input price (catalogue_rules)"
    told = [
        row["meter_sources"],
        *(f"{column} = {origin}" for column in taken if taken[column] != row[column]),
    ]
    return {**row, **taken, "meter_sources": "; ".join(filter(None, told))}


def _filled(own: dict[str, Periods], family: dict[str, Periods], name: str) -> dict[str, Periods]:
    """All prices of an offer, with those of its family where it has none."""
    standard = _standard(own["standard"], family.get("standard", {}), name)
    filled = {"standard": standard}
    for processing in own.keys() | family.keys() - {"standard"}:
        if processing != "standard":
            found = _beside(own, standard, family, processing, name)
            if found:
                filled[processing] = found
    return filled


def _standard(own: Periods, family: Periods, name: str) -> Periods:
    filled: Periods = {}
    days = list(own)
    for place, (day, rows) in enumerate(own.items()):
        end = min(filter(None, [*days[place + 1 : place + 2], rows[0]["valid_to"]]), default=date.max)
        changes = [change for change in family if day < change < end]
        for cut in (day, *changes):
            beside = _in_force(family, cut) or next(iter(family.values()), None)
            if beside and _agree(rows[0], beside[0]):
                made = list(_with_meters(rows, beside, cut, name))
            elif cut == day:
                made = rows
            else:
                continue
            last = next(reversed(filled.values()), None)
            if last and _charges(last) == _charges(made):
                for row in last:
                    row["valid_to"] = made[0]["valid_to"]
            else:
                filled[cut] = made
    return filled


def _with_meters(own: Sequence[Row], family: Sequence[Row], day: date, name: str) -> Iterator[Row]:
    """Rows of an offer on a day: its own base, its family's other meters and tiers."""
    base = own[0]
    taken = {c: family[0][c] for c in OTHERS if base[c] is None and family[0][c] is not None}
    origin = f"{family[0]['source_id']} ({name})"
    sources = "; ".join(f"{column} = {origin}" for column in taken)
    context = base["context_tokens"] or family[0]["context_tokens"]
    yield {
        **base, **taken, "valid_from": day, "meter_sources": sources or None, "context_tokens": context,
    }  # fmt: skip
    for tier in family[1:] or own[1:]:  # a list has fewer prices of long requests than the family
        issue = _as_issue(tier, base, day, name)
        yield {**issue, **{c: price for c, price in taken.items() if issue[c] is None}}


def _as_issue(row: Row, base: Row, day: date, name: str) -> Row:
    """A row of a family under the name of one of its issues."""
    locator = (
        row["locator"] if row["api_offer_id"] == base["api_offer_id"] else f"{AS}{name}: {row['locator']}"
    )
    kind = base["valid_from_kind"] if day == base["valid_from"] else row["valid_from_kind"]
    return {
        **row, **{column: base[column] for column in _IDENTITY}, "valid_from": day, "valid_from_kind": kind,
        "valid_to": base["valid_to"], "flag": base["flag"], "locator": locator,
        "context_tokens": base["context_tokens"] or row["context_tokens"],
    }  # fmt: skip


def _beside(
    own: dict[str, Periods], standard: Periods, family: dict[str, Periods], processing: str, name: str
) -> Periods:
    """Prices of one processing: the offer's own until its family has some, then the family's."""
    last = next(reversed(standard.values()))[0]
    first = next(iter(standard))
    taken: Periods = {}
    for day, rows in family.get(processing, {}).items():
        start = max(day, first)
        base, beside = _in_force(standard, start), _in_force(family["standard"], start)
        if last["valid_to"] and start >= last["valid_to"]:
            continue
        if base and beside and all(base[0][column] == beside[0][column] for column in HEADLINE):
            taken[start] = [
                _as_issue(row, {**base[0], "valid_to": last["valid_to"]}, start, name) for row in rows
            ]
    until = min(taken, default=date.max)
    before: Periods = {}
    for day, rows in own.get(processing, {}).items():
        if day < until:
            ends = rows[0]["valid_to"]
            before[day] = [{**row, "valid_to": None if ends and ends >= until else ends} for row in rows]
    return _without_repeats(before | taken)


def _without_repeats(periods: Periods) -> Periods:
    """Periods in order of time, none of which only repeats the one before."""
    kept: Periods = {}
    for day, rows in periods.items():
        last = next(reversed(kept), None)
        if last and kept[last][0]["valid_to"] is None and _charges(kept[last]) == _charges(rows):
            kept[last] = [{**row, "valid_to": rows[0]["valid_to"]} for row in kept[last]]
        else:
            kept[day] = rows
    return kept


def _in_force(periods: Periods, day: date) -> list[Row] | None:
    """Rows of the latest first day, none where that price has ended."""
    known = [first for first in periods if first <= day]
    rows = periods[max(known)] if known else None
    return rows if rows and (rows[0]["valid_to"] is None or day < rows[0]["valid_to"]) else None


def _agree(own: Row, family: Row) -> bool:
    """Whether a family says nothing else of what an offer has a price for."""
    return all(own[column] == family[column] for column in HEADLINE) and all(
        own[column] == family[column] for column in OTHERS if None not in (own[column], family[column])
    )


def _charges(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    return [(row["tier_above_tokens"], row["flag"], *(row[c] for c in (*HEADLINE, *OTHERS))) for row in rows]
