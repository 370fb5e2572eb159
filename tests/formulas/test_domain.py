"""Every formula refuses what it is not valid for, and takes numbers and grids alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from breakeven.formulas import cost, flops, kv_cache, memory, queueing, roofline, speculation, step, training

VALID: dict[Any, dict[str, float]] = {
    kv_cache.kv_bytes_per_token: {"n_layers": 80, "n_kv_heads": 8, "head_dim": 128, "bytes_per_element": 2},
    kv_cache.latent_kv_bytes_per_token: {
        "n_layers": 61,
        "kv_lora_rank": 512,
        "rope_dim": 64,
        "bytes_per_element": 2,
    },
    kv_cache.kv_bytes_per_sequence: {
        "context_tokens": 1000,
        "full_bytes_per_token": 100,
        "sliding_bytes_per_token": 10,
        "window_tokens": 128,
    },
    kv_cache.kv_replication: {"n_gpus": 8, "n_kv_heads": 4},
    kv_cache.sequences_that_fit: {
        "n_gpus": 2,
        "memory_bytes": 80e9,
        "usable": 0.9,
        "weights_bytes": 70e9,
        "workspace_bytes": 1e9,
        "sequence_bytes": 1e9,
    },
    memory.weights_bytes: {"params": 7e9, "bytes_per_weight": 2},
    memory.fewest_gpus: {
        "memory_bytes": 80e9,
        "usable": 0.9,
        "weights_bytes": 70e9,
        "workspace_bytes": 1e9,
        "sequence_bytes": 1e9,
    },
    flops.linear_flop: {"tokens": 10, "active_params": 7e9},
    flops.attention_flop_decode: {
        "n_layers": 80,
        "n_heads": 64,
        "qk_dim": 128,
        "v_dim": 128,
        "context_tokens": 1000,
    },
    flops.attended_pairs: {"prompt_tokens": 1000, "window_tokens": 128},
    flops.touched_weight_bytes: {
        "shared_bytes": 1e9,
        "routed_bytes": 1e10,
        "expert_share": 0.25,
        "tokens": 8,
    },
    roofline.ridge_point: {"flop_per_s": 312e12, "bytes_per_s": 2e12},
    roofline.operator_time: {"flop": 1e12, "bytes_moved": 1e9, "flop_per_s": 312e12, "bytes_per_s": 2e12},
    roofline.all_reduce_time: {
        "n_gpus": 2,
        "tokens": 512,
        "hidden": 8192,
        "bytes_per_activation": 2,
        "link_bytes_per_s": 300e9,
        "latency_s": 1e-5,
    },
    step.mean_context: {"prompt_tokens": 512, "completion_tokens": 512},
    queueing.queueing_wait_md1: {"arrivals_per_s": 0.5, "service_s": 1.0},
    speculation.expected_tokens_per_verification: {"acceptance": 0.8, "drafts": 4},
    cost.api_request_usd: {
        "uncached_tokens": 1000,
        "output_tokens": 200,
        "input_usd_per_mtok": 30,
        "output_usd_per_mtok": 60,
        "cache_read_tokens": 10,
        "cache_read_usd_per_mtok": 3,
        "cache_write_tokens": 10,
        "cache_write_usd_per_mtok": 40,
        "usd_per_request": 0.01,
    },
    cost.replica_usd: {"usd_per_hour": 4.42, "busy_s": 10, "utilisation": 0.5},
    cost.owned_usd_per_hour: {
        "purchase_usd": 30_000,
        "residual_usd": 3_000,
        "years": 4,
        "interest": 0.08,
        "power_w": 700,
        "pue": 1.3,
        "usd_per_kwh": 0.1,
        "hosting_usd_per_hour": 0.2,
    },
    cost.break_even_utilisation: {"busy_usd_per_request": 0.2, "api_usd_per_request": 0.5},
    cost.replicas_needed: {"requests_per_s": 10, "replica_s_per_request": 0.25, "utilisation": 0.5},
    cost.first_paying_rate: {
        "replica_usd_per_s": 1,
        "api_usd_per_request": 0.5,
        "replica_requests_per_s": 4,
        "fixed_usd_per_s": 0.1,
    },
    cost.never_dearer_rate: {
        "replica_usd_per_s": 1,
        "api_usd_per_request": 0.5,
        "replica_requests_per_s": 4,
        "fixed_usd_per_s": 0.1,
    },
    training.training_flop: {"active_params": 175e9, "tokens": 500e9},
    training.training_usd: {"flop": 1e23, "flop_per_s": 312e12, "mfu": 0.4, "usd_per_gpu_hour": 2},
}
ENDLESS = {(flops.attended_pairs, "window_tokens")}
"""Arguments that may be infinite: full attention is an infinite window."""

FORMULAS = [pytest.param(formula, id=formula.__name__) for formula in VALID]
ARGUMENTS = [
    pytest.param(formula, name, id=f"{formula.__name__}-{name}")
    for formula, valid in VALID.items()
    for name in valid
]


@pytest.mark.parametrize(("formula", "name"), ARGUMENTS)
@pytest.mark.parametrize("bad", [math.nan, -math.inf, -1.0], ids=str)
def test_a_value_no_formula_is_valid_for_is_refused_by_name_and_value(formula, name, bad):
    with pytest.raises(ValueError, match=rf"{name} must .*{bad}"):
        formula(**{**VALID[formula], name: bad})


@pytest.mark.parametrize(("formula", "name"), [a for a in ARGUMENTS if a.values not in ENDLESS])
def test_an_infinite_value_is_refused_by_name_and_value(formula, name):
    bad = math.inf
    with pytest.raises(ValueError, match=rf"{name} must .*{bad}"):
        formula(**{**VALID[formula], name: bad})


@pytest.mark.parametrize(("formula", "name"), ARGUMENTS)
def test_one_bad_element_of_an_array_is_enough(formula, name):
    good = float(VALID[formula][name])
    with pytest.raises(ValueError, match=rf"{name} must .*nan"):
        formula(**{**VALID[formula], name: np.array([good, math.nan, good])})


@pytest.mark.parametrize("formula", FORMULAS)
def test_numbers_in_give_a_plain_number_out(formula):
    assert type(formula(**VALID[formula])) in (int, float)


@pytest.mark.parametrize(("formula", "name"), ARGUMENTS)
def test_an_array_in_any_argument_gives_its_shape_and_the_numbers_value(formula, name):
    valid = VALID[formula]
    grid = formula(**{**valid, name: np.full((2, 3), float(valid[name]))})
    assert np.broadcast_to(grid, (2, 3)).shape == np.shape(grid)
    assert np.asarray(grid) == pytest.approx(formula(**valid), rel=1e-12)


@pytest.mark.parametrize("formula", FORMULAS)
def test_rows_and_columns_broadcast_against_each_other(formula):
    names = list(VALID[formula])
    rows = {names[0]: np.full((4, 1), float(VALID[formula][names[0]]))}
    columns = {names[1]: np.full((1, 5), float(VALID[formula][names[1]]))}
    assert np.shape(formula(**{**VALID[formula], **rows, **columns})) == (4, 5)


@pytest.mark.parametrize("formula", FORMULAS)
def test_positions_cannot_be_swapped_because_arguments_are_named(formula):
    with pytest.raises(TypeError, match="positional"):
        formula(*VALID[formula].values())


@pytest.mark.parametrize(
    ("formula", "name", "bad"),
    [
        pytest.param(kv_cache.kv_replication, "n_gpus", 1.5, id="half-a-gpu"),
        pytest.param(kv_cache.sequences_that_fit, "n_gpus", 0, id="no-gpu"),
        pytest.param(kv_cache.sequences_that_fit, "usable", 1.01, id="more-memory-than-there-is"),
        pytest.param(kv_cache.kv_bytes_per_token, "n_kv_heads", 0, id="no-head"),
        pytest.param(memory.weights_bytes, "params", 0, id="no-weights"),
        pytest.param(flops.touched_weight_bytes, "expert_share", 1.01, id="more-experts-than-there-are"),
        pytest.param(
            speculation.expected_tokens_per_verification, "acceptance", 1.01, id="more-than-certain"
        ),
        pytest.param(speculation.expected_tokens_per_verification, "drafts", 0, id="no-draft"),
        pytest.param(cost.replica_usd, "utilisation", 0, id="never-busy"),
        pytest.param(cost.replica_usd, "utilisation", 1.01, id="busier-than-always"),
        pytest.param(cost.owned_usd_per_hour, "years", 0, id="no-year"),
        pytest.param(cost.break_even_utilisation, "api_usd_per_request", 0, id="api-for-nothing"),
    ],
)
def test_values_just_outside_a_domain_are_refused(formula, name, bad):
    with pytest.raises(ValueError, match=rf"{name} must .*{bad}"):
        formula(**{**VALID[formula], name: bad})
