"""What the page that prices a file adds to the scenario, and how it is written into a link."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.question.fields import LinkFields


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """How good another model must be."""

    floor: str = "used"
    """``used``: at least as good as the one that it replaces; ``none``; or a model that has a score."""


FIELDS = LinkFields(holds=Fields, prefix="bill_", limits={})
"""The page's part of a link."""
USUAL = Fields()
"""What a visitor starts from."""
