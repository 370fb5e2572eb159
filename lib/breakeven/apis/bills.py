"""Bills of groups of requests on API offers: every meter, processing and region at the price of one day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.tables import queries
from breakeven.tables.exports import Processing
from breakeven.tables.meters import Meter
from breakeven.usage.sql import Edges
from breakeven.usage.sums import Tokens
from breakeven.words.numbers import compact, count

_MILLION = Decimal(1_000_000)
_ANY_CONTEXT = 2**62
_OUTPUTS = (Meter.AUDIO_OUTPUT, Meter.IMAGE_OUTPUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Groups of requests on one offer. [USD, requests, tokens]"""

    prompt: Decimal
    """Prompt tokens of every kind, fees per request and searches. [USD]"""
    completion: Decimal
    served: int
    not_served: int
    tokens_not_served: int
    as_standard: int
    """Requests that asked for another processing, which has no price: billed as standard."""
    ended_on: date | None
    """The offer had ended by the day: billed at its last price."""
    without_price: Mapping[str, int] = field(default_factory=dict)
    """Amounts of what had no price of its own, by meter, and were billed as something else."""

    @property
    def usd(self) -> Decimal:
        """The whole bill. [USD]"""
        return self.prompt + self.completion


_AS = {
    "cache_read": ("tokens read from a cache", "are priced as input"),
    "cache_write_5m": ("cache writes", "are priced as input"),
    "cache_write_1h": ("cache writes for an hour", "are priced as shorter ones or as input"),
    "output": ("output tokens", "cost nothing here"),
    Meter.AUDIO_INPUT: ("input tokens of audio", "are priced as text"),
    Meter.AUDIO_CACHE_READ: ("tokens of audio read from a cache", "are priced as not cached"),
    Meter.AUDIO_OUTPUT: ("output tokens of audio", "are priced as text"),
    Meter.IMAGE_INPUT: ("input tokens of images", "are priced as text"),
    Meter.IMAGE_CACHE_READ: ("tokens of images read from a cache", "are priced as not cached"),
    Meter.IMAGE_OUTPUT: ("output tokens of images", "are priced as text"),
    Meter.WEB_SEARCH: ("web searches", "are left out"),
}
"""What has no price, and what becomes of it, in words."""


def without_price(bill: Bill, processings: Sequence[Processing] = ()) -> tuple[str, ...]:
    """One clause for everything that was needed and had no price, and what was done about it.

    Parameters
    ----------
    bill
        From :func:`bills_of`.
    processings
        What the requests asked for, to name what has no price.

    Examples
    --------
    >>> bill = Bill(prompt=Decimal(1), completion=Decimal(0), served=1, not_served=0, tokens_not_served=0,
    ...             as_standard=0, ended_on=None, without_price={"cache_write_5m": 3_700_000})
    >>> without_price(bill)
    ('3.7M cache writes are priced as input: no price known',)
    """
    said = []
    if bill.as_standard:
        asked = ", ".join(sorted({str(p) for p in processings if p is not Processing.STANDARD}))
        kind = f"{asked} processing" if asked else "their processing"
        said.append(f"{count(bill.as_standard, 'request')} priced as standard: no price of {kind} known")
    for meter, amount in bill.without_price.items():
        if amount:
            what, instead = _AS[meter]
            said.append(f"{compact(amount)} {what} {instead}: no price known")
    return tuple(said)


