"""The single requests of a file, with their times, for the replay.

Sums are enough to price a workload; how many replicas it needs hangs on every arrival. Rows that cannot be
read are left out here as they are from the sums, which report them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from breakeven.replay.server import Requests
from breakeven.usage.formats import ColumnMapping, Grain
from breakeven.usage.limits import Limits, limits_from
from breakeven.usage.open_rows import OnlySums, OpenRows, open_files
from breakeven.usage.spool import Unreadable

QUANTA_S = (3600, 900, 300, 60, 10, 5, 3, 1)
"""Times are rounded to one of these, if to any. [s]"""
ROWS = 1 << 18
"""Rows that are fetched together."""
LONGEST = 2**31 - 2
SUMS = "the rows are sums over many requests, so when each one came and how long it was is not known"
NO_TIMES = "the file has no times, so nobody can tell how many requests come together"


class NoArrivals(ValueError):
    """The file does not say when its requests arrived; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Requests of a file in order of arrival, times from the first one on."""

    requests: Requests
    start_s: float
    """First arrival; unix time, or since the start of a relative trace. [s]"""
    relative_time: bool
    quantum_s: int | None
    """Times were rounded to this and have been spread inside it. [s]"""
    without_time: int
    """Requests that are left out because their time cannot be read."""
    empty: int
    """Requests without a prompt or a completion; they count as one token."""


def read_arrivals(
    path: FilePath | Sequence[FilePath],
    *,
    mapping: ColumnMapping | None = None,
    limits: Limits | None = None,
) -> Arrivals:
    """Read when every request came, and how long it was.

    Parameters
    ----------
    path
        A file or several that belong together.
    mapping
        Columns that the user corrected.
    limits
        How much is read; by default from the environment.

    Raises
    ------
    NoArrivals
        If the rows are sums or have no times.
    Unreadable
        If the file cannot be read.
    """
    limits = limits or limits_from()
    parts: list[_Part] = []
    relative = False
    with tempfile.TemporaryDirectory(prefix="breakeven-") as name:
        files = [path] if isinstance(path, FilePath) else path
        try:
            for opened in open_files(files, mapping, limits, FilePath(name)):
                parts.append(_read(opened, limits))
                relative = opened.found.format.relative_time
        except OnlySums:
            raise NoArrivals(SUMS) from None
    time_us = np.concatenate([part.time_us for part in parts])
    if not time_us.size:
        raise NoArrivals(NO_TIMES)
    order = np.argsort(time_us, kind="stable")
    in_order = bool((order[1:] > order[:-1]).all())

    def sorted_(name: str) -> NDArray[np.int32]:
        whole = np.concatenate([getattr(part, name) for part in parts])
        return whole if in_order else whole[order]

    prompt, completion, cached = (sorted_(name) for name in ("prompt", "completion", "cached"))
    empty = int(((prompt < 1) | (completion < 1)).sum())
    np.maximum(prompt, 1, out=prompt)
    np.maximum(completion, 1, out=completion)
    start_us = int(time_us.min())
    time_us = (time_us if in_order else time_us[order]) - start_us
    quantum_s = _quantum(time_us)
    arrival_s = time_us / 1e6
    if quantum_s:
        arrival_s = _spread(arrival_s, quantum_s)
        # The first request need not come at the very start of its quantum.
        arrival_s -= arrival_s[0]
    blocks, offsets = _blocks(parts, order)
    return Arrivals(
        requests=Requests(
            arrival_s=arrival_s,
            prompt=prompt,
            completion=completion,
            cached=np.minimum(cached, prompt - 1) if cached.any() else None,
            blocks=blocks,
            block_offsets=offsets,
        ),
        start_s=start_us / 1e6,
        relative_time=relative,
        quantum_s=quantum_s,
        without_time=sum(part.without_time for part in parts),
        empty=empty,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Requests of one file, in its order."""

    time_us: NDArray[np.int64]
    prompt: NDArray[np.int32]
    completion: NDArray[np.int32]
    cached: NDArray[np.int32]
    blocks: list[str] | None
    without_time: int


