"""Single requests of a file with their times."""

import json
from pathlib import Path

import numpy as np
import pytest

import breakeven.usage.kinds
from breakeven.replay.arrivals import NO_TIMES, SUMS, NoArrivals, read_arrivals
from breakeven.usage.spool import Unreadable
from tests.builders import SAMPLES


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_requests_come_in_order_of_time_from_the_first_one(tmp_path):
    file = write(
        tmp_path / "a.csv",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2023-11-16 18:17:05.5000000,30,3\n2023-11-16 18:17:03.0000000,10,1\n"
        "2023-11-16 18:17:04.2500000,20,2\n",
    )
    arrivals = read_arrivals(file)
    assert arrivals.requests.arrival_s.tolist() == [0.0, 1.25, 2.5]
    assert arrivals.requests.prompt.tolist() == [10, 20, 30]
    assert arrivals.requests.completion.tolist() == [1, 2, 3]
    assert arrivals.quantum_s is None
    # 2023-11-16 18:17:03 UTC
    assert arrivals.start_s == 1_700_158_623.0


def test_times_rounded_to_seconds_are_spread_inside_them(tmp_path):
    rows = "".join(f"2024-05-01T00:00:{second:02d}Z,100,10\n" * 4 for second in range(0, 60, 3))
    file = write(tmp_path / "s.csv", "time,input_tokens,output_tokens\n" + rows)
    arrivals = read_arrivals(file)
    assert arrivals.quantum_s == 3
    gaps = np.diff(arrivals.requests.arrival_s)
    assert (gaps >= 0).all()
    assert (gaps > 0).sum() > 70
    # Four in each three seconds, wherever inside; the first one is the origin.
    assert arrivals.requests.span_s == pytest.approx(60, abs=3)
    np.testing.assert_array_equal(read_arrivals(file).requests.arrival_s, arrivals.requests.arrival_s)


def test_seconds_that_no_two_requests_share_are_left_alone(tmp_path):
    rows = "".join(f"2024-05-01T00:00:{second:02d}Z,100,10\n" for second in range(0, 60, 3))
    file = write(tmp_path / "s.csv", "time,input_tokens,output_tokens\n" + rows)
    arrivals = read_arrivals(file)
    assert arrivals.quantum_s is None
    assert arrivals.requests.arrival_s.tolist() == list(range(0, 60, 3))


def test_bad_rows_and_rows_without_a_time_are_left_out_and_counted(tmp_path):
    file = write(
        tmp_path / "b.csv",
        "time,input_tokens,output_tokens\n2024-05-01T00:00:00.5Z,100,10\n2024-05-01T00:00:01.25Z,many,10\n"
        "yesterday,100,10\n2024-05-01T00:00:02.5Z,0,10\n",
    )
    arrivals = read_arrivals(file)
    assert arrivals.requests.arrival_s.tolist() == [0.0, 2.0]
    assert arrivals.without_time == 1
    assert arrivals.empty == 1
    assert arrivals.requests.prompt.tolist() == [100, 1]


def test_a_row_that_counts_several_requests_is_several_at_the_same_moment(tmp_path):
    file = write(
        tmp_path / "c.csv",
        "time,input_tokens,output_tokens,count\n2024-05-01T00:00:00.5Z,100,10,3\n2024-05-01T00:00:01.7Z,9,1,1\n",
    )
    assert read_arrivals(file).requests.prompt.tolist() == [100, 100, 100, 9]


def test_cached_tokens_stay_below_the_prompt():
    arrivals = read_arrivals(SAMPLES / "otel_spans.jsonl")
    assert arrivals.requests.cached is not None
    assert arrivals.requests.cached.max() > 0
    assert (arrivals.requests.cached < arrivals.requests.prompt).all()


def test_hashed_blocks_come_with_their_request(tmp_path):
    rows = [
        {"timestamp": 3000, "input_length": 600, "output_length": 5, "hash_ids": [7, 9]},
        {"timestamp": 0, "input_length": 512, "output_length": 5, "hash_ids": [7]},
        {"timestamp": 6500, "input_length": 100, "output_length": 5, "hash_ids": []},
    ]
    file = write(tmp_path / "m.jsonl", "\n".join(json.dumps(row) for row in rows))
    requests = read_arrivals(file).requests
    assert requests.blocks is not None
    assert requests.block_offsets is not None
    assert requests.block_offsets.tolist() == [0, 1, 3, 3]
    first, again, other = requests.blocks.tolist()
    assert first == again != other


def test_several_files_are_one_trace(tmp_path):
    head = "time,input_tokens,output_tokens\n"
    one = write(tmp_path / "1.csv", head + "2024-05-01T00:00:02.5Z,2,1\n")
    two = write(tmp_path / "2.csv", head + "2024-05-01T00:00:00.25Z,1,1\n")
    assert read_arrivals([one, two]).requests.prompt.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ("completions_usage_openai.csv", SUMS),
        ("by_hand.csv", NO_TIMES),
        ("openai_batch_output.jsonl", NO_TIMES),
    ],
)
def test_files_that_cannot_say_when_requests_came_say_why(sample, why):
    with pytest.raises(NoArrivals, match=why):
        read_arrivals(SAMPLES / sample)


def test_a_file_without_tokens_is_refused(tmp_path):
    with pytest.raises(Unreadable, match="No column holds the tokens"):
        read_arrivals(write(tmp_path / "x.csv", "a,b\n1,2\n"))


def test_large_sheet_is_read_by_the_words_of_its_columns_as_for_its_price(tmp_path, monkeypatch):
    monkeypatch.setattr(breakeven.usage.kinds, "SHEET_BYTES", 0)
    text = "Created At,Input Tokens,Output Tokens\n2026-11-03 09:00:00,900,10\n2026-11-03 09:00:05,700,20\n"
    requests = read_arrivals(write(tmp_path / "large.csv", text)).requests
    assert requests.prompt.tolist() == [900, 700]
    assert requests.arrival_s.tolist() == [0.0, 5.0]
