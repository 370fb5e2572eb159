"""The tables as the answer needs them, read in one place for the page and the command line."""

from __future__ import annotations

from datetime import date

from duckdb import DuckDBPyConnection

from lib.comparison import Tables
from lib.db import queries
from lib.scenario_url import KnownIds


def read_tables(connection: DuckDBPyConnection, day: date) -> Tables:
    """Rows in force on a day."""
    return Tables(
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        efficiencies=queries.efficiencies(connection),
        gpu_offers=queries.gpu_offers_on(connection, day),
        api_offers=queries.api_offers_on(connection, day),
    )


def read_ids(connection: DuckDBPyConnection) -> KnownIds:
    """Ids that a link may name, whatever its day."""
    return KnownIds(
        model=frozenset(queries.models(connection)),
        api=frozenset(queries.api_offer_ids(connection)),
        gpu=frozenset(queries.gpus(connection)),
        gpu_offer=frozenset(queries.gpu_offer_ids(connection)),
        engine=frozenset(row.engine for row in queries.efficiencies(connection)),
    )
