"""`breakeven`: what it prints, and how it refuses."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from statistics import median

import duckdb
import pytest

from breakeven import cli
from breakeven.comparison.answer import compare
from breakeven.paths import DATA
from breakeven.question.link import encode
from breakeven.question.scenario import Scenario
from tests.builders import ARTICLE, DEFAULT, TODAY, copy_of_tables, csv_rows, json_of, refusal_of, write_csv
from tests.hosting.test_estimate import KEYS

GOOD = {
    "--model": "llama-2-70b",
    "--gpu": "a100-80-sxm",
    "--gpus": "2",
    "--precision": "fp16",
    "--prompt": "512",
    "--completion": "512",
    "--batch": "8",
    "--mode": "static",
    "--usd-per-hour": "4.42",
}
"""The design's own example."""


@pytest.fixture
def run(built, capsys):  # noqa: ARG001
    """Run a command on tables that are built already: status, standard output, standard error."""

    def command(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


def estimate(*more: str, without: tuple[str, ...] = (), **changes: str) -> list[str]:
    """Arguments of `breakeven estimate`; option names with underscores."""
    options = GOOD | {"--" + name.replace("_", "-"): value for name, value in changes.items()}
    pairs = [f"{name}={value}" for name, value in options.items() if name not in without]
    return ["estimate", *pairs, *more]


# estimate


def test_estimate_prints_every_promised_key_as_json(run):
    status, out, err = run(*estimate("--json"))
    result = json.loads(out)
    assert (status, err) == (0, "")
    assert set(result) >= KEYS
    assert result["fits"] is True
    assert result["weights_bytes"] == pytest.approx(137.95e9, rel=1e-3)


def test_static_prices_are_replica_seconds_over_tokens(run):
    result = json.loads(run(*estimate("--json"))[1])
    assert result["decode_s"] == pytest.approx(512 * result["tpot_s"])
    assert result["tokens_per_s"] == pytest.approx(8 / result["tpot_s"])
    usd_per_s = 4.42 / 3600
    assert result["usd_per_1k_prompt"] == pytest.approx(1000 * usd_per_s * result["ttft_s"] / (8 * 512))
    assert result["usd_per_1k_completion"] == pytest.approx(1000 * usd_per_s * result["decode_s"] / (8 * 512))


def test_the_28_measured_rows_come_out_of_the_command_line(run, connection):
    # Cursor 2023, appendix; formulas.md promises ≤ 10 % in the median and ≤ 40 % at worst.
    rows = connection.cursor().execute(
        "SELECT batch_size, prompt_tokens, completion_tokens, ttft_s, completion_s "
        "FROM benchmarks WHERE benchmark_id LIKE 'sanger-%'"
    )
    errors = []
    for batch, prompt, completion, ttft_s, completion_s in rows.fetchall():
        shape = {"batch": f"{batch:.0f}", "prompt": f"{prompt:.0f}", "completion": f"{completion:.0f}"}
        result = json.loads(run(*estimate("--json", **shape))[1])
        errors.append((abs(result["ttft_s"] / ttft_s - 1), abs(result["decode_s"] / completion_s - 1)))
    assert len(errors) == 28
    for one in zip(*errors, strict=True):
        assert median(one) <= 0.10
        assert max(one) <= 0.40


def test_an_older_engine_is_shown_beside_todays_and_by_name(run):
    asked = {"gpu": "h100-sxm", "mode": "continuous", "batch": "1"}
    today = json.loads(run(*estimate("--json", **asked))[1])
    older = today["older_engine"]
    assert older["engine"] == "vllm-2023"
    assert older["tpot_s"] > 1.2 * today["tpot_s"]
    named = json.loads(run(*estimate("--json", engine="vllm-2023", **asked))[1])
    assert named["tpot_s"] == pytest.approx(older["tpot_s"])
    assert named["older_engine"] is None
    text = run(*estimate(**asked))[1]
    assert "vllm-2023, as it was then" in text
    assert "If you do not know the version of yours" in text


def test_whose_rows_a_range_holds_is_said(run):
    def of(model: str) -> dict[str, object]:
        asked = {"gpu": "h100-sxm", "mode": "continuous", "precision": "fp8", "gpus": "2"}
        return json.loads(run(*estimate("--json", model=model, engine="vllm", **asked))[1])

    seen, unseen = of("llama-3.3-70b"), of("mistral-small-24b")
    assert (seen["range_of"], unseen["range_of"]) == ("model", "gpu")
    width = [r["tpot_range_s"][1] / r["tpot_range_s"][0] for r in (seen, unseen)]
    assert width[0] < width[1]


def test_the_physical_limit_is_faster_than_the_estimate(run):
    real = json.loads(run(*estimate("--json"))[1])
    limit = json.loads(run(*estimate("--json", "--ideal"))[1])
    assert limit["tpot_s"] < real["tpot_s"]
    assert limit["ttft_s"] < real["ttft_s"]
    # 8 prompts of 512 tokens at 2 FLOP for each of 68.7e9 weights on 2·312e12 FLOP/s; attention adds 1 %.
    assert limit["ttft_s"] == pytest.approx(8 * 512 * 2 * 68.71e9 / 624e12, rel=0.02)


def test_a_deployment_that_does_not_fit_is_timed_and_says_so(run):
    status, out, _ = run(*estimate("--json", gpus="1"))
    result = json.loads(out)
    assert status == 0
    assert (result["fits"], result["max_batch"]) == (False, 0)
    assert result["ttft_s"] > 0
    assert "does not fit: at most 0 sequences" in run(*estimate(gpus="1"))[1]


def test_a_reader_gets_the_same_numbers_in_words(run):
    status, out, err = run(*estimate())
    assert (status, err) == (0, "")
    assert out.startswith("TTFT ")
    assert "per 1M tokens" in out
    assert "Weights 138 GB, KV cache 328 kB per token" in out


def test_without_a_rent_the_median_offer_of_the_day_is_taken_and_named(run):
    status, out, _ = run(*estimate("--json", "--as-of=2023-07-20", without=("--usd-per-hour",)))
    result = json.loads(out)
    assert status == 0
    assert result["usd_per_hour"] == pytest.approx(4.42)  # the article's offer, the only one of that day
    assert "$2.21 per GPU-hour: median of 1 on-demand offers in force on 2023-07-20." in result["notes"]


def test_without_any_price_there_are_no_dollars_and_a_note_says_why(run):
    changes = {"gpu": "b200-sxm", "gpus": "1", "mode": "continuous"}
    status, out, _ = run(*estimate("--json", "--as-of=2023-07-20", without=("--usd-per-hour",), **changes))
    result = json.loads(out)
    assert status == 0
    assert result["usd_per_1k_prompt"] is None
    assert "No on-demand price of NVIDIA B200" in result["notes"][-1]
    text = run(*estimate("--as-of=2023-07-20", without=("--usd-per-hour",), **changes))[1]
    assert "Prompt no price" in text


def test_a_fleet_of_two_pools_is_one_command(run):
    day = {
        **{"model": "deepseek-v3", "gpu": "h800-sxm", "precision": "fp8", "prompt": "4384", "cached": "2466"},
        **{"completion": "1211", "batch": "10368", "layout": "3xDP32+1xDP144", "usd_per_hour": "480"},
    }
    arguments = estimate("--json", without=("--gpus", "--mode"), **day)
    status, out, _ = run(*arguments)
    result = json.loads(out)
    assert status == 0
    assert (result["layout"], result["gpus"]) == ("3xDP32+1xDP144", 240)
    # DeepSeek's day: 608 and 168 billion tokens for $87,072.
    usd = 608e6 * result["usd_per_1k_prompt"] + 168e6 * result["usd_per_1k_completion"]
    assert 1 / 1.5 < usd / 87_072 < 1.5
    text = run(*[a for a in arguments if a != "--json"])[1]
    assert text.startswith("3xDP32+1xDP144 on 240 GPUs: ")
    assert "a network between nodes is counted on" in text


BAD = [
    (estimate(model="llama-2-71b"), "there is no 'llama-2-71b'; the nearest are llama-2-7"),
    (estimate(gpu="h100"), "--gpu: there is no 'h100'; the nearest are h100-"),
    (estimate(gpu="potato"), "--gpu: there is no 'potato'"),
    (estimate(model="two\nlines"), "there is no 'two lines'"),
    (estimate(model="x" * 500), "there is no 'xxx"),
    (estimate(engine="vlm"), "the nearest are vllm"),
    (estimate(precision="fp12"), "invalid choice: 'fp12'"),
    (estimate(kv_precision="int3"), "invalid choice: 'int3'"),
    (estimate(mode="dynamic"), "invalid choice: 'dynamic'"),
    (estimate(precision="fp8"), "has no fp8 rate; choose fp16 or int4 weights"),
    (estimate(gpus="0"), "gpus must be a whole number of at least 1, got 0"),
    (estimate(gpus="-2"), "gpus must be a whole number of at least 1, got -2"),
    (estimate(gpus="1.5"), "'1.5' is not a whole number"),
    (estimate(gpus="64"), "joined by 8 at most"),
    (estimate(layout="EP8"), "--layout: layout: 'EP8' is no layout; write one such as TP8"),
    (estimate(layout="DP8"), "--gpus 2 and --layout DP8, which takes 8 GPUs; leave --gpus out"),
    (
        estimate(layout="DP8+DP8", without=("--gpus",)),
        "two pools; a static batch reads and decodes on the same",
    ),
    (
        estimate(layout="DP16", without=("--gpus",), mode="continuous"),
        "nothing on record joins more than 8",
    ),
    (estimate(prompt="0"), "prompt must be a whole number of at least 1"),
    (estimate(prompt="nan"), "'nan' is not a whole number"),
    (estimate(completion="-1"), "completion must be"),
    (estimate(completion="many"), "'many' is not a whole number"),
    (estimate(batch="0"), "batch must be"),
    (estimate(batch="9" * 25), "is beyond 1,000,000,000,000"),
    (estimate(prompt="9" * 400), "is beyond 1,000,000,000,000"),
    (estimate(cached="512"), "cached_tokens must be less than prompt_tokens"),
    (estimate(cached="-1"), "cached must be zero or more"),
    (estimate(usd_per_hour="-1"), "usd_per_hour must be zero or more and finite, got -1"),
    (estimate(usd_per_hour="nan"), "usd_per_hour must be zero or more and finite, got nan"),
    (estimate(usd_per_hour="inf"), "usd_per_hour must be zero or more and finite, got inf"),
    (estimate(usd_per_hour="free"), "'free' is not a number"),
    (estimate(mfu="0"), "mfu must be above 0 and at most 1"),
    (estimate(mbu="1.1"), "mbu must be above 0 and at most 1, got 1.1"),
    (estimate(overhead="-0.1"), "overhead must be zero or more"),
    (estimate(usable="0"), "usable must be above 0 and at most 1, got 0"),
    (estimate(usable="1.1"), "usable must be above 0 and at most 1, got 1.1"),
    (estimate(usable="nan"), "usable must be above 0 and at most 1, got nan"),
    (estimate(as_of="2026-02-30"), "'2026-02-30' is not a date like 2026-11-21"),
    (estimate(model="mimo-v2-flash"), "No formula for the KV cache of MiMo-V2-Flash"),
    (estimate(without=("--model",)), "required: --model"),
    (estimate(without=("--prompt", "--completion")), "required: --prompt, --completion"),
    (estimate("--frobnicate"), "--frobnicate"),
    (["frobnicate"], "invalid choice: 'frobnicate'"),
    ([], "required: command"),
    (["data"], "required: action"),
    (["compare"], "required: --scenario"),
    (["serve", "--port", "0"], "--port must lie between 1 and 65535, got 0"),
    (["serve", "--port", "http"], "'http' is not a whole number"),
    (["serve", "--max-reader-mb", "0"], "--max-reader-mb must be at least 1, got 0"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda value: str(value)[-40:])
def test_bad_input_is_one_sentence_on_standard_error_and_status_2(run, arguments, words):
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert err.endswith("\n")
    assert len(err.splitlines()) == 1
    assert err.startswith("breakeven")
    assert words in err
    assert len(err) < 400


def test_help_is_no_error(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    assert "estimate" in capsys.readouterr().out


# compare


def link(scenario: Scenario) -> str:
    return encode(scenario)


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(replace(ARTICLE, batch=16), id="article"),
        pytest.param(DEFAULT, id="today"),
        pytest.param(Scenario(as_of=TODAY, model="mimo-v2-flash"), id="nothing-to-host"),
    ],
)
def test_compare_prints_the_numbers_of_the_page(run, tables_on, scenario):
    status, out, err = run("compare", "--scenario", link(scenario), "--json")
    printed = json.loads(out, parse_constant=pytest.fail)  # neither NaN nor Infinity is JSON
    answer = compare(scenario, tables_on(scenario.as_of))
    assert (status, err, printed["warnings"]) == (0, "", [])
    assert printed["scenario"] == link(scenario)
    assert printed["problems"] == list(answer.problems)
    assert printed["sources"] == list(answer.source_ids)
    for shown, shape in zip(printed["shapes"], answer.shapes, strict=True):
        assert shown["prompt_tokens"] == shape.shape.prompt_tokens
        assert shown["ratio"] == shape.ratio
        assert shown["api"]["usd_per_request"] == shape.api.bill.usd
        assert len(shown["deployments"]) == len(shape.ranking)
        if shape.host is None:
            assert shown["self_hosted"] is None
        else:
            assert shown["self_hosted"]["usd_per_request"] == shape.host.usd
            assert shown["self_hosted"]["ttft_s"] == shape.host.ttft_s
            assert shown["at_load"]["self_hosted_usd_per_month"] == shape.at_load.host_usd


def test_compare_takes_a_whole_address(run):
    scenario = replace(ARTICLE, batch=4)
    _, out, _ = run("compare", "--scenario", f"https://example.org/compare?{link(scenario)}#top", "--json")
    assert json.loads(out)["scenario"] == link(scenario)


def test_a_broken_link_is_answered_with_one_warning_for_each_fault(run):
    broken = link(ARTICLE).replace("batch=1&", "batch=many&").replace("gpus=2", "gpus=900") + "&bogus=1"
    status, out, err = run("compare", "--scenario", broken, "--json")
    printed = json.loads(out)
    assert (status, err) == (0, "")
    assert len(printed["warnings"]) == 3
    assert any("'many'" in warning for warning in printed["warnings"])
    assert any("gpus must lie between 1 and 64" in warning for warning in printed["warnings"])
    assert any("'bogus'" in warning for warning in printed["warnings"])
    assert printed["shapes"][0]["api"]["offer"] == "openai/gpt-3.5-turbo"


@pytest.mark.parametrize("text", ["", "v=7", "?", "&&&", "model=%00%ff", "v=1&as_of=1066-10-14", "\ud800=1"])
def test_no_link_at_all_is_too_broken_to_answer(run, text):
    status, out, err = run("compare", "--scenario", text, "--json")
    assert (status, err) == (0, "")
    assert len(json.loads(out)["shapes"]) == 2


def test_compare_in_words_begins_with_the_question_and_says_who_is_cheaper(run):
    never_idle = replace(ARTICLE, batch=64, requests=1e6, per="once", startup_minutes=0.0)
    status, out, _ = run("compare", "--scenario", link(never_idle))
    assert status == 0
    assert out.startswith("Llama 2 70B, fp16, on 2×A100 SXM4 80GB at $2.21 per GPU-hour, against ")
    assert "Self-hosting is 1.5× cheaper" in out
    assert "Prompt tokens: $0.456" in out


# data


@pytest.fixture(scope="module")
def broken_data(tmp_path_factory):
    """A copy of the tables with one price that is not a number."""
    folder = copy_of_tables(tmp_path_factory.mktemp("broken"))
    first, *others = csv_rows(folder / "gpu_prices.csv")
    write_csv(folder / "gpu_prices.csv", [first | {"usd_per_gpu_hour": "cheap"}, *others])
    return folder


FAULT = "gpu_prices.csv:2: usd_per_gpu_hour: 'cheap' must be a number"


def test_data_check_finds_nothing_wrong_with_the_shipped_tables(capsys):
    report = json_of(capsys, "data", "check")
    assert report["problems"] == []
    assert report["counts"]["gpus"] > 40


def test_data_check_refuses_a_broken_copy_with_file_line_and_column(broken_data, capsys):
    assert cli.main(["data", "check", "--data", str(broken_data)]) == 2
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [FAULT]
    assert "1 problem, 0 warnings." in printed.out


def test_data_build_writes_a_file_that_duckdb_reads(tmp_path, capsys):
    path = tmp_path / "tables.duckdb"
    assert json_of(capsys, "data", "build", str(path)) == {"path": str(path)}
    with duckdb.connect(str(path), read_only=True) as reader:
        lines = len((DATA / "gpus.csv").read_text(encoding="utf-8").splitlines())
        assert reader.execute("SELECT count(*) FROM gpus").fetchone() == (lines - 1,)
        assert reader.execute("SELECT count(*) FROM api_prices").fetchone()[0] > 2000
    assert list(tmp_path.iterdir()) == [path]  # nothing half-made beside it


def test_data_build_of_a_broken_copy_writes_nothing(broken_data, tmp_path, capsys):
    path = tmp_path / "tables.duckdb"
    assert FAULT in refusal_of(capsys, "data", "build", str(path), "--data", str(broken_data))
    assert not path.exists()


def test_data_build_into_a_missing_folder_says_so(tmp_path, capsys):
    assert "its folder does not exist" in refusal_of(
        capsys, "data", "build", str(tmp_path / "nowhere" / "x.duckdb")
    )


# A process of its own


def test_a_process_leaves_with_the_status_and_no_traceback():
    command = [sys.executable, "-m", "breakeven", *estimate(usable="0")]
    done = subprocess.run(command, cwd=DATA.parent, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "breakeven estimate: usable must be above 0 and at most 1, got 0.0\n"


def test_a_day_without_dated_arguments_is_today(run):
    _, out, _ = run("compare", "--scenario", "", "--json")
    assert f"as_of={date.today().isoformat()}" in json.loads(out)["scenario"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_ctrl_c_ends_a_command_with_a_word_and_no_traceback(capsys, monkeypatch, fault):
    def interrupted(*_arguments, **_more):
        raise fault

    monkeypatch.setattr("breakeven.usage.read.read_workload", interrupted)
    assert cli.main(["price", "usage.csv"]) == 130
    assert capsys.readouterr().err == "breakeven: stopped\n"


def test_fault_of_ours_is_not_taken_for_ctrl_c(monkeypatch):
    def faulty(*_arguments, **_more):
        raise RuntimeError("something else")

    monkeypatch.setattr("breakeven.usage.read.read_workload", faulty)
    with pytest.raises(RuntimeError, match="something else"):
        cli.main(["price", "usage.csv"])
