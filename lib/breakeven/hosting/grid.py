"""Every deployment of every model in a few passes over arrays: model, weights, cache, GPU, count, mode.

Models and hardware are turned into arrays once; a candidate is a pair of indices into them. Nothing loops
over candidates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from breakeven.formulas.arrays import Booleans, Floats
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import ModelShape, Part
from breakeven.hosting.choose import Standings, choose, ranked, undivided
from breakeven.hosting.evaluation import (
    Ask,
    Evaluation,
    evaluate_arrays,
    flat,
    sequences_that_fit,
    stack_models,
)
from breakeven.hosting.fleet import Fleet, Terms, fleet_of
from breakeven.hosting.hardware import RATES, TIMINGS, Hardware, Indices
from breakeven.hosting.layouts import divides, why_not_spread
from breakeven.hosting.profiles import timing_of
from breakeven.hosting.shapes import KV_BYTES, Unplaceable, architecture, compute_class, model_shape
from breakeven.question.parts import Shape
from breakeven.tables.records import Gpu, Model, Precision
from breakeven.words.reasons import LeftOut


@dataclass(frozen=True, kw_only=True)
class Work:
    """Rows: a model at one precision of its weights and one of its cache."""

    models: tuple[Model, ...]
    precisions: tuple[Precision, ...]
    kv_precisions: tuple[str, ...]
    model: Indices
    precision: Indices
    kv: Indices
    shape: ModelShape
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Candidates that fit in memory, with what each delivers."""

    work: Work
    hardware: Hardware
    modes: tuple[Mode, ...]
    w: Indices
    """Row of ``work`` of each candidate."""
    h: Indices
    """Row of ``hardware`` of each candidate."""
    m: Indices
    """Position in ``modes`` of each candidate."""
    result: Evaluation
    terms: Terms
    fleet: Fleet
    """What each candidate costs at the load of the question."""
    too_large: int
    """Deployments whose memory does not hold the weights and one sequence."""
    left_out: tuple[LeftOut, ...]

    @property
    def standing(self) -> Standings:
        """How far each candidate may be the recommendation, 0 best."""
        return np.asarray(self.hardware.standing[self.h])

    def ranked(self) -> Indices:
        """Candidates that hold the targets, cheapest first."""
        return ranked(self.fleet.order, self.result.holds)

    def fleets(self, candidates: Indices, *, prefill_s: Floats, decode_s: Floats) -> Fleet:
        """What candidates cost at the load with other times: at other batches, at an end of the range."""
        return fleet_of(
            self.terms,
            prefill_s=prefill_s,
            decode_s=decode_s,
            usd_per_hour=self.hardware.usd_per_hour[self.h[candidates]],
            pools=_pools(self.modes)[self.m[candidates]],
        )

    @property
    def as_asked(self) -> Booleans:
        """Candidates in the formats and the mode of the scenario itself, which stand first."""
        first = (self.work.precision[self.w] == 0) & (self.work.kv[self.w] == 0) & (self.m == 0)
        return np.asarray(first)

    def best(self, among: Booleans | None = None) -> int | None:
        """The cheapest of the best standing among those that hold the targets."""
        holds = self.result.holds if among is None else self.result.holds & among
        return choose(self.fleet.order, holds, self.standing)


