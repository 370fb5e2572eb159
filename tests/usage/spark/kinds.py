"""Logs of the kinds that public reports name, each added up here and by Spark: prints what both say.

    python -m tests.usage.spark.kinds FOLDER

clickhouse-java 1161, olake 451 and spark 53221 (times in nanoseconds), snowplow-rdb-loader 1085 (a column
that only newer files have), koalas 217 and spark-csv 120 (dots in names), polars 14838 (what folders say is
typed), fink-client 165 (a column that is empty in a part), cudf 1499 (INT96), duckdb 5735 (a column in both).
"""

import datetime as dt
import json
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from breakeven.apis.workloads import price_edges
from breakeven.tables.build import open_memory
from breakeven.usage.limits import limits_from
from breakeven.usage.read import read_workload
from breakeven.usage.spark.engine import Lake, sum_up
from breakeven.usage.spark.session import session
from breakeven.usage.sums import Workload
from breakeven.usage.sums_file.many import sum_up_files
from breakeven.usage.sums_file.places import places_of
from tests.usage.spark.logs import write_log

N = 100
START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def usual(**other: Any) -> dict[str, Any]:
    """Columns of a plain log."""
    columns: dict[str, Any] = {
        "created_at": [START + dt.timedelta(minutes=number) for number in range(N)],
        "model": ["gpt-4o"] * N,
        "input_tokens": [1_000 + number for number in range(N)],
        "output_tokens": [10] * N,
    }
    return {name: values for name, values in (columns | other).items() if values is not None}


def write(folder: Path) -> list[Path]:
    """A folder for every kind."""

    def put(kind: str, name: str, columns: dict[str, Any], **options: Any) -> None:
        path = folder / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path, **options)

    times = usual()["created_at"]
    put("nanoseconds", "a.parquet", usual(created_at=pa.array(times, pa.timestamp("ns", "UTC"))))
    bare = [one.replace(tzinfo=None) for one in times]
    put("nanoseconds without a zone", "a.parquet", usual(created_at=pa.array(bare, pa.timestamp("ns"))))
    put("int96", "a.parquet", usual(), use_deprecated_int96_timestamps=True)
    put("newer column", "a.parquet", usual())
    put("newer column", "b.parquet", usual(cached_tokens=[800] * N))
    put("empty column", "a.parquet", usual(cached_tokens=pa.array([None] * N, pa.int64())))
    put("empty column", "b.parquet", usual(cached_tokens=[500] * N))
    names = {"model": "gen_ai.request.model", "created_at": "timestamp"}
    names |= {f"{side}_tokens": f"gen_ai.usage.{side}_tokens" for side in ("input", "output")}
    put("dots", "a.parquet", {names[name]: values for name, values in usual().items()})
    usage = {"prompt_tokens": 900, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 300}}
    put("nested", "a.parquet", usual(input_tokens=None, output_tokens=None, usage=[usage] * N))
    put("folders", "tenant=007/a.parquet", usual())
    put("folders", "tenant=7/a.parquet", usual())
    put("folder and file", "model=gpt-4o/a.parquet", usual())
    put("not a number", "a.parquet", usual(input_tokens=[1_000.0] * (N - 1) + [float("nan")]))
    put("decimal", "a.parquet", usual(cost=pa.array([Decimal("0.0025")] * N, pa.decimal128(20, 6))))
    put("upper case", "a.parquet", {name.upper(): values for name, values in usual().items()})
    return sorted(path for path in folder.iterdir() if path.is_dir())


def said(workload: Workload) -> dict[str, Any]:
    """What must not hang on who adds up."""
    return {
        "tokens": repr(workload.tokens),
        "cells": sorted(map(repr, workload.cells)),
        "tenants": sorted(map(repr, workload.tenants)),
        "rows": (workload.rows_read, workload.rows_rejected, workload.rows_skipped),
        "ends": (workload.first_s, workload.last_s),
        "times": (workload.step_minutes, repr(workload.peak), sorted(map(repr, workload.minutes))),
        "paid": workload.paid_usd and round(workload.paid_usd, 9),
    }


def main() -> None:
    """Print both answers for every kind."""
    edges, limits = price_edges(open_memory()), limits_from({})
    found = {}
    with session("local[2]"):
        for folder in write(Path(sys.argv[1])):
            here = sum_up_files(places_of(str(folder), limits), edges=edges, name="here", limits=limits)
            there = sum_up(Lake(path=str(folder)), edges=edges, limits=limits)
            found[folder.name] = [said(here.workload), said(there)]
        log = write_log(Path(sys.argv[1]) / "log.parquet", 50_000)
        for most in (100_000, 20_000, 6_000):
            few = replace(limits, groups=most)
            here = read_workload(log, edges=edges, limits=few)
            found[f"{most} groups"] = [
                said(here),
                said(sum_up(Lake(path=str(log)), edges=edges, limits=few)),
            ]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
