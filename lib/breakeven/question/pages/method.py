"""What the page adds to the link: which formulas are shown."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.question.fields import LinkFields


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which formulas are shown."""

    find: str | None = None
    """Words that a formula must say; None: all formulas."""


CODEC = LinkFields(holds=View, prefix="method_", limits={})
DEFAULT = View()
