"""The three groups of arguments that the serving formulas share.

Grouping keeps twenty numbers from being swapped. Every field is a number or
an array; arrays of one broadcast shape describe a grid of deployments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas._domain import Numeric

Part = TypeVar("Part", "ModelShape", "Replica", "Engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """What a model asks of the hardware, at one weight and one cache precision."""

    n_layers: Numeric
    """Layers, :math:`L`. [-]"""
    hidden: Numeric
    """Width, :math:`d`. [-]"""
    linear_params: Numeric
    """Active weights that a token is multiplied with, :math:`P_a`. [-]"""
    weights_bytes: Numeric
    """All weights as stored. [B]"""
    shared_bytes: Numeric
    """Weights that every step reads. [B]"""
    routed_bytes: Numeric
    """Routed experts, all together; 0 for a dense model. [B]"""
    expert_share: Numeric
    """Experts per token over experts, :math:`k/E`; 0 for a dense model. [0 to 1]"""
    n_heads: Numeric
    """Query heads, :math:`H`. [-]"""
    kv_heads: Numeric
    """KV heads that tensor parallelism can split; 1 for latent attention. [-]"""
    prefill_qk_dim: Numeric
    """Width of a query and key in prefill. [-]"""
    prefill_v_dim: Numeric
    """Width of a value in prefill. [-]"""
    decode_qk_dim: Numeric
    """Width of a query and key in decode; the latent width where attention is MLA. [-]"""
    decode_v_dim: Numeric
    """Width of a value in decode. [-]"""
    full_layers: Numeric
    """Layers that attend to the whole context. [-]"""
    sliding_layers: Numeric
    """Layers that attend to a window. [-]"""
    window_tokens: Numeric
    """That window. [tokens]"""
    full_kv_bytes_per_token: Numeric
    """Cache of the full layers. [B/token]"""
    sliding_kv_bytes_per_token: Numeric
    """Cache of the sliding layers. [B/token]"""
    state_bytes: Numeric = 0.0
    """State of one sequence in recurrent layers, of fixed size; split over the GPUs, never copied. [B]"""
    experts_per_token: Numeric = 0.0
    """Routed experts that one token uses, :math:`k`; 0 for a dense model. [-]"""

    @property
    def latent(self) -> NDArray[np.bool_]:
        """Attention is latent: a decode step attends to values wider than a head's."""
        return np.asarray(np.asarray(self.decode_v_dim) > self.prefill_v_dim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """GPUs that serve one copy of the model together; with data-parallel attention, those of one rank."""

    n_gpus: Numeric
    """GPUs that share each layer, tensor parallel, :math:`n`. [-]"""
    memory_bytes: Numeric
    """Memory of one GPU. [B]"""
    memory_bytes_per_s: Numeric
    """Memory bandwidth of one GPU, :math:`W`. [B/s]"""
    flop_per_s: Numeric
    """Dense peak of one GPU at the compute precision, :math:`F`. [FLOP/s]"""
    attention_flop_per_s: Numeric
    """Dense fp16/bf16 peak of one GPU, at which attention runs. [FLOP/s]"""
    link_bytes_per_s: Numeric
    """Link of one GPU in one direction, :math:`X`. [B/s]"""
    ranks: Numeric = 1.0
    """Such groups that attend to sequences of their own and share the routed experts, :math:`D`: every
    batch and time is that of one of them. [-]"""
    exchange_bytes_per_s: Numeric = 1.0
    """Link of one GPU in one direction between the ranks, :math:`X_e`; unused where there is one. [B/s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a serving engine reaches of the peak rates, and its fixed times."""

    mfu: Numeric = 1.0
    """Share of the peak FLOP/s. [0 to 1]"""
    mbu: Numeric = 1.0
    """Share of the bandwidth when weights are read. [0 to 1]"""
    kv_mbu: Numeric = 1.0
    """Share of the bandwidth when the cache is read. [0 to 1]"""
    link_share: Numeric = 1.0
    """Share of the link bandwidth. [0 to 1]"""
    link_latency_s: Numeric = 0.0
    """Fixed time of one all-reduce. [s]"""
    prefill_overhead_s: Numeric = 0.0
    """Fixed time of one prefill. [s]"""
    step_overhead_s: Numeric = 0.0
    """Fixed time of one decode step. [s]"""
    layer_overhead_s: Numeric = 0.0
    """Fixed time of one layer in a decode step. [s]"""
    latent_overhead_s: Numeric = 0.0
    """The same on top where attention is latent: its projections are kernels of their own. [s]"""
    sequence_overhead_s: Numeric = 0.0
    """Time per sequence in a decode step. [s]"""
    context_overhead_s: Numeric = 0.0
    """Time per token of context in a decode step, whatever the batch. [s]"""
    ttft_fixed_s: Numeric = 0.0
    """Fixed time before the first token that no GPU spends: request handling, queueing of the server. [s]"""
    first_token_steps: Numeric = 1.0
    """Decode steps from the end of a prefill until the client sees a token, whatever the load. [-]"""
    busy_steps: Numeric = 0.0
    """Decode steps that a first token takes more while others decode, until the server turns to a new
    prompt and sends; none alone. [-]"""
    busy_fixed_s: Numeric = 0.0
    """Time that a first token takes more while others are served, whatever the steps; none alone. [s]"""
    queue_share: Numeric = 0.0
    """Share of the neighbours' prompts that are read before one's own: clients that start together stay
    partly in step. [0 to 1]"""
    expert_mfu: Numeric = 1.0
    """What routed experts reach of ``mfu``: their matrices are small and unevenly loaded. [0 to 1]"""
    expert_mbu: Numeric = 1.0
    """What routed experts reach of ``mbu`` when their weights are read. [0 to 1]"""
    expert_overhead_s: Numeric = 0.0
    """Fixed time of routing in one layer of a decode step, in a mixture of experts. [s]"""
    exchange_latency_s: Numeric = 0.0
    """Fixed time of one exchange of tokens between ranks; a layer needs two. [s]"""
    exchange_share: Numeric = 1.0
    """Share of the link between ranks that an exchange reaches. [0 to 1]"""
    pool_read_factor: Numeric = 1.0
    """Time of a prefill where prompts have replicas of their own, over that beside decodes. [-]"""
    pool_step_factor: Numeric = 1.0
    """Time of a decode step where decodes have replicas of their own, over that beside prompts. [-]"""
    pool_step_s: Numeric = 0.0
    """What such a step takes more, whatever its size. [s]"""
    handover_s: Numeric = 0.0
    """Time to hand a request from the pool that reads to the one that decodes, the cache aside. [s]"""
    pool_queue_share: Numeric = 0.0
    """Share of the prompts of other clients that the pool reads before one's own. [0 to 1]"""
    communication: Numeric = 1.0
    """1, or 0 to leave communication out (the physical limit). [-]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speculation:
    """A small model drafts tokens, the large one verifies them in one step."""

    drafts: int
    """Drafted tokens per step, :math:`k`. [-]"""
    acceptance: Numeric
    """Probability that a drafted token is accepted, :math:`a`. [0 to 1]"""
    draft_share: Numeric
    """Size of the draft as a share of the model, :math:`c`: its time and its memory. [-]"""


IDEAL = Engine(communication=0.0)
"""The physical limit: every share 1, no fixed time, no communication."""

ARTICLE_MODEL = ModelShape(
    n_layers=80,
    hidden=8192,
    linear_params=70e9,
    weights_bytes=140e9,
    shared_bytes=140e9,
    routed_bytes=0.0,
    expert_share=0.0,
    n_heads=64,
    kv_heads=8,
    prefill_qk_dim=128,
    prefill_v_dim=128,
    decode_qk_dim=128,
    decode_v_dim=128,
    full_layers=80,
    sliding_layers=0,
    window_tokens=0,
    full_kv_bytes_per_token=327680,
    sliding_kv_bytes_per_token=0,
)
"""Llama-2-70B as A. Sanger rounds it (2023), https://cursor.com/blog/llama-inference; for the examples."""

ARTICLE_REPLICA = Replica(
    n_gpus=2,
    memory_bytes=80e9,
    memory_bytes_per_s=2.0e12,
    flop_per_s=312e12,
    attention_flop_per_s=312e12,
    link_bytes_per_s=300e9,
)
"""The same article's two A100-80GB; for the examples."""

ARTICLE_ENGINE = Engine(mfu=200 / 312, mbu=0.65, kv_mbu=0.65, communication=0.0)
"""What it says is usable: 200 of 312 TFLOP/s, 1.3 of 2 TB/s; for the examples."""
