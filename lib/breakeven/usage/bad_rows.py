"""Where the rows are that the aggregate counted as bad: line, column, value and reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path as FilePath
from typing import Any

from breakeven.usage import sql
from breakeven.usage.files import connect
from breakeven.usage.formats import TOKEN_FIELDS, Grain, Recognised
from breakeven.usage.lent import lend
from breakeven.usage.limits import Limits
from breakeven.usage.stop import heed_stop
from breakeven.usage.sums import Problem
from breakeven.usage.table import LOST_RECORD, Table, loads, shorten

REJECT_REASONS = {
    "MISSING COLUMNS": "the row has fewer columns than the first line",
    "TOO MANY COLUMNS": "the row has more columns than the first line",
    "UNQUOTED VALUE": "a quotation mark is not closed, or text follows a closed one",
    "LINE SIZE OVER MAXIMUM": "the line is longer than the limit",
    "INVALID ENCODING": "the characters cannot be read",
    "INVALID STATE": "quotation marks do not match",
    LOST_RECORD: "the record breaks off or is not valid JSON",
}


BLANK = "the line is blank"


def locate(
    table: Table,
    found: Recognised,
    rows: Callable[[str], str],
    rejects: Sequence[tuple[int, str, str, str]],
    file: FilePath,
    name: str,
    columns: Mapping[str, str],
    limits: Limits,
) -> list[Problem]:
    """Find the rows that the aggregate counted as bad, with their line numbers."""
    lines = table.kind == "json" and table.by_line
    numbered = f"(SELECT *, ROW_NUMBER() OVER () AS n FROM {table.source})"
    cells = [one for one in (*TOKEN_FIELDS, "ts") if one in columns]
    # The raw cells, the number and the status of every row; only the bad ones are kept.
    statement = _keep_number(rows(numbered), lines)
    selected = ", ".join(f"CAST(r_{one} AS VARCHAR)" for one in cells)
    whole = "COALESCE(LEFT(line, 200), '')" if lines else "NULL"
    query = (
        f"SELECT n, good, late, {whole}, {selected} FROM ({statement}) WHERE good = -1 OR late = 1 "
        f"ORDER BY n LIMIT {limits.problem_rows}"
    )
    # A connection that keeps the order of the rows: their numbers become line numbers.
    with closing(connect(file, limits, limits.memory_mb, ordered=True)) as ordered:
        lend(ordered, table)
        fetched = ordered.execute(query, table.used_in(query)).fetchall()
    line_of = line_numbers(table, file, rejects, [int(row[0]) for row in fetched])
    problems = []
    for number, good, late, text, *values in fetched:
        raw = dict(zip(cells, values, strict=True))
        line = line_of.get(int(number), int(number))
        if good == -1:
            column, value, reason = _explain(raw, columns, found, text)
            problems.append(Problem(line=line, column=column, value=shorten(value), reason=reason, file=name))
        elif late:
            value = raw.get("ts") or ""
            reason = _date_reason(value)
            problems.append(
                Problem(
                    line=line,
                    column=columns.get("ts", "ts"),
                    value=shorten(value),
                    reason=reason,
                    left_out=False,
                    file=name,
                )
            )
    return problems


def _keep_number(statement: str, with_line: bool) -> str:
    """Carry the number of the row through the innermost SELECT."""
    head, marker, tail = statement.rpartition("(SELECT *, ROW_NUMBER()")
    start = head.rindex("(SELECT ") + len("(SELECT ")
    extra = "n, line, " if with_line else "n, "
    return head[:start] + extra + head[start:] + marker + tail


def _explain(
    raw: Mapping[str, str | None], columns: Mapping[str, str], found: Recognised, text: str | None
) -> tuple[str, str, str]:
    """Which cell of a bad row is to blame, and why."""
    if all(value is None for value in raw.values()):
        if text is not None and not text.strip():
            return "", "", BLANK
        if text is not None and _loads_fails(text):
            return "", text, "the line is not valid JSON"
        return columns["output"], text or "", "the row has no token counts"
    for one in TOKEN_FIELDS:
        if one not in raw:
            continue
        value = raw[one]
        if value is None:
            if one in ("input", "output") and not (one == "input" and found.format.grain == Grain.BUCKET):
                return columns[one], "", "the cell is empty"
            continue
        reason = number_fault(value, sql.most_of(one, found.format.grain))
        if reason:
            return columns[one], value, reason
    cached = columns.get("cache_read") or columns.get("cache_write_5m") or columns["input"]
    value = raw.get("cache_read") or raw.get("cache_write_5m") or ""
    return (
        cached,
        value,
        (
            "more tokens are cached than the input column has; if they are not part of it, set "
            "cached_in=outside"
        ),
    )


def _loads_fails(text: str) -> bool:
    return len(text) < 200 and not isinstance(loads(text), dict)


def number_fault(text: str, most: int) -> str | None:
    """Why a cell is no token count; None: it is one.

    >>> number_fault("12.5", 100), number_fault("1,234", 10**6), number_fault("7", 100)
    ('not a whole number', 'a thousands separator; write 1234', None)
    """
    clean = text.strip()
    try:
        value = float(clean)
    except ValueError:
        digits = (
            clean.replace(",", "").replace(".", "").replace(" ", "").replace("\u00a0", "").replace("'", "")
        )
        digits = digits.replace("\u202f", "").replace("_", "")
        if digits.isascii() and digits.isdigit():
            return f"a thousands separator; write {digits}"
        return "not a number"
    if value != value or value in (float("inf"), float("-inf")):
        return "not a number"
    if value < 0:
        return "negative"
    if value > most:
        return f"more than {most:,}, which nothing can be"
    return None if value == int(value) else "not a whole number"


def _date_reason(value: str) -> str:
    digits = value[:4]
    if digits.isdigit() and len(value) >= 8:
        return "a date outside 2010 to 2100"
    return "not a date that can be read; the row is priced without its time"


def line_numbers(
    table: Table, file: FilePath, rejects: Sequence[tuple[int, str, str, str]], numbers: Sequence[int]
) -> dict[int, int]:
    """Line of a row from its place among the rows that could be split into columns."""
    found: dict[int, int] = {}
    if table.kind != "csv" or not numbers:
        shift, faults = 0, sorted(line for line, *_ in rejects)
        for number in sorted(numbers):  # rejected lines have no number of their own
            while shift < len(faults) and faults[shift] <= number + shift:
                shift += 1
            found[number] = number + shift
        return found
    faulty = {line for line, *_ in rejects}
    wanted, last = set(numbers), max(numbers)
    with file.open("r", encoding="utf-8-sig", errors="replace", newline="") as text:
        for _ in range(table.header_lines):
            text.readline()
        place, line = 0, table.header_lines
        for start, blank in _records(text, table.delimiter):
            line = table.header_lines + start
            if line % 65_536 == 0:
                heed_stop()
            if blank or line in faulty:
                continue
            place += 1
            if place in wanted:
                found[place] = line
            if place >= last:
                break
    return found


def _records(text: io.TextIOBase | Any, delimiter: str) -> Iterator[tuple[int, bool]]:
    """First line of every record, and whether it is blank."""
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        start = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        yield start, not record
