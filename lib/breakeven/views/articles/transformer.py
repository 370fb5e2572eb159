"""Recomputations of what a model, a GPU and an engine do: work, memory, time."""

from __future__ import annotations

from breakeven.formulas.flops import attention_flop_decode, linear_flop
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_bytes_per_token, sequences_that_fit
from breakeven.formulas.memory import weights_bytes
from breakeven.formulas.roofline import operator_time, ridge_point
from breakeven.formulas.step import mean_context
from breakeven.formulas.units import GIGA, TERA
from breakeven.hosting import model_shape
from breakeven.tables.records import Model
from breakeven.views.articles.facts import CannotRecompute, Facts
from breakeven.views.articles.registry import recomputes

_DIMENSIONS = ("n_layers", "hidden", "n_heads", "n_kv_heads", "head_dim", "max_context")
HALF = 2.0
"""Bytes of one number at 16 bits."""


@recomputes
def quotient(_facts: Facts, *, part: float, whole: float) -> float:
    """One figure of the document over another."""
    return part / whole


@recomputes
def product(_facts: Facts, *, a: float, b: float, c: float = 1.0) -> float:
    """Two or three figures of the document multiplied."""
    return a * b * c


@recomputes
def sum_of(_facts: Facts, *, a: float, b: float) -> float:
    """Two figures of the document added."""
    return a + b


@recomputes
def between(_facts: Facts, *, low: float, high: float, first: float, last: float, at: float) -> float:
    """What a straight line from one figure of the document to another gives in between."""
    return low + (high - low) * (at - first) / (last - first)


@recomputes
def batched_gain(_facts: Facts, *, alone_s: float, together: float, together_s: float) -> float:
    """Throughput of some requests run together over that of one alone. [-]"""
    return (together / together_s) / (1 / alone_s)


@recomputes
def dimension(facts: Facts, *, model: str, field: str) -> float:
    """One number of an architecture."""
    if field not in _DIMENSIONS:
        raise CannotRecompute(f"'{field}' is not one of {', '.join(_DIMENSIONS)}")
    return float(getattr(facts.model(model), field))


@recomputes
def dot_flop_per_weight(facts: Facts, *, model: str) -> float:
    """Multiplications and additions of a vector times a matrix, over its entries. [FLOP]"""
    width = facts.model(model).hidden
    return (2 * width - 1) / width


def _parameters(row: Model) -> float:
    """All parameters, as published. [-]"""
    if row.params_total_b is None:
        raise CannotRecompute(f"the parameters of {row.name} are not known")
    return row.params_total_b * GIGA


@recomputes
def embedding_share(facts: Facts, *, model: str) -> float:
    """Input embedding over all parameters. [0 to 1]"""
    row = facts.model(model)
    return row.vocab * row.hidden / _parameters(row)


@recomputes
def matrices_over_total(facts: Facts, *, model: str) -> float:
    """Both embeddings, attention and feed-forward matrices of a dense model over its parameters. [-]"""
    row = facts.model(model)
    if row.ffn_dim is None:
        raise CannotRecompute(f"the feed-forward width of {row.name} is not known")
    attention = 2 * row.hidden * row.head_dim * (row.n_heads + row.n_kv_heads)
    layer = attention + row.ffn_matrices * row.hidden * row.ffn_dim
    return (2 * row.vocab * row.hidden + row.n_layers * layer) / _parameters(row)


@recomputes
def flop_per_token(_facts: Facts, *, params: float) -> float:
    """Work of one token, attention left out. [FLOP]"""
    return float(linear_flop(tokens=1, active_params=params))


@recomputes
def flop_per_token_of(facts: Facts, *, model: str) -> float:
    """Work of one token with the weights that it is multiplied with. [FLOP]"""
    shape = model_shape(facts.model(model), facts.tables.precisions["fp16"], HALF)
    return float(linear_flop(tokens=1, active_params=shape.linear_params))


