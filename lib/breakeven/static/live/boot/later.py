"""Packages that few visitors need: fetched when something imports them, not at the start."""

from __future__ import annotations

import ctypes
import gzip
import importlib
import json
import struct
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from js import fetchLater, nameLibrary

NEEDS: Mapping[str, Sequence[str]] = {"scipy": ("openblas", "scipy")}
"""Packs of a package, what it is linked against first."""
_SITES = Path(__file__).parent


class Later:
    """Finds a package by fetching it."""

    def __init__(self) -> None:
        """Nothing was asked for yet."""
        self.waiting = dict(NEEDS)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Fetch what a name needs, then find it where it was put; None: it is none of ours."""
        del path, target
        packs = self.waiting.pop(name, ())
        for pack in packs:
            for file in _unpack(fetchLater(pack).to_bytes()):
                if file.name.startswith("lib") and file.suffix == ".so":
                    ctypes.CDLL(str(file), ctypes.RTLD_GLOBAL)
                    nameLibrary(str(file))
        if not packs:
            return None
        importlib.invalidate_caches()
        return PathFinder.find_spec(name)


def _unpack(content: bytes) -> list[Path]:
    """Write the files of a pack (see ``pack.py``) beside the others."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    (size,) = struct.unpack_from("<I", content)
    at, written = 4 + size, []
    for name, length in json.loads(content[4:at]):
        target = _SITES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content[at : at + length])
        written.append(target)
        at += length
    return written


def take_over() -> None:
    """Ask here for what nobody else finds."""
    sys.meta_path.append(Later())
