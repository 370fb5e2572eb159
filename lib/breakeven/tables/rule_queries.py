"""Questions that only the rules of thumb ask. A cursor per call: sessions are threads."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

from duckdb import DuckDBPyConnection

from breakeven.tables.queries import _rows, _sql
from breakeven.tables.records import Discount, Quote, RolePrice


def quotes(connection: DuckDBPyConnection) -> dict[tuple[str, str], Quote]:
    """Every number that a rule quotes or starts from, by rule and item."""
    rows = _rows(connection, "SELECT * FROM rules_of_thumb ORDER BY rule_id, item", {})
    names = [field.name for field in fields(Quote)]
    return {(row["rule_id"], row["item"]): Quote(**{name: row[name] for name in names}) for row in rows}


def role_prices(connection: DuckDBPyConnection) -> list[RolePrice]:
    """Every price of the offers that have a role, by role, provider, place and day."""
    return [
        RolePrice(
            **{k: row[k] for k in ("role", "provider", "place", "api_model", "valid_from", "valid_to")},
            input_usd_per_mtok=float(row["input_usd_per_mtok"]),
            output_usd_per_mtok=float(row["output_usd_per_mtok"] or 0),
            source_id=row["source_id"],
        )
        for row in _rows(connection, _sql("role_prices"), {})
    ]


def discounts_on(connection: DuckDBPyConnection, day: date) -> list[Discount]:
    """What the makers of models take off for cached input and for batch work on a day."""
    found = []
    for row in _rows(connection, _sql("discounts_on"), {"day": day}):
        cached, batch_in, batch_out = (
            None if row[name] is None else float(row[name])
            for name in ("cache_read_usd_per_mtok", "batch_input_usd_per_mtok", "batch_output_usd_per_mtok")
        )
        full_in, full_out = float(row["input_usd_per_mtok"]), float(row["output_usd_per_mtok"])
        found.append(
            Discount(
                api_offer_id=row["api_offer_id"],
                provider=row["provider"],
                cached=None if cached is None else 1 - cached / full_in,
                batch_input=None if batch_in is None else 1 - batch_in / full_in,
                batch_output=None if batch_out is None else 1 - batch_out / full_out,
                source_id=row["source_id"],
            )
        )
    return found


def launches(connection: DuckDBPyConnection) -> dict[str, int]:
    """Year in which each accelerator came out."""
    rows = _rows(connection, "SELECT gpu_id, launch_year FROM gpus", {})
    return {row["gpu_id"]: row["launch_year"] for row in rows}


def gpu_price_days(connection: DuckDBPyConnection) -> list[date]:
    """Days on which on-demand rental prices were read."""
    sql = "SELECT DISTINCT valid_from FROM gpu_prices WHERE price_type = 'on-demand' ORDER BY valid_from"
    return [row["valid_from"] for row in _rows(connection, sql, {})]
