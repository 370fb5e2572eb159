"""Which files are read, and a connection that can read one of them and nothing else."""

from __future__ import annotations

import glob as globbing
import sys
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import BinaryIO

import duckdb
from duckdb import DuckDBPyConnection

from breakeven.usage.limits import Limits
from breakeven.usage.packed import files_in
from breakeven.usage.spool import Unreadable, spool_stream
from breakeven.usage.stop import heed_stop


def files_of(
    path: str | FilePath | Sequence[FilePath], stream: BinaryIO | None, folder: FilePath, limits: Limits
) -> list[FilePath]:
    """Files that a path, a folder, a pattern or standard input (``-``) stands for.

    Raises
    ------
    Unreadable
        If there is none, or more than the limit.
    """
    if isinstance(path, str) and path == "-":
        return [spool_stream(stream or sys.stdin.buffer, folder, limits)]
    if not isinstance(path, (str, FilePath)):
        return list(path)
    try:
        home = FilePath(path).expanduser()
        if home.is_dir():
            return files_in(home, limits)
        if isinstance(path, FilePath):
            return [path]
        if home.is_file():
            return [home]
        names = globbing.glob(str(home), recursive=True)  # noqa: PTH207 (a pattern may be absolute)
        found = sorted(file for file in map(FilePath, names) if file.is_file())
    except (OSError, ValueError):
        found = []
    if not found:
        raise Unreadable(f"There is no file '{path}'.")
    if len(found) > limits.files:
        raise Unreadable(
            limits.too_much(f"The pattern matches {len(found):,} files, above", "files", "files")
        )
    return found


def connect(
    path: FilePath, limits: Limits, memory_mb: int, *, ordered: bool = False, also: Sequence[FilePath] = ()
) -> DuckDBPyConnection:
    """Open a database in memory that can read one file, and read or write those that are named beside it."""
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    for statement, value in (
        ("SET memory_limit = ?", f"{memory_mb}MB"),
        ("SET threads = ?", limits.threads),
        ("SET temp_directory = ?", ""),
        ("SET TimeZone = ?", "UTC"),
        ("SET enable_progress_bar = ?", False),
        ("SET preserve_insertion_order = ?", ordered),
        ("SET python_enable_replacements = ?", False),
        ("SET allow_community_extensions = ?", False),
        ("SET allow_persistent_secrets = ?", False),
        ("SET allowed_paths = ?", [str(path), *map(str, also)]),
        ("SET enable_external_access = ?", False),
        ("SET lock_configuration = ?", True),
    ):
        _set(connection, statement, value)
    heed_stop(connection)
    return connection


def _set(connection: DuckDBPyConnection, statement: str, value: str | int | bool | list[str]) -> None:
    """Settings take no parameters; their values are ours or a path, quoted."""

    def literal(one: object) -> str:
        if isinstance(one, bool):
            return "true" if one else "false"
        if isinstance(one, list):
            return "[" + ", ".join(literal(item) for item in one) + "]"
        return str(one) if isinstance(one, int) else "'" + str(one).replace("'", "''") + "'"

    connection.execute(statement.replace("?", literal(value)))
