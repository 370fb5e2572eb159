"""JSON and Parquet read without DuckDB's extensions: the same workload as with them."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from breakeven import machine
from breakeven.cli import main
from breakeven.paths import DATA
from breakeven.replay.arrivals import NoArrivals, read_arrivals
from breakeven.usage import kinds
from breakeven.usage.formats import parse_mapping
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable

SAMPLES = sorted(path for path in (DATA / "samples").iterdir() if ".json" in path.name)


def _read(path: Path, mapping: str = ""):
    try:
        whole = read_workload(path, mapping=parse_mapping(mapping))
    except Unreadable as reason:
        return str(reason)
    # Two threads add up groups in any order.
    groups = ("cells", "minutes", "tenants")
    return {
        one.name: sorted(map(repr, value)) if one.name in groups else value
        for one in fields(whole)
        if (value := getattr(whole, one.name)) is not None
    }


def _both(path: Path, monkeypatch, mapping: str = ""):
    with_them = _read(path, mapping)
    monkeypatch.setattr(machine, "EXTENSIONS", False)
    return with_them, _read(path, mapping)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_gives_the_same_workload(path, monkeypatch):
    with_them, without = _both(path, monkeypatch)
    assert with_them == without


@pytest.mark.parametrize(
    "mapping", ["", "input=usage.in,output=usage.out", "input=usage.in,output=usage.nothing"]
)
def test_lines_that_are_blank_damaged_or_odd_are_told_alike(mapping, tmp_path, monkeypatch):
    lines = [
        '{"model": "gpt-4o", "usage": {"in": 100, "out": 1e2, "a/b": 1}, "at": "2026-11-01T00:00:00Z"}',
        "",
        '{"model": "gpt-4o", "usage": {"in": "200", "out": 20.5}}',
        '{"model": "gpt-4o", "usage": {"in": -1, "out": true}}',
        '{"model": "gpt-4o", "usage": {"in"',
        "null",
    ]
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with_them, without = _both(path, monkeypatch, mapping)
    assert with_them == without


def test_a_document_that_breaks_off_gives_the_records_that_are_whole(tmp_path, monkeypatch):
    whole = json.dumps([{"model": "gpt-4o", "prompt_tokens": 7, "completion_tokens": 5}] * 4, indent=1)
    path = tmp_path / "broken.json"
    path.write_text(whole[: len(whole) - 40], encoding="utf-8")
    with_them, without = _both(path, monkeypatch)
    assert with_them == without


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip"])
def test_parquet_with_nested_and_plain_columns_gives_the_same_workload(compression, tmp_path, monkeypatch):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [
        {
            "model": "gpt-4o",
            "input_tokens": n,
            "output_tokens": 2 * n,
            "usage": {"cached": n // 2},
            "extra": None,
        }
        for n in range(1, 300)
    ]
    path = tmp_path / "usage.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, compression=compression)
    for mapping in ("", "input=input_tokens,output=output_tokens,cached=usage.cached"):
        with monkeypatch.context() as here:
            with_them, without = _both(path, here, mapping)
        assert with_them == without


def test_a_file_that_only_begins_like_parquet_is_refused_in_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "usage.parquet"
    path.write_bytes(b"PAR1" + b"x" * 100)
    with_them, without = _both(path, monkeypatch)
    assert with_them == without
    assert str(without).startswith("The file cannot be read: it begins like a Parquet file")


def test_a_sums_file_in_parquet_gives_the_same_workload(tmp_path, monkeypatch):
    path = tmp_path / "sums.parquet"
    assert main(["sums", str(DATA / "samples" / "by_hand.csv"), "-o", str(path)]) == 0
    with_them, without = _both(path, monkeypatch)
    assert isinstance(with_them, dict)
    assert with_them == without
    path.write_bytes(path.read_bytes()[:-100])
    assert isinstance(_read(path), str)


def test_a_long_sheet_with_json_in_its_cells_is_refused_in_a_sentence_that_helps(tmp_path, monkeypatch):
    header, *rows = (DATA / "samples" / "langfuse_observations.csv").read_text("utf-8").splitlines()
    path = tmp_path / "usage.csv"
    more = [
        row.replace("obs-", f"obs-{turn}-")
        for turn in range(1_200_000 // len(rows[0]) // len(rows))
        for row in rows
    ]
    path.write_text("\n".join([header, *more]), encoding="utf-8")
    monkeypatch.setattr(machine, "EXTENSIONS", False)
    monkeypatch.setenv("BREAKEVEN_MAX_SHEET_MB", "1")
    monkeypatch.setattr(kinds, "SHEET_BYTES", 1_000_000)
    said = str(_read(path))
    assert "split" in said
    assert not re.search("json_|Error|Function", said)


@pytest.mark.parametrize("name", ["mooncake_trace.jsonl", "vllm_bench.json"])
def test_single_requests_come_in_their_order_with_their_blocks(name, monkeypatch):
    def arrivals():
        try:
            return repr(read_arrivals(DATA / "samples" / name))
        except NoArrivals as reason:
            return str(reason)

    with_them = arrivals()
    monkeypatch.setattr(machine, "EXTENSIONS", False)
    assert arrivals() == with_them
