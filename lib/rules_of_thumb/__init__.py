"""The rules of thumb of 2023 and those that matter now, each recomputed from the tables."""

from lib.rules_of_thumb.base import Facts, Line, Quantity, Rule
from lib.rules_of_thumb.catalogue import PARTS, all_rules, headline, matching

__all__ = ["PARTS", "Facts", "Line", "Quantity", "Rule", "all_rules", "headline", "matching"]
