"""What to say of JSON that is recognised but has no tokens."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from breakeven.paths import DATA
from breakeven.usage.gather.gathering import Source
from breakeven.usage.gather.keys import keys, spell
from breakeven.usage.gather.records import records
from breakeven.usage.limits import Limits

_RECORDS, _DICTIONARIES = 20, 2_000
"""How much of a file is looked at."""


def refusal_for(sources: Sequence[Source]) -> str | None:
    """One sentence about JSON without tokens: what it is and what to export instead; None if unknown."""
    for source in sources:
        spelled = _spelled(source.path)
        for has, text in _refusals():
            if has <= spelled:
                return text
        total = any(keys().meaning.get(key, ("",))[0] == "total" for key in spelled)
        if total:
            return (
                f"{source.name} counts tokens in total only, and input and output have different prices: "
                "export a file that counts prompt and completion tokens apart."
            )
    return None


def text_refusal(text: str) -> str | None:
    """One sentence about the beginning of a text without a table; None if it is not known.

    >>> text_refusal("# TYPE vllm:prompt_tokens_total counter\\n")[:29]
    'These are Prometheus metrics:'
    """
    texts = _refusals("text")
    return next((said for has, said in texts if all(one in text for one in has)), None)


@cache
def _refusals(kind: str = "refusal") -> tuple[tuple[frozenset[str], str], ...]:
    table = tomllib.loads((DATA / "json_refusals.toml").read_text(encoding="utf-8"))
    return tuple((frozenset(row["has"]), row["text"]) for row in table[kind])


def _spelled(path: Path) -> set[str]:
    """Keys of a file's first records, also with their value where it is a short text."""
    found: set[str] = set()
    stack: list[Any] = [record.value for record in islice(records(path, Limits(), every=True), _RECORDS)]
    looked = 0
    while stack and looked < _DICTIONARIES:
        value = stack.pop()
        looked += 1
        if isinstance(value, list):
            stack += value[:50]
        elif isinstance(value, dict):
            for key, inner in value.items():
                name = spell(key)
                found.add(name)
                if isinstance(inner, str) and len(inner) < 60:
                    found.add(f"{name}={inner}")
                elif isinstance(inner, (dict, list)):
                    stack.append(inner)
    return found
