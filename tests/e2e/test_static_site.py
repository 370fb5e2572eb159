"""The exported site as a visitor has it, from a host that only hands out files, under a path of its own."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from breakeven.question.link import short
from breakeven.question.scenario import Scenario
from breakeven.static.policy import POLICY, Policy, headers
from breakeven.static.questions import STARTS, questions
from tests.builders import TODAY
from tests.e2e.conftest import fits, settle, still
from tests.static.conftest import exported

__all__ = ["exported"]
pytestmark = pytest.mark.slow
FOLDERS = [one.folder for one in questions(TODAY)]
PAGES = [folder for folder in FOLDERS if "/" not in folder]
SHOWN = [*PAGES, "links/article-2023"]
USUAL = short(Scenario(as_of=TODAY))


class Host(SimpleHTTPRequestHandler):
    """A host of files: the site stands under ``/x/``, what is missing is answered by its 404.html."""

    policy = POLICY

    def translate_path(self, path: str) -> str:
        inside = urlsplit(path).path.removeprefix("/x")
        return super().translate_path(inside if path.startswith("/x/") else "/nowhere")

    def end_headers(self) -> None:
        for name, text in headers(self.policy).items():
            self.send_header(name, text)
        super().end_headers()

    def send_error(self, code: int, *_: object) -> None:
        lost = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(lost)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hosted(folder: Path, policy: Policy = POLICY, kind: type[Host] = Host) -> Iterator[str]:
    """Address of a folder on a host of that kind."""
    host = type("Hosted", (kind,), {"policy": policy})
    with ThreadingHTTPServer(("localhost", 0), partial(host, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/x/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def site(exported: Path) -> Iterator[str]:
    """Address of the exported site."""
    with hosted(exported) as address:
        yield address


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Open]:
    """Open pages; no file of another host is asked for, nothing is blocked, nothing fails."""
    contexts: list[BrowserContext] = []
    asked: list[str] = []
    faults: list[str] = []

    def open_page(path: str = "", **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(site + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith((site, "data:"))] == []
    assert [text for text in faults if "404" not in text] == []


def test_every_page_is_whole_without_a_script(visit: Open, site: str) -> None:
    page = visit(java_script_enabled=False)
    for folder in FOLDERS:
        page.goto(f"{site}{folder}{'/' if folder else ''}")
        expect(page.locator("main h2").first).to_be_visible()
        assert page.locator("h1").count() == 1, folder
        assert re.search(r"\d", page.locator("main h2:visible").first.inner_text()), folder


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_nobody_is_kept_out(visit: Open, site: str, width: int, scheme: str) -> None:
    page = visit(viewport={"width": width, "height": 844}, color_scheme=scheme)
    found = {}
    for folder in SHOWN:
        page.goto(f"{site}{folder}{'/' if folder else ''}")
        assert fits(page), folder
        faults = Axe().run(page).response["violations"]
        found[folder] = [one["id"] for one in faults if one["impact"] in ("serious", "critical")]
    assert not {folder: faults for folder, faults in found.items() if faults}


def test_no_page_asks_another_host_for_anything(visit: Open, site: str) -> None:
    page = visit()
    for folder in FOLDERS:
        page.goto(f"{site}{folder}{'/' if folder else ''}")
        page.wait_for_load_state("networkidle")
        for box in page.locator("details").all()[:5]:
            box.evaluate("box => { box.open = true; }")


@pytest.mark.parametrize(
    ("link", "folder"),
    [
        (f"?{USUAL}", ""),
        (f"compare/?{USUAL}&claim=x", ""),
        (f"?{STARTS['links/article-2023']}", "links/article-2023/"),
        (f"deploy/?{USUAL}", "deploy/"),
        (f"deploy?{USUAL}", "deploy/"),
        (f"prices/?{USUAL}", "prices/"),
    ],
)
def test_a_link_that_was_written_is_answered(visit: Open, site: str, link: str, folder: str) -> None:
    page = visit(link)
    expect(page.locator("#answer h2").first).to_be_visible()
    assert urlsplit(page.url).path == urlsplit(site + folder).path
    expect(page.locator("#elsewhere")).to_be_hidden()


@pytest.mark.parametrize("link", [f"?{USUAL}&prompt_a=777", f"train/?{USUAL}&train_goal=tune", "?who=<b>x"])
def test_a_link_that_was_not_is_told_and_no_other_answer_is_shown(visit: Open, link: str) -> None:
    page = visit(link)
    notice = page.locator("#elsewhere")
    expect(notice).to_contain_text("This copy has no page for this link")
    told = "prompt_a: the link says 777, here it is 4000" if "777" in link else ": the link says"
    expect(notice).to_contain_text(told)
    expect(page.locator("#answer")).to_be_hidden()
    notice.get_by_role("link").click()
    expect(page.locator("#answer h2").first).to_be_visible()


def test_addresses_of_single_claims_and_numbers_open_what_they_name(visit: Open, site: str) -> None:
    page = visit("articles/")
    last = page.locator("article.claim").last.get_attribute("id") or ""
    page.goto(f"{site}articles/?claim={last.removeprefix('claim-')}")
    expect(page.locator(f"#{last}")).to_be_in_viewport()
    number = page.goto(f"{site}numbers/") and page.locator("[id^=number-]").last.get_attribute("id")
    page.goto(f"{site}numbers/?numbers_rule={(number or '').removeprefix('number-')}")
    expect(page.locator(f"[id='{number}']")).to_be_in_viewport()


def test_an_unknown_address_is_forwarded_or_says_so(visit: Open, site: str) -> None:
    page = visit(f"deploy/x?{USUAL}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Which GPUs, and how many?")
    page.goto(f"{site}nowhere/at/all")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no page at this address")
    page.get_by_role("link", name="Prices").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What do tokens and GPUs cost?")


def test_the_switch_of_words_works_without_a_script_and_is_kept_with_one(visit: Open, site: str) -> None:
    page = visit(java_script_enabled=False)
    page.locator("label[for=words-expert]").click()
    expect(page.get_by_text("2 replicas of").first).to_be_visible()
    expect(page.get_by_text("2 copies on").first).to_be_hidden()
    page = visit()
    page.locator("label[for=words-expert]").click()
    page.goto(f"{site}deploy/")
    expect(page.locator("#answer h2:visible").first).to_contain_text("replica")


def test_menu_leads_to_every_page_by_keyboard(visit: Open) -> None:
    page = visit()
    page.locator("summary", has_text="Data and method").press("Enter")
    page.get_by_role("link", name="Evidence").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("How wrong are the estimates?")


def test_pages_say_in_chromium_what_the_server_says(
    visit: Open, browser: Browser, site: str, address: str
) -> None:
    static, served = visit(), browser.new_context().new_page()
    for question in [one for one in questions(TODAY) if one.folder in SHOWN]:
        static.goto(f"{site}{question.folder}{'/' if question.folder else ''}")
        name = "" if question.page == "compare" else question.page
        served.goto(f"{address}/{name}?{question.query}")
        there = _squeezed(still(settle(served)))
        said = static.locator("#answer").evaluate(_SAID)
        assert len(said) > 2
        # The server counts ages from the day it is.
        missing = [text for text in said if _squeezed(text) not in there and "old" not in text]
        assert not missing, question.folder
    served.context.close()


_SAID = """(main) => [...main.querySelectorAll(
  "h1, h2, .text > p, .text li, .caption > p, .note > p, .chip, .word, .number b, .number p, .claim p, dd"
)].filter((one) => one.checkVisibility() && !one.closest("details")).map((one) => one.innerText)"""
"""Every sentence that is seen before anything is opened."""


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\u2060]+", "", text).casefold()
