"""Raw bytes against a running server: nothing fails, nobody else waits, every answer has its headers."""

import asyncio
import re
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.visitors import Visitor
from tests.dashboard.attacks import HALVES, NAMES, attacks
from tests.dashboard.test_chaos import again, session_of
from tests.servers import Server, health, serving

pytestmark = pytest.mark.slow
PATIENCE_S = 60.0
"""For an attack to be over, on a busy machine: a slow client is let go after 10 s or 30 s."""
AT_ONCE = 20


@dataclass(frozen=True)
class Result:
    """What came back for one attack."""

    received: bytes
    closed: bool
    """Whether the server closed the connection."""


async def attack(port: int, data: bytes, turn: asyncio.Semaphore) -> Result:
    """Send bytes and take what comes."""
    async with turn:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        received = bytearray()

        async def send() -> None:
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                pass  # it is refused before it is read

        sending = asyncio.create_task(send())
        websocket = b"/_stcore/stream" in data
        try:
            async with asyncio.timeout(8 if websocket else PATIENCE_S):  # one that is open may stay so
                while piece := await reader.read(65536):
                    received += piece
            closed = True
        except TimeoutError:
            closed = False
        except OSError:
            closed = True
        sending.cancel()
        writer.close()
        return Result(bytes(received), closed)


async def longest_wait_s(address: str, over: asyncio.Event) -> float:
    """How long another visitor waits at most while it goes on."""
    longest = 0.0
    while not over.is_set():
        begin = time.perf_counter()
        status, said = await asyncio.to_thread(partial(health, address, patience_s=PATIENCE_S))
        assert status == 200, said
        longest = max(longest, time.perf_counter() - begin)
        await asyncio.sleep(0.2)
    return longest


@dataclass(frozen=True)
class Run:
    """All attacks, and how the server is after them."""

    results: dict[str, Result]
    longest_wait_s: float
    server: Server
    log: str
    headlines: list[int]
    grown_mb: float


def memory_mb(server: Server) -> float:
    """Memory of the server. [MB]"""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1e3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Every attack against one server, many at once, while a visitor is there."""
    log = tmp_path_factory.mktemp("raw") / "log"
    with serving(log=log) as server:
        with Visitor(server.address) as visitor:
            session = session_of(visitor)

            async def all_of_them() -> tuple[dict[str, Result], float]:
                over, turn = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
                waiting = asyncio.create_task(longest_wait_s(server.address, over))
                named = list(attacks(session))
                port = urlsplit(server.address).port or 0
                found = await asyncio.gather(*(attack(port, data, turn) for _, data in named))
                over.set()
                return dict(zip([name for name, _ in named], found, strict=True)), await waiting

            asyncio.run(all_of_them())
            before = memory_mb(server)  # what is loaded once is loaded now
            results, waited = asyncio.run(all_of_them())
            again(visitor)  # its session is still there
            kinds = [len(one.SerializeToString()) for one in visitor.answers]
            grown = memory_mb(server) - before
        yield Run(results, waited, server, server.said(), kinds, grown)


def test_there_are_a_hundred_attacks_or_more_and_each_has_a_name() -> None:
    assert len(NAMES) >= 100
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_attack_gets_an_answer_with_headers_or_none_and_no_fault(run: Run, name: str) -> None:
    received = run.results[name].received
    answers = re.findall(rb"HTTP/1\.1 (\d{3}) [^\r]*\r\n(.*?)\r\n\r\n", received, re.DOTALL)
    statuses = [int(status) for status, _ in answers]
    assert not [status for status in statuses if status >= 500], received[:300]
    for status, head in answers:
        if status != b"101":
            assert b"x-content-type-options: nosniff" in head.lower(), head
            assert b"content-security-policy: " in head.lower()
        assert b"stolen" not in head
        assert b"evil" not in head
    for secret in (b"root:x:0", b"# TYPE ", b"import streamlit", b"Traceback"):
        assert secret not in received
    if not name.startswith("websocket") and "frame" not in name:
        assert run.results[name].closed, "the connection is kept for ever"
        assert statuses or not name.startswith(("path", "body", "form")), (
            "a request that is whole has no answer"
        )


def test_no_attack_leaves_an_exception_in_the_log(run: Run) -> None:
    assert "Traceback" not in run.log
    assert "Exception" not in run.log
    assert run.server.process.poll() is None


def test_others_are_answered_meanwhile_and_the_visitor_who_was_there_goes_on(run: Run) -> None:
    print(f"another visitor waited {run.longest_wait_s:.1f} s at most")
    assert len(run.headlines) > 10
    assert health(run.server.address) == (200, "ok")
    with urllib.request.urlopen(run.server.address) as answer:
        assert b"Breakeven</title>" in answer.read()


def test_what_was_sent_is_not_kept(run: Run) -> None:
    assert run.grown_mb < 50  # what was unpacked and sent is more than twice that


def test_half_sent_requests_are_let_go(run: Run) -> None:
    assert {name for name in HALVES if run.results[f"half: {name}"].closed} >= set(HALVES) - {"half a frame"}
