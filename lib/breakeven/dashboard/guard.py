"""What the server says with every answer, what it does not show, and how long it waits for a slow client.

Headers after the OWASP Secure Headers Project; the policy is the strictest under which the pages run, which
:mod:`tests.e2e.test_guard` watches in a browser.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from websockets.http11 import Request, Response

HEAD_S = 10.0
"""A client that takes longer for the head of a request is let go. [s]"""
BODY_S = 30.0
"""A client that sends nothing of a body for so long is let go. [s]"""
POLICY = {
    "default-src": "'self'",
    # Streamlit's page begins with a script of its own.
    "script-src": "'self' 'unsafe-inline'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
"""Content-Security-Policy, without who may frame the page."""
HEADERS = {
    "x-content-type-options": "nosniff",
    # A link holds a scenario, which is nobody else's business.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
}
ROBOTS = "User-agent: *\nDisallow: /_stcore/\nDisallow: /uploads/\n"
_HIDDEN = ("/_stcore/metrics",)
_HOSTS = "/_stcore/host-config"


class Guard:
    """Add headers, hide what is the operator's, and stop waiting for bodies that do not come."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "websocket":
            await self._talk(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, headers = scope["path"], headers_of(scope["query_string"])

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in headers.items()]
                names = {name for name, _ in own}
                kept = [(name, value) for name, value in message["headers"] if name.lower() not in names]
                message = {**message, "headers": [*kept, *own]}
            await send(message)

        if path.endswith(_HIDDEN):
            await _answer(said, 404, b"not here", "text/plain")
        elif path == "/robots.txt":
            await _answer(said, 200, ROBOTS.encode(), "text/plain")
        elif path.endswith(_HOSTS):
            await self._hosts(scope, receive, said)
        else:
            await self.app(scope, _in_time(receive), said)

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer who wants a websocket; a refusal has the headers of every other answer."""
        open_ = False

        async def said(message: Message) -> None:
            nonlocal open_
            open_ = open_ or message["type"] == "websocket.accept"
            if message["type"] == "websocket.close" and not open_:
                await _refuse_talk(send)
            else:
                await send(message)

        if _is_address(dict(scope["headers"]).get(b"origin", b"")):
            await self.app(scope, receive, said)
        else:
            await _refuse_talk(send)

    async def _hosts(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What Streamlit tells its page of the pages around it: none of them may send it messages."""
        status, body = 500, bytearray()

        async def held(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, held)
        said: dict[str, Any] = json.loads(bytes(body)) if status == 200 else {}
        await _answer(send, status, json.dumps({**said, "allowedOrigins": []}).encode(), "application/json")


def headers_of(query: bytes) -> dict[str, str]:
    """Headers of an answer; only the card that is made for other pages may stand in a frame of one."""
    embedded = parse_qs(query.decode("latin-1")).get("embed") == ["true"]
    policy = {**POLICY, "frame-ancestors": "*" if embedded else "'self'"}
    said = {**HEADERS, "content-security-policy": "; ".join(f"{name} {who}" for name, who in policy.items())}
    return said if embedded else {**said, "x-frame-options": "SAMEORIGIN"}


def _is_address(origin: bytes) -> bool:
    """Whether the page that asks has an address that can be read; Streamlit takes that for granted."""
    try:
        urlsplit(origin.decode("latin-1"))
    except ValueError:
        return False
    return True


async def _refuse_talk(send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in headers_of(b"").items()]
    await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})


def _in_time(receive: Receive) -> Receive:
    """The body of a request; who stops sending it has gone."""

    waiting = True

    async def piece() -> Message:
        nonlocal waiting
        if not waiting:  # the body is whole; what comes now is only that the client leaves
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_S)
        except TimeoutError:
            message = {"type": "http.disconnect"}
        waiting = message["type"] == "http.request" and bool(message.get("more_body"))
        return message

    return piece


async def _answer(send: Send, status: int, body: bytes, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class InTime(H11Protocol):
    """HTTP whose clients have to finish the head of a request."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is whole ends the wait."""
        super().data_received(data)
        upgraded = self.transport.get_protocol() is not self  # to a websocket, which may be silent for hours
        if upgraded or (self.cycle is not None and not self.cycle.response_complete):
            self._heard()
        elif self._late is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Answered: the connection may rest until the next request begins."""
        self._heard()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there to wait for."""
        self._heard()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, with the headers of every other answer."""
        if self.cycle is not None:  # its answer would come after ours
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # half of an answer is out already
            self.transport.close()
            return
        headers = [(name.encode(), value.encode()) for name, value in headers_of(b"").items()]
        headers += [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=msg.encode("ascii")),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_S, self._close)

    def _heard(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.transport.close()


class Talk(WebSocketsSansIOProtocol):
    """Websockets whose refusals have the headers of every other answer."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Begin without a connection."""
        super().__init__(*arguments, **named)
        self._accept = self.conn.accept
        self.conn.accept = self._with_headers  # type: ignore[method-assign]

    def _with_headers(self, request: Request) -> Response:
        response = self._accept(request)
        if response.status_code != 101:
            response.headers.update(headers_of(b""))
        return response


def without_traceback(record: logging.LogRecord) -> bool:
    """Take the traceback from a line about a frame that is no text: a visitor's fault, and no news."""
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
    return True
