"""The short way through a large file of plain requests: one scan, one number a row to group by.

It is taken when every column that counts has one type in the first rows. Rows that are not of these types, or
whose numbers cannot be, are set aside by the same scan, and read one by one afterwards
(:mod:`breakeven.usage.aside`); where they are too many, the careful way (:mod:`breakeven.usage.cells`,
:mod:`breakeven.usage.aggregate`) answers. Both give the same sums. What makes it short: the models become an
enumeration, thresholds that the first rows are near are compared first, and the key is one sum of whole
numbers below 2**53, in which double precision is exact.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path as FilePath
from typing import Any

import duckdb
import numpy as np
from duckdb import DuckDBPyConnection

from breakeven.tables.exports import CACHES
from breakeven.usage.aggregate import (
    BY_LENGTH,
    BY_TENANT,
    BY_TIME,
    NO_SUMS,
    Sums,
    step_of_time,
)
from breakeven.usage.cells import NUMERIC, ungrouped
from breakeven.usage.csv_table import csv_source, with_types
from breakeven.usage.files import connect
from breakeven.usage.formats import INSIDE, NONE, OUTSIDE, Grain, Path, Recognised
from breakeven.usage.limits import Limits
from breakeven.usage.sql import (
    BINS_PER_E,
    FIRST_YEAR_US,
    LAST_YEAR_US,
    METERS,
    MOST_TOKENS_REQUEST,
    PROCESSINGS,
    Edges,
    bucket_of,
)
from breakeven.usage.table import Table

_USABLE = {
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "reasoning",
    "ts",
    "model",
    "reported_cost_usd",
    "ttft",
    "e2e",
    "session",
}
"""Canonical columns that the short way knows, or that no sum needs."""
_TOKENS = ("input", "output", *CACHES, "reasoning")
_UNUSED = {"ttft", "e2e", "session"}
MOST_NAMES = 1_000
"""Models beyond which no enumeration is made."""
PIECES, PIECE_BYTES = 32, 1 << 14
"""Where names of models are looked for before the scan: pieces of the file, and their size."""
_BINS = 512
MOST_ASIDE = 1_000_000
"""Rows that are set aside at most; they are read one by one."""
EXACT = 2.0**53
"""Below, every whole number is exact in double precision."""
_Columns = Mapping[str, tuple[Any, ...]]
"""Columns of the answer, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
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

    def number(self, name: str) -> str:
        """Expression of a column of numbers; of tokens that need not be there, none where it is empty."""
        column = self.columns[name]
        if column in self.table.grouped:
            cell = f"TRY_CAST({ungrouped(f'TRIM({column})', self.table.grouped[column])} AS DOUBLE)"
            return (
                cell
                if name in ("input", "output")
                else f"CASE WHEN {column} IS NULL THEN 0e0 ELSE {cell} END"
            )
        cell = f"CAST({column} AS DOUBLE)"
        return cell if name in ("input", "output", "reported_cost_usd") else f"COALESCE({cell}, 0e0)"

    def whole(self, name: str) -> bool:
        """Whether the type of a column holds whole numbers only."""
        return self.table.types.get(self.columns[name], "").endswith("INT")

    def model(self) -> str:
        """Number of the model in the enumeration, counted from 1; 0 stands for an empty cell."""
        cell = self.columns["model"]
        name = cell if self.table.kind == "csv" else f"TRY_CAST({cell} AS model_name)"
        number = f"CAST(enum_code({name}) AS DOUBLE) + 1e0"
        return f"CASE WHEN {cell} IS NULL THEN 0e0 ELSE {number} END" if "model" in self.gaps else number


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """Sums of the plain rows of a file, and the rows that were set aside."""

    sums: Sums
    blank: int
    """Rows without anything in the columns that count."""
    split: tuple[tuple[int, str, str], ...]
    """Line, kind and text of what the reader could not cut or take as the types of its columns."""
    odd: tuple[tuple[int, tuple[str | None, ...]], ...]
    """Place among the rows that were cut, and cells, of rows whose numbers cannot be or are missing."""


