"""What a machine does to a server: killed, a full disk, a damaged cache, files gone, a clock that jumps.

Nothing may be lost but the session, and that its link restores: the same headlines after as before.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from breakeven.dashboard.server import SWEEP_EVERY_S
from breakeven.paths import APP, DATA, PACKAGE
from tests.benchmarks.visitors import Visitor
from tests.servers import Server, free_port, health, serving, until, workers_of

pytestmark = pytest.mark.slow
LINK = "v=2026-11&as_of=2026-11-21&prompt_a=700&completion_a=90"


@contextmanager
def visiting(address: str, query: str = LINK) -> Iterator[Visitor]:
    """Somebody who opens a link; no exception may be shown."""
    with Visitor(address, query=query) as visitor:
        yield visitor


def headlines(visitor: Visitor) -> list[str]:
    """What the page says at its top; no exception is among it."""
    elements = [one.delta.new_element for one in visitor.answers if one.WhichOneof("type") == "delta"]
    assert "exception" not in {one.WhichOneof("type") for one in elements}
    titles = [one.heading for one in elements if one.WhichOneof("type") == "heading"]
    found = [title.body for title in titles if title.tag in ("h2", "h3")]
    assert found
    return found


def headlines_at(address: str, query: str = LINK) -> list[str]:
    """What a newcomer with a link reads."""
    with visiting(address, query) as visitor:
        return headlines(visitor)


def session_of(visitor: Visitor) -> str:
    """Secret number of a visitor's session."""
    opened = next(one.new_session for one in visitor.answers if one.WhichOneof("type") == "new_session")
    return str(opened.initialize.session_id)


def again(visitor: Visitor) -> None:
    """Have the visitor's page run once more in the session that it has."""
    visitor.query = LINK
    visitor.ask()


def upload(address: str, visitor: Visitor, content: bytes) -> int:
    """Send a file into a visitor's session; the status of the answer."""
    with urllib.request.urlopen(f"{address}/_stcore/health") as answer:
        token = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    head = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    request = urllib.request.Request(
        f"{address}/uploads/{session_of(visitor)}/file-1",
        head + content + b"\r\n--x--\r\n",
        {
            "Content-Type": "multipart/form-data; boundary=x",
            "Cookie": f"_streamlit_xsrf={token}",
            "X-Xsrftoken": token,
        },
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


@pytest.fixture
def room(tmp_path: Path) -> Mapping[str, str]:
    """A folder for temporary files and one for the kept tables, both empty."""
    for name in ("temporary", "cache"):
        (tmp_path / name).mkdir()
    return {"TMPDIR": str(tmp_path / "temporary"), "BREAKEVEN_CACHE": str(tmp_path / "cache")}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the link says while nothing happens."""
    with serving(environment={"TMPDIR": str(tmp_path_factory.mktemp("t"))}) as server:
        return headlines_at(server.address)


def _runs(process: int) -> bool:
    """Whether a process is there and not only waits to be counted."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False


def is_clean(server: Server) -> bool:
    """Nothing failed that was not foreseen."""
    return "Traceback" not in server.said()


def test_after_kill_9_the_next_start_deletes_the_visitors_files_and_the_link_restores(
    room: Mapping[str, str], tmp_path: Path, expected: list[str]
) -> None:
    temporary, port = Path(room["TMPDIR"]), free_port()
    with ExitStack() as stack:
        server = stack.enter_context(serving(port=port, environment=room, log=tmp_path / "log"))
        visitor = stack.enter_context(visiting(server.address))
        assert headlines(visitor) == expected
        assert upload(server.address, visitor, b"input_tokens,output_tokens\n1,2\n" * 1000) == 204
        assert [path for path in temporary.rglob("*") if path.is_file() and path.stat().st_size > 10_000]
        until(lambda: bool(workers_of(server)))  # what reads files is there
        helpers = workers_of(server)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(timeout=20)
        until(lambda: not any(_runs(helper) for helper in helpers))
    left = list(temporary.iterdir())
    assert left
    with serving(port=port, environment=room, log=tmp_path / "log") as server:
        assert headlines_at(server.address) == expected
        assert not [path for path in left if path.exists()]
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []
    assert is_clean(server)


def test_a_full_disk_refuses_an_upload_and_nothing_else(
    room: Mapping[str, str], tmp_path: Path, expected: list[str]
) -> None:
    # No file may grow beyond 200 kB, as if the disk were full: the tables cannot be kept either.
    limited = tmp_path / "python"
    limited.write_text(f'#!/bin/bash\nulimit -f 200\nexec {sys.executable} "$@"\n', encoding="utf-8")
    limited.chmod(0o755)
    with (
        serving(python=limited, environment=room, log=tmp_path / "log") as server,
        visiting(server.address) as visitor,
    ):
        assert headlines(visitor) == expected
        assert upload(server.address, visitor, b"x" * 3_000_000) == 507
        assert upload(server.address, visitor, b"x" * 1000) == 204
        kept = [path for path in Path(room["TMPDIR"]).rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in kept) < 200_000
        assert not list(Path(room["BREAKEVEN_CACHE"]).glob("tables-*"))
        assert headlines_at(server.address) == expected
    assert is_clean(server)


def _garbage(kept: Path) -> None:
    kept.write_bytes(os.urandom(100_000))


def _cut(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])


