"""What one GPU holds during training, and the fewest GPUs that hold it all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from breakeven.formulas.training_memory import (
    NF4_BYTES,
    activation_bytes,
    fewest_training_gpus,
    logits_bytes,
    state_bytes,
)
from breakeven.formulas.units import GIGA
from breakeven.question.pages.train import FULL, OPTIMISER_BYTES, QLORA, Fields
from breakeven.tables.records import Gpu
from breakeven.views.train.shape import TrainedModel

HALF = 2.0
"""Bytes of a 16-bit weight or gradient."""
TENSOR_PARALLEL = (1, 2, 4, 8)
"""GPUs that may share a layer where the plan leaves it open: those of one server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuMemory:
    """Memory of one GPU by part. [B]"""

    weights: float
    gradients: float
    optimiser: float
    adapters: float
    """Weights, gradients and optimiser of the adapters; 0 where all weights are trained."""
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """All parts. [B]"""
        return sum(size for _, size in self.parts)

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Parts by name."""
        return (
            ("weights", self.weights),
            ("gradients", self.gradients),
            ("optimiser", self.optimiser),
            ("adapters", self.adapters),
            ("activations", self.activations),
            ("logits", self.logits),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the training is spread over GPUs."""

    tensor: int
    """GPUs that share each layer. [-]"""
    fewest: float
    """Fewest GPUs that hold it; infinite: no number does. [-]"""


def adapter_count(plan: Fields, model: TrainedModel) -> float:
    """Parameters of the adapters; 0 where all weights are trained. [-]"""
    if not plan.tunes or plan.method == FULL:
        return 0.0
    return model.adapters(rank=plan.rank, targets=plan.targets)


def gpu_memory(plan: Fields, model: TrainedModel, *, data: int, tensor: int) -> GpuMemory:
    """Memory of one GPU when ``data`` groups of ``tensor`` GPUs train together."""
    adapters = adapter_count(plan, model)
    optimiser = OPTIMISER_BYTES[plan.optimiser]
    frozen = adapters > 0
    small = frozen and plan.method == QLORA
    kept = min(model.looked_up, model.params)  # embeddings and output head stay in 16 bits
    per_weight = ((model.params - kept) * NF4_BYTES + kept * HALF) / model.params if small else HALF

    def states(params: float, weight: float, gradient: float, state: float) -> tuple[float, float, float]:
        held = state_bytes(
            params=params,
            weight_bytes=weight,
            gradient_bytes=gradient,
            optimiser_bytes=state,
            zero_stage=plan.zero,
            data_parallel=data,
            tensor_parallel=tensor,
        )
        return float(held.weights), float(held.gradients), float(held.optimiser)

    weights, gradients, state = states(
        model.params, per_weight, 0.0 if frozen else HALF, 0.0 if frozen else optimiser
    )
    return GpuMemory(
        weights=weights,
        gradients=gradients,
        optimiser=state,
        adapters=sum(states(adapters, HALF, HALF, optimiser)),
        activations=float(
            activation_bytes(
                n_layers=model.n_layers,
                hidden=model.hidden,
                n_heads=model.n_heads,
                sequence_tokens=plan.sequence,
                micro_batch=plan.micro_batch,
                recomputation=plan.recomputation,
                tensor_parallel=tensor,
            )
        ),
        logits=float(
            logits_bytes(
                hidden=model.hidden,
                vocab=model.vocab,
                sequence_tokens=plan.sequence,
                micro_batch=plan.micro_batch,
                tensor_parallel=tensor,
            )
        ),
    )


def layout_of(plan: Fields, model: TrainedModel, gpu: Gpu, usable: float) -> Layout:
    """Tensor-parallel GPUs and the fewest in all; the split that needs the fewest where it is left open.

    Where the number of GPUs is fixed, only splits that divide it count.
    """
    most = max(gpu.link_gpus, 1)
    splits = [t for t in TENSOR_PARALLEL if t <= most] if plan.tensor is None else [plan.tensor]
    if plan.gpus is not None and plan.tensor is None:
        splits = [t for t in splits if plan.gpus % t == 0] or [1]
    needs = [(_fewest(plan, model, gpu, usable, t), t) for t in splits]
    if plan.gpus is not None:
        fitting = [(t, need) for need, t in needs if need <= plan.gpus]
        if fitting:
            tensor, need = min(fitting)
            return Layout(tensor=tensor, fewest=need)
    need, tensor = min(needs) if any(math.isfinite(n) for n, _ in needs) else max(needs, key=lambda x: x[1])
    return Layout(tensor=tensor, fewest=need)


def _fewest(plan: Fields, model: TrainedModel, gpu: Gpu, usable: float, tensor: int) -> float:
    """Fewest GPUs at one split: what two GPUs hold less of than one is what ZeRO shares out."""
    alone = gpu_memory(plan, model, data=1, tensor=tensor).total
    halved = gpu_memory(plan, model, data=2, tensor=tensor).total
    shared = 2 * (alone - halved)
    return float(
        fewest_training_gpus(
            memory_bytes=gpu.memory_gb * GIGA,
            usable=usable,
            kept_bytes=max(alone - shared, 0.0),
            shared_bytes=max(shared, 0.0),
            tensor_parallel=tensor,
        )
    )


def whole_servers(gpus: float) -> int:
    """Next number of GPUs that is rented together: 1, 2, 4, 8, then servers of 8."""
    for size in (1, 2, 4, 8):
        if gpus <= size:
            return size
    return math.ceil(gpus / 8) * 8
