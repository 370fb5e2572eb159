from collections.abc import Iterator

import pytest
from duckdb import DuckDBPyConnection

from lib.db.build import open_memory
from lib.workload.price import price_edges
from lib.workload.sql import Edges


@pytest.fixture(scope="session")
def tables() -> Iterator[DuckDBPyConnection]:
    connection = open_memory()
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def edges(tables: DuckDBPyConnection) -> Edges:
    return price_edges(tables)
