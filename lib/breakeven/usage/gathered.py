"""Rows that were read one by one, in the canonical columns, and what became of every other row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from breakeven.usage.formats import Grain
from breakeven.usage.sums import Preview, Problem

COLUMNS = (
    "file",
    "line",
    "ts",
    "model",
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "n_requests",
    "repeat",
    "context_tier",
    "processing",
    "cost",
    "currency",
    "session",
    "tenant",
    "ttft_s",
    "e2e_s",
    "extra",
)
"""Columns of the file of rows. ``input`` is the input that was not cached, ``output`` includes the reasoning,
``cost`` is in ``currency``, ``ts`` is ISO 8601 or seconds since the start;
``extra`` holds other meters as JSON."""


@dataclass(slots=True, kw_only=True)
class Gathered:
    """Canonical rows of one or several files."""

    path: Path
    """CSV with the columns of :data:`COLUMNS`."""
    kind: str
    """What the file was taken for, such as 'Claude Code transcripts'."""
    kind_id: str
    grain: Grain = Grain.REQUEST
    seen: int = 0
    """Rows that could count: those in ``path``, those left out and those rejected, no other."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Why rows are no request of their own, to how many."""
    rejected: list[Problem] = field(default_factory=list)
    """Rows that cannot be read, and cells that are not used."""
    decisions: list[str] = field(default_factory=list)
    """What was decided from the numbers, in sentences."""
    of_columns: list[str] = field(default_factory=list)
    """Those of them that hold for every row of a column, whatever their number."""
    once: bool = False
    """That rows are sums rests on no time that repeats for a model."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """Canonical column to the columns that it was read from."""
    ignored: tuple[str, ...] = ()
    cached: str = "none"
    """Where cached tokens were, seen from the input."""
    relative_time: bool = False
    provider: str | None = None
    """Who billed, where the file says so."""
    rows: int = 0
    """Rows in ``path``."""
    preview: Preview | None = None
    """First rows as they stand in the file; None: the canonical rows are shown."""
    counted: bool = False
    """The numbers of requests are known; otherwise a row of sums stands for an unknown number."""

    def decide(self, said: str) -> None:
        """Note what holds for every row."""
        self.decisions.append(said)
        self.of_columns.append(said)

    def leave_out(self, why: str, rows: int = 1) -> None:
        """Count rows that are no request of their own."""
        self.left_out[why] = self.left_out.get(why, 0) + rows


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write canonical rows, and say how many; what a row does not say stays empty."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([row.get(name, "") for name in COLUMNS])
            written += 1
    return written
