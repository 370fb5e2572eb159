"""``breakeven claims``."""

import pytest

from tests.builders import json_of, output_of, refusal_of


def test_claims_are_listed_with_verdict_and_value(capsys) -> None:
    lines = output_of(capsys, "claims", "--document", "shrott", "--as-of", "2026-11-21").splitlines()
    assert lines[0].startswith("Of 26 published claims")
    assert len(lines) == 27
    assert any("recomputed $168,000; ✗ wrong: $190 too low." in line for line in lines)


def test_json_holds_numbers(capsys) -> None:
    answer = json_of(capsys, "claims", "--verdict", "wrong", "--as-of", "2026-11-21")
    rows = {row["claim_id"]: row for row in answer["claims"]}
    assert {row["verdict"] for row in rows.values()} == {"wrong"}
    assert rows["sanger-appendix-ttft"]["recomputed"] == pytest.approx(3.015, abs=5e-4)


def test_json_says_what_became_of_a_claim(capsys) -> None:
    answer = json_of(capsys, "claims", "--verdict", "held then, not now", "--as-of", "2026-11-21")
    rows = {row["claim_id"]: row for row in answer["claims"]}
    assert {(row["standing"], row["verdict"] in ("reproduces", "rounds")) for row in rows.values()} == {
        ("held then, not now", True)
    }
    assert rows["sanger-rent-hour"]["recomputed"] == 4.42 != rows["sanger-rent-hour"]["now"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--document", "shrot"], "there is no 'shrot'; the nearest are shrott"),
        (["--verdict", "good"], "--verdict: there is no 'good'"),
        (["--as-of", "soon"], "'soon' is not a date"),
    ],
)
def test_bad_argument_gives_one_sentence(capsys, arguments: list[str], sentence: str) -> None:
    error = refusal_of(capsys, "claims", *arguments)
    assert sentence in error
    assert error.count("\n") == 1
