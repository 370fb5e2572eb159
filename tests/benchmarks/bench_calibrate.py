"""Calibration: predicting all measured rows, and fitting every group.

Budgets (issue): predicting all rows at most 0.5 s, fitting everything at most 60 s.
Run with ``uv run python -m tests.benchmarks.bench_calibrate``.
"""

from __future__ import annotations

import statistics
import time

from breakeven.calibration.heldout import engine_of_groups
from breakeven.calibration.predict import predict
from breakeven.calibration.rows import rows_of
from breakeven.calibration.table import fit_groups
from breakeven.tables import queries
from breakeven.tables.build import open_memory

PREDICT_S, FIT_S = 0.5, 60.0


def main() -> None:
    """Print both times, each beside its budget."""
    connection = open_memory()
    rows, _ = rows_of(
        queries.benchmarks(connection),
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        notes=queries.benchmark_notes(connection),
    )
    begin = time.perf_counter()
    values, _ = fit_groups(rows)
    fit_s = time.perf_counter() - begin
    engine = engine_of_groups(rows.group, values)
    runs = []
    for _ in range(20):
        begin = time.perf_counter()
        predict(rows, engine)
        runs.append(time.perf_counter() - begin)
    predict_s = statistics.median(runs)
    print(
        f"predict {len(rows):,} rows: {predict_s * 1e3:.2f} ms, {predict_s / PREDICT_S:.2%} of {PREDICT_S} s"
    )
    print(f"fit {len(values)} groups: {fit_s:.1f} s, {fit_s / FIT_S:.0%} of {FIT_S:g} s")


if __name__ == "__main__":
    main()
