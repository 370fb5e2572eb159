"""Time of a prefill and of a decode step whose sequences are all alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    scalar_or_array,
)
from breakeven.formulas.flops import attended_pairs, attention_flop_decode, linear_flop, touched_weight_bytes
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_replication
from breakeven.formulas.parts import Engine, ModelShape, Replica
from breakeven.formulas.roofline import all_reduce_time, exchange_time, operator_time

ACTIVATION_BYTES = 2
"""Activations travel between GPUs in fp16 or bf16. [B]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """One step taken apart; every field in seconds, in the broadcast shape of the arguments."""

    linear_compute_s: Numeric
    """Matrix multiplications at the rate reached."""
    linear_memory_s: Numeric
    """Reading the touched weights."""
    attention_compute_s: Numeric
    """Attention at the rate reached."""
    attention_memory_s: Numeric
    """Reading the KV cache."""
    link_s: Numeric
    """All-reduces, and exchanges between ranks."""
    fixed_s: Numeric
    """Launching, scheduling, sampling."""

    @property
    def total_s(self) -> Numeric:
        """Both operators at their slower resource, plus link and fixed time. [s]"""
        return scalar_or_array(
            np.maximum(self.linear_compute_s, self.linear_memory_s)
            + np.maximum(self.attention_compute_s, self.attention_memory_s)
            + self.link_s
            + self.fixed_s
        )

    @property
    def compute_bound(self) -> Numeric:
        """True where arithmetic takes longer than memory traffic, both operators together."""
        return scalar_or_array(
            np.asarray(self.linear_compute_s) + self.attention_compute_s
            >= np.asarray(self.linear_memory_s) + self.attention_memory_s
        )


def prefill_step(
    *,
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    prompt_tokens: Numeric,
    cached_tokens: Numeric = 0,
) -> StepTime:
    r"""Time to read ``batch`` prompts of ``prompt_tokens`` tokens together.

    .. math:: t = \max\left(\frac{2 P_a B N}{n F \mathrm{mfu}}, \frac{M_w}{n W \mathrm{mbu}}\right)
        + \max\left(\frac{2 B L H d_h N^2}{n F \mathrm{mfu}}, \frac{B M_\mathrm{kv}(N)}
        {n W \mathrm{mbu}_\mathrm{kv}}\right) + 2 L \, t_\mathrm{all\,reduce} + t_0

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`.
    batch
        Prompts read together, :math:`B`. [-]
    prompt_tokens
        Length of each, :math:`N`. [tokens]
    cached_tokens
        Tokens at the start of each prompt whose keys and values are still in the
        cache; they are not computed again, only attended to. Less than N. [tokens]

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
    .. [1] R. Pope et al., "Efficiently Scaling Transformer Inference", 2022, section 2, arXiv:2211.05102
    .. [2] A. Sanger, 2023, https://cursor.com/blog/llama-inference (prompt throughput)

    Examples
    --------
    512 tokens of prompt in the article of 2023, "170 ms": 512 x 140 GFLOP at 400 TFLOP/s.

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> step = prefill_step(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE,
    ...                     batch=1, prompt_tokens=512)
    >>> round(step.linear_compute_s, 4), step.compute_bound
    (0.1792, True)
    """
    require_positive(batch=batch, prompt_tokens=prompt_tokens)
    require_not_negative(cached_tokens=cached_tokens)
    if np.any(np.asarray(cached_tokens) >= prompt_tokens):
        raise ValueError(f"cached_tokens must be less than prompt_tokens, got {cached_tokens}")
    tokens = batch * (prompt_tokens - np.asarray(cached_tokens))

    def pairs_within(window: Numeric) -> Numeric:
        whole = attended_pairs(prompt_tokens=prompt_tokens, window_tokens=window)
        return whole - attended_pairs(prompt_tokens=cached_tokens, window_tokens=window)

    pairs = model.full_layers * pairs_within(np.inf) + model.sliding_layers * pairs_within(
        model.window_tokens
    )
    attention = attention_flop_decode(
        n_layers=1,
        n_heads=model.n_heads,
        qk_dim=model.prefill_qk_dim,
        v_dim=model.prefill_v_dim,
        context_tokens=pairs,
    )
    return _step(
        model, replica, engine, batch, tokens, attention, prompt_tokens, np.asarray(engine.prefill_overhead_s)
    )


