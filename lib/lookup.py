"""The tables as the answer needs them, read in one place for the page and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

from duckdb import DuckDBPyConnection

from lib.calibration.link import Calibrated
from lib.claims.facts import Facts
from lib.comparison import Tables
from lib.db import queries, rule_queries
from lib.rule_tables import RuleTables
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


def with_own(tables: Tables, calibrated: Calibrated) -> Tables:
    """The tables and somebody's own efficiency row, which applies only where its engine is named."""
    row = calibrated.efficiency()
    return tables if row is None else replace(tables, efficiencies=[*tables.efficiencies, row])


def ids_with_own(known: KnownIds, calibrated: Calibrated) -> KnownIds:
    """The ids and the engine of somebody's own efficiency row."""
    return replace(known, engine={*known.engine, calibrated.engine}) if calibrated.given else known


def read_ids(connection: DuckDBPyConnection) -> KnownIds:
    """Ids that a link may name, whatever its day."""
    return KnownIds(
        model=frozenset(queries.models(connection)),
        api=frozenset(queries.api_offer_ids(connection)),
        gpu=frozenset(queries.gpus(connection)),
        gpu_offer=frozenset(queries.gpu_offer_ids(connection)),
        engine=frozenset(row.engine for row in queries.efficiencies(connection)),
    )


DISCOUNT_MONTHS = (4, 10)
"""Months at whose first day the discounts of the past are looked up."""


def read_rule_tables(connection: DuckDBPyConnection, day: date) -> RuleTables:
    """Quoted numbers, and dated prices."""
    past = [date(year, month, 1) for year in range(2024, day.year + 1) for month in DISCOUNT_MONTHS]
    collected = rule_queries.gpu_price_days(connection)
    return RuleTables(
        day=day,
        quotes=rule_queries.quotes(connection),
        role_prices=rule_queries.role_prices(connection),
        discounts={
            then: rule_queries.discounts_on(connection, then) for then in [*(d for d in past if d < day), day]
        },
        gpu_offers={then: queries.gpu_offers_on(connection, then) for then in sorted({*collected, day})},
        launches=rule_queries.launches(connection),
    )


def read_facts(
    connection: DuckDBPyConnection, day: date, tables_on: Callable[[date], Tables] | None = None
) -> Facts:
    """What the claims of the articles are recomputed from; ``tables_on`` where somebody keeps the tables."""
    return Facts(
        tables_on=tables_on or cache(lambda of: read_tables(connection, of)),
        inputs_on=cache(lambda of: queries.input_prices_on(connection, of)),
        appendix=tuple(queries.appendix_rows(connection)),
        day=day,
    )
