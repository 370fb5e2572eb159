"""The shipped measurements as arrays, once for the tests of one process."""

import pytest

from breakeven.calibration.rows import rows_of
from breakeven.tables import queries


@pytest.fixture(scope="session")
def benchmarks(connection):
    return queries.benchmarks(connection)


@pytest.fixture(scope="session")
def read(connection, benchmarks):
    return rows_of(
        benchmarks,
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        notes=queries.benchmark_notes(connection),
    )


@pytest.fixture(scope="session")
def rows(read):
    return read[0]
