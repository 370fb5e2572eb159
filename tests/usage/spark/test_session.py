"""What stops Spark is said in a sentence."""

import pytest

from breakeven.usage.spark import session
from breakeven.usage.spark.engine import Lake
from breakeven.usage.spool import Unreadable
from tests.usage.spark.logs import need_spark


def test_a_machine_without_java_is_told_what_to_install(monkeypatch, tmp_path):
    need_spark()
    for name in ("JAVA_HOME", "SPARK_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(Unreadable, match="Spark needs Java 17 or newer"),
        session.session(None),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `a` cannot be found.\n'UnresolvedRelation [a]",
            "Spark says: [TABLE_OR_VIEW_NOT_FOUND] The table or view `a` cannot be found.",
        ),
        (
            "Job aborted\nTraceback (most recent call last):\n  File x\n"
            "duckdb.OutOfMemoryException: Out of Memory Error: failed to pin block\n",
            "Spark says: duckdb.OutOfMemoryException: Out of Memory Error: failed to pin block.",
        ),
        (
            "org.apache.spark.SparkException: [CANNOT_MERGE_SCHEMAS] Failed merging schemas:\nx",
            "Spark says: a column has one type in some files and another in others; add them up apart, or "
            "leave --engine out.",
        ),
        (
            "java.lang.RuntimeException: file:/b.parquet is not a Parquet file (length is too low: 11)",
            "Spark says: file:/b.parquet is not a Parquet file (length is too low: 11).",
        ),
        ("", "Spark says: ValueError."),
    ],
)
def test_a_report_of_spark_becomes_one_sentence(text, told):
    assert session.said(ValueError(text)) == told


@pytest.mark.parametrize("path", ["usage.csv", "s3a://b/logs/*.jsonl", "usage.json.gz"])
def test_files_that_spark_would_guess_at_are_refused(path):
    with pytest.raises(Unreadable, match="Spark reads Parquet, ORC and tables"):
        Lake(path=path).rows(None)
