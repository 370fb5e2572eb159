"""What the neighbours of a request add to its times, in a closed loop of clients."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    scalar_or_array,
)
from breakeven.formulas.parts import Engine


def closed_loop(
    *,
    engine: Engine,
    read_s: Numeric,
    step_s: Numeric,
    token_s: Numeric,
    completion_tokens: Numeric,
    batch: Numeric,
    clients: Numeric,
) -> tuple[Numeric, Numeric]:
    r"""Time to the first token and between tokens while every client sends again as soon as it is answered.

    .. math:: \mathrm{TTFT} = t_p + k \, t_d + t_1 + \left(1 - \tfrac{1}{B}\right) (k_b t_d + t_b)
        + q (B - 1) t_p + T \max\left(\frac{K}{B} - 1, 0\right), \qquad T = C t_d + B t_p
    .. math:: \mathrm{TPOT} = t_d + \frac{B - 1}{C} \left(1 - q \frac{B t_p}{T}\right) t_p

    A request finds the share q (``queue_share``) of its neighbours' prompts before its own, waits
    :math:`k_b` steps (``busy_steps``) and a time :math:`t_b` (``busy_fixed_s``) more than alone, and for a
    place where there are more clients K than sequences B that run. While it decodes, its neighbours'
    prompts are read in between; those of requests that still wait slow nobody.

    Parameters
    ----------
    engine
        ``first_token_steps`` k, ``ttft_fixed_s`` :math:`t_1`, ``busy_steps``, ``busy_fixed_s``,
        ``queue_share``.
    read_s
        Prefill of one prompt, :math:`t_p`. [s]
    step_s, token_s
        One round of decoding at that batch, and the same over the tokens that it yields,
        :math:`t_d`. [s]
    completion_tokens
        :math:`C`. [tokens]
    batch
        Sequences that run together, :math:`B`. [-]
    clients
        Clients, :math:`K`. [-]

    Returns
    -------
    tuple
        (TTFT, TPOT), both growing with the batch where the step does. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Own derivation: Little's law over the places, :math:`X = B / T`, and the mean over the run of a
       closed loop whose clients start together, as InferenceX and vLLM's ``bench serve`` measure.

    Examples
    --------
    Eight clients, prompts of 100 ms, a tenth of the neighbours' before one's own, steps of 10 ms:

    >>> ttft_s, tpot_s = closed_loop(engine=Engine(queue_share=0.1), read_s=0.1, step_s=0.01, token_s=0.01,
    ...                              completion_tokens=100, batch=8, clients=8)
    >>> round(ttft_s, 3), round(tpot_s, 4)
    (0.18, 0.0167)
    """
    require_positive(batch=batch, clients=clients, completion_tokens=completion_tokens)
    require_not_negative(
        busy_steps=engine.busy_steps, busy_fixed_s=engine.busy_fixed_s, queue_share=engine.queue_share
    )
    if np.any(np.asarray(engine.queue_share) > 1):
        raise ValueError(f"queue_share must be at most 1, got {engine.queue_share}")
    together, share = np.asarray(batch, dtype=float), np.asarray(engine.queue_share)
    others, read = together - 1, np.asarray(read_s)
    turn = completion_tokens * np.asarray(token_s) + together * read
    busy_s = (engine.busy_steps * np.asarray(step_s) + engine.busy_fixed_s) * (1 - 1 / together)
    place = turn * np.maximum(clients / together - 1, 0.0)
    own_s = read + engine.first_token_steps * step_s + engine.ttft_fixed_s
    ttft = own_s + busy_s + share * others * read + place
    tpot = token_s + others / completion_tokens * (1 - share * together * read / turn) * read
    return scalar_or_array(ttft), scalar_or_array(tpot)


def running(*, fit: Numeric, clients: Numeric, prompt_tokens: Numeric, completion_tokens: Numeric) -> Numeric:
    r"""Sequences that run together out of so many clients, in continuous batching.

    .. math:: B = \min\left(K, B_\mathrm{max}, \max\left(1, S \frac{C}{N}\right)\right)

    A step takes S tokens of prompts at most (:data:`STEP_TOKENS`). A sequence leaves after C steps, so
    that more than S C / N of them cannot be fed; the others wait for their prefill.

    Parameters
    ----------
    fit
        Sequences that fit in memory, :math:`B_\mathrm{max}`. [-]
    clients
        :math:`K`. [-]
    prompt_tokens, completion_tokens
        :math:`N` and :math:`C`. [tokens]

    Returns
    -------
    Numeric
        Sequences, at least 1. [-]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] vLLM, ``max_num_batched_tokens``; SGLang, ``chunked_prefill_size``: both 8,192 on data-centre GPUs

    Examples
    --------
    256 clients with prompts of 4,000 tokens and answers of 16, 8,192 x 16 / 4,000:

    >>> running(fit=1000, clients=256, prompt_tokens=4000, completion_tokens=16)
    32.768
    """
    require_not_negative(fit=fit)
    require_positive(clients=clients, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
    fed = np.maximum(1.0, STEP_TOKENS * np.asarray(completion_tokens, dtype=float) / prompt_tokens)
    return scalar_or_array(np.maximum(1.0, np.minimum(np.minimum(clients, fit), fed)))


STEP_TOKENS = 8192
"""Tokens that one step takes at most. [tokens]"""
