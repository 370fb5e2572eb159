"""Readers of visitors' files: one process for each piece of work, within limits and one budget of memory.

:func:`start` is the switch. Where it was not called, or there are no processes to be had (a browser's tab,
Windows), the same work is done in this process, as ``breakeven price`` does it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from breakeven import machine
from breakeven.dashboard.apart import wire
from breakeven.tables.turns import Turns
from breakeven.usage.limits import Limits, limits_from
from breakeven.usage.spool import GZIP, MEGABYTE, PARQUET, ZSTD, Unreadable

if machine.PROCESSES and sys.platform != "win32":
    from multiprocessing.connection import Connection

    from breakeven.dashboard.apart import nursery

Result = TypeVar("Result")

BASE_MB, MB_PER_MB = 800, 50
"""Memory that a reader may set aside: so much, of which the tables take half, and so much for every megabyte
of the file. [MB]"""
BASE_S, S_PER_MB = 20, 2
"""Computing time of a reader, likewise. [s]"""
PATIENCE = 10
"""A reader may take this many times its computing time on the clock: others compute too."""
WAITING = "Waiting until the files of other visitors are read"
_PACKED = (GZIP, ZSTD, PARQUET, b"PK")
_UNPACKS = 10
"""A packed file is taken for so many times its size."""
_LOOK_S = 0.05
_START_S = 120
"""Until what readers are forked from is given up where it does not answer. [s]"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one piece of work may take."""

    megabytes: int
    cpu_s: int

    @property
    def sentence(self) -> str:
        """What is said where it does not do."""
        return (
            f"This file needs more time or memory than it may have here ({self.cpu_s:,} s of computing, "
            f"{self.megabytes:,} MB), so the work was stopped and nothing of it is kept. A part of the file, "
            "or sums by day, needs less; the command line has no such limit."
        )


def allowance(size: float, limits: Limits) -> Allowance:
    """What work on so many bytes may take.

    >>> allowance(2e6, Limits())
    Allowance(megabytes=900, cpu_s=24)
    >>> allowance(2e9, Limits()) == Allowance(megabytes=Limits().reader_mb, cpu_s=Limits().reader_s)
    True
    """
    megabytes = size / MEGABYTE
    return Allowance(
        megabytes=min(limits.reader_mb, round(BASE_MB + MB_PER_MB * megabytes)),
        cpu_s=min(limits.reader_s, round(BASE_S + S_PER_MB * megabytes)),
    )


def size_of(paths: Sequence[Path]) -> int:
    """Size of files that decides what their reader may take; packed ones count for what they may hold. [B]"""
    size = 0
    for path in paths:
        with path.open("rb") as file:
            packed = file.read(4).startswith(_PACKED)
        size += path.stat().st_size * (_UNPACKS if packed else 1)
    return size


