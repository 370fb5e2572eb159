"""Headers of every answer, what is hidden, and clients that stop half-way."""

import asyncio
import socket
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from breakeven.dashboard import guard
from breakeven.dashboard.guard import Guard, InTime


async def _hello(request: Request) -> PlainTextResponse:
    body = await request.body()
    return PlainTextResponse(f"{len(body)} bytes", headers={"x-frame-options": "ALLOWALL"})


async def _hosts(_request: Request) -> JSONResponse:
    return JSONResponse({"allowedOrigins": ["https://*.example.org"], "useExternalAuthToken": False})


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.receive_text()


APP = Starlette(
    routes=[
        Route("/", _hello, methods=["GET", "PUT"]),
        Route("/_stcore/host-config", _hosts),
        WebSocketRoute("/talk", _talk),
        Route("/_stcore/metrics", _hello),
    ],
    middleware=[Middleware(Guard)],
)


@pytest.fixture
def client():
    with TestClient(APP) as opened:
        yield opened


def test_every_answer_has_the_headers_once_whatever_the_application_said(client):
    for path in ("/", "/nothing"):
        answer = client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get_list("x-frame-options") == ["SAMEORIGIN"]
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("query", ["?embed=false", "?embed=true&embed=false", "?EMBED=true", "?v=1"])
def test_only_the_card_for_other_pages_may_be_framed_by_one(client, query):
    framed = client.get("/?v=1&embed=true").headers
    assert "frame-ancestors *" in framed["content-security-policy"]
    assert framed.get("x-frame-options") == "ALLOWALL"  # the application's own stays: the policy outranks it
    assert "frame-ancestors 'self'" in client.get("/" + query).headers["content-security-policy"]


def test_the_operators_figures_are_not_shown_and_no_page_may_send_messages(client):
    assert client.get("/_stcore/metrics").status_code == 404
    assert client.get("/_stcore/host-config").json() == {"allowedOrigins": [], "useExternalAuthToken": False}
    assert client.get("/robots.txt").text.startswith("User-agent: *")


@pytest.fixture
def port(monkeypatch):
    monkeypatch.setattr(guard, "HEAD_S", 0.3)
    monkeypatch.setattr(guard, "BODY_S", 0.3)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(APP, port=number, http=InTime, log_level="error", lifespan="off"))
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield number
    server.should_exit = True
    thread.join(timeout=10)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo",
    ],
)
def test_a_client_that_stops_half_way_is_let_go(port, sent):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(4096):
            received += piece
        assert received.count(b"200 OK") == sent.count(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_a_client_that_is_slow_but_sends_is_answered(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            time.sleep(0.1)
            connection.sendall(b"x")
        received = b""
        while piece := connection.recv(4096):
            received += piece
    assert received.endswith(b"8 bytes")


def test_a_websocket_may_be_silent_for_longer_than_a_head_may_take(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"GET /talk HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 101")
        connection.settimeout(1.0)  # three times what a head may take
        with pytest.raises(TimeoutError):
            connection.recv(4096)
