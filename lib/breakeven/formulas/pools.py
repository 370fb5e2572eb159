"""Pools of unequal size: some replicas only read prompts, others only decode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    scalar_or_array,
)
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLoop:
    """Two pools under a number of clients that send again as soon as they are answered."""

    ttft_s: Numeric
    """Time to first token. [s]"""
    tpot_s: Numeric
    """Time per output token after the first. [s]"""
    sequences: Numeric
    """Sequences on one rank of the pool that decodes. [-]"""
    requests_per_s: Numeric
    """Requests answered by both pools together. [requests/s]"""
    reading: Numeric
    """Share of the time in which the pool that reads is busy. [0 to 1]"""


def pooled_step(*, engine: Engine, step_s: Numeric) -> Numeric:
    r"""Time of a decode step on a replica that does nothing else.

    .. math:: t' = f \, t + e

    Parameters
    ----------
    engine
        ``pool_step_factor`` f and ``pool_step_s`` e.
    step_s
        The step as :func:`breakeven.formulas.step.decode_step` times it. [s]

    Returns
    -------
    Numeric
        Time. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Own calibration: engines run other kernels and other schedulers there; f and e are fitted on
       disaggregated runs of InferenceX, see ``data/layouts.csv``.

    Examples
    --------
    >>> pooled_step(engine=Engine(pool_step_factor=0.5, pool_step_s=0.001), step_s=0.01)
    0.006
    """
    require_positive(step_s=step_s, pool_step_factor=engine.pool_step_factor)
    require_not_negative(pool_step_s=engine.pool_step_s)
    return scalar_or_array(np.asarray(engine.pool_step_factor) * step_s + engine.pool_step_s)


def pool_rate(
    *, read_s: Numeric, decode_s: Numeric, prefill_ranks: Numeric, decode_ranks: Numeric
) -> Numeric:
    r"""Requests that two pools answer at most: as many as the slower of them.

    .. math:: X = \min\left(\frac{R_p}{t_p}, \frac{R_d}{t_d}\right)

    Parameters
    ----------
    read_s
        Prefill of one prompt on one rank, :math:`t_p`. [s]
    decode_s
        Time of one rank that the completion of one request takes, :math:`t_d`: its steps over the
        sequences that share them. [s]
    prefill_ranks, decode_ranks
        Ranks of either pool, :math:`R_p` and :math:`R_d`. [-]

    Returns
    -------
    Numeric
        Throughput. [requests/s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Y. Zhong et al., "DistServe", OSDI 2024, section 4.1 (both phases are provisioned for one rate),
       arXiv:2401.09670

    Examples
    --------
    Four ranks that read a prompt in 0.2 s each feed eight that decode one request a second each:

    >>> pool_rate(read_s=0.2, decode_s=1.0, prefill_ranks=4, decode_ranks=8)
    8.0
    """
    require_positive(read_s=read_s, decode_s=decode_s, prefill_ranks=prefill_ranks, decode_ranks=decode_ranks)
    reads = np.asarray(prefill_ranks, dtype=float) / read_s
    return scalar_or_array(np.minimum(reads, np.asarray(decode_ranks, dtype=float) / decode_s))


def pool_loop(
    *,
    engine: Engine,
    read_s: Numeric,
    moved_s: Numeric,
    step_s: Callable[[Floats], Numeric],
    completion_tokens: Numeric,
    clients: Numeric,
    prefill_ranks: Numeric,
    decode_ranks: Numeric,
    most_sequences: Numeric = np.inf,
) -> PoolLoop:
    r"""Two pools of unequal size in a closed loop of clients.

    .. math:: K = X \, (w + C \, t_d(b)), \qquad b = \frac{X C \, t_d(b)}{R_d}, \qquad
        X \le \frac{R_p}{t_p}
    .. math:: w = t_p + q \max\left(\frac{K}{R_p} - 1, 0\right) t_p + t_h + t_m, \qquad
        \mathrm{TTFT} = \frac{K}{X} - C \, t_d + k \, t_d + t_1, \qquad \mathrm{TPOT} = t_d(b)

    The K clients are either decoding, b on each of the :math:`R_d` ranks, or with the pool that reads.
    Where that pool is the slower one, they wait there and fewer decode.

    Parameters
    ----------
    engine
        ``pool_queue_share`` q, ``handover_s`` :math:`t_h`, ``first_token_steps`` k, ``ttft_fixed_s``
        :math:`t_1`.
    read_s
        Prefill of one prompt on one rank, :math:`t_p`. [s]
    moved_s
        Moving its cache to the other pool, :math:`t_m`. [s]
    step_s
        Time of a decode step :math:`t_d` of one rank with so many sequences, growing with them. [s]
    completion_tokens
        :math:`C`. [tokens]
    clients
        :math:`K`. [-]
    prefill_ranks, decode_ranks
        Ranks of either pool, :math:`R_p` and :math:`R_d`. [-]
    most_sequences
        Sequences that one rank can hold; the others wait. [-]

    Returns
    -------
    PoolLoop
        Times, throughput and how busy the pool that reads is. [s, requests/s, 0 to 1]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Own derivation: Little's law over both pools; that the pools need not be equal is in P. Patel
       et al., "Splitwise", ISCA 2024, section IV, arXiv:2311.18677

    Examples
    --------
    Eight clients, one rank that reads in 0.1 s, two that decode with steps of 10 ms:

    >>> loop = pool_loop(engine=Engine(), read_s=0.1, moved_s=0, step_s=lambda b: 0.01 + 0 * b,
    ...                  completion_tokens=100, clients=8, prefill_ranks=1, decode_ranks=2)
    >>> round(loop.requests_per_s, 2), round(loop.sequences, 2), round(loop.tpot_s, 3)
    (7.27, 3.64, 0.01)
    """
    require_positive(
        read_s=read_s,
        completion_tokens=completion_tokens,
        clients=clients,
        prefill_ranks=prefill_ranks,
        decode_ranks=decode_ranks,
    )
    if np.any(np.asarray(most_sequences) <= 0):
        raise ValueError(f"most_sequences must be positive, got {most_sequences}")
    require_not_negative(
        moved_s=moved_s, handover_s=engine.handover_s, pool_queue_share=engine.pool_queue_share
    )
    if np.any(np.asarray(engine.pool_queue_share) > 1):
        raise ValueError(f"pool_queue_share must be at most 1, got {engine.pool_queue_share}")
    together, read = np.asarray(clients, dtype=float), np.asarray(read_s, dtype=float)
    readers, writers = np.asarray(prefill_ranks, dtype=float), np.asarray(decode_ranks, dtype=float)
    before = np.asarray(engine.pool_queue_share) * np.maximum(together / readers - 1, 0.0) * read
    away_s = read + before + engine.handover_s + moved_s

    def rate(sequences: Floats) -> tuple[Floats, Floats]:
        step = np.asarray(step_s(sequences))
        return sequences * writers / (completion_tokens * step), step

    shape = np.broadcast_shapes(away_s.shape, together.shape, np.shape(completion_tokens), writers.shape)
    low = np.zeros(shape)
    high = np.broadcast_to(np.minimum(together / writers, most_sequences), shape).copy()
    at_once = rate(high)[0]
    enough = (at_once * read <= readers) & (at_once * away_s + high * writers <= together)
    low = np.where(enough, high, low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found, _step = rate(middle)
        good = (found * read <= readers) & (found * away_s + middle * writers <= together)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    held = np.where(low > 0, low, high)
    answered, step = rate(held)
    stay = together / answered - completion_tokens * step
    return PoolLoop(
        ttft_s=scalar_or_array(
            np.maximum(stay, away_s) + engine.first_token_steps * step + engine.ttft_fixed_s
        ),
        tpot_s=scalar_or_array(step),
        sequences=scalar_or_array(held),
        requests_per_s=scalar_or_array(answered),
        reading=scalar_or_array(np.minimum(answered * read / readers, 1.0)),
    )


HALVINGS = 40
"""Halvings of the interval in which the sequences of a rank are looked for. [-]"""
