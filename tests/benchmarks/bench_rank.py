"""Rank every deployment: all models, all GPUs with a price, 1 to 16 of them, all formats, three modes.

Budget (design): 0.5 s. The unit beside it is one pass of NumPy over as many numbers, so that the figure
means the same on another machine. Run with ``uv run python -m tests.benchmarks.bench_rank``.
"""

from __future__ import annotations

import statistics
import time
from datetime import date

import numpy as np

from breakeven.hosting import ask_of
from breakeven.hosting.choose import COUNTS
from breakeven.hosting.grid import rank, work_of
from breakeven.hosting.hardware import hardware_of
from breakeven.hosting.prices import gpu_price
from breakeven.question.scenario import Scenario
from breakeven.tables.build import open_memory
from breakeven.tables.day import read_tables

RUNS = 9
KINDS = ("on-demand", "marketplace", "spot", "reserved", "estimate")


def main() -> None:
    """Measure and print."""
    scenario = Scenario(as_of=date(2026, 11, 21))
    tables = read_tables(open_memory(), scenario.as_of)
    prices = {}
    for gpu in tables.gpus:
        for kind in KINDS:
            price = gpu_price(tables.gpu_offers, gpu_id=gpu, price_type=kind, choice="median")
            if price is not None:
                prices.setdefault(gpu, price)
    shape = scenario.shapes[0]
    formats = [tables.precisions[name] for name in ("fp16", "fp8", "int8", "int4", "fp4")]
    for kv, modes in (
        (("fp16",), ("continuous",)),
        (("fp16", "fp8"), ("continuous", "static", "disaggregated")),
    ):
        build, evaluate, busy, units, n = [], [], [], [], 0
        for _ in range(RUNS):
            begin, cpu = time.perf_counter(), time.process_time()
            hardware = hardware_of(
                gpus=tables.gpus.values(),
                counts=COUNTS,
                prices=prices,
                efficiencies=tables.efficiencies,
                engine="auto",
                overhead_percent=0.0,
            )
            work = work_of(
                tables.models.values(),
                precisions=formats,
                kv_precisions=kv,
                context_tokens=shape.prompt_tokens + shape.completion_tokens,
            )
            built = time.perf_counter()
            grid = rank(work, hardware, ask_of(scenario), shape, modes=modes)
            order = grid.ranked()
            done = time.perf_counter()
            busy.append(time.process_time() - cpu)
            n = grid.w.size
            ones = np.ones(n)
            unit = time.perf_counter()
            _ = ones * ones + ones
            units.append(time.perf_counter() - unit)
            build.append(built - begin)
            evaluate.append(done - built)
        total = statistics.median(b + e for b, e in zip(build, evaluate, strict=True))
        print(
            f"{len(work.models)} models x {len(hardware.gpus)} GPUs, {len(kv)} cache formats, "
            f"{len(modes)} modes: {n:,} candidates fit, {order.size:,} hold the targets, "
            f"{grid.too_large:,} are too large"
        )
        print(
            f"  {total * 1e3:.0f} ms: {statistics.median(build) * 1e3:.0f} ms to build the arrays, "
            f"{statistics.median(evaluate) * 1e3:.0f} ms to rank "
            f"({statistics.median(busy) * 1e3:.0f} ms of one core); "
            f"{total / statistics.median(units):.0f} x a multiply-add over the candidates"
        )


if __name__ == "__main__":
    main()