@recomputes
def attention_flop(facts: Facts, *, model: str, context: float) -> float:
    """Attention work of one token at a context. [FLOP]"""
    row = facts.model(model)
    return float(
        attention_flop_decode(
            n_layers=row.n_layers,
            n_heads=row.n_heads,
            qk_dim=row.head_dim,
            v_dim=row.head_dim,
            context_tokens=context,
        )
    )


@recomputes
def kv_elements(facts: Facts, *, model: str) -> float:
    """Numbers that one token leaves in the cache. [-]"""
    return kv_cache(facts, model=model, tokens=1) / HALF


@recomputes
def kv_cache(facts: Facts, *, model: str, tokens: float, sequences: float = 1.0) -> float:
    """Cache of some sequences at 16 bits. [B]"""
    row = facts.model(model)
    per_token = kv_bytes_per_token(
        n_layers=row.n_layers, n_kv_heads=row.n_kv_heads, head_dim=row.head_dim, bytes_per_element=HALF
    )
    return sequences * float(kv_bytes_per_sequence(context_tokens=tokens, full_bytes_per_token=per_token))


@recomputes
def weights(_facts: Facts, *, params: float, bytes_per_weight: float) -> float:
    """Memory of so many weights. [B]"""
    return float(weights_bytes(params=params, bytes_per_weight=bytes_per_weight))


@recomputes
def weights_of(facts: Facts, *, model: str, precision: str) -> float:
    """Memory of the weights of a model. [B]"""
    return float(model_shape(facts.model(model), facts.tables.precisions[precision], HALF).weights_bytes)


@recomputes
def speed_up_of_precision(facts: Facts, *, model: str, precision: str) -> float:
    """How much sooner the weights are read than at 16 bits, memory being the limit. [-]"""
    return weights_of(facts, model=model, precision="fp16") / weights_of(
        facts, model=model, precision=precision
    )


@recomputes
def gpu_memory(facts: Facts, *, gpu: str, gpus: float = 1.0) -> float:
    """Memory of some GPUs together. [B]"""
    return facts.gpu(gpu).memory_gb * GIGA * gpus


@recomputes
def bandwidth(facts: Facts, *, gpu: str) -> float:
    """Memory bandwidth of a GPU. [B/s]"""
    return facts.gpu(gpu).mem_bw_gb_s * GIGA


@recomputes
def gpus_filled(facts: Facts, *, model: str, gpu: str) -> float:
    """Weights at 16 bits over the memory of one GPU. [-]"""
    return weights_of(facts, model=model, precision="fp16") / gpu_memory(facts, gpu=gpu)


@recomputes
def room(facts: Facts, *, model: str, gpu: str, gpus: float) -> float:
    """Memory left beside the weights at 16 bits, all of it usable. [B]"""
    return gpu_memory(facts, gpu=gpu, gpus=gpus) - weights_of(facts, model=model, precision="fp16")


@recomputes
def sequences(facts: Facts, *, model: str, gpu: str, gpus: int, tokens: float, usable: float) -> float:
    """Sequences whose cache fits beside the weights. [-]"""
    return float(
        sequences_that_fit(
            n_gpus=gpus,
            memory_bytes=gpu_memory(facts, gpu=gpu),
            usable=usable,
            weights_bytes=weights_of(facts, model=model, precision="fp16"),
            workspace_bytes=0,
            sequence_bytes=kv_cache(facts, model=model, tokens=tokens),
        )
    )


@recomputes
def kv_over_weights(facts: Facts, *, model: str, tokens: float, sequences: float) -> float:
    """Cache read in one decode step over the weights read in it. [-]"""
    return kv_cache(facts, model=model, tokens=tokens, sequences=sequences) / weights_of(
        facts, model=model, precision="fp16"
    )


@recomputes
def batching_gain(_facts: Facts, *, batch: float, kv_over_weights: float) -> float:
    """Fall of the price per token when B sequences share a step that also reads their cache. [-]"""
    return batch / (1 + kv_over_weights)


