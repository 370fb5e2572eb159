"""The server is well where its tables answer and its files are there; otherwise it says why."""

import asyncio

import duckdb
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from breakeven.dashboard import health, session
from breakeven.dashboard.health import Health, Proof, tables_reason
from breakeven.paths import APP, DATA


def test_tables_that_answer_give_no_reason(connection) -> None:
    assert tables_reason(lambda: connection) is None


def test_tables_that_are_not_open_yet_are_a_reason_and_so_is_a_failure_to_open_them(monkeypatch) -> None:
    assert tables_reason(lambda: None) == "the tables are being read"

    def fail() -> None:
        raise ValueError("/home/x: no such folder")

    monkeypatch.setattr(session, "database", fail)
    monkeypatch.setattr(session, "_problem", [])
    with pytest.raises(ValueError, match="no such folder"):
        session.warm_up()
    assert tables_reason(lambda: None) == "the tables cannot be read; the log says more"


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ([], "the tables do not answer; the log says more"),
        (["CREATE TABLE api_prices (x INT)"], "the table api_prices is empty"),
        (
            ["CREATE TABLE api_prices AS SELECT 1 AS x", "CREATE TABLE gpu_prices (x INT)"],
            "the table gpu_prices is empty",
        ),
    ],
)
def test_tables_without_prices_are_a_reason(statements: list[str], reason: str) -> None:
    with duckdb.connect(":memory:") as opened:
        for statement in statements:
            opened.execute(statement)
        assert tables_reason(lambda: opened) == reason


def test_files_that_pages_read_are_watched_and_named_when_they_go() -> None:
    read_later = (
        DATA / "formats.toml",
        DATA / "samples" / "manifest.csv",
        APP.parent / "pages" / "deploy.py",
    )
    assert {APP, *read_later} <= set(Proof().files)
    assert Proof().missing() is None
    gone = [APP.parent / "data" / f"no-{number}.csv" for number in range(5)]
    assert Proof(files=(APP, *gone[:1])).missing() == "cannot be read: data/no-0.csv"
    assert Proof(files=(APP, *gone)).missing() == (
        "cannot be read: data/no-0.csv, data/no-1.csv, data/no-2.csv and 2 more"
    )


def test_many_who_ask_at_once_cost_one_query(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(health, "tables_reason", lambda: asked.append(1))
    proof = Proof()

    async def crowd() -> list[str | None]:
        return await asyncio.gather(*(proof.tables() for _ in range(50)))

    assert set(asyncio.run(crowd())) == {None}
    assert len(asked) == 1


async def _well(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok of Streamlit")


def _client(proof: Proof, base: str = "") -> TestClient:
    routes = [Route(f"{base}/_stcore/health", _well), Route("/{rest:path}", _well)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Health, proof=proof, base=base)]))


@pytest.mark.parametrize("base", ["", "/tools/breakeven"])
def test_browsers_ask_for_the_tables_and_the_operator_for_all(monkeypatch, base: str) -> None:
    client = _client(Proof(files=(APP,)), base)
    monkeypatch.setattr(health, "tables_reason", lambda: None)
    assert client.get(f"{base}/_stcore/health").text == "ok of Streamlit"
    assert (client.get(f"{base}/health").status_code, client.get(f"{base}/health").text) == (200, "ok")
    client = _client(Proof(files=(APP.parent / "data" / "gone.csv",)), base)
    assert client.get(f"{base}/_stcore/health").status_code == 200
    answer = client.get(f"{base}/health")
    assert (answer.status_code, answer.text) == (503, "cannot be read: data/gone.csv")
    monkeypatch.setattr(health, "tables_reason", lambda: "the tables are being read")
    client = _client(Proof(files=(APP,)), base)
    for path in ("/_stcore/health", "/health"):
        answer = client.get(base + path)
        assert (answer.status_code, answer.text) == (503, "the tables are being read")
        assert answer.headers["cache-control"] == "no-cache"


def test_a_query_that_hangs_is_a_reason(monkeypatch) -> None:
    import threading

    done = threading.Event()
    monkeypatch.setattr(health, "PATIENCE_S", 0.05)
    monkeypatch.setattr(health, "tables_reason", lambda: done.wait(1) and None)

    async def ask() -> str | None:
        found = await Proof().tables()
        done.set()
        return found

    assert asyncio.run(ask()) == "the tables did not answer within 0.05 s"
