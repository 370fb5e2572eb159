"""Version 1 of a sums file: its columns, and what its rows stand for; in words in ``docs/sums-file.md``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

VERSION = 1
MARK = "breakeven_sums"
"""The first column, which holds the version; a table that has it is a sums file."""


class Level(StrEnum):
    """What a row sums up."""

    ABOUT = "about"
    """One row: the lengths at which the file tells requests apart, as JSON in ``text``."""
    TOTAL = "total"
    """One row: all good rows."""
    MODEL = "model"
    LENGTH = "length"
    """By model, how it was processed, tier, context and both lengths."""
    TIME = "time"
    TENANT = "tenant"
    PEAK = "peak"
    """The busiest step that is finer than those of ``time``."""
    METER = "meter"
    """What is counted beside tokens of text; its name in ``text``."""
    REJECTED = "rejected"
    """Rows that could not be read."""
    SKIPPED = "skipped"
    """Rows that are no request or failed, by their own mark."""
    PROBLEM = "problem"
    """One bad row, as JSON in ``text``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a sums file; columns that say nothing at its level are empty."""

    level: Level
    model: str | None = None
    processing: str | None = None
    region: str | None = None
    tier_above: int | None = None
    """The longest of the tiers' lengths that the prompt exceeds, 0: none. [tokens]"""
    context_above: int | None = None
    """The same of the context windows and the whole request; empty: not known."""
    prompt_from: int | None = None
    """First length of the bin of the prompt; empty: not known. [tokens]"""
    completion_from: int | None = None
    step_minutes: int | None = None
    start_minute: int | None = None
    """Minutes since 1970 (UTC), or since the start of a trace; empty: the rows have no time."""
    tenant: str | None = None
    free: int | None = None
    """1: the file says what was paid, and for these nothing."""
    rows: int | None = None
    requests: int | None = None
    input_uncached: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost_usd: float | None = None
    longest: int | None = None
    """Longest request. [tokens]"""
    first_us: int | None = None
    """First arrival. [microseconds since 1970, or since the start]"""
    last_us: int | None = None
    amount: int | None = None
    text: str | None = None


COLUMNS = (MARK, *(one.name for one in fields(Row)))
TEXTS = frozenset(("level", "model", "processing", "region", "tenant", "text"))
"""Columns of text; ``cost_usd`` is a number, every other one a whole number."""
KEYS: dict[Level, tuple[str, ...]] = {
    Level.ABOUT: (),
    Level.TOTAL: (),
    Level.MODEL: ("model",),
    Level.LENGTH: (
        "model",
        "processing",
        "region",
        "tier_above",
        "context_above",
        "prompt_from",
        "completion_from",
    ),
    Level.TIME: ("start_minute", "model", "processing", "region", "tier_above"),
    Level.TENANT: ("tenant", "free", "model", "processing", "region", "tier_above"),
    Level.PEAK: (),
    Level.METER: ("text", "model", "processing", "region"),
    Level.REJECTED: (),
    Level.SKIPPED: (),
}
"""Columns that no two rows of a level have alike."""
