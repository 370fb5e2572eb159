"""A sums file as the workload that it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from breakeven.tables.exports import Format, Grain, Processing
from breakeven.tables.meters import Meter
from breakeven.usage.formats import NONE, OUTSIDE, Recognised
from breakeven.usage.from_sums import bucket_withheld, counts_of
from breakeven.usage.limits import Limits
from breakeven.usage.merge import add_cells, add_slices
from breakeven.usage.spool import Unreadable, make_plain
from breakeven.usage.sql import Edges
from breakeven.usage.sums import METERS, Cell, Extras, How, Peak, Preview, Problem, Slice, Tokens, Workload
from breakeven.usage.sums_file.bins import bin_of, last_of
from breakeven.usage.sums_file.check import About, Checked, checked
from breakeven.usage.sums_file.classes import Classes
from breakeven.usage.sums_file.layout import COLUMNS, Level, Row
from breakeven.usage.sums_file.table import cells_of
from breakeven.usage.table import shorten

NO_REPLAY = "Replay of single requests: a sums file has none."


def read_sums(path: Path, name: str, edges: Edges, folder: Path, limits: Limits) -> Workload:
    """Read a sums file.

    Parameters
    ----------
    path, name
        The file, and what to call it.
    edges
        Lengths of the price list. Where the file does not tell requests apart at one of them, the workload
        has these requests in the highest class they may have, and in the lowest (``shorter``).
    folder
        Private folder for what is unpacked.
    limits
        How much is read.

    Raises
    ------
    Unreadable
        If the file is damaged, edited, or of another version; the text names place and value.
    """
    plain = make_plain(path.absolute(), folder, limits)
    found = checked(cells_of(plain, limits))
    if not found.levels[Level.LENGTH]:
        raise Unreadable("The sums file has no row of level length: it sums up no request.")
    total, cells = found.total, _cells(found, edges)
    rejected, skipped = (_rows(found.levels[level]) for level in (Level.REJECTED, Level.SKIPPED))
    rows_read = (total.rows or 0) + rejected + skipped
    times, tenants = found.levels[Level.TIME], found.levels[Level.TENANT]
    slice_tiers = Classes(mine=found.about.tiers, wanted=edges.tiers)
    workload_times = _slices(times, slice_tiers)
    workload_tenants = _slices(tenants, slice_tiers)
    per_request = all(cell.in_bin >= 0 for cell in cells.highest)
    withheld = [NO_REPLAY, *_withheld(found, slice_tiers)]
    if not per_request:
        tiers_known = any(row.tier_above for row in found.levels[Level.LENGTH])
        withheld += bucket_withheld(tiers_known, counted=found.about.counted)
    peak = next(iter(found.levels[Level.PEAK]), None)
    return Workload(
        name=name,
        recognised=_recognised(found, Grain.REQUEST if per_request else Grain.BUCKET),
        edges=edges,
        cells=cells.highest,
        shorter=cells.lowest if cells.lowest != cells.highest else (),
        minutes=workload_times,
        tenants=workload_tenants,
        rows_read=rows_read,
        rows_rejected=rejected,
        rows_skipped=skipped,
        problems=_problems(found.levels[Level.PROBLEM], limits),
        notes=(*plain.notes, *counts_of(rows_read, rejected, skipped, 0), *cells.notes),
        withheld=tuple(withheld),
        paid_usd=total.cost_usd,
        longest=total.longest or 0,
        first_s=None if total.first_us is None else total.first_us / 1e6,
        last_s=None if total.last_us is None else total.last_us / 1e6,
        relative_time=found.about.relative_time,
        models_paid={
            row.model: row.cost_usd for row in found.levels[Level.MODEL] if row.cost_usd is not None
        },
        extras=_extras(found.levels[Level.METER]),
        counted=found.about.counted,
        previews=(_preview(found),),
        step_minutes=max((row.step_minutes or 1 for row in times), default=1),
        peak=None if peak is None else Peak(requests=peak.requests or 0, minutes=peak.step_minutes or 1),
    )


# --- lengths --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Cells with every doubtful request in its highest class, and in its lowest."""

    highest: tuple[Cell, ...]
    lowest: tuple[Cell, ...]
    notes: tuple[str, ...]


def _cells(found: Checked, edges: Edges) -> _Cells:
    """Cells by the lengths of the price list."""
    tiers = Classes(mine=found.about.tiers, wanted=edges.tiers)
    contexts = Classes(mine=found.about.contexts, wanted=edges.contexts)
    longest = found.total.longest or None
    highest, lowest, doubtful = [], [], 0
    for row in found.levels[Level.LENGTH]:
        low_tier, high_tier, low_context, high_context = _classes(row, tiers, contexts, longest)
        highest.append(_cell(row, high_tier, high_context))
        lowest.append(_cell(row, low_tier, low_context))
        if (low_tier, low_context) != (high_tier, high_context):
            doubtful += row.requests or 0
    notes = []
    for what, missed in (("prices change", tiers.missed), ("context windows end", contexts.missed)):
        if missed:
            notes.append(
                f"This sums file does not tell requests apart where {what} in this price list "
                f"({_listed(missed)} tokens): {doubtful:,} of {found.total.requests:,} requests may be on "
                "either side. They count as longer, and bills that hang on it are given as a range; sum the "
                "rows up again for exact ones."
            )
    return _Cells(highest=add_cells([highest]), lowest=add_cells([lowest]), notes=tuple(notes))


