"""Size and time of sums files, and whether they price as their rows. Not a test: what differs is printed.

    python -m tests.benchmarks.bench_sums [--rows N] [LOG …]

Of a generated Parquet log of so many rows, or of every log that is named: the time to read it, to write its
sums file and to read that, the size, and every bill and the ladder from both; the same of the printed query,
run in DuckDB.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb

from breakeven.apis.workloads import price_edges, price_workload
from breakeven.comparison.ladder import USED, ladder_of
from breakeven.hosting.workloads import host_workload
from breakeven.question.scenario import Scenario
from breakeven.tables.build import open_memory
from breakeven.tables.day import read_tables
from breakeven.tables.scores import scores_in
from breakeven.usage.read import read_workload
from breakeven.usage.sums_file.query import written
from breakeven.usage.sums_file.statement import Asked
from breakeven.usage.sums_file.write import write_sums
from tests.benchmarks.bench_price import generate
from tests.builders import TODAY

COLUMNS = {
    "ts": "ts", "model": "model", "input": "input_tokens", "output": "output_tokens",
    "cache_read": "cached_tokens",
}  # fmt: skip


def cents(workload, tables) -> dict[str, object]:
    """Every bill and every rung of the ladder, to the cent."""
    priced = price_workload(workload, tables, TODAY)
    hosting = host_workload(workload, read_tables(tables, TODAY), Scenario(as_of=TODAY))
    ladder = ladder_of(priced, hosting, tables, scores_in(tables), USED)
    said: dict[str, object] = {one.offer.api_offer_id: round(one.usd, 2) for one in priced.offers}
    said |= {f"model {row.model}": row.list_usd and round(row.list_usd, 2) for row in priced.models}
    said |= {f"rung {one.kind}": one.usd and round(one.usd, 2) for one in ladder.rungs}
    said |= {f"hosted {one.model.model_id}": round(one.usd, 2) for one in hosting.offers}
    return said | {"tokens": workload.tokens}


def differing(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """What is not the same."""
    return [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]


def measure(log: Path, folder: Path, tables, *, query: bool) -> None:
    """One log, its sums file, and the printed query's."""
    edges, path = price_edges(tables), folder / "sums.parquet"
    start = time.perf_counter()
    rows = read_workload(log, edges=edges)
    read = time.perf_counter()
    kept = write_sums(rows, path)
    wrote = time.perf_counter()
    sums = read_workload(path, edges=edges)
    again = time.perf_counter()
    right = cents(rows, tables)
    gone = differing(right, cents(sums, tables))
    size = log.stat().st_size / 1e6
    print(
        f"{log.name}: {rows.rows_read:,} rows, {size:,.1f} MB; read {read - start:.1f} s, "
        f"sums file {path.stat().st_size / 1e6:.3f} MB, steps of {kept.step_minutes} minutes, "
        f"written {wrote - read:.1f} s, read {again - wrote:.1f} s; of {len(right):,} amounts differ "
        f"{len(gone)} {gone[:5]}"
    )
    if not query:
        return
    out = folder / "query.parquet"
    text = written(Asked(dialect="duckdb", table="log", columns=COLUMNS, edges=edges))
    start = time.perf_counter()
    with closing(duckdb.connect()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE VIEW log AS SELECT * FROM '{log}'")
        connection.execute(f"COPY ({text}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
    took = time.perf_counter() - start
    # The query keeps the busiest minute; a log of this size is read by the hour.
    other = cents(replace(read_workload(out, edges=edges), peak=None), tables)
    gone = differing(right, other)
    size = out.stat().st_size / 1e6
    print(f"  printed query in DuckDB: {took:.1f} s, {size:.3f} MB; differ {len(gone)} {gone[:5]}")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("logs", nargs="*", type=Path)
    parser.add_argument("--rows", type=int, default=20_000_000)
    options = parser.parse_args()
    tables = open_memory()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for log in options.logs:
            measure(log, folder, tables, query=False)
        if not options.logs:
            log = folder / "log.parquet"
            generate(log, options.rows)
            measure(log, folder, tables, query=True)


if __name__ == "__main__":
    main()
