"""Evidence in a browser: fits the screen, a choice of the quantity reaches the chart and the link."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import settle

QUERY = "evidence?v=1&as_of=2026-11-21"


def fits(page: Page) -> bool:
    """Nothing reaches beyond the screen's width."""
    return bool(
        page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    )


def test_phone_opens_with_the_published_error(visit: Callable[..., Page]) -> None:
    page = visit(QUERY, width=390)
    expect(page.get_by_role("heading", level=3).first).to_contain_text("measured rows")
    assert fits(page)


def test_another_quantity_reaches_the_chart_and_the_link(visit: Callable[..., Page]) -> None:
    page = visit(QUERY)
    assert fits(page)
    page.get_by_role("radio", name="throughput").click()
    settle(page)
    expect(page.get_by_text("throughput is off by").first).to_be_visible()
    assert "evidence_quantity=throughput" in page.url
