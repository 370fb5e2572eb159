"""The cheap line through a step against the step itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.latency import latency_of
from breakeven.formulas.modes import MODES
from breakeven.formulas.speculation import speculative_tpot
from tests.builders import ENGINE, REPLICA, SLOW_EXPERTS, model

"""With what only some engines have: late first tokens, experts slower than the rest."""


@settings(max_examples=80, deadline=None)
@given(
    mode=st.sampled_from(sorted(MODES)),
    engine=st.sampled_from([ENGINE, SLOW_EXPERTS]),
    batch=st.integers(1, 2000),
    prompt=st.integers(2, 100_000),
    completion=st.integers(1, 20_000),
    cached=st.floats(0, 0.9),
    routed=st.sampled_from([0.0, 300e9]),
    window=st.sampled_from([0, 1024]),
)
def test_latency_equals_that_of_the_mode_at_any_batch(
    mode, engine, batch, prompt, completion, cached, routed, window
):
    shape = model(routed=routed, share=0.06 if routed else 0.0, window=window)
    request = {
        "prompt_tokens": np.array([float(prompt)]),
        "completion_tokens": np.array([float(completion)]),
        "cached_tokens": np.array([float(int(prompt * cached))]),
    }
    ttft, tpot = latency_of(mode, model=shape, replica=REPLICA, engine=engine, **request)(
        np.array([float(batch)])
    )
    service = MODES[mode](model=shape, replica=REPLICA, engine=engine, batch=batch, **request)
    np.testing.assert_allclose(ttft, service.ttft_s, rtol=1e-9)
    np.testing.assert_allclose(tpot, service.tpot_s, rtol=1e-9)


def test_speculation_that_is_never_accepted_costs_the_drafts():
    # acceptance 0: one token a step, 10 ms + 4 x 1 ms.
    assert speculative_tpot(verification_s=0.010, draft_s=0.001, acceptance=0.0, drafts=4) == pytest.approx(
        0.014
    )
