from collections.abc import Iterator

import pytest
from breakeven.apis.workloads import price_edges
from breakeven.tables.build import open_memory
from breakeven.usage.sql import Edges
from duckdb import DuckDBPyConnection


@pytest.fixture(scope="session")
def tables() -> Iterator[DuckDBPyConnection]:
    connection = open_memory()
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def edges(tables: DuckDBPyConnection) -> Edges:
    return price_edges(tables)
