"""Several servers on one machine: started, watched, and replaced one by one.

``breakeven serve --workers N`` runs :class:`Team`; each worker is another ``breakeven serve`` on a port of
its own, and nginx (:mod:`breakeven.dashboard.front`) makes them one. A session lives in one process,
so each worker marks its visitors with a cookie, by which nginx finds it again.

A replacement listens on the same port beside the worker that it replaces, and only once it has its tables is
the old one asked to end: no connection is refused meanwhile. What is lost is the session, which its link
restores.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "breakeven_worker"
"""Which worker holds the visitor's sessions: its number, and nothing of the visitor."""
START_S = 120.0
"""A worker that is not ready after so long is given up. [s]"""
STOP_S = 15.0
"""A worker that has not ended so long after it was asked to is ended by force. [s]"""
STEADY_S = 10.0
"""A worker that ends sooner is started again only after a pause, which doubles. [s]"""
LONGEST_PAUSE_S = 30.0
_NUMBER = "BREAKEVEN_WORKER"
_LINE = "BREAKEVEN_LINE"
_READY = b"r"
_log = logging.getLogger(__name__)

Command = Callable[[int], Sequence[str]]
"""The command line of the worker of a number, counted from 1."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One running server."""

    number: int
    process: asyncio.subprocess.Process
    line: socket.socket
    """It says over it that it is ready; it ends when nobody holds the other end any more."""

    async def is_ready(self) -> bool:
        """Wait until it answers requests; False: it ended, or took too long."""
        loop = asyncio.get_running_loop()
        heard = asyncio.ensure_future(loop.sock_recv(self.line, 1))
        ended = asyncio.ensure_future(self.process.wait())
        try:
            await asyncio.wait({heard, ended}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
            if heard.done() and heard.exception() is None and heard.result() == _READY:
                return True
            await asyncio.wait({ended}, timeout=1.0)  # its line closes a moment before it has ended
            return False
        finally:
            heard.cancel()
            ended.cancel()

    async def end(self) -> None:
        """Ask it to end, and make it after a while."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_S)
            except TimeoutError:
                _log.error("worker %d did not end in %g s and is ended by force", self.number, STOP_S)
                self.process.kill()
                await self.process.wait()
        self.line.close()


class Team:
    """The workers, and what becomes of them."""

    def __init__(self, command: Command, count: int) -> None:
        """Nothing runs yet."""
        self._command, self._count = command, count
        self._workers: dict[int, Worker] = {}
        self._turns = {number: asyncio.Lock() for number in range(1, count + 1)}
        self._stopping = asyncio.Event()
        self._renewal = asyncio.Event()

    def stop(self) -> None:
        """End all workers, and with them the team."""
        self._stopping.set()

    def renew(self) -> None:
        """Replace one worker after the other, as after an upgrade."""
        self._renewal.set()

    async def run(self) -> int:
        """Serve until :meth:`stop`; returns the exit status.

        The first worker builds the tables and keeps them, the others find them.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            for numbers in ([1], range(2, self._count + 1)):
                codes = await self._until_stopped(*(self._first(number) for number in numbers))
                if self._stopping.is_set():
                    return 0
                if any(codes):
                    return max(codes)
            _log.info("%d workers are ready", self._count)
            tasks = [asyncio.create_task(self._keep(number)) for number in self._turns]
            tasks.append(asyncio.create_task(self._renewing()))
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(worker.end() for worker in self._workers.values()))
        return 0

    async def _until_stopped(self, *starts: Awaitable[int]) -> list[int]:
        """What the starts gave; nothing once the team is to stop."""
        both = asyncio.gather(*starts)
        stopped = asyncio.create_task(self._stopping.wait())
        waited: set[asyncio.Future[Any]] = {both, stopped}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if both.done():
            return list(both.result())
        both.cancel()
        return []

    async def _first(self, number: int) -> int:
        """Start a worker for the first time; the status of one that cannot start, 0 otherwise."""
        worker = self._workers[number] = await self._start(number)
        if await worker.is_ready():
            return 0
        await worker.end()
        return 2 if worker.process.returncode == 2 else 1

    async def _start(self, number: int) -> Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(number),
                env={**os.environ, _NUMBER: str(number), _LINE: str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl+C reaches the team, which ends its workers
            )
        finally:
            theirs.close()
        return Worker(number, process, ours)

    async def _keep(self, number: int) -> None:
        """Start a worker anew whenever it ends."""
        loop = asyncio.get_running_loop()
        started, pause = loop.time(), 0.0
        while True:
            worker = self._workers[number]
            code = await worker.process.wait()
            async with self._turns[number]:
                if self._workers[number] is not worker:  # replaced, which is why it ended
                    started = loop.time()
                    continue
                steady = loop.time() - started > STEADY_S
                pause = 0.0 if steady else min(max(1.0, 2 * pause), LONGEST_PAUSE_S)
                _log.warning("worker %d ended (%d) and is started again in %g s", number, code, pause)
                worker.line.close()
                await asyncio.sleep(pause)
                started = loop.time()
                worker = self._workers[number] = await self._start(number)
                if not await worker.is_ready():
                    await worker.end()

    async def _renewing(self) -> None:
        while True:
            await self._renewal.wait()
            self._renewal.clear()
            for number in self._turns:
                async with self._turns[number]:
                    if not await self._replace(number):
                        break  # what does not start here does not start elsewhere either

    async def _replace(self, number: int) -> bool:
        """Start a worker beside an old one, and end the old one when the new one is ready."""
        old, new = self._workers[number], await self._start(number)
        try:
            ready = await new.is_ready()
        except asyncio.CancelledError:
            await new.end()
            raise
        if not ready:
            _log.error("a new worker %d does not start; the old workers stay", number)
            await new.end()
            return False
        self._workers[number] = new
        await old.end()
        _log.info("worker %d is replaced", number)
        return True