class Readers:
    """Has work done in processes of its own."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Nothing runs yet."""
        self.limits = limits or limits_from()
        self._turns = Turns(self.limits.readers_mb)
        self._lock = Lock()
        self._nursery: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None

    def warm_up(self) -> None:
        """Start what readers are forked from, and do not wait for it."""
        with self._lock:
            self._open()

    def _open(self) -> socket.socket:
        """Where orders go; what readers are forked from is started anew where it has ended."""
        if self._orders is not None and self._nursery is not None and self._nursery.poll() is None:
            return self._orders
        self._close()
        mine, its = socket.socketpair()
        with its:
            # One thread: who forks has no others. It sees the server's limits, in its environment.
            alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            self._nursery = subprocess.Popen(
                [sys.executable, "-m", __package__, str(its.fileno())],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **alone},
            )
        mine.settimeout(_START_S)
        self._orders = mine
        return mine

    def _close(self) -> None:
        if self._orders is not None:
            self._orders.close()  # it ends its readers, and itself
        if self._nursery is not None:
            try:
                self._nursery.wait(2)
            except subprocess.TimeoutExpired:
                self._nursery.kill()
                self._nursery.wait()
        self._orders = self._nursery = None

    def close(self) -> None:
        """End every reader."""
        with self._lock:
            self._close()

    def do(
        self,
        job: Callable[..., Result],
        arguments: tuple[Any, ...],
        *,
        allowed: Allowance,
        visitor: str,
        told: Callable[[Any], None],
        heed: Callable[[], None],
    ) -> Result:
        """Have a job done; see :func:`do`."""
        if self._turns.runs(visitor) or self._turns.full(allowed.megabytes):
            told(wire.Said(words=WAITING))
        self._turns.begin(visitor, takes=allowed.megabytes, heed=heed)
        start = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="breakeven-") as folder:
                work = nursery.Work(
                    job=job,
                    arguments=arguments,
                    folder=folder,
                    megabytes=allowed.megabytes,
                    cpu_s=allowed.cpu_s,
                )
                answer = self._answer(work, told, heed)
        finally:
            self._turns.end(visitor, time.monotonic() - start, takes=allowed.megabytes)
        match answer:
            case wire.Done():
                result: Result = answer.result
                return result
            case wire.Refused():
                raise answer.reason
            case wire.Failed():
                raise RuntimeError(f"a reader failed:\n{answer.trace}")
        raise Unreadable(allowed.sentence)

    def _answer(self, work: nursery.Work, told: Callable[[Any], None], heed: Callable[[], None]) -> Any:
        """What a new reader answers; it is ended where somebody stops it, or it takes too long."""
        number, connection = self._born()
        late = time.monotonic() + work.cpu_s * PATIENCE
        try:
            with connection:
                connection.send_bytes(pickle.dumps(work, wire.PROTOCOL))
                while time.monotonic() < late:
                    heed()
                    if not connection.poll(_LOOK_S):
                        continue
                    message = wire.unpacked(connection.recv_bytes(wire.LONGEST), work.arguments)
                    if not isinstance(message, (wire.Said, wire.Counted)):
                        return message
                    told(message)
        except (EOFError, ConnectionError):
            pass  # it was ended by a limit, or by the system
        except (pickle.UnpicklingError, OSError) as fault:
            _log.warning("the answer of a reader was refused: %s", fault)
        finally:
            self._end(number)
        return wire.Spent()

    def _born(self) -> tuple[int, Connection]:
        """A new reader and the connection to it."""
        mine, its = socket.socketpair()
        with its, self._lock:
            for again in (True, False):
                orders = self._open()
                try:
                    socket.send_fds(orders, [nursery.ORDER.pack(nursery.NEW, 0)], [its.fileno()])
                    _, number = nursery.ORDER.unpack(_exactly(orders, nursery.ORDER.size))
                    break
                except OSError:
                    self._close()
                    if not again:
                        mine.close()
                        raise
        return number, Connection(mine.detach())

    def _end(self, number: int) -> None:
        """End a reader, whatever it does."""
        with self._lock, contextlib.suppress(OSError):
            if self._orders is not None:
                self._orders.sendall(nursery.ORDER.pack(nursery.KILL, number))


def _exactly(orders: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (piece := orders.recv(size - len(data))):
            raise ConnectionError("what readers are forked from has ended")
        data += piece
    return data


_readers: list[Readers] = []
"""The ones of this process, once they are started."""


def start() -> None:
    """From now on, have visitors' files read apart; without processes to be had, nothing changes."""
    if machine.PROCESSES and sys.platform != "win32" and not _readers:
        _readers.append(Readers())


def warm_up() -> None:
    """Begin with what the first file would wait for."""
    for one in _readers:
        one.warm_up()


def close() -> None:
    """End every reader; from now on this process reads by itself."""
    while _readers:
        _readers.pop().close()


def apart() -> bool:
    """Whether files are read by processes of their own."""
    return bool(_readers)


def do(
    job: Callable[..., Result],
    *arguments: Any,
    size: float,
    visitor: str,
    told: Callable[[Any], None],
    heed: Callable[[], None],
) -> Result:
    """Have a job done by a reader of its own, once it is the visitor's turn.

    Parameters
    ----------
    job, arguments
        A function of :mod:`breakeven.dashboard.apart.jobs`, and what it takes.
    size
        Bytes that it works on; they decide what it may take.
    visitor
        Whose turn it is: nobody has two.
    told
        Is given what the reader says on the way.
    heed
        Is called every now and then; what it raises ends the wait, and the reader.

    Raises
    ------
    Unreadable
        If it needs more than it may have; or what the job, or ``heed``, raises.
    """
    readers = _readers[-1]
    allowed = allowance(size, readers.limits)
    return readers.do(job, arguments, allowed=allowed, visitor=visitor, told=told, heed=heed)
