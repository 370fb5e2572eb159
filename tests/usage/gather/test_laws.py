"""What holds for every JSON: nothing is dropped in silence, depth and repeats change nothing, nothing raises."""

# ruff: noqa: E501

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.usage.gather import Source, gather, refusal_for
from breakeven.usage.gathered import Gathered
from breakeven.usage.limits import Limits
from tests.usage.gather.cases import (
    AGENTS,
    BENCHMARKS,
    GATEWAYS,
    MORE,
    RESPONSES,
    SPANS,
    YET_MORE,
    Case,
    lines,
)
from tests.usage.gather.test_cases import holds, read, rows_of, sums_of

CASES = (*AGENTS, *RESPONSES, *SPANS, *GATEWAYS, *BENCHMARKS, *MORE, *YET_MORE)
NAMES = st.text("qwxyz", min_size=3, max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "usage",
                    "prompt_tokens",
                    "output",
                    "input",
                    "total_tokens",
                    "id",
                    "model",
                    "tokens",
                    "cached",
                    "type",
                )
            )
            | NAMES,
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


def sums(*texts: str) -> tuple[tuple[int, ...], int, Gathered | None]:
    """Tokens and rows of files in a folder of their own; the law holds."""
    with tempfile.TemporaryDirectory() as folder:
        got = read(Path(folder), *texts)
        rows = rows_of(got) if got else []
        assert got is None or holds(got, rows)
        return sums_of(rows), len(rows), got


@settings(deadline=None)
@given(
    st.lists(JSON, max_size=4),
    st.sampled_from(("\n", "\r\n", "\n\n")),
    st.sampled_from(("", "{broken tokens", "[1, 2", "data: {")),
)
def test_any_json_keeps_the_law(values: list[Any], end: str, dirt: str) -> None:
    sums(end.join([*(json.dumps(value) for value in values), dirt]))
    sums(json.dumps(values, indent=2) + dirt)


@settings(deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_dirt_between_the_lines_changes_nothing_but_what_is_rejected(one: Case, data: st.DataObject) -> None:
    if any(
        text.count("\n") != len([t for t in text.splitlines() if t.startswith("{")]) for text in one.files
    ):
        return
    dirty, broken = [], 0
    for text in one.files:
        kept = []
        for line in text.splitlines():
            for bad in data.draw(
                st.lists(
                    st.sampled_from(('{"usage": {"prompt_tokens": 5', "", "INFO no json", "[DONE]")),
                    max_size=2,
                )
            ):
                kept.append(bad)
                broken += bad.startswith("{")
            kept.append(line)
        dirty.append("\n".join(kept))
    got, rows, whole = sums(*dirty)
    assert (got, rows) == (one.want, one.rows)
    assert whole is not None
    assert len(whole.rejected) == broken
    assert all(problem.line and "not JSON" in problem.reason for problem in whole.rejected)


@settings(deadline=None)
@given(st.lists(NAMES, max_size=12), st.integers(1, 10**6), st.integers(0, 10**6))
def test_record_reads_the_same_under_any_keys(names: list[str], prompt: int, answer: int) -> None:
    value: Any = {"id": "chatcmpl-1", "model": "gpt-5", "created": 1793800000,
                  "usage": {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}}  # fmt: skip
    plain, _, _ = sums(json.dumps(value))
    for number, name in enumerate(names):
        value = {name: [value] if number % 3 == 2 else value}
    assert sums(json.dumps(value))[:2] == (plain, 1)
    assert sums(json.dumps(value, indent=1))[:2] == (plain, 1)


def test_very_deep_json_reads_or_is_said_to_be_too_deep() -> None:
    value = '{"usage": {"prompt_tokens": 3, "completion_tokens": 4}}'
    assert sums('{"a":' * 200 + value + "}" * 200)[0][0] == 3
    got, rows, whole = sums('{"a":' * 100_000 + value + "}" * 100_000 + "\n" + value)
    assert whole is not None
    assert (got[0], rows) == (3, 1)
    assert "too deeply" in whole.rejected[0].reason


@settings(deadline=None)
@given(
    st.sampled_from(
        [
            one
            for one in CASES
            if one.name.startswith(
                ("claude code, streamed", "a request id", "anthropic batch", "litellm spend")
            )
        ]
    ),
    st.integers(1, 4),
)
def test_lines_with_an_id_count_once_however_often_they_are_repeated(one: Case, times: int) -> None:
    got, rows, _ = sums(*(text for text in one.files for _ in range(times)))
    assert (got, rows) == (one.want, one.rows)
    assert sums(*("\n".join([text.strip()] * times) for text in one.files))[:2] == (one.want, one.rows)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-5, "negative"),
        (1.5, "whole"),
        (float("nan"), "finite"),
        (10**40, "holds"),
        ("-7", "negative"),
        ("2.5", "whole"),
    ],
)
def test_count_that_cannot_be_one_is_named_with_its_line(value: object, reason: str) -> None:
    good = {"model": "m", "usage": {"input_tokens": 5, "output_tokens": 6}}
    got, rows, whole = sums(lines(good, {"model": "m", "usage": {"input_tokens": value, "output_tokens": 6}}))
    assert whole is not None
    assert (got[0], rows) == (5, 1)
    [problem] = whole.rejected
    assert (problem.line, problem.column) == (2, "input_tokens")
    assert reason in problem.reason


