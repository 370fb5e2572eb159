"""What the page adds to the link: which rules are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from breakeven.question.fields import LinkFields
from breakeven.question.scenario import Limit

PROMPTS, PRICES, TRAINING = "Prompts", "Prices", "Training and tuning"
MEMORY, NOW = "GPU memory and speed", "New since 2023"
PARTS = (PROMPTS, PRICES, TRAINING, MEMORY, NOW)
"""Parts of the page, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which rules are shown."""

    find: str | None = None
    """Words that a rule must say; None: all rules."""
    part: str | None = None
    """One of :data:`PARTS`; None: all parts."""
    rule: str | None = None
    """The one number that is shown, by its id; None: all of them."""


LIMITS: Mapping[str, Limit] = MappingProxyType({"part": Limit(choices=PARTS)})
FIELDS = LinkFields(holds=Fields, prefix="numbers_", limits=LIMITS)
USUAL = Fields()
