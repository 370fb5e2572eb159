"""Time of prefill and decode, and what a replica delivers in each serving mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    require_whole,
    scalar_or_array,
)
from breakeven.formulas.flops import attended_pairs, attention_flop_decode, linear_flop, touched_weight_bytes
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_replication, sequences_that_fit
from breakeven.formulas.parts import Engine, ModelShape, Replica, Speculation
from breakeven.formulas.roofline import all_reduce_time, operator_time

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
    """All-reduces."""
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
    )
    require_positive(first_token_steps=engine.first_token_steps)
    require_not_negative(
        link_latency_s=engine.link_latency_s,
        prefill_overhead_s=engine.prefill_overhead_s,
        step_overhead_s=engine.step_overhead_s,
        layer_overhead_s=engine.layer_overhead_s,
        sequence_overhead_s=engine.sequence_overhead_s,
        context_overhead_s=engine.context_overhead_s,
        ttft_fixed_s=engine.ttft_fixed_s,
        expert_overhead_s=engine.expert_overhead_s,
    )
    n = np.asarray(replica.n_gpus, dtype=float)
    weights = touched_weight_bytes(
        shared_bytes=model.shared_bytes,
        routed_bytes=model.routed_bytes / np.asarray(engine.expert_mbu),
        expert_share=model.expert_share,
        tokens=tokens,
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
        attention_memory_s=memory(np.asarray(batch) * cache * copies, engine.kv_mbu),
        link_s=scalar_or_array(2 * np.asarray(model.n_layers) * reduce_s * engine.communication),
        fixed_s=scalar_or_array(fixed_s),
    )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What one replica delivers in one serving mode, in the broadcast shape of the arguments."""

    ttft_s: Numeric
    """Time to first token, without queueing. [s]"""
    tpot_s: Numeric
    """Time per output token after the first. [s]"""
    prefill_s_per_request: Numeric
    """Replica seconds that the prompt of one request takes. [s]"""
    decode_s_per_request: Numeric
    """Replica seconds that the completion of one request takes. [s]"""
    prefill: StepTime
    """The prefill step."""
    decode: StepTime
    """The decode step at the mean context; the verification where tokens are drafted."""
    step_s: Numeric
    """One round of decoding, drafts included. [s]"""
    token_s: Numeric
    """That round over the tokens that it yields: TPOT without what the mode adds. [s]"""

    @property
    def replica_s_per_request(self) -> Numeric:
        """Replica seconds per request, g; its inverse is the throughput. [s]"""
        return self.prefill_s_per_request + self.decode_s_per_request


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


def _decoding(
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    context_tokens: Numeric,
    speculation: Speculation | None,
) -> tuple[StepTime, Numeric, Numeric]:
    """The step taken apart, the seconds of one round, and the seconds of one token."""
    plain = decode_step(
        model=model, replica=replica, engine=engine, batch=batch, context_tokens=context_tokens
    )
    if speculation is None:
        return plain, plain.total_s, plain.total_s
    verify = decode_step(
        model=model,
        replica=replica,
        engine=engine,
        batch=batch,
        context_tokens=context_tokens,
        new_tokens=speculation.drafts + 1,
    )
    return verify, *round_of(verify.total_s, plain.total_s, speculation)


def round_of(
    verification_s: Numeric, plain_step_s: Numeric, speculation: Speculation
) -> tuple[Numeric, Numeric]:
    r"""Time of one round of drafting and verifying, and of one token of it.

    .. math:: t_\mathrm{round} = t_\mathrm{verify} + k \, d \, t_\mathrm{step}, \quad
        \mathrm{TPOT} = t_\mathrm{round} \, \frac{1 - a}{1 - a^{k+1}}

    Parameters
    ----------
    verification_s
        Step of the model that checks the drafts. [s]
    plain_step_s
        Step that adds one token without drafts. [s]
    speculation
        Drafts :math:`k`, acceptance :math:`a`, and the draft model's share :math:`d` of a step.

    Returns
    -------
    tuple
        Time of the round, and of one token. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Y. Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", 2023,
       theorem 3.8, arXiv:2211.17192

    Examples
    --------
    >>> round_of(0.03, 0.03, Speculation(drafts=3, acceptance=0.0, draft_share=0.1))
    (0.039, 0.039)
    """
    draft_s = speculation.draft_share * plain_step_s
    token_s = speculative_tpot(
        verification_s=verification_s,
        draft_s=draft_s,
        acceptance=speculation.acceptance,
        drafts=speculation.drafts,
    )
    return verification_s + speculation.drafts * draft_s, token_s


