"""The SQL box: what may run, what may not, and that nobody else notices."""

import re
import threading
import time
from collections.abc import Iterator

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from breakeven.tables import sqlbox
from breakeven.tables.rules import table_names
from breakeven.tables.sql_worker import Refused, vet
from breakeven.tables.sqlbox import EXAMPLES, LONGEST, Turns, ask, dictionary, functions


@pytest.fixture(scope="module")
def small() -> Iterator[DuckDBPyConnection]:
    """A table to vet statements against."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE models (model_id VARCHAR)")
        yield connection


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ATTACH '/tmp/x.db'", "ATTACH"),
        ("/* SELECT */ ATTACH ':memory:' AS x", "ATTACH"),
        ("COPY models TO '/tmp/x.csv'", "COPY"),
        ("EXPORT DATABASE '/tmp/x'", "EXPORT"),
        ("INSTALL httpfs", "INSTALL"),
        ("LOAD httpfs", "LOAD"),
        ("SET memory_limit = '8GB'", "settings are locked"),
        ("RESET memory_limit", "settings are locked"),
        ("PRAGMA database_list", "PRAGMA"),
        ("CALL pragma_version()", "CALL"),
        ("CREATE TABLE t AS SELECT 1", "CREATE"),
        ("CREATE MACRO f(x) AS x", "CREATE"),
        ("INSERT INTO models VALUES ('x')", "INSERT"),
        ("UPDATE models SET model_id = 'x'", "UPDATE"),
        ("DELETE FROM models", "DELETE"),
        ("DROP TABLE models", "DROP"),
        ("BEGIN", "BEGIN"),
        ("PREPARE p AS SELECT 1", "PREPARE"),
        ("PIVOT models ON model_id USING count(*)", "GROUP BY"),
        ("EXPLAIN ANALYZE DELETE FROM models", "changes something"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT 1;" * 1000, "1000 statements"),
        ("-- nothing", "nothing to run"),
        ("SELECT (", "syntax error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("SELECT * FROM READ_Text('/etc/passwd')", "read_text"),
        ("SELECT * FROM \"glob\"('/*')", "glob"),
        ("SELECT * FROM '/etc/passwd'", "no table '/etc/passwd'"),
        ("SELECT * FROM 'https://example.org/x.parquet'", "no table"),
        ("SELECT * FROM (SELECT * FROM duckdb_settings())", "duckdb_settings"),
        ("SELECT * FROM duckdb_secrets()", "duckdb_secrets"),
        ("FROM duckdb_settings", "no table 'duckdb_settings'"),
        ("SELECT * FROM information_schema.tables", "no table"),
        ("SELECT * FROM pragma_database_size()", "pragma_database_size"),
        ("SELECT * FROM query('SELECT 1')", "query"),
        ("SELECT * FROM arrow_scan(1, 2, 3)", "arrow_scan"),
        ("SELECT * FROM enable_logging()", "enable_logging"),
        ("SELECT * FROM models WHERE model_id IN (SELECT content FROM read_text('/x'))", "read_text"),
        ("SELECT getenv('HOME')", "getenv"),
        ("SELECT list_transform([1], x -> sleep_ms(x))", "sleep_ms"),
        ("SELECT current_setting('memory_limit')", "current_setting"),
        ("SELECT write_log('x')", "write_log"),
        ("WITH x AS (SELECT getenv('HOME')) SELECT * FROM x", "getenv"),
        ("SELECT (WITH duckdb_databases AS (SELECT 1) SELECT 1), path FROM duckdb_databases", "no table"),
        ("WITH duckdb_settings AS (FROM duckdb_settings) FROM duckdb_settings", "no table"),
        ("WITH a AS (FROM duckdb_logs), duckdb_logs AS (SELECT 1) FROM a", "no table 'duckdb_logs'"),
        (
            "WITH RECURSIVE duckdb_views AS (FROM duckdb_views UNION ALL SELECT 1) FROM duckdb_views",
            "no table 'duckdb_views'",
        ),
        ("WITH x AS (SELECT 1) FROM main.x", "no table 'main.x'"),
        ("SHOW secret_directory", "no table 'secret_directory'"),
        ("SHOW ALL TABLES UNION FROM duckdb_tables", "no table"),
        ("SELECT version()", "version"),
        ("SELECT current_user", "current_user"),
        ("SELECT list_transform([1], lambda i: SESSION_USER)", "session_user"),
        ("SELECT current_database()", "current_database"),
        ("SELECT a_function_that_a_later_version_brings()", "a_function_that_a_later"),
    ],
)
def test_statement_that_does_not_only_read_our_tables_is_refused(
    small: DuckDBPyConnection, sql: str, words: str
) -> None:
    with pytest.raises(Refused, match="(?i)" + words.replace("(", r"\(")) as refusal:
        vet(small, sql, functions())
    assert "\n" not in str(refusal.value)
    assert str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "-- why\nSELECT count(*) FROM models;",
        "WITH x AS (SELECT 1 AS n), y AS (SELECT n FROM x) SELECT * FROM x JOIN y USING (n)",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t",
        "FROM models",
        "FROM main.models",
        "DESCRIBE models",
        "SUMMARIZE models",
        "SHOW TABLES",
        "SHOW ALL TABLES",
        "SHOW models",
        "WITH x AS (SELECT 1 AS n) SELECT (SELECT max(n) FROM x), (WITH y AS (FROM x) SELECT min(n) FROM y)",
        "SELECT 1 + 2, 5 // 2, 'a' || 'b', 'a' LIKE 'b', count(*) OVER (), 1 BETWEEN 0 AND 2, [1, 2][1]",
        "explain SELECT * FROM models",
        "/* x */ EXPLAIN ANALYZE SELECT * FROM models",
        "SELECT * FROM range(3), generate_series(1, 2), unnest([1, 2])",
        "SELECT model_id, row_number() OVER (ORDER BY model_id) FROM MODELS UNION VALUES ('x', 1)",
    ],
)
def test_statement_that_reads_passes(small: DuckDBPyConnection, sql: str) -> None:
    vet(small, sql, functions())


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT count(*) FROM api_prices a, api_prices b, api_prices c, api_prices d", "memory|stopped"),
        ("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t", "stopped"),
        ("SELECT count(*) FROM generate_series(1, 1000000000000)", "stopped"),
        ("SELECT lpad('x', 2000000000, 'y')", "memory|stopped"),
        ("SELECT repeat('x', 1000000000)", "memory"),
        (
            "WITH RECURSIVE t AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM t) SELECT max(s) FROM t",
            "memory|stopped",
        ),
        ("SELECT " + "(" * 4_900 + "1" + ")" * 4_900, "depth|nested"),
        ("SELECT * FROM " + "(SELECT * FROM " * 600 + "models" + ")" * 600, "depth|nested"),
        ("SELECT '" + "x" * 10_000_000 + "'", "10,000,009 characters"),
        ("WITH x AS (INSERT INTO models SELECT * FROM models RETURNING *) SELECT 1", "read-only|changes"),
        ("SELECT nothing FROM models", 'column "nothing" not found'),
        ("SELECT '\ud800' AS broken, 1 / 0 AS n, 'x'::INTEGER", "Could not convert"),
        (" ", "no statement yet"),
    ],
    ids=lambda text: text[:40] if len(text) < 200 else f"{text[:20]}-{len(text)}",
)
def test_heavy_or_faulty_statement_gets_one_sentence_in_time(sql: str, words: str) -> None:
    ask("SELECT 1")  # the copy of the tables is made once
    start = time.monotonic()
    answer = ask(sql, seconds=0.4)
    assert time.monotonic() - start < 5  # the statement has 0.4 s; the rest is for a busy test machine
    assert answer.rows == ()
    assert answer.problem is not None
    assert "\n" not in answer.problem
    assert len(answer.problem) <= 500
    assert re.search(words, answer.problem), answer.problem


def test_other_visitor_is_answered_while_a_heavy_statement_runs() -> None:
    ask("SELECT 1")
    heavy: list[sqlbox.SqlAnswer] = []
    thread = threading.Thread(
        target=lambda: heavy.append(ask("SELECT count(*) FROM range(1000000000000)", seconds=3))
    )
    thread.start()
    time.sleep(0.2)
    assert ask("SELECT count(*) FROM presets", seconds=10).rows == ((10,),)
    assert thread.is_alive()
    thread.join(timeout=30)
    assert heavy[0].problem is not None


def test_visitors_beyond_the_turns_wait_and_then_hear_so(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(1)
    monkeypatch.setattr(sqlbox, "_turns", turns)
    monkeypatch.setattr(sqlbox, "_QUEUE_S", 0.05)
    turns.begin("somebody", 1)
    assert "try again" in str(ask("SELECT 1").problem)
    turns.end("somebody", 1.0)
    assert ask("SELECT 1").rows == ((1,),)


def test_worker_that_dies_gives_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    dying = tmp_path / "worker.py"
    dying.write_text("import os, sys\nsys.stdin.readline()\nprint('ready', flush=True)\nos.abort()\n")
    monkeypatch.setattr(sqlbox, "_WORKER", dying)
    assert "stopped" in str(ask("SELECT 1").problem)
    dying.write_text("raise SystemExit(1)\n")
    assert "could not start" in str(ask("SELECT 1").problem)


def test_worker_that_hangs_is_ended_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    hanging = tmp_path / "worker.py"
    hanging.write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    monkeypatch.setattr(sqlbox, "_WORKER", hanging)
    start = time.monotonic()
    assert "stopped" in str(ask("SELECT 1", seconds=0.1).problem)
    assert time.monotonic() - start < 10


def test_worker_sees_nothing_of_the_servers_environment(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    telling = tmp_path / "worker.py"
    telling.write_text(
        "import json, os, sys\nsys.stdin.readline()\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        "print(json.dumps({'problem': str(os.environ.get('PRICES_TEST'))}), flush=True)\n"
    )
    monkeypatch.setattr(sqlbox, "_WORKER", telling)
    monkeypatch.setenv("PRICES_TEST", "seen")
    assert ask("SELECT 1").problem == "None"


def test_rows_and_long_cells_are_cut_and_it_is_said() -> None:
    answer = ask("SELECT range FROM range(50)", rows=10)
    assert len(answer.rows) == 10
    assert answer.notes == ("Only the first 10 rows are shown; there are more.",)
    assert ask("SELECT range FROM range(10)", rows=10).notes == ()
    long = ask("SELECT repeat('x', 10001) AS a, repeat('x', 10000) AS b")
    assert long.notes == ("1 long cell is cut.",)
    assert len(long.rows[0][1]) == 10_000
    assert "20 MB" in str(ask("SELECT repeat('x', 10000) FROM range(3000)").problem)


def test_statement_of_the_longest_length_is_taken_and_one_more_is_not() -> None:
    sql = "SELECT 1 --"
    assert ask(sql + "x" * (LONGEST - len(sql))).rows == ((1,),)
    assert "at most 10,000" in str(ask(sql + "x" * (LONGEST + 1 - len(sql))).problem)


@pytest.mark.parametrize(("title", "sql"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_every_example_gives_rows(title: str, sql: str) -> None:
    answer = ask(sql)
    assert answer.problem is None, title
    assert len(answer.rows) >= 3


def test_dictionary_holds_every_column_with_unit_and_meaning(connection: DuckDBPyConnection) -> None:
    rows = dictionary(connection)
    assert list(dict.fromkeys(row.table for row in rows)) == table_names(connection)
    found = next(row for row in rows if (row.table, row.column) == ("gpu_prices", "usd_per_gpu_hour"))
    assert (found.unit, found.meaning, found.type) == ("USD/h", "price of one GPU for one hour", "DOUBLE")
    assert all(row.meaning and row.unit for row in rows)


@pytest.mark.parametrize(
    ("sql", "cell"),
    [
        ("SELECT TIMESTAMPTZ '2026-01-01 00:00:00+02'", "2025-12-31T22:00:00+00:00"),
        ("SELECT TIMETZ '10:00:00+01'", "10:00:00+01:00"),
        ("SELECT now() > DATE '2026-01-01'", True),
    ],
)
def test_times_with_a_zone_are_answered_in_utc(sql: str, cell: object) -> None:
    assert ask(sql).rows == ((cell,),)
