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


def parts_of(document: str) -> tuple[str, ...]:
    """Values of ``claims.document`` that belong to a document of the page."""
    return PARTS.get(document, (document,))


def of_document(claims: Iterable[Claim], document: str) -> list[Claim]:
    """Claims of one document."""
    return [claim for claim in claims if claim.document in parts_of(document)]
