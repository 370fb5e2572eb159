"""A step that holds decodes and chunks of prompts together, as sums over its sequences.

:mod:`breakeven.formulas.step` times a step whose sequences are all alike. A replica that serves real
requests holds sequences of every length, and reads the prompts of new ones beside them. Every part of
the step is a sum over its sequences, so the sums say all: that is what a replay keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from breakeven.formulas._domain import Numeric, require_not_negative, require_share, scalar_or_array
from breakeven.formulas.flops import attention_flop_decode, linear_flop, touched_weight_bytes
from breakeven.formulas.kv_cache import kv_replication
from breakeven.formulas.parts import Engine, ModelShape, Replica
from breakeven.formulas.roofline import all_reduce_time
from breakeven.formulas.step import ACTIVATION_BYTES, StepTime, expert_slowdown, link_time


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCoefficients:
    """What one unit of each sum adds to a step, for one model on one replica; all scalars."""

    linear_compute_s: float
    """Matrix multiplications of one token. [s/token]"""
    shared_read_s: float
    """Reading the weights that every step reads. [s]"""
    routed_read_s: float
    """Reading all routed experts. [s]"""
    expert_share: float
    """Experts per token over experts, :math:`k/E`. [0 to 1]"""
    link_s: float
    """All-reduces of one token. [s/token]"""
    link_fixed_s: float
    """Fixed part of all all-reduces of a step. [s]"""
    decode_full_compute_s: float
    """Attention of a decode to one token of context, full layers. [s/token]"""
    decode_window_compute_s: float
    """The same in the layers with a window. [s/token]"""
    prefill_full_compute_s: float
    """Attention of a prompt, one query-key pair, full layers. [s/pair]"""
    prefill_window_compute_s: float
    """The same in the layers with a window. [s/pair]"""
    full_read_s: float
    """Reading one cached token, full layers. [s/token]"""
    window_read_s: float
    """The same in the layers with a window. [s/token]"""
    full_bytes: float
    """Cache of one token in the full layers, copies included. [B/token]"""
    window_bytes: float
    """The same in the layers with a window. [B/token]"""
    window_tokens: float
    """That window; infinite where no layer has one. [tokens]"""
    decode_fixed_s: float
    """Fixed time of a step that decodes. [s]"""
    sequence_s: float
    """Time of one sequence that decodes. [s]"""
    context_s: float
    """Time of one token of mean context in a step that decodes. [s/token]"""
    prefill_fixed_s: float
    """Fixed time of a step that reads prompts. [s]"""
    transfer_full_s: float
    """Moving one cached token to another replica, full layers. [s/token]"""
    transfer_window_s: float
    """The same in the layers with a window. [s/token]"""


def step_coefficients(*, model: ModelShape, replica: Replica, engine: Engine) -> StepCoefficients:
    r"""Take a step apart into what each token, pair and sequence adds to it.

    .. math:: f_1 = \frac{2 P_a}{n F \mathrm{mfu}}, \quad m_w = \frac{M_w}{n W \mathrm{mbu}}, \quad
        a = \frac{2 L H (d_{qk} + d_v)}{n F \mathrm{mfu}}, \quad
        m = \frac{\rho \, m_\mathrm{kv}}{n W \mathrm{mbu}_\mathrm{kv}}

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`; every field a scalar.

    Returns
    -------
    StepCoefficients
        Seconds per unit. [s per token, pair, sequence or step]

    Raises
    ------
    ValueError
        If an argument leaves its domain or is an array.

    References
    ----------
    .. [1] Own derivation: the terms of :func:`breakeven.formulas.step.prefill_step` and
       :func:`breakeven.formulas.step.decode_step`, each at one unit; the tests compare them.

    Examples
    --------
    Reading 140 GB at 2.6 TB/s, the article's 18.6 tokens/s of one sequence:

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> of = step_coefficients(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE)
    >>> round(1 / of.shared_read_s, 2)
    18.57
    """
    require_share(
        mfu=engine.mfu,
        mbu=engine.mbu,
        kv_mbu=engine.kv_mbu,
        link_share=engine.link_share,
        expert_mbu=engine.expert_mbu,
    )
    require_not_negative(
        expert_overhead_s=engine.expert_overhead_s,
        prefill_overhead_s=engine.prefill_overhead_s,
        step_overhead_s=engine.step_overhead_s,
        layer_overhead_s=engine.layer_overhead_s,
        latent_overhead_s=engine.latent_overhead_s,
        sequence_overhead_s=engine.sequence_overhead_s,
        context_overhead_s=engine.context_overhead_s,
    )
    n = float(replica.n_gpus)
    bandwidth = n * replica.memory_bytes_per_s
    copies = kv_replication(n_gpus=replica.n_gpus, n_kv_heads=model.kv_heads)

    def reduce_s(tokens: int) -> float:
        once = all_reduce_time(
            n_gpus=replica.n_gpus,
            tokens=tokens,
            hidden=model.hidden,
            bytes_per_activation=ACTIVATION_BYTES,
            link_bytes_per_s=replica.link_bytes_per_s * engine.link_share,
            latency_s=engine.link_latency_s,
        )
        return float(link_time(model, replica, engine, tokens, once) * engine.communication)

    def attention_s(layers: Numeric, qk_dim: Numeric, v_dim: Numeric) -> float:
        flop = attention_flop_decode(
            n_layers=layers, n_heads=model.n_heads, qk_dim=qk_dim, v_dim=v_dim, context_tokens=1
        )
        return float(flop / (n * replica.attention_flop_per_s * engine.mfu))

    def decode_attention_s(layers: Numeric) -> float:
        return attention_s(layers, model.decode_qk_dim, model.decode_v_dim)

    def prefill_attention_s(layers: Numeric) -> float:
        return attention_s(layers, model.prefill_qk_dim, model.prefill_v_dim)

    full, windowed = model.full_kv_bytes_per_token * copies, model.sliding_kv_bytes_per_token * copies
    moved_once, window = model.sliding_kv_bytes_per_token, model.window_tokens
    if model.state_bytes:
        if model.sliding_kv_bytes_per_token:
            raise ValueError("layers with a window beside recurrent ones: no replay is on record for them")
        # A state is what a window of one token keeps: the same at any length.
        windowed, moved_once, window = model.state_bytes, model.state_bytes, 1
    link = n * replica.link_bytes_per_s * engine.link_share
    flop = linear_flop(tokens=1, active_params=model.linear_params)
    per_layer_s = engine.layer_overhead_s + engine.expert_overhead_s * bool(model.routed_bytes)
    per_layer_s += engine.latent_overhead_s * bool(model.latent)
    has_window = bool(model.sliding_layers) or bool(moved_once)
    return StepCoefficients(
        linear_compute_s=float(
            flop / (n * replica.flop_per_s * engine.mfu) * expert_slowdown(model=model, engine=engine)
        ),
        shared_read_s=float(model.shared_bytes / (bandwidth * engine.mbu)),
        routed_read_s=float(
            model.routed_bytes / (bandwidth * engine.mbu * engine.expert_mbu * np.asarray(replica.ranks))
        ),
        # An expert is read by its rank when a sequence of any rank chose it.
        expert_share=float(1 - (1 - np.asarray(model.expert_share)) ** replica.ranks),
        link_s=reduce_s(1) - reduce_s(0),
        link_fixed_s=reduce_s(0),
        decode_full_compute_s=decode_attention_s(model.full_layers),
        decode_window_compute_s=decode_attention_s(model.sliding_layers),
        prefill_full_compute_s=prefill_attention_s(model.full_layers),
        prefill_window_compute_s=prefill_attention_s(model.sliding_layers),
        full_read_s=float(full / (bandwidth * engine.kv_mbu)),
        window_read_s=float(windowed / (bandwidth * engine.kv_mbu)),
        full_bytes=float(full),
        window_bytes=float(windowed),
        window_tokens=float(window) if has_window else float(np.inf),
        decode_fixed_s=float(engine.step_overhead_s + per_layer_s * model.n_layers),
        sequence_s=float(engine.sequence_overhead_s),
        context_s=float(engine.context_overhead_s),
        prefill_fixed_s=float(engine.prefill_overhead_s),
        transfer_full_s=float(model.full_kv_bytes_per_token / link * engine.communication),
        transfer_window_s=float(moved_once / link * engine.communication),
    )


def mixed_step(
    *,
    coefficients: StepCoefficients,
    decodes: Numeric,
    context_tokens: Numeric,
    window_tokens: Numeric,
    prompt_tokens: Numeric = 0,
    prompt_pairs: Numeric = 0,
    prompt_window_pairs: Numeric = 0,
    prompt_context: Numeric = 0,
    prompt_window_context: Numeric = 0,
) -> StepTime:
    r"""Time of a step that decodes sequences of any lengths and reads chunks of prompts beside them.

    .. math:: t = \max\left(f_1 T, M(T)\right) + \max\left(\sum_i a(c_i) + \sum_j a'(A_j),
        \sum_i m(c_i) + \sum_j m(b_j)\right) + t_\mathrm{link}(T) + t_\mathrm{fixed}

    T counts the decodes and the tokens of all chunks: both pass through the same matrix
    multiplications, so the weights are read once. Attention is the sum over decodes and chunks. A step
    that decodes pays the fixed times of a decode step, with the mean context where one depends on it;
    a step that reads a prompt pays that of a prefill; one that does both pays both.

    Parameters
    ----------
    coefficients
        From :func:`step_coefficients`.
    decodes
        Sequences that get a token. [-]
    context_tokens
        Sum of their contexts, the new token included. [tokens]
    window_tokens
        Sum of their contexts, each cut at the window. [tokens]
    prompt_tokens
        Tokens of all chunks. [tokens]
    prompt_pairs, prompt_window_pairs
        Query-key pairs of the chunks, without and within the window; see
        :func:`breakeven.formulas.flops.attended_pairs`. [-]
    prompt_context, prompt_window_context
        Sum of where the chunks end, without and with each cut at the window. [tokens]

    Returns
    -------
    StepTime
        The parts of the step. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] A. Agrawal et al., "Sarathi-Serve", 2024, section 4 (chunked prefills beside decodes),
       arXiv:2403.02310

    Examples
    --------
    Eight decodes and a chunk of 504 tokens share 512 x 140 GFLOP at 400 TFLOP/s:

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> of = step_coefficients(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE)
    >>> step = mixed_step(coefficients=of, decodes=8, context_tokens=4096, window_tokens=0,
    ...                   prompt_tokens=504, prompt_pairs=504**2 / 2, prompt_context=504)
    >>> round(step.linear_compute_s, 4)
    0.1792
    """
    require_not_negative(
        decodes=decodes,
        context_tokens=context_tokens,
        window_tokens=window_tokens,
        prompt_tokens=prompt_tokens,
        prompt_pairs=prompt_pairs,
        prompt_window_pairs=prompt_window_pairs,
        prompt_context=prompt_context,
        prompt_window_context=prompt_window_context,
    )
    c = coefficients
    tokens = np.asarray(decodes, dtype=float) + prompt_tokens
    read_s = touched_weight_bytes(
        shared_bytes=c.shared_read_s,
        routed_bytes=c.routed_read_s,
        expert_share=c.expert_share,
        tokens=scalar_or_array(tokens),
    )
    decoding, reading = np.asarray(decodes) > 0, np.asarray(prompt_tokens) > 0
    mean_context = np.asarray(context_tokens) / np.maximum(decodes, 1)
    decode_fixed = c.decode_fixed_s + c.sequence_s * np.asarray(decodes) + c.context_s * mean_context
    return StepTime(
        linear_compute_s=scalar_or_array(c.linear_compute_s * tokens),
        linear_memory_s=read_s,
        attention_compute_s=c.decode_full_compute_s * context_tokens
        + c.decode_window_compute_s * window_tokens
        + c.prefill_full_compute_s * prompt_pairs
        + c.prefill_window_compute_s * prompt_window_pairs,
        attention_memory_s=c.full_read_s * (context_tokens + np.asarray(prompt_context))
        + c.window_read_s * (window_tokens + np.asarray(prompt_window_context)),
        link_s=scalar_or_array(c.link_s * tokens + c.link_fixed_s),
        fixed_s=scalar_or_array(
            np.where(decoding, decode_fixed, 0.0) + np.where(reading, c.prefill_fixed_s, 0.0)
        ),
    )
