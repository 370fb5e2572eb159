"""Tables that are kept between two runs: the same as built ones, never stale, never in the way."""

import shutil

import duckdb
import pytest

import breakeven.tables.build
import breakeven.tables.kept
from breakeven.paths import DATA
from breakeven.tables.build import build, open_memory
from breakeven.tables.kept import MOST_KEPT, kept_file


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BREAKEVEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def facts(connection):
    """Every table with its rows, constraints and comments."""
    tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    rows = {name: sorted(map(str, connection.execute(f'FROM "{name}"').fetchall())) for name in tables}
    kinds = "constraint_type, constraint_text, table_name"
    rules = connection.execute(f"SELECT {kinds} FROM duckdb_constraints() ORDER BY ALL").fetchall()
    comments = connection.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    ).fetchall()
    return rows, rules, comments


def test_kept_tables_are_those_of_a_fresh_build(cache):
    open_memory().close()  # builds and keeps
    (file,) = cache.iterdir()
    assert file == kept_file(DATA)
    with duckdb.connect(":memory:") as fresh:
        build(fresh)
        with open_memory() as kept:
            assert facts(kept) == facts(fresh)


def test_second_opening_builds_nothing(cache, monkeypatch):
    open_memory().close()
    monkeypatch.setattr(breakeven.tables.build, "build", lambda *_: pytest.fail("built again"))
    with open_memory() as connection, pytest.raises(duckdb.Error):
        connection.execute("SET threads = 1")  # the copy is locked as a build is
    assert len(list(cache.iterdir())) == 1


def test_file_that_was_cut_short_is_built_anew(cache):
    open_memory().close()
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:5000])
    with open_memory() as connection:
        assert connection.execute("SELECT count(*) FROM gpus").fetchone()[0] > 0


def test_damaged_file_in_a_folder_that_cannot_be_written_is_built_anew(cache, monkeypatch):
    """Half of the tables may have been copied before the damage shows."""
    open_memory().close()
    (file,) = cache.iterdir()
    whole = bytearray(file.read_bytes())
    for place in range(len(whole) // 2, len(whole), 4096):
        whole[place : place + 64] = b"\xff" * 64
    file.write_bytes(whole)

    def refuse(*_arguments, **_named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "unlink", refuse)
    monkeypatch.setattr(type(file), "replace", refuse)
    with open_memory() as connection:
        assert connection.execute("SELECT count(*) FROM gpus").fetchone()[0] > 0
        assert connection.execute("SELECT count(*) FROM claims").fetchone()[0] > 0


def test_changed_cell_gives_another_file(cache, tmp_path):
    data = shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("samples"))
    before = kept_file(data)
    table = data / "presets.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("4000", "4001", 1), encoding="utf-8")
    assert kept_file(data) != before
    assert kept_file(data).parent == before.parent == cache


def test_nothing_is_kept_where_that_is_not_wanted_or_not_possible(monkeypatch, tmp_path):
    monkeypatch.setenv("BREAKEVEN_CACHE", "off")
    assert kept_file(DATA) is None
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BREAKEVEN_CACHE", str(tmp_path / "file" / "cache"))
    assert kept_file(DATA) is None
    with open_memory() as connection:
        assert connection.execute("SELECT count(*) FROM gpus").fetchone()[0] > 0


def test_old_files_go(cache):
    cache.mkdir()
    for number in range(MOST_KEPT + 2):
        (cache / f"tables-{number}.duckdb").write_text("old")
    open_memory().close()
    assert len(list(cache.iterdir())) == MOST_KEPT
    assert kept_file(DATA).is_file()
