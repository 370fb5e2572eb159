"""Compute-optimal training against what the laws' papers print."""

from __future__ import annotations

import numpy as np
import pytest

from breakeven.formulas.scaling_laws import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    loss,
    optimum_by_law,
    optimum_by_ratio,
)

GOPHER_FLOP = 5.76e23
"""Budget that Chinchilla shares with Gopher. Hoffmann et al. 2022, figure 4. [FLOP]"""


def test_twenty_tokens_per_parameter_turn_gophers_budget_into_chinchilla():
    # Hoffmann et al. 2022: Chinchilla has 70B parameters and 1.4T tokens; two digits each.
    params, tokens = optimum_by_ratio(flop=GOPHER_FLOP)
    assert params == pytest.approx(70e9, rel=0.02)
    assert tokens == pytest.approx(1.4e12, rel=0.02)


def test_exponents_of_approach_3_are_the_published_ones():
    # Table 2, approach 3: a = 0.46, b = 0.54 (0.45 and 0.55 from the rounded coefficients, rounded again).
    small, large = (optimum_by_law(flop=flop, law=HOFFMANN_2022)[0] for flop in (1e21, 1e23))
    assert np.log10(large / small) / 2 == pytest.approx(0.46, abs=0.01)


def test_the_refit_agrees_with_twenty_tokens_per_parameter():
    # Besiroglu et al. 2024, section 4: consistent with the rule of 20; at Gopher's budget between 15 and 25.
    params, tokens = optimum_by_law(flop=GOPHER_FLOP, law=BESIROGLU_2024)
    assert 15 < tokens / params < 25


def test_published_approach_3_asks_for_far_more_tokens_than_its_refit():
    # Besiroglu et al. 2024: the published coefficients imply some 70 tokens per parameter at that budget.
    params, tokens = optimum_by_law(flop=GOPHER_FLOP, law=HOFFMANN_2022)
    assert 60 < tokens / params < 110


@pytest.mark.parametrize("law", [HOFFMANN_2022, BESIROGLU_2024], ids=["hoffmann", "besiroglu"])
@pytest.mark.parametrize("flop", [1e20, GOPHER_FLOP, 1e26])
def test_no_other_split_of_the_work_has_a_smaller_loss(law, flop):
    params, tokens = optimum_by_law(flop=flop, law=law)
    assert 6 * params * tokens == pytest.approx(flop)
    best = loss(params=params, tokens=tokens, law=law)
    others = params * np.logspace(-1, 1, 201)
    scanned = loss(params=others, tokens=flop / 6 / others, law=law)
    assert best <= scanned.min() * (1 + 1e-12)
    assert others[scanned.argmin()] == pytest.approx(params)


def test_work_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="flop"):
        optimum_by_law(flop=0, law=HOFFMANN_2022)
    with pytest.raises(ValueError, match="tokens_per_parameter"):
        optimum_by_ratio(flop=1e20, tokens_per_parameter=-1)
