"""The short way through a large file of plain requests: one scan, one number a row to group by.

It is taken when every column that counts has one type and every row agrees; at the first row that does not,
nothing of it is used and the careful way (:mod:`lib.workload.cells`, :mod:`lib.workload.aggregate`) answers.
Both give the same sums. What makes it short: the models become an enumeration, thresholds that the first
rows are near are compared first, and the key is one sum of whole numbers below 2**53, in which double
precision is exact.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from lib.workload.aggregate import BY_LENGTH, BY_TENANT, BY_TIME, NO_SUMS, Sums, rejected_lines, step_of_time
from lib.workload.cells import NUMERIC
from lib.workload.csv_table import csv_source, with_types
from lib.workload.formats import BUCKET, INSIDE, NONE, OUTSIDE, Path, Recognised
from lib.workload.limits import Limits
from lib.workload.sql import (
    BINS_PER_E,
    FIRST_YEAR_US,
    LAST_YEAR_US,
    METERS,
    MOST_TOKENS_REQUEST,
    Edges,
    bucket_of,
)
from lib.workload.table import Table

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
_TOKENS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning")
_UNUSED = {"ttft", "e2e", "session"}
MOST_NAMES = 1_000
"""Models beyond which no enumeration is made."""
PIECES, PIECE_BYTES = 32, 1 << 14
"""Where names of models are looked for before the scan: pieces of the file, and their size."""
_BINS = 512
EXACT = 2.0**53
"""Below, every whole number is exact in double precision."""
_GROUP_ROWS = 50_000_000
"""Groups are far fewer; what guards the memory is the limit of the connection."""


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
        cell = f"CAST({self.columns[name]} AS DOUBLE)"
        return cell if name in ("input", "output", "reported_cost_usd") else f"COALESCE({cell}, 0e0)"

    def model(self) -> str:
        """Number of the model in the enumeration, counted from 1; 0 stands for an empty cell."""
        cell = self.columns["model"]
        name = cell if self.table.kind == "csv" else f"TRY_CAST({cell} AS model_name)"
        number = f"CAST(enum_code({name}) AS DOUBLE) + 1e0"
        return f"CASE WHEN {cell} IS NULL THEN 0e0 ELSE {number} END" if "model" in self.gaps else number


def quick_sums(
    connection: DuckDBPyConnection, table: Table, found: Recognised, edges: Edges, limits: Limits
) -> Sums | None:
    """Sums of a file whose rows are all plain; None where another way has to be taken."""
    plan = _plan(connection, table, found, edges, limits)
    if plan is None:
        return None
    try:
        result = connection.execute(_statement(plan), table.parameters)
        names = [column[0] for column in result.description or []]
        fetched = result.fetchmany(limits.groups + 1)
    except (duckdb.DataError, duckdb.OutOfMemoryException):  # such as the logarithm of a negative number
        return None
    if len(fetched) > limits.groups or (table.kind == "csv" and rejected_lines(connection, plan.table)):
        return None
    rows = [dict(zip(names, row, strict=True)) for row in fetched]
    if not rows or not all(map(_plain, rows)):
        return None
    batch = found.format.processing == "batch"
    whole = _whole(rows)
    return Sums(
        rows=[_unpacked({**row, **whole}, plan, batch) for row in rows],
        by_time=bool(plan.minutes),
        by_tenant="reported_cost_usd" in plan.columns,
        withheld=[],
    )


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
        found.format.grain != BUCKET
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
            else kind.startswith(NUMERIC)
        )
        if not fine:
            return None
    names: tuple[str, ...] = ()
    if "model" in columns:
        names = _names(connection, table, paths["model"], columns["model"])
        if not names or len(names) > MOST_NAMES or any(name != name.strip() or not name for name in names):
            return None
        connection.execute("CREATE OR REPLACE TEMP TABLE names AS SELECT unnest(?) AS name", [list(names)])
        connection.execute("DROP TYPE IF EXISTS model_name")
        connection.execute("CREATE TYPE model_name AS ENUM (SELECT name FROM names)")
    if table.kind == "csv":
        types = typed.types | ({columns["model"]: "model_name"} if names else {})
        typed = replace(typed, types=types, rejects="reject_quick")
        typed.source = csv_source(typed, typed.width, limits, most_rejects=10)
    return _Plan(
        table=typed,
        columns=columns,
        names=names,
        cached=found.cached,
        edges=edges,
        minutes=step_of_time(table) if "ts" in columns else 0,
        gaps=_gaps(table, used),
    )


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
    parts = [name for name in ("cache_read", "cache_write_5m", "cache_write_1h") if name in columns]
    extra = [*parts, *(["reasoning"] if "reasoning" in columns else [])]
    every = ["input", "output", *extra]
    cells = [f"{plan.number(name)} AS d_{name}" for name in every]
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
    cells += [f"{plan.model()} AS model"] if plan.names else []
    cells += [f"{plan.number('reported_cost_usd')} AS cost"] if "reported_cost_usd" in columns else []
    cells += [f"CAST(epoch_us({columns['ts']}) AS DOUBLE) AS us"] if minutes else []
    kept = ["cost"] if "reported_cost_usd" in columns else []
    sums = {"uncached": "uncached", "output": "d_output"} | {name: f"d_{name}" for name in extra}
    sums |= {"cost": "cost"} if kept else {}
    total = [f"SUM({value}) AS {name}" for name, value in sums.items()]
    keys = [
        f"base + {context} + FLOOR(LN(prompt + 1) * {BINS_PER_E!r}) * {prompt_}e0"
        f" + FLOOR(LN(d_output + 1) * {BINS_PER_E!r}) AS cell_key"
    ]
    if minutes:
        most = float(model_ * (len(plan.names) + 1))
        step = f"FLOOR(us / {60e6 * minutes!r}) + 1"
        step = f"COALESCE({step}, 0)" if "ts" in plan.gaps else step
        keys.append(f"base + ({step}) * {most!r} AS minute_key")
        kept.append("us")
    least = ["uncached", *(f"d_{name}" for name in every if name != "input" or not inside)]
    checks = {
        "least": f"MIN(LEAST({', '.join(dict.fromkeys(least))}))",
        "longest": "MAX(length)",
        "parts": f"SUM({' + '.join(f'd_{name} - FLOOR(d_{name})' for name in every)})",
        "first_us": "MIN(us)" if minutes else "NULL",
        "last_us": "MAX(us)" if minutes else "NULL",
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
    d_columns = ", ".join(["uncached", "length", "base", *(f"d_{name}" for name in every), *kept])
    return f"""
    WITH keyed AS (
        SELECT {d_columns}, {", ".join(keys)}
        FROM (
            SELECT *, {base} AS base
            FROM (
                SELECT *, {uncached} AS uncached, {prompt} AS prompt, {prompt} + d_output AS length
                FROM (SELECT {", ".join(cells)} FROM {plan.table.source})
            )
        )
    )
    {" UNION ALL ".join(selects)}"""


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


def _plain(row: dict[str, Any]) -> bool:
    """Whether the sums of a group say that every row in it is a plain request."""
    if row["key"] is None or not all((row.get(name) or 0) < EXACT for name in METERS):
        return False
    if row["longest"] is None:  # the checks are in the other level
        return True
    within = row["first_us"] is None or (row["first_us"] >= FIRST_YEAR_US and row["last_us"] <= LAST_YEAR_US)
    whole = bool(row["least"] >= 0 and row["parts"] == 0)
    return whole and within and bool(row["longest"] <= MOST_TOKENS_REQUEST)


def _whole(rows: list[dict[str, Any]]) -> dict[str, int | None]:
    """First and last time and the longest request of the file; they stand in one level only."""

    def known(name: str) -> list[int]:
        return [int(row[name]) for row in rows if row[name] is not None]

    return {
        "longest": max(known("longest"), default=0),
        "first_us": min(known("first_us"), default=None),
        "last_us": max(known("last_us"), default=None),
    }


def _unpacked(row: dict[str, Any], plan: _Plan, batch: bool) -> dict[str, Any]:
    """A row of the sums as the careful way gives it."""
    prompt_, context_, tier_, model_ = _sizes(plan)
    key, free = divmod(int(row["key"]), 2) if row["level"] == BY_TENANT else (int(row["key"]), 0)
    step, rest = divmod(key, model_ * (len(plan.names) + 1))
    model, rest = divmod(rest, model_)
    tier, rest = divmod(rest, tier_)
    context, rest = divmod(rest, context_)
    in_bin, out_bin = divmod(rest, prompt_)
    known = {**NO_SUMS, **row, "requests": row["n_rows"], "good": 0, "tier": tier, "batch": int(batch)}
    known |= {name: int(row[name]) for name in METERS if row.get(name) is not None}
    known |= {"model": plan.names[model - 1] if model else None}
    if row["level"] == BY_TIME:
        return {**known, "minute": (step - 1) * plan.minutes if step else None}
    if row["level"] == BY_TENANT:
        return {**known, "free": free}
    return {**known, "context": context, "in_bin": in_bin, "out_bin": out_bin}
