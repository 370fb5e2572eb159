"""Where the files of a log lie: folders, patterns, and object stores, told apart by what they are called."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from breakeven.usage.files import files_of
from breakeven.usage.limits import Limits
from breakeven.usage.packed import READ
from breakeven.usage.spool import CHUNK, MEGABYTE, Unreadable
from breakeven.usage.stop import heed_stop

STORES = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs")
"""Object stores that pyarrow's file systems open."""
MOST_FILES = 1_000_000
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One file, here or in an object store."""

    name: str
    """Its path below what was asked for."""
    size: int
    changed: str
    """When it was changed last: with the name and the size it tells whether it is the same file."""
    path: str
    store: Any = None
    """pyarrow's file system; None: it lies here."""

    @property
    def partitions(self) -> Mapping[str, str]:
        """What folders such as ``model=gpt-4o`` say.

        >>> Place(name="model=gpt%2D4o/dt=2026-11-01/a.parquet", size=1, changed="", path="").partitions
        {'model': 'gpt-4o', 'dt': '2026-11-01'}
        """
        parts = (part.partition("=") for part in self.name.split("/")[:-1])
        said = {key.casefold(): unquote(value) for key, equals, value in parts if equals and key}
        return {key: value for key, value in said.items() if value != "__HIVE_DEFAULT_PARTITION__"}

    def here(self, folder: Path, limits: Limits) -> Path:
        """The file on this machine; from a store it is copied into a folder.

        Raises
        ------
        Unreadable
            If it is larger than the limit, or cannot be fetched.
        """
        if self.store is None:
            return Path(self.path)
        if self.size > limits.file_mb * MEGABYTE:
            raise Unreadable(
                limits.too_much(f"{self.name} has {self.size / MEGABYTE:,.0f} MB, above", "file_mb", "MB")
            )
        target = folder / re.sub(r"[^\w.-]", "_", self.name.rpartition("/")[2])
        try:
            with self.store.open_input_stream(self.path) as source, target.open("wb") as out:
                while chunk := source.read(8 * CHUNK):
                    heed_stop()
                    out.write(chunk)
        except OSError as error:
            raise Unreadable(f"{self.name} cannot be fetched: {_first(error)}.") from None
        return target


def places_of(asked: str, limits: Limits) -> list[Place]:
    """Files that a path, a folder, a pattern or an address such as ``s3://bucket/logs`` stands for.

    Raises
    ------
    Unreadable
        If there is none, or the store cannot be read.
    """
    scheme, separator, _ = asked.partition("://")
    if separator and scheme.lower() in STORES:
        return _stored(asked, scheme.lower())
    if separator:
        raise Unreadable(
            f"'{asked}' has an address that is not read; {', '.join(f'{s}://' for s in STORES)} are."
        )
    files = files_of(asked, None, Path(), replace(limits, files=MOST_FILES))
    home = Path(asked).expanduser()
    root = home if home.is_dir() else Path(_fixed(str(home)))
    return [_local(file, root) for file in files]


def _local(file: Path, root: Path) -> Place:
    told = file.stat()
    name = file.relative_to(root).as_posix() if file.is_relative_to(root) and file != root else file.name
    return Place(name=name, size=told.st_size, changed=str(told.st_mtime_ns), path=str(file))


def _fixed(pattern: str) -> str:
    """The part of a pattern before the first sign that stands for others, up to a folder."""
    found = _PATTERN.search(pattern)
    whole = pattern if found is None else pattern[: found.start()]
    return whole.rpartition("/")[0]


def _stored(asked: str, scheme: str) -> list[Place]:
    from pyarrow import ArrowException, fs  # type: ignore[import-untyped]

    try:
        store, path = _open(fs, asked, scheme)
        root = _fixed(path) if _PATTERN.search(path) else path.rstrip("/")
        info = store.get_file_info(root)
        if info.type == fs.FileType.File:
            found, root = [info], root.rpartition("/")[0]
        else:
            found = store.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
    except (OSError, ArrowException, ValueError) as error:
        raise Unreadable(f"'{asked}' cannot be read: {_first(error)}.") from None
    places = [
        Place(
            name=one.path[len(root) :].lstrip("/"),
            size=one.size,
            changed=str(one.mtime_ns),
            path=one.path,
            store=store,
        )
        for one in found
        if one.type == fs.FileType.File and one.size and _wanted(one.path, path)
    ]
    if not places:
        raise Unreadable(f"There is no file '{asked}' that can be read ({', '.join(READ[:8])} …).")
    return sorted(places, key=lambda one: one.name)


def _open(fs: Any, asked: str, scheme: str) -> tuple[Any, str]:
    """The file system of an address; stores that only speak like S3 are named by ``AWS_ENDPOINT_URL``."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if scheme == "s3" and endpoint:
        kind, _, host = endpoint.rpartition("://")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        store = fs.S3FileSystem(endpoint_override=host.rstrip("/"), scheme=kind or "https", region=region)
        return store, asked.partition("://")[2]
    # An address is no pattern to pyarrow: it is opened by its fixed part.
    fixed = _fixed(asked) if _PATTERN.search(asked) else asked
    store, path = fs.FileSystem.from_uri(fixed)
    return store, path + asked[len(fixed) :]


def _wanted(path: str, asked: str) -> bool:
    """Whether a file of a store is meant: by the pattern, else by the end of its name."""
    name = path.rpartition("/")[2]
    if name.startswith((".", "_")):
        return False
    if _PATTERN.search(asked):
        # As on disk: a star stays inside a folder, two go down.
        rule = fnmatch.translate(asked.replace("**/", "\0").replace("*", "\1"))
        rule = rule.replace("\0", "(?:.*/)?").replace("\1", "[^/]*").replace("\\\0", "(?:.*/)?")
        return re.fullmatch(rule, path) is not None
    return path == asked or name.lower().endswith(READ)


def _first(error: Exception) -> str:
    """What a store says, without the rest of its report."""
    return " ".join(str(error).split())[:200].rstrip(".")
