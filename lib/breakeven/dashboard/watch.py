"""What the operator sees of the traffic: counts, times and lines that say nothing of a visitor."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakeven.dashboard.journal import FIELDS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_METHODS = {"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"}
_WHOLE = {
    "/_stcore/health": "health",
    "/_stcore/stream": "session",
    "/health": "health",
    "/preview.png": "preview",
}
_BEGIN = {"/_stcore/": "streamlit", "/static/": "static", "/media/": "download", "/uploads/": "upload"}


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that is over."""

    kind: str
    """What was asked for, out of a handful: a path may hold a secret number, a query a link."""
    method: str
    status: int
    """0: the connection was lost before there was an answer; 101: a session that has ended."""
    seconds: float
    address: str
    """Who asked; to be kept only where the operator wants that."""


def kind_of(path: str) -> str:
    """What a path asks for, in one word."""
    return _WHOLE.get(path) or next(
        (kind for begin, kind in _BEGIN.items() if path.startswith(begin)), "page"
    )


class Watch:
    """Tell of every request when it is over."""

    def __init__(self, app: ASGIApp, tell: Sequence[Callable[[Answered], None]], base: str = "") -> None:
        """Wrap an application; ``base`` is the path below which it is shown."""
        self.app, self.tell, self.base = app, tell, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 0

        async def seen(message: Message) -> None:
            nonlocal status
            match message["type"]:
                case "http.response.start" | "websocket.http.response.start":
                    status = message["status"]
                case "websocket.accept":
                    status = 101
                case "websocket.close" if status == 0:
                    status = 403
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            method = scope.get("method", "GET")
            answered = Answered(
                kind_of(scope["path"].removeprefix(self.base)),
                method if method in _METHODS else "other",
                status,
                time.perf_counter() - begin,
                (scope.get("client") or ("", 0))[0],
            )
            for one in self.tell:
                one(answered)


def in_log(*, addresses: bool) -> Callable[[Answered], None]:
    """Write a line for each request but those that ask for health and are told that all is well."""

    def tell(answered: Answered) -> None:
        if answered.kind == "health" and answered.status == 200:
            return
        said = {
            "kind": answered.kind,
            "method": answered.method,
            "status": answered.status,
            "seconds": round(answered.seconds, 4),
        }
        _log.info("request", extra={FIELDS: said | ({"address": answered.address} if addresses else {})})

    return tell