def _other(kept: Path) -> None:
    """A database, but not ours."""
    kept.unlink()
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('CREATE TABLE models AS SELECT 1 AS x')"
    subprocess.run([sys.executable, "-c", script, str(kept)], check=True)


def _folder(kept: Path) -> None:
    kept.unlink()
    kept.mkdir()


@pytest.mark.parametrize("damage", [_garbage, _cut, _other, _folder])
def test_kept_tables_that_are_damaged_are_built_anew(
    room: Mapping[str, str], tmp_path: Path, expected: list[str], damage: object
) -> None:
    environment = {**room, "BREAKEVEN_CACHE": str(tmp_path / "copy")}
    script = "from breakeven.tables.build import open_memory; open_memory().close()"
    subprocess.run([sys.executable, "-c", script], env=os.environ | environment, check=True)
    (kept,) = (tmp_path / "copy").glob("tables-*.duckdb")
    assert callable(damage)
    damage(kept)
    with serving(environment=environment, log=tmp_path / "log") as server:
        assert headlines_at(server.address) == expected
    assert is_clean(server)


@pytest.mark.parametrize("folder", ["/sys/breakeven", "/dev/null/cache"])
def test_a_cache_folder_that_cannot_be_written_is_done_without(
    room: Mapping[str, str], tmp_path: Path, expected: list[str], folder: str
) -> None:
    with serving(environment={**room, "BREAKEVEN_CACHE": folder}, log=tmp_path / "log") as server:
        assert headlines_at(server.address) == expected
    assert is_clean(server)


def test_two_servers_that_start_on_an_empty_cache_keep_one_whole_file(
    room: Mapping[str, str], tmp_path: Path, expected: list[str]
) -> None:
    port = free_port(2)
    command = [sys.executable, "-m", "breakeven", "serve", "--headless", "--port"]
    with (
        subprocess.Popen([*command, str(port)], env=os.environ | room) as first,
        serving(port=port + 1, environment=room, log=tmp_path / "log") as second,
    ):
        until(lambda: health(f"http://localhost:{port}")[0] == 200, process=first)
        assert headlines_at(f"http://localhost:{port}") == expected
        assert headlines_at(second.address) == expected
        first.terminate()
        first.wait(timeout=30)
    names = [path.name for path in Path(room["BREAKEVEN_CACHE"]).iterdir()]
    assert len(names) == 1
    assert names[0].endswith(".duckdb")
    assert is_clean(second)


def test_files_that_go_while_it_runs_are_named_by_the_health_and_no_visitor_is_lost(
    room: Mapping[str, str], tmp_path: Path, expected: list[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(PACKAGE, copy / "lib" / "breakeven", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(DATA, copy / "data")
    shutil.copytree(APP.parent / "pages", copy / "pages", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(APP, copy / "app.py")
    environment = {**room, "PYTHONPATH": str(copy / "lib")}
    with (
        serving(folder=copy, environment=environment, log=tmp_path / "log") as server,
        visiting(server.address) as visitor,
    ):
        assert headlines(visitor) == expected
        shutil.rmtree(copy / "data")
        again(visitor)
        assert len(headlines(visitor)) == len(expected)
        assert headlines_at(server.address) == expected
        assert health(server.address) == (200, "ok")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{server.address}/health")
        assert refused.value.code == 503
        assert refused.value.read().decode().startswith("cannot be read: data/api_ends.csv, ")
        refused.value.close()
    assert is_clean(server)


JUMPING = """
import sys, time
real, offset = time.time, sys.argv.pop(1)
time.time = lambda: real() + float(open(offset).read())
from breakeven.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("jump_s", [3 * 86_400, -3 * 86_400])
def test_a_clock_that_jumps_costs_no_upload_and_no_session(
    room: Mapping[str, str], tmp_path: Path, expected: list[str], jump_s: int
) -> None:
    offset, python = tmp_path / "offset", tmp_path / "python"
    offset.write_text("0")
    (tmp_path / "jumping.py").write_text(JUMPING, encoding="utf-8")
    # "python -m breakeven serve …" becomes the same with a clock of ours.
    python.write_text(f'#!/bin/bash\nexec {sys.executable} {tmp_path / "jumping.py"} {offset} "${{@:3}}"\n')
    python.chmod(0o755)
    environment = {**room, "PYTHONPATH": str(PACKAGE.parent)}
    with (
        serving(python=python, environment=environment, log=tmp_path / "log") as server,
        visiting(server.address) as visitor,
    ):
        assert headlines(visitor) == expected
        assert upload(server.address, visitor, b"x" * 50_000) == 204
        offset.write_text(str(jump_s))
        time.sleep(2.2 * SWEEP_EVERY_S)
        kept = [path for path in Path(room["TMPDIR"]).rglob("*") if path.is_file()]
        assert [path for path in kept if path.stat().st_size == 50_000]
        again(visitor)
        assert len(headlines(visitor)) == len(expected)
        assert headlines_at(server.address) == expected
        assert upload(server.address, visitor, b"y" * 50_000) == 204
    assert is_clean(server)
