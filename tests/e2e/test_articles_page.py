"""The Articles page in a browser: it fits, and a claim leads to its number, which is marked."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page

from tests.e2e.conftest import settle

Visit = Callable[..., Page]


def opened(page: Page) -> Locator:
    """The page, when it fits and has its verdict near the top and cards below it."""
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
    heading = main.locator("h2").first
    assert heading.inner_text().startswith("Of ")
    box = heading.bounding_box()
    assert box is not None
    assert box["y"] < 400
    main.locator("article.claim").first.wait_for(timeout=30_000)
    return main


def test_page_fits_a_telephone(visit: Visit) -> None:
    opened(visit("articles", width=390))


def test_figures_of_the_article_are_drawn_when_they_are_asked_for(visit: Visit) -> None:
    main = opened(visit("articles"))
    main.get_by_text("two figures and its appendix").click()
    main.locator('[data-testid="stPlotlyChart"]').nth(1).wait_for(timeout=30_000)


def test_claim_of_another_document_leads_to_its_number_which_is_marked(visit: Visit) -> None:
    page = visit("articles")
    main = opened(page)
    main.get_by_role("radio", name="Shrott: 4 million prompts").click()
    card = main.locator("article.claim", has_text="Bill at GPT-4, as the conclusion presents it")
    card.wait_for(timeout=30_000)
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["articles_document"] == ["shrott"]
    card.get_by_role("link", name="See it computed").click()
    page.locator(".claim-strip").wait_for(timeout=60_000)
    settle(page)
    assert "here $168,000. ✗ wrong: $190 too low." in page.locator(".claim-strip").inner_text()
    marked = "() => [...(CSS.highlights.get('breakeven-claim') ?? [])].map((range) => range.toString())"
    page.wait_for_function(f"() => ({marked})().includes('168,000')", timeout=30_000)
    assert parse_qs(urlsplit(page.url).query)["claim"] == ["shrott-gpt4-bill"]
    assert parse_qs(urlsplit(page.url).query)["as_of"] == ["2023-08-30"]
    page.go_back()
    card.wait_for(timeout=60_000)
