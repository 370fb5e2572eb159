"""The self-hosted side of a workload: the cheapest deployment of every open model that can serve it.

Time is summed over the joint histogram of prompt and completion lengths, not
taken at the mean length: attention, batches and the targets are not linear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import ModelShape
from breakeven.formulas.units import SECONDS_PER_HOUR, SECONDS_PER_MONTH
from breakeven.hosting import (
    COUNTS,
    KV_BYTES,
    Ask,
    Candidate,
    Evaluation,
    Unplaceable,
    architecture,
    ask_of,
    candidates_of,
    evaluate,
    model_shape,
)
from breakeven.hosting.choose import choose, preferred
from breakeven.hosting.fleet import Fleet, Terms, fleet_of, terms_of
from breakeven.hosting.layouts import divides
from breakeven.question.kinds import Per
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import Model
from breakeven.usage.sums import Tokens, Workload, covered_s, loads, sums_by
from breakeven.words.numbers import percent
from breakeven.words.terms import EXPERT
from breakeven.words.terms import Terms as Words

HOLD_SHARE = 0.95
"""Share of the requests whose length lets a deployment keep the targets, for it to count as holding them."""
FINE_SHAPES, COARSE_SHAPES = 40, 6
"""Cells of the histogram in the final answer, and in the first look at all deployments."""
FINALISTS = 4
"""Deployments of one model that are evaluated at every cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Lengths that stand for the cells of the histogram."""

    prompt: Floats
    """Mean prompt of the cell. [tokens]"""
    completion: Floats
    cached: Floats
    """Mean part of the prompt that was read from a cache. [tokens]"""
    requests: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedOffer:
    """The cheapest deployment of one model for the whole workload."""

    model: Model
    candidate: Candidate
    replayed: Candidate | None
    """The cheapest whose layers are each on all GPUs, which is what a replay takes."""
    usd: float
    """Rent of whole replicas for the busiest time, over the time that the file covers; of a file without
    times that of a job. [USD]"""
    usd_low: float
    usd_high: float
    prompt_usd: float
    """The part of it that the prompts take of the work. [USD]"""
    completion_usd: float
    never_idle_usd: float
    """Rent of the work alone. [USD]"""
    replicas: int
    hours: float
    """Hours that each is rented. [h]"""
    replica_s: float
    """Busy seconds of one replica for the whole workload. [s]"""
    holds_share: float
    """Share of the requests at whose length the targets are kept. [0 to 1]"""
    batch: float
    """Sequences together, mean over the requests."""
    ttft_s: float
    tpot_s: float
    replicas_mean: int | None
    """Replicas at the mean load; None: the file has no times."""
    replicas_peak: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """All open models, cheapest first, those at a doubtful rent last, and why others are missing."""

    offers: tuple[HostedOffer, ...]
    left_out: tuple[tuple[str, str], ...]
    """Model and reason."""
    assumed: str
    mean_requests_per_s: float | None
    peak_requests_per_s: float | None
    covered_s: float | None = None
    """Time that the bills are for; None: the file has no times, they are those of a job. [s]"""


def shapes_of(workload: Workload, most: int) -> Shapes:
    """Merge cells of the histogram until at most so many are left; their means stay exact."""
    if not workload.per_request:  # sums: every request of a model at its mean length
        return _as_shapes(list(sums_by((cell.model, cell.tokens) for cell in workload.cells).values()))
    width = 1
    while True:
        sums = sums_by(
            ((cell.in_bin // width, cell.out_bin // width), cell.tokens) for cell in workload.cells
        )
        if len(sums) <= most or width > 256:
            break
        width *= 2
    return _as_shapes(list(sums.values()))


def _as_shapes(sums: Sequence[Tokens]) -> Shapes:
    """Mean lengths of groups of requests, and how many there are of each."""
    cells = [tokens for tokens in sums if tokens.requests]
    requests = np.array([float(t.requests) for t in cells])
    prompt = np.array([max(t.prompt / t.requests, 1.0) for t in cells])
    cached = np.array([t.cache_read / t.requests for t in cells])
    return Shapes(
        prompt=prompt,
        completion=np.array([max(t.output / t.requests, 1.0) for t in cells]),
        cached=np.minimum(cached, prompt - 1.0),
        requests=requests,
    )


def _targets(asked: Scenario, say: Words) -> str:
    """Say which latencies are asked for."""
    parts = []
    if asked.ttft is not None:
        parts.append(say.first_within(asked.ttft) if say.is_plain else f"TTFT within {asked.ttft:g} s")
    if asked.tpot is not None:
        pace = f"TPOT within {asked.tpot * 1000:g} ms"
        parts.append(say.pace_within(asked.tpot) if say.is_plain else pace)
    if not parts:
        return "no latency target"
    return f"{' and '.join(parts)} for at least {percent(HOLD_SHARE)} of the requests"


def assumptions(workload: Workload, asked: Scenario, say: Words = EXPERT) -> str:
    """Say what the cheapest deployments of a file rest on, as one phrase."""
    if _demand(workload, asked).terms.load.ends:
        rented = (
            f"worked off as one job within {asked.finish_hours:g} h, since the file has no times; "
            f"{asked.startup_minutes:g} minutes to start a {say.replica}"
        )
    else:
        whole = "whole copies of the model" if say.is_plain else "whole replicas"
        rented = f"{whole} for the busiest time, at most {percent(asked.utilisation)} busy then"
    rests = (
        f"{asked.precision} weights, {asked.gpu_price_type} price ({asked.gpu_offer}), {rented}, "
        f"{_targets(asked, say)}"
    )
    if not workload.per_request:
        rests += ", every request at the mean length of its model: the file has sums, so this is an estimate"
    return rests


def host_workload(workload: Workload, tables: Tables, asked: Scenario) -> Hosting:
    """Find the cheapest deployment of every open model that fits the longest request.

    Parameters
    ----------
    workload
        Of single requests, or of sums whose numbers of requests are known: then at the mean lengths.
    tables
        Rows in force on the scenario's day, somebody's own efficiency row among them.
    asked
        Targets, utilisation, precision and the like.
    """
    demand = _demand(workload, asked)
    if demand.terms.load.ends:
        asked = replace(asked, per=Per.ONCE)
    assumed = assumptions(workload, asked)
    if not workload.counted or not workload.tokens.requests:
        return Hosting(
            offers=(), left_out=(), assumed=assumed, mean_requests_per_s=None, peak_requests_per_s=None
        )
    precision = tables.precisions[asked.precision]
    candidates = _deployments(tables, asked)
    shapes = None if workload.per_request else shapes_of(workload, 1)
    longest = workload.longest if shapes is None else int((shapes.prompt + shapes.completion).max())
    left: list[tuple[str, str]] = []
    placed: list[tuple[Model, ModelShape]] = []
    for model in tables.models.values():
        if not model.open_weights:
            continue
        if longest > model.max_context:
            why = f"holds at most {model.max_context:,} tokens; the longest request has {longest:,}"
            left.append((model.name, why))
            continue
        try:
            placed.append((model, model_shape(model, precision, KV_BYTES[asked.kv_precision])))
        except Unplaceable as reason:
            left.append((model.name, str(reason)))
    offers: list[HostedOffer] = []
    if candidates and placed:
        measured = {row.architecture for row in tables.efficiencies}
        own = [
            _deployments(tables, asked, model) if architecture(model) in measured else candidates
            for model, _ in placed
        ]
        offers, more = _cheapest(workload, placed, own, ask_of(asked.targets, asked.mode), demand)
        left += more
    elif not candidates:
        left.append(("all models", f"no {asked.gpu_price_type} price of a GPU is in force on {asked.as_of}"))
    return Hosting(
        offers=tuple(sorted(offers, key=lambda o: (o.candidate.price.doubt is not None, o.usd))),
        left_out=tuple(left),
        assumed=assumed,
        mean_requests_per_s=demand.mean,
        peak_requests_per_s=demand.peak,
        covered_s=demand.covered_s,
    )


def _deployments(tables: Tables, asked: Scenario, model: Model | None = None) -> list[Candidate]:
    """Every size of every GPU, with the speed of a model, or of any."""
    found, _ = candidates_of(
        tables,
        asked.precision,
        asked.hardware,
        asked.overhead_percent,
        gpus=tables.gpus.values(),
        counts=COUNTS,
        model=model,
        kind=asked.layout,
    )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demand:
    """What a file asks of a fleet."""

    terms: Terms
    mean: float | None
    """Load over the whole time. [requests/s]"""
    peak: float | None
    covered_s: float | None

    def fleets(
        self, pairs: Sequence[tuple[ModelShape, Candidate]], prefill_s: Floats, decode_s: Floats
    ) -> Fleet:
        """A fleet a pair, its bill over the time that the file covers."""
        fleet = fleet_of(
            self.terms,
            prefill_s=prefill_s,
            decode_s=decode_s,
            usd_per_hour=np.array([candidate.usd_per_hour for _, candidate in pairs]),
        )
        if self.covered_s is None:
            return fleet
        share = self.covered_s / SECONDS_PER_MONTH
        return replace(fleet, usd=fleet.usd * share, hours=fleet.hours * share)


def _demand(workload: Workload, asked: Scenario) -> _Demand:
    """The load of a file: its busiest time where it has times, else all of it as one job."""
    mean, peak = loads(workload)
    covered = covered_s(workload)
    load = replace(asked.load, requests=max(float(workload.tokens.requests), 1.0), per=Per.ONCE)
    if peak and covered:
        load = replace(load, requests=peak, per=Per.SECOND)
    else:
        mean = peak = covered = None
    terms = replace(terms_of(asked), load=load, utilisation=asked.utilisation)
    return _Demand(terms=terms, mean=mean, peak=peak, covered_s=covered)


def _stacked(models: Sequence[ModelShape]) -> ModelShape:
    """One shape whose fields are columns, a row for every model."""
    columns: Mapping[str, Floats] = {
        field.name: np.array([[float(np.asarray(getattr(m, field.name)))] for m in models])
        for field in fields(ModelShape)
    }
    return ModelShape(**columns)


def _evaluate(
    pairs: Sequence[tuple[ModelShape, Candidate]], ask: Ask, shapes: Shapes, demand: _Demand
) -> tuple[Evaluation, Fleet, NDArray[np.bool_], Floats]:
    """Every pair at every cell: its fleet for the workload, whether it counts, share that holds."""
    result = evaluate(
        _stacked([model for model, _ in pairs]),
        [candidate for _, candidate in pairs],
        ask,
        prompt_tokens=shapes.prompt,
        completion_tokens=shapes.completion,
        cached_tokens=shapes.cached,
    )
    weights = shapes.requests / shapes.requests.sum()
    share = result.holds @ weights
    usable = result.fits.all(axis=1) & (share >= HOLD_SHARE)
    fleet = demand.fleets(pairs, result.prefill_s @ weights, result.decode_s @ weights)
    return result, fleet, usable, share


def _cheapest(
    workload: Workload,
    placed: Sequence[tuple[Model, ModelShape]],
    candidates: Sequence[Sequence[Candidate]],
    ask: Ask,
    demand: _Demand,
) -> tuple[list[HostedOffer], list[tuple[str, str]]]:
    """A first look at everything with few cells, then the finalists at many."""
    pairs = [(shape, one) for (_, shape), own in zip(placed, candidates, strict=True) for one in own]
    _, fleet, usable, share = _evaluate(pairs, ask, shapes_of(workload, COARSE_SHAPES), demand)
    grid = (len(placed), len(candidates[0]))
    usd, usable, near = fleet.order.reshape(grid), usable.reshape(grid), share.reshape(grid)
    finalists: list[tuple[int, int]] = []
    left = []
    for row in range(len(placed)):
        mine = candidates[row]
        standing = np.array([candidate.standing for candidate in mine], dtype=np.intp)
        whole = np.array([divides(placed[row][0], candidate.worker) for candidate in mine], dtype=bool)
        order = preferred(usd[row], usable[row] & whole, standing)
        first = [int(i) for i in order[:FINALISTS]]
        first += [int(i) for i in order if mine[i].worker.ranks == 1 and i not in first][:1]
        finalists += [(row, i) for i in first]
        if not order.size:
            best = float(near[row][whole].max(initial=0.0))
            why = f"no deployment of up to {COUNTS[-1]} GPUs fits it and keeps the targets"
            if best > 0:
                why += f"; the best keeps them for {percent(best)} of the requests"
            left.append((placed[row][0].name, why))
    if not finalists:
        return [], left
    shapes = shapes_of(workload, FINE_SHAPES)
    chosen = [(placed[row][1], candidates[row][i]) for row, i in finalists]
    result, fleet, usable, share = _evaluate(chosen, ask, shapes, demand)
    standing = np.array([candidate.standing for _, candidate in chosen], dtype=np.intp)
    single = np.array([candidate.worker.ranks == 1 for _, candidate in chosen], dtype=bool)
    offers = []
    for row in sorted({row for row, _ in finalists}):
        these = np.array([r == row for r, _ in finalists], dtype=bool)
        best_place = choose(fleet.order, these & usable if (these & usable).any() else these, standing)
        place = 0 if best_place is None else best_place
        alone = choose(fleet.order, these & usable & single, standing)
        offer = _offer(
            placed[row][0], chosen[place], result, fleet, place, shapes, float(share[place]), demand
        )
        offers.append(replace(offer, replayed=None if alone is None else chosen[alone][1]))
    return offers, left


def _offer(
    model: Model,
    pair: tuple[ModelShape, Candidate],
    result: Evaluation,
    fleets: Fleet,
    row: int,
    shapes: Shapes,
    holds_share: float,
    demand: _Demand,
) -> HostedOffer:
    """One deployment of one model with its bill."""
    candidate, n = pair[1], float(shapes.requests.sum())

    def mean(array: Floats) -> float:
        return float(array[row] @ shapes.requests) / n

    prefill, decode, fleet = mean(result.prefill_s), mean(result.decode_s), fleets.at(row)
    row_ = candidate.profile.efficiency
    ends = np.array([row_.tpot_factor_low, row_.tpot_factor_high])
    low, high = demand.fleets([pair] * 2, prefill * ends, decode * ends).usd.tolist()

    def replicas(load: float | None) -> int | None:
        return None if load is None else max(1, ceil(load * (prefill + decode) / demand.terms.utilisation))

    usd, work = float(fleet.usd), prefill + decode
    return HostedOffer(
        model=model,
        candidate=candidate,
        replayed=None,
        usd=usd,
        usd_low=low,
        usd_high=high,
        prompt_usd=usd * prefill / work,
        completion_usd=usd * decode / work,
        never_idle_usd=work * n * candidate.usd_per_hour / SECONDS_PER_HOUR,
        replicas=int(fleet.replicas),
        hours=float(fleet.hours),
        replica_s=work * n,
        holds_share=holds_share,
        batch=mean(result.batch),
        ttft_s=mean(result.ttft_s),
        tpot_s=mean(result.tpot_s),
        replicas_mean=replicas(demand.mean),
        replicas_peak=replicas(demand.peak),
    )
