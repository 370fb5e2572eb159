"""The batch whose cache fits, and the largest that keeps a promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_share,
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
        sequence_bytes=longest * copies + model.state_bytes,
    )


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
    return max(0.0, float(replica.n_gpus * replica.memory_bytes * usable - model.weights_bytes))


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
