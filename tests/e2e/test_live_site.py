"""The live half of the exported site: the dashboard itself in a tab, from a host of plain files."""

import gzip
import json
import os
import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect

from breakeven.static.folder import listed
from breakeven.static.live.build import add_live, needs
from breakeven.static.live.parts import Parts, PartsMissing, fetch_parts
from breakeven.static.policy import POLICY, with_more
from tests.builders import ROOT
from tests.e2e.conftest import still
from tests.e2e.test_static_site import hosted

pytestmark = pytest.mark.slow
START_MS = 400_000
"""A tab on a busy machine starts in a minute or two."""
PAGES = ("deploy", "train", "workload", "articles", "numbers", "prices", "evidence", "method")
KINDS = ("csv", "csv.gz", "zip", "jsonl", "json", "parquet", "xlsx")


@pytest.fixture(scope="module")
def parts() -> Parts:
    """The parts of the live half, fetched once."""
    try:
        return fetch_parts()
    except PartsMissing as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the parts of the live half cannot be had here: {reason}")


@pytest.fixture(scope="module")
def written(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a site with nothing but the live half, which will stand under a path of its own."""
    folder = tmp_path_factory.mktemp("live")
    add_live(folder, "/x/", parts)
    return folder


@pytest.fixture(scope="module")
def live(written: Path) -> Iterator[str]:
    """Its address."""
    with hosted(written, with_more(POLICY, needs())) as address:
        yield address


class Tab:
    """One tab that is started once, and what it asked for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.asked: list[str] = []
        self.faults: list[str] = []
        context.on("request", lambda request: self.asked.append(request.url))
        self.page = context.new_page()
        self.page.on("console", lambda told: self.faults.append(told.text) if told.type == "error" else None)
        self.page.on("pageerror", lambda fault: self.faults.append(str(fault)))

    def open(self, path: str = "") -> Page:
        self.page.goto(self.address + path)
        self.page.wait_for_selector("[data-live-line]", state="detached", timeout=START_MS)
        return self.settle()

    def go(self, path: str) -> Page:
        """Another address in the same tab, as a press of Back would bring it."""
        self.page.evaluate(
            "(to) => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')); }",
            self.address + path,
        )
        return self.page

    def settle(self) -> Page:
        """Wait until the worker has done what it was asked for and the page stays as it is."""
        self.text()
        assert self.page.locator('[data-testid="stException"]').count() == 0
        return self.page

    def text(self) -> str:
        """What the page says then."""
        return still(self.page, self._turn, START_MS / 1000)

    def _turn(self) -> None:
        """Wait for an answer of the worker: it has one thread, so it has then done what was asked before."""
        self.page.evaluate(
            "async (health) => { await (await fetch(health)).text(); }", f"{self.address}_stcore/health"
        )


@pytest.fixture(scope="module")
def tab(browser: Browser, live: str) -> Iterator[Tab]:
    """The tab, started; in the end nothing was asked of another host, and nothing failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = Tab(context, live)
    opened.open()
    yield opened
    context.close()
    foreign = [url for url in opened.asked if not url.startswith((live, "data:", f"blob:{live[:-3]}"))]
    assert foreign == []
    assert [fault for fault in opened.faults if "404" not in fault] == []


def test_the_same_sources_give_the_same_bytes_compiled_anew(parts, written, tmp_path):
    kept, again = tmp_path / "kept", tmp_path / "again"
    kept.mkdir()
    again.mkdir()
    add_live(again, "/x/", replace(parts, folder=kept))
    assert listed(again) == listed(written)


@pytest.mark.parametrize("path", ["", *PAGES])
def test_a_page_says_in_the_tab_what_the_server_says(path, tab, visit):
    # A plain path asks the same in both: no field of an earlier page stands in it.
    server = visit(path)
    there, title = still(server), server.locator("h1").first.inner_text()
    expect(tab.go(path).locator("h1").first).to_have_text(title, timeout=START_MS)
    assert _without_hosts(tab.text()) == _without_hosts(there)


def _shared() -> list[str]:
    """Paths and queries of some of the links that were shared before, the same ones in every run."""
    lines = (ROOT / "tests/links/links.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in random.Random(1).sample(lines, 50)[:6]]
    return [f"{row['page'] if row['page'] in PAGES else ''}?{row['link'].rpartition('?')[2]}" for row in rows]


@pytest.mark.parametrize("link", _shared(), ids=range(6))
def test_a_shared_link_says_in_the_tab_what_the_server_says(link, tab, visit):
    there = still(visit(link))
    tab.go(link)
    assert _without_hosts(tab.text()) == _without_hosts(there)


def _without_hosts(text: str) -> list[str]:
    """Lines without the address, and without the buttons that a chart gets once it is drawn."""
    return [line for line in text.splitlines() if line not in ("", "PNG", "SVG") and "localhost:" not in line]


def _files(folder: Path) -> dict[str, Path]:
    """The same requests in every kind of file."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [
        {
            "timestamp": f"2026-11-{day:02d}T08:00:00Z",
            "model": "gpt-4o" if day % 3 else "gpt-4o-mini",
            "input_tokens": 1_000 + 37 * day,
            "output_tokens": 211 + 5 * day,
        }
        for day in range(1, 29)
    ]
    book = Workbook()
    for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
        book.active.append(row)
    lines = [json.dumps(row) for row in rows]
    cells = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    text = "\n".join(cells).encode()
    paths = {kind: folder / f"usage.{kind}" for kind in KINDS}
    paths["csv"].write_bytes(text)
    paths["csv.gz"].write_bytes(gzip.compress(text))
    with zipfile.ZipFile(paths["zip"], "w") as archive:
        archive.writestr("usage.csv", text)
    paths["jsonl"].write_text("\n".join(lines), encoding="utf-8")
    paths["json"].write_text(f"[{','.join(lines)}]", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(rows), paths["parquet"])
    book.save(paths["xlsx"])
    return paths


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_any_kind_is_priced_in_the_tab_as_on_the_command_line(kind, tab, tmp_path, capsys):
    from breakeven.cli import main

    path = _files(tmp_path)[kind]
    assert main(["price", str(path), "--json", "--as-of", "2026-11-30"]) == 0
    expected = json.loads(capsys.readouterr().out)
    page = tab.open("workload")  # a session of its own, without the files of the one before
    page.locator('input[type="file"]').first.set_input_files(path)
    expect(page.get_by_text(path.name).first).to_be_visible(timeout=START_MS)
    tab.settle()
    # The page stands with an example's until it has read the file.
    digest = "(digest) => new URLSearchParams(location.search).get('w') === digest"
    page.wait_for_function(digest, arg=expected["digest"], timeout=START_MS)


def test_a_second_visit_needs_no_network(tab):
    tab.context.set_offline(True)
    try:
        page = tab.open("deploy")
        expect(page.locator("h1").first).to_have_text("Which GPUs, and how many?")
    finally:
        tab.context.set_offline(False)
