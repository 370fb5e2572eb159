"""What an hour of one GPU costs, from the offers in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median_low

from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN
from breakeven.tables.queries import NEAR_PRICE
from breakeven.tables.records import GpuOffer
from breakeven.words.ages import read_before
from breakeven.words.names import FRESH_DAYS
from breakeven.words.numbers import percent
from breakeven.words.reasons import LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuPrice:
    """Price of one GPU-hour and where it comes from."""

    usd_per_gpu_hour: float
    offer: GpuOffer
    """The offer itself, or the middle one where the price is a median."""
    n_offers: int
    cheapest_usd: float
    dearest_usd: float
    doubt: str | None = None
    """Why no default should rest on it where another GPU has a better price; None: nothing speaks against."""
    passed_over: tuple[LeftOut, ...] = ()
    """Offers that would have been taken, and why they were not."""


def gpu_price(offers: Sequence[GpuOffer], *, gpu_id: str, price_type: str, choice: str) -> GpuPrice | None:
    """Price one GPU from the offers in force: the median, the cheapest, the dearest, or one by id.

    One provider counts once, with its lowest price, so that a provider with many
    regions does not outvote the others. Flagged offers only count when named.
    With an even number of providers the lower middle one is taken, so that the
    price is one that somebody asks.

    Only offers read at most ``FRESH_DAYS`` before the day count; where none was, those of the newest
    readings do, and ``doubt`` says so. A price that is the lowest of all stands only where another provider
    asks about as much or another reading found it too; otherwise the next one is taken.
    """
    if choice not in (MEDIAN, CHEAPEST, DEAREST):
        offer = next((o for o in offers if o.gpu_offer_id == choice and o.gpu_id == gpu_id), None)
        if offer is None:
            return None
        usd = offer.usd_per_gpu_hour
        return GpuPrice(usd_per_gpu_hour=usd, offer=offer, n_offers=1, cheapest_usd=usd, dearest_usd=usd)
    by_price = _by_provider([o for o in offers if o.gpu_id == gpu_id and o.price_type == price_type])
    if not by_price:
        return None
    newest = min(by_price, key=lambda o: o.age_days)
    # Beyond the age that a default may have, the newest readings are the best there is.
    oldest = max(FRESH_DAYS, newest.age_days + FRESH_DAYS if newest.age_days > FRESH_DAYS else 0)
    fresh = [o for o in by_price if o.age_days <= oldest]
    price = _standing(fresh, choice)
    if newest.age_days > FRESH_DAYS:
        price = replace(price, doubt=_too_old(newest))
    return replace(price, passed_over=(*_stale(by_price, fresh, price), *price.passed_over))


def _by_provider(offers: Sequence[GpuOffer]) -> list[GpuOffer]:
    """The lowest unflagged offer of each provider, of two equal ones the fresher; cheapest first."""
    best: dict[str, GpuOffer] = {}
    for offer in offers:
        if not offer.flag:
            known = best.get(offer.provider)
            if known is None or _cost_and_age(offer) < _cost_and_age(known):
                best[offer.provider] = offer
    return sorted(best.values(), key=lambda o: (o.usd_per_gpu_hour, o.gpu_offer_id))


def _cost_and_age(offer: GpuOffer) -> tuple[float, int]:
    """What the better of two offers has less of."""
    return offer.usd_per_gpu_hour, offer.age_days


def _standing(offers: Sequence[GpuOffer], choice: str) -> GpuPrice:
    """The price of a list that a choice stands for; the lowest only where something confirms it.

    The cheapest that is taken instead is the next one that is confirmed, up to the middle one, which the
    lower offers themselves speak for.
    """
    prices = [offer.usd_per_gpu_hour for offer in offers]
    alone = f"no other provider within {percent(NEAR_PRICE)} and no second reading of this price"
    lone = [not _confirmed(offers, i) for i in range(len(offers))]
    middle = max(prices.index(median_low(prices)), min(1, len(offers) - 1) if lone[0] else 0)
    lowest = next((i for i in range(middle) if not lone[i]), middle)
    index = {MEDIAN: middle, CHEAPEST: lowest, DEAREST: len(offers) - 1}[choice]
    passed = offers[:index] if choice == CHEAPEST or (choice == MEDIAN and len(offers) == 2) else ()
    few = len(offers) == 1 or (len(offers) == 2 and choice != DEAREST)
    return GpuPrice(
        usd_per_gpu_hour=prices[index],
        offer=offers[index],
        n_offers=len(offers),
        cheapest_usd=prices[0],
        dearest_usd=prices[-1],
        doubt=alone if few and lone[index] else None,
        passed_over=tuple(LeftOut(what=_named(offer), why=alone) for offer in passed),
    )


def _confirmed(offers: Sequence[GpuOffer], index: int) -> bool:
    """Whether an offer of a list, one a provider, was read twice or has another near its price."""
    one = offers[index]
    return one.confirmed_on is not None or any(
        _near(other.usd_per_gpu_hour, one.usd_per_gpu_hour) for other in offers if other is not one
    )


def _near(one: float, other: float) -> bool:
    """Whether two prices are about the same."""
    return max(one, other) <= (1 + NEAR_PRICE) * min(one, other)


def _too_old(newest: GpuOffer) -> str:
    """Say that no reading is fresh."""
    return f"its newest {newest.price_type} price was {read_on(newest)}: older than {FRESH_DAYS}"


def _stale(every: Sequence[GpuOffer], fresh: Sequence[GpuOffer], price: GpuPrice) -> list[LeftOut]:
    """Offers below the price that are only left out because they were read too long ago."""
    return [
        LeftOut(what=_named(one), why=read_on(one))
        for one in every
        if one not in fresh and one.usd_per_gpu_hour < price.usd_per_gpu_hour
    ]


def read_on(offer: GpuOffer) -> str:
    """Say when an offer was read, and how long before the day that is asked for."""
    return read_before(offer.valid_from, offer.valid_from + timedelta(days=offer.age_days))


def _named(offer: GpuOffer) -> str:
    """Name an offer by who asks what."""
    return f"{offer.provider}'s ${offer.usd_per_gpu_hour:g}"
