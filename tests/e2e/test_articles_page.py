"""The Articles page in a browser: it fits, and a document is opened with a click."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page

from tests.e2e.conftest import settle

Visit = Callable[..., Page]


def opened(page: Page) -> Locator:
    """The page, when it fits, has its verdict near the top and has drawn both figures."""
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
    heading = main.locator("h3").first
    assert heading.inner_text().startswith("Of ")
    box = heading.bounding_box()
    assert box is not None
    assert box["y"] < 400
    main.locator('[data-testid="stPlotlyChart"]').nth(1).wait_for(timeout=30_000)
    return main


def test_page_fits_a_telephone(visit: Visit) -> None:
    opened(visit("articles", width=390))


def test_another_document_is_opened_and_its_claims_lead_to_the_pages_that_show_them(visit: Visit) -> None:
    page = visit("articles")
    main = opened(page)
    main.get_by_role("radio", name="Shrott: 4 million prompts").click()
    main.get_by_text("adds up and is").wait_for(timeout=30_000)
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["articles_document"] == ["shrott"]
    # The address as the browser resolves it: the page at the root, not one below /articles.
    link = main.get_by_role("link", name="Show it").last.evaluate("e => e.href")
    assert urlsplit(link).path in ("/", "/deploy", "/train", "/prices", "/numbers")
    assert parse_qs(urlsplit(link).query)["as_of"] == ["2023-08-30"]
