"""What one change to the requests of a file saves: shorter answers, a cache, batch, another host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from duckdb import DuckDBPyConnection

from breakeven.apis.bills import bills_of
from breakeven.apis.workloads import PricedWorkload, beside_text, cell_groups, marked
from breakeven.tables.exports import Processing
from breakeven.tables.records import ApiOffer
from breakeven.usage.sums import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one change saves on one offer."""

    name: str
    usd: Decimal
    saves_usd: Decimal
    why_not: str | None = None


def _shorter(cell: Cell) -> Cell:
    return replace(cell, tokens=replace(cell.tokens, output=cell.tokens.output * 4 // 5))


def _cached(cell: Cell) -> Cell:
    half = cell.tokens.input_uncached // 2
    tokens = replace(
        cell.tokens,
        input_uncached=cell.tokens.input_uncached - half,
        cache_read=cell.tokens.cache_read + half,
    )
    return replace(cell, tokens=tokens)


def _batched(cell: Cell) -> Cell:
    return replace(cell, processing=Processing.BATCH)


CHANGES: Mapping[str, Callable[[Cell], Cell]] = {"shorter": _shorter, "cached": _cached, "batched": _batched}
"""What one change makes of requests: a fifth less output, half of the uncached prompt cached, batch."""


def changed(priced: PricedWorkload, connection: DuckDBPyConnection, change: str) -> Decimal:
    """List price of the models used, after one of :data:`CHANGES` to every request. [USD]"""
    workload, edges = priced.workload, priced.workload.edges
    used = {row.model: row for row in priced.models if row.offer_id is not None}
    groups = []
    for index, (model, row) in enumerate(used.items()):
        cells = (CHANGES[change](cell) for cell in workload.cells if cell.model == model)
        served = [replace(cell, context=-1) for cell in cells]
        groups += cell_groups(served, row.offer_id, edges, index, row.resolution.factor)
        groups += [
            beside_text(index, row.offer_id, how, meters, edges, row.resolution.factor)
            for (name, how), meters in workload.extras.items()
            if name == model
        ]
    return sum((bill.usd for bill in bills_of(connection, priced.day, groups).values()), Decimal(0))


def sensitivity(priced: PricedWorkload, connection: DuckDBPyConnection, offer_id: str) -> tuple[Change, ...]:
    """What the bill on one offer becomes with shorter answers, caching, batching or another model."""
    workload = priced.workload
    now = next((o for o in priced.offers if o.offer.api_offer_id == offer_id), None)
    if now is None:
        return ()
    cells = workload.cells

    def bill(change: Callable[[Cell], Cell]) -> Decimal:
        groups = cell_groups(map(change, cells), offer_id, workload.edges)
        result = bills_of(connection, priced.day, groups).get((offer_id, 0))
        return result.prompt + result.completion if result else Decimal(0)

    changes = []
    for name, change in (
        ("Answers 20 % shorter", "shorter"),
        ("Half of the uncached prompt read from a cache", "cached"),
        ("Everything as batch", "batched"),
    ):
        usd = bill(CHANGES[change])
        why = None if usd != now.usd else "this offer has no lower price for it"
        changes.append(Change(name=name, usd=usd, saves_usd=now.usd - usd, why_not=why))
    other = next((o for o in priced.offers if o.serves_all and _same_open_model(o.offer, now.offer)), None)
    if other is not None and other.usd < now.usd:
        name = f"The same model elsewhere: {other.offer.api_offer_id}"
        changes.append(Change(name=name, usd=other.usd, saves_usd=now.usd - other.usd))
    return tuple(changes)


def _same_open_model(one: ApiOffer, other: ApiOffer) -> bool:
    same = one.model_id is not None and one.model_id == other.model_id and one.variant == other.variant
    return same and not marked(one) and one.api_offer_id != other.api_offer_id
