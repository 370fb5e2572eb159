"""Speculative decoding: what a round of drafting and verifying takes and yields."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_whole,
    scalar_or_array,
)
from breakeven.formulas.parts import Speculation
from breakeven.formulas.step import StepTime


def round_of(
    verification_s: Numeric, plain_step_s: Numeric, speculation: Speculation
) -> tuple[Numeric, Numeric]:
    r"""Time of one round of drafting and verifying, and of one token of it.

    .. math:: t_\mathrm{round} = t_\mathrm{verify} + k \, d \, t_\mathrm{step}, \quad
        \mathrm{TPOT} = t_\mathrm{round} \, \frac{1 - a}{1 - a^{k+1}}

    Parameters
    ----------
    verification_s
        Step of the model that checks the drafts. [s]
    plain_step_s
        Step that adds one token without drafts. [s]
    speculation
        Drafts :math:`k`, acceptance :math:`a`, and the draft model's share :math:`d` of a step.

    Returns
    -------
    tuple
        Time of the round, and of one token. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Y. Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", 2023,
       theorem 3.8, arXiv:2211.17192

    Examples
    --------
    >>> round_of(0.03, 0.03, Speculation(drafts=3, acceptance=0.0, draft_share=0.1))
    (0.039, 0.039)
    """
    draft_s = speculation.draft_share * plain_step_s
    token_s = speculative_tpot(
        verification_s=verification_s,
        draft_s=draft_s,
        acceptance=speculation.acceptance,
        drafts=speculation.drafts,
    )
    return verification_s + speculation.drafts * draft_s, token_s


def reading_s(prefill: StepTime, speculation: Speculation | None) -> Numeric:
    r"""Time of a prefill; a draft model reads the prompt as well.

    .. math:: t = t_\mathrm{prefill} \, (1 + d)

    Parameters
    ----------
    prefill
        The step. [s]
    speculation
        Holds the draft model's share :math:`d` of a step; None: no drafts.

    Returns
    -------
    Numeric
        Both models together. [s]

    Raises
    ------
    ValueError
        Never; the arguments were checked where they were made.

    References
    ----------
    .. [1] Own derivation: the draft model is a share of the model in work and weights alike.

    Examples
    --------
    >>> step = StepTime(
    ...     linear_compute_s=0.1, linear_memory_s=0.0, attention_compute_s=0.0, attention_memory_s=0.0,
    ...     link_s=0.0, fixed_s=0.0,
    ... )
    >>> round(reading_s(step, Speculation(drafts=3, acceptance=0.5, draft_share=0.1)), 9)
    0.11
    """
    return prefill.total_s * (1.0 if speculation is None else 1 + speculation.draft_share)


def expected_tokens_per_verification(*, acceptance: Numeric, drafts: Numeric) -> Numeric:
    r"""Tokens that one verification step of speculative decoding yields.

    .. math:: E = \frac{1 - a^{k+1}}{1 - a}, \qquad E = k + 1 \text{ for } a = 1

    Parameters
    ----------
    acceptance
        Probability that a drafted token is accepted, :math:`a`. [0 to 1]
    drafts
        Drafted tokens per step, :math:`k`. [-]

    Returns
    -------
    Numeric
        Expected tokens. [-]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Y. Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", 2023,
       equation 1, arXiv:2211.17192

    Examples
    --------
    >>> expected_tokens_per_verification(acceptance=0.5, drafts=1)
    1.5
    """
    require_whole(drafts=drafts)
    a = np.asarray(acceptance, dtype=float)
    if not np.all((a >= 0) & (a <= 1)):
        raise ValueError(f"acceptance must be between 0 and 1, got {acceptance}")
    with np.errstate(divide="ignore", invalid="ignore"):
        tokens = (1 - a ** (np.asarray(drafts) + 1)) / (1 - a)
    return scalar_or_array(np.where(a < 1, tokens, np.asarray(drafts) + 1.0))


def speculative_tpot(
    *, verification_s: Numeric, draft_s: Numeric, acceptance: Numeric, drafts: Numeric
) -> Numeric:
    r"""Time per output token with speculative decoding.

    .. math:: \mathrm{TPOT} = \frac{t_\mathrm{verify} + k \, t_\mathrm{draft}}{E}

    Parameters
    ----------
    verification_s
        One step of the large model over the drafted tokens. [s]
    draft_s
        One step of the draft model. [s]
    acceptance
        Probability that a drafted token is accepted. [0 to 1]
    drafts
        Drafted tokens per step, :math:`k`. [-]

    Returns
    -------
    Numeric
        Time per token. [s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Y. Leviathan et al., 2023, theorem 3.8 (with c the draft's share of a step), arXiv:2211.17192

    Examples
    --------
    Two tokens expected from a step and one draft that together take 12 ms:

    >>> speculative_tpot(verification_s=0.010, draft_s=0.002, acceptance=1.0, drafts=1)
    0.006
    """
    require_positive(verification_s=verification_s)
    require_not_negative(draft_s=draft_s)
    expected = expected_tokens_per_verification(acceptance=acceptance, drafts=drafts)
    return (verification_s + drafts * draft_s) / expected
