"""Newer prices: appended, shown, checked, refused; and tables that leave and come back unchanged."""

import dataclasses
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date, time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from genai_prices import data
from genai_prices.types import ModelPrice, Provider

from breakeven.cli import main
from breakeven.paths import DATA
from breakeven.tables.build import installed_catalogue, open_memory
from breakeven.tables.catalogue import COLUMNS, catalogue_rows
from breakeven.tables.check import check
from breakeven.tables.export import csv_text, table_csv
from breakeven.tables.queries import api_offers_on
from breakeven.tables.refresh import NotRefreshed, accept, difference, merge, parse, prepare, price_rows
from breakeven.tables.rules import table_names
from breakeven.tables.snapshot import file_name, newest_snapshot
from tests.builders import json_of, output_of, refusal_of, shipped_rules

BEFORE, DAY, AFTER = date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 2)


def raw(value: Any) -> Any:
    """The package's own objects as its publisher writes them: JSON without the unset."""
    if isinstance(value, ModelPrice):
        return {name: raw(price) for name, price in vars(value).items() if price is not None}
    if dataclasses.is_dataclass(value):
        named = {f.name.rstrip("_"): getattr(value, f.name) for f in dataclasses.fields(value)}
        return {name: raw(item) for name, item in named.items() if item is not None and name != "extractors"}
    if isinstance(value, (list, tuple)):
        return [raw(item) for item in value]
    if isinstance(value, dict):
        return {key: raw(item) for key, item in value.items()}
    if isinstance(value, (date, time)):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


@pytest.fixture(scope="module")
def catalogue() -> list[dict[str, Any]]:
    """Three providers of the installed catalogue as the publisher's file."""
    return raw([provider for provider in data.providers if provider.id in PROVIDERS])


def model_of(catalogue: list[dict[str, Any]], provider: str, model: str) -> dict[str, Any]:
    """One entry of the file, to change it."""
    models = next(p for p in catalogue if p["id"] == provider)["models"]
    return next(m for m in models if m["id"] == model)


