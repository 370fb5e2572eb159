"""A file name that is not UTF-8 is shown with question marks; its file is read like any other."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest
from openpyxl import Workbook

from breakeven.replay.arrivals import read_arrivals
from breakeven.usage.packed import shown_name
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable

TEXT = "timestamp,model,input_tokens,output_tokens\n2026-10-01T00:00:00Z,gpt-4o,10,5\n"
NAME = b"caf\xe9"

bytes_in_names = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes only there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xff"))
    made.mkdir()
    return made


def _path(folder: Path, ending: bytes) -> Path:
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + NAME + ending))


@bytes_in_names
def test_a_sheet_and_json_lines_under_such_a_name_are_read(folder: Path) -> None:
    for ending, text in ((b".csv", TEXT), (b".jsonl", '{"input_tokens": 10, "output_tokens": 5}\n')):
        path = _path(folder, ending)
        path.write_text(text)
        found = read_workload(path)
        assert found.tokens.requests == 1
        found.name.encode()
        assert found.name.endswith(f"d?/caf?{ending.decode()}")


@bytes_in_names
def test_what_a_database_reads_is_read_under_such_a_name(folder: Path) -> None:
    path = _path(folder, b".parquet")
    plain = folder.parent / "plain.parquet"
    duckdb.connect().execute(
        "COPY (SELECT now() AS ts, 'gpt-4o' AS model, 10 AS input_tokens, 5 AS output_tokens) "
        f"TO '{plain}' (format parquet)"
    )
    plain.rename(path)
    assert read_workload(path).tokens.requests == 1
    assert read_arrivals(path).requests.prompt.tolist() == [10]


@bytes_in_names
def test_every_file_of_a_folder_is_read_and_what_is_left_out_is_named(folder: Path) -> None:
    _path(folder, b".csv").write_text(TEXT)
    _path(folder, b"2.csv").write_text("%PDF-1.7")
    found = read_workload(folder)
    assert found.tokens.requests == 1
    (note,) = [note for note in found.notes if note.startswith("Left out")]
    assert note.encode()
    assert "caf?2.csv" in note


@bytes_in_names
def test_a_file_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(Unreadable, match="There is no file"):
        read_workload(os.fsdecode(b"caf\xe9.csv"))


def _archive(path: Path, mark: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("caX.csv", TEXT)
        archive.writestr(f"{mark}X.csv", TEXT)
    path.write_bytes(path.read_bytes().replace(b"X.csv", b"\xe9.csv"))
    return path


def test_a_member_of_an_archive_under_such_a_name_is_read(tmp_path: Path) -> None:
    found = read_workload(_archive(tmp_path / "a.zip", "b"))
    assert found.tokens.requests == 2
    assert found.name.encode()


def test_an_archive_that_says_its_names_are_utf_8_and_they_are_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be opened"):
        read_workload(_archive(tmp_path / "a.zip", "\N{LATIN SMALL LETTER O WITH DIAERESIS}"))


def test_a_name_that_can_be_shown_stays_as_it_is() -> None:
    for name in ("usage.csv", "用量.csv", "a b.csv", ""):
        assert shown_name(name) == name
    assert shown_name("\ud800.csv") == "?.csv"


def test_a_workbook_is_read_under_a_name_without_an_ending(tmp_path):
    book = Workbook()
    for row in (["model", "prompt_tokens", "completion_tokens"], ["gpt-4o", 100, 20], ["gpt-4o", 300, 40]):
        book.active.append(row)
    path = tmp_path / "upload"  # as the dashboard stores it
    book.save(path)
    assert read_workload(path).tokens.prompt == 400
