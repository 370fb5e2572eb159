"""The rules of thumb of 2023 and those that matter now, each recomputed from the tables."""

from breakeven.question.pages.numbers import PARTS
from breakeven.views.numbers.base import Facts, Line, Quantity, Rule
from breakeven.views.numbers.catalogue import all_rules, headline, matching

__all__ = ["PARTS", "Facts", "Line", "Quantity", "Rule", "all_rules", "headline", "matching"]
