"""One CSV file of ``data/``, read strictly, with the line of every row.

Nothing is guessed or repaired here: what is not exactly as the schema says becomes a
:class:`Problem` that names file, line and column.
"""

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from breakeven.tables.rules import TableRules

WHOLE_ROW = "row"
"""Stands for the column where a problem concerns the whole row."""

WHOLE_FILE = "file"
"""Stands for the column where a problem concerns the whole file."""


class Problem(NamedTuple):
    """One thing wrong with the data."""

    file: str
    """Name of the file."""
    line: int
    """Physical line on which the row starts; the header is line 1."""
    column: str
    """Column or columns at fault."""
    reason: str
    """What is wrong, with the value, and what would be right."""

    def __str__(self) -> str:
        """Write it as compilers do, so that editors can jump there."""
        return f"{self.file}:{self.line}: {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one file as text; None is an empty cell."""

    file: str
    """Name of the file."""
    columns: tuple[str, ...]
    """Names in the header."""
    lines: list[int] = field(default_factory=list)
    """Line on which each row starts."""
    rows: list[list[str | None]] = field(default_factory=list)
    """Cells of each row."""
    problems: list[Problem] = field(default_factory=list)
    """What could not be read."""
    notes: list[Problem] = field(default_factory=list)
    """What a file that an older version wrote does not say."""

    def add_problem(self, line: int, column: str, reason: str) -> None:
        """Note a problem of this file."""
        self.problems.append(Problem(self.file, line, column, reason))

    def keys(self, columns: Sequence[str]) -> list[tuple[str | None, ...]]:
        """Cells of some columns, row by row."""
        places = [self.columns.index(column) for column in columns]
        return [tuple(row[place] for place in places) for row in self.rows]

    def records(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """Yield the line and the cells by name of each row."""
        for line, row in zip(self.lines, self.rows, strict=True):
            yield line, dict(zip(self.columns, row, strict=True))


def read_sheet(path: Path, columns: Sequence[str], later: Collection[str] = ()) -> Sheet:
    """Read a CSV file whose header must be exactly ``columns``.

    A file that cannot be read at all gives a sheet without rows and one problem.

    Parameters
    ----------
    later
        Columns that an older version did not write: where the header lacks one, its cells are empty, and that
        is noted.
    """
    sheet = Sheet(path.name, tuple(columns))
    text = _text(path, sheet)
    if text is None:
        return sheet
    header = text.partition("\n")[0].split(",")
    absent = [name for name in columns if name in later and name not in header]
    if absent and header == [name for name in columns if name not in absent]:
        return _with_empty(read_sheet(path, header), columns, absent)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            _take_row(sheet, start, cells)
            if start == 1 and sheet.problems:
                return sheet  # under a wrong header every cell would be a problem
            start = reader.line_num + 1
    except csv.Error as error:
        sheet.add_problem(start, WHOLE_ROW, f"is not CSV: {error}")
    return sheet


def _with_empty(held: Sheet, columns: Sequence[str], absent: Sequence[str]) -> Sheet:
    """The rows of a file that an older version wrote, with empty cells for the columns that it lacks."""
    rows = [[record.get(name) for name in columns] for _, record in held.records()]
    note = "missing from the header, as an older version wrote it; their cells are taken as empty"
    notes = [Problem(held.file, 1, ", ".join(absent), note)]
    return Sheet(held.file, tuple(columns), held.lines, rows, held.problems, notes)


def _text(path: Path, sheet: Sheet) -> str | None:
    """Read the file as UTF-8 with plain line ends; None where that fails."""
    try:
        content = path.read_bytes()
    except OSError as error:
        sheet.add_problem(1, WHOLE_FILE, f"cannot be read: {error.strerror}")
        return None
    for mark, complaint in (
        (b"\xef\xbb\xbf", "starts with a byte-order mark; save the file as UTF-8 without one"),
        (b"\x00", "holds a NUL byte; save the file as UTF-8 text"),
        (b"\r", "holds a carriage return; save the file with LF line ends"),
    ):
        place = content.find(mark)
        if place == 0 or (place > 0 and len(mark) == 1):
            sheet.add_problem(1 + content.count(b"\n", 0, place), WHOLE_FILE, complaint)
            return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        sheet.add_problem(line, WHOLE_FILE, f"byte {content[error.start]:#04x} is not UTF-8")
        return None
    if not text:
        sheet.add_problem(1, WHOLE_FILE, "is empty; a header is needed: " + ",".join(sheet.columns))
        return None
    return text


def _take_row(sheet: Sheet, line: int, cells: list[str]) -> None:
    """Add one record to the sheet, or its problem."""
    if line == 1:
        _check_header(sheet, cells)
    elif len(cells) != len(sheet.columns):
        found = f"has {len(cells)} cells" if cells else "is blank"
        sheet.add_problem(line, WHOLE_ROW, f"{found}, the header names {len(sheet.columns)}")
    else:
        sheet.lines.append(line)
        sheet.rows.append([cell or None for cell in cells])


def _check_header(sheet: Sheet, header: list[str]) -> None:
    """Note every name that is missing, unknown, repeated or out of place."""
    wanted = sheet.columns
    for name in wanted:
        if name not in header:
            sheet.add_problem(1, name, "is missing from the header")
    for name in dict.fromkeys(header):
        if name not in wanted:
            sheet.add_problem(
                1, name or WHOLE_ROW, f"{shown(name)} in the header is not a column of the table"
            )
        elif header.count(name) > 1:
            sheet.add_problem(1, name, f"'{name}' stands {header.count(name)} times in the header")
    if sheet.problems:
        return
    for place, (name, right) in enumerate(zip(header, wanted, strict=True), start=1):
        if name != right:
            sheet.add_problem(1, name, f"'{name}' is at place {place} of the header, where '{right}' belongs")
            return


def check_cells(sheet: Sheet, rules: TableRules) -> None:
    """Note every empty cell that must not be, and every text that is not of its column's type."""
    faults = [(name, _fault_finder(rules.types[name]), name in rules.required) for name in sheet.columns]
    for line, row in zip(sheet.lines, sheet.rows, strict=True):
        for cell, (name, fault_of, required) in zip(row, faults, strict=True):
            if cell is None:
                if required:
                    sheet.add_problem(line, name, f"{shown(cell)} must not be empty")
            elif fault := fault_of(cell):
                sheet.add_problem(line, name, f"{shown(cell)} {fault}")


def shown(*values: str | None) -> str:
    """Quote values for a message: on one line, not too long, an empty cell as two quotes.

    >>> shown("-80", None), shown("two\\nlines")
    ("'-80', ''", "'two\\\\nlines'")
    """
    return ", ".join(f"'{_printable(value or '')}'" for value in values)


def _printable(text: str) -> str:
    """Shorten a text and write out what a terminal would act upon."""
    short = text if len(text) <= 60 else text[:59] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in short)


