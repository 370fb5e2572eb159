"""The SQL box without a process of its own, for a tab: it holds one visitor's data, and nobody else's.

The tab's own walls take the place of the worker's limits: no file of the machine, and a policy under which
the page asks no other host. What is refused here is what would change something or could only fail; DuckDB's
parser cannot be asked there (:func:`breakeven.tables.sql_worker.vet`), so words are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import duckdb

from breakeven.tables.sql_worker import Refused, answer_of, sentence, unavailable

_READING = frozenset(
    ("select", "with", "from", "values", "describe", "summarize", "explain", "show", "pivot", "unpivot")
)
_ASIDE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_CALL = re.compile(r"([a-z_]\w*)\s*\(", re.IGNORECASE)
_FILE = re.compile(r"\b(from|join)\s*'", re.IGNORECASE)
_WORDS = frozenset(
    [
        "all",
        "and",
        "any",
        "array",
        "as",
        "between",
        "by",
        "case",
        "cast",
        "columns",
        "cube",
        "decimal",
        "distinct",
        "else",
        "end",
        "except",
        "exclude",
        "exists",
        "filter",
        "from",
        "group",
        "grouping",
        "having",
        "in",
        "intersect",
        "interval",
        "is",
        "join",
        "lateral",
        "like",
        "limit",
        "list",
        "map",
        "materialized",
        "not",
        "numeric",
        "offset",
        "on",
        "or",
        "order",
        "over",
        "partition",
        "qualify",
        "replace",
        "rollup",
        "row",
        "select",
        "sets",
        "some",
        "struct",
        "then",
        "try_cast",
        "union",
        "unnest",
        "using",
        "values",
        "varchar",
        "when",
        "where",
        "window",
        "with",
        "within",
    ]
)
"""Words before a bracket that call no function."""


def vet_words(sql: str, functions: Collection[str]) -> str:
    """The one reading statement that a text is, without what ends it.

    Raises
    ------
    Refused
        If it is none; the text says why.
    """
    bare = _ASIDE.sub(lambda found: "''" if found[0][0] == "'" else " " if found[0][0] in "-/" else "x", sql)
    parts = [part for part in bare.split(";") if part.strip()]
    if len(parts) != 1:
        found = "nothing to run" if not parts else f"{len(parts)} statements"
        raise Refused(f"There must be exactly one statement; this is {found}.")
    first = re.match(r"[\s(]*([a-z]+)", parts[0], re.IGNORECASE)
    if first is None or first[1].lower() not in _READING:
        word = first[1].upper() if first else sql.strip()[:20]
        raise Refused(f"Only SELECT, WITH, DESCRIBE, SUMMARIZE and EXPLAIN may run here, not {word}.")
    if _FILE.search(parts[0]):
        raise Refused("Only the tables can be asked here, no files.")
    for name in _CALL.findall(parts[0]):
        if name.lower() not in functions and name.lower() not in _WORDS:
            raise Refused(unavailable(name))
    return sql.strip().rstrip(";").strip()


def run_here(tables: Path, sql: str, rows: int, functions: Collection[str]) -> dict[str, Any]:
    """Answer one statement as :func:`breakeven.tables.sql_worker.run` does."""
    try:
        statement = vet_words(sql, functions)
        connection = duckdb.connect(tables, read_only=True).cursor()
        try:
            described = connection.execute(f"DESCRIBE {statement}").fetchall()
        except duckdb.Error:  # it describes something itself
            described = []
        result = connection.execute(statement)
        kinds = {str(row[0]): str(row[1]) for row in described}
        columns = [[str(item[0]), kinds.get(str(item[0]), "VARCHAR")] for item in result.description or []]
        return answer_of(columns, result.fetchmany(rows + 1), rows)
    except Refused as reason:
        return {"problem": str(reason)}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"problem": "The statement needs more memory than the tab has; ask for less."}
    except (duckdb.Error, RecursionError) as error:
        return {"problem": sentence(error)}
