"""``breakeven price``: the JSON that is promised, and one sentence on bad input."""

import io
import sys

import pytest

from breakeven.cli import main
from breakeven.usage.digest import unpack
from tests.builders import SAMPLES, json_of, output_of

KEYS = {
    "recognised",
    "rows_read",
    "rows_rejected",
    "problems",
    "tokens",
    "offers",
    "deployments",
    "paid_usd",
    "withheld",
    "digest",
}


def price(capsys, *arguments):
    return json_of(capsys, "price", *arguments, "--as-of", "2026-11-21")


def test_json_has_every_promised_key(capsys):
    answer = price(capsys, str(SAMPLES / "openrouter_activity.csv"), "--top", "3")
    assert set(answer) >= KEYS
    assert answer["recognised"] == "OpenRouter activity (CSV)"
    assert set(answer["tokens"]) == {
        "input_uncached",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "output",
        "reasoning",
        "requests",
    }
    assert len(answer["offers"]) == len(answer["deployments"]) == 3
    assert {"provider", "model", "usd"} <= set(answer["offers"][0])
    assert answer["paid_usd"] > 0
    assert unpack(answer["digest"]).tokens.requests == 60


def test_deployments_split_prompt_and_completion_and_follow_the_load(capsys):
    answer = price(capsys, str(SAMPLES / "shape_conv.csv.gz"))
    first = answer["deployments"][0]
    assert first["usd"] == pytest.approx(first["prompt_usd"] + first["completion_usd"])
    assert first["holds_share"] >= 0.95
    assert first["usd_low"] <= first["usd"] <= first["usd_high"]
    assert first["replicas_peak"] >= first["replicas_mean"] >= 1
    assert answer["load"]["peak_requests_per_s"] >= answer["load"]["mean_requests_per_s"]
    assert first["usd"] == first["usd_fixed"] > first["never_idle_usd"] > 0
    for good in (True, False, None):  # cheapest first among those of which the same is known
        prices = [row["usd"] for row in answer["deployments"] if row["at_least_as_good"] is good]
        assert prices == sorted(prices)


def test_bucket_file_has_no_deployments_and_says_why(capsys):
    answer = price(capsys, str(SAMPLES / "claude_api_tokens.csv"))
    assert answer["deployments"] == []
    assert any("deployments" in text for text in answer["withheld"])


def test_standard_input_and_pattern(capsys, monkeypatch, tmp_path):
    data = b"model,input_tokens,output_tokens\ngpt-4o,1000000,100000\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    from_stream = price(capsys, "-")
    (tmp_path / "a1.csv").write_bytes(data)
    from_pattern = price(capsys, str(tmp_path / "a*.csv"))
    assert from_stream["list_usd"] == from_pattern["list_usd"] == 3.5


def test_mapping_option(capsys, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n7,2\n")
    assert (
        price(capsys, str(tmp_path / "x.csv"), "--mapping", "input=a,output=b")["tokens"]["input_uncached"]
        == 7
    )


def test_text_says_the_answer_first(capsys):
    out = output_of(capsys, "price", str(SAMPLES / "by_hand.csv"), "--as-of", "2026-11-21")
    assert out.startswith("The cheapest scored API for all of it asks $")
    assert "52,300 requests" in out
    # Three rows without a time are a job: one replica, and its start is paid as well.
    assert "worked off as one job within 24 h, since the file has no times" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.csv"], "There is no file"),
        ([str(SAMPLES / "cost_openai.csv")], "no tokens"),
        ([str(SAMPLES / "by_hand.csv"), "--mapping", "nonsense"], "form input=column"),
        ([str(SAMPLES / "by_hand.csv"), "--as-of", "soon"], "not a date"),
        ([str(SAMPLES / "by_hand.csv"), "--top", "0"], "at least 1"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(arguments, sentence, capsys):
    assert main(["price", *arguments]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""


def test_terminal_codes_in_a_file_are_not_obeyed(capsys, tmp_path):
    (tmp_path / "x.csv").write_text("model,input_tokens,output_tokens\n\x1b[31mred,7,2\nm,\x1b[2Jx,1\n")
    assert "\x1b" not in output_of(capsys, "price", str(tmp_path / "x.csv"))
