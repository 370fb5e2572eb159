"""A long read that is stopped ends soon and leaves nothing behind."""

import io
import tempfile
import time
from pathlib import Path
from threading import Thread

import duckdb
import pytest

from breakeven.usage.read import read_workload
from breakeven.usage.stop import Stop, Stopped


class Endless(io.RawIOBase):
    """Standard input that never ends."""

    def read(self, _size: int = -1) -> bytes:
        return b"1,2\n" * 20_000


@pytest.fixture(autouse=True)
def temporary_files(tmp_path, monkeypatch):
    """Everything temporary goes where the test can see it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def stopped_after(seconds, **arguments):
    """Read, ask to stop after a while, and give the seconds that the read went on for."""
    stop, faults = Stop(), []

    def read():
        try:
            read_workload(stop=stop, **arguments)
        except Stopped as fault:
            faults.append(fault)

    thread = Thread(target=read)
    thread.start()
    thread.join(seconds)
    assert thread.is_alive(), "the read was over before anybody could stop it"
    start = time.monotonic()
    while thread.is_alive():
        stop.ask()
        thread.join(0.01)
    assert faults
    return time.monotonic() - start


def test_stream_without_end_stops_and_its_copy_is_gone(temporary_files):
    assert stopped_after(0.05, path="-", stream=Endless()) < 5
    assert list(temporary_files.iterdir()) == []


def test_query_is_interrupted(tmp_path, temporary_files):
    path = tmp_path / "long.jsonl"
    # A connection of its own: the module's own one may still hold what another test asked.
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'm' AS model, i AS input_tokens, 5 AS output_tokens, '2026-11-01 10:00' AS created "
            f"FROM range(1500000) t(i)) TO '{path}' (FORMAT json)"
        )
    assert stopped_after(0.3, path=path) < 5
    assert list(temporary_files.iterdir()) == []


def test_read_that_nobody_stops_is_whole(tmp_path):
    path: Path = tmp_path / "x.csv"
    path.write_text("input_tokens,output_tokens\n1,2\n")
    assert read_workload(path, stop=Stop()).tokens.output == 2
