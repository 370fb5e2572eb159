"""Small files made after public exports, threads and pages give what ``EXPECTED.csv`` says.

``expect`` is one of: yes; yes, with a warning; yes, or a clear refusal; no: clear refusal. An empty cell is
not compared; ``says`` is a pattern that the sentences about the file have to hold, and ``source`` is where
its shape is from. The files are made up; only names of columns and shapes are those of the sources.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import Workload

HERE = Path(__file__).parent
COUNTS = (
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "requests",
)


def cases() -> list[dict[str, str]]:
    """What each file must give."""
    with (HERE / "EXPECTED.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(workload: Workload) -> str:
    """All sentences about a file."""
    decisions = [text for one in workload.recognised for text in one.decisions]
    problems = [f"{one.column} {one.value} {one.reason}" for one in workload.problems]
    return " ".join((*workload.notes, *decisions, *problems))


def wrong(case: dict[str, str], workload: Workload) -> list[str]:
    """Where a workload is not what is expected."""
    found = [
        f"{name} {getattr(workload.tokens, name)} for {case[name]}"
        for name in COUNTS
        if case[name] and getattr(workload.tokens, name) != int(case[name])
    ]
    paid, want = workload.paid_usd, case["paid_usd"]
    if want == "none" and paid is not None:
        found.append(f"paid {paid} for none")
    elif want.startswith("not ") and paid == pytest.approx(float(want[4:])):
        found.append(f"paid {paid}")
    elif want[:1].isdigit() and (paid is None or paid != pytest.approx(float(want), abs=1e-9)):
        found.append(f"paid {paid} for {want}")
    if case["first"]:
        first = datetime.fromtimestamp(workload.first_s, UTC).isoformat() if workload.first_s else ""
        if not first.startswith(case["first"]):
            found.append(f"first {first} for {case['first']}")
    if case["span_s"] and workload.span_s != pytest.approx(float(case["span_s"])):
        found.append(f"span {workload.span_s} for {case['span_s']}")
    if "clear refusal" not in case["expect"] and not re.search(case["says"], said(workload), re.IGNORECASE):
        found.append(f"does not say {case['says']!r}")
    if workload.rows_read < workload.rows_rejected + workload.rows_skipped:
        found.append("more rows left out than read")
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["file"])
def test_file_gives_what_its_source_says(case: dict[str, str]) -> None:
    refused = ""
    try:
        workload = read_workload(HERE / "files" / case["file"])
    except Unreadable as refusal:
        refused = str(refusal)
    if refused:
        assert "clear refusal" in case["expect"], refused
        assert re.search(case["says"], refused, re.IGNORECASE), refused
        return
    assert not case["expect"].startswith("no"), f"read: {workload.tokens}"
    assert not wrong(case, workload), (workload.tokens, said(workload))
