"""The short way through a large file of plain requests: one scan, one number a row to group by.

It is taken when every column that counts has one type in the first rows. Rows that are not of these types, or
whose numbers cannot be, are set aside by the same scan, and read one by one afterwards
(:mod:`breakeven.usage.aside`); where they are too many, the careful way (:mod:`breakeven.usage.cells`,
:mod:`breakeven.usage.aggregate`) answers. Both give the same sums. What makes it short: the models become an
enumeration, thresholds that the first rows are near are compared first, and the key is one sum of whole
numbers below 2**53, in which double precision is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path as FilePath
from typing import Any

import duckdb
import numpy as np
from duckdb import DuckDBPyConnection

from breakeven.tables.exports import CACHES
from breakeven.usage.aggregate import BY_LENGTH, BY_TENANT, BY_TIME, NO_SUMS, Sums
from breakeven.usage.files import connect
from breakeven.usage.formats import INSIDE
from breakeven.usage.from_sums import Reading
from breakeven.usage.lent import lend
from breakeven.usage.limits import Limits
from breakeven.usage.plan import MOST_ASIDE, NO_TOKENS, READ_ORDER, TEXT, TOKENS, Plan, plan_of
from breakeven.usage.rollup import Shape, fitted, told
from breakeven.usage.sheets import marks
from breakeven.usage.sql import (
    BINS_PER_E,
    FIRST_YEAR_US,
    LAST_YEAR_US,
    METERS,
    MOST_TOKENS_REQUEST,
    PROCESSINGS,
    bucket_of,
)
from breakeven.usage.table import Table

_BINS = 512
EXACT = 2.0**53
"""Below, every whole number is exact in double precision."""
MOST_PLACES = 500
"""Rows with a fault beyond doubt that are named by their lines; the others are only counted."""
BY_FAULT = "fault"
"""Level of the sums that counts rows by what is wrong with them."""
_Columns = Mapping[str, tuple[Any, ...]]
"""Columns of the answer, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """Sums of the plain rows of a file, and the rows that were set aside."""

    sums: Sums
    gone: Mapping[str, int]
    """Why rows are no request of their own, to how many."""
    split: tuple[tuple[int, str, str], ...]
    """Line, kind and text of what the reader could not cut or take as the types of its columns."""
    odd: tuple[tuple[int, tuple[str | None, ...]], ...]
    """Place among the rows that were cut, and cells, of rows whose numbers cannot be or are missing."""
    hopeless: tuple[tuple[int, str, str], ...] = ()
    """Place, canonical column and cell of rows that cannot be read beyond doubt, the first of them."""
    faults: Mapping[str, int] = field(default_factory=dict)
    """Rows that cannot be read beyond doubt: canonical column without a number, or none, to how many."""


def quick_sums(connection: DuckDBPyConnection, table: Table, asked: Reading) -> Quick | None:
    """Sums of a file whose rows are nearly all plain; None where another way has to be taken."""
    limits, found = asked.limits, asked.found
    plan = plan_of(connection, table, asked)
    if plan is None:
        return None
    plan.prepare(connection)
    try:
        found_sums = fitted(
            connection,
            _statement(plan),
            table.parameters,
            _shape(plan),
            step=plan.minutes,
            limit=limits.groups,
        )
    except (duckdb.DataError, duckdb.OutOfMemoryException):
        return None
    # What tells whether every row is plain stands beside the sums by time.
    if found_sums is None or not found_sums.rows or found_sums.step == 0 < plan.minutes:
        return None
    withheld = told(found_sums, plan.minutes, limits.groups)
    names, fetched, plan = found_sums.names, found_sums.rows, replace(plan, minutes=found_sums.step)
    place = {name: number for number, name in enumerate(names)}
    faults = {int(row[place["key"]]): row[place["n_rows"]] for row in fetched if row[0] == BY_FAULT}
    fetched = [row for row in fetched if row[0] != BY_FAULT]
    columns = dict(zip(names, zip(*fetched, strict=True), strict=True))
    split = _split(connection, plan) if table.kind == "csv" else ()
    odd = faults.pop(0, 0)
    gone = {
        why: sum(_known(columns, f"gone{number}"))
        for number, why in enumerate((marks.BLANK, *plan.skips), start=1)
    }
    if table.kind != "csv" and (odd or any(gone.values()) or faults):
        return None
    if len(split) + odd > MOST_ASIDE or not _exact(columns):
        return None
    rows = _unpacked(columns, plan, PROCESSINGS.index(found.format.processing))
    if not rows:
        return None
    looked_at = _aside(plan, limits, "= 0", MOST_ASIDE + 1) if odd else ()
    hopeless = _aside(plan, limits, "> 0", MOST_PLACES) if faults else ()
    return Quick(
        sums=Sums(
            rows=rows,
            step=plan.minutes,
            peak=found_sums.peak,
            by_tenant="reported_cost_usd" in plan.columns,
            withheld=withheld,
        ),
        gone={why: rows for why, rows in gone.items() if rows},
        split=split,
        odd=tuple((number, cells) for number, _, cells in looked_at),
        hopeless=tuple((number, *_named(fault, plan, cells)) for number, fault, cells in hopeless),
        faults={_column(fault): count for fault, count in sorted(faults.items())},
    )


