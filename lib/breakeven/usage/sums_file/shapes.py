"""``data/sums_shapes.toml``: tables of logs that are known by their columns."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from breakeven.paths import DATA

FILE = "sums_shapes.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A table, and what its columns mean."""

    id: str
    name: str
    source: str
    """Row of ``sources.csv``."""
    dialect: str
    table: str
    columns: Mapping[str, str] = field(default_factory=dict)
    """Meaning to the SQL expression that holds it."""
    cached_in: str = "inside"
    time_unit: str | None = None
    skip: str = ""
    """Condition of rows that are no request; empty: every row is one."""
    provider: str | None = None
    note: str = ""


@cache
def shapes() -> Mapping[str, Shape]:
    """The known tables by id."""
    with (DATA / FILE).open("rb") as file:
        entries = tomllib.load(file)["shape"]
    return {entry["id"]: Shape(**entry) for entry in entries}
