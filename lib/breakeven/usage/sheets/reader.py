"""A sheet to canonical rows: each is read, left out for a reason that is told, or rejected with its cell."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Any

from breakeven.tables.exports import CACHES
from breakeven.usage.formats import ColumnMapping, Grain, normal
from breakeven.usage.gather import text_refusal
from breakeven.usage.gathered import Gathered, write_rows
from breakeven.usage.limits import Limits
from breakeven.usage.packed import LEFT_OUT
from breakeven.usage.sheets import marks
from breakeven.usage.sheets.columns import (
    COUNTED,
    LOOKED_AT,
    Columns,
    columns_of,
    grain_of,
    set_styles,
    usable,
)
from breakeven.usage.sheets.dates import Dates, dates_of
from breakeven.usage.sheets.json_cells import gather_cells, json_columns
from breakeven.usage.sheets.numbers import Style, is_nothing
from breakeven.usage.sheets.reshape import Reshaped, models_in_names, reshaped
from breakeven.usage.sheets.settle import Reading, Settling
from breakeven.usage.sheets.split import Row, Sheet, split
from breakeven.usage.sheets.words import said_by, vocabulary, words_of
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import Preview
from breakeven.usage.table import loads, shorten

TRUE = ("true", "yes", "t", "y", "1")
"""Cells that say yes."""
_NO_OTHER = ("false", "0", "default", "auto", "standard", "normal")
"""What one column of processing says where another may say more: not a batch, yet perhaps flexible."""


def read_sheet(
    path: FilePath, name: str, folder: FilePath, mapping: ColumnMapping | None, limits: Limits
) -> Gathered | None:
    """Read a sheet row by row.

    Returns
    -------
    Gathered or None
        None where no column holds tokens.

    Raises
    ------
    Unreadable
        If it is an export without tokens, or of a kind that cannot be split into prompt and completion.
    BadMapping
        If the mapping names a column that the file does not have.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    known = text if text.startswith(LEFT_OUT) else text_refusal(text[:100_000])
    if known:
        raise Unreadable(known)
    sheet = split(text, lambda cells, below: _worth(cells, below, mapping))
    if sheet is None:
        return None
    found = gather_sheet(sheet, name, folder / "rows.csv", mapping, limits)
    return found if found is not None else gather_cells(sheet, name, folder, limits)


