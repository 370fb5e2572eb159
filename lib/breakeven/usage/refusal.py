"""What is said of a file without tokens: what it most likely is, and what to give instead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path as FilePath

from breakeven.usage.formats import Path, exports, normal
from breakeven.usage.gather.records import records
from breakeven.usage.limits import Limits
from breakeven.usage.sheets.words import vocabulary, words_of
from breakeven.usage.table import flat, shorten

SHOWN_COLUMNS = 200
"""Characters of the names of columns that a refusal repeats."""
GIVE = (
    "Give a file with a column of input tokens and one of output tokens, such as "
    "input_tokens,output_tokens, or name yours (mapping input=…, output=…)."
)
_SUMMARY = {"metric", "avg", "mean", "min", "max", "p50", "p90", "p95", "p99", "std"}
_TEXT = {
    "conversations",
    "conversation",
    "messages",
    "text",
    "content",
    "prompt",
    "completion",
    "instruction",
}


def json_refusal(path: FilePath, limits: Limits) -> str:
    """The same about JSON, and about text that is no table at all."""
    names = list(
        dict.fromkeys(
            name for record in islice(records(path, limits, every=True), 20) for name in flat(record.value)
        )
    )
    return refusal(names)


def refusal(names: Sequence[Path]) -> str:
    """One sentence about a file in which no column holds tokens, and one about what to give."""
    columns = [path[0] for path in names if len(path) == 1]
    if not columns:
        return f"No records were found. {GIVE}"
    words = {word for name in columns for word in words_of(name)}
    said = {one for word in words for one in vocabulary().concepts.get(word, ())}
    shown = shorten(", ".join(shorten(name, 40) for name in columns), SHOWN_COLUMNS)
    near = _nearest(columns)
    if near:
        return f"The file looks most like {near[0]}, but has no column {near[1]}; it has {shown}. {GIVE}"
    if len(words & _SUMMARY) >= 2:
        return (
            f"The file is a summary of a benchmark ({shown}), which has no single requests: "
            f"export the requests, with the tokens in and out of each. {GIVE}"
        )
    if said & {"cost", "price"} and "token" not in said:
        return (
            f"The file has amounts of money and no tokens ({shown}), so it cannot be priced elsewhere: "
            f"export usage instead of costs. {GIVE}"
        )
    if words & _TEXT and "token" not in said:
        return f"The file has text and no counts of tokens ({shown}); text is not counted here. {GIVE}"
    return f"No column holds the tokens of prompts and completions; the file has {shown}. {GIVE}"


def _nearest(columns: Sequence[str]) -> tuple[str, str] | None:
    """Export that lacks one column only, and that column."""
    have = {normal(name) for name in columns}
    for one in exports().formats:
        for mark in one.marks:
            names = [normal(path[0]) for path in mark]
            missing = [name for name in names if name not in have]
            if len(missing) == 1 and len(set(names)) >= 3 and not one.refusal:
                return one.name, missing[0]
    return None