def decode_step(
    *,
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    context_tokens: Numeric,
    new_tokens: Numeric = 1,
) -> StepTime:
    r"""Time to add tokens to each of ``batch`` sequences of ``context_tokens`` tokens, one unless told.

    .. math:: t = \max\left(\frac{2 P_a B}{n F \mathrm{mfu}},
        \frac{M_\mathrm{touched}}{n W \mathrm{mbu}}\right)
        + \max\left(\frac{4 B L H d_h c}{n F \mathrm{mfu}}, \frac{B M_\mathrm{kv}(c)}
        {n W \mathrm{mbu}_\mathrm{kv}}\right) + 2 L \, t_\mathrm{all\,reduce}
        + c_0 + (c_1 + c_e) L + c_2 B + c_3 c

    In a mixture of experts the routed weights are multiplied at ``expert_mfu`` of mfu and read at
    ``expert_mbu`` of mbu, and routing costs :math:`c_e` a layer; a dense model knows none of the three.
    Latent attention costs another fixed time a layer (``latent_overhead_s``).

    With data-parallel attention the step is that of one of D ranks of n GPUs: each reads all shared
    weights and its own sequences' cache, and 1/D of the experts that the D B sequences of all ranks
    touch. One all-reduce a layer is left, beside an exchange
    (:func:`breakeven.formulas.roofline.exchange_time`) over all D n GPUs.

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`.
    batch
        Sequences decoded together, :math:`B`. [-]
    context_tokens
        Tokens of each so far, :math:`c`. [tokens]
    new_tokens
        Tokens of each sequence that the step holds: more than one where drafts are verified. They
        share one read of the weights and of the cache. [tokens]

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
    .. [1] Kipply, "Transformer Inference Arithmetic", 2022, section "latency calculations",
       https://kipp.ly/transformer-inference-arithmetic
    .. [2] A. Sanger, 2023, https://cursor.com/blog/llama-inference (140 GB + 320 KB N B per step)

    Examples
    --------
    One sequence in the article of 2023, "18.6 tokens/s": 140 GB at 2.6 TB/s.

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> step = decode_step(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE,
    ...                    batch=1, context_tokens=1)
    >>> round(1 / step.linear_memory_s, 2), step.compute_bound
    (18.57, False)
    """
    require_positive(batch=batch, context_tokens=context_tokens, new_tokens=new_tokens)
    seen = model.full_layers * np.asarray(context_tokens, dtype=float) + (
        model.sliding_layers * np.minimum(context_tokens, model.window_tokens)
    )
    attention = attention_flop_decode(
        n_layers=1,
        n_heads=model.n_heads,
        qk_dim=model.decode_qk_dim,
        v_dim=model.decode_v_dim,
        context_tokens=seen * new_tokens,
    )
    fixed = (
        np.asarray(engine.step_overhead_s)
        + engine.layer_overhead_s * np.asarray(model.n_layers)
        + engine.latent_overhead_s * np.where(model.latent, model.n_layers, 0)
        + engine.expert_overhead_s * np.where(np.asarray(model.routed_bytes) > 0, model.n_layers, 0)
        + engine.sequence_overhead_s * np.asarray(batch)
        + engine.context_overhead_s * np.asarray(context_tokens)
    )
    return _step(model, replica, engine, batch, batch * new_tokens, attention, context_tokens, fixed)