def _column(fault: int) -> str:
    """Canonical column in which a fault is; none where it is that of the whole row."""
    return "" if fault == NO_TOKENS else READ_ORDER[fault - TEXT]


def _named(fault: int, plan: Plan, cells: tuple[str | None, ...]) -> tuple[str, str]:
    """Column and cell of a fault."""
    column = _column(fault)
    return column, (cells[int(plan.columns[column][1:])] or "") if column else ""


def _split(connection: DuckDBPyConnection, plan: Plan) -> tuple[tuple[int, str, str], ...]:
    """Lines that the reader set aside, whole."""
    try:
        rows = connection.execute(
            "SELECT line, MIN(CAST(error_type AS VARCHAR)), MIN(csv_line) "
            f"FROM {plan.table.rejects} GROUP BY line ORDER BY line LIMIT {MOST_ASIDE + 1}"
        ).fetchall()
    except duckdb.CatalogException:  # nothing was noted, so there is no table
        return ()
    return tuple((int(line), kind, text or "") for line, kind, text in rows)


def _aside(
    plan: Plan, limits: Limits, which: str, most: int
) -> tuple[tuple[int, int, tuple[str | None, ...]], ...]:
    """Place, fault and cells of rows that are of the right types and yet not fine, in their order."""
    file = FilePath(plan.table.parameters["path"])
    cells = ", ".join(f"CAST(c{number} AS VARCHAR)" for number in range(plan.table.width))
    numbered = f"(SELECT *, ROW_NUMBER() OVER () AS place FROM {plan.table.source})"
    with closing(connect(file, limits, limits.memory_mb, ordered=True)) as ordered:
        lend(ordered, plan.table)
        plan.prepare(ordered)
        rows = ordered.execute(
            f"SELECT place, fault, {cells} FROM (SELECT *, {plan.fault()} AS fault FROM "
            f"(SELECT *, {_fine(plan)} AS fine, {plan.gone()} AS gone FROM "
            f"(SELECT *, {', '.join(plan.cells())} FROM {numbered})) WHERE fine IS NOT TRUE AND gone = 0) "
            f"WHERE fault {which} LIMIT {most}",
            plan.table.parameters,
        ).fetchall()
    return tuple((int(place), int(fault), tuple(texts)) for place, fault, *texts in rows)


# --- the scan -------------------------------------------------------------------------------------


def _sizes(plan: Plan) -> tuple[int, int, int, int]:
    """Weights of the parts of the key: prompt, context, tier, model; the completion weighs one."""
    prompt = _BINS
    context = prompt * _BINS
    tier = context * (len(plan.edges.contexts) + 2)
    return prompt, context, tier, tier * (len(plan.edges.tiers) + 1)


def _shape(plan: Plan) -> Shape:
    """How the rows of the scan are told apart."""
    return Shape(
        keys=("level", "key"),
        time_key="key",
        weight=_sizes(plan)[3] * (len(plan.names) + 1),
        by_time=f"level = '{BY_TIME}' AND key IS NOT NULL",
        by_tenant="",
        requests="n_rows",
    )


def _statement(plan: Plan) -> str:
    """One scan, sums by length and by time, and with them what tells whether every row is plain.

    Whole numbers are added in double precision, which is exact as long as no sum passes 2**53.
    """
    columns, minutes = plan.columns, plan.minutes
    parts = [name for name in CACHES if name in columns]
    extra = [*parts, *(["reasoning"] if "reasoning" in columns else [])]
    every = ["input", "output", *extra]
    cells = plan.cells()
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
        **{
            f"gone{number}": f"SUM(CASE WHEN gone = {number} THEN 1 ELSE 0 END)"
            for number in range(1, len(plan.skips) + 2)
        },
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
    selects.append(
        f"SELECT '{BY_FAULT}' AS level, CAST(fault AS DOUBLE) AS key, COUNT(*) AS n_rows, "
        f"{', '.join(f'NULL AS {name}' for name in (*sums, *checks))} "
        "FROM keyed WHERE base IS NULL AND gone = 0 GROUP BY fault"
    )
    keys.append(f"CASE WHEN base IS NULL THEN {plan.fault()} END AS fault")
    d_columns = ", ".join(["uncached", "length", "base", "gone", *(f"d_{name}" for name in every), *kept])
    return f"""
    WITH keyed AS (
        SELECT {d_columns}, {", ".join(keys)}
        FROM (
            SELECT *, CASE WHEN fine THEN {base} END AS base
            FROM (
                SELECT *, {uncached} AS uncached, {prompt} AS prompt, {prompt} + d_output AS length,
                    {_fine(plan)} AS fine, {plan.gone()} AS gone
                FROM (SELECT {", ".join(cells)} FROM {plan.table.source})
            )
        )
    )
    {" UNION ALL ".join(selects)}"""


def _fine(plan: Plan) -> str:
    """Condition that a row is a plain request; NULL where a cell is missing."""
    present = [name for name in TOKENS if name in plan.columns]
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
    said += ["marked = 0"] if plan.skips else []
    said += ["NOT repeated"] if plan.again else []
    return " AND ".join(said)


def _first_lengths(plan: Plan) -> tuple[list[float], list[float]]:
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


def _unpacked(columns: _Columns, plan: Plan, processing: int) -> list[dict[str, Any]]:
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
