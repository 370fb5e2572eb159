"""The model that is trained, as the memory formulas need it."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.formulas.training_memory import adapter_params
from breakeven.formulas.units import GIGA
from breakeven.hosting import Unplaceable
from breakeven.question.pages.train import ALL_LINEAR, QUERY_VALUE, Fields
from breakeven.tables.records import Model
from breakeven.words.numbers import compact

HEAD_WIDTH = 128
"""Width of a head of a size that is typed."""
WIDTH_PER_LAYER = 128
"""Width over layers of a size that is typed; GPT-3 175B has 128, Llama 2 70B 102."""
TYPED_VOCAB = 128_000
"""Rows of the output head of a size that is typed."""

Matrix = tuple[int, int, int]
"""Inputs, outputs, and how many such matrices the model has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A model by its sizes."""

    name: str
    params: float
    """All parameters. [-]"""
    active: float
    """Parameters that one token meets. [-]"""
    n_layers: int
    hidden: int
    n_heads: int
    vocab: int
    attention: tuple[Matrix, ...]
    """Projections of the attention layers, query and value marked by :attr:`query_value`."""
    query_value: tuple[Matrix, ...]
    feed_forward: tuple[Matrix, ...]
    looked_up: float
    """Embedding tables and output head, which QLoRA keeps in 16 bits. [-]"""
    assumed: str | None
    """What is assumed about the architecture, in words; None: nothing."""
    source_id: str | None

    def adapters(self, *, rank: int, targets: str) -> float:
        """Parameters of the adapters. [-]"""
        chosen = {ALL_LINEAR: self.attention + self.feed_forward, QUERY_VALUE: self.query_value}.get(
            targets, self.attention
        )
        return float(
            sum(adapter_params(rank=rank, inputs=i, outputs=o, matrices=count) for i, o, count in chosen)
        )


def model_of(plan: Fields, model: Model | None) -> TrainedModel:
    """The size that is typed, or the scenario's model.

    Raises
    ------
    Unplaceable
        If nobody states how many parameters the model has.
    """
    if plan.params_b is not None:
        return _typed(plan.params_b, plan.active_b)
    if model is None:
        raise Unplaceable("Choose a model or type its parameters.")
    if model.params_total_b is None or model.params_active_b is None:
        raise Unplaceable(
            f"Nobody states how many parameters {model.name} has, so its training cannot be computed; "
            "type them instead."
        )
    return TrainedModel(
        name=model.name,
        params=model.params_total_b * GIGA,
        active=model.params_active_b * GIGA,
        n_layers=model.n_layers,
        hidden=model.hidden,
        n_heads=model.n_heads,
        vocab=model.vocab,
        attention=_attention(model),
        query_value=_query_value(model),
        feed_forward=_feed_forward(model),
        looked_up=float(model.vocab * model.hidden * (1 if model.tied_embeddings else 2)),
        assumed=None,
        source_id=model.source_id,
    )


def _typed(params_b: float, active_b: float | None) -> TrainedModel:
    """A plain transformer of a size: 12 L h² parameters, as wide as :data:`WIDTH_PER_LAYER` layers."""
    active = (active_b or params_b) * GIGA
    layers = max(round((active / (12 * WIDTH_PER_LAYER**2)) ** (1 / 3)), 1)
    heads = max(round((active / (12 * layers)) ** 0.5 / HEAD_WIDTH), 1)
    hidden = heads * HEAD_WIDTH
    experts = f", {compact(active)} of them active" if active_b else ""
    return TrainedModel(
        name=f"{compact(params_b * GIGA)} parameters{experts}",
        params=params_b * GIGA,
        active=active,
        n_layers=layers,
        hidden=hidden,
        n_heads=heads,
        vocab=TYPED_VOCAB,
        attention=((hidden, hidden, 4 * layers),),
        query_value=((hidden, hidden, 2 * layers),),
        feed_forward=((hidden, 4 * hidden, 2 * layers),),
        looked_up=float(2 * TYPED_VOCAB * hidden),
        assumed=f"only the size is given: {layers} layers of width {hidden:,} are assumed for activations "
        "and adapters",
        source_id=None,
    )


def _attention(model: Model) -> tuple[Matrix, ...]:
    """Projections of all attention layers: query, key, value, output."""
    layers, wide = model.n_layers, model.hidden
    if model.mla_kv_lora_rank is None:
        heads, kv = model.n_heads * model.head_dim, model.n_kv_heads * model.head_dim
        return (wide, heads, layers), (wide, kv, 2 * layers), (heads, wide, layers)
    rope, nope = model.mla_qk_rope_dim or 0, model.mla_qk_nope_dim or 0
    value = model.mla_v_head_dim or 0
    query = model.n_heads * (nope + rope)
    down = model.mla_q_lora_rank
    queries: tuple[Matrix, ...] = (
        ((wide, query, layers),) if down is None else ((wide, down, layers), (down, query, layers))
    )
    return (
        *queries,
        (wide, model.mla_kv_lora_rank + rope, layers),
        (model.mla_kv_lora_rank, model.n_heads * (nope + value), layers),
        (model.n_heads * value, wide, layers),
    )


def _query_value(model: Model) -> tuple[Matrix, ...]:
    """Query and value alone; latent attention has no value matrix of its own, so all of it counts."""
    if model.mla_kv_lora_rank is not None:
        return _attention(model)
    return (
        (model.hidden, model.n_heads * model.head_dim, model.n_layers),
        (model.hidden, model.n_kv_heads * model.head_dim, model.n_layers),
    )


def _feed_forward(model: Model) -> tuple[Matrix, ...]:
    """Matrices of the feed-forward blocks, every expert counted."""
    experts = model.n_experts or 0
    dense = model.n_layers if not experts else (model.n_dense_layers or 0)
    found: list[Matrix] = []
    if model.ffn_dim and dense:
        found.append((model.hidden, model.ffn_dim, model.ffn_matrices * dense))
    if experts and model.moe_ffn_dim:
        count = (model.n_layers - dense) * (experts + (model.n_shared_experts or 0))
        found.append((model.hidden, model.moe_ffn_dim, model.ffn_matrices * count))
    return tuple(found)
