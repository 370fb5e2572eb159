"""Links from one page to another: the scenario with the fields that the other page adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_plus, urlencode

from breakeven.question.fields import LinkFields, spaced_pairs
from breakeven.question.link import SCENARIO_FIELDS, decode, encode
from breakeven.question.pages import deploy, evidence, method, numbers, prices, train
from breakeven.question.pages.articles import ARTICLE_DAY
from breakeven.question.scenario import Scenario

HOME = "compare"
"""Page at the root of the address."""
TITLES: Mapping[str, str] = MappingProxyType(
    {
        HOME: "Compare",
        "workload": "Price my workload",
        "deploy": "Deploy",
        "train": "Train",
        "numbers": "Numbers",
        "articles": "Articles",
        "evidence": "Evidence",
        "prices": "Prices",
        "method": "Method",
    }
)
"""Name of each page in the menu."""


def _adds(page: str, day: date) -> tuple[LinkFields[Any], Any] | None:
    """Codec and usual values of what a page adds to the scenario; None where it is asked for nothing."""
    pages: dict[str, tuple[LinkFields[Any], Any]] = {
        "deploy": (deploy.FIELDS, deploy.USUAL),
        "train": (train.FIELDS, train.USUAL),
        "prices": (prices.FIELDS, prices.default_view(day)),
        "numbers": (numbers.FIELDS, numbers.USUAL),
        "evidence": (evidence.FIELDS, evidence.USUAL),
        "method": (method.FIELDS, method.USUAL),
    }
    return pages.get(page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A page with everything that its link says."""

    page: str
    """Key of :data:`TITLES`."""
    scenario: Scenario
    adds: Mapping[str, str]
    """The page's own parameters, all of them; empty where it has none."""
    warnings: tuple[str, ...] = ()
    """What could not be read, one sentence each."""

    @property
    def query(self) -> str:
        """Parameters of the link."""
        scenario = encode(self.scenario)
        return f"{scenario}&{urlencode(self.adds)}" if self.adds else scenario


def target(page: str, scenario: Scenario, given: Mapping[str, str]) -> Target:
    """Read the fields that are given for a page, its own and the scenario's; the others stay as they are.

    Raises
    ------
    ValueError
        If there is no such page, or a value is not allowed beside the others.
    """
    if page not in TITLES:
        raise ValueError(f"there is no page '{page}'")
    values, warnings = SCENARIO_FIELDS.read(given, default=scenario)
    scenario = replace(scenario, **values)
    added = _adds(page, scenario.as_of)
    known = set(SCENARIO_FIELDS.keys)
    adds: Mapping[str, str] = {}
    if added is not None:
        codec, usual = added
        own, more = codec.read(given, default=usual)
        warnings += more
        known |= {key for key in given if key.startswith(codec.prefix)}  # Those are told of by the codec.
        adds = codec.write(replace(usual, **own))
    warnings += [f"{TITLES[page]} has no field '{key}'" for key in given if key not in known]
    return Target(page=page, scenario=scenario, adds=adds, warnings=tuple(warnings))


def given_in(text: str | None) -> dict[str, str]:
    """Fields as a table writes them: ``key=value`` between spaces, a space within a value as ``+``.

    >>> given_in("model=llama-2-70b prices_tab=GPU+offers")
    {'model': 'llama-2-70b', 'prices_tab': 'GPU offers'}
    """
    return {key: unquote_plus(value) for key, value in spaced_pairs(text).items()}


@cache
def shown_at(page: str | None, link: str | None) -> Target | None:
    """Where a claim is shown, from its row; fields that the row leaves out have their usual values."""
    if page is None or link is None:
        return None
    return target(page, Scenario(as_of=ARTICLE_DAY), given_in(link))


def asks_this(shown: Target, query: Mapping[str, str]) -> bool:
    """Tell whether the address of the target's own page still asks what the target asks."""
    scenario = decode(query, default=Scenario(as_of=date.today())).scenario
    adds: Mapping[str, str] = {}
    if (added := _adds(shown.page, scenario.as_of)) is not None:
        codec, usual = added
        own = {key: text for key, text in query.items() if key.startswith(codec.prefix)}
        adds = codec.write(replace(usual, **codec.read(own, default=usual)[0]))
    return scenario == shown.scenario and adds == shown.adds


def path_of(shown: Target) -> str:
    """Address of a target, seen from any page but the first."""
    return f"./{'' if shown.page == HOME else shown.page}?{shown.query}"
