"""The published error: every row in it, promises of 2023 kept, the table and the engine agreeing."""

import numpy as np
import pytest

from breakeven.calibration.heldout import engine_of_groups
from breakeven.calibration.predict import predict
from breakeven.calibration.report import (
    ARTICLE_GROUP,
    IN_SAMPLE,
    absolute,
    errors_of,
    halves,
    promises,
    table_residuals,
)
from breakeven.calibration.table import row_id
from breakeven.question.calibrated import FITTED
from breakeven.tables import queries


@pytest.fixture(scope="module")
def committed(connection, rows):
    return table_residuals(queries.calibration_errors(connection), rows)


def test_the_committed_errors_cover_every_measured_quantity(rows, committed):
    for quantity, measured in (
        ("ttft", rows.ttft_s),
        ("tpot", rows.tpot_s),
        ("throughput", rows.tokens_per_s),
    ):
        assert (np.isfinite(committed[IN_SAMPLE][quantity]) == np.isfinite(measured)).all()
        for split in ("model", "gpu", "shape", "parallel"):
            assert (np.isfinite(committed[split][quantity]) == np.isfinite(measured)).all(), split


def test_the_committed_errors_are_those_of_the_committed_rows(rows, committed, table):
    names = set(rows.configuration.tolist())
    values = {name: {n: getattr(table[row_id(name, rows)], n) for n in FITTED} for name in names}
    found = predict(rows, engine_of_groups(rows.configuration, values))
    known = np.isfinite(rows.tpot_s)
    logs = np.log(found.tpot_s / rows.tpot_s)[known]
    assert logs == pytest.approx(committed[IN_SAMPLE]["tpot"][known], abs=2e-3)


def test_the_rows_of_2023_are_predicted_from_a_random_half_of_them(rows):
    # Promised: median at most 5 % each, over 20 splits.
    found = halves(rows)
    assert found["ttft"] <= 0.05
    assert found["tpot"] <= 0.05


def test_the_shipped_row_of_2023_is_within_ten_percent_in_the_mean(rows, committed):
    here = rows.group == ARTICLE_GROUP
    assert here.sum() == 28
    for quantity in ("ttft", "tpot"):
        assert absolute(committed[IN_SAMPLE][quantity][here]).mean() <= 0.10


def test_errors_are_told_apart_by_what_was_left_out_and_by_kind_of_model(rows, committed):
    found = {(e.quantity, e.left_out, e.rows): e for e in errors_of(rows, committed)}
    whole, dense, mixtures = (
        found["tpot", "model", name] for name in ("all", "dense", "mixtures of experts")
    )
    assert whole.n == dense.n + mixtures.n
    assert found["tpot", IN_SAMPLE, "all"].median < whole.median
    assert ("throughput", "concurrency", "all") not in found  # an offline run has no clients


def test_a_missed_promise_is_said_to_be_missed(rows, committed):
    given = promises(rows, committed, {"ttft": 0.06, "tpot": 0.02})
    by_name = {p.what: p for p in given}
    assert not by_name["2023 rows, other half of 20 random halves, median: TTFT"].kept
    assert by_name["2023 rows, other half of 20 random halves, median: completion time"].kept
    assert len(given) == 13
