"""How a test run behaves: how many processes it takes, what it calls quick, that it ends without noise."""

import os
import re
import subprocess
import sys

import pytest

from tests.builders import ROOT

CORES = os.cpu_count() or 1


def pytest_run(*arguments: str) -> str:
    """Run the test runner in the checkout; what it prints on both channels."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 5), ran.stdout
    return ran.stdout


WORKERS = [
    (["tests/words/test_glossary.py"], 0),
    (["tests/words/test_glossary.py", "tests/words/test_numbers.py::test_of_no_such_name"], 0),
    (["tests/words"], 0),
    (["tests/words", "-k", "glossary"], 0),
    (["tests/words", "tests/question"], CORES),
    (["tests/formulas"], CORES),
    ([], CORES),
    (["-k", "glossary"], CORES),
    (["-m", "quick"], CORES),
]
"""Command lines, and the most processes that each may take; where it may share, it does."""


@pytest.fixture(scope="module")
def asked() -> list[int]:
    """What the hook answers for each command line, out of one process that runs no test."""
    script = (
        "import ast, sys\n"
        "from _pytest.config import _prepareconfig\n"
        "for line in ast.literal_eval(sys.argv[1]):\n"
        "    config = _prepareconfig(line)\n"
        "    print(config.hook.pytest_xdist_auto_num_workers(config=config))\n"
        "    config._ensure_unconfigure()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, repr([line for line, _ in WORKERS])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(line) for line in ran.stdout.split()]


@pytest.mark.parametrize("number", range(len(WORKERS)), ids=[" ".join(line) or "all" for line, _ in WORKERS])
def test_run_takes_no_more_processes_than_pay(number: int, asked: list[int]) -> None:
    line, most = WORKERS[number]
    assert asked[number] <= most
    assert asked[number] > 0 or most == 0, line


def test_run_with_hypothesis_and_duckdb_ends_with_its_count() -> None:
    # Both in one process are what DuckDB's bindings reported as leaked, fifty lines at the end.
    printed = pytest_run("-q", "-n", "0", "tests/usage/test_names.py")
    assert re.fullmatch(r"\d+ passed in [\d.]+s", printed.splitlines()[-1])
    assert "nanobind" not in printed


def test_quick_run_reads_only_the_files_it_runs_and_opens_every_page() -> None:
    listed = pytest_run("-q", "-n", "0", "-m", "quick", "--collect-only").splitlines()
    assert "deselected" not in listed[-1]
    names = {line.partition("[")[0] for line in listed if "::" in line}
    assert "tests/pages/test_every_page.py::test_page_opens_with_something_to_read" in names
    assert {name.split("/")[1] for name in names if name.startswith("tests/")} >= {
        *("apis", "formulas", "hosting", "pages", "question", "tables", "words"),
    }
    assert not any("/e2e/" in name for name in names)


def test_every_recipe_of_the_justfile_is_one_plain_command() -> None:
    text = (ROOT / "justfile").read_text(encoding="utf-8")
    recipes = dict(re.findall(r"^(\w+):\n    (.+)$", text, re.MULTILINE))
    assert recipes.keys() == {"run", "test", "quick", "check", "refresh"}
    assert all(part.startswith("uv run ") for line in recipes.values() for part in line.split(" && "))
    contributing = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    assert recipes["check"] in contributing
    assert recipes["quick"].replace(" -q", "") in contributing
    for line in (recipes["run"], recipes["test"], recipes["refresh"]):
        assert line in (ROOT / "README.md").read_text(encoding="utf-8")


def test_nothing_needs_just_or_pre_commit() -> None:
    for path in (".ci/run", "pyproject.toml", "requirements.txt"):
        words = set(re.findall(r"[\w-]+", (ROOT / path).read_text(encoding="utf-8")))
        assert not words & {"just", "pre-commit", "rust-just"}, path


def test_hooks_fetch_nothing_and_run_what_is_installed() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (\S+)", text) == ["local"]
    assert set(re.findall(r"language: (\S+)", text)) == {"system"}
    assert re.findall(r"entry: (.+)", text) == [
        "uv run ruff check",
        "uv run ruff format --check",
        "uv run mypy",
        "uv run lint-imports",
        "uv run breakeven data check",
    ]
