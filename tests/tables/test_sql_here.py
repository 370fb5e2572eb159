"""The SQL box of a tab: the same answers as its process gives, and no statement that changes something."""

import pytest

from breakeven import machine
from breakeven.tables.build import build_file
from breakeven.tables.sql_here import run_here, vet_words
from breakeven.tables.sql_worker import Refused
from breakeven.tables.sqlbox import EXAMPLES, ask, functions


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "tables.duckdb"
    build_file(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("sql", [sql for _, sql in EXAMPLES])
def test_an_example_gives_in_a_tab_what_its_process_gives(sql, tables, monkeypatch):
    expected = ask(sql)
    monkeypatch.setattr(machine, "PROCESSES", False)
    monkeypatch.setattr(machine, "TABLES", tables)
    assert ask(sql) == expected


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DROP TABLE gpus", "not DROP"),
        ("COPY gpus TO 'x.csv'", "not COPY"),
        ("ATTACH 'https://example.org/x.duckdb'", "not ATTACH"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("-- nothing", "nothing to run"),
        ("SELECT * FROM read_csv('https://example.org/x.csv')", "function read_csv is not available"),
        ("SELECT * FROM 'https://example.org/x.csv'", "no files"),
        ("SELECT getenv('HOME')", "function getenv is not available"),
    ],
)
def test_what_is_no_reading_of_the_tables_is_refused_in_a_sentence(sql, why):
    with pytest.raises(Refused, match=why):
        vet_words(sql, functions())


def test_a_semicolon_in_a_text_or_a_comment_ends_no_statement():
    assert vet_words("SELECT ';' AS a -- ; more\n;", functions()).startswith("SELECT ';'")


def test_a_fault_of_the_statement_is_a_sentence(tables):
    assert "no_such" in run_here(tables, "SELECT no_such FROM gpus", 10, functions())["problem"]
