"""A workload written down as a sums file."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from breakeven.usage.files import connect
from breakeven.usage.limits import limits_from
from breakeven.usage.merge import busiest, coarser
from breakeven.usage.sums import METERS, Slice, Tokens, Workload
from breakeven.usage.sums_file.bins import first_of
from breakeven.usage.sums_file.layout import COLUMNS, TEXTS, VERSION, Level, Row

MOST_BYTES = 1_000_000
"""Size beyond which a file is summed over longer steps of time. [bytes]"""
STEPS = (1, 60, 1440)
"""Steps of time that are tried, finest first. [minutes]"""
MOST_PROBLEMS = 100
"""Bad rows that are carried; all of them are counted."""
SUFFIXES = (".parquet", ".csv")


def write_sums(workload: Workload, path: Path, *, most_bytes: int | None = MOST_BYTES) -> Workload:
    """Write a sums file; Parquet or CSV, as the end of its name says.

    Parameters
    ----------
    workload
        What a file or several say, see :func:`breakeven.usage.read.read_workload`.
    path
        Where to; a file that is there is replaced as a whole.
    most_bytes
        Size above which minutes become hours and hours days; None: as fine as the workload is.

    Returns
    -------
    Workload
        What was written: with the steps of time that the file has.

    Raises
    ------
    ValueError
        If the name ends otherwise.
    OSError
        If the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"a sums file ends with {' or '.join(SUFFIXES)}, not '{path.name}'")
    own = path.with_name(f".{path.name}.part{path.suffix.lower()}")
    try:
        for step in (one for one in STEPS if one >= workload.step_minutes or one == STEPS[-1]):
            workload = with_step(workload, step)
            _write(rows_of(workload), own)
            if most_bytes is None or own.stat().st_size <= most_bytes or not workload.minutes:
                break
        own.replace(path)
    finally:
        own.unlink(missing_ok=True)
    return workload


def with_step(workload: Workload, step: int) -> Workload:
    """The same with sums over longer steps of time, and the busiest of the finer ones. [minutes]"""
    if step <= workload.step_minutes or not workload.minutes:
        return workload
    peak, minutes = busiest(workload), coarser(workload.minutes, step)
    return replace(workload, minutes=minutes, step_minutes=step, peak=peak)


def _write(rows: Sequence[Row], path: Path) -> None:
    text = path if path.suffix == ".csv" else path.with_suffix(".text")
    try:
        with text.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in rows:
                writer.writerow([VERSION, *("" if cell is None else cell for cell in asdict(row).values())])
        if text != path:
            _as_parquet(text, path)
    finally:
        if text != path:
            text.unlink(missing_ok=True)


def _as_parquet(text: Path, path: Path) -> None:
    kinds = {
        name: "VARCHAR" if name in TEXTS else "DOUBLE" if name == "cost_usd" else "BIGINT" for name in COLUMNS
    }
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
    limits = limits_from()
    with closing(connect(text, limits, limits.memory_mb, ordered=True, also=[path])) as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{quoted(text)}', header=true, delim=',', quote='\"', "
            f"escape='\"', auto_detect=false, columns={{{columns}}}, max_line_size=10000000)) "
            f"TO '{quoted(path)}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
        )


def quoted(path: Path) -> str:
    """A path inside the quotes of a statement."""
    return str(path).replace("'", "''")


# --- rows -----------------------------------------------------------------------------------------


def rows_of(workload: Workload) -> list[Row]:
    """The rows of a sums file, the largest groups of rows alike."""
    rows = list(_rows(workload))
    counts = Counter(str(row.level) for row in rows)
    about = {
        "tiers": list(workload.edges.tiers),
        "contexts": list(workload.edges.contexts),
        "relative_time": workload.relative_time,
        "counted": workload.counted,
        "formats": [
            {"id": one.format.format_id, "name": one.format.name, "provider": one.format.provider}
            for one in workload.recognised
        ],
        "rows": dict(counts),
    }
    return [Row(level=Level.ABOUT, text=json.dumps(about, ensure_ascii=False)), *rows]


def _rows(workload: Workload) -> Iterator[Row]:
    good = workload.rows_read - workload.rows_rejected - workload.rows_skipped
    yield Row(
        level=Level.TOTAL,
        rows=good,
        cost_usd=workload.paid_usd,
        longest=workload.longest,
        first_us=_microseconds(workload.first_s),
        last_us=_microseconds(workload.last_s),
        **_meters(workload.tokens),
    )
    for level, count in ((Level.REJECTED, workload.rows_rejected), (Level.SKIPPED, workload.rows_skipped)):
        if count:
            yield Row(level=level, rows=count)
    for problem in workload.problems[:MOST_PROBLEMS]:
        yield Row(level=Level.PROBLEM, text=json.dumps(asdict(problem), ensure_ascii=False))
    for model, tokens in workload.by_model.items():
        yield Row(level=Level.MODEL, model=model, cost_usd=workload.models_paid.get(model), **_meters(tokens))
    yield from _lengths(workload)
    yield from _slices(workload.minutes, Level.TIME, workload)
    yield from _slices(workload.tenants, Level.TENANT, workload)
    if workload.peak is not None:
        yield Row(level=Level.PEAK, step_minutes=workload.peak.minutes, requests=workload.peak.requests)
    for (model, (processing, region)), meters in workload.extras.items():
        for meter, amount in meters.items():
            yield Row(
                level=Level.METER,
                model=model,
                processing=str(processing),
                region=region,
                amount=amount,
                text=str(meter),
            )


def _lengths(workload: Workload) -> Iterator[Row]:
    edges = workload.edges
    order = sorted(
        workload.cells, key=lambda c: (c.model or "", c.how, c.tier, c.context, c.in_bin, c.out_bin)
    )
    for cell in order:
        yield Row(
            level=Level.LENGTH,
            model=cell.model,
            processing=str(cell.processing),
            region=cell.region,
            tier_above=_above(edges.tiers, cell.tier),
            context_above=_above(edges.contexts, cell.context),
            prompt_from=first_of(cell.in_bin) if cell.in_bin >= 0 else None,
            completion_from=first_of(cell.out_bin) if cell.out_bin >= 0 else None,
            **_meters(cell.tokens),
        )


def _slices(slices: Sequence[Slice], level: Level, workload: Workload) -> Iterator[Row]:
    def order(one: Slice) -> tuple[object, ...]:
        key = (one.key is None, one.key if one.key is not None else 0)
        return (one.model or "", one.how, one.tier, *key, one.free)

    timed = level is Level.TIME
    for one in sorted(slices, key=order):
        yield Row(
            level=level,
            model=one.model,
            processing=str(one.processing),
            region=one.region,
            tier_above=_above(workload.edges.tiers, one.tier),
            step_minutes=workload.step_minutes if timed else None,
            start_minute=one.key if isinstance(one.key, int) else None,
            tenant=one.key if isinstance(one.key, str) else None,
            free=None if timed else int(one.free),
            cost_usd=one.paid_usd,
            **_meters(one.tokens),
        )


def _meters(tokens: Tokens) -> dict[str, Any]:
    return {name: getattr(tokens, name) for name in METERS}


def _above(edges: Sequence[int], number: int) -> int | None:
    """The longest of the lengths that is exceeded; None where that is not known."""
    return None if number < 0 else edges[number - 1] if number else 0


def _microseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1_000_000)