@recomputes
def step_bytes_per_token(facts: Facts, *, model: str, batch: float, tokens: float, params: float) -> float:
    """Bytes read for one token: a decode step reads weights and caches once and yields B tokens. [B]"""
    step = weights(facts, params=params, bytes_per_weight=HALF)
    return (step + kv_cache(facts, model=model, tokens=tokens, sequences=batch)) / batch


@recomputes
def cache_bytes_per_s(facts: Facts, *, model: str, params: float, bytes_per_s: float) -> float:
    """Cache of one token read once in every decode step of one sequence. [B/s]"""
    steps = decode_tokens_per_s(facts, params=params, bytes_per_s=bytes_per_s)
    return kv_cache(facts, model=model, tokens=1) * steps


@recomputes
def ridge(_facts: Facts, *, flop_per_s: float, bytes_per_s: float) -> float:
    """Tokens from which compute is the limit at 16 bits. [FLOP/B]"""
    return float(ridge_point(flop_per_s=flop_per_s, bytes_per_s=bytes_per_s))


@recomputes
def peak_flop_per_s(facts: Facts, *, gpu: str) -> float:
    """Dense 16-bit peak of a GPU. [FLOP/s]"""
    row = facts.gpu(gpu)
    return float(row.bf16_dense_tflops or row.fp16_dense_tflops or 0) * TERA


@recomputes
def peak_per_watt(facts: Facts, *, gpu: str) -> float:
    """That peak over the power limit. [FLOP/s/W]"""
    watts = facts.gpu(gpu).tdp_w
    if watts is None:
        raise CannotRecompute(f"the power limit of {gpu} is not known")
    return peak_flop_per_s(facts, gpu=gpu) / watts


@recomputes
def share_of_peak(facts: Facts, *, gpu: str, flop_per_s: float) -> float:
    """A rate over the dense 16-bit peak. [0 to 1]"""
    return flop_per_s / peak_flop_per_s(facts, gpu=gpu)


@recomputes
def prompt_seconds(_facts: Facts, *, params: float, tokens: float, flop_per_s: float) -> float:
    """Time to read so many prompt tokens, compute being the limit. [s]"""
    flop = linear_flop(tokens=tokens, active_params=params)
    return float(operator_time(flop=flop, bytes_moved=0, flop_per_s=flop_per_s, bytes_per_s=1))


@recomputes
def prompt_tokens_per_s(facts: Facts, *, params: float, flop_per_s: float) -> float:
    """Prompt tokens read per second. [tokens/s]"""
    return 1 / prompt_seconds(facts, params=params, tokens=1, flop_per_s=flop_per_s)


@recomputes
def decode_tokens_per_s(_facts: Facts, *, params: float, bytes_per_s: float, batch: float = 1.0) -> float:
    """Tokens written per second when only the weights are read. [tokens/s]"""
    read = weights_bytes(params=params, bytes_per_weight=HALF)
    return batch / float(operator_time(flop=0, bytes_moved=read, flop_per_s=1, bytes_per_s=bytes_per_s))


@recomputes
def generation_seconds(
    facts: Facts,
    *,
    model: str,
    params: float,
    prompt: float,
    completion: float,
    batch: float,
    bytes_per_s: float,
) -> float:
    """Time to write so many tokens, weights and caches read in every step. [s]"""
    context = mean_context(prompt_tokens=prompt, completion_tokens=completion)
    step = step_bytes_per_token(facts, model=model, batch=batch, tokens=float(context), params=params) * batch
    return completion * float(operator_time(flop=0, bytes_moved=step, flop_per_s=1, bytes_per_s=bytes_per_s))


@recomputes
def split_ratio(facts: Facts, *, params: float, flop_per_s: float, bytes_per_s: float) -> float:
    """Time of a completion token of one sequence over that of a prompt token. [-]"""
    return prompt_tokens_per_s(facts, params=params, flop_per_s=flop_per_s) / decode_tokens_per_s(
        facts, params=params, bytes_per_s=bytes_per_s
    )
