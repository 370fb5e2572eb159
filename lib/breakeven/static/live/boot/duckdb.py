"""What the project uses of DuckDB's Python interface, over its build for browsers in the same worker.

A connection of DuckDB's own opens a database of its own; here all share one engine, so each attaches an
empty one and works in it. Answers come as Arrow and are taken apart column by column.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any, Self

import pyarrow as pa  # type: ignore[import-untyped]
from js import duck
from pyodide.ffi import JsException, to_js

__version__ = "1.5.6"


class Error(Exception):
    """Anything that DuckDB refuses."""


class DataError(Error):
    """A value that does not fit."""


class CatalogException(Error):
    """There is no such table, type or function."""


class BinderException(Error):
    """A name in a statement means nothing."""


class ConstraintException(Error):
    """A row breaks a rule."""


class ConversionException(DataError):
    """A value that is not of a type."""


class OutOfRangeException(DataError):
    """A value that a type cannot hold."""


class InvalidInputException(Error):
    """The input is not what was asked for."""


class InterruptException(Error):
    """Somebody stopped the query."""


class IOException(Error):
    """A file cannot be read."""


class OutOfMemoryException(Error):
    """The memory does not suffice."""


class ParserException(Error):
    """The text is no statement."""


_KINDS: Mapping[str, type[Error]] = {
    "Binder Error": BinderException,
    "Catalog Error": CatalogException,
    "Constraint Error": ConstraintException,
    "Conversion Error": ConversionException,
    "IO Error": IOException,
    "INTERRUPT Error": InterruptException,
    "Invalid Input Error": InvalidInputException,
    "Out of Memory Error": OutOfMemoryException,
    "Out of Range Error": OutOfRangeException,
    "Parser Error": ParserException,
}


def _error(fault: JsException) -> Error:
    text = str(getattr(fault, "message", fault))
    kind = next((kind for words, kind in _KINDS.items() if text.startswith(words)), Error)
    return kind(text)


# --- values -----------------------------------------------------------------------------------------


def _literal(value: Any) -> str:
    """A value as SQL writes it; the engine's prepared statements take too few types."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case Enum():
            return _literal(value.value)
        case int():
            return str(value)
        case float():
            return f"CAST('{value!r}' AS DOUBLE)"
        case Decimal():
            return f"CAST('{value:f}' AS DECIMAL(38, {max(0, -int(value.as_tuple().exponent))}))"
        case dt.datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case dt.date():
            return f"DATE '{value.isoformat()}'"
        case str() | Path():
            return "'" + str(value).replace("'", "''") + "'"
        case Mapping():
            return (
                "{" + ", ".join(f"{_literal(str(key))}: {_literal(one)}" for key, one in value.items()) + "}"
            )
        case list() | tuple() | set() | frozenset():
            return "[" + ", ".join(map(_literal, value)) + "]"
    if hasattr(value, "item"):
        return _literal(value.item())
    raise InvalidInputException(
        f"Invalid Input Error: no value of {type(value).__name__} goes into a statement"
    )


_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$([A-Za-z_]\w*|\d+)|\?""", re.DOTALL
)


def _bound(sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> str:
    """A statement with its parameters written into it; quotes and comments stay as they are."""
    if not parameters:
        return sql
    named = (
        parameters if isinstance(parameters, Mapping) else {str(n): v for n, v in enumerate(parameters, 1)}
    )
    following = count(1)

    def one(match: re.Match[str]) -> str:
        text, name = match.group(0), match.group(1)
        if text == "?":
            return _literal(named[str(next(following))])
        return text if name is None else _literal(named[name])

    return _TOKEN.sub(one, sql)


def _columns(table: pa.Table) -> list[list[Any]]:
    return [_values(column) for column in table.columns]


def _values(column: Any) -> list[Any]:
    """Values of an Arrow column as DuckDB's own interface gives them."""
    kind = column.type
    values: list[Any]
    if pa.types.is_decimal(kind) and kind.scale == 0:
        # Sums of whole numbers come as decimals without a fraction: they are whole numbers.
        values = [None if one is None else int(one) for one in column.to_pylist()]
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        values = column.to_numpy(zero_copy_only=False).tolist()
    elif pa.types.is_date(kind):
        values = column.cast(pa.date32()).to_pandas(date_as_object=True).tolist()
    elif column.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        values = column.to_numpy().tolist()
    else:
        values = column.to_pylist()
    return values


# --- statements -------------------------------------------------------------------------------------


class StatementType(Enum):
    """Kind of a statement, as far as its first word tells."""

    SELECT = "SELECT"
    EXPLAIN = "EXPLAIN"
    OTHER = "OTHER"


_SETTINGS = frozenset(
    (
        *("memory_limit", "threads", "temp_directory", "timezone", "enable_progress_bar", "allowed_paths"),
        *("preserve_insertion_order", "python_enable_replacements", "allow_community_extensions"),
        *("allow_persistent_secrets", "enable_external_access", "lock_configuration"),
    )
)
"""Settings that mean nothing in a tab, which has walls of its own, or would hold for every connection."""
_SET = re.compile(r"\s*SET\s+(\w+)\s*=", re.IGNORECASE)
_databases = count(1)
_files: dict[str, tuple[int, int]] = {}
"""Files that the engine knows, with size and time of change."""


