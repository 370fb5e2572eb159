"""The query whose result is a sums file, in the words of the engine where the log lies.

It is built from few words: whole-number edges in nested CASE, GROUPING SETS, SUM, MIN, MAX, COUNT. What an
engine has under another name is its time in microseconds, see ``TIMES``. Cells that are no numbers stop the
query or are counted as rejected rows; nothing passes in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from breakeven.tables.exports import CACHES
from breakeven.usage.formats import TIME_UNITS
from breakeven.usage.sums_file.shapes import Shape
from breakeven.usage.sums_file.statement import Asked, statement_of

if TYPE_CHECKING:
    from sqlglot import exp

TIMES: Mapping[str, str] = MappingProxyType(
    {
        "bigquery": "UNIX_MICROS(CAST({} AS TIMESTAMP))",
        "snowflake": "DATE_PART(EPOCH_MICROSECOND, CAST({} AS TIMESTAMP_TZ))",
        "databricks": "UNIX_MICROS(CAST({} AS TIMESTAMP))",
        "spark": "UNIX_MICROS(CAST({} AS TIMESTAMP))",
        "trino": "CAST(ROUND(TO_UNIXTIME({}) * 1000000) AS BIGINT)",
        "duckdb": "EPOCH_US({})",
        "postgres": "CAST(FLOOR(EXTRACT(EPOCH FROM {}) * 1000000) AS BIGINT)",
        "clickhouse": "toUnixTimestamp64Micro(CAST({} AS Nullable(DateTime64(6, 'UTC'))))",
    }
)
"""Engines, and a time as microseconds since 1970 in each; times without a zone are UTC."""
MEANINGS = (
    *("input", "output", *CACHES, "reasoning", "n_requests", "repeat"),
    *("ts", "model", "processing", "reported_cost_usd", "tenant"),
)
"""What a column can mean in a query."""


class BadQuery(ValueError):
    """What was asked for makes no query; the text says which part of it, and what would be right."""


def written(asked: Asked) -> str:
    """Write the query.

    Raises
    ------
    BadQuery
        If a part of it is unknown or cannot be parsed; the text says which.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    _check(asked)

    def parsed(what: str, text: str) -> exp.Condition:
        return _parsed(what, text, asked.dialect)

    parts: dict[str, exp.Condition] = {
        f"_{name}": parsed(f"--columns {name}", text) for name, text in asked.columns.items()
    }
    if asked.skip:
        parts["_skip"] = parsed("--skip", asked.skip)
    if asked.where:
        parts["_where"] = parsed("--where", asked.where)
    if asked.has("ts"):
        text = TIMES[asked.dialect].format("_ts")
        if asked.time_unit:
            text = f"CAST(FLOOR(_ts * {round(TIME_UNITS[asked.time_unit] * 1_000_000)}) AS BIGINT)"
            if asked.time_unit == "ns":
                text = "CAST(FLOOR(_ts / 1000) AS BIGINT)"
        parts["_us"] = parsed("--columns time", text).transform(_put(exp, {"_ts": parts["_ts"]}))
    try:
        table = sqlglot.parse_one(asked.table, read=asked.dialect, into=exp.Table)
    except SqlglotError:
        table = None
    if not isinstance(table, exp.Table) or not table.name or table.alias:
        raise BadQuery(f"--table: '{asked.table}' is no name of a table in {asked.dialect}")
    tree = sqlglot.parse_one(statement_of(asked), read="duckdb").transform(_put(exp, parts))
    for found in list(tree.find_all(exp.Table)):
        if found.name == "_table":
            found.replace(table)
    return str(tree.sql(asked.dialect, pretty=True)) + "\n"


def _parsed(what: str, text: str, dialect: str) -> exp.Condition:
    """One expression; no statement, no list, no name for it."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        found = sqlglot.parse(text, read=dialect)
    except SqlglotError:
        found = []
    if len(found) != 1 or not isinstance(found[0], exp.Condition):
        raise BadQuery(f"{what}: '{text}' is no expression in the SQL of {dialect}")
    return found[0]


def translated(shape: Shape, dialect: str) -> tuple[dict[str, str], str]:
    """Columns of a known table and its condition of rows to skip, in the SQL of another engine."""
    if dialect == shape.dialect or dialect not in TIMES:
        return dict(shape.columns), shape.skip

    def said(text: str) -> str:
        return str(_parsed(f"shape {shape.id}", text, shape.dialect).sql(dialect))

    return {name: said(text) for name, text in shape.columns.items()}, said(shape.skip) if shape.skip else ""


def _put(exp: Any, parts: Mapping[str, Any]) -> Any:
    """Put the user's expressions in their places."""

    def put(node: Any) -> Any:
        if isinstance(node, exp.Column) and not node.table and node.name in parts:
            part = parts[node.name].copy()
            return part if isinstance(part, (exp.Column, exp.Literal)) else exp.Paren(this=part)
        return node

    return put


def _check(asked: Asked) -> None:
    if asked.dialect not in TIMES:
        raise BadQuery(f"--dialect: '{asked.dialect}' is not known; {', '.join(TIMES)} are")
    missing = [name for name in ("input", "output") if name not in asked.columns]
    if missing:
        raise BadQuery(f"--columns: no column means {missing[0]}; write --columns input=…,output=…")
    unknown = [name for name in asked.columns if name not in MEANINGS]
    if unknown:
        raise BadQuery(f"--columns: '{unknown[0]}' has no meaning in a query; {', '.join(MEANINGS)} have")
