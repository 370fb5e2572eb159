"""What the page adds to the link: which rules are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lib.link_fields import LinkFields
from lib.rules_of_thumb.catalogue import PARTS
from lib.scenario import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which rules are shown."""

    find: str | None = None
    """Words that a rule must say; None: all rules."""
    part: str | None = None
    """One of :data:`lib.rules_of_thumb.catalogue.PARTS`; None: all parts."""


LIMITS: Mapping[str, Limit] = MappingProxyType({"part": Limit(choices=PARTS)})
CODEC = LinkFields(holds=View, prefix="numbers_", limits=LIMITS)
DEFAULT = View()
