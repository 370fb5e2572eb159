"""Which API offer a model name in a usage file means."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from breakeven.question.fields import quoted
from breakeven.usage.formats import Format, exports


def offer_of(model: str, form: Format | None, offer_ids: Collection[str]) -> str | None:
    """Find the offer that a name means; None where no offer in force has it.

    The price list's own rules tell dated names (``gpt-4o-2024-08-06``) and the
    like; nothing is guessed from likeness.
    """
    name = re.sub(r"^arn:aws[^/]*/", "", model.strip())
    first = form.provider if form is not None else None
    tries: list[tuple[str, str]] = [(first, name)] if first else []
    if name in offer_ids:
        provider, _, rest = name.partition("/")
        tries.append((provider, rest))
    prefix, slash, rest = name.partition("/")
    if slash and prefix.lower() in exports().prefixes:
        tries.append((exports().prefixes[prefix.lower()], rest))
    tries += [(provider, name) for provider in exports().usual if provider != first]
    for provider_id, text in tries:
        found = _find(provider_id, text, offer_ids)
        if found is not None:
            return found
    return None


def _find(provider_id: str, name: str, offer_ids: Collection[str]) -> str | None:
    """Look a name up in one provider's list."""
    for text in dict.fromkeys((name, name.lower())):
        if f"{provider_id}/{text}" in offer_ids:
            return f"{provider_id}/{text}"
        data, providers = _catalogue()
        provider = providers.get(provider_id)
        found = (
            provider.find_model(text, all_providers=data.providers) if provider and len(text) < 200 else None
        )
        if found is not None and f"{provider_id}/{found.id}" in offer_ids:
            return f"{provider_id}/{found.id}"
    return None


@cache
def _catalogue() -> tuple[Any, Mapping[str, Any]]:
    """The price list's own rules for names; read where a name has to be told, which a trace does not need."""
    from genai_prices import data

    return data, {provider.id: provider for provider in data.providers}


MOST_NAMED, LONGEST_NAMED = 20, 1_000
"""Names of models that a link carries, and their characters together."""


def write_names(named: Mapping[str, str]) -> str:
    """Names that a user gave to unknown models, for a link: ``model=offer`` with semicolons between.

    >>> write_names({"my model; v2": "openai/gpt-4o"})
    'my model%3B v2=openai/gpt-4o'
    """
    parts: list[str] = []
    for model, offer in sorted(named.items())[:MOST_NAMED]:
        part = f"{quote(model, safe=_PLAIN)}={quote(offer, safe=_PLAIN)}"
        if sum(map(len, parts)) + len(parts) + len(part) <= LONGEST_NAMED:
            parts.append(part)
    return ";".join(parts)


def read_names(text: str, offer_ids: Collection[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Names in a link, and one sentence for each that cannot be used. Never raises.

    >>> named, warnings = read_names("mine=openai/gpt-4o;yours=nobody/x", {"openai/gpt-4o"})
    >>> named
    {'mine': 'openai/gpt-4o'}
    >>> warnings
    ("The link prices 'yours' as 'nobody/x', which is no offer; it is left unpriced.",)
    """
    named: dict[str, str] = {}
    warnings: list[str] = []
    if len(text) > LONGEST_NAMED:
        return {}, (
            f"The link names models in {len(text):,} characters; at most {LONGEST_NAMED:,} are read.",
        )
    parts = [part for part in text.split(";") if part]
    if len(parts) > MOST_NAMED:
        warnings.append(f"The link names {len(parts):,} models; the first {MOST_NAMED} are used.")
    for part in parts[:MOST_NAMED]:
        model, equals, offer = (unquote(piece, errors="replace") for piece in part.partition("="))
        if not equals or not model:
            warnings.append(f"The link has {quoted(part)} among the names of models; it is ignored.")
        elif offer not in offer_ids:
            warnings.append(
                f"The link prices {quoted(model)} as {quoted(offer)}, which is no offer; it is left unpriced."
            )
        else:
            named[model] = offer
    return named, tuple(warnings)


_PLAIN = " /:.-_@+,()"


def nearest(model: str, offer_ids: Sequence[str], most: int = 3) -> list[str]:
    """Offers whose names look most like an unknown one."""
    by_name = {offer.partition("/")[2].lower(): offer for offer in sorted(offer_ids, reverse=True)}
    near = get_close_matches(model[:100].lower(), list(by_name), n=most, cutoff=0.4)
    return [by_name[name] for name in near]