def work_of(
    models: Iterable[Model],
    *,
    precisions: Sequence[Precision],
    kv_precisions: Sequence[str],
    context_tokens: int,
) -> Work:
    """List the models that can be placed and hold the context, at every precision asked for."""
    left: list[LeftOut] = []
    placed: list[Model] = []
    units: list[ModelShape] = []
    for model in models:
        if context_tokens > model.max_context:
            why = f"it holds at most {model.max_context:,} tokens of context"
            left.append(LeftOut(what=model.name, why=f"{why}, the request has {context_tokens:,}"))
            continue
        try:
            # At one byte per weight and cached element: memory is proportional to both.
            units.append(model_shape(model, replace(precisions[0], bytes_per_weight=1.0), 1.0))
        except Unplaceable as reason:
            left.append(LeftOut(what=model.name, why=str(reason)))
            continue
        placed.append(model)
    m, p, k = (
        axis.ravel() for axis in np.indices((len(placed), len(precisions), len(kv_precisions)), dtype=np.intp)
    )
    shape = _take(flat(stack_models(units)), m)
    b_w = np.array([precision.bytes_per_weight for precision in precisions])[p]
    b_kv = np.array([KV_BYTES[name] for name in kv_precisions])[k]
    shape = replace(
        shape,
        weights_bytes=shape.weights_bytes * b_w,
        shared_bytes=shape.shared_bytes * b_w,
        routed_bytes=shape.routed_bytes * b_w,
        full_kv_bytes_per_token=shape.full_kv_bytes_per_token * b_kv,
        sliding_kv_bytes_per_token=shape.sliding_kv_bytes_per_token * b_kv,
    )
    return Work(
        models=tuple(placed),
        precisions=tuple(precisions),
        kv_precisions=tuple(kv_precisions),
        model=m,
        precision=p,
        kv=k,
        shape=shape,
        left_out=tuple(left),
    )


def rank(
    work: Work, hardware: Hardware, ask: Ask, shape: Shape, terms: Terms, *, modes: Sequence[Mode]
) -> Grid:
    """Evaluate every candidate that fits, at the best batch of each.

    Parameters
    ----------
    work, hardware
        What is combined.
    ask
        Targets, batch, utilisation, memory, speculation; its mode is replaced by each of ``modes``.
    shape
        Tokens of one request.
    terms
        The load that the candidates are priced at; each mode has its pools.
    modes
        Serving modes.
    """
    left = [*work.left_out, *hardware.left_out]
    known = {shape: number for number, shape in enumerate(hardware.shapes)}
    of_shape = np.array([known.get(architecture(model), len(known)) for model in work.models], dtype=np.intp)
    rates, no_rate = _rates(hardware.gpus, work.precisions)
    whole = np.array(
        [[divides(model, worker) for worker in hardware.workers] for model in work.models], dtype=bool
    )
    whole = whole.reshape(len(work.models), len(hardware.workers))
    uneven = (undivided(model, hardware.counts) for model in work.models)
    left += [*no_rate, *(one for one in uneven if one is not None)]
    if hardware.workers and all(worker.ranks > 1 for worker in hardware.workers):
        dense = (model for model in work.models if not model.n_experts)
        left += [LeftOut(what=model.name, why=why_not_spread(model, 0)) for model in dense]
    w, g, c = (
        axis.ravel()
        for axis in np.indices((work.model.size, len(hardware.gpus), len(hardware.workers)), dtype=np.intp)
    )
    r = rates[g, work.precision[w]]
    # Any timing tells whether the row exists: both are there or neither is.
    some: Indices = hardware.index[g, c, r].max(axis=-1, initial=-1)
    keep = (r >= 0) & (some >= 0) & whole[work.model[w], c]
    w, g, c, r, some = w[keep], g[keep], c[keep], r[keep], some[keep]
    prompt, completion, cached = (
        np.array([float(tokens)])
        for tokens in (shape.prompt_tokens, shape.completion_tokens, shape.cached_tokens)
    )
    fit = sequences_that_fit(
        _take(work.shape, w),
        _take(hardware.replica, some),
        ask,
        prompt_tokens=prompt,
        completion_tokens=completion,
    )
    fit = np.broadcast_to(fit, w.shape)
    room = fit >= 1
    w, g, c, r, fit = w[room], g[room], c[room], r[room], fit[room]
    parts: list[Evaluation] = []
    rows: list[tuple[Indices, Indices]] = []
    for mode in modes:
        h = hardware.own[of_shape[work.model[w]], hardware.index[g, c, r, TIMINGS.index(timing_of(mode))]]
        there = hardware.index[g, c, r, TIMINGS.index(timing_of(mode))] >= 0  # a static batch knows no ranks
        h, of_work = h[there], w[there]
        rows.append((of_work, h))
        parts.append(
            evaluate_arrays(
                _take(work.shape, of_work),
                _take(hardware.replica, h),
                _take(hardware.engine, h),
                replace(ask, mode=mode),
                usd_per_hour=hardware.usd_per_hour[h],
                factors=(hardware.factors[0][h], hardware.factors[1][h]),
                prompt_tokens=prompt,
                completion_tokens=completion,
                cached_tokens=cached,
                shape=h.shape,
                fit=fit[there],
            )
        )
    joined = _joined(parts)
    of_mode = np.repeat(np.arange(len(modes)), [h.size for _, h in rows])
    of_hardware = np.concatenate([h for _, h in rows])
    return Grid(
        work=work,
        hardware=hardware,
        modes=tuple(modes),
        w=np.concatenate([of_work for of_work, _ in rows]),
        h=of_hardware,
        m=of_mode,
        result=joined,
        terms=terms,
        fleet=fleet_of(
            terms,
            prefill_s=joined.prefill_s,
            decode_s=joined.decode_s,
            usd_per_hour=hardware.usd_per_hour[of_hardware],
            pools=_pools(modes)[of_mode],
        ),
        too_large=int((~room).sum()),
        left_out=tuple(left),
    )


