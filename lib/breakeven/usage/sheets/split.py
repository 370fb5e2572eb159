"""From text to cells: what separates them, where the header stands, and the lines that cannot be split."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from breakeven.usage.sheets.words import meaning_of, vocabulary

DELIMITERS = (",", ";", "\t", "|")
SPACES = "  "
"""Stands for two blanks or more between cells, as in a table that was copied from a screen."""
HEADER_LINES = 30
"""Lines among which the header is looked for."""
UNCLOSED = "unexpected end of data"
_RULE = re.compile(r"[\s|:+=-]+")
_DRAWN = re.compile(r"[\s|+=─━═┄┈┌┐└┘├┤┬┴┼╭╮╯╰╒╓╔╕╖╗╘╙╚╛╜╝╞╟╠╡╢╣╤╥╦╧╨╩╪╫╬┏┓┗┛┣┫┳┻╋┡┩╇│┃║-]*[─━═-]{3,}[^\w]*")
"""A line that is drawn between the rows of a table."""
_SPACED = re.compile(r"""[^"'\n]*[,;] +"[^"\n]*"\s*([,;]|$)|.*"[,;] +"[^"]""")
HEADER = "rows that repeat the names of the columns"
NOTE = "notes or comments in one cell"
OTHER = "rows of another table of the file"

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
    left_out: dict[str, int] = field(default_factory=dict)
    """Why lines below the header are no rows, to how many."""


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
    text = _undrawn(text)
    best: tuple[int, int, Sheet] | None = None
    for delimiter in (*DELIMITERS, SPACES):
        if delimiter != SPACES and delimiter not in text[:100_000]:
            continue
        sheet = Sheet(header=[], rows=[], delimiter=delimiter)
        records = list(_records(text, delimiter, sheet))
        found = _header(records, score)
        if found is None:
            continue
        place, worth, names, lines = found
        sheet.header = [re.sub(r"\s+", " ", cell).strip().lstrip("\ufeff") for cell in names]
        sheet.rows = records[place + lines :]
        sheet.above = sum(1 for _, cells in records[:place] if any(cell.strip() for cell in cells))
        if lines > 1:
            sheet.notes.append(
                f"The names of the columns stand in lines {records[place][0]} and {records[place + 1][0]}."
            )
        if best is None or (worth, len(sheet.header)) > best[:2]:
            best = (worth, len(sheet.header), sheet)
        if worth >= 100:
            break
    if best is None:
        return None
    set_aside(best[2])
    even(best[2])
    return best[2]


def _undrawn(text: str) -> str:
    """Lines and corners that a screen draws around a table, as the bars of a plain one."""
    if not re.search("[─━═]{3}|[│┃║]", text):
        return text
    lines = ("" if _DRAWN.fullmatch(line) else line for line in text.splitlines())
    return re.sub("[│┃║]", "|", "\n".join(lines)) + "\n"


def _header(
    records: Sequence[Row], score: Callable[[Sequence[str], Sequence[Row]], int]
) -> tuple[int, int, Sequence[str], int] | None:
    """Place of the record that serves best as a header, how well, its names, and how many lines they take."""
    best: tuple[int, int, Sequence[str], int] | None = None
    tried = 0
    for place, (_, cells) in enumerate(records):
        if not any(cell.strip() for cell in cells):
            continue
        tried += 1
        worth, names, lines = score(cells, records[place + 1 : place + 201]), cells, 1
        below = records[place + 1][1] if place + 1 < len(records) else []
        again = [_same(cell) for cell in below] == [_same(cell) for cell in cells]
        if worth < 90 and not again and _names(cells) and _names(below) and len(below) <= len(cells):
            both = _with_units(cells, below) if _says_units(below) else _over_two(cells, below)
            other = score(both, records[place + 2 : place + 202])
            if other > worth or (other == worth > 0 and _says_units(below)):
                worth, names, lines = other, both, 2
        if worth and (best is None or worth > best[1]):
            best = (place, worth, names, lines)
        if tried >= HEADER_LINES or worth >= 100:
            break
    return best


def _names(cells: Sequence[str]) -> bool:
    """Whether cells may be names of columns: text, and more than one."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and not any(cell[0].isdigit() for cell in filled)


def _says_units(cells: Sequence[str]) -> bool:
    """Whether cells say only in what, or of what type, the columns are."""
    found = [_unit(cell) for cell in cells if cell.strip()]
    known = vocabulary()
    return any(map(str.isalpha, "".join(found))) and all(
        unit in known.units_row or unit in known.units or unit in known.money for unit in found
    )


def _unit(cell: str) -> str:
    return cell.strip().strip("[](){}").strip().lower()


def _with_units(names: Sequence[str], units: Sequence[str]) -> list[str]:
    """Names with the units that change what their numbers say."""
    known = vocabulary()
    said = [_unit(cell) for cell in units] + [""] * (len(names) - len(units))
    return [
        f"{name} ({unit})" if unit in known.units or unit in known.money else name
        for name, unit in zip(names, said, strict=True)
    ]


def _over_two(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Names over two lines; a name above also stands for the blanks beside it that have one below."""
    below = [*lower, *[""] * (len(upper) - len(lower))]
    names, last = [], ""
    for above, under in zip(upper, below, strict=True):
        last = above.strip() or (last if under.strip() else "")
        names.append(f"{last} {under.strip()}".strip())
    return names


def set_aside(sheet: Sheet) -> None:
    """Leave out what is no row: the header again, notes in one cell, further tables of another kind."""
    own = [_same(cell) for cell in sheet.header]
    kept: list[Row] = []
    fresh, apart = False, False
    for line, cells in sheet.rows:
        filled = [cell for cell in cells if cell.strip()]
        if not filled:
            fresh = True
            kept.append((line, cells))
            continue
        names = [_same(cell) for cell in cells]
        if (
            len(filled) > 1
            and names[: len(own)] == own[: len(names)]
            and len(names) >= len(own) - own.count("")
        ):
            apart = False
            _leave_out(sheet, HEADER)
        elif len(sheet.header) > 1 and len(filled) == 1 and cells[0].strip() and _note(cells[0], fresh):
            _leave_out(sheet, NOTE)
            continue  # what follows a title is as fresh as the title
        elif fresh and not apart and _names(cells) and any(map(meaning_of, filled)) and len(names) > 1:
            apart = True
            _leave_out(sheet, OTHER)
            sheet.notes.append(
                f"Another table begins in line {line} ({', '.join(filled[:4])}); it is not read."
            )
        elif apart:
            _leave_out(sheet, OTHER)
        else:
            kept.append((line, cells))
        fresh = False
    sheet.rows = kept


def _same(cell: str) -> str:
    return re.sub(r"\s+", " ", cell).strip().lstrip("\ufeff").lower()


def _note(cell: str, fresh: bool) -> bool:
    """Whether the only cell of a line is a comment, a count of rows, or text apart from the rows."""
    text = cell.strip()
    if text.startswith(("#", "//")) or re.fullmatch(r"\(?\d+ rows?\b.*", text):
        return True
    return fresh and not text[0].isdigit()


def _leave_out(sheet: Sheet, why: str) -> None:
    sheet.left_out[why] = sheet.left_out.get(why, 0) + 1


def _records(text: str, delimiter: str, sheet: Sheet) -> Iterator[Row]:
    """Every record with its line; what cannot be split is noted."""
    if delimiter == SPACES:
        for line, content in enumerate(text.splitlines(), start=1):
            yield line, re.split(r"\s{2,}|\t", content.strip())
        return
    outer = delimiter == "|" and _framed(text)
    options = _quotes(text, delimiter, outer=outer)
    try:
        yield from _split(text, delimiter, sheet, outer=outer, **options)
    except _Unclosed as unclosed:
        sheet.broken.clear()
        sheet.notes.append("A quotation mark is never closed; the marks are read as plain characters.")
        yield from (
            row
            for row in _split(text, delimiter, sheet, outer=outer, quoting=csv.QUOTE_NONE)
            if row[0] >= unclosed.line
        )


def _framed(text: str) -> bool:
    """Whether bars also stand before the first cell and after the last."""
    lines = [line.strip() for line in text[:20_000].splitlines() if "|" in line]
    return sum(line.startswith("|") and line.endswith("|") for line in lines) * 2 > len(lines)


def _quotes(text: str, delimiter: str, *, outer: bool) -> dict[str, Any]:
    """How cells are quoted: with which mark, after a blank, and how a mark within is escaped."""
    first = text.lstrip("\ufeff\n").partition("\n")[0].strip()
    if first.startswith("'") and first.endswith("'") and f"'{delimiter}'" in first and '"' not in first:
        return {"quotechar": "'"}
    options: dict[str, Any] = {}
    if any(_SPACED.match(line) for line in text[:20_000].splitlines()[:20]):
        options["skipinitialspace"] = True
    if '\\"' in text:
        broken = {}
        for escape in (None, "\\"):
            tried = Sheet(header=[], rows=[])
            try:
                for _ in _split(text, delimiter, tried, outer=outer, escapechar=escape, **options):
                    pass
                broken[escape] = len(tried.broken)
            except _Unclosed:
                broken[escape] = len(text)
        if broken["\\"] < broken[None]:
            options["escapechar"] = "\\"
    return options


class _Unclosed(Exception):
    """A quotation mark is open at the end."""

    def __init__(self, line: int) -> None:
        self.line = line


def _split(text: str, delimiter: str, sheet: Sheet, *, outer: bool, **options: Any) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, **options)
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


def even(sheet: Sheet) -> None:
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
        even.append((line, [_untext(cell) for cell in cells]))
    sheet.rows = even


def _untext(cell: str) -> str:
    """A cell without the marks by which a spreadsheet keeps a number as text.

    >>> _untext('="1000"'), _untext("'1000"), _untext("it's")
    ('1000', '1000', "it's")
    """
    if cell[:2] == '="' and cell[-1:] == '"' and len(cell) > 3:
        return cell[2:-1]
    return cell[1:] if cell[:1] == "'" and cell[1:2].isdigit() else cell
