"""The 28 measured rows of the 2023 article, predicted with the default profile, none tuned by itself."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from statistics import median
from typing import Any, get_type_hints

import pytest

from breakeven.formulas.modes import static_batch
from breakeven.hosting import KV_BYTES, choose_profile, compute_class, engine_of, model_shape, replica_of
from breakeven.paths import DATA
from breakeven.tables.records import Efficiency, Gpu, Model, Precision
from tests.builders import csv_rows


def cell(text: str, hint: Any) -> Any:
    """Read a cell as the type of the record's field."""
    if text == "":
        return None
    hint = str(hint)
    if "bool" in hint:
        return text == "true"
    if "date" in hint:
        return date.fromisoformat(text)
    for kind in (int, float):
        if kind.__name__ in hint:
            return kind(text)
    return text


def record(kind: type, row: dict[str, str]) -> Any:
    hints = get_type_hints(kind)
    return kind(**{field.name: cell(row.get(field.name, ""), hints[field.name]) for field in fields(kind)})


def find(kind: type, table: str, **key: str) -> Any:
    return next(
        record(kind, row)
        for row in csv_rows(DATA / f"{table}.csv")
        if all(row[k] == v for k, v in key.items())
    )


@pytest.fixture(scope="module")
def measured() -> list[dict[str, str]]:
    found = [row for row in csv_rows(DATA / "benchmarks.csv") if row["benchmark_id"].startswith("sanger-")]
    return sorted(found, key=lambda row: row["benchmark_id"])


@pytest.fixture(scope="module")
def errors(measured) -> dict[str, list[float]]:
    """Predicted over measured minus one, row by row."""
    precision = find(Precision, "precisions", precision_id="fp16")
    gpu = find(Gpu, "gpus", gpu_id="a100-80-sxm")
    model = model_shape(find(Model, "models", model_id="llama-2-70b"), precision, KV_BYTES["fp16"])
    rate = compute_class(gpu, precision)
    profiles = [record(Efficiency, row) for row in csv_rows(DATA / "efficiency.csv")]
    profile = choose_profile(profiles, engine="tgi-2023", gpu=gpu, rate=rate, mode="static", n_gpus=2)
    assert profile.efficiency.engine == "tgi-2023"
    assert profile.efficiency.gpu_family == "a100"
    assert profile.caveat is None
    result: dict[str, list[float]] = {"ttft_s": [], "completion_s": []}
    for row in measured:
        completion = int(row["completion_tokens"])
        service = static_batch(
            model=model,
            replica=replica_of(gpu, int(row["gpu_count"]), rate),
            engine=engine_of(profile.efficiency),
            batch=int(row["batch_size"]),
            prompt_tokens=int(row["prompt_tokens"]),
            completion_tokens=completion,
        )
        result["ttft_s"].append(float(service.ttft_s) / float(row["ttft_s"]) - 1)
        result["completion_s"].append(completion * float(service.tpot_s) / float(row["completion_s"]) - 1)
    return result


def test_all_28_rows_of_the_appendix_are_there(measured):
    # Sanger 2023, appendix table.
    assert [row["benchmark_id"] for row in measured] == [f"sanger-{i:02}" for i in range(1, 29)]
    assert {row["engine"] for row in measured} == {"tgi-2023"}


def test_the_time_printed_3015_is_read_as_3_015_seconds(measured):
    assert float(measured[21]["ttft_s"]) == 3.015


@pytest.mark.parametrize("quantity", ["ttft_s", "completion_s"])
def test_the_default_profile_is_within_ten_percent_in_the_median_and_forty_at_worst(errors, quantity):
    # The tolerances are the project's own promise for these rows.
    sizes = [abs(error) for error in errors[quantity]]
    assert len(sizes) == 28
    assert median(sizes) <= 0.10
    assert max(sizes) <= 0.40
