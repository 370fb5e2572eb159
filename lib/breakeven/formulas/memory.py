"""Memory of the weights, and the fewest GPUs that hold a model."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    scalar_or_array,
)


def weights_bytes(*, params: Numeric, bytes_per_weight: Numeric) -> Numeric:
    r"""Memory of all weights.

    .. math:: M_w = P \, b_w

    Parameters
    ----------
    params
        All parameters, :math:`P`; a mixture of experts stores every expert. [-]
    bytes_per_weight
        Storage of one weight, :math:`b_w`. [B]

    Returns
    -------
    Numeric
        Memory of the weights. [B]

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] "Numbers every LLM Developer should know", 2023, "2x number of parameters",
       https://github.com/ray-project/llm-numbers

    Examples
    --------
    >>> weights_bytes(params=7e9, bytes_per_weight=2)
    14000000000.0
    """
    require_positive(params=params, bytes_per_weight=bytes_per_weight)
    return params * bytes_per_weight


def fewest_gpus(
    *,
    memory_bytes: Numeric,
    usable: Numeric,
    weights_bytes: Numeric,
    workspace_bytes: Numeric,
    sequence_bytes: Numeric,
    n_kv_heads: Numeric = np.inf,
) -> Numeric:
    r"""Fewest GPUs whose memory holds the weights and one sequence.

    .. math:: n = \left\lceil \frac{M_w + M_\mathrm{work} + M_\mathrm{seq}}{M u} \right\rceil
        \;(n \le H_\mathrm{kv}), \qquad
        n = \left\lceil \frac{M_w + M_\mathrm{work}}{M u - M_\mathrm{seq} / H_\mathrm{kv}} \right\rceil
        \;(n > H_\mathrm{kv})

    Parameters
    ----------
    memory_bytes
        Memory of one GPU, :math:`M`. [B]
    usable
        Share of it that the engine may use, :math:`u`. [0 to 1]
    weights_bytes
        All weights, :math:`M_w`. [B]
    workspace_bytes
        Activations and buffers. [B]
    sequence_bytes
        Cache of one sequence at its longest, stored once, :math:`M_\mathrm{seq}`. [B]
    n_kv_heads
        KV heads, :math:`H_\mathrm{kv}`; with more GPUs than heads each further GPU keeps a copy of one.
        Infinite: the cache is never copied. [-]

    Returns
    -------
    Numeric
        GPUs, a whole number; infinite where no number is enough. [-]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Own derivation: the memory balance of :func:`breakeven.formulas.kv_cache.sequences_that_fit`
       with the copies of :func:`breakeven.formulas.kv_cache.kv_replication`, solved for one sequence.

    Examples
    --------
    >>> fewest_gpus(memory_bytes=80e9, usable=0.9, weights_bytes=140e9, workspace_bytes=0,
    ...             sequence_bytes=1e9)
    2.0
    """
    require_positive(memory_bytes=memory_bytes, weights_bytes=weights_bytes)
    require_not_negative(workspace_bytes=workspace_bytes, sequence_bytes=sequence_bytes)
    require_share(usable=usable)
    if not np.all(np.asarray(n_kv_heads) >= 1):
        raise ValueError(f"n_kv_heads must be at least 1, got {n_kv_heads}")
    room = np.asarray(memory_bytes) * usable
    fixed = np.asarray(weights_bytes) + workspace_bytes
    split = np.ceil((fixed + sequence_bytes) / room)
    left = room - np.asarray(sequence_bytes) / n_kv_heads
    with np.errstate(divide="ignore", invalid="ignore"):
        copied = np.where(left > 0, np.ceil(fixed / left), np.inf)
    return scalar_or_array(np.where(split <= n_kv_heads, split, np.maximum(copied, split)))
