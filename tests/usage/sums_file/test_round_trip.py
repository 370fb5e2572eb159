"""A sums file gives every answer that the rows give, whatever the rows are."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.replay.arrivals import SUMS, NoArrivals, read_arrivals
from breakeven.usage.digest import pack
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import covered_s, loads
from breakeven.usage.sums_file.write import with_step, write_sums
from tests.builders import SAMPLES
from tests.usage.sums_file.answers import (
    ROW,
    generated,
    over_time,
    prices,
    same,
    whole_answer,
    write_log,
    written,
)

FILES = sorted(
    p.name for p in SAMPLES.iterdir() if not {"cost", "empty", "premium", "manifest"} & set(p.stem.split("_"))
)
SUFFIXES = ("csv", "parquet")


@pytest.mark.parametrize("name", FILES)
def test_sample_is_priced_as_its_rows(name, tmp_path, tables, edges):
    rows = read_workload(SAMPLES / name, edges=edges)
    path = written(rows, tmp_path / f"sums.{SUFFIXES[len(name) % 2]}")
    sums = read_workload(path, edges=edges)
    same(prices(sums, tables), prices(rows, tables))
    same(over_time(sums, tables), over_time(rows, tables))
    assert (loads(sums), covered_s(sums)) == (loads(rows), covered_s(rows))
    assert (sums.rows_read, sums.rows_rejected, sums.rows_skipped) == (
        rows.rows_read, rows.rows_rejected, rows.rows_skipped,
    )  # fmt: skip
    assert pack(sums) == pack(rows)
    assert path.stat().st_size < 60_000


@pytest.mark.parametrize("name", ["azure_2024_week.csv", "litellm_spend_logs.csv", "month_openai.csv"])
def test_ladder_deployments_and_what_was_paid_are_those_of_the_rows(name, tmp_path, tables, edges):
    rows = read_workload(SAMPLES / name, edges=edges)
    sums = read_workload(written(rows, tmp_path / "sums.csv"), edges=edges)
    same(whole_answer(replace(sums, name=rows.name), tables), whole_answer(rows, tables))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=30), times=st.booleans(), suffix=st.sampled_from(SUFFIXES))
def test_any_log_is_priced_as_its_rows(rows, times, suffix, tmp_path, tables, edges):
    log = read_workload(write_log(tmp_path / "log.csv", rows, times=times), edges=edges)
    sums = read_workload(written(log, tmp_path / f"sums.{suffix}"), edges=edges)
    same(prices(sums, tables), prices(log, tables))
    same(over_time(sums, tables), over_time(log, tables))
    assert (loads(sums), covered_s(sums), sums.longest) == (loads(log), covered_s(log), log.longest)
    assert pack(sums) == pack(log)


def test_sums_of_sums_are_the_same_file(tmp_path, edges):
    log = read_workload(write_log(tmp_path / "log.csv", generated(500)), edges=edges)
    first = written(log, tmp_path / "first.csv")
    again = read_workload(first, edges=edges)
    text = written(again, tmp_path / "second.csv").read_text(encoding="utf-8")
    assert text.replace("Sums file of ", "") == first.read_text(encoding="utf-8")


def in_two_days(rows):
    """A log with many requests an hour."""
    return [(*row[:8], row[8] % (2 * 86_400)) for row in generated(rows)]


def test_too_many_minutes_become_hours_with_the_busiest_minute_kept(tmp_path, tables, edges):
    log = read_workload(write_log(tmp_path / "log.csv", in_two_days(3_000)), edges=edges)
    path = tmp_path / "sums.csv"
    kept = write_sums(log, path, most_bytes=250_000)
    sums = read_workload(path, edges=edges)
    assert (log.step_minutes, kept.step_minutes, sums.step_minutes) == (1, 60, 60)
    assert (loads(sums), covered_s(sums)) == (loads(log), covered_s(log))
    same(over_time(sums, tables), over_time(log, tables))
    assert path.stat().st_size <= 250_000


def test_size_grows_with_groups_and_not_with_rows(tmp_path, edges):
    log = read_workload(write_log(tmp_path / "log.csv", generated(2_000)), edges=edges)
    small = written(log, tmp_path / "small.parquet").stat().st_size
    many = [(*row[:5], 10**6, *row[6:]) for row in generated(2_000)]
    large = read_workload(write_log(tmp_path / "log.csv", many), edges=edges)
    assert large.tokens.requests == 2_000 * 10**6
    assert written(large, tmp_path / "large.parquet").stat().st_size < 2 * small


def test_nothing_can_be_replayed_from_sums(tmp_path, edges):
    log = read_workload(write_log(tmp_path / "log.csv", generated(50)), edges=edges)
    path = written(log, tmp_path / "sums.csv")
    assert "Replay of single requests: a sums file has none." in read_workload(path, edges=edges).withheld
    with pytest.raises(NoArrivals) as caught:
        read_arrivals(path)
    assert str(caught.value) == SUMS


def test_other_ends_of_names_are_refused(tmp_path, edges):
    log = read_workload(write_log(tmp_path / "log.csv", generated(5)), edges=edges)
    with pytest.raises(ValueError, match=r"\.parquet or \.csv"):
        write_sums(log, tmp_path / "sums.xlsx")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_whatever_a_cell_says_stays_a_cell(tmp_path, edges, suffix):
    log = tmp_path / "log.csv"
    log.write_text('model,input_tokens,output_tokens\n"a,""b""\'; DROP",5,6\n=1+1,7,8\n', encoding="utf-8")
    rows = read_workload(log, edges=edges)
    path = written(rows, tmp_path / f"it's.{suffix}")
    assert read_workload(path, edges=edges).by_model == rows.by_model


# --- several files --------------------------------------------------------------------------------


def test_a_file_a_month_and_raw_rows_beside_it_are_the_whole(tmp_path, tables, edges):
    rows = generated(900)
    parts = [rows[:300], rows[300:600], rows[600:]]
    logs = [write_log(tmp_path / f"log{number}.csv", part) for number, part in enumerate(parts)]
    whole = read_workload(write_log(tmp_path / "whole.csv", rows), edges=edges)
    sums = [
        written(read_workload(log, edges=edges), tmp_path / f"sums{number}.{SUFFIXES[number]}")
        for number, log in enumerate(logs[:2])
    ]
    merged = read_workload([*sums, logs[2]], edges=edges)
    assert merged.tokens == whole.tokens
    same(prices(merged, tables)[0], prices(whole, tables)[0])
    assert loads(merged) == loads(whole)
    same(over_time(merged, tables), over_time(whole, tables))


def test_hours_beside_minutes_are_never_taken_for_minutes(tmp_path, edges):
    early, late = in_two_days(3_000), generated(30, seed=2)
    first = read_workload(write_log(tmp_path / "a.csv", early), edges=edges)
    hours = written(with_step(first, 60), tmp_path / "hours.csv")
    second = write_log(tmp_path / "b.csv", late)
    merged = read_workload([hours, second], edges=edges)
    whole = read_workload([tmp_path / "a.csv", second], edges=edges)
    assert merged.step_minutes == 60
    assert merged.tokens == whole.tokens
    # The busiest hour of both, or the busiest minute of either: what both have in one minute is not known.
    assert loads(first)[1] <= loads(merged)[1] <= loads(whole)[1]


def test_broken_sums_file_beside_good_ones_is_named(tmp_path, edges):
    log = read_workload(write_log(tmp_path / "log.csv", generated(50)), edges=edges)
    good, bad = written(log, tmp_path / "good.csv"), written(log, tmp_path / "bad.csv")
    bad.write_text(bad.read_text(encoding="utf-8")[:-300], encoding="utf-8")
    merged = read_workload([good, bad], edges=edges)
    assert merged.tokens == log.tokens
    assert any(note.startswith("Left out: bad.csv:") for note in merged.notes)
    with pytest.raises(Unreadable):
        read_workload(bad, edges=edges)
