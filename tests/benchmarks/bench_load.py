"""Many visitors of the Compare page at once, against an empty Streamlit page in the same run.

First what one rerun costs the server: processor time of the process over the reruns of one visitor, the
pages turn by turn, so that a busy machine slows all of them alike. The empty page has a number and a line
of text. It is served twice: by ``streamlit run`` as it comes, which collects garbage after every rerun,
and by the server and the options of ``breakeven serve``, which do not. Compare's numbers never repeat, so
that no answer is a kept one; opening a box asks for the same answer again.

Then 1, 10, 30 and 100 visitors who change a number, wait for the page, and think for a second: how long
the page takes at the median and for the slowest twentieth, on each page. Visitors are websockets of this
process, which takes part of the machine as well. Budget (design): 3 times the empty page's time a rerun; with
100 visitors on two cores 95 of 100 reruns within a second. Run with
``uv run python -m tests.benchmarks.bench_load``; ``--sessions 1 10`` for fewer.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.benchmarks.visitors import DASHBOARD, OURS, STOCK, Guest, Served, Visitor, started

THINK_S = 1.0
EMPTY = """
import streamlit as st

value = st.number_input("Prompt tokens", 1, 2_000_000, 4000, key="q_prompt_a")
st.write(f"{value:,} tokens")
"""
_numbers = count(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a visitor does again and again."""

    name: str
    opened: str | None
    """The box that has the number, opened once."""
    field: str
    value: Callable[[int], float | bool]

    @property
    def sent(self) -> dict[str, float | bool]:
        """Its next value, which nobody has asked for yet."""
        value = self.value(next(_numbers))
        return {"bool_value" if isinstance(value, bool) else "double_value": value}


TOKENS = Change(name="prompt tokens", opened="box_Shape A", field="q_prompt_a", value=float)
LOAD = Change(name="load", opened="box_Load", field="q_requests", value=lambda number: number / 1000)
BOX = Change(
    name="a box opened or closed", opened=None, field="why_box", value=lambda number: number % 2 == 0
)
BLANK = Change(name="a number", opened=None, field="q_prompt_a", value=float)


def cpu_ms(pages: Sequence[tuple[Served, Change]], rounds: int, reruns: int) -> list[float]:
    """Processor time of one rerun of each page, turn by turn. [ms]"""
    with ExitStack() as stack:
        visitors = []
        for server, change in pages:
            visitor = stack.enter_context(Visitor(server.address))
            if change.opened:
                visitor.ask(change.opened, bool_value=True)
            for _ in range(3):
                visitor.ask(change.field, **change.sent)
            visitors.append(visitor)
        spent = [0.0] * len(pages)
        for _ in range(rounds):
            for number, ((server, change), visitor) in enumerate(zip(pages, visitors, strict=True)):
                before = server.cpu_s()
                for _ in range(reruns):
                    visitor.ask(change.field, **change.sent)
                spent[number] += server.cpu_s() - before
        assert not any(visitor.failed for visitor in visitors)
    return [1e3 * one / (rounds * reruns) for one in spent]


async def waits_s(
    server: Served, changes: Sequence[Change], sessions: int, seconds: float
) -> tuple[list[float], float]:
    """How long each rerun of visitors took who think in between, and the processor time of all. [s]"""
    guests = [(Guest(server.address), changes[number % len(changes)]) for number in range(sessions)]
    for guest, change in guests:
        await guest.enter()
        if change.opened:
            await guest.ask(change.opened, bool_value=True)
    waits: list[float] = []
    end, before = time.perf_counter() + seconds, server.cpu_s()

    async def stay(guest: Guest, change: Change) -> None:
        await asyncio.sleep(random.uniform(0, THINK_S))  # they did not come together
        while time.perf_counter() < end:
            waits.append(await guest.ask(change.field, **change.sent))
            await asyncio.sleep(THINK_S)

    await asyncio.gather(*(stay(guest, change) for guest, change in guests))
    spent = server.cpu_s() - before
    assert not any(guest.failed for guest, _ in guests)
    for guest, _ in guests:
        await guest.socket.close()
    return waits, spent


def under_load(
    servers: Sequence[tuple[str, Served, Sequence[Change]]], sessions: Sequence[int], seconds: float
) -> Iterator[str]:
    """A line for each number of visitors and page."""
    for number in sessions:
        middles = []
        for name, server, changes in servers:
            waits, spent = asyncio.run(waits_s(server, changes, number, seconds))
            middles.append(statistics.median(waits))
            slow = statistics.quantiles(waits, n=20)[-1]
            yield (
                f"{number:4} visitors, {name}: p50 {1e3 * middles[-1]:.0f} ms, p95 {1e3 * slow:.0f} ms, "
                f"{len(waits) / seconds:.0f} reruns/s, "
                f"{1e3 * spent / len(waits):.1f} ms of processor time each, "
                f"{server.memory_mb():.0f} MB"
            )
        yield f"{number:4} visitors: p50 {middles[-1] / middles[0]:.1f} x the empty page's"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 10, 30, 100])
    parser.add_argument("--seconds", type=float, default=15.0, help="of each load on each page")
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        stock, ours, full = (
            stack.enter_context(started(command, script)) for command in (STOCK, OURS, DASHBOARD)
        )
        Visitor(full.address).close()
        time.sleep(12)  # what the dashboard compiles after its start is not part of a rerun
        changes = (TOKENS, LOAD, BOX)
        pages = [(stock, BLANK), (ours, BLANK), *((full, change) for change in changes)]
        as_it_comes, empty, *found = cpu_ms(pages, options.rounds, 20)
        print(f"empty page, streamlit run: {as_it_comes:.1f} ms of processor time a rerun")
        print(f"empty page, our options:   {empty:.1f} ms")
        for change, spent in zip(changes, found, strict=True):
            print(
                f"Compare, {change.name}: {spent:.1f} ms, {spent / as_it_comes:.2f} x and "
                f"{spent / empty:.1f} x the empty page"
            )
        servers = [("empty page", ours, [BLANK]), ("Compare", full, [TOKENS, LOAD])]
        for line in under_load(servers, options.sessions, options.seconds):
            print(line)


if __name__ == "__main__":
    main()
