"""Training memory against the figures that its papers print."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.training_memory import (
    NF4_BYTES,
    activation_bytes,
    adapter_params,
    fewest_training_gpus,
    logits_bytes,
    state_bytes,
)

MIXED = {"weight_bytes": 2, "gradient_bytes": 2, "optimiser_bytes": 12}
"""AdamW in mixed precision: 16 B per parameter."""


def states_gb(params: float, stage: int, gpus: int) -> float:
    return state_bytes(params=params, zero_stage=stage, data_parallel=gpus, **MIXED).total / 1e9


@pytest.mark.parametrize(
    ("params", "gpus", "published_gb"),
    [
        # Rajbhandari et al. 2020, table 1: per-device memory in GB of stages 1, 2, 3, three digits at most.
        (7.5e9, 1, (120, 120, 120)),
        (7.5e9, 4, (52.5, 41.3, 30)),
        (7.5e9, 16, (35.6, 21.6, 7.5)),
        (7.5e9, 64, (31.4, 16.6, 1.88)),
        (7.5e9, 1024, (30.1, 15.1, 0.12)),
        (128e9, 64, (536, 284, 32)),
        (128e9, 1024, (513, 257, 2)),
        (1e12, 16, (4750, 2875, 1000)),
        (1e12, 1024, (4011, 2013, 15.6)),
    ],
)
def test_states_of_zero_match_the_papers_table(params, gpus, published_gb):
    for stage, gb in zip((1, 2, 3), published_gb, strict=True):
        # half a unit of the last digit printed, which for 0.12 is 4 %
        assert states_gb(params, stage, gpus) == pytest.approx(gb, rel=0.025), (stage, gb)


def test_without_zero_every_gpu_keeps_120_gb_of_a_7_5b_model():
    # Figure 1 of the paper: baseline 120 GB on each of 64 GPUs.
    assert states_gb(7.5e9, 0, 64) == 120


def test_full_tuning_of_a_65b_model_takes_780_gb_without_an_fp32_copy():
    # Dettmers et al. 2023, abstract and section 1: "more than 780 GB" for 65B: 12 B per parameter.
    memory = state_bytes(
        params=65e9, weight_bytes=2, gradient_bytes=2, optimiser_bytes=8, zero_stage=0, data_parallel=1
    )
    assert memory.total == 780e9


@pytest.mark.parametrize(
    ("layers", "hidden", "heads", "scores", "saved"),
    [
        # Korthikanti et al. 2022, section 5: 5as/h is 80 for GPT-3 and 64 for MT-NLG (530B), at s = 2048,
        # against 34 for the rest, so that selective recomputation saves 70 % and 65 %.
        pytest.param(96, 12288, 96, 80, 0.70, id="gpt-3-175b"),
        pytest.param(105, 20480, 128, 64, 0.65, id="mt-nlg-530b"),
    ],
)
def test_attention_scores_are_the_published_share_of_the_activations(layers, hidden, heads, scores, saved):
    shape = {
        "n_layers": layers,
        "hidden": hidden,
        "n_heads": heads,
        "sequence_tokens": 2048,
        "micro_batch": 1,
    }
    every = activation_bytes(recomputation="none", **shape)
    selective = activation_bytes(recomputation="selective", **shape)
    unit = 2048 * hidden * layers
    assert every / unit == 34 + scores
    assert selective / unit == 34
    assert 1 - selective / every == pytest.approx(saved, abs=0.005)


def test_full_recomputation_keeps_the_input_of_each_layer():
    # Table 2, last row: 2 sbhL, whatever the tensor parallelism.
    shape = {"n_layers": 48, "hidden": 6144, "n_heads": 64, "sequence_tokens": 2048, "micro_batch": 4}
    kept = activation_bytes(recomputation="full", tensor_parallel=8, **shape)
    assert kept == 2 * 2048 * 4 * 6144 * 48


def test_tensor_and_sequence_parallelism_follow_the_papers_table():
    # Table 2, second to fifth row for t = 8: 10 + 3 + 10 (5as/h = 80), 34/8 + 10, 10 + 3, 34/8.
    shape = {"n_layers": 1, "hidden": 12288, "n_heads": 96, "sequence_tokens": 2048, "micro_batch": 1}

    def kept(recomputation: str, *, sequence_parallel: bool) -> float:
        return activation_bytes(
            recomputation=recomputation, tensor_parallel=8, sequence_parallel=sequence_parallel, **shape
        ) / (2048 * 12288)

    assert kept("none", sequence_parallel=False) == 10 + 3 + 10
    assert kept("none", sequence_parallel=True) == 4.25 + 10
    assert kept("selective", sequence_parallel=False) == 13
    assert kept("selective", sequence_parallel=True) == 4.25


@pytest.mark.parametrize(
    ("rank", "matrices", "published"),
    [
        # Hu et al. 2021, table 4: LoRA on GPT-3 175B trains 4.7M and 37.7M parameters (query and value of
        # 96 layers at ranks 1 and 8); table 6: 18.9M on all four projections at rank 2.
        pytest.param(1, 2 * 96, 4.7e6, id="query-value-rank-1"),
        pytest.param(8, 2 * 96, 37.7e6, id="query-value-rank-8"),
        pytest.param(2, 4 * 96, 18.9e6, id="attention-rank-2"),
    ],
)
def test_adapters_of_gpt_3_count_as_published(rank, matrices, published):
    count = adapter_params(rank=rank, inputs=12288, outputs=12288, matrices=matrices)
    assert count == pytest.approx(published, abs=0.05e6)


def test_qlora_fits_a_65b_model_on_48_gb():
    # Dettmers et al. 2023, abstract: 65B on a single 48 GB GPU. Their setting: rank 64 on all linear layers
    # of LLaMA-65B (80 layers, 8192 wide, 22,016 inside), 16-bit adapters with AdamW, checkpointing of every
    # layer, sequences of 512.
    projections = adapter_params(rank=64, inputs=8192, outputs=8192, matrices=4 * 80)
    inside = adapter_params(rank=64, inputs=8192, outputs=22016, matrices=3 * 80)
    held = (
        65.2e9 * NF4_BYTES
        + (projections + inside) * (2 + 2 + 8)
        + activation_bytes(
            n_layers=80, hidden=8192, n_heads=64, sequence_tokens=512, micro_batch=1, recomputation="full"
        )
        + logits_bytes(hidden=8192, vocab=32000, sequence_tokens=512, micro_batch=1)
    )
    assert 40e9 < held < 48e9


def test_fewest_gpus_hold_it_and_one_fewer_does_not():
    # 120 GB of states to share, 8 GB kept, 72 GB usable: 120 / 64 = 1.875, so 2; at 60 GB of room exactly 2.
    assert fewest_training_gpus(memory_bytes=80e9, usable=0.9, kept_bytes=8e9, shared_bytes=120e9) == 2
    assert fewest_training_gpus(memory_bytes=80e9, usable=0.9, kept_bytes=12e9, shared_bytes=120e9) == 2
    assert fewest_training_gpus(memory_bytes=80e9, usable=0.9, kept_bytes=12.01e9, shared_bytes=120e9) == 3


def test_no_number_of_gpus_holds_activations_that_fill_one():
    assert np.isinf(fewest_training_gpus(memory_bytes=80e9, usable=0.9, kept_bytes=72e9, shared_bytes=1e9))
    assert np.isinf(fewest_training_gpus(memory_bytes=80e9, usable=0.9, kept_bytes=90e9, shared_bytes=0))


@given(
    kept=st.floats(0, 70e9),
    shared=st.floats(1e9, 1e14),
    tensor=st.sampled_from([1, 2, 8]),
)
def test_the_fewest_gpus_are_the_first_that_fit(kept, shared, tensor):
    room = 80e9 * 0.9
    n = fewest_training_gpus(
        memory_bytes=80e9, usable=0.9, kept_bytes=kept, shared_bytes=shared, tensor_parallel=tensor
    )
    groups = n / tensor
    assert groups == int(groups)
    assert kept + shared / groups <= room * (1 + 1e-9)
    assert groups == 1 or kept + shared / (groups - 1) > room * (1 - 1e-9)


def test_a_grid_of_gpus_is_one_call():
    gpus = np.array([1.0, 4.0, 64.0])
    total = state_bytes(params=7.5e9, zero_stage=3, data_parallel=gpus, **MIXED).total
    assert total / 1e9 == pytest.approx([120, 30, 1.875])


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"zero_stage": 4}, "zero_stage"),
        ({"data_parallel": 0}, "data_parallel"),
        ({"tensor_parallel": 1.5}, "tensor_parallel"),
        ({"params": float("nan")}, "params"),
    ],
)
def test_states_outside_their_domain_are_refused(change, name):
    fine = {"params": 1e9, "zero_stage": 1, "data_parallel": 1, **MIXED}
    with pytest.raises(ValueError, match=name):
        state_bytes(**(fine | change))


def test_an_unknown_recomputation_is_refused():
    with pytest.raises(ValueError, match="recomputation must be one of none, selective, full, got some"):
        activation_bytes(
            n_layers=1, hidden=1, n_heads=1, sequence_tokens=1, micro_batch=1, recomputation="some"
        )
