"""What a file is taken for, in one line."""

import pytest

from breakeven.usage.read import read_workload
from breakeven.views.workload import words
from tests.builders import SAMPLES


@pytest.mark.parametrize(
    ("sample", "parts"),
    [
        # 31 days of four models; the sums of the file.
        (
            "month_openai.csv",
            ["2026-10-01 to 2026-10-31", "124 rows read, none left out", "436,756 requests"],
        ),
        # Sums without a number of requests.
        (
            "claude_api_tokens.csv",
            ["2026-11-01 to 2026-11-10", "30 rows read, none left out", "(87 % from a cache)"],
        ),
        # Seconds from the start: no dates.
        ("splitwise_trace.csv", [": Splitwise-sim trace (CSV) · 20 rows read, none left out · 20 requests"]),
        ("helicone_requests.csv", ["30 rows read, none left out, 1 not a paid request", "29 requests"]),
    ],
)
def test_line_says_kind_period_rows_and_tokens(edges, sample, parts):
    line = words.file_line(read_workload(SAMPLES / sample, edges=edges))
    for part in parts:
        assert part in line
    assert line.endswith("completion tokens.")
    assert ("request" in line.split(" · ")[-2]) == ("claude" not in sample)


def test_rows_that_could_not_be_read_are_counted(tmp_path, edges):
    file = tmp_path / "x.csv"
    file.write_text("date,input_tokens,output_tokens\n2026-11-02,10,1\n2026-11-02,many,1\n2026-11-03,30,1\n")
    line = words.file_line(read_workload(file, edges=edges))
    assert "2026-11-02 to 2026-11-03 · 3 rows read, 1 left out" in line


def test_file_of_one_day_names_it_once(tmp_path, edges):
    file = tmp_path / "x.csv"
    file.write_text(
        "created_at,input_tokens,output_tokens\n2026-11-02T08:00:00Z,10,1\n2026-11-02T09:00:00Z,30,1\n"
    )
    workload = read_workload(file, edges=edges)
    assert words.period(workload) == "2026-11-02"
