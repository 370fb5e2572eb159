"""Shapes, replicas and engines that the tests of steps, modes and batches share."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st

from breakeven.formulas.parts import ARTICLE_MODEL, ARTICLE_REPLICA, IDEAL, Engine

LLAMA = ARTICLE_MODEL
"""Llama-2-70B as the 2023 article counts it: 70e9 weights in fp16."""

EXPERTS = replace(
    LLAMA, linear_params=13e9, weights_bytes=94e9, shared_bytes=4e9, routed_bytes=90e9, expert_share=0.25
)
SLIDING = replace(
    LLAMA,
    full_layers=40,
    sliding_layers=40,
    window_tokens=1024,
    full_kv_bytes_per_token=163_840.0,
    sliding_kv_bytes_per_token=163_840.0,
)
WITHOUT_ATTENTION = replace(LLAMA, full_layers=0, full_kv_bytes_per_token=0.0)

TWO_A100 = ARTICLE_REPLICA
EIGHT_A100 = replace(TWO_A100, n_gpus=8)
ENGINE = Engine(
    mfu=0.5,
    mbu=0.7,
    kv_mbu=0.3,
    link_share=0.6,
    link_latency_s=2e-5,
    prefill_overhead_s=0.03,
    step_overhead_s=1e-3,
    layer_overhead_s=1e-5,
    sequence_overhead_s=1e-5,
    context_overhead_s=1e-8,
)
SHAPE = {"prompt_tokens": 512, "completion_tokens": 512}

quick = settings(deadline=None, max_examples=60)
models = st.sampled_from([LLAMA, EXPERTS, SLIDING])
engines = st.sampled_from([IDEAL, ENGINE])
gpu_counts = st.sampled_from([1, 2, 4, 8])
batches = st.integers(1, 256)
lengths = st.integers(1, 20_000)
factors = st.floats(1, 16)


def serve(mode, batch=16, engine=ENGINE, **shape):
    return mode(model=LLAMA, replica=TWO_A100, engine=engine, batch=batch, **{**SHAPE, **shape})
