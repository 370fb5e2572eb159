"""Deploy in a browser: fits the screen, a tab opens, a link repeats it."""

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import fits, settle
from tests.hosting.config_json import configs

QUERY = "deploy?v=1&as_of=2026-11-21&deploy_shape=b"


def test_phone_opens_with_the_recommendation(visit: Callable[..., Page]) -> None:
    page = visit(QUERY, width=390)
    heading = page.get_by_role("heading", level=2).first
    expect(heading).to_contain_text("copies of the model")
    box = heading.bounding_box()
    assert box is not None
    assert box["y"] < 600
    assert fits(page)


def test_tab_draws_its_chart_and_the_link_keeps_the_choice(visit: Callable[..., Page]) -> None:
    page = visit(QUERY)
    assert fits(page)
    page.get_by_role("tab", name="Cost against latency").click()
    settle(page)
    expect(page.get_by_text("the cost rises from").first).to_be_visible()
    page.get_by_role("button", name="64 in / 4,096 out").click()
    page.get_by_role("radio", name="shape A").click()
    settle(page)
    expect(page.locator(".st-key-bar_deploy")).to_contain_text("4,000 in / 16 out")
    assert "deploy_shape=a" in page.url


def test_config_is_uploaded_and_becomes_the_model(visit: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(configs.MIXTRAL_8X7B))
    page = visit(QUERY)
    page.get_by_role("button", name="Llama 3.3 70B").click()
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(str(file))
    page.wait_for_function("() => new URLSearchParams(location.search).get('deploy_model') !== 'none'")
    settle(page)
    expect(page.get_by_text("billion parameters")).to_be_visible()