def changed(catalogue: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A copy that may be changed."""
    return json.loads(json.dumps(catalogue))


PACKAGE = installed_catalogue()
PROVIDERS = ("anthropic", "groq", "openai")
BASE = date(2026, 11, 20)


@pytest.fixture
def folder(tmp_path: Path, connection: DuckDBPyConnection) -> Path:
    """Tables with the prices of three providers, as a snapshot of an earlier day; quick to build."""
    place = tmp_path / "data"
    place.mkdir()
    for name in ("schema.sql", "sources.csv", "api_ends.csv"):
        shutil.copy(DATA / name, place)
    for path in DATA.glob("*.csv"):
        if path.name not in ("sources.csv", "api_ends.csv") and not path.name.startswith(
            "api_prices_snapshot"
        ):
            header = path.read_text(encoding="utf-8").partition("\n")[0]
            (place / path.name).write_text(header + "\n", encoding="utf-8")
    rows = [r for r in price_rows(connection) if r["provider"] in PROVIDERS]
    text = csv_text(COLUMNS, ([r[name] for name in COLUMNS] for r in rows))
    (place / file_name(BASE)).write_text(text, encoding="utf-8")
    return place


@pytest.fixture
def whole_folder(tmp_path: Path) -> Path:
    """A copy of the shipped tables."""
    place = tmp_path / "whole"
    place.mkdir()
    for path in DATA.glob("*"):
        if path.is_file() and not path.name.startswith("api_prices_snapshot"):
            shutil.copy(path, place)
    return place


@pytest.fixture
def file(tmp_path: Path, catalogue: list[dict[str, Any]]) -> Path:
    """The publisher's file with four changes."""
    newer = changed(catalogue)
    model_of(newer, "openai", "gpt-4o")["prices"] = {
        "input_mtok": 5,
        "output_mtok": 10,
        "cache_read_mtok": 1.25,
    }
    groq = next(p for p in newer if p["id"] == "groq")
    groq["models"] = [m for m in groq["models"] if m["id"] != "openai/gpt-oss-20b"]
    groq["models"].append(
        {
            "id": "new-model",
            "match": {"equals": "new-model"},
            "prices": {"input_mtok": 0.1, "output_mtok": 0.3},
        }
    )
    path = tmp_path / "data.json"
    path.write_text(json.dumps(newer), encoding="utf-8")
    return path


def offers_of(connection: DuckDBPyConnection, day: date) -> dict[str, tuple[float, float, date]]:
    """Input and output price of every offer in force, and since when."""
    return {
        o.api_offer_id: (
            float(o.tiers[0].input_usd_per_mtok),
            float(o.tiers[0].output_usd_per_mtok),
            o.valid_from,
        )
        for o in api_offers_on(connection, day)
    }


def test_file_of_the_publisher_gives_the_same_rows_as_the_package() -> None:
    providers = parse(json.dumps(raw(data.providers)).encode(), "x")
    arguments = {"rules": shipped_rules(), "catalogue_day": date(2026, 11, 10), "source_id": PACKAGE}
    assert catalogue_rows([], providers=providers, **arguments) == catalogue_rows([], **arguments)


def test_refresh_shows_then_writes_and_the_build_uses_it(folder: Path, file: Path, capsys) -> None:
    with closing(open_memory(folder)) as tables:
        before = offers_of(tables, BEFORE)
    asked = ["data", "refresh", "--from", str(file), "--data", str(folder), "--day", str(DAY)]
    said = output_of(capsys, *asked)
    assert "1 new, 1 at another price" in said
    assert "openai/gpt-4o input: $2.50 to $5.00, 2× dearer" in said
    assert "groq/new-model" in said
    assert "groq/openai/gpt-oss-20b" in said
    assert "Nothing is written yet" in said
    assert newest_snapshot(folder) == (BASE, folder / file_name(BASE))

    answer = json_of(capsys, *asked, "--accept")
    assert answer["written"] == str(folder / file_name(DAY))
    assert [move["after"] for move in answer["moves"] if move["meter"] == "input_usd_per_mtok"] == [5.0]
    with closing(open_memory(folder)) as tables:
        # The past is as it was; from the day on the new prices hold.
        assert offers_of(tables, BEFORE) == before
        after = offers_of(tables, DAY)
        assert before["openai/gpt-4o"][:2] == (2.5, 10)
        assert after["openai/gpt-4o"] == (5, 10, DAY)
        assert after["groq/new-model"] == (0.1, 0.3, DAY)
        assert "groq/openai/gpt-oss-20b" in before
        assert "groq/openai/gpt-oss-20b" not in after
        # Whatever did not change keeps the day since when it holds.
        assert after["anthropic/claude-haiku-4-5"] == before["anthropic/claude-haiku-4-5"]
        confirmed = tables.execute(
            "SELECT source_id, as_of FROM api_prices WHERE api_offer_id = 'anthropic/claude-haiku-4-5' "
            "ORDER BY valid_from DESC LIMIT 1"
        ).fetchone()
        assert confirmed == (f"genai-prices-{DAY}", DAY)


def test_refresh_of_the_whole_catalogue_passes_every_check(whole_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(raw(data.providers)), encoding="utf-8")
    asked = ["data", "refresh", "--from", str(path), "--data", str(whole_folder), "--day", str(DAY)]
    assert main([*asked, "--accept"]) == 0
    assert newest_snapshot(whole_folder) == (DAY, whole_folder / file_name(DAY))
    assert check(whole_folder).problems == []


def test_second_refresh_goes_on_from_the_first_and_one_of_the_same_day_replaces_it(
    folder: Path, file: Path, catalogue: list[dict[str, Any]]
) -> None:
    found, text = prepare(file.read_bytes(), "x", DAY, folder)
    accept(text, found, confirm_large=False, data_dir=folder)
    again, _ = prepare(file.read_bytes(), "x", DAY, folder)
    assert (again.new, again.gone, again.moves) == ((), (), ())
    old = json.dumps(catalogue).encode()
    back, text = prepare(old, "x", AFTER, folder)
    assert back.new == ("groq/openai/gpt-oss-20b",)
    assert back.gone == ("groq/new-model",)
    assert back.changed == ("openai/gpt-4o",)
    accept(text, back, confirm_large=False, data_dir=folder)
    with closing(open_memory(folder)) as tables:
        assert offers_of(tables, DAY)["openai/gpt-4o"] == (5, 10, DAY)
        assert offers_of(tables, AFTER)["openai/gpt-4o"] == (2.5, 10, AFTER)
        assert "groq/new-model" in offers_of(tables, DAY)
        assert "groq/new-model" not in offers_of(tables, AFTER)
    with pytest.raises(NotRefreshed, match="newer than 2026-12-01"):
        prepare(old, "x", DAY, folder)


def test_price_that_moves_by_more_than_ten_times_needs_a_word(
    folder: Path, catalogue: list[dict[str, Any]]
) -> None:
    newer = changed(catalogue)
    model_of(newer, "openai", "gpt-4o")["prices"]["input_mtok"] = 25.01  # ten times 2.50 is 25
    found, text = prepare(json.dumps(newer).encode(), "x", DAY, folder)
    with pytest.raises(NotRefreshed, match=r"gpt-4o: input_usd_per_mtok moves from \$2.5 to \$25.01"):
        accept(text, found, confirm_large=False, data_dir=folder)
    assert newest_snapshot(folder) == (BASE, folder / file_name(BASE))
    assert accept(text, found, confirm_large=True, data_dir=folder).exists()


@pytest.mark.parametrize(
    ("usd", "is_large"), [("25", False), ("25.01", True), ("0.25", False), ("0.2499", True), ("0", True)]
)
def test_ten_times_is_the_limit_both_ways(usd: str, is_large: bool) -> None:
    found = difference([row("2026-01-01", "2.5")], [row("2026-01-01", usd)], DAY)
    assert [move.is_large for move in found.moves] == [is_large]
    assert bool(found.doubts) == is_large
    back = difference([row("2026-01-01", usd)], [row("2026-01-01", "2.5")], DAY)
    assert [move.is_large for move in back.moves] == [is_large]


def test_file_with_far_fewer_offers_needs_a_word(folder: Path, catalogue: list[dict[str, Any]]) -> None:
    newer = [p for p in catalogue if p["id"] == "groq"]
    found, text = prepare(json.dumps(newer).encode(), "x", DAY, folder)
    with pytest.raises(NotRefreshed, match="offers are no longer listed"):
        accept(text, found, confirm_large=False, data_dir=folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a price catalogue"),
        (b"<html>", "not a price catalogue"),
        (b"{}", "a list of providers is expected"),
        (b"[]", "a list of providers is expected"),
        (b"[1]", "not a price catalogue"),
        (b'[{"id": "x"}]', "not a price catalogue: 0.name"),
        (b"[" * 100_000, "not a price catalogue"),
        (b'[{"id": "x", "name": "x", "api_pattern": "x", "models": []}]', "no price per token"),
        (
            b'[{"id": "x", "name": "x", "api_pattern": "x", "models": [{"id": "m", "match": {"equals": "m"}, '
            b'"prices": {"input_mtok": -1, "output_mtok": 1}}]}]',
            "break a rule: api_prices_snapshot_2026-12-01.csv:",
        ),
        (
            b'[{"id": "x", "name": "x", "api_pattern": "x", "models": [{"id": "m", "match": {"equals": "m"}, '
            b'"prices": {"input_mtok": 1e12, "output_mtok": 1}}]}]',
            "break a rule|cannot be read",
        ),
    ],
)
def test_content_that_is_no_catalogue_or_breaks_a_rule_is_refused(
    folder: Path, content: bytes, words: str
) -> None:
    with pytest.raises(NotRefreshed, match=words) as refusal:
        prepare(content, "x", DAY, folder)
    assert "\n" not in str(refusal.value)
    assert newest_snapshot(folder) == (BASE, folder / file_name(BASE))


