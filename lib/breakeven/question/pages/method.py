"""What the page adds to the link: which formulas are shown."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.question.fields import LinkFields


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which formulas are shown."""

    find: str | None = None
    """Words that a formula must say; None: all formulas."""


FIELDS = LinkFields(holds=Fields, prefix="method_", limits={})
USUAL = Fields()
