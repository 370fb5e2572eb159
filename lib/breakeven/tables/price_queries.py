"""Questions of the Prices page to the tables, one function each; rows as dictionaries by column name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.tables.queries import _rows, _sql, gpu_parameters

Row = dict[str, Any]


def api_offer_facts(connection: DuckDBPyConnection, day: date) -> dict[str, Row]:
    """Day of reading, remarks, batch prices and next announced prices of each offer in force, by offer."""
    rows = _rows(connection, _sql("api_offer_facts"), {"day": day})
    return {row["api_offer_id"]: row for row in rows}


def api_changes(connection: DuckDBPyConnection, since: date, day: date) -> list[Row]:
    """Offers whose standard price on the later day is another one than on the earlier."""
    return _rows(connection, _sql("api_changes"), {"since": since, "day": day})


def api_announced(connection: DuckDBPyConnection, day: date) -> list[Row]:
    """Prices that start after the day and were announced before they start."""
    return _rows(connection, _sql("api_announced"), {"day": day})


def api_price_periods(connection: DuckDBPyConnection, offers: Sequence[str]) -> list[Row]:
    """Every standard price of some offers."""
    return _rows(connection, _sql("api_price_periods"), {"offers": list(offers)})


def gpu_rows_on(connection: DuckDBPyConnection, day: date) -> list[Row]:
    """Rental offers in force on a day, those of unknown devices too."""
    return _rows(connection, _sql("gpu_rows_on"), gpu_parameters(day))


def gpu_price_history(connection: DuckDBPyConnection, gpu_id: str) -> list[Row]:
    """Every rental price of one device, with the day on which a later listing ended it."""
    return _rows(connection, _sql("gpu_price_history"), {"gpu": gpu_id})


def newest_prices(connection: DuckDBPyConnection, day: date) -> tuple[date | None, date | None]:
    """First days of the newest API price and the newest rent on or before a day; None: there is none."""
    (row,) = _rows(connection, _sql("newest_prices"), {"day": day})
    return row["api"], row["gpu"]


def days_read(connection: DuckDBPyConnection, table: str, key: str) -> dict[str, date]:
    """Day on which each row of a table was read, by its key; both names come from the program."""
    rows = _rows(connection, f'SELECT "{key}" AS key, as_of FROM "{table}"', {})
    return {row["key"]: row["as_of"] for row in rows}


def model_facts(connection: DuckDBPyConnection) -> dict[str, Row]:
    """Licence and day of reading of each architecture."""
    return {row["model_id"]: row for row in _rows(connection, "SELECT * FROM models", {})}


def capability_periods(connection: DuckDBPyConnection, benchmark: str, least: float) -> list[Row]:
    """Every price of the hosts' offers whose published score is at least that."""
    return _rows(connection, _sql("capability_periods"), {"benchmark": benchmark, "least": least})


def models_without_row(connection: DuckDBPyConnection) -> list[Row]:
    """Open models that several hosts serve and that are not held, and why; most hosts first."""
    sql = (
        'SELECT "name" AS "Model", hosts AS "Hosts", why AS "Why", place_as AS "Place it as" '
        'FROM models_without_row ORDER BY hosts DESC, "name"'
    )
    return _rows(connection, sql, {})


def provisioned_throughput(connection: DuckDBPyConnection, day: date) -> list[Row]:
    """What one unit of reserved API capacity carries, as known on a day."""
    sql = (
        'SELECT provider AS "Provider", api_model AS "Model", unit AS "Unit", '
        'input_tokens_per_minute AS "Input tokens per minute", least_units AS "Least", step_units AS "Step", '
        'valid_from AS "On" FROM provisioned_throughput WHERE valid_from <= $day '
        "ORDER BY provider, api_model"
    )
    return _rows(connection, sql, {"day": day})
