"""From a recomputed value to a verdict, and the verdict in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from breakeven.question.pages.articles import OPEN, REPRODUCES, ROUNDS, WRONG
from breakeven.tables.records import Claim

# Importing them fills the registry.
from breakeven.views.articles import appendix, money, transformer  # noqa: F401
from breakeven.views.articles.facts import CannotRecompute, Facts
from breakeven.views.articles.registry import recompute
from breakeven.words.numbers import number

MARKS = {REPRODUCES: "✓", ROUNDS: "≈", WRONG: "✗", OPEN: "?"}
"""A verdict has a mark and a word, never a colour alone."""
_SLACK = 1 + 1e-9
"""Keeps a value on the edge of a rounding step inside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A claim, recomputed."""

    claim: Claim
    value: float | None
    """Recomputed, in the unit of the quote; None: nothing recomputes it."""
    verdict: str
    reason: str | None
    """Why it could not be recomputed, where a row is missing from the tables."""


def judge(claims: Iterable[Claim], facts: Facts) -> tuple[Judged, ...]:
    """Recompute claims; one whose rows are missing cannot be checked and says why."""
    return tuple(_judged(claim, facts) for claim in claims)


def _judged(claim: Claim, facts: Facts) -> Judged:
    if claim.expression is None:
        return Judged(claim=claim, value=None, verdict=OPEN, reason=None)
    try:
        value = recompute(claim.expression, claim.inputs, facts) / claim.scale
    except CannotRecompute as reason:
        return Judged(claim=claim, value=None, verdict=OPEN, reason=str(reason))
    return Judged(claim=claim, value=value, verdict=verdict_of(claim, value), reason=None)


def verdict_of(claim: Claim, value: float) -> str:
    """Judge a recomputed value, given in the unit of the quote.

    A claim reproduces within half a step of its last printed digit, rounds within its tolerance, and is
    wrong beyond. "At least" and "at most" hold on their side of the quote.
    """
    quoted = claim.quoted_value
    if claim.relation == "open" or quoted is None:
        return OPEN
    gap = abs(value - quoted)
    right_side = {"at least": value >= quoted, "at most": value <= quoted}.get(claim.relation, False)
    if right_side or gap <= claim.last_digit / 2 * _SLACK:
        return REPRODUCES
    return ROUNDS if gap <= claim.tolerance * abs(quoted) * _SLACK else WRONG


def factor(judged: Judged) -> float | None:
    """How many times too high the quote is; below 1 it is too low. None where there is no ratio."""
    quoted = judged.claim.quoted_value
    if judged.value is None or quoted is None or judged.value * quoted <= 0:
        return None
    return quoted / judged.value


def verdict_text(judged: Judged) -> str:
    """Write the verdict: mark, word and, where it is wrong, by how much."""
    mark = f"{MARKS[judged.verdict]} {judged.verdict}"
    if judged.verdict != WRONG or judged.value is None or judged.claim.quoted_value is None:
        return mark
    ratio = factor(judged)
    if ratio is None:
        return mark
    side = "high" if ratio > 1 else "low"
    times = max(ratio, 1 / ratio)
    if times < 1.05 and judged.claim.unit.startswith("$"):
        gap = abs(judged.claim.quoted_value - judged.value)
        return f"{mark}: {amount(gap, judged.claim.unit)} too {side}"
    return f"{mark}: {number(times)}× too {side}"


def amount(value: float | None, unit: str) -> str:
    """Write a value of the table with its unit: four digits, whole numbers and dollars in full.

    >>> amount(0.00042975, "$ per 1K tokens"), amount(327680, "B per token"), amount(49.87, "×")
    ('$0.0004298 per 1K tokens', '327,680 B per token', '49.87×')
    >>> amount(167810.42, "$"), amount(1059115.38, "$"), amount(-3, "$")
    ('$167,810', '$1,059,115', '−$3')
    """
    if value is None:
        return "–"
    if unit.startswith("$"):
        return f"{'−' if value < 0 else ''}${_dollars(abs(value))}{unit[1:]}"
    whole = value == round(value) and abs(value) < 1e7
    text = f"{value:,.0f}" if whole else number(value, 4)
    return f"{text}{unit}" if unit == "×" else f"{text} {unit}".strip()


def _dollars(value: float) -> str:
    if value >= 100_000:
        return f"{value:,.0f}"
    if value >= 1:
        return f"{value:,.2f}".removesuffix(".00")
    return number(value, 4)
