"""Runs that somebody measured: the files of ``vllm bench serve``, or a CSV with units in its header."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 64_000_000
"""Largest file that is read. [B]"""
MOST_ROWS = 10_000
"""Most rows of one file. [-]"""
QUOTED = 40
"""Characters of a bad value that a message repeats. [-]"""


class BadRuns(Exception):
    """A file that cannot be read at all; the text says which, where and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRun:
    """One measured point."""

    prompt_tokens: float
    completion_tokens: float
    concurrency: float
    """Clients at once, or the sequences of a static batch. [-]"""
    ttft_s: float | None
    tpot_s: float | None
    static: bool = False
    """One batch read and decoded together, not clients that come and go."""


_ADVICE = "run vllm bench serve --save-detailed"

COLUMNS = {
    "prompt_tokens": ("prompt_tokens", "prompt", "input_tokens", "isl"),
    "completion_tokens": ("completion_tokens", "completion", "output_tokens", "osl"),
    "concurrency": ("concurrency", "max_concurrency", "clients", "batch", "batch_size"),
    "ttft": ("ttft_s", "ttft_ms", "mean_ttft_ms"),
    "tpot": ("tpot_s", "tpot_ms", "mean_tpot_ms"),
}
"""Names that a column may have, by what it holds; times carry their unit."""


