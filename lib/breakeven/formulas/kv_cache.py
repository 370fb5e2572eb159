"""Memory that the keys and values of earlier tokens occupy, and how many sequences fit."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    require_whole,
    scalar_or_array,
)


def kv_bytes_per_token(
    *, n_layers: Numeric, n_kv_heads: Numeric, head_dim: Numeric, bytes_per_element: Numeric
) -> Numeric:
    r"""KV-cache memory that one token of one sequence occupies.

    .. math:: m_\mathrm{kv} = 2 \, L \, H_\mathrm{kv} \, d_\mathrm{head} \, b_\mathrm{kv}

    The factor 2 counts one key and one value vector. Multi-head, grouped-query
    and multi-query attention differ only in ``n_kv_heads``.

    Parameters
    ----------
    n_layers
        Layers that keep a cache which grows with the context, :math:`L`. [-]
    n_kv_heads
        Key/value heads of one layer, :math:`H_\mathrm{kv}`. [-]
    head_dim
        Width of one head, :math:`d_\mathrm{head}`. [-]
    bytes_per_element
        Storage of one cached number, :math:`b_\mathrm{kv}`: 2 for bf16, 1 for fp8. [B]

    Returns
    -------
    Numeric
        Cache size per token over all layers, in the broadcast shape. [B/token]

    Raises
    ------
    ValueError
        If any element is negative or not finite (``n_layers`` may be zero).

    Notes
    -----
    Not for latent attention, see :func:`latent_kv_bytes_per_token`; windows are
    handled by :func:`kv_bytes_per_sequence`.

    References
    ----------
    .. [1] J. Austin et al., "How to Scale Your Model", 2025, part 7,
       https://jax-ml.github.io/scaling-book/inference
    .. [2] Kipply, "Transformer Inference Arithmetic", 2022, section "kv cache",
       https://kipp.ly/transformer-inference-arithmetic

    Examples
    --------
    >>> kv_bytes_per_token(n_layers=80, n_kv_heads=8, head_dim=128, bytes_per_element=2)
    327680
    """
    require_not_negative(n_layers=n_layers)
    require_positive(n_kv_heads=n_kv_heads, head_dim=head_dim, bytes_per_element=bytes_per_element)
    return 2 * n_layers * n_kv_heads * head_dim * bytes_per_element


def latent_kv_bytes_per_token(
    *, n_layers: Numeric, kv_lora_rank: Numeric, rope_dim: Numeric, bytes_per_element: Numeric
) -> Numeric:
    r"""KV-cache memory of one token under multi-head latent attention (MLA).

    .. math:: m_\mathrm{kv} = L \, (r_\mathrm{kv} + d_\mathrm{rope}) \, b_\mathrm{kv}

    One compressed vector stands for the keys and values of all heads; the
    positional part of the key is kept beside it.

    Parameters
    ----------
    n_layers
        Layers with such a cache, :math:`L`. [-]
    kv_lora_rank
        Width of the compressed vector, :math:`r_\mathrm{kv}`. [-]
    rope_dim
        Width of the positional part, :math:`d_\mathrm{rope}`. [-]
    bytes_per_element
        Storage of one cached number. [B]

    Returns
    -------
    Numeric
        Cache size per token over all layers. [B/token]

    Raises
    ------
    ValueError
        If any element is negative or not finite.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V2", 2024, section 2.1.2 and table 1, arXiv:2405.04434

    Examples
    --------
    >>> latent_kv_bytes_per_token(n_layers=61, kv_lora_rank=512, rope_dim=64, bytes_per_element=2)
    70272
    """
    require_not_negative(n_layers=n_layers, rope_dim=rope_dim)
    require_positive(kv_lora_rank=kv_lora_rank, bytes_per_element=bytes_per_element)
    return n_layers * (kv_lora_rank + rope_dim) * bytes_per_element


def kv_bytes_per_sequence(
    *,
    context_tokens: Numeric,
    full_bytes_per_token: Numeric,
    sliding_bytes_per_token: Numeric = 0,
    window_tokens: Numeric = 0,
) -> Numeric:
    r"""KV-cache memory of one sequence, windows respected.

    .. math:: M = c \, m_\mathrm{full} + \min(c, w) \, m_\mathrm{sliding}

    Parameters
    ----------
    context_tokens
        Tokens of the sequence so far, :math:`c`. [tokens]
    full_bytes_per_token
        Cache of the layers that attend to everything, :math:`m_\mathrm{full}`. [B/token]
    sliding_bytes_per_token
        Cache of the layers that attend to a window, :math:`m_\mathrm{sliding}`. [B/token]
    window_tokens
        Length of that window, :math:`w`. [tokens]

    Returns
    -------
    Numeric
        Cache of one sequence. [B]

    Raises
    ------
    ValueError
        If any element is negative or not finite.

    References
    ----------
    .. [1] A. Jiang et al., "Mistral 7B", 2023, section 2 "Rolling buffer cache", arXiv:2310.06825

    Examples
    --------
    >>> kv_bytes_per_sequence(context_tokens=8192, full_bytes_per_token=0,
    ...                       sliding_bytes_per_token=131072, window_tokens=4096)
    536870912
    """
    require_not_negative(
        context_tokens=context_tokens,
        full_bytes_per_token=full_bytes_per_token,
        sliding_bytes_per_token=sliding_bytes_per_token,
        window_tokens=window_tokens,
    )
    kept = np.minimum(context_tokens, window_tokens)
    return scalar_or_array(context_tokens * full_bytes_per_token + kept * sliding_bytes_per_token)


def kv_replication(*, n_gpus: Numeric, n_kv_heads: Numeric) -> Numeric:
    r"""How often the cache is stored over the GPUs of one replica.

    .. math:: \rho = \max(1, n / H_\mathrm{kv})

    Tensor parallelism gives each GPU whole KV heads; with more GPUs than heads
    a head is kept on several of them. Latent attention has one shared vector
    and counts as one head.

    Parameters
    ----------
    n_gpus
        GPUs that share each layer, :math:`n`. [-]
    n_kv_heads
        KV heads of one layer, :math:`H_\mathrm{kv}`; 1 for latent attention. [-]

    Returns
    -------
    Numeric
        Copies of the cache. [-]

    Raises
    ------
    ValueError
        If any element is not a whole number of at least 1.

    References
    ----------
    .. [1] vLLM documentation, "Parallelism and Scaling"; R. Pope et al., "Efficiently Scaling
       Transformer Inference", 2022, section 3.3, arXiv:2211.05102

    Examples
    --------
    >>> kv_replication(n_gpus=16, n_kv_heads=8)
    2.0
    """
    require_whole(n_gpus=n_gpus, n_kv_heads=n_kv_heads)
    return scalar_or_array(np.maximum(1.0, np.asarray(n_gpus) / n_kv_heads))


def sequences_that_fit(
    *,
    n_gpus: Numeric,
    memory_bytes: Numeric,
    usable: Numeric,
    weights_bytes: Numeric,
    workspace_bytes: Numeric,
    sequence_bytes: Numeric,
) -> Numeric:
    r"""Sequences whose whole cache fits beside the weights.

    .. math:: B_\mathrm{max} = \left\lfloor
        \frac{n \, M \, u - M_w - M_\mathrm{work}}{M_\mathrm{seq}} \right\rfloor

    Zero is an answer: the model does not fit.

    Parameters
    ----------
    n_gpus
        GPUs of one replica, :math:`n`. [-]
    memory_bytes
        Memory of one GPU, :math:`M`. [B]
    usable
        Share of it that the engine may use, :math:`u`. [0 to 1]
    weights_bytes
        All weights, :math:`M_w`. [B]
    workspace_bytes
        Activations and buffers on all GPUs together. [B]
    sequence_bytes
        Cache of one sequence at its longest, copies included. [B]

    Returns
    -------
    Numeric
        Whole sequences, zero where the weights alone are too large. [-]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] W. Kwon et al., "Efficient Memory Management for Large Language Model Serving with
       PagedAttention", 2023, figure 1, arXiv:2309.06180

    Examples
    --------
    >>> sequences_that_fit(n_gpus=8, memory_bytes=80e9, usable=1.0, weights_bytes=140e9,
    ...                    workspace_bytes=0, sequence_bytes=327680 * 4096)
    372.0
    """
    require_whole(n_gpus=n_gpus)
    require_share(usable=usable)
    require_positive(memory_bytes=memory_bytes, weights_bytes=weights_bytes, sequence_bytes=sequence_bytes)
    require_not_negative(workspace_bytes=workspace_bytes)
    room = np.asarray(n_gpus) * memory_bytes * usable - weights_bytes - workspace_bytes
    return scalar_or_array(np.maximum(0.0, np.floor(room / sequence_bytes)))