def reading_s(prefill: StepTime, speculation: Speculation | None) -> Numeric:
    r"""Time of a prefill; a draft model reads the prompt as well.

    .. math:: t = t_\mathrm{prefill} \, (1 + d)

    Parameters
    ----------
    prefill
        The step. [s]
    speculation
        Holds the draft model's share :math:`d` of a step; None: no drafts.

    Returns
    -------
    Numeric
        Both models together. [s]

    Raises
    ------
    ValueError
        Never; the arguments were checked where they were made.

    References
    ----------
    .. [1] Own derivation: the draft model is a share of the model in work and weights alike.

    Examples
    --------
    >>> step = StepTime(
    ...     linear_compute_s=0.1, linear_memory_s=0.0, attention_compute_s=0.0, attention_memory_s=0.0,
    ...     link_s=0.0, fixed_s=0.0,
    ... )
    >>> round(reading_s(step, Speculation(drafts=3, acceptance=0.5, draft_share=0.1)), 9)
    0.11
    """
    return prefill.total_s * (1.0 if speculation is None else 1 + speculation.draft_share)


def static_batch(
    *,
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    prompt_tokens: Numeric,
    completion_tokens: Numeric,
    cached_tokens: Numeric = 0,
    speculation: Speculation | None = None,
) -> Service:
    r"""One batch read together and decoded together, the next one after it.

    .. math:: \mathrm{TTFT} = t_\mathrm{prefill}(B, N), \quad
        \mathrm{TPOT} = t_\mathrm{decode}(B, N + C/2), \quad
        g = \frac{\mathrm{TTFT} + C \, \mathrm{TPOT}}{B}

    This is what the 2023 measurement did.

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`.
    batch
        Sequences, :math:`B`. [-]
    prompt_tokens, completion_tokens
        :math:`N` and :math:`C`. [tokens]
    cached_tokens
        Part of the prompt that is found in the prefix cache. [tokens]

    speculation
        Tokens are drafted and verified; None: one token a step.

    Returns
    -------
    Service
        Times of the batch and replica seconds per request. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] A. Sanger, 2023, appendix table, https://cursor.com/blog/llama-inference

    Examples
    --------
    A batch of 64 prompts of 512 tokens, 64 x 512 x 140 GFLOP at 400 TFLOP/s:

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> service = static_batch(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE,
    ...                        batch=64, prompt_tokens=512, completion_tokens=512)
    >>> round(service.prefill.linear_compute_s, 2)
    11.47
    """
    require_positive(completion_tokens=completion_tokens)
    prefill = prefill_step(
        model=model,
        replica=replica,
        engine=engine,
        batch=batch,
        prompt_tokens=prompt_tokens,
        cached_tokens=cached_tokens,
    )
    context = mean_context(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
    decode, step_s, token_s = _decoding(model, replica, engine, batch, context, speculation)
    read_s = reading_s(prefill, speculation)
    return Service(
        ttft_s=read_s,
        tpot_s=token_s,
        prefill_s_per_request=read_s / batch,
        decode_s_per_request=completion_tokens * token_s / batch,
        prefill=prefill,
        decode=decode,
        step_s=step_s,
        token_s=token_s,
    )


def continuous_batching(
    *,
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    prompt_tokens: Numeric,
    completion_tokens: Numeric,
    cached_tokens: Numeric = 0,
    prefill: StepTime | None = None,
    speculation: Speculation | None = None,
) -> Service:
    r"""B slots kept full; a finished sequence makes room for the next prompt at once.

    .. math:: g = t_\mathrm{prefill}(1, N) + \frac{C}{B} t_\mathrm{decode}(B, N + C/2)
    .. math:: \mathrm{TPOT} = t_\mathrm{decode} + \frac{B}{C} t_\mathrm{prefill}, \qquad
        \mathrm{TTFT} = t_\mathrm{prefill} + k \, t_\mathrm{decode} + t_1

    While a sequence decodes its C tokens, B prompts of its neighbours are read
    in between: that is the second term of TPOT. The client sees the first token
    k steps after the prefill (``first_token_steps``) and a time :math:`t_1`
    (``ttft_fixed_s``) that no GPU spends.

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`.
    batch
        Slots, :math:`B`. [-]
    prompt_tokens, completion_tokens
        :math:`N` and :math:`C`. [tokens]
    cached_tokens
        Part of the prompt that is found in the prefix cache. [tokens]
    prefill
        The prefill step of one prompt, where the caller has it already; it does not
        depend on the batch. [s]

    speculation
        Tokens are drafted and verified; None: one token a step.

    Returns
    -------
    Service
        Steady-state latencies (without queueing) and replica seconds per request. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] G.-I. Yu et al., "Orca", OSDI 2022, section 3 (iteration-level scheduling)
    .. [2] A. Agrawal et al., "Sarathi-Serve", 2024, section 3 (prefill stalls decode), arXiv:2403.02310

    Examples
    --------
    What the prompts of seven neighbours and one's own add to the time between tokens:

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> service = continuous_batching(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE,
    ...                               batch=8, prompt_tokens=512, completion_tokens=512)
    >>> stall_s = service.tpot_s - service.decode.total_s
    >>> round(stall_s / service.prefill.total_s * 512, 6)
    8.0
    """
    require_positive(completion_tokens=completion_tokens)
    if prefill is None:
        prefill = prefill_step(
            model=model,
            replica=replica,
            engine=engine,
            batch=1,
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
        )
    context = mean_context(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
    decode, step_s, token_s = _decoding(model, replica, engine, batch, context, speculation)
    read_s = reading_s(prefill, speculation)
    return Service(
        ttft_s=read_s + engine.first_token_steps * step_s + engine.ttft_fixed_s,
        tpot_s=token_s + batch * read_s / completion_tokens,
        prefill_s_per_request=read_s,
        decode_s_per_request=completion_tokens * token_s / batch,
        prefill=prefill,
        decode=decode,
        step_s=step_s,
        token_s=token_s,
    )


def disaggregated(
    *,
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    prompt_tokens: Numeric,
    completion_tokens: Numeric,
    cached_tokens: Numeric = 0,
    prefill: StepTime | None = None,
    speculation: Speculation | None = None,
) -> Service:
    r"""A pool of replicas that only reads prompts, another that only decodes.

    .. math:: \mathrm{TPOT} = t_\mathrm{decode}, \qquad
        \mathrm{TTFT} = t_\mathrm{prefill} + \frac{M_\mathrm{kv}(N)}{n X} + k \, t_\mathrm{decode} + t_1

    The replica seconds per request are those of continuous batching; the two
    pools are sized in their ratio. The cache of the prompt travels over the
    link, all GPUs of a replica sending at once.

    Parameters
    ----------
    model, replica, engine
        See :mod:`breakeven.formulas.parts`.
    batch
        Slots of one decode replica, :math:`B`. [-]
    prompt_tokens, completion_tokens
        :math:`N` and :math:`C`. [tokens]
    cached_tokens
        Part of the prompt that is found in the prefix cache. [tokens]
    prefill
        The prefill step of one prompt, where the caller has it already; it does not
        depend on the batch. [s]

    speculation
        Tokens are drafted and verified; None: one token a step.

    Returns
    -------
    Service
        Latencies without queueing, replica seconds per request in each pool. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Y. Zhong et al., "DistServe", OSDI 2024, section 3, arXiv:2401.09670

    Examples
    --------
    Moving the cache of 512 tokens, 512 x 327,680 B over 2 x 300 GB/s:

    >>> from breakeven.formulas.parts import ARTICLE_MODEL, ARTICLE_REPLICA, Engine
    >>> service = disaggregated(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=Engine(),
    ...                         batch=8, prompt_tokens=512, completion_tokens=512)
    >>> round(float(service.ttft_s - service.prefill.total_s - service.decode.total_s), 5)
    0.00028
    """
    mixed = continuous_batching(
        model=model,
        replica=replica,
        engine=engine,
        batch=batch,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cached_tokens=cached_tokens,
        prefill=prefill,
        speculation=speculation,
    )
    cache = kv_bytes_per_sequence(
        context_tokens=prompt_tokens,
        full_bytes_per_token=model.full_kv_bytes_per_token,
        sliding_bytes_per_token=model.sliding_kv_bytes_per_token,
        window_tokens=model.window_tokens,
    )
    link = np.asarray(replica.n_gpus) * replica.link_bytes_per_s * engine.link_share
    transfer_s = operator_time(flop=0, bytes_moved=cache, flop_per_s=1, bytes_per_s=link)
    return Service(
        ttft_s=mixed.ttft_s + transfer_s * np.asarray(engine.communication),
        tpot_s=mixed.token_s,
        prefill_s_per_request=mixed.prefill_s_per_request,
        decode_s_per_request=mixed.decode_s_per_request,
        prefill=mixed.prefill,
        decode=mixed.decode,
        step_s=mixed.step_s,
        token_s=mixed.token_s,
    )


MODES: dict[str, Callable[..., Service]] = {
    "continuous": continuous_batching,
    "static": static_batch,
    "disaggregated": disaggregated,
}
"""Serving modes by the name that links and the command line use."""


def batch_that_fits(
    *,
    model: ModelShape,
    replica: Replica,
    usable: Numeric,
    prompt_tokens: Numeric,
    completion_tokens: Numeric,
) -> Numeric:
    r"""Sequences whose cache fits at their longest, N + C tokens each.

    .. math:: B_\mathrm{max} = \left\lfloor
        \frac{n M u - M_w}{\rho \, M_\mathrm{kv}(N + C)} \right\rfloor

    Parameters
    ----------
    model, replica
        See :mod:`breakeven.formulas.parts`.
    usable
        Share of the memory that the engine may use. [0 to 1]
    prompt_tokens, completion_tokens
        :math:`N` and :math:`C`. [tokens]

    Returns
    -------
    Numeric
        Whole sequences; zero where the model does not fit. [-]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] See :func:`breakeven.formulas.kv_cache.sequences_that_fit`.

    Examples
    --------
    20 GB beside the weights, 4,096 x 327,680 B a sequence:

    >>> from breakeven.formulas.parts import ARTICLE_MODEL, ARTICLE_REPLICA
    >>> batch_that_fits(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, usable=1.0,
    ...                 prompt_tokens=3584, completion_tokens=512)
    14.0
    """
    longest = kv_bytes_per_sequence(
        context_tokens=prompt_tokens + completion_tokens,
        full_bytes_per_token=model.full_kv_bytes_per_token,
        sliding_bytes_per_token=model.sliding_kv_bytes_per_token,
        window_tokens=model.window_tokens,
    )
    copies = kv_replication(n_gpus=replica.n_gpus, n_kv_heads=model.kv_heads)
    return sequences_that_fit(
        n_gpus=replica.n_gpus,
        memory_bytes=replica.memory_bytes,
        usable=usable,
        weights_bytes=model.weights_bytes,
        workspace_bytes=0,
        sequence_bytes=longest * copies,
    )


def largest_batch(
    *, limit: Numeric, holds: Callable[[NDArray[np.float64]], NDArray[np.bool_]]
) -> NDArray[np.float64]:
    r"""Find the largest whole batch up to ``limit`` for which ``holds`` is true.

    .. math:: B = \max \{\, b \le B_\mathrm{max} : \mathrm{holds}(b) \,\}

    ``holds`` must be monotone (true up to some batch, false beyond), as latency
    is in the batch size. Bisection on all elements at once.

    Parameters
    ----------
    limit
        Largest batch allowed, whole numbers, zero for "none". [-]
    holds
        Takes an array of batches in the shape of ``limit``, tells which are acceptable.

    Returns
    -------
    NDArray
        Batches in the shape of ``limit``; zero where not even one sequence holds. [-]

    Raises
    ------
    ValueError
        If any element of ``limit`` is negative or not finite.

    References
    ----------
    .. [1] Own derivation: bisection, since latency grows with the batch.

    Examples
    --------
    >>> largest_batch(limit=np.array([5.0, 100.0, 0.0]), holds=lambda batch: batch <= 17)
    array([ 5., 17.,  0.])
    """
    require_not_negative(limit=limit)
    low = np.zeros_like(np.asarray(limit, dtype=float))
    high = np.floor(np.asarray(limit, dtype=float))
    while np.any(low < high):
        middle = np.ceil((low + high) / 2)
        good = holds(np.maximum(middle, 1.0)) & (middle >= 1)
        low = np.where(good, middle, low)
        high = np.where(good, high, middle - 1)
        high = np.maximum(low, high)
    return low


def queueing_wait_md1(*, arrivals_per_s: Numeric, service_s: Numeric) -> Numeric:
    r"""Mean wait of a Poisson stream at one server with a fixed service time.

    .. math:: W = \frac{\rho}{2 (1 - \rho)} s, \qquad \rho = \lambda s

    Used for the wait of a prompt before its prefill: an approximation, since
    prefills share the replica with decode steps and lengths differ.

    Parameters
    ----------
    arrivals_per_s
        Requests per second at one replica, :math:`\lambda`. [1/s]
    service_s
        Time of one prefill, :math:`s`. [s]

    Returns
    -------
    Numeric
        Mean wait; infinite where :math:`\rho \ge 1`. [s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] L. Kleinrock, "Queueing Systems", vol. 1, 1975, section 5.5 (Pollaczek-Khinchine)

    Examples
    --------
    >>> queueing_wait_md1(arrivals_per_s=0.5, service_s=1.0)
    0.5
    """
    require_not_negative(arrivals_per_s=arrivals_per_s)
    require_positive(service_s=service_s)
    load = np.asarray(arrivals_per_s) * np.asarray(service_s, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        wait = load / (2 * (1 - load)) * service_s
    return scalar_or_array(np.where(load < 1, wait, np.inf))


def expected_tokens_per_verification(*, acceptance: Numeric, drafts: Numeric) -> Numeric:
    r"""Tokens that one verification step of speculative decoding yields.

    .. math:: E = \frac{1 - a^{k+1}}{1 - a}, \qquad E = k + 1 \text{ for } a = 1

    Parameters
    ----------
    acceptance
        Probability that a drafted token is accepted, :math:`a`. [0 to 1]
    drafts
        Drafted tokens per step, :math:`k`. [-]

    Returns
    -------
    Numeric
        Expected tokens. [-]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Y. Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", 2023,
       equation 1, arXiv:2211.17192

    Examples
    --------
    >>> expected_tokens_per_verification(acceptance=0.5, drafts=1)
    1.5
    """
    require_whole(drafts=drafts)
    a = np.asarray(acceptance, dtype=float)
    if not np.all((a >= 0) & (a <= 1)):
        raise ValueError(f"acceptance must be between 0 and 1, got {acceptance}")
    with np.errstate(divide="ignore", invalid="ignore"):
        tokens = (1 - a ** (np.asarray(drafts) + 1)) / (1 - a)
    return scalar_or_array(np.where(a < 1, tokens, np.asarray(drafts) + 1.0))


def speculative_tpot(
    *, verification_s: Numeric, draft_s: Numeric, acceptance: Numeric, drafts: Numeric
) -> Numeric:
    r"""Time per output token with speculative decoding.

    .. math:: \mathrm{TPOT} = \frac{t_\mathrm{verify} + k \, t_\mathrm{draft}}{E}

    Parameters
    ----------
    verification_s
        One step of the large model over the drafted tokens. [s]
    draft_s
        One step of the draft model. [s]
    acceptance
        Probability that a drafted token is accepted. [0 to 1]
    drafts
        Drafted tokens per step, :math:`k`. [-]

    Returns
    -------
    Numeric
        Time per token. [s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Y. Leviathan et al., 2023, theorem 3.8 (with c the draft's share of a step), arXiv:2211.17192

    Examples
    --------
    Two tokens expected from a step and one draft that together take 12 ms:

    >>> speculative_tpot(verification_s=0.010, draft_s=0.002, acceptance=1.0, drafts=1)
    0.006
    """
    require_positive(verification_s=verification_s)
    require_not_negative(draft_s=draft_s)
    expected = expected_tokens_per_verification(acceptance=acceptance, drafts=drafts)
    return (verification_s + drafts * draft_s) / expected
