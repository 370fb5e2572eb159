"""The fit: finds what made the rows, is not led by a bad one, and gives the committed table again."""

from dataclasses import replace

import numpy as np
import pytest

from breakeven.calibration.fit import fit, logs
from breakeven.calibration.heldout import Levels, fold_of, held_out, split_group
from breakeven.calibration.parameters import PARAMETERS, STATIC_PARAMETERS
from breakeven.calibration.predict import predict
from breakeven.calibration.report import ARTICLE_GROUP, table_residuals
from breakeven.calibration.rows import STATIC
from breakeven.calibration.table import fit_groups
from breakeven.formulas.parts import Engine
from breakeven.tables import queries

TRUE = {
    "mfu": 0.62,
    "mbu": 0.71,
    "kv_mbu": 0.45,
    "link_share": 0.22,
    "link_latency_s": 1.4e-5,
    "prefill_overhead_s": 6e-3,
    "step_overhead_s": 2.5e-3,
    "layer_overhead_s": 2.2e-5,
    "sequence_overhead_s": 6e-6,
    "expert_mfu": 0.55,
    "expert_mbu": 0.75,
    "expert_overhead_s": 8e-6,
    "latent_overhead_s": 1.1e-5,
    "ttft_fixed_s": 0.03,
    "busy_steps": 4.0,
    "queue_share": 0.12,
}


@pytest.fixture(scope="module")
def made(rows):
    """Rows of vLLM on Hopper with the times of a known engine."""
    here = rows.take((rows.engine == "vllm") & (rows.family == "h200") & (rows.rate == "fp8") & ~rows.tight)
    found = predict(here, Engine(**TRUE))
    return replace(here, ttft_s=found.ttft_s, tpot_s=found.tpot_s)


def worst(rows, values, quantity):
    return np.nanmax(np.abs(logs(rows, predict(rows, Engine(**values)))[quantity]))


def test_times_of_a_known_engine_are_found_again(made):
    values = fit(made, strength=0.1)
    assert worst(made, values, "tpot") < 0.03
    assert worst(made, values, "ttft") < 0.1
    for name in ("mfu", "mbu", "kv_mbu"):
        assert values[name] == pytest.approx(TRUE[name], rel=0.15), name


def test_a_row_that_is_five_times_off_moves_the_others_little(made):
    tpot = made.tpot_s.copy()
    tpot[5] *= 5
    values = fit(replace(made, tpot_s=tpot))
    others = np.arange(len(made)) != 5
    assert worst(made.take(others), values, "tpot") < 0.06


def test_shares_stay_physical_whatever_was_measured(made):
    fast = replace(made, ttft_s=made.ttft_s / 100, tpot_s=made.tpot_s / 100)
    for name, value in fit(fast).items():
        assert PARAMETERS[name].low * 0.999 <= value <= PARAMETERS[name].high * 1.001, name


def test_one_row_leaves_what_it_does_not_show_where_the_prior_has_it(made):
    values = fit(made.take(np.array([0])), prior=TRUE)
    for name in ("kv_mbu", "sequence_overhead_s", "expert_mbu"):
        assert values[name] == pytest.approx(TRUE[name], rel=0.1), name


def test_a_model_that_is_slower_than_its_neighbours_is_so_only_for_itself(made):
    slow = made.configuration == made.configuration[0]
    levels = Levels(replace(made, tpot_s=np.where(slow, made.tpot_s * 1.4, made.tpot_s)))
    own, others = levels.values(str(made.configuration[0])), levels.values(str(made.group[0]))
    mine = made.take(slow)
    ratio = predict(mine, Engine(**own)).tpot_s / mine.tpot_s
    assert np.median(ratio) == pytest.approx(1.4, rel=0.1)
    assert np.median(predict(mine, Engine(**others)).tpot_s / mine.tpot_s) < 1.25


def test_a_model_without_rows_takes_what_is_known_of_its_group(made):
    levels = Levels(made)
    group = str(made.group[0])
    nothing = levels.values(f"{group}/1-2-3-4--")
    assert nothing == levels.values(group)


def test_a_group_without_rows_takes_what_is_known_of_the_engine(made):
    levels = Levels(made)
    nothing = levels.values("vllm-h100-fp4")
    assert nothing == levels.values("vllm-b200-fp8")
    assert worst(made, nothing, "tpot") < 0.1


@pytest.mark.parametrize(
    ("group", "parts"),
    [
        ("tensorrt-llm-blackwell-rtx-fp4", ("tensorrt-llm", "blackwell-rtx", "fp4")),
        ("tgi-2023-a100-fp16-static", ("tgi-2023", "a100", "fp16")),
        ("yours-h100-fp8", ("yours", "h100", "fp8")),
    ],
)
def test_a_group_is_engine_family_and_rate(group, parts):
    assert split_group(group) == parts


def test_a_fold_is_never_seen_by_its_fit(rows):
    static = rows.take(rows.kind == STATIC)
    longest = fold_of(static, "shape") == "7584/512"
    changed = replace(static, tpot_s=np.where(longest, static.tpot_s * 3, static.tpot_s))
    before = held_out(static, "shape", only=longest)["tpot"][longest]
    after = held_out(changed, "shape", only=longest)["tpot"][longest]
    assert before - after == pytest.approx(np.log(3))


def test_an_unknown_split_is_refused(rows):
    with pytest.raises(ValueError, match="split must be one of cell, model, gpu"):
        fold_of(rows, "weather")


def test_refitting_the_static_rows_gives_the_committed_ones(rows, table):
    # All groups take minutes: `breakeven calibrate --check` does them.
    values, _ = fit_groups(rows.take(rows.kind == STATIC))
    assert len(values) == 4
    for group, numbers in values.items():
        for name, value in numbers.items():
            assert getattr(table[group], name) == pytest.approx(value, rel=0.02), (group, name)


def test_leaving_a_gpu_out_gives_the_committed_error(connection, rows):
    static = rows.take(rows.kind == STATIC)
    fold = (fold_of(static, "gpu") == "a100") & (static.group == ARTICLE_GROUP)
    found = held_out(static, "gpu", only=fold)["tpot"][fold]
    committed = table_residuals(queries.calibration_errors(connection), static)["gpu"]["tpot"][fold]
    assert found == pytest.approx(committed, abs=0.01)


def test_every_group_with_rows_has_its_row_and_every_number_its_bounds(rows, table):
    for group in set(rows.group.tolist()):
        row = table[group]
        parameters = STATIC_PARAMETERS if row.mode == "static" else PARAMETERS
        for name, parameter in parameters.items():
            assert parameter.low * 0.99 <= getattr(row, name) <= parameter.high * 1.01, (group, name)
        assert row.ttft_factor_low <= 1 <= row.ttft_factor_high
        assert row.tpot_factor_low <= 1 <= row.tpot_factor_high
