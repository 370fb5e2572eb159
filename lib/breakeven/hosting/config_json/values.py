"""One value at a time out of a ``config.json``: a wrong key is named, nothing is guessed silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LARGEST = 10**8
"""No dimension of a model is larger."""
LONGEST_QUOTE = 40


class ConfigProblem(ValueError):
    """Something in the file that keeps the model from being computed; the text names the key."""


class Config:
    """The settings of one model, what was read of them, and what had to be assumed."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Wrap the parsed file."""
        self.values = dict(values)
        self.notes: list[str] = []
        self.read: set[str] = set()

    def get(self, name: str) -> Any:
        """A value as it stands; null where there is none."""
        self.read.add(name)
        return self.values.get(name)

    def fill(self, name: str, value: Any) -> None:
        """Put in what the family has where the file says nothing."""
        self.values[name] = value

    def known(self, *names: str) -> None:
        """Count keys as read whose meaning is settled by others."""
        self.read.update(names)

    def has(self, *names: str) -> str | None:
        """The first of these keys that is present and not null; all of them count as read."""
        given = [name for name in names if self.get(name) is not None]
        return given[0] if given else None

    def whole(self, *names: str, default: int | None = None, low: int = 1) -> int:
        """A whole number under the first of these keys that is there."""
        name = self.has(*names)
        if name is None:
            if default is not None:
                return default
            others = f" (nor {', '.join(names[1:])})" if len(names) > 1 else ""
            raise ConfigProblem(f"{names[0]}{others} is missing; it must be a whole number")
        other = next((n for n in names if self.values.get(n) not in (None, self.values[name])), None)
        if other is not None:
            said, else_ = quote(self.values[name]), quote(self.values[other])
            raise ConfigProblem(f"{name} is {said} and {other} is {else_}; they must agree")
        return whole_of(name, self.values[name], low=low)

    def maybe(self, *names: str, low: int = 1) -> int | None:
        """A whole number, or None where none of the keys is there."""
        return self.whole(*names, low=low) if self.has(*names) else None

    def flag(self, name: str, default: bool) -> bool:
        """A yes or no."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise ConfigProblem(f"{name} is {quote(value)}; it must be true or false")
        return value

    def text(self, name: str) -> str:
        """A text, printable; empty where there is none."""
        value = self.get(name)
        return "".join(c for c in value if c.isprintable()) if isinstance(value, str) else ""

    def names(self, name: str) -> list[str] | None:
        """A list of words, or None."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigProblem(f"{name} is {quote(value)}; it must be a list of words")
        return value

    def numbers(self, name: str) -> list[int] | None:
        """A list of whole numbers, or None."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise ConfigProblem(f"{name} is {quote(value)}; it must be a list of whole numbers")
        return [whole_of(name, item, low=0) for item in value]


def whole_of(name: str, value: object, *, low: int) -> int:
    """Check one whole number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= LARGEST:
        raise ConfigProblem(f"{name} is {quote(value)}; it must be a whole number from {low} to {LARGEST:,}")
    return value


def quote(value: object) -> str:
    """Repeat a value in a message, shortened and printable."""
    try:
        text = str(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits is not written out
        text = "too long to repeat"
    text = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return "'" + "".join(c if c.isprintable() else " " for c in text) + "'"
