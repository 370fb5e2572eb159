"""Table ``catalogue_rules``: which API offers pass on others' models, which names mean published weights.

A classification, not a measurement, by names alone; which model an offer serves is never guessed from it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Self

from duckdb import DuckDBPyConnection

from breakeven.tables.sheet import Problem, Sheet, shown


class Rule(StrEnum):
    """What a row of ``catalogue_rules`` says of the names that its pattern fits."""

    GATEWAY = "gateway"
    """A provider that bills for models which somebody else serves. Clouds that run the models themselves
    (aws, azure, databricks, google-vertex) are hosts."""
    GATEWAY_PREFIX = "gateway-prefix"
    """The same of all providers whose names begin so."""
    MIXED_HOST = "mixed-host"
    """A host of open models that also passes on the closed models of others, under the maker's name."""
    CLOSED_MODEL = "closed-model"
    """Beginning of a closed model's name at a mixed host. Regular expression."""
    OPEN_FAMILY = "open-family"
    """Part of the name of a family with published weights. Regular expression."""
    NOT_TEXT = "not-text"
    """Part of the name of no text model: embeddings, rerankers, guards, speech. Regular expression."""
    CLOSED_NAME = "closed-name"
    """Part of the name of a closed model that looks like an open family's. Regular expression."""
    VERSION = "version"
    """End of a name that says which issue of one model it is, at the price of all. Regular expression."""
    TWIN = "twin"
    """``one=other``: two providers' ids of one price list; what the first lacks is taken from the other."""
    CACHE_MULTIPLES = "cache-multiples"
    """``name=read/write/write for an hour``: part of the name of a model whose maker bills the cache in these
    multiples of the input price, whatever the processing. Plain text in small letters."""
    LIST_KEY = "list-key"
    """``their provider:beginning=provider``: keys of litellm's price map that are offers of a
    provider here; the rest of the key is the name of the model."""
    LIST_KEY_KNOWN = "list-key-known"
    """The same, of names only that another price list has at this provider."""


EXPRESSIONS = frozenset(Rule) - {
    Rule.GATEWAY,
    Rule.GATEWAY_PREFIX,
    Rule.MIXED_HOST,
    Rule.TWIN,
    Rule.CACHE_MULTIPLES,
    Rule.LIST_KEY,
    Rule.LIST_KEY_KNOWN,
}
"""Rules whose patterns are regular expressions; the others are plain text."""


