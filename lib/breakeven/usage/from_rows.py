"""Sums of rows that were read one by one, by the same statements that sum files as they are."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from breakeven.tables.exports import FIELDS, Format, Processing
from breakeven.tables.meters import Meter
from breakeven.usage.aggregate import sum_up
from breakeven.usage.cells import query_of
from breakeven.usage.csv_table import csv_source
from breakeven.usage.files import connect
from breakeven.usage.formats import OUTSIDE, Recognised
from breakeven.usage.formats import Path as Path_
from breakeven.usage.from_sums import Reading, workload_of
from breakeven.usage.gathered import Gathered
from breakeven.usage.limits import Limits
from breakeven.usage.merge import merge
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import PROCESSINGS, Edges
from breakeven.usage.sums import Extras, How, Preview, Workload
from breakeven.usage.table import Table, loads, shorten

_MEANINGS = {"cost": "reported_cost_usd", "ttft_s": "ttft", "e2e_s": "e2e"}
"""Columns of the rows that are named otherwise than what they mean."""


def table_of(gathered: Gathered, limits: Limits) -> tuple[Table, Recognised]:
    """Rows as a relation, and what they are."""
    header, filled = _filled(gathered.path)
    columns: dict[Path_, str] = {(name,): f"c{number}" for number, name in enumerate(header)}
    table = Table(
        source="",
        parameters={"path": str(gathered.path)},
        columns=columns,
        kind="csv",
        names=list(columns),
        header_lines=1,
        width=len(header),
        sample=[],
    )
    table.source = csv_source(table, len(header), limits)
    kept = [name for name in header if name in filled or name in ("input", "output")]
    meant = {_MEANINGS.get(name, name): name for name in kept}
    mapping = {meaning: ((name,),) for meaning, name in meant.items() if meaning in FIELDS}
    form = Format(
        format_id=gathered.kind_id,
        name=gathered.kind,
        source="",
        grain=gathered.grain,
        cached=OUTSIDE,
        provider=gathered.provider,
        relative_time=gathered.relative_time,
        time_unit_s=1.0 if gathered.relative_time else None,
    )
    found = Recognised(
        format=form,
        mapping=mapping,
        cached=gathered.cached,
        ignored=gathered.ignored,
        names=dict(gathered.shown),
        decisions=tuple(gathered.decisions),
    )
    return table, found


def _filled(path: Path) -> tuple[list[str], set[str]]:
    """Columns of the file of rows, and those in which any row has a value."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        found: set[int] = set()
        for row in rows:
            found.update(place for place, cell in enumerate(row) if cell)
            if len(found) == len(header):
                break
    return header, {header[place] for place in found}


def workload_of_rows(
    gathered: Gathered, name: str, edges: Edges, limits: Limits, notes: Sequence[str] = ()
) -> Workload:
    """Sum up rows that were read one by one.

    Raises
    ------
    Unreadable
        If there is none.
    """
    rejected = [problem for problem in gathered.rejected if problem.left_out]
    left_out = sum(gathered.left_out.values())
    if gathered.seen > limits.rows:
        raise Unreadable(limits.too_much(f"The file has {gathered.seen:,} rows, above", "rows", "rows"))
    if len(rejected) + left_out >= gathered.seen:
        _refuse(gathered)
    regions = extras_of(gathered.path)
    parts = [
        _summed(replace(gathered, path=path), name, region, edges, limits)
        for region, path in _by_region(gathered.path, regions.regions).items()
    ]
    workload = merge(parts, name, limits) if len(parts) > 1 else parts[0]
    return replace(
        workload,
        extras=regions.extras,
        previews=(gathered.preview or _canonical_preview(gathered.path),),
        rows_read=gathered.seen,
        rows_rejected=len(rejected),
        rows_skipped=left_out,
        problems=tuple(sorted(gathered.rejected, key=lambda p: p.line)[: limits.problem_rows]),
        notes=(
            *notes,
            *gathered.decisions,
            *told(gathered, gathered.seen),
            *(n for n in parts[0].notes if n not in gathered.decisions),
        ),
    )


PREVIEWED = 5
"""Rows of a preview."""


