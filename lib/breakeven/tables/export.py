"""Tables as CSV, letter for letter as the build reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from duckdb import DuckDBPyConnection

from breakeven.tables.rules import quoted, table_names


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows as the files of ``data/`` are written: empty for unknown, plain decimals, LF.

    >>> csv_text(["a", "b", "c"], [[Decimal("0.150000000"), None, True], [2.0, "x,y", 1e-6]])
    'a,b,c\\n0.15,,true\\n2,"x,y",0.000001\\n'
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell_text(cell) for cell in row] for row in rows)
    return out.getvalue()


def cell_text(cell: object) -> str:
    """Write one cell so that nothing of it is lost.

    >>> cell_text(Decimal("15.000000000")), cell_text(0.1), cell_text(False), cell_text(Decimal("1E+2"))
    ('15', '0.1', 'false', '100')
    """
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            return _trimmed(f"{Decimal(repr(cell)):f}")
        case Decimal():
            return _trimmed(f"{cell:f}")
        case _:
            return str(cell)


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def table_csv(connection: DuckDBPyConnection, table: str) -> str:
    """Write a whole table; the file of that name in ``data/`` may be replaced by it.

    ``api_prices`` has no file of its own: it is read where it is named as a snapshot is, see
    :mod:`breakeven.tables.snapshot`.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    cursor = connection.cursor()
    if table not in table_names(cursor):
        raise ValueError(f"there is no table '{table}'")
    result = cursor.execute(f"SELECT * FROM {quoted(table)} ORDER BY rowid")
    columns = [str(item[0]) for item in result.description or []]
    return csv_text(columns, result.fetchall())
