"""The rows of a sums file, each held against what it may say, and all of them against each other."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

from breakeven.tables.exports import Processing
from breakeven.tables.meters import Meter
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import METERS
from breakeven.usage.sums_file.bins import STARTS, bin_of, last_of
from breakeven.usage.sums_file.layout import COLUMNS, KEYS, MARK, TEXTS, VERSION, Level, Row
from breakeven.usage.sums_file.table import MOST_ROWS, Cells
from breakeven.usage.table import shorten

MOST_VALUE = 10**18
"""Sums beyond which a file is wrong."""
MOST_EDGES = 1_000
WHOLE_COLUMNS = tuple(name for name in COLUMNS if name not in TEXTS | {MARK, "cost_usd"})
AGAIN = "write the file again"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What holds for the whole file."""

    tiers: tuple[int, ...]
    contexts: tuple[int, ...]
    relative_time: bool = False
    counted: bool = True
    formats: tuple[Mapping[str, str | None], ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows of each level, where whoever wrote the file knew them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Rows of a sums file that agree with each other."""

    about: About
    levels: Mapping[Level, Sequence[Row]]
    first: Sequence[Mapping[str, Any]]
    """The first rows, as they stand in the file."""

    @property
    def total(self) -> Row:
        """Sums of all good rows."""
        return self.levels[Level.TOTAL][0]


def checked(cells: Cells) -> Checked:
    """Take the rows of a sums file.

    Raises
    ------
    Unreadable
        If a cell cannot be, or rows contradict each other; the text names place and value.
    """
    levels: dict[Level, list[Row]] = {level: [] for level in Level}
    places: dict[tuple[object, ...], int] = {}
    where: dict[int, str] = {}
    first: list[Mapping[str, Any]] = []
    for number, raw in cells.rows:
        if len(where) >= MOST_ROWS:
            raise Unreadable(
                f"The sums file has more than {MOST_ROWS:,} rows; sum up fewer tenants or times."
            )
        place = f"{cells.place} {number}"
        row = _row(place, raw)
        where[id(row)] = place
        if row.level in KEYS:
            key = (row.level, *(getattr(row, name) for name in KEYS[row.level]))
            if key in places:
                said = ", ".join(f"{n} {_shown(getattr(row, n))}" for n in KEYS[row.level][:4])
                raise Unreadable(
                    f"{place} has the same keys as {cells.place.lower()} {places[key]} (level {row.level}"
                    f"{f', {said}' if said else ''}): one of them is there twice; {AGAIN}."
                )
            places[key] = number
        levels[row.level].append(row)
        if len(first) < 5:
            first.append(raw)
    for level in (Level.ABOUT, Level.TOTAL):
        if not levels[level]:
            raise Unreadable(f"The sums file has no row of level {level}: it is cut off or edited; {AGAIN}.")
    about = _about(levels[Level.ABOUT][0], where)
    for level in (Level.LENGTH, Level.TIME, Level.TENANT):
        for row in levels[level]:
            _against_edges(row, about, where[id(row)])
    _add_up(levels, about)
    return Checked(about=about, levels=levels, first=first)


def _shown(value: object) -> str:
    return "empty" if value is None else repr(shorten(str(value)))


def _wrong(place: str, column: str, value: object, right: str) -> NoReturn:
    raise Unreadable(f"{place}, column {column}: {_shown(value)} {right}.")


# --- one row --------------------------------------------------------------------------------------


def _row(place: str, raw: Mapping[str, Any]) -> Row:
    said = _whole(place, MARK, raw.get(MARK))
    if said != VERSION:
        _wrong(
            place, MARK, raw.get(MARK),
            f"is no version that can be read, which is {VERSION}; {AGAIN} with this program, or update it",
        )  # fmt: skip
    level = str(raw.get("level") or "")
    if level not in set(Level):
        _wrong(place, "level", raw.get("level"), f"is no level; those are {', '.join(Level)}")
    values: dict[str, Any] = {name: _whole(place, name, raw.get(name)) for name in WHOLE_COLUMNS}
    for name in TEXTS - {"level"}:
        cell = raw.get(name)
        values[name] = None if cell is None or cell == "" else str(cell)
    row = Row(level=Level(level), cost_usd=_cost(place, raw.get("cost_usd")), **values)
    if row.level in (Level.TOTAL, Level.MODEL, Level.LENGTH, Level.TIME, Level.TENANT):
        _sums(place, row)
    priced = row.level in (Level.LENGTH, Level.TIME, Level.TENANT, Level.METER)
    if priced and row.processing not in set(Processing):
        _wrong(place, "processing", row.processing, f"is none of {', '.join(Processing)}")
    if row.level is Level.TIME and row.step_minutes not in (1, 60, 1440):
        _wrong(place, "step_minutes", row.step_minutes, "is none of 1, 60 and 1440")
    if row.level is Level.PEAK and not (row.step_minutes and row.requests is not None):
        _wrong(place, "step_minutes", row.step_minutes, "is no length of a step, or requests is empty")
    if row.level is Level.METER and (row.text not in set(Meter) or row.amount is None):
        _wrong(place, "text", row.text, f"is none of {', '.join(Meter)}, or amount is empty")
    if row.level is Level.TENANT and row.free not in (0, 1):
        _wrong(place, "free", row.free, "is neither 0 nor 1")
    if row.level in (Level.REJECTED, Level.SKIPPED, Level.TOTAL) and row.rows is None:
        _wrong(place, "rows", row.rows, "is no number of rows")
    return row


def _whole(place: str, column: str, cell: object) -> int | None:
    """A whole number; empty: None. Warehouses give decimals and floating point where they add up."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, str):
        if cell == "":
            return None
        try:
            cell = Decimal(cell)
        except ArithmeticError:
            _wrong(place, column, cell, "is not a whole number")
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        _wrong(place, column, cell, "is not a whole number")
    if not math.isfinite(cell) or cell != int(cell):
        _wrong(place, column, cell, "is not a whole number")
    number = int(cell)
    least = -MOST_VALUE if column in ("start_minute", "first_us", "last_us") else 0
    if not least <= number <= MOST_VALUE:
        _wrong(place, column, cell, f"is not from {least} to {MOST_VALUE:,}")
    return number


def _cost(place: str, cell: object) -> float | None:
    if cell is None or cell == "":
        return None
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        _wrong(place, "cost_usd", cell, "is not a number of dollars")
    if math.isnan(value):
        return None
    if abs(value) > MOST_VALUE:
        _wrong(place, "cost_usd", cell, "is not a number of dollars")
    return value


def _sums(place: str, row: Row) -> None:
    for name in METERS:
        if getattr(row, name) is None:
            _wrong(place, name, None, f"is not a whole number; at level {row.level} every sum is there")
    tokens = sum(getattr(row, name) or 0 for name in METERS[1:])
    if not row.requests and tokens and row.level is Level.LENGTH and row.prompt_from is not None:
        _wrong(place, "requests", row.requests, f"cannot be: {tokens:,} tokens stand beside it")


# --- rows against the lengths of the file ---------------------------------------------------------


def _about(row: Row, where: Mapping[int, str]) -> About:
    place = where[id(row)]
    try:
        said = json.loads(row.text or "")
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        _wrong(place, "text", row.text, f"is not the JSON that says how the file was made; {AGAIN}")
    edges = {}
    for name in ("tiers", "contexts"):
        values = said.get(name)
        if not isinstance(values, list) or not _ascending(values):
            _wrong(place, "text", values, f"is no ascending list of lengths ({name})")
        edges[name] = tuple(values)
    formats = said.get("formats") or []
    rows = said.get("rows") or {}
    if not isinstance(formats, list) or not isinstance(rows, dict):
        _wrong(place, "text", row.text, f"is not the JSON that says how the file was made; {AGAIN}")
    return About(
        tiers=edges["tiers"],
        contexts=edges["contexts"],
        relative_time=bool(said.get("relative_time", False)),
        counted=bool(said.get("counted", True)),
        formats=tuple(
            {
                key: None if one.get(key) is None else shorten(str(one[key]))
                for key in ("id", "name", "provider")
            }
            for one in formats[:50]
            if isinstance(one, dict)
        ),
        rows={str(key): value for key, value in rows.items() if isinstance(value, int)},
    )


def _ascending(values: list[Any]) -> bool:
    whole = all(
        isinstance(one, int) and not isinstance(one, bool) and 0 < one <= MOST_VALUE for one in values
    )
    return whole and len(values) <= MOST_EDGES and sorted(set(values)) == values


def _against_edges(row: Row, about: About, place: str) -> None:
    """Hold the keys of a row against the lengths of the file, and its sums against its keys."""
    if row.tier_above is None or row.tier_above not in (0, *about.tiers):
        _wrong(place, "tier_above", row.tier_above, f"is neither 0 nor one of the file's tiers {about.tiers}")
    if row.level is not Level.LENGTH:
        return
    if row.context_above is not None and row.context_above not in (0, *about.contexts):
        _wrong(place, "context_above", row.context_above, "is neither 0 nor one of the file's contexts")
    if (row.prompt_from is None) != (row.completion_from is None):
        column = "prompt_from" if row.prompt_from is None else "completion_from"
        _wrong(place, column, None, "stands beside a length: either both are known or none")
    if row.prompt_from is None or row.completion_from is None or not row.requests:
        return
    prompt = sum(getattr(row, name) for name in METERS[1:5])
    for column, start, tokens in (
        ("prompt_from", row.prompt_from, prompt),
        ("completion_from", row.completion_from, row.output or 0),
    ):
        if start not in _STARTS:
            near = STARTS[bisect_right(STARTS, start) - 1]
            _wrong(place, column, start, f"is no first length of a bin; the nearest below is {near}")
        most = last_of(bin_of(start))
        if not start * row.requests <= tokens <= most * row.requests:
            _wrong(
                place, column, start,
                f"cannot be: {row.requests:,} requests with {tokens:,} tokens have "
                f"{tokens / row.requests:,.1f} each, not {start:,} to {most:,}",
            )  # fmt: skip
    if prompt <= row.tier_above * row.requests and row.tier_above:
        _wrong(
            place,
            "tier_above",
            row.tier_above,
            f"cannot be: {row.requests:,} requests have {prompt:,} tokens",
        )


_STARTS = frozenset(STARTS)


# --- rows against each other ----------------------------------------------------------------------


def _add_up(levels: Mapping[Level, Sequence[Row]], about: About) -> None:
    """Hold the sums of every level against the total, and the rows against their count."""
    for level, count in about.rows.items():
        there = len(levels.get(Level(level), ())) if level in set(Level) else 0
        if there != count:
            raise Unreadable(
                f"The sums file has {there:,} rows of level {level} where its row of level about says "
                f"{count:,}: it is cut off or edited; {AGAIN}."
            )
    total = levels[Level.TOTAL][0]
    for level in (Level.MODEL, Level.LENGTH, Level.TIME, Level.TENANT):
        rows = levels[level]
        if not rows and level in (Level.TIME, Level.TENANT):
            continue
        # Files without times can stand beside others in one sums file, which then counts its rows.
        part = level in (Level.TIME, Level.TENANT) and bool(about.rows)
        for name in METERS:
            added, said = sum(getattr(row, name) for row in rows), getattr(total, name)
            if added > said or (added < said and not part):
                raise Unreadable(
                    f"The rows of level {level} add up to {added:,} in column {name} where the row of level "
                    f"total says {said:,}: the file is cut off or edited; {AGAIN}."
                )
    _models(levels)
    paid = math.fsum(row.cost_usd or 0.0 for row in levels[Level.MODEL])
    said_paid = total.cost_usd or 0.0
    if not math.isclose(paid, said_paid, rel_tol=1e-6, abs_tol=1e-6):
        raise Unreadable(
            f"The rows of level model add up to {paid:,.6f} in column cost_usd where the row of level total "
            f"says {said_paid:,.6f}: the file was edited; {AGAIN}."
        )


def _models(levels: Mapping[Level, Iterable[Row]]) -> None:
    """Hold what each model has by length against what it has in all."""
    by_length: Counter[str | None] = Counter()
    for row in levels[Level.LENGTH]:
        by_length[row.model] += row.requests or 0
    for row in levels[Level.MODEL]:
        if by_length[row.model] != row.requests:
            raise Unreadable(
                f"Model {_shown(row.model)} has {row.requests:,} requests at level model and "
                f"{by_length[row.model]:,} at level length: the file was edited; {AGAIN}."
            )
