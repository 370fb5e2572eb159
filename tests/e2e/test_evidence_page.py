"""Evidence in a browser: fits the screen, a choice of the quantity reaches the chart and the link."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import fits, settle

QUERY = "evidence?v=1&as_of=2026-11-21"


def test_phone_opens_with_the_published_error(visit: Callable[..., Page]) -> None:
    page = visit(QUERY, width=390)
    expect(page.get_by_role("heading", level=2).first).to_contain_text("measured runs")
    assert fits(page)


def test_another_quantity_reaches_the_chart_and_the_link(visit: Callable[..., Page]) -> None:
    page = visit(QUERY)
    assert fits(page)
    page.get_by_role("button", name="pace").click()
    page.get_by_role("radio", name="throughput").click()
    settle(page)
    expect(page.get_by_role("button", name="throughput")).to_be_visible()
    assert "evidence_quantity=throughput" in page.url


def test_own_runs_are_uploaded_and_fitted(visit: Callable[..., Page], tmp_path: Path) -> None:
    runs = tmp_path / "runs.csv"
    runs.write_text(
        "prompt,completion,concurrency,ttft_ms,tpot_s\n1000,500,4,120,0.012\n4000,500,16,600,0.02\n"
    )
    page = visit(QUERY + "&model=llama-3.1-8b&gpu=h100-sxm")
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(str(runs))
    page.get_by_text("Fitted on your 2 runs of Llama 3.1 8B").wait_for(timeout=30_000)
    settle(page)
