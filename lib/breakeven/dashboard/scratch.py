"""One folder of this process for all that is temporary: uploads, copies, what readers unpack.

It goes with the process; one of a process that was killed is found by the next that starts. A process that
runs holds a lock on a file in it: the number of a process may be somebody else's by then.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

_PREFIX = "breakeven-run-"
_LOCK = "in-use"
OLD_S = 86_400
"""A folder without a lock that nobody wrote to for so long was left behind. [s]"""
_held: list[tuple[Path, int]] = []


def begin() -> Path:
    """Delete what killed processes left, make the folder and have all temporary files made in it."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    _lock(lock)
    _held.append((folder, lock))
    tempfile.tempdir = str(folder)
    return folder


def end() -> None:
    """Delete the folder."""
    while _held:
        folder, lock = _held.pop()
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep() -> None:
    """Delete the folders of processes that do not run any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not _is_used(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_used(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except OSError:  # made a moment ago, or somebody else's
        return _is_young(folder)
    try:
        return not _lock(lock) or (os.name != "posix" and _is_young(folder))
    finally:
        os.close(lock)


def _is_young(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime < OLD_S
    except OSError:
        return True


def _lock(lock: int) -> bool:
    """Take a lock that ends with its process; False: somebody has it."""
    if os.name != "posix":  # there only age tells
        return True
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
