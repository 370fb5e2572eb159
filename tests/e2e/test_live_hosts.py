"""The live half where hosts, browsers and deployments are not as they should be.

Each test is a kind of fault that others reported of sites with a service worker, or with Python in a tab;
the reports stand beside it.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from breakeven.static.live.build import needs
from breakeven.static.policy import POLICY, with_more
from tests.e2e.test_live_site import START_MS, parts, written
from tests.e2e.test_static_site import Host, hosted

__all__ = ["parts", "written"]
pytestmark = pytest.mark.slow
WITH_LIVE = with_more(POLICY, needs())
LINE = "[data-live-line]"


@pytest.fixture
def site(written: Path) -> Iterator[str]:
    with hosted(written, WITH_LIVE) as address:
        yield address


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Browsers without a memory; each is closed in the end."""
    opened: list[BrowserContext] = []

    def new(**options: object) -> BrowserContext:
        opened.append(browser.new_context(**options))  # type: ignore[arg-type]
        return opened[-1]

    yield new
    for context in opened:
        context.close()


def started(page: Page) -> None:
    """The dashboard is there."""
    page.wait_for_selector(LINE, state="detached", timeout=START_MS)
    expect(page.locator("[data-testid=stMain] h1").first).to_be_visible()


def refused(page: Page) -> str:
    """Why there is none."""
    alert = page.locator(f"{LINE}[role=alert]")
    expect(alert).to_be_visible(timeout=30_000)
    return alert.inner_text()


# slint-ui/slint 2548, mlc-ai/web-llm-chat 8: a private window of Firefox shows the splash for ever.
@pytest.mark.parametrize(
    "without",
    [
        "delete ServiceWorkerContainer.prototype.register",
        "ServiceWorkerContainer.prototype.register = async () => { throw new DOMException('insecure'); }",
        "ServiceWorkerContainer.prototype.register = () => Promise.resolve(undefined)",
        "Object.defineProperty(Navigator.prototype, 'serviceWorker', { get() { throw new Error('no'); } })",
        "delete Navigator.prototype.serviceWorker",
    ],
)
def test_a_window_that_allows_no_service_worker_is_told_so(site, window, without):
    context = window()
    context.add_init_script(without)
    page = context.new_page()
    page.goto(site)
    assert "service worker" in refused(page)


class Odd(Host):
    """A host that answers some addresses in another way."""

    odd: ClassVar[dict[str, Callable[["Odd"], None]]] = {}

    def do_GET(self) -> None:  # noqa: N802
        name = next((one for one in self.odd if one in self.path), None)
        if name is None:
            super().do_GET()
        else:
            self.odd[name](self)

    def say(self, status: int, text: str, kind: str = "text/html", **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for key, value in more.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(text.encode())


# posit-dev/shinylive 66, SandeepVashishtha/Eventra 14243: the service worker is behind a login, or gone.
@pytest.mark.parametrize(
    "answer",
    [
        lambda host: host.say(302, "", Location="/x/live/index.html"),
        lambda host: host.say(404, "gone"),
        lambda host: host.say(200, "<h1>Log in</h1>"),
    ],
    ids=["redirected", "gone", "a page"],
)
def test_a_host_that_hands_out_no_service_worker_is_named(written, window, answer):
    with hosted(written, WITH_LIVE, type("Login", (Odd,), {"odd": {"/sw.js": answer}})) as address:
        page = window().new_page()
        page.goto(address)
        assert "sw.js" in refused(page)


def changed(written: Path, folder: Path) -> Path:
    """The site as it is written after its program and data changed."""
    shutil.copytree(written, folder)
    live = folder / "live"
    config = json.loads((live / "config.json").read_text("utf-8"))
    for part in (config["parts"]["tables"], config["packs"][0]):
        old = live / part["file"]
        part["file"] = f"newer-{part['file']}"
        part["says"] = "Fetching what is new"
        old.rename(live / part["file"])
    (live / "config.json").write_text(json.dumps(config), "utf-8")
    for name in ("shell.js", "page.js"):
        path = live / name
        path.write_text("window.newer = (window.newer ?? 0) + 1;\n" + path.read_text("utf-8"), "utf-8")
    worker = folder / "sw.js"
    worker.write_text(worker.read_text("utf-8").replace("`${OURS}", "`${OURS}2"), "utf-8")
    return folder


class Moving(Host):
    """A host whose folder changes."""

    now: Path

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **{**named, "directory": str(self.now)})  # type: ignore[arg-type]


# jupyterlite/jupyterlite 815: after a deployment the old version is shown until a forced reload.
# ONEARMY/community-platform 1680: after a deployment the page asks for files that are gone.
def test_who_returns_after_a_deployment_gets_the_new_version_at_once(written, window, tmp_path):
    newer = changed(written, tmp_path / "newer")
    host = type("Moves", (Moving,), {"now": written})
    with hosted(written, WITH_LIVE, host) as address:
        page = window().new_page()
        page.goto(address)
        # Left before all parts were there: some are kept, some are not.
        page.wait_for_function(
            "() => !/^Starting/.test(document.querySelector('[data-live-line]').textContent)"
        )
        page.goto("about:blank")
        host.now = newer
        missing: list[str] = []
        page.on("response", lambda one: missing.append(one.url) if one.status == 404 else None)
        page.goto(address)
        page.wait_for_function("() => window.newer === 2")
        started(page)
        assert missing == []


