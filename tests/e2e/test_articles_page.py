"""The Articles page in a browser: it fits, and a document is opened with a click."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import settle

Visit = Callable[..., Page]


@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_and_opens_with_the_verdict(visit: Visit, width: int) -> None:
    page = visit("articles", width=width)
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
    heading = main.locator("h3").first
    assert heading.inner_text().startswith("Of ")
    box = heading.bounding_box()
    assert box is not None
    assert box["y"] < 400
    main.locator('[data-testid="stPlotlyChart"]').nth(1).wait_for(timeout=30_000)


def test_another_document_is_opened_and_its_claim_leads_to_compare(visit: Visit) -> None:
    page = visit("articles")
    page.get_by_role("radio", name="Shrott: 4 million prompts").click()
    page.get_by_text("adds up and is").wait_for(timeout=30_000)
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["articles_document"] == ["shrott"]
    link = page.get_by_role("link", name="Show it").first.get_attribute("href")
    assert link is not None
    other = visit(link.removeprefix("./"))
    assert "Prices of 2023-08-30" in other.locator('[data-testid="stMain"]').inner_text()
