"""Small files that once cost minutes or gigabytes: none of them holds a reader for longer than its size."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable

HEADER = "timestamp,model,input_tokens,output_tokens,note"
ROW = ["2026-10-01T00:00:00Z", "gpt-4o", "10", "5", "ok"]


def _cell(place: int, text: str) -> Callable[[int], str]:
    """A sheet of five rows with one long cell."""

    def write(size: int) -> str:
        rows = [list(ROW) for _ in range(5)]
        rows[2][place] = '"' + text * (size // len(text)) + '"'
        return "\n".join([HEADER, *(",".join(row) for row in rows)]) + "\n"

    return write


def _json_cells(size: int) -> str:
    keys = json.dumps({f"k{n}": 1 for n in range(size // 200)}).replace('"', '""')
    return "input_tokens,output_tokens,metadata\n" + f'1,2,"{keys}"\n' * 20


CASES: dict[str, tuple[str, Callable[[int], str]]] = {
    "a JSON text of escaped marks that does not end": (
        "x.json",
        lambda size: '[{"input_tokens":1,"output_tokens":2},{"b":"' + '\\"' * (size // 2),
    ),
    "JSON cells of many keys": ("x.csv", _json_cells),
    "a row of very many cells": (
        "x.csv",
        lambda size: "input_tokens,output_tokens\n1,2" + ",3" * (size // 2) + "\n1,2\n",
    ),
    "a mark that opens a cell in every line": (
        "x.csv",
        lambda size: "input_tokens,output_tokens,note\n1,2,ok\n" + '3,4,"x\n' * (size // 7),
    ),
    "brackets where a date stands": ("x.csv", _cell(0, "(")),
    "blanks where a date stands": ("x.csv", _cell(0, "1 ")),
    "ideograms where a number stands": ("x.csv", _cell(2, "入")),
    "words where a model stands": ("x.csv", _cell(1, "aB ")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_small_file_is_read_in_time_that_does_not_grow_with_the_square(name: str, tmp_path: Path) -> None:
    """At this size the square takes minutes; no clock is asked, a run that hangs tells."""
    kind, write = CASES[name]
    path = tmp_path / kind
    path.write_text(write(400_000))
    try:
        workload = read_workload(path)
    except Unreadable:
        return
    assert workload.tokens.requests + workload.rows_rejected + workload.rows_skipped == workload.rows_read


def test_a_cell_of_nine_megabytes_takes_only_its_own_row(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    row = ",".join(ROW) + "\n"
    path.write_text(f"{HEADER}\n" + row * 10 + row.replace("ok", '"' + "x" * 9_000_000 + '"') + row * 10)
    workload = read_workload(path)
    assert (workload.rows_read, workload.tokens.requests + workload.rows_rejected) == (21, 21)
    assert workload.tokens.requests >= 20
    assert any("Line 12 is cut" in note for note in workload.notes)
