"""`check` finds what no single row can show, and the data that are shipped pass it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from breakeven.paths import DATA
from breakeven.tables.build import DataError
from breakeven.tables.check import CheckReport, check
from tests.builders import copy_of_tables, csv_rows, write_csv


@pytest.fixture(scope="module")
def shipped() -> CheckReport:
    return check(DATA)


def test_the_shipped_data_keep_every_rule(shipped):
    assert shipped.problems == []


def test_rows_are_counted_by_table(shipped):
    assert shipped.counts["models"] == len((DATA / "models.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert shipped.counts["api_prices"] > 2000
    assert next(iter(shipped.counts)) == "sources"


@dataclass
class Editor:
    """A copy of the data, to be broken."""

    folder: Path

    def rows(self, table: str) -> list[dict[str, str]]:
        return csv_rows(self.folder / f"{table}.csv")

    def write(self, table: str, rows: list[dict[str, str]]) -> None:
        write_csv(self.folder / f"{table}.csv", rows)

    def change(self, table: str, number: int, **cells: str) -> int:
        """Change cells of one row; returns its line."""
        rows = self.rows(table)
        rows[number] |= cells
        self.write(table, rows)
        return number + 2

    def append(self, table: str, like: dict[str, str], **cells: str) -> int:
        """Append a row that differs in these cells; returns its line."""
        rows = self.rows(table)
        self.write(table, [*rows, like | cells])
        return len(rows) + 2


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> tuple[dict[str, str], CheckReport]:
    """One copy with a fault of every kind, the start of the problem each must give, and the report.

    The faults do not touch each other; one build for all of them keeps the test short.
    """
    data = Editor(copy_of_tables(tmp_path_factory.mktemp("check")))
    want = {}

    models = data.rows("models")
    number = next(n for n, row in enumerate(models) if row["model_id"] == "llama-2-7b")
    line = data.change("models", number, params_total_b="7.2")  # the dimensions give 6.74
    want["parameter total"] = f"models.csv:{line}: params_total_b: '7.2' must be within 2% of "
    number = next(n for n, row in enumerate(models) if row["model_id"] == "llama-2-13b")
    line = data.change("models", number, params_total_b="", params_active_b="")
    want["no total to check"] = f"models.csv:{line}: params_total_b: '' must be the stated total"

    source = data.rows("sources")[0]
    line = data.append("sources", source, source_id="nobody-cites-me")
    want["unused source"] = f"sources.csv:{line}: source_id: 'nobody-cites-me' is used by no row"
    line = data.append("sources", source, source_id="plain-http", address="http://example.org")
    want["address"] = f"sources.csv:{line}: address: 'http://example.org' must start with https://"

    profile = data.rows("efficiency")[0]
    line = data.append("efficiency", profile, efficiency_id="test-1", gpu_family="h900")
    want["GPU family"] = f"efficiency.csv:{line}: gpu_family: 'h900' must be one of gpus.csv"
    line = data.append("efficiency", profile, efficiency_id="test-2", engine="vlm")
    want["engine"] = f"efficiency.csv:{line}: engine: 'vlm' must be one of benchmarks.csv"

    wait = next(row for row in data.rows("benchmark_notes") if row["note"] == "batch-wait-steps")
    line = data.append("benchmark_notes", wait, value="21")
    same = "note, source_family, engine, model_id, prompt_tokens, completion_tokens"
    want["repeated note"] = f"benchmark_notes.csv:{line}: {same}: 'batch-wait-steps', "
    data.append("benchmark_notes", wait, completion_tokens="2048")  # another run: no fault
    line = data.append("benchmark_notes", wait, source_family="inferencex")
    want["noted family"] = (
        f"benchmark_notes.csv:{line}: source_family: 'inferencex' must be one of benchmarks"
    )
    line = data.append("benchmark_notes", wait, engine="trt-llm")
    want["noted engine"] = f"benchmark_notes.csv:{line}: engine: 'trt-llm' must be one of benchmarks.csv"

    aliases = data.rows("model_aliases")
    data.write("model_aliases", aliases[1:])
    line = data.append("model_aliases", aliases[0], provider="openai", api_model="gpt-99")
    want["alias"] = f"model_aliases.csv:{line}: provider, api_model: 'openai', 'gpt-99' must be an offer"

    line = data.change("precisions", 0, as_of="2999-01-01")
    want["as_of in the future"] = f"precisions.csv:{line}: as_of: '2999-01-01' is after "

    offer = data.rows("gpu_prices")[0]
    line = data.append("gpu_prices", offer, gpu_offer_id="test-1")
    want["repeated offer"] = f"gpu_prices.csv:{line}: provider, instance, gpu_as_listed, gpu_count, "
    line = data.append("gpu_prices", offer, gpu_offer_id="test-2", valid_from="2998-01-01")
    want["price after reading"] = f"gpu_prices.csv:{line}: valid_from: '2998-01-01' must not be after as_of"
    here = offer | {"provider": "testcloud", "flag": "", "price_type": "on-demand", "usd_per_gpu_hour": "2"}
    data.append("gpu_prices", here, gpu_offer_id="test-3")
    spot = here | {"price_type": "spot"}
    data.append("gpu_prices", spot, gpu_offer_id="test-4", region="even", usd_per_gpu_hour="2")
    line = data.append("gpu_prices", spot, gpu_offer_id="test-5", region="dear", usd_per_gpu_hour="2.01")
    want["spot above on-demand"] = (
        f"gpu_prices.csv:{line}: flag: '' must say that the spot price 2.01 is above "
    )
    data.append(
        "gpu_prices",
        spot,
        gpu_offer_id="test-6",
        region="said",
        usd_per_gpu_hour="2.01",
        flag="above on-demand",
    )

    # 6 x 68.98e9 x 2e12 FLOP take 737,000 hours at an A100's peak of 312 TFLOP/s.
    runs = data.rows("training_runs")
    number = next(n for n, row in enumerate(runs) if row["run_id"] == "llama-2-70b")
    line = data.change("training_runs", number, gpu_hours="736000")
    want["faster than its peak"] = f"training_runs.csv:{line}: gpu_hours: '736000' is too few"
    line = data.change("tuning_prices", 1, serve_offer_id="openai/ft:gpt-99")
    want["tuned offer"] = f"tuning_prices.csv:{line}: serve_offer_id: 'openai/ft:gpt-99' must be an "

    score = next(row for row in data.rows("model_scores") if row["provider"])
    line = data.append("model_scores", score, score_id="test-1")
    want["repeated score"] = f"model_scores.csv:{line}: benchmark, provider, api_model, model_id, variant: "
    line = data.append("model_scores", score, score_id="test-2", api_model="gpt-99")
    want["unpriced score"] = f"model_scores.csv:{line}: provider, api_model: "
    line = data.append("model_scores", score, score_id="test-3", provider="moonshotai", api_model="kimi-k2.6")
    want["score of a host"] = (
        f"model_scores.csv:{line}: provider, api_model: 'moonshotai', 'kimi-k2.6' must be "
    )
    open_score = next(row for row in data.rows("model_scores") if row["model_id"])
    line = data.append("model_scores", open_score, score_id="test-4", variant="V99")
    want["unknown issue"] = f"model_scores.csv:{line}: model_id, variant: "

    data.write("presets", [])
    want["empty table"] = "presets.csv:1: file: has no rows"

    unmapped = f"'{aliases[0]['provider']}', '{aliases[0]['api_model']}'"
    want["unmapped offer"] = f"model_aliases.csv:1: provider, api_model: {unmapped} looks open-weight"
    return want, check(data.folder)


@pytest.mark.parametrize(
    "kind",
    [
        "parameter total",
        "no total to check",
        "unused source",
        "address",
        "GPU family",
        "engine",
        "repeated note",
        "noted family",
        "noted engine",
        "alias",
        "as_of in the future",
        "repeated offer",
        "price after reading",
        "spot above on-demand",
        "faster than its peak",
        "tuned offer",
        "repeated score",
        "unpriced score",
        "score of a host",
        "unknown issue",
        "empty table",
    ],
)
def test_a_fault_between_rows_is_a_problem_with_file_and_line(broken, kind):
    want, report = broken
    assert sum(problem.startswith(want[kind]) for problem in report.problems) == 1


def test_no_note_is_a_problem_but_the_faulty_ones(broken):
    _, report = broken
    assert sum(problem.startswith("benchmark_notes.csv") for problem in report.problems) == 3


def test_only_the_unflagged_spot_price_above_on_demand_is_a_problem(broken):
    _, report = broken
    assert sum("spot price" in problem for problem in report.problems) == 1


def test_an_open_weight_offer_without_alias_is_a_warning(broken, shipped):
    want, report = broken
    assert sum(warning.startswith(want["unmapped offer"]) for warning in report.warnings) == 1
    assert not any(warning.startswith(want["unmapped offer"]) for warning in shipped.warnings)


def test_a_broken_row_is_reported_and_not_raised(tmp_path):
    data = Editor(copy_of_tables(tmp_path))
    line = data.change("gpus", 0, memory_gb="-80")
    report = check(data.folder)
    assert report == CheckReport([f"gpus.csv:{line}: memory_gb: '-80' must be between 4 and 1000"], [], {})


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        check(tmp_path / "nowhere")
