"""Dates as people and programs write them: the order of day and month is decided by a whole column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from breakeven.usage.sheets.words import vocabulary, words_of

FIRST, LAST = 1_262_304_000.0, 4_102_444_800.0
"""Times outside 2010 to 2100 are mistakes. [s since 1970]"""
_SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(.*)", re.DOTALL)
_MONTH = re.compile(r"(\d{1,2})[/.-](20\d\d)")
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(?:(\d{1,2})日)?\s*(.*)")
_DAYS = ("%b %d, %Y", "%b %d %Y", "%d %b %Y", "%B %d, %Y", "%d %B %Y", "%Y %b %d")
_NAMED = (
    *_DAYS,
    *(f"{day}{clock}" for day in _DAYS for clock in (" %H:%M:%S", " %H:%M", " %I:%M %p", ", %I:%M %p")),
    *("%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y:%H:%M:%S", "%b %Y", "%B %Y", "%b-%y"),
    *("%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S"),
)
"""Dates with the month by its name."""
_CLOCKS = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S.%f %p", "%I:%M:%S %p", "%I:%M %p")
_ZONE = re.compile(r"(.*\d(?::\d\d)?(?:\s*[AP]M)?)\s+([A-Za-z]{1,5})", re.DOTALL)
_UNITS = {"ms": 1e-3, "msec": 1e-3, "millis": 1e-3, "milliseconds": 1e-3, "us": 1e-6, "micros": 1e-6,
          "microseconds": 1e-6, "ns": 1e-9, "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0}  # fmt: skip
"""Words at the end of a column's name that say in what it counts. [s]"""
LONGEST = 100
"""Letters of a cell that may be a time."""
_EXCEL = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of a spreadsheet's serial dates (they take 1900 for a leap year)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """How the times of a column are written."""

    day_first: bool = False
    open: bool = False
    """No cell tells whether the day or the month stands first."""
    periods: bool = False
    """Days or months, not instants."""
    relative_s: float | None = None
    """Times count from the start of the file: seconds of one unit. [s]"""
    why: str = ""
    """What tells the unit of relative times."""

    def read(self, cell: str) -> float | None:
        """Seconds since 1970, or since the start of the file; None where the cell is no time.

        >>> Dates().read("2026-11-03T09:00:00Z"), Dates().read("11/03/2026"), Dates().read("3.11.2026")
        (1793696400.0, 1793664000.0, 1793664000.0)
        >>> Dates().read("2026-11-03 09:00:00,123"), Dates().read("20261103"), Dates().read("1793696400000")
        (1793696400.123, 1793664000.0, 1793696400.0)
        >>> Dates().read("2026-11"), Dates().read("2026年11月3日"), Dates().read("soon")
        (1793491200.0, 1793664000.0, None)
        """
        text = cell.strip()
        if len(text) > LONGEST:
            return None
        if self.relative_s is not None:
            return _float(text, self.relative_s)
        found = _moment(text, self.day_first)
        if found is None and (zoned := _ZONE.fullmatch(text)):
            offset = vocabulary().zones.get(zoned[2].lower())
            if offset is not None and (local := _moment(zoned[1], self.day_first)) is not None:
                found = local - offset * 3600
        return found if found is not None and FIRST <= found <= LAST else None


def _moment(text: str, day_first: bool) -> float | None:
    """A time without the name of a zone."""
    found = _iso(text)
    if found is None:
        found = _number(text)
    return _written(text, day_first) if found is None else found


def _float(text: str, unit: float) -> float | None:
    try:
        value = float(text) * unit
    except ValueError:
        return None
    return value if 0 <= value < FIRST else None


