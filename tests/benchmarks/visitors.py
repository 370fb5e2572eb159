"""Visitors without a browser: Streamlit's own messages over a websocket, as its front end sends them.

A visitor keeps what a browser keeps and sends with every change: the state of all widgets that were
touched, the address that the page wrote, the large messages it has already. So what the server computes
and what it leaves out is what it would for a browser.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import streamlit as st
import uvicorn
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from breakeven.dashboard.server import OPTIONS

ROOT = Path(__file__).parents[2]
STOCK = ("streamlit", "run", "{script}", "--server.headless=true", "--server.port={port}")
"""An empty page as ``streamlit run`` serves it."""
OURS = ("tests.benchmarks.visitors", "{script}", "{port}")
"""The same by the server and the options that ``breakeven serve`` uses."""
DASHBOARD = ("breakeven", "serve", "--headless", "--port={port}")


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    address: str
    pid: int

    def cpu_s(self) -> float:
        """Processor time that it has used, all its threads together; from /proc, so on Linux. [s]"""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Memory that it holds. [MB]"""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def started(command: tuple[str, ...], script: Path) -> Iterator[Served]:
    """Serve a script on a free port, and stop it."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    words = [word.format(script=script, port=port) for word in command]
    with subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            for _ in range(1200):
                try:
                    urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield Served(f"http://localhost:{port}", server.pid)
        finally:
            server.terminate()


@contextmanager
def served(command: tuple[str, ...], script: Path) -> Iterator[str]:
    """Serve a script; gives its address."""
    with started(command, script) as server:
        yield server.address


def serve(script: str, port: int) -> None:
    """Serve a script as ``breakeven serve`` does, with its options."""
    app = st.App(script)
    for option, value in OPTIONS.items():
        config.set_option(option, value)
    uvicorn.run(app, host="localhost", port=port, log_level="warning", ws_per_message_deflate=False)


class Browser:
    """What a browser keeps of one page, and what it sends."""

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        """Nothing has been answered yet."""
        self.url = f"{address}/{page}"
        self.page = page
        self.query = query
        self.script = ""
        self.ids: dict[str, str] = {}
        """Identities of widgets by the ending that is their key, or by the type of an element without one."""
        self.fragments: dict[str, str] = {}
        """Part of the page that a widget stands in, which alone is run again when it changes."""
        self.states: dict[str, WidgetState] = {}
        self.cached: set[str] = set()
        self.messages = self.n_bytes = 0
        self.failed = False
        self.answers: list[ForwardMsg] = []
        """Of the last run."""

    def message(self, key: str = "", **value: Any) -> bytes:
        """Ask for a run; with a key, that widget has a new value, named as in ``WidgetState``."""
        if key:
            state = WidgetState(id=self.ids[key])
            for kind, one in value.items():
                if kind == "string_array_value":
                    state.string_array_value.data[:] = one
                else:
                    setattr(state, kind, one)
            self.states[key] = state
        self.answers = []
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self.query
        asked.fragment_id = self.fragments.get(self.ids[key], "") if key else ""
        asked.page_script_hash = self.script
        asked.page_name = "" if self.script else self.page
        asked.widget_states.widgets.extend(self.states.values())
        asked.cached_message_hashes.extend(self.cached)
        asked.context_info.url = self.url
        return message.SerializeToString()

    def take(self, data: bytes) -> bool:
        """Take one answer; whether it was the last one of a run."""
        answer = ForwardMsg.FromString(data)
        self.answers.append(answer)
        self.messages, self.n_bytes = self.messages + 1, self.n_bytes + len(data)
        kind = answer.WhichOneof("type")
        if answer.metadata.cacheable:
            self.cached.add(answer.hash)
        if kind == "page_info_changed":
            self.query = answer.page_info_changed.query_string
        elif kind == "navigation":
            self.script = answer.navigation.page_script_hash
        elif kind == "delta":
            self._note(answer)
        return kind == "script_finished"

    def _note(self, answer: ForwardMsg) -> None:
        part = answer.delta.WhichOneof("type")
        if part not in ("add_block", "new_element"):
            return
        element = getattr(answer.delta, part)
        kind = element.WhichOneof("type")
        self.failed |= kind == "exception"
        identity = getattr(getattr(element, kind or "", None), "id", "")
        if identity.startswith("$$ID-"):
            self.ids[identity.split("-", 2)[2]] = identity
            self.fragments[identity] = answer.delta.fragment_id
            if identity.endswith("-None"):
                self.ids[str(kind)] = identity


def stream(address: str) -> str:
    """Where the websocket of a server is."""
    return f"ws{address.removeprefix('http')}/_stcore/stream"


class Visitor(Browser):
    """A visitor who waits for each answer."""

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        """Open the page."""
        super().__init__(address, page, query)
        self._open = ExitStack()
        self.socket = self._open.enter_context(connect(stream(address), max_size=None, open_timeout=60))
        self.ask()

    def ask(self, key: str = "", **value: Any) -> float:
        """Change a widget and wait until the script has run; how long that took. [s]"""
        begin = time.perf_counter()
        self.socket.send(self.message(key, **value))
        while not self.take(self.socket.recv()):  # type: ignore[arg-type]
            pass
        return time.perf_counter() - begin

    def __enter__(self) -> Visitor:
        """Leave at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        self.close()

    def close(self) -> None:
        """Leave."""
        self._open.close()


class Guest(Browser):
    """The same among many others, on one event loop."""

    async def enter(self) -> None:
        """Open the page."""
        self.socket = await connect_async(stream(self.url.rpartition("/")[0]), max_size=None)
        await self.ask()

    async def ask(self, key: str = "", **value: Any) -> float:
        """Change a widget and wait until the script has run; how long that took. [s]"""
        begin = time.perf_counter()
        await self.socket.send(self.message(key, **value))
        while not self.take(await self.socket.recv()):  # type: ignore[arg-type]
            pass
        return time.perf_counter() - begin


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
