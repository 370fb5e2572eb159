"""What a shared link shows before it is opened: the verdict of its scenario, and both bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from breakeven.comparison import words
from breakeven.comparison.answer import Comparison, ShapeAnswer, compare
from breakeven.dashboard.session import database, known_ids
from breakeven.question.asked import ids_with_own, with_own
from breakeven.question.calibrated import Fields as Calibrated
from breakeven.question.calibrated import calibration_of
from breakeven.question.link import decode
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables, read_tables
from breakeven.words.names import kind_of, shape_name

NAME = "Breakeven"
ABOUT = "LLM API, or your own GPUs? Your workload priced both ways, with the working."
PAGES = {
    "": "API or self-hosting",
    "compare": "API or self-hosting",
    "deploy": "Which GPUs, how many, what they cost",
    "train": "What training costs",
    "workload": "What a usage file costs everywhere",
    "articles": "Published claims, recomputed",
    "numbers": "The numbers of 2023, then and now",
    "prices": "Prices of tokens and GPU-hours",
    "evidence": "How far the predictions are from measured runs",
    "method": "Formulas and sources",
}
"""First part of a page's title, by its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One side's bill at the load of the question."""

    who: str
    usd: float
    said: str
    """In the reader's currency, with what it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer for one of the two shapes."""

    kind: str
    headline: str
    condition: str
    winner: str
    """As :class:`breakeven.comparison.reach.Winner` writes it; ``none`` where one side is missing."""
    bills: tuple[Bill, ...]
    """Self-hosted, then the API; empty where one side is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything that stands on a shared link's card; plain text."""

    scenario: Scenario
    calibrated: Calibrated
    model: str
    question: str
    contenders: str
    """What is compared with what, on which day."""
    verdicts: tuple[Verdict, ...]

    @property
    def alt(self) -> str:
        """The card in words, for whoever does not see it."""
        return " ".join(f"{one.kind}: {one.headline}." for one in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a link asks: its scenario, and the runs of its own."""

    scenario: Scenario
    calibrated: Calibrated

    @property
    def tables(self) -> Tables:
        """Rows in force on its day, its own runs among them."""
        return with_own(_tables(self.scenario.as_of), self.calibrated)


def asked_by(pairs: Mapping[str, str]) -> Asked:
    """Read a link's parameters; what cannot be read has its usual value, as on the page."""
    calibrated, _ = calibration_of(pairs)
    known = ids_with_own(known_ids(), calibrated)
    decoded = decode(pairs, default=Scenario(as_of=date.today()), known=known)
    return Asked(scenario=decoded.scenario, calibrated=calibrated)


def card_of_link(pairs: Mapping[str, str]) -> Card:
    """The card of a link's parameters."""
    asked = asked_by(pairs)
    return card_of(asked.scenario, asked.calibrated)


@lru_cache(maxsize=512)
def card_of(scenario: Scenario, calibrated: Calibrated) -> Card:
    """The card of a scenario; a few hundred are kept, each of some sentences."""
    answer = compare(scenario, with_own(_tables(scenario.as_of), calibrated))
    model = answer.model.name if answer.model else scenario.model
    shape = answer.shapes[0].shape
    tokens = f"{shape.prompt_tokens:,} tokens in and {shape.completion_tokens:,} out"
    return Card(
        scenario=scenario,
        calibrated=calibrated,
        model=model,
        question=f"{scenario.load.said()} of {tokens} to {model}: an API, or your own GPUs?",
        contenders=words.question(answer, scenario.money),
        verdicts=tuple(_verdict(one, answer) for one in answer.shapes),
    )


def _verdict(shape: ShapeAnswer, answer: Comparison) -> Verdict:
    scenario, here = answer.scenario, shape.at_load
    bills: tuple[Bill, ...] = ()
    if shape.reach is not None and here is not None and here.api_usd is not None:
        money, period = scenario.money, scenario.load.period
        bills = tuple(
            Bill(who=who, usd=usd, said=f"{money.amount(usd)} {period}")
            for who, usd in (("Self-hosted", here.host_usd), ("API", here.api_usd))
        )
    return Verdict(
        kind=f"{kind_of(shape.shape)}, {shape_name(shape.shape)}",
        headline=words.headline(shape, scenario),
        condition=answer.problems[0] if answer.problems else words.condition(shape, scenario),
        winner="none" if shape.reach is None else str(shape.reach.winner),
        bills=bills,
    )


@lru_cache(maxsize=8)
def _tables(day: date) -> Tables:
    return read_tables(database(), day)
