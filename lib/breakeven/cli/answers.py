"""What each page answers to a link, in one plain sentence: the preview of a shared link says it.

Whoever opens the link reads the same sentence at the top of its page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from breakeven.dashboard.card import Asked, asked_by
from breakeven.dashboard.session import CLAIM, database
from breakeven.question.versions import completed
from breakeven.tables import queries
from breakeven.tables.day import read_tables
from breakeven.words.terms import PLAIN

if TYPE_CHECKING:
    from breakeven.question.fields import LinkFields
    from breakeven.views.articles.facts import Facts
    from breakeven.views.evidence.answer import Evidence
    from breakeven.views.numbers.tables import RuleTables

Extra = TypeVar("Extra")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as it was opened."""

    pairs: Mapping[str, str]
    """Its parameters, with those that a short one leaves out."""
    asked: Asked

    def adds(self, codec: LinkFields[Extra], usual: Extra) -> Extra:
        """What it says for a page of its own; what cannot be has its usual value, as on the page."""
        own = {key: text for key, text in self.pairs.items() if key.startswith(codec.prefix)}
        try:
            return replace(usual, **codec.read(own, default=usual)[0])  # type: ignore[type-var]
        except ValueError:
            return usual


def answer_of(page: str, pairs: Mapping[str, str]) -> str:
    """The sentence that a page answers to a link; empty where the link alone does not say what is asked.

    Parameters
    ----------
    page
        Last part of the address.
    pairs
        Parameters of the link, as they came.
    """
    write = _ANSWERS.get(page)
    if write is None:
        return ""
    return write(Link(pairs=dict(completed(list(pairs.items()))), asked=asked_by(pairs)))


def _deploy(link: Link) -> str:
    from breakeven.views.deploy import FIELDS, USUAL, deploy, words

    answer = deploy(link.asked.scenario, link.adds(FIELDS, USUAL), link.asked.tables)
    return words.recommendation(answer, PLAIN)


def _train(link: Link) -> str:
    from breakeven.hosting import Unplaceable
    from breakeven.question.pages.train import FIELDS, USUAL
    from breakeven.views.train import words
    from breakeven.views.train.answer import TrainingFacts, asks_for_prompting, train
    from breakeven.views.train.prompting import hold_against_prompting

    scenario, tables, plan = link.asked.scenario, link.asked.tables, link.adds(FIELDS, USUAL)
    facts = TrainingFacts(
        runs=tuple(queries.training_runs(database())),
        tuning_prices=tuple(queries.tuning_prices_on(database(), scenario.as_of)),
    )
    try:
        answer = train(plan, scenario, tables, facts)
    except Unplaceable as reason:
        return str(reason)
    if plan.tunes and asks_for_prompting(plan):
        held = hold_against_prompting(answer, scenario, tables, facts)
        return words.prompting_headline(held, scenario.money)
    return words.headline(answer, scenario.money, PLAIN)


def _prices(link: Link) -> str:
    from breakeven.question.pages.prices import DEFAULT_GPU, FIELDS, TABS, default_view
    from breakeven.views.prices.headline import headline

    scenario, tables = link.asked.scenario, link.asked.tables
    view = link.adds(FIELDS, default_view(scenario.as_of))
    if view.tab == TABS[-1]:  # Its own statement answers there.
        return ""
    shape = scenario.shapes["AB".index(view.mix)]
    gpu = view.gpu if view.gpu in tables.gpus else DEFAULT_GPU
    return headline(scenario, tables, shape, gpu, scenario.money, PLAIN)


def _numbers(link: Link) -> str:
    from breakeven.comparison.answer import compare
    from breakeven.question.pages.numbers import FIELDS, USUAL
    from breakeven.views import numbers

    scenario, tables, view = link.asked.scenario, link.asked.tables, link.adds(FIELDS, USUAL)
    facts = numbers.Facts(
        scenario=scenario,
        tables=tables,
        rows=_rule_tables(scenario.as_of),
        answer=compare(scenario, tables),
        money=scenario.money,
    )
    rules = numbers.all_rules(facts)
    rule = next((one for one in rules if one.rule_id == view.rule), None)
    if rule is None:
        return numbers.headline(rules)
    then = f"{rule.quoted} in 2023" if rule.quoted else "not on the sheet of 2023"
    now = "not known" if rule.today is None else rule.today.text(scenario.money)
    return f"{rule.name}: {then}, {now} on {scenario.as_of}"


@lru_cache(maxsize=8)
def _rule_tables(day: date) -> RuleTables:
    from breakeven.views.numbers.tables import read_rule_tables

    return read_rule_tables(database(), day)


def _articles(link: Link) -> str:
    from breakeven.views.articles.cards import said_by, standing_text
    from breakeven.views.articles.standing import check

    asked = link.pairs.get(CLAIM)
    found = [claim for claim in queries.claims(database()) if claim.claim_id == asked]
    if not found:  # All of them are judged on the page: that takes longer than a chat waits.
        return ""
    (checked,) = check(found, _article_facts(link.asked.scenario.as_of))
    return f"{standing_text(checked)}. {checked.claim.claim}: {checked.claim.quoted} ({said_by(checked)})"


@lru_cache(maxsize=8)
def _article_facts(day: date) -> Facts:
    from breakeven.views.articles.facts import read_facts

    return read_facts(database(), day, lambda of: read_tables(database(), of))


def _evidence(_link: Link) -> str:
    from breakeven.views.evidence.answer import headline

    return headline(_evidence_found(), PLAIN)


@cache
def _evidence_found() -> Evidence:
    from breakeven.views.evidence.answer import gather

    connection = database()
    return gather(
        queries.benchmarks(connection),
        queries.calibration_errors(connection),
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        notes=queries.benchmark_notes(connection),
    )


def _method(_link: Link) -> str:
    from breakeven.views.method.docstrings import all_modules
    from breakeven.views.method.picture import lead

    return lead(sum(len(module.formulas) for module in all_modules()))


def _workload(link: Link) -> str:
    from breakeven.apis.workloads import price_workload
    from breakeven.usage.digest import BadDigest, unpack
    from breakeven.views.workload.words import list_sentence

    if not link.pairs.get("w"):  # The page shows a sample, which is nobody's bill.
        return ""
    try:
        workload = unpack(link.pairs["w"])
    except BadDigest:
        return ""
    named = _named(link.pairs.get("names", ""))
    priced = price_workload(workload, database(), link.asked.scenario.as_of, named=named)
    return list_sentence(priced, link.asked.scenario.money)


def _named(text: str) -> dict[str, str]:
    from breakeven.dashboard.session import known_ids
    from breakeven.usage.names import read_names

    return read_names(text, known_ids().api)[0]


_ANSWERS: Mapping[str, Callable[[Link], str]] = MappingProxyType(
    {
        "deploy": _deploy,
        "train": _train,
        "workload": _workload,
        "articles": _articles,
        "numbers": _numbers,
        "prices": _prices,
        "evidence": _evidence,
        "method": _method,
    }
)