def quick_sums(
    connection: DuckDBPyConnection, table: Table, found: Recognised, edges: Edges, limits: Limits
) -> Quick | None:
    """Sums of a file whose rows are nearly all plain; None where another way has to be taken."""
    plan = _plan(connection, table, found, edges, limits)
    if plan is None:
        return None
    try:
        result = connection.execute(_statement(plan), table.parameters)
        names = [column[0] for column in result.description or []]
        fetched = result.fetchmany(limits.groups + 1)
    except (duckdb.DataError, duckdb.OutOfMemoryException):
        return None
    if len(fetched) > limits.groups or not fetched:
        return None
    columns = dict(zip(names, zip(*fetched, strict=True), strict=True))
    split = _split(connection, plan) if table.kind == "csv" else ()
    groups = zip(columns["key"], columns["n_rows"], columns["level"], strict=True)
    aside = [n for key, n, level in groups if key is None and level == BY_LENGTH]
    blank = sum(_known(columns, "blank"))
    odd = sum(aside) - blank
    if table.kind != "csv" and sum(aside):
        return None
    if len(split) + odd > MOST_ASIDE or not _exact(columns):
        return None
    rows = _unpacked(columns, plan, PROCESSINGS.index(found.format.processing))
    if not rows:
        return None
    return Quick(
        sums=Sums(
            rows=rows,
            by_time=bool(plan.minutes),
            by_tenant="reported_cost_usd" in plan.columns,
            withheld=[],
        ),
        blank=blank,
        split=split,
        odd=_odd(plan, limits) if odd else (),
    )


def _split(connection: DuckDBPyConnection, plan: _Plan) -> tuple[tuple[int, str, str], ...]:
    """Lines that the reader set aside, whole."""
    try:
        rows = connection.execute(
            "SELECT line, MIN(CAST(error_type AS VARCHAR)), MIN(csv_line) "
            f"FROM {plan.table.rejects} GROUP BY line ORDER BY line LIMIT {MOST_ASIDE + 1}"
        ).fetchall()
    except duckdb.CatalogException:  # nothing was noted, so there is no table
        return ()
    return tuple((int(line), kind, text or "") for line, kind, text in rows)


def _odd(plan: _Plan, limits: Limits) -> tuple[tuple[int, tuple[str | None, ...]], ...]:
    """Rows that are of the right types and yet not fine, each with its place."""
    file = FilePath(plan.table.parameters["path"])
    width = plan.table.width
    cells = ", ".join(f"CAST(c{number} AS VARCHAR)" for number in range(width))
    numbered = f"(SELECT *, ROW_NUMBER() OVER () AS place FROM {plan.table.source})"
    with closing(connect(file, limits, limits.memory_mb, ordered=True)) as ordered:
        if plan.names:
            _name_models(ordered, plan.names)
        rows = ordered.execute(
            f"SELECT place, {cells} FROM (SELECT *, {_fine(plan)} AS fine, {_blank(plan)} AS blank FROM "
            f"(SELECT *, {', '.join(_cells(plan))} FROM {numbered})) WHERE fine IS NOT TRUE AND NOT blank "
            f"LIMIT {MOST_ASIDE + 1}",
            plan.table.parameters,
        ).fetchall()
    return tuple((int(place), tuple(texts)) for place, *texts in rows)


# --- whether the file is plain --------------------------------------------------------------------


