"""How many processes a test run takes; read before any test module."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

WORTH_SHARING = 5
"""Files of tests from which a second process pays for its start."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """None for a file or two asked by name, else one a core; a start costs more than a few files take."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return os.cpu_count() or 1
    named = [Path(one.partition("::")[0]) for one in config.args]
    files = sum(len(list(path.rglob("test_*.py"))) if path.is_dir() else 1 for path in named)
    return 0 if files < WORTH_SHARING else os.cpu_count() or 1
