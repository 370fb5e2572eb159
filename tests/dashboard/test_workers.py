"""Workers are watched and replaced: each here is a small real process that says that it is ready."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from breakeven.dashboard.workers import COOKIE, Sticky
from tests.builders import ROOT
from tests.servers import until

WORKER = """
import os, signal, sys, threading
from pathlib import Path
from breakeven.dashboard import workers
folder = Path(sys.argv[1])
number = workers.own_number()
if (folder / "refuse").exists():
    sys.exit(int((folder / "refuse").read_text()))
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
workers.hold_line(lambda: (folder / f"{number}-{os.getpid()}").touch(), over.set)
while not over.wait(0.05):
    pass
(folder / f"{number}-{os.getpid()}").unlink()
"""
"""A worker is there as long as its file is."""
TEAM = """
import sys
from breakeven.dashboard import workers
workers.STEADY_S = 0.0
command = lambda number: [sys.executable, "-c", sys.argv[2], sys.argv[1]]
sys.exit(workers.run(command, 2))
"""


@contextmanager
def team_in(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run two workers; whatever happens, nobody is left."""
    with subprocess.Popen(
        [sys.executable, "-c", TEAM, str(folder), WORKER],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as team:
        try:
            yield team
        finally:
            team.kill()


def there(folder: Path) -> dict[int, int]:
    """Processes of the workers that are ready, by number."""
    names = [path.name.split("-") for path in folder.glob("?-*")]
    return {int(number): int(process) for number, process in names}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_both_workers_run_and_end_with_their_team(folder: Path) -> None:
    with team_in(folder) as team:
        until(lambda: set(there(folder)) == {1, 2})
        team.terminate()
        assert team.wait(timeout=30) == 0
        assert there(folder) == {}


def test_a_worker_that_dies_is_started_again_and_the_other_stays(folder: Path) -> None:
    with team_in(folder) as team:
        until(lambda: set(there(folder)) == {1, 2})
        before = there(folder)
        os.kill(before[1], signal.SIGKILL)
        (folder / f"1-{before[1]}").unlink()
        until(lambda: set(there(folder)) == {1, 2})
        assert there(folder)[1] != before[1]
        assert there(folder)[2] == before[2]
        assert team.poll() is None


def test_both_workers_are_replaced_on_request_and_one_is_there_all_the_while(folder: Path) -> None:
    with team_in(folder) as team:
        until(lambda: set(there(folder)) == {1, 2})
        before = there(folder)
        team.send_signal(signal.SIGHUP)

        def replaced() -> bool:
            files = list(folder.glob("?-*"))
            assert {path.name[0] for path in files} == {"1", "2"}, "a number had nobody"
            return len(files) == 2 and not set(there(folder).values()) & set(before.values())

        until(replaced)
        assert team.poll() is None


def test_old_workers_stay_where_a_new_one_cannot_start(folder: Path) -> None:
    with team_in(folder) as team:
        until(lambda: set(there(folder)) == {1, 2})
        before = there(folder)
        (folder / "refuse").write_text("1")
        team.send_signal(signal.SIGHUP)
        assert team.stderr is not None
        assert "a new worker 1 does not start; the old workers stay" in team.stderr.readline()
        assert there(folder) == before


@pytest.mark.parametrize(("status", "expected"), [(2, 2), (7, 1)])
def test_a_team_whose_first_worker_cannot_start_ends_and_says_so_by_its_status(
    folder: Path, status: int, expected: int
) -> None:
    (folder / "refuse").write_text(str(status))
    with team_in(folder) as team:
        assert team.wait(timeout=30) == expected


def test_workers_end_where_their_team_was_killed(folder: Path) -> None:
    with team_in(folder) as team:
        until(lambda: set(there(folder)) == {1, 2})
        team.kill()
        team.wait(timeout=30)
        until(lambda: there(folder) == {})


async def _page(_request: Request) -> HTMLResponse:
    return HTMLResponse("<p>hello</p>")


async def _file(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("a file")


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def client() -> Iterator[TestClient]:
    routes = [Route("/", _page), Route("/file", _file), WebSocketRoute("/talk", _talk)]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Sticky, number=2, path="/x")])) as opened:
        yield opened


def test_a_page_and_a_connection_say_which_worker_they_came_from(client: TestClient) -> None:
    said = f"{COOKIE}=2; Path=/x; HttpOnly; SameSite=Lax"
    assert client.get("/").headers["set-cookie"] == said
    assert "set-cookie" not in client.get("/file").headers
    with client.websocket_connect("/talk") as talk:
        assert (b"set-cookie", said.encode()) in talk.extra_headers


@pytest.mark.parametrize(("cookie", "again"), [("2", False), ("1", True), ("22", True)])
def test_only_who_comes_from_elsewhere_is_marked_anew(client: TestClient, cookie: str, again: bool) -> None:
    answer = client.get("/", headers={"cookie": f"other=1; {COOKIE}={cookie}"})
    assert ("set-cookie" in answer.headers) is again
