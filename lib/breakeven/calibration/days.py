"""Fleets that others published, with ranks and separate pools, beside their estimate; never in a fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from breakeven.calibration.goals import Goal
from breakeven.formulas.batch import batch_that_fits, largest_batch
from breakeven.formulas.pools import pooled_step
from breakeven.formulas.step import decode_step, mean_context, prefill_step
from breakeven.formulas.units import SECONDS_PER_HOUR
from breakeven.hosting import KV_BYTES, compute_class, engine_of, model_shape
from breakeven.hosting.layouts import (
    Worker,
    laid_out,
    layout_of,
    layout_profile,
    link_of,
    worker_replica,
)
from breakeven.question.scenario import AUTO
from breakeven.tables.records import Efficiency, Gpu, Layout, Model, NodeLink, Precision, PublishedDay

TIMES = 1.5
"""How far a published bill may be from the estimate, either way. [-]"""

USABLE = 0.9
"""Share of the memory that the engine may use. [0 to 1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One published fleet and its estimate."""

    published: PublishedDay
    prompt_tokens_per_s_per_gpu: float
    """Prompt tokens, cached ones included, of one GPU that reads. [tokens/s]"""
    completion_tokens_per_s_per_gpu: float
    """Output tokens of one GPU that decodes. [tokens/s]"""
    sequences: float
    """Sequences on one GPU that decodes: the most that keep the stated TPOT. [-]"""
    usd: float
    """Bill of the same tokens at the same rent. [USD]"""

    @property
    def times(self) -> float:
        """Estimated over published bill. [-]"""
        return self.usd / self.published.usd_total


def day_of(
    day: PublishedDay,
    *,
    models: Mapping[str, Model],
    gpus: Mapping[str, Gpu],
    precisions: Mapping[str, Precision],
    efficiencies: Sequence[Efficiency],
    layouts: Sequence[Layout],
    links: Mapping[str, NodeLink],
) -> Day:
    """Estimate a published fleet from its lengths, its layout and its TPOT alone.

    Raises
    ------
    Unplaceable
        If its layout cannot be computed.
    """
    gpu, precision = gpus[day.gpu_id], precisions[day.precision]
    rate = compute_class(gpu, precision)
    model = model_shape(models[day.model_id], precision, KV_BYTES[day.kv_precision])
    reader, writer = Worker(ranks=day.prefill_ranks), Worker(ranks=day.decode_ranks)
    engine = day.engine or AUTO
    profile = layout_profile(efficiencies, engine=engine, gpu=gpu, rate=rate, n_gpus=1)
    row = layout_of(layouts, profile.efficiency.engine, link_of(gpu, writer.gpus))
    laid = laid_out(engine_of(profile.efficiency), row, writer, gpu)
    read = prefill_step(
        model=model,
        replica=worker_replica(gpu, reader, rate, links),
        engine=laid,
        batch=1,
        prompt_tokens=day.prompt_tokens,
        cached_tokens=day.cached_tokens,
    ).total_s
    read_s = float(read * np.asarray(laid.pool_read_factor))
    replica = worker_replica(gpu, writer, rate, links)
    context = mean_context(prompt_tokens=day.prompt_tokens, completion_tokens=day.completion_tokens)

    def step_s(sequences: np.ndarray) -> np.ndarray:
        step = decode_step(model=model, replica=replica, engine=laid, batch=sequences, context_tokens=context)
        return np.asarray(pooled_step(engine=laid, step_s=step.total_s))

    fit = batch_that_fits(
        model=model,
        replica=replica,
        usable=USABLE,
        prompt_tokens=day.prompt_tokens,
        completion_tokens=day.completion_tokens,
    )
    most = largest_batch(limit=np.array([float(fit)]), holds=lambda b: step_s(b) <= day.tpot_s)
    sequences = np.maximum(most, 1.0)
    decode_s = float((day.completion_tokens * step_s(sequences) / sequences)[0])
    gpu_s = day.completion_tokens_total / day.completion_tokens * decode_s
    if day.prompt_tokens_total is not None:
        gpu_s += day.prompt_tokens_total / day.prompt_tokens * read_s
    return Day(
        published=day,
        prompt_tokens_per_s_per_gpu=day.prompt_tokens / read_s,
        completion_tokens_per_s_per_gpu=day.completion_tokens / decode_s,
        sequences=float(sequences[0]),
        usd=gpu_s * day.usd_per_gpu_hour / SECONDS_PER_HOUR,
    )


def day_goals(days: Iterable[Day]) -> list[Goal]:
    """Each bill within a factor of what was published."""
    return [
        Goal(
            what=f"{day.published.name}, published bill over or under the estimate",
            limit=TIMES - 1,
            value=max(day.times, 1 / day.times) - 1,
            n=1,
        )
        for day in days
    ]
