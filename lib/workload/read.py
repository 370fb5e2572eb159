"""A usage file to sums by model, processing, tier, context, length, minute and tenant, and its problems.

DuckDB does the reading, on a connection of its own that can see one file and
nothing else. Nothing here raises over what a file contains, except
:class:`~lib.workload.spool.Unreadable` when no row of it can be read.
"""

from __future__ import annotations

import csv
import glob as globbing
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any, BinaryIO

import duckdb
from duckdb import DuckDBPyConnection

from lib.workload import sql
from lib.workload.formats import (
    BUCKET,
    TOKEN_FIELDS,
    BadMapping,
    ColumnMapping,
    Path,
    Recognised,
    looked_for,
    normal,
    recognise,
)
from lib.workload.limits import Limits, limits_from
from lib.workload.spool import MEGABYTE, Unreadable, make_plain, spool_stream
from lib.workload.sql import Edges, Keys

SHOWN_PROBLEMS = 100
LONGEST_VALUE = 80
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 200
MOST_IN_ALL = 10**18
"""Tokens beyond which a file is wrong; below, every product with a price is exact."""
SAMPLE_BYTES = 1 << 20

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One cell or row that is not as it should be."""

    line: int
    """Line of a text file, number of the record otherwise; counted from 1."""
    column: str
    value: str
    reason: str
    left_out: bool = True
    """The row is not priced; false: only this column of it is not used."""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Sums of tokens and requests."""

    requests: int = 0
    input_uncached: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        """All prompt tokens, however billed. [tokens]"""
        return self.input_uncached + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def cached_share(self) -> float:
        """Share of the prompt that was read from a cache. [0 to 1]"""
        return self.cache_read / self.prompt if self.prompt else 0.0

    def __add__(self, other: Tokens) -> Tokens:
        """Sum part by part."""
        return Tokens(
            requests=self.requests + other.requests,
            input_uncached=self.input_uncached + other.input_uncached,
            cache_read=self.cache_read + other.cache_read,
            cache_write_5m=self.cache_write_5m + other.cache_write_5m,
            cache_write_1h=self.cache_write_1h + other.cache_write_1h,
            output=self.output + other.output,
            reasoning=self.reasoning + other.reasoning,
        )


def add_up(parts: Iterable[Tokens]) -> Tokens:
    """Sum of many."""
    total = Tokens()
    for part in parts:
        total = total + part
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Requests of one model, processing, price tier, context class and length."""

    model: str | None
    batch: bool
    tier: int
    """Thresholds of ``Edges.tiers`` that the prompt exceeds."""
    context: int
    """Sizes of ``Edges.contexts`` that the request exceeds; -1: not known (bucket rows)."""
    in_bin: int
    """Bin of the prompt, -1: not known."""
    out_bin: int
    tokens: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Requests of one minute or one tenant, by what decides their price."""

    key: int | str | None
    """Minutes since 1970 (or since the start), or the tenant."""
    model: str | None
    batch: bool
    tier: int
    tokens: Tokens
    paid_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a file says, in sums; enough for every question of the page."""

    name: str
    recognised: tuple[Recognised, ...]
    """One per kind of file that was read."""
    edges: Edges
    cells: tuple[Cell, ...]
    minutes: tuple[Slice, ...]
    tenants: tuple[Slice, ...]
    rows_read: int
    """Data rows, bad ones included."""
    rows_rejected: int
    rows_skipped: int
    """Rows that are no request or failed, by the export's own mark."""
    problems: tuple[Problem, ...]
    """Bad rows, up to the limit that can be downloaded; pages show the first 100."""
    notes: tuple[str, ...]
    withheld: tuple[str, ...]
    paid_usd: float | None
    longest: int
    """Longest request. [tokens]"""
    first_s: float | None
    last_s: float | None
    """First and last arrival, unix time or since the start of a relative trace. [s]"""
    relative_time: bool
    models_paid: Mapping[str | None, float] = field(default_factory=dict)

    @property
    def tokens(self) -> Tokens:
        """Sums over everything."""
        return add_up(cell.tokens for cell in self.cells)

    @property
    def per_request(self) -> bool:
        """Whether the lengths of single requests are known."""
        return bool(self.cells) and all(cell.in_bin >= 0 for cell in self.cells)

    @property
    def span_s(self) -> float | None:
        """Time that the arrivals cover; None where they have none. [s]"""
        if self.first_s is None or self.last_s is None or self.last_s <= self.first_s:
            return None
        return self.last_s - self.first_s

    @property
    def by_model(self) -> dict[str | None, Tokens]:
        """Sums by model, most requests first."""
        sums: dict[str | None, Tokens] = {}
        for cell in self.cells:
            sums[cell.model] = sums.get(cell.model, Tokens()) + cell.tokens
        return dict(sorted(sums.items(), key=lambda item: -item[1].requests))


@dataclass(slots=True, kw_only=True)
class _Table:
    """A file as a relation of numbered columns."""

    source: str
    parameters: dict[str, Any]
    columns: dict[Path, str]
    """Column of the file to its name in the relation."""
    kind: str
    """csv, json or parquet."""
    types: dict[str, str] = field(default_factory=dict)
    parent: bool = False
    """JSON rows have a parent record whose keys they inherit."""
    names: list[Path] = field(default_factory=list)
    sample: list[dict[Path, str]] = field(default_factory=list)
    header_lines: int = 0
    width: int = 0
    delimiter: str = ","
    quoting: bool = True
    rejects: str = "reject_errors"
    """Where the reader notes the lines that it leaves out; one place for every way of reading."""
    notes: list[str] = field(default_factory=list)


