"""The documents, and the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lib.claims.judge import VERDICTS
from lib.link_fields import LinkFields
from lib.records import Claim
from lib.scenario import Limit

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
