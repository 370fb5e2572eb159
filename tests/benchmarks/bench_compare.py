"""Compare page: a widget moved, against an empty Streamlit page, interleaved in one run.

Two measures. The rerun: a widget's new value is sent over the websocket, the clock stops when the
script's last message has arrived; the budget (design) is 3 times the empty page's. And what a visitor
sees: a number typed in Chromium, until the page shows it and the script rests, drawing included.
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
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from lib.comparison import compare
from lib.scenario import Scenario
from lib.ui.session import tables_on

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


@contextmanager
def served(script: Path) -> Iterator[str]:
    """Serve a script as the dashboard is served."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless", "true", "--server.port", str(port), "--server.address", "localhost"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
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


class Visitor:
    """A websocket that speaks Streamlit's protocol, without a browser behind it."""

    def __init__(self, socket_: ClientConnection) -> None:
        """Open the page."""
        self.socket = socket_
        self.widget = ""
        message = BackMsg()
        message.rerun_script.query_string = ""
        self.run(message)

    def run(self, message: BackMsg) -> None:
        """Send a message and take everything that the script answers."""
        self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(self.socket.recv())  # type: ignore[arg-type]
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


def rerun_ms(empty: str, full: str) -> tuple[float, float]:
    """Medians of both pages' reruns. [ms]"""
    addresses = [f"ws{address.removeprefix('http')}/_stcore/stream" for address in (empty, full)]
    times: list[list[float]] = [[], []]
    with connect(addresses[0], max_size=None) as one, connect(addresses[1], max_size=None) as other:
        visitors = [Visitor(one), Visitor(other)]
        for number in range(RUNS + 3):
            for visitor, kept in zip(visitors, times, strict=True):
                kept.append(visitor.change_ms(1000 + 7 * number))
    return statistics.median(times[0][3:]), statistics.median(times[1][3:])


def change_ms(page: Page, value: int) -> float:
    """Type another number of prompt tokens and wait for it to be read back from the page."""
    field = page.get_by_label("Prompt tokens", exact=True).first
    field.fill(str(value))
    field.press("Enter")
    return float(page.evaluate(MEASURE, [f"{value:,}"]))


def main() -> None:
    """Measure and print."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no Chromium: install it or set CHROMIUM to its path")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        with served(script) as empty, served(ROOT / "app.py") as full, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            pages = []
            for address in (empty, full):
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.goto(address)
                page.get_by_label("Prompt tokens", exact=True).first.wait_for()
                page.wait_for_timeout(3000)
                pages.append(page)
            times: list[list[float]] = [[], []]
            # Interleaved, so that a busy machine slows both.
            for number in range(RUNS + 3):
                for page, kept in zip(pages, times, strict=True):
                    page.bring_to_front()
                    kept.append(change_ms(page, 1000 + 7 * number))
            browser.close()
            empty_rerun, full_rerun = rerun_ms(empty, full)
    empty_ms, full_ms = (statistics.median(kept[3:]) for kept in times)
    scenario = Scenario(as_of=date(2026, 11, 21))
    tables = tables_on(scenario.as_of)
    answers = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        compare(scenario, tables)
        answers.append((time.perf_counter() - begin) * 1e3)
    ratio = full_rerun / empty_rerun
    print(f"rerun: empty page {empty_rerun:.0f} ms, Compare {full_rerun:.0f} ms: {ratio:.1f} x")
    print(f"of which computing the answer: {statistics.median(answers):.0f} ms")
    print(f"seen in Chromium: empty page {empty_ms:.0f} ms, Compare {full_ms:.0f} ms")


if __name__ == "__main__":
    main()
