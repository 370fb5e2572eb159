"""Which API offer a model name in a usage file means."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from lib.workload.formats import Format

_PREFIXES = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "vertex_ai": "google",
    "gemini": "google",
    "google": "google",
    "groq": "groq",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "deepseek": "deepseek",
    "mistral": "mistral",
    "mistralai": "mistral",
    "openrouter": "openrouter",
    "cohere": "cohere",
    "xai": "x-ai",
    "x-ai": "x-ai",
    "perplexity": "perplexity",
    "moonshotai": "moonshotai",
}
"""Prefixes that gateways write before a slash, and the provider of the price list that they mean."""
_USUAL = (
    "openai",
    "anthropic",
    "google",
    "mistral",
    "x-ai",
    "deepseek",
    "cohere",
    "aws",
    "azure",
    "groq",
    "together",
    "fireworks",
    "openrouter",
    "cursor",
)
"""Where a bare name is looked up, in this order: first the makers."""


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
    if slash and prefix.lower() in _PREFIXES:
        tries.append((_PREFIXES[prefix.lower()], rest))
    tries += [(provider, name) for provider in _USUAL if provider != first]
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


def nearest(model: str, offer_ids: Sequence[str], most: int = 3) -> list[str]:
    """Offers whose names look most like an unknown one."""
    by_name = {offer.partition("/")[2].lower(): offer for offer in sorted(offer_ids, reverse=True)}
    near = get_close_matches(model[:100].lower(), list(by_name), n=most, cutoff=0.4)
    return [by_name[name] for name in near]
