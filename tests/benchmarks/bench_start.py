"""First page after a cold start, against an empty Streamlit app that imports the same libraries.

The clock runs from the start of the process until a visitor with an empty Chromium profile, who comes as
soon as the server answers, sees the answer (and then the first chart). Budget (design): 2 times the empty
app. Measured with the built tables kept from an earlier start, and without (``BREAKEVEN_CACHE=off``: what
the first start of a fresh machine does). Run with ``uv run python -m tests.benchmarks.bench_start``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from playwright.sync_api import Browser, sync_playwright

from tests.benchmarks.visitors import DASHBOARD, OURS, served

RUNS = 5
EMPTY = """
import duckdb, numpy, pandas, plotly.graph_objects
import streamlit as st

st.subheader("Nothing")
st.plotly_chart(plotly.graph_objects.Figure(plotly.graph_objects.Scatter(x=[1, 2], y=[1, 2])))
"""
ANSWER, CHART = '[data-testid="stMain"] h3', '[data-testid="stMain"] .js-plotly-plot'


def first_page_s(browser: Browser, command: tuple[str, ...], script: Path) -> tuple[float, float]:
    """Until the answer and until the first chart. [s]"""
    begin = time.perf_counter()
    with served(command, script) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(address)
        page.locator(ANSWER).first.wait_for(timeout=120_000)
        answer = time.perf_counter() - begin
        page.locator(CHART).first.wait_for(timeout=120_000)
        chart = time.perf_counter() - begin
        context.close()
    return answer, chart


def main() -> None:
    """Measure turn by turn and print."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no Chromium: install it or set CHROMIUM to its path")
    names = ("empty app", "Compare, tables kept", "Compare, tables built")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(RUNS):
            times[names[0]].append(first_page_s(browser, OURS, script))
            times[names[1]].append(first_page_s(browser, DASHBOARD, script))
            with patch.dict(os.environ, {"BREAKEVEN_CACHE": "off"}):
                times[names[2]].append(first_page_s(browser, DASHBOARD, script))
        browser.close()
    medians = {
        name: [statistics.median(part) for part in zip(*found, strict=True)] for name, found in times.items()
    }
    for name, (answer, chart) in medians.items():
        empty = medians[names[0]]
        print(
            f"{name}: answer after {answer:.2f} s ({answer / empty[0]:.2f} x), "
            f"first chart after {chart:.2f} s ({chart / empty[1]:.2f} x; budget 2)"
        )


if __name__ == "__main__":
    main()
