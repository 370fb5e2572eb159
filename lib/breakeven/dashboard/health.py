"""Whether the server can answer: its tables, asked by a query, and the files that pages read later.

``/_stcore/health`` is what a browser asks before it connects, so it speaks of what every page needs: the
tables. ``/health`` is the operator's and speaks of all.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from breakeven.dashboard import session
from breakeven.paths import APP, DATA

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from breakeven.tables.queries import Connection

PATIENCE_S = 5.0
"""A query that has not answered within it counts as none. [s]"""
FRESH_S = 1.0
"""So long an answer stands, however many ask. [s]"""
_STREAMLIT = "/_stcore/health"
_OWN = "/health"
_log = logging.getLogger(__name__)

Reason = str | None
"""Why the server is not well, for anybody to read; None: it is."""


def tables_reason(opened: Callable[[], Connection | None] = session.opened) -> Reason:
    """Ask the tables for their prices."""
    connection = opened()
    if connection is None:
        return session.problem() or "the tables are being read"
    try:
        for table in ("api_prices", "gpu_prices", "models"):
            row = connection.cursor().execute(f"SELECT count(*) FROM {table}").fetchone()
            if row is None or row[0] == 0:
                return f"the table {table} is empty"
    except Exception:
        _log.exception("the tables do not answer")
        return "the tables do not answer; the log says more"
    return None


def _shipped() -> tuple[Path, ...]:
    """Every file that came with the program and may be read later."""
    folders = (DATA, DATA / "samples", APP.parent / "pages")
    return (APP, *(path for folder in folders for path in sorted(folder.glob("*.*")) if path.is_file()))


@dataclass(slots=True)
class Proof:
    """What was found, kept for a moment."""

    files: tuple[Path, ...] = field(default_factory=_shipped)
    """Files as they were when the server started."""
    _tables: tuple[float, Reason] | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def tables(self) -> Reason:
        """Why the tables do not answer; asked once, whoever waits."""
        async with self._asking:
            now = time.monotonic()
            if self._tables is None or now - self._tables[0] > FRESH_S:
                try:
                    found = await asyncio.wait_for(run_in_threadpool(tables_reason), PATIENCE_S)
                except TimeoutError:
                    found = f"the tables did not answer within {PATIENCE_S:g} s"
                self._tables = time.monotonic(), found
            return self._tables[1]

    def missing(self) -> Reason:
        """Which files cannot be read any more."""
        gone = [path for path in self.files if not os.access(path, os.R_OK)]
        names = ", ".join(path.relative_to(APP.parent).as_posix() for path in gone[:3])
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        return f"cannot be read: {names}{more}" if gone else None

    async def reason(self) -> Reason:
        """Why the server is not well in any way."""
        return await self.tables() or self.missing()


class Health:
    """Answer whether the server is well."""

    def __init__(self, app: ASGIApp, proof: Proof, base: str = "") -> None:
        """Wrap an application; ``base`` is the path below which it is shown, such as ``/breakeven``."""
        self.app, self.proof, self.base = app, proof, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope["path"].removeprefix(self.base) if scope["type"] == "http" else ""
        if path == _STREAMLIT and (reason := await self.proof.tables()):
            await _said(reason)(scope, receive, send)
        elif path == _OWN:
            await _said(await self.proof.reason())(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _said(reason: Reason) -> PlainTextResponse:
    return PlainTextResponse(reason or "ok", 503 if reason else 200, {"cache-control": "no-cache"})
