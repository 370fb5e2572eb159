"""Arithmetic work of a transformer, and the weights that a step touches."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import Numeric, require_not_negative, require_positive, scalar_or_array


def linear_flop(*, tokens: Numeric, active_params: Numeric) -> Numeric:
    r"""Work of all matrix multiplications with weights.

    .. math:: F_\mathrm{linear} = 2 \, P_a \, T

    One multiplication and one addition per weight and token.

    Parameters
    ----------
    tokens
        Tokens processed, :math:`T`. [tokens]
    active_params
        Weights that one token meets, :math:`P_a`; the input embedding is a
        look-up and stays out. [-]

    Returns
    -------
    Numeric
        Work. [FLOP]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] J. Kaplan et al., "Scaling Laws for Neural Language Models", 2020, table 1, arXiv:2001.08361

    Examples
    --------
    >>> linear_flop(tokens=1, active_params=70e9)
    140000000000.0
    """
    require_not_negative(tokens=tokens)
    require_positive(active_params=active_params)
    return 2 * active_params * tokens


def attention_flop_decode(
    *, n_layers: Numeric, n_heads: Numeric, qk_dim: Numeric, v_dim: Numeric, context_tokens: Numeric
) -> Numeric:
    r"""Attention work of one new token at a given context.

    .. math:: F_\mathrm{attn} = 2 \, L \, H \, (d_{qk} + d_v) \, c

    With :math:`d_{qk} = d_v = d_h` this is :math:`4 L H d_h c`.

    Parameters
    ----------
    n_layers
        Layers that attend to this context, :math:`L`. [-]
    n_heads
        Query heads, :math:`H`. [-]
    qk_dim
        Width of a query and key, :math:`d_{qk}`. [-]
    v_dim
        Width of a value, :math:`d_v`. [-]
    context_tokens
        Tokens attended to, :math:`c`. [tokens]

    Returns
    -------
    Numeric
        Work. [FLOP]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] A. Sanger, "Why GPT-3.5 is (mostly) cheaper than Llama 2", 2023 (4 d_model n_layer N),
       https://cursor.com/blog/llama-inference

    Examples
    --------
    Sanger's formula with the true width 8192 (he printed 4096):

    >>> attention_flop_decode(n_layers=80, n_heads=64, qk_dim=128, v_dim=128, context_tokens=8192)
    21474836480
    """
    require_not_negative(n_layers=n_layers, context_tokens=context_tokens)
    require_positive(n_heads=n_heads, qk_dim=qk_dim, v_dim=v_dim)
    return 2 * n_layers * n_heads * (qk_dim + v_dim) * context_tokens


def attended_pairs(*, prompt_tokens: Numeric, window_tokens: Numeric = np.inf) -> Numeric:
    r"""Query-key pairs of a causal prefill, within a window.

    .. math:: A = \tfrac12 N^2 \;(N \le w), \qquad A = w N - \tfrac12 w^2 \;(N > w)

    Parameters
    ----------
    prompt_tokens
        Prompt length, :math:`N`. [tokens]
    window_tokens
        Window, :math:`w`; infinite for full attention. [tokens]

    Returns
    -------
    Numeric
        Pairs, the diagonal counted by half. [-]

    Raises
    ------
    ValueError
        If ``prompt_tokens`` is out of domain or the window is negative.

    References
    ----------
    .. [1] Own derivation: the area under :math:`\min(i, w)` from 0 to N. With full attention,
       4 L H d_h A is the usual 2 L H d_h N^2.

    Examples
    --------
    >>> attended_pairs(prompt_tokens=8192, window_tokens=4096)
    25165824.0
    """
    require_not_negative(prompt_tokens=prompt_tokens)
    if np.any(np.isnan(window_tokens)) or np.any(np.asarray(window_tokens) < 0):
        raise ValueError(f"window_tokens must be zero or more, got {window_tokens}")
    seen = np.minimum(prompt_tokens, window_tokens)
    return scalar_or_array(seen * (np.asarray(prompt_tokens, dtype=float) - 0.5 * seen))


def touched_weight_bytes(
    *, shared_bytes: Numeric, routed_bytes: Numeric, expert_share: Numeric, tokens: Numeric
) -> Numeric:
    r"""Weights that a step reads when it holds T tokens.

    .. math:: M_\mathrm{touched} = M_\mathrm{shared}
        + M_\mathrm{routed} \left(1 - (1 - k/E)^T\right)

    Parameters
    ----------
    shared_bytes
        Weights that every step reads. [B]
    routed_bytes
        All routed experts together; 0 for a dense model. [B]
    expert_share
        Experts per token over experts, :math:`k/E`. [0 to 1]
    tokens
        Tokens in the step, :math:`T`. [tokens]

    Returns
    -------
    Numeric
        Weights read. [B]

    Raises
    ------
    ValueError
        If any element is out of domain.

    Notes
    -----
    Assumes that tokens choose experts independently and evenly; real routers
    are less even, so small batches touch slightly fewer experts.

    References
    ----------
    .. [1] Own derivation: an expert is missed by one token with probability 1 - k/E.

    Examples
    --------
    >>> touched_weight_bytes(shared_bytes=0, routed_bytes=8.0, expert_share=0.25, tokens=1)
    2.0
    """
    require_not_negative(shared_bytes=shared_bytes, routed_bytes=routed_bytes, tokens=tokens)
    share = np.asarray(expert_share, dtype=float)
    if not np.all((share >= 0) & (share <= 1)):
        raise ValueError(f"expert_share must be between 0 and 1, got {expert_share}")
    return scalar_or_array(shared_bytes + routed_bytes * (1 - (1 - share) ** tokens))
