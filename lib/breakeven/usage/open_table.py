"""Open one file as a relation of columns, on a connection that sees nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath

import duckdb
from duckdb import DuckDBPyConnection

from breakeven import machine
from breakeven.usage.csv_table import csv_table
from breakeven.usage.files import connect
from breakeven.usage.formats import ColumnMapping
from breakeven.usage.json_table import is_document, json_documents, json_table, starts_json
from breakeven.usage.lent import is_whole
from breakeven.usage.limits import Limits
from breakeven.usage.parquet_table import parquet_table
from breakeven.usage.salvage import salvage
from breakeven.usage.spool import MEGABYTE, Plain, Unreadable
from breakeven.usage.table import LOST_RECORD, Table, shorten


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTable:
    """A file that can be queried."""

    connection: DuckDBPyConnection
    table: Table
    file: FilePath
    """What is read: the file itself or its plain copy."""


@contextmanager
def open_table(
    plain: Plain,
    mapping: ColumnMapping | None,
    limits: Limits,
    folder: FilePath,
    *,
    ordered: bool = False,
) -> Iterator[OpenTable]:
    """Open a file for as long as it is queried.

    Parameters
    ----------
    plain
        The file, unpacked and decoded.
    mapping
        Columns that the user corrected; they help to find the delimiter.
    limits
        How much is read.
    folder
        Private folder for what is left of a damaged document.
    ordered
        Rows come in their order.

    Raises
    ------
    Unreadable
        If the file cannot be read; also where the reader fails on a later query.
    """
    file = plain.path.absolute()
    try:
        size_mb = file.stat().st_size / MEGABYTE
        document = not plain.parquet and is_document(file)
        memory = limits.memory_mb + (int(size_mb * 6) if document else 0)
        if document and size_mb > limits.document_mb:
            raise Unreadable(
                limits.too_much(f"The JSON document has {size_mb:,.0f} MB, above", "document_mb", "MB")
                + " JSON Lines have no such limit."
            )
        salvaged = None
        if document and not _is_whole(file, limits, memory):
            salvaged = salvage(file, folder / "salvaged", limits.problem_rows)
            file = salvaged.path if salvaged else file
        with closing(connect(file, limits, memory, ordered=ordered)) as connection:
            if plain.parquet:
                table = parquet_table(connection, file, limits)
            elif starts_json(file):
                table = json_table(connection, file, document, limits)
            else:
                table = csv_table(file, mapping, limits)
            table.notes[:0] = plain.notes
            if salvaged:
                table.notes.append(
                    "The JSON document is damaged or breaks off; "
                    f"whole records that are left and used: {salvaged.whole:,}."
                )
                table.lost = [(number, "", LOST_RECORD, text) for number, text in salvaged.lost]
            yield OpenTable(connection=connection, table=table, file=file)
    except duckdb.OutOfMemoryException:
        raise Unreadable(
            limits.too_much("Reading the file needs more memory than", "memory_mb", "MB")
        ) from None
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise Unreadable(f"The file cannot be read: {_first_line(error)}") from None
    except RecursionError:
        raise Unreadable("The file cannot be read: its JSON is nested too deeply.") from None


def _is_whole(file: FilePath, limits: Limits, memory_mb: int) -> bool:
    """Whether a JSON document can be read to its end."""
    if not machine.EXTENSIONS:
        return is_whole(file)
    with closing(connect(file, limits, memory_mb)) as connection:
        try:
            connection.execute(f"SELECT COUNT(j) FROM {json_documents(file)}", {"path": str(file)})
        except duckdb.InvalidInputException:
            return False
    return True


def _first_line(error: Exception) -> str:
    """What DuckDB says, without the path of a private copy and without its advice."""
    text = str(error).strip().split("\n")[0]
    text = text.partition(": ")[2] or text
    return shorten(" ".join(word for word in text.split() if "breakeven-" not in word), 200)
