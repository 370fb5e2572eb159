"""A large sheet is added up by statements only as reading it row by row would add it up.

Statements take every row as it is. What reading row by row knows beyond that is decided from the beginning
and the end of the file, and from questions to all of its rows: which rows failed or were answered by a
gateway's cache, which ids are repeated, on which side of the input the cached tokens are, whether rows are
sums. The beginning and the end are then added up both ways; where the two differ, the file is not read by
statements.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from breakeven.usage.formats import ColumnMapping, Grain
from breakeven.usage.from_rows import ANYWHERE, workload_of_rows
from breakeven.usage.from_sums import Reading
from breakeven.usage.gathered import Gathered
from breakeven.usage.limits import Limits
from breakeven.usage.open_table import OpenTable, open_table
from breakeven.usage.plan import MOST_ASIDE, pieces_of, quoted
from breakeven.usage.sheets import marks
from breakeven.usage.sheets.reader import TRUE, extra_of, read_sheet
from breakeven.usage.sheets.settle import LONGEST_REQUEST
from breakeven.usage.sheets.words import vocabulary
from breakeven.usage.spool import MEGABYTE, Plain, Unreadable
from breakeven.usage.statements import summed
from breakeven.usage.sums import Workload
from breakeven.usage.table import Table

HEAD_LINES, TAIL_LINES = 300, 100
"""Lines of the beginning and of the end of a file that are read both ways."""
ENDS_BYTES = 1_000_000
"""Where they are looked for, at the beginning and at the end. [bytes]"""
MOST_STATES = 8
"""States of requests that are compared before they are looked at in words."""
LONG_SHARE = 0.2
"""Share of rows longer than any context window above which rows are sums."""
HASHES = 20_000_000
"""Rows whose ids are held against each other at a time."""
SHORTEST_ROW = 20
"""Length of a row with an id and two numbers, at least. [bytes]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """The beginning and the end of a file."""

    path: Path
    gathered: Gathered
    workload: Workload | None
    """None where no row of it can be read."""


def agreed(opened: OpenTable, asked: Reading, mapping: ColumnMapping | None, folder: Path) -> Reading:
    """What is asked of a sheet, with what reading it row by row would decide.

    Parameters
    ----------
    opened
        The sheet; anything else is asked as it is.
    asked
        What its columns mean.
    mapping
        What the user corrected.
    folder
        Private folder for the sample.

    Raises
    ------
    Unreadable
        If statements would give another answer than reading row by row; the text says which.
    """
    if opened.table.kind != "csv":
        return asked
    inner = folder / "sample"
    inner.mkdir(exist_ok=True)
    sample = _sampled(opened, asked, mapping, inner)
    if sample is None:
        return asked
    asked = _decided(opened, asked, sample)
    if sample.workload is None:
        return asked
    asked, other = _compared(sample, asked, mapping, inner)
    if other:
        raise Unreadable(_too_large(opened, sample.gathered, asked.limits, f"that would count {other}"))
    return asked


def too_large(
    opened: OpenTable, name: str, mapping: ColumnMapping | None, limits: Limits, folder: Path
) -> str:
    """Why a sheet whose columns statements do not understand is refused; empty: not for its size.

    Raises
    ------
    Unreadable
        If reading row by row refuses it too; the text says why.
    """
    path = folder / "sample.csv"
    path.write_text(_ends(opened.file, opened.table), encoding="utf-8")
    gathered = read_sheet(path, name, folder, mapping, limits)
    return "" if gathered is None else _too_large(opened, gathered, limits, "no column would count")


def _too_large(opened: OpenTable, gathered: Gathered, limits: Limits, what: str) -> str:
    """Sentences about a sheet that only reading row by row understands."""
    known = [*gathered.decisions, *(f"Left out are {why}." for why in gathered.left_out)]
    size = opened.file.stat().st_size / MEGABYTE
    return (
        limits.too_much(f"The sheet has {size:,.0f} MB, above", "sheet_mb", "MB")
        + " Larger ones are added up by statements, which take every row as it is, and in the first and last "
        f"rows of this one {what}. Reading row by row knows: "
        f"{' '.join(known) or 'how its names and cells are written.'} "
        "Or split the file and give the folder of its parts."
    )


