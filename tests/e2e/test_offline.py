"""`breakeven serve` carries its own settings: started in an empty folder, nothing leaves the machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import _wait_until_healthy, settle

pytestmark = pytest.mark.slow
PAGES = ("", "workload", "deploy", "train", "numbers", "articles", "evidence", "prices", "method")
UNWANTED = """
[browser]
gatherUsageStats = true
[client]
showErrorDetails = "full"
[theme.light]
primaryColor = "#ff0000"
"""
"""What a user may have for other dashboards of theirs."""


@contextmanager
def served(python: Path, folder: Path, home: Path) -> Iterator[str]:
    """Address of a dashboard that was started in that folder."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [str(python), "-m", "breakeven", "serve", "--headless", "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | {"HOME": str(home)}, stdout=quiet, stderr=quiet
    ) as server:
        try:
            _wait_until_healthy(f"http://localhost:{port}")
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def open_every_page(browser: Browser, address: str) -> None:
    """All pages work, in our colours, and ask no other host for anything."""
    context = browser.new_context(color_scheme="light")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    try:
        for name in PAGES:
            page.goto(f"{address}/{name}")
            settle(page)
            assert page.locator('[data-testid="stMain"]').inner_text().strip(), name
        colours = page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(e => { const s = getComputedStyle(e);"
            " return [s.color, s.backgroundColor, s.borderBottomColor] })"
        )
        assert "rgb(255, 0, 0)" not in colours
    finally:
        context.close()
    elsewhere = {url for url in asked if urlsplit(url).scheme in ("http", "https", "ws", "wss")}
    assert {urlsplit(url).netloc for url in elsewhere} == {urlsplit(address).netloc}


def test_no_request_leaves_the_machine_from_an_empty_folder(browser: Browser, tmp_path: Path) -> None:
    empty, home = tmp_path / "empty", tmp_path / "home"
    empty.mkdir()
    (home / ".streamlit").mkdir(parents=True)
    (home / ".streamlit" / "config.toml").write_text(UNWANTED, encoding="utf-8")
    with served(Path(sys.executable), empty, home) as address:
        open_every_page(browser, address)