def _pools(modes: Sequence[Mode]) -> Booleans:
    """Modes in which prompts are read by replicas of their own."""
    return np.array([mode == Mode.DISAGGREGATED for mode in modes], dtype=bool)


def again(
    grid: Grid, ask: Ask, shape: Shape, *, candidates: Indices, batch: Floats
) -> tuple[Indices, Evaluation]:
    """Evaluate candidates of a grid at given batches; the candidates come back grouped by mode.

    Parameters
    ----------
    grid
        Where the candidates come from.
    ask, shape
        As they were ranked.
    candidates
        Their positions; one may appear several times.
    batch
        One batch for each. [-]
    """
    parts: list[Evaluation] = []
    order: list[Indices] = []
    for position, mode in enumerate(grid.modes):
        some = np.flatnonzero(grid.m[candidates] == position)
        at, one = candidates[some], np.ones(some.size)
        w, h = grid.w[at], grid.h[at]
        order.append(some)
        parts.append(
            evaluate_arrays(
                _take(grid.work.shape, w),
                _take(grid.hardware.replica, h),
                _take(grid.hardware.engine, h),
                replace(ask, mode=mode),
                usd_per_hour=grid.hardware.usd_per_hour[h],
                factors=(one, one),
                prompt_tokens=one * shape.prompt_tokens,
                completion_tokens=one * shape.completion_tokens,
                cached_tokens=one * shape.cached_tokens,
                shape=at.shape,
                batch=batch[some],
                fit=grid.result.most_sequences[at],
            )
        )
    return np.concatenate(order), _joined(parts)


def _joined(parts: Sequence[Evaluation]) -> Evaluation:
    """One evaluation after the other."""
    names = [field.name for field in fields(Evaluation)]
    return Evaluation(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _rates(gpus: Sequence[Gpu], precisions: Sequence[Precision]) -> tuple[Indices, list[LeftOut]]:
    """Position in :data:`RATES` by GPU and precision, -1 where the GPU cannot; and why."""
    rates = np.full((len(gpus), len(precisions)), -1, dtype=np.intp)
    left = []
    for g, gpu in enumerate(gpus):
        for p, precision in enumerate(precisions):
            try:
                rates[g, p] = RATES.index(compute_class(gpu, precision))
            except Unplaceable as reason:
                left.append(LeftOut(what=f"{gpu.name}, {precision.precision_id}", why=str(reason)))
    return rates, left


def _take(part: Part, rows: Indices) -> Part:
    """Some rows, in some order."""
    return type(part)(**{field.name: getattr(part, field.name)[rows] for field in fields(part)})
