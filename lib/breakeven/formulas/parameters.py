"""How many weights a transformer has, by what a step does with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from breakeven.formulas._domain import require_not_negative, require_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterCounts:
    """Weights of one model, sorted by when they are read."""

    total: int
    """All weights. [-]"""
    active: int
    """Weights that one token meets, as publishers count them: all but the experts it skips. [-]"""
    input_embedding: int
    """Weights that are only looked up, a row a token; 0 where the output head is the same matrix. [-]"""
    active_linear: int
    """Weights that one token is multiplied with: ``active`` less the look-up table. [-]"""
    routed: int
    """All routed experts of all layers together; 0 for a dense model. [-]"""
    shared: int
    """Weights that every step reads: neither routed nor a look-up table. [-]"""


def attention_weights(
    *,
    hidden: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    mla_kv_lora_rank: int | None = None,
    mla_q_lora_rank: int | None = None,
    mla_qk_nope_dim: int | None = None,
    mla_qk_rope_dim: int | None = None,
    mla_v_head_dim: int | None = None,
) -> int:
    r"""Projections of one attention layer: query, key, value and output.

    .. math::
        P_\mathrm{attn} = d\,d_h\,(2 H + 2 H_\mathrm{kv})

        P_\mathrm{attn}^\mathrm{MLA} = r_q\,(d + H d_{qk}) + d\,(r_\mathrm{kv} + d_\mathrm{rope})
            + r_\mathrm{kv}\,H\,(d_\mathrm{nope} + d_v) + H d_v\,d

    Parameters
    ----------
    hidden
        Width of the residual stream, :math:`d`. [-]
    n_heads, n_kv_heads
        Query heads :math:`H` and key/value heads :math:`H_\mathrm{kv}`. [-]
    head_dim
        Width of one head, :math:`d_h`; not used for latent attention. [-]
    mla_kv_lora_rank, mla_q_lora_rank
        Widths of the compressed key/value :math:`r_\mathrm{kv}` and query :math:`r_q`, or None. [-]
    mla_qk_nope_dim, mla_qk_rope_dim, mla_v_head_dim
        Parts of a head without and with position, and width of a value head. [-]

    Returns
    -------
    int
        Weights of one layer, norms and biases left out. [-]

    Raises
    ------
    ValueError
        If latent attention lacks a dimension.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V2", 2024, section 2.1.2, arXiv:2405.04434

    Examples
    --------
    >>> attention_weights(hidden=8192, n_heads=64, n_kv_heads=8, head_dim=128)
    150994944
    """
    if mla_kv_lora_rank is None:
        return hidden * head_dim * (2 * n_heads + 2 * n_kv_heads)
    if mla_qk_nope_dim is None or mla_qk_rope_dim is None or mla_v_head_dim is None:
        raise ValueError(
            "latent attention needs mla_qk_nope_dim, mla_qk_rope_dim and mla_v_head_dim, "
            f"got {mla_qk_nope_dim}, {mla_qk_rope_dim} and {mla_v_head_dim}"
        )
    require_whole(
        mla_kv_lora_rank=mla_kv_lora_rank,
        mla_qk_nope_dim=mla_qk_nope_dim,
        mla_v_head_dim=mla_v_head_dim,
    )
    require_not_negative(mla_qk_rope_dim=mla_qk_rope_dim)
    query_width = n_heads * (mla_qk_nope_dim + mla_qk_rope_dim)
    if mla_q_lora_rank is None:
        query = hidden * query_width
    else:
        require_whole(mla_q_lora_rank=mla_q_lora_rank)
        query = mla_q_lora_rank * (hidden + query_width)
    compress = hidden * (mla_kv_lora_rank + mla_qk_rope_dim)
    expand = mla_kv_lora_rank * n_heads * (mla_qk_nope_dim + mla_v_head_dim)
    output = n_heads * mla_v_head_dim * hidden
    return query + compress + expand + output


class _Experts(NamedTuple):
    """Weights of all mixture layers together; zeros for a dense model. [-]"""

    routed: int = 0
    active: int = 0
    every_step: int = 0


def _expert_weights(
    *,
    n_layers: int,
    n_dense_layers: int,
    hidden: int,
    ffn_matrices: int,
    n_experts: int,
    experts_per_tok: int | None,
    n_shared_experts: int,
    moe_ffn_dim: int | None,
) -> _Experts:
    """Routed experts, those that one token uses, and the shared ones with the routers. [-]"""
    if experts_per_tok is None or moe_ffn_dim is None:
        raise ValueError(
            "a mixture of experts needs experts_per_tok and moe_ffn_dim, "
            f"got {experts_per_tok} and {moe_ffn_dim}"
        )
    require_whole(n_experts=n_experts, experts_per_tok=experts_per_tok, moe_ffn_dim=moe_ffn_dim)
    if experts_per_tok > n_experts:
        raise ValueError(f"experts_per_tok must be at most n_experts {n_experts}, got {experts_per_tok}")
    require_not_negative(n_dense_layers=n_dense_layers, n_shared_experts=n_shared_experts)
    if n_dense_layers > n_layers:
        raise ValueError(f"n_dense_layers must be at most n_layers {n_layers}, got {n_dense_layers}")
    layers = n_layers - n_dense_layers
    expert = ffn_matrices * hidden * moe_ffn_dim
    return _Experts(
        routed=layers * n_experts * expert,
        active=layers * experts_per_tok * expert,
        every_step=layers * (n_shared_experts * expert + n_experts * hidden),
    )


def parameter_counts(
    *,
    n_layers: int,
    hidden: int,
    ffn_dim: int | None,
    ffn_matrices: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    vocab: int,
    tied_embeddings: bool,
    mla_kv_lora_rank: int | None = None,
    mla_q_lora_rank: int | None = None,
    mla_qk_nope_dim: int | None = None,
    mla_qk_rope_dim: int | None = None,
    mla_v_head_dim: int | None = None,
    n_experts: int | None = None,
    experts_per_tok: int | None = None,
    n_shared_experts: int | None = None,
    moe_ffn_dim: int | None = None,
    n_dense_layers: int | None = None,
) -> ParameterCounts:
    r"""Weights of a decoder-only transformer from its dimensions.

    .. math::
        P = (2 - t)\,V d + L\,P_\mathrm{attn} + L_\mathrm{dense}\,m\,d\,f
            + L_\mathrm{moe}\,\bigl(d E + (E + S)\,m\,d\,f_\mathrm{moe}\bigr)

        P_\mathrm{attn} = d\,d_h\,(2 H + 2 H_\mathrm{kv})

        P_\mathrm{attn}^\mathrm{MLA} = r_q\,(d + H d_{qk}) + d\,(r_\mathrm{kv} + d_\mathrm{rope})
            + r_\mathrm{kv}\,H\,(d_\mathrm{nope} + d_v) + H d_v\,d

    with t = 1 for tied embeddings and 0 otherwise,
    :math:`d_{qk} = d_\mathrm{nope} + d_\mathrm{rope}`, and
    :math:`L_\mathrm{moe} = L - L_\mathrm{dense}`. A token meets
    :math:`P_a = P - P_\mathrm{routed}\,(1 - k/E)` of them. Running attention
    and feed-forward in parallel (Falcon, GPT-J) changes the order, not the count.

    Parameters
    ----------
    n_layers
        Transformer layers, :math:`L`. [-]
    hidden
        Width of the residual stream, :math:`d`. [-]
    ffn_dim
        Width of a dense feed-forward block, :math:`f`; None where no layer has one. [-]
    ffn_matrices
        Matrices in one feed-forward block, :math:`m`: 3 gated, 2 plain. [-]
    n_heads
        Query heads, :math:`H`. [-]
    n_kv_heads
        Key/value heads, :math:`H_\mathrm{kv}`. [-]
    head_dim
        Width of one head, :math:`d_h`; need not be :math:`d/H`; not used for latent attention. [-]
    vocab
        Rows of the embedding table, :math:`V`. [-]
    tied_embeddings
        Input embedding and output head are one matrix.
    mla_kv_lora_rank
        Width of the compressed key/value vector, :math:`r_\mathrm{kv}`; None: no latent attention. [-]
    mla_q_lora_rank
        Width of the compressed query, :math:`r_q`; None: the query is not compressed. [-]
    mla_qk_nope_dim
        Part of a query/key head without position, :math:`d_\mathrm{nope}`. [-]
    mla_qk_rope_dim
        Part of a query/key head with position, :math:`d_\mathrm{rope}`. [-]
    mla_v_head_dim
        Width of a value head, :math:`d_v`. [-]
    n_experts
        Routed experts of one layer, :math:`E`; None: a dense model. [-]
    experts_per_tok
        Routed experts that one token uses, :math:`k`. [-]
    n_shared_experts
        Experts that every token uses, as wide as a routed one, :math:`S`. [-]
    moe_ffn_dim
        Width of one expert, :math:`f_\mathrm{moe}`. [-]
    n_dense_layers
        Layers of a mixture of experts whose feed-forward block is dense, :math:`L_\mathrm{dense}`. [-]

    Returns
    -------
    ParameterCounts
        Total, active, and what a step reads. [-]

    Raises
    ------
    ValueError
        If a dimension is not a whole number of at least 1, if a needed one is
        missing, or if there are more active experts or dense layers than there are.

    Notes
    -----
    Left out, together well under 1 % of any model here: norms, biases, learned
    positions, the indexer of sparse attention. Not valid for linear-attention
    layers, or where layers differ in their heads.

    References
    ----------
    .. [1] J. Kaplan et al., "Scaling Laws for Neural Language Models", 2020, table 1, arXiv:2001.08361
    .. [2] DeepSeek-AI, "DeepSeek-V2", 2024, sections 2.1.2 and 2.2.1, equations 9 to 22, arXiv:2405.04434
    .. [3] A. Jiang et al., "Mixtral of Experts", 2024, section 2.1 (total against active), arXiv:2401.04088

    Examples
    --------
    Llama 2 70B, 68.98 billion:

    >>> counts = parameter_counts(n_layers=80, hidden=8192, ffn_dim=28672, ffn_matrices=3, n_heads=64,
    ...                           n_kv_heads=8, head_dim=128, vocab=32000, tied_embeddings=False)
    >>> counts.total
    68975329280
    >>> counts.total - counts.active_linear == 32000 * 8192
    True
    """
    require_whole(
        n_layers=n_layers,
        hidden=hidden,
        ffn_matrices=ffn_matrices,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        head_dim=head_dim,
        vocab=vocab,
    )
    attention = attention_weights(
        hidden=hidden,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        head_dim=head_dim,
        mla_kv_lora_rank=mla_kv_lora_rank,
        mla_q_lora_rank=mla_q_lora_rank,
        mla_qk_nope_dim=mla_qk_nope_dim,
        mla_qk_rope_dim=mla_qk_rope_dim,
        mla_v_head_dim=mla_v_head_dim,
    )

    dense_layers = n_layers
    experts = _Experts()
    if n_experts is not None:
        dense_layers = n_dense_layers or 0
        experts = _expert_weights(
            n_layers=n_layers,
            n_dense_layers=dense_layers,
            hidden=hidden,
            ffn_matrices=ffn_matrices,
            n_experts=n_experts,
            experts_per_tok=experts_per_tok,
            n_shared_experts=n_shared_experts or 0,
            moe_ffn_dim=moe_ffn_dim,
        )

    dense_ffn = 0
    if dense_layers:
        if ffn_dim is None:
            raise ValueError(f"ffn_dim is needed for {dense_layers} dense layers, got None")
        require_whole(ffn_dim=ffn_dim)
        dense_ffn = dense_layers * ffn_matrices * hidden * ffn_dim

    # A tied matrix is the output head of every step; only an untied input table is never multiplied with.
    input_embedding = 0 if tied_embeddings else vocab * hidden
    output_head = vocab * hidden
    shared = output_head + n_layers * attention + dense_ffn + experts.every_step
    return ParameterCounts(
        total=input_embedding + shared + experts.routed,
        active=input_embedding + shared + experts.active,
        input_embedding=input_embedding,
        active_linear=shared + experts.active,
        routed=experts.routed,
        shared=shared,
    )
