"""The documents, and the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from breakeven.tables.records import Claim

PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType({"numbers": ("numbers", "numbers-a", "numbers-b")})
"""Values of ``claims.document`` that a document covers, where there are several."""
PART_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "numbers-a": "first Chinese version",
        "numbers-b": "second Chinese version",
    }
)

SAID: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sanger": ("Why GPT-3.5 is (mostly) cheaper than Llama 2", "Aman Sanger, 20 July 2023"),
        "shrott": ("How I Leveraged Open Source LLMs …", "Ryan Shrott, 30 August 2023"),
        "cost-formula": ("Note on the cost of large models", "king-key, 8 August 2024"),
        "numbers": ("Numbers every LLM developer should know", "Anyscale, 17 May 2023"),
        "numbers-a": ("Numbers every LLM developer should know", "first Chinese version"),
        "numbers-b": ("Numbers every LLM developer should know", "second Chinese version"),
    }
)
"""Title, and who said it when, by ``claims.document``; their rows of ``sources`` say where."""


def parts_of(document: str) -> tuple[str, ...]:
    """Values of ``claims.document`` that belong to a document of the page."""
    return PARTS.get(document, (document,))


def of_document(claims: Iterable[Claim], document: str) -> list[Claim]:
    """Claims of one document."""
    return [claim for claim in claims if claim.document in parts_of(document)]