class DuckDBPyConnection:
    """A connection; its cursors see what it sees."""

    def __init__(self, database: str) -> None:
        """Open a connection to one of the attached databases."""
        self.database = database
        self.description: list[tuple[Any, ...]] | None = None
        self._number: int | None = duck.connect()
        self._owns = False
        self._given: list[str] = []
        self._columns: list[list[Any]] = []
        self._table: pa.Table = pa.table({})
        self._next = 0
        self._run(f"USE {database}")

    def cursor(self) -> DuckDBPyConnection:
        """Another connection to the same database."""
        return DuckDBPyConnection(self.database)

    def execute(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> DuckDBPyConnection:
        """Run a statement.

        Raises
        ------
        Error
            What DuckDB says, as the exception of that kind.
        """
        setting = _SET.match(sql)
        if setting and setting[1].lower() in _SETTINGS:
            return self._answer(pa.table({}))
        if parameters:
            self._lend(parameters.values() if isinstance(parameters, Mapping) else parameters)
        return self._answer(_read(self._run(_bound(sql, parameters))))

    def register(self, name: str, table: pa.Table) -> None:
        """Make a table of an Arrow table."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=50_000)
        try:
            duck.insert(self._open(), to_js(sink.getvalue().to_pybytes()), name)
        except JsException as fault:
            raise _error(fault) from None

    def _open(self) -> int:
        if self._number is None:
            raise Error("Connection Error: the connection is closed")
        return self._number

    def _run(self, sql: str) -> bytes:
        try:
            return bytes(duck.run(self._open(), sql).to_bytes())
        except JsException as fault:
            raise _error(fault) from None

    def _lend(self, values: Iterable[Any]) -> None:
        """Show the engine the files that a statement names."""
        for value in values:
            if (
                isinstance(value, str)
                and value.startswith("/")
                and len(value) < 4096
                and Path(value).is_file()
            ):
                state = Path(value).stat()
                mark = (state.st_size, state.st_mtime_ns)
                if _files.get(value) != mark:
                    duck.addFile(value, to_js(Path(value).read_bytes()))
                    _files[value] = mark
                    self._given.append(value)

    def _answer(self, table: pa.Table) -> Self:
        self._table, self._next = table, 0
        self._columns = []
        self.description = [(name, None, None, None, None, None, None) for name in table.column_names]
        return self

    def fetchmany(self, most: int) -> list[tuple[Any, ...]]:
        """The next rows, so many at most."""
        if self._next >= self._table.num_rows:
            return []
        if not self._columns:
            self._columns = _columns(self._table)
        last = min(self._next + most, self._table.num_rows)
        rows = list(zip(*(column[self._next : last] for column in self._columns), strict=True))
        self._next = last
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        return self.fetchmany(self._table.num_rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row; None: there is none."""
        return next(iter(self.fetchmany(1)), None)

    def df(self) -> Any:
        """The answer as a data frame, with the types that DuckDB's own interface gives."""
        return self._table.to_pandas()

    def fetchnumpy(self) -> dict[str, Any]:
        """The answer as an array a column."""
        return {name: self._table.column(name).to_numpy() for name in self._table.column_names}

    def sql(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> Self:
        """Run a statement whose answer is taken as a whole."""
        self.execute(sql, params)
        return self

    def to_arrow_reader(self, rows: int) -> Any:
        """The answer in pieces of so many rows."""
        return self._table.to_reader(max_chunksize=rows)

    def interrupt(self) -> None:
        """Nothing else runs while a query does, so nobody could ask to stop one."""

    def extract_statements(self, _sql: str) -> list[Any]:
        """Not in a tab: :mod:`breakeven.tables.sqlbox` looks at the words of a statement there."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection; the database goes with the one that opened it, and so do its files."""
        if self._number is None:
            return
        if self._owns:
            self._run("USE memory")
            self._run(f"DETACH {self.database}")
        duck.disconnect(self._number)
        self._number = None
        for name in self._given:
            _files.pop(name, None)
            duck.dropFile(name)
        self._given.clear()

    def __enter__(self) -> Self:
        """Use in a block."""
        return self

    def __exit__(self, *_fault: object) -> None:
        """Close at its end."""
        self.close()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Rows that are left."""
        return iter(self.fetchall())


def connect(
    database: str | Path = ":memory:", read_only: bool = False, config: object = None
) -> DuckDBPyConnection:
    """Open an empty database in memory, or the shipped tables by their path."""
    del config
    path = str(database)
    if path == ":memory:":
        name = f"own{next(_databases)}"
        _engine().execute(f"ATTACH ':memory:' AS {name}")
        opened = DuckDBPyConnection(name)
        opened._owns = True
        return opened
    if not read_only:
        raise IOException(f"IO Error: {path} cannot be written here")
    if "tables" not in _opened:
        duck.addFile(path, to_js(Path(path).read_bytes()))
        _engine().execute(f"ATTACH {_literal(path)} AS tables (READ_ONLY)")
        _opened["tables"] = DuckDBPyConnection("tables")
    return _opened["tables"]


_opened: dict[str, DuckDBPyConnection] = {}


def _engine() -> DuckDBPyConnection:
    """A connection that stays, to attach and to set what holds for all."""
    if "engine" not in _opened:
        engine = _opened["engine"] = DuckDBPyConnection("memory")
        # The first unknown function would otherwise be looked for at another host, which no page here asks.
        engine._run("SET autoinstall_known_extensions = false")
        engine._run("SET autoload_known_extensions = false")
    return _opened["engine"]


def _read(answer: bytes) -> pa.Table:
    if not answer:
        return pa.table({})
    opened = pa.ipc.open_file if answer[:6] == b"ARROW1" else pa.ipc.open_stream
    return opened(pa.py_buffer(answer)).read_all()
