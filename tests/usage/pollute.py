"""Tables with one to three faults, after the Pollock benchmark, and a count of lines that asks no reader.

The kinds are those of Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023: marks,
delimiters, ends of records, numbers of cells, cells of several lines, encodings, lines around a table.

``python -m tests.usage.pollute 3000`` reads as many files and prints what became of them; with a folder of
the benchmark's own files behind it (``polluted_files/csv`` of its repository) those as well.
"""

from __future__ import annotations

import csv
import io
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from breakeven.usage.formats import BadMapping, parse_mapping
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from tests.builders import SAMPLES

TABLES = tuple(
    f"{name}.csv"
    for name in (
        "azure_2024_week",
        "burstgpt_v2",
        "claude_api_tokens",
        "completions_usage_openai",
        "cursor_usage",
        "helicone_requests",
        "litellm_spend_logs",
        "openrouter_activity",
        "portkey_logs",
        "splitwise_trace",
        "openai_legacy_usage",
        "langfuse_observations",
    )
)
"""Samples that are polluted: each one row a request, or one row a sum."""
INSIDE = re.compile(r"([\d,]+) lines? stands? inside cells")
POLLOCK = "input=Qty,output=Qty,model=PRODUCTID"
"""Columns of the benchmark's own table that are taken for tokens."""
DELIMITERS = ",;\t|"
LINE_END = re.compile(r"\r\n|\r|\n")
MOST_ROWS = 40


