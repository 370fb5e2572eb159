"""The batch that fits and the largest that holds, against a search one by one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.formulas.batch import batch_that_fits, largest_batch
from breakeven.formulas.modes import continuous_batching
from tests.formulas.shapes import (
    EIGHT_A100,
    LLAMA,
    TWO_A100,
    lengths,
    quick,
    serve,
)


def test_as_many_sequences_fit_as_their_longest_cache_allows():
    # 8 x 80 GB x 0.9 - 140 GB = 436 GB; N + C = 4096 tokens are 1.342 GB: 324.8 sequences.
    fit = batch_that_fits(
        model=LLAMA, replica=EIGHT_A100, usable=0.9, prompt_tokens=3000, completion_tokens=1096
    )
    assert fit == 324


def test_copies_of_the_cache_take_room():
    # 16 GPUs, 8 KV heads: 16 x 80 GB x 0.9 - 140 GB = 1,012 GB; two copies of 1.342 GB: 376.9.
    sixteen = replace(TWO_A100, n_gpus=16)
    fit = batch_that_fits(
        model=LLAMA, replica=sixteen, usable=0.9, prompt_tokens=3000, completion_tokens=1096
    )
    assert fit == 376


@quick
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 320)), min_size=1, max_size=20),
)
def test_largest_batch_matches_a_search_one_by_one(cases):
    limit = np.array([c[0] for c in cases], dtype=float)
    threshold = np.array([c[1] for c in cases], dtype=float)
    found = largest_batch(limit=limit, holds=lambda batch: batch <= threshold)
    one_by_one = [
        max((b for b in range(1, int(most) + 1) if b <= t), default=0)
        for most, t in zip(limit, threshold, strict=True)
    ]
    assert found.tolist() == one_by_one


@quick
@given(limit=st.integers(0, 60), target=st.floats(0.03, 0.2), prompt=lengths)
def test_largest_batch_holds_a_latency_target_as_a_search_one_by_one_does(limit, target, prompt):
    def tpot(batch):
        return serve(continuous_batching, batch=batch, prompt_tokens=prompt).tpot_s

    found = largest_batch(limit=np.array([float(limit)]), holds=lambda b: np.asarray(tpot(b)) <= target)
    one_by_one = max((b for b in range(1, limit + 1) if tpot(b) <= target), default=0)
    assert found.tolist() == [one_by_one]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0], ids=str)
def test_a_batch_without_a_limit_is_refused(bad):
    with pytest.raises(ValueError, match=f"limit must .*{bad}"):
        largest_batch(limit=np.array([5.0, bad]), holds=lambda batch: batch <= 3)
