"""The SQL box: one reading statement over a copy of the tables, in a process of its own with hard limits.

A statement can read and nothing else, so it leaves nothing behind in the :mod:`breakeven.tables.sql_worker`
that answers it. Two may run at once, one of each visitor; the next is who has asked least of late.
"""

from __future__ import annotations

import atexit
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any
from uuid import uuid4

from duckdb import DuckDBPyConnection

from breakeven import machine
from breakeven.paths import DATA
from breakeven.tables.build import build_file
from breakeven.tables.rules import rules_of, table_names
from breakeven.tables.sql_here import run_here
from breakeven.tables.sql_workers import NoAnswer, NoWorker, Opened, Workers
from breakeven.tables.turns import Turns

SECONDS = 2.0
"""Time that a statement may take. [s]"""
ROWS = 10_000
"""Rows that are fetched."""
MEGABYTES = 200
"""Memory that DuckDB may take for a statement. [MB]"""
LONGEST = 10_000
"""Characters of a statement."""

_WORKER = Path(__file__).with_name("sql_worker.py")
_QUEUE_S = 8.0
_AT_ONCE = 2
_lock = Lock()
_copies: dict[Path, TemporaryDirectory[str]] = {}


_workers = Workers(most=_AT_ONCE)


def close() -> None:
    """End the workers and delete the copies of the tables; the next statement makes both anew."""
    _workers.close()
    with _lock:
        for folder in _copies.values():
            folder.cleanup()
        _copies.clear()


atexit.register(close)


