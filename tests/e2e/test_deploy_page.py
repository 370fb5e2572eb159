"""Deploy in a browser: fits the screen, a tab opens, a link repeats it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settle

QUERY = "deploy?v=1&as_of=2026-11-21&deploy_shape=b"


@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_the_screen_and_opens_with_the_recommendation(
    visit: Callable[..., Page], width: int
) -> None:
    page = visit(QUERY, width=width)
    heading = page.get_by_role("heading", level=3).first
    expect(heading).to_contain_text("replica")
    assert heading.bounding_box()["y"] < 800  # type: ignore[index]
    wide = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(wide)


def test_frontier_is_drawn_when_its_tab_is_opened_and_the_link_keeps_the_choice(
    visit: Callable[..., Page],
) -> None:
    page = visit(QUERY)
    page.get_by_role("tab", name="Cost against latency").click()
    settle(page)
    expect(page.get_by_text("the cost rises from").first).to_be_visible()
    page.get_by_role("radio", name="shape A").click()
    settle(page)
    expect(page.get_by_role("heading", level=3).first).to_contain_text("4,000 in / 16 out")
    assert "deploy_shape=a" in page.url
