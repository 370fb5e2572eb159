"""What stands around the pages, as a visitor uses it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.builders import ROOT
from tests.e2e.conftest import ask_longer_prompt, settle
from tests.e2e.contact_sheet import PAGES, QUERY, sheet, shot, window

Visit = Callable[..., Page]


def wait_for_path(page: Page, path: str) -> None:
    page.wait_for_function("path => location.pathname === path && location.search", arg=path)
    settle(page)


def test_one_press_of_back_undoes_one_step(visit: Visit) -> None:
    page = visit(stranger=True)
    line = ask_longer_prompt(page)
    page.get_by_role("link", name="Choose a host").click()
    wait_for_path(page, "/deploy")
    expect(page.locator(".st-key-bar_deploy")).to_contain_text("1,234 in / 16 out")
    page.go_back()
    wait_for_path(page, "/")
    expect(line).to_contain_text("1,234 in / 16 out", timeout=20_000)
    page.go_back()
    expect(line).to_contain_text("4,000 in / 16 out", timeout=20_000)


@pytest.mark.parametrize("path", ["compare", ""])
def test_both_addresses_of_the_first_page_answer_their_link(visit: Visit, path: str) -> None:
    page = visit(f"{path}?v=1&prompt_a=777", stranger=True)
    expect(page.locator(".st-key-bar_compare")).to_contain_text("777 in / 16 out")
    assert page.get_by_role("dialog").count() == 0


def test_phone_has_its_places_below_and_no_drawer(visit: Visit) -> None:
    page = visit(width=390, stranger=True)
    places = page.locator(".st-key-frame_places")
    box = places.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == pytest.approx(800, abs=2)
    drawer = page.locator('[data-testid="stExpandSidebarButton"]')
    assert drawer.is_hidden()
    places.get_by_role("link", name="My bill").click()
    wait_for_path(page, "/workload")
    assert drawer.is_hidden()
    places.get_by_role("link", name="Data").click()
    wait_for_path(page, "/prices")
    page.locator(".st-key-frame_siblings").get_by_role("link", name="Method").click()
    wait_for_path(page, "/method")
    page.go_back()
    wait_for_path(page, "/prices")


def test_switch_of_words_holds_on_the_next_page_and_is_in_no_link(visit: Visit) -> None:
    page = visit(stranger=True)
    page.get_by_role("radio", name="expert").click()
    expect(page.get_by_text("2 replicas of").first).to_be_visible(timeout=20_000)
    before = page.url
    page.get_by_role("link", name="Choose a host").click()
    wait_for_path(page, "/deploy")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("replica")
    assert "expert" not in before + page.url


@pytest.mark.parametrize(
    ("width", "scheme"), [(width, scheme) for width in (1280, 768, 390) for scheme in ("light", "dark")]
)
def test_nobody_is_kept_out(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = window(browser, width, scheme)
    found = {}
    for name in PAGES:
        page.goto(f"{address}/{name}{QUERY}")
        settle(page).wait_for_timeout(500)
        assert page.locator("h1").count() == 1, name
        faults = Axe().run(page).response["violations"]
        found[name] = [one["id"] for one in faults if one["impact"] in ("serious", "critical")]
    page.context.close()
    assert not {name: faults for name, faults in found.items() if faults}


def test_contact_sheet_is_made_by_its_command(chromium: str, tmp_path: Path) -> None:
    asked = ["--page", "method", "--width", "390", "--whole"]
    command = [sys.executable, "-m", "tests.e2e.contact_sheet", str(tmp_path), *asked]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ | {"CHROMIUM": chromium}
    )
    assert [Path(line).name for line in done.stdout.split()] == ["sheet_390_light.png", "sheet_390_dark.png"]
    with Image.open(tmp_path / "method_390_dark.png") as whole:
        assert whole.height > 2 * 844


def test_contact_sheet_holds_every_picture(browser: Browser, address: str, tmp_path: Path) -> None:
    page = window(browser, 390, "dark")
    shots = [shot(page, f"{address}/{name}{QUERY}", tmp_path / f"{name}.png") for name in PAGES[:2]]
    page.context.close()
    assert sheet(shots, tmp_path / "sheet.png").stat().st_size > max(one.stat().st_size for one in shots) / 2


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_age_of_the_prices_is_told_at_a_press_and_within_the_window(visit: Visit, width: int) -> None:
    page = visit(f"deploy{QUERY}", width=width)
    told = page.locator("details.age p")
    assert told.is_hidden()
    page.locator("details.age summary").click()
    expect(told).to_contain_text("None is fetched while you look.")
    box = told.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_first_visit_is_shown_round_once_and_below_the_answer(visit: Visit) -> None:
    page = visit(stranger=True)
    tour, answer = page.locator("section.tour"), page.get_by_role("heading", level=2).first
    expect(tour).to_be_visible()
    above, below = answer.bounding_box(), tour.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] < below["y"]
    tour.get_by_role("button", name="Got it").click()
    expect(tour).to_be_hidden()
    page.reload()
    settle(page).wait_for_timeout(500)
    expect(tour).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_words_that_are_on_can_be_told_in_colours_of_the_visitor_s_own(visit: Visit, scheme: str) -> None:
    page = visit(stranger=True)
    page.emulate_media(forced_colors="active", color_scheme=scheme)
    switch = page.locator(".st-key-frame_switch")
    colours = [
        switch.get_by_role("radio", name=name).evaluate("one => getComputedStyle(one).backgroundColor")
        for name in ("plain", "expert")
    ]
    assert colours[0] != colours[1]