def _plan(
    connection: DuckDBPyConnection, table: Table, found: Recognised, edges: Edges, limits: Limits
) -> _Plan | None:
    """Columns by canonical name, typed; None where one of them is not plain."""
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
    if typed is None:
        return None
    for name, column in columns.items():
        kind = typed.types.get(column, "VARCHAR")
        fine = (
            kind == "VARCHAR"
            if name == "model"
            else kind == "TIMESTAMP"
            if name == "ts"
            else kind.startswith(NUMERIC) or column in typed.grouped
        )
        if not fine:
            return None
    names: tuple[str, ...] = ()
    if "model" in columns:
        names = _names(connection, table, paths["model"], columns["model"])
        if not names or len(names) > MOST_NAMES or any(name != name.strip() or not name for name in names):
            return None
        _name_models(connection, names)
    if table.kind == "csv":
        types = typed.types | ({columns["model"]: "model_name"} if names else {})
        typed = replace(typed, types=types, rejects="reject_quick")
        typed.source = csv_source(typed, typed.width, limits, most_rejects=MOST_ASIDE + 1)
    return _Plan(
        table=typed,
        columns=columns,
        names=names,
        cached=found.cached,
        edges=edges,
        minutes=step_of_time(table) if "ts" in columns else 0,
        gaps=_gaps(table, used),
    )


def _name_models(connection: DuckDBPyConnection, names: Sequence[str]) -> None:
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


