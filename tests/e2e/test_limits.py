"""A file that takes long, or too much, is its visitor's own affair: the others work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.builders import SAMPLES
from tests.e2e.conftest import headline, settle, text_of
from tests.e2e.test_workload_page import upload
from tests.servers import serving

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def costly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six megabytes in which everybody is somebody else: many seconds of computing."""
    path = tmp_path_factory.mktemp("costly") / "everybody.csv"
    rows = (
        f"2026-10-{1 + n % 28:02}T{n // 28 % 24:02}:{n // 600 % 60:02}:00Z,"
        f"{n * 7919 % 90_000},{n % 9000},gpt-4o,0.01,u{n}\n"
        for n in range(120_000)
    )
    path.write_text("timestamp,input_tokens,output_tokens,model,cost,user\n" + "".join(rows))
    return path


def give(page: Page, path: Path) -> None:
    """Give a file to the page, and do not wait."""
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(str(path))


def test_others_work_while_a_long_file_is_read_and_its_visitor_can_cancel(visit: Visit, costly: Path) -> None:
    one, other = visit("workload", stranger=True), visit("workload", stranger=True)
    give(one, costly)
    cancel = one.get_by_role("button", name="Cancel")
    cancel.wait_for(timeout=60_000)
    upload(other, SAMPLES / "cursor_usage.csv")
    assert headline(other).startswith("This usage costs $0.164 at list price")
    assert cancel.is_visible()  # the other was served meanwhile
    cancel.click()
    one.get_by_text("Reading was cancelled").wait_for(timeout=60_000)
    settle(one)
    one.get_by_role("button", name="Remove everybody.csv").click()
    settle(one)
    upload(one, SAMPLES / "by_hand.csv")
    assert "by_hand.csv" in text_of(one)
    assert one.locator('[data-testid="stAlert"]').count() == 0


@pytest.fixture(scope="module")
def narrow() -> Iterator[str]:
    """A dashboard that gives little time to a file."""
    with serving("--max-reader-s", "4") as server:
        yield server.address


def test_a_file_that_takes_too_much_is_refused_in_a_sentence_and_the_next_works(
    browser: Browser, narrow: str, costly: Path
) -> None:
    page = browser.new_page()
    page.goto(f"{narrow}/workload")
    settle(page)
    give(page, costly)
    alert = page.get_by_text("needs more time or memory than it may have here")
    alert.wait_for(timeout=180_000)
    settle(page)
    assert "(4 s of computing, 1,105 MB)" in text_of(page)
    assert "BREAKEVEN" not in text_of(page)
    page.get_by_role("button", name="Remove everybody.csv").click()
    settle(page)
    upload(page, SAMPLES / "cursor_usage.csv")
    assert headline(page).startswith("This usage costs $0.164 at list price")
    page.close()
