"""The rules on a day, from the shipped tables or from a changed copy of them."""

from collections.abc import Callable
from datetime import date
from functools import cache

import pytest
from duckdb import DuckDBPyConnection

from breakeven.comparison.answer import compare
from breakeven.question.scenario import Scenario
from breakeven.tables.day import read_tables
from breakeven.views.numbers import Facts, Rule, all_rules
from breakeven.views.numbers.tables import read_rule_tables
from breakeven.words.numbers import Money

Rules = dict[str, Rule]


def rules_from(connection: DuckDBPyConnection, day: date, **scenario: object) -> Rules:
    """All rules by id, for the default scenario of a day."""
    asked = Scenario(as_of=day, **scenario)  # type: ignore[arg-type]
    tables = read_tables(connection, day)
    facts = Facts(
        scenario=asked,
        tables=tables,
        rows=read_rule_tables(connection, day),
        answer=compare(asked, tables),
        money=Money(),
    )
    return {rule.rule_id: rule for rule in all_rules(facts)}


@pytest.fixture(scope="session")
def rules_on(connection: DuckDBPyConnection) -> Callable[[date], Rules]:
    """All rules of a day, computed once a day."""

    @cache
    def compute(day: date) -> Rules:
        return rules_from(connection, day)

    return compute
