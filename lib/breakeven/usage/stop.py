"""Stop a long read from another thread: its queries are interrupted, its loops end, its copies go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from threading import Lock

import duckdb
from duckdb import DuckDBPyConnection


class Stopped(Exception):
    """The read was stopped on request; nothing of it is kept."""


class Stop:
    """Asked by one thread, heeded by the one that reads inside :func:`heeding`."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._lock = Lock()
        self._asked = False
        self._connection: DuckDBPyConnection | None = None

    def ask(self) -> None:
        """Ask to stop. A query that begins at the same moment may miss it: ask until the reader is done."""
        with self._lock:
            self._asked = True
            if self._connection is not None:
                with contextlib.suppress(duckdb.Error):  # closed in the meantime
                    self._connection.interrupt()

    def heed(self, connection: DuckDBPyConnection | None = None) -> None:
        """Raise where somebody asked, and from now on interrupt what this connection does.

        Raises
        ------
        Stopped
            If somebody asked.
        """
        with self._lock:
            self._connection = connection or self._connection
            if self._asked:
                raise Stopped


_CURRENT: ContextVar[Stop | None] = ContextVar("stop", default=None)


@contextlib.contextmanager
def heeding(stop: Stop | None) -> Iterator[None]:
    """Heed a stop in this thread for as long as the block runs."""
    token = _CURRENT.set(stop)
    try:
        yield
    except duckdb.InterruptException:
        raise Stopped from None
    finally:
        _CURRENT.reset(token)


def heed_stop(connection: DuckDBPyConnection | None = None) -> None:
    """Heed the stop of this thread, if it has one.

    Raises
    ------
    Stopped
        If somebody asked to stop.
    """
    stop = _CURRENT.get()
    if stop is not None:
        stop.heed(connection)
