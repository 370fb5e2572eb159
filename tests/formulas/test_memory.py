"""Memory of the weights, and the fewest GPUs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.kv_cache import sequences_that_fit
from breakeven.formulas.memory import fewest_gpus, weights_bytes


@pytest.mark.parametrize(
    ("params", "bytes_per_weight", "published_bytes"),
    [
        # llm-numbers 2023, "Typical GPU memory requirements of an LLM for serving": 7B needs 14 GB.
        pytest.param(7e9, 2, 14e9, id="7b-fp16"),
        # Sanger 2023: "140 GB" for Llama-2-70B in fp16.
        pytest.param(70e9, 2, 140e9, id="70b-fp16"),
        # llm-numbers 2023 puts llama.cpp's 13B at 4 bits at 6 GB; the weights alone are 6.5 GB.
        pytest.param(13e9, 0.5, 6.5e9, id="13b-int4"),
    ],
)
def test_weights_match_published_sizes(params, bytes_per_weight, published_bytes):
    assert weights_bytes(params=params, bytes_per_weight=bytes_per_weight) == published_bytes


def gpus(memory_bytes, weights=140e9, sequence=0.0, usable=1.0):
    return fewest_gpus(
        memory_bytes=memory_bytes,
        usable=usable,
        weights_bytes=weights,
        workspace_bytes=0,
        sequence_bytes=sequence,
    )


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [pytest.param(20e9, 2, id="exactly-full"), pytest.param(20e9 + 1, 3, id="one-byte-more")],
)
def test_a_byte_too_many_takes_another_gpu(sequence, expected):
    # 140 GB + 20 GB are two GPUs of 80 GB.
    assert gpus(80e9, sequence=sequence) == expected


def test_eight_a100_hold_640_gb_not_the_1280_of_the_article():
    # Sanger 2023 writes 1.28 TB for 8 A100; 8 x 80 GB is 640 GB.
    assert gpus(80e9, weights=640e9) == 8
    assert gpus(80e9, weights=1.28e12) == 16


@settings(deadline=None, max_examples=60)
@given(
    memory=st.floats(1e9, 3e11),
    usable=st.floats(0.1, 1),
    weights=st.floats(1e8, 2e12),
    sequence=st.floats(1e6, 1e11),
)
def test_fewest_gpus_fit_one_sequence_and_one_gpu_fewer_does_not(memory, usable, weights, sequence):
    fewest = gpus(memory, weights, sequence, usable)

    def room(n):
        return sequences_that_fit(
            n_gpus=n,
            memory_bytes=memory,
            usable=usable,
            weights_bytes=weights,
            workspace_bytes=0,
            # A thousandth of a sequence keeps rounding from deciding.
            sequence_bytes=sequence * (0.999 if n == fewest else 1.001),
        )

    assert room(fewest) >= 1
    if fewest > 1:
        assert room(fewest - 1) == 0
