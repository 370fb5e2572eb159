"""The printed query: each engine's gives the same sums file, and no function passes in silence."""

import re
import tempfile
from pathlib import Path

import pytest

from breakeven.usage.read import read_workload
from breakeven.usage.sql import Edges
from breakeven.usage.sums import covered_s, loads
from breakeven.usage.sums_file.query import TIMES, BadQuery, written
from breakeven.usage.sums_file.statement import Asked
from tests.usage.sums_file.answers import generated, over_time, prices, same
from tests.usage.sums_file.engines import RUN, Postgres, canonical, table_text

sqlglot = pytest.importorskip("sqlglot")

MEANT = {
    "input": "input_tokens", "cache_read": "cached", "output": "output_tokens", "model": "model",
    "processing": "kind", "tenant": "who", "reported_cost_usd": "usd", "ts": "at",
}  # fmt: skip


def asked(dialect, edges, **changes):
    options = {"columns": MEANT, "cached_in": "inside", "skip": "model = 'skip me'"} | changes
    return Asked(dialect=dialect, table="log", edges=edges, **options)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    path.write_text(table_text(generated(400)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def right(table, edges):
    """The sums file by DuckDB."""
    return canonical(RUN["duckdb"](written(asked("duckdb", edges)), table))


@pytest.fixture(scope="module")
def postgres():
    # Not in pytest's own folder, which only its user may enter: the server does not run as root.
    with tempfile.TemporaryDirectory(prefix="breakeven-pg-", ignore_cleanup_errors=True) as folder:
        running = Postgres(Path(folder))
        yield running
        running.stop()


def test_query_of_duckdb_answers_as_the_rows(edges, tables, tmp_path):
    table, rows, path = (tmp_path / name for name in ("log.csv", "rows.csv", "sums.csv"))
    text = table_text(generated(400), odd=False)
    table.write_text(text, encoding="utf-8")
    names = "model,input_tokens,cached_tokens,output_tokens,processing,user,cost,timestamp"
    rows.write_text(names + text[text.index("\n") :], encoding="utf-8")
    path.write_text(RUN["duckdb"](written(asked("duckdb", edges)), table), encoding="utf-8")
    sums, whole = (read_workload(file, edges=edges) for file in (path, rows))
    same(prices(sums, tables), prices(whole, tables))
    same(over_time(sums, tables), over_time(whole, tables))
    assert (loads(sums), covered_s(sums), sums.longest) == (loads(whole), covered_s(whole), whole.longest)
    assert sums.rows_read == whole.rows_read == 400
    assert (whole.step_minutes, sums.step_minutes) == (1, 60)


def test_bad_rows_are_counted_and_price_nothing(table, right, edges, tmp_path):
    path = tmp_path / "sums.csv"
    path.write_text(RUN["duckdb"](written(asked("duckdb", edges)), table), encoding="utf-8")
    sums = read_workload(path, edges=edges)
    assert (sums.rows_read, sums.rows_rejected, sums.rows_skipped) == (410, 5, 1)
    assert sums.tokens.requests == 404
    assert sum(one.tokens.requests for one in sums.minutes if one.key is None) == 2
    assert sums.by_model["it's \N{SNOWMAN}"].prompt == 7
    assert sums.by_model[None].requests == 1
    assert len(right) > 400


@pytest.mark.parametrize("dialect", [name for name in RUN if name != "duckdb"])
def test_query_of_every_engine_gives_the_same_sums_file(dialect, table, right, edges):
    same(canonical(RUN[dialect](written(asked(dialect, edges)), table)), right)


def test_query_of_postgres_gives_the_same_sums_file(postgres, table, right, edges):
    same(canonical(postgres.run(written(asked("postgres", edges)), table)), right)


@pytest.mark.parametrize("step", [1, 1440])
def test_other_steps_give_the_same_load(step, table, edges, tmp_path):
    path = tmp_path / "sums.csv"
    path.write_text(
        RUN["duckdb"](written(asked("duckdb", edges, step_minutes=step)), table), encoding="utf-8"
    )
    hours = tmp_path / "hours.csv"
    hours.write_text(RUN["duckdb"](written(asked("duckdb", edges)), table), encoding="utf-8")
    one, other = read_workload(path, edges=edges), read_workload(hours, edges=edges)
    assert loads(one) == loads(other)
    assert one.by_model == other.by_model


@pytest.mark.parametrize("only", ["n_requests", "repeat"])
def test_rows_that_stand_for_many_count_as_many(only, tmp_path, edges):
    table, path = tmp_path / "log.csv", tmp_path / "sums.csv"
    rows = generated(50)
    table.write_text(table_text(rows, odd=False), encoding="utf-8")
    columns = {
        "input": "input_tokens",
        "output": "output_tokens",
        "model": "model",
        only: "output_tokens + 1",
    }
    query = written(asked("duckdb", edges, columns=columns, skip="", where="model <> 'gpt-4o'"))
    path.write_text(RUN["duckdb"](query, table), encoding="utf-8")
    sums = read_workload(path, edges=edges)
    kept = [row for row in rows if row[0] != "gpt-4o"]
    assert sums.tokens.requests == sum(row[3] + 1 for row in kept)
    assert sums.tokens.output == sum(row[3] * (row[3] + 1 if only == "repeat" else 1) for row in kept)
    assert sums.per_request == (only == "repeat")


FUNCTIONS = {
    "And", "Case", "Cast", "Coalesce", "Count", "Floor", "Grouping", "If", "Like", "Lower", "Max", "Min",
    "Nullif", "Or", "Sum", "Trim",
}  # fmt: skip
"""Functions of every query, by their names in SQLGlot."""
OWN = {
    "bigquery": {"UnixMicros"},
    "snowflake": {"Extract", "DATE_PART", "Var"},
    # Where Spark's CAST finds no number it gives none, and the row is counted as one that cannot be read.
    "databricks": {"UnixMicros", "TryCast"},
    "spark": {"UnixMicros", "TryCast"},
    "trino": {"TimeToUnix", "TO_UNIXTIME", "Round"},
    "duckdb": {"EPOCH_US", "EpochUs"},
    "postgres": {"Extract"},
    "clickhouse": {"toUnixTimestamp64Micro"},
}
"""And what an engine has in addition: the time."""


@pytest.mark.parametrize("dialect", TIMES)
def test_every_function_is_known_and_none_passes_in_silence(dialect, edges):
    query = written(asked(dialect, edges))
    tree = sqlglot.parse_one(query, read=dialect)
    used = {
        node.name if isinstance(node, sqlglot.exp.Anonymous) else type(node).__name__
        for node in tree.find_all(sqlglot.exp.Func)
    }
    assert used <= FUNCTIONS | OWN[dialect], used - FUNCTIONS - OWN[dialect]
    assert (used & OWN[dialect]) - {"TryCast"}
    assert not re.search(r"TRY_|SAFE|OrNull|OrZero", query, re.IGNORECASE)


@pytest.mark.parametrize("dialect", TIMES)
def test_query_parses_to_itself(dialect, edges):
    query = written(asked(dialect, edges))
    assert sqlglot.parse_one(query, read=dialect).sql(dialect, pretty=True) + "\n" == query


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {"input": "a"}}, "no column means output"),
        ({"columns": {**MEANT, "colour": "a"}}, "'colour' has no meaning in a query"),
        ({"columns": {**MEANT, "input": "a b c ("}}, "--columns input: 'a b c (' is no expression"),
        ({"columns": {**MEANT, "input": "1; DROP TABLE log"}}, "is no expression"),
        ({"skip": "DROP TABLE log"}, "--skip: 'DROP TABLE log' is no expression"),
        ({"where": "("}, "--where: '(' is no expression"),
    ],
)
def test_what_makes_no_query_is_a_sentence(changes, said, edges):
    with pytest.raises(BadQuery) as caught:
        written(asked("duckdb", edges, **changes))
    assert said in str(caught.value)
    with pytest.raises(BadQuery, match="'oracle' is not known; bigquery, snowflake"):
        written(asked("oracle", Edges()))
