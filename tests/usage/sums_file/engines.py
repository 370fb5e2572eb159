"""Engines that are on this machine, each with a table of requests: a query in, the text of a CSV file out."""

import csv
import io
import os
import shutil
import subprocess
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

COLUMNS = {
    "model": "VARCHAR", "input_tokens": "DOUBLE", "cached": "DOUBLE", "output_tokens": "DOUBLE",
    "kind": "VARCHAR", "who": "VARCHAR", "usd": "DOUBLE", "at": "TIMESTAMP",
}  # fmt: skip


def table_text(rows, *, odd: bool = True) -> str:
    """Rows of a log, and odd ones: a fraction, a negative number, none, one too many, no request."""
    lines = [",".join(COLUMNS)]
    for model, prompt, cached, output, kind, _, who, cost, second in rows:
        at = datetime(2026, 10, 1, 0, 0, 0, 123456) + timedelta(seconds=second)
        usd = "" if cost is None else f"{cost / 1000}"
        lines.append(f"{model},{prompt + cached},{cached},{output},{kind},{who},{usd},{at}")
    if not odd:
        return "\n".join(lines) + "\n"
    at = "2026-10-02 00:00:00"
    lines += [
        f"gpt-4o,10.5,0,5,standard,alice,,{at}", f"gpt-4o,-1,0,5,standard,alice,,{at}",
        f"gpt-4o,,0,5,standard,alice,,{at}", f"gpt-4o,10,20,5,standard,alice,,{at}",
        f"gpt-4o,200000000,0,5,standard,alice,,{at}", f"skip me,10,0,5,standard,alice,,{at}",
        "gpt-4o,10,0,5,standard,bob,0.5,1999-01-01 00:00:00", "gpt-4o,10,0,5,standard,bob,0.5,",
        f",10,0,5,Flex tier,,,{at}", f"it's \N{SNOWMAN},7,,0,batch,,0,{at}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _in_duckdb(statement: str, table: Path) -> str:
    out = table.with_suffix(".out")
    kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    with closing(duckdb.connect()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"CREATE TABLE log AS SELECT * FROM read_csv('{table}', header=true, columns={{{kinds}}})"
        )
        connection.execute(f"COPY ({statement.strip().rstrip(';')}) TO '{out}' (HEADER)")
    return out.read_text(encoding="utf-8")


def _by_round_trip(dialect: str):
    """Parsed as the engine would parse it, and run in DuckDB."""

    def run(statement: str, table: Path) -> str:
        import sqlglot

        (again,) = sqlglot.transpile(statement, read=dialect, write="duckdb")
        return _in_duckdb(again, table)

    return run


def _in_clickhouse(statement: str, table: Path) -> str:
    chdb = pytest.importorskip("chdb", reason="pip install chdb brings ClickHouse")
    types = {
        "VARCHAR": "Nullable(String)",
        "DOUBLE": "Nullable(Float64)",
        "TIMESTAMP": "Nullable(DateTime64(6, 'UTC'))",
    }
    columns = ", ".join(f"{name} {types[kind]}" for name, kind in COLUMNS.items())
    source = f"file('{table}', CSVWithNames, '{columns.replace(chr(39), chr(92) + chr(39))}')"
    return str(chdb.query(statement.replace("FROM log", f"FROM {source}", 1), "CSVWithNames"))


class Postgres:
    """A PostgreSQL of its own in a folder, on a socket there."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        self.programs = found[-1] if found else Path(shutil.which("initdb") or "/none/initdb").parent
        if not (self.programs / "initdb").exists() or not shutil.which("psql"):
            pytest.skip("PostgreSQL is not installed")
        self.folder = folder
        self.before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.before:
            folder.chmod(0o777)
        self._run(self.programs / "initdb", "-D", folder / "data", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c timezone=America/New_York"
        self._run(
            self.programs / "pg_ctl",
            "-D",
            folder / "data",
            "-w",
            "-l",
            folder / "log",
            "-o",
            options,
            "start",
        )

    def _run(self, *words: object) -> None:
        subprocess.run([*self.before, *map(str, words)], check=True, capture_output=True, cwd="/")

    def psql(self, statement: str) -> str:
        """Answer of a statement."""
        call = ["psql", "-h", str(self.folder), "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-f", "-"]
        done = subprocess.run(
            [*self.before, *call], input=statement, capture_output=True, text=True, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stderr[:2000]
        return done.stdout

    def run(self, statement: str, table: Path) -> str:
        """Answer of a printed query."""
        columns = ", ".join(
            f"{name} {'DOUBLE PRECISION' if kind == 'DOUBLE' else kind}" for name, kind in COLUMNS.items()
        )
        text = table.read_text(encoding="utf-8")
        self.psql(
            f"DROP TABLE IF EXISTS log; CREATE TABLE log ({columns});\n"
            f"COPY log FROM STDIN CSV HEADER;\n{text}\\.\n"
        )
        return self.psql(f"COPY ({statement.strip()}) TO STDOUT CSV HEADER;\n")

    def stop(self) -> None:
        """End it."""
        self._run(self.programs / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")


RUN = {
    "duckdb": _in_duckdb,
    "clickhouse": _in_clickhouse,
    **{name: _by_round_trip(name) for name in ("bigquery", "snowflake", "databricks", "spark", "trino")},
}
"""Engine to what runs a statement over a table of text."""


def canonical(text: str) -> list[tuple[object, ...]]:
    """Rows of a sums file in CSV in one order and one spelling of numbers."""

    def cell(value: str) -> object:
        if value in ("", "\\N"):
            return ""
        try:
            return round(float(value), 6)
        except ValueError:
            return value

    rows = csv.DictReader(io.StringIO(text))
    return sorted((tuple(cell(value) for _, value in sorted(row.items())) for row in rows), key=repr)
