"""What a visitor of an exported site waits for in Chromium, and what is fetched before anything is pressed.

Every visit has an empty profile. Budgets (design): the answer painted within 0.5 s, 1.5 MB packed. Run with
``uv run breakeven export FOLDER`` and ``uv run python -m tests.benchmarks.bench_static FOLDER``.
"""

from __future__ import annotations

import gzip
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Response, sync_playwright

from tests.e2e.conftest import FLAGS, installed
from tests.servers import free_port

RUNS = 5
_VERDICT = """new MutationObserver((_, watch) => {
  if (!document.querySelector("main h2")?.textContent.trim()) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => performance.mark("verdict")));
}).observe(document, { childList: true, subtree: true })"""
"""Marks the first moment after the picture that holds the verdict."""


def visit(browser: Browser, address: str) -> tuple[float, float, int]:
    """First paint, verdict painted, and bytes that were fetched, packed. [s, s, B]"""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(_VERDICT)
    fetched: list[Response] = []
    page.on("response", lambda one: fetched.append(one))
    page.goto(address)
    for name in ("first-contentful-paint", "verdict"):
        page.wait_for_function("name => performance.getEntriesByName(name).length", arg=name)
    seen = "name => performance.getEntriesByName(name)[0].startTime / 1e3"
    paint, verdict = (page.evaluate(seen, name) for name in ("first-contentful-paint", "verdict"))
    size = sum(len(gzip.compress(one.body())) for one in fetched)
    context.close()
    return paint, verdict, size


@contextmanager
def quiet(command: list[str]) -> Iterator[None]:
    """Run a program whose words nobody reads."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            yield
        finally:
            program.terminate()


def main(folder: Path) -> None:
    """Print a line a page."""
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "localhost", "-d", str(folder)]
    with quiet(command), sync_playwright() as driver:
        time.sleep(1)
        browser = driver.chromium.launch(executable_path=installed(), args=list(FLAGS))
        for path in sorted(folder.rglob("index.html")):
            name = path.parent.relative_to(folder).as_posix().removeprefix(".")
            address = f"http://localhost:{port}/{name}{'/' if name else ''}"
            visits = [visit(browser, address) for _ in range(RUNS)]
            paint, verdict = (statistics.median(one[part] for one in visits) for part in (0, 1))
            longest = max(one[1] for one in visits)
            size = max(one[2] for one in visits) / 1e3
            waits = f"paint {paint:.2f} s, verdict {verdict:.2f} s (most {longest:.2f})"
            print(f"{name or '/':24} {waits}, {size:.0f} kB", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