def _iso(text: str) -> float | None:
    """ISO 8601 and what is near it."""
    if not text[:4].isdigit() or len(text) < 7:
        return None
    clean = text.replace("/", "-", 2) if text[4:5] == "/" else text
    clean = clean.removesuffix(" UTC").removesuffix(" GMT").replace(" +", "+")
    if len(clean) > 19 and clean[19] == ",":
        clean = f"{clean[:19]}.{clean[20:]}"
    if len(clean) == 7 and clean[4] == "-":
        clean += "-01"
    found = re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})(?=$|[ T])(.*)", clean, re.DOTALL)
    if found and len(found[2]) + len(found[3]) < 4:
        clean = f"{found[1]}-{found[2]:>02}-{found[3]:>02}{found[4]}"
    clean = re.sub(r"(\.\d{6})\d+", r"\1", clean)
    clean = re.sub(r"(?<=\d) (?=[+-]\d\d:?\d\d$)", "", clean)
    try:
        when = datetime.fromisoformat(clean)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float | None:
    """Unix time in seconds to nanoseconds, days as eight digits, serial dates of a spreadsheet."""
    try:
        value = float(text)
    except ValueError:
        return None
    if text.isdigit() and len(text) == 8:
        return _iso(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    if 40_000 < value < 73_051:
        return (_EXCEL + timedelta(days=value)).timestamp()
    for unit in (1.0, 1e3, 1e6, 1e9):
        if FIRST <= value / unit <= LAST:
            return value / unit
    return None


def _written(text: str, day_first: bool) -> float | None:
    """Day, month and year in another order, or the month by its name."""
    if found := _CHINESE.fullmatch(text):
        return _with_clock(int(found[1]), int(found[2]), int(found[3] or 1), found[4])
    if found := _MONTH.fullmatch(text):
        return _with_clock(int(found[2]), int(found[1]), 1, "")
    if found := _SLASHED.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        day_first = day_first or found[2] == "."
        day, month = (first, second) if day_first else (second, first)
        return _with_clock(year + 2000 * (year < 100), month, day, found[5])
    clean = re.sub(r"\s+(UTC|GMT|Z)$|(?<=\d)(st|nd|rd|th)\b|\s*\([^)]*\)$", "", text).replace("Sept ", "Sep ")
    clean = _in_english(clean)
    for pattern in _NAMED:
        try:
            return datetime.strptime(clean, pattern).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def _in_english(text: str) -> str:
    """A date with the name of its month in English, without ``de`` and full stops.

    >>> _in_english("3. März 2026 09:00"), _in_english("3 de noviembre de 2026")
    ('3 Mar 2026 09:00', '3 Nov 2026')
    """
    months, words, found = vocabulary().months, [], False
    for word in re.sub(r"(?<=\w)\.(?=\s)", "", text).split():
        number = months.get(word.lower().rstrip(".,"))
        found = found or number is not None
        words.append(word if number is None else f"{datetime(2000, number, 1):%b}")
    return " ".join(word for word in words if word.lower() not in ("de", "del", "г")) if found else text


def _with_clock(year: int, month: int, day: int, clock: str) -> float | None:
    try:
        start = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    clock = clock.strip(" ,T").removesuffix("Z").strip().upper()
    if not clock:
        return start.timestamp()
    for pattern in _CLOCKS:
        try:
            at = datetime.strptime(clock, pattern)
        except ValueError:
            continue
        return (
            start
            + timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
        ).timestamp()
    return None


def dates_of(cells: Sequence[str], *, siblings: Iterable[float] = (), name: str = "") -> Dates:
    """Decide how the times of a column are written.

    Parameters
    ----------
    cells
        Cells that are not empty.
    siblings
        Durations of the rows in seconds, where the file has them. [s]
    name
        Name of the column, whose last word may be a unit.

    >>> dates_of(["3/11/2026", "14/11/2026"]).day_first, dates_of(["1/2/2026"]).open
    (True, True)
    >>> dates_of(["0.5", "30.25"]).relative_s, dates_of(["0", "3000", "6000"]).relative_s
    (1.0, 0.001)
    """
    first = second = False
    for cell in cells:
        if (found := _SLASHED.fullmatch(cell.strip())) and found[2] != ".":
            first, second = first or int(found[1]) > 12, second or int(found[3]) > 12
    slashed = any((found := _SLASHED.fullmatch(c.strip())) and found[2] != "." for c in cells[:50])
    numbers = [value for cell in cells if (value := _finite(cell)) is not None]
    if numbers and len(numbers) == len(cells) and max(numbers) < 40_000 * 1000 and not _serial(cells):
        said = _UNITS.get((words_of(name) or [""])[-1])
        unit, why = (said, "the column's name says so") if said else _unit_of(cells, numbers, list(siblings))
        return Dates(relative_s=unit, why=why)
    periods = all(_period(cell) for cell in cells) and bool(cells)
    return Dates(day_first=first and not second, open=slashed and first == second, periods=periods)


def _finite(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) < 1e300 else None


def _serial(cells: Sequence[str]) -> bool:
    """Whether the numbers are days written as eight digits, or serial dates of a spreadsheet."""
    return all((_number(cell) is not None) for cell in cells[:50])


def _period(cell: str) -> bool:
    """Whether a cell names a day or a month and no time of day."""
    return (
        bool(re.fullmatch(r"[^:]*", cell.strip())) and not cell.strip().replace(".", "", 1).isdigit()
    ) or (cell.strip().isdigit() and len(cell.strip()) == 8)


def _unit_of(cells: Sequence[str], numbers: Sequence[float], siblings: list[float]) -> tuple[float, str]:
    """Seconds of one unit of relative times, and what tells."""
    span = max(numbers) - min(numbers)
    if any("." in cell and not cell.rstrip("0").endswith(".") for cell in cells):
        return 1.0, "the times have fractions"
    if siblings and span > 0 and sum(siblings) / len(siblings) > 2 * span:
        return 1.0, "a request would last longer than the file"
    gaps = sorted({b - a for a, b in zip(sorted(set(numbers)), sorted(set(numbers))[1:], strict=False)})
    if gaps and all(gap % 100 == 0 for gap in gaps[:1000]):
        return 0.001, "the times are multiples of a hundred"
    rate = len(numbers) / span if span > 0 else 0.0
    # A trace has rarely less than a request in fifty seconds; in milliseconds it may look like that.
    return (
        (0.001, "so many whole seconds would be too slow a trace")
        if rate < 0.02 and span > 100_000
        else (
            1.0,
            "whole numbers close together",
        )
    )
