"""The README's numbers, links and promises."""

import re
from datetime import date

import pytest

from breakeven.comparison.answer import compare
from breakeven.question.link import decode
from breakeven.question.scenario import Scenario
from tests.builders import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\]\(http://localhost:8501/\?([^)]+)\)", README)


def test_worked_number_is_what_the_program_computes(tables_on) -> None:
    scenario = decode(LINKS[0], default=Scenario(as_of=date(2024, 1, 1))).scenario
    answer = compare(scenario, tables_on(scenario.as_of)).shapes[1]
    assert answer.host is not None
    assert answer.api.bill is not None
    assert answer.curve is not None
    prompt = answer.host.prompt_usd / 512 * 1e6
    completion = answer.host.completion_usd / 512 * 1e6
    at_eight = float(answer.curve.completion_usd_per_token[3]) * 1e6
    for text in (
        f"{answer.host.batch} prompts of 512",
        f"tokens in {answer.host.ttft_s:.1f} s",
        f"every {answer.host.tpot_s * 1e3:.0f} ms",
        f"${prompt:.2f}, {1.5 / prompt:.1f}× cheaper",
        f"${completion:.2f}, level",
        f"${at_eight:.2f}, {at_eight / 2:.1f}× the API's price",
    ):
        assert text in README.replace("\n", " "), text


@pytest.mark.parametrize("link", LINKS, ids=["2023", "today"])
def test_links_are_whole_and_answered(link: str, tables_on) -> None:
    decoded = decode(link, default=Scenario(as_of=date(2024, 1, 1)))
    assert decoded.warnings == ()
    answer = compare(decoded.scenario, tables_on(decoded.scenario.as_of))
    assert answer.problems == ()
    assert all(shape.ratio for shape in answer.shapes)


def test_readme_names_one_command_to_run_and_one_to_test() -> None:
    assert "pip install uv && uv run breakeven serve" in README
    assert "pip install uv && uv run --extra spark pytest\n" in README
    assert "pip install uv && uv run --extra spark pytest\n" in (ROOT / ".ci" / "run").read_text(
        encoding="utf-8"
    )


def test_pins_hold_names_and_versions_only() -> None:
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        assert "://" not in line
        assert re.match(r"[a-z0-9-]+==[\w.]+", line.split("[")[0]) or "[" in line
    assert not [name for name in ("uv.lock", "pylock.toml") if f"\n{name}\n" not in _ignored()]


def _ignored() -> str:
    return (ROOT / ".gitignore").read_text(encoding="utf-8")