def repeated_rows(sheet: Sheet, columns: tuple[str, ...]) -> Iterator[Problem]:
    """Find the rows that have the same cells in these columns as an earlier row."""
    first_lines: dict[tuple[str | None, ...], int] = {}
    for line, cells in zip(sheet.lines, sheet.keys(columns), strict=True):
        first = first_lines.setdefault(cells, line)
        if first != line:
            yield Problem(sheet.file, line, ", ".join(columns), f"{shown(*cells)} is on line {first} already")


_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
_DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTEGER_BITS = {"INTEGER": 31, "BIGINT": 63}


def _fault_finder(data_type: str) -> Callable[[str], str | None]:
    """Choose the function that says what is wrong with a text of that type.

    DuckDB's own casts are too kind: they round '8.5' to an integer and read 't' as true.
    """
    if data_type in _INTEGER_BITS:
        return lambda text: _integer_fault(text, _INTEGER_BITS[data_type])
    if match := re.fullmatch(r"DECIMAL\(([0-9]+),([0-9]+)\)", data_type):
        return lambda text: _decimal_fault(text, int(match[1]) - int(match[2]), int(match[2]))
    return {"VARCHAR": _text_fault, "BOOLEAN": _boolean_fault, "DOUBLE": _number_fault, "DATE": _date_fault}[
        data_type
    ]


def _text_fault(text: str) -> str | None:
    return None if text == text.strip() else "must not begin or end with a space"


def _boolean_fault(text: str) -> str | None:
    return None if text in ("true", "false") else "must be true or false"


def _integer_fault(text: str, bits: int) -> str | None:
    if not _INTEGER.fullmatch(text):
        return "must be a whole number"
    # Length first: int() of a text of thousands of digits raises.
    if len(text) > 20 or not -(2**bits) <= int(text) < 2**bits:
        return f"must be a whole number below 2^{bits}"
    return None


def _number_fault(text: str) -> str | None:
    if not _NUMBER.fullmatch(text):
        return "must be a number"
    return None if abs(float(text)) < float("inf") else "must be a finite number"


def _decimal_fault(text: str, whole_digits: int, places: int) -> str | None:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return "must be a number without an exponent"
    if len(match[1].lstrip("0")) > whole_digits or len((match[2] or "").rstrip("0")) > places:
        return f"must have at most {whole_digits} digits before and {places} after the point"
    return None


def _date_fault(text: str) -> str | None:
    if not _DATE.fullmatch(text):
        return "must be a date written YYYY-MM-DD"
    try:
        date.fromisoformat(text)
    except ValueError:
        return "is not a day of the calendar"
    return None