def read_workload(
    path: str | FilePath | Sequence[FilePath],
    *,
    edges: Edges | None = None,
    mapping: ColumnMapping | None = None,
    limits: Limits | None = None,
    stream: BinaryIO | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Workload:
    """Read a file, a pattern of files, or standard input (``-``).

    Parameters
    ----------
    path
        File, pattern such as ``logs/*.jsonl``, list of files, or ``-``.
    edges
        Thresholds of the price list, see :func:`lib.workload.price.price_edges`;
        without them tiers and context windows are not told apart.
    mapping
        Columns that the user corrected.
    limits
        How much is read; by default from the environment.
    stream
        What ``-`` reads instead of standard input.
    name
        Name to show.
    progress
        Is told in words what is being done.

    Raises
    ------
    Unreadable
        If no row can be read; the text says why and what was looked for.
    BadMapping
        If the mapping names a column that the file does not have.
    """
    limits = limits or limits_from()
    edges = edges or Edges()
    with tempfile.TemporaryDirectory(prefix="breakeven-") as folder_name:
        folder = FilePath(folder_name)
        files = _files(path, stream, folder, limits)
        shown = name or (str(path) if isinstance(path, (str, FilePath)) else f"{len(files)} files")
        parts: list[Workload] = []
        refusals: list[str] = []
        for number, file in enumerate(files, start=1):
            if progress:
                progress(
                    f"Reading {file.name} ({number} of {len(files)})"
                    if len(files) > 1
                    else f"Reading {file.name}"
                )
            private = folder / f"part{number}"
            private.mkdir()
            try:
                parts.append(_read_one(file, file.name, edges, mapping, limits, private))
            except Unreadable as refusal:
                if len(files) == 1:
                    raise
                refusals.append(f"{file.name}: {refusal}")
        if not parts:
            raise Unreadable(" ".join(refusals[:3]))
        whole = _merge(parts, shown, limits)
        sums = whole.tokens
        if max(sums.prompt, sums.output, sums.requests) > MOST_IN_ALL:
            raise Unreadable(f"The file adds up to more than {MOST_IN_ALL:,} tokens, which nothing can be.")
        return replace(whole, notes=(*whole.notes, *(f"Left out: {text}" for text in refusals)))


def _files(
    path: str | FilePath | Sequence[FilePath], stream: BinaryIO | None, folder: FilePath, limits: Limits
) -> list[FilePath]:
    if isinstance(path, str) and path == "-":
        return [spool_stream(stream or sys.stdin.buffer, folder, limits)]
    if isinstance(path, FilePath):
        return [path]
    if not isinstance(path, str):
        return list(path)
    try:
        if FilePath(path).is_file():
            return [FilePath(path)]
        names = globbing.glob(path, recursive=True)  # noqa: PTH207 (a pattern may be absolute)
        found = sorted(file for file in map(FilePath, names) if file.is_file())
    except (OSError, ValueError):
        found = []
    if not found:
        raise Unreadable(f"There is no file '{path}'.")
    if len(found) > limits.files:
        raise Unreadable(
            limits.too_much(f"The pattern matches {len(found):,} files, above", "files", "files")
        )
    return found


def _connect(path: FilePath, limits: Limits, memory_mb: int, *, ordered: bool = False) -> DuckDBPyConnection:
    """Open a database in memory that can read one file and nothing else."""
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    for statement, value in (
        ("SET memory_limit = ?", f"{memory_mb}MB"),
        ("SET threads = ?", limits.threads),
        ("SET temp_directory = ?", ""),
        ("SET TimeZone = ?", "UTC"),
        ("SET preserve_insertion_order = ?", ordered),
        ("SET python_enable_replacements = ?", False),
        ("SET allow_community_extensions = ?", False),
        ("SET allow_persistent_secrets = ?", False),
        ("SET allowed_paths = ?", [str(path)]),
        ("SET enable_external_access = ?", False),
        ("SET lock_configuration = ?", True),
    ):
        _set(connection, statement, value)
    return connection


def _set(connection: DuckDBPyConnection, statement: str, value: str | int | bool | list[str]) -> None:
    """Settings take no parameters; their values are ours or a path, quoted."""

    def literal(one: object) -> str:
        if isinstance(one, bool):
            return "true" if one else "false"
        if isinstance(one, list):
            return "[" + ", ".join(literal(item) for item in one) + "]"
        return str(one) if isinstance(one, int) else "'" + str(one).replace("'", "''") + "'"

    connection.execute(statement.replace("?", literal(value)))


def _read_one(
    path: FilePath, name: str, edges: Edges, mapping: ColumnMapping | None, limits: Limits, folder: FilePath
) -> Workload:
    """Read one file.

    Raises
    ------
    Unreadable
        If no row can be read.
    """
    plain = make_plain(path.absolute(), folder, limits)
    file = plain.path.absolute()
    try:
        size_mb = file.stat().st_size / MEGABYTE
        document = not plain.parquet and _is_document(file)
        memory = limits.memory_mb + (int(size_mb * 6) if document else 0)
        if document and size_mb > limits.document_mb:
            raise Unreadable(
                limits.too_much(f"The JSON document has {size_mb:,.0f} MB, above", "document_mb", "MB")
                + " JSON Lines have no such limit."
            )
        with closing(_connect(file, limits, memory)) as connection:
            if plain.parquet:
                table = _parquet(connection, file, limits)
            elif _starts_json(file):
                table = _json(connection, file, document, limits)
            else:
                table = _csv(file, mapping, limits)
            table.notes[:0] = plain.notes
            return _read_table(connection, table, file, name, edges, mapping, limits)
    except duckdb.OutOfMemoryException:
        raise Unreadable(
            limits.too_much("Reading the file needs more memory than", "memory_mb", "MB")
        ) from None
    except duckdb.Error as error:
        raise Unreadable(f"The file cannot be read: {_first_line(error)}") from None
    except RecursionError:
        raise Unreadable("The file cannot be read: its JSON is nested too deeply.") from None


def _first_line(error: Exception) -> str:
    """What DuckDB says, without the path of a private copy and without its advice."""
    text = str(error).strip().split("\n")[0]
    text = text.partition(": ")[2] or text
    return shorten(" ".join(word for word in text.split() if "breakeven-" not in word), 200)


def shorten(text: str, most: int = LONGEST_VALUE) -> str:
    """Make a value fit a message; what no screen can write is replaced."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: most + 1])
    return clean if len(text) <= most else clean[: most - 1] + "…"


# --- text files -----------------------------------------------------------------------------------


def _head(path: FilePath, size: int = SAMPLE_BYTES) -> str:
    with path.open("rb") as file:
        return file.read(size).decode("utf-8-sig", errors="ignore")


def _starts_json(path: FilePath) -> bool:
    return _head(path, 4096).lstrip()[:1] in ("{", "[")


def _is_document(path: FilePath) -> bool:
    """Whether a JSON file is one document and not one record a line."""
    if not _starts_json(path):
        return False
    first, newline, rest = _head(path, 16 * SAMPLE_BYTES).lstrip().partition("\n")
    if first.startswith("["):
        return True
    try:
        record = json.loads(first)
    except (ValueError, RecursionError):
        return not (newline and rest.lstrip().startswith("{") and first.rstrip().endswith("}"))
    return not rest.strip() and isinstance(record, dict) and len(first) > 1_000_000


def _csv(path: FilePath, mapping: ColumnMapping | None, limits: Limits) -> _Table:
    """Find delimiter and header.

    Raises
    ------
    Unreadable
        If there is no line with the names of columns.
    """
    text = _head(path)
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
            "Write a first line such as input_tokens,output_tokens. " + looked_for()
        )
    repeated = sorted(
        {one for one in header if [normal(h) for h in header].count(normal(one)) > 1 and normal(one)}
    )
    if repeated:
        notes.append(f"Column {shorten(repeated[0])} occurs more than once; the first one counts.")
    columns: dict[Path, str] = {}
    for number, one in enumerate(header):
        columns.setdefault((one.strip(),), f"c{number}")
    table = _Table(
        source="",
        parameters={"path": str(path)},
        columns=columns,
        kind="csv",
        names=list(columns),
        header_lines=lines + skipped,
        width=len(header),
        delimiter=delimiter,
        notes=notes,
    )
    table.source = _csv_source(table, len(header), limits)
    table.sample = _csv_sample(text, delimiter, header)
    for row in table.sample[:50]:
        for (one, *_), cell in list(row.items()):
            if cell[:1] == "{":
                table.names += [
                    (one, *path) for path in _paths_of(_loads(cell)) if (one, *path) not in table.names
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


def _csv_source(table: _Table, width: int, limits: Limits) -> str:
    columns = ", ".join(f"'c{n}': '{table.types.get(f'c{n}', 'VARCHAR')}'" for n in range(width))
    delimiter = {",": ",", ";": ";", "\t": "\t", "|": "|"}[table.delimiter]
    quote = "'\"'" if table.quoting else "''"
    return (
        f"read_csv($path, delim='{delimiter}', quote={quote}, escape={quote}, header=false, "
        f"skip={table.header_lines}, auto_detect=false, columns={{{columns}}}, "
        f"max_line_size={limits.line_kb * 1000 + 1000}, store_rejects=true, rejects_limit=0, "
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


# --- JSON -----------------------------------------------------------------------------------------

_LISTS = ("data", "observations", "results", "rows", "records", "items", "requests", "logs")


def _json(connection: DuckDBPyConnection, path: FilePath, document: bool, limits: Limits) -> _Table:
    """Find the records of a JSON document or of JSON Lines."""
    if document:
        base = (
            "(SELECT json AS j FROM read_json_objects($path, format='auto', "
            f"maximum_object_size={max(path.stat().st_size + 1024, 1 << 20)}))"
        )
    else:
        base = (
            "(SELECT TRY_CAST(NULLIF(TRIM(line), '') AS JSON) AS j, line FROM "
            "read_csv($path, delim='\x01', quote='', escape='', "
            "header=false, auto_detect=false, columns={'line': 'VARCHAR'}, "
            f"max_line_size={limits.line_kb * 1000 + 1000}, store_rejects=true, rejects_limit=0, "
            "rejects_table='reject_errors', rejects_scan='reject_scans'))"
        )
    parameters = {"path": str(path)}
    parent = False
    source = base
    for _ in range(2):
        first = _json_sample(connection, source, parameters, 20)
        step = _unwrap(first, source, parent)
        if step is None:
            break
        source, parent, last = step
        if last:
            break
    rows = _json_sample(connection, source, parameters, SAMPLE_ROWS)
    flat = [_flat(row) for row in rows]
    names = list(dict.fromkeys(path for row in flat for path in row))
    if parent:
        parents = connection.execute(
            f"SELECT CAST(parent AS VARCHAR) FROM {source} LIMIT 20", parameters
        ).fetchall()
        names += [p for (text,) in parents for p in _flat(_loads(text)) if len(p) == 1 and p not in names]
        names = list(dict.fromkeys(names))
    return _Table(
        source=source,
        parameters=dict(parameters),
        columns={},
        kind="json",
        parent=parent,
        names=names,
        sample=[{k: str(v) for k, v in row.items() if v is not None} for row in flat],
    )


def _loads(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _json_sample(
    connection: DuckDBPyConnection, source: str, parameters: Mapping[str, Any], most: int
) -> list[dict[str, Any]]:
    rows = connection.execute(
        f"SELECT CAST(j AS VARCHAR) FROM {source} WHERE j IS NOT NULL LIMIT {most}", parameters
    ).fetchall()
    return [record for (text,) in rows if isinstance(record := _loads(text), dict)]


def _unwrap(rows: list[dict[str, Any]], source: str, parent: bool) -> tuple[str, bool, bool] | None:
    """One step down in a document whose rows lie in a list; the last item says that they are there."""
    for row in rows:
        if isinstance(row.get("input_lens"), list) and isinstance(row.get("output_lens"), list):
            lists = ", ".join(
                f"unnest(TRY_CAST(json_extract(j, '$.{many}') AS JSON[])) AS {one}"
                for many, one in (
                    ("input_lens", "input_len"),
                    ("output_lens", "output_len"),
                    ("start_times", "start_time"),
                    ("ttfts", "ttft"),
                )
            )
            return (
                "(SELECT json_object('input_len', input_len, 'output_len', output_len, 'start_time', "
                f"start_time, 'ttft', ttft, 'model_id', model_id) AS j FROM (SELECT {lists}, "
                f"json_extract(j, '$.model_id') AS model_id FROM {source}))",
                False,
                True,
            )
        if isinstance(row.get("resourceSpans"), list):
            value = "COALESCE({0}->>'stringValue', {0}->>'intValue', {0}->>'doubleValue')".format(
                "json_extract(a, '$.value')"
            )
            return (
                "(SELECT json_object('startTimeUnixNano', json_extract(s, '$.startTimeUnixNano'), "
                "'attributes', json(CAST(to_json(map_from_entries(list_transform(list_filter(COALESCE("
                "TRY_CAST(json_extract(s, '$.attributes') AS JSON[]), []), "
                "lambda a: a->>'key' LIKE 'gen_ai.%'), lambda a: "
                f"struct_pack(k := a->>'key', v := {value})))) AS VARCHAR))) AS j FROM (SELECT unnest("
                f"json_extract(j, '$.resourceSpans[*].scopeSpans[*].spans[*]')) AS s FROM {source}))",
                False,
                True,
            )
        for key in _LISTS:
            inner = row.get(key)
            if isinstance(inner, list) and (not inner or isinstance(inner[0], dict)):
                if not inner and not any(isinstance(r.get(key), list) and r[key] for r in rows):
                    continue
                outer = ", j AS parent" if key == "results" else ""
                return (
                    f"(SELECT unnest(json_extract(j, '$.{key}[*]')) AS j{outer} FROM {source})",
                    bool(outer),
                    key == "results" or parent,
                )
    return None


def _flat(record: Any, before: Path = (), depth: int = 0) -> dict[Path, Any]:
    """Keys of a record as paths, those of nested records too."""
    if not isinstance(record, dict):
        return {}
    flat: dict[Path, Any] = {}
    for key, value in list(record.items())[:2000]:
        path = (*before, str(key))
        flat[path] = None if isinstance(value, (dict, list)) else value
        if isinstance(value, str) and value[:1] == "{" and depth < 4:
            value = _loads(value)
        if isinstance(value, dict) and depth < 4:
            flat.update(_flat(value, path, depth + 1))
    return flat


def _paths_of(record: Any) -> list[Path]:
    return list(_flat(record))


# --- Parquet --------------------------------------------------------------------------------------


def _parquet(connection: DuckDBPyConnection, path: FilePath, limits: Limits) -> _Table:
    parameters = {"path": str(path)}
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet($path)", parameters).fetchall()
    if len(described) > limits.columns:
        raise Unreadable(
            limits.too_much(f"The file has {len(described):,} columns, above", "columns", "columns")
        )
    aliases = ", ".join(f"c{n}" for n in range(len(described)))
    source = f"read_parquet($path) AS t({aliases})"
    columns: dict[Path, str] = {}
    types: dict[str, str] = {}
    for number, (name, kind, *_) in enumerate(described):
        columns.setdefault((str(name),), f"c{number}")
        types[f"c{number}"] = str(kind)
    names = list(columns)
    rows = connection.execute(
        f"SELECT CAST(to_json(t) AS VARCHAR) FROM {source} LIMIT 50", parameters
    ).fetchall()
    back = {alias: path for path, alias in columns.items()}
    sample = []
    for (text,) in rows:
        flat = {(*back[p[:1][0]], *p[1:]): v for p, v in _flat(_loads(text)).items() if p[0] in back}
        names += [p for p in flat if p not in names]
        sample.append({k: str(v) for k, v in flat.items() if v is not None})
    return _Table(
        source=source,
        parameters=dict(parameters),
        columns=columns,
        kind="parquet",
        types=types,
        names=names,
        sample=sample,
    )


# --- sums -----------------------------------------------------------------------------------------

_NUMERIC = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
)


def _pointer(path: Path) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _texts(table: _Table, found: Recognised) -> tuple[dict[str, str], frozenset[str]]:
    """Expression of every canonical column, and which of them are numbers already."""
    texts: dict[str, str] = {}
    numbers: set[str] = set()

    def expression(path: Path) -> tuple[str, bool]:
        if table.kind == "json":
            key = f"p{len(table.parameters)}"
            table.parameters[key] = _pointer(path)
            own = f"NULLIF(json_extract_string(j, ${key}), '')"
            return (f"COALESCE({own}, json_extract_string(parent, ${key}))" if table.parent else own), False
        column = table.columns[path[:1]]
        kind = table.types.get(column, "VARCHAR")
        if len(path) > 1:
            key = f"p{len(table.parameters)}"
            table.parameters[key] = _pointer(path[1:])
            cell = f"TRY_CAST({column} AS JSON)" if kind in ("VARCHAR", "JSON") else f"to_json({column})"
            return f"json_extract_string({cell}, ${key})", False
        if kind == "VARCHAR":
            # Left bare, the reader would cast the column itself and drop the rows where that fails.
            return (f"NULLIF(TRIM({column}), '')" if table.kind == "csv" else column), False
        if kind in _TIMES and path in found.mapping.get("ts", ()) and len(found.mapping["ts"]) == 1:
            return column, False
        return (column, True) if kind.startswith(_NUMERIC) else (f"CAST({column} AS VARCHAR)", False)

    columns = dict(found.mapping)
    if table.kind == "json":  # later records may have keys that the first ones lack
        for name in (*columns, "keep"):
            usual = found.format.fields.get(name, ())
            if usual and (name == "keep" or set(columns[name]) & set(usual)):
                columns[name] = tuple(dict.fromkeys((*columns.get(name, ()), *usual)))
    for name, paths in columns.items():
        parts = [expression(path) for path in paths]
        if len(parts) == 1 and parts[0][1] and name in (*TOKEN_FIELDS, "reported_cost_usd"):
            texts[name] = parts[0][0]
            numbers.add(name)
        elif name == "model" and len(paths) == 1 and _bare(table, paths[0]):
            texts[name] = table.columns[paths[0]]
        else:
            cells = [f"CAST({text} AS VARCHAR)" if number else text for text, number in parts]
            texts[name] = cells[0] if len(cells) == 1 else f"COALESCE({', '.join(cells)})"
    return texts, frozenset(numbers)


def _bare(table: _Table, path: Path) -> bool:
    """Whether a text cell of a CSV file can be trimmed after the sums."""
    return table.kind == "csv" and len(path) == 1 and table.columns[path] not in table.types


def _read_table(
    connection: DuckDBPyConnection,
    table: _Table,
    file: FilePath,
    name: str,
    edges: Edges,
    mapping: ColumnMapping | None,
    limits: Limits,
) -> Workload:
    found = recognise(table.names, mapping, nested=True, kind=table.kind)
    if found is None:
        columns = ", ".join(shorten(".".join(p), 40) for p in table.names if len(p) == 1)
        shown = shorten(columns, 200)
        raise Unreadable(
            (
                f"No columns with prompt and completion tokens were found. The file has {shown}. "
                if shown
                else "No records were found. "
            )
            + looked_for()
            + " Or name the columns yourself (mapping input=…, output=…)."
        )
    if found.format.refusal:
        raise Unreadable(found.format.refusal)
    fast = _with_types(table, found, limits) if table.kind == "csv" else None
    if fast is not None:
        texts, rows = _query(fast, found, edges)
        sums, sets, withheld = _sums(connection, fast, rows, texts, Keys(edges=edges), limits)
        if not _rejects(connection, fast) and all(row["good"] >= 0 for row in sums):
            return _workload(fast, found, rows, sums, sets, withheld, [], file, name, edges, texts, limits)
    texts, rows = _query(table, found, edges)
    sums, sets, withheld = _sums(connection, table, rows, texts, Keys(edges=edges), limits)
    rejects = _rejects(connection, table)
    if table.kind == "csv" and any("QUOTE" in kind for _, _, kind, _ in rejects):
        # A quote that is never closed swallows the rest: read the quotes as plain characters instead.
        table.quoting = False
        again = replace_quotes(table, limits)
        other, other_sets, other_withheld = _sums(connection, again, rows, texts, Keys(edges=edges), limits)
        if sum(row["n_rows"] for row in other if row["good"] == 0) > sum(
            r["n_rows"] for r in sums if r["good"] == 0
        ):
            sums, sets, withheld, table = other, other_sets, other_withheld, again
            rejects = _rejects(connection, table)
            table.notes.append("A quotation mark is never closed; the marks are read as plain characters.")
    return _workload(table, found, rows, sums, sets, withheld, rejects, file, name, edges, texts, limits)


def _query(
    table: _Table, found: Recognised, edges: Edges, carry: Sequence[str] = ()
) -> tuple[dict[str, str], Callable[[str], str]]:
    """Expressions of the cells, and the canonical rows over any source with the same columns."""
    texts, numbers = _texts(table, found)
    numeric_time = _numeric_time(table, found)
    time_columns = [table.columns.get(path) for path in found.mapping.get("ts", ())]
    typed_time = len(time_columns) == 1 and table.types.get(str(time_columns[0]), "") in _TIMES
    optional = frozenset({"input"}) if found.format.grain == BUCKET else frozenset()

    def rows(source: str) -> str:
        return sql.rows_sql(
            source,
            texts,
            found.format,
            found.cached,
            edges,
            numeric_time=numeric_time,
            typed_time=typed_time,
            number_fields=numbers,
            optional=optional,
            carry=carry,
        )

    return texts, rows


_TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S")


def replace_quotes(table: _Table, limits: Limits) -> _Table:
    """The same file with quotation marks as plain characters."""
    copy = replace(table, quoting=False, rejects="reject_unquoted")
    copy.source = _csv_source(copy, table.width, limits)
    return copy


def _with_types(table: _Table, found: Recognised, limits: Limits) -> _Table | None:
    """The same file with the types that its first rows suggest: faster, as long as every row agrees."""
    single = {
        name: paths[0] for name, paths in found.mapping.items() if len(paths) == 1 and len(paths[0]) == 1
    }
    uses = [path for paths in found.mapping.values() for path in paths]
    types: dict[str, str] = {}
    for name, path in single.items():
        values = [row[path] for row in table.sample if row.get(path)]
        if uses.count(path) > 1 or not values:
            continue
        if name in (*TOKEN_FIELDS, "reported_cost_usd") and all(_is_number(value) for value in values):
            types[table.columns[path]] = "DOUBLE"
        elif (
            name == "ts" and not found.format.relative_time and all(_PLAIN_TIME.fullmatch(v) for v in values)
        ):
            types[table.columns[path]] = "TIMESTAMP"
    if not types:
        return None
    copy = replace(table, rejects="reject_typed", types=types, parameters=dict(table.parameters))
    copy.source = _csv_source(copy, table.width, limits)
    return copy


_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?Z?")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text


def _numeric_time(table: _Table, found: Recognised) -> bool:
    values = [row[path] for path in found.mapping.get("ts", ()) for row in table.sample if row.get(path)]
    return bool(values) and sum(1 for v in values if v.replace(".", "", 1).isdigit()) * 2 > len(values)


def _sums(
    connection: DuckDBPyConnection,
    table: _Table,
    rows: Callable[[str], str],
    texts: Mapping[str, str],
    keys: Keys,
    limits: Limits,
) -> tuple[list[dict[str, Any]], tuple[bool, bool], list[str]]:
    """Run the aggregate; with fewer groups where the memory does not suffice for all."""
    minutes, tenants = "ts" in texts, "tenant" in texts
    withheld: list[str] = []
    step = _step_of_time(table) if minutes else 0
    attempts = [(step, tenants), (step, False), (0, False)]
    for number, (with_minutes, with_tenants) in enumerate(dict.fromkeys(attempts)):
        statement = sql.sums_sql(
            rows(table.source),
            texts,
            keys,
            minutes=with_minutes,
            tenants=with_tenants,
            trim=table.kind == "csv" and texts.get("model") in table.columns.values(),
        )
        used = {key: value for key, value in table.parameters.items() if f"${key}" in statement}
        try:
            result = connection.execute(statement, used)
            names = [column[0] for column in result.description or []]
            fetched = result.fetchmany(limits.groups + 1)
        except duckdb.OutOfMemoryException:
            if number == len(set(attempts)) - 1:
                raise
            continue
        if len(fetched) > limits.groups:
            if number == len(set(attempts)) - 1:
                raise Unreadable(
                    limits.too_much(
                        "The models of the file and their lengths make more groups than", "groups", "groups"
                    )
                )
            continue
        if tenants and not with_tenants:
            withheld.append("Cost by tenant: the file names too many.")
        if minutes and not with_minutes:
            withheld.append("Cost over time: the file spans too many hours.")
        found = [_unpacked(dict(zip(names, row, strict=True)), keys, with_minutes) for row in fetched]
        return found, (bool(with_minutes), with_tenants), withheld
    raise AssertionError("one attempt always returns or raises")


def _unpacked(row: dict[str, Any], keys: Keys, minutes: int) -> dict[str, Any]:
    """A row of the sums with its keys as they were; ``level`` says what it sums by."""
    known = {**_NO_SUMS, "requests": row["n_rows"], **row}
    if not row["no_cell"]:
        return {**known, **keys.unpack_cell(int(row["cell_key"])), "level": BY_LENGTH}
    if minutes and not row["no_minute"]:
        return {**known, **keys.unpack_minute(int(row["minute_key"]), minutes), "level": BY_TIME}
    return {**known, **keys.unpack_slice(int(row["slice_key"])), "level": BY_TENANT}


BY_LENGTH, BY_TIME, BY_TENANT = "length", "time", "tenant"
_NO_SUMS: Mapping[str, Any] = {
    **dict.fromkeys(sql.METERS, 0),
    "cost": None,
    "late": 0,
    "first_us": None,
    "last_us": None,
}

SHORT_FILE_BYTES = 100_000_000
"""Files up to this size are summed by the minute, larger ones by the hour."""


def _step_of_time(table: _Table) -> int:
    """Minutes of one step of time."""
    return 1 if FilePath(table.parameters["path"]).stat().st_size <= SHORT_FILE_BYTES else 60


def _rejects(connection: DuckDBPyConnection, table: _Table) -> list[tuple[int, str, str, str]]:
    """Lines that have not the columns they should: line, column, kind, text."""
    if table.kind == "parquet":
        return []
    try:
        rows = connection.execute(
            "SELECT line, COALESCE(MIN(column_name), ''), MIN(CAST(error_type AS VARCHAR)), "
            f"MIN(LEFT(csv_line, 200)) FROM {table.rejects} GROUP BY line ORDER BY line"
        ).fetchall()
    except duckdb.Error:
        return []
    return [(int(line), column, kind, text or "") for line, column, kind, text in rows]


def _tokens(row: Mapping[str, Any]) -> Tokens:
    return Tokens(
        requests=int(row["requests"] or 0),
        input_uncached=int(row["uncached"] or 0),
        cache_read=int(row["cache_read"] or 0),
        cache_write_5m=int(row["cache_write_5m"] or 0),
        cache_write_1h=int(row["cache_write_1h"] or 0),
        output=int(row["output"] or 0),
        reasoning=int(row["reasoning"] or 0),
    )


_REJECT_REASONS = {
    "MISSING COLUMNS": "the row has fewer columns than the first line",
    "TOO MANY COLUMNS": "the row has more columns than the first line",
    "UNQUOTED VALUE": "a quotation mark is not closed, or text follows a closed one",
    "LINE SIZE OVER MAXIMUM": "the line is longer than the limit",
    "INVALID ENCODING": "the characters cannot be read",
    "INVALID STATE": "quotation marks do not match",
}


def _workload(
    table: _Table,
    found: Recognised,
    rows: Callable[[str], str],
    sums: list[dict[str, Any]],
    sets: tuple[bool, bool],
    withheld: list[str],
    rejects: list[tuple[int, str, str, str]],
    file: FilePath,
    name: str,
    edges: Edges,
    texts: Mapping[str, str],
    limits: Limits,
) -> Workload:
    """Turn the sums into records, and look for the bad rows where there are any."""
    main = [row for row in sums if row["level"] == BY_LENGTH]
    good = [row for row in main if row["good"] == 0]
    n_bad = sum(row["n_rows"] for row in main if row["good"] == -1)
    n_skipped = sum(row["n_rows"] for row in main if row["good"] == 1)
    n_late = sum(int(row["late"] or 0) for row in good)
    n_read = sum(row["n_rows"] for row in main) + len(rejects)
    if n_read > limits.rows:
        raise Unreadable(limits.too_much(f"The file has {n_read:,} rows, above", "rows", "rows"))
    reader = _names(texts, found)
    problems = [
        Problem(
            line=line,
            column="",
            value=shorten(text.strip("\r\n")),
            reason=_REJECT_REASONS.get(kind, kind.lower()),
            file=name,
        )
        for line, _, kind, text in rejects[: limits.problem_rows]
    ]
    if n_bad or n_late:
        problems += _locate(table, found, rows, rejects, file, name, reader, limits)
    blank = 0
    if table.kind == "json":  # blank lines of JSON Lines are no rows
        blank = sum(1 for p in problems if p.reason == _BLANK)
        problems = [p for p in problems if p.reason != _BLANK]
    problems.sort(key=lambda p: p.line)
    rejected = n_bad + len(rejects) - blank
    n_read -= blank
    if not good:
        _refuse(n_read, rejected, n_skipped, problems, found)
    notes = [*table.notes, *found.format.notes]
    if n_skipped:
        notes.append(
            f"{n_skipped:,} rows are left out: by the export's own mark they are no request or failed."
        )
    if rejected:
        notes.append(f"{rejected:,} of {n_read:,} rows cannot be read and are left out of every total.")
    if n_late:
        notes.append(
            f"{n_late:,} rows have a date that cannot be; they are priced, but count in no time of day."
        )
    if found.format.grain == BUCKET:
        withheld = [*withheld, *bucket_withheld("context_tier" in texts)]
    if "ts" not in texts:
        withheld = [*withheld, "Load over time and replicas at peak: the file has no times."]
    many = found.format.grain == BUCKET and "repeat" not in texts
    cells = tuple(
        Cell(
            model=row["model"],
            batch=bool(row["batch"]),
            tier=row["tier"],
            context=-1 if many else row["context"],
            in_bin=row["in_bin"],
            out_bin=row["out_bin"],
            tokens=_tokens(row),
        )
        for row in good
    )
    paid: dict[str | None, float] = {}
    for row in good:
        if row["cost"] is not None:
            paid[row["model"]] = paid.get(row["model"], 0.0) + float(row["cost"])
    times = [row for row in good if row["first_us"] is not None]

    def slices(level: str, key: str) -> tuple[Slice, ...]:
        return tuple(
            Slice(
                key=None if row[key] is None else int(row[key]) if key == "minute" else str(row[key]),
                model=row["model"],
                batch=bool(row["batch"]),
                tier=row["tier"],
                tokens=_tokens(row),
                paid_usd=None if row["cost"] is None else float(row["cost"]),
            )
            for row in sums
            if row["level"] == level and row["good"] == 0
        )

    return Workload(
        name=name,
        recognised=(found,),
        edges=edges,
        cells=cells,
        minutes=slices(BY_TIME, "minute") if sets[0] else (),
        tenants=slices(BY_TENANT, "tenant") if sets[1] else (),
        rows_read=n_read,
        rows_rejected=rejected,
        rows_skipped=n_skipped,
        problems=tuple(problems),
        notes=tuple(notes),
        withheld=tuple(withheld),
        paid_usd=sum(paid.values()) if paid else None,
        longest=0 if many else max((int(row["longest"] or 0) for row in good), default=0),
        first_s=min((row["first_us"] for row in times), default=None)
        and min(r["first_us"] for r in times) / 1e6,
        last_s=max((row["last_us"] for row in times), default=None)
        and max(r["last_us"] for r in times) / 1e6,
        relative_time=found.format.relative_time,
        models_paid=paid,
    )


def bucket_withheld(tier_known: bool) -> list[str]:
    """What a file of sums cannot answer."""
    why = "the rows are sums over many requests"
    held = (
        []
        if tier_known
        else [
            f"Prices that change with the length of a request: {why}, so every request "
            "is charged at the base price."
        ]
    )
    return [
        *held,
        f"Which requests exceed an offer's context window: {why}.",
        f"Self-hosted deployments, batch sizes and latency: {why}, and their lengths are not known.",
    ]


def _refuse(n_read: int, rejected: int, skipped: int, problems: Sequence[Problem], found: Recognised) -> None:
    """Raise the sentence for a file without a good row."""
    if n_read == 0:
        raise Unreadable(f"The file has the column names of {found.format.name} and no rows below them.")
    if skipped and not rejected:
        raise Unreadable(f"All {skipped:,} rows are marked by the export as failed or as no request.")
    first = problems[0] if problems else None
    example = (
        f" Line {first.line}: {first.column or 'the row'} {first.value!r}: {first.reason}." if first else ""
    )
    raise Unreadable(
        f"None of the {n_read:,} rows can be read.{example} Looked for whole numbers in "
        + " and ".join(found.shown[name] for name in ("input", "output"))
        + "."
    )


# --- where the bad rows are -----------------------------------------------------------------------

_BLANK = "the line is blank"


def _names(texts: Mapping[str, str], found: Recognised) -> dict[str, str]:
    return {name: found.shown[name] for name in texts if name in found.mapping}


def _locate(
    table: _Table,
    found: Recognised,
    rows: Callable[[str], str],
    rejects: Sequence[tuple[int, str, str, str]],
    file: FilePath,
    name: str,
    columns: Mapping[str, str],
    limits: Limits,
) -> list[Problem]:
    """Find the rows that the aggregate counted as bad, with their line numbers."""
    lines = table.kind == "json" and table.source.startswith("(SELECT TRY_CAST")
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
    used = {key: value for key, value in table.parameters.items() if f"${key}" in query}
    # A connection that keeps the order of the rows: their numbers become line numbers.
    with closing(_connect(file, limits, limits.memory_mb, ordered=True)) as ordered:
        fetched = ordered.execute(query, used).fetchall()
    line_of = _line_numbers(table, file, rejects, [int(row[0]) for row in fetched])
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
            return "", "", _BLANK
        if text is not None and _loads_fails(text):
            return "", text, "the line is not valid JSON"
        return columns["output"], text or "", "the row has no token counts"
    for one in TOKEN_FIELDS:
        if one not in raw:
            continue
        value = raw[one]
        if value is None:
            if one in ("input", "output") and not (one == "input" and found.format.grain == BUCKET):
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
    return len(text) < 200 and not isinstance(_loads(text), dict)


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


def _line_numbers(
    table: _Table, file: FilePath, rejects: Sequence[tuple[int, str, str, str]], numbers: Sequence[int]
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
    quoting = csv.QUOTE_MINIMAL if table.quoting else csv.QUOTE_NONE
    with file.open("r", encoding="utf-8-sig", errors="replace", newline="") as text:
        for _ in range(table.header_lines):
            text.readline()
        place, line = 0, table.header_lines
        for start, blank in _records(text, table.delimiter, quoting):
            line = table.header_lines + start
            if blank or line in faulty:
                continue
            place += 1
            if place in wanted:
                found[place] = line
            if place >= last:
                break
    return found


def _records(text: io.TextIOBase | Any, delimiter: str, quoting: int) -> Iterator[tuple[int, bool]]:
    """First line of every record, and whether it is blank."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(text, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    while True:
        start = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        yield start, not record


# --- several files --------------------------------------------------------------------------------


def _merge(parts: Sequence[Workload], name: str, limits: Limits) -> Workload:
    """Add up several files."""
    if len(parts) == 1:
        return replace(parts[0], name=name)
    cells: dict[tuple[Any, ...], Tokens] = {}
    for part in parts:
        for c in part.cells:
            key = (c.model, c.batch, c.tier, c.context, c.in_bin, c.out_bin)
            cells[key] = cells.get(key, Tokens()) + c.tokens
    known = [part for part in parts if part.first_s is not None and part.last_s is not None]
    kinds = {found.format.format_id: found for part in parts for found in part.recognised}
    paid = [part.paid_usd for part in parts if part.paid_usd is not None]
    models_paid: dict[str | None, float] = {}
    for part in parts:
        for model, usd in part.models_paid.items():
            models_paid[model] = models_paid.get(model, 0.0) + usd
    return Workload(
        name=name,
        recognised=tuple(kinds.values()),
        edges=parts[0].edges,
        cells=tuple(
            Cell(model=k[0], batch=k[1], tier=k[2], context=k[3], in_bin=k[4], out_bin=k[5], tokens=t)
            for k, t in cells.items()
        ),
        minutes=_add_slices(part.minutes for part in parts),
        tenants=_add_slices(part.tenants for part in parts),
        rows_read=sum(part.rows_read for part in parts),
        rows_rejected=sum(part.rows_rejected for part in parts),
        rows_skipped=sum(part.rows_skipped for part in parts),
        problems=tuple(p for part in parts for p in part.problems)[: limits.problem_rows],
        notes=tuple(dict.fromkeys(f"{part.name}: {note}" for part in parts for note in part.notes)),
        withheld=tuple(dict.fromkeys(text for part in parts for text in part.withheld)),
        paid_usd=sum(paid) if paid else None,
        longest=max(part.longest for part in parts),
        first_s=min((part.first_s for part in known if part.first_s is not None), default=None),
        last_s=max((part.last_s for part in known if part.last_s is not None), default=None),
        relative_time=all(part.relative_time for part in parts),
        models_paid=models_paid,
    )


def _add_slices(groups: Iterable[Sequence[Slice]]) -> tuple[Slice, ...]:
    sums: dict[tuple[Any, ...], Slice] = {}
    for group in groups:
        for one in group:
            key = (one.key, one.model, one.batch, one.tier)
            known = sums.get(key)
            if known is None:
                sums[key] = one
            else:
                paid = [p for p in (known.paid_usd, one.paid_usd) if p is not None]
                sums[key] = replace(
                    known, tokens=known.tokens + one.tokens, paid_usd=sum(paid) if paid else None
                )
    return tuple(sums.values())


# --- single requests ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRows:
    """One file whose canonical rows can be queried, in their order."""

    connection: DuckDBPyConnection
    found: Recognised
    rows: str
    """SELECT of canonical rows, see :func:`lib.workload.sql.rows_sql`."""
    parameters: Mapping[str, Any]
    texts: Mapping[str, str]
    """Canonical columns that the file has."""
    blocks: bool
    """Each row has ``blocks``, a list of hashed blocks of the prompt, as JSON text."""


@contextmanager
def open_rows(
    path: FilePath, mapping: ColumnMapping | None, limits: Limits, folder: FilePath
) -> Iterator[OpenRows]:
    """Open one file for a question that sums do not answer.

    Raises
    ------
    Unreadable
        If no columns with tokens are found, or the file cannot be read.
    """
    plain = make_plain(path.absolute(), folder, limits)
    file = plain.path.absolute()
    document = not plain.parquet and _is_document(file)
    memory = limits.memory_mb + (int(file.stat().st_size / MEGABYTE * 6) if document else 0)
    try:
        with closing(_connect(file, limits, memory, ordered=True)) as connection:
            if plain.parquet:
                table = _parquet(connection, file, limits)
            elif _starts_json(file):
                table = _json(connection, file, document, limits)
            else:
                table = _csv(file, mapping, limits)
            found = recognise(table.names, mapping, nested=True, kind=table.kind)
            if found is None:
                raise Unreadable(f"No columns with prompt and completion tokens were found. {looked_for()}")
            blocks = table.kind == "json" and (_BLOCKS,) in table.names
            carry = [f"CAST(json_extract(j, '$.{_BLOCKS}') AS VARCHAR) AS blocks"] if blocks else []
            texts, rows = _query(table, found, Edges(), carry)
            statement = rows(table.source)
            used = {key: value for key, value in table.parameters.items() if f"${key}" in statement}
            yield OpenRows(
                connection=connection,
                found=found,
                rows=statement,
                parameters=used,
                texts=texts,
                blocks=blocks,
            )
    except duckdb.Error as error:
        raise Unreadable(f"The file cannot be read: {_first_line(error)}") from None


_BLOCKS = "hash_ids"
"""Key of the hashed blocks in a timed trace."""


def files_of(
    path: str | FilePath | Sequence[FilePath], stream: BinaryIO | None, folder: FilePath, limits: Limits
) -> list[FilePath]:
    """Files that a path, a pattern or standard input (``-``) stands for.

    Raises
    ------
    Unreadable
        If there is none, or more than the limit.
    """
    return _files(path, stream, folder, limits)