def _sampled(
    opened: OpenTable, asked: Reading, mapping: ColumnMapping | None, folder: Path
) -> _Sample | None:
    """Read the beginning and the end row by row; None where no column of them holds numbers of tokens."""
    path = folder / "sample.csv"
    path.write_text(_ends(opened.file, opened.table), encoding="utf-8")
    gathered = read_sheet(path, asked.name, folder, mapping, asked.limits)
    if gathered is None:
        return None
    try:
        workload = workload_of_rows(gathered, asked.name, asked.edges, asked.limits)
    except Unreadable:
        return _Sample(path=path, gathered=gathered, workload=None)
    return _Sample(path=path, gathered=gathered, workload=workload)


def _ends(file: Path, table: Table) -> str:
    """Whole lines of the beginning of a file, and of its end from the first row that stands alone."""
    with file.open("rb") as opened:
        first = opened.read(ENDS_BYTES).decode("utf-8-sig", errors="replace").splitlines(keepends=True)
        if opened.tell() < ENDS_BYTES and len(first) <= HEAD_LINES + TAIL_LINES:
            return "".join(first)
        opened.seek(-min(ENDS_BYTES, file.stat().st_size), os.SEEK_END)
        last = opened.read().decode("utf-8", errors="replace").splitlines(keepends=True)[-TAIL_LINES:]
    head = [line for line in first[:HEAD_LINES] if line.endswith(("\n", "\r"))]
    while head and "".join(head).count('"') % 2:  # a cell goes on in the next line
        head.pop()
    for number, line in enumerate(last):
        cells = next(csv.reader(io.StringIO(line, newline=""), delimiter=table.delimiter), [])
        if len(cells) == table.width and not line.count('"') % 2:
            return "".join((*head, *last[number:]))
    return "".join(head)


# --- what holds for all rows ----------------------------------------------------------------------


def _decided(opened: OpenTable, asked: Reading, sample: _Sample) -> Reading:
    """Put in what the sample and questions to all rows decide."""
    table, found, gathered = opened.table, asked.found, sample.gathered
    skips = {} if found.format.keep else _failures(table)
    flags = _cached_by_gateway(table, asked, gathered)
    again, identity = _repeated(opened, asked)
    _nothing_beside(opened, asked)
    if sample.workload is None:
        return replace(asked, skips=skips | flags, again=again, identity=identity)
    grain, said = gathered.grain, list(gathered.of_columns)
    if gathered.once and not _once(opened, asked):
        grain, said = found.format.grain, [one for one in said if "so a row is a sum" not in one]
    found = replace(
        found,
        cached=gathered.cached,
        format=replace(found.format, grain=grain),
        decisions=tuple(dict.fromkeys((*found.decisions, *said))),
    )
    return replace(asked, found=found, skips=skips | flags, again=again, identity=identity)


def _place(table: Table, name: str) -> str:
    """Column of the relation with a name of the file."""
    return table.columns[(name,)]


def _failures(table: Table) -> dict[str, str]:
    """Condition of the rows that failed by their own mark."""
    rows = pieces_of(table)
    rows += [[row.get((name,), "") for name in table.header] for row in table.sample]
    found = dict(marks.failure_marks(table.header, rows))
    # A state that no piece shows as failed may be one further down.
    found |= {
        place: rule
        for place, rule in marks.failure_marks(table.header, [*rows, ["500"] * table.width])
        if rule is marks.bad_status
    }
    conditions = [
        _condition(f"c{place}", rule, {row[place] for row in rows}) for place, rule in found.items()
    ]
    return {marks.FAILED: " OR ".join(conditions)} if conditions else {}


def _condition(column: str, rule: Callable[[str], bool], cells: set[str]) -> str:
    """A rule about a cell as a condition; states that the file is known to have are compared first."""
    text = f"LOWER(TRIM({column}))"
    if rule is marks.is_false:
        return f"COALESCE({text} IN ('false', '0'), FALSE)"
    if rule is marks.is_wrapper:
        return f"COALESCE(regexp_full_match({text}, {_any_of(vocabulary().wrappers)}), FALSE)"
    if rule is marks.is_set:
        none = _any_of((*marks.NO, *vocabulary().nothing))
        return f"({column} IS NOT NULL AND NOT regexp_full_match({text}, {none}))"
    number = f"TRY_CAST(regexp_extract({text}, '^(-?[0-9]{{1,3}})($|[ :.-])', 1) AS INTEGER)"
    slow = (
        f"regexp_full_match({text}, {_any_of(vocabulary().failures)}) "
        f"OR COALESCE({number} BETWEEN 400 AND 999 OR {number} BETWEEN -99 AND -1, FALSE)"
    )
    good = sorted(cell for cell in cells if cell and not rule(cell))[:MOST_STATES]
    fast = " OR ".join([f"{column} IS NULL", *(f"{column} = {quoted(cell)}" for cell in good)])
    return f"CASE WHEN {fast} THEN FALSE ELSE {slow} END"


