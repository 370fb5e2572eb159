"""Tables that an older version wrote are read with what they do not say named, or refused by name."""

import csv
import shutil
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from breakeven.cli import main
from breakeven.paths import DATA
from breakeven.tables.build import DataError, build
from breakeven.tables.catalogue import COLUMNS
from breakeven.tables.check import check
from breakeven.tables.export import csv_text
from breakeven.tables.older import LATER
from breakeven.tables.refresh import price_rows
from breakeven.tables.sheet import read_sheet
from breakeven.tables.snapshot import file_name
from tests.builders import copy_of_tables

DAY = date(2026, 12, 1)
NAME = file_name(DAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables without rows but for the sources and the older prices; quick to build."""
    place = tmp_path / "data"
    place.mkdir()
    kept = ("sources", "catalogue_rules", "api_prices_history", "api_prices_daily")
    for name in ("schema.sql", *(f"{table}.csv" for table in kept)):
        shutil.copy(DATA / name, place)
    for path in DATA.glob("*.csv"):
        if not (place / path.name).exists():
            header = path.read_text(encoding="utf-8").partition("\n")[0]
            (place / path.name).write_text(header + "\n", encoding="utf-8")
    return place


def refreshed(folder: Path, connection: DuckDBPyConnection, without: Iterable[str]) -> None:
    """Prices of one provider, with an offer that no catalogue knows, as a version without columns wrote."""
    columns = [name for name in COLUMNS if name not in without]
    rows = [row for row in price_rows(connection) if row["provider"] == "openai"]
    newest = next(
        row for row in rows if row["api_offer_id"] == "openai/gpt-4o" and not row["tier_above_tokens"]
    )
    rows.append({**newest, "api_offer_id": "openai/new-model", "api_model": "new-model"})
    text = csv_text(columns, ([row[name] for name in columns] for row in rows))
    (folder / NAME).write_text(text, encoding="utf-8")


def prices_of(connection: DuckDBPyConnection, offer: str) -> list[Any]:
    """Newest audio price, text price, source and flag of an offer."""
    return connection.execute(
        "SELECT audio_output_usd_per_mtok, output_usd_per_mtok, source_id, flag FROM api_prices "
        "WHERE api_offer_id = ? ORDER BY valid_from DESC LIMIT 1",
        [offer],
    ).fetchall()


def test_refreshed_prices_of_an_older_version_never_bill_audio_as_text(
    folder: Path, connection: DuckDBPyConnection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refreshed(folder, connection, LATER["api_prices"])
    built = tmp_path / "tables.duckdb"
    assert main(["data", "build", str(built), "--data", str(folder)]) == 0
    said = capsys.readouterr().err
    assert said.startswith(f"{NAME}:1: audio_input_usd_per_mtok, audio_cache_read_usd_per_mtok, ")
    assert "and 1 that it does not know are flagged; refresh the prices to mend it" in said
    with closing(duckdb.connect(built, read_only=True)) as older:
        ((audio, text, source, flag),) = prices_of(older, "openai/gpt-realtime")
        assert audio > text
        assert source.startswith("genai-prices-")
        assert flag is None
        assert prices_of(older, "openai/gpt-4o")[0][3] is None
        assert prices_of(older, "openai/new-model")[0][3].startswith("refreshed by an older version")
        assert ("openai",) in older.execute("SELECT DISTINCT provider FROM api_prices").fetchall()


def test_refreshed_prices_of_this_version_are_taken_without_a_word(
    folder: Path, connection: DuckDBPyConnection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refreshed(folder, connection, ())
    built = tmp_path / "tables.duckdb"
    assert main(["data", "build", str(built), "--data", str(folder)]) == 0
    assert capsys.readouterr().err == ""
    with closing(duckdb.connect(built, read_only=True)) as newer:
        assert prices_of(newer, "openai/new-model")[0][3] is None


def test_a_column_that_every_version_wrote_is_never_taken_as_empty(
    folder: Path, connection: DuckDBPyConnection
) -> None:
    refreshed(folder, connection, {"flag", *LATER["api_prices"]})
    with closing(duckdb.connect(":memory:")) as empty, pytest.raises(DataError) as caught:
        build(empty, folder)
    assert f"{NAME}:1: flag: is missing from the header" in caught.value.problems


def test_columns_out_of_order_are_a_fault_in_an_older_file_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("b,a\n1,2\n", encoding="utf-8")
    assert [str(p) for p in read_sheet(path, ("a", "b", "c"), {"c"}).problems] == [
        "t.csv:1: c: is missing from the header"
    ]
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    sheet = read_sheet(path, ("a", "c", "b"), {"c"})
    assert sheet.rows == [["1", None, "2"]]
    assert [str(note) for note in sheet.notes] == [
        "t.csv:1: c: missing from the header, as an older version wrote it; their cells are taken as empty"
    ]


def anything(_row: dict[str, str]) -> bool:
    return True


def rewrite(path: Path, without: Iterable[str], keep: Callable[[dict[str, str]], bool]) -> list[int]:
    """Write some rows again without some columns; the lines on which the others stood."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in rows[0] if name not in without]
    kept = [row for row in rows if keep(row)]
    path.write_text(csv_text(columns, ([row[name] for name in columns] for row in kept)), encoding="utf-8")
    return [line for line, row in enumerate(rows, start=2) if not keep(row)]


def test_check_warns_of_columns_that_an_older_file_lacks(tmp_path: Path) -> None:
    data = copy_of_tables(tmp_path)
    rewrite(data / "model_scores.csv", LATER["model_scores"], lambda row: row["benchmark"] == "MMLU")
    assert [line for line in check(data).warnings if "older version" in line] == [
        "model_scores.csv:1: variant, score_low, score_high, scored_on: missing from the header, as an older "
        "version wrote it; their cells are taken as empty"
    ]


def test_models_of_an_older_file_that_lacks_their_recurrent_state_are_refused_by_line(
    tmp_path: Path,
) -> None:
    data = copy_of_tables(tmp_path)
    hybrid = rewrite(tmp_path / "data" / "models.csv", (), lambda row: not row["n_linear_attn_layers"])
    shutil.copy(DATA / "models.csv", data)
    rewrite(data / "models.csv", LATER["models"], anything)
    problems = check(data).problems
    assert [line for line in problems if "state_bytes" in line] == problems
    assert [int(line.split(":")[1]) for line in problems] == hybrid
    assert len(hybrid) == 15


def _without_table(schema: str) -> str:
    before, _, rest = schema.partition("CREATE TABLE source_notices (")
    _, _, after = rest.partition("CREATE TABLE")
    return f"{before}CREATE TABLE{after}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            _without_table,
            "schema.sql:1: source_notices: is missing; take it and source_notices.csv from "
            "this version's tables",
            id="table",
        ),
        pytest.param(
            lambda schema: "\n".join(line for line in schema.split("\n") if "kv_layers" not in line),
            "schema.sql:1: models: lacks kv_layers; take schema.sql from this version's tables",
            id="column",
        ),
    ],
)
def test_a_folder_with_an_older_schema_is_told_by_name_what_it_lacks(
    tmp_path: Path, change: Callable[[str], str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = copy_of_tables(tmp_path)
    schema = data / "schema.sql"
    schema.write_text(change(schema.read_text(encoding="utf-8")), encoding="utf-8")
    if "kv_layers" in said:
        rewrite(data / "models.csv", {"kv_layers"}, anything)
    assert main(["data", "check", "--data", str(data)]) == 2
    out, err = capsys.readouterr()
    assert said in err.splitlines()
    assert "Traceback" not in out + err
