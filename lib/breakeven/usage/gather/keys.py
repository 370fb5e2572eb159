"""The table of spellings, ``data/usage_keys.toml``, and numbers as JSON writes them."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from breakeven.paths import DATA

TOKENS = ("input", "uncached", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output",
          "text_output", "reasoning", "tool_input", "total", "requests")  # fmt: skip
"""Meanings of a number that decide a row; every other one is another meter and kept beside it."""
_PLAIN = re.compile(r"\s*-?\d{1,18}(\.0*)?\s*")
_GROUPED = re.compile(r"\s*-?\d{1,3}(,\d{3})+\s*")
_NUMBER = re.compile(r"\s*-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


@lru_cache(maxsize=1 << 16)
def spell(key: str) -> str:
    """Spelling of a key: lower case, letters and digits only.

    >>> spell("Prompt Tokens"), spell("cachedInputTokens"), spell("$ai_input_tokens")
    ('prompttokens', 'cachedinputtokens', 'inputtokens')
    """
    return re.sub(r"[\W_]+", "", key.removeprefix("$ai_")).lower()


class BadNumber(ValueError):
    """A count of tokens that cannot be one; the text says why."""


def whole(value: object) -> int | None:
    """Count of tokens; None where there is no number.

    Raises
    ------
    BadNumber
        If it is negative, has a fraction or is not finite.
    """
    if isinstance(value, str):
        if not (_PLAIN.fullmatch(value) or _GROUPED.fullmatch(value)):
            if _NUMBER.fullmatch(value):
                return whole(float(value))
            return None
        value = int(float(value)) if "." in value else int(value.replace(",", ""))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not math.isfinite(value):
        raise BadNumber("a count of tokens must be a finite number")
    if value < 0:
        raise BadNumber("a count of tokens must not be negative")
    if value != int(value):
        raise BadNumber("a count of tokens must be a whole number")
    if value > 10**18:
        raise BadNumber("no file holds that many tokens")
    return int(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Where cached tokens, writes, reasoning and tool prompts lie when nothing in the file proves it."""

    name: str
    source: str
    keys: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    cached: str = "inside"
    reasoning: str = "inside"
    tool: str = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How to name what a file is."""

    id: str
    name: str
    source: str
    has: tuple[str, ...] = ()
    type: str = ""
    processing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The table, ready to look things up."""

    needles: tuple[bytes, ...]
    meaning: Mapping[str, tuple[str, int]]
    """Spelling to what it counts and its place among the spellings of that."""
    short: Mapping[str, tuple[str, int]]
    context: Mapping[str, tuple[tuple[str, int], ...]]
    units: Mapping[str, float]
    sets: Mapping[str, frozenset[str]]
    instead: Mapping[str, tuple[str, ...]]
    twins: Mapping[str, str]
    """Increment to the cumulative counter beside it."""
    columns: Mapping[str, tuple[str, ...]]
    stream: Mapping[str, frozenset[str]]
    rivals: Mapping[str, tuple[bool, str]]
    """Type of an event to whether it wins, and the name of the pair."""
    state: Mapping[str, Mapping[str, str]]
    dialects: tuple[Dialect, ...]
    kinds: tuple[Kind, ...]


def _ranked(table: Mapping[str, list[str]]) -> dict[str, tuple[str, int]]:
    return {key: (name, place) for name, keys in table.items() for place, key in enumerate(keys)}


@cache
def keys() -> Keys:
    """Read the table once."""
    table: dict[str, Any] = tomllib.loads((DATA / "usage_keys.toml").read_text(encoding="utf-8"))
    context: dict[str, list[tuple[str, int]]] = {}
    for name, spellings in table["context"].items():
        for place, key in enumerate(spellings):
            context.setdefault(key, []).append((name, place))
    rivals = {}
    for pair in table["rivals"]:
        rivals[pair["wins"]] = (True, pair["wins"])
        rivals.update(dict.fromkeys(pair["loses"], (False, pair["wins"])))
    lists = (
        "containers",
        "skip",
        "totals",
        "model_maps",
        "sums",
        "wrappers",
        "failures",
        "hits",
        "aside",
        "namespaces",
        "logs",
        "model_words",
        "embeds",
        "other_units",
    )
    tuples = {"keys", "within", "has"}

    def record(row: Mapping[str, Any]) -> dict[str, Any]:
        return {k: tuple(v) if k in tuples else v for k, v in row.items()}

    return Keys(
        needles=tuple(n.encode() for n in table["needles"]),
        meaning=_ranked(table["tokens"]),
        short=_ranked(table["short"]),
        context={key: tuple(found) for key, found in context.items()},
        units=table["units"],
        sets={name: frozenset(table[name]) for name in lists},
        instead={key: tuple(others) for key, others in table["instead"].items()},
        twins={last: whole_ for whole_, last in table["cumulative"].items()},
        columns={name: tuple(found) for name, found in table["columns"].items()},
        stream={name: frozenset(found) for name, found in table["stream"].items()},
        rivals=rivals,
        state={row["type"]: {k: v for k, v in row.items() if k != "type"} for row in table["state"]},
        dialects=tuple(Dialect(**record(row)) for row in table["dialect"]),
        kinds=tuple(Kind(**record(row)) for row in table["kind"]),
    )
