"""Layers that keep a state of fixed size instead of a cache: what one sequence occupies."""

from __future__ import annotations

from breakeven.formulas._domain import require_not_negative, require_positive, require_whole


def recurrent_state_bytes(
    *, cells: int, bytes_per_cell: float, conv_channels: int, conv_kernel: int, bytes_per_conv: float
) -> float:
    r"""Memory of one sequence in one recurrent layer, however long the sequence is.

    .. math:: M = N\,b + C\,(k - 1)\,b_c

    Parameters
    ----------
    cells
        Numbers of the state, :math:`N`: heads x key width x value width (delta rule, linear attention),
        heads x head width x state width (Mamba-2), inner width x state width (Mamba). [-]
    bytes_per_cell
        Storage of one of them, :math:`b`: 4 where the engine keeps it in fp32. [B]
    conv_channels, conv_kernel
        Channels :math:`C` and length :math:`k` of the short convolution before it, which keeps the
        last k - 1 inputs; 0 channels where there is none. [-]
    bytes_per_conv
        Storage of one of those. [B]

    Returns
    -------
    float
        State of one sequence in one layer. [B]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] vLLM, vllm/model_executor/layers/mamba/mamba_utils.py, MambaStateShapeCalculator
    .. [2] T. Dao, A. Gu, "Transformers are SSMs", 2024, section 7, arXiv:2405.21060

    Examples
    --------
    Qwen3-Next: 32 heads of 128 x 128, convolution over 2 x 16 x 128 + 32 x 128 channels

    >>> recurrent_state_bytes(cells=32 * 128 * 128, bytes_per_cell=4, conv_channels=8192,
    ...                       conv_kernel=4, bytes_per_conv=2)
    2146304
    """
    require_not_negative(cells=cells, conv_channels=conv_channels)
    require_whole(conv_kernel=conv_kernel)
    require_positive(bytes_per_cell=bytes_per_cell, bytes_per_conv=bytes_per_conv)
    return cells * bytes_per_cell + conv_channels * (conv_kernel - 1) * bytes_per_conv
