"""Several files as one workload."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from breakeven.tables.meters import Meter
from breakeven.usage.limits import Limits
from breakeven.usage.sums import Cell, Extras, How, Peak, Slice, Workload, busy_steps, sums_by


def merge(parts: Sequence[Workload], name: str, limits: Limits) -> Workload:
    """Add up several files."""
    if len(parts) == 1:
        return replace(parts[0], name=name)
    step = max((part.step_minutes for part in parts if part.minutes), default=1)
    doubtful = any(part.shorter for part in parts)
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
        cells=add_cells(part.cells for part in parts),
        minutes=add_slices(coarser(part.minutes, step) for part in parts),
        tenants=add_slices(part.tenants for part in parts),
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
        step_minutes=step,
        peak=_peak(parts, step),
        shorter=add_cells(part.shorter or part.cells for part in parts) if doubtful else (),
    )


def add_cells(groups: Iterable[Iterable[Cell]]) -> tuple[Cell, ...]:
    """Add up cells that are alike but for their tokens."""
    sums = sums_by(
        ((c.model, c.how, c.tier, c.context, c.in_bin, c.out_bin), c.tokens)
        for group in groups
        for c in group
    )
    return tuple(
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
        for k, t in sums.items()
    )


def coarser(slices: Sequence[Slice], step: int) -> tuple[Slice, ...]:
    """Sums of time over steps of so many minutes."""
    if step == 1:
        return tuple(slices)
    moved = [
        replace(one, key=one.key // step * step if isinstance(one.key, int) else one.key) for one in slices
    ]
    return add_slices([moved])


def busiest(workload: Workload) -> Peak | None:
    """The busiest of the finest steps that a workload knows of; None where it has no times."""
    if workload.peak is not None or not workload.minutes:
        return workload.peak
    by_step, step_s = busy_steps(workload)
    return Peak(requests=max(by_step.values()), minutes=round(step_s / 60)) if by_step else None


def _peak(parts: Sequence[Workload], step: int) -> Peak | None:
    """The busiest step of any file, where some are known in finer steps than all of them together are.

    What several files have at the same moment is added up in their common steps only.
    """
    if not any(part.peak or (part.minutes and part.step_minutes < step) for part in parts):
        return None
    peaks = [peak for peak in map(busiest, parts) if peak is not None]
    return max(peaks, key=lambda one: one.requests / one.minutes, default=None)


def add_extras(several: Iterable[Extras]) -> Extras:
    """Add up what is counted beside tokens of text."""
    sums: dict[tuple[str | None, How], dict[Meter, int]] = {}
    for extras in several:
        for key, meters in extras.items():
            mine = sums.setdefault(key, {})
            for meter, amount in meters.items():
                mine[meter] = mine.get(meter, 0) + amount
    return sums


def add_slices(groups: Iterable[Iterable[Slice]]) -> tuple[Slice, ...]:
    """Add up slices that are alike but for their tokens and what was paid."""
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
