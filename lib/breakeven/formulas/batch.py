"""The batch whose cache fits, and the largest that keeps a promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    scalar_or_array,
)
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_replication, sequences_that_fit
from breakeven.formulas.parts import ModelShape, Replica


def batch_that_fits(
    *,
    model: ModelShape,
    replica: Replica,
    usable: Numeric,
    prompt_tokens: Numeric,
    completion_tokens: Numeric,
) -> Numeric:
    r"""Sequences whose cache fits at their longest, N + C tokens each; with ranks, on one of them.

    .. math:: B_\mathrm{max} = \left\lfloor
        \frac{n M u - M_w}{\rho \, M_\mathrm{kv}(N + C)} \right\rfloor

    Each of D ranks keeps all weights but the routed experts, of which it keeps 1/D.

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
        weights_bytes=rank_weights_bytes(model, replica),
        workspace_bytes=0,
        sequence_bytes=longest * copies + model.state_bytes,
    )


def rank_weights_bytes(model: ModelShape, replica: Replica) -> Numeric:
    r"""Weights that one rank keeps: of the routed experts its part, all others whole.

    .. math:: M = M_w - M_\mathrm{routed} \left(1 - \tfrac1D\right)

    Parameters
    ----------
    model, replica
        See :mod:`breakeven.formulas.parts`.

    Returns
    -------
    Numeric
        Memory of the weights of one rank. [B]

    Raises
    ------
    ValueError
        If ``ranks`` is not positive.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024, section 3.4 (data-parallel attention beside
       expert parallelism), arXiv:2412.19437

    Examples
    --------
    Eight ranks, 4 GB that each keeps and 90 GB of experts between them:

    >>> from dataclasses import replace
    >>> from breakeven.formulas.parts import ARTICLE_MODEL, ARTICLE_REPLICA
    >>> model = replace(ARTICLE_MODEL, weights_bytes=94e9, shared_bytes=4e9, routed_bytes=90e9)
    >>> rank_weights_bytes(model, replace(ARTICLE_REPLICA, ranks=8))
    15250000000.0
    """
    require_positive(ranks=replica.ranks)
    apart = np.asarray(model.routed_bytes) * (1 - 1 / np.asarray(replica.ranks))
    return scalar_or_array(model.weights_bytes - apart)


def cache_bytes(*, model: ModelShape, replica: Replica, usable: float) -> float:
    r"""Memory that is left for the cache beside the weights; never below zero.

    .. math:: M_\mathrm{kv} = \max(0, n M u - M_w)

    Parameters
    ----------
    model, replica
        See :mod:`breakeven.formulas.parts`.
    usable
        Share of the memory that the engine may use, :math:`u`. [0 to 1]

    Returns
    -------
    float
        Room for the cache, copies of it included. [B]

    Raises
    ------
    ValueError
        If ``usable`` is out of domain.

    References
    ----------
    .. [1] See :func:`breakeven.formulas.kv_cache.sequences_that_fit`.

    Examples
    --------
    >>> from breakeven.formulas.parts import ARTICLE_MODEL, ARTICLE_REPLICA
    >>> cache_bytes(model=ARTICLE_MODEL, replica=ARTICLE_REPLICA, usable=1.0)
    20000000000.0
    """
    require_share(usable=usable)
    room = replica.n_gpus * replica.memory_bytes * usable - rank_weights_bytes(model, replica)
    return max(0.0, float(room))


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
