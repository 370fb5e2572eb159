"""Deploy page: a widget moved, against the Compare page and an empty page, interleaved in one run.

Measured as :mod:`tests.benchmarks.bench_compare` does. Run with
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

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.sync.client import connect

from breakeven.dashboard.session import tables_on
from breakeven.question.scenario import Scenario
from breakeven.views.deploy import USUAL, deploy
from tests.benchmarks.bench_compare import DASHBOARD, EMPTY, OURS, RUNS, Visitor, served


class DeployVisitor(Visitor):
    """The same, on the Deploy page."""

    def run(self, message: BackMsg) -> None:
        """Name the page in every message."""
        message.rerun_script.page_name = "deploy"
        super().run(message)


def rerun_ms(pages: list[tuple[str, type[Visitor]]]) -> list[float]:
    """Median rerun of each page. [ms]"""
    with ExitStack() as stack:
        visitors = []
        for address, kind in pages:
            socket = connect(f"ws{address.removeprefix('http')}/_stcore/stream", max_size=None)
            visitors.append(kind(stack.enter_context(socket)))
        times: list[list[float]] = [[] for _ in visitors]
        for number in range(RUNS + 3):
            for visitor, kept in zip(visitors, times, strict=True):
                kept.append(visitor.change_ms(1000 + 7 * number))
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
        blank, compare, page = rerun_ms([(empty, Visitor), (ours, Visitor), (ours, DeployVisitor)])
    print(f"rerun: Deploy {page:.0f} ms, Compare {compare:.0f} ms, empty page {blank:.0f} ms by our server")
    print(f"Deploy is {page / compare:.2f} x Compare and {page / blank:.1f} x the empty page")
    print(f"of which computing the answer: {answer_ms():.0f} ms")


if __name__ == "__main__":
    main()
