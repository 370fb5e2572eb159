"""The step by its sums against the steps of alike sequences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.batch import cache_bytes
from breakeven.formulas.flops import attended_pairs
from breakeven.formulas.mixed_step import mixed_step, step_coefficients
from breakeven.formulas.parts import IDEAL
from breakeven.formulas.step import decode_step, prefill_step
from tests.builders import ENGINE, REPLICA, SLOW_EXPERTS, model

PARTS = (
    "linear_compute_s",
    "linear_memory_s",
    "attention_compute_s",
    "attention_memory_s",
    "link_s",
    "fixed_s",
    "total_s",
)


def same(one, other) -> None:
    for part in PARTS:
        np.testing.assert_allclose(getattr(one, part), getattr(other, part), rtol=1e-12, err_msg=part)


SHAPES = [
    model(),
    model(window=1024),
    model(routed=300e9, share=0.06),
    model(routed=3e9, share=1.0, window=7),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("engine", [ENGINE, SLOW_EXPERTS, IDEAL])
def test_sequences_that_are_alike_take_a_decode_step(shape, engine):
    c = step_coefficients(model=shape, replica=REPLICA, engine=engine)
    batch, context = np.meshgrid([1.0, 2, 37, 256, 1024], [1.0, 100, 1023, 1024, 1025, 131072])
    mine = mixed_step(
        coefficients=c,
        decodes=batch,
        context_tokens=batch * context,
        window_tokens=batch * np.minimum(context, c.window_tokens) if shape.sliding_layers else 0,
    )
    same(
        mine,
        decode_step(model=shape, replica=REPLICA, engine=engine, batch=batch, context_tokens=context),
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("engine", [ENGINE, SLOW_EXPERTS, IDEAL])
def test_prompts_that_are_alike_take_a_prefill_step(shape, engine):
    c = step_coefficients(model=shape, replica=REPLICA, engine=engine)
    batch, prompt, share = (
        a.ravel() for a in np.meshgrid([1.0, 8, 64], [2.0, 512, 1025, 32768], [0.0, 0.5, 0.9])
    )
    cached = np.floor(prompt * share)
    w = shape.window_tokens if shape.sliding_layers else 0

    def pairs(window):
        return batch * (
            attended_pairs(prompt_tokens=prompt, window_tokens=window)
            - attended_pairs(prompt_tokens=cached, window_tokens=window)
        )

    mine = mixed_step(
        coefficients=c,
        decodes=0,
        context_tokens=0,
        window_tokens=0,
        prompt_tokens=batch * (prompt - cached),
        prompt_pairs=pairs(np.inf),
        prompt_window_pairs=pairs(w),
        prompt_context=batch * prompt,
        prompt_window_context=batch * np.minimum(prompt, w),
    )
    theirs = prefill_step(
        model=shape,
        replica=REPLICA,
        engine=engine,
        batch=batch,
        prompt_tokens=prompt,
        cached_tokens=cached,
    )
    same(mine, theirs)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=8), window=st.sampled_from([0, 512]))
def test_attention_of_a_prompt_is_the_same_in_chunks(cuts, window):
    shape = model(window=window)
    c = step_coefficients(model=shape, replica=REPLICA, engine=ENGINE)
    ends = np.cumsum([0, *cuts]).astype(float)

    def attention(start, end):
        def pairs(within):
            return attended_pairs(prompt_tokens=end, window_tokens=within) - attended_pairs(
                prompt_tokens=start, window_tokens=within
            )

        return np.asarray(
            mixed_step(
                coefficients=c,
                decodes=0,
                context_tokens=0,
                window_tokens=0,
                prompt_tokens=end - start,
                prompt_pairs=pairs(np.inf),
                prompt_window_pairs=pairs(window),
            ).attention_compute_s
        )

    whole = attention(0.0, ends[-1])
    np.testing.assert_allclose(attention(ends[:-1], ends[1:]).sum(), whole, rtol=1e-9)


def test_a_step_of_both_reads_the_weights_once_and_pays_both_fixed_times():
    c = step_coefficients(model=model(), replica=REPLICA, engine=ENGINE)
    decode = mixed_step(coefficients=c, decodes=4, context_tokens=4000, window_tokens=0)
    prompt = {"prompt_tokens": 100, "prompt_pairs": 5000.0, "prompt_context": 100}
    prefill = mixed_step(coefficients=c, decodes=0, context_tokens=0, window_tokens=0, **prompt)
    both = mixed_step(coefficients=c, decodes=4, context_tokens=4000, window_tokens=0, **prompt)
    assert both.linear_memory_s == decode.linear_memory_s == prefill.linear_memory_s
    for part in ("linear_compute_s", "attention_compute_s", "attention_memory_s", "fixed_s"):
        assert getattr(both, part) == pytest.approx(getattr(decode, part) + getattr(prefill, part))


def test_the_cache_gets_what_the_weights_leave():
    # 4 x 80 GB x 0.9 - 70 GB = 218 GB; at 0.2 usable the weights alone are too large.
    assert cache_bytes(model=model(), replica=REPLICA, usable=0.9) == pytest.approx(218e9)
    assert cache_bytes(model=model(), replica=REPLICA, usable=0.2) == 0.0


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_sums_outside_their_domain_are_refused(bad):
    c = step_coefficients(model=model(), replica=REPLICA, engine=ENGINE)
    with pytest.raises(ValueError, match="context_tokens"):
        mixed_step(coefficients=c, decodes=1, context_tokens=bad, window_tokens=0)
