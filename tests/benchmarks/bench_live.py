"""How long a tab takes to its first answer, against a server that is started cold.

Run with ``uv run python -m tests.benchmarks.bench_live``.

Both are measured in the same run, in an empty profile each: from the start of ``breakeven serve``, or from
the address of the site, to the first verdict; then the tab once more, with what its browser kept.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from breakeven.static.live.build import add_live, needs
from breakeven.static.live.parts import fetch_parts
from breakeven.static.policy import POLICY, with_more
from tests.e2e.conftest import FLAGS, installed, serving
from tests.e2e.test_static_site import hosted

MOST_MS = 600_000


def _answered(page: Page, address: str) -> float:
    """Seconds from the address to the first verdict."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("body:not(:has([data-live-line])) [data-testid=stMain] h2", timeout=MOST_MS)
    return time.perf_counter() - start


def main() -> None:
    """Print the three times and their ratios."""
    parts = fetch_parts()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        live = add_live(Path(name), "/x/", parts)
        print(f"first visit: {live.bytes / 1e6:.1f} MB, packed, and Streamlit's front end")
        browser = playwright.chromium.launch(executable_path=installed(), args=list(FLAGS))
        start = time.perf_counter()
        with serving() as server:
            _answered(browser.new_context().new_page(), server.address)
            server_s = time.perf_counter() - start
        with hosted(Path(name), with_more(POLICY, needs())) as address:
            context = browser.new_context()
            for visit in ("first", "second"):
                page = context.new_page()
                tab_s = _answered(page, address)
                page.close()
                print(f"{visit} visit: {tab_s:.1f} s, {tab_s / server_s:.1f} × the server's {server_s:.1f} s")
        browser.close()


if __name__ == "__main__":
    main()