# cupoftea4/timetable 62, timgluz/teeline 163: the host answers with a page what it has no file for.
def test_a_page_in_place_of_a_part_is_told_and_not_kept(written, window):
    part = next((written / "live").glob("tables-*.bin")).name
    host = type(
        "Fallback", (Odd,), {"odd": {part: lambda host: host.say(200, "<!doctype html><h1>Hello</h1>")}}
    )
    with hosted(written, WITH_LIVE, host) as address:
        page = window().new_page()
        page.goto(address)
        assert part in refused(page)
        host.odd = {}
        page.reload()
        started(page)


# angular/angular 36086, gatsbyjs/gatsby 3165: where nothing can be kept, the service worker ends the site.
@pytest.mark.parametrize("fault", ["open", "put"])
def test_a_browser_that_stores_nothing_runs_it_all_the_same(written, window, tmp_path, fault):
    folder = shutil.copytree(written, tmp_path / "site")
    owner = {"open": "CacheStorage", "put": "Cache"}[fault]
    broken = f"{owner}.prototype.{fault} = async () => {{ throw new DOMException('full'); }};\n"
    path = folder / "sw.js"
    path.write_text(broken + path.read_text("utf-8"), "utf-8")
    with hosted(folder, WITH_LIVE) as address:
        page = window().new_page()
        page.goto(address)
        started(page)


# qnbs/WorldScript-Studio 513, illright/draw-ill-help 5: sites of one origin clear each other's caches.
_REGISTERED = """async (scope) => {
  const made = await navigator.serviceWorker.register(`${scope}sw.js`, { scope });
  while (made.active?.state !== "activated") await new Promise((go) => setTimeout(go, 100));
}"""


def test_two_sites_of_one_origin_leave_each_others_files_alone(written, window):
    class Both(Host):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.replace("/y/", "/x/", 1))

    with hosted(written, WITH_LIVE, Both) as address:
        page = window().new_page()
        page.goto(address + "live/shell.css")
        for place in ("/x/", "/y/", "/x/"):
            page.evaluate(_REGISTERED, place)
        kept = page.evaluate("() => caches.keys()")
        assert len(kept) == 2
        assert any("/x/" in one for one in kept)
        assert any("/y/" in one for one in kept)


# jackyzha0/quartz 471, marimo-team/marimo 3116: opened as a file, the page stays blank.
def test_a_page_that_is_opened_as_a_file_says_that_it_needs_a_host(written, window):
    page = window().new_page()
    page.goto((written / "live" / "index.html").as_uri())
    expect(page.locator(LINE)).to_contain_text("it must come from a web host, over http or https")


# appwrite/appwrite 10836: a host that calls scripts something else keeps modules from loading.
def test_a_host_that_calls_scripts_plain_text_leaves_a_sentence(written, window):
    class Plain(Host):
        def guess_type(self, path):
            return "text/plain" if str(path).endswith(".js") else super().guess_type(path)

    with hosted(written, {}, Plain) as address:
        page = window().new_page()
        page.goto(address)
        expect(page.locator(LINE)).to_contain_text("text/javascript")


# BenchBox-dev/BenchBox 972: a policy in the page does not hold for its workers.
def test_a_worker_asks_no_other_host_where_the_host_sends_no_policy(written, window):
    asked: list[str] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("localhost", 0), Other) as other, hosted(written, {}) as address:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page = window().new_page()
        page.goto(address)
        started(page)
        foreign = f"http://localhost:{other.server_port}/taken"
        (worker,) = page.workers
        worker.evaluate("(to) => fetch(to).then(() => 'sent', () => 'refused')", foreign)
        asks = "const asked = new XMLHttpRequest(); asked.open('GET', to, false); asked.send();"
        worker.evaluate(f"(to) => {{ try {{ {asks} }} catch {{}} }}", foreign)
        worker.evaluate("(to) => { try { importScripts(to); } catch {} }", foreign)
        other.shutdown()
        assert asked == []


# jupyterlite/pyodide-kernel 76: a forced reload passes the service worker by.
# rafgraph/spa-github-pages 29: an address below a path, without a file, on a first visit.
def test_an_address_without_a_file_starts_at_once_and_again_after_a_forced_reload(site, window):
    page = window().new_page()
    page.goto(site + "deploy")
    started(page)
    page.context.new_cdp_session(page).send("Page.reload", {"ignoreCache": True})
    page.wait_for_selector(LINE)
    started(page)
    expect(page.locator("h1").first).to_have_text("Which GPUs, and how many?")


# Our own: what overflows the stack of a worker ends the interpreter.
def test_json_that_is_nested_too_deeply_is_refused_and_the_tab_lives_on(site, window, tmp_path):
    page = window().new_page()
    page.goto(site + "workload")
    started(page)
    path = tmp_path / "deep.json"
    path.write_text("[" * 5_000 + "]" * 5_000, "utf-8")
    page.locator('input[type="file"]').first.set_input_files(path)
    expect(page.get_by_text("nested too deeply").first).to_be_visible(timeout=60_000)


def test_a_dashboard_that_ends_in_its_tab_says_so(site, window):
    page = window().new_page()
    page.goto(site)
    started(page)
    (worker,) = page.workers
    worker.evaluate("() => { try { python._api.fatal_error(new Error('memory')); } catch {} }")
    expect(page.get_by_role("alert").filter(has_text="has stopped in this tab")).to_be_visible()
