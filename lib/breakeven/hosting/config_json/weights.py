"""Weights of one recurrent layer of each kind, norms and biases left out."""

from __future__ import annotations


def gated_delta_weights(
    *, hidden: int, key_heads: int, key_dim: int, value_heads: int, value_dim: int, conv_kernel: int
) -> int:
    """Weights of a gated delta net: query, key, value and gate in, two rates a head, convolution, out. [-]

    References
    ----------
    .. [1] S. Yang et al., "Gated Delta Networks", 2024, section 3, arXiv:2412.06464
    .. [2] transformers, src/transformers/models/qwen3_next/modeling_qwen3_next.py, Qwen3NextGatedDeltaNet

    Examples
    --------
    >>> gated_delta_weights(hidden=2048, key_heads=16, key_dim=128, value_heads=32, value_dim=128,
    ...                     conv_kernel=4)
    33718272
    """
    key, value = key_heads * key_dim, value_heads * value_dim
    into = hidden * (2 * key + 2 * value + 2 * value_heads)
    return into + (2 * key + value) * conv_kernel + value * hidden


def kimi_delta_weights(*, hidden: int, heads: int, head_dim: int, conv_kernel: int, full_gate: bool) -> int:
    """Weights of Kimi delta attention: a decay for each channel, its gate of low rank or full. [-]

    References
    ----------
    .. [1] Kimi Team, "Kimi Linear", 2025, section 3, arXiv:2510.26692

    Examples
    --------
    >>> kimi_delta_weights(hidden=2304, heads=32, head_dim=128, conv_kernel=4, full_gate=False)
    39510016
    """
    inner = heads * head_dim
    low_rank = (hidden + inner) * head_dim
    gate = hidden * inner if full_gate else low_rank
    return 4 * hidden * inner + 3 * inner * conv_kernel + low_rank + gate + hidden * heads


def lightning_weights(*, hidden: int, heads: int, head_dim: int) -> int:
    """Weights of lightning attention: query, key, value, output gate and output. [-]

    References
    ----------
    .. [1] MiniMax, "MiniMax-01", 2025, section 2.2, arXiv:2501.08313

    Examples
    --------
    >>> lightning_weights(hidden=6144, heads=64, head_dim=128)
    251658240
    """
    return 5 * hidden * heads * head_dim


def mamba_weights(*, hidden: int, inner: int, state: int, rank: int, conv_kernel: int) -> int:
    """Weights of a Mamba layer: in and gate, convolution, step, B and C, the decays, out. [-]

    References
    ----------
    .. [1] A. Gu, T. Dao, "Mamba", 2023, section 3.4, arXiv:2312.00752

    Examples
    --------
    >>> mamba_weights(hidden=4096, inner=8192, state=16, rank=256, conv_kernel=4)
    105283584
    """
    steps = inner * (rank + 2 * state) + rank * inner
    return 2 * hidden * inner + inner * conv_kernel + steps + inner * state + inner * hidden


def mamba2_weights(*, hidden: int, inner: int, groups: int, state: int, heads: int, conv_kernel: int) -> int:
    """Weights of a Mamba-2 layer: in, gate, B, C and a step a head; convolution; out. [-]

    References
    ----------
    .. [1] T. Dao, A. Gu, "Transformers are SSMs", 2024, section 7.1, arXiv:2405.21060

    Examples
    --------
    >>> mamba2_weights(hidden=2688, inner=4096, groups=8, state=128, heads=64, conv_kernel=4)
    38731776
    """
    mixed = inner + 2 * groups * state
    return hidden * (inner + mixed + heads) + mixed * conv_kernel + inner * hidden


def short_convolution_weights(*, hidden: int, conv_kernel: int) -> int:
    """Weights of a gated short convolution: three inputs, a filter a channel, an output. [-]

    References
    ----------
    .. [1] Liquid AI, "LFM2 Technical Report", 2025, section 2, arXiv:2511.23404

    Examples
    --------
    >>> short_convolution_weights(hidden=2048, conv_kernel=3)
    16783360
    """
    return hidden * (4 * hidden + conv_kernel)
