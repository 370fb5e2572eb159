"""Fields of a frozen dataclass as flat, readable parameters of a link, and back. Never raises on a link."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cache
from typing import Any, Generic, TypeVar, get_type_hints
from urllib.parse import parse_qsl

from breakeven.question.scenario import LIMITS, NONE, Limit, complaint, show_value
from breakeven.question.sent import as_written, bare
from breakeven.question.versions import completed

Fields = TypeVar("Fields")

LONGEST_QUOTE = 60
"""Characters of a bad value that a message repeats."""
LONGEST_TEXT = 200
"""Characters of a field that holds text, unless the codec allows more."""

_WANTED = {
    "date": "a date like 2026-11-21",
    "bool": "yes or no",
    "int": "a whole number",
    "float": "a number",
    "str": "a name",
}


@dataclass(frozen=True, kw_only=True)
class LinkFields(Generic[Fields]):
    """How one dataclass is written into a link: its type, the prefix of its parameters, what each may be.

    The scenario has no prefix; what a page adds is a dataclass of its own under the prefix of the page,
    so that no page needs to know the fields of another.
    """

    holds: type[Fields]
    """Frozen dataclass whose fields are dates, booleans, numbers, texts, or None."""
    prefix: str = ""
    """Stands before the name of every field, such as ``train_``."""
    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    """Limits by field name."""
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that stand where an id may stand, by field name."""
    nouns: Mapping[str, str] = field(default_factory=dict)
    """What an id names, by field name, for the message that it does not exist."""
    longest: Mapping[str, int] = field(default_factory=dict)
    """Characters that a text field may have, where more than :data:`LONGEST_TEXT`."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Parameters in the order in which they are written."""
        return tuple(self.prefix + item.name for item in fields(self.holds))  # type: ignore[arg-type]

    def write(self, values: Fields) -> dict[str, str]:
        """Write every field, defaults too, so that old links keep their meaning when defaults change."""
        return {key: show_value(getattr(values, key.removeprefix(self.prefix))) for key in self.keys}

    def read(
        self, link: Mapping[str, str], *, default: Fields, known: Mapping[str, Collection[str]] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        """Values by field name that could be read, and one sentence for each that could not.

        Parameters
        ----------
        link
            Parameters of the link; others than :attr:`keys` are left alone.
        default
            Its value is named where the link's is refused.
        known
            Ids that exist, by field name; a field that is not in it is taken as it is.
        """
        values: dict[str, Any] = {}
        warnings = [
            f"The link has {quoted(key)}, which is not a field of its page; it is ignored."
            for key in link
            if self.prefix and key.startswith(self.prefix) and key not in self.keys
        ]
        for key in self.keys:
            if key in link:
                name = key.removeprefix(self.prefix)
                value, reason = self._value(name, link[key], known or {})
                meant = bare(link[key])
                if reason and meant != link[key]:
                    value, still = self._value(name, meant, known or {})
                    if still is None:
                        warnings.append(f"The link has {key}={quoted(link[key])}; {meant} is read.")
                        reason = None
                if reason:
                    instead = show_value(getattr(default, name))
                    warnings.append(
                        f"The link has {key}={quoted(link[key])}: {reason}; {instead} is used instead."
                    )
                else:
                    values[name] = value
        return values, warnings

    def _value(self, name: str, text: str, known: Mapping[str, Collection[str]]) -> tuple[Any, str | None]:
        """Convert and check one value; the second item says in words what is wrong with it."""
        hint = _hints(self.holds)[name]  # type: ignore[arg-type]
        kind = next((kind for kind in ("bool", "int", "float", "date") if kind in hint), "str")
        try:
            value = _convert(
                kind, text.strip(), may_be_none="None" in hint, longest=self.longest.get(name, LONGEST_TEXT)
            )
        except (ValueError, OverflowError):
            return None, f"{name} must be {_WANTED[kind]}"
        reason = complaint(name, value, self.limits)
        if reason:
            return None, reason
        if name in known and value not in self.keywords.get(name, ()) and value not in known[name]:
            return None, f"there is no such {self.nouns.get(name, name)}"
        return value, None


@cache
def _hints(holds: type) -> Mapping[str, str]:
    """Types of the fields of a dataclass, as text."""
    return {name: str(hint) for name, hint in get_type_hints(holds).items()}


def pairs_of(link: str | Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    """Parameters in order as their sender wrote them, then those that a short link leaves out."""
    return completed(as_written(written_pairs(link))[0])


def written_pairs(link: str | Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    """Parameters as they came, in order; a repeated key appears as often as the link has it."""
    if isinstance(link, str):
        query = link.strip()
        query = query.partition("?")[2] if "?" in query else query
        return parse_qsl(query.partition("#")[0], keep_blank_values=True, encoding="utf-8", errors="replace")
    pairs = []
    for key, value in link.items():
        texts = [value] if isinstance(value, str) else list(value)
        pairs += [(str(key), str(text)) for text in texts]
    return pairs


def spaced_pairs(text: str | None) -> dict[str, str]:
    """Read ``key=value`` pairs between spaces, as tables write them.

    >>> spaced_pairs("batch=8 model=llama-2-70b")
    {'batch': '8', 'model': 'llama-2-70b'}

    Raises
    ------
    ValueError
        If a part has no equals sign, or a key stands twice.
    """
    found: dict[str, str] = {}
    for part in (text or "").split():
        key, equals, value = part.partition("=")
        if not (key and equals and value):
            raise ValueError(f"'{part}' must be written key=value")
        if key in found:
            raise ValueError(f"'{key}' is given twice")
        found[key] = value
    return found


def quoted(text: str) -> str:
    """Repeat a piece of a link in a message, shortened; what no screen or file can write is replaced."""
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return "'" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in short) + "'"


def _convert(kind: str, text: str, *, may_be_none: bool, longest: int) -> Any:
    """Text of a link to the type of the field; raises ValueError."""
    if text.lower() == NONE and may_be_none:
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
    return text if text and text.isprintable() and len(text) <= longest else _fail(text)


def _fail(text: str) -> Any:
    """Raise in an expression."""
    raise ValueError(text)