def _read(opened: OpenRows, limits: Limits) -> _Part:
    """Take the requests of one relation.

    Raises
    ------
    NoArrivals
        If its rows are sums or have no times.
    """
    if opened.found.format.grain == Grain.BUCKET and "repeat" not in opened.texts:
        raise NoArrivals(SUMS)
    if "ts" not in opened.texts:
        raise NoArrivals(NO_TIMES)
    kept = "COALESCE(arrived_us, -1) AS time_us, prompt, s_output, s_read, repeats"
    statement = f"SELECT {kept}{', blocks' if opened.blocks else ''} FROM ({opened.rows}) WHERE good = 0"
    reader = opened.connection.sql(statement, params=dict(opened.parameters)).to_arrow_reader(ROWS)
    columns: list[list[NDArray[np.int64]]] = []
    texts: list[str] = []
    n = 0
    for batch in reader:
        n += batch.num_rows
        if n > limits.rows:
            raise Unreadable(limits.too_much(f"The file has more than {n:,} rows, above", "rows", "rows"))
        columns.append([column.to_numpy(zero_copy_only=False) for column in batch.columns[:5]])
        if opened.blocks:
            texts += batch.columns[5].to_pylist()

    def column(index: int) -> NDArray[np.int64]:
        parts = [part[index] for part in columns]
        return (np.concatenate(parts) if parts else np.zeros(0, np.int64)).astype(np.int64, copy=False)

    def tokens(index: int) -> NDArray[np.int32]:
        return np.minimum(column(index), LONGEST).astype(np.int32)

    time_us, repeats = column(0), column(4)
    prompt, completion, cached = tokens(1), tokens(2), tokens(3)
    known = time_us >= 0
    without = int(repeats[~known].sum())
    if not known.all():
        time_us, repeats = time_us[known], repeats[known]
        prompt, completion, cached = prompt[known], completion[known], cached[known]
        texts = [text for text, keep in zip(texts, known, strict=True) if keep] if texts else []
    if (repeats > 1).any():  # a row that stands for several requests at the same moment
        time_us = np.repeat(time_us, repeats)
        prompt, completion, cached = (np.repeat(a, repeats) for a in (prompt, completion, cached))
        texts = []
    return _Part(
        time_us=time_us,
        prompt=prompt,
        completion=completion,
        cached=cached,
        blocks=texts or None,
        without_time=without,
    )


def _quantum(time_us: NDArray[np.int64]) -> int | None:
    """What the times are rounded to, if they are and requests share a time because of it. [s]"""
    if time_us.size < 2:
        return None
    step = int(np.gcd.reduce(time_us))
    shared = bool((time_us[1:] == time_us[:-1]).any())
    if not shared or step % 1_000_000:
        return None
    return next((q for q in QUANTA_S if step % (q * 1_000_000) == 0), None)


def _spread(arrival_s: NDArray[np.float64], quantum_s: int) -> NDArray[np.float64]:
    """Spread requests evenly at random inside their quantum; always in the same way."""
    inside = np.random.default_rng(0).uniform(0.0, float(quantum_s), arrival_s.size)
    return np.sort(arrival_s + inside)


def _blocks(
    parts: Sequence[_Part], order: NDArray[np.int64]
) -> tuple[NDArray[np.int32] | None, NDArray[np.int64] | None]:
    """Hashed blocks of all prompts in order, numbered from 0; None where a file has none."""
    if any(part.blocks is None for part in parts):
        return None, None
    lists = [json.loads(text) if text else [] for part in parts for text in part.blocks or ()]
    ordered = [lists[i] if isinstance(lists[i], list) else [] for i in order]
    flat = [str(block) for one in ordered for block in one]
    _, numbers = np.unique(np.array(flat, dtype=object) if flat else np.zeros(0, object), return_inverse=True)
    offsets = np.zeros(len(ordered) + 1, np.int64)
    np.cumsum([len(one) for one in ordered], out=offsets[1:])
    return numbers.astype(np.int32), offsets
