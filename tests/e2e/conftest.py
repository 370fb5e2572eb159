"""A running dashboard and a Chromium to use it with."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.servers import serving

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def installed() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in _NAMES if (path := shutil.which(name))), None)


def install(package: str) -> None:
    """On Debian as root the test run brings its own browsers."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], check=False, **quiet)  # type: ignore[call-overload]
        subprocess.run(["apt-get", "install", "-y", package], check=False, **quiet)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; CI never goes without."""
    if installed() is None:
        install("chromium")
    found = installed()
    if found is None:
        message = "no Chromium: install it (on Debian: apt-get install chromium) or set CHROMIUM to its path"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of the browsers."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(chromium: str, playwright: Playwright) -> Iterator[Browser]:
    """A browser without a memory, for strangers."""
    opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def profile(
    chromium: str, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """The browser of somebody who returns: it keeps the scripts of the dashboard, fetched and compiled.

    A page in it is still a session of its own; a stranger's empty profile spends a third more on opening it.
    """
    opened = playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("profile"), executable_path=chromium, args=list(FLAGS)
    )
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Address of a dashboard that was started as the README says."""
    with serving() as server:
        yield server.address


def settle(page: Page) -> Page:
    """Wait until the script has run and its charts are drawn; nothing may have failed."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
    page.wait_for_timeout(400)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
    assert page.locator('[data-testid="stException"]').count() == 0
    return page


@pytest.fixture
def visit(
    request: pytest.FixtureRequest, profile: BrowserContext, address: str
) -> Iterator[Callable[..., Page]]:
    """Open a page; ``stranger`` opens it in an empty profile, as somebody else would."""
    opened: list[Page | BrowserContext] = []
    blocked: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            blocked.append(message.text)

    def open_page(query: str = "", *, width: int = 1280, dark: bool = False, stranger: bool = False) -> Page:
        context = profile
        if stranger:
            context = request.getfixturevalue("browser").new_context()
            opened.append(context)
        page = context.new_page()
        opened.append(page)
        page.on("console", hear)
        show_at(page, width, dark=dark)
        page.goto(f"{address}/{query}")
        return settle(page)

    yield open_page
    for one in reversed(opened):
        one.close()
    assert blocked == []  # the pages run under the policy that the server sends


def show_at(page: Page, width: int, *, dark: bool = False) -> None:
    """Make the window so wide, and its owner one who likes it dark."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if dark else "light")


def at_both_widths(page: Page) -> Iterator[int]:
    """Show an open page on a desk, light, and then on a telephone, dark; the width of each."""
    for width, dark in ((1280, False), (390, True)):
        show_at(page, width, dark=dark)
        yield width if settle(page) else 0


def width_of(page: Page) -> int:
    """How wide the page is, with what stands out of the window."""
    return int(page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollWidth"))


def fits(page: Page) -> bool:
    """Nothing reaches beyond the screen's width."""
    return bool(
        page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    )


DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
  && [...document.querySelectorAll('[data-testid="stPlotlyChart"]')]
    .every(chart => chart.querySelector('.main-svg'))"""
"""No place of a chart waits for it any more."""


def still(page: Page, look: Callable[[], object] = lambda: None, most_s: float = 60) -> str:
    """What the page says once its charts are drawn and it has said the same for a second.

    Charts are drawn by scripts that come later than the page, and their axes and labels are text, too.

    Parameters
    ----------
    page
        A page of a server or of a tab.
    look
        Called before each look; it may wait until whoever answers the page has nothing to do.
    most_s
        How long the page may take. [s]
    """
    said, same, end = None, 0, time.monotonic() + most_s
    while same < 4:
        assert time.monotonic() < end, f"the page still changes, or lacks a chart, after {most_s:.0f} s"
        look()
        now = text_of(page) if page.evaluate(DRAWN) else None
        same = same + 1 if now is not None and now == said else 0
        said = now
        page.wait_for_timeout(250)
    return said or ""


def text_of(page: Page) -> str:
    """What the page says, the controls left out."""
    return page.locator('[data-testid="stMain"]').inner_text().replace("\u00a0", " ")


def headline(page: Page) -> str:
    """The answer at its top."""
    return page.locator('[data-testid="stMain"] :is(h2, h3)').first.inner_text().replace("\u00a0", " ")


def ask_longer_prompt(page: Page) -> Locator:
    """Make the usual prompt of the comparison 1,234 tokens long by its word; the line of words."""
    line = page.locator(".st-key-bar_compare")
    line.get_by_role("button", name="4,000 in / 16 out").click()
    field = page.get_by_label("Prompt tokens", exact=True).first
    field.fill("1234")
    field.press("Enter")
    expect(line).to_contain_text("1,234 in / 16 out", timeout=20_000)
    page.keyboard.press("Escape")
    return line