def run(command: Command, count: int) -> int:
    """Run workers until a signal: SIGTERM or SIGINT ends them, SIGHUP replaces them one by one."""

    async def serve() -> int:
        team = Team(command, count)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, team.stop)
        loop.add_signal_handler(signal.SIGINT, team.stop)
        # A terminal that is closed says SIGHUP too, and then means the end.
        loop.add_signal_handler(signal.SIGHUP, team.stop if sys.stdin.isatty() else team.renew)
        return await team.run()

    return asyncio.run(serve())


def own_number() -> int | None:
    """Number of the worker that this process is; None: it is none."""
    text = os.environ.get(_NUMBER, "")
    return int(text) if text.isdigit() else None


def hold_line(ready: Callable[[], object], over: Callable[[], None]) -> None:
    """Tell the team once this worker is ready, and notice when the team is gone.

    Parameters
    ----------
    ready
        Returns once the worker can answer.
    over
        Called when nobody is left to end this worker.
    """
    line = socket.socket(fileno=int(os.environ[_LINE]))
    os.set_inheritable(line.fileno(), False)

    def hold() -> None:
        ready()
        line.sendall(_READY)
        while line.recv(1):
            pass
        over()

    Thread(target=hold, daemon=True).start()


class Sticky:
    """Mark visitors with the number of the worker that holds their sessions."""

    def __init__(self, app: ASGIApp, number: int, path: str = "/") -> None:
        """Wrap the application of a worker; ``path`` is where the dashboard begins."""
        self.app = app
        self._mark = f"{COOKIE}={number}".encode()
        self._set = self._mark + f"; Path={path}; HttpOnly; SameSite=Lax".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        cookies = b";".join(value for name, value in scope.get("headers", ()) if name == b"cookie")
        if self._mark in (one.strip() for one in cookies.split(b";")):
            await self.app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            # Pages and connections begin at a worker; what they fetch later comes by the cookie.
            if message["type"] == "websocket.accept" or (
                message["type"] == "http.response.start" and _is_page(message)
            ):
                message = {**message, "headers": [*message.get("headers", ()), (b"set-cookie", self._set)]}
            await send(message)

        await self.app(scope, receive, marked)


def _is_page(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in message["headers"]
    )
