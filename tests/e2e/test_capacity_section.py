"""The capacity section in a browser: opened, replayed, and as wide as the screen."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.e2e.conftest import at_both_widths, settle, width_of

Visit = Callable[..., Page]
TITLE = "Capacity: how many GPUs these arrivals need"


def test_section_opens_with_the_answer_and_fits_the_screen(visit: Visit) -> None:
    page = visit("workload?v=1&gpu=h100-sxm&gpus=2&as_of=2026-11-21")
    page.get_by_role("radio", name="expert").click()
    settle(page)
    page.get_by_label("or a sample", exact=True).first.click()
    page.get_by_role("option", name="Conversation").click()
    page.get_by_text("1,800 requests").first.wait_for()
    settle(page)
    assert "at the 95th percentile" not in page.locator('[data-testid="stMain"]').inner_text()
    page.get_by_text(TITLE).click()
    page.get_by_text("How it is computed").wait_for(timeout=90_000)
    settle(page)
    text = page.locator('[data-testid="stMain"]').inner_text().replace("\u00a0", " ")
    assert "hold TTFT 2 s and TPOT 50 ms at the 95th percentile; mean load alone says" in text.replace(
        "holds", "hold"
    )
    assert all(width_of(page) <= width for width in at_both_widths(page))
