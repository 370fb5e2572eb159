"""Every measured row predicted in one pass, as the quantity that was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.rows import OFFLINE, ONLINE, PREFILL, STATIC, Rows
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import Engine
from breakeven.formulas.queueing import queueing_wait_md1
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
    tpot = step + np.where(static, 0.0, (batch - 1) * first / completion)
    served = batch * completion / (n * (first + completion * tpot))
    ttft = np.where(
        static | (rows.kind == PREFILL),
        first,
        _closed_loop(rows, engine, batch, first, step, tpot),
    )
    return Predicted(
        ttft_s=ttft,
        tpot_s=tpot,
        tokens_per_s=served,
        prefill=prefill,
        decode=decode,
        waiting=rows.clients > batch,
    )


def _closed_loop(
    rows: Rows, engine: Engine, batch: Floats, first: Floats, step: Floats, tpot: Floats
) -> Floats:
    """Mean time to the first token over a run of a fixed number of clients.

    The prefill, the steps until the token is sent, the wait for the prompts of the others, the
    start, when all clients come at once, and the wait for a place where memory or the step does not
    hold all.
    """
    stay = rows.completion * tpot
    arrivals = batch / (stay + first)
    wait = queueing_wait_md1(arrivals_per_s=np.minimum(arrivals, 0.95 / first), service_s=first)
    burst = np.maximum(rows.clients - 1, 0) * first / (2 * rows.requests_per_client)
    place = stay * np.maximum(rows.clients / batch - 1, 0.0)
    alone = first + (engine.first_token_steps + rows.held_steps) * step + engine.ttft_fixed_s
    return np.asarray(alone + wait + burst + place)


__all__ = ["OFFLINE", "ONLINE", "Predicted", "predict"]
