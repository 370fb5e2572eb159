"""What the operator is told of a request: its kind, and nothing that a visitor chose."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from breakeven.dashboard.watch import Answered, Watch, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "page"),
        ("/deploy", "page"),
        ("/health", "health"),
        ("/healthy", "page"),
        ("/_stcore/stream", "session"),
        ("/_stcore/host-config", "streamlit"),
        ("/media/abc.csv", "download"),
        ("/uploads/session/file", "upload"),
        ("/static/js/x.js", "static"),
    ],
)
def test_a_path_is_told_by_its_kind(path: str, kind: str) -> None:
    assert kind_of(path) == kind


async def _hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello", 201)


async def _fail(_request: Request) -> PlainTextResponse:
    raise RuntimeError("a fault")


async def _talk(websocket: WebSocket) -> None:
    if websocket.query_params.get("open"):
        await websocket.accept()
    await websocket.close()


@pytest.fixture
def told() -> list[Answered]:
    return []


@pytest.fixture
def client(told: list[Answered]) -> TestClient:
    routes = [
        Route("/x/uploads/secret", _hello, methods=["GET", "BREW"]),
        Route("/x/fails", _fail),
        WebSocketRoute("/x/_stcore/stream", _talk),
    ]
    made = Starlette(routes=routes, middleware=[Middleware(Watch, tell=[told.append], base="/x")])
    return TestClient(made, raise_server_exceptions=False)


def test_every_request_is_told_once_with_its_status(client: TestClient, told: list[Answered]) -> None:
    client.get("/x/uploads/secret?link=mine")
    client.request("BREW", "/x/uploads/secret")
    assert [(one.kind, one.method, one.status) for one in told] == [
        ("upload", "GET", 201),
        ("upload", "other", 201),
    ]
    assert not any("secret" in repr(one) or "mine" in repr(one) for one in told)
    assert told[0].address == "testclient"


def test_a_fault_is_told_as_one_without_an_answer(client: TestClient, told: list[Answered]) -> None:
    assert client.get("/x/fails").status_code == 500
    assert [(one.kind, one.status) for one in told] == [("page", 0)]


def test_a_session_is_told_when_it_ends_and_so_is_one_that_was_refused(
    client: TestClient, told: list[Answered]
) -> None:
    with client.websocket_connect("/x/_stcore/stream?open=1"):
        pass
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/x/_stcore/stream"):
        pass
    assert [(one.kind, one.status) for one in told] == [("session", 101), ("session", 403)]
