"""An export, written once for all tests as a visitor of the command line would have it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import ROOT, TODAY

ADDRESS = "https://example.org/x/"
"""Where the exported site says it will stand."""


def export(folder: Path, seed: str) -> Path:
    """Run the command in a process of its own, whose sets are ordered by that seed."""
    command = [sys.executable, "-m", "breakeven", "export", str(folder), "--base-path", ADDRESS]
    done = subprocess.run(
        [*command, "--as-of", TODAY.isoformat()],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a whole site."""
    return export(tmp_path_factory.mktemp("export") / "site", "1")
