"""Rows in force on one day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from duckdb import DuckDBPyConnection

from breakeven.tables import queries
from breakeven.tables.records import ApiOffer, Efficiency, Gpu, GpuOffer, Model, Precision

if TYPE_CHECKING:
    from pandas import DataFrame

Kept = TypeVar("Kept")


MOST_KEPT = 64
"""Maps and sets of deployments that are kept for the next visitor who asks for the same."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Rows in force on the day of the scenario; shared by all visitors, so what is derived is kept."""

    models: Mapping[str, Model]
    gpus: Mapping[str, Gpu]
    precisions: Mapping[str, Precision]
    efficiencies: Sequence[Efficiency]
    gpu_offers: Sequence[GpuOffer]
    api_offers: Sequence[ApiOffer]
    kept: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What pages derive from the rows and need again, by their own keys; see :meth:`keep`."""

    def keep(self, key: tuple[object, ...], build: Callable[[], Kept]) -> Kept:
        """Build something once for the visitors who need the same."""
        if key not in self.kept:
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = build()
        found: Kept = self.kept[key]
        return found

    @cached_property
    def api_offers_by_model(self) -> Mapping[str | None, list[ApiOffer]]:
        """Offers that serve each open model."""
        grouped: dict[str | None, list[ApiOffer]] = {}
        for offer in self.api_offers:
            grouped.setdefault(offer.model_id, []).append(offer)
        return grouped


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


def frames_on(connection: DuckDBPyConnection, day: date) -> dict[str, DataFrame]:
    """Every table; of prices the rows in force on a day, by the statements that the pages use."""
    return {name: queries.frame_on(connection, name, day) for name in queries.counts(connection)}
