"""What passes between the server and a reader of files: our own plain records, pickled.

A reader has read what a stranger sent. What it answers is therefore unpickled into records, enumerations and
refusals of this package, plain values and NumPy arrays; anything else that it names is an error, not a call.
"""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any

PROTOCOL = 5
LONGEST = 1 << 28
"""Bytes of the longest answer that is taken."""
_PACKAGE = "breakeven."
_PLAIN = frozenset(
    {
        ("builtins", "frozenset"),
        ("builtins", "range"),
        ("builtins", "set"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("types", "MappingProxyType"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a reader is doing."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many requests a replay has finished."""

    finished: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What the work gave."""

    result: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why it gave nothing: a refusal of this package, with a sentence for the visitor."""

    reason: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """It needed more memory than it may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A fault of ours; the trace is for the operator."""

    trace: str


class Foreign(pickle.UnpicklingError):
    """An answer names what is no plain record."""


class _Plain(pickle.Unpickler):
    """Takes plain records and nothing that runs."""

    def __init__(self, file: io.BytesIO, known: Sequence[Any]) -> None:
        super().__init__(file)
        self._known = [one.value if isinstance(one, Kept) else one for one in known]

    def persistent_load(self, number: Any) -> Any:
        """What both sides know."""
        return self._known[number]

    def find_class(self, module: str, name: str) -> Any:
        """Find a class by name; any name that is not on the list is refused."""
        if (module, name) in _PLAIN:
            return getattr(importlib.import_module(module), name)
        if module.startswith(_PACKAGE) and "." not in name:
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and (is_dataclass(found) or issubclass(found, (Enum, Exception))):
                return found
        raise Foreign(f"{module}.{name} is no plain record")


@dataclass(frozen=True, slots=True)
class Kept:
    """A record of which the server keeps the bytes as well: they are sent, and arrive as the record."""

    value: Any
    data: bytes

    def __reduce__(self) -> tuple[Any, ...]:
        """Send the bytes; a reader takes what the server sends as it is."""
        return pickle.loads, (self.data,)


class _Packer(pickle.Pickler):
    """Packs what was sent before as its number."""

    def __init__(self, file: io.BytesIO, known: Sequence[Any]) -> None:
        super().__init__(file, PROTOCOL)
        self._numbers = {id(one): number for number, one in enumerate(known) if is_dataclass(one)}

    def persistent_id(self, one: Any) -> int | None:
        """Number of what both sides know."""
        return self._numbers.get(id(one))


def packed(value: Any, known: Sequence[Any] = ()) -> bytes:
    """Bytes of a value.

    Parameters
    ----------
    value
        Anything made of plain records.
    known
        What the other side has already: records among it are sent as their place in it.

    >>> unpacked(packed({"a": (1, 2.5)}))
    {'a': (1, 2.5)}
    """
    file = io.BytesIO()
    _Packer(file, known).dump(value)
    return file.getvalue()


def unpacked(data: bytes, known: Sequence[Any] = ()) -> Any:
    """Value of bytes that a reader sent.

    Parameters
    ----------
    data
        From :func:`packed`.
    known
        What the bytes may refer to by its place.

    Raises
    ------
    pickle.UnpicklingError
        If they are damaged, or name what is no plain record.

    >>> import os
    >>> unpacked(packed(os.getcwd))
    Traceback (most recent call last):
        ...
    breakeven.dashboard.apart.wire.Foreign: posix.getcwd is no plain record
    """
    return _Plain(io.BytesIO(data), known).load()
