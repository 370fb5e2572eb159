"""Latency as a cheap function of the batch, for finding the largest batch that holds a target.

A step is affine in the batch but for the weights it touches, so two steps, at batch 1 and 2, say
everything about the others. Evaluating the line costs a tenth of evaluating the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from breakeven.formulas._domain import Numeric
from breakeven.formulas.arrays import Floats
from breakeven.formulas.flops import touched_weight_bytes
from breakeven.formulas.load import closed_loop
from breakeven.formulas.mode import Mode
from breakeven.formulas.modes import MODES
from breakeven.formulas.parts import Engine, ModelShape, Replica, Speculation
from breakeven.formulas.pools import pooled_step
from breakeven.formulas.speculation import reading_s, round_of
from breakeven.formulas.step import StepTime, decode_step, mean_context, prefill_step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """A step at any batch, from its times at batch 1 and 2."""

    one: StepTime
    two: StepTime
    model: ModelShape
    tokens_per_sequence: Numeric
    """Tokens that one sequence adds to the step. [tokens]"""
    expert_mbu: Numeric = 1.0
    """See :class:`breakeven.formulas.parts.Engine`. [0 to 1]"""
    ranks: Numeric = 1.0
    """See :class:`breakeven.formulas.parts.Replica`. [-]"""

    def total_s(self, batch: Floats) -> Floats:
        """Time of the step, equal to ``StepTime.total_s`` at that batch up to rounding. [s]"""
        more = batch - 1

        def affine(name: str) -> Any:
            first = np.asarray(getattr(self.one, name))
            return first + more * (np.asarray(getattr(self.two, name)) - first)

        return np.asarray(
            np.maximum(affine("linear_compute_s"), self._weights_s(batch))
            + np.maximum(affine("attention_compute_s"), affine("attention_memory_s"))
            + affine("link_s")
            + affine("fixed_s")
        )

    def _weights_s(self, batch: Floats) -> Any:
        """Reading the touched weights: the one part that is not affine."""
        if not np.any(self.model.routed_bytes):
            return self.one.linear_memory_s

        def touched(tokens: Any) -> Any:
            return touched_weight_bytes(
                shared_bytes=self.model.shared_bytes,
                routed_bytes=self.model.routed_bytes / (np.asarray(self.expert_mbu) * self.ranks),
                expert_share=self.model.expert_share,
                tokens=tokens * np.asarray(self.ranks),
            )

        tokens = np.asarray(self.tokens_per_sequence)
        return np.asarray(self.one.linear_memory_s) / touched(tokens) * touched(batch * tokens)


def latency_of(
    mode: Mode,
    *,
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    prompt_tokens: Floats,
    completion_tokens: Floats,
    cached_tokens: Floats,
    speculation: Speculation | None = None,
) -> Callable[[Floats], tuple[Floats, Floats]]:
    r"""Give TTFT and TPOT of a serving mode as a function of the batch.

    .. math:: t(B) = t(1) + (B - 1) \, (t(2) - t(1))

    for every part of a step but the weights that a mixture of experts touches.

    Parameters
    ----------
    mode
        Key of :data:`breakeven.formulas.modes.MODES`.
    model, replica, engine
        See :mod:`breakeven.formulas.parts`.
    prompt_tokens, completion_tokens, cached_tokens
        The shape of one request. [tokens]
    speculation
        Tokens are drafted and verified; None: one token a step.

    Returns
    -------
    Callable
        From batches to (TTFT, TPOT), equal to the mode's own at that batch up to rounding. [s]

    Raises
    ------
    ValueError
        If an argument leaves its domain.

    References
    ----------
    .. [1] Own derivation from the modes in :mod:`breakeven.formulas.modes`; the tests compare the two.

    Examples
    --------
    The line through batch 1 and 2 meets the mode itself at batch 8:

    >>> from breakeven.formulas.parts import ARTICLE_ENGINE, ARTICLE_MODEL, ARTICLE_REPLICA
    >>> shape = {"prompt_tokens": np.array([512.0]), "completion_tokens": np.array([512.0]),
    ...          "cached_tokens": np.array([0.0])}
    >>> case = {"model": ARTICLE_MODEL, "replica": ARTICLE_REPLICA, "engine": ARTICLE_ENGINE}
    >>> _, tpot_s = latency_of("continuous", **case, **shape)(np.array([8.0]))
    >>> bool(np.allclose(tpot_s, MODES["continuous"](batch=8, **case, **shape).tpot_s))
    True
    """
    context = mean_context(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)

    def decode_at(batch: int, new_tokens: int = 1) -> StepTime:
        return decode_step(
            model=model,
            replica=replica,
            engine=engine,
            batch=batch,
            context_tokens=context,
            new_tokens=new_tokens,
        )

    def prefill_at(batch: int) -> StepTime:
        return prefill_step(
            model=model,
            replica=replica,
            engine=engine,
            batch=batch,
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
        )

    decode = StepLine(
        one=decode_at(1),
        two=decode_at(2),
        model=model,
        tokens_per_sequence=1,
        expert_mbu=engine.expert_mbu,
        ranks=replica.ranks,
    )
    decoding = _decoding_line(decode, decode_at, speculation)
    alone = prefill_at(1)
    draft_reads = 1.0 if speculation is None else 1 + np.asarray(speculation.draft_share)
    if mode == Mode.STATIC:
        tokens = prompt_tokens - cached_tokens
        prefill = StepLine(
            one=alone,
            two=prefill_at(2),
            model=model,
            tokens_per_sequence=tokens,
            expert_mbu=engine.expert_mbu,
            ranks=replica.ranks,
        )
        return lambda batch: (prefill.total_s(batch) * draft_reads, decoding(batch)[1])
    prefill_s = np.asarray(reading_s(alone, speculation))
    if mode == Mode.CONTINUOUS:

        def together(batch: Floats) -> tuple[Floats, Floats]:
            step_s, token_s = decoding(batch)
            ttft_s, tpot_s = closed_loop(
                engine=engine,
                read_s=prefill_s,
                step_s=step_s,
                token_s=token_s,
                completion_tokens=completion_tokens,
                batch=batch,
                clients=batch,
            )
            return np.asarray(ttft_s), np.asarray(tpot_s)

        return together
    single = MODES[mode](
        model=model,
        replica=replica,
        engine=engine,
        batch=1,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cached_tokens=cached_tokens,
        prefill=alone,
        speculation=speculation,
    )
    # What separate pools take until the first step: prefill, handing over, moving the cache.
    steps = np.asarray(engine.first_token_steps)
    away_s = np.asarray(single.ttft_s) - steps * np.asarray(single.step_s)

    def apart(batch: Floats) -> tuple[Floats, Floats]:
        plain_s, token_s = decoding(batch)
        step_s = np.asarray(pooled_step(engine=engine, step_s=plain_s))
        return away_s + steps * step_s, token_s * (step_s / plain_s)

    return apart


def _decoding_line(
    plain: StepLine, decode_at: Callable[[int, int], StepTime], speculation: Speculation | None
) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Seconds of one round of decoding and of one token, as a function of the batch."""
    if speculation is None:

        def one_token(batch: Floats) -> tuple[Floats, Floats]:
            step_s = plain.total_s(batch)
            return step_s, step_s

        return one_token
    tokens = speculation.drafts + 1
    verify = StepLine(
        one=decode_at(1, tokens),
        two=decode_at(2, tokens),
        model=plain.model,
        tokens_per_sequence=tokens,
        expert_mbu=plain.expert_mbu,
        ranks=plain.ranks,
    )

    def drafted(batch: Floats) -> tuple[Floats, Floats]:
        step_s, token_s = round_of(verify.total_s(batch), plain.total_s(batch), speculation)
        return np.asarray(step_s), np.asarray(token_s)

    return drafted
