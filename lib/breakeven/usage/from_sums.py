"""From the sums of one file to a workload, with its bad rows and what it cannot answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from breakeven.usage.aggregate import BY_LENGTH, BY_TENANT, BY_TIME, Sums
from breakeven.usage.bad_rows import BLANK, REJECT_REASONS, locate
from breakeven.usage.cells import Query
from breakeven.usage.formats import Grain, Recognised
from breakeven.usage.limits import Limits
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import PROCESSINGS, Edges
from breakeven.usage.sums import Cell, Preview, Problem, Slice, Tokens, Workload
from breakeven.usage.table import Table, shorten


def names_of(texts: Mapping[str, str], found: Recognised) -> dict[str, str]:
    """Canonical columns to those of the file, as a reader is told them."""
    shown = found.shown
    return {name: shown[name] for name in texts if name in shown}


def _tokens(row: Mapping[str, Any]) -> Tokens:
    return Tokens(
        requests=int(row["requests"] or 0),
        input_uncached=int(row["uncached"] or 0),
        cache_read=int(row["cache_read"] or 0),
        cache_write_5m=int(row["cache_write_5m"] or 0),
        cache_write_1h=int(row["cache_write_1h"] or 0),
        output=int(row["output"] or 0),
        reasoning=int(row["reasoning"] or 0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is asked of one file."""

    found: Recognised
    file: FilePath
    """What is read."""
    name: str
    """What it is called."""
    edges: Edges
    limits: Limits
    skips: Mapping[str, str] = field(default_factory=dict)
    """Why rows are no request of their own, to the condition that tells them in the table."""
    again: Sequence[int] = ()
    """Hashes of ids that more than one row has: these rows are held against each other."""
    identity: str = ""
    """Column of the table with the id of a row, where some are repeated."""


def workload_of(
    asked: Reading,
    table: Table,
    query: Query,
    sums: Sums,
    rejects: Sequence[tuple[int, str, str, str]],
    *,
    located: Sequence[Problem] | None = None,
) -> Workload:
    """Turn the sums into records, and look for the bad rows where there are any.

    Parameters
    ----------
    asked, table, query
        The file and how it was read.
    sums, rejects
        Its sums, and the lines that the reader itself could not take.
    located
        Bad rows that were looked for already.

    Raises
    ------
    Unreadable
        If no row is good.
    """
    found, name, limits, texts = asked.found, asked.name, asked.limits, query.texts
    withheld = sums.withheld
    main = [row for row in sums.rows if row["level"] == BY_LENGTH]
    good = [row for row in main if row["good"] == 0]
    n_bad = sum(row["n_rows"] for row in main if row["good"] == -1)
    n_skipped = sum(row["n_rows"] for row in main if row["good"] == 1)
    n_late = sum(int(row["late"] or 0) for row in good)
    n_read = sum(row["n_rows"] for row in main) + len(rejects)
    if n_read > limits.rows:
        raise Unreadable(limits.too_much(f"The file has {n_read:,} rows, above", "rows", "rows"))
    reader = names_of(texts, found)
    problems = unreadable(rejects[: limits.problem_rows], name)
    if located is not None:
        problems += located
    elif n_bad or n_late:
        problems += locate(table, found, query.rows, rejects, asked.file, name, reader, limits)
    blank = 0
    if table.kind == "json":  # blank lines of JSON Lines are no rows
        blank = sum(1 for p in problems if p.reason == BLANK)
        problems = [p for p in problems if p.reason != BLANK]
    problems.sort(key=lambda p: (p.file, p.line))
    rejected = n_bad + len(rejects) - blank
    n_read -= blank
    if not good:
        _refuse(n_read, rejected, n_skipped, problems, found)
    notes = [
        *table.notes,
        *found.decisions,
        *found.format.notes,
        *counts_of(n_read, rejected, n_skipped, n_late),
    ]
    if found.format.grain == Grain.BUCKET:
        counted = "n_requests" in texts
        withheld = [*withheld, *bucket_withheld("context_tier" in texts, counted=counted)]
    if "ts" not in texts:
        withheld = [*withheld, "Load over time and replicas at peak: the file has no times."]
    many = found.format.grain == Grain.BUCKET and "repeat" not in texts
    paid: dict[str | None, float] = {}
    for row in good:
        if row["cost"] is not None:
            paid[row["model"]] = paid.get(row["model"], 0.0) + float(row["cost"])
    times = [row for row in good if row["first_us"] is not None]

    return Workload(
        name=name,
        recognised=(found,),
        edges=asked.edges,
        cells=_cells(good, lengths=not many),
        minutes=_slices(sums, BY_TIME, "minute") if sums.step else (),
        tenants=_slices(sums, BY_TENANT, "tenant") if sums.by_tenant else (),
        rows_read=n_read,
        rows_rejected=rejected,
        rows_skipped=n_skipped,
        problems=tuple(problems),
        notes=tuple(notes),
        withheld=tuple(withheld),
        paid_usd=sum(paid.values()) if paid else None,
        longest=0 if many else max((int(row["longest"] or 0) for row in good), default=0),
        first_s=min((row["first_us"] for row in times), default=None)
        and min(r["first_us"] for r in times) / 1e6,
        last_s=max((row["last_us"] for row in times), default=None)
        and max(r["last_us"] for r in times) / 1e6,
        relative_time=found.format.relative_time,
        models_paid=paid,
        counted=found.format.grain != Grain.BUCKET or "n_requests" in texts or "repeat" in texts,
        previews=(_preview(table),),
        step_minutes=sums.step or 1,
        peak=sums.peak,
    )


