"""Compare page: a widget moved, against an empty Streamlit page, interleaved in one run.

The rerun: a widget's new value is sent over the websocket, the clock stops when the script's last
message has arrived. The empty page is served twice: by ``streamlit run``, which is what an empty
Streamlit page is, and by the server that ``breakeven serve`` uses. Budget (design): 3 times the empty
page. Then what a visitor sees: a number typed in Chromium, until the page shows it and the script rests.
Run with ``uv run python -m tests.benchmarks.bench_compare``.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import streamlit as st
import uvicorn
from playwright.sync_api import Page, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from breakeven.comparison.answer import compare
from breakeven.dashboard.session import tables_on
from breakeven.question.scenario import Scenario

ROOT = Path(__file__).parents[2]
RUNS = 25
EMPTY = """
import streamlit as st

value = st.number_input("Prompt tokens", 1, 2_000_000, 4000)
st.write(f"{value:,} tokens")
"""
# Time from the change until the script has run and the new text stands on the page. [ms]
MEASURE = """
([text]) => new Promise(resolve => {
    const begin = performance.now()
    const app = document.querySelector('[data-testid="stApp"]')
    const done = () => app.dataset.testScriptState === 'notRunning' && app.innerText.includes(text)
    const watch = () => done() ? resolve(performance.now() - begin) : requestAnimationFrame(watch)
    watch()
})
"""


STOCK = ("streamlit", "run", "{script}", "--server.headless=true", "--server.port={port}")
OURS = ("tests.benchmarks.bench_compare", "{script}", "{port}")
DASHBOARD = ("breakeven", "serve", "--headless", "--port={port}")


@contextmanager
def served(command: tuple[str, ...], script: Path) -> Iterator[str]:
    """Serve a script; gives its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    words = [word.format(script=script, port=port) for word in command]
    with subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()


def serve(script: str, port: int) -> None:
    """Serve a script as ``breakeven serve`` does."""
    uvicorn.run(st.App(script), host="localhost", port=port, log_level="warning")


class Visitor:
    """A websocket that speaks Streamlit's protocol, without a browser behind it."""

    def __init__(self, socket_: ClientConnection, query: str = "") -> None:
        """Open the page, by a link where there is one."""
        self.socket = socket_
        self.widget = ""
        self.answers: list[ForwardMsg] = []
        message = BackMsg()
        message.rerun_script.query_string = query
        self.run(message)

    def run(self, message: BackMsg) -> None:
        """Send a message and take everything that the script answers."""
        self.socket.send(message.SerializeToString())
        self.answers = []
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(self.socket.recv())  # type: ignore[arg-type]
            self.answers.append(answer)
            kind = answer.WhichOneof("type")
            if kind == "delta" and not self.widget:
                element = answer.delta.new_element
                if element.WhichOneof("type") == "number_input":
                    self.widget = element.number_input.id
            if kind == "script_finished":
                return

    def change_ms(self, value: int) -> float:
        """Move the first number to another value. [ms]"""
        message = BackMsg()
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.double_value = self.widget, value
        begin = time.perf_counter()
        self.run(message)
        return (time.perf_counter() - begin) * 1e3


def rerun_ms(addresses: list[str]) -> list[float]:
    """Median rerun of each page. [ms]"""
    with ExitStack() as stack:
        visitors = [
            Visitor(
                stack.enter_context(
                    connect(f"ws{address.removeprefix('http')}/_stcore/stream", max_size=None)
                )
            )
            for address in addresses
        ]
        times: list[list[float]] = [[] for _ in visitors]
        # Interleaved, so that a busy machine slows all of them.
        for number in range(RUNS + 3):
            for visitor, kept in zip(visitors, times, strict=True):
                kept.append(visitor.change_ms(1000 + 7 * number))
    return [statistics.median(kept[3:]) for kept in times]


def seen_ms(addresses: list[str]) -> list[float]:
    """Median time until a visitor in Chromium sees the change. [ms]"""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no Chromium: install it or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        pages = []
        for address in addresses:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.get_by_label("Prompt tokens", exact=True).first.wait_for()
            page.wait_for_timeout(3000)
            pages.append(page)
        times: list[list[float]] = [[] for _ in pages]
        for number in range(RUNS + 3):
            for page, kept in zip(pages, times, strict=True):
                page.bring_to_front()
                kept.append(change_ms(page, 1000 + 7 * number))
        browser.close()
    return [statistics.median(kept[3:]) for kept in times]


def change_ms(page: Page, value: int) -> float:
    """Type another number of prompt tokens and wait for it to be read back from the page. [ms]"""
    field = page.get_by_label("Prompt tokens", exact=True).first
    field.fill(str(value))
    field.press("Enter")
    return float(page.evaluate(MEASURE, [f"{value:,}"]))


def answer_ms() -> float:
    """Median time of computing the default answer, without any page. [ms]"""
    scenario = Scenario(as_of=date(2026, 11, 21))
    tables = tables_on(scenario.as_of)
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        compare(scenario, tables)
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        addresses = [stack.enter_context(served(command, script)) for command in (STOCK, OURS, DASHBOARD)]
        stock, ours, full = rerun_ms(addresses)
        empty_seen, full_seen = seen_ms([addresses[0], addresses[2]])
    print(f"rerun: empty page {stock:.0f} ms by streamlit run, {ours:.0f} ms by our server")
    print(f"rerun: Compare {full:.0f} ms: {full / stock:.1f} x and {full / ours:.1f} x the empty page")
    print(f"of which computing the answer: {answer_ms():.0f} ms")
    print(f"seen in Chromium: empty page {empty_seen:.0f} ms, Compare {full_seen:.0f} ms")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve(sys.argv[1], int(sys.argv[2]))
    else:
        main()
