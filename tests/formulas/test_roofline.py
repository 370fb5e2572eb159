"""Ridge point, operators and all-reduces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.roofline import all_reduce_time, operator_time, ridge_point

rates = st.floats(1e9, 1e16)
amounts = st.floats(0, 1e18)


def test_a100_turns_compute_bound_at_156_flop_per_byte():
    # Sanger 2023: 312 TFLOP/s over 2.0 TB/s "= 156", exact.
    assert ridge_point(flop_per_s=312e12, bytes_per_s=2.0e12) == 156


def test_operator_takes_the_slower_of_its_two_resources_on_either_side_of_the_ridge():
    # 100 FLOP/s and 10 B/s: the ridge is 10 FLOP/B.
    def seconds(flop):
        return operator_time(flop=flop, bytes_moved=1, flop_per_s=100, bytes_per_s=10)

    assert seconds(9) == 0.1  # memory-bound: one byte at 10 B/s
    assert seconds(10) == 0.1  # on the ridge both take as long
    assert seconds(11) == 0.11  # compute-bound


def test_two_a100_read_2857_prompt_tokens_per_second():
    # Sanger 2023, "2 x A100 ... 200 TFLOP/s each": 400e12 / 140e9 = 2,857 tok/s, printed to a unit.
    per_token = operator_time(flop=140e9, bytes_moved=0, flop_per_s=2 * 200e12, bytes_per_s=1)
    assert 1 / per_token == pytest.approx(2857, rel=0.5 / 2857)


@pytest.mark.parametrize(
    ("prompt_tokens", "published_s"),
    # Sanger 2023, batch of 64 on 8 A100 at 1.6 PFLOP/s together: 64 x N x 140e9 / 1.6e15. The article
    # prints the second, 20.1 s, as a generation time. Four digits.
    [pytest.param(512, 2.867, id="512"), pytest.param(3596, 20.14, id="3596")],
)
def test_eight_a100_need_seconds_to_the_first_token_of_a_full_batch(prompt_tokens, published_s):
    time = operator_time(
        flop=64 * prompt_tokens * 140e9, bytes_moved=140e9, flop_per_s=1.6e15, bytes_per_s=8 * 1.3e12
    )
    assert time == pytest.approx(published_s, rel=0.0005)


@settings(deadline=None, max_examples=60)
@given(flop=amounts, moved=amounts, peak=rates, bandwidth=rates, faster=st.floats(1, 100))
def test_a_faster_resource_never_takes_longer(flop, moved, peak, bandwidth, faster):
    base = operator_time(flop=flop, bytes_moved=moved, flop_per_s=peak, bytes_per_s=bandwidth)
    for better in ({"flop_per_s": peak * faster}, {"bytes_per_s": bandwidth * faster}):
        arguments = {"flop": flop, "bytes_moved": moved, "flop_per_s": peak, "bytes_per_s": bandwidth}
        assert operator_time(**{**arguments, **better}) <= base


def reduce_s(n_gpus, *, tokens=512, latency_s=1e-5):
    return all_reduce_time(
        n_gpus=n_gpus,
        tokens=tokens,
        hidden=8192,
        bytes_per_activation=2,
        link_bytes_per_s=300e9,
        latency_s=latency_s,
    )


def test_one_gpu_has_nobody_to_talk_to():
    assert reduce_s(1) == 0


def test_two_gpus_send_the_activations_once():
    # 2 (n - 1)/n = 1 for two: 512 x 8192 x 2 B = 8,388,608 B at 300 GB/s, plus 10 us.
    assert reduce_s(2) == pytest.approx(8_388_608 / 300e9 + 1e-5, rel=1e-12)


def test_a_ring_of_many_sends_twice_the_activations_at_most():
    twice = 2 * 8_388_608 / 300e9
    times = reduce_s(np.array([2, 4, 8, 16, 64]), latency_s=0)
    assert np.all(np.diff(times) > 0)
    assert np.all(times < twice)
    assert times[-1] == pytest.approx(twice, rel=1 / 60)


def test_latency_is_left_when_there_is_nothing_to_send():
    assert reduce_s(4, tokens=0) == 1e-5
