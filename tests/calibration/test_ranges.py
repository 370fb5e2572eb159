"""Ranges: they hold the share of rows that they state, and say whose they are where rows are few."""

from itertools import pairwise

import numpy as np
import pytest

from breakeven.calibration.ranges import ENOUGH, comparable, conformal, covered, range_of, steps


def test_a_range_of_99_rows_leaves_out_the_ten_lowest_and_the_ten_highest():
    # (99 + 1) x 0.1 = the tenth from either end.
    measured = np.exp(np.arange(-49, 50) / 100)
    assert conformal(-np.log(measured)) == pytest.approx((np.exp(-0.40), np.exp(0.40)), rel=1e-2)


@pytest.mark.parametrize("spread", [0.05, 0.3, 1.0])
def test_new_rows_lie_inside_as_often_as_stated(spread):
    inside = []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        low, high = conformal(draw.normal(0, spread, 99))
        new = draw.normal(0, spread, 1000)
        inside.append(np.mean((-new >= np.log(low)) & (-new <= np.log(high))))
    # Exactly 80 % in expectation over 99 rows; three digits of a factor move it by less than a point.
    assert np.mean(inside) == pytest.approx(0.8, abs=0.015)


def test_the_prediction_itself_lies_inside_whatever_was_measured():
    assert conformal(np.full(50, 0.3))[1] == 1
    assert conformal(np.full(50, -0.3))[0] == 1
    assert conformal(np.array([np.nan])) == (0.5, 2.0)


def test_few_rows_have_the_range_of_the_next_larger_group():
    logs = np.concatenate([np.full(ENOUGH - 1, 0.5), np.linspace(-0.1, 0.1, 100)])
    few, all_ = np.arange(len(logs)) < ENOUGH - 1, np.ones(len(logs), dtype=bool)
    low, high, whose = range_of(logs, [("", few), ("the engine", all_)])
    assert whose == "the engine"
    assert (low, high) == conformal(logs)
    assert range_of(np.append(logs, 0.5), [("", np.append(few, True)), ("x", np.append(all_, True))])[2] == ""


def test_pools_grow_from_the_group_to_every_engine(rows):
    pools = [pool for _, pool in comparable(rows, "vllm-h200-fp8")]
    for small, large in pairwise(pools):
        assert (large | ~small).all()
        assert large.sum() > small.sum()


def test_a_row_is_held_against_a_range_that_its_cell_did_not_make(rows):
    # One cell far from all the others: it lies outside, however many rows it has.
    logs = np.where(np.isfinite(rows.tpot_s), np.random.default_rng(1).normal(0, 0.1, len(rows)), np.nan)
    cells, counts = np.unique(rows.cell[np.isfinite(logs)], return_counts=True)
    odd = rows.cell == cells[counts.argmax()]
    found = covered(np.where(odd, 2.0, logs), rows, np.ones(len(rows), dtype=bool))
    assert (found[odd & np.isfinite(logs)] == 0).all()
    assert 0.72 < np.nanmean(found[~odd]) < 0.88


def test_a_throughput_counts_as_the_step_that_it_comes_from():
    nan = float("nan")
    assert steps({"tpot": np.array([0.1, nan]), "throughput": np.array([nan, 0.2])}).tolist() == [0.1, -0.2]
