"""From text to cells: what separates them, where the header stands, and the lines that cannot be split."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

DELIMITERS = (",", ";", "\t", "|")
SPACES = "  "
"""Stands for two blanks or more between cells, as in a table that was copied from a screen."""
HEADER_LINES = 30
"""Lines among which the header is looked for."""
UNCLOSED = "unexpected end of data"
_RULE = re.compile(r"[\s|:+=-]+")

Row = tuple[int, list[str]]
"""Line on which a row begins, counted from 1, and its cells."""


@dataclass(slots=True, kw_only=True)
class Sheet:
    """A header and the rows below it."""

    header: list[str]
    rows: list[Row]
    delimiter: str = ","
    above: int = 0
    """Lines above the header that are not blank."""
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    """Line, text and reason of what cannot be split."""
    notes: list[str] = field(default_factory=list)


def split(text: str, score: Callable[[Sequence[str], Sequence[Row]], int]) -> Sheet | None:
    """Cut a text into a header and rows.

    Parameters
    ----------
    text
        The whole file, or its beginning.
    score
        How well a row serves as the header of the rows below it; 0: not at all.

    Returns
    -------
    Sheet or None
        None where no line serves.
    """
    if text[:4].lower() == "sep=":
        text = "\n" + text.partition("\n")[2]
    best: tuple[int, int, Sheet] | None = None
    for delimiter in (*DELIMITERS, SPACES):
        if delimiter != SPACES and delimiter not in text[:100_000]:
            continue
        sheet = Sheet(header=[], rows=[], delimiter=delimiter)
        records = list(_records(text, delimiter, sheet))
        found = _header(records, score)
        if found is None:
            continue
        place, worth = found
        sheet.header = [cell.strip().lstrip("\ufeff") for cell in records[place][1]]
        sheet.rows = records[place + 1 :]
        sheet.above = sum(1 for _, cells in records[:place] if any(cell.strip() for cell in cells))
        if best is None or (worth, len(sheet.header)) > best[:2]:
            best = (worth, len(sheet.header), sheet)
        if worth >= 100:
            break
    if best is None:
        return None
    _even(best[2])
    return best[2]


def _header(
    records: Sequence[Row], score: Callable[[Sequence[str], Sequence[Row]], int]
) -> tuple[int, int] | None:
    """Place of the record that serves best as a header, and how well it does."""
    best: tuple[int, int] | None = None
    tried = 0
    for place, (_, cells) in enumerate(records):
        if not any(cell.strip() for cell in cells):
            continue
        tried += 1
        worth = score(cells, records[place + 1 : place + 201])
        if worth and (best is None or worth > best[1]):
            best = (place, worth)
        if tried >= HEADER_LINES or worth >= 100:
            break
    return best


def _records(text: str, delimiter: str, sheet: Sheet) -> Iterator[Row]:
    """Every record with its line; what cannot be split is noted."""
    if delimiter == SPACES:
        for line, content in enumerate(text.splitlines(), start=1):
            yield line, re.split(r"\s{2,}|\t", content.strip())
        return
    csv.field_size_limit(2**31 - 1)
    outer = delimiter == "|"
    try:
        yield from _split(text, delimiter, sheet, outer=outer, quoting=csv.QUOTE_MINIMAL)
    except _Unclosed as unclosed:
        sheet.broken.clear()
        sheet.notes.append("A quotation mark is never closed; the marks are read as plain characters.")
        yield from (
            row
            for row in _split(text, delimiter, sheet, outer=outer, quoting=csv.QUOTE_NONE)
            if row[0] >= unclosed.line
        )


class _Unclosed(Exception):
    """A quotation mark is open at the end."""

    def __init__(self, line: int) -> None:
        self.line = line


def _split(text: str, delimiter: str, sheet: Sheet, *, outer: bool, quoting: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, quoting=quoting)  # type: ignore[arg-type]
    lines: list[str] | None = None
    while True:
        start = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if UNCLOSED in str(error):
                raise _Unclosed(start) from None
            lines = lines or text.splitlines()
            shown = lines[start - 1] if start <= len(lines) else ""
            sheet.broken.append(
                (start, shown, "a quotation mark is not closed, or text follows a closed one")
            )
            continue
        if outer and record and not record[0].strip() and len(record) > 2:
            record = record[1:-1] if not record[-1].strip() else record[1:]
            if all(_RULE.fullmatch(cell) for cell in record):
                continue
        yield start, record


def _even(sheet: Sheet) -> None:
    """Cut or fill rows to the width of the header; rows that have too much or too little are noted."""
    while (
        sheet.header
        and not sheet.header[-1]
        and all(not any(c[len(sheet.header) - 1 :]) for _, c in sheet.rows)
    ):
        sheet.header.pop()
    width, even = len(sheet.header), []
    for line, cells in sheet.rows:
        if not cells or (len(cells) == 1 and width > 1 and not cells[0].strip()):
            continue  # an empty line is no row
        if len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                sheet.broken.append(
                    (line, sheet.delimiter.join(cells), "the row has more columns than the first line")
                )
                continue
            cells = cells[:width]
        elif len(cells) < width:
            if any(cell.strip() for cell in cells):
                sheet.broken.append(
                    (line, sheet.delimiter.join(cells), "the row has fewer columns than the first line")
                )
                continue
            cells = [""] * width
        even.append((line, cells))
    sheet.rows = even