def _step(
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    tokens: Numeric,
    attention_flop_per_sequence: Numeric,
    context_tokens: Numeric,
    fixed_s: NDArray[np.float64],
) -> StepTime:
    """Both operators, the link and the fixed time of a step that holds ``tokens`` tokens."""
    require_share(
        mfu=engine.mfu,
        mbu=engine.mbu,
        kv_mbu=engine.kv_mbu,
        link_share=engine.link_share,
        expert_mbu=engine.expert_mbu,
        exchange_share=engine.exchange_share,
    )
    require_positive(
        first_token_steps=engine.first_token_steps,
        pool_read_factor=engine.pool_read_factor,
        pool_step_factor=engine.pool_step_factor,
    )
    require_not_negative(
        link_latency_s=engine.link_latency_s,
        prefill_overhead_s=engine.prefill_overhead_s,
        step_overhead_s=engine.step_overhead_s,
        layer_overhead_s=engine.layer_overhead_s,
        latent_overhead_s=engine.latent_overhead_s,
        sequence_overhead_s=engine.sequence_overhead_s,
        context_overhead_s=engine.context_overhead_s,
        ttft_fixed_s=engine.ttft_fixed_s,
        expert_overhead_s=engine.expert_overhead_s,
        busy_steps=engine.busy_steps,
        busy_fixed_s=engine.busy_fixed_s,
        queue_share=engine.queue_share,
        exchange_latency_s=engine.exchange_latency_s,
        pool_step_s=engine.pool_step_s,
        handover_s=engine.handover_s,
        pool_queue_share=engine.pool_queue_share,
    )
    n, ranks = np.asarray(replica.n_gpus, dtype=float), np.asarray(replica.ranks, dtype=float)
    weights = touched_weight_bytes(
        shared_bytes=model.shared_bytes,
        routed_bytes=model.routed_bytes / (np.asarray(engine.expert_mbu) * ranks),
        expert_share=model.expert_share,
        tokens=np.asarray(tokens) * ranks,
    )
    slowed = expert_slowdown(model=model, engine=engine)
    cache = kv_bytes_per_sequence(
        context_tokens=context_tokens,
        full_bytes_per_token=model.full_kv_bytes_per_token,
        sliding_bytes_per_token=model.sliding_kv_bytes_per_token,
        window_tokens=model.window_tokens,
    )
    copies = kv_replication(n_gpus=replica.n_gpus, n_kv_heads=model.kv_heads)
    reduce_s = all_reduce_time(
        n_gpus=replica.n_gpus,
        tokens=tokens,
        hidden=model.hidden,
        bytes_per_activation=ACTIVATION_BYTES,
        link_bytes_per_s=replica.link_bytes_per_s * np.asarray(engine.link_share),
        latency_s=engine.link_latency_s,
    )

    def compute(flop: Numeric, peak: Numeric) -> Numeric:
        return operator_time(flop=flop, bytes_moved=0, flop_per_s=n * peak * engine.mfu, bytes_per_s=1)

    def memory(moved: Numeric, share: Numeric) -> Numeric:
        bandwidth = n * replica.memory_bytes_per_s * share
        return operator_time(flop=0, bytes_moved=moved, flop_per_s=1, bytes_per_s=bandwidth)

    return StepTime(
        linear_compute_s=compute(
            linear_flop(tokens=tokens, active_params=model.linear_params) * slowed, replica.flop_per_s
        ),
        linear_memory_s=memory(weights, engine.mbu),
        attention_compute_s=compute(
            np.asarray(batch) * attention_flop_per_sequence, replica.attention_flop_per_s
        ),
        attention_memory_s=memory(np.asarray(batch) * (cache * copies + model.state_bytes), engine.kv_mbu),
        link_s=scalar_or_array(
            link_time(model, replica, engine, tokens, reduce_s) * np.asarray(engine.communication)
        ),
        fixed_s=scalar_or_array(fixed_s),
    )