@dataclass(frozen=True, slots=True)
class CatalogueRules:
    """The rows, ready to be asked."""

    gateways: frozenset[str]
    gateway_prefixes: tuple[str, ...]
    mixed_hosts: frozenset[str]
    twins: Mapping[str, str]
    cache_multiples: Mapping[str, tuple[Decimal, ...]]
    list_keys: Mapping[str, tuple[tuple[str, str, bool], ...]]
    """By litellm's provider: beginnings of keys, the longest first, provider here, known names only."""
    closed_models: re.Pattern[str]
    open_families: re.Pattern[str]
    not_text: re.Pattern[str]
    closed_names: re.Pattern[str]
    versions: re.Pattern[str]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str]]) -> Self:
        """Take rule and pattern of each row.

        Raises
        ------
        ValueError
            If a rule is unknown or a pattern is no regular expression.
        """
        patterns: dict[Rule, list[str]] = {rule: [] for rule in Rule}
        for rule, pattern in rows:
            patterns[Rule(rule)].append(pattern)
            if Rule(rule) in EXPRESSIONS and (fault := _fault(pattern)):
                raise ValueError(f"{rule} {shown(pattern)} {fault}")
        twins = (row.partition("=") for row in patterns[Rule.TWIN])
        multiples = (row.partition("=") for row in patterns[Rule.CACHE_MULTIPLES])
        return cls(
            frozenset(patterns[Rule.GATEWAY]),
            tuple(patterns[Rule.GATEWAY_PREFIX]),
            frozenset(patterns[Rule.MIXED_HOST]),
            {one: other for one, _, other in twins},
            {name: tuple(map(Decimal, several.split("/"))) for name, _, several in multiples},
            _list_keys(patterns),
            *(
                _any_of(patterns[rule])
                for rule in (
                    Rule.CLOSED_MODEL,
                    Rule.OPEN_FAMILY,
                    Rule.NOT_TEXT,
                    Rule.CLOSED_NAME,
                    Rule.VERSION,
                )
            ),
        )

    def offer_of_key(
        self, their_provider: str, key: str, known: Mapping[tuple[str, str], str]
    ) -> tuple[str, str] | None:
        """Provider and name of the model that a key of litellm's map means; None: none of ours.

        ``known`` has the spelling of our price list by provider and name in small letters.

        >>> rules = CatalogueRules.of([("list-key", "xai:xai/=x-ai")])
        >>> rules.offer_of_key("xai", "xai/grok-4.5", {}), rules.offer_of_key("ovhcloud", "ovhcloud/x", {})
        (('x-ai', 'grok-4.5'), None)
        """
        for beginning, provider, only_known in self.list_keys.get(their_provider, ()):
            if key.startswith(beginning) and len(key) > len(beginning):
                name = key.removeprefix(beginning)
                spelled = known.get((provider, name.lower()))
                foreign = name.endswith("/") or (not beginning and "/" in name)  # another's, or a region's
                if spelled is None and (only_known or foreign):
                    return None
                return provider, spelled or name
        return None

    def multiples(self, api_model: str) -> tuple[Decimal, ...] | None:
        """Prices of reading and writing a cache as multiples of the input's; None: no such rule is known."""
        name = api_model.lower()
        return next((found for part, found in self.cache_multiples.items() if part in name), None)

    def family(self, api_model: str) -> str:
        """The name without what says which issue of one model it is.

        >>> CatalogueRules.of([("version", r"-20\\d{6}$")]).family("claude-sonnet-4-5-20250929")
        'claude-sonnet-4-5'
        """
        return self.versions.sub("", api_model)

    def reseller(self, provider: str, api_model: str) -> bool:
        """Say whether the offer passes on a model that somebody else serves."""
        if provider in self.gateways or provider.startswith(self.gateway_prefixes):
            return True
        return provider in self.mixed_hosts and self.closed_models.match(api_model) is not None

    def open_weights(self, api_model: str) -> bool:
        """Say whether a name looks like a text model with published weights.

        Examples
        --------
        >>> rules = CatalogueRules.of([("open-family", "llama|qwen"), ("not-text", "embed")])
        >>> rules.open_weights("meta-llama/Llama-3.3-70B-Instruct"), rules.open_weights("gpt-4o")
        (True, False)
        >>> rules.open_weights("qwen3-embedding-8b")
        False
        """
        name = api_model.lower().removesuffix("/community").rsplit("/", maxsplit=1)[-1]  # without the maker
        if self.not_text.search(name) or self.closed_names.search(name):
            return False
        return self.open_families.search(name) is not None


def _list_keys(patterns: Mapping[Rule, list[str]]) -> dict[str, tuple[tuple[str, str, bool], ...]]:
    keys: dict[str, list[tuple[str, str, bool]]] = {}
    for rule in (Rule.LIST_KEY, Rule.LIST_KEY_KNOWN):
        for pattern in patterns[rule]:
            theirs, _, ours = pattern.partition("=")
            their_provider, _, beginning = theirs.partition(":")
            keys.setdefault(their_provider, []).append((beginning, ours, rule is Rule.LIST_KEY_KNOWN))
    return {theirs: tuple(sorted(rows, key=lambda row: -len(row[0]))) for theirs, rows in keys.items()}


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    """One expression for all; without any it fits nothing."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)")


def _fault(pattern: str) -> str | None:
    """Say what is wrong with a regular expression, alone and as one of several."""
    try:
        found = re.compile(pattern), re.compile(f"(?:{pattern})")
    except re.error as error:
        return f"must be a regular expression: {error}"
    return "must not fit every name" if found[0].search("") else None


def bad_patterns(sheet: Sheet) -> Iterator[Problem]:
    """Find the patterns of a sheet that are no regular expressions where their rule wants one."""
    for line, row in sheet.records():
        pattern = row["pattern"] or ""
        if row["rule"] in EXPRESSIONS and (fault := _fault(pattern)):
            yield Problem(sheet.file, line, "pattern", f"{shown(pattern)} {fault}")


def rules_in(connection: DuckDBPyConnection) -> CatalogueRules:
    """Read the rules of the built tables."""
    rows = connection.cursor().execute("SELECT rule, pattern FROM catalogue_rules").fetchall()
    return CatalogueRules.of(rows)


def rules_of_sheet(sheet: Sheet) -> CatalogueRules:
    """Read the rules of a sheet that has been checked."""
    return CatalogueRules.of((str(rule), str(pattern)) for rule, pattern in sheet.keys(("rule", "pattern")))
