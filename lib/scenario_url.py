"""A scenario as a flat, readable, versioned query string, and back. Never raises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, get_type_hints
from urllib.parse import parse_qsl, urlencode

from lib.scenario import AUTO, CHEAPEST, DEAREST, MEDIAN, NONE, Scenario, complaint, show_value

VERSION = "1"
LONGEST_LINK = 2_000
"""Characters; servers and mail programs cut longer ones."""
LONGEST_QUOTE = 60
"""Characters of a bad value that a message repeats."""
PAGE_KEYS = ("w", "columns")
"""Parameters of single pages beside the scenario: a workload's digest, a corrected mapping."""
MOST_PARTS = 200
"""Parameters that are read; a link of ours has far fewer."""

_TYPES = get_type_hints(Scenario)
_NAMES = tuple(field.name for field in fields(Scenario))
_KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "api": (CHEAPEST,),
    "gpu": (CHEAPEST,),
    "gpu_offer": (MEDIAN, CHEAPEST, DEAREST),
    "engine": (AUTO,),
}
"""Words that stand where an id may stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIds:
    """Ids that exist in the tables, by the scenario field that names them."""

    model: Collection[str]
    api: Collection[str]
    gpu: Collection[str]
    gpu_offer: Collection[str]
    engine: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What could be read from a link, and one sentence for each thing that could not."""

    scenario: Scenario
    warnings: tuple[str, ...]


def encode(scenario: Scenario) -> str:
    """Write every field, defaults too, so that old links keep their meaning when defaults change."""
    pairs = [("v", VERSION)]
    pairs += [(name, show_value(getattr(scenario, name))) for name in _NAMES]
    return urlencode(pairs, safe="/:")


def decode(
    link: str | Mapping[str, str | Sequence[str]], *, default: Scenario, known: KnownIds | None = None
) -> Decoded:
    """Read a query string or its parameters.

    Parameters
    ----------
    link
        Query string (with or without a leading ``?`` or an address before it), or its parameters.
    default
        Fields that the link leaves out or gets wrong come from here.
    known
        Ids that exist; without it ids are taken as they are.

    Returns
    -------
    Decoded
        A valid scenario, and one sentence per unknown key, bad value or vanished id.
    """
    warnings: list[str] = []
    values: dict[str, Any] = {}
    pairs = _pairs(link)
    if len(pairs) > MOST_PARTS:
        warnings.append(
            f"The link has {len(pairs)} parameters; the first {MOST_PARTS} are read, the rest are ignored."
        )
    seen: set[str] = set()
    repeated: set[str] = set()
    version = VERSION
    for key, text in pairs[:MOST_PARTS]:
        if key in seen:
            if key not in repeated:
                warnings.append(f"The link gives {_quote(key)} more than once; the first value counts.")
            repeated.add(key)
            continue
        seen.add(key)
        if key == "v":
            version = text
        elif key in PAGE_KEYS:
            continue
        elif key not in _NAMES:
            warnings.append(f"The link has {_quote(key)}, which is not a field of a scenario; it is ignored.")
        else:
            value, reason = _value(key, text, known)
            if reason:
                warnings.append(
                    f"The link has {key}={_quote(text)}: {reason}; "
                    f"{show_value(getattr(default, key))} is used instead."
                )
            else:
                values[key] = value
    if version != VERSION:
        warnings.insert(
            0, f"The link is of version {_quote(version)}; version {VERSION} is read as far as it goes."
        )
    if any(key not in PAGE_KEYS for key, _ in pairs):
        missing = [name for name in ("v", *_NAMES) if name not in seen]
        if missing:
            shown = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
            warnings.append(f"The link leaves out {shown}; the usual values are used.")
    scenario, more = _assemble(values, default)
    return Decoded(scenario=scenario, warnings=(*warnings, *more))


def _pairs(link: str | Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    """Parameters in order; a repeated key appears as often as the link has it."""
    if isinstance(link, str):
        query = link.strip()
        query = query.partition("?")[2] if "?" in query else query
        return parse_qsl(query.partition("#")[0], keep_blank_values=True, encoding="utf-8", errors="replace")
    pairs = []
    for key, value in link.items():
        texts = [value] if isinstance(value, str) else list(value)
        pairs += [(str(key), str(text)) for text in texts]
    return pairs


def _quote(text: str) -> str:
    """Repeat a piece of a link in a message, shortened; what no screen or file can write is replaced."""
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return "'" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in short) + "'"


def _value(name: str, text: str, known: KnownIds | None) -> tuple[Any, str | None]:
    """Convert and check one value; the second item says in words what is wrong with it."""
    try:
        value = _convert(name, text.strip())
    except (ValueError, OverflowError):
        return None, f"{name} must be {_WANTED[_kind(name)]}"
    reason = complaint(name, value)
    if reason:
        return None, reason
    if known is not None and hasattr(known, name) and value not in _KEYWORDS.get(name, ()):
        ids: Collection[str] = getattr(known, name)
        if value not in ids:
            return None, f"there is no such {_NOUNS[name]}"
    return value, None


_NOUNS = {
    "model": "model",
    "api": "API offer",
    "gpu": "GPU",
    "gpu_offer": "GPU offer",
    "engine": "engine",
}
_WANTED = {
    "date": "a date like 2026-11-21",
    "bool": "yes or no",
    "int": "a whole number",
    "float": "a number",
    "str": "a name",
}


def _kind(name: str) -> str:
    """Name of the type that a field has when it is set."""
    hint = str(_TYPES[name])
    for kind in ("bool", "int", "float", "date"):
        if kind in hint:
            return kind
    return "str"


def _convert(name: str, text: str) -> Any:
    """Text of a link to the type of the field; raises ValueError."""
    kind = _kind(name)
    if text.lower() == NONE and "None" in str(_TYPES[name]):
        return None
    if not text.isascii() and kind != "str":
        raise ValueError(text)
    if kind == "bool":
        return {"yes": True, "no": False}[text] if text in ("yes", "no") else _fail(text)
    if kind == "int":
        return int(text) if len(text) <= 20 and "_" not in text else _fail(text)
    if kind == "float":
        return float(text) if len(text) <= 40 and "_" not in text else _fail(text)
    if kind == "date":
        return date.fromisoformat(text)
    return text if text and text.isprintable() and len(text) <= 200 else _fail(text)


def _fail(text: str) -> Any:
    """Raise in an expression."""
    raise ValueError(text)


def _assemble(values: dict[str, Any], default: Scenario) -> tuple[Scenario, list[str]]:
    """Put checked values together; what only fails together is mended here with a sentence."""
    warnings = []
    for letter in "ab":
        cached = values.get(f"cached_{letter}", getattr(default, f"cached_{letter}"))
        prompt = values.get(f"prompt_{letter}", getattr(default, f"prompt_{letter}"))
        if cached >= prompt:
            if f"cached_{letter}" in values:
                warnings.append(
                    f"The link has cached_{letter}={cached}: it must be less than "
                    f"prompt_{letter} ({prompt}); 0 is used instead."
                )
            values[f"cached_{letter}"] = 0
    return replace(default, **values), warnings
