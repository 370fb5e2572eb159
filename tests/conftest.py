"""The shipped tables, built once for all tests, and the rows in force on a day."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

import pytest
from duckdb import DuckDBPyConnection

import breakeven.tables.build
from breakeven.apis.workloads import price_edges
from breakeven.tables import queries
from breakeven.tables.build import open_memory
from breakeven.tables.day import Tables, read_tables
from breakeven.tables.records import Efficiency
from breakeven.usage.sql import Edges


@pytest.fixture(scope="session")
def connection() -> Iterator[DuckDBPyConnection]:
    """The shipped tables in memory, locked."""
    opened = open_memory()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def tables(connection: DuckDBPyConnection) -> DuckDBPyConnection:
    """The same, by the name that tests of usage files use."""
    return connection


@pytest.fixture(scope="session")
def edges(tables: DuckDBPyConnection) -> Edges:
    """Lengths at which a price changes."""
    return price_edges(tables)


@pytest.fixture(scope="session")
def table(connection: DuckDBPyConnection) -> dict[str, Efficiency]:
    """Efficiency rows by id."""
    return {row.efficiency_id: row for row in queries.efficiencies(connection)}


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
