"""What a session takes; then sessions come and go for minutes: whether memory is given back.

First many open one link each and stay: memory a session. Then real websockets speak Streamlit's protocol:
each visitor opens a link, runs the page a few times with changed links, thinks, and leaves; the next one
comes. Printed every half minute: memory of the server and of its descendants, reruns and their 95th
percentile. Streamlit keeps a session for two minutes after its visitor has left, so more are held than are
open. In the first quarter caches fill; growth is that from the second quarter to the last. Budgets (issue
"Safe and quick in public"): at most 1 MB a session, and flat. Run with
``uv run python -m tests.benchmarks.bench_soak [MINUTES] [SESSIONS]``; ``--workers N`` puts N behind nginx.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from websockets.exceptions import WebSocketException

from tests.benchmarks.visitors import Visitor
from tests.servers import Server, fronted, serving

EVERY_S = 30.0
FORGOTTEN_S = 150.0
"""After it all sessions that ended are forgotten. [s]"""
IDLE = 100
"""Sessions that stay open at the beginning."""
THINK_S = (1.0, 6.0)
"""A visitor thinks for so long. [s]"""
STAY = (3, 10)
"""How often a visitor has the page run before leaving."""


class Crowd:
    """Visitors, each in a thread."""

    def __init__(self, address: str, count: int) -> None:
        """Nobody has come yet."""
        self.address = address
        self.count = count
        self.over = threading.Event()
        self.waits_s: list[float] = []
        self.came = self.failed = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._visit, args=(n,), daemon=True) for n in range(count)]

    @contextmanager
    def there(self) -> Iterator[None]:
        """They come one after the other, and leave at the end."""
        for thread in self._threads:
            thread.start()
            time.sleep(0.2)
        yield
        self.over.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _visit(self, number: int) -> None:
        chance = random.Random(number)
        while not self.over.is_set():
            try:
                with Visitor(self.address, query=self._link(chance)) as visitor:
                    self._stay(visitor, chance)
            except (OSError, WebSocketException, TimeoutError):
                with self._lock:
                    self.failed += 1

    def _stay(self, visitor: Visitor, chance: random.Random) -> None:
        with self._lock:
            self.came += 1
        for _ in range(chance.randint(*STAY)):
            if self.over.wait(chance.uniform(*THINK_S)):
                return
            visitor.query = self._link(chance)
            waited = visitor.ask()
            with self._lock:
                self.waits_s.append(waited)

    @staticmethod
    def _link(chance: random.Random) -> str:
        prompt, load = chance.randint(100, 9000), chance.randint(1, 40)
        return f"v=2026-11&as_of=2026-11-21&prompt_a={prompt}&requests={load}"

    def taken(self) -> list[float]:
        """Waits since it was last asked. [s]"""
        with self._lock:
            found, self.waits_s = self.waits_s, []
        return found


def memory_mb(server: Server) -> tuple[float, float]:
    """Memory of the server or its workers, and of other descendants; shared pages by their share. [MB]"""
    tree = _tree(server.process.pid)
    sizes = {process: _proportional_mb(process) for process in tree}
    main = [one for one in tree if b"\0serve\0" in _words(one)]
    own = sum(sizes[one] for one in main)
    return own, sum(sizes.values()) - own


def _tree(process: int) -> list[int]:
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [process, *(found for child in children for found in _tree(int(child)))]


def _words(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _proportional_mb(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("Pss:")), 0.0)


def stay(address: str, server: Server) -> None:
    """Open sessions that do nothing more, and print what each takes."""
    with ExitStack() as stack:

        def open_one() -> None:
            stack.enter_context(Visitor(address, query="v=2026-11&as_of=2026-11-21"))

        open_one()
        time.sleep(20)  # what is loaded once is loaded now
        before, _ = memory_mb(server)
        for _ in range(IDLE):
            open_one()
        after, _ = memory_mb(server)
    each = (after - before) / IDLE
    print(
        f"{before:.0f} MB, with {IDLE} sessions more {after:.0f} MB: {each:.2f} MB a session (budget 1)",
        flush=True,
    )


def soak(address: str, server: Server, minutes: float, count: int) -> None:
    """Let visitors come and go, and print."""
    crowd, seen, everything = Crowd(address, count), [], [0.0]
    stay(crowd.address, server)
    with crowd.there():
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            time.sleep(EVERY_S)
            own, others = memory_mb(server)
            waits = sorted(crowd.taken()) or [0.0]
            seen.append(own)
            everything += waits
            print(
                f"{crowd.came} came, {crowd.failed} failed: server {own:.0f} MB, others {others:.0f} MB; "
                f"{len(waits) / EVERY_S:.1f} reruns/s, median {statistics.median(waits):.2f} s, "
                f"p95 {waits[int(len(waits) * 0.95)]:.2f} s",
                flush=True,
            )
    quarter = max(1, len(seen) // 4)
    early, late = statistics.median(seen[quarter : 2 * quarter]), statistics.median(seen[-quarter:])
    everything.sort()
    print(f"{crowd.came} sessions came in {minutes:g} minutes, {crowd.failed} failed; {count} at a time")
    print(f"p95 of {len(everything)} reruns: {everything[int(len(everything) * 0.95)]:.2f} s")
    print(f"second quarter {early:.0f} MB, last {late:.0f} MB: {late - early:+.0f} MB (flat: 0)")
    time.sleep(FORGOTTEN_S)
    print(f"when all are forgotten: {memory_mb(server)[0]:.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("sessions", type=int, nargs="?", default=30)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    if options.workers == 1:
        with serving() as server:
            soak(server.address, server, options.minutes, options.sessions)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        fronted(Path(folder), workers=options.workers) as (address, team),
    ):
        soak(address, team, options.minutes, options.sessions)


if __name__ == "__main__":
    main()