def _any_of(texts: Sequence[str] | frozenset[str]) -> str:
    return quoted("|".join(re.escape(text) for text in sorted(texts)))


def _cached_by_gateway(table: Table, asked: Reading, gathered: Gathered) -> dict[str, str]:
    """Condition of the rows that a gateway's own cache answered at no cost."""
    cost = asked.found.mapping.get("reported_cost_usd", ())
    flag = gathered.shown.get("cache_flag")
    if flag is None or len(cost) != 1 or len(cost[0]) != 1:
        return {}
    yes = ", ".join(map(quoted, TRUE))
    paid = f"TRY_CAST(REPLACE(CAST({_place(table, cost[0][0])} AS VARCHAR), '$', '') AS DOUBLE)"
    condition = f"COALESCE(LOWER(TRIM({_place(table, flag)})) IN ({yes}) AND {paid} = 0, FALSE)"
    return {marks.CACHED_BY_GATEWAY: condition}


def _repeated(opened: OpenTable, asked: Reading) -> tuple[Sequence[int], str]:
    """Hashes of the ids of rows that occur again with the same numbers, and the column of the ids."""
    table, connection = opened.table, opened.connection
    place = marks.id_column(table.header)
    if place is None:
        return (), ""
    meanings = [name for name in _IDENTICAL if name in asked.found.mapping]
    cells = [table.columns[path[:1]] for name in meanings for path in asked.found.mapping[name]]
    whole = f"hash(ROW({', '.join(dict.fromkeys([f'c{place}', *cells]))}))"
    there = f"FROM {table.source} WHERE TRIM(c{place}) <> ''"
    parts = opened.file.stat().st_size // (HASHES * SHORTEST_ROW) + 1
    again: set[int] = set()
    for part in range(parts):
        own = f"{there} AND {whole} % {parts} = {part}" if parts > 1 else there
        hashes = np.sort(
            np.asarray(connection.execute(f"SELECT {whole} AS h {own}", table.parameters).fetchnumpy()["h"])
        )
        again.update(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
        if len(again) > MOST_ASIDE:
            raise Unreadable(
                f"More than {MOST_ASIDE:,} rows repeat the id and the numbers of a row above "
                f"(column {table.header[place]}), which are too many to take out of so large a sheet: take "
                "them out, or split it and give the folder of its parts."
            )
    if not again:
        return (), ""
    twice = "CREATE OR REPLACE TEMP TABLE twice AS SELECT unnest(?::UBIGINT[]) AS h"
    connection.execute(twice, [list(again)])
    ids = f"SELECT DISTINCT hash(c{place}) AS id {there} AND {whole} IN (SELECT h FROM twice)"
    return [one for (one,) in connection.execute(ids, table.parameters).fetchall()], f"c{place}"


_IDENTICAL = (
    *("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning", "total"),
    *("n_requests", "repeat", "model", "ts"),
)
"""Meanings of what two rows of one id have alike when they are the same row."""


def _nothing_beside(opened: OpenTable, asked: Reading) -> None:
    """Refuse rows that count something beside text, or say where they were served: both have other prices."""
    table = opened.table
    used = {path[0] for paths in asked.found.mapping.values() for path in paths}
    for place, head in enumerate(table.header):
        key = extra_of(head) if head not in used else None
        if key is None:
            continue
        none = ANYWHERE | {"0", "0.0"} if key == "region" else {"", "0", "0.0", *vocabulary().nothing}
        text = f"LOWER(TRIM(c{place}))"
        row = opened.connection.execute(
            f"SELECT MIN(c{place}) FROM {table.source} WHERE c{place} IS NOT NULL "
            f"AND NOT regexp_full_match({text}, {_any_of(frozenset(none))})",
            table.parameters,
        ).fetchone()
        if row and row[0] is not None:
            raise Unreadable(
                f"Column {head} has {row[0]!r}, which has a price of its own. "
                + asked.limits.too_much("It is read in sheets up to", "sheet_mb", "MB")
                + " Or split the file and give the folder of its parts."
            )


def _once(opened: OpenTable, asked: Reading) -> bool:
    """Whether no time repeats for a model and account in all rows."""
    table, found = opened.table, asked.found
    cells = [
        table.columns[path[:1]]
        for name in ("ts", "model", "tenant", "processing")
        for path in found.mapping.get(name, ())
    ]
    query = f"SELECT COUNT(*), COUNT(DISTINCT hash(ROW({', '.join(cells)}))) FROM {table.source}"
    rows, different = opened.connection.execute(query, table.parameters).fetchall()[0]
    return bool(rows == different)


# --- both ways ------------------------------------------------------------------------------------


def _compared(
    sample: _Sample, asked: Reading, mapping: ColumnMapping | None, folder: Path
) -> tuple[Reading, str]:
    """What is asked, without times and costs that statements read otherwise; and what else differs."""
    assert sample.workload is not None
    right = sample.workload
    other = _by_statements(sample.path, asked, mapping, folder)
    if isinstance(other, Unreadable):
        return asked, f"nothing: {other}"
    told: list[str] = []
    gone: list[str] = []
    if _times(other) != _times(right):
        gone.append("ts")
        told.append("times: their style is read in smaller sheets only, so the file counts without them")
    if not _alike(other.paid_usd, right.paid_usd):
        gone.append("reported_cost_usd")
        told.append("what was paid: its style or currency is read in smaller sheets only")
    if gone:
        shown = dict(sample.gathered.shown)
        kept = {name: paths for name, paths in asked.found.mapping.items() if name not in gone}
        said = tuple(f"Column {shown[name]} is not used for {text}." for name, text in
                     zip(gone, told, strict=True) if name in shown)  # fmt: skip
        found = replace(asked.found, mapping=kept, decisions=(*asked.found.decisions, *said))
        asked = replace(asked, found=found)
        again = _by_statements(sample.path, asked, mapping, folder)
        if isinstance(again, Unreadable):
            return asked, f"nothing: {again}"
        other = again
    return asked, _difference(other, right, grain=asked.found.format.grain == sample.gathered.grain)


def _by_statements(
    path: Path, asked: Reading, mapping: ColumnMapping | None, folder: Path
) -> Workload | Unreadable:
    """The sample added up by statements."""
    plain = Plain(path=path)
    try:
        with open_table(plain, mapping, asked.limits, folder) as opened:
            return summed(opened, replace(asked, file=opened.file), folder)
    except Unreadable as refused:
        return refused


def _times(workload: Workload) -> tuple[float | None, float | None, bool]:
    ends = (None if one is None else round(one, 3) for one in (workload.first_s, workload.last_s))
    return (*ends, workload.relative_time)  # type: ignore[return-value]


def _alike(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) <= 1e-9 * abs(one))


