"""What has become of a claim: the same recomputation with the prices of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from breakeven.hosting import gpu_price
from breakeven.question.pages.articles import DOCUMENTS, OPEN, WRONG, Standing
from breakeven.question.scenario import MEDIAN
from breakeven.tables.records import Claim, GpuOffer
from breakeven.views.articles.documents import parts_of
from breakeven.views.articles.facts import CannotRecompute, Facts, NotSold
from breakeven.views.articles.judge import Judged, judge, verdict_of
from breakeven.views.articles.registry import pairs, recompute

MARKS = {Standing.HOLDS: "✓", Standing.HELD_THEN: "↻", Standing.WRONG: "✗", Standing.OPEN: "?"}
"""A standing has a mark and a word, never a colour alone."""
_DAY = "day"
"""Input of a recomputation that says of which day its prices are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A claim with its verdict then and what it comes to now."""

    judged: Judged
    standing: Standing
    now: float | None
    """The same with today's prices, in the unit of the quote; None: it rests on none, or none is known."""
    missing: str | None
    """Why there is no value of today, where there is one of then."""

    @property
    def claim(self) -> Claim:
        """Its row."""
        return self.judged.claim


def check(claims: Iterable[Claim], facts: Facts) -> tuple[Checked, ...]:
    """Judge claims, each with the prices of its day and with those of the day of the facts."""
    today = _Today(**{item.name: getattr(facts, item.name) for item in fields(facts)})
    return tuple(_checked(one, today) for one in judge(claims, facts))


@dataclass(frozen=True, kw_only=True)
class _Today(Facts):
    """The tables, where a rent of the past is asked for at what the same GPU costs today."""

    then: date | None = None
    """Day of the claim."""

    def gpu_offer(self, offer_id: str, day: date) -> GpuOffer:
        """Price the GPU of an offer of then at the median of today, in the offer's kind of price."""
        before = Facts.gpu_offer(self, offer_id, self.then or day)
        price = (
            gpu_price(
                self.tables.gpu_offers, gpu_id=before.gpu_id, price_type=before.price_type, choice=MEDIAN
            )
            if before.gpu_id
            else None
        )
        if price is None:
            raise CannotRecompute(f"no {before.price_type} price of that GPU on {self.day}")
        return replace(before, usd_per_gpu_hour=price.usd_per_gpu_hour)


def _checked(one: Judged, today: _Today) -> Checked:
    """Hold the verdict of then against the value of now."""
    now: float | None = None
    missing: str | None = None
    standing = {WRONG: Standing.WRONG, OPEN: Standing.OPEN}.get(one.verdict, Standing.HOLDS)
    held = standing == Standing.HOLDS
    try:
        now = _now(one, today)
    except CannotRecompute as reason:
        missing = str(reason).removesuffix(" in the tables")
        if held and isinstance(reason, NotSold):
            standing = Standing.HELD_THEN
    if held and now is not None and verdict_of(one.claim, now) == WRONG:
        standing = Standing.HELD_THEN
    return Checked(judged=one, standing=standing, now=now, missing=missing)


def _now(one: Judged, today: _Today) -> float | None:
    """Value with the prices of today; None where the claim rests on no price, or is of no earlier day."""
    claim = one.claim
    given = pairs(claim.inputs)
    if claim.expression is None or one.value is None or _DAY not in given:
        return None
    then = date.fromisoformat(given[_DAY])
    if then >= today.day:
        return None
    given[_DAY] = today.day.isoformat()
    asked = " ".join(f"{key}={value}" for key, value in given.items())
    return recompute(claim.expression, asked, replace(today, then=then)) / claim.scale


def standings_by(checked: Sequence[Checked]) -> dict[str, Counter[Standing]]:
    """Count the claims of each standing by document, each called by the first words of its name."""
    found: dict[str, Counter[Standing]] = {}
    for key, name in DOCUMENTS.items():
        here = [one.standing for one in checked if one.claim.document in parts_of(key)]
        found[name.partition(":")[0]] = Counter(here)
    return found


def best_and_worst(counts: Mapping[str, Counter[Standing]]) -> str:
    """Say of which document most of what can be checked holds, and of which least."""
    shares = {
        name: here[Standing.HOLDS] / known
        for name, here in counts.items()
        if (known := here.total() - here[Standing.OPEN])
    }
    if len(shares) < 2:
        return "What has become of the claims"
    best, worst = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    return f"Of what can be checked most holds in {best}, least in {worst}"