def _preview(table: Table) -> Preview:
    """The first rows of a file that is read by statements."""
    names = [path for path in table.names if any(path in row for row in table.sample[:5])][:40]
    return Preview(
        columns=tuple(".".join(path) for path in names),
        rows=tuple(tuple(shorten(row.get(path, "")) for path in names) for row in table.sample[:5]),
    )


def unreadable(rejects: Sequence[tuple[int, str, str, str]], name: str) -> list[Problem]:
    """Lines that the reader itself could not take."""
    return [
        Problem(
            line=line,
            column="",
            value=shorten(text.strip("\r\n")),
            reason=REJECT_REASONS.get(kind, kind.lower()),
            file=name,
        )
        for line, _, kind, text in rejects
    ]


def counts_of(read: int, rejected: int, skipped: int, late: int) -> list[str]:
    """Say how many rows do not count, or not everywhere."""
    notes = []
    if skipped:
        notes.append(
            f"{skipped:,} rows are left out: by their own mark they are totals, no request, or failed."
        )
    if rejected:
        notes.append(f"{rejected:,} of {read:,} rows cannot be read and are left out of every total.")
    if late:
        notes.append(
            f"{late:,} rows have a date that cannot be; they are priced, but count in no time of day."
        )
    return notes


def _cells(rows: Sequence[Mapping[str, Any]], *, lengths: bool) -> tuple[Cell, ...]:
    """Cells of the histogram; without lengths a row is a sum of many requests."""
    return tuple(
        Cell(
            model=row["model"],
            processing=PROCESSINGS[row["processing"]],
            tier=row["tier"],
            context=row["context"] if lengths else -1,
            in_bin=row["in_bin"],
            out_bin=row["out_bin"],
            tokens=_tokens(row),
        )
        for row in rows
    )


def _slices(sums: Sums, level: str, key: str) -> tuple[Slice, ...]:
    """Sums of one level, by minute or by tenant."""
    return tuple(
        Slice(
            key=None if row[key] is None else int(row[key]) if key == "minute" else str(row[key]),
            model=row["model"],
            processing=PROCESSINGS[row["processing"]],
            tier=row["tier"],
            tokens=_tokens(row),
            paid_usd=None if row["cost"] is None else float(row["cost"]),
            free=bool(row["free"]),
        )
        for row in sums.rows
        if row["level"] == level and row["good"] == 0
    )


def bucket_withheld(tier_known: bool, *, counted: bool) -> list[str]:
    """What a file of sums cannot answer."""
    why = "the rows are sums over many requests"
    held = (
        []
        if tier_known
        else [
            f"Prices that change with the length of a request: {why}, so every request "
            "is charged at the base price."
        ]
    )
    return [
        *held,
        f"Which requests exceed an offer's context window: {why}.",
        f"Batch sizes and latency of single requests: {why}."
        if counted
        else f"Self-hosted deployments, batch sizes and latency: {why}, and nobody says over how many.",
    ]


def _refuse(n_read: int, rejected: int, skipped: int, problems: Sequence[Problem], found: Recognised) -> None:
    """Raise the sentence for a file without a good row."""
    if n_read == 0:
        raise Unreadable(f"The file has the column names of {found.format.name} and no rows below them.")
    if skipped and not rejected:
        raise Unreadable(f"All {skipped:,} rows are marked by the export as failed or as no request.")
    first = problems[0] if problems else None
    example = (
        f" Line {first.line}: {first.column or 'the row'} {first.value!r}: {first.reason}." if first else ""
    )
    raise Unreadable(
        f"None of the {n_read:,} rows can be read.{example} Looked for whole numbers in "
        + " and ".join(found.shown.get(name, name) for name in ("input", "output"))
        + "."
    )
