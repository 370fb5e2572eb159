"""What a replica delivers in each serving mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_positive,
    scalar_or_array,
)
from breakeven.formulas.kv_cache import kv_bytes_per_sequence
from breakeven.formulas.load import closed_loop
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine, ModelShape, Replica, Speculation
from breakeven.formulas.pools import pooled_step
from breakeven.formulas.roofline import operator_time
from breakeven.formulas.speculation import reading_s, round_of
from breakeven.formulas.step import StepTime, decode_step, mean_context, prefill_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What one replica delivers in one serving mode, in the broadcast shape of the arguments."""

    ttft_s: Numeric
    """Time to first token at this load: as many clients as run, or wait, send again once answered. [s]"""
    ttft_alone_s: Numeric
    """Time to first token of a request that meets nobody; of its batch, where batches are static. [s]"""
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


def static_batch(
    *,
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    batch: Numeric,
    prompt_tokens: Numeric,
    completion_tokens: Numeric,
    cached_tokens: Numeric = 0,
    clients: Numeric | None = None,
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
    clients
        Clients, where they are more than the batch: the others wait for a batch; None: as many. [-]
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
        ttft_s=read_s + _for_a_place(batch, clients, read_s + completion_tokens * token_s),
        ttft_alone_s=read_s,
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
    clients: Numeric | None = None,
    speculation: Speculation | None = None,
) -> Service:
    r"""B slots kept full; a finished sequence makes room for the next prompt at once.

    .. math:: g = t_\mathrm{prefill}(1, N) + \frac{C}{B} t_\mathrm{decode}(B, N + C/2)
    .. math:: \mathrm{TTFT}_\mathrm{alone} = t_\mathrm{prefill} + k \, t_\mathrm{decode}(1, N + C/2) + t_1

    The client sees the first token k steps after the prefill (``first_token_steps``) and a
    time :math:`t_1` (``ttft_fixed_s``) that no GPU spends. What the B - 1 neighbours add to both
    times is in :func:`breakeven.formulas.load.closed_loop`: their prompts are read in between while a
    sequence decodes, and some of them before its own.

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
    clients
        Clients, where they are more than the slots: the others wait for a place; None: as many. [-]
    speculation
        Tokens are drafted and verified; None: one token a step.

    Returns
    -------
    Service
        Latencies of a closed loop of clients and replica seconds per request. [s]

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
    What the prompts of seven neighbours add to the time between tokens:

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> service = continuous_batching(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, engine=ARTICLE_ENGINE,
    ...                               batch=8, prompt_tokens=512, completion_tokens=512)
    >>> stall_s = service.tpot_s - service.decode.total_s
    >>> round(stall_s / service.prefill.total_s * 512, 6)
    7.0
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
    _, alone_s, _ = _decoding(model, replica, engine, 1, context, speculation)
    read_s = reading_s(prefill, speculation)
    ttft_s, tpot_s = closed_loop(
        engine=engine,
        read_s=read_s,
        step_s=step_s,
        token_s=token_s,
        completion_tokens=completion_tokens,
        batch=batch,
        clients=batch if clients is None else clients,
    )
    return Service(
        ttft_s=ttft_s,
        ttft_alone_s=read_s + engine.first_token_steps * alone_s + engine.ttft_fixed_s,
        tpot_s=tpot_s,
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
    clients: Numeric | None = None,
    speculation: Speculation | None = None,
) -> Service:
    r"""A pool of replicas that only reads prompts, another that only decodes.

    .. math:: \mathrm{TPOT} = f_d \, t_\mathrm{decode} + e, \qquad
        \mathrm{TTFT} = f_p \, t_\mathrm{prefill} + t_h + \frac{M_\mathrm{kv}(N)}{n X}
        + k \, \mathrm{TPOT} + t_1

    What pools of their own change in either phase is fitted: ``pool_read_factor`` :math:`f_p`,
    ``pool_step_factor`` :math:`f_d`, ``pool_step_s`` e, ``handover_s`` :math:`t_h`. The two
    pools are sized in the ratio of their replica seconds. How long prompts wait for each other in their pool
    depends on how busy it is, see :func:`breakeven.formulas.queueing.queueing_wait_md1`; it is
    not in these times. The cache of the prompt travels over the
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
    clients
        Clients, where they are more than the slots: the others wait for a place; None: as many. [-]
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
    transfer_s = operator_time(flop=0, bytes_moved=cache + model.state_bytes, flop_per_s=1, bytes_per_s=link)
    moved_s = transfer_s * np.asarray(engine.communication)
    read_s = np.asarray(engine.pool_read_factor) * mixed.prefill_s_per_request
    step_s = np.asarray(pooled_step(engine=engine, step_s=mixed.step_s))
    token_s = mixed.token_s * (step_s / mixed.step_s)
    away_s = read_s + engine.handover_s + moved_s + engine.ttft_fixed_s
    place_s = _for_a_place(batch, clients, completion_tokens * token_s)
    _, alone_s, _ = _decoding(
        model,
        replica,
        engine,
        1,
        mean_context(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens),
        speculation,
    )
    first_s = engine.first_token_steps * np.asarray(pooled_step(engine=engine, step_s=alone_s))
    return Service(
        ttft_s=scalar_or_array(away_s + engine.first_token_steps * step_s + place_s),
        ttft_alone_s=scalar_or_array(away_s + first_s),
        tpot_s=scalar_or_array(token_s),
        prefill_s_per_request=scalar_or_array(read_s),
        decode_s_per_request=scalar_or_array(completion_tokens * token_s / batch),
        prefill=mixed.prefill,
        decode=mixed.decode,
        step_s=scalar_or_array(step_s),
        token_s=scalar_or_array(token_s),
    )


def _for_a_place(batch: Numeric, clients: Numeric | None, stay_s: Numeric) -> Numeric:
    """Mean wait of clients that are more than the places, each of which is kept so long. [s]"""
    if clients is None:
        return 0.0
    return scalar_or_array(stay_s * np.maximum(np.asarray(clients) / batch - 1, 0.0))


MODES: dict[Mode, Callable[..., Service]] = {
    Mode.CONTINUOUS: continuous_batching,
    Mode.STATIC: static_batch,
    Mode.DISAGGREGATED: disaggregated,
}
"""What each serving mode delivers."""
