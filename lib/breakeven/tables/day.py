"""Rows in force on one day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, wraps
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from duckdb import DuckDBPyConnection

from breakeven.tables import queries
from breakeven.tables.records import (
    ApiOffer,
    Efficiency,
    Gpu,
    GpuOffer,
    Layout,
    Model,
    NodeLink,
    Precision,
    Source,
)

if TYPE_CHECKING:
    from pandas import DataFrame

Parts = TypeVarTuple("Parts")
Derived = TypeVar("Derived")

MOST_KEPT = 64
"""Answers of one function that are kept for the next visitor who asks for the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """Rows in force on the day of the scenario; shared by all visitors, and each day is its own key."""

    models: Mapping[str, Model]
    gpus: Mapping[str, Gpu]
    precisions: Mapping[str, Precision]
    efficiencies: Sequence[Efficiency]
    gpu_offers: Sequence[GpuOffer]
    api_offers: Sequence[ApiOffer]
    sources: Mapping[str, Source]
    layouts: Sequence[Layout]
    node_links: Mapping[str, NodeLink]

    @cached_property
    def api_offers_by_model(self) -> Mapping[str | None, list[ApiOffer]]:
        """Offers that serve each open model."""
        grouped: dict[str | None, list[ApiOffer]] = {}
        for offer in self.api_offers:
            grouped.setdefault(offer.model_id, []).append(offer)
        return grouped


def derived(build: Callable[[Tables, *Parts], Derived]) -> Callable[[Tables, *Parts], Derived]:
    """Keep what a function makes of the rows of a day and the parts of a question.

    Its arguments are all that it can hang on, so they are the key: each must be hashable. What is kept
    goes with the tables that it was made of.
    """
    kept: WeakKeyDictionary[Tables, dict[tuple[*Parts], Derived]] = WeakKeyDictionary()

    @wraps(build)
    def once(tables: Tables, *parts: *Parts) -> Derived:
        found = kept.setdefault(tables, {})
        if parts in found:
            return found[parts]
        made = build(tables, *parts)
        if len(found) >= MOST_KEPT:
            kept[tables] = found = {}  # another session may be reading the old one
        found[parts] = made
        return made

    return once


def read_tables(connection: DuckDBPyConnection, day: date) -> Tables:
    """Rows in force on a day."""
    return Tables(
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        efficiencies=queries.efficiencies(connection),
        gpu_offers=queries.gpu_offers_on(connection, day),
        api_offers=queries.api_offers_on(connection, day),
        sources=queries.sources(connection),
        layouts=queries.layouts(connection),
        node_links=queries.node_links(connection),
    )


def frames_on(connection: DuckDBPyConnection, day: date) -> dict[str, DataFrame]:
    """Every table; of prices the rows in force on a day, by the statements that the pages use."""
    return {name: queries.frame_on(connection, name, day) for name in queries.counts(connection)}
