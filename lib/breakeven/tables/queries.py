"""Questions to the tables, one function each. A cursor per call: sessions are threads."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pandas as pd
from duckdb import DuckDBPyConnection
from pandas import DataFrame

from breakeven.tables.exports import Processing
from breakeven.tables.records import (
    ApiOffer,
    AppendixRow,
    Benchmark,
    BenchmarkNote,
    CalibrationError,
    Claim,
    Efficiency,
    Gpu,
    GpuOffer,
    Layout,
    LayoutError,
    LayoutRun,
    Model,
    NodeLink,
    PeerError,
    Precision,
    Preset,
    PriceTier,
    PublishedDay,
    RangeOf,
    Source,
    TrainingRun,
    TuningPrice,
)

Row = TypeVar(
    "Row",
    Model,
    Gpu,
    GpuOffer,
    Precision,
    Efficiency,
    Preset,
    Source,
    Claim,
    AppendixRow,
    TrainingRun,
    TuningPrice,
    Benchmark,
    BenchmarkNote,
    CalibrationError,
    PeerError,
    NodeLink,
    Layout,
    LayoutRun,
    LayoutError,
    PublishedDay,
)

GPU_OFFER_MAX_AGE_DAYS = 500
"""A rental price that was read longer ago than this no longer counts as in force. The longest gap
between two collections is 494 days (2023-10-30 to 2025-03-07): a shorter age would leave days
without any price. An offer that a later complete listing lacks ends on that day already."""

NEAR_PRICE = 0.2
"""Two prices of one device are about the same up to here. [0 to 1]"""

BILLED_AS = {
    "cache_read_usd_per_mtok": ("cache_read_usd_per_mtok", "input_usd_per_mtok"),
    "cache_write_5m_usd_per_mtok": ("cache_write_5m_usd_per_mtok", "input_usd_per_mtok"),
    "cache_write_1h_usd_per_mtok": (
        "cache_write_1h_usd_per_mtok",
        "cache_write_5m_usd_per_mtok",
        "input_usd_per_mtok",
    ),
    "audio_input_usd_per_mtok": ("audio_input_usd_per_mtok", "input_usd_per_mtok"),
    "audio_cache_read_usd_per_mtok": (
        "audio_cache_read_usd_per_mtok",
        "audio_input_usd_per_mtok",
        "input_usd_per_mtok",
    ),
    "audio_output_usd_per_mtok": ("audio_output_usd_per_mtok", "output_usd_per_mtok"),
    "image_input_usd_per_mtok": ("image_input_usd_per_mtok", "input_usd_per_mtok"),
    "image_cache_read_usd_per_mtok": (
        "image_cache_read_usd_per_mtok",
        "image_input_usd_per_mtok",
        "input_usd_per_mtok",
    ),
    "image_output_usd_per_mtok": ("image_output_usd_per_mtok", "output_usd_per_mtok"),
}
"""The price rule: tokens are billed at the first of these columns that has a price. Bills of shapes read it
through :func:`billed`, bills of workloads through :func:`with_billed`."""


def billed(tier: PriceTier, column: str) -> Decimal:
    """Price at which a tier bills what has that column. [USD/1e6 tokens]"""
    prices = (getattr(tier, name) for name in BILLED_AS.get(column, (column,)))
    return next((price for price in prices if price is not None), Decimal(0))


def with_billed(sql: str) -> str:
    """Fill ``{column}`` in a statement over rows ``p`` of api_prices with the price that is billed."""
    for column, names in BILLED_AS.items():
        sql = sql.replace(f"{{{column}}}", f"COALESCE({', '.join(f'p.{name}' for name in names)})")
    return sql


Connection: TypeAlias = DuckDBPyConnection
"""What a query is asked of."""


@cache
def _sql(name: str) -> str:
    """Text of one query."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _rows(connection: DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a query and name the columns of its rows."""
    result = connection.cursor().execute(sql, parameters)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _records(kind: type[Row], rows: list[dict[str, Any]]) -> list[Row]:
    """Make records of rows, columns by name."""
    names = [field.name for field in fields(kind)]
    return [kind(**{name: row[name] for name in names}) for row in rows]


def models(connection: DuckDBPyConnection) -> dict[str, Model]:
    """All architectures by id, by name."""
    rows = _rows(connection, "SELECT * FROM models ORDER BY name", {})
    return {record.model_id: record for record in _records(Model, rows)}


def gpus(connection: DuckDBPyConnection) -> dict[str, Gpu]:
    """All accelerators by id, newest first."""
    rows = _rows(connection, "SELECT * FROM gpus ORDER BY launch_year DESC, name", {})
    return {record.gpu_id: record for record in _records(Gpu, rows)}


