"""What a visitor passes on: the link, the brief, a card in another page, charts as pictures."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
from PIL import Image
from playwright.sync_api import Page

from breakeven.cli import main
from tests.e2e.conftest import settle, width_of

Visit = Callable[..., Page]
LINK = "?v=2026-11&as_of=2026-11-21&requests=0.5"
BOX = '[data-testid="stPopoverBody"]'


def open_share(page: Page) -> None:
    """From the keyboard: the button after the one that copies."""
    page.get_by_role("button", name="Copy link").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(BOX).get_by_text("<iframe").wait_for()
    settle(page)


def test_brief_of_the_page_is_that_of_the_command(visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    page = visit(LINK)
    open_share(page)
    link = page.locator(f"{BOX} code").first.inner_text()
    assert link.endswith("/" + LINK)
    for button, form in (("Markdown", "markdown"), ("To print", "html")):
        with page.expect_download() as waiting:
            page.locator(BOX).get_by_role("button", name=button).click()
        assert main(["compare", "--scenario", link, "--brief", form]) == 0
        assert Path(waiting.value.path()).read_text(encoding="utf-8") == capsys.readouterr().out


@pytest.mark.parametrize("name", ["deploy", "train"])
def test_brief_of_another_page_has_its_answer_and_its_link(visit: Visit, name: str) -> None:
    page = visit(f"{name}{LINK}")
    page.get_by_role("radio", name="expert").click()
    settle(page)
    said = page.locator('[data-testid="stMain"] h2').first.inner_text().replace("\u00a0", " ")
    page.get_by_role("button", name="Share").click()
    page.locator(BOX).get_by_text("what this page answers").wait_for()
    with page.expect_download() as waiting:
        page.locator(BOX).get_by_role("button", name="Markdown").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8").replace("\u00a0", " ").replace("\\", "")
    assert said.split(",")[0].split(":")[0] in text
    assert f"/{name}?" in text


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing to tell."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Somebody else's site, which serves the files of the folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=tmp_path)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_card_stands_in_another_page_and_nothing_else_does(
    visit: Visit, elsewhere: str, tmp_path: Path
) -> None:
    page = visit(LINK)
    verdict = page.locator('[data-testid="stMain"] h2').first.inner_text()
    open_share(page)
    snippet = page.locator(f"{BOX} code").last.inner_text()
    (tmp_path / "article.html").write_text(f"<p>Somebody's article</p>{snippet}", encoding="utf-8")
    page.goto(f"{elsewhere}/article.html")
    card = page.frame_locator("iframe")
    card.locator("h2").wait_for(timeout=30_000)
    assert card.locator("h2").all_inner_texts() == [verdict]
    assert card.get_by_text("Prices of 2026-11-21").count() == 1
    away = card.get_by_role("link", name=re.compile("All numbers"))
    assert away.get_attribute("href").endswith("/" + LINK)
    assert away.get_attribute("target") == "_blank"
    assert card.locator(".js-plotly-plot, [data-testid=stHeader]:visible, button:visible").count() == 0


def test_chart_is_saved_with_title_day_sources_and_link(visit: Visit) -> None:
    page = visit(LINK)
    link = page.url.partition("?")[0] + LINK
    finding = page.locator('[data-testid="stMain"] strong', has_text="shapes").first.inner_text()
    chart = page.locator(".st-key-map [data-testid=stPlotlyChart]")
    chart.hover()
    saved = {}
    for form in ("PNG", "SVG"):
        with page.expect_download() as waiting:
            chart.get_by_role("button", name=f"Save this chart as {form}").click()
        assert waiting.value.suggested_filename.endswith(f".{form.lower()}")
        saved[form] = Path(waiting.value.path()).read_bytes()
    drawn = ET.fromstring(saved["SVG"])
    said = " ".join("".join(item.itertext()) for item in drawn.findall("{*}text"))
    assert said.startswith(finding.replace("\u00a0", " "))
    assert "prices of 2026-11-21. Sources: " in said
    assert "(read 2026-" in said
    assert said.endswith(link)
    assert drawn.find("{*}svg") is not None
    assert not re.findall(rb'href="(?!data:image/png;base64|#)', saved["SVG"])
    image = Image.open(BytesIO(saved["PNG"]))
    assert image.size == (2 * int(drawn.get("width")), 2 * int(drawn.get("height")))
    # The title is dark on light, the map has the API's colour.
    assert (
        sum(1 for pixel in image.convert("RGB").get_flattened_data() if pixel == (0xD5, 0x5E, 0x00)) > 10_000
    )


def test_every_chart_of_a_page_can_be_saved_and_each_once(visit: Visit) -> None:
    page = visit(LINK)
    page.get_by_text("Show the working: cost against batch").click()
    settle(page)
    page.wait_for_timeout(600)
    charts = page.locator("[data-testid=stPlotlyChart]")
    assert charts.count() >= 3
    rows = [chart.locator(".breakeven-save").count() for chart in charts.all()]
    assert rows == [1] * charts.count()


def test_a_chat_finds_the_picture_of_the_link(visit: Visit) -> None:
    page = visit(LINK)
    with urlopen(page.url.partition("?")[0] + LINK) as sent:
        head = sent.read().decode()
    address = re.search('property="og:image" content="(.*?)"', head)[1].replace("&amp;", "&")
    with urlopen(address) as sent:
        assert sent.headers["content-type"] == "image/png"
        assert Image.open(BytesIO(sent.read())).size == (1200, 630)


def test_share_fits_a_phone(visit: Visit) -> None:
    page = visit(LINK, width=390)
    page.get_by_role("button", name="Share").click()
    page.locator(BOX).get_by_text("<iframe").wait_for()
    assert width_of(page) <= 390
    box = page.locator(BOX).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_short_link_is_one_step_back(visit: Visit) -> None:
    page = visit("method")
    page.goto(page.url.partition("method")[0] + LINK)
    settle(page)
    assert page.url.endswith("/" + LINK)
    page.go_back()
    settle(page)
    assert "/method" in page.url
