"""The recipes of CONTRIBUTING.md, followed as they are written: each example works in a copy.

The recipe for an export is not among them: it has no example.
"""

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from breakeven.cli import main
from breakeven.tables import queries
from breakeven.tables.build import load
from breakeven.tables.check import check
from breakeven.tables.day import read_tables
from breakeven.tables.scores import Scale, score_of, scores_in
from tests.builders import ROOT, TODAY, copy_of_tables
from tests.hosting.config_json.configs import LLAMA_2_70B

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
ROWS = {Path(path).stem: rows for kind, path, rows in BLOCKS if kind == "csv"}
FILES = {path: content for kind, path, content in BLOCKS if kind == "python"}
SOURCE, H100_OFFER, H900 = "example-cloud", "example-h100-sxm-on-demand-2026-11-21", "h900-sxm"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tables with the source of the examples."""
    copy = copy_of_tables(tmp_path)
    append(copy, "sources")
    return copy


def append(folder: Path, table: str) -> None:
    with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(ROWS[table])


def opened(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(":memory:")) as connection:
        load(connection, folder)
        yield connection


def test_every_recipe_but_that_of_an_export_has_an_example() -> None:
    recipes = TEXT.split("\n## Add ")[1:]
    assert {recipe.split("\n")[0] for recipe in recipes if "\n```" not in recipe} == {"an export"}
    assert len(recipes) == 8


def test_score_counts_on_every_host_of_the_model(folder: Path) -> None:
    append(folder, "model_scores")
    for connection in opened(folder):
        scores = scores_in(connection)
        hosts = (
            "openai/gpt-6.1-terra",
            "aws/global.openai.gpt-6.1-terra",
            "openrouter/openai/gpt-6.1-terra:batch",
        )
        assert all((found := score_of(scores, host, Scale.ECI)) and found.value == 164.1 for host in hosts)


def test_source_that_nothing_names_yet_is_refused(folder: Path) -> None:
    (problem,) = check(folder).problems
    assert problem.endswith(f"source_id: '{SOURCE}' is used by no row")


def test_api_price_of_the_recipe_holds_from_its_day(folder: Path) -> None:
    append(folder, "api_prices_history")
    assert check(folder).problems == []
    for connection in opened(folder):
        offers = read_tables(connection, TODAY).api_offers
        (tier,) = next(offer for offer in offers if offer.api_offer_id == "openai/gpt-6-sol").tiers
        assert (tier.input_usd_per_mtok, tier.output_usd_per_mtok) == (2, 8)


def test_gpu_price_of_the_recipe_is_an_offer_of_its_day(folder: Path) -> None:
    append(folder, "gpu_prices")
    assert check(folder).problems == []
    for connection in opened(folder):
        offers = read_tables(connection, TODAY).gpu_offers
        (price,) = [offer.usd_per_gpu_hour for offer in offers if offer.gpu_offer_id == H100_OFFER]
        assert price == 1.99


def test_gpu_of_the_recipe_is_known_and_has_no_price(folder: Path) -> None:
    append(folder, "gpus")
    assert check(folder).problems == []
    for connection in opened(folder):
        assert queries.gpus(connection)[H900].memory_gb == 256
        offers = read_tables(connection, TODAY).gpu_offers
        assert H900 not in {offer.gpu_id for offer in offers}


def test_command_of_the_recipe_adds_a_model(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    (command,) = [text for kind, _, text in BLOCKS if kind == "sh"]
    program, *arguments, sign, target = shlex.split(command)
    assert (program, sign, target) == ("breakeven", ">>", "data/models.csv")
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_2_70B), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "--data", "data"]) == 0  # the source is a row of the copy
    printed = capsys.readouterr()
    assert printed.err == ""
    with Path(target).open("a", encoding="utf-8") as file:
        file.write(printed.out)
    assert check(folder).problems == []
    for connection in opened(folder):
        assert queries.models(connection)["example-70b"].params_total_b == pytest.approx(68.975, abs=1e-3)


# A copy of the checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, its pages and settings, with every file and change of the recipes."""
    copy = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("lib", "pages", "data"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    for path, content in FILES.items():
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(content, encoding="utf-8")
    (change,) = [text for kind, _, text in BLOCKS if kind == "diff"]
    applied = subprocess.run(
        ["git", "apply", "-"],
        cwd=copy,
        input=change,
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode == 0, applied.stderr
    return copy


def printed_in(checkout: Path, *arguments: str) -> str:
    """Run Python on the copy; what it prints."""
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout,
        env={"PYTHONPATH": f"{checkout / 'lib'}:{checkout}", "PATH": "", "BREAKEVEN_CACHE": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_formula_of_the_recipe_is_whole_and_on_the_method_page(checkout: Path) -> None:
    script = (
        "import doctest\n"
        "from breakeven.formulas import waiting\n"
        "from breakeven.views.method.docstrings import all_modules, missing_parts\n"
        "found = [f for m in all_modules() for f in m.formulas if f.name == 'queueing_wait_mm1']\n"
        "print(len(found), list(missing_parts(found[0])), doctest.testmod(waiting))\n"
    )
    assert printed_in(checkout, "-c", script) == "1 [] TestResults(failed=0, attempted=1)\n"


def test_page_of_the_recipe_opens_and_can_be_linked_to(checkout: Path) -> None:
    script = (
        "from datetime import date\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from breakeven.question.scenario import Scenario\n"
        "from breakeven.views.links import target\n"
        "app = AppTest.from_file('app.py', default_timeout=120).switch_page('pages/offers.py').run()\n"
        "print(len(app.exception), app.subheader[0].value)\n"
        "print(target('offers', Scenario(as_of=date(2026, 11, 21)), {}).warnings)\n"
    )
    said = printed_in(checkout, "-c", script).splitlines()
    assert re.fullmatch(r"0 [\d,]{5,} API offers and \d+ GPU offers are in force\\?\.", said[0])
    assert said[1:] == ["()"]


def test_files_of_the_recipes_keep_the_import_contracts_and_the_lint(checkout: Path) -> None:
    contracts = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert "0 broken" in printed_in(checkout, "-c", contracts)
    assert printed_in(checkout, "-m", "ruff", "check", *FILES) == "All checks passed!\n"
    printed_in(checkout, "-m", "ruff", "format", "--check", *FILES)


def test_rows_of_the_recipes_fill_the_columns_of_their_tables() -> None:
    for table, rows in ROWS.items():
        with (ROOT / "data" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert [len(row) for row in csv.reader(rows.splitlines())] == [len(header)], table