def _names(connection: DuckDBPyConnection, table: Table, path: Path, column: str) -> tuple[str, ...]:
    """Models that pieces of the file name."""
    if table.kind == "parquet":
        rows = connection.execute(
            f"SELECT DISTINCT {column} FROM {table.source} WHERE {column} IS NOT NULL LIMIT {MOST_NAMES + 1}",
            table.parameters,
        ).fetchall()
        return tuple(sorted(name for (name,) in rows))
    names = {row[path] for row in table.sample if row.get(path)}
    place = int(column[1:])
    file = FilePath(table.parameters["path"])
    size = file.stat().st_size
    with file.open("rb") as bytes_:
        for number in range(PIECES):
            bytes_.seek(size * number // PIECES)
            _, _, text = bytes_.read(PIECE_BYTES).decode("utf-8", errors="ignore").partition("\n")
            text, _, _ = text.rpartition("\n")
            try:
                for record in csv.reader(io.StringIO(text, newline=""), delimiter=table.delimiter):
                    if len(record) == table.width and record[place]:
                        names.add(record[place])
            except csv.Error:
                continue
    return tuple(sorted(names))


# --- the scan -------------------------------------------------------------------------------------


def _sizes(plan: _Plan) -> tuple[int, int, int, int]:
    """Weights of the parts of the key: prompt, context, tier, model; the completion weighs one."""
    prompt = _BINS
    context = prompt * _BINS
    tier = context * (len(plan.edges.contexts) + 2)
    return prompt, context, tier, tier * (len(plan.edges.tiers) + 1)


def _statement(plan: _Plan) -> str:
    """One scan, sums by length and by time, and with them what tells whether every row is plain.

    Whole numbers are added in double precision, which is exact as long as no sum passes 2**53.
    """
    columns, minutes = plan.columns, plan.minutes
    parts = [name for name in CACHES if name in columns]
    extra = [*parts, *(["reasoning"] if "reasoning" in columns else [])]
    every = ["input", "output", *extra]
    cells = _cells(plan)
    cached = " + ".join(f"d_{name}" for name in parts)
    inside = plan.cached == INSIDE and bool(parts)
    uncached = f"d_input - ({cached})" if inside else "d_input"
    prompt = f"d_input + {cached}" if parts and not inside else "d_input"
    prompt_, context_, tier_, model_ = _sizes(plan)
    near_prompt, near_length = _first_lengths(plan)
    tier = bucket_of("prompt", plan.edges.tiers, near=near_prompt, scale=tier_)
    context = bucket_of("length", plan.edges.contexts, near=near_length, scale=context_)
    # A name that is not in the enumeration, or an empty cell where none was seen, empties the key.
    base = f"model * {float(model_)!r} + {tier}" if plan.names else tier
    kept = ["cost"] if "reported_cost_usd" in columns else []
    sums = {"uncached": "uncached", "output": "d_output"} | {name: f"d_{name}" for name in extra}
    sums |= {"cost": "cost"} if kept else {}
    total = [f"SUM({value}) AS {name}" for name, value in sums.items()]
    keys = [
        f"base + {context} + FLOOR(LN(GREATEST(prompt, 0) + 1) * {BINS_PER_E!r}) * {prompt_}e0"
        f" + FLOOR(LN(GREATEST(d_output, 0) + 1) * {BINS_PER_E!r}) AS cell_key"
    ]
    if minutes:
        most = float(model_ * (len(plan.names) + 1))
        step = f"FLOOR(CAST(epoch_us(arrived) AS DOUBLE) / {60e6 * minutes!r}) + 1"
        step = f"COALESCE({step}, 0)" if "ts" in plan.gaps else step
        keys.append(f"base + ({step}) * {most!r} AS minute_key")
        kept.append("arrived")
    checks = {
        "blank": "SUM(CASE WHEN blank THEN 1 ELSE 0 END)",
        "longest": "MAX(length)",
        "first_us": "epoch_us(MIN(arrived))" if minutes else "NULL",
        "last_us": "epoch_us(MAX(arrived))" if minutes else "NULL",
    }
    # The checks are made where there are fewest groups; an aggregate without groups would keep all rows.
    levels = [(BY_LENGTH, "cell_key"), *([(BY_TIME, "minute_key")] if minutes else [])]
    if "cost" in kept:
        keys.append("base * 2e0 + CASE WHEN COALESCE(cost, 0) = 0 THEN 1e0 ELSE 0e0 END AS paid_key")
        levels.insert(1, (BY_TENANT, "paid_key"))
    nothing = [f"NULL AS {name}" for name in checks]
    something = [f"{value} AS {name}" for name, value in checks.items()]
    selects = []
    for level, key in levels:
        shown = ", ".join([*total, *(something if level == levels[-1][0] else nothing)])
        selects.append(
            f"SELECT '{level}' AS level, {key} AS key, COUNT(*) AS n_rows, {shown} FROM keyed GROUP BY {key}"
        )
    d_columns = ", ".join(["uncached", "length", "base", "blank", *(f"d_{name}" for name in every), *kept])
    return f"""
    WITH keyed AS (
        SELECT {d_columns}, {", ".join(keys)}
        FROM (
            SELECT *, CASE WHEN fine THEN {base} END AS base
            FROM (
                SELECT *, {uncached} AS uncached, {prompt} AS prompt, {prompt} + d_output AS length,
                    {_fine(plan)} AS fine, {_blank(plan)} AS blank
                FROM (SELECT {", ".join(cells)} FROM {plan.table.source})
            )
        )
    )
    {" UNION ALL ".join(selects)}"""


def _cells(plan: _Plan) -> list[str]:
    """Expressions of the columns that count."""
    columns = plan.columns
    cells = [f"{plan.number(name)} AS d_{name}" for name in _TOKENS if name in columns]
    cells += [f"{plan.model()} AS model"] if plan.names else []
    cells += [f"{plan.number('reported_cost_usd')} AS cost"] if "reported_cost_usd" in columns else []
    return cells + ([f"{columns['ts']} AS arrived"] if plan.minutes else [])


def _fine(plan: _Plan) -> str:
    """Condition that a row is a plain request; NULL where a cell is missing."""
    present = [name for name in _TOKENS if name in plan.columns]
    parts = [f"d_{name}" for name in CACHES if name in plan.columns]
    said = [f"d_{name} >= 0" for name in present]
    said += [f"d_{name} = FLOOR(d_{name})" for name in present if not plan.whole(name)]
    said += [f"d_input + d_output + {' + '.join(parts) or '0'} <= {MOST_TOKENS_REQUEST}"]
    if plan.cached == INSIDE and parts:
        said.append(f"d_input >= {' + '.join(parts)}")
    if plan.names:
        said.append("model IS NOT NULL")
    if plan.minutes:
        first, last = (f"make_timestamp({year})" for year in (FIRST_YEAR_US, LAST_YEAR_US))
        within = f"arrived BETWEEN {first} AND {last}"
        said.append(f"({within} OR arrived IS NULL)" if "ts" in plan.gaps else within)
    return " AND ".join(said)


def _blank(plan: _Plan) -> str:
    """Condition that nothing stands in the columns that count."""
    named = [f"d_{name} IS NULL" for name in ("input", "output")]
    if plan.names:
        named.append("model IS NULL" if "model" not in plan.gaps else "model = 0")
    if plan.minutes:
        named.append("arrived IS NULL")
    return " AND ".join(named)


def _first_lengths(plan: _Plan) -> tuple[list[float], list[float]]:
    """Prompts and whole lengths of the first rows."""
    back = {column: path for path, column in plan.table.columns.items()}
    prompts, lengths = [], []
    for row in plan.table.sample:
        try:
            prompt, output = (float(row[back[plan.columns[name]]]) for name in ("input", "output"))
        except (KeyError, ValueError):
            continue
        prompts.append(prompt)
        lengths.append(prompt + output)
    return prompts, lengths


def _known(columns: _Columns, name: str) -> list[Any]:
    """What a column holds; the checks stand in one level only."""
    return [value for value in columns[name] if value is not None]


def _exact(columns: _Columns) -> bool:
    """Whether every sum is below what double precision holds exactly."""
    kept = [place for place, key in enumerate(columns["key"]) if key is not None]
    sums = [columns[name] for name in METERS if name in columns]
    return all(isfinite(columns["key"][place]) for place in kept) and all(
        column[place] < EXACT for column in sums for place in kept
    )


def _unpacked(columns: _Columns, plan: _Plan, processing: int) -> list[dict[str, Any]]:
    """The sums as the careful way gives them, the keys taken apart again."""
    prompt_, context_, tier_, model_ = _sizes(plan)
    kept = [place for place, key in enumerate(columns["key"]) if key is not None]
    if not kept:
        return []
    columns = {name: tuple(values[place] for place in kept) for name, values in columns.items()}
    key = np.array(columns["key"]).astype(np.int64)
    level = np.array(columns["level"])
    paid = level == BY_TENANT
    free = np.where(paid, key % 2, 0)
    key = np.where(paid, key // 2, key)
    step, rest = np.divmod(key, model_ * (len(plan.names) + 1))
    model, rest = np.divmod(rest, model_)
    tier, rest = np.divmod(rest, tier_)
    context, rest = np.divmod(rest, context_)
    in_bin, out_bin = np.divmod(rest, prompt_)
    names = (None, *plan.names)
    whole = {
        **NO_SUMS,
        "good": 0,
        "processing": processing,
        "longest": int(max(_known(columns, "longest"), default=0)),
        "first_us": min(_known(columns, "first_us"), default=None),
        "last_us": max(_known(columns, "last_us"), default=None),
    }
    unpacked = {
        "level": columns["level"],
        "n_rows": columns["n_rows"],
        "requests": columns["n_rows"],
        "model": [names[number] for number in model.tolist()],
        "minute": [(number - 1) * plan.minutes if number else None for number in step.tolist()],
        "free": free.tolist(),
        "tier": tier.tolist(),
        "context": context.tolist(),
        "in_bin": in_bin.tolist(),
        "out_bin": out_bin.tolist(),
        **{name: np.array(columns[name]).astype(np.int64).tolist() for name in METERS if name in columns},
        **({"cost": columns["cost"]} if "cost" in columns else {}),
    }
    rows = zip(*unpacked.values(), strict=True)
    return [whole | dict(zip(unpacked, row, strict=True)) for row in rows]
