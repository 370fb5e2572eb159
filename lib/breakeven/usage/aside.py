"""Rows that a scan set aside, read one by one as those of a short sheet are, and put beside its sums."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from breakeven.usage.bad_rows import REJECT_REASONS, line_numbers
from breakeven.usage.formats import ColumnMapping, Recognised
from breakeven.usage.from_rows import told, workload_of_rows
from breakeven.usage.from_sums import Reading
from breakeven.usage.merge import coarser, merge
from breakeven.usage.plan import READ_ORDER
from breakeven.usage.quick import Quick
from breakeven.usage.quotes import count_lines
from breakeven.usage.sheets import marks
from breakeven.usage.sheets.numbers import is_nothing
from breakeven.usage.sheets.reader import fault, gather_sheet
from breakeven.usage.sheets.split import Row, Sheet, even, set_aside
from breakeven.usage.sums import Problem, Workload
from breakeven.usage.table import Table, shorten

_UNCUT = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM", "INVALID ENCODING", "INVALID STATE")
"""Faults of a line that cannot be cut into cells."""


def beside(main: Workload, quick: Quick, table: Table, asked: Reading, folder: Path) -> Workload:
    """Add the rows that were set aside to the sums of the others.

    Parameters
    ----------
    main
        Sums of the plain rows.
    quick
        What was set aside.
    table
        The file.
    asked
        What is asked of it.
    folder
        Private folder for the rows.
    """
    if not (quick.split or quick.odd or quick.gone or quick.faults):
        return main
    found, limits = asked.found, asked.limits
    file = Path(table.parameters["path"])
    counted = sum(quick.faults.values())
    rows, broken = _split_rows(quick, table)
    rejects = [(line, "", kind, text) for line, kind, text in quick.split]
    places = [*(place for place, _ in quick.odd), *(place for place, *_ in quick.hopeless)]
    all_rows = main.rows_read + sum(quick.gone.values()) + len(quick.odd) + counted + len(rejects)
    lines = _lines_of(table, file, rejects, places, all_rows if quick.odd else 0)
    rows += [(lines.get(place, place), [cell or "" for cell in cells]) for place, cells in quick.odd]
    rows.sort(key=lambda row: row[0])
    hopeless = [
        _problem(lines.get(place, place), column, cell, found, main.name)
        for place, column, cell in quick.hopeless
    ]
    sheet = Sheet(header=list(table.header), rows=rows, delimiter=table.delimiter, broken=broken)
    set_aside(sheet)
    even(sheet)
    if not marks.failure_marks(sheet.header, [cells for _, cells in sheet.rows]):
        sheet.rows, more = _without_numbers(sheet, found, main.name)
        hopeless += more
        counted += len(more)
    gathered = gather_sheet(
        sheet,
        main.name,
        folder / "aside.csv",
        ColumnMapping(columns=_mapping(found), cached_in=found.cached if found.cached != "none" else None),
        limits,
        part_of=_sums(main),
    )
    assert gathered is not None
    for why, left_out in quick.gone.items():
        gathered.leave_out(why, left_out)
        gathered.seen += left_out
    good = gathered.seen - sum(gathered.left_out.values()) - sum(p.left_out for p in gathered.rejected)
    whole = main
    if good:
        more_rows = workload_of_rows(gathered, main.name, asked.edges, limits)
        even_steps = replace(
            more_rows,
            minutes=coarser(more_rows.minutes, main.step_minutes),
            step_minutes=main.step_minutes,
        )
        whole = replace(merge([main, even_steps], main.name, limits), recognised=main.recognised)
    gathered.seen += counted
    problems = sorted([*gathered.rejected, *hopeless], key=lambda p: p.line)[: limits.problem_rows]
    rejected = sum(problem.left_out for problem in gathered.rejected) + counted
    return replace(
        whole,
        rows_read=main.rows_read + gathered.seen,
        rows_rejected=rejected,
        rows_skipped=sum(gathered.left_out.values()),
        problems=tuple(problems),
        notes=(
            *main.notes,
            *told(gathered, main.rows_read + gathered.seen, more=counted),
            *_first_of(rejected, len(problems)),
        ),
        withheld=main.withheld,
    )


def _first_of(rejected: int, listed: int) -> list[str]:
    """Say that not every row that cannot be read is named."""
    return [f"Of the rows that cannot be read, the first {listed:,} are listed."] if listed < rejected else []


def _problem(line: int, column: str, cell: str, found: Recognised, name: str) -> Problem:
    """A row without a number in a column of tokens, or without tokens."""
    reason = fault(cell) if column else "the row has no token counts"
    head = found.shown[column or "output"]
    return Problem(line=line, column=head, value=shorten(cell), reason=reason, file=name)


_DIGIT = re.compile(r"\d")


def _without_numbers(sheet: Sheet, found: Recognised, name: str) -> tuple[list[Row], list[Problem]]:
    """Rows that have to be read, and those that a column of tokens without any digit rules out."""
    own = [
        (meaning, sheet.header.index(found.mapping[meaning][0][0]))
        for meaning in READ_ORDER
        if meaning in found.mapping
    ]
    kept: list[Row] = []
    problems: list[Problem] = []
    for line, cells in sheet.rows:
        none = (
            (meaning, cell)
            for meaning, place in own
            if (cell := cells[place]) and not _DIGIT.search(cell) and not is_nothing(cell)
        )
        first = next(none, None)
        if first is None:
            kept.append((line, cells))
        else:
            problems.append(_problem(line, *first, found, name))
    return kept, problems


def _mapping(found: Recognised) -> dict[str, str]:
    """The columns of the scan, as a mapping that a user could have typed."""
    return {name: ".".join(paths[0]) for name, paths in found.mapping.items()}


def _sums(main: Workload) -> dict[str, float]:
    """Sums of the plain rows, against which a row of totals is held."""
    tokens = main.tokens
    inside = main.recognised[0].cached == "inside"
    return {
        "input": float(tokens.prompt if inside else tokens.input_uncached),
        "output": float(tokens.output),
        "cache_read": float(tokens.cache_read),
        "cache_write_5m": float(tokens.cache_write_5m),
        "cache_write_1h": float(tokens.cache_write_1h),
        "reasoning": float(tokens.reasoning),
    }


def _split_rows(quick: Quick, table: Table) -> tuple[list[Row], list[tuple[int, str, str]]]:
    """Cells of the lines that can be cut, and the lines that cannot."""
    rows: list[Row] = []
    broken: list[tuple[int, str, str]] = []
    for line, kind, text in quick.split:
        if kind in _UNCUT:
            broken.append((line, text, REJECT_REASONS.get(kind, REJECT_REASONS["UNQUOTED VALUE"])))
        else:
            cut = list(csv.reader(io.StringIO(text.strip("\r\n"), newline=""), delimiter=table.delimiter))
            if len(cut) == 1:
                rows.append((line, cut[0]))
            else:
                broken.append((line, text, REJECT_REASONS["UNQUOTED VALUE"]))
    return rows, broken


def _lines_of(
    table: Table,
    file: Path,
    rejects: Sequence[tuple[int, str, str, str]],
    places: Sequence[int],
    rows: int,
) -> dict[int, int]:
    """Lines of rows by their place: counted where every line is one of so many rows, else read again."""
    if not places or not rows:
        return line_numbers(table, file, rejects, places)
    if count_lines(file) != table.header_lines + rows:
        return line_numbers(table, file, rejects, places)
    found: dict[int, int] = {}
    faults = sorted(line for line, *_ in rejects)
    shift = 0
    for place in sorted(places):
        while shift < len(faults) and faults[shift] <= table.header_lines + place + shift:
            shift += 1
        found[place] = table.header_lines + place + shift
    return found
