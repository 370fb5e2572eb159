"""A quotation mark that is never closed swallows nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.usage import kinds
from breakeven.usage.quotes import count_lines, mend
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable

ROWS = [["gpt-4o", str(100 + n), str(n), "ok"] for n in range(30)]
HEADER = ["model", "input_tokens", "output_tokens", "note"]


def _text(rows: list[list[str]], *, end: str = "\n", **style: object) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator=end, **style).writerows([HEADER, *rows])  # type: ignore[arg-type]
    return out.getvalue()


def _mended(text: str, folder: Path) -> tuple[str, tuple[int, ...], int]:
    path = folder / "usage.csv"
    path.write_bytes(text.encode())
    found = mend(path, folder)
    return found.path.read_bytes().decode(), found.torn, found.inside


def test_a_sheet_whose_marks_all_match_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(_text(ROWS, quoting=csv.QUOTE_ALL))
    found = mend(path, tmp_path)
    assert (found.path, found.notes) == (path, [])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_two_stray_marks_that_make_one_cell_of_fifteen_rows_are_taken_out(tmp_path: Path, end: str) -> None:
    lines = _text(ROWS, end=end).split(end)
    lines[6], lines[21] = '"' + lines[6], lines[21].replace("gpt-4o", 'gpt-4o"')
    text, torn, inside = _mended(end.join(lines), tmp_path)
    assert (text, torn, inside) == (_text(ROWS, end=end), (7,), 0)


def test_a_cell_with_line_breaks_stays_a_cell_and_its_lines_are_counted(tmp_path: Path) -> None:
    rows = [[*row[:3], "first line\nsecond, line\n\nfourth"] for row in ROWS[:3]]
    text, torn, inside = _mended(_text(rows), tmp_path)
    assert (text, torn, inside) == (_text(rows), (), 9)


@pytest.mark.parametrize("said", [True, False], ids=["every row", "one row"])
def test_a_blank_before_a_mark_belongs_to_the_cell_only_where_every_cell_has_one(
    tmp_path: Path, said: bool
) -> None:
    rows = [["gpt-4o", str(100 + n), "5", '"ok"'] for n in range(20)]
    rows[7][3] = ('"' if said else ' "') + 'please\nlook"'
    delimiter = ", " if said else ","
    path = tmp_path / "usage.csv"
    path.write_text("\n".join(delimiter.join(row) for row in [HEADER, *rows]) + "\n")
    found = read_workload(path)
    inside = any("inside cells" in note for note in found.notes)
    assert inside is said
    assert found.rows_read + inside == 21
    assert found.tokens.requests >= 19


def test_a_cell_whose_lines_half_look_like_rows_is_kept_and_said(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(_text([*ROWS[:5], [*ROWS[5][:3], "see\ngpt-4o,1,2,x\ngpt-4o,3,4,y\nno\n"]]))
    found = mend(path, tmp_path)
    assert (found.torn, found.doubtful) == ((), ((7, 11),))
    assert found.notes[-1].startswith("Lines 7 to 11 are read as one cell, and some of them look like rows")


def test_a_line_with_text_behind_a_closed_mark_is_read_where_its_cells_fit(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(_text(ROWS).replace("gpt-4o,105", '"gpt-4o"",105').replace("gpt-4o,107", '"gpt"-4o,107'))
    workload = read_workload(path)
    assert (workload.tokens.requests, workload.rows_rejected) == (30, 0)
    assert {cell.model for cell in workload.cells} == {"gpt-4o"}


def test_marks_behind_a_backslash_close_nothing(tmp_path: Path) -> None:
    text = "model,note,input_tokens,output_tokens\n" + 'gpt-4o,"he said \\"hi, you\\"",1,2\n' * 5
    assert _mended(text, tmp_path) == (text, (), 0)


def test_a_mark_that_stays_open_to_the_end_costs_no_row_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(_text(ROWS).replace("105,5,ok", '105,5,"ok'))
    workload = read_workload(path)
    assert (workload.rows_read, workload.rows_rejected, workload.tokens.requests) == (30, 0, 30)
    assert any("line 7" in note for note in workload.notes)


ROW = "gpt-4o,100,10,ok\n"


@pytest.mark.parametrize(
    ("report", "text"),
    [
        ("pandas 22140", ROW * 2 + 'gpt-4o,100,10,"\n' + ROW * 2),
        ("pandas 22661", ROW * 4 + 'gpt-4o,100,10,"open\n'),
        ("cudf 2398", ROW * 2 + 'gpt-4o,100,10,/a/path"\n' + ROW * 2),
        ("csvw 52", ROW * 2 + 'gpt-4o,100,10,"a note\u201d\n' + ROW * 2),
        ("scala-csv 86", ROW * 2 + 'gpt-4o,100,10,a-"b"c\n' + ROW * 2),
        ("node-csv 214", ROW * 2 + '"gpt-4o", 100, 10, "he "said""\n' + ROW * 2),
        ("SimpleFlatMapper 692", ROW * 2 + 'gpt-4o,100,10,"a "word"\n' + ROW * 2),
        ("turicreate 1692", ROW * 2 + '"gpt-4o, 100, 10, ok\n"gpt-4o", 100, 10, ok\n' + ROW),
    ],
)
def test_kinds_of_public_reports_cost_no_row(report: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(",".join(HEADER) + "\n" + text, encoding="utf-8")
    workload = read_workload(path)
    assert (workload.tokens.requests, workload.tokens.prompt, workload.rows_rejected) == (5, 500, 0), report


def test_thousands_of_stray_marks_cost_no_more_than_reading_them_as_text(tmp_path: Path) -> None:
    text, torn, _ = _mended("a,b,c\n1,2,x\n" + '"x\n' * 5_000, tmp_path)
    assert '"' not in text
    assert len(torn) == 1_001


@given(
    rows=st.lists(st.sampled_from(["ok", "a, b", 'said "hi"', "line\nbreak", ""]), min_size=4, max_size=30),
    strays=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(['"', '"', "\n", ""])), max_size=3),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    large=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_line_is_the_header_a_row_blank_or_inside_a_cell(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[str],
    strays: list[tuple[int, str]],
    delimiter: str,
    quoting: int,
    end: str,
    large: bool,
) -> None:
    """A count of lines is the oracle: what is read, rejected, skipped or inside cells adds up to the file."""
    text = _text(
        [["gpt-4o", str(100 + n), str(n), note] for n, note in enumerate(rows)],
        delimiter=delimiter,
        quoting=quoting,
        end=end,
    )
    for place, stray in strays:
        at = text.index("\n") + 1 + place % (len(text) - text.index("\n"))
        text = text[:at] + (stray or "") + text[at + (not stray) :]
    path = tmp_path_factory.mktemp("quotes") / "usage.csv"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "SHEET_BYTES", 0 if large else kinds.SHEET_BYTES)
        try:
            workload = read_workload(path)
        except Unreadable:
            return
    inside = sum(int(note.split()[0]) for note in workload.notes if "inside cells" in note)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").splitlines()
    blank = sum(not line.replace('"', "").strip() for line in lines)
    assert len(lines) - blank <= 1 + workload.rows_read + inside <= len(lines)


@given(st.text("ab\n\r", max_size=40))
def test_lines_are_counted_with_or_without_the_last_end(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("lines") / "text"
    path.write_bytes(text.encode())
    assert count_lines(path) == len(text.encode().splitlines())
