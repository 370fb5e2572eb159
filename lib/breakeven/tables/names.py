"""Which API offer a written name of a model means, for every kind of file.

Nothing is guessed from likeness: a name is an offer's own name, or one that the price catalogue's rules
know, or becomes one by the rows of ``name_rules``, in the order of the file. Each row that was used is
said in ``Resolution.steps``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from duckdb import DuckDBPyConnection

from breakeven.tables.ends import api_ends
from breakeven.tables.exports import shipped
from breakeven.tables.name_matches import by_provider

LONGEST = 300
"""Characters of a name that are looked at; no maker's name is a third of that."""


class NameRule(StrEnum):
    """What a row of ``name_rules`` does."""

    REWRITE = "rewrite"
    """Where the expression fits, the name becomes the replacement; a provider in the row bills."""
    HINT = "hint"
    """The file's word for who bills, as a provider of the price list."""
    FALLBACK = "fallback"
    """Where one provider has no price of a model, the price of another is used."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One row of kind ``rewrite``."""

    pattern: re.Pattern[str]
    replacement: str
    provider: str | None
    factor: Decimal
    """What the list price is multiplied by; 0: such a request is free."""
    says: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a written name means."""

    offer_id: str | None
    """None: the name is not in the price list."""
    steps: tuple[str, ...] = ()
    """What was done to the name, in words; empty where it is the offer's own name."""
    factor: Decimal = Decimal(1)
    """What the offer's prices are multiplied by."""
    stand_in: bool = False
    """Who bills has no price in the list; another provider's is used."""
    ended_on: date | None = None
    """First day without a price, where the offer had ended by the day: its last price stands in."""
    unknown: tuple[str, str | None] | None = None
    """What is left of a name that was not found, and the provider that it was looked for at."""

    @property
    def free(self) -> bool:
        """Whether the name says that nothing is charged."""
        return self.factor == 0


@dataclass(frozen=True, slots=True)
class _Form:
    """A name on its way through the rules."""

    text: str
    provider: str | None = None
    steps: tuple[str, ...] = ()
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class Names:
    """The offers that had a price by a day, and the rules for names."""

    ends: Mapping[str, date | None]
    """Offers, each with the first day on which it no longer had a price; None: it is in force."""
    retired: frozenset[str]
    """Offers of which it is known that their maker ended them; others only left a price list."""
    rewrites: Sequence[Rewrite]
    hints: Mapping[str, str]
    fallbacks: Mapping[str, Sequence[tuple[str, str]]]
    """By provider: whose price stands in, and the words for it."""
    _kept: dict[tuple[str, str | None], Resolution] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        ends: Mapping[str, date | None],
        rows: Iterable[Mapping[str, Any]],
        retired: frozenset[str] = frozenset(),
    ) -> Self:
        """Take rows of ``name_rules`` in the order of the file.

        Raises
        ------
        ValueError
            If a kind is unknown or a pattern is no regular expression.
        """
        rewrites: list[Rewrite] = []
        hints: dict[str, str] = {}
        fallbacks: dict[str, list[tuple[str, str]]] = {}
        for row in rows:
            match NameRule(row["rule"]):
                case NameRule.REWRITE:
                    try:
                        pattern = re.compile(row["pattern"], re.IGNORECASE | re.ASCII)
                    except re.error as error:
                        raise ValueError(
                            f"'{row['pattern']}' must be a regular expression: {error}"
                        ) from None
                    factor = Decimal(1 if row["factor"] is None else row["factor"])
                    provider = row["provider"] or None
                    rewrites.append(Rewrite(pattern, row["replacement"] or "", provider, factor, row["says"]))
                case NameRule.HINT:
                    hints[row["pattern"]] = row["provider"]
                case NameRule.FALLBACK:
                    fallbacks.setdefault(row["pattern"], []).append((row["provider"], row["says"]))
        return cls(ends=ends, retired=retired, rewrites=rewrites, hints=hints, fallbacks=fallbacks)

    @cached_property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers in force, the first choice for what is like an unknown name."""
        return tuple(offer for offer, end in self.ends.items() if end is None)

    def nearest(self, found: Resolution) -> tuple[str, ...]:
        """Offers whose names look most like one that was not found; to offer, never to take.

        It takes hundredths of a second: for names that are shown.
        """
        return tuple(nearest(found.unknown[0], self.offer_ids, found.unknown[1])) if found.unknown else ()

    @cached_property
    def by_lower(self) -> Mapping[str, str]:
        """Offers by their name in small letters."""
        return {offer.lower(): offer for offer in sorted(self.ends, reverse=True)}


def names_on(connection: DuckDBPyConnection, day: date) -> Names:
    """Offers that had a price on a day or before it, and the rules for names."""
    cursor = connection.cursor()
    ends = {
        offer: end if end is not None and end <= day else None
        for offer, end in cursor.execute(
            "SELECT api_offer_id, max_by(valid_to, valid_from) FILTER (valid_from IS NOT NULL) "
            "FROM (SELECT api_offer_id, valid_from, coalesce(valid_to, DATE '9999-12-31') AS valid_to "
            "FROM api_prices WHERE valid_from <= $day AND processing = 'standard') "
            "GROUP BY api_offer_id ORDER BY api_offer_id",
            {"day": day},
        ).fetchall()
    }
    return Names.of(ends, name_rules(connection), frozenset(api_ends(connection)))


def name_rules(connection: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows of ``name_rules`` in the order of the file."""
    rules = connection.cursor().execute("SELECT * FROM name_rules ORDER BY rowid")
    columns = [column[0] for column in rules.description or []]
    return [dict(zip(columns, row, strict=True)) for row in rules.fetchall()]


