"""The rules of one table, read back from DuckDB, and a sentence for each.

``data/schema.sql`` is the only home of the rules. DuckDB refuses a bad row without saying which one,
so the build asks DuckDB what the rules are and looks for the rows that break them.
"""

import re
from dataclasses import dataclass

from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Check:
    """One CHECK constraint."""

    columns: tuple[str, ...]
    """Columns it speaks of, each once."""
    expression: str
    """SQL that must not be false."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One foreign key."""

    columns: tuple[str, ...]
    """Columns of this table."""
    parent: str
    """Table referred to."""
    parent_columns: tuple[str, ...]
    """Columns there."""


@dataclass(frozen=True, slots=True)
class TableRules:
    """What every row of one table must keep to."""

    table: str
    """Name of the table."""
    types: dict[str, str]
    """DuckDB type of each column, in the order of the schema."""
    required: frozenset[str]
    """Columns that may not be empty."""
    key: tuple[str, ...]
    """Columns of the primary key; empty where there is none."""
    references: tuple[Reference, ...]
    """Foreign keys."""
    checks: tuple[Check, ...]
    """CHECK constraints."""


def quoted(identifier: str) -> str:
    """Quote an SQL identifier.

    >>> quoted('release')
    '"release"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def table_names(connection: DuckDBPyConnection) -> list[str]:
    """List the tables in the order in which they were created."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() AND NOT internal AND NOT temporary ORDER BY table_oid"
    ).fetchall()
    return [name for (name,) in rows]


def rules_of(connection: DuckDBPyConnection, table: str) -> TableRules:
    """Read the columns and constraints of a table."""
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE database_name = current_database() AND table_name = $table ORDER BY column_index",
        {"table": table},
    ).fetchall()
    constraints = connection.execute(
        "SELECT constraint_type, expression, constraint_column_names, referenced_table, "
        "referenced_column_names FROM duckdb_constraints() "
        "WHERE database_name = current_database() AND table_name = $table "
        "ORDER BY constraint_index",
        {"table": table},
    ).fetchall()
    return TableRules(
        table=table,
        types={name: data_type for name, data_type, _ in columns},
        required=frozenset(name for name, _, nullable in columns if not nullable),
        key=next((tuple(row[2]) for row in constraints if row[0] == "PRIMARY KEY"), ()),
        references=tuple(
            Reference(tuple(row[2]), row[3], tuple(row[4])) for row in constraints if row[0] == "FOREIGN KEY"
        ),
        checks=tuple(
            # DuckDB repeats a column as often as the expression does.
            Check(tuple(dict.fromkeys(row[2])), row[1])
            for row in constraints
            if row[0] == "CHECK"
        ),
    )


_COMPARISONS = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}


def requirement(check: Check) -> str:
    """Say in words what a CHECK asks for, as the end of a sentence.

    >>> requirement(Check(("n",), "(n BETWEEN 4 AND 1000)"))
    'must be between 4 and 1000'
    >>> requirement(Check(("n",), "((n > 0) AND (n <= 4))"))
    'must be above 0 and at most 4'
    >>> requirement(Check(("kind",), "(kind IN ('a', 'b'))"))
    "must be one of 'a', 'b'"
    >>> requirement(Check(("release",), "regexp_full_match(\\"release\\", '20[0-9][0-9]')"))
    "must match '20[0-9][0-9]'"
    >>> requirement(Check(("a", "b"), "(a <= b)"))
    'must keep to a <= b'
    """
    expression = _without_parentheses(check.expression)
    if len(check.columns) == 1:
        words = _one_column(expression, check.columns[0])
        if words is not None:
            return words
    return f"must keep to {expression}"


def _one_column(expression: str, column: str) -> str | None:
    """Word a CHECK on a single column; None for a form that has no words here."""
    name = rf'"?{re.escape(column)}"?'
    if match := re.fullmatch(rf"{name} BETWEEN (\S+) AND (\S+)", expression):
        return f"must be between {match[1]} and {match[2]}"
    if match := re.fullmatch(rf"{name} IN \((.+)\)", expression):
        return f"must be one of {match[1]}"
    if match := re.fullmatch(rf"regexp_full_match\({name}, (.+)\)", expression):
        return f"must match {match[1]}"
    bounds = []
    for part in expression.split(" AND "):
        match = re.fullmatch(rf"{name} (>=?|<=?) ([-+.\w]+)", _without_parentheses(part))
        if match is None:
            return None
        bounds.append(f"{_COMPARISONS[match[1]]} {match[2]}")
    return "must be " + " and ".join(bounds)


def _without_parentheses(expression: str) -> str:
    """Take off the parentheses that enclose the whole expression.

    >>> _without_parentheses("((a) AND (b))")
    '(a) AND (b)'
    """
    while expression.startswith("(") and _closes_at_end(expression):
        expression = expression[1:-1]
    return expression


def _closes_at_end(expression: str) -> bool:
    """Tell whether the first parenthesis is closed by the last character."""
    depth = 0
    for position, character in enumerate(expression):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(expression) - 1
    return False
