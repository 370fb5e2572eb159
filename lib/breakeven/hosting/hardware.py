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
from breakeven.hosting.choose import COUNTS, Standings, splits, undivided
from breakeven.hosting.evaluation import flat, stack_engines, stack_replicas
from breakeven.hosting.prices import GpuPrice, gpu_price
from breakeven.hosting.profiles import choose_profile, engine_of, rows_for
from breakeven.hosting.shapes import Unplaceable, architecture, compute_class
from breakeven.question import parts
from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN, Scenario
from breakeven.tables.day import Tables, derived
from breakeven.tables.records import Efficiency, Gpu, GpuOffer, Model, Precision
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
    candidates: tuple[Candidate, ...]
    replica: Replica
    engine: Engine
    usd_per_hour: Floats
    standing: Standings
    """How far each may be a default, 0 best; what the reader typed in counts as measured."""
    factors: tuple[Floats, Floats]
    index: Indices
    """Row of a GPU, count, rate and way of batching; -1: there is none."""
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
) -> tuple[list[Candidate], list[LeftOut]]:
    """List every GPU and count that has a price, the rate and a known link; say why others are left out."""
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
        for n_gpus in counts:
            try:
                one = candidate_of(
                    gpu,
                    n_gpus,
                    price,
                    efficiencies,
                    rate=compute_class(gpu, precision),
                    engine=engine,
                    mode=mode,
                    overhead_percent=overhead_percent,
                    shape=shape,
                )
            except Unplaceable as reason:
                left.append(LeftOut(what=gpu.name, why=str(reason)))
                break
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
    )


@derived
def deployments_on(
    tables: Tables, served: parts.Model, hardware: parts.Hardware, overhead_percent: float
) -> Deployments:
    """Deployments of a model to choose from: the GPUs that are named, or every size of every GPU."""
    model = tables.models.get(served.model)
    named = hardware.gpu != CHEAPEST
    counts = (hardware.gpus,) if named else COUNTS
    found, left = candidates_of(
        tables,
        served.precision,
        hardware,
        overhead_percent,
        gpus=[tables.gpus[hardware.gpu]] if named else tables.gpus.values(),
        counts=counts,
        model=model,
    )
    uneven = undivided(model, counts) if model is not None else None
    if model is not None and not named:
        found = [one for one in found if splits(model, one.n_gpus)]
        left += [uneven] if uneven else []
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
    index = np.full((len(known), len(counts), len(RATES), len(TIMINGS)), -1, dtype=np.intp)
    for g, gpu in enumerate(known):
        for c, count in enumerate(counts):
            try:
                found = _rows_of(
                    gpu, count, prices[gpu.gpu_id], efficiencies, engine, overhead_percent, timings
                )
            except Unplaceable as reason:
                left.append(LeftOut(what=gpu.name, why=str(reason)))
                break
            for (rate, timing), row in found.items():
                index[g, c, RATES.index(rate), TIMINGS.index(timing)] = len(rows)
                rows.append(row)
    shapes, own = _own_rows(rows, index, efficiencies, engine)
    efficiency = [row.profile.efficiency for row in rows]
    return Hardware(
        gpus=tuple(known),
        counts=tuple(counts),
        candidates=tuple(rows),
        replica=flat(stack_replicas([row.replica for row in rows])),
        engine=flat(stack_engines([engine_of(row) for row in efficiency])),
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
            if (one.gpu.gpu_family, rate, timing) in measured:
                profile = choose_profile(
                    mine, engine=engine, gpu=one.gpu, rate=rate, mode=timing, n_gpus=one.n_gpus, shape=shape
                )
                own[number, place] = len(rows)
                rows.append(replace(one, profile=profile))
    return shapes, own


def _rows_of(
    gpu: Gpu,
    count: int,
    price: GpuPrice,
    efficiencies: Sequence[Efficiency],
    engine: str,
    overhead_percent: float,
    timings: Collection[Mode],
) -> dict[tuple[str, Mode], Candidate]:
    """The rows of one GPU and count, by rate and way of batching."""
    rows = {}
    native = {"fp16": True, "fp8": bool(gpu.fp8_dense_tflops), "fp4": bool(gpu.fp4_dense_tflops)}
    for rate in RATES:
        if not native[rate]:
            continue
        for timing in TIMINGS:
            if timing not in timings:
                continue
            rows[rate, timing] = candidate_of(
                gpu,
                count,
                price,
                efficiencies,
                rate=rate,
                engine=engine,
                mode=timing,
                overhead_percent=overhead_percent,
            )
    return rows
