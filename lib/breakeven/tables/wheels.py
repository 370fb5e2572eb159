"""Releases on a package index, and one member of a wheel read by ranges: two or three short requests each.

Goes to the network only when ``breakeven data history`` asks for it.
"""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from datetime import date
from typing import Any

from breakeven.tables.refresh import MOST_BYTES, NotRefreshed, fetch
from breakeven.tables.releases import MEMBER, PACKAGE, Release

INDEX = f"https://pypi.org/simple/{PACKAGE}/"
"""Files of the package with their upload times, as JSON (PEP 691, PEP 700)."""
JSON_FORM = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_S = 30
_AHEAD = 1 << 18
"""Bytes read at once: the list of a wheel's members in one request, a map in a few."""
_WHEEL = re.compile(rf"{PACKAGE}-(?P<version>[^-]+)-py3-none-any\.whl")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


class RangeFile(io.RawIOBase):
    """A file at an address, read by ranges of bytes; a server without ranges is refused."""

    def __init__(self, url: str, size: int) -> None:
        """Take the length from the index, so that nothing is asked for before it is read."""
        self.url, self.size, self.place = url, size, 0
        self._start, self._held = 0, b""

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Bytes from the start."""
        return self.place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; nothing is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.size}[whence]
        self.place = max(0, base + offset)
        return self.place

    def read(self, size: int = -1) -> bytes:
        """Read on from here."""
        end = self.size if size < 0 else min(self.size, self.place + size)
        if not self._start <= self.place <= end <= self._start + len(self._held):
            first = max(0, min(self.place, self.size - _AHEAD))
            self._start, self._held = first, self._fetched(first, max(end, min(self.size, first + _AHEAD)))
        taken = self._held[self.place - self._start : end - self._start]
        self.place = max(self.place, end)
        return taken

    def _fetched(self, first: int, end: int) -> bytes:
        request = urllib.request.Request(self.url, headers={"Range": f"bytes={first}-{end - 1}"})
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            if answer.status != 206:
                raise OSError(f"no ranges of bytes (status {answer.status})")
            content: bytes = answer.read(MOST_BYTES)
        return content


def leading(files: list[Mapping[str, Any]]) -> list[tuple[Release, str, int]]:
    """The highest release of each day with its address and size, none below one of an earlier day."""
    best: dict[date, tuple[tuple[int, ...], str, Mapping[str, Any]]] = {}
    for file in files:
        match = _WHEEL.fullmatch(str(file.get("filename")))
        number = match and _NUMBER.match(match["version"])
        if not match or not number or file.get("yanked"):
            continue
        day = date.fromisoformat(str(file["upload-time"])[:10])
        found = tuple(int(part) for part in number[0].split(".")), match["version"], file
        if day not in best or found[:2] > best[day][:2]:
            best[day] = found
    chosen: list[tuple[Release, str, int]] = []
    highest: tuple[int, ...] = ()
    for day in sorted(best):
        parts, version, file = best[day]
        if parts >= highest:
            highest = parts
            chosen.append((Release(version=version, day=day), str(file["url"]), int(file["size"])))
    return chosen


def releases_after(day: date, index: str = INDEX) -> list[tuple[Release, str, int]]:
    """Leading releases that were uploaded after a day, the oldest first.

    Raises
    ------
    NotRefreshed
        If the index gives no such list.
    """
    try:
        files = json.loads(fetch(index, {"Accept": JSON_FORM}))["files"]
        return [found for found in leading(files) if found[0].day > day]
    except (ValueError, KeyError, TypeError) as error:
        raise NotRefreshed(f"{index} is not a list of releases with sizes and times ({error}).") from None


def map_of(url: str, size: int) -> dict[str, Any]:
    """The price map of one wheel.

    Raises
    ------
    NotRefreshed
        If the wheel cannot be read or holds none.
    """
    try:
        with zipfile.ZipFile(RangeFile(url, size)) as wheel:
            (name,) = [name for name in wheel.namelist() if name.endswith(MEMBER)]
            if wheel.getinfo(name).file_size > MOST_BYTES:
                raise ValueError("the map is too large")
            entries = json.loads(wheel.read(name))
        if not isinstance(entries, dict) or not entries:
            raise ValueError("a map of names is expected")
    except (OSError, ValueError, zipfile.BadZipFile, urllib.error.URLError) as error:
        raise NotRefreshed(f"{url[:200]} holds no price map that can be read ({str(error)[:200]}).") from None
    return entries
