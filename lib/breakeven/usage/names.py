"""Offers that a user chose for unknown names of models, as a link carries them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import quote, unquote

from breakeven.question.fields import quoted

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