def written_forms(name: str, names: Names) -> tuple[str, ...]:
    """A name as written and as each rule leaves it, the last of which says least beside the model."""
    return tuple(form.text for form in _forms(name, names.rewrites))


def resolve(name: str, hint: str | None, names: Names) -> Resolution:
    """Find the offer that a written name means.

    Parameters
    ----------
    name
        As the file has it.
    hint
        Who bills, as far as the file says: a provider of the price list, or a word of kind ``hint``.
    names
        From :func:`names_on`.
    """
    key = (name, hint)
    if key not in names._kept:
        names._kept[key] = _resolve(name, hint, names)
    return names._kept[key]


def _resolve(name: str, hint: str | None, names: Names) -> Resolution:
    text = name.strip().strip("\"'`").strip()
    if not text or len(text) > LONGEST:
        return Resolution(None)
    first = names.hints.get(hint.lower(), hint) if hint else None
    forms = _forms(text, names.rewrites)
    free = any(form.factor == 0 for form in forms)
    for form, provider, said, by_rules in _tries(forms, first, names):
        offer, rule = _listed(provider, form.text, names), None
        left = offer is not None and names.ends[offer] is not None and offer not in names.retired
        if left or (offer is None and by_rules):
            other = _by_rules(provider, form.text, names)
            # A name that left one price list may be sold on under the rules of another.
            if other and (offer is None or names.ends[other] is None):
                offer, rule = other, f"{form.text}: {other} by the price list's own rules for names"
        if offer is not None:
            steps = (*form.steps, *(word for word in (rule, said) if word))
            # What a later form would have said of the price holds of the name as written, too.
            factor = Decimal(0) if free else form.factor
            return Resolution(offer, steps, factor, said is not None, names.ends[offer])
    return Resolution(None, unknown=(forms[-1].text, first))


def _tries(
    forms: Sequence[_Form], hint: str | None, names: Names
) -> Iterator[tuple[_Form, str, str | None, bool]]:
    """Where each form is looked up: form, provider, words for it, whether the catalogue's rules are asked.

    Those rules take a name for whatever begins like a model, so that of the makers who are not named they
    are asked last, of the form that says least beside the model. Hosts and gateways come after the makers.
    """
    usual = shipped().usual
    makers, others = usual[: usual.index(LAST_MAKER) + 1], usual[usual.index(LAST_MAKER) + 1 :]
    for form in forms:
        own = form.provider or hint
        if own:
            yield form, own, None, True
            yield from ((form, provider, said, True) for provider, said in names.fallbacks.get(own, ()))
        if form.text in names.ends:
            yield form, form.text.partition("/")[0], None, False
        if form.provider is None:
            yield from ((form, provider, None, False) for provider in makers)
    for providers in (makers, others):
        for form in reversed(forms):
            if form.provider is None:
                yield from ((form, provider, None, True) for provider in providers)


def _forms(text: str, rewrites: Sequence[Rewrite]) -> list[_Form]:
    """The name as written, and after each rule that fits, in the order of the rules."""
    forms = [_Form(text)]
    for rule in rewrites:
        last = forms[-1]
        changed = rule.pattern.sub(rule.replacement, last.text).strip()
        if changed and (changed != last.text or (rule.provider and rule.pattern.search(last.text))):
            arrow = f" → {changed}" if changed != last.text else ""
            step = f"{last.text}{arrow}: {rule.says}"
            forms.append(
                _Form(changed, rule.provider or last.provider, (*last.steps, step), last.factor * rule.factor)
            )
    return forms


LAST_MAKER = "cohere"
"""In the order in which a bare name is looked up, hosts and gateways come after it."""


def _listed(provider_id: str, name: str, names: Names) -> str | None:
    """An offer of a provider by its own name, whatever its capitals."""
    for text in dict.fromkeys((name, name.removeprefix(f"{provider_id}/"))):
        offer = f"{provider_id}/{text}"
        if offer in names.ends:
            return offer
        if offer.lower() in names.by_lower:
            return names.by_lower[offer.lower()]
    return None


def _by_rules(provider_id: str, name: str, names: Names) -> str | None:
    """An offer of a provider by the catalogue's own rules for names (dates, other spellings)."""
    rules = by_provider().get(provider_id)
    model = rules.find(name.removeprefix(f"{provider_id}/").lower()) if rules else None
    offer = f"{provider_id}/{model}" if model is not None else None
    return offer if offer in names.ends else None


def nearest(model: str, offer_ids: Sequence[str], first: str | None = None, most: int = 3) -> list[str]:
    """Offers whose names look most like an unknown one.

    Of several offers of one name it is that of who bills by the file (``first``), else of the provider that a
    bare name is looked up at first: the maker's before a cloud's.
    """
    order = {provider: place for place, provider in enumerate(shipped().usual)}

    def place(offer: str) -> tuple[bool, int, str]:
        provider = offer.partition("/")[0]
        return provider != first, order.get(provider, len(order)), offer

    by_name = {offer.partition("/")[2].lower(): offer for offer in sorted(offer_ids, key=place, reverse=True)}
    near = get_close_matches(model[:100].lower(), list(by_name), n=most, cutoff=0.6)
    return [by_name[name] for name in near]
