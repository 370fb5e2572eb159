"""The price catalogue's own rules for names of models, carried as a table.

To read them from the catalogue itself takes its validators, half a second, and a compiled package that not
every machine has. ``data/name_matches.csv`` holds them as they are there (:func:`of_catalogue`).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from typing import Any

from breakeven.paths import DATA

FILE = DATA / "name_matches.csv"
COLUMNS = ("provider", "model", "match")
_KINDS = ("equals", "starts_with", "ends_with", "contains", "regex")
_DATED = re.compile(r"\d{8}")
"""A date that the catalogue also tries in its other form."""
_COMPACT = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rules:
    """Rules of one provider: models in the order in which they are tried, each with its rule."""

    models: Mapping[str, Any]

    def find(self, text: str) -> str | None:
        """The model that a name in small letters means; None: no rule fits."""
        if not (_DATED.search(text) or self.may_match.may_match(text)):
            return None
        found = self._first(text)
        dashed = _COMPACT.sub(_with_dashes, text)
        return self._first(dashed) if found is None and dashed != text else found

    def _first(self, text: str) -> str | None:
        return next((model for model, rule in self.models.items() if fits(rule, text)), None)

    @cached_property
    def may_match(self) -> MayMatch:
        """What the names begin with, end with, hold or are."""
        rules = MayMatch()
        for rule in self.models.values():
            rules.take(rule)
        return rules


@dataclass(slots=True)
class MayMatch:
    """Tells names that no rule fits in microseconds; asking rule by rule takes a hundred times as long."""

    exact: set[str] = field(default_factory=set)
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    def take(self, rule: Mapping[str, Any]) -> None:
        """Take a rule; of several that all have to fit, the first."""
        for either in rule.get("or", ()):
            self.take(either)
        for first in rule.get("and", ())[:1]:
            self.take(first)
        self.exact.update(_texts(rule, "equals"))
        self.begins += _texts(rule, "starts_with")
        self.ends += _texts(rule, "ends_with")
        self.holds += _texts(rule, "contains")
        self.patterns += tuple(map(re.compile, [rule["regex"]] if "regex" in rule else []))

    def may_match(self, text: str) -> bool:
        """Whether a name in small letters may fit."""
        return (
            text in self.exact
            or text.startswith(self.begins)
            or text.endswith(self.ends)
            or any(one in text for one in self.holds)
            or any(one.search(text) for one in self.patterns)
        )


def _texts(rule: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """The text that a rule of one kind looks for, in small letters."""
    return (rule[kind].lower(),) if kind in rule else ()


def fits(rule: Mapping[str, Any], text: str) -> bool:
    """Whether a name in small letters fits a rule.

    >>> fits({"or": [{"equals": "gpt-4o"}, {"starts_with": "gpt-4o-2024"}]}, "gpt-4o-2024-08-06")
    True
    """
    ((kind, said),) = rule.items()
    match kind:
        case "or":
            return any(fits(one, text) for one in said)
        case "and":
            return all(fits(one, text) for one in said)
        case "equals":
            return bool(text == said.lower())
        case "starts_with":
            return text.startswith(said.lower())
        case "ends_with":
            return text.endswith(said.lower())
        case "contains":
            return said.lower() in text
        case _:
            return re.search(said, text) is not None


def _with_dashes(found: re.Match[str]) -> str:
    """A date in one number as the catalogue writes it; anything else as it is."""
    year, month, day = (int(found[place]) for place in (2, 3, 4))
    try:
        date(year, month, day)
    except ValueError:
        return found[0]
    return f"{found[1]}{year:04d}-{month:02d}-{day:02d}"


@cache
def by_provider() -> Mapping[str, Rules]:
    """The rules of every provider."""
    models: dict[str, dict[str, Any]] = {}
    with FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            models.setdefault(row["provider"], {})[row["model"]] = json.loads(row["match"])
    return {provider: Rules(models=rules) for provider, rules in models.items()}


def of_catalogue() -> Iterator[tuple[str, str, str]]:
    """The rows of the file, from the catalogue that is installed."""
    from genai_prices import data

    for provider in data.providers:
        for model in provider.models:
            yield provider.id, model.id, json.dumps(_rule(model.match), ensure_ascii=False)


def _rule(clause: Any) -> dict[str, Any]:
    for kind in ("or", "and"):
        if hasattr(clause, f"{kind}_"):
            return {kind: [_rule(one) for one in getattr(clause, f"{kind}_")]}
    kind = next(kind for kind in _KINDS if hasattr(clause, kind))
    return {kind: getattr(clause, kind)}


def write() -> None:
    """Write the file anew, after the catalogue was changed."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(of_catalogue())
