"""What the Articles page adds to the scenario, and how it is written into a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from breakeven.question.fields import LinkFields
from breakeven.question.scenario import Limit

REPRODUCES, ROUNDS, WRONG, OPEN = "reproduces", "rounds", "wrong", "cannot be checked"
VERDICTS = (REPRODUCES, ROUNDS, WRONG, OPEN)


class Standing(StrEnum):
    """What has become of a claim."""

    HOLDS = "holds"
    """It reproduces or rounds, and no price that it rests on has moved it since."""
    HELD_THEN = "held then, not now"
    """It reproduces or rounds with the prices of its day and not with those of the day that is asked for."""
    WRONG = "wrong"
    OPEN = "cannot be checked"


ARTICLE_DAY = date(2023, 7, 20)
"""Day of Sanger's article."""
DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "sanger": "Sanger: GPT-3.5 or Llama 2",
        "shrott": "Shrott: 4 million prompts",
        "cost-formula": "Cost formulas",
        "numbers": "Rules of thumb",
    }
)
"""Name of each document on the page."""
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What the Articles page adds to the scenario."""

    document: str = "sanger"
    """Document that is open."""
    verdict: str = ALL
    """Only claims with this verdict or standing."""


FIELDS: LinkFields[Fields] = LinkFields(
    holds=Fields,
    prefix="articles_",
    limits={
        "document": Limit(choices=tuple(DOCUMENTS)),
        "verdict": Limit(choices=(ALL, *dict.fromkeys([*Standing, *VERDICTS]))),
    },
)
"""How the page writes that into a link."""
USUAL = Fields()
"""What a visitor starts from."""
