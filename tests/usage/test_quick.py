"""The short way through a file gives what the careful way gives, or steps aside."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import breakeven.usage.kinds
import breakeven.usage.quick
import breakeven.usage.read
import breakeven.usage.statements
from breakeven.usage.limits import Limits
from breakeven.usage.quick import quick_sums
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable

NAMES = st.sampled_from(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "it's", "", "modèle"])
# Lengths on both sides of the thresholds of tiers and contexts.
COUNTS = st.one_of(
    st.integers(0, 3_000),
    st.sampled_from([199_999, 200_000, 200_001, 272_000, 272_001, 128_000, 128_001, 1_048_577]),
)
TIMES = st.sampled_from(["2026-11-01 00:59:59.999", "2026-11-01 01:00:00", "2026-11-02T23:00:00Z", ""])
ROWS = st.lists(
    st.tuples(TIMES, NAMES, COUNTS, COUNTS, COUNTS, st.sampled_from(["", "0.25", "1"])), min_size=1
)
ODD = [
    "12.5",
    "-1",
    "-2",
    "many",
    "1e308",
    "NaN",
    "",
    "200000000",
    "1_000",
    "1e3",
    "0x10",
    " 7 ",
    "+5",
    "inf",
    "-0",
]


def summed(workload):
    """What a workload says, whatever the order of its parts."""
    cells, slices = Counter(), Counter()
    for c in workload.cells:
        for meter in ("requests", "input_uncached", "cache_read", "output"):
            cells[c.model, c.processing, c.tier, c.context, c.in_bin, c.out_bin, meter] += getattr(
                c.tokens, meter
            )
    for s in (one for one in workload.minutes if one.key is not None):
        for meter in ("requests", "input_uncached", "cache_read", "output"):
            slices[s.key, s.model, s.tier, meter] += getattr(s.tokens, meter)
    paid = None if workload.paid_usd is None else round(workload.paid_usd, 6)
    return (
        +cells, +slices, paid, workload.rows_read, workload.rows_rejected, workload.longest,
        workload.first_s, workload.last_s, sorted((p.line, p.reason) for p in workload.problems),
    )  # fmt: skip


def scanned(path, edges):
    """The file as one above the limit of those that are read row by row is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(breakeven.usage.kinds, "SHEET_BYTES", 0)
        return read_workload(path, edges=edges)


