"""``breakeven rank``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from duckdb import DuckDBPyConnection

from breakeven.question.link import encode, short
from breakeven.question.scenario import Scenario
from breakeven.tables.day import read_tables
from breakeven.views.deploy import FIELDS, Fields, deploy, words
from tests.builders import TODAY, json_of, output_of, refusal_of
from tests.hosting.config_json import configs

USUAL = (
    *("rank", "--prompt", "4000", "--completion", "16"),
    *("--ttft", "2", "--tpot", "0.05", "--as-of", "2026-11-21"),
)
LLAMA = (*USUAL, "--model", "llama-3.3-70b")


pytestmark = pytest.mark.usefixtures("built")


def test_json_ranks_by_cost_and_names_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json_of(capsys, *LLAMA, "--precision", "fp8,fp16", "--top", "7")
    rows = answer["deployments"]
    assert [row["rank"] for row in rows] == list(range(1, 8))
    for unit in ("usd_at_load", "usd_per_month", "usd_per_1m_tokens"):
        assert [row[unit] for row in rows] == sorted(row[unit] for row in rows)
    assert all(row["ttft_s"] <= 2 and row["tpot_s"] <= 0.05 for row in rows)
    assert {row["precision"] for row in rows} <= {"fp8", "fp16"}
    assert answer["chosen"]["measured"] is True
    assert answer["chosen"]["rank"] >= 1
    assert answer["physical_limit"]["tpot_s"] < answer["chosen"]["tpot_s"]
    assert all(gone["why"] for gone in answer["left_out"])


def test_csv_has_every_deployment_that_holds(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json_of(capsys, *LLAMA)
    rows = list(csv.DictReader(io.StringIO(output_of(capsys, *LLAMA, "--csv", "--top", "0"))))
    assert len(rows) == answer["hold_the_targets"]
    assert float(rows[0]["usd_per_1m_tokens"]) == answer["deployments"][0]["usd_per_1m_tokens"]


def test_text_opens_with_the_recommendation(capsys: pytest.CaptureFixture[str]) -> None:
    text = output_of(capsys, *LLAMA, "--gpu", "h100-sxm", "--gpus", "4", "--requests-per-second", "30")
    first = text.splitlines()[0]
    assert first.startswith("Llama 3.3 70B at fp8, 4,000 in / 16 out, 30 requests/s: ")
    assert "replicas × 4×H100 SXM5 80GB, $" in first
    assert first.endswith(".")


def test_the_load_decides_what_goes_first(capsys: pytest.CaptureFixture[str]) -> None:
    little, much = (json_of(capsys, *LLAMA, "--requests-per-second", load) for load in ("0.001", "1000"))
    first, last = (answer["deployments"][0] for answer in (little, much))
    assert first["replicas"] == 1 < last["replicas"]
    # One replica is rented for the month whatever it does: the cheapest one.
    hourly = [row["usd_per_hour"] for row in little["deployments"]]
    assert hourly == sorted(hourly)
    assert first["usd_at_load"] == pytest.approx(730 * first["usd_per_hour"])
    assert last["usd_per_1m_tokens"] < 0.01 * first["usd_per_1m_tokens"]
    text = output_of(capsys, *LLAMA, "--requests-per-second", "0.001")
    assert "  1. 1 replica × " in text
    assert " a month, $" in text


def test_a_link_to_a_job_is_ranked_for_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    link = encode(Scenario(as_of=TODAY, per="once", requests=1e6, finish_hours=12.0, ttft=None, tpot=None))
    answer = json_of(capsys, "rank", "--scenario", link)
    assert " for the job (" in answer["recommendation"]
    assert all(row["usd_per_month"] is None and row["hours"] <= 12 for row in answer["deployments"])
    bills = [row["usd_at_load"] for row in answer["deployments"]]
    assert bills == sorted(bills)
    assert " for the job, $" in output_of(capsys, "rank", "--scenario", link)


def test_all_models_are_ranked_together(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json_of(capsys, *USUAL, "--model", "all", "--top", "0", "--mode", "all", "--kv-precision", "all")
    assert len({row["model"] for row in answer["deployments"]}) > 30
    assert {row["mode"] for row in answer["deployments"]} == {"continuous", "static", "disaggregated"}


def test_config_file_is_a_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(configs.LLAMA_2_70B), encoding="utf-8")
    typed = json_of(capsys, *USUAL, "--config", str(file))
    listed = json_of(capsys, *USUAL, "--model", "llama-2-70b")
    assert typed["deployments"][0]["usd_per_1m_tokens"] == pytest.approx(
        listed["deployments"][0]["usd_per_1m_tokens"]
    )


def test_nothing_fits_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json_of(capsys, *USUAL, "--model", "llama-3.1-405b", "--gpu", "l4", "--precision", "fp16")
    assert answer["deployments"] == []
    assert answer["chosen"] is None
    assert "at least 39 × NVIDIA L4" in answer["needs"][0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (USUAL, "give either --model or --config"),
        ((*LLAMA, "--config", "x"), "give either --model or --config"),
        ((*USUAL, "--model", "llama-3"), "--model: there is no 'llama-3'; the nearest are"),
        ((*LLAMA, "--gpu", "h100"), "--gpu: there is no 'h100'"),
        ((*LLAMA, "--precision", "fp8,fp2"), "--precision: there is no 'fp2'"),
        ((*LLAMA, "--mode", "magic"), "--mode: there is no 'magic'"),
        ((*LLAMA, "--engine", "magic"), "--engine: there is no 'magic'"),
        ((*LLAMA, "--gpus", "0"), "--gpus is 0; it must lie between 1 and 64"),
        ((*LLAMA, "--top", "-1"), "--top is -1; it must be 0 or more"),
        ((*LLAMA, "--ttft", "0"), "ttft must lie between 0.001 and 3,600"),
        ((*LLAMA, "--ttft", "nan"), "ttft must lie between"),
        ((*LLAMA, "--requests-per-second", "0"), "requests-per-second must lie between"),
        ((*LLAMA, "--utilisation", "2"), "utilisation must lie between 0.01 and 1"),
        ((*LLAMA, "--cached", "4000"), "cached must be less than prompt (4000)"),
        ((*LLAMA, "--json", "--csv"), "--json and --csv exclude each other"),
        ((*USUAL, "--config", "/nowhere/config.json"), "/nowhere/config.json: No such file"),
    ],
)
def test_bad_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    said = refusal_of(capsys, *arguments).strip()
    assert sentence in said
    assert "\n" not in said


def test_bad_config_file_names_the_key(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(configs.LLAMA_2_70B | {"hidden_size": "wide"}), encoding="utf-8")
    assert "hidden_size is 'wide'" in refusal_of(capsys, *USUAL, "--config", str(file))


def test_owned_hardware_costs_what_purchase_power_and_hosting_add_up_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # 30,000 USD over 5 years without interest: 6,000 a year or 0.6845 an hour of 8,766 hours; 700 W x PUE 1
    # x 0.10 = 0.07; no hosting: 0.7545 an hour.
    own = ("--buy", "30000", "--years", "5", "--interest", "0", "--watts", "700", "--pue", "1")
    answer = json_of(capsys, *LLAMA, "--gpu", "h100-sxm", *own, "--kwh", "0.1", "--hosting", "0")
    chosen = answer["chosen"]
    hours = 5 * 8766
    per_hour = 30_000 / hours + 0.07
    assert chosen["usd_per_gpu_hour"] == pytest.approx(per_hour, rel=2e-3)


def test_a_purchase_price_without_a_gpu_prices_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json_of(capsys, *LLAMA, "--owned")
    assert answer["chosen"] is None
    assert any("belongs to one GPU" in sentence for sentence in answer["problems"])


def test_drafted_tokens_shorten_the_time_between_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    one = (*LLAMA, "--gpu", "h100-sxm", "--gpus", "2", "--requests-per-second", "100")
    plain, drafted = json_of(capsys, *one), json_of(capsys, *one, "--drafts", "4", "--acceptance", "80")
    assert drafted["chosen"]["usd_per_1m_tokens"] < plain["chosen"]["usd_per_1m_tokens"]


def test_gpu_of_my_own_numbers_is_ranked(capsys: pytest.CaptureFixture[str]) -> None:
    typed = ("--gpu-memory", "288", "--gpu-bandwidth", "8000", "--gpu-fp16", "2500", "--gpu-fp8", "5000")
    answer = json_of(capsys, *LLAMA, *typed, "--gpu-usd", "3", "--gpu-name", "Ours", "--top", "0")
    assert any("Ours" in json.dumps(row) for row in answer["deployments"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--acceptance", "60"), "--acceptance and --draft need --drafts"),
        (("--years", "0"), "--years must lie between 0.1 and 20, got 0"),
        (("--gpu-memory", "nan"), "--gpu-memory must"),
        (("--drafts", "17"), "--drafts must lie between 0 and 16, got 17"),
        (("--scenario", "v=1"), "--scenario asks everything itself"),
    ],
)
def test_option_that_makes_no_sense_gets_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refusal_of(capsys, *LLAMA, *arguments)


def test_neither_tokens_nor_link_gets_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "give --prompt and --completion, or --scenario" in refusal_of(
        capsys, "rank", "--model", "llama-3.3-70b"
    )


def test_link_of_the_page_is_ranked_as_the_page_does(
    capsys: pytest.CaptureFixture[str], connection: DuckDBPyConnection
) -> None:
    scenario = Scenario(as_of=TODAY, model="llama-3.3-70b", gpu="h100-sxm")
    extra = Fields(price="owned", buy=25_000.0, drafts=3, shape="b")
    link = f"{encode(scenario)}&{urlencode(FIELDS.write(extra))}"
    answer = json_of(capsys, "rank", "--scenario", f"http://localhost:8501/deploy?{link}")
    page = deploy(scenario, extra, read_tables(connection, scenario.as_of))
    assert answer["recommendation"] == words.recommendation(page)
    assert answer["notes"] == []


def test_short_link_is_ranked_as_the_whole_one_also_when_a_default_changes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = Scenario(as_of=TODAY, model="llama-3.1-8b", gpu="h100-sxm")
    extra = FIELDS.write(Fields(price="owned"))
    whole = json_of(capsys, "rank", "--scenario", f"?{encode(scenario)}&{urlencode(extra)}")
    monkeypatch.setattr("breakeven.views.deploy.USUAL", Fields(shape="b", buy=1.0, years=1.0))
    assert json_of(capsys, "rank", "--scenario", f"?{short(scenario, extra)}") == whole


def test_bad_field_of_a_link_is_told_and_the_rest_counts(capsys: pytest.CaptureFixture[str]) -> None:
    link = "v=1&model=llama-3.1-8b&as_of=2026-11-21&deploy_years=zero"
    answer = json_of(capsys, "rank", "--scenario", link)
    assert "Llama 3.1 8B" in answer["recommendation"]
    assert any("deploy_years='zero'" in note for note in answer["notes"])
