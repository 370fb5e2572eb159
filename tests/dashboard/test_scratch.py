"""Temporary files are in one folder of the process, which the next one deletes where that was killed."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from breakeven.dashboard import scratch

HOLDER = """
import sys, tempfile
from breakeven.dashboard import scratch
tempfile.tempdir = sys.argv[1]
scratch.begin()
with tempfile.NamedTemporaryFile(delete=False) as file:
    file.write(b"a visitor's")
print(file.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where processes make their folders."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_temporary_files_are_in_the_folder_and_go_with_it(place: Path) -> None:
    folder = scratch.begin()
    with tempfile.TemporaryDirectory() as inner:
        assert Path(inner).parent == folder
    assert folder.parent == place
    assert folder.stat().st_mode & 0o777 == 0o700
    scratch.end()
    assert list(place.iterdir()) == []
    assert tempfile.tempdir is None


def test_what_a_killed_process_left_is_deleted_and_what_a_running_one_has_stays(
    place: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        theirs = Path(holder.stdout.readline().strip())
        scratch.sweep()
        assert theirs.read_text() == "a visitor's"
        holder.kill()
        holder.wait()
        assert theirs.exists()
        scratch.sweep()
    assert list(place.iterdir()) == []


def test_a_folder_without_a_lock_is_deleted_after_a_day(place: Path) -> None:
    old, young = place / "breakeven-run-old", place / "breakeven-run-young"
    for folder, age in ((old, scratch.OLD_S + 60), (young, scratch.OLD_S - 60)):
        folder.mkdir()
        (folder / "file").touch()
        os.utime(folder, (time.time() - age,) * 2)
    scratch.sweep()
    assert (old.exists(), young.exists()) == (False, True)
