"""Bills as ranges, where sums do not tell on which side of a price list's lengths some requests lie."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from breakeven.apis.workloads import PricedOffer, PricedWorkload


def in_range(longer: PricedWorkload, shorter: PricedWorkload) -> PricedWorkload:
    """Say how far the bills of a workload reach.

    Parameters
    ----------
    longer
        With every doubtful request in its highest class: what is shown.
    shorter
        The same with every one in its lowest.
    """
    others = {one.offer.api_offer_id: one for one in shorter.offers}
    offers = tuple(_ranged(one, others.get(one.offer.api_offer_id)) for one in longer.offers)
    notes = [*longer.notes]
    if longer.list_usd != shorter.list_usd and longer.list_usd is not None and shorter.list_usd is not None:
        notes.append(f"The list price of the models used is {_between(shorter.list_usd, longer.list_usd)}.")
    lists = {row.model: row.list_usd for row in shorter.models}
    for row in longer.models:
        other = lists.get(row.model)
        if row.list_usd is not None and other is not None and row.list_usd != other:
            notes.append(f"{row.model}: {_between(other, row.list_usd)} at its list price.")
    return replace(longer, offers=offers, notes=tuple(notes))


def _ranged(one: PricedOffer, other: PricedOffer | None) -> PricedOffer:
    if other is None or (one.usd, one.requests_not_served) == (other.usd, other.requests_not_served):
        return one
    said = f"The sums do not tell all lengths at which it changes: {_between(other.usd, one.usd)}"
    if one.requests_not_served != other.requests_not_served:
        said += (
            f", and {other.requests_not_served:,} to {one.requests_not_served:,} requests are longer than "
            "its context"
        )
    return replace(one, notes=(*one.notes, f"{said}."))


def _between(one: Decimal, other: Decimal) -> str:
    low, high = sorted((one, other))
    return f"between ${low:,.2f} and ${high:,.2f}"
