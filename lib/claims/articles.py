"""The documents, the order in which they are shown, and the links from a claim to a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from lib.claims.appendix import DAY
from lib.claims.judge import VERDICTS
from lib.claims.registry import pairs
from lib.link_fields import LinkFields
from lib.records import Claim
from lib.scenario import Limit, Scenario
from lib.scenario_url import SCENARIO_FIELDS, encode

DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "sanger": "Sanger: GPT-3.5 or Llama 2",
        "shrott": "Shrott: 4 million prompts",
        "cost-formula": "Cost formulas",
        "numbers": "Rules of thumb",
    }
)
"""Name of each document on the page."""
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType({"numbers": ("numbers", "numbers-a", "numbers-b")})
"""Values of ``claims.document`` that a document covers, where there are several."""
PART_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "numbers-a": "first Chinese version",
        "numbers-b": "second Chinese version",
    }
)
ALL = "all"
PATHS: Mapping[str, str] = MappingProxyType({"compare": "./", "deploy": "./deploy", "train": "./train"})
"""Address of a page, seen from this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the Articles page adds to the scenario."""

    document: str = "sanger"
    """Document that is open."""
    verdict: str = ALL
    """Only claims with this verdict."""


VIEW: LinkFields[View] = LinkFields(
    holds=View,
    prefix="articles_",
    limits={
        "document": Limit(choices=tuple(DOCUMENTS)),
        "verdict": Limit(choices=(ALL, *VERDICTS)),
    },
)
"""How the page writes that into a link."""


def parts_of(document: str) -> tuple[str, ...]:
    """Values of ``claims.document`` that belong to a document of the page."""
    return PARTS.get(document, (document,))


def of_document(claims: Iterable[Claim], document: str) -> list[Claim]:
    """Claims of one document."""
    return [claim for claim in claims if claim.document in parts_of(document)]


def scenario_of(link: str) -> tuple[Scenario, tuple[str, ...]]:
    """Scenario that a claim's link fields name, and what could not be read of them.

    Fields that the link leaves out have their usual values.
    """
    base = Scenario(as_of=DAY)
    given = pairs(link)
    values, warnings = SCENARIO_FIELDS.read(given, default=base)
    warnings += [f"there is no field '{key}'" for key in given if key not in SCENARIO_FIELDS.keys]
    return Scenario(**({"as_of": DAY} | values)), tuple(warnings)


@cache
def address(page: str | None, link: str | None) -> str | None:
    """Address that shows a claim; None where no page does."""
    if page is None or link is None:
        return None
    return f"{PATHS[page]}?{encode(scenario_of(link)[0])}"
