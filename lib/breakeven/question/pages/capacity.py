"""What a capacity plan adds to the scenario, and how it is written into a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from breakeven.question.fields import LinkFields
from breakeven.question.scenario import Limit, complaint

TOKEN_BUDGET = 8192
"""Tokens of one step, decodes and prompts together (vLLM's default for serving on data-centre GPUs)."""
ROUTINGS = ("least-backlog", "round-robin")
"""How a request finds its replica."""
LIMITS: Mapping[str, Limit] = {
    "percent": Limit(low=1, high=100),
    "routing": Limit(choices=ROUTINGS),
    "delay": Limit(low=0, high=3600),
    "minimum": Limit(low=0, high=1000),
    "budget": Limit(low=64, high=1_000_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a capacity plan adds to the scenario."""

    percent: float = 95.0
    """Per cent of the requests that must keep the targets. [%]"""
    routing: str = ROUTINGS[0]
    """How a request finds its replica."""
    delay: float = 120.0
    """From ordering a replica until it serves, where the fleet follows the load. [s]"""
    minimum: int = 1
    """Replicas that an autoscaled fleet keeps. [-]"""
    budget: int = TOKEN_BUDGET
    """Tokens of one step, decodes and prompts together. [tokens]"""

    def __post_init__(self) -> None:
        """Refuse values that no replay is valid for."""
        for name in LIMITS:
            reason = complaint(name, getattr(self, name), LIMITS)
            if reason:
                raise ValueError(f"{reason}, got {getattr(self, name)}")


FIELDS = LinkFields(holds=Fields, prefix="plan_", limits=LIMITS)
"""The plan's part of a link."""
USUAL = Fields()
"""What a visitor starts from."""
