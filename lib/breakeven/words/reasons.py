"""Why something is missing from an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that cannot be ranked, and why."""

    what: str
    why: str