def _canonical_preview(path: Path) -> Preview:
    """The first canonical rows, in the columns in which any of them has a value."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = islice(csv.reader(file), PREVIEWED + 1)
    kept = [place for place in range(len(header)) if any(row[place] for row in rows)]
    return Preview(
        columns=tuple(header[place] for place in kept),
        rows=tuple(tuple(shorten(row[place]) for place in kept) for row in rows),
        correctable=False,
    )


def _summed(gathered: Gathered, name: str, region: str, edges: Edges, limits: Limits) -> Workload:
    """Sums of the rows of one region."""
    table, found = table_of(gathered, limits)
    with closing(connect(gathered.path, limits, limits.memory_mb)) as connection:
        counting = replace(found, cached=OUTSIDE)
        query = query_of(table, counting, edges)
        sums = sum_up(connection, table, query, edges, limits)
        asked = Reading(found=found, file=gathered.path, name=name, edges=edges, limits=limits)
        workload = workload_of(asked, table, query, sums, [])
    return replace(
        workload,
        cells=tuple(replace(cell, region=region) for cell in workload.cells),
        minutes=tuple(replace(one, region=region) for one in workload.minutes),
        tenants=tuple(replace(one, region=region) for one in workload.tenants),
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """What rows say beside tokens of text."""

    extras: Extras
    regions: frozenset[str]


ANYWHERE = frozenset(("", "global", "not_available", "unknown", "none", "default", "any"))
"""Regions that change no price."""
_METERS = {"web_searches": Meter.WEB_SEARCH} | {str(meter): meter for meter in Meter}


def extras_of(path: Path) -> _Beside:
    """Sums of what the rows count beside tokens of text, and the regions that they name."""
    extras: dict[tuple[str | None, How], dict[Meter, int]] = {}
    regions: set[str] = set()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            said = loads(row["extra"]) if row["extra"] else None
            region = _region(said)
            regions.add(region)
            if not isinstance(said, dict):
                continue
            how = (_processing(row["processing"]), region)
            for key, value in said.items():
                amount = _whole(value)
                if key in _METERS and amount:
                    mine = extras.setdefault((row["model"] or None, how), {})
                    mine[_METERS[key]] = mine.get(_METERS[key], 0) + amount * (_whole(row.get("repeat")) or 1)
    return _Beside(extras, frozenset(regions))


def _region(said: object) -> str:
    region = str(said.get("region") or said.get("geo") or "").lower() if isinstance(said, dict) else ""
    return "" if region in ANYWHERE else region


def _processing(text: str) -> Processing:
    """Kind of processing that a row says, as the sums read it."""
    low = text.lower()
    if low in ("true", "1"):
        return Processing.BATCH
    return next((kind for kind in PROCESSINGS[1:] if low.startswith(kind)), Processing.STANDARD)


def _whole(value: object) -> int:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return 0


def _by_region(path: Path, regions: frozenset[str]) -> dict[str, Path]:
    """The rows of each region as a file of their own, where any is named."""
    if regions <= {""}:
        return {"": path}
    paths = {
        region: path.with_name(f"{path.stem}-{number}.csv") for number, region in enumerate(sorted(regions))
    }
    with path.open(encoding="utf-8", newline="") as file, ExitStack() as stack:
        rows = csv.DictReader(file)
        writers = {}
        for region, target in paths.items():
            out = stack.enter_context(target.open("w", encoding="utf-8", newline=""))
            writers[region] = csv.DictWriter(out, rows.fieldnames or [], lineterminator="\n")
            writers[region].writeheader()
        for row in rows:
            writers[_region(loads(row["extra"]) if row["extra"] else None)].writerow(row)
    return paths


def told(gathered: Gathered, rows: int, *, more: int = 0) -> list[str]:
    """How many of so many rows are left out and why; ``more`` cannot be read and are not among them."""
    told = [f"Left out, {count:,}: {why}." for why, count in gathered.left_out.items()]
    rejected = sum(problem.left_out for problem in gathered.rejected)
    late = len(gathered.rejected) - rejected
    if rejected := rejected + more:
        told.append(f"{rejected:,} of {rows:,} rows cannot be read and are left out of every total.")
    if late:
        told.append(f"{late:,} with a date that cannot be: priced, but counted in no time of day.")
    return told


def _refuse(gathered: Gathered) -> None:
    """Raise the sentence for a file without a good row."""
    rejected = [problem for problem in gathered.rejected if problem.left_out]
    if not gathered.seen:
        raise Unreadable(f"The file has the column names of {gathered.kind} and no rows below them.")
    if not rejected:
        whys = " and ".join(f"{rows:,}, because {why}" for why, rows in gathered.left_out.items())
        raise Unreadable(f"No row of the file is a request: left out are {whys}.")
    first = rejected[0]
    cell = f"{first.column or 'the row'} {shorten(first.value)!r}: {first.reason}"
    raise Unreadable(
        f"None of the {gathered.seen:,} rows can be read. Line {first.line}: {cell}. "
        "Looked for whole numbers in "
        + " and ".join(gathered.shown[name] for name in ("input", "output") if name in gathered.shown)
        + "."
    )