def test_old_snapshot_stays_when_the_new_one_cannot_be_written(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, text = prepare(file.read_bytes(), "x", DAY, folder)
    path = accept(text, found, confirm_large=False, data_dir=folder)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("breakeven.tables.snapshot.os.fsync", fail)
    with pytest.raises(NotRefreshed, match="No space left"):
        accept(text + "more\n", found, confirm_large=False, data_dir=folder)
    assert path.read_bytes() == before
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_day_before_that_of_the_prices_at_hand_is_refused(folder: Path, file: Path) -> None:
    with pytest.raises(NotRefreshed, match="2026-11-20 already, newer than 2026-11-19"):
        prepare(file.read_bytes(), "x", date(2026, 11, 19), folder)
    (folder / file_name(BASE)).rename(folder / file_name(date(2026, 11, 11)))
    assert prepare(file.read_bytes(), "x", date(2026, 11, 11), folder)


def test_snapshot_that_is_not_newer_than_the_installed_catalogue_is_not_used(
    folder: Path, file: Path
) -> None:
    (folder / file_name(BASE)).rename(folder / file_name(date(2026, 11, 10)))
    with closing(open_memory(folder)) as tables:
        assert len(offers_of(tables, DAY)) > 1_500  # those of all providers, not of three
    (folder / file_name(date(2026, 11, 10))).unlink()
    with pytest.raises(NotRefreshed, match="were read on 2026-11-10; a snapshot of 2026-11-09"):
        prepare(file.read_bytes(), "x", date(2026, 11, 9), folder)


@pytest.fixture
def server(file: Path) -> Iterator[str]:
    """A publisher on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/data.json"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(file.read_bytes() if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as opened:
        threading.Thread(target=opened.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()


def test_prices_are_fetched_from_an_address(server: str, folder: Path, capsys) -> None:
    asked = ["data", "refresh", "--data", str(folder), "--day", str(DAY), "--url"]
    assert "1 new, 1 at another price" in output_of(capsys, *asked, f"{server}/data.json")
    assert "Not Found" in refusal_of(capsys, *asked, f"{server}/gone.json")
    assert main([*asked, "http://127.0.0.1:9/data.json"]) == 2  # nobody listens there
    said = capsys.readouterr().err
    assert "the prices stay as they are" in said
    assert said.count("\n") == 1
    assert "https://" in refusal_of(capsys, *asked, "file:///etc/passwd")
    assert "cannot be read" in refusal_of(capsys, "data", "refresh", "--from", str(folder / "none.json"))


# Merging, with rows as small as can be.


def row(
    day: str, usd: str, *, kind: str = "catalogue", end: str | None = None, source: str = PACKAGE
) -> dict:
    """A row of one offer."""
    return {
        **dict.fromkeys(COLUMNS),
        "api_offer_id": "p/m",
        "processing": "standard",
        "tier_above_tokens": 0,
        "valid_from": date.fromisoformat(day),
        "valid_from_kind": kind,
        "valid_to": date.fromisoformat(end) if end else None,
        "input_usd_per_mtok": Decimal(usd),
        "source_id": source,
    }


def periods(rows: list[dict]) -> list[tuple[str, str, str]]:
    return [(str(r["valid_from"]), str(r["input_usd_per_mtok"]), str(r["valid_to"])) for r in rows]


NEW = "genai-prices-2026-12-01"


def test_dated_change_keeps_its_day_and_an_undated_one_starts_on_the_day_of_the_refresh() -> None:
    old = [row("2026-01-01", "1")]
    dated = [row("2026-11-19", "1", source=NEW), row("2026-11-20", "2", kind="dated", source=NEW)]
    assert periods(merge(old, dated, DAY)) == [("2026-01-01", "1", "None"), ("2026-11-20", "2", "None")]
    undated = [row("2026-12-01", "2", source=NEW)]
    assert periods(merge(old, undated, DAY)) == [("2026-01-01", "1", "None"), ("2026-12-01", "2", "None")]


def test_announcement_that_is_withdrawn_goes_and_a_new_one_comes() -> None:
    old = [row("2026-01-01", "1"), row("2027-01-01", "3", kind="dated")]
    same = row("2026-12-01", "1", source=NEW)
    assert periods(merge(old, [same], DAY)) == [("2026-01-01", "1", "None")]
    new = [same, row("2027-02-01", "4", kind="dated", source=NEW)]
    assert periods(merge(old, new, DAY)) == [("2026-01-01", "1", "None"), ("2027-02-01", "4", "None")]


def test_offer_that_only_an_older_catalogue_knew_is_left_alone_and_one_of_the_catalogue_ends() -> None:
    assert periods(merge([row("2026-01-01", "1", source="litellm-catalogues")], [], DAY))[0][2] == "None"
    assert periods(merge([row("2026-01-01", "1")], [], DAY)) == [("2026-01-01", "1", "2026-12-01")]
    ended = [row("2026-01-01", "1", end="2026-06-01")]
    assert periods(merge(ended, [], DAY)) == periods(ended)


def test_difference_compares_the_day_and_nothing_else() -> None:
    old = [row("2026-01-01", "1")]
    found = difference(old, merge(old, [row("2026-12-01", "30", source=NEW)], DAY), DAY)
    assert [(move.before, move.after, move.is_large) for move in found.moves] == [(1, 30, True)]
    assert difference(old, old, DAY).moves == ()


# Tables that leave and come back.


def test_every_table_comes_back_unchanged_from_its_download(
    connection: DuckDBPyConnection, tmp_path: Path
) -> None:
    place = tmp_path / "data"
    place.mkdir()
    for name in ("schema.sql", "api_prices_history.csv", "api_prices_daily.csv"):
        shutil.copy(DATA / name, place)
    for table in table_names(connection):
        name = file_name(DAY) if table == "api_prices" else f"{table}.csv"
        (place / name).write_text(table_csv(connection, table), encoding="utf-8", newline="")
    with closing(open_memory(place)) as again:
        for table in table_names(connection):
            query = f'SELECT * FROM "{table}" ORDER BY rowid'
            assert again.execute(query).fetchall() == connection.execute(query).fetchall(), table


def test_downloaded_file_is_the_shipped_one_but_for_the_spelling_of_numbers(
    connection: DuckDBPyConnection,
) -> None:
    assert table_csv(connection, "gpu_prices") == (DATA / "gpu_prices.csv").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="no table"):
        table_csv(connection, "models; DROP TABLE gpus")


def test_rows_survive_being_written_and_read(connection: DuckDBPyConnection) -> None:
    rows = price_rows(connection)
    text = csv_text(COLUMNS, ([r[name] for name in COLUMNS] for r in rows))
    assert text.count("\n") >= len(rows) + 1


def test_provider_type_is_the_packages(catalogue: list[dict[str, Any]]) -> None:
    assert isinstance(parse(json.dumps(catalogue[:1]).encode(), "x")[0], Provider)
