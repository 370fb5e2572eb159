"""KV cache against published sizes, and the number of sequences against its boundaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.kv_cache import (
    kv_bytes_per_sequence,
    kv_bytes_per_token,
    kv_replication,
    latent_kv_bytes_per_token,
    sequences_that_fit,
)

LLAMA_2_70B = {"n_layers": 80, "n_kv_heads": 8, "head_dim": 128}
LLAMA_13B = {"n_layers": 40, "n_kv_heads": 40, "head_dim": 128}


@pytest.mark.parametrize(
    ("arguments", "n_tokens", "published_bytes", "rel"),
    [
        # Sanger 2023, "320 MB per token" (he means KB): 320 KiB exactly, fp16.
        pytest.param({**LLAMA_2_70B, "bytes_per_element": 2}, 1, 320 * 2**10, 0, id="llama-2-70b-fp16"),
        # scaling-book/applied-inference, question on KV size: "160kB" per token, int8.
        # 163,840 B is 160 KiB; the page writes it as 160 kB, hence 3 %.
        pytest.param({**LLAMA_2_70B, "bytes_per_element": 1}, 1, 160e3, 0.03, id="llama-3-70b-int8"),
        # scaling-book/inference, "What about memory?": 6.7 GB for 8192 tokens, bf16; two digits, 1 %.
        pytest.param({**LLAMA_13B, "bytes_per_element": 2}, 8192, 6.7e9, 0.01, id="llama-2-13b-bf16"),
        # llm-numbers 2023, "~1 MB per token" of a 13B model: 2 x 2 B x 40 layers x 5120 = 819,200 B,
        # which the page rounds up to 1 MB.
        pytest.param({**LLAMA_13B, "bytes_per_element": 2}, 1, 819_200, 0, id="13b-fp16"),
    ],
)
def test_kv_bytes_match_published_figures(arguments, n_tokens, published_bytes, rel):
    assert n_tokens * kv_bytes_per_token(**arguments) == pytest.approx(published_bytes, rel=rel, abs=0)


def test_13b_model_keeps_less_than_the_round_megabyte_of_the_rule_of_thumb():
    # llm-numbers 2023: "512 tokens ... 512 MB"; the true cache is 0.82 of it, 419 MB.
    assert 512 * kv_bytes_per_token(**LLAMA_13B, bytes_per_element=2) == 419_430_400


def test_multi_query_keeps_one_head_and_multi_head_keeps_all():
    one, all_heads = (
        kv_bytes_per_token(n_layers=80, n_kv_heads=heads, head_dim=128, bytes_per_element=2)
        for heads in (1, 64)
    )
    assert all_heads == 64 * one


def test_a_model_without_growing_layers_keeps_nothing_that_grows():
    assert kv_bytes_per_token(n_layers=0, n_kv_heads=8, head_dim=128, bytes_per_element=2) == 0


def test_latent_attention_keeps_one_vector_for_all_heads():
    # DeepSeek-V3 (config.json: 61 layers, kv_lora_rank 512, qk_rope_head_dim 64), bf16. "Insights into
    # DeepSeek-V3", 2025, table 1 prints 70.272 KB per token, KB = 1000 B: exact.
    cache = latent_kv_bytes_per_token(n_layers=61, kv_lora_rank=512, rope_dim=64, bytes_per_element=2)
    assert cache == 70_272


@pytest.mark.parametrize(
    ("context", "cached_tokens"),
    [
        pytest.param(4095, 4095, id="one-below-the-window"),
        pytest.param(4096, 4096, id="exactly-the-window"),
        pytest.param(4097, 4096, id="one-beyond-the-window"),
    ],
)
def test_sliding_layers_stop_growing_at_their_window(context, cached_tokens):
    cache = kv_bytes_per_sequence(
        context_tokens=context, full_bytes_per_token=0, sliding_bytes_per_token=10, window_tokens=4096
    )
    assert cache == 10 * cached_tokens


def test_full_layers_grow_beside_sliding_ones():
    # By hand: 1,000 tokens x 3 B in the full layers + 128 tokens x 5 B in the sliding ones.
    cache = kv_bytes_per_sequence(
        context_tokens=1000, full_bytes_per_token=3, sliding_bytes_per_token=5, window_tokens=128
    )
    assert cache == 3640


@pytest.mark.parametrize(
    ("n_gpus", "n_kv_heads", "copies"),
    [
        pytest.param(1, 8, 1, id="one-gpu-holds-all-heads"),
        pytest.param(8, 8, 1, id="a-head-for-each-gpu"),
        pytest.param(9, 8, 1.125, id="one-gpu-more-than-heads"),
        pytest.param(16, 8, 2, id="two-gpus-for-each-head"),
        pytest.param(8, 1, 8, id="latent-attention-cannot-be-split"),
    ],
)
def test_cache_is_copied_once_gpus_outnumber_heads(n_gpus, n_kv_heads, copies):
    assert kv_replication(n_gpus=n_gpus, n_kv_heads=n_kv_heads) == copies


def fit(memory_bytes, *, n_gpus=1, usable=1.0, weights=40e9, workspace=0.0, sequence=20e9):
    return sequences_that_fit(
        n_gpus=n_gpus,
        memory_bytes=memory_bytes,
        usable=usable,
        weights_bytes=weights,
        workspace_bytes=workspace,
        sequence_bytes=sequence,
    )


@pytest.mark.parametrize(
    ("memory_bytes", "sequences"),
    [
        # 40 GB of weights and 20 GB a sequence: three sequences take exactly 100 GB.
        pytest.param(100e9, 3, id="exactly-three"),
        pytest.param(100e9 - 1, 2, id="one-byte-too-few-for-three"),
        pytest.param(60e9, 1, id="exactly-one"),
        pytest.param(60e9 - 1, 0, id="one-byte-too-few-for-one"),
        pytest.param(40e9, 0, id="weights-alone"),
        pytest.param(10e9, 0, id="weights-do-not-fit"),
    ],
)
def test_sequences_that_fit_change_at_the_byte(memory_bytes, sequences):
    assert fit(memory_bytes) == sequences


def test_llama_70b_fits_two_a100_but_not_one():
    # 140 GB in fp16 against 72 GB (0.9 of 80) on one GPU and 144 GB on two; 512 tokens are 0.168 GB,
    # so (144 - 140) / 0.1678 = 23.8 sequences.
    sequence = 512 * 327_680
    assert fit(80e9, usable=0.9, weights=140e9, sequence=sequence) == 0
    assert fit(80e9, n_gpus=2, usable=0.9, weights=140e9, sequence=sequence) == 23


def test_workspace_takes_room_from_sequences():
    assert fit(100e9, workspace=1.0) == fit(100e9) - 1


@settings(deadline=None, max_examples=60)
@given(
    memory=st.floats(1e9, 1e12),
    extra=st.floats(0, 1e12),
    n_gpus=st.integers(1, 16),
    weights=st.floats(1e8, 1e12),
    sequence=st.floats(1e5, 1e11),
)
def test_more_memory_never_fits_fewer(memory, extra, n_gpus, weights, sequence):
    small = fit(memory, n_gpus=n_gpus, weights=weights, sequence=sequence)
    large = fit(memory + extra, n_gpus=n_gpus, weights=weights, sequence=sequence)
    assert large >= small >= 0
    assert float(small).is_integer()


def test_one_call_fits_a_whole_grid():
    counts = fit(np.array([60e9, 100e9])[:, None], n_gpus=np.array([1, 2, 4])[None, :])
    # (n x memory - 40 GB) / 20 GB, by hand.
    assert counts.tolist() == [[1, 4, 10], [3, 8, 18]]
