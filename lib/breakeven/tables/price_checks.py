"""What the prices of one offer must be among themselves and beside its family's; exceptions are explained.

Each rule looks at the newest prices of an offer. A row of ``price_exceptions`` says why an offer breaks one;
a row that nothing needs is itself a fault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

from breakeven.tables.catalogue_rules import CatalogueRules, rules_of_sheet
from breakeven.tables.sheet import Problem, Sheet, shown

Row = Mapping[str, str | None]
Tiers = dict[int, Row]
"""Rows of one offer and processing in their newest period, by threshold."""

PRICES = "api_prices"
EXCEPTIONS = "price_exceptions"
_HEADLINE = ("input_usd_per_mtok", "output_usd_per_mtok")
_READ = "cache_read_usd_per_mtok"
_WRITE = "cache_write_5m_usd_per_mtok"


class PriceRule(StrEnum):
    """What an offer may break with a reason."""

    FAMILY = "family"
    """A dated name charges what its family charges."""
    CACHE = "cache"
    """Reading a cache costs no more than reading the prompt; who bills writes has a price for them."""
    TIER = "tier"
    """Long requests have a price for everything that short ones have one for, and no lower one."""


def price_faults(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    """Every broken rule that no exception explains, and every exception that explains nothing."""
    today = max(str(day) for (day,) in sheets["sources"].keys(("accessed",)))
    offers = _newest(sheets[PRICES], today)
    rules = rules_of_sheet(sheets["catalogue_rules"])
    excused = {(row["rule"], row["api_offer_id"]): line for line, row in sheets[EXCEPTIONS].records()}
    needed = set()
    for offer, processings in offers.items():
        faults = [
            *((PriceRule.FAMILY, words) for words in _family(offer, processings, offers, rules)),
            *((PriceRule.CACHE, words) for words in _cache(processings, rules)),
            *((PriceRule.TIER, words) for words in _tiers(processings)),
        ]
        for rule, words in faults:
            key = next((key for key in excused if key[0] == rule and _fits(offer, str(key[1]))), None)
            needed.add(key)
            if key is None:
                reason = f"{shown(offer)} {words}; mend it or explain it in {EXCEPTIONS}.csv"
                yield Problem(PRICES, 1, str(rule), reason)
    for key in excused.keys() - needed:
        reason = f"{shown(key[1])} keeps the rule {shown(key[0])}, so that nothing is to be explained"
        yield Problem(sheets[EXCEPTIONS].file, excused[key], "api_offer_id", reason)


def _fits(offer: str, excused: str) -> bool:
    """Whether an exception speaks of an offer, or of all that begin so."""
    return offer.startswith(excused[:-1]) if excused.endswith("*") else offer == excused


def _newest(sheet: Sheet, today: str) -> dict[str, dict[str, Tiers]]:
    """By offer and processing the rows of the latest first day; ``valid_to`` only where it is past."""
    periods: dict[str, dict[str, dict[str, Tiers]]] = defaultdict(lambda: defaultdict(dict))
    for _, row in sheet.records():
        periods[str(row["api_offer_id"])][str(row["processing"])].setdefault(str(row["valid_from"]), {})[
            int(str(row["tier_above_tokens"]))
        ] = row if str(row["valid_to"] or "9999") <= today else {**row, "valid_to": None}
    return {
        offer: {processing: days[max(days)] for processing, days in processings.items()}
        for offer, processings in periods.items()
    }


def _price(row: Row, column: str) -> Decimal | None:
    return None if row[column] is None else Decimal(str(row[column]))


def _family(
    offer: str, own: Mapping[str, Tiers], offers: Mapping[str, Mapping[str, Tiers]], rules: CatalogueRules
) -> Iterator[str]:
    """Where a dated name and its family have two prices on the same newest day."""
    provider, _, model = offer.partition("/")
    stem = rules.family(model)
    family = offers.get(f"{provider}/{stem}") or offers.get(f"{provider}/{stem}-0")
    if stem == model or family is None:
        return
    for processing in family:
        if processing not in own:
            if own["standard"][0]["valid_to"] is None:
                yield f"has no {processing} price, but its family {stem} has"
            continue
        one, other = own[processing], family[processing]
        if one[0]["valid_to"] is not None or other[0]["valid_to"] is not None:
            continue
        if one.keys() != other.keys():
            yield f"is billed by length otherwise than its family {stem}, as {processing}"
            continue
        for above, row in one.items():
            columns = [column for column in row if "_usd_per_" in column or column == "usd_per_request"]
            apart = [c for c in columns if _price(row, c) != _price(other[above], c) and other[above][c]]
            if apart:
                told = ", ".join(f"{c} {row[c] or 'none'} for {other[above][c]}" for c in apart)
                yield f"differs from its family {stem}, as {processing} above {above} tokens: {told}"


def _cache(own: Mapping[str, Tiers], rules: CatalogueRules) -> Iterator[str]:
    for processing, tiers in own.items():
        for above, row in tiers.items():
            full, read, write = (_price(row, column) for column in (_HEADLINE[0], _READ, _WRITE))
            if full is None or read is None:
                continue
            where = f"as {processing} above {above} tokens"
            if read > full:
                yield f"charges {read} for reading a cache and {full} for the prompt, {where}"
            billed = rules.multiples(str(row["api_model"])) is not None
            if billed and write is None and row["valid_to"] is None:
                yield f"has a price for reading a cache and none for writing it, {where}"
            if billed and write is not None and write < full:
                yield f"charges {write} for writing a cache and {full} for the prompt, {where}"


def _tiers(own: Mapping[str, Tiers]) -> Iterator[str]:
    for processing, tiers in own.items():
        for above in sorted(tiers)[1:]:
            base, row = tiers[0], tiers[above]
            lost = [c for c in base if "_usd_per_" in c and base[c] is not None and row[c] is None]
            if lost:
                yield f"has no {', '.join(lost)} above {above} tokens, as {processing}"
            for column in _HEADLINE:
                short, long = _price(base, column), _price(row, column)
                if short is not None and long is not None and long < short:
                    yield f"charges {long} above {above} tokens and {short} below ({column}), as {processing}"
