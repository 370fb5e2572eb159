"""How many processes a test run takes; read before any test module."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

WORTH_SHARING = 5
"""Files of tests from which a second process pays for its start."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """None for a file or two asked by name, else one a core; a start costs more than a few files take."""
    named = [Path(str(one).partition("::")[0]) for one in config.invocation_params.args if "::" in str(one)]
    named += [path for one in config.invocation_params.args if (path := Path(str(one))).exists()]
    files = sum(len(list(path.rglob("test_*.py"))) if path.is_dir() else 1 for path in named)
    return 0 if named and files < WORTH_SHARING else os.cpu_count() or 1
