"""Deployments of a model: which GPUs, how many, what batch, how fast, at what price.

One vectorised grid over candidates and shapes; no loop over either.
"""

from breakeven.hosting.candidates import Candidate
from breakeven.hosting.choose import COUNTS
from breakeven.hosting.evaluation import (
    MOST_SEQUENCES,
    Ask,
    Evaluation,
    Stacked,
    ask_of,
    evaluate,
    evaluate_arrays,
    stack_engines,
    stack_replicas,
)
from breakeven.hosting.fit import what_would_fit
from breakeven.hosting.hardware import candidates_of, find_candidates
from breakeven.hosting.prices import GpuPrice, gpu_price, read_on
from breakeven.hosting.profiles import (
    FEW_ROWS,
    RANGED_ON,
    Profile,
    choose_profile,
    dated,
    engine_of,
    older_profile,
    with_shares,
)
from breakeven.hosting.shapes import (
    KV_BYTES,
    Unplaceable,
    architecture,
    compute_class,
    model_shape,
    replica_of,
)

__all__ = [
    "COUNTS",
    "FEW_ROWS",
    "KV_BYTES",
    "MOST_SEQUENCES",
    "RANGED_ON",
    "Ask",
    "Candidate",
    "Evaluation",
    "GpuPrice",
    "Profile",
    "Stacked",
    "Unplaceable",
    "architecture",
    "ask_of",
    "candidates_of",
    "choose_profile",
    "compute_class",
    "dated",
    "engine_of",
    "evaluate",
    "evaluate_arrays",
    "find_candidates",
    "gpu_price",
    "model_shape",
    "older_profile",
    "read_on",
    "replica_of",
    "stack_engines",
    "stack_replicas",
    "what_would_fit",
    "with_shares",
]
