"""Minutes become hours, hours days, where there are too many groups, and the load is kept."""

from dataclasses import replace

import duckdb
import pytest

from breakeven.apis.workloads import cost_rows
from breakeven.usage import aggregate, kinds
from breakeven.usage.limits import Limits
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import covered_s, loads
from tests.builders import TODAY

ROWS, MINUTES = 6_000, 5 * 1_440


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """The same requests of two models over five days: plain columns, and cells that take the careful way."""
    folder = tmp_path_factory.mktemp("logs")
    when = f"TIMESTAMP '2026-10-01' + to_seconds((i * 7919) % {MINUTES * 60})"
    columns = """['gpt-4o', 'claude-sonnet-4-5'][1 + i % 2] AS model,
        (i * 37) % 3000 + 10 AS input_tokens, (i * 11) % 300 AS output_tokens"""
    plain, careful = folder / "plain.parquet", folder / "careful.parquet"
    with duckdb.connect() as connection:
        for path, more in ((plain, ""), (careful, ", 'user' || (i % 3) AS user_id")):
            connection.execute(
                f"COPY (SELECT {when} AS ts, {columns}{more} FROM range({ROWS}) t(i)) "
                f"TO '{path}' (FORMAT parquet)"
            )
    return {"plain": plain, "careful": careful}


@pytest.mark.parametrize(
    ("groups", "step"),
    [
        pytest.param(20_000, 1, id="enough"),
        pytest.param(2_000, 60, id="hours"),
        pytest.param(1_050, 1440, id="days"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "careful"])
def test_load_and_cost_by_day_stay_where_minutes_do_not(kind, groups, step, logs, edges, tables, scans):
    right = read_workload(logs[kind], edges=edges, limits=replace(Limits(), groups=10**6))
    scans.clear()
    read = read_workload(logs[kind], edges=edges, limits=replace(Limits(), groups=groups))
    assert len(scans) == 1
    assert (right.step_minutes, read.step_minutes) == (1, step)
    assert loads(read) == loads(right)
    assert covered_s(read) == covered_s(right)
    assert read.by_model == right.by_model
    for by in ("day", "hour")[: 2 if step == 60 else 1]:
        assert cost_rows(read, tables, TODAY, by=by) == cost_rows(right, tables, TODAY, by=by)
    told = [text for text in read.withheld if "Cost by the minute" in text]
    assert told == (
        []
        if step == 1
        else [
            f"Cost by the minute: with more than {groups:,} groups it is summed by the "
            f"{'hour' if step == 60 else 'day'}, and the load of the busiest minute is kept."
        ]
    )


@pytest.fixture
def scans(monkeypatch):
    """Statements that scan a file for its sums."""
    seen = []
    once = aggregate.fitted

    def watched(connection, statement, *args, **options):
        seen.append(statement)
        return once(connection, statement, *args, **options)

    for module in (aggregate, __import__("breakeven.usage.quick", fromlist=["quick"])):
        monkeypatch.setattr(module, "fitted", watched)
    return seen


def test_tenants_go_before_minutes_and_are_named(logs, edges):
    path = logs["careful"].with_name("tenants.parquet")
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (user_id || ROW_NUMBER() OVER () AS user_id) FROM '{logs['careful']}') "
            f"TO '{path}' (FORMAT parquet)"
        )
    read = read_workload(path, edges=edges, limits=replace(Limits(), groups=9_000))
    assert (read.step_minutes, bool(read.minutes), read.tenants) == (1, True, ())
    assert "Cost by tenant: the file names too many." in read.withheld


def test_without_room_for_days_the_file_is_priced_without_times(logs, edges):
    lengths = len(read_workload(logs["careful"], edges=edges).cells)
    read = read_workload(logs["careful"], edges=edges, limits=replace(Limits(), groups=lengths))
    assert not read.minutes
    assert read.peak is None
    assert read.tokens.requests == ROWS
    with pytest.raises(Unreadable, match="make more groups than the limit of"):
        read_workload(logs["careful"], edges=edges, limits=replace(Limits(), groups=lengths - 1))


def test_row_set_aside_does_not_make_hours_to_minutes(tmp_path, edges, monkeypatch):
    """A large log by the hour, one odd row of which is read by itself and has a minute of its own."""
    monkeypatch.setattr(aggregate, "SHORT_FILE_BYTES", 0)
    monkeypatch.setattr(kinds, "SHEET_BYTES", 0)
    rows = [f"2026-10-01 {n // 60:02}:{n % 60:02}:00,gpt-4o,1000,10" for n in range(600)]
    clean, odd = tmp_path / "clean.csv", tmp_path / "odd.csv"
    head = "timestamp,model,input_tokens,output_tokens\n"
    clean.write_text(head + "\n".join(rows) + "\n")
    odd.write_text(
        head + "\n".join([*rows[:300], '2026-10-01 05:17:00,gpt-4o,"1,000",10', *rows[301:]]) + "\n"
    )
    one, other = read_workload(clean, edges=edges), read_workload(odd, edges=edges)
    assert one.step_minutes == other.step_minutes == 60
    assert other.tokens == one.tokens
    assert loads(one)[1] == pytest.approx(60 / 3600, rel=0.02)
    assert loads(other)[1] == pytest.approx(61 / 3600, rel=0.02)


def test_bytes_of_a_large_parquet_file_are_no_quotation_marks(tmp_path, edges, monkeypatch):
    monkeypatch.setattr(kinds, "SHEET_BYTES", 0)
    path = tmp_path / "log.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT ',\"odd' || chr(10) AS model, 5 AS input_tokens, 6 AS output_tokens, "
            "TIMESTAMP '2026-10-01' + to_minutes(i) AS ts FROM range(50) t(i)) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION uncompressed)"
        )
    assert read_workload(path, edges=edges).tokens.requests == 50
