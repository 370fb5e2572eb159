"""The shipped tables, built once for all tests, and the rows in force on a day."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

import breakeven.tables.build
import pytest
from breakeven.tables.build import open_memory
from breakeven.tables.day import Tables, read_tables
from duckdb import DuckDBPyConnection


@pytest.fixture(scope="session")
def connection() -> Iterator[DuckDBPyConnection]:
    """The shipped tables in memory, locked."""
    opened = open_memory()
    yield opened
    opened.close()


@pytest.fixture
def built(connection: DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the tables built already."""
    monkeypatch.setattr(breakeven.tables.build, "open_memory", lambda: connection)


@pytest.fixture(scope="session")
def tables_on(connection: DuckDBPyConnection) -> Callable[[date], Tables]:
    """Rows in force on a day, read once a day."""

    @cache
    def read(day: date) -> Tables:
        return read_tables(connection, day)

    return read
