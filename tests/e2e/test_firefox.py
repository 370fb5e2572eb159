"""Both halves of the exported site in Firefox, by its own protocol (WebDriver BiDi): no driver is needed."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from breakeven.cli import main
from breakeven.paths import DATA
from breakeven.static.live.build import needs
from breakeven.static.policy import POLICY, with_more
from tests.e2e.conftest import install
from tests.e2e.test_live_site import START_MS, parts, written
from tests.e2e.test_static_site import FOLDERS, exported, hosted
from tests.servers import free_port

__all__ = ["exported", "parts", "written"]
pytestmark = pytest.mark.slow
_NAMES = ("firefox", "firefox-esr")


class Firefox:
    """One window of it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.number = socket, 0
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.window = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": given}))
        while True:
            said = json.loads(self.socket.recv(timeout=START_MS / 1000))
            if said.get("id") == self.number:
                assert said["type"] == "success", said
                result: dict[str, Any] = said["result"]
                return result
            told = said.get("params", {})
            if said.get("method") == "log.entryAdded" and told["level"] == "error":
                self.faults.append(str(told["text"]))
            if said.get("method") == "network.beforeRequestSent":
                self.asked.append(told["request"]["url"])

    def open(self, address: str) -> None:
        self.call("browsingContext.navigate", context=self.window, url=address, wait="complete")

    def node(self, expression: str) -> dict[str, Any]:
        answer = self.call(
            "script.evaluate", expression=expression, target={"context": self.window}, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        result: dict[str, Any] = answer["result"]
        return result

    def value(self, expression: str) -> Any:
        return self.node(expression).get("value")

    def wait(self, expression: str) -> None:
        end = time.monotonic() + START_MS / 1000
        while not self.value(expression):
            assert time.monotonic() < end, (
                f"never: {expression}; {self.value('document.body.innerText')[:500]}"
            )
            time.sleep(0.5)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """A Firefox with an empty profile; CI never goes without."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        install("firefox-esr")
        found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Firefox: install it (on Debian: apt-get install firefox-esr)")
        pytest.skip("no Firefox")
    port, profile = free_port(), tmp_path_factory.mktemp("firefox")
    command = [
        found,
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        f"--remote-debugging-port={port}",
    ]
    with ExitStack() as stack:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        program = stack.enter_context(subprocess.Popen(command, **quiet))  # type: ignore[call-overload]
        stack.callback(program.terminate)
        yield Firefox(stack.enter_context(_connected(port)))


def _connected(port: int) -> ClientConnection:
    end = time.monotonic() + 60
    while True:
        try:
            return connect(f"ws://127.0.0.1:{port}/session", max_size=None, legacy=True)
        except OSError:
            assert time.monotonic() < end, "Firefox does not listen"
            time.sleep(0.5)


def test_every_page_shows_its_verdict_and_charts(firefox, exported):
    with hosted(exported) as address:
        for folder in FOLDERS:
            firefox.open(f"{address}{folder}{'/' if folder else ''}")
            assert firefox.value("document.querySelector('#answer h2').innerText.trim().length") > 10, folder
            drawn = "[...document.querySelectorAll('figure.chart svg')].some((one) => one.checkVisibility())"
            assert firefox.value(f"!document.querySelector('figure.chart') || {drawn}"), folder
            assert firefox.value(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            ), folder
        own = (address, "data:")
    assert [url for url in firefox.asked if url.startswith("http") and not url.startswith(own)] == []
    assert firefox.faults == []
    firefox.asked.clear()


def test_the_dashboard_runs_in_its_tab_and_prices_a_file(firefox, written, capsys):
    path = DATA / "samples" / "by_hand.csv"
    assert main(["price", str(path), "--json"]) == 0
    digest = json.loads(capsys.readouterr().out)["digest"]
    with hosted(written, with_more(POLICY, needs())) as address:
        firefox.open(f"{address}workload")
        firefox.wait("!document.querySelector('[data-live-line]')")
        firefox.wait("document.querySelector('input[type=file]') !== null")
        files = firefox.node("document.querySelector('input[type=file]')")["sharedId"]
        firefox.call("input.setFiles", context=firefox.window, element={"sharedId": files}, files=[str(path)])
        # The page stands with an example's until it has read the file.
        firefox.wait(f"new URLSearchParams(location.search).get('w') === '{digest}'")
    assert [url for url in firefox.asked if url.startswith("http") and not url.startswith(address)] == []
    assert [fault for fault in firefox.faults if "404" not in fault] == []
