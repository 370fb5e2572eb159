"""What the commands share: how arguments are read and how a bad one is refused."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, NoReturn

LARGEST_WHOLE = 10**12
"""Largest count that is read; arrays of floats hold it exactly."""
LONGEST_QUOTE = 60
"""Characters of a bad value that a message repeats."""


class BadInput(Exception):
    """What the user typed is wrong; the text says what and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command found: only the form that is asked for is written."""

    program: Callable[[], dict[str, Any]]
    """Plain values, for ``--json`` and for :mod:`breakeven.public`."""
    text: Callable[[], str]
    """For a reader."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise BadInput(f"{self.prog}: {' '.join(message.split())}")


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{short(text)}' is not a whole number") from None
    if abs(value) > LARGEST_WHOLE:
        raise argparse.ArgumentTypeError(f"'{short(text)}' is beyond {LARGEST_WHOLE:,}")
    return value


def short(text: str) -> str:
    """Repeat what was typed on one line, and not all of a long one."""
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return "".join(c if c.isprintable() else " " for c in short)


def a_number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date like 2026-11-21") from None


def pick(known: Iterable[str], text: str, option: str) -> str:
    """An id that exists, or a sentence with the nearest ones."""
    ids = list(known)
    if text in ids:
        return text
    near = get_close_matches(text.lower(), ids, n=3, cutoff=0.5)
    hint = f"the nearest are {', '.join(near)}" if near else f"known are {', '.join(sorted(ids)[:5])} …"
    raise BadInput(f"breakeven: {option}: there is no '{short(text)}'; {hint}")


@contextmanager
def told_on_terminal() -> Iterator[Callable[[str], None]]:
    """Say what is being done on a line that goes when it is done; nothing where nobody looks."""
    shown = sys.stderr.isatty()
    width = shutil.get_terminal_size().columns - 1

    def tell(words: str) -> None:
        if shown:
            line = short(words)[:width]
            print(f"\r{line:<{width}}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if shown:
            print(f"\r{'':<{width}}\r", end="", file=sys.stderr, flush=True)
