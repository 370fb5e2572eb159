"""What the server says with every answer, what it does not show, and how long it waits for a slow client.

Headers after the OWASP Secure Headers Project; the policy is the strictest under which the pages run, which
:mod:`tests.e2e.test_guard` watches in a browser.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
