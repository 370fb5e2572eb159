"""Memory of training: weights, gradients, optimiser, activations, and the fewest GPUs that hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    require_whole,
    scalar_or_array,
)

RECOMPUTATIONS = ("none", "selective", "full")
"""Activations that are computed again, not kept: none, the attention scores, all but a layer's input."""
ZERO_STAGES = (0, 1, 2, 3)
"""What data-parallel GPUs share out: nothing, the optimiser, gradients too, weights too."""
NF4_BYTES = (4 + 0.127) / 8
"""4-bit NormalFloat with doubly quantised constants, 0.127 bit a weight. [B] (T. Dettmers et al.,
"QLoRA", 2023, section 3, arXiv:2305.14314)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateBytes:
    """Memory of one GPU by what it holds, activations apart. [B]"""

    weights: Numeric
    gradients: Numeric
    optimiser: Numeric

    @property
    def total(self) -> Numeric:
        """All three. [B]"""
        return self.weights + self.gradients + self.optimiser


def state_bytes(
    *,
    params: Numeric,
    weight_bytes: Numeric,
    gradient_bytes: Numeric,
    optimiser_bytes: Numeric,
    zero_stage: int,
    data_parallel: Numeric,
    tensor_parallel: Numeric = 1,
) -> StateBytes:
    r"""Weights, gradients and optimiser state on one GPU.

    .. math:: M = \frac{P}{t} \left(\frac{b_w}{n_3} + \frac{b_g}{n_2} + \frac{b_o}{n_1}\right),
        \quad n_z = n \text{ from stage } z \text{ on, else } 1

    Parameters
    ----------
    params
        Parameters that are trained, :math:`P`; for frozen weights pass no gradient and no optimiser. [-]
    weight_bytes, gradient_bytes, optimiser_bytes
        Storage per parameter; AdamW in mixed precision takes 2, 2 and 12: a copy, mean and variance in
        fp32. [B]
    zero_stage
        0 copies all on every data-parallel GPU, 1 shares out the optimiser, 2 the gradients too,
        3 the weights too (FSDP). [-]
    data_parallel
        GPUs that train on different data, :math:`n`. [-]
    tensor_parallel
        GPUs that share each layer, :math:`t`. [-]

    Returns
    -------
    StateBytes
        Memory of one GPU. [B]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
       2020, section 5 and table 1, arXiv:1910.02054

    Examples
    --------
    7.5B parameters on 64 GPUs, stage 2 (figure 1 of the paper: 16.6 GB):

    >>> memory = state_bytes(params=7.5e9, weight_bytes=2, gradient_bytes=2, optimiser_bytes=12,
    ...                      zero_stage=2, data_parallel=64)
    >>> round(memory.total / 1e9, 1)
    16.6
    """
    require_not_negative(
        params=params,
        weight_bytes=weight_bytes,
        gradient_bytes=gradient_bytes,
        optimiser_bytes=optimiser_bytes,
    )
    require_whole(data_parallel=data_parallel, tensor_parallel=tensor_parallel)
    if zero_stage not in ZERO_STAGES:
        raise ValueError(f"zero_stage must be 0, 1, 2 or 3, got {zero_stage}")
    own = params / tensor_parallel

    def shared(stage: int) -> Numeric:
        return data_parallel if zero_stage >= stage else 1

    return StateBytes(
        weights=own * weight_bytes / shared(3),
        gradients=own * gradient_bytes / shared(2),
        optimiser=own * optimiser_bytes / shared(1),
    )


def activation_bytes(
    *,
    n_layers: Numeric,
    hidden: Numeric,
    n_heads: Numeric,
    sequence_tokens: Numeric,
    micro_batch: Numeric,
    recomputation: str,
    tensor_parallel: Numeric = 1,
    sequence_parallel: bool = False,
) -> Numeric:
    r"""Activations that one GPU keeps for the backward pass, 16-bit.

    .. math::
        \text{none:} & \quad s b h L \left(10 + \frac{24}{t} + \frac{5 a s}{h t}\right) \\
        \text{selective:} & \quad s b h L \left(10 + \frac{24}{t}\right) \\
        \text{full:} & \quad 2 s b h L

    With sequence parallelism the 10 is shared out too: :math:`34/t`. FlashAttention keeps no scores, which
    is the selective form. Pipeline stages keep as much at the first stage, for the micro-batches in flight.

    Parameters
    ----------
    n_layers
        Layers, :math:`L`. [-]
    hidden
        Width, :math:`h`. [-]
    n_heads
        Attention heads, :math:`a`. [-]
    sequence_tokens
        Sequence length, :math:`s`. [tokens]
    micro_batch
        Sequences of one pass on one GPU, :math:`b`. [-]
    recomputation
        ``none``, ``selective`` (attention scores again) or ``full`` (only the input of a layer is kept).
    tensor_parallel
        GPUs that share each layer, :math:`t`. [-]
    sequence_parallel
        Norms and dropouts are shared out along the sequence.

    Returns
    -------
    Numeric
        Memory of one GPU. [B]

    Raises
    ------
    ValueError
        If any element is out of domain.

    Notes
    -----
    For a feed-forward width of 4 h and plain attention; gated and grouped layers keep about as much. Of a
    mixture of experts only the active experts of a token count.

    References
    ----------
    .. [1] V. Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models", 2022,
       table 2, arXiv:2205.05198

    Examples
    --------
    >>> activation_bytes(n_layers=1, hidden=12288, n_heads=96, sequence_tokens=2048, micro_batch=1,
    ...                  recomputation="none") / (2048 * 12288)
    114.0
    """
    require_positive(
        n_layers=n_layers,
        hidden=hidden,
        n_heads=n_heads,
        sequence_tokens=sequence_tokens,
        micro_batch=micro_batch,
    )
    require_whole(tensor_parallel=tensor_parallel)
    unit = sequence_tokens * micro_batch * hidden * n_layers
    if recomputation == "full":
        return unit * 2
    layer = 34 / tensor_parallel if sequence_parallel else 10 + 24 / tensor_parallel
    if recomputation == "selective":
        return unit * layer
    if recomputation == "none":
        return unit * (layer + 5 * n_heads * sequence_tokens / (hidden * tensor_parallel))
    raise ValueError(f"recomputation must be one of {', '.join(RECOMPUTATIONS)}, got {recomputation}")


def logits_bytes(
    *,
    hidden: Numeric,
    vocab: Numeric,
    sequence_tokens: Numeric,
    micro_batch: Numeric,
    tensor_parallel: Numeric = 1,
) -> Numeric:
    r"""Activations after the last layer: norm, output head and logits in fp32.

    .. math:: \frac{4 s b h}{t} \left(1 + \frac{V}{h}\right)

    Parameters
    ----------
    hidden
        Width, :math:`h`. [-]
    vocab
        Rows of the output head, :math:`V`. [-]
    sequence_tokens
        Sequence length, :math:`s`. [tokens]
    micro_batch
        Sequences of one pass on one GPU, :math:`b`. [-]
    tensor_parallel
        GPUs that share the head, :math:`t`. [-]

    Returns
    -------
    Numeric
        Memory of one GPU. [B]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] V. Korthikanti et al., 2022, section 4.3, arXiv:2205.05198

    Examples
    --------
    >>> logits_bytes(hidden=8192, vocab=32000, sequence_tokens=1, micro_batch=1)
    160768.0
    """
    require_positive(hidden=hidden, vocab=vocab, sequence_tokens=sequence_tokens, micro_batch=micro_batch)
    require_whole(tensor_parallel=tensor_parallel)
    return 4 * sequence_tokens * micro_batch * (hidden + vocab) / tensor_parallel


def adapter_params(*, rank: Numeric, inputs: Numeric, outputs: Numeric, matrices: Numeric = 1) -> Numeric:
    r"""Parameters of the adapters of a low-rank tuning.

    .. math:: P_\ell = m \, r \, (d_\mathrm{in} + d_\mathrm{out})

    Parameters
    ----------
    rank
        Rank, :math:`r`. [-]
    inputs, outputs
        Sides of the adapted matrix, :math:`d_\mathrm{in}` and :math:`d_\mathrm{out}`. [-]
    matrices
        Adapted matrices of these sides in the model, :math:`m`. [-]

    Returns
    -------
    Numeric
        Parameters. [-]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] E. Hu et al., "LoRA", 2021, section 4.2, arXiv:2106.09685

    Examples
    --------
    Query and value of GPT-3 at rank 8 (table 4 of the paper: 37.7M):

    >>> adapter_params(rank=8, inputs=12288, outputs=12288, matrices=2 * 96)
    37748736
    """
    require_whole(rank=rank)
    require_positive(inputs=inputs, outputs=outputs)
    require_not_negative(matrices=matrices)
    return matrices * rank * (inputs + outputs)


def fewest_training_gpus(
    *,
    memory_bytes: Numeric,
    usable: Numeric,
    kept_bytes: Numeric,
    shared_bytes: Numeric,
    tensor_parallel: Numeric = 1,
) -> Numeric:
    r"""Fewest GPUs whose memory holds a training step.

    .. math:: n = t \left\lceil \frac{M_\mathrm{shared}}{M u - M_\mathrm{kept}} \right\rceil

    Parameters
    ----------
    memory_bytes
        Memory of one GPU, :math:`M`. [B]
    usable
        Share of it that training may use, :math:`u`. [0 to 1]
    kept_bytes
        What every GPU keeps whatever their number: activations, and the states that ZeRO leaves. [B]
    shared_bytes
        What ZeRO shares out over data-parallel GPUs, of one tensor-parallel part. [B]
    tensor_parallel
        GPUs that share each layer, :math:`t`. [-]

    Returns
    -------
    Numeric
        GPUs, a whole number; infinite where no number is enough. [-]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Own derivation: the sum of :func:`state_bytes` and :func:`activation_bytes` set to the usable
       memory, solved for the data-parallel GPUs.

    Examples
    --------
    >>> fewest_training_gpus(memory_bytes=80e9, usable=0.9, kept_bytes=2e9, shared_bytes=7.5e9 * 16)
    2.0
    """
    require_positive(memory_bytes=memory_bytes)
    require_share(usable=usable)
    require_not_negative(kept_bytes=kept_bytes, shared_bytes=shared_bytes)
    require_whole(tensor_parallel=tensor_parallel)
    room = np.asarray(memory_bytes, dtype=float) * usable - kept_bytes
    with np.errstate(divide="ignore", invalid="ignore"):
        copies = np.where(room > 0, np.ceil(np.asarray(shared_bytes) / room), np.inf)
    return scalar_or_array(np.maximum(copies, np.where(room >= 0, 1, np.inf)) * tensor_parallel)
