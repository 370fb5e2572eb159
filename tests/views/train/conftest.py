"""Plans answered from the shipped tables."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from breakeven.question.pages.train import Fields
from breakeven.question.scenario import Scenario
from breakeven.tables import queries
from breakeven.tables.day import Tables
from breakeven.views.train.answer import TrainingAnswer, TrainingFacts, train
from tests.builders import DEFAULT


@pytest.fixture(scope="session")
def facts_on(connection) -> Callable[[date], TrainingFacts]:
    """Rows that only training needs."""
    return lambda day: TrainingFacts(
        runs=tuple(queries.training_runs(connection)),
        tuning_prices=tuple(queries.tuning_prices_on(connection, day)),
    )


@pytest.fixture(scope="session")
def ask(
    tables_on: Callable[[date], Tables], facts_on: Callable[[date], TrainingFacts]
) -> Callable[..., TrainingAnswer]:
    """Answer a plan: keywords are fields of the plan, ``scenario`` replaces the usual one."""

    def answer(scenario: Scenario | None = None, **plan: Any) -> TrainingAnswer:
        asked = scenario or DEFAULT
        return train(replace(Fields(), **plan), asked, tables_on(asked.as_of), facts_on(asked.as_of))

    return answer
