"""Known tables: the printed query over a real one gives what reading the export of the same rows gives."""

import csv
import tempfile
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from breakeven.cli import main
from breakeven.paths import DATA
from breakeven.usage.read import read_workload
from breakeven.usage.sums_file.query import TIMES, translated, written
from breakeven.usage.sums_file.shapes import shapes
from breakeven.usage.sums_file.statement import Asked
from tests.builders import SAMPLES
from tests.usage.sums_file.answers import prices, same
from tests.usage.sums_file.engines import Postgres

sqlglot = pytest.importorskip("sqlglot")


def query_of(shape_id, edges, dialect=None, table=None):
    shape = shapes()[shape_id]
    dialect = dialect or shape.dialect
    columns, skip = translated(shape, dialect)
    return written(
        Asked(
            dialect=dialect, table=table or shape.table, columns=columns, edges=edges, skip=skip,
            cached_in=shape.cached_in, time_unit=shape.time_unit,
            formats=[{"id": shape.id, "name": shape.name, "provider": shape.provider}],
        )
    )  # fmt: skip


def read_text(text, tmp_path, edges):
    path = tmp_path / "sums.csv"
    path.write_text(text, encoding="utf-8")
    return read_workload(path, edges=edges)


def alike(sums, rows, tables):
    """The same requests at the same prices, and the same rows that are none."""
    assert sums.by_model == rows.by_model
    same(prices(sums, tables), prices(rows, tables))
    assert (sums.rows_read, sums.rows_rejected, sums.rows_skipped) == (
        rows.rows_read, rows.rows_rejected, rows.rows_skipped,
    )  # fmt: skip
    assert {str(one.key) for one in sums.tenants} == {str(one.key) for one in rows.tenants}


def test_litellm_in_postgres_is_its_export(tmp_path, edges, tables):
    sample = SAMPLES / "litellm_spend_logs.csv"
    with sample.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    kinds = {
        "spend": "DOUBLE PRECISION", "prompt_tokens": "INTEGER", "completion_tokens": "INTEGER",
        "total_tokens": "INTEGER", "startTime": "TIMESTAMP", "metadata": "JSONB",
    }  # fmt: skip
    columns = ", ".join(f'"{name}" {kinds.get(name, "TEXT")}' for name in header)
    with tempfile.TemporaryDirectory(prefix="breakeven-pg-", ignore_cleanup_errors=True) as folder:
        running = Postgres(Path(folder))
        try:
            text = sample.read_text(encoding="utf-8")
            running.psql(
                f'CREATE TABLE "LiteLLM_SpendLogs" ({columns});\n'
                f'COPY "LiteLLM_SpendLogs" FROM STDIN CSV HEADER;\n{text}\\.\n'
            )
            answer = running.psql(f"COPY ({query_of('litellm', edges).strip()}) TO STDOUT CSV HEADER;\n")
        finally:
            running.stop()
    alike(read_text(answer, tmp_path, edges), read_workload(sample, edges=edges), tables)


def test_langfuse_in_clickhouse_is_its_export(tmp_path, edges, tables):
    chdb = pytest.importorskip("chdb", reason="pip install chdb brings ClickHouse")
    sample = SAMPLES / "langfuse_observations.csv"
    source = (
        "(SELECT id, type, parseDateTime64BestEffort(start_time, 3, 'UTC') AS start_time, "
        "provided_model_name, user_id AS project_id, 0 AS is_deleted, "
        "toFloat64OrNull(total_cost) AS total_cost, "
        "CAST(if(usage_details = '', map(), JSONExtract(usage_details, 'Map(String, UInt64)')) "
        "AS Map(String, UInt64)) AS usage_details FROM "
        f"file('{sample}', CSVWithNames, 'id String, trace_id String, type String, name String, "
        "start_time String, "
        "end_time String, completion_start_time String, provided_model_name Nullable(String), "
        "usage_details String, cost_details String, total_cost String, latency String, "
        "time_to_first_token String, user_id Nullable(String)'))"
    )
    query = query_of("langfuse-clickhouse", edges).replace(
        "FROM observations", f"FROM {source} AS observations", 1
    )
    answer = str(chdb.query(query, "CSVWithNames"))
    sums, rows = read_text(answer, tmp_path, edges), read_workload(sample, edges=edges)
    assert sums.by_model == rows.by_model
    same(prices(sums, tables), prices(rows, tables))
    assert (sums.rows_read, sums.rows_skipped) == (rows.rows_read, rows.rows_skipped)


