"""Speed of pricing, as ratios within one run. Not a test: nothing here is asserted.

    python tests/benchmarks/bench_price.py [--rows 10000000] [TRACE.csv …]

Prices a generated CSV and compares with DuckDB's own sum over the same columns; of every trace that is
named, the time from the start of the program to the end of its answer.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
COLUMNS = ("ts", "model", "input_tokens", "output_tokens", "cached_tokens")


def generate(path: Path, rows: int) -> None:
    """Write a usage file with times, three models and long and short requests."""
    duckdb.connect().execute(
        f"""COPY (
            SELECT TIMESTAMP '2026-10-01' + to_milliseconds(i * 250) AS ts,
                ['gpt-4o-mini', 'gpt-4o', 'claude-sonnet-4-5'][1 + (random() * 2.99)::INT % 3] AS model,
                exp(random() * 10)::BIGINT + 101 AS input_tokens, exp(random() * 7)::BIGINT AS output_tokens,
                (random() * 100)::BIGINT AS cached_tokens
            FROM range({int(rows)}) t(i)
        ) TO '{path}' (HEADER)"""
    )


def own_sum(path: Path, threads: int) -> float:
    """Seconds of DuckDB's sum over the columns that pricing reads."""
    connection = duckdb.connect(config={"threads": threads})
    start = time.perf_counter()
    connection.execute(
        "SELECT sum(input_tokens), sum(output_tokens), sum(cached_tokens), max(epoch_us(ts)), max(model) "
        "FROM read_csv($path)",
        {"path": str(path)},
    ).fetchall()
    return time.perf_counter() - start


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--write", type=Path, help="only write the file; its memory is not ours")
    parser.add_argument("traces", nargs="*", type=Path)
    options = parser.parse_args()
    if options.write:
        generate(options.write, options.rows)
        return
    sys.path.insert(0, str(ROOT))
    for trace in options.traces:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "lib.cli", "price", str(trace.absolute()), "--json"],
                cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            times.append(time.perf_counter() - start)
        print(f"{trace.name}: {min(times):.2f} s from start to answer (best of 3; budget 2 s)")

    from lib.db.build import open_memory
    from lib.workload.limits import limits_from
    from lib.workload.price import price_edges, price_workload
    from lib.workload.read import read_workload

    threads = limits_from().threads
    with open_memory() as tables, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.csv"
        subprocess.run(
            [sys.executable, __file__, "--rows", str(options.rows), "--write", str(path)], check=True
        )
        edges = price_edges(tables)
        ours, theirs = [], []
        for _ in range(3):
            theirs.append(own_sum(path, threads))
            start = time.perf_counter()
            workload = read_workload(path, edges=edges)
            priced = price_workload(workload, tables, date(2026, 11, 21))
            ours.append(time.perf_counter() - start)
        size = path.stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{workload.rows_read:,} rows, {size:,.0f} MB, {len(priced.offers):,} offers, {threads} threads: priced in "  # noqa: E501
        f"{min(ours):.2f} s, DuckDB's own sum {min(theirs):.2f} s: ratio {min(ours) / min(theirs):.2f} "
        f"(budget 1.5); peak memory of the process {peak:,.0f} MB (budget 500)"
    )


if __name__ == "__main__":
    main()
