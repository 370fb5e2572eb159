"""The Train page as a visitor uses it."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.conftest import at_both_widths, headline, settle, width_of

Visit = Callable[..., Page]


def test_train_page_fits_the_screen_and_answers_first(visit: Visit) -> None:
    page = visit("train?v=1&train_goal=tune-or-prompt")
    assert headline(page).startswith("Tuning pays from ")
    for width in at_both_widths(page):
        assert width_of(page) <= width
        first = page.locator('[data-testid="stMain"] h2').first.bounding_box()
        for chart in page.locator('[data-testid="stMain"] .js-plotly-plot').all():
            box = chart.bounding_box()
            assert first is not None
            assert box is not None
            assert box["y"] > first["y"]
            assert box["x"] + box["width"] <= width


def test_changing_the_goal_keeps_the_link_and_the_table_downloads(visit: Visit) -> None:
    page = visit("train")
    assert headline(page).startswith("Training ")
    page.get_by_role("button", name="pre-train").click()
    page.get_by_role("radio", name="Tune", exact=True).or_(
        page.get_by_role("button", name="Tune", exact=True)
    ).first.click()
    page.wait_for_function("() => new URLSearchParams(location.search).get('train_goal') === 'tune'")
    settle(page)
    assert headline(page).startswith("Tuning LoRA adapters of ")
    page.keyboard.press("Escape")
    page.get_by_text("Published runs beside the estimate").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").first.click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Run,MFU [%],GPU-hours")
    assert any("DeepSeek-V3" in line for line in lines)
