"""What an hour of one GPU costs, from the offers in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN
from breakeven.tables.records import GpuOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuPrice:
    """Price of one GPU-hour and where it comes from."""

    usd_per_gpu_hour: float
    offer: GpuOffer
    """The offer itself, or the middle one where the price is a median."""
    n_offers: int
    cheapest_usd: float
    dearest_usd: float


def gpu_price(offers: Sequence[GpuOffer], *, gpu_id: str, price_type: str, choice: str) -> GpuPrice | None:
    """Price one GPU from the offers in force: the median, the cheapest, the dearest, or one by id.

    One provider counts once, with its lowest price, so that a provider with many
    regions does not outvote the others. Flagged offers only count when named.
    With an even number of providers the lower middle one is taken, so that the
    price is one that somebody asks.
    """
    if choice not in (MEDIAN, CHEAPEST, DEAREST):
        offer = next((o for o in offers if o.gpu_offer_id == choice and o.gpu_id == gpu_id), None)
        if offer is None:
            return None
        usd = offer.usd_per_gpu_hour
        return GpuPrice(usd_per_gpu_hour=usd, offer=offer, n_offers=1, cheapest_usd=usd, dearest_usd=usd)
    best: dict[str, GpuOffer] = {}
    for offer in offers:
        if offer.gpu_id == gpu_id and offer.price_type == price_type and not offer.flag:
            known = best.get(offer.provider)
            if known is None or offer.usd_per_gpu_hour < known.usd_per_gpu_hour:
                best[offer.provider] = offer
    if not best:
        return None
    by_price = sorted(best.values(), key=lambda o: (o.usd_per_gpu_hour, o.gpu_offer_id))
    prices = [o.usd_per_gpu_hour for o in by_price]
    index = {MEDIAN: prices.index(median_low(prices)), CHEAPEST: 0, DEAREST: len(prices) - 1}[choice]
    return GpuPrice(
        usd_per_gpu_hour=prices[index],
        offer=by_price[index],
        n_offers=len(by_price),
        cheapest_usd=prices[0],
        dearest_usd=prices[-1],
    )
