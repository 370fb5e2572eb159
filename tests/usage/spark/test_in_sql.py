"""Spark's own SQL is asked what the reader would add up, or refuses in a sentence."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from breakeven.apis.workloads import price_edges
from breakeven.tables.build import open_memory
from breakeven.usage.from_sums import Reading
from breakeven.usage.limits import limits_from
from breakeven.usage.open_table import open_table
from breakeven.usage.read import read_workload
from breakeven.usage.route import recognised
from breakeven.usage.spark.in_sql import question_of
from breakeven.usage.spool import Plain, Unreadable
from breakeven.usage.sums_file.query import written
from breakeven.usage.sums_file.read import read_sums

EDGES, LIMITS = price_edges(open_memory()), limits_from({})


def asked_of(path, folder):
    with open_table(Plain(path=path, parquet=True), None, LIMITS, folder) as opened:
        asked = Reading(
            found=recognised(opened.table, None), file=path, name="log", edges=EDGES, limits=LIMITS
        )
        return question_of(opened.table, asked, "usage_rows")


def test_texts_that_are_no_number_make_a_bad_row_and_the_rest_adds_up_as_in_the_file(tmp_path):
    path = tmp_path / "log.parquet"
    columns = {
        "created_at": [
            "2026-11-01 10:00:00",
            "1793530800",
            None,
            "2026-11-01 10:00:03",
            "2026-11-01 11:00:00",
        ],
        "model": ["gpt-4o", "gpt-4o", "gpt-4o-mini", "gpt-4o", "Total"],
        "input_tokens": ["1000", " 200 ", "300", "many", "1500"],
        "output_tokens": ["10", "20", "30", "40", "100"],
        "cached_tokens": ["100", "", None, "0", "100"],
        "cost": ["$0.10", "0.2", "1,000.5", "7", "9"],
    }
    pq.write_table(pa.table(columns), path)
    text = sqlglot.transpile(written(asked_of(path, tmp_path)), read="spark", write="duckdb")[0]
    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO timestamp_micros(x) AS make_timestamp(x)")
        connection.execute(f"CREATE VIEW usage_rows AS FROM '{path}'")
        pq.write_table(connection.sql(text).to_arrow_table(), tmp_path / "sums.parquet")
    found = read_sums(tmp_path / "sums.parquet", "sums", EDGES, tmp_path, LIMITS)
    here = read_workload(path, edges=EDGES, limits=LIMITS)
    assert found.tokens == here.tokens
    assert found.tokens.prompt == 1_500
    assert (found.rows_read, found.rows_rejected, found.rows_skipped) == (5, 1, 1)
    assert found.paid_usd == pytest.approx(here.paid_usd)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"timestamp": [0.5, 1.5], "input_length": [9, 2], "output_length": [1, 2]}, "start of a trace"),
        (
            {"prompt_tokens": [1], "completion_tokens": [2], "status": ["failure"], "model": ["m"],
             "startTime": ["2026-11-01"], "spend": [1.0], "request_id": ["a"], "call_type": ["c"]},
            "which rows failed",
        ),
    ],
)  # fmt: skip
def test_what_the_query_does_not_know_is_refused(columns, why, tmp_path):
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(Unreadable, match=why):
        asked_of(path, tmp_path)
