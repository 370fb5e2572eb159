"""Time of one operator, one all-reduce, one exchange: the slower of two resources, and the link."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_whole,
    scalar_or_array,
)


def ridge_point(*, flop_per_s: Numeric, bytes_per_s: Numeric) -> Numeric:
    r"""Arithmetic intensity from which compute, not memory, is the limit.

    .. math:: I^* = F / W

    Parameters
    ----------
    flop_per_s
        Dense peak rate, :math:`F`. [FLOP/s]
    bytes_per_s
        Memory bandwidth, :math:`W`. [B/s]

    Returns
    -------
    Numeric
        Ridge point. [FLOP/B]

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] S. Williams et al., "Roofline: an insightful visual performance model", 2009,
       doi:10.1145/1498765.1498785

    Examples
    --------
    >>> ridge_point(flop_per_s=312e12, bytes_per_s=2.0e12)
    156.0
    """
    require_positive(flop_per_s=flop_per_s, bytes_per_s=bytes_per_s)
    return flop_per_s / bytes_per_s


def operator_time(
    *, flop: Numeric, bytes_moved: Numeric, flop_per_s: Numeric, bytes_per_s: Numeric
) -> Numeric:
    r"""Time of an operator that computes and reads at once.

    .. math:: t = \max\left(\frac{\mathrm{FLOP}}{F_\mathrm{eff}}, \frac{\mathrm{bytes}}{W_\mathrm{eff}}\right)

    Parameters
    ----------
    flop
        Work. [FLOP]
    bytes_moved
        Memory traffic. [B]
    flop_per_s
        Rate reached, all GPUs of the replica together: n F mfu. [FLOP/s]
    bytes_per_s
        Bandwidth reached, all GPUs together: n W mbu. [B/s]

    Returns
    -------
    Numeric
        Time. [s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] S. Williams et al., 2009, doi:10.1145/1498765.1498785

    Examples
    --------
    >>> operator_time(flop=140e9, bytes_moved=140e9, flop_per_s=400e12, bytes_per_s=2.6e12)
    0.05384615384615385
    """
    require_not_negative(flop=flop, bytes_moved=bytes_moved)
    require_positive(flop_per_s=flop_per_s, bytes_per_s=bytes_per_s)
    return scalar_or_array(np.maximum(flop / flop_per_s, bytes_moved / bytes_per_s))


def all_reduce_time(
    *,
    n_gpus: Numeric,
    tokens: Numeric,
    hidden: Numeric,
    bytes_per_activation: Numeric,
    link_bytes_per_s: Numeric,
    latency_s: Numeric,
) -> Numeric:
    r"""Time of one ring all-reduce of the activations of a step.

    .. math:: t = \frac{2 (n - 1)}{n} \frac{T \, d \, b_a}{X} + t_0, \qquad t = 0 \text{ for } n = 1

    Parameters
    ----------
    n_gpus
        GPUs that share each layer, :math:`n`. [-]
    tokens
        Tokens in the step, :math:`T`. [tokens]
    hidden
        Width of the model, :math:`d`. [-]
    bytes_per_activation
        Storage of one activation, :math:`b_a`. [B]
    link_bytes_per_s
        Bandwidth reached by one GPU in one direction, :math:`X`. [B/s]
    latency_s
        Fixed time, :math:`t_0`. [s]

    Returns
    -------
    Numeric
        Time of one all-reduce; a layer needs two. [s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] P. Patarasuk and X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
       workstations", 2009, doi:10.1016/j.jpdc.2008.09.002
    .. [2] M. Shoeybi et al., "Megatron-LM", 2019, section 3 (two all-reduces a layer), arXiv:1909.08053

    Examples
    --------
    >>> all_reduce_time(n_gpus=1, tokens=512, hidden=8192, bytes_per_activation=2,
    ...                 link_bytes_per_s=300e9, latency_s=1e-5)
    0.0
    """
    require_whole(n_gpus=n_gpus)
    require_not_negative(tokens=tokens, latency_s=latency_s)
    require_positive(
        hidden=hidden, bytes_per_activation=bytes_per_activation, link_bytes_per_s=link_bytes_per_s
    )
    n = np.asarray(n_gpus, dtype=float)
    time = 2 * (n - 1) / n * tokens * hidden * bytes_per_activation / link_bytes_per_s + latency_s
    return scalar_or_array(np.where(n > 1, time, 0.0))


def exchange_time(
    *,
    n_gpus: Numeric,
    tokens: Numeric,
    hidden: Numeric,
    experts_per_token: Numeric,
    link_bytes_per_s: Numeric,
    latency_s: Numeric,
) -> Numeric:
    r"""Time to send the tokens of a step to their experts on other GPUs and to bring the answers back.

    .. math:: t = 2 t_0 + \frac{T \, d \, (b_1 + b_2)}{X} \, (n - 1)
        \left(1 - \left(1 - \tfrac1n\right)^k\right), \qquad t = 0 \text{ for } n = 1

    A token whose k experts lie evenly on n GPUs is sent once to each of the others that holds one of
    them, in fp8, :math:`b_1 = 1` B, and comes back in bf16, :math:`b_2 = 2` B.

    Parameters
    ----------
    n_gpus
        GPUs over which the experts are spread, :math:`n`. [-]
    tokens
        Tokens of one of them, :math:`T`. [tokens]
    hidden
        Width of the model, :math:`d`. [-]
    experts_per_token
        Routed experts of a token, :math:`k`. [-]
    link_bytes_per_s
        Bandwidth reached by one GPU in one direction, :math:`X`. [B/s]
    latency_s
        Fixed time of one way, :math:`t_0`. [s]

    Returns
    -------
    Numeric
        Time of both ways in one layer. [s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepEP" (dispatch in fp8, combine in bf16), 2025,
       https://github.com/deepseek-ai/DeepEP
    .. [2] DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024, section 3.2.2 (all-to-all), arXiv:2412.19437

    Examples
    --------
    128 tokens of DeepSeek-V3 on each of 32 GPUs at 50 GB/s:

    >>> t = exchange_time(n_gpus=32, tokens=128, hidden=7168, experts_per_token=8,
    ...                   link_bytes_per_s=50e9, latency_s=0)
    >>> round(t * 1e6)
    383
    """
    require_whole(n_gpus=n_gpus)
    require_not_negative(tokens=tokens, latency_s=latency_s, experts_per_token=experts_per_token)
    require_positive(hidden=hidden, link_bytes_per_s=link_bytes_per_s)
    n = np.asarray(n_gpus, dtype=float)
    sent = (n - 1) * (1 - (1 - 1 / n) ** np.asarray(experts_per_token))
    moved = np.asarray(tokens) * hidden * (SENT_BYTES + RETURNED_BYTES) * sent
    return scalar_or_array(np.where(n > 1, 2 * np.asarray(latency_s) + moved / link_bytes_per_s, 0.0))


SENT_BYTES, RETURNED_BYTES = 1, 2
"""One activation on its way to an expert in fp8, and back in bf16. [B]"""
