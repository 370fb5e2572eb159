"""The page of rules of thumb, as a visitor uses it."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.e2e.conftest import at_both_widths, settle, width_of

Visit = Callable[..., Page]


def test_search_opens_one_rule_and_the_link_repeats_it(visit: Visit) -> None:
    page = visit("numbers?v=1&as_of=2026-11-21")
    field = page.get_by_label("Find", exact=True)
    field.fill("embeddings self-hosted")
    field.press("Enter")
    page.wait_for_function("() => new URLSearchParams(location.search).get('numbers_find').startsWith('emb')")
    settle(page)
    page.get_by_text("Working: Bought embeddings against self-hosted ones").click()
    page.get_by_text("What to do.").wait_for()
    again = visit(f"numbers?{urlsplit(page.url).query}")
    assert again.get_by_role("heading", name="Bought embeddings against self-hosted ones").count() == 1
    assert again.get_by_text("Training a 13B model").count() == 0


def test_page_to_print_downloads_whole(visit: Visit) -> None:
    page = visit("numbers?v=1&as_of=2026-11-21")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="One page to print").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>")


def test_numbers_page_fits_the_screen(visit: Visit) -> None:
    page = visit("numbers?v=1")
    page.get_by_text("Working: Training a 13B model").click()
    page.locator('[data-testid="stMain"] .js-plotly-plot').first.wait_for()
    assert all(width_of(page) <= width for width in at_both_widths(page))