def test_integer_of_ten_thousand_digits_is_a_bad_record() -> None:
    _, rows, whole = sums(
        '{"usage": {"prompt_tokens": '
        + "9" * 10_000
        + ', "completion_tokens": 1}}\n{"prompt_tokens": 1, "completion_tokens": 1}'
    )
    assert whole is not None
    assert (rows, len(whole.rejected)) == (1, 1)


def test_of_a_key_twice_the_last_counts() -> None:
    assert sums('{"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens": 2}')[0][0] == 2


def test_total_proves_where_cached_tokens_lie_whatever_the_names_say() -> None:
    inside = {"input_tokens": 100, "cache_read_input_tokens": 60, "output_tokens": 10, "total_tokens": 110}
    outside = {"prompt_tokens": 100, "cached_tokens": 60, "completion_tokens": 10, "total_tokens": 170}
    got, _, whole = sums(lines(inside))
    assert got[:2] == (40, 60)
    assert whole is not None
    assert "cached tokens are inside the input, because total = input + output in 100 %" in whole.decisions[0]
    assert sums(lines(outside))[0][:2] == (100, 60)


def test_rows_without_a_total_follow_those_that_have_one() -> None:
    names = {"input_tokens": 100, "cache_read_input_tokens": 60, "output_tokens": 10}
    proven = [{**names, "total_tokens": 110}] * 3
    assert sums(lines(*proven, {**names, "total_tokens": None}))[0][:2] == (160, 240)


def test_more_cached_than_sent_lies_outside() -> None:
    assert sums(lines({"model": "m", "input_tokens": 5, "cached_tokens": 90, "output_tokens": 1}))[0][:2] == (
        5,
        90,
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ({"data": [{"object": "bucket", "results": [{"object": "organization.costs.result", "amount": {"value": 1, "currency": "usd"}}]}]}, "OpenAI's costs API"),
        ({"data": [{"starting_at": "2026-11-05T00:00:00Z", "results": [{"amount": "12", "cost_type": "tokens", "description": "x"}]}]}, "Anthropic's cost report"),
        ([{"conversations": [{"from": "human", "value": "how many tokens?"}]}], "ShareGPT"),
        ({"log": {"version": "1.2", "creator": {}, "entries": []}}, "HAR"),
        ([{"title": "x", "mapping": {}, "current_node": "a"}], "ChatGPT data export"),
        ([{"uuid": "x", "chat_messages": [{"sender": "human", "text": "x"}]}], "Claude data export"),
        ([{"date": "2026-11-05", "total_engaged_users": 5, "copilot_ide_chat": {}}], "Copilot"),
        ({"messages": [{"role": "user", "content": "x"}]}, "without token counts"),
        (lines({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "max_tokens": 5}}), "input of an OpenAI batch"),
        (lines({"model": "m", "total_tokens": 500}), "in total only"),
    ],
)  # fmt: skip
def test_json_without_tokens_is_named_and_the_right_export_is_told(
    text: Any, part: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    sources = [Source(path=path, name=path.name)]
    assert gather(sources, tmp_path, Limits()) is None
    refusal = refusal_for(sources)
    assert refusal is not None
    assert part in refusal


def test_value_larger_than_the_limit_is_named_and_the_limit_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(
        '{\n "usage": {"prompt_tokens": 5, "completion_tokens": 6},\n "x": "' + "y" * 4_000_000 + '"\n}'
    )
    got = gather([Source(path=path, name="x.json")], tmp_path, Limits(document_mb=1))
    assert got is not None
    assert "BREAKEVEN_MAX_DOCUMENT_MB" in got.rejected[0].reason
