"""Rows a second by Spark, held against DuckDB in the same run. Not a test: what differs is printed.

    python -m tests.benchmarks.bench_spark [--rows N,N …] [--workers N,N …] [--sql]

Generated Parquet logs of so many rows are added up by DuckDB here, with two threads, and by a standalone
cluster with so many workers of one core, twice in one session: the first run has the start of its Pythons in
it. The second run is held against DuckDB's. What the driver's process holds at its most is printed beside it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from breakeven.apis.workloads import price_edges
from breakeven.tables.build import open_memory
from breakeven.usage.limits import limits_from
from breakeven.usage.read import read_workload
from breakeven.usage.spark.engine import Lake, sum_up
from breakeven.usage.spark.session import session
from breakeven.usage.sums import Workload
from tests.benchmarks.bench_price import generate
from tests.usage.spark.clusters import standalone


def groups(workload: Workload) -> list[str]:
    """Everything by length, in one order."""
    return sorted(map(repr, (*workload.cells, *workload.tenants)))


def most_held() -> float:
    """Most memory of this process. [MB]"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1_024


def main() -> None:
    """Print a line for every size and every cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="1000000,20000000")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--sql", action="store_true", help="also Spark's own SQL")
    options = parser.parse_args()
    edges, limits = price_edges(open_memory()), limits_from()
    with tempfile.TemporaryDirectory(prefix="breakeven-") as folder_name:
        folder = Path(folder_name)
        for rows in map(int, options.rows.split(",")):
            log = folder / f"{rows}.parquet"
            generate(log, rows)
            start = time.perf_counter()
            here = read_workload(log, edges=edges, limits=limits)
            alone = time.perf_counter() - start
            print(f"{rows:,} rows, {log.stat().st_size / 1e6:,.0f} MB: DuckDB {alone:.1f} s", flush=True)
            for workers in map(int, options.workers.split(",")):
                inner = folder / f"{rows}-{workers}"
                inner.mkdir()
                with standalone(inner, workers) as cluster:
                    measure(cluster.master, workers, log, here, alone, in_sql=options.sql)
            log.unlink()


def measure(master: str, workers: int, log: Path, here: Workload, alone: float, *, in_sql: bool) -> None:
    """One cluster."""
    edges, limits = price_edges(open_memory()), limits_from()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    with session(master):
        for way in (False, True) if in_sql else (False,):
            seconds = []
            for _ in range(2):
                start = time.perf_counter()
                found = sum_up(Lake(path=str(log)), edges=edges, limits=limits, master=master, in_sql=way)
                seconds.append(time.perf_counter() - start)
            same = "equal" if sorted(map(repr, found.cells)) == sorted(map(repr, here.cells)) else "NOT EQUAL"
            print(
                f"  {workers} workers{', SQL' if way else ''}: {seconds[0]:.1f} s, then {seconds[1]:.1f} s, "
                f"{here.rows_read / seconds[1]:,.0f} rows/s, {seconds[1] / alone:.2f} x DuckDB, {same}; "
                f"driver {most_held():,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
