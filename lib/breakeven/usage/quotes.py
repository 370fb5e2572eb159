"""Quotation marks that are never closed: found by the lines that they swallow, and taken out.

A reader of CSV ends a cell at the next quotation mark, be it a million lines away, and what lies between is
gone without a word. A cell may hold line breaks; a cell whose lines look like the rows around it is none.
Marks are also taken out where text follows the closing one or the file ends before it, so that each line is
read, or rejected, as a line of its own (RFC 4180, section 2, says what a well-formed cell is).
"""

from __future__ import annotations

import csv
import io
import mmap
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from breakeven.usage.sheets.split import DELIMITERS
from breakeven.usage.stop import heed_stop

CHUNK = 1 << 24
"""Bytes that are taken at once."""
LOOKED_AT = 400
"""Lines at the beginning that say what a row looks like, and most lines of a cell that are looked at."""
MOST_TORN = 1000
"""Marks that are judged one by one; beyond, all that follow are plain characters."""
SHOWN = 5
"""Lines that are named."""
_VALUE = re.compile(rb"[-+]?[$\xe2\x82\xac]{0,3}\.?\d[\d.,:/ TZ+%eE'_-]*")
"""A number, an amount or a date."""
_QUOTE = b'"'
_MARK = re.compile(_QUOTE)
_LINE_END = re.compile(rb"\r\n?|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A sheet in which every quotation mark that opens a cell also closes it."""

    path: Path
    """The file itself where nothing was taken out."""
    torn: tuple[int, ...] = ()
    """Lines, counted from 1, in which a mark was taken out."""
    doubtful: tuple[tuple[int, int], ...] = ()
    """First and last line of cells in which some lines look like rows."""
    inside: int = 0
    """Lines that are not the first of their row: they stand inside cells."""

    @property
    def notes(self) -> list[str]:
        """What was found, in sentences."""
        said = []
        if self.torn:
            said.append(
                f"Quotation marks that do not match are left out in line {_shown(self.torn)}, and every line "
                "there is read as a row."
            )
        if self.inside:
            cells = "line stands" if self.inside == 1 else "lines stand"
            said.append(
                f"{self.inside:,} {cells} inside cells that hold line breaks, and no row begins there."
            )
        for first, last in self.doubtful[:SHOWN]:
            said.append(
                f"Lines {first:,} to {last:,} are read as one cell, and some of them look like rows: if a "
                "quotation mark is missing there, they are not counted."
            )
        return said


def _shown(lines: Sequence[int]) -> str:
    return ", ".join(f"{line:,}" for line in lines[:SHOWN]) + (" …" if len(lines) > SHOWN else "")


def mend(path: Path, folder: Path) -> Mended:
    """Take out the marks that swallow rows, in a copy where there are any.

    Parameters
    ----------
    path
        Plain UTF-8 text that is a sheet.
    folder
        Private folder for the copy.
    """
    if not path.stat().st_size:
        return Mended(path=path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if view.find(_QUOTE) < 0:
            return Mended(path=path)
        found = _Scan(view=view)
        found.run()
        torn, doubtful, inside = tuple(found.torn), tuple(found.doubtful), found.inside
        if found.marks:
            path = _without(view, found.marks, folder / "mended")
    return Mended(path=path, torn=torn, doubtful=doubtful, inside=inside)


def count_lines(path: Path) -> int:
    """Lines of a file, the last with or without its end."""
    ends, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            ends += _ends_in(chunk) - (last == b"\r" and chunk[:1] == b"\n")
            last = chunk[-1:]
    return ends + (last not in b"\r\n")


def _ends_in(text: bytes) -> int:
    """Ends of lines in a text: a line feed, a carriage return, or both."""
    returns = text.count(b"\r")
    return text.count(b"\n") + (returns - text.count(b"\r\n") if returns else 0)


def _without(view: mmap.mmap, marks: Sequence[int], target: Path) -> Path:
    """A copy without the bytes at some places."""
    with target.open("wb") as out:
        start = 0
        for mark in (*sorted(marks), len(view)):
            for part in range(start, mark, CHUNK):
                out.write(view[part : min(part + CHUNK, mark)])
            start = mark + 1
    return target


def _cells(delimiter: bytes) -> tuple[bytes, ...]:
    r"""Pattern of a cell on one line: a mark within is doubled, or stands behind a backslash."""
    within = (rb'(?:[^"\r\n]++|"")*+', rb'(?:[^"\\\r\n]++|""|\\[^\r\n])*+')
    bare = b'(?!")[^\\r\\n' + delimiter + b"]*+"
    return tuple(b' *+(?:"' + one + b'" *+(?=[\r\n' + delimiter + rb"]|\Z)|" + bare + b")" for one in within)


def _end(pattern: re.Pattern[bytes], text: bytes | mmap.mmap, place: int) -> int:
    """Where a match that begins at a place ends."""
    found = pattern.match(text, place)
    return found.end() if found else place


@dataclass(kw_only=True)
class _Scan:
    """Walks over the rows; those on one line pass by in one match."""

    view: mmap.mmap
    marks: list[int] = field(default_factory=list)
    torn: list[int] = field(default_factory=list)
    doubtful: list[tuple[int, int]] = field(default_factory=list)
    inside: int = 0
    _line: int = 1
    _counted: int = 0

    def run(self) -> None:
        """Walk to the end."""
        place, rest = 0, False
        while place < len(self.view) and len(self.torn) <= MOST_TORN:
            heed_stop()
            place, opened = self._pass(place, rest=rest)
            place, rest = self._opened(opened, place) if opened >= 0 else (place, False)
        self._take_out(place, len(self.view))  # of a file with too many, all that are left

    @cached_property
    def delimiter(self) -> bytes:
        """What separates cells: what most of the first lines have the same number of."""
        lines = [line for line in self.view[: 1 << 16].splitlines()[:50] if line.strip()]
        agreed = {}
        for one in map(str.encode, DELIMITERS):
            counts = Counter(line.count(one) for line in lines)
            number, of = max(counts.items(), key=lambda item: (item[0] > 0, item[1]))
            agreed[one] = (of if number else 0, number)
        return max(agreed, key=lambda one: agreed[one])

    @cached_property
    def _blanks(self) -> bool:
        """Whether cells begin with a blank; where not, a mark behind one opens no cell of several lines."""
        lines = self.view[: 1 << 16].splitlines()[:50]
        return 2 * sum(self.delimiter + b" " in line for line in lines) > len(lines)

    @cached_property
    def _rows(self) -> tuple[re.Pattern[bytes], ...]:
        """Rows that each stand on a line of their own, by how a mark within a cell is written."""
        d = re.escape(self.delimiter)
        return tuple(
            re.compile(b"(?:" + cell + b"(?:" + d + cell + rb")*+(?:\r\n?|\n|\Z))*+") for cell in _cells(d)
        )

    @cached_property
    def _whole(self) -> tuple[re.Pattern[bytes], ...]:
        """Whole cells with what separates them."""
        d = re.escape(self.delimiter)
        return tuple(re.compile(b"(?:" + cell + d + b")*+") for cell in _cells(d))

    def _pass(self, place: int, *, rest: bool) -> tuple[int, int]:
        """Pass over rows on lines of their own, or the rest of a line.

        Returns where to go on, and where a mark opens a cell that does not end on its line; -1: nowhere.
        """
        if rest:  # behind a cell that closed on this line
            end = self._line_end(place)
            tail = self.view[place:end]
            if tail[:1] != self.delimiter or any(one.fullmatch(tail[1:]) for one in self._rows):
                return end, -1
            return self._open_in(place + 1, end)
        for rows in self._rows:
            if (end := _end(rows, self.view, place)) > place:
                return end, -1
        return self._open_in(place, self._line_end(place))

    def _open_in(self, place: int, end: int) -> tuple[int, int]:
        """Where on a line a mark opens a cell that does not end on it."""
        line = self.view[place:end]
        at = max(_end(cells, line, 0) for cells in self._whole)
        bare = line[at:].lstrip(b" ")
        opened = end - len(bare)
        if bare[:1] != _QUOTE or self._closing(opened, end) is not None:
            self._unmatched(place, end)
            return end, -1
        return place, opened

    def _unmatched(self, start: int, end: int) -> None:
        """Take out every mark of a line on which text follows a closing one: it is one row or none."""
        self._take_out(start, end)
        self.torn.append(self._line_of(start))

    def _take_out(self, start: int, end: int) -> None:
        """Take out every mark between two places."""
        self.marks += [found.start() for found in _MARK.finditer(self.view, start, end)]

    def _closing(self, opened: int, end: int) -> int | None:
        """Place of the mark that closes a cell before ``end``."""
        at = opened + 1
        while (at := self.view.find(_QUOTE, at, end)) >= 0:
            if self.view[at + 1 : at + 2] == _QUOTE:
                at += 2
            elif self.view[at - 1 : at] == b"\\" and not self._ends(at):
                at += 1
            else:
                return at
        return None

    def _ends(self, mark: int) -> bool:
        """Whether what follows a mark is the end of a cell."""
        after = self.view[mark + 1 : mark + 66].lstrip(b" ")
        return not after or after[:1] in (self.delimiter, b"\n", b"\r")

    def _opened(self, mark: int, start: int) -> tuple[int, bool]:
        """Judge a cell that does not end on its line; returns where to go on, and whether inside a line."""
        first = self._line_end(mark)
        closed = self._closing(mark, len(self.view))
        between = list(self._between(first, len(self.view) if closed is None else closed))
        alike = sum(map(self._like_a_row, between))
        well = closed is not None and self._ends(closed)
        if not between and well:  # two lines: both have to look like rows
            assert closed is not None
            ends = self.view[first : self._line_end(closed)]
            pair = (self.view[start:first].replace(_QUOTE, b""), ends.replace(_QUOTE, b""))
            torn, doubtful = all(map(self._like_a_row, pair)), False
        else:
            torn = alike == len(between) > 0
            doubtful = alike * 2 > len(between)
        torn = torn or (self.view[mark - 1 : mark] == b" " and not self._blanks)
        line = self._line_of(mark)
        if torn or not well:
            self.torn.append(line)
            if self._like_a_row(self.view[start:first].replace(_QUOTE, b"")):
                self._take_out(start, first)
            else:
                self.marks.append(mark)
            if well and closed is not None:
                self._closed_alone(mark, closed)
            return first, False
        assert closed is not None
        last = self._line_of(closed)
        self.inside += last - line
        if doubtful:
            self.doubtful.append((line, last))
        return closed + 1, True

    def _closed_alone(self, opened: int, closed: int) -> None:
        """Take out the mark at the end of a cell that did not begin with one."""
        start = max(self.view.rfind(one, opened, closed) for one in (b"\n", b"\r", self.delimiter)) + 1
        if self.view[start:closed].strip() and _QUOTE not in self.view[start:closed]:
            self.marks.append(closed)

    def _between(self, start: int, end: int) -> Iterator[bytes]:
        """Lines between the first of a cell and the one in which it closes, as far as they are looked at."""
        for _ in range(LOOKED_AT):
            stop = _LINE_END.search(self.view, start, end)
            if stop is None:
                return
            if line := self.view[start : stop.start()]:
                yield line
            start = stop.end()

    @cached_property
    def _row(self) -> tuple[int, frozenset[int]]:
        """Cells of a row, and the places of those that hold numbers or dates in most rows."""
        text = self.view[: 1 << 20]
        lines = text.splitlines()[:LOOKED_AT]
        delimiter = self.delimiter.decode()
        begin = b"\n".join(lines).decode("utf-8", errors="replace")
        widths = Counter(
            len(row)
            for row in csv.reader(io.StringIO(begin, newline=""), delimiter=delimiter)
            if len(row) > 1
        )
        width = widths.most_common(1)[0][0] if widths and max(widths.values()) > 1 else 0
        if not width:
            width = next((line.count(self.delimiter) + 1 for line in lines if line.strip()), 0)
        rows = [cells for line in lines if len(cells := self._cut(line)) == width]
        held = Counter(place for cells in rows for place, cell in enumerate(cells) if _VALUE.fullmatch(cell))
        return width, frozenset(place for place, count in held.items() if count * 2 > len(rows))

    def _cut(self, line: bytes) -> list[bytes]:
        """Cells of a line by itself."""
        if _QUOTE not in line:
            return [cell.strip() for cell in line.strip(b"\r\n").split(self.delimiter)]
        text = line.decode("utf-8", errors="replace").strip("\r\n")
        row = next(csv.reader([text], delimiter=self.delimiter.decode()), [])
        return [cell.strip().encode() for cell in row]

    def _like_a_row(self, line: bytes) -> bool:
        """Whether a line has the cells of a row, and numbers where rows have them."""
        width, values = self._row
        if len(values) < 2:
            return False
        cells = self._cut(line)
        if len(cells) != width:
            return False
        held = [cells[place] for place in values]
        return all(not cell or _VALUE.fullmatch(cell) for cell in held) and any(held)

    def _line_end(self, place: int) -> int:
        """Where the next line begins."""
        found = _LINE_END.search(self.view, place)
        return found.end() if found else len(self.view)

    def _line_of(self, place: int) -> int:
        """Line of a place, counted from 1; places come in order."""
        while self._counted < place:
            to = min(self._counted + CHUNK, place)
            if self.view[to - 1 : to + 1] == b"\r\n":  # one end, not two
                to += 1
            self._line += _ends_in(self.view[self._counted : to])
            self._counted = to
        return self._line
