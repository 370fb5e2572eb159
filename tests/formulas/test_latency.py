"""The cheap line through a step against the step itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.formulas.latency import latency_of
from lib.formulas.parts import Engine, ModelShape, Replica
from lib.formulas.serving import MODES, speculative_tpot


def model(*, routed: float = 0.0, share: float = 0.0, window: int = 0) -> ModelShape:
    """A 70B-like shape; with routed experts and a window where asked for."""
    return ModelShape(
        n_layers=80,
        hidden=8192,
        linear_params=69.5e9,
        weights_bytes=70e9 + routed,
        shared_bytes=70e9,
        routed_bytes=routed,
        expert_share=share,
        n_heads=64,
        kv_heads=8,
        prefill_qk_dim=128,
        prefill_v_dim=128,
        decode_qk_dim=128,
        decode_v_dim=128,
        full_layers=40 if window else 80,
        sliding_layers=40 if window else 0,
        window_tokens=window,
        full_kv_bytes_per_token=163_840 if window else 327_680,
        sliding_kv_bytes_per_token=163_840 if window else 0,
    )


REPLICA = Replica(
    n_gpus=4,
    memory_bytes=80e9,
    memory_bytes_per_s=3.35e12,
    flop_per_s=1979e12,
    attention_flop_per_s=989e12,
    link_bytes_per_s=450e9,
)
ENGINE = Engine(
    mfu=0.6,
    mbu=0.8,
    kv_mbu=0.5,
    link_share=0.4,
    link_latency_s=1e-5,
    prefill_overhead_s=0.01,
    step_overhead_s=0.002,
    layer_overhead_s=2e-5,
    sequence_overhead_s=1e-5,
    context_overhead_s=1e-6,
)
SLOW_EXPERTS = replace(
    ENGINE,
    ttft_fixed_s=0.02,
    first_token_steps=3.0,
    expert_mfu=0.5,
    expert_mbu=0.6,
    expert_overhead_s=1e-5,
)
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