def group_of(
    key: int,
    offer: str | None,
    *,
    tier: int,
    context: int,
    edges: Edges,
    tokens: Tokens,
    processing: Processing = Processing.STANDARD,
    extras: Mapping[Meter, int] | None = None,
    region: str = "",
    factor: Decimal = Decimal(1),
) -> dict[str, Any]:
    """One group of requests as :func:`bills_of` takes it.

    Parameters
    ----------
    key
        Number that the bill comes back under.
    offer
        Bill on this offer only, at its last price where it has ended; None: on every offer in force.
    tier
        Thresholds of ``edges.tiers`` that the prompt of each request exceeds.
    context
        Sizes of ``edges.contexts`` that each request exceeds; -1: serve them whatever their length.
    tokens
        Sums of tokens of text.
    processing
        What the requests asked for; an offer without a price for it bills them as standard.
    extras
        Tokens of audio and images, searches; beside ``tokens`` and not inside them.
    region
        Where they had to be served, as the usage report says; empty or unknown: anywhere.
    factor
        Multiple of the prices per token (:class:`breakeven.tables.names.Resolution`); 0: free.
    """
    needs = 0 if context < 0 else edges.contexts[context] if context < len(edges.contexts) else _ANY_CONTEXT
    return {
        "key": key,
        "offer": offer,
        "processing": str(processing),
        "region": region.lower(),
        "factor_e4": int(factor * 10_000),
        "prompt_tokens": edges.tiers[tier - 1] + 1 if tier else 0,
        "needs_context": needs,
        "requests": tokens.requests,
        "uncached": tokens.input_uncached,
        "cache_read": tokens.cache_read,
        "cache_write_5m": tokens.cache_write_5m,
        "cache_write_1h": tokens.cache_write_1h,
        "output": tokens.output,
        "extras": {str(meter): amount for meter, amount in (extras or {}).items() if amount},
    }


AT_ONCE = 2_000
"""Groups that are billed by one statement."""
_KEYS = ("key", "offer", "processing", "region", "factor_e4", "prompt_tokens", "needs_context")


def bills_of(
    connection: DuckDBPyConnection, day: date, groups: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, int], Bill]:
    """Bills by offer and key of the groups, at the prices of a day."""
    bills: dict[tuple[str, int], Bill] = {}
    for part in _parts(groups):
        bills |= _bills_of(connection, day, part)
    return bills


def _parts(groups: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The groups some thousands at a time, those of one key together: as one value they take 40 kB each."""
    if len(groups) <= AT_ONCE:
        yield from [groups] if groups else []
        return
    part: list[Mapping[str, Any]] = []
    for _, one in groupby(sorted(groups, key=itemgetter("key")), key=itemgetter("key")):
        part += one
        if len(part) >= AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _bills_of(
    connection: DuckDBPyConnection, day: date, groups: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, int], Bill]:
    """Bills of some groups."""
    plain = [{name: value for name, value in group.items() if name != "extras"} for group in groups]
    rows = connection.cursor().execute(_statement("price_groups"), {"day": day, "groups": plain}).fetchall()
    bills = {(row[0], row[1]): _bill(row[2:]) for row in rows}
    extras = [
        {**{name: group[name] for name in _KEYS}, "meter": meter, "amount": amount}
        for group in groups
        for meter, amount in group["extras"].items()
    ]
    if extras:
        rows = (
            connection.cursor().execute(_statement("price_extras"), {"day": day, "groups": extras}).fetchall()
        )
        # In one order whatever the database gives: what has no price is said in it.
        for offer, key, meter, microusd, lacking in sorted(rows, key=lambda row: (row[0], row[1], row[2])):
            bill, usd = bills[offer, key], microusd / _MILLION
            part = "completion" if meter in _OUTPUTS else "prompt"
            missing = {**bill.without_price, meter: int(lacking)} if lacking else bill.without_price
            bills[offer, key] = replace(bill, **{part: getattr(bill, part) + usd, "without_price": missing})
    return bills


def _bill(row: Sequence[Any]) -> Bill:
    prompt, completion, fee, served, not_served, tokens, as_standard, ended_on, *lacking = row
    names = ("cache_read", "cache_write_5m", "cache_write_1h", "output")
    return Bill(
        prompt=prompt / _MILLION + fee,
        completion=completion / _MILLION,
        served=int(served),
        not_served=int(not_served),
        tokens_not_served=int(tokens),
        as_standard=int(as_standard),
        ended_on=ended_on,
        without_price={name: int(amount) for name, amount in zip(names, lacking, strict=True) if amount},
    )


@cache
def _statement(name: str) -> str:
    folder = Path(__file__).parent
    text = "".join((folder / f"{part}.sql").read_text(encoding="utf-8") for part in ("price_offers", name))
    return queries.with_billed(text)
