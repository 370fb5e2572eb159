"""Named versions of the usual values: what a short link leaves out means its version's value for ever.

``data/link_versions.csv`` holds them. When a usual value changes, a version is added there and becomes
:data:`NEWEST`; a field that is new gets a row in every version. Rows are never changed or deleted.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from breakeven.paths import DATA

NEWEST = "2026-11"
"""Version that short links are written in."""


@cache
def versions() -> Mapping[str, Mapping[str, str]]:
    """Usual values by version and parameter, written as in a link.

    The day of the prices has none: every link says it.
    """
    found: dict[str, dict[str, str]] = {}
    with (DATA / "link_versions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["version"], {})[row["field"]] = row["value"]
    return MappingProxyType({version: MappingProxyType(values) for version, values in found.items()})


def version_of(pairs: list[tuple[str, str]]) -> str | None:
    """The named version that a link is written in; None: it writes every field itself."""
    written = next((text for key, text in pairs if key == "v"), None)
    return written if written in versions() else None


def completed(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parameters of a link, with those that its version lets it leave out."""
    version = version_of(pairs)
    if version is None:
        return pairs
    given = {key for key, _ in pairs}
    return [*pairs, *((key, text) for key, text in versions()[version].items() if key not in given)]


def differing(pairs: Mapping[str, str]) -> dict[str, str]:
    """The parameters that differ from the newest version's."""
    usual = versions()[NEWEST]
    return {key: text for key, text in pairs.items() if usual.get(key) != text}
