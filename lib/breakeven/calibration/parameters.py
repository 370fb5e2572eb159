"""What is fitted of an engine, and between which physical bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number of an engine that is fitted, in logarithms."""

    low: float
    """Physical lower bound."""
    high: float
    """Physical upper bound."""
    usual: float
    """Where nothing is measured."""
    spread: float
    """How far a group may lie from what its prior says, as a factor: e**spread. [-]"""


PARAMETERS: Mapping[str, Parameter] = {
    "mfu": Parameter(low=0.05, high=1.0, usual=0.5, spread=0.4),
    "mbu": Parameter(low=0.1, high=1.0, usual=0.75, spread=0.3),
    "kv_mbu": Parameter(low=0.05, high=1.0, usual=0.6, spread=0.25),
    "link_share": Parameter(low=0.03, high=0.95, usual=0.3, spread=0.7),
    "link_latency_s": Parameter(low=1e-6, high=4e-5, usual=1e-5, spread=0.15),
    "prefill_overhead_s": Parameter(low=1e-4, high=4e-2, usual=5e-3, spread=0.5),
    "step_overhead_s": Parameter(low=1e-5, high=6e-3, usual=1e-3, spread=0.5),
    "layer_overhead_s": Parameter(low=1e-6, high=3e-4, usual=3e-5, spread=0.15),
    "sequence_overhead_s": Parameter(low=5e-7, high=5e-5, usual=8e-6, spread=0.5),
    "expert_mfu": Parameter(low=0.1, high=1.0, usual=0.7, spread=0.2),
    "expert_mbu": Parameter(low=0.2, high=1.0, usual=0.8, spread=0.15),
    "expert_overhead_s": Parameter(low=1e-7, high=1e-4, usual=1e-5, spread=1.2),
    "latent_overhead_s": Parameter(low=1e-7, high=2e-4, usual=1e-5, spread=0.1),
    "ttft_fixed_s": Parameter(low=1e-4, high=2e-2, usual=3e-3, spread=0.5),
    "busy_fixed_s": Parameter(low=1e-3, high=0.3, usual=2e-2, spread=0.8),
    "busy_steps": Parameter(low=0.1, high=40.0, usual=1.5, spread=0.8),
    "queue_share": Parameter(low=0.005, high=0.9, usual=0.08, spread=0.5),
}
"""What is fitted of a continuous engine. What a kernel costs whatever the model varies little from group to
group, routing much: so groups of few models tell the one from the other (chosen by leaving models out)."""

OF_A_SERVER = ("ttft_fixed_s", "busy_fixed_s", "busy_steps", "queue_share", "latent_overhead_s")
"""What only a server has that requests come to one by one, and what no static batch was measured with."""

STATIC_PARAMETERS: Mapping[str, Parameter] = {
    **{name: one for name, one in PARAMETERS.items() if name not in OF_A_SERVER},
    "link_share": Parameter(low=0.03, high=0.95, usual=0.5, spread=0.05),
    "link_latency_s": Parameter(low=1e-6, high=4e-5, usual=1e-5, spread=0.05),
    "kv_mbu": Parameter(low=0.03, high=0.95, usual=0.6, spread=1.5),
    "prefill_overhead_s": Parameter(low=1e-3, high=4e-2, usual=8e-3, spread=0.5),
    "step_overhead_s": Parameter(low=2e-4, high=6e-3, usual=1.5e-3, spread=0.5),
    "layer_overhead_s": Parameter(low=2e-6, high=1e-4, usual=1.5e-5, spread=0.5),
    "context_overhead_s": Parameter(low=1e-9, high=1e-5, usual=3e-7, spread=3.0),
}
"""What is fitted of a static batch: engines of 2023 read the cache with few parallel readers. The
link is assumed: with one number of GPUs its share cannot be told from mfu."""


QUANTITIES = ("ttft", "tpot", "throughput")
"""What is compared, as the error table names it."""

SPLITS = ("cell", "model", "gpu", "shape", "concurrency", "parallel")
"""What is left out of a fit."""
