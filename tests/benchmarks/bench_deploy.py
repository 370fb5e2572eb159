"""Deploy page: a widget moved, against the Compare page and an empty page, interleaved in one run.

A number is changed over the websocket and the clock stops at the script's last message. Run with
``uv run python -m tests.benchmarks.bench_deploy``.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

from breakeven.dashboard.session import tables_on
from breakeven.question.scenario import Scenario
from breakeven.views.deploy import USUAL, deploy
from tests.benchmarks.bench_load import BLANK, EMPTY, TOKENS, Change
from tests.benchmarks.visitors import DASHBOARD, OURS, Visitor, served

RUNS = 25
SHAPE = Change(name="prompt tokens", opened="box_Shape", field="q_prompt_a", value=float)


def rerun_ms(pages: list[tuple[str, str, Change]]) -> list[float]:
    """Median rerun of each page. [ms]"""
    with ExitStack() as stack:
        visitors = []
        for address, page, change in pages:
            visitor = stack.enter_context(Visitor(address, page))
            if change.opened:
                visitor.ask(change.opened, bool_value=True)
            visitors.append((visitor, change))
        times: list[list[float]] = [[] for _ in visitors]
        for _ in range(RUNS + 3):
            for (visitor, change), kept in zip(visitors, times, strict=True):
                kept.append(1e3 * visitor.ask(change.field, **change.sent))
        assert not any(visitor.failed for visitor, _ in visitors)
    return [statistics.median(kept[3:]) for kept in times]


def answer_ms() -> float:
    """Median time of computing the answer anew, without any page. [ms]"""
    scenario = Scenario(as_of=date(2026, 11, 21))
    tables = tables_on(scenario.as_of)
    times = []
    for number in range(RUNS):
        begin = time.perf_counter()
        deploy(replace(scenario, prompt_a=1000 + number), USUAL, tables)
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        empty, ours = (stack.enter_context(served(command, script)) for command in (OURS, DASHBOARD))
        pages = [(empty, "", BLANK), (ours, "", TOKENS), (ours, "deploy", SHAPE)]
        blank, compare, page = rerun_ms(pages)
    print(f"rerun: Deploy {page:.0f} ms, Compare {compare:.0f} ms, empty page {blank:.0f} ms by our server")
    print(f"Deploy is {page / compare:.2f} x Compare and {page / blank:.1f} x the empty page")
    print(f"of which computing the answer: {answer_ms():.0f} ms")


if __name__ == "__main__":
    main()
