"""Every measured row predicted in one pass, as the quantity that was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.rows import OFFLINE, ONLINE, STATIC, Rows
from breakeven.formulas.arrays import Floats
from breakeven.formulas.load import closed_loop
from breakeven.formulas.parts import Engine
from breakeven.formulas.step import StepTime, decode_step, mean_context, prefill_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What the formulas say of each row; one entry a row."""

    ttft_s: Floats
    tpot_s: Floats
    tokens_per_s: Floats
    """Completion tokens per second and GPU."""
    prefill: StepTime
    decode: StepTime
    waiting: NDArray[np.bool_]
    """More clients than run together: the first token waits for a place."""


def predict(rows: Rows, engine: Engine) -> Predicted:
    """Time all rows; the fields of the engine are numbers, or arrays of one entry a row."""
    static = rows.kind == STATIC
    # A step takes so many tokens of prompts at most: with more prompts on their way than the decoding
    # of their answers leaves room for, clients wait for their prefill instead of slowing each other.
    most = np.where(rows.kind == ONLINE, np.maximum(1.0, rows.chunk * rows.completion / rows.prompt), np.inf)
    batch = np.minimum(rows.slots, most)
    context = mean_context(prompt_tokens=rows.prompt, completion_tokens=rows.completion)
    prefill = prefill_step(
        model=rows.model,
        replica=rows.replica,
        engine=engine,
        batch=np.where(static, batch, 1.0),
        prompt_tokens=rows.prompt,
    )
    decode = decode_step(
        model=rows.model, replica=rows.replica, engine=engine, batch=batch, context_tokens=context
    )
    first, step = np.asarray(prefill.total_s), np.asarray(decode.total_s)
    n, completion = np.asarray(rows.replica.n_gpus), rows.completion
    ttft, tpot = closed_loop(
        engine=engine,
        read_s=first,
        step_s=step,
        token_s=step,
        completion_tokens=completion,
        batch=batch,
        clients=rows.clients,
    )
    together = np.where(static, first, batch * first) + completion * step
    return Predicted(
        ttft_s=np.where(static, first, ttft + rows.held_steps * step),
        tpot_s=np.where(static, step, tpot),
        tokens_per_s=batch * completion / (n * together),
        prefill=prefill,
        decode=decode,
        waiting=rows.clients > batch,
    )


__all__ = ["OFFLINE", "ONLINE", "Predicted", "predict"]
