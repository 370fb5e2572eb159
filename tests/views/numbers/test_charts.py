"""The chart of what moved since 2023: one dot a comparable number, where its ratio says."""

from collections.abc import Callable
from datetime import date

import pytest

from breakeven.views.numbers import Rule
from breakeven.views.numbers.base import HOLDS_WITHIN
from breakeven.views.numbers.charts import HOLDS, moved_most, moves
from breakeven.words.numbers import Money


@pytest.fixture
def rules(rules_on: Callable[[date], dict[str, Rule]]) -> tuple[Rule, ...]:
    return tuple(rules_on(date(2026, 11, 30)).values())


def test_each_comparable_number_is_a_dot_at_its_ratio_and_bounds_are_none(rules: tuple[Rule, ...]) -> None:
    comparable = [rule for rule in rules if rule.ratio and not rule.still]
    (dots,) = moves(rules, Money()).data
    assert sorted(dots.x) == pytest.approx(sorted(rule.ratio for rule in comparable if rule.ratio))
    assert any(rule.still and rule.ratio for rule in rules)  # One that would stand far off and yet holds.
    for ratio, colour in zip(dots.x, dots.marker.color, strict=True):
        assert (colour == HOLDS) == (1 / HOLDS_WITHIN <= ratio <= HOLDS_WITHIN)


def test_what_moved_most_is_named_and_nothing_where_nothing_can_be_compared(rules: tuple[Rule, ...]) -> None:
    assert moved_most(rules) == "Furthest from what it was: Training a 13B model on 1.4T tokens"
    assert moved_most([rule for rule in rules if rule.recomputed is None]) == ""
