"""The process that readers of files are forked from: everything is imported here, and nothing was read yet.

A fork takes a few milliseconds and shares what is imported, so that every file has a reader of its own,
which no other visitor's file has met. ``python -m breakeven.dashboard.apart FD`` takes orders at a socket: a
letter and the number of a process each; with an order for a new one comes the socket that it talks to.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import resource
import select
import signal
import socket
import struct
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import SystemRandom
from typing import Any

from breakeven.dashboard.apart import wire

ORDER = struct.Struct("!cq")
"""A letter, and the number of a process."""
NEW, KILL, BORN = b"n", b"k", b"b"
NICE = 2
"""Readers leave the processor to who answers visitors."""
CPUS = 2
"""A reader uses no more of the processors of its machine; each thread that it might start takes memory."""
TELL_S = 0.2
"""How often a replay tells how far it is. [s]"""
_REAP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a reader does, and what it may take."""

    job: Callable[..., Any]
    """Function of a module; its first argument is a :class:`Teller`."""
    arguments: tuple[Any, ...]
    folder: str
    """Private folder for what is written on the way; the server deletes it."""
    megabytes: int
    """Memory beyond what is shared. [MB]"""
    cpu_s: int
    """Computing time. [s]"""


class Teller:
    """Tells the server how far the work is."""

    def __init__(self, connection: Connection | None = None) -> None:
        """Tell a connection; None: nobody listens."""
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Any) -> None:
        """Send one message; a server that has gone is no longer told."""
        if self._connection is None:
            return
        data = wire.packed(message)
        with self._lock:
            self._connection.send_bytes(data)

    def say(self, words: str) -> None:
        """Tell what is being done."""
        self.send(wire.Said(words=words))

    @contextlib.contextmanager
    def counting(self, finished: Callable[[], int]) -> Iterator[None]:
        """Tell every now and then how many requests are finished, for as long as the block runs."""
        done = threading.Event()

        def tell() -> None:
            while not done.wait(TELL_S):
                self.send(wire.Counted(finished=finished()))

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def main(descriptor: int) -> None:
    """Take orders until the server goes; then end whoever still reads."""
    import breakeven.dashboard.apart.jobs  # noqa: F401 (what it imports is what readers share)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # pages that the collector does not touch stay shared
    children: set[int] = set()
    with socket.socket(fileno=descriptor) as orders:
        while True:
            _reap(children)
            if not select.select([orders], [], [], _REAP_S)[0]:
                continue
            data, descriptors, _, _ = socket.recv_fds(orders, ORDER.size, 1)
            while data and len(data) < ORDER.size:
                data += orders.recv(ORDER.size - len(data))
            if not data:
                break
            letter, number = ORDER.unpack(data)
            if letter == NEW:
                number = _born(orders, descriptors[0])
                children.add(number)
                orders.sendall(ORDER.pack(BORN, number))
            elif number in children:
                _kill(number)
    for child in children:
        _kill(child)
    os._exit(0)  # nothing is left to be put away


def _born(orders: socket.socket, descriptor: int) -> int:
    """Fork a reader; returns its number."""
    child = os.fork()
    if child:
        os.close(descriptor)
        return child
    status = 1
    try:
        orders.close()
        with Connection(descriptor) as connection:
            read(connection)
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)
    raise AssertionError  # pragma: no cover


def _reap(children: set[int]) -> None:
    """Let go of readers that have ended; until then nobody else has their numbers."""
    for child in list(children):
        if os.waitpid(child, os.WNOHANG)[0]:
            children.discard(child)


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def read(connection: Connection) -> None:
    """Do the one work that comes, within its limits, and answer."""
    work = _work(connection)
    teller = Teller(connection)
    _limit(work)
    try:
        data = wire.packed(wire.Done(result=work.job(teller, *work.arguments)), work.arguments)
    except MemoryError:
        data = wire.packed(wire.Spent())
    except Exception as fault:
        data = wire.packed(_told(fault))
    with contextlib.suppress(OSError):  # the server does not wait any more
        connection.send_bytes(data)


def _work(connection: Connection) -> Work:
    """What the server asks; it is not a stranger, so that what it sends is taken as it is."""
    work = pickle.loads(connection.recv_bytes())
    assert isinstance(work, Work)
    return work


def _told(fault: Exception) -> Any:
    """A refusal with its sentence, or a fault of ours."""
    if type(fault).__module__.startswith("breakeven."):
        return wire.Refused(reason=fault)
    return wire.Failed(trace="".join(traceback.format_exception(fault)))


def _limit(work: Work) -> None:
    """Take no more than this from here on. On a system that counts no data segment only the time is held."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError, AttributeError):  # not every system knows it
        allowed = sorted(os.sched_getaffinity(0))
        # Not `random`, whose state is the same after every fork.
        os.sched_setaffinity(0, SystemRandom().sample(allowed, min(CPUS, len(allowed))))
    with contextlib.suppress(OSError):  # where memory runs out all the same, a reader goes first
        Path("/proc/self/oom_score_adj").write_text("1000")
    spent = int(time.process_time())
    _set(resource.RLIMIT_CPU, spent + work.cpu_s + 1)
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_DATA, _data_bytes() + work.megabytes * 1_000_000)
    tempfile.tempdir = work.folder


def _set(kind: int, most: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (most, most))


def _data_bytes() -> int:
    """Memory that this process could write to already. [B]"""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), 0)
