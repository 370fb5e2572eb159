"""The bridge inside the tab: the dashboard as an ASGI application, asked by messages instead of sockets."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import later  # type: ignore[import-not-found]  # these stand beside this module in a tab
import nested  # type: ignore[import-not-found]
import threads  # type: ignore[import-not-found]
from js import toPage
from pyodide.ffi import to_js

loop = asyncio.get_event_loop()
threads.take_over(loop)
later.take_over()
nested.take_over()

from breakeven.dashboard.server import dashboard  # noqa: E402  (threads come first)

app = dashboard()
Queue = asyncio.Queue[dict[str, Any]]
_sockets: dict[int, Queue] = {}
_tasks: set[asyncio.Task[None]] = set()


def _scope(
    kind: str, path: str, query: str, headers: Sequence[tuple[str, str]], **more: Any
) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": {},
        **more,
    }


async def http(method: str, path: str, query: str, headers: Any, body: Any) -> Any:
    """Answer a request: status, headers and body for the page."""
    asked = body.to_bytes() if body is not None and hasattr(body, "to_bytes") else b""
    coming = [{"type": "http.request", "body": asked, "more_body": False}]
    answer: dict[str, Any] = {"status": 500, "headers": []}
    pieces: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
            answer["headers"] = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in message["headers"]]
        elif message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    given = [(name, value) for name, value in headers.to_py() if name.lower() != "accept-encoding"]
    try:
        await app(_scope("http", path, query, given, method=method, scheme="http"), receive, send)
    except Exception:
        traceback.print_exc()
        answer["status"] = 500
    return to_js([answer["status"], answer["headers"], b"".join(pieces)])


def open_socket(number: int, path: str, query: str, protocols: Any) -> None:
    """Open a websocket; what it says goes to the page as it comes."""
    queue: Queue = asyncio.Queue()
    queue.put_nowait({"type": "websocket.connect"})
    _sockets[number] = queue
    offered = list(protocols.to_py())
    headers = [
        ("host", "localhost"),
        ("origin", "http://localhost"),
        ("sec-websocket-protocol", ", ".join(offered)),
    ]

    async def send(message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "websocket.accept":
                toPage("accepted", number, message.get("subprotocol") or "")
            case "websocket.send":
                data = message.get("bytes")
                toPage("sent", number, message["text"] if data is None else to_js(data))
            case "websocket.close":
                toPage("closed", number, message.get("code", 1000))

    async def run() -> None:
        try:
            await app(
                _scope("websocket", path, query, headers, scheme="ws", subprotocols=offered), queue.get, send
            )
        except Exception:
            traceback.print_exc()
            toPage("closed", number, 1011)
        finally:
            _sockets.pop(number, None)

    task = loop.create_task(run())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def take(number: int, data: Any) -> None:
    """Hand over what the page said on a websocket."""
    if number in _sockets:
        _sockets[number].put_nowait({"type": "websocket.receive", "bytes": data.to_bytes()})


def close_socket(number: int) -> None:
    """The page closed a websocket."""
    if number in _sockets:
        _sockets[number].put_nowait({"type": "websocket.disconnect", "code": 1000})
