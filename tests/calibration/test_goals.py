"""Goals on unseen rows: what the committed errors reach, and that a miss is a miss."""

import numpy as np
import pytest

from breakeven.calibration.goals import HELD_S, SPAN, Coverage, Goal, coverages, goals, throughput
from breakeven.calibration.report import table_residuals
from breakeven.calibration.rows import ONLINE
from breakeven.tables import queries


@pytest.fixture(scope="module")
def residuals(connection, rows):
    return table_residuals(queries.calibration_errors(connection), rows)


def test_what_the_committed_fit_reaches_on_cells_that_it_did_not_see(rows, residuals):
    found = {goal.what: goal for goal in goals(rows, residuals)}
    for what in (
        "TTFT of one request alone: median error",
        "TTFT at load: median error",
        f"deployments said to hold TTFT of {HELD_S:g} s that do",
        "TPOT: median error",
        "TPOT of dense models on 2 to 8 GPUs: median error",
        "throughput, a number of clients: median error",
        "throughput, all requests at once: median error",
    ):
        assert found[what].met, found[what]
    # Missed and said to be: the form is the limit for a model that no row is of.
    assert 0.13 < found["TPOT of a model that no row is of: median error"].value < 0.2


def test_nearly_every_range_keeps_its_word(rows, residuals):
    found = coverages(rows, residuals["cell"])
    assert len(found) > 20
    assert sum(one.kept for one in found) >= 0.8 * len(found)
    assert all(0.65 < one.share < 0.95 for one in found), found


def test_a_prediction_twice_too_long_is_missed(rows, residuals):
    worse = {
        key: {name: logs + np.log(2) * (name != "throughput") for name, logs in table.items()}
        for key, table in residuals.items()
    }
    found = {goal.what: goal for goal in goals(rows, worse)}
    assert found["TPOT: median error"].value == pytest.approx(1, rel=0.1)
    assert not found["TPOT: median error"].met


def test_a_goal_may_be_a_floor():
    assert Goal(what="x", limit=0.9, value=0.95, n=1, at_least=True).met
    assert not Goal(what="x", limit=0.9, value=0.95, n=1).met
    for value, kept in ((SPAN[0], True), (SPAN[1], True), (0.95, False), (0.5, False)):
        assert Coverage(quantity="TPOT", engine="e", gpu_family="g", n=30, share=value).kept is kept


def test_throughput_of_a_closed_loop_is_the_tokens_of_a_client_over_its_time(rows):
    online = rows.take(rows.kind == ONLINE)
    expected = online.completion / (online.ttft_s + online.completion * online.tpot_s)
    assert throughput(online, online.ttft_s, online.tpot_s) == pytest.approx(expected)
