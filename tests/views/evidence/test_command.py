"""``breakeven calibrate``."""

import pytest

from breakeven.cli import main
from tests.builders import json_of, output_of, refusal_of

CSV = "prompt,completion,concurrency,ttft_ms,tpot_s\n1000,500,4,120,0.012\n4000,500,16,600,0.02\n"
GROUND = ("--model", "llama-3.1-8b", "--gpu", "h100-sxm", "--precision", "bf16")


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(CSV, encoding="utf-8")
    return str(path)


def test_own_runs_give_a_row_its_error_and_its_range(own, capsys):
    found = json_of(capsys, "calibrate", own, *GROUND)
    assert found["efficiency"]["engine"] == "yours"
    assert found["covered"] == "1,000 to 4,000 prompt tokens, 500 completion tokens, 4 to 16 together"
    tpot = next(e for e in found["errors"] if e["quantity"] == "tpot")
    assert (tpot["n"], tpot["after"] < tpot["before"]) == (2, True)


def test_own_runs_in_words_name_the_row_that_they_correct(own, capsys):
    out = output_of(capsys, "calibrate", own, *GROUND, "--engine", "vllm")
    assert out.startswith("Fitted on your 2 runs of Llama 3.1 8B")
    assert "with vllm-h100-fp16)" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--gpu", "h100-sxm"), "--model is needed"),
        (("--model", "llama-3.1-8b"), "--gpu is needed"),
        (("--model", "llama-9", "--gpu", "h100-sxm"), "there is no 'llama-9'"),
        (("--model", "llama-3.1-8b", "--gpu", "a100-80-sxm", "--precision", "fp8"), "has no fp8 rate"),
    ],
)
def test_a_question_that_lacks_something_is_one_sentence(own, capsys, arguments, words):
    assert main(["calibrate", own, *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_bad_cell_and_a_missing_file_are_named(tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("prompt,completion,concurrency,ttft_s\n10,20,many,1\n", encoding="utf-8")
    assert "line 2: concurrency: 'many' is not a number of at least 1" in refusal_of(
        capsys, "calibrate", str(path), *GROUND
    )
    assert "none.csv: No such file" in refusal_of(capsys, "calibrate", str(tmp_path / "none.csv"), *GROUND)


def test_a_folder_that_does_not_exist_is_refused_before_anything_is_fitted(capsys):
    assert "no such folder" in refusal_of(capsys, "calibrate", "--write", "/no/such/folder")
