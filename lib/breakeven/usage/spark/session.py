"""A session of Spark: one of its own, a cluster's, or Spark Connect; and what Spark says, in a sentence."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from breakeven.usage.spool import Unreadable

JAVA = 17
"""The oldest Java that Spark 4 runs on."""
_SETTINGS = {
    # Groups are few, whatever the number of rows.
    "spark.sql.shuffle.partitions": "16",
    # What folders say is text: tenant=007 is not 7.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # Times in nanoseconds, as pandas writes them, are refused otherwise; as numbers their size tells so.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
}
COMPILED = "-XX:-DontCompileHugeMethods"
"""Spark's own SQL makes one method of a nested CASE, which Java otherwise leaves to its interpreter."""


@contextmanager
def session(master: str | None) -> Iterator[Any]:
    """Open a session for as long as it is used; one that is there already stays.

    Parameters
    ----------
    master
        ``local[4]``, ``spark://host:7077``, ``yarn``, or ``sc://host:15002`` of Spark Connect;
        None: what Spark's own settings say, else all cores of this machine.

    Raises
    ------
    ModuleNotFoundError
        If pyspark is not installed.
    Unreadable
        If Spark does not start, or fails while it is used; the text says why.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    remote = (master or os.environ.get("SPARK_REMOTE", "")).startswith("sc://")
    if not remote and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise Unreadable(
            f"Spark needs Java {JAVA} or newer, and there is none: install it or set JAVA_HOME, or give "
            "--master sc://host:15002 of a server of Spark Connect."
        )
    there = SparkSession.getActiveSession()
    spark = there
    try:
        if spark is None:
            spark = _builder(SparkSession, master, remote=remote).getOrCreate()
        if not remote:
            spark.sparkContext.setLogLevel("OFF")
        for name, value in _SETTINGS.items():
            spark.conf.set(name, value)
        yield spark
    except PySparkException as reason:
        raise Unreadable(said(reason)) from None
    except Exception as reason:
        if type(reason).__module__.partition(".")[0] not in ("py4j", "grpc"):
            raise
        raise Unreadable(said(reason)) from None
    finally:
        if there is None and spark is not None:
            spark.stop()


def _builder(kind: Any, master: str | None, *, remote: bool) -> Any:
    builder = kind.builder.appName("breakeven").config("spark.sql.session.timeZone", "UTC")
    if remote:
        return builder.remote(master) if master else builder
    if master:
        builder = builder.master(master)
    if (master or "local").startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.driver.host", "127.0.0.1")
    return (
        builder.config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", str(sys.stderr.isatty()).lower())
        .config("spark.driver.extraJavaOptions", COMPILED)
        .config("spark.executor.extraJavaOptions", COMPILED)
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "100000")
    )


def lacking(spark: Any) -> str:
    """Why the workers cannot run tasks of ours; empty: they can."""
    from pyspark.errors import PySparkException

    def probe(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa  # type: ignore[import-untyped]

        try:
            import breakeven.usage.spark.task  # noqa: F401
        except ImportError as reason:
            why = str(reason)
        else:
            why = ""
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"why": [why]})

    try:
        (row,) = spark.range(1, numPartitions=1).mapInArrow(probe, "why string").collect()
    except PySparkException as reason:
        return said(reason).rstrip(".")
    return f"on a worker: {row.why}" if row.why else ""


_PLAIN = {
    "UNABLE_TO_INFER_SCHEMA": "there is no file that it can read there",
    "PATH_NOT_FOUND": "there is no such path",
    "CANNOT_MERGE": "a column has one type in some files and another in others; add them up apart, or leave "
    "--engine out",
}


def said(reason: Exception) -> str:
    """What Spark says, in a sentence: the beginning of it all, which stands deepest in a report of Java."""
    java = getattr(reason, "java_exception", None)
    text = str(reason)
    if java is not None:
        causes = [java]
        while (cause := causes[-1].getCause()) is not None and len(causes) < _DEEPEST:
            causes.append(cause)
        text = str(causes[-1].toString())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if "Traceback (most recent call last)" in text:
        # An error of Python in a task: its own words end its traceback.
        own = [line for line in lines if _PYTHON.match(line)]
        lines = own[-1:] or lines
    first = " ".join((lines or [type(reason).__name__])[0].split())
    first = re.sub(r"^(java|org)\.[\w.$]+: ", "", first)
    first = next((words for mark, words in _PLAIN.items() if f"[{mark}" in first), first)
    return f"Spark says: {first[:300].rstrip('.')}."


_DEEPEST = 20
_PYTHON = re.compile(r"(?!org\.|java\.|py4j\.|pyspark\.)[\w.]*(Error|Exception|Unreadable)\b: ")