def write(path, rows):
    lines = ["created,model,prompt_tokens,completion_tokens,cached_tokens,cost"]
    lines += [",".join(map(str, (*row[:4], min(row[4], row[2]), *row[5:]))) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_both_ways_give_the_same(tmp_path_factory, edges, rows):
    path = tmp_path_factory.mktemp("quick") / "usage.csv"
    write(path, rows)
    assert summed(scanned(path, edges)) == summed(read_workload(path, edges=edges))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("column", [2, 3, 4])
def test_one_odd_cell_far_down_changes_nothing_of_the_answer(tmp_path, edges, odd, column):
    path = tmp_path / "usage.csv"
    write(path, [("2026-11-01 00:00:00", "gpt-4o", 1000 + n, 10, 5, "0.1") for n in range(400)])
    lines = path.read_text().splitlines()
    cells = lines[300].split(",")
    cells[column] = odd
    lines[300] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    assert summed(scanned(path, edges)) == summed(read_workload(path, edges=edges))


ASIDE = {
    ",,,,,": "blank rows",
    "Total,,400000,4000,2000,": "sums of other rows",
    "2026-11-01 00:00:00,gpt-4o,many,1,1,": "cannot be read",
    "2026-11-01 00:00:00,gpt-4o,1,1": "cannot be read",
}


@pytest.mark.parametrize("line", ASIDE)
@pytest.mark.parametrize("place", [1, 200, 401])
def test_odd_line_is_set_aside_in_the_scan_and_told(tmp_path, edges, line, place):
    path = tmp_path / "usage.csv"
    write(path, [("2026-11-01 00:00:00", "gpt-4o", 1000, 10, 5, "") for _ in range(400)])
    lines = path.read_text().splitlines()
    lines.insert(place, line)
    path.write_text("\n".join(lines) + "\n")
    workload = scanned(path, edges)
    assert workload.tokens.requests == 400
    assert workload.rows_read == 401 == 400 + workload.rows_rejected + workload.rows_skipped
    assert any(ASIDE[line] in note for note in workload.notes)
    assert summed(workload) == summed(read_workload(path, edges=edges))


@pytest.mark.parametrize("share", [1, 100])
@pytest.mark.parametrize("column", [2, 3, 4])
def test_many_cells_without_a_number_are_counted_by_the_scan_as_row_by_row(tmp_path, edges, column, share):
    path = tmp_path / "usage.csv"
    write(path, [("2026-11-01 00:00:00", "gpt-4o", 1000 + n, 10, 5, "0.1") for n in range(900)])
    lines = path.read_text().splitlines()
    cells = ["broken", "", "n/a", "Prompt_Tokens", "1 2 3", "12.5", "many, many", "½"]
    for number in range(20, 800, share):
        row = lines[number].split(",")
        row[column] = f'"{cells[number // share % len(cells)]}"'
        lines[number] = ",".join(row)
    path.write_text("\n".join(lines) + "\n")
    assert summed(scanned(path, edges)) == summed(read_workload(path, edges=edges))


def test_rows_beyond_doubt_are_named_up_to_a_number_and_counted_beyond(tmp_path, edges, monkeypatch):
    monkeypatch.setattr(breakeven.usage.quick, "MOST_PLACES", 3)
    path = tmp_path / "usage.csv"
    write(path, [("2026-11-01 00:00:00", "gpt-4o", 1000, 10, 5, "") for _ in range(400)])
    lines = path.read_text().splitlines()
    for number in range(11, 401, 10):
        lines[number] = lines[number].replace("1000", "broken")
    path.write_text("\n".join(lines) + "\n")
    workload = scanned(path, edges)
    assert (workload.tokens.requests, workload.rows_read, workload.rows_rejected) == (361, 400, 39)
    assert [(one.line, one.value) for one in workload.problems] == [(n, "broken") for n in (12, 22, 32)]
    assert any("39 of 400 rows cannot be read" in note for note in workload.notes)
    assert any("the first 3 are listed" in note for note in workload.notes)


def test_separated_thousands_among_plain_numbers_are_counted(tmp_path, edges):
    path = tmp_path / "usage.csv"
    write(path, [("2026-11-01 00:00:00", "gpt-4o", 1000, 10, 5, "") for _ in range(400)])
    lines = path.read_text().splitlines()
    lines[300] = '2026-11-01 00:00:00,gpt-4o,"1,234,567",10,5,'
    path.write_text("\n".join(lines) + "\n")
    workload = scanned(path, edges)
    assert workload.tokens.prompt == 399 * 1000 + 1_234_567
    assert workload.rows_rejected == 0


@pytest.mark.parametrize("style", ["{:,}", "{:_}"])
def test_column_of_separated_thousands_is_read_by_the_scan(tmp_path, edges, style):
    path = tmp_path / "usage.csv"
    lines = ["created,model,prompt_tokens,completion_tokens"]
    for n in range(400):
        tokens = style.format(37 ** (n % 4 + 1)).replace("_", ".")
        lines.append(f'2026-11-01 00:00:00,gpt-4o,"{tokens}",10')
    lines.append("2026-11-01 00:00:00,gpt-4o,many,10")
    path.write_text("\n".join(lines) + "\n")
    workload = scanned(path, edges)
    assert workload.tokens.prompt == 100 * (37 + 37**2 + 37**3 + 37**4)
    assert (workload.rows_read, workload.rows_rejected) == (401, 1)
    assert summed(workload) == summed(read_workload(path, edges=edges))


def test_model_that_no_sample_saw_is_still_counted(tmp_path, edges):
    path = tmp_path / "usage.csv"
    rows = [("2026-11-01 00:00:00", "gpt-4o", 10, 10, 5, "") for _ in range(120_000)]
    rows[70_123] = (*rows[0][:1], "seldom", *rows[0][2:])
    write(path, rows)
    assert read_workload(path, edges=edges).by_model["seldom"].requests == 1


def test_plain_file_is_read_in_one_scan(tmp_path, edges, monkeypatch):
    taken = []

    def noted(*arguments):
        taken.append(quick_sums(*arguments))
        return taken[-1]

    monkeypatch.setattr(breakeven.usage.statements, "quick_sums", noted)
    monkeypatch.setattr(breakeven.usage.kinds, "SHEET_BYTES", 0)
    path = tmp_path / "usage.csv"
    write(path, [("2026-11-01 00:00:00", "gpt-4o", 1000, 10, 5, "0.1")] * 3)
    assert read_workload(path, edges=edges).tokens.requests == 3
    assert taken[0] is not None


def test_name_of_a_model_is_no_sql(tmp_path, edges):
    path = tmp_path / "usage.csv"
    name = "x'); DROP TABLE names; --"
    path.write_text(f"model,input_tokens,output_tokens\n{name},1,1\n")
    assert list(read_workload(path, edges=edges).by_model) == [name]
    path.write_text("model,input_tokens,output_tokens\n")
    with pytest.raises(Unreadable, match="no rows"):
        read_workload(path, edges=edges)


def test_line_without_end_in_a_large_file_is_not_passed_over(tmp_path, edges):
    # Larger than what is looked through first; the middle line fills several buffers of the reader.
    path = tmp_path / "usage.csv"
    with path.open("w") as file:
        file.write("model,input_tokens,output_tokens\ngpt-4o,10,10\n")
        file.writelines("x" * 1_000_000 for _ in range(100))
        file.write("\ngpt-4o,20,20\n")
    workload = read_workload(path, edges=edges)
    assert (workload.tokens.requests, workload.rows_rejected) == (2, 1)
    assert any("Line 3 is cut" in note for note in workload.notes)


def test_failed_rows_are_told_alike_row_by_row_and_by_statements(tmp_path, edges, monkeypatch):
    head = "request_created_at,request_model,status,cost,prompt_tokens,completion_tokens\n"
    rows = [f"2026-11-03 09:00:00,gpt-4o,{status},0,100,50\n" for status in (200, 200, 429, 500, -3)]
    path = tmp_path / "helicone.csv"
    path.write_text(head + "".join(rows))
    one_by_one = read_workload(path, edges=edges)
    monkeypatch.setattr(breakeven.usage.kinds, "SHEET_BYTES", 0)
    by_statements = read_workload(path, edges=edges, limits=replace(Limits(), sheet_mb=0))
    for workload in (one_by_one, by_statements):
        assert (workload.tokens.requests, workload.rows_skipped) == (2, 3)
