"""Several files as one workload."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from breakeven.tables.meters import Meter
from breakeven.usage.limits import Limits
from breakeven.usage.sums import Cell, Extras, How, Slice, Workload, sums_by


def merge(parts: Sequence[Workload], name: str, limits: Limits) -> Workload:
    """Add up several files."""
    if len(parts) == 1:
        return replace(parts[0], name=name)
    cells = sums_by(
        ((c.model, c.how, c.tier, c.context, c.in_bin, c.out_bin), c.tokens)
        for part in parts
        for c in part.cells
    )
    known = [part for part in parts if part.first_s is not None and part.last_s is not None]
    kinds = {found.format.format_id: found for part in parts for found in part.recognised}
    paid = [part.paid_usd for part in parts if part.paid_usd is not None]
    models_paid: dict[str | None, float] = {}
    for part in parts:
        for model, usd in part.models_paid.items():
            models_paid[model] = models_paid.get(model, 0.0) + usd
    return Workload(
        name=name,
        recognised=tuple(kinds.values()),
        edges=parts[0].edges,
        cells=tuple(
            Cell(
                model=k[0],
                processing=k[1][0],
                region=k[1][1],
                tier=k[2],
                context=k[3],
                in_bin=k[4],
                out_bin=k[5],
                tokens=t,
            )
            for k, t in cells.items()
        ),
        minutes=_add_slices(part.minutes for part in parts),
        tenants=_add_slices(part.tenants for part in parts),
        rows_read=sum(part.rows_read for part in parts),
        rows_rejected=sum(part.rows_rejected for part in parts),
        rows_skipped=sum(part.rows_skipped for part in parts),
        problems=tuple(p for part in parts for p in part.problems)[: limits.problem_rows],
        notes=tuple(dict.fromkeys(f"{part.name}: {note}" for part in parts for note in part.notes)),
        withheld=tuple(dict.fromkeys(text for part in parts for text in part.withheld)),
        paid_usd=sum(paid) if paid else None,
        longest=max(part.longest for part in parts),
        first_s=min((part.first_s for part in known if part.first_s is not None), default=None),
        last_s=max((part.last_s for part in known if part.last_s is not None), default=None),
        relative_time=all(part.relative_time for part in parts),
        models_paid=models_paid,
        extras=add_extras(part.extras for part in parts),
        counted=all(part.counted for part in parts),
        previews=tuple(one for part in parts for one in part.previews),
    )


def add_extras(several: Iterable[Extras]) -> Extras:
    """Add up what is counted beside tokens of text."""
    sums: dict[tuple[str | None, How], dict[Meter, int]] = {}
    for extras in several:
        for key, meters in extras.items():
            mine = sums.setdefault(key, {})
            for meter, amount in meters.items():
                mine[meter] = mine.get(meter, 0) + amount
    return sums


def _add_slices(groups: Iterable[Sequence[Slice]]) -> tuple[Slice, ...]:
    keyed = [((one.key, one.model, one.how, one.tier, one.free), one) for group in groups for one in group]
    paid: dict[tuple[Any, ...], float] = {}
    for key, one in keyed:
        if one.paid_usd is not None:
            paid[key] = paid.get(key, 0.0) + one.paid_usd
    return tuple(
        Slice(
            key=k[0],
            model=k[1],
            processing=k[2][0],
            region=k[2][1],
            tier=k[3],
            free=k[4],
            tokens=tokens,
            paid_usd=paid.get(k),
        )
        for k, tokens in sums_by((key, one.tokens) for key, one in keyed).items()
    )
