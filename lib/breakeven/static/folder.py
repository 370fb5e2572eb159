"""Write a site into a folder: one of its own, or none."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

LIST = "files.json"
"""Names every file of an export with its digest; a folder that holds it is one of ours."""


class NotOurs(ValueError):
    """The folder holds files that no export wrote; the message names some."""


def digest(data: bytes) -> str:
    """SHA-256 of a file, as the list has it."""
    return hashlib.sha256(data).hexdigest()


def listed(folder: Path) -> bytes:
    """The list of the files in a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): digest(path.read_bytes()) for path in paths}
    return (json.dumps(dict(sorted(found.items())), indent=0) + "\n").encode()


def check(folder: Path) -> None:
    """Refuse a folder that holds anything that no export wrote.

    Raises
    ------
    NotOurs
        If it does, or if it is a file.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotOurs(
            f"{folder} is a file; name a folder that does not exist yet, or one of an earlier export"
        )
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    foreign = sorted(present - _ours(folder))
    if foreign:
        shown = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
        raise NotOurs(
            f"{folder} holds files that no export wrote: {shown}; name an empty folder or remove them"
        )


def _ours(folder: Path) -> set[str]:
    try:
        return {LIST, *json.loads((folder / LIST).read_text(encoding="utf-8"))}
    except (OSError, ValueError):
        return set()


def write(
    folder: Path, files: Mapping[str, bytes], also: Sequence[Callable[[Path], None]] = ()
) -> tuple[int, int]:
    """Write all files beside the folder, then put them in its place.

    Whoever reads the old export meanwhile finds either the old files or the new ones, except for the moment
    between two renames; what goes wrong before leaves the old ones.

    Parameters
    ----------
    folder
        Where to; its parents are made.
    files
        Contents by path within it.
    also
        What adds more files, each to the folder in the making.

    Returns
    -------
    tuple
        How many files there are, and how large they are together. [-, B]

    Raises
    ------
    NotOurs
        If the folder holds anything that no export wrote.
    """
    check(folder)
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for path, data in files.items():
            target = made / PurePosixPath(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for add in also:
            add(made)
        (made / LIST).write_bytes(listed(made))
        sizes = [path.stat().st_size for path in made.rglob("*") if path.is_file()]
        made.chmod(0o755)
        old = made.with_name(f"{made.name}-old")
        if folder.exists():
            folder.rename(old)
        made.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return len(sizes), sum(sizes)
