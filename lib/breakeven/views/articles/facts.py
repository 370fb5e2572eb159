"""What the recomputations may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import TypeVar

from breakeven.tables import queries
from breakeven.tables.day import Tables, read_tables
from breakeven.tables.queries import Connection
from breakeven.tables.records import ApiOffer, AppendixRow, Gpu, GpuOffer, Model
from breakeven.tables.scores import Scale, Scores, score_of, scores_in

Found = TypeVar("Found")


class CannotRecompute(ValueError):
    """A row or a price that a recomputation needs is not in the tables; the text says which."""


class NotSold(CannotRecompute):
    """The API that a recomputation prices has no price on that day: it is not sold."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The tables, by day."""

    tables_on: Callable[[date], Tables]
    inputs_on: Callable[[date], Mapping[str, float]]
    """Offers that sell input only (embeddings), USD per million tokens."""
    appendix: Sequence[AppendixRow]
    scores: Scores
    """Published scores of models."""
    day: date
    """Day of the scenario: "today" on the page."""

    @cached_property
    def tables(self) -> Tables:
        """Rows in force on the day of the scenario."""
        return self.tables_on(self.day)

    def model(self, model_id: str) -> Model:
        """Look up an architecture."""
        return _found(self.tables.models.get(model_id), f"no model '{model_id}'")

    def gpu(self, gpu_id: str) -> Gpu:
        """Look up a GPU."""
        return _found(self.tables.gpus.get(gpu_id), f"no GPU '{gpu_id}'")

    def gpu_offer(self, offer_id: str, day: date) -> GpuOffer:
        """Look up a rental offer in force on a day."""
        offers = (o for o in self.tables_on(day).gpu_offers if o.gpu_offer_id == offer_id)
        return _found(next(offers, None), f"no GPU offer '{offer_id}' on {day}")

    def api_offer(self, offer_id: str, day: date) -> ApiOffer:
        """Look up an API offer in force on a day."""
        offers = (o for o in self.tables_on(day).api_offers if o.api_offer_id == offer_id)
        return _found(next(offers, None), f"no price of '{offer_id}' on {day}", NotSold)

    def embedding_usd_per_mtok(self, offer_id: str, day: date) -> float:
        """Look up the price of an embedding offer on a day."""
        return _found(self.inputs_on(day).get(offer_id), f"no price of '{offer_id}' on {day}", NotSold)

    def score(self, model: str, scale: Scale) -> float:
        """Look up what a model reached on a scale."""
        return _found(score_of(self.scores, model, scale), f"no score of '{model}'").value

    def row(self, benchmark_id: str) -> AppendixRow:
        """Look up a row of the 2023 appendix."""
        rows = (row for row in self.appendix if row.benchmark_id == benchmark_id)
        return _found(next(rows, None), f"no measured row '{benchmark_id}'")


def _found(value: Found | None, what: str, kind: type[CannotRecompute] = CannotRecompute) -> Found:
    if value is None:
        raise kind(f"{what} in the tables")
    return value


def read_facts(connection: Connection, day: date, tables_on: Callable[[date], Tables] | None = None) -> Facts:
    """What the claims of the articles are recomputed from; ``tables_on`` where somebody keeps the tables."""
    return Facts(
        tables_on=tables_on or cache(lambda of: read_tables(connection, of)),
        inputs_on=cache(lambda of: queries.input_prices_on(connection, of)),
        appendix=tuple(queries.appendix_rows(connection)),
        scores=scores_in(connection),
        day=day,
    )
