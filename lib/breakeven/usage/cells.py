"""From the columns of a file to the canonical columns: one SQL expression each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from breakeven import machine
from breakeven.usage import sql
from breakeven.usage.formats import TOKEN_FIELDS, Grain, Path, Recognised
from breakeven.usage.lent import text_at
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import Edges
from breakeven.usage.table import TIMES, Table, shorten

NUMERIC = (
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


def ungrouped(text: str, decimal: str) -> str:
    """Expression of a number without the separators of its thousands; of any other text as it is."""
    group = "," if decimal == "." else "."
    mark = "\\." if group == "." else group
    plain = f"REPLACE({text}, '{group}', '')"
    return f"CASE WHEN regexp_matches({text}, '^-?\\d{{1,3}}({mark}\\d{{3}})+$') THEN {plain} ELSE {text} END"


def _pointer(path: Path) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _texts(table: Table, found: Recognised) -> tuple[dict[str, str], frozenset[str]]:
    """Expression of every canonical column, and which of them are numbers already."""
    texts: dict[str, str] = {}
    numbers: set[str] = set()

    def expression(path: Path) -> tuple[str, bool]:
        if table.kind == "json":
            key = f"p{len(table.parameters)}"
            table.parameters[key] = _pointer(path)
            own = f"NULLIF({text_at('j', key)}, '')"
            return (f"COALESCE({own}, {text_at('parent', key)})" if table.parent else own), False
        if len(path) > 1 and path in table.columns:
            return table.columns[path], False
        column = table.columns[path[:1]]
        kind = table.types.get(column, "VARCHAR")
        if len(path) > 1:
            if not machine.EXTENSIONS:
                raise Unreadable(
                    f"The column {shorten(path[0])} of this sheet holds JSON, and the sheet is too long to "
                    "read row by row here: save it as JSON Lines or Parquet, split it, or use "
                    "breakeven price."
                )
            key = f"p{len(table.parameters)}"
            table.parameters[key] = _pointer(path[1:])
            cell = f"TRY_CAST({column} AS JSON)" if kind in ("VARCHAR", "JSON") else f"to_json({column})"
            return f"json_extract_string({cell}, ${key})", False
        if kind == "VARCHAR":
            # Left bare, the reader would cast the column itself and drop the rows where that fails.
            # Names of models are few: they are grouped as they are, not trimmed row by row.
            named = table.kind != "csv" and path in found.mapping.get("model", ())
            text = column if named else f"NULLIF(TRIM({column}), '')"
            return (ungrouped(text, table.grouped[column]) if column in table.grouped else text), False
        if kind in TIMES and path in found.mapping.get("ts", ()) and len(found.mapping["ts"]) == 1:
            return column, False
        if kind in ("FLOAT", "DOUBLE"):  # what data frames write where nothing is
            return f"CASE WHEN NOT isnan({column}) THEN {column} END", True
        return (column, True) if kind.startswith(NUMERIC) else (f"CAST({column} AS VARCHAR)", False)

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
            if name == "processing":  # "not a batch" leaves room for what the next column says
                cells = [f"NULLIF(NULLIF(LOWER({cell}), 'false'), '0')" for cell in cells]
            texts[name] = cells[0] if len(cells) == 1 else f"COALESCE({', '.join(cells)})"
    return texts, frozenset(numbers)


def _bare(table: Table, path: Path) -> bool:
    """Whether a text cell of a CSV file can be trimmed after the sums."""
    return table.kind == "csv" and len(path) == 1 and table.columns[path] not in table.types


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """How a file is read: one expression a canonical column, and the rows over any source."""

    texts: Mapping[str, str]
    """Canonical columns that the file has."""
    rows: Callable[[str], str]
    """From clause to SELECT of canonical rows, see :func:`breakeven.usage.sql.rows_sql`."""


def query_of(
    table: Table, found: Recognised, edges: Edges, carry: Sequence[str] = (), skip: Sequence[str] = ()
) -> Query:
    """Expressions of the cells, and the canonical rows over any source with the same columns.

    ``carry`` names further expressions over the source that each row keeps, ``skip`` conditions over the
    source of rows that are no request of their own.
    """
    texts, numbers = _texts(table, found)
    numeric_time = _numeric_time(table, found)
    time_columns = [table.columns.get(path) for path in found.mapping.get("ts", ())]
    typed_time = len(time_columns) == 1 and table.types.get(str(time_columns[0]), "") in TIMES
    optional = frozenset({"input"}) if found.format.grain == Grain.BUCKET else frozenset()

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
            skip=skip,
        )

    return Query(texts=texts, rows=rows)


def _numeric_time(table: Table, found: Recognised) -> bool:
    values = [row[path] for path in found.mapping.get("ts", ()) for row in table.sample if row.get(path)]
    return bool(values) and sum(1 for v in values if v.replace(".", "", 1).isdigit()) * 2 > len(values)