def _difference(other: Workload, right: Workload, *, grain: bool) -> str:
    """What two ways of adding up the same rows give otherwise; empty: nothing.

    Without ``grain`` all rows have told what the sample could not: whether they are sums.
    """
    if other.tokens != right.tokens:
        a, b = other.tokens, right.tokens
        return (
            f"{a.requests:,} requests, {a.prompt:,} tokens in and {a.output:,} out where there are "
            f"{b.requests:,}, {b.prompt:,} and {b.output:,}"
        )
    if grain and (other.per_request, other.counted) != (right.per_request, right.counted):
        return "single requests where rows are sums" if other.per_request else "sums where rows are requests"
    if _meters(other) != _meters(right):
        return "nothing of what is beside the tokens of text"
    return ""


def _meters(workload: Workload) -> Mapping[str, int]:
    sums: dict[str, int] = {}
    for meters in workload.extras.values():
        for meter, amount in meters.items():
            sums[meter] = sums.get(meter, 0) + amount
    return sums


def sums_by_length(workload: Workload, asked: Reading) -> Reading | None:
    """The same question of rows of sums, where the rows turn out too long for requests; None: they do not."""
    found = asked.found
    if found.format.grain == Grain.BUCKET or "repeat" in found.mapping or found.format.marks:
        return None
    total = workload.tokens.requests
    long = sum(
        cell.tokens.requests
        for cell in workload.cells
        if cell.tokens.prompt + cell.tokens.output > LONGEST_REQUEST * cell.tokens.requests
    )
    if not total or long < LONG_SHARE * total:
        return None
    said = "Rows have more tokens than any context window holds, so a row is a sum of requests."
    form = replace(found.format, grain=Grain.BUCKET)
    return replace(asked, found=replace(found, format=form, decisions=(*found.decisions, said)))
