"""What a model that does not fit would need."""

from __future__ import annotations

import numpy as np

from breakeven.formulas import memory
from breakeven.formulas.kv_cache import kv_bytes_per_sequence
from breakeven.formulas.parts import ModelShape
from breakeven.formulas.units import GIGA
from breakeven.tables.records import Gpu
from breakeven.words.numbers import gigabytes, percent


def what_would_fit(model: ModelShape, gpu: Gpu, *, usable: float, context_tokens: int, name: str) -> str:
    """Say how many of a GPU hold a model that does not fit."""
    sequence = kv_bytes_per_sequence(
        context_tokens=context_tokens,
        full_bytes_per_token=model.full_kv_bytes_per_token,
        sliding_bytes_per_token=model.sliding_kv_bytes_per_token,
        window_tokens=model.window_tokens,
    )
    need = memory.fewest_gpus(
        memory_bytes=gpu.memory_gb * GIGA,
        usable=usable,
        weights_bytes=model.weights_bytes,
        workspace_bytes=0,
        sequence_bytes=sequence,
        n_kv_heads=model.kv_heads,
    )
    if not np.isfinite(need):
        return (
            f"{name} cannot be placed on {gpu.name}: one sequence of {context_tokens:,} tokens "
            f"takes {gigabytes(float(sequence))} of cache on every GPU."
        )
    return (
        f"{name} needs {gigabytes(float(model.weights_bytes))} for its weights and "
        f"{gigabytes(float(sequence))} for one sequence: at least {need:,.0f} × {gpu.name} "
        f"({gpu.memory_gb:g} GB each, {percent(usable)} of it usable)."
    )
