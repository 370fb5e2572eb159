"""Spark itself: one machine, a cluster that loses a worker, and Spark Connect give what DuckDB gives here."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.usage.spark.clusters import connect_server, standalone
from tests.usage.spark.logs import need_spark, write_log

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _spark() -> None:
    need_spark()


def priced(*arguments: str) -> dict:
    """What the command says."""
    command = [sys.executable, "-m", "breakeven", "price", *arguments, "--as-of", "2026-11-10", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def money(said: dict) -> dict:
    """What hangs on every row: offers, the ladder, rows and bad rows."""
    names = ("rows_read", "rows_rejected", "rows_skipped", "tokens", "offers", "ladder", "models")
    return {name: said[name] for name in names if name in said}


def test_one_machine_gives_what_the_file_gives(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.parquet", 20_000)
    here, there = priced(str(path)), priced(str(path), "--engine", "spark", "--master", "local[2]")
    assert money(there) == money(here)
    assert there["rows_rejected"] == 60
    assert {"input_tokens", "-5"} <= {cell for one in there["problems"] for cell in one.values()}


def test_every_kind_of_parquet_gives_what_it_gives_here(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.usage.spark.kinds", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert len(found) == 15
    for kind, (here, there) in found.items():
        assert there == here, kind


def test_a_cluster_that_loses_a_worker_in_the_middle_gives_the_same(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    for number in range(24):
        write_log(log / f"{number}.parquet", 50_000)
    with standalone(tmp_path) as cluster:
        out = tmp_path / "sums.parquet"
        running = subprocess.Popen(
            [
                *(sys.executable, "-m", "breakeven", "sums", str(log), "-o", str(out), "--json"),
                *("--engine", "spark", "--master", cluster.master),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while cluster.finished_tasks("worker1") < 8 and running.poll() is None:
            time.sleep(0.05)
        assert running.poll() is None, "it was over before a worker could be lost"
        cluster.kill("worker1")
        said, wrong = running.communicate(timeout=300)
        assert running.returncode == 0, wrong[-3000:]
    assert json.loads(said)["rows_read"] == 24 * 50_000
    assert money(priced(str(out))) == money(priced(str(log / "*.parquet")))


def test_spark_connect_and_sparks_own_sql_give_the_same(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.parquet", 20_000)
    here = money(priced(str(path)))
    with connect_server(tmp_path) as address:
        for engine in ("spark", "spark-sql"):
            said = priced(str(path), "--engine", engine, "--master", address)
            assert money(said) == here