_turns = Turns(_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlAnswer:
    """What a statement gave, or why it gave nothing."""

    columns: tuple[tuple[str, str], ...] = ()
    """Name and DuckDB type of each column."""
    rows: tuple[tuple[Any, ...], ...] = ()
    """Cells as text, numbers, booleans or None; dates and exact decimals as text."""
    notes: tuple[str, ...] = ()
    """What was cut, as sentences."""
    problem: str | None = None
    """Why there is no answer, as one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the data dictionary."""

    table: str
    column: str
    type: str
    unit: str
    meaning: str


EXAMPLES = (
    (
        "Cheapest hosts",
        "SELECT provider, api_model, input_usd_per_mtok, output_usd_per_mtok, valid_from\n"
        "FROM api_prices JOIN model_aliases USING (provider, api_model)\n"
        "WHERE model_id = 'llama-3.3-70b' AND processing = 'standard'\n"
        "  AND valid_to IS NULL AND tier_above_tokens = 0 AND flag IS NULL\n"
        "QUALIFY row_number() OVER (PARTITION BY api_offer_id ORDER BY valid_from DESC) = 1\n"
        "ORDER BY output_usd_per_mtok, input_usd_per_mtok, provider, api_model",
    ),
    (
        "H100 by month",
        "SELECT date_trunc('month', valid_from)::DATE AS month,\n"
        "  median(usd_per_gpu_hour) AS median_usd, min(usd_per_gpu_hour) AS lowest_usd, count(*) AS offers\n"
        "FROM gpu_prices\n"
        "WHERE gpu_id = 'h100-sxm' AND price_type = 'on-demand' AND flag IS NULL\n"
        "GROUP BY month ORDER BY month",
    ),
    (
        "Bandwidth per $",
        "SELECT gpus.name, launch_year, mem_bw_gb_s, median(usd_per_gpu_hour) AS usd_per_hour,\n"
        "  mem_bw_gb_s / median(usd_per_gpu_hour) AS gb_per_s_per_usd_hour\n"
        "FROM gpus JOIN gpu_prices USING (gpu_id)\n"
        "WHERE price_type = 'on-demand' AND valid_from >= DATE '2026-01-01' AND flag IS NULL\n"
        "GROUP BY gpus.name, launch_year, mem_bw_gb_s ORDER BY gb_per_s_per_usd_hour DESC, gpus.name",
    ),
)
"""Title and text of the statements that the page offers."""


def ask(
    sql: str,
    *,
    visitor: str | None = None,
    data_dir: Path = DATA,
    seconds: float = SECONDS,
    rows: int = ROWS,
    megabytes: int = MEGABYTES,
) -> SqlAnswer:
    """Run one statement over a read-only copy of the tables; never raises for a fault of the statement.

    Parameters
    ----------
    sql
        The statement.
    visitor
        Who asks: has one statement running at most, and waits behind who has asked less; None: somebody new.
    data_dir
        Folder of the tables.
    seconds
        Time that the statement may take. [s]
    rows
        Rows that are fetched.
    megabytes
        Memory that DuckDB may take. [MB]
    """
    if not sql.strip():
        return SqlAnswer(problem="There is no statement yet; try one of the examples.")
    if len(sql) > LONGEST:
        return SqlAnswer(problem=f"The statement has {len(sql):,} characters; at most {LONGEST:,} are taken.")
    if not machine.PROCESSES and machine.TABLES is not None:
        return _shown(run_here(machine.TABLES, sql, rows, functions()), rows)
    database = _copy_of(data_dir)
    visitor = visitor or uuid4().hex
    if _turns.runs(visitor):
        return SqlAnswer(problem="Your last statement is still running; wait until it ends.")
    if not _turns.begin(visitor, _QUEUE_S):
        return SqlAnswer(problem="Other visitors' statements are running; try again in a few seconds.")
    start = time.monotonic()
    try:
        answer = _answer(sql, database, seconds, rows, megabytes)
    finally:
        _turns.end(visitor, time.monotonic() - start)
    return _shown(answer, rows)


def _shown(answer: dict[str, Any], rows: int) -> SqlAnswer:
    """What a worker says, for the page."""
    if answer.get("problem"):
        return SqlAnswer(problem=str(answer["problem"]))
    notes = []
    if answer["more"]:
        notes.append(f"Only the first {rows:,} rows are shown; there are more.")
    if answer["n_cut"]:
        notes.append(
            "1 long cell is cut." if answer["n_cut"] == 1 else f"{answer['n_cut']:,} long cells are cut."
        )
    return SqlAnswer(
        columns=tuple((name, kind) for name, kind in answer["columns"]),
        rows=tuple(tuple(row) for row in answer["rows"]),
        notes=tuple(notes),
    )


@cache
def functions() -> frozenset[str]:
    """Names of the functions that a statement may call."""
    listed = tomllib.loads((DATA / "sql_functions.toml").read_text(encoding="utf-8"))
    return frozenset([*listed["names"], *listed["operators"]])


def _answer(sql: str, database: Path, seconds: float, rows: int, megabytes: int) -> dict[str, Any]:
    """Answer of a worker; whatever ends it, there is an answer in time."""
    opened = Opened(
        script=_WORKER, database=database, megabytes=megabytes, functions=tuple(sorted(functions()))
    )
    request = {"sql": sql.encode("utf-8", "replace").decode("utf-8"), "seconds": seconds, "rows": rows}
    try:
        return _workers.answer(opened, request, seconds)
    except NoWorker:
        return {"problem": "The SQL box could not start just now; try again."}
    except NoAnswer:
        return {
            "problem": "The statement was stopped: it needs more time or memory than the box has "
            f"({seconds:g} s, {megabytes} MB), or is nested too deeply."
        }


def _copy_of(data_dir: Path) -> Path:
    """Tables of a folder as a DuckDB file of this process, made once and gone with it."""
    with _lock:
        if data_dir not in _copies:
            folder = TemporaryDirectory(prefix="breakeven-")
            build_file(Path(folder.name) / "tables.duckdb", data_dir)
            _copies[data_dir] = folder
        return Path(_copies[data_dir].name) / "tables.duckdb"


def dictionary(connection: DuckDBPyConnection) -> Sequence[Column]:
    """Every column of every table with its type, its unit and what it means, in the order of the schema."""
    cursor = connection.cursor()
    comments = {
        (table, column): str(comment or "")
        for table, column, comment in cursor.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
    }
    found = []
    for table in table_names(cursor):
        for column, kind in rules_of(cursor, table).types.items():
            unit, _, meaning = comments.get((table, column), "").removeprefix("[").partition("] ")
            found.append(Column(table=table, column=column, type=kind, unit=unit, meaning=meaning))
    return found
