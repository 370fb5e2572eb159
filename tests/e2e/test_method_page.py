"""The page of formulas, as a visitor uses it."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.e2e.conftest import at_both_widths, settle, width_of

Visit = Callable[..., Page]


def test_formula_is_typeset_when_it_is_opened(visit: Visit) -> None:
    page = visit("method?v=1&as_of=2026-11-21&method_find=kv+cache+one+token")
    page.get_by_text("KV-cache memory that one token").click()
    page.get_by_text("Example, run as a test").wait_for()
    settle(page)
    assert page.locator('[data-testid="stMain"] .katex-error').count() == 0
    assert page.locator('[data-testid="stMain"] .katex-display').count() == 1


def test_method_page_fits_the_screen(visit: Visit) -> None:
    page = visit("method?v=1&as_of=2026-11-21")
    page.locator('[data-testid="stMain"] .js-plotly-plot').first.wait_for()
    assert all(width_of(page) <= width for width in at_both_widths(page))
