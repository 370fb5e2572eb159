"""Threads where there are none: their work is done at once, or at the next turn of the one event loop.

WebAssembly in a worker has one thread. Streamlit starts one for every run of a script and for some of its
own work; AnyIO and asyncio hand work to others. All of it runs here, in order.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

import anyio.to_thread

SCRIPT = "ScriptRunner"
"""Beginning of the names of the threads that run a visitor's script: they wait until the caller is done."""


def take_over(loop: asyncio.AbstractEventLoop) -> None:
    """Have every thread, executor and event loop of this interpreter be the one that there is."""

    def start(self: threading.Thread) -> None:
        self._started.set()  # type: ignore[attr-defined]
        if isinstance(self, threading.Timer):
            loop.call_later(self.interval, lambda: None if self.finished.is_set() else _run(self))
        elif self.name.startswith(SCRIPT):
            loop.call_soon(_run, self)
        else:
            _run(self)

    threading.Thread.start = start  # type: ignore[method-assign]
    threading.Thread.is_alive = lambda _self: False  # type: ignore[method-assign,assignment]
    threading.Thread.join = (  # type: ignore[method-assign]
        lambda _self, timeout=None: None  # type: ignore[assignment]  # noqa: ARG005
    )
    concurrent.futures.ThreadPoolExecutor.submit = (  # type: ignore[method-assign]
        lambda _self, work, /, *given, **named: _done(work, *given, **named)
    )
    anyio.to_thread.run_sync = _at_once  # type: ignore[assignment]
    asyncio.to_thread = _at_once_named
    kind = type(loop)
    kind.run_in_executor = _in_no_executor  # type: ignore[method-assign,assignment]
    # A script asks for a loop of its own, and closes it; there is this one only.
    kind.close = lambda _self: None  # type: ignore[method-assign,assignment]
    for module in (asyncio, asyncio.events):
        module.new_event_loop = lambda: loop  # type: ignore[attr-defined]
        module.set_event_loop = lambda _loop: None  # type: ignore[attr-defined]


def _run(thread: threading.Thread) -> None:
    """Run a thread's work as that thread: what is kept by thread finds its own."""
    number = threading.get_ident()
    active: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]
    before = active.get(number)
    active[number] = thread
    try:
        thread.run()
    finally:
        if before is None:
            active.pop(number, None)
        else:
            active[number] = before


def _done(work: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()
    try:
        future.set_result(work(*given, **named))
    except BaseException as fault:
        future.set_exception(fault)
    return future


async def _at_once(work: Callable[..., Any], *given: Any, **_limits: Any) -> Any:
    return work(*given)


async def _at_once_named(work: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
    return work(*given, **named)


def _in_no_executor(
    self: asyncio.AbstractEventLoop, _executor: object, work: Callable[..., Any], *given: Any
) -> asyncio.Future[Any]:
    future = self.create_future()
    try:
        future.set_result(work(*given))
    except BaseException as fault:
        future.set_exception(fault)
    return future