def test_openai_usage_is_its_export(tmp_path, edges, tables):
    sample = SAMPLES / "completions_usage_openai.csv"
    out = tmp_path / "sums.csv"
    with closing(duckdb.connect()) as connection:
        connection.execute(f"CREATE TABLE usage AS SELECT * FROM read_csv('{sample}')")
        (query,) = sqlglot.transpile(
            query_of("openai-bigquery", edges, table="usage"), read="bigquery", write="duckdb"
        )
        connection.execute(f"COPY ({query}) TO '{out}' (HEADER)")
    alike(read_workload(out, edges=edges), read_workload(sample, edges=edges), tables)


def test_bedrock_log_is_its_export(tmp_path, edges, tables):
    sample = SAMPLES / "bedrock_invocations.jsonl.gz"
    out = tmp_path / "sums.csv"
    with closing(duckdb.connect()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            'CREATE TABLE bedrock_logs AS SELECT modelId AS modelid, "timestamp", identity, '
            "CAST(errorCode AS VARCHAR) AS errorcode, "
            "{inputtokencount: input.inputTokenCount, "
            "cachereadinputtokencount: output.outputBodyJson.usage.cache_read_input_tokens, "
            "cachewriteinputtokencount: output.outputBodyJson.usage.cache_creation_input_tokens} AS input, "
            "{outputtokencount: output.outputTokenCount} AS output "
            f"FROM (SELECT *, NULL AS errorCode FROM read_json('{sample}'))"
        )
        (query,) = sqlglot.transpile(query_of("bedrock-athena", edges), read="trino", write="duckdb")
        connection.execute(f"COPY ({query}) TO '{out}' (HEADER)")
    alike(read_workload(out, edges=edges), read_workload(sample, edges=edges), tables)


def test_spans_in_clickhouse_are_their_export(tmp_path, edges, tables):
    chdb = pytest.importorskip("chdb", reason="pip install chdb brings ClickHouse")
    sample = SAMPLES / "otel_spans.jsonl"
    source = (
        "(SELECT fromUnixTimestamp64Nano(toInt64(startTimeUnixNano), 'UTC') AS Timestamp, "
        "'app' AS ServiceName, "
        "mapApply((k, v) -> (k, trim(BOTH '\"' FROM v)), CAST(JSONExtractKeysAndValuesRaw(attributes) "
        "AS Map(String, String))) AS SpanAttributes FROM "
        f"file('{sample}', JSONEachRow, 'startTimeUnixNano String, attributes String'))"
    )
    query = query_of("otel-genai", edges).replace("FROM otel_traces", f"FROM {source} AS otel_traces", 1)
    answer = str(chdb.query(query, "CSVWithNames"))
    sums, rows = read_text(answer, tmp_path, edges), read_workload(sample, edges=edges)
    assert sums.by_model == rows.by_model
    same(prices(sums, tables), prices(rows, tables))


@pytest.mark.parametrize("shape_id", shapes())
def test_shape_names_a_source_and_every_engine_takes_it(shape_id, edges):
    shape = shapes()[shape_id]
    with (DATA / "sources.csv").open(encoding="utf-8") as file:
        sources = {row["source_id"] for row in csv.DictReader(file)}
    assert shape.source in sources
    for dialect in TIMES:
        query = query_of(shape_id, edges, dialect)
        assert sqlglot.parse_one(query, read=dialect)


@pytest.mark.usefixtures("built")
def test_command_prints_a_query_and_says_what_is_missing(capsys):
    assert main(["sums", "--shape", "litellm", "--json"]) == 0
    assert '"dialect": "postgres"' in capsys.readouterr().out
    columns = "input=a,output=b,cached=c,cached_in=outside,time=t,time_unit=ms,model=coalesce(m%2C 'x')"
    assert main(["sums", "--dialect", "bigquery", "--table", "db.usage", "--columns", columns]) == 0
    said = capsys.readouterr().out
    assert said.startswith("-- The result is a sums file of Breakeven, version 1")
    assert "db.usage" in said
    for arguments, why in (
        (["--dialect", "bigquery"], "a query needs --dialect and --table, or --shape"),
        (["--dialect", "oracle", "--table", "t", "--columns", "input=a,output=b"], "'oracle' is not known"),
        (["--shape", "lite"], "there is no 'lite'; the nearest are litellm"),
        (["log.csv", "--shape", "litellm"], "leave the file out"),
        (["--dialect", "duckdb", "--table", "t", "--columns", "input=a"], "no column means output"),
        (
            ["--dialect", "duckdb", "--table", "a b c", "--columns", "input=a,output=b"],
            "is no name of a table",
        ),
    ):
        assert main(["sums", *arguments]) == 2
        assert why in capsys.readouterr().err
