"""What a test run is: how many processes, which tests are quick, how it ends. Read before any test module."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
WORTH_SHARING = 5
"""Files of tests from which a second process pays for its start."""
FILES_EACH = 2
"""Fewest files that a process is started for."""
QUICK = tuple(
    ROOT / path
    for path in (
        "tests/apis/test_paid.py",
        "tests/apis/test_shapes.py",
        "tests/formulas",
        "tests/hosting/config_json",
        "tests/pages/test_every_page.py",
        "tests/question",
        "tests/tables/test_check.py",
        "tests/tables/test_queries.py",
        "tests/words",
        "lib/breakeven/formulas",
        "lib/breakeven/words",
    )
)
"""What ``pytest -m quick`` runs: numbers, words, links and rules of the data, and every page once."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """None for a few files asked by name, else at most one a core: a start costs more than they take."""
    cores = os.cpu_count() or 1
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return cores
    named = [config.invocation_params.dir / one.partition("::")[0] for one in config.args]
    files = sum(len(list(path.rglob("test_*.py"))) if path.is_dir() else 1 for path in named)
    return 0 if files < WORTH_SHARING else min(cores, files // FILES_EACH)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the other files unread where only quick tests are asked for: to read all takes half a minute."""
    if config.option.markexpr != "quick" or collection_path.is_dir() or _is_quick(collection_path):
        return None
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is quick, before ``-m`` chooses."""
    for item in items:
        if _is_quick(item.path) and item.get_closest_marker("slow") is None:
            item.add_marker("quick")


def pytest_unconfigure() -> None:
    """Let go of what outlives the interpreter's last collection.

    Hypothesis times the garbage collector with a function in ``gc.callbacks``, which keeps its modules, and
    the test modules it has seen, until after that collection; DuckDB's types among their annotations are
    then reported as leaked, fifty lines a process.
    """
    gc.callbacks[:] = [one for one in gc.callbacks if not one.__module__.startswith("hypothesis.")]


def _is_quick(path: Path) -> bool:
    return any(path == one or one in path.parents for one in QUICK)