def _classes(row: Row, tiers: Classes, contexts: Classes, longest: int | None) -> tuple[int, int, int, int]:
    """Fewest and most tiers, fewest and most contexts that the requests of a row exceed."""
    above = row.tier_above or 0
    if row.prompt_from is None or row.completion_from is None:
        # Sums of many requests: their tier is what the export says, and no length is known.
        fewest, _ = Classes(mine=tiers.mine, wanted=tiers.wanted).of(above)
        return fewest, fewest, -1, -1
    least, most = row.prompt_from, last_of(bin_of(row.prompt_from))
    out_least, out_most = row.completion_from, last_of(bin_of(row.completion_from))
    if row.requests == 1:
        least = most = sum(getattr(row, name) for name in METERS[1:5])
        out_least = out_most = row.output or 0
    if longest is not None:
        most = max(least, min(most, longest))
    if row.context_above:
        least = min(most, max(least, row.context_above + 1 - out_most))
    low_tier, high_tier = tiers.of(above, least, most)
    if row.context_above is None:
        return low_tier, high_tier, -1, -1
    long = most + out_most if longest is None else max(least + out_least, min(most + out_most, longest))
    return (low_tier, high_tier, *contexts.of(row.context_above, least + out_least, long))


def _listed(missed: Iterable[int]) -> str:
    numbers = [f"{one:,}" for one in sorted(missed)]
    return ", ".join(numbers[:5]) + (f" and {len(numbers) - 5} more" if numbers[5:] else "")


def _cell(row: Row, tier: int, context: int) -> Cell:
    return Cell(
        model=row.model,
        processing=Processing(row.processing or ""),
        region=row.region or "",
        tier=tier,
        context=context,
        in_bin=-1 if row.prompt_from is None else bin_of(row.prompt_from),
        out_bin=-1 if row.completion_from is None else bin_of(row.completion_from),
        tokens=_tokens(row),
    )


def _tokens(row: Row) -> Tokens:
    return Tokens(**{name: getattr(row, name) for name in METERS})


# --- times, tenants, and what stands beside -------------------------------------------------------


def _slices(rows: Sequence[Row], tiers: Classes) -> tuple[Slice, ...]:
    slices = [
        Slice(
            key=row.start_minute if row.level is Level.TIME else row.tenant,
            model=row.model,
            processing=Processing(row.processing or ""),
            region=row.region or "",
            tier=tiers.of(row.tier_above or 0)[1],
            tokens=_tokens(row),
            paid_usd=row.cost_usd,
            free=bool(row.free),
        )
        for row in rows
    ]
    return add_slices([slices])


def _withheld(found: Checked, tiers: Classes) -> list[str]:
    """What the file does not say of times and tenants."""
    held = []
    if not found.levels[Level.TIME]:
        held.append("Load over time and replicas at peak: the sums file has no times.")
    if tiers.missed:
        held.append(
            f"Exact cost over time and by tenant where prices change at {_listed(tiers.missed)} tokens: "
            "requests that may be longer count as longer."
        )
    return held


def _rows(rows: Sequence[Row]) -> int:
    return sum(row.rows or 0 for row in rows)


def _problems(rows: Sequence[Row], limits: Limits) -> tuple[Problem, ...]:
    """Bad rows that the file carries; a record that is none is passed over, since its row is counted."""
    found = []
    for row in rows[: limits.problem_rows]:
        try:
            said = json.loads(row.text or "")
            found.append(
                Problem(
                    line=int(said["line"]),
                    column=shorten(str(said["column"])),
                    value=shorten(str(said["value"])),
                    reason=shorten(str(said["reason"]), 200),
                    left_out=bool(said.get("left_out", True)),
                    file=shorten(str(said.get("file", ""))),
                )
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return tuple(found)


def _extras(rows: Sequence[Row]) -> Extras:
    extras: dict[tuple[str | None, How], dict[Meter, int]] = {}
    for row in rows:
        how = (Processing(row.processing or ""), row.region or "")
        extras.setdefault((row.model, how), {})[Meter(row.text or "")] = row.amount or 0
    return extras


def _recognised(found: Checked, grain: Grain) -> tuple[Recognised, ...]:
    """What the rows were, an export each, read as a sums file."""
    about: About = found.about
    meanings = {"input": "input_uncached", "output": "output", "reasoning": "reasoning"}
    meanings |= {name: name for name in ("cache_read", "cache_write_5m", "cache_write_1h")}
    meanings |= {"n_requests": "requests"} if about.counted else {}
    meanings |= {"model": "model", "processing": "processing"}
    meanings |= {"ts": "start_minute"} if found.levels[Level.TIME] else {}
    meanings |= {"tenant": "tenant"} if any(row.tenant for row in found.levels[Level.TENANT]) else {}
    meanings |= {"reported_cost_usd": "cost_usd"} if found.total.cost_usd is not None else {}
    cached = OUTSIDE if found.total.cache_read else NONE
    return tuple(
        Recognised(
            format=Format(
                format_id=one["id"] or "breakeven-sums",
                name=f"Sums file of {one['name']}" if one["name"] else "Sums file",
                source="",
                grain=grain,
                cached=cached,
                provider=one["provider"],
                relative_time=about.relative_time,
            ),
            mapping={name: ((column,),) for name, column in meanings.items()},
            cached=cached,
            ignored=(),
        )
        for one in about.formats or ({"id": None, "name": None, "provider": None},)
    )


def _preview(found: Checked) -> Preview:
    rows = [["" if row.get(name) is None else str(row.get(name)) for name in COLUMNS] for row in found.first]
    kept = [place for place in range(len(COLUMNS)) if any(row[place] for row in rows)]
    return Preview(
        columns=tuple(COLUMNS[place] for place in kept),
        rows=tuple(tuple(shorten(row[place]) for place in kept) for row in rows),
        correctable=False,
    )