def precisions(connection: DuckDBPyConnection) -> dict[str, Precision]:
    """All number formats by id."""
    rows = _rows(connection, "SELECT * FROM precisions", {})
    return {record.precision_id: record for record in _records(Precision, rows)}


def efficiencies(connection: DuckDBPyConnection) -> list[Efficiency]:
    """All efficiency rows."""
    rows = _rows(connection, "SELECT * FROM efficiency ORDER BY efficiency_id", {})
    return _records(Efficiency, [row | {"range_of": RangeOf(row["range_of"])} for row in rows])


def benchmarks(connection: DuckDBPyConnection) -> list[Benchmark]:
    """All measured rows, by key."""
    return _records(Benchmark, _rows(connection, "SELECT * FROM benchmarks ORDER BY benchmark_id", {}))


def benchmark_notes(connection: DuckDBPyConnection) -> list[BenchmarkNote]:
    """How the measured runs were set up, in the order of the file."""
    return _records(BenchmarkNote, _rows(connection, "SELECT * FROM benchmark_notes ORDER BY rowid", {}))


def calibration_errors(connection: DuckDBPyConnection) -> list[CalibrationError]:
    """Predicted over measured of every row that is compared, with and without it in the fit."""
    sql = "SELECT * FROM calibration_errors ORDER BY benchmark_id, quantity"
    return _records(CalibrationError, _rows(connection, sql, {}))


def node_links(connection: DuckDBPyConnection) -> dict[str, NodeLink]:
    """Networks between nodes, by GPU."""
    sql = "SELECT * FROM node_links ORDER BY gpu_id"
    return {row.gpu_id: row for row in _records(NodeLink, _rows(connection, sql, {}))}


def layouts(connection: DuckDBPyConnection) -> list[Layout]:
    """What ranks and separate pools add to an efficiency row."""
    return _records(Layout, _rows(connection, "SELECT * FROM layouts ORDER BY layout_id", {}))


def layout_runs(connection: DuckDBPyConnection) -> list[LayoutRun]:
    """Measured runs with ranks or separate pools, by key."""
    return _records(LayoutRun, _rows(connection, "SELECT * FROM layout_runs ORDER BY run_id", {}))


def layout_errors(connection: DuckDBPyConnection) -> list[LayoutError]:
    """Predicted over measured of those runs, with and without their cell in the fit."""
    sql = "SELECT * FROM layout_errors ORDER BY run_id, quantity"
    return _records(LayoutError, _rows(connection, sql, {}))


def published_days(connection: DuckDBPyConnection) -> list[PublishedDay]:
    """Fleets that others published."""
    return _records(PublishedDay, _rows(connection, "SELECT * FROM published_days ORDER BY day_id", {}))


def peer_errors(connection: DuckDBPyConnection) -> list[PeerError]:
    """Errors of other predictors on measured rows that we hold too."""
    sql = "SELECT * FROM peer_errors ORDER BY peer_error_id"
    return _records(PeerError, _rows(connection, sql, {}))


def presets(connection: DuckDBPyConnection) -> dict[str, Preset]:
    """All workload shapes by id, prompt-heavy ones first."""
    order = "ORDER BY prompt_tokens / completion_tokens DESC, preset_id"
    rows = _rows(connection, f"SELECT * FROM presets {order}", {})
    return {record.preset_id: record for record in _records(Preset, rows)}


def sources(connection: DuckDBPyConnection) -> dict[str, Source]:
    """All sources by id."""
    noticed = "SELECT sources.*, notice FROM sources LEFT JOIN source_notices USING (source_id)"
    rows = _rows(connection, f"{noticed} ORDER BY source_id", {})
    return {record.source_id: record for record in _records(Source, rows)}


def training_runs(connection: DuckDBPyConnection) -> list[TrainingRun]:
    """All published training runs, oldest first."""
    return _records(
        TrainingRun, _rows(connection, "SELECT * FROM training_runs ORDER BY published, run_id", {})
    )


def tuning_prices_on(connection: DuckDBPyConnection, day: date) -> list[TuningPrice]:
    """Prices of tuning through an API in force on a day; an older price of the same model is left out."""
    return _records(TuningPrice, _rows(connection, _sql("tuning_prices_on"), {"day": day}))


def gpu_offers_on(connection: DuckDBPyConnection, day: date) -> list[GpuOffer]:
    """Rental offers in force on a day that can be ranked."""
    return _records(GpuOffer, _rows(connection, _gpu_offers(), gpu_parameters(day)))


