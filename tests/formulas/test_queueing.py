"""Waits against published ones and a simulated queue."""

from __future__ import annotations

import math

import numpy as np
import pytest

from breakeven.formulas.queueing import queueing_wait_md1


@pytest.mark.parametrize(
    ("arrivals_per_s", "service_s", "published_s"),
    [
        # Kleinrock, "Queueing Systems" vol. 1, section 5.5: half of M/M/1's rho/(1 - rho), so at
        # rho = 0.5, 0.8, 0.9 it waits 0.5, 2, 4.5 service times.
        pytest.param(0.5, 1, 0.5, id="half-full"),
        pytest.param(0.8, 1, 2.0, id="four-fifths-full"),
        pytest.param(0.9, 1, 4.5, id="nine-tenths-full"),
        # Wikipedia, "M/D/1 queue", example: 20 arrivals and 30 services an hour wait 0.033 hours.
        pytest.param(20 / 3600, 120, 0.0333 * 3600, id="twenty-and-thirty-an-hour"),
        pytest.param(0, 1, 0, id="nobody"),
    ],
)
def test_waits_match_published_ones(arrivals_per_s, service_s, published_s):
    wait = queueing_wait_md1(arrivals_per_s=arrivals_per_s, service_s=service_s)
    assert wait == pytest.approx(published_s, rel=0.002)


def test_a_queue_that_is_always_full_never_ends():
    assert queueing_wait_md1(arrivals_per_s=1.0, service_s=1.0) == math.inf
    assert queueing_wait_md1(arrivals_per_s=2.0, service_s=1.0) == math.inf
    assert queueing_wait_md1(arrivals_per_s=1 - 1e-9, service_s=1.0) < math.inf


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_waits_match_a_simulated_queue(load):
    # Lindley's recursion in closed form: the wait is the walk above its lowest point so far.
    generator = np.random.default_rng(2023)
    steps = 2.0 - generator.exponential(2.0 / load, size=1_000_000)
    walk = np.cumsum(steps)
    waits = walk - np.minimum(np.minimum.accumulate(walk), 0)
    formula = queueing_wait_md1(arrivals_per_s=load / 2.0, service_s=2.0)
    assert waits.mean() == pytest.approx(formula, rel=0.03)
