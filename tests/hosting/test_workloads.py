"""What the self-hosted side says that it assumes."""

from dataclasses import replace
from pathlib import Path

import pytest

from breakeven.apis.workloads import price_edges
from breakeven.hosting.workloads import host_workload
from breakeven.usage.read import read_workload
from tests.builders import DEFAULT


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (DEFAULT, "TTFT within 2 s and TPOT within 50 ms for at least 95 % of the requests"),
        (replace(DEFAULT, ttft=None), "10 minutes to start a replica, TPOT within 50 ms for"),
        (replace(DEFAULT, ttft=None, tpot=None), "no latency target"),
    ],
    ids=["both", "one", "none"],
)
def test_a_target_that_is_not_set_is_not_called_zero(
    connection, tables_on, tmp_path: Path, scenario, said
) -> None:
    file = tmp_path / "one.csv"
    file.write_text("input_tokens,output_tokens\n1000,200\n", encoding="utf-8")
    workload = read_workload(file, edges=price_edges(connection))
    assert said in host_workload(workload, tables_on(scenario.as_of), scenario).assumed
