"""What was cut, edited or made by another version is refused, with the place and what would be right."""

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import METERS
from tests.usage.sums_file.answers import generated, write_log, written


@pytest.fixture(scope="module")
def text(tmp_path_factory, edges):
    """A sums file."""
    folder = tmp_path_factory.mktemp("sums")
    log = read_workload(write_log(folder / "log.csv", generated(40)), edges=edges)
    return written(log, folder / "sums.csv").read_text(encoding="utf-8")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def text_of(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def refused(text, tmp_path, edges, name="sums.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable) as caught:
        read_workload(path, edges=edges)
    return str(caught.value)


def edited(text, level, column, value, number=0):
    """The file with one cell changed, and the line in which it stands."""
    rows = rows_of(text)
    places = [place for place, row in enumerate(rows) if row["level"] == level]
    rows[places[number]][column] = value
    return text_of(rows), places[number] + 2


@pytest.mark.parametrize(
    ("level", "column", "value", "right"),
    [
        ("length", "breakeven_sums", "2", "is no version that can be read, which is 1"),
        ("length", "breakeven_sums", "", "is no version that can be read, which is 1"),
        ("length", "level", "lengths", "is no level; those are about, total, model"),
        ("length", "output", "12.5", "is not a whole number"),
        ("length", "output", "-1", "is not from 0"),
        ("length", "output", "many", "is not a whole number"),
        ("length", "output", "", "every sum is there"),
        ("length", "output", "1e30", "is not from 0"),
        ("length", "processing", "quick", "is none of standard, batch"),
        ("length", "tier_above", "123", "is neither 0 nor one of the file's tiers"),
        ("length", "context_above", "123", "is neither 0 nor one of the file's contexts"),
        ("length", "prompt_from", "12", "is no first length of a bin; the nearest below is 11"),
        ("length", "prompt_from", "", "empty stands beside a length: either both are known or none"),
        ("length", "prompt_from", "131071", "cannot be"),
        ("time", "step_minutes", "7", "is none of 1, 60 and 1440"),
        ("tenant", "free", "2", "is neither 0 nor 1"),
        ("total", "cost_usd", "free", "is not a number of dollars"),
        ("about", "text", "nothing", "is not the JSON"),
        ("about", "text", '{"tiers": [5, 5], "contexts": []}', "is no ascending list"),
    ],
)
def test_cell_that_cannot_be_is_named_with_its_line_and_value(
    text, level, column, value, right, tmp_path, edges
):
    changed, line = edited(text, level, column, value)
    said = refused(changed, tmp_path, edges)
    assert said.startswith(f"Line {line}, column {column}: "), said
    assert right in said
    assert said.endswith(".")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_sum_passes(data, text, tmp_path, edges):
    rows = rows_of(text)
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(METERS))
    was = rows[place][column]
    if not was:
        return
    rows[place][column] = str(int(was) + data.draw(st.integers(1, 1000)))
    refused(text_of(rows), tmp_path, edges)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.05, 0.999))
def test_no_cut_passes(share, text, tmp_path, edges):
    cut = text[: int(len(text) * share)]
    if cut == text.rstrip("\n"):
        return
    refused(cut, tmp_path, edges)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_row_can_be_taken_out_or_put_in_twice(data, text, tmp_path, edges):
    rows = rows_of(text)
    place = data.draw(st.integers(0, len(rows) - 1))
    again = data.draw(st.booleans())
    rows[place : place + 1] = [rows[place]] * (2 if again else 0)
    said = refused(text_of(rows), tmp_path, edges)
    if again and rows[place]["level"] != "problem":
        assert "has the same keys as line" in said


def test_cut_parquet_is_refused(tmp_path, edges):
    log = read_workload(write_log(tmp_path / "log.csv", generated(40)), edges=edges)
    path = written(log, tmp_path / "sums.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable):
        read_workload(path, edges=edges)


def test_missing_column_is_named(text, tmp_path, edges):
    rows = [{key: value for key, value in row.items() if key != "output"} for row in rows_of(text)]
    assert refused(text_of(rows), tmp_path, edges).startswith("The sums file lacks the column output;")


def test_file_without_its_mark_is_not_taken_for_requests(text, tmp_path, edges):
    rows = [{key: value for key, value in row.items() if key != "breakeven_sums"} for row in rows_of(text)]
    assert "lacks the column breakeven_sums" in refused(text_of(rows), tmp_path, edges)


def test_contradiction_between_levels_is_told_with_both_numbers(text, tmp_path, edges):
    rows = rows_of(text)
    first, second = [row for row in rows if row["level"] == "model"][:2]
    first["requests"], second["requests"] = str(int(first["requests"]) + 1), str(int(second["requests"]) - 1)
    said = refused(text_of(rows), tmp_path, edges)
    assert said.startswith(f"Model '{first['model']}' has {first['requests']} requests at level model and ")


@pytest.mark.parametrize(
    "saved",
    [
        pytest.param(lambda rows: text_of(rows).replace("\n", "\r\n").encode("utf-8-sig"), id="Excel"),
        pytest.param(lambda rows: _delimited(rows, ";").encode(), id="Excel in Europe"),
        pytest.param(lambda rows: _delimited(rows, "\t").encode("utf-16"), id="Unicode text"),
        pytest.param(
            lambda rows: "\n".join(
                json.dumps({k: v or None for k, v in row.items()}) for row in rows
            ).encode(),
            id="JSON Lines",
        ),
        pytest.param(lambda rows: json.dumps(rows, indent=1).encode(), id="JSON"),
        pytest.param(
            lambda rows: text_of([{k.upper(): v for k, v in r.items()} for r in rows]).encode(), id="capitals"
        ),
        pytest.param(lambda rows: text_of(rows[::-1]).encode(), id="another order of rows"),
        pytest.param(
            lambda rows: text_of([dict(reversed(r.items())) for r in rows]).encode(), id="of columns"
        ),
    ],
)
def test_same_rows_saved_otherwise_are_the_same(saved, text, tmp_path, edges):
    path, other = tmp_path / "sums.csv", tmp_path / "other.csv"
    path.write_text(text, encoding="utf-8")
    other.write_bytes(saved(rows_of(text)))
    right, read = read_workload(path, edges=edges), read_workload(other, edges=edges)
    assert read.by_model == right.by_model
    assert sorted(map(repr, read.cells)) == sorted(map(repr, right.cells))
    assert set(map(repr, read.minutes)) == set(map(repr, right.minutes))


def _delimited(rows, delimiter):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue()
