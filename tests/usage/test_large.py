"""A sheet gives the same answer above the size up to which it is read row by row, or says what it cannot."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

import breakeven.usage.kinds
import breakeven.usage.large
from breakeven.usage.json_table import starts_json
from breakeven.usage.limits import Limits
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable

CASES = Path(__file__).parent / "cases" / "files"
SHEETS = sorted(
    file for file in CASES.iterdir() if file.suffix in (".csv", ".tsv", ".txt", ".md", ".xlsx") and
    not starts_json(file)
)  # fmt: skip
LARGE = replace(Limits(), sheet_mb=0)


def large(path, edges):
    """The file as one above every limit of those that are read row by row is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(breakeven.usage.kinds, "SHEET_BYTES", 0)
        patch.setattr(breakeven.usage.large, "HEAD_LINES", 40)
        patch.setattr(breakeven.usage.large, "TAIL_LINES", 20)
        return read_workload(path, edges=edges, limits=LARGE)


def counted(workload):
    """What an answer rests on."""
    notes = " ".join(workload.notes)
    times = None if "is not used for times" in notes else (workload.first_s, workload.last_s)
    paid = None if "is not used for what was paid" in notes else workload.paid_usd
    return (
        workload.tokens, {str(name): tokens for name, tokens in workload.by_model.items()},
        workload.per_request, workload.counted, workload.extras, times, paid,
    )  # fmt: skip


def alike(one, other):
    """Whether two workloads count the same, as far as no sentence says otherwise."""
    return all(
        a is None or b is None or a == pytest.approx(b) if place > 4 else a == b
        for place, (a, b) in enumerate(zip(counted(one), counted(other), strict=True))
    )


@pytest.fixture(scope="module")
def refused():
    """Cases that are read row by row only, all of them named."""
    found: list[tuple[str, str]] = []
    yield found
    assert len(found) < len(SHEETS) / 2
    for name, why in found:
        assert "BREAKEVEN_MAX_SHEET_MB" in why, (name, why)


@pytest.mark.parametrize("file", SHEETS, ids=lambda file: file.name)
def test_case_gives_the_same_above_the_limit_or_is_refused(file, edges, refused):
    try:
        right = read_workload(file, edges=edges)
    except Unreadable:
        with pytest.raises(Unreadable):
            large(file, edges)
        return
    try:
        workload = large(file, edges)
    except Unreadable as no:
        refused.append((file.name, str(no)))
        return
    assert alike(workload, right), (counted(workload), counted(right))


HEAD = "time,model,request_id,status,cache_hit,prompt_tokens,completion_tokens,cost"
PLAIN = "2026-11-03 09:{:02}:{:02},gpt-4o,r{},200,False,1000,10,0.5"


def written(path, lines):
    """A log of 600 plain requests, with lines in its middle that no sample sees."""
    plain = [PLAIN.format(n // 60, n % 60, n) for n in range(600)]
    path.write_text("\n".join([HEAD, *plain[:300], *lines, *plain[300:]]) + "\n")
    return path


MIDDLE = {
    "failed": ["2026-11-03 09:05:00,gpt-4o,x1,500,False,7000,0,0", "2026-11-03 09:05:00,gpt-4o,x2,429,,,,"],
    "repeated": [PLAIN.format(n // 60, n % 60, n) for n in (3, 299, 300, 599)],
    "same id": ["2026-11-03 09:05:00,gpt-4o,r3,200,False,777,10,0.5"],
    "cached by a gateway": ["2026-11-03 09:05:00,gpt-4o,x1,200,True,7000,70,0"],
    "header again": [HEAD],
    "comment": ["# restarted"],
    "blank": [",,,,,,,", ""],
    "thousands": ['2026-11-03 09:05:00,gpt-4o,x1,200,False,"7,000",70,0.5'],
    "unit": ["2026-11-03 09:05:00,gpt-4o,x1,200,False,7k,70,0.5"],
    "subtotal": ["Total,,,,,300000,3000,150"],
    "bad": ["2026-11-03 09:05:00,gpt-4o,x1,200,False,many,70,0.5"],
    "short": ["2026-11-03 09:05:00,gpt-4o,x1"],
    "unknown state": ["2026-11-03 09:05:00,gpt-4o,x1,Failed,False,7000,0,0"],
}


@pytest.mark.parametrize("what", MIDDLE)
def test_what_no_sample_sees_counts_as_row_by_row(tmp_path, edges, what):
    path = written(tmp_path / "log.csv", MIDDLE[what])
    right = read_workload(path, edges=edges)
    workload = large(path, edges)
    assert alike(workload, right), (workload.tokens, right.tokens, workload.notes, right.notes)
    assert (workload.rows_read, workload.rows_rejected, workload.rows_skipped) == (
        right.rows_read,
        right.rows_rejected,
        right.rows_skipped,
    )
    assert workload.rows_read == workload.tokens.requests + workload.rows_rejected + workload.rows_skipped


def test_total_in_the_file_decides_on_which_side_cached_tokens_are(tmp_path, edges):
    path = tmp_path / "log.csv"
    rows = [f"2026-11-03 09:00:{n % 60:02},gpt-4o,1000,400,10,1410" for n in range(500)]
    path.write_text(
        "\n".join(["time,model,prompt_tokens,cached_tokens,completion_tokens,total_tokens", *rows])
    )
    workload = large(path, edges)
    assert (workload.tokens.input_uncached, workload.tokens.cache_read) == (500_000, 200_000)
    assert alike(workload, read_workload(path, edges=edges))
    assert any("outside the input, because total" in note for note in workload.notes)


def test_days_that_repeat_below_the_sample_are_requests(tmp_path, edges):
    path = tmp_path / "log.csv"
    days = [f"2026-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(300)]
    rows = [f"{day},gpt-4o,1000,10" for day in [*days[:150], *days[100:300]]]
    path.write_text("\n".join(["date,model,prompt_tokens,completion_tokens", *rows]))
    right = read_workload(path, edges=edges)
    assert right.per_request
    assert alike(large(path, edges), right)


def test_rows_longer_than_any_window_below_the_sample_are_sums(tmp_path, edges):
    path = tmp_path / "log.csv"
    random.seed(1)
    rows = [f"gpt-4o,{random.randint(900, 1100) if n < 200 else 90_000_000},10" for n in range(400)]
    path.write_text("\n".join(["model,prompt_tokens,completion_tokens", *rows, *rows[:100]]) + "\n")
    right = read_workload(path, edges=edges)
    assert not right.per_request
    assert alike(large(path, edges), right)


@pytest.mark.parametrize(
    ("head", "cell"), [("input_audio_tokens", "7"), ("inference_geo", "us"), ("web_search_count", "2")]
)
def test_what_has_a_price_of_its_own_is_named_and_refused(tmp_path, edges, head, cell):
    path = tmp_path / "log.csv"
    rows = [f"2026-11-03 09:00:{n % 60:02},gpt-4o,1000,10," for n in range(500)]
    rows[250] += cell
    path.write_text("\n".join([f"time,model,prompt_tokens,completion_tokens,{head}", *rows]))
    with pytest.raises(Unreadable, match=rf"{head} has '{cell}'.*BREAKEVEN_MAX_SHEET_MB"):
        large(path, edges)


def test_unit_in_a_name_is_refused_with_both_answers(tmp_path, edges):
    path = tmp_path / "log.csv"
    path.write_text("model,input tokens (k),output tokens (k)\n" + "gpt-4o,3,1\n" * 500)
    with pytest.raises(Unreadable, match="BREAKEVEN_MAX_SHEET_MB"):
        large(path, edges)