@dataclass
class Sheet:
    """A table as text: a header and rows, each with what ends its line."""

    cells: list[list[str]]
    random: random.Random
    delimiter: str = ","
    end: str = "\n"
    quote_all: bool = False
    encoding: str = "utf-8"
    before: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Lines of text of the clean table."""
        for row in self.cells:
            out = io.StringIO()
            quoting = csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL
            csv.writer(out, delimiter=self.delimiter, quoting=quoting, lineterminator="").writerow(row)
            self.lines.append(out.getvalue())
        self.ends = [self.end] * len(self.lines)

    def any_row(self) -> int:
        """Place of a data row."""
        return self.random.randrange(1, len(self.lines))

    def cut(self, place: int) -> list[str]:
        """Cells of a line, as they are written."""
        return self.lines[place].split(self.delimiter)

    def put(self, place: int, cells: Sequence[str]) -> None:
        """Write cells as a line."""
        self.lines[place] = self.delimiter.join(cells)

    def text(self) -> str:
        """The whole file."""
        return "".join(
            [
                *(line + self.end for line in self.before),
                *map("".join, zip(self.lines, self.ends, strict=True)),
            ]
        )


Fault = Callable[[Sheet], None]


def _stray_mark(sheet: Sheet) -> None:
    place = sheet.any_row()
    at = sheet.random.randrange(len(sheet.lines[place]) + 1)
    sheet.lines[place] = sheet.lines[place][:at] + '"' + sheet.lines[place][at:]


def _mark_before_cell(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    at = sheet.random.randrange(len(cells))
    cells[at] = '"' + cells[at]
    sheet.put(place, cells)


def _mark_after_cell(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    at = sheet.random.randrange(len(cells))
    cells[at] += '"'
    sheet.put(place, cells)


def _two_marks(sheet: Sheet) -> None:
    _mark_before_cell(sheet)
    _mark_before_cell(sheet)


def _more_cells(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    for _ in range(sheet.random.randrange(1, 4)):
        cells.insert(sheet.random.randrange(len(cells) + 1), sheet.random.choice(["", "x", "7"]))
    sheet.put(place, cells)


def _fewer_cells(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    if len(cells) > 1:
        at = sheet.random.randrange(len(cells) - 1)
        cells[at : at + 2] = [cells[at] + cells[at + 1]]
    sheet.put(place, cells)


def _short_row(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    sheet.put(place, cells[: sheet.random.randrange(1, len(cells) + 1)])


def _other_delimiter(sheet: Sheet) -> None:
    place = sheet.any_row()
    other = sheet.random.choice([one for one in [*DELIMITERS, ", ", "  "] if one != sheet.delimiter])
    sheet.lines[place] = sheet.lines[place].replace(sheet.delimiter, other)


def _other_end(sheet: Sheet) -> None:
    sheet.ends[sheet.any_row()] = sheet.random.choice(["\r", "\r\n", "\n", "\n\n", "\n\r", "\r\r\n"])


def _no_end(sheet: Sheet) -> None:
    sheet.ends[sheet.any_row()] = ""


def _cell_of_lines(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    words = sheet.random.choices(
        ["please", "and then", "", "see below", "4", "a, b"], k=sheet.random.randrange(2, 6)
    )
    cells[sheet.random.randrange(len(cells))] = '"' + sheet.end.join(words) + '"'
    sheet.put(place, cells)


def _cell_of_rows(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    inner = sheet.end.join(sheet.random.choices(sheet.lines[1:], k=2)).replace('"', '""')
    cells[sheet.random.randrange(len(cells))] = f'"{inner}"'
    sheet.put(place, cells)


def _backslash(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    cells[sheet.random.randrange(len(cells))] = sheet.random.choice(
        ['"say \\"a\\" once"', '"a \\" b"', '"c:\\"', "a\\"]
    )
    sheet.put(place, cells)


def _other_marks(sheet: Sheet) -> None:
    place = sheet.any_row()
    mark = sheet.random.choice(["'", "“", "`"])
    sheet.put(place, [f"{mark}{cell}{mark}" for cell in sheet.cut(place)])


def _blanks_before_marks(sheet: Sheet) -> None:
    place = sheet.any_row()
    sheet.put(place, [f' "{cell.strip(chr(34))}" ' for cell in sheet.cut(place)])


def _blank_line(sheet: Sheet) -> None:
    place = sheet.any_row()
    sheet.lines.insert(place, sheet.random.choice(["", "  ", sheet.delimiter * 3, '""']))
    sheet.ends.insert(place, sheet.end)


def _header_again(sheet: Sheet) -> None:
    place = sheet.any_row()
    sheet.lines.insert(place, sheet.lines[0])
    sheet.ends.insert(place, sheet.end)


def _footer(sheet: Sheet) -> None:
    sheet.lines += sheet.random.choice([["", "end of report"], ["# 3 rows"], ['"total']])
    sheet.ends += [sheet.end] * (len(sheet.lines) - len(sheet.ends))


def _no_last_end(sheet: Sheet) -> None:
    sheet.ends[-1] = ""


def _two_last_ends(sheet: Sheet) -> None:
    sheet.ends[-1] += sheet.end


def _preamble(sheet: Sheet) -> None:
    sheet.before = ["Usage report", "", "of a team"][: sheet.random.randrange(1, 4)]


def _nul(sheet: Sheet) -> None:
    place = sheet.any_row()
    at = sheet.random.randrange(len(sheet.lines[place]) + 1)
    sheet.lines[place] = sheet.lines[place][:at] + "\0" + sheet.lines[place][at:]


def _rubbish_cell(sheet: Sheet) -> None:
    place = sheet.any_row()
    cells = sheet.cut(place)
    cells[sheet.random.randrange(len(cells))] = sheet.random.choice(
        ["abc", "-5", "1e999", "NaN", "é", "…", "\ufeff", "\u2028"]
    )
    sheet.put(place, cells)


FAULTS: tuple[Fault, ...] = (
    _stray_mark,
    _mark_before_cell,
    _mark_after_cell,
    _two_marks,
    _more_cells,
    _fewer_cells,
    _short_row,
    _other_delimiter,
    _other_end,
    _no_end,
    _cell_of_lines,
    _cell_of_rows,
    _backslash,
    _other_marks,
    _blanks_before_marks,
    _blank_line,
    _header_again,
    _footer,
    _no_last_end,
    _two_last_ends,
    _preamble,
    _nul,
    _rubbish_cell,
)


@dataclass(frozen=True)
class Polluted:
    """A polluted file."""

    content: bytes
    faults: tuple[str, ...]
    lines: int
    """Lines below the header that hold anything; no reader was asked."""
    empty: int
    """Those that hold nothing, or nothing but marks and delimiters."""


def polluted(sample: Path, seed: int) -> Polluted:
    """A table of a sample with one to three faults, the same for the same seed."""
    chance = random.Random(seed)
    with sample.open(encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file))[: MOST_ROWS + 1]
    sheet = Sheet(cells=cells, random=chance)
    sheet.delimiter = chance.choice([",", ",", ",", *DELIMITERS])
    sheet.end = chance.choice(["\n", "\n", "\r\n", "\r"])
    sheet.quote_all = chance.random() < 0.3
    sheet.write()
    faults = chance.choices(FAULTS, k=chance.randrange(1, 4))
    for fault in faults:
        fault(sheet)
    encoding = chance.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
    text = sheet.text()
    held, empty = lines_of(text, header=len(sheet.before))
    return Polluted(
        content=text.encode(encoding, "replace"),
        faults=tuple(fault.__name__.strip("_") for fault in faults),
        lines=held,
        empty=empty,
    )


def lines_of(text: str, header: int) -> tuple[int, int]:
    """Lines below the header that hold anything, and those that do not."""
    lines = LINE_END.split(text)[header + 1 :]
    held = sum(bool(line.strip(f'\ufeff \0"{DELIMITERS}')) for line in lines)
    return held, len(lines) - held


def fate(file: Polluted, path: Path, columns: str = "") -> str:
    """What became of the lines of a file: ``equal``, ``refused``, or how many are not accounted for.

    A line is a row, which is read, rejected or skipped, or stands inside a cell, which is said; lines that
    hold nothing may be counted or not.
    """
    path.write_bytes(file.content)
    try:
        workload = read_workload(path, mapping=parse_mapping(columns))
    except (Unreadable, BadMapping):
        return "refused"
    inside = sum(int(found[1].replace(",", "")) for note in workload.notes if (found := INSIDE.search(note)))
    counted = workload.rows_read + inside
    if file.lines <= counted <= file.lines + file.empty:
        return "equal"
    return f"{counted - file.lines:+d}"


def sample_of(seed: int) -> Polluted:
    """The file of a seed."""
    return polluted(SAMPLES / TABLES[seed % len(TABLES)], seed)


def _benchmark(path: Path) -> Polluted:
    """A file of the benchmark; what stands above its header is no row."""
    content = path.read_bytes()
    text = content.decode("utf-8", "replace")
    header = next((place for place, line in enumerate(LINE_END.split(text)) if "Qty" in line), 0)
    held, empty = lines_of(text, header)
    return Polluted(content=content, faults=(path.stem,), lines=held, empty=empty)


def main(arguments: Sequence[str]) -> None:
    """Read many and print what became of them."""
    tried: list[tuple[str, Polluted, str]] = [
        (str(seed), sample_of(seed), "") for seed in range(int(arguments[0]))
    ]
    for folder in arguments[1:]:
        tried += [(path.name, _benchmark(path), POLLOCK) for path in sorted(Path(folder).glob("*.csv"))]
    count: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, file, columns in tried:
            try:
                what = fate(file, Path(folder) / "usage.csv", columns)
            except Exception as fault:
                what = f"exception {fault!r}"
            count[
                what
                if what in ("equal", "refused")
                else "exception"
                if "exc" in what
                else "not accounted for"
            ] += 1
            if what != "equal":
                print(name, what, *file.faults, sep="\t", flush=True)
    print(dict(count))


if __name__ == "__main__":
    main(sys.argv[1:])