def _worth(cells: Sequence[str], below: Sequence[Row], mapping: ColumnMapping | None) -> int:
    """How well a row serves as a header."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled or sum(cell.strip()[:1].isdigit() for cell in filled) * 2 > len(filled):
        return 0
    rows = [row for _, row in below if len(row) >= len(cells) and list(row) != list(cells)]
    header = [cell.strip().lstrip("\ufeff") for cell in cells]
    if mapping is not None and not mapping.empty:
        names = {normal(one) for one in header}
        wanted = [normal(column) for column in mapping.columns.values() if column]
        if wanted and all(one in names or one.split(".")[0] in names for one in wanted):
            return 100
        mapping = None
    columns = columns_of(header, rows)
    if columns.by_name:
        return 90 if columns.format.refusal else 100
    if usable(columns):
        named = [normal(one) for one in header if one]
        twice = len(named) - len(set(named))
        return 50 + max(min(len(columns.places), 40) - twice, 0)
    tall = [row for row in below if len(row[1]) == len(cells)]
    if len(cells) > 1 and reshaped(Sheet(header=header, rows=tall)) is not None:
        return 40
    if json_columns(cells, [row for _, row in below]):
        return 30
    return 10 if "total" in columns.places else 0


def gather_sheet(
    sheet: Sheet,
    name: str,
    out: FilePath,
    mapping: ColumnMapping | None,
    limits: Limits,
    *,
    part_of: Mapping[str, float] | None = None,
) -> Gathered | None:
    """Read the rows of a sheet that was split; ``part_of``: sums of rows that are read elsewhere."""
    if len(sheet.header) > limits.columns:
        raise Unreadable(
            limits.too_much(f"The file has {len(sheet.header):,} columns, above", "columns", "columns")
        )
    turned = None
    if mapping is None or mapping.empty:
        turned = _turned(sheet)
    if turned is not None:
        sheet = turned.sheet
    rows = [cells for _, cells in sheet.rows]
    columns = columns_of(sheet.header, rows, mapping)
    if columns.by_name and columns.format.refusal:
        raise Unreadable(columns.format.refusal)
    if not usable(columns):
        if "total" in columns.places:
            total = sheet.header[columns.places["total"][0][0]]
            raise Unreadable(
                f"The file has only the total of the tokens ({shorten(total, 40)}), and prompt and "
                "completion have different prices: export input and output tokens in columns of their own."
            )
        return None
    set_styles(columns, rows, semicolons=sheet.delimiter == ";")
    gathered = Gathered(
        path=out,
        kind=columns.format.name,
        kind_id=columns.format.format_id,
        grain=grain_of(columns),
        shown=columns.shown(),
        ignored=columns.ignored(),
        provider=columns.format.provider,
        decisions=_opening(sheet, columns),
        preview=Preview(
            columns=tuple(sheet.header),
            rows=tuple(tuple(shorten(cell) for cell in row) for row in rows[:5]),
            correctable=turned is None,
        ),
    )
    for why, lines in (*sheet.left_out.items(), *(turned.left_out.items() if turned else ())):
        gathered.leave_out(why, lines)
    if turned is not None and turned.sums:
        gathered.grain = Grain.BUCKET
    return _Reader(
        sheet=sheet,
        columns=columns,
        gathered=gathered,
        name=name,
        part_of=part_of,
        unit_s=mapping.time_unit_s if mapping else None,
    ).run()


def _turned(sheet: Sheet) -> Reshaped | None:
    """The sheet turned, where it is no export and its columns as they are do not do."""
    columns = columns_of(sheet.header, [cells for _, cells in sheet.rows[:LOOKED_AT]])
    if columns.by_name and not columns.format.refusal:
        return None
    if usable(columns):
        return models_in_names(sheet)
    return reshaped(sheet)


def _opening(sheet: Sheet, columns: Columns) -> list[str]:
    """What was decided before the first row."""
    said = [*sheet.notes]
    if sheet.above:
        said.append(f"{sheet.above:,} lines above the line with the names of columns are not rows.")
    names = [normal(one) for one in sheet.header if one]
    repeated = sorted({one for one in sheet.header if one and names.count(normal(one)) > 1})
    if repeated:
        said.append(f"Column {shorten(repeated[0])} occurs more than once; the first one counts.")
    return [*said, *columns.decisions]


@dataclass(kw_only=True)
class _Reader(Settling):
    """Reads the rows of one sheet, then holds them against each other."""

    def run(self) -> Gathered:
        """Read everything."""
        self._set_up()
        for line, cells in self.sheet.rows:
            self._row(line, cells)
        for line, text, reason in self.sheet.broken:
            self.reject(line, "", text.strip("\r\n"), reason)
        self.settle()
        self.gathered.seen = (
            len(self.readings)
            + sum(self.gathered.left_out.values())
            + sum(p.left_out for p in self.gathered.rejected)
        )
        write_rows(self.gathered.path, map(self.canonical, self.readings))
        self.say()
        return self.gathered

    # --- one row ----------------------------------------------------------------------------------

    def _set_up(self) -> None:
        rows = [cells for _, cells in self.sheet.rows]
        columns = self.columns
        self.failures = [] if columns.format.keep else marks.failure_marks(self.sheet.header, rows)
        self.id_place = marks.id_column(self.sheet.header)
        self.texts: list[str] = [
            name
            for name in ("model", "context_tier", "processing", "session", "tenant")
            if name in columns.places
        ]
        self.numbers = [name for name in (*COUNTED, "n_requests", "repeat") if name in columns.places]
        used = {
            place
            for name in (*self.numbers, "reported_cost_usd")
            for place, _ in columns.places.get(name, ())
        }
        self.labels = [place for place in range(len(self.sheet.header)) if place not in used]
        self.extras = {
            place: key
            for place, head in enumerate(self.sheet.header)
            if place not in used and (key := extra_of(head))
        }
        if "ts" in columns.places:
            self.clock = _clock_beside(columns, rows)
            cells = [cell for row in rows if (cell := self._cell(row, "ts")) and not marks.says_total([cell])]
            if self.clock is not None:
                cells = [f"{cell.strip()} 00:00" for cell in cells]
            if columns.by_name and columns.format.relative_time:
                self.dates = Dates(relative_s=columns.format.time_unit_s or 1.0)
            else:
                self.dates = dates_of(cells, name=columns.header[columns.places["ts"][0][0]])
            if self.unit_s is not None and self.dates.relative_s is not None:
                self.dates = Dates(relative_s=self.unit_s, why="as you say")
            self.gathered.relative_time = self.dates.relative_s is not None

    def _cell(self, row: Sequence[str], name: str) -> str:
        """First cell that has a value."""
        for place, path in self.columns.places.get(name, ()):
            cell = inside(row[place], path) if path else row[place]
            if not is_nothing(cell) and not (name == "processing" and cell.strip().lower() in _NO_OTHER):
                return cell
        return ""

    def _row(self, line: int, cells: Sequence[str]) -> None:
        if not any(cell and not cell.isspace() for cell in cells):
            self.gathered.leave_out(marks.BLANK)
            return
        columns = self.columns
        keep = self._cell(cells, "keep") if columns.format.keep else ""
        labelled = marks.says_total(cells[place] for place in self.labels)
        texts = {name: self._cell(cells, name) for name in self.texts}
        hinted = not labelled and marks.hints_total(cells[place] for place in self.labels)
        reading = Reading(line, {}, texts, labelled=labelled, hinted=hinted)
        raw = {name: self._cell(cells, name) for name in self.numbers}
        empty = not any(raw.get(name) for name in ("input", "uncached", "output", "total"))
        if columns.format.keep and marks.failed_by(columns.format.keep, keep, empty):
            self.gathered.leave_out(marks.FAILED)
            return
        if any(bad(cells[place]) for place, bad in self.failures) and not labelled:
            self.gathered.leave_out(marks.FAILED)
            return
        if not self._numbers(reading, raw):
            return
        self._cost(reading, cells)
        if empty and not (reading.values.get("cost") or labelled):
            if all(is_nothing(cell) for cell in cells):
                self.gathered.leave_out(marks.BLANK)
            else:
                self.reject(line, self.heads.get("output", ""), "", "the row has no token counts")
            return
        self._time(reading, cells)
        flag = self._cell(cells, "cache_flag").strip().lower()
        reading.cached_by_gateway = flag in TRUE and not reading.values.get("cost", 1.0)
        reading.bare = not any(cells[place].strip() for place in self.labels)
        if self.id_place is not None and cells[self.id_place].strip():
            reading.identity = (
                cells[self.id_place],
                *raw.values(),
                texts.get("model"),
                reading.texts.get("ts"),
            )
        extra = {key: cells[place] for place, key in self.extras.items() if not is_nothing(cells[place])}
        if extra := {key: value for key, value in extra.items() if value not in ("0", "0.0")}:
            reading.texts["extra"] = json.dumps(extra, ensure_ascii=False)
            reading.media = {
                key: int(value) for key, value in extra.items() if "put" in key and value.isdigit()
            }
        self.readings.append(reading)

    def _numbers(self, reading: Reading, raw: Mapping[str, str]) -> bool:
        """Read the numbers of a row; false where it is rejected."""
        shares: dict[str, float] = {}
        for name, cell in raw.items():
            if not cell:
                continue
            found = self.columns.styles.get(name, Style()).read(cell)
            head = self.heads[name]
            if found is None:
                return self.reject(reading.line, head, cell, fault(cell))
            meaning = self.columns.meanings.get(name)
            value = found.value * (meaning.scale if meaning else 1.0)
            if found.share:
                if name in CACHES and 0 <= value <= 100:
                    shares[name] = value / 100
                    continue
                return self.reject(reading.line, head, cell, "a share, where a number of tokens should be")
            if meaning and meaning.average:
                requests = self._requests(raw)
                if requests is None:
                    return self.reject(
                        reading.line, head, cell, "a mean, and the row has no number of requests"
                    )
                value *= requests
            if abs(value) > 1e15:
                return self.reject(reading.line, head, cell, f"more than {10**15:,}, which nothing can be")
            exact = meaning is None or (meaning.scale == 1.0 and not meaning.average)
            if exact and value != int(value):
                return self.reject(reading.line, head, cell, "not a whole number")
            reading.values[name] = float(round(value))
        for name, share in shares.items():
            reading.values[name] = float(round(share * reading.values.get("input", 0.0)))
        return True

    def _requests(self, raw: Mapping[str, str]) -> float | None:
        cell = raw.get("n_requests") or raw.get("repeat") or ""
        found = self.columns.styles.get("n_requests", Style()).read(cell) if cell else None
        return found.value if found else None

    def _cost(self, reading: Reading, cells: Sequence[str]) -> None:
        """What was paid: dollars are added, other money is named."""
        cell = self._cell(cells, "reported_cost_usd")
        found = self.columns.styles.get("reported_cost_usd", Style()).read(cell) if cell else None
        if found is None:
            return
        meaning = self.columns.meanings.get("reported_cost_usd")
        value = found.value * (meaning.scale if meaning else 1.0)
        column = self._cell(cells, "currency").strip().lower()
        currency = found.currency or vocabulary().money.get(column) or (meaning.currency if meaning else None)
        if currency == "CNY" and set("¥￥") & set(cell + self.columns.shown()["reported_cost_usd"]):
            currency = self._yen(value)
        if currency not in (None, "USD"):
            reading.foreign = (str(currency), value)
            return
        reading.values["cost"] = value

    def _yen(self, value: float) -> str:
        """What ¥ stands for: yen under Japanese names; yuan under Chinese ones, or with a fraction."""
        letters = "".join(self.sheet.header)
        if any("\u3040" <= one <= "\u30ff" for one in letters):
            return "JPY"
        return "CNY" if any("\u4e00" <= one <= "\u9fff" for one in letters) or value % 1 else "CNY or JPY"

    def _time(self, reading: Reading, cells: Sequence[str]) -> None:
        cell = self._cell(cells, "ts")
        if not cell or reading.labelled:
            return
        if self.clock is not None and cells[self.clock].strip():
            cell = f"{cell.strip()} {cells[self.clock].strip()}"
        if cell not in self.moments:
            self.moments[cell] = self.dates.read(cell)
        seconds = self.moments[cell]
        if seconds is None:
            year = cell.strip()[:4]
            reason = (
                "a date outside 2010 to 2100"
                if year.isdigit() and len(cell) >= 8 and not "2010" <= year < "2100"
                else "not a date that can be read; the row is priced without its time"
            )
            self.reject(reading.line, self.heads["ts"], cell, reason, left_out=False)
            return
        if self.dates.relative_s is not None:
            reading.texts["ts"] = repr(seconds)
        else:
            reading.texts["ts"] = datetime.fromtimestamp(seconds, UTC).isoformat()


_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?(\s*[AaPp]\.?[Mm]\.?)?")


def _clock_beside(columns: Columns, rows: Sequence[Sequence[str]]) -> int | None:
    """Column of the time of day, where that of the times holds days only."""
    place, path = columns.places["ts"][0]
    days = [row[place] for row in rows[:LOOKED_AT] if row[place].strip()]
    if path or not days or any(":" in day for day in days):
        return None
    used = {one for places in columns.places.values() for one, _ in places}
    for other, name in enumerate(columns.header):
        cells = [row[other].strip() for row in rows[:LOOKED_AT] if row[other].strip()]
        if other not in used and cells and "time" in said_by(name) and all(map(_CLOCK.fullmatch, cells)):
            return other
    return None


def inside(cell: str, path: Sequence[str]) -> str:
    """A value inside a cell of JSON, or of a Python dict."""
    value: Any = loads(cell)
    if value is None and cell[:1] == "{":
        try:
            value = ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return ""
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def fault(cell: str) -> str:
    """Why a cell is no number.

    >>> fault("abc"), fault("1.2.3"), fault("-")
    ('not a number', 'a number in another style than the rest of the column', 'not a number')
    """
    digits = sum(letter.isdigit() for letter in cell)
    others = set(cell) - set("0123456789.,' \u00a0\u202f-")
    return (
        "a number in another style than the rest of the column" if digits and not others else "not a number"
    )


def extra_of(name: str) -> str | None:
    """Meter beside text tokens that a column counts, such as ``audio_input``; None where it is none.

    >>> extra_of("input_audio_tokens"), extra_of("web_search_count"), extra_of("inference_geo")
    ('audio_input', 'web_search', 'region')
    """
    words = set(words_of(name))
    if {"web", "search"} <= words or {"search", "count"} <= words:
        return "web_search"
    if "geo" in words:
        return "region"
    side = "output" if words & {"output", "completion", "generated"} else "input"
    medium = next((one for one in ("audio", "image", "video") if one in words or f"{one}s" in words), None)
    if medium is None or not words & {"token", "tokens"} or words & {"cached", "cache"}:
        return None
    return f"{medium}_{side}"
