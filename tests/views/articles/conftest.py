"""The shipped claims, judged; and a copy of the tables in which every figure is another one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from breakeven.tables import queries
from breakeven.tables.build import open_memory
from breakeven.views.articles.facts import Facts, read_facts
from breakeven.views.articles.judge import Judged, judge
from tests.builders import TODAY, copy_of_tables, csv_rows, write_csv


@pytest.fixture(scope="session")
def facts(connection: DuckDBPyConnection) -> Facts:
    return read_facts(connection, TODAY)


@pytest.fixture(scope="session")
def judged(connection: DuckDBPyConnection, facts: Facts) -> dict[str, Judged]:
    return {one.claim.claim_id: one for one in judge(queries.claims(connection), facts)}


def edit(folder: Path, table: str, change: Callable[[int, dict[str, str]], None]) -> None:
    """Change the rows of one table in place; ``change`` gets the number of the row and its cells."""
    path = folder / f"{table}.csv"
    rows = csv_rows(path)
    for number, row in enumerate(rows):
        change(number, row)
    write_csv(path, rows)


def _add(amount: float, *columns: str) -> Callable[[int, dict[str, str]], None]:
    """Add to cells, a little more in each row, so that no ratio stays as it was."""

    def change(number: int, row: dict[str, str]) -> None:
        for column in columns:
            if row[column]:
                row[column] = f"{float(row[column]) + amount * (1 + number / 1000):.9f}"

    return change


def _double(*columns: str) -> Callable[[int, dict[str, str]], None]:
    def change(_number: int, row: dict[str, str]) -> None:
        for column in columns:
            row[column] = str(2 * int(row[column])) if row[column] else ""

    return change


def _slower(number: int, row: dict[str, str]) -> None:
    if row["benchmark_id"].startswith("sanger-"):
        row["ttft_s"] = f"{float(row['ttft_s']) * (1.3 + number / 1e4) + number / 1e3:.6f}"
        row["completion_s"] = f"{float(row['completion_s']) * (1.3 + number / 1e4) + number / 1e3:.6f}"
        row["completion_tokens"] = str(int(row["completion_tokens"]) + 1)
        if row["benchmark_id"] == "sanger-17":
            row["batch_size"] = "64"


def _better(number: int, row: dict[str, str]) -> None:
    if row["benchmark"] == "LMArena text":
        row["score"] = f"{float(row['score']) * (1.1 + number / 1e4):.3f}"
        row["score_low"] = row["score_high"] = ""


def _another_precision(_number: int, row: dict[str, str]) -> None:
    row["bytes_per_weight"] = {"int8": "1.5", "int4": "0.75"}.get(
        row["precision_id"], row["bytes_per_weight"]
    )


@pytest.fixture(scope="session")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    """Tables in which models, GPUs, prices and measurements differ from the shipped ones."""
    folder = copy_of_tables(tmp_path_factory.mktemp("edited"))
    edit(folder, "models", _double("n_layers", "hidden", "n_heads", "n_kv_heads", "head_dim", "max_context"))
    edit(folder, "models", _double("vocab"))
    edit(folder, "model_scores", _better)
    edit(
        folder,
        "gpus",
        _add(10, "memory_gb", "mem_bw_gb_s", "fp16_dense_tflops", "bf16_dense_tflops", "tdp_w"),
    )
    edit(folder, "gpu_prices", _add(1, "usd_per_gpu_hour"))
    edit(folder, "api_prices_history", _add(1, "input_usd_per_mtok", "output_usd_per_mtok"))
    for table in ("api_prices_history", "api_prices_daily"):
        edit(folder, table, _double("context_tokens"))
    edit(folder, "benchmarks", _slower)
    edit(folder, "sanger_appendix", _add(1, "tflops_per_gpu"))
    edit(folder, "precisions", _another_precision)
    opened = open_memory(folder)
    yield opened
    opened.close()
