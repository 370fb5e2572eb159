"""Statements of somebody who wants more than the tables: drawn by a seed, with what must become of each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """What must become of a statement."""

    ROWS = "it reads the tables, and is answered"
    REFUSED = "it asks for what is no table of ours, or does more than read: one sentence, no row"
    BOUNDED = "it is heavy, or odd: rows or one sentence, in time"


@dataclass(frozen=True, slots=True)
class Attack:
    """A statement and what must become of it."""

    sql: str
    fate: Fate


OUTSIDE = (
    "duckdb_settings",
    "duckdb_databases",
    "duckdb_tables",
    "duckdb_views",
    "duckdb_columns",
    "duckdb_logs",
    "duckdb_extensions",
    "duckdb_secrets",
    "duckdb_functions",
    "duckdb_memory",
    "sqlite_master",
    "sqlite_schema",
    "pg_catalog.pg_tables",
    "pg_tables",
    "pg_settings",
    "information_schema.tables",
    "information_schema.columns",
    "information_schema.schemata",
    "main.sqlite_master",
    "system.main.duckdb_settings",
    "temp.main.x",
    '"/etc/passwd"',
    "'/etc/passwd'",
    "'/proc/self/environ'",
    "'../data/gpus.csv'",
    "'https://example.org/a.parquet'",
    "'s3://bucket/a.csv'",
    "'*.csv'",
    "'data.json'",
    "sys.tables",
)
TABLE_FUNCTIONS = (
    "read_csv('/etc/passwd')",
    "read_csv_auto('/etc/hosts')",
    "read_text('/proc/self/environ')",
    "read_blob('/proc/self/cmdline')",
    "read_json('/a.json')",
    "read_parquet('/a.parquet')",
    "glob('/*')",
    "parquet_scan('a')",
    "parquet_metadata('a')",
    "sniff_csv('/etc/passwd')",
    "duckdb_settings()",
    "duckdb_databases()",
    "duckdb_secrets()",
    "duckdb_logs()",
    "duckdb_temporary_files()",
    "pragma_version()",
    "pragma_database_size()",
    "pragma_storage_info('gpus')",
    "query('SELECT 1')",
    "query_table('gpus')",
    "which_secret('a', 's3')",
    "arrow_scan(1, 2, 3)",
    "seq_scan('gpus')",
    "checkpoint()",
    "force_checkpoint()",
    "enable_logging()",
    "test_all_types()",
    "repeat_row(1, num_rows = 3)",
    "summary((FROM gpus))",
)
FUNCTIONS = (
    "getenv('HOME')",
    "current_setting('home_directory')",
    "current_setting('temp_directory')",
    "version()",
    "current_database()",
    "current_schema()",
    "current_user",
    "session_user",
    "pg_backend_pid()",
    "write_log('x')",
    "sleep_ms(10)",
    "nextval('s')",
    "currval('s')",
    "txid_current()",
    "current_query()",
    "current_catalog()",
    "in_search_path('a', 'b')",
    "getvariable('x')",
    "set_config('a', 'b')",
    "current_role",
    "current_catalog",
    "user",
    "add_parquet_key('a', 'b')",
    "current_connection_id()",
    "lo_import('/etc/passwd')",
)
OTHER = (
    "ATTACH '/tmp/x.db' AS x",
    "ATTACH ':memory:'",
    "DETACH tables",
    "USE system",
    "COPY gpus TO '/tmp/x.csv'",
    "COPY (SELECT 1) TO '/tmp/x' (FORMAT parquet)",
    "COPY gpus FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "INSTALL httpfs",
    "FORCE INSTALL 'https://example.org/x'",
    "LOAD httpfs",
    "LOAD '/tmp/x.duckdb_extension'",
    "SET threads = 64",
    "SET GLOBAL memory_limit = '64GB'",
    "RESET threads",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "PRAGMA show_tables",
    "CALL pragma_database_size()",
    "CALL duckdb_settings()",
    "CREATE TABLE t AS SELECT 1",
    "CREATE TEMP TABLE gpus AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET s (TYPE s3)",
    "CREATE SCHEMA s",
    "CREATE VIEW v AS FROM duckdb_settings()",
    "CREATE SEQUENCE s",
    "INSERT INTO gpus VALUES (1)",
    "DROP TABLE gpus",
    "DELETE FROM gpus",
    "UPDATE gpus SET name = 'x'",
    "ALTER TABLE gpus ADD COLUMN x INT",
    "TRUNCATE gpus",
    "PREPARE p AS SELECT * FROM gpus",
    "EXECUTE p",
    "DEALLOCATE p",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "EXPLAIN ANALYZE DELETE FROM gpus",
    "COMMENT ON TABLE gpus IS 'x'",
    "SELECT 1; DROP TABLE gpus",
    "SELECT 1; SELECT 2",
    "MERGE INTO gpus USING gpus g ON true WHEN MATCHED THEN DELETE",
    "SHOW DATABASES",
    "SHOW temp_directory",
    "SET VARIABLE x = 1",
    "SELECT 1 INTO t",
    "EXPLAIN COPY gpus TO '/tmp/x'",
    "DESCRIBE duckdb_settings",
    "SUMMARIZE duckdb_settings()",
    "SHOW duckdb_tables",
)
HEAVY = (
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
    "WITH RECURSIVE t AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t",
    "WITH RECURSIVE t AS (SELECT [1] AS l UNION ALL SELECT l || l FROM t) SELECT max(len(l)) FROM t",
    "SELECT count(*) FROM range(1000000000000)",
    "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
    "SELECT repeat('x', 2000000000)",
    "SELECT lpad('x', 2000000000, 'y')",
    "SELECT list_sum(range(1000000000))",
    "SELECT count(*) FROM api_prices a, api_prices b, api_prices c",
    "SELECT string_agg(repeat('x', 9999), '') FROM range(99999)",
    "SELECT array_agg(range) FROM range(100000000)",
    "SELECT * FROM range(100000000) ORDER BY hash(range)",
    "SELECT regexp_matches(repeat('a', 30000), '(a*)*b')",
    "SELECT 10::HUGEINT ** 400",
    "SELECT factorial(33)",
    "SELECT count(DISTINCT a.range + b.range) FROM range(30000) a, range(30000) b",
    "SELECT list_sort(range(30000000))",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT " + "-" * 1 + "1" + " + 1" * 2400,
    "SELECT [" + "[" * 900 + "]" * 900 + "]",
    "SELECT * FROM " + "(SELECT * FROM " * 300 + "gpus" + ")" * 300,
    "SELECT " + ", ".join(["*"] * 1500) + " FROM api_prices",
    "SELECT CASE " + "WHEN true THEN 1 " * 550 + "END",
    "SELECT 'x'" + " || 'x'" * 1200,
    "WITH " + ", ".join(f"c{n} AS (SELECT 1)" for n in range(400)) + " SELECT 1",
)
ODD = (
    "SELECT '\u202e\u0000\ud800' AS a",
    'SELECT \'\' AS "", 1 AS ""',
    "SELECT NULL, NULL::INT[], {'a': NULL}",
    "SELECT '<b>x</b>' AS \"<script>\"",
    "SELECT TIMESTAMPTZ '2026-01-01 00:00:00+14', TIMETZ '10:00:00+01', INTERVAL 3 MONTH",
    "SELECT now(), current_date, current_timestamp",
    "SELECT 'infinity'::DATE, '-infinity'::TIMESTAMP, 'nan'::DOUBLE, 'inf'::DOUBLE",
    "SELECT DATE '5877641-06-24'",
    "SELECT 1e308 * 10",
    "SELECT 170141183460469231731687303715884105727::HUGEINT",
    "SELECT '\\x00\\xff'::BLOB",
    "SELECT uuid(), MAP {'a': 1}, union_value(a := 1)",
    "SELECT 1 AS \uff53\uff45\uff4c\uff45\uff43\uff54",
    "SELECT\u00a01",
    "\ufeffSELECT 1",
    "SELECT 1 \u2014 2",
    "SELECT 'it''s' AS \"a\"\"b\"",
    "VALUES (1), ('x')",
    "SELECT $1",
    "SELECT ?",
    "SELECT $name",
    "SELECT :name",
    "SELECT * FROM gpus LIMIT -1",
    "SELECT * FROM gpus USING SAMPLE 5",
    "FROM gpus SELECT count(*) HAVING 1",
    "SELECT 1/0",
    "TABLE gpus",
    "SELECT COLUMNS('.*') FROM gpus",
    "SELECT * EXCLUDE (name) FROM gpus",
    "SELECT * REPLACE ('x' AS name) FROM gpus",
    "SELECT gpus FROM gpus",
    "PIVOT gpus ON vendor USING count(*)",
    "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
    "SELECT 1 WHERE",
    ";",
    "--",
    "/*",
    "SELECT",
    "'",
    '"',
    "$$",
    "SELECT $$x$$",
    "\\",
    "\0",
    "SELECT cast('2026-13-45' AS DATE)",
    "SELECT rowid FROM gpus",
    "SELECT error('root:x:0')",
    "SELECT x FROM (VALUES (error('a'))) t(x)",
    "SELECT try(error('x'))",
)
READS = (
    "SELECT count(*) FROM gpus",
    "FROM presets",
    "SELECT gpu_id FROM gpus ORDER BY 1",
    "DESCRIBE models",
    "SUMMARIZE gpus",
    "SHOW TABLES",
    "WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT * FROM a UNION ALL SELECT * FROM b",
    "SELECT * FROM range(5)",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT sum(n) FROM t",
    "EXPLAIN SELECT * FROM gpus",
    "SELECT provider, median(usd_per_gpu_hour) FROM gpu_prices GROUP BY ALL ORDER BY ALL",
    "SELECT list_transform([1, 2], lambda x: x + 1)",
    "SELECT g.name, count(*) FROM gpus g JOIN gpu_prices USING (gpu_id) GROUP BY g.name",
    "SELECT max(valid_from) FROM api_prices",
)


def _spelled(draw: random.Random, sql: str) -> str:
    """The same with another case, comments, blanks, a semicolon: nothing of it may hide what it does."""
    if draw.random() < 0.3:
        words = sql.split(" ")
        sql = draw.choice((" /* SELECT 1 */ ", "\n", "\t", " -- x\n")).join([*words[:2], " ".join(words[2:])])
    if draw.random() < 0.2 and "'" not in sql and '"' not in sql:
        sql = draw.choice((str.upper, str.lower, str.swapcase))(sql)
    return draw.choice(("", "", "-- a comment\n", "/* x */ ")) + sql + draw.choice(("", "", ";", " ;  "))


def _shadowed(draw: random.Random) -> Attack:
    """A query that is called like a table of the catalogue makes nothing else of that name known."""
    table = draw.choice([name for name in OUTSIDE if name.isidentifier()])
    sql = draw.choice(
        (
            "SELECT (WITH {t} AS (SELECT 1) SELECT 1), * FROM {t}",
            "WITH {t} AS (FROM {t}) FROM {t}",
            "WITH a AS (FROM {t}), {t} AS (SELECT 1) FROM a",
            "WITH RECURSIVE {t} AS (FROM {t} UNION ALL SELECT 1) FROM {t}",
            "SELECT * FROM (WITH {t} AS (SELECT 1 AS x) FROM {t}) s, {t}",
            "WITH {t} AS (SELECT 1) SELECT * FROM main.{t}",
            "WITH x AS (WITH {t} AS (SELECT 1) FROM {t}) SELECT * FROM x, {t}",
            "SELECT 1 WHERE EXISTS (FROM {t}) AND (WITH {t} AS (SELECT true) FROM {t})",
            "WITH {t} AS (SELECT 1) SELECT * FROM gpus WHERE name IN (SELECT name FROM system.main.{t})",
        )
    )
    return Attack(sql.format(t=table), Fate.REFUSED)


def _hidden(draw: random.Random) -> Attack:
    """A table, or a function, that is not ours, somewhere deep in a statement that reads."""
    table = draw.random() < 0.6
    what = draw.choice(OUTSIDE + TABLE_FUNCTIONS) if table else draw.choice(FUNCTIONS)
    places = (
        (
            "SELECT * FROM {x}",
            "FROM {x}",
            "SELECT count(*) FROM gpus, {x}",
            "SELECT (SELECT count(*) FROM {x})",
            "WITH a AS (FROM {x}) FROM a",
            "SELECT 1 UNION ALL SELECT count(*) FROM {x}",
            "DESCRIBE SELECT * FROM {x}",
            "SELECT * FROM gpus WHERE EXISTS (SELECT 1 FROM {x})",
            "EXPLAIN SELECT * FROM {x}",
            "SUMMARIZE SELECT * FROM {x}",
            "SELECT * FROM (SELECT * FROM (SELECT * FROM {x}))",
            "SELECT * FROM gpus g, LATERAL (SELECT * FROM {x}) l",
            "SELECT * FROM gpus LEFT JOIN {x} ON true",
            "SELECT array(SELECT 1 FROM {x})",
            "SELECT 1 ORDER BY (SELECT 1 FROM {x})",
        )
        if table
        else (
            "SELECT {x}",
            "SELECT * FROM gpus WHERE name = {x}::VARCHAR",
            "SELECT list_transform([1], lambda i: {x})",
            "SELECT count(*) FILTER (WHERE {x} IS NULL) FROM gpus",
            "SELECT max({x}) OVER () FROM gpus",
            "SELECT [{x}]",
            "SELECT 1 ORDER BY {x}",
            "SELECT 1 GROUP BY {x}",
            "VALUES ({x})",
            "SELECT CASE WHEN true THEN {x} END",
            "SELECT * FROM range(length({x}::VARCHAR))",
            "WITH a AS (SELECT {x} AS v) FROM a",
            "SELECT 'a' || {x}",
            "SELECT {{'k': {x}}}",
            "SELECT coalesce(NULL, {x})",
            "SELECT 1 LIMIT length({x}::VARCHAR)",
        )
    )
    return Attack(draw.choice(places).format(x=what), Fate.REFUSED)


def _other(draw: random.Random) -> Attack:
    return Attack(draw.choice(OTHER), Fate.REFUSED)


def _read(draw: random.Random) -> Attack:
    return Attack(draw.choice(READS), Fate.ROWS)


def _odd(draw: random.Random) -> Attack:
    return Attack(draw.choice(ODD), Fate.BOUNDED)


def _heavy(draw: random.Random) -> Attack:
    return Attack(draw.choice(HEAVY), Fate.BOUNDED)


def _broken(draw: random.Random) -> Attack:
    """A statement cut, doubled or mixed with another one: anything but an exception."""
    sql = draw.choice(READS + OTHER + ODD)
    at = draw.randrange(len(sql) + 1)
    noise = "".join(chr(draw.choice((draw.randrange(32, 127), draw.randrange(1, 0xD7FF)))) for _ in range(3))
    made = draw.choice((sql[:at], sql[:at] + noise + sql[at:], sql + sql[at:], sql[::-1]))
    return Attack(made, Fate.BOUNDED)


_KINDS: tuple[tuple[Callable[[random.Random], Attack], int], ...] = (
    (_shadowed, 20),
    (_hidden, 30),
    (_other, 15),
    (_read, 10),
    (_odd, 10),
    (_heavy, 4),
    (_broken, 11),
)


def attacks(seed: int, number: int) -> list[Attack]:
    """So many statements of that seed; the same every time."""
    draw = random.Random(seed)
    kinds, weights = zip(*_KINDS, strict=True)
    made = [draw.choices(kinds, weights)[0](draw) for _ in range(number)]
    return [one if one.fate == Fate.BOUNDED else Attack(_spelled(draw, one.sql), one.fate) for one in made]
