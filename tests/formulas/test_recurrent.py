"""A state of fixed size takes memory and is read each step, whatever the context."""

from __future__ import annotations

from dataclasses import replace

import pytest

from breakeven.formulas.batch import batch_that_fits
from breakeven.formulas.flops import attended_pairs
from breakeven.formulas.mixed_step import mixed_step, step_coefficients
from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
from breakeven.formulas.recurrent import recurrent_state_bytes
from breakeven.formulas.step import decode_step

STATE = 75_497_472.0
"""36 layers of 32 heads of 128 x 128 in four bytes. [B]"""
HYBRID = replace(ARTICLE_MODEL, state_bytes=STATE)


def test_state_is_heads_times_widths_and_the_inputs_of_the_convolution() -> None:
    each = recurrent_state_bytes(
        cells=32 * 128 * 128, bytes_per_cell=4, conv_channels=0, conv_kernel=1, bytes_per_conv=2
    )
    assert 36 * each == STATE
    # LFM2-1.2B: 10 layers keep 2 inputs of 2,048 channels, 2 bytes each
    short = recurrent_state_bytes(
        cells=0, bytes_per_cell=1, conv_channels=2048, conv_kernel=3, bytes_per_conv=2
    )
    assert 10 * short == 81_920


def test_fewer_sequences_fit_beside_their_states() -> None:
    bare, hybrid = (
        batch_that_fits(
            model=model, replica=ARTICLE_REPLICA, usable=1.0, prompt_tokens=500, completion_tokens=500
        )
        for model in (ARTICLE_MODEL, HYBRID)
    )
    each = 1000 * 327_680.0
    assert hybrid == bare * each // (each + STATE) or hybrid == bare * each // (each + STATE) + 1
    assert hybrid < bare


def test_state_is_read_once_a_step_at_any_context() -> None:
    bandwidth = ARTICLE_REPLICA.n_gpus * ARTICLE_REPLICA.memory_bytes_per_s * ARTICLE_ENGINE.kv_mbu
    for context in (100, 10_000):
        times = [
            decode_step(
                model=model, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE, batch=8, context_tokens=context
            ).attention_memory_s
            for model in (ARTICLE_MODEL, HYBRID)
        ]
        assert float(times[1] - times[0]) == pytest.approx(8 * STATE / bandwidth)


def test_the_step_of_the_replay_reads_the_same() -> None:
    coefficients = step_coefficients(model=HYBRID, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE)
    mixed = mixed_step(coefficients=coefficients, decodes=8, context_tokens=8 * 700, window_tokens=8)
    whole = decode_step(
        model=HYBRID, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE, batch=8, context_tokens=700
    )
    assert float(mixed.attention_memory_s) == pytest.approx(float(whole.attention_memory_s))
    assert float(mixed.attention_compute_s) == pytest.approx(float(whole.attention_compute_s))
    assert attended_pairs(prompt_tokens=700, window_tokens=coefficients.window_tokens) > 0


def test_windows_beside_a_state_are_refused() -> None:
    both = replace(HYBRID, sliding_layers=1, sliding_kv_bytes_per_token=4096, window_tokens=128)
    with pytest.raises(ValueError, match="window beside recurrent"):
        step_coefficients(model=both, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE)
