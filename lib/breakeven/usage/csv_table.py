"""CSV and TSV: delimiter, header, and the reader that keeps what it cannot split."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path as FilePath

from breakeven.usage.formats import (
    TOKEN_FIELDS,
    BadMapping,
    ColumnMapping,
    Path,
    Recognised,
    normal,
    recognise,
)
from breakeven.usage.limits import Limits
from breakeven.usage.sheets.numbers import style_of
from breakeven.usage.sheets.split import DELIMITERS
from breakeven.usage.spool import Unreadable
from breakeven.usage.table import SAMPLE_ROWS, Table, head, loads, paths_of, shorten


def csv_table(path: FilePath, mapping: ColumnMapping | None, limits: Limits) -> Table:
    """Find delimiter and header.

    Raises
    ------
    Unreadable
        If there is no line with the names of columns.
    """
    text = head(path)
    skipped = 0
    if text[:4].lower() == "sep=":
        skipped, text = 1, text.partition("\n")[2]
    best: tuple[tuple[int, int], str, list[str], int, Recognised | None] | None = None
    for delimiter in DELIMITERS:
        header, lines = _header(text, delimiter)
        if not header:
            continue
        try:
            found = recognise([(one,) for one in header], mapping, nested=True)
        except BadMapping:
            found = None
        score = (2 if found and found.format.format_id != "plain" else 1 if found else 0, len(header))
        if best is None or score > best[0]:
            best = (score, delimiter, header, lines, found)
    if best is None:
        raise Unreadable("The file has no text in it.")
    _, delimiter, header, lines, found = best
    if len(header) > limits.columns:
        raise Unreadable(
            limits.too_much(f"The file has {len(header):,} columns, above", "columns", "columns")
        )
    notes = []
    if found is None and (mapping is None or mapping.empty) and _looks_like_data(header):
        raise Unreadable(
            "The first line has no column names, so nobody can tell what its columns are. "
            "Write a first line such as input_tokens,output_tokens."
        )
    repeated = sorted(
        {one for one in header if [normal(h) for h in header].count(normal(one)) > 1 and normal(one)}
    )
    if repeated:
        notes.append(f"Column {shorten(repeated[0])} occurs more than once; the first one counts.")
    columns: dict[Path, str] = {}
    for number, one in enumerate(header):
        columns.setdefault((one.strip(),), f"c{number}")
    table = Table(
        source="",
        parameters={"path": str(path)},
        columns=columns,
        kind="csv",
        names=list(columns),
        header=[one.strip() for one in header],
        header_lines=lines + skipped,
        width=len(header),
        delimiter=delimiter,
        notes=notes,
    )
    table.source = csv_source(table, len(header), limits)
    table.sample = _csv_sample(text, delimiter, header)
    for row in table.sample[:50]:
        for (one, *_), cell in list(row.items()):
            if cell[:1] == "{":
                table.names += [
                    (one, *path) for path in paths_of(loads(cell)) if (one, *path) not in table.names
                ]
    return table


def _header(text: str, delimiter: str) -> tuple[list[str], int]:
    """First record that is not blank, and how many lines end with it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                return record, reader.line_num
    except csv.Error:
        pass
    return [], 0


def _looks_like_data(header: Sequence[str]) -> bool:
    """Whether a first line holds values rather than names."""
    values = sum(1 for cell in header if cell.strip()[:1].isdigit() or cell.strip()[:2] in ("-1", "$0"))
    return values * 2 >= len(header)


def csv_source(table: Table, width: int, limits: Limits, most_rejects: int = 0) -> str:
    """FROM clause of a CSV file; lines that cannot be split are noted, not lost."""
    columns = ", ".join(f"'c{n}': '{table.types.get(f'c{n}', 'VARCHAR')}'" for n in range(width))
    delimiter = {",": ",", ";": ";", "\t": "\t", "|": "|"}[table.delimiter]
    return (
        f"read_csv($path, delim='{delimiter}', quote='\"', escape='\"', header=false, "
        f"skip={table.header_lines}, auto_detect=false, columns={{{columns}}}, "
        f"max_line_size={limits.line_kb * 1000 + 1000}, store_rejects=true, rejects_limit={most_rejects}, "
        f"rejects_table='{table.rejects}', rejects_scan='{table.rejects}_scans')"
    )


def _csv_sample(text: str, delimiter: str, header: Sequence[str]) -> list[dict[Path, str]]:
    rows: list[dict[Path, str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    started = False
    try:
        for record in reader:
            if started and len(record) == len(header):
                rows.append({(name.strip(),): cell for name, cell in zip(header, record, strict=True)})
            started = started or any(cell.strip() for cell in record)
            if len(rows) >= SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return rows


def with_types(table: Table, found: Recognised, limits: Limits) -> Table | None:
    """The same file with the types that its first rows suggest: faster, as long as every row agrees."""
    single = {
        name: paths[0] for name, paths in found.mapping.items() if len(paths) == 1 and len(paths[0]) == 1
    }
    uses = [path for paths in found.mapping.values() for path in paths]
    types: dict[str, str] = {}
    grouped: dict[str, str] = {}
    for name, path in single.items():
        values = [row[path] for row in table.sample if row.get(path)]
        if uses.count(path) > 1 or (not values and name in ("input", "output", "ts")):
            continue  # a column without any value in the first rows may be typed: what it holds is set aside
        if name in TOKEN_FIELDS and values and (style := style_of(values, whole=True)).grouped:
            grouped[table.columns[path]] = style.decimal
        elif name in (*TOKEN_FIELDS, "reported_cost_usd") and _mostly(_is_number, values):
            types[table.columns[path]] = "DOUBLE"
        elif name == "ts" and not found.format.relative_time and _mostly(_PLAIN_TIME.fullmatch, values):
            types[table.columns[path]] = "TIMESTAMP"
    table.grouped = grouped
    if not types and not grouped:
        return None
    copy = replace(table, rejects="reject_typed", types=types, parameters=dict(table.parameters))
    copy.source = csv_source(copy, table.width, limits)
    return copy


def _mostly(fits: Callable[[str], object], values: Sequence[str]) -> bool:
    """Whether nine of ten values fit; the others are set aside."""
    return sum(bool(fits(value)) for value in values) * 10 >= len(values) * 9


_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?Z?")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text
