"""Logs with every kind of row, and where a cluster of Spark for them is had."""

import os
import shutil
from pathlib import Path

import duckdb
import pytest

ROWS = """
    SELECT TIMESTAMPTZ '2026-10-01 00:00:00+00'
            + INTERVAL (CAST(i * 2592000.0 / {n} AS BIGINT)) SECOND AS created,
        ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5'][1 + i % 3] AS model,
        CASE i % 1000 WHEN 7 THEN NULL WHEN 8 THEN -5 ELSE 1 + i * 7919 % 250000 END AS input_tokens,
        i * 104729 % 4000 AS output_tokens,
        CASE WHEN i % 1000 = 9 THEN 300000 ELSE (i * 7919 % 250000) // 3 END AS cached_tokens,
        'team ' || i % 5 AS tenant,
        repeat('a prompt that nobody prices ', 3) AS prompt
    FROM range({n}) t(i)
"""
"""Three bad rows of a thousand: no input, a negative one, more cached than there is."""


def write_log(path: Path, rows: int) -> Path:
    """A Parquet file of so many rows."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({ROWS.format(n=rows)}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 20000)")
    return path


def why_no_spark() -> str:
    """Why Spark cannot be started here; empty: it can."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed: uv run --extra spark pytest"
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        return "there is no Java for Spark: install 17 or newer (apt-get install default-jre-headless)"
    return ""


def need_spark() -> None:
    """Skip in a sentence where Spark cannot be started; CI never goes without."""
    why = why_no_spark()
    if why and os.environ.get("CI"):
        pytest.fail(why)
    if why:
        pytest.skip(why)
