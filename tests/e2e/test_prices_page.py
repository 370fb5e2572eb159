"""The Prices page, as a visitor uses it."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import settle, text_of, width_of

Visit = Callable[..., Page]


@pytest.mark.parametrize(("tab", "width"), [("History", 1280), ("API+offers", 390), ("Tables+and+SQL", 390)])
def test_prices_page_fits_the_screen(visit: Visit, tab: str, width: int) -> None:
    page = visit(f"prices?prices_tab={tab}", width=width, dark=width == 390)
    assert width_of(page) <= width


def test_statement_is_answered_and_its_link_repeats_it(visit: Visit) -> None:
    page = visit("prices")
    page.get_by_role("radio", name="Tables and SQL").click()
    page.get_by_text("Data dictionary").wait_for()
    box = page.get_by_label("Statement")
    box.fill("SELECT count(*) AS n FROM presets; DROP TABLE presets")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("exactly one statement").wait_for()
    settle(page)
    box.fill("SELECT gpu_id, memory_gb FROM gpus ORDER BY memory_gb DESC LIMIT 5")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("Plot across").wait_for()
    settle(page)
    page.wait_for_function("() => new URLSearchParams(location.search).has('prices_sql')")
    query = urlsplit(page.url).query
    assert len(query) < 2_000
    again = visit(f"prices?{query}")
    again.get_by_text("Plot across").wait_for()
    assert "exactly one statement" not in text_of(again)
    with again.expect_download() as download:
        again.get_by_role("button", name="Download CSV").last.click()
    assert download.value.suggested_filename.endswith(".csv")
