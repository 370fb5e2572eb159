"""The shipped tables, built once for all tests, and the rows in force on a day."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

import pytest
from duckdb import DuckDBPyConnection

import lib.db.build
from lib.comparison import Tables
from lib.db.build import open_memory
from lib.lookup import read_tables


@pytest.fixture(scope="session")
def connection() -> Iterator[DuckDBPyConnection]:
    """The shipped tables in memory, locked."""
    opened = open_memory()
    yield opened
    opened.close()


@pytest.fixture
def built(connection: DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the tables built already."""
    monkeypatch.setattr(lib.db.build, "open_memory", lambda: connection)


@pytest.fixture(scope="session")
def tables_on(connection: DuckDBPyConnection) -> Callable[[date], Tables]:
    """Rows in force on a day, read once a day."""

    @cache
    def read(day: date) -> Tables:
        return read_tables(connection, day)

    return read
