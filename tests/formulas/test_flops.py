"""Work of a transformer against published figures and hand counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.flops import attended_pairs, attention_flop_decode, linear_flop, touched_weight_bytes


def test_llama_70b_takes_140_gflop_per_token():
    # Sanger 2023 prints "140 TFLOPs per token"; 2 x 70e9 is 140 GFLOP.
    assert linear_flop(tokens=1, active_params=70e9) == 140e9


def test_attention_at_8192_tokens_takes_21_5_gflop():
    # Sanger 2023 prints 10.5 GFLOP with a width of 4096; Llama-2-70B is 8192 wide (64 heads x 128):
    # 4 x 80 x 8192 x 8192 = 21.5e9, three digits.
    flop = attention_flop_decode(n_layers=80, n_heads=64, qk_dim=128, v_dim=128, context_tokens=8192)
    assert flop == pytest.approx(21.5e9, rel=0.05 / 21.5)
    half = attention_flop_decode(n_layers=80, n_heads=32, qk_dim=128, v_dim=128, context_tokens=8192)
    assert half == pytest.approx(10.5e9, rel=0.03)  # the article's figure; half the width gives 10.74


def test_keys_and_values_may_differ_in_width():
    # By hand: 2 x 1 layer x 2 heads x (3 + 5) x 7 tokens.
    assert attention_flop_decode(n_layers=1, n_heads=2, qk_dim=3, v_dim=5, context_tokens=7) == 224


@pytest.mark.parametrize(
    ("prompt", "window", "pairs"),
    [
        # The area under min(i, 4): a triangle up to the window, then 4 for each further token.
        pytest.param(3, 4, 4.5, id="one-below-the-window"),
        pytest.param(4, 4, 8, id="exactly-the-window"),
        pytest.param(5, 4, 12, id="one-beyond-the-window"),
        pytest.param(5, 0, 0, id="no-window-at-all"),
    ],
)
def test_pairs_grow_by_the_window_once_it_is_full(prompt, window, pairs):
    assert attended_pairs(prompt_tokens=prompt, window_tokens=window) == pairs


@settings(deadline=None, max_examples=60)
@given(prompt=st.integers(0, 2_000_000))
def test_full_attention_sees_half_the_square(prompt):
    assert attended_pairs(prompt_tokens=prompt) == prompt**2 / 2


@pytest.mark.parametrize("window", [1, 7, 100, 1000, 5000])
def test_pairs_match_a_count_token_by_token(window):
    # Token i sees min(i, w) tokens; the formula counts the diagonal by half, hence i - 1/2.
    counted = sum(min(i - 0.5, window) for i in range(1, 1001))
    assert attended_pairs(prompt_tokens=1000, window_tokens=window) == pytest.approx(counted, abs=0.5)


def test_one_token_touches_its_own_share_of_the_experts():
    # Mixtral: 2 of 8 experts.
    touched = touched_weight_bytes(shared_bytes=3e9, routed_bytes=80e9, expert_share=2 / 8, tokens=1)
    assert touched == pytest.approx(3e9 + 20e9, rel=1e-12)


def test_two_tokens_touch_less_than_twice_the_experts():
    # By hand: 1 - (3/4)^2 = 7/16 of the routed experts.
    touched = touched_weight_bytes(shared_bytes=0, routed_bytes=16.0, expert_share=0.25, tokens=2)
    assert touched == pytest.approx(7.0)


def test_many_tokens_touch_every_expert():
    touched = touched_weight_bytes(shared_bytes=3e9, routed_bytes=80e9, expert_share=8 / 256, tokens=10_000)
    assert touched == pytest.approx(83e9, rel=1e-12)


def test_a_dense_model_reads_the_same_whatever_the_batch():
    read = touched_weight_bytes(
        shared_bytes=140e9, routed_bytes=0, expert_share=0, tokens=np.array([1, 64, 4096])
    )
    assert read.tolist() == [140e9] * 3


@settings(deadline=None, max_examples=60)
@given(
    share=st.floats(0.001, 1),
    tokens=st.integers(1, 100_000),
    more=st.integers(1, 100_000),
    routed=st.floats(1, 1e12),
)
def test_more_tokens_never_touch_less_and_never_more_than_all(share, tokens, more, routed):
    few, many = (
        touched_weight_bytes(shared_bytes=1.0, routed_bytes=routed, expert_share=share, tokens=t)
        for t in (tokens, tokens + more)
    )
    assert few <= many <= 1.0 + routed
    assert few >= (1.0 + share * routed) * (1 - 1e-12)
