"""What a visitor waits for in Chromium, against an empty Streamlit page, turn by turn in one run.

Headline, first chart and a widget that is moved (a step of the load slider, until the words beside it have
changed), each over the same wait on a page that has only a heading and a slider. Both servers and the
browser's cache are warm. Budgets (design): headline 1.5 and first chart 2.5 times the empty page's heading,
the widget 3 times its slider. Run with ``uv run python -m tests.benchmarks.bench_browser``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from tests.benchmarks.visitors import DASHBOARD, OURS, served

RUNS = 9
EMPTY = """
import streamlit as st

st.header("Nothing")
value = st.select_slider("Load", range(10))
st.markdown(f"now {value}", help=None)
"""
HEADLINE, CHART = '[data-testid="stMain"] h2', '[data-testid="stMain"] .js-plotly-plot .main-svg'
THUMB = '[data-testid="stMain"] [data-testid="stSlider"] input, [data-testid="stMain"] [role="slider"]'
_SAID = """() => [...document.querySelectorAll('[data-testid="stMain"] [data-testid="stMarkdownContainer"]')]
    .filter(one => !one.closest('[data-testid="stSlider"]')).map(one => one.innerText).join()"""
"""What the page says beside the slider, whose own words change before anything is asked."""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def waits_s(context: BrowserContext, address: str, *, chart: bool) -> tuple[float, float, float]:
    """Until the headline, the first chart (or the headline again), and a moved slider's answer. [s]"""
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(HEADLINE).first.wait_for(timeout=60_000)
    headline = time.perf_counter() - begin
    if chart:
        page.locator(CHART).first.wait_for(timeout=60_000)
    drawn = time.perf_counter() - begin
    page.wait_for_selector(IDLE, timeout=60_000)
    page.wait_for_timeout(1500)
    thumb = page.locator(THUMB).first
    thumb.focus()
    before = page.evaluate(_SAID)
    begin = time.perf_counter()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"before => ({_SAID})() !== before", arg=before, timeout=60_000, polling="raf")
    moved = time.perf_counter() - begin
    page.close()
    return headline, drawn, moved


def main() -> None:
    """Measure turn by turn and print."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no Chromium: install it or set CHROMIUM to its path")
    times: dict[str, list[tuple[float, float, float]]] = {"empty page": [], "Compare": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        context = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile", executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        with served(OURS, script) as empty, served(DASHBOARD, script) as ours:
            for turn in range(RUNS + 1):
                for name, address in (("empty page", empty), ("Compare", ours)):
                    waits = waits_s(context, address, chart=name == "Compare")
                    if turn:  # the first warms up
                        times[name].append(waits)
        context.close()
    medians = {
        name: [statistics.median(part) for part in zip(*found, strict=True)] for name, found in times.items()
    }
    heading, _, slider = medians["empty page"]
    headline, chart_s, moved = medians["Compare"]
    print(f"empty page: heading after {heading * 1000:.0f} ms, a moved slider {slider * 1000:.0f} ms")
    print(f"headline after {headline * 1000:.0f} ms: {headline / heading:.2f} x (budget 1.5)")
    print(f"first chart after {chart_s * 1000:.0f} ms: {chart_s / heading:.2f} x (budget 2.5)")
    print(f"a moved slider {moved * 1000:.0f} ms: {moved / slider:.2f} x (budget 3)")


if __name__ == "__main__":
    main()
