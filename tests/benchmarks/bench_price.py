"""Speed of pricing, as ratios within one run. Not a test: nothing here is asserted.

    python tests/benchmarks/bench_price.py [--rows N] [--parquet] [--timeless] [--dirt KIND …] [TRACE.csv …]

Prices a generated CSV (or Parquet) file and compares with DuckDB's own sum by model over the same columns,
turn by turn; with ``--dirt`` the same file with odd rows in it, against the sum over the clean one. The ratio
is the median over the turns, of wall time and of processor time, because other programs on
the machine stretch the first. Of every trace that is named, the time from the start of the program to the
end of its answer.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from breakeven.usage.sql import Edges

ROOT = Path(__file__).parents[2]
COLUMNS = ("ts", "model", "input_tokens", "output_tokens", "cached_tokens")


def generate(path: Path, rows: int, *, timeless: bool = False) -> None:
    """Write a usage file with three models and long and short requests, with times or with none."""
    times = "'' AS note" if timeless else "TIMESTAMP '2026-10-01' + to_milliseconds(i * 250) AS ts"
    duckdb.connect().execute(
        f"""COPY (
            SELECT {times},
                ['gpt-4o-mini', 'gpt-4o', 'claude-sonnet-4-5'][1 + (random() * 2.99)::INT % 3] AS model,
                exp(random() * 10)::BIGINT + 101 AS input_tokens, exp(random() * 7)::BIGINT AS output_tokens,
                (random() * 100)::BIGINT AS cached_tokens
            FROM range({int(rows)}) t(i)
        ) TO '{path}' ({"FORMAT parquet" if path.suffix == ".parquet" else "HEADER"})"""
    )


DIRT = ("one", "percent", "blank", "totals", "thousands", "empty")
"""One bad row; one in a hundred; an empty row of a spreadsheet; a row of totals; numbers with commas;
no tokens in one row of a hundred."""


def soil(clean: Path, path: Path, dirt: str) -> None:
    """Write the file again with odd rows in it."""
    with clean.open() as source, path.open("w") as out:
        for number, line in enumerate(source):
            ts, model, rest = line.split(",", 2)
            if dirt == "blank" and number == 5_000:
                out.write(",,,,\n")
            if number and ((dirt == "one" and number == 5_000) or (dirt == "percent" and number % 100 == 0)):
                line = f"{ts},{model},broken,{rest.split(',', 1)[1]}"
            if dirt == "empty" and number and number % 100 == 0:
                line = f"{ts},{model},,,\n"
            if dirt == "thousands" and number and len(rest.split(",")[0]) > 3:
                tokens, others = rest.split(",", 1)
                line = f'{ts},{model},"{int(tokens):,}",{others}'
            out.write(line)
        if dirt == "totals":
            out.write("Total,,1000,1000,1000\n")


def own_sum(path: Path, threads: int, *, timeless: bool = False) -> None:
    """DuckDB's sum over the columns that pricing reads."""
    last = "" if timeless else ", max(epoch_us(ts))"
    reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute(
            f"SELECT model, sum(input_tokens), sum(output_tokens), sum(cached_tokens){last} "
            f"FROM {reader}($path) GROUP BY model",
            {"path": str(path)},
        ).fetchall()


def seconds_of(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of some work."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, busy


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--parquet", action="store_true")
    parser.add_argument("--timeless", action="store_true", help="a file without times (budget 1.5)")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--dirt", nargs="*", default=[], choices=DIRT)
    parser.add_argument("--write", type=Path, help="only write the file; its memory is not ours")
    parser.add_argument("traces", nargs="*", type=Path)
    options = parser.parse_args()
    if options.write:
        generate(options.write, options.rows, timeless=options.timeless)
        return
    sys.path.insert(0, str(ROOT))
    for trace in options.traces:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "breakeven", "price", str(trace.absolute()), "--json"],
                cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            times.append(time.perf_counter() - start)
        print(f"{trace.name}: {min(times):.2f} s from start to answer (best of 3; budget 2 s)")

    from breakeven.apis.workloads import price_edges
    from breakeven.tables.build import open_memory
    from breakeven.usage.limits import limits_from

    threads = limits_from().threads
    with open_memory() as tables, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("usage.parquet" if options.parquet else "usage.csv")
        told = ["--timeless"] if options.timeless else []
        subprocess.run(
            [sys.executable, __file__, "--rows", str(options.rows), "--write", str(path), *told], check=True
        )
        edges = price_edges(tables)
        for dirt in ("", *options.dirt):
            file = path
            if dirt:
                file = path.with_name(f"{dirt}.csv")
                soil(path, file, dirt)
            own = partial(own_sum, path, threads, timeless=options.timeless)
            print(_measured(file, own, dirt, options.repeat, edges, tables))


def _measured(
    file: Path,
    own: Callable[[], None],
    dirt: str,
    repeat: int,
    edges: Edges,
    tables: DuckDBPyConnection,
) -> str:
    """Sentence with the ratio of pricing a file to DuckDB's own sum of the clean one."""
    from breakeven.apis.workloads import price_workload
    from breakeven.usage.read import read_workload

    priced = []

    def price() -> None:
        priced[:] = [price_workload(read_workload(file, edges=edges), tables, date(2026, 11, 21))]

    turns = [(seconds_of(own), seconds_of(price)) for _ in range(repeat)]
    wall, busy = (median(ours[i] / theirs[i] for theirs, ours in turns) for i in (0, 1))
    own_s, ours_s = (median(turn[i][0] for turn in turns) for i in (0, 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return (
        f"{dirt or 'clean'}: {priced[0].workload.rows_read:,} rows, {file.stat().st_size / 1e6:,.0f} MB, "
        f"{priced[0].workload.rows_rejected:,} rejected: priced in {ours_s:.2f} s, DuckDB's "
        f"own sum {own_s:.2f} s; median ratio {wall:.2f} of wall time, {busy:.2f} of processor (budget 2); "
        f"peak memory {peak:,.0f} MB (budget 500)"
    )


if __name__ == "__main__":
    main()