def link_time(
    model: ModelShape, replica: Replica, engine: Engine, tokens: Numeric, reduce_s: Numeric
) -> NDArray[np.float64]:
    r"""Time between GPUs of a step: two all-reduces a layer, or one and an exchange between ranks.

    .. math:: t = 2 L \, t_\mathrm{all\,reduce} \;(D = 1), \qquad
        t = L \, (t_\mathrm{all\,reduce} + t_\mathrm{exchange}) \;(D > 1)

    Each GPU of a rank exchanges its part of the rank's tokens. Ranks of a dense model exchange nothing.

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`.
    tokens
        Tokens of one rank. [tokens]
    reduce_s
        One all-reduce, see :func:`breakeven.formulas.roofline.all_reduce_time`. [s]

    Returns
    -------
    NDArray
        Time, ``communication`` not yet applied. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] M. Shoeybi et al., "Megatron-LM", 2019, section 3 (two all-reduces a layer), arXiv:1909.08053
    .. [2] DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024, section 3.4 (all-to-all in place of the
       second one), arXiv:2412.19437

    Examples
    --------
    Eighty layers of two all-reduces of 10 microseconds:

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> float(link_time(ARTICLE_MODEL, ARTICLE_REPLICA, ARTICLE_ENGINE, 1, 1e-5))
    0.0016
    """
    layers, ranks = np.asarray(model.n_layers), np.asarray(replica.ranks)
    if np.all(ranks == 1):
        return np.asarray(2 * layers * reduce_s)
    exchange_s = exchange_time(
        n_gpus=np.asarray(replica.n_gpus) * ranks,
        tokens=np.asarray(tokens) / replica.n_gpus,
        hidden=model.hidden,
        experts_per_token=model.experts_per_token,
        link_bytes_per_s=replica.exchange_bytes_per_s * np.asarray(engine.exchange_share),
        latency_s=engine.exchange_latency_s,
    )
    apart = (ranks > 1) & (np.asarray(model.routed_bytes) > 0)
    return np.asarray(layers * np.where(apart, reduce_s + np.asarray(exchange_s), 2 * np.asarray(reduce_s)))


def expert_slowdown(*, model: ModelShape, engine: Engine) -> Numeric:
    r"""Time of all matrix multiplications over the time at ``mfu``, routed experts being slower.

    .. math:: 1 + r \left(\frac{1}{\mathrm{mfu}_\mathrm{expert}} - 1\right)

    where r is the part of the weights that a token meets which lies in routed experts.

    Parameters
    ----------
    model, engine
        See :mod:`breakeven.formulas.parts`.

    Returns
    -------
    Numeric
        A factor of at least 1; 1 for a dense model. [-]

    Raises
    ------
    ValueError
        If ``expert_mfu`` is not a share.

    References
    ----------
    .. [1] Own derivation; that grouped multiplications reach less is in T. Gale et al., "MegaBlocks",
       2022, section 4, arXiv:2211.15841

    Examples
    --------
    A model of 10 GB shared and 90 GB routed weights, of which a token meets a ninth, so that half of
    what it meets is routed; experts at half the rate.

    >>> from dataclasses import replace
    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL
    >>> model = replace(ARTICLE_MODEL, shared_bytes=10e9, routed_bytes=90e9, expert_share=1 / 9)
    >>> expert_slowdown(model=model, engine=replace(ARTICLE_ENGINE, expert_mfu=0.5))
    1.5
    """
    require_share(expert_mfu=engine.expert_mfu)
    routed = np.asarray(model.routed_bytes) * model.expert_share
    met = model.shared_bytes + routed
    return scalar_or_array(1 + routed / met * (1 / np.asarray(engine.expert_mfu) - 1))


def mean_context(*, prompt_tokens: Numeric, completion_tokens: Numeric) -> Numeric:
    r"""Mean context of the decode steps of one request.

    .. math:: \bar c = N + C / 2

    Parameters
    ----------
    prompt_tokens, completion_tokens
        :math:`N` and :math:`C`. [tokens]

    Returns
    -------
    Numeric
        Mean context. [tokens]

    Raises
    ------
    ValueError
        If any element is negative or not finite.

    References
    ----------
    .. [1] Own derivation: the context runs evenly from N to N + C.

    Examples
    --------
    >>> mean_context(prompt_tokens=512, completion_tokens=512)
    768.0
    """
    require_not_negative(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
    return prompt_tokens + completion_tokens / 2
