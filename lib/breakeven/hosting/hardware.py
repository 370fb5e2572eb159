"""The hardware that can be considered: GPUs, counts, prices and efficiencies, and why others are left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas.arrays import Floats
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine, Replica
from breakeven.hosting.candidates import Candidate, candidate_of
from breakeven.hosting.choose import COUNTS, Standings, undivided
from breakeven.hosting.evaluation import flat, stack_engines, stack_replicas
from breakeven.hosting.layouts import Worker, divides, why_not_spread, workers_of
from breakeven.hosting.prices import GpuPrice, gpu_price
from breakeven.hosting.profiles import choose_profile, rows_for
from breakeven.hosting.shapes import Unplaceable, architecture, compute_class
from breakeven.question import parts
from breakeven.question.kinds import LayoutKind
from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN, Scenario
from breakeven.tables.day import Tables, derived
from breakeven.tables.records import Efficiency, Gpu, GpuOffer, Layout, Model, NodeLink, Precision
from breakeven.words.reasons import LeftOut

RATES = ("fp16", "fp8", "fp4")
TIMINGS = (Mode.CONTINUOUS, Mode.STATIC)
"""Efficiency rows are fitted for one or the other; separate pools run as continuous batching does."""

Indices = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """Rows: a GPU, a count, a compute rate and a way of batching, with price and efficiency."""

    gpus: tuple[Gpu, ...]
    counts: tuple[int, ...]
    workers: tuple[Worker, ...]
    """Layouts, those in tensor parallel of every count first."""
    candidates: tuple[Candidate, ...]
    replica: Replica
    engine: Engine
    usd_per_hour: Floats
    standing: Standings
    """How far each may be a default, 0 best; what the reader typed in counts as measured."""
    factors: tuple[Floats, Floats]
    index: Indices
    """Row of a GPU, layout, rate and way of batching; -1: there is none."""
    shapes: tuple[str, ...]
    """Architectures that were measured, as :func:`breakeven.hosting.architecture` names them."""
    own: Indices
    """Row that takes a row's place for models of such a shape, mostly itself; the last line is that of any
    other model. Shape (architectures + 1, rows)."""
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployments:
    """What a question lets us choose from."""

    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    refusal: str | None
    """Why the count that the question names cannot be computed; said where nothing else is wrong with it."""


def find_candidates(
    *,
    gpus: Iterable[Gpu],
    counts: Sequence[int],
    offers: Sequence[GpuOffer],
    efficiencies: Sequence[Efficiency],
    precision: Precision,
    engine: str,
    mode: Mode,
    price_type: str,
    price_choice: str,
    overhead_percent: float,
    shape: str | None = None,
    kind: LayoutKind = LayoutKind.TENSOR,
    layouts: Sequence[Layout] = (),
    links: Mapping[str, NodeLink] | None = None,
) -> tuple[list[Candidate], list[LeftOut]]:
    """List every GPU and layout that has a price, the rate and a known link; say why others are left out."""
    found: list[Candidate] = []
    left: list[LeftOut] = []
    efficiencies = rows_for(efficiencies, shape)
    for gpu in gpus:
        price = gpu_price(offers, gpu_id=gpu.gpu_id, price_type=price_type, choice=price_choice)
        if price is None:
            named = price_choice not in (MEDIAN, CHEAPEST, DEAREST)
            why = (
                f"the offer {price_choice} is not one for it in force on that day"
                if named
                else f"no {price_type} price in force on that day"
            )
            left.append(LeftOut(what=gpu.name, why=why))
            continue
        for worker in workers_of(gpu, counts, kind, links or {}):
            try:
                one = candidate_of(
                    gpu,
                    worker,
                    price,
                    efficiencies,
                    rate=compute_class(gpu, precision),
                    engine=engine,
                    mode=mode,
                    overhead_percent=overhead_percent,
                    shape=shape,
                    layouts=layouts,
                    links=links,
                )
            except Unplaceable as reason:
                if worker.ranks > 1 and kind == LayoutKind.AUTO:
                    break
                if not any(one.what == gpu.name for one in left):
                    left.append(LeftOut(what=gpu.name, why=str(reason)))
                continue
            found.append(one)
    return found, left


def candidates_of(
    tables: Tables,
    precision: str,
    hardware: parts.Hardware,
    overhead_percent: float,
    *,
    gpus: Iterable[Gpu],
    counts: Sequence[int],
    model: Model | None = None,
    kind: LayoutKind = LayoutKind.TENSOR,
) -> tuple[list[Candidate], list[LeftOut]]:
    """List deployments as :func:`find_candidates` does, with a question's choices and the rows of its day.

    A model that was measured has its own speed; None: that of any other.
    """
    return find_candidates(
        gpus=gpus,
        counts=counts,
        offers=tables.gpu_offers,
        efficiencies=tables.efficiencies,
        precision=tables.precisions[precision],
        engine=hardware.engine,
        mode=hardware.mode,
        price_type=hardware.gpu_price_type,
        price_choice=hardware.gpu_offer,
        overhead_percent=overhead_percent,
        shape=None if model is None else architecture(model),
        kind=LayoutKind.TENSOR if hardware.mode == Mode.STATIC else kind,
        layouts=tables.layouts,
        links=tables.node_links,
    )


@derived
def deployments_on(
    tables: Tables, served: parts.Model, hardware: parts.Hardware, overhead_percent: float
) -> Deployments:
    """Deployments of a model to choose from: the GPUs that are named, or every size of every GPU."""
    model = tables.models.get(served.model)
    named = hardware.gpu != CHEAPEST
    counts = (hardware.gpus,) if named else COUNTS
    # Who names GPUs and no layout means what such a link has always meant.
    kind = LayoutKind.TENSOR if named and hardware.layout == LayoutKind.AUTO else hardware.layout
    found, left = candidates_of(
        tables,
        served.precision,
        hardware,
        overhead_percent,
        gpus=[tables.gpus[hardware.gpu]] if named else tables.gpus.values(),
        counts=counts,
        model=model,
        kind=kind,
    )
    uneven = undivided(model, counts) if model is not None and kind != LayoutKind.DATA else None
    if model is not None and not named:
        found = [one for one in found if divides(model, one.worker)]
        left += [uneven] if uneven else []
    elif model is not None and kind == LayoutKind.DATA and not all(divides(model, c.worker) for c in found):
        uneven = LeftOut(what=model.name, why=why_not_spread(model, hardware.gpus))
    if model is not None and kind == LayoutKind.DATA and not model.n_experts:
        left.append(LeftOut(what=model.name, why=why_not_spread(model, hardware.gpus)))
    return Deployments(
        candidates=tuple(found),
        left_out=tuple(left),
        refusal=f"{uneven.what}: {uneven.why}." if named and uneven else None,
    )


def candidates_on(tables: Tables, scenario: Scenario) -> Deployments:
    """Deployments that a scenario lets us choose from; found once for the parts they hang on."""
    return deployments_on(tables, scenario.served, scenario.hardware, scenario.overhead_percent)


def hardware_of(
    *,
    gpus: Iterable[Gpu],
    counts: Sequence[int],
    prices: Mapping[str, GpuPrice],
    efficiencies: Sequence[Efficiency],
    engine: str,
    overhead_percent: float,
    timings: Collection[Mode] = TIMINGS,
    why_no_price: str = "it has no price in force on that day",
    trusted: Collection[str] = (),
    kind: LayoutKind = LayoutKind.TENSOR,
    layouts: Sequence[Layout] = (),
    links: Mapping[str, NodeLink] | None = None,
) -> Hardware:
    """List the hardware that has a price and a known link; say why the rest is left out."""
    left: list[LeftOut] = []
    known = []
    for gpu in gpus:
        if gpu.gpu_id in prices:
            known.append(gpu)
        else:
            left.append(LeftOut(what=gpu.name, why=why_no_price))
    rows: list[Candidate] = []
    considered = {gpu.gpu_id: workers_of(gpu, counts, kind, links or {}) for gpu in known}
    each = dict.fromkeys(worker for some in considered.values() for worker in some)
    workers = sorted(each, key=lambda worker: (worker.ranks > 1, worker.gpus))
    index = np.full((len(known), len(workers), len(RATES), len(TIMINGS)), -1, dtype=np.intp)
    for g, gpu in enumerate(known):
        for worker in considered[gpu.gpu_id]:
            try:
                found = _rows_of(
                    gpu,
                    worker,
                    prices[gpu.gpu_id],
                    efficiencies,
                    engine,
                    overhead_percent,
                    timings,
                    layouts,
                    links or {},
                )
            except Unplaceable as reason:
                if worker.ranks > 1 and kind == LayoutKind.AUTO:
                    break
                if not any(one.what == gpu.name for one in left):
                    left.append(LeftOut(what=gpu.name, why=str(reason)))
                continue
            for (rate, timing), row in found.items():
                index[g, workers.index(worker), RATES.index(rate), TIMINGS.index(timing)] = len(rows)
                rows.append(row)
    shapes, own = _own_rows(rows, index, efficiencies, engine)
    efficiency = [row.profile.efficiency for row in rows]
    return Hardware(
        gpus=tuple(known),
        counts=tuple(counts),
        workers=tuple(workers),
        candidates=tuple(rows),
        replica=flat(stack_replicas([row.replica for row in rows])),
        engine=flat(stack_engines([row.engine for row in rows])),
        usd_per_hour=np.array([row.usd_per_hour for row in rows], dtype=float),
        standing=np.array([0 if row.gpu.gpu_id in trusted else row.standing for row in rows], dtype=np.intp),
        factors=(
            np.array([row.tpot_factor_low for row in efficiency], dtype=float),
            np.array([row.tpot_factor_high for row in efficiency], dtype=float),
        ),
        index=index,
        shapes=shapes,
        own=own,
        left_out=tuple(left),
    )


def _own_rows(
    rows: list[Candidate], index: Indices, efficiencies: Sequence[Efficiency], engine: str
) -> tuple[tuple[str, ...], Indices]:
    """Append the rows of models that were measured themselves; say where each stands."""
    shapes = tuple(sorted({row.architecture for row in efficiencies if row.architecture is not None}))
    own = np.tile(np.arange(len(rows), dtype=np.intp), (len(shapes) + 1, 1))
    places = [(RATES[r], TIMINGS[t], int(index[g, c, r, t])) for g, c, r, t in np.argwhere(index >= 0)]
    for number, shape in enumerate(shapes):
        mine = rows_for(efficiencies, shape)
        measured = {
            (row.gpu_family, row.precision_class, row.mode) for row in mine if row.architecture == shape
        }
        for rate, timing, place in places:
            one = rows[place]
            if one.worker.ranks == 1 and (one.gpu.gpu_family, rate, timing) in measured:
                profile = choose_profile(
                    mine, engine=engine, gpu=one.gpu, rate=rate, mode=timing, n_gpus=one.n_gpus, shape=shape
                )
                own[number, place] = len(rows)
                rows.append(replace(one, profile=replace(profile, spread=one.profile.spread)))
    return shapes, own


def _rows_of(
    gpu: Gpu,
    worker: Worker,
    price: GpuPrice,
    efficiencies: Sequence[Efficiency],
    engine: str,
    overhead_percent: float,
    timings: Collection[Mode],
    layouts: Sequence[Layout],
    links: Mapping[str, NodeLink],
) -> dict[tuple[str, Mode], Candidate]:
    """The rows of one GPU and layout, by rate and way of batching; a static batch knows no ranks."""
    rows = {}
    native = {"fp16": True, "fp8": bool(gpu.fp8_dense_tflops), "fp4": bool(gpu.fp4_dense_tflops)}
    for rate in RATES:
        if not native[rate]:
            continue
        for timing in TIMINGS:
            if timing not in timings or (worker.ranks > 1 and timing == Mode.STATIC):
                continue
            rows[rate, timing] = candidate_of(
                gpu,
                worker,
                price,
                efficiencies,
                rate=rate,
                engine=engine,
                mode=timing,
                overhead_percent=overhead_percent,
                layouts=layouts,
                links=links,
            )
    return rows