def gpu_parameters(day: date) -> dict[str, Any]:
    """Parameters of the statements about rental offers in force on a day."""
    return {"day": day, "max_age_days": GPU_OFFER_MAX_AGE_DAYS, "near": NEAR_PRICE}


def _gpu_offers() -> str:
    """The statement about resolved devices, which stands on the one about all of them."""
    return _sql("gpu_offers_on").replace("\n{gpu_rows_on}", "\n" + _sql("gpu_rows_on"))


def api_offers_on(
    connection: DuckDBPyConnection, day: date, processing: Processing = Processing.STANDARD
) -> list[ApiOffer]:
    """API offers in force on a day, with their tiers."""
    rows = _rows(connection, _sql("api_offers_on"), {"day": day, "processing": str(processing)})
    offers = []
    for _, group in groupby(rows, key=lambda row: row["api_offer_id"]):
        tiers = list(group)
        offers.append(_api_offer(tiers))
    return offers


def _api_offer(tiers: list[dict[str, Any]]) -> ApiOffer:
    """Make one offer of the rows of its tiers."""
    first = tiers[0]
    return ApiOffer(
        **{name: first[name] for name in _OFFER_FIELDS},
        tiers=tuple(
            PriceTier(
                above_tokens=row["tier_above_tokens"],
                usd_per_request=row["usd_per_request"] or Decimal(0),
                **{name: row[name] for name in _METERS},
            )
            for row in tiers
        ),
    )


_OFFER_FIELDS = tuple(field.name for field in fields(ApiOffer) if field.name != "tiers")
_METERS = (
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "cache_read_usd_per_mtok",
    "cache_write_5m_usd_per_mtok",
    "cache_write_1h_usd_per_mtok",
)


def claims(connection: DuckDBPyConnection) -> list[Claim]:
    """Claims of the articles, in the order of the file."""
    return _records(Claim, _rows(connection, "SELECT * FROM claims ORDER BY rowid", {}))


def appendix_rows(connection: DuckDBPyConnection) -> list[AppendixRow]:
    """The 2023 appendix as printed, with what was measured."""
    return _records(AppendixRow, _rows(connection, _sql("appendix_rows"), {}))


def input_prices_on(connection: DuckDBPyConnection, day: date) -> dict[str, float]:
    """Prices of the offers that sell input only (embeddings) on a day, in USD per million tokens."""
    rows = _rows(connection, _sql("input_prices_on"), {"day": day})
    return {row["api_offer_id"]: float(row["input_usd_per_mtok"]) for row in rows}


def gpu_offer_ids(connection: DuckDBPyConnection) -> list[str]:
    """Keys of all rental offers that can be ranked, whatever their day."""
    ranked = "gpu_id IS NOT NULL AND price_type <> 'serverless'"
    rows = _rows(connection, f"SELECT gpu_offer_id FROM gpu_prices WHERE {ranked}", {})
    return [row["gpu_offer_id"] for row in rows]


def api_offer_ids(connection: DuckDBPyConnection) -> list[str]:
    """Keys of all API offers, whatever their day."""
    rows = _rows(connection, "SELECT DISTINCT api_offer_id FROM api_prices ORDER BY api_offer_id", {})
    return [row["api_offer_id"] for row in rows]


def frame_on(connection: DuckDBPyConnection, table: str, day: date) -> DataFrame:
    """One table; of prices the rows in force on a day, of every kind of processing."""
    found = connection.cursor()
    if table == "api_prices":
        kinds = _rows(connection, "SELECT DISTINCT processing FROM api_prices ORDER BY ALL", {})
        frames = [found.execute(_sql("api_offers_on"), {"day": day} | kind).df() for kind in kinds]
        return pd.concat(frames, ignore_index=True)
    parameters: dict[str, Any] = {"day": day}
    if table == "gpu_prices":
        only = f"SELECT * EXCLUDE (age_days, confirmed_on) FROM (\n{_gpu_offers()})"
        return found.execute(only, gpu_parameters(day)).df()
    if table == "tuning_prices":
        return found.execute(_sql("tuning_prices_on"), parameters).df()
    return found.execute(f'SELECT * FROM "{table}"').df()


def counts(connection: DuckDBPyConnection) -> dict[str, int]:
    """Rows of every table."""
    names = [row["table_name"] for row in _rows(connection, "SELECT table_name FROM duckdb_tables()", {})]
    return {
        name: _rows(connection, f'SELECT count(*) AS n FROM "{name}"', {})[0]["n"] for name in sorted(names)
    }