def read_runs(name: str, content: bytes) -> tuple[list[OwnRun], list[str]]:
    """Read one file.

    Returns
    -------
    tuple
        The runs, and one sentence for each row that could not be read.

    Raises
    ------
    BadRuns
        If nothing can be read.
    """
    if len(content) > MOST_BYTES:
        raise BadRuns(f"{name}: the file has {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        place = f"byte {reason.start:,}"
        raise BadRuns(f"{name}: {place} is not UTF-8 text; a JSON or CSV file is read") from None
    if not text.strip():
        raise BadRuns(f"{name}: the file is empty; a result of vllm bench serve or a CSV is read")
    runs, problems = _json(name, text) if text.lstrip()[0] in "{[" else _csv(name, text)
    if not runs:
        raise BadRuns(problems[0] if problems else f"{name}: no row holds a measured time")
    return runs, problems


def _quoted(value: object) -> str:
    text = str(value)
    short = text if len(text) <= QUOTED else text[: QUOTED - 1] + "…"
    return "'" + "".join(c if c.isprintable() else " " for c in short) + "'"


def _json(name: str, text: str) -> tuple[list[OwnRun], list[str]]:
    """One result, or a list of results."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as reason:
        place = f"line {reason.lineno}: " if isinstance(reason, json.JSONDecodeError) else ""
        raise BadRuns(f"{name}: {place}not JSON as vllm bench serve --save-detailed writes it") from None
    runs, problems = [], []
    for number, entry in enumerate(found if isinstance(found, list) else [found], start=1):
        where = f"{name}: result {number}: " if isinstance(found, list) else f"{name}: "
        try:
            runs.append(_result(entry))
        except ValueError as reason:
            problems.append(where + str(reason))
    return runs, problems


def _result(entry: Any) -> OwnRun:
    """The means of one run of vllm bench serve."""
    if not isinstance(entry, dict):
        raise ValueError("is not a result of vllm bench serve (an object with ttfts and output_lens)")
    if "output_lens" not in entry and "total_output_tokens" not in entry:
        raise ValueError(f"has neither output_lens nor total_output_tokens; {_ADVICE}")
    done = _positive(entry, "completed", default=len(_list(entry, "output_lens")) or None)
    prompt = _mean(entry, "input_lens", "total_input_tokens", done)
    completion = _mean(entry, "output_lens", "total_output_tokens", done)
    ttft = _seconds(entry, "ttfts", "mean_ttft_ms")
    tpot = _tpot(entry)
    clients = entry.get("max_concurrency")
    if clients is None:
        # Little's law: how many were on their way at once.
        duration = _positive(entry, "duration")
        clients = max(1.0, done * (ttft + tpot * max(completion - 1, 0.0)) / duration)
    else:
        clients = _positive(entry, "max_concurrency")
    return OwnRun(
        prompt_tokens=prompt, completion_tokens=completion, concurrency=clients, ttft_s=ttft, tpot_s=tpot
    )


def _list(entry: dict[str, Any], key: str) -> list[Any]:
    value = entry.get(key)
    return value if isinstance(value, list) else []


def _numbers(entry: dict[str, Any], key: str) -> list[float]:
    """Numbers of a list that are above zero; a failed request has none."""
    numbers = [v for v in _list(entry, key) if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return [float(v) for v in numbers if math.isfinite(v) and v > 0]


def _positive(entry: dict[str, Any], key: str, default: float | None = None) -> float:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"{key} is {_quoted(value)}; a number above 0 is needed")
    return float(value)


def _mean(entry: dict[str, Any], each: str, total: str, done: float) -> float:
    numbers = _numbers(entry, each)
    return sum(numbers) / len(numbers) if numbers else _positive(entry, total) / done


def _seconds(entry: dict[str, Any], each: str, mean_ms: str) -> float:
    numbers = _numbers(entry, each)
    return sum(numbers) / len(numbers) if numbers else _positive(entry, mean_ms) / 1e3


def _tpot(entry: dict[str, Any]) -> float:
    """Mean over requests of the time between tokens, as vLLM defines it."""
    if "mean_tpot_ms" in entry:
        return _positive(entry, "mean_tpot_ms") / 1e3
    lengths, gaps = _list(entry, "output_lens"), _list(entry, "itls")
    each = []
    for length, steps in zip(lengths, gaps, strict=False):
        times = _numbers({"x": steps}, "x")
        if times and isinstance(length, int) and length > 1:
            # One gap may deliver several tokens; where gaps were cut off their mean stands for all.
            gaps_of_all = length - 1 if len(times) > (length - 1) / 2 else len(times)
            each.append(sum(times) / gaps_of_all)
    if not each:
        raise ValueError(f"has neither mean_tpot_ms nor itls; {_ADVICE}")
    return sum(each) / len(each)


def _csv(name: str, text: str) -> tuple[list[OwnRun], list[str]]:
    """A table with one measured point a line."""
    try:
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as reason:
        raise BadRuns(f"{name}: not a CSV file: {reason}") from None
    header = [cell.strip().lower() for cell in lines[0]]
    places = {what: next((n for n in names if n in header), None) for what, names in COLUMNS.items()}
    for what in ("prompt_tokens", "completion_tokens", "concurrency"):
        if places[what] is None:
            raise BadRuns(
                f"{name}: line 1: there is no column {what}; known names are {', '.join(COLUMNS[what])}, "
                f"and the header has {_quoted(', '.join(header))}"
            )
    if places["ttft"] is None and places["tpot"] is None:
        wanted = "ttft_s, ttft_ms, tpot_s or tpot_ms"
        raise BadRuns(f"{name}: line 1: there is no column of times; {wanted} is needed")
    if len(lines) - 1 > MOST_ROWS:
        raise BadRuns(f"{name}: {len(lines) - 1:,} rows; at most {MOST_ROWS:,} are read")
    runs, problems = [], []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        try:
            runs.append(_point(row, places))
        except ValueError as reason:
            problems.append(f"{name}: line {number}: {reason}")
    return runs, problems


def _point(row: dict[str, str], places: dict[str, str | None]) -> OwnRun:
    """One line of a CSV."""

    def number(column: str, accept: Callable[[float], bool], wanted: str) -> float:
        text = row.get(column, "")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not accept(value):
            raise ValueError(f"{column}: {_quoted(text)} is not {wanted}")
        return value

    def time(what: str) -> float | None:
        column = places[what]
        if column is None or not row.get(column):
            return None
        value = number(column, lambda v: 0 < v < 1e7, "a time above 0")
        return value / 1e3 if column.endswith("_ms") else value

    def count(what: str) -> float:
        return number(str(places[what]), lambda v: 1 <= v < 1e9, "a number of at least 1")

    ttft, tpot = time("ttft"), time("tpot")
    if ttft is None and tpot is None:
        raise ValueError("neither a time to the first token nor one per token")
    prompt, completion = count("prompt_tokens"), count("completion_tokens")
    return OwnRun(
        prompt_tokens=prompt,
        completion_tokens=completion,
        concurrency=count("concurrency"),
        ttft_s=ttft,
        tpot_s=tpot,
        static=row.get("mode", "").startswith("static"),
    )


def read_all(files: Sequence[tuple[str, bytes]]) -> tuple[list[OwnRun], list[str]]:
    """Read several files; raises BadRuns at the first that holds nothing."""
    runs: list[OwnRun] = []
    problems: list[str] = []
    for name, content in files:
        found, faults = read_runs(name, content)
        runs += found
        problems += faults
    return runs, problems
