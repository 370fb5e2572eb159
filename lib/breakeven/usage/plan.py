"""How a large file of plain requests is scanned: columns by meaning, their types, the names of the models.

It is decided by the first rows and by pieces out of the whole file, before the scan.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from duckdb import DuckDBPyConnection

from breakeven.tables.exports import CACHES
from breakeven.usage.aggregate import step_of_time
from breakeven.usage.cells import NUMERIC, ungrouped
from breakeven.usage.csv_table import csv_source, with_types
from breakeven.usage.formats import INSIDE, NONE, OUTSIDE, Grain, Path, normal
from breakeven.usage.from_sums import Reading
from breakeven.usage.sheets.marks import hints_total, says_total
from breakeven.usage.sheets.words import vocabulary
from breakeven.usage.sql import Edges
from breakeven.usage.table import Table

TOKENS = ("input", "output", *CACHES, "reasoning")
"""Meanings of the columns that are summed."""
READ_ORDER = ("input", *CACHES, "output", "reasoning")
"""The order in which a row is looked through for its first fault."""
_UNUSED = {"ttft", "e2e", "session"}
_USABLE = {*TOKENS, "ts", "model", "reported_cost_usd", *_UNUSED}
"""Canonical columns that the scan knows, or that no sum needs."""
MOST_NAMES = 1_000
"""Models beyond which no enumeration is made."""
PIECES, PIECE_BYTES = 32, 1 << 14
"""What is looked through before the scan: pieces of the file, and their size."""
MOST_ASIDE = 1_000_000
"""Rows that are set aside at most; they are read one by one."""
MOST_REJECTS = 0.002
"""Share of cells that are no numbers above which a column is scanned as text: a rejected line costs the
reader as much as ten rows do, a column of text a tenth of a column of numbers."""
TEXT, NO_TOKENS = 1, 100
"""Faults of a row by number: no number in a column of tokens (and the next, by their order), no tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Columns of the relation by canonical name, and the names of the models."""

    table: Table
    columns: dict[str, str]
    names: tuple[str, ...]
    cached: str
    edges: Edges
    minutes: int
    """Length of one step of time, 0: no times. [minutes]"""
    gaps: frozenset[str]
    """Canonical columns with empty cells among the first rows."""
    loose: frozenset[str]
    """Canonical columns of numbers that are scanned as text, because too many cells are none."""
    heads: dict[str, str]
    """Canonical columns to the columns of the file, for a reader."""
    skips: Mapping[str, str]
    """Why rows are no request of their own, to the condition that tells them."""
    again: Sequence[int]
    identity: str
    """Hashes of repeated ids and the column of the ids."""

    def number(self, name: str) -> str:
        """Expression of a column of numbers; of tokens that need not be there, none where it is empty."""
        column = self.columns[name]
        must = name in ("input", "output", "reported_cost_usd")
        if column in self.table.grouped:
            text = ungrouped(f"TRIM({column})", self.table.grouped[column])
        elif name in self.loose:
            text = column
        else:
            cell = f"CAST({column} AS DOUBLE)"
            return cell if must else f"COALESCE({cell}, 0e0)"
        cell = f"TRY_CAST({text} AS DOUBLE)"
        return cell if must else f"CASE WHEN {column} IS NULL THEN 0e0 ELSE {cell} END"

    def whole(self, name: str) -> bool:
        """Whether the type of a column holds whole numbers only."""
        return self.table.types.get(self.columns[name], "").endswith("INT")

    def model(self) -> str:
        """Number of the model in the enumeration, counted from 1; 0 stands for an empty cell."""
        cell = self.columns["model"]
        name = cell if self.table.kind == "csv" else f"TRY_CAST({cell} AS model_name)"
        number = f"CAST(enum_code({name}) AS DOUBLE) + 1e0"
        return f"CASE WHEN {cell} IS NULL THEN 0e0 ELSE {number} END" if "model" in self.gaps else number

    def cells(self) -> list[str]:
        """Expressions of the columns that count."""
        columns = self.columns
        cells = [f"{self.number(name)} AS d_{name}" for name in TOKENS if name in columns]
        cells += [f"{self.model()} AS model"] if self.names else []
        cells += [f"{self.number('reported_cost_usd')} AS cost"] if "reported_cost_usd" in columns else []
        cells += [f"{columns[name]} AS r_{name}" for name in READ_ORDER if name in self.loose]
        cells += [f"CASE {self._marked()} ELSE 0 END AS marked"] if self.skips else []
        cells += [f"hash({self.identity}) IN (SELECT id FROM again) AS repeated"] if self.again else []
        return cells + ([f"{columns['ts']} AS arrived"] if self.minutes else [])

    def _marked(self) -> str:
        """Cases of rows that are no request of their own, by number; 1 are blank rows."""
        numbered = enumerate(self.skips.values(), start=2)
        return " ".join(f"WHEN {condition} THEN {number}" for number, condition in numbered)

    def gone(self) -> str:
        """Number of why a row is no request of its own; 1: it is blank, 0: it is one."""
        return f"CASE WHEN {self._blank()} THEN 1 ELSE {'marked' if self.skips else '0'} END"

    def prepare(self, connection: DuckDBPyConnection) -> None:
        """Make what the scan looks up: the enumeration of the models, and the ids that are repeated."""
        if self.names:
            name_models(connection, self.names)
        if self.again:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE again AS SELECT unnest(?::UBIGINT[]) AS id", [list(self.again)]
            )

    def _blank(self) -> str:
        """Condition that nothing stands in the columns that count."""
        named = [f"d_{name} IS NULL" for name in ("input", "output")]
        named += [f"r_{name} IS NULL" for name in ("input", "output") if name in self.loose]
        if self.names:
            named.append("model IS NULL" if "model" not in self.gaps else "COALESCE(model, 1) = 0")
        if self.minutes:
            named.append("arrived IS NULL")
        return " AND ".join(named)

    def fault(self) -> str:
        """Number of what is wrong beyond doubt with a row that is not plain; 0: it has to be looked at.

        Only where the row also has a model or a time, so that it is no comment and no sum of others.
        (``IN`` with so many texts would become a join of every row; a pattern is looked at in these only.)
        """
        cases = []
        there = [
            *(["COALESCE(model, 0) > 0"] if self.names else []),
            *(["arrived IS NOT NULL"] if self.minutes else []),
        ]
        nothing = sorted(vocabulary().nothing | {""})
        for number, name in enumerate(READ_ORDER, start=TEXT):
            if name not in self.loose:
                continue
            cell = f"r_{name}"
            text = f"LOWER(TRIM({cell}, ' \t\u00a0'))"
            words = quoted("|".join(map(re.escape, (*nothing, normal(self.heads[name])))))
            perhaps = f"regexp_matches({cell}, '\\p{{N}}') OR regexp_full_match({text}, {words})"
            number_of = f"CASE WHEN {perhaps} THEN 0 ELSE {number} END"
            cases.append(f"WHEN {cell} IS NOT NULL AND d_{name} IS NULL THEN {number_of}")
        empty = [f"r_{name} IS NULL" if name in self.loose else f"d_{name} IS NULL" for name in TOKENS[:2]]
        free = ["COALESCE(cost, 0) = 0"] if "reported_cost_usd" in self.columns else []
        cases.append(f"WHEN {' AND '.join([*empty, *free])} THEN {NO_TOKENS}")
        doubt = f"NOT ({' OR '.join(there) or 'FALSE'})" + (" OR repeated" if self.again else "")
        return f"CASE WHEN {doubt} THEN 0 {' '.join(cases)} ELSE 0 END"


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def plan_of(connection: DuckDBPyConnection, table: Table, asked: Reading) -> Plan | None:
    """Columns by canonical name, typed; None where one of them is not plain."""
    found, limits = asked.found, asked.limits
    paths: dict[str, Path] = {}
    for name, several in found.mapping.items():
        if name not in _USABLE or len(several) != 1 or len(several[0]) != 1:
            return None
        paths[name] = several[0]
    used = {name: path for name, path in paths.items() if name not in _UNUSED}
    plain = (
        found.format.grain != Grain.BUCKET
        and found.cached in (NONE, INSIDE, OUTSIDE)
        and not (found.format.relative_time and "ts" in used)
        and len(set(used.values())) == len(used)
        and table.kind in ("csv", "parquet")
    )
    if not plain:
        return None
    columns = {name: table.columns[path] for name, path in used.items()}
    typed = with_types(table, found, limits) if table.kind == "csv" else table
    if typed is None or not all(_fits(typed, name, column) for name, column in columns.items()):
        return None
    pieces = pieces_of(table) if table.kind == "csv" else []
    names: tuple[str, ...] = ()
    if "model" in columns:
        names = _names(connection, table, paths["model"], columns["model"], pieces)
        if not names or len(names) > MOST_NAMES or any(name != name.strip() or not name for name in names):
            return None
        name_models(connection, names)
    loose = _loose(typed, columns, pieces)
    if table.kind == "csv":
        types = {column: kind for column, kind in typed.types.items() if column not in
                 {columns[name] for name in loose}}  # fmt: skip
        types |= {columns["model"]: "model_name"} if names else {}
        typed = replace(typed, types=types, rejects="reject_quick")
        typed.source = csv_source(typed, typed.width, limits, most_rejects=MOST_ASIDE + 1)
    return Plan(
        table=typed,
        columns=columns,
        names=names,
        cached=found.cached,
        edges=asked.edges,
        minutes=step_of_time(table) if "ts" in columns else 0,
        gaps=_gaps(table, used),
        loose=loose,
        heads={name: path[0] for name, path in used.items()},
        skips=asked.skips,
        again=asked.again,
        identity=asked.identity,
    )


def _fits(typed: Table, name: str, column: str) -> bool:
    """Whether a column has the type that its meaning needs."""
    kind = typed.types.get(column, "VARCHAR")
    if name in ("model", "ts"):
        return kind == ("VARCHAR" if name == "model" else "TIMESTAMP")
    return kind.startswith(NUMERIC) or column in typed.grouped


def name_models(connection: DuckDBPyConnection, names: Sequence[str]) -> None:
    """Make the enumeration of the models."""
    connection.execute("CREATE OR REPLACE TEMP TABLE names AS SELECT unnest(?) AS name", [list(names)])
    connection.execute("DROP TYPE IF EXISTS model_name")
    connection.execute("CREATE TYPE model_name AS ENUM (SELECT name FROM names)")


def _gaps(table: Table, paths: dict[str, Path]) -> frozenset[str]:
    """Columns with empty cells; in Parquet any column may have some, and looking costs little there."""
    if table.kind == "parquet":
        return frozenset(paths)
    return frozenset(
        name for name, path in paths.items() if any(not row.get(path, "").strip() for row in table.sample)
    )


def pieces_of(table: Table) -> list[list[str]]:
    """Rows from pieces of the file that are as wide as its header."""
    rows: list[list[str]] = []
    file = FilePath(table.parameters["path"])
    size = file.stat().st_size
    with file.open("rb") as bytes_:
        for number in range(PIECES):
            bytes_.seek(size * number // PIECES)
            _, _, text = bytes_.read(PIECE_BYTES).decode("utf-8", errors="ignore").partition("\n")
            text, _, _ = text.rpartition("\n")
            try:
                for record in csv.reader(io.StringIO(text, newline=""), delimiter=table.delimiter):
                    if len(record) == table.width:
                        rows.append(record)
            except csv.Error:
                continue
    return rows


def _names(
    connection: DuckDBPyConnection, table: Table, path: Path, column: str, pieces: Sequence[Sequence[str]]
) -> tuple[str, ...]:
    """Models that pieces of the file name; what says that a row is a sum of others is none."""
    if table.kind == "parquet":
        rows = connection.execute(
            f"SELECT DISTINCT {column} FROM {table.source} WHERE {column} IS NOT NULL LIMIT {MOST_NAMES + 1}",
            table.parameters,
        ).fetchall()
        names = {name for (name,) in rows}
    else:
        place = int(column[1:])
        names = {row[path] for row in table.sample if row.get(path)}
        names |= {row[place] for row in pieces if row[place]}
    return tuple(sorted(one for one in names if not says_total([one]) and not hints_total([one])))


def _loose(typed: Table, columns: dict[str, str], pieces: Sequence[Sequence[str]]) -> frozenset[str]:
    """Columns of tokens in which too many cells are no numbers to be scanned as numbers."""
    found = set()
    for name in set(TOKENS) & set(columns):
        if columns[name] in typed.grouped:
            found.add(name)
            continue
        none = sum(not _is_number(row[int(columns[name][1:])]) for row in pieces)
        if none > MOST_REJECTS * len(pieces):
            found.add(name)
    return frozenset(found)


def _is_number(cell: str) -> bool:
    """Whether the reader takes a cell as a number, or as nothing."""
    try:
        float(cell or 0)
    except ValueError:
        return False
    return True
