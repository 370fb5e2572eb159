"""A scenario and the tables become the answer: who is cheaper, from when, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from breakeven.apis.shapes import ApiAnswer, answer_of_apis
from breakeven.comparison.map import CostMap, cost_map
from breakeven.comparison.reach import Reach, Winner, reach_of
from breakeven.comparison.volume import (
    AtLoad,
    Hosts,
    Stretch,
    Volume,
    at_load,
    busy_at_par,
    cheaper_hosted,
    volume_of,
)
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import ModelShape
from breakeven.hosting import (
    KV_BYTES,
    Ask,
    Candidate,
    Evaluation,
    Stacked,
    Unplaceable,
    ask_of,
    evaluate,
    gpu_price,
    model_shape,
    what_would_fit,
)
from breakeven.hosting.choose import choose, ranked, rents
from breakeven.hosting.fleet import Fleet, fleet_of, terms_of
from breakeven.hosting.hardware import Deployments, candidates_on, deployments_on
from breakeven.hosting.row import HostRow, host_row, stops_next
from breakeven.question import parts
from breakeven.question.parts import Shape
from breakeven.question.scenario import CHEAPEST, Scenario
from breakeven.tables.day import MOST_KEPT, Tables, derived
from breakeven.tables.records import ApiOffer, Model
from breakeven.words.numbers import count, indefinite
from breakeven.words.reasons import LeftOut

CURVE_BATCHES: Floats = np.exp2(np.arange(0, 9, dtype=float))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCurve:
    """Cost and latency of the chosen deployment against the batch."""

    batch: Floats
    prompt_usd_per_token: Floats
    completion_usd_per_token: Floats
    ttft_s: Floats
    tpot_s: Floats
    fits: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """One deployment with its bill at the load of the question."""

    candidate: Candidate
    replicas: int
    usd: float
    """Dollars a month, or for the job. [USD]"""
    evaluation: Evaluation
    place: tuple[int, int]
    """Where the deployment and the shape stand in it."""

    @property
    def row(self) -> HostRow:
        """Its times and costs; most of a ranking is only asked for its bills."""
        return host_row(self.evaluation, self.candidate, self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What stands about the chosen deployment, for whoever asks why."""

    ideal: HostRow
    """The physical limit of the same deployment and batch."""
    curve: BatchCurve
    stops_next: str
    """What keeps the batch from being larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeAnswer:
    """Everything about one of the two shapes; both bills at the load of the question."""

    shape: Shape
    api: ApiAnswer
    host: HostRow | None
    """None: no deployment fits; ``host_reason`` says why and what would."""
    host_reason: str | None
    ranking: tuple[Hosted, ...]
    """Deployments that hold the targets, cheapest first."""
    ratio: float | None
    """The API's bill over that of self-hosting; above 1 self-hosting is cheaper."""
    within_range: bool
    """Level: the API's bill lies inside the range of the estimate's, or next to it."""
    break_even_busy: float | None
    """Busy share at which both cost the same; at 1 or above no volume does."""
    stretches: tuple[Stretch, ...] | None
    """Loads at which self-hosting is cheaper; None: one side is missing."""
    reach: Reach | None
    """How far the verdict carries."""
    volume: Volume | None
    at_load: AtLoad | None
    limits: Callable[[], Limits | None]
    """Computed when it is first asked for: whoever reads only the verdict does not wait for it."""

    @property
    def ideal(self) -> HostRow | None:
        """The physical limit of the same deployment and batch; None: there is no deployment."""
        limits = self.limits()
        return limits.ideal if limits else None

    @property
    def curve(self) -> BatchCurve | None:
        """Cost and latency of the chosen deployment against the batch."""
        limits = self.limits()
        return limits.curve if limits else None

    @property
    def stops_next(self) -> str | None:
        """What keeps the batch from being larger."""
        limits = self.limits()
        return limits.stops_next if limits else None

    @property
    def first_paying(self) -> float | None:
        """Load from which self-hosting first costs less; infinite: none. None: one side is missing."""
        if self.stretches is None:
            return None
        return self.stretches[0].start if self.stretches else np.inf

    @property
    def never_dearer(self) -> float | None:
        """Load from which it never costs more again; infinite: none. None: one side is missing."""
        if self.stretches is None:
            return None
        return self.stretches[-1].start if self.stretches else np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The answer to a scenario."""

    scenario: Scenario
    model: Model | None
    shapes: tuple[ShapeAnswer, ...]
    map: CostMap | None
    problems: tuple[str, ...]
    """Sentences about what keeps the question from being answered."""
    left_out: tuple[LeftOut, ...]
    model_shape: ModelShape | None
    source_ids: tuple[str, ...]
    api_read: Mapping[str, date]
    """Day on which the list of API prices was read, by offer."""


@lru_cache(maxsize=MOST_KEPT)
def compare(scenario: Scenario, tables: Tables) -> Comparison:
    """Answer a scenario: both shapes, the map and the reasons.

    Unknown ids, models that do not fit, missing prices and rates become
    sentences in the answer; nothing is raised and nothing is priced at zero.
    An answer never changes, so the last ones are kept for whoever asks the same again: who opens a box of
    a page, or comes by the same link.
    """
    problems: list[str] = []
    model = tables.models.get(scenario.model)
    shape: ModelShape | None = None
    found: Deployments | None = None
    if model is None:
        problems.append(f"There is no model '{scenario.model}' in the tables.")
    else:
        try:
            shape = model_shape(model, tables.precisions[scenario.precision], KV_BYTES[scenario.kv_precision])
            found, more = _deployments(scenario, tables)
            problems += more
        except Unplaceable as reason:
            problems.append(str(reason))
    chosen, missing = _chosen_offer(scenario, tables)
    if missing:
        problems.append(missing)
    result, drawn = None, False
    if shape and found and found.candidates:
        result = _timed(
            tables,
            scenario.served,
            scenario.hardware,
            scenario.targets,
            scenario.overhead_percent,
            scenario.shapes,
        )
        drawn = not missing and not found.refusal
    answers = tuple(
        _answer(scenario, tables, column, model, shape, found, result, chosen) for column in (0, 1)
    )
    return Comparison(
        scenario=scenario,
        model=model,
        shapes=answers,
        map=_map(scenario, tables, chosen) if drawn else None,
        problems=tuple(problems),
        left_out=found.left_out if found else (),
        model_shape=shape,
        source_ids=_sources(model, answers),
        api_read={
            bill.offer.api_offer_id: tables.sources[bill.offer.source_id].accessed
            for one in answers
            for bill in (*one.api.same_model, *([one.api.bill] if one.api.bill else []))
        },
    )


def _deployments(scenario: Scenario, tables: Tables) -> tuple[Deployments | None, list[str]]:
    """Deployments that the scenario lets us choose from, and what is wrong where there are none."""
    chosen = tables.gpus.get(scenario.gpu)
    if scenario.gpu != CHEAPEST and chosen is None:
        return None, [f"There is no GPU '{scenario.gpu}' in the tables."]
    found = candidates_on(tables, scenario)
    problems = []
    if chosen is not None and not found.candidates:
        why = found.left_out[0].why if found.left_out else "it cannot be priced"
        offers = [o for o in tables.gpu_offers if o.gpu_id == chosen.gpu_id]
        price = gpu_price(
            offers,
            gpu_id=chosen.gpu_id,
            price_type=scenario.gpu_price_type,
            choice=scenario.gpu_offer,
        )
        kinds = sorted({o.price_type for o in offers}) if price is None else []
        hint = f" Other prices on record for it that day: {', '.join(kinds)}." if kinds else ""
        problems.append(f"{chosen.name} is left out: {why}.{hint}".replace("..", "."))
    elif not found.candidates:
        problems.append(
            f"No GPU has {indefinite(scenario.gpu_price_type)} price in force on {scenario.as_of}; "
            "choose another day or kind of price."
        )
    return found, problems


def _chosen_offer(scenario: Scenario, tables: Tables) -> tuple[ApiOffer | None, str | None]:
    """The API offer that a scenario names; None where it asks for the cheapest."""
    if scenario.api == CHEAPEST:
        return None, None
    for offer in tables.api_offers:
        if offer.api_offer_id == scenario.api:
            return offer, None
    return None, (
        f"{scenario.api} has no price in force on {scenario.as_of}; choose another day or another offer."
    )


def _map(scenario: Scenario, tables: Tables, chosen: ApiOffer | None) -> CostMap | None:
    """Self-hosting against the offer that is named, or the model's own that nothing speaks against."""
    return cost_map(
        tables,
        scenario.served,
        scenario.hardware,
        scenario.targets,
        scenario.overhead_percent,
        terms_of(scenario),
        None if chosen is None else chosen.api_offer_id,
        scenario.resellers,
    )


def _at(
    model: ModelShape,
    candidates: Sequence[Candidate] | Stacked,
    ask: Ask,
    shapes: Sequence[Shape],
    *,
    ideal: bool = False,
    batch: Floats | None = None,
) -> Evaluation:
    """Evaluate candidates at some shapes."""
    return evaluate(
        model,
        candidates,
        ask,
        prompt_tokens=np.array([float(shape.prompt_tokens) for shape in shapes]),
        completion_tokens=np.array([float(shape.completion_tokens) for shape in shapes]),
        cached_tokens=np.array([float(shape.cached_tokens) for shape in shapes]),
        ideal=ideal,
        batch=batch,
    )


@derived
def _stacked(
    tables: Tables, served: parts.Model, hardware: parts.Hardware, overhead_percent: float
) -> Stacked:
    """Deployments as columns; they stay while the shapes and the targets move."""
    return Stacked.of(deployments_on(tables, served, hardware, overhead_percent).candidates)


@derived
def _timed(
    tables: Tables,
    served: parts.Model,
    hardware: parts.Hardware,
    targets: parts.Targets,
    overhead_percent: float,
    shapes: parts.Shapes,
) -> Evaluation:
    """Times of all deployments at both shapes; they stay while only the load, the API or the money move."""
    found = _stacked(tables, served, hardware, overhead_percent)
    precision = tables.precisions[served.precision]
    model = model_shape(tables.models[served.model], precision, KV_BYTES[served.kv_precision])
    return _at(model, found, ask_of(targets, hardware.mode), shapes)


def _row(result: Evaluation, candidates: Sequence[Candidate], i: int, column: int = 0) -> HostRow:
    """One candidate at one shape of an evaluation."""
    return host_row(result, candidates[i], (i, column))


def _answer(
    scenario: Scenario,
    tables: Tables,
    column: int,
    model: Model | None,
    work: ModelShape | None,
    found: Deployments | None,
    result: Evaluation | None,
    chosen: ApiOffer | None,
) -> ShapeAnswer:
    """Answer the shape in one column of an evaluation."""
    shape = scenario.shapes[column]
    api = answer_of_apis(
        tables.api_offers_by_model.get(scenario.model, []),
        shape,
        resellers=scenario.resellers,
        chosen=chosen,
        named=scenario.api != CHEAPEST,
        patient=scenario.load.ends,
    )
    terms = terms_of(scenario)
    host: HostRow | None = None
    limits: Callable[[], Limits | None] = _no_limits
    host_reason: str | None = None
    ranking: tuple[Hosted, ...] = ()
    pool: Hosts | None = None
    if model is not None and work is not None and found is not None and result is not None:
        host, host_reason, ranking, pool = _pick(scenario, column, model, work, found.candidates, result)
        if host is not None and found.refusal:
            host, host_reason, ranking = None, found.refusal, ()
        if host is not None:
            limits = cache(partial(_limits, scenario, shape, work, host))
    ratio = busy = stretches = volume = own = reach = None
    if host is not None:
        own = at_load(terms, host, api.bill.usd if api.bill else None)
    if host is not None and pool is not None and own is not None and api.bill and own.api_usd:
        ratio = own.api_usd / own.host_usd if own.host_usd > 0 else np.inf
        busy = busy_at_par(pool, api.bill.usd)
        stretches = cheaper_hosted(terms, pool, api.bill.usd)
        volume = volume_of(terms, pool, api.bill.usd, stretches)
        reach = reach_of(api, own, host, tables, named=scenario.api != CHEAPEST, day=scenario.as_of)
    return ShapeAnswer(
        shape=shape,
        api=api,
        host=host,
        host_reason=host_reason,
        ranking=ranking,
        ratio=ratio,
        within_range=reach is not None and reach.winner == Winner.LEVEL,
        break_even_busy=busy,
        stretches=stretches,
        reach=reach,
        volume=volume,
        at_load=own,
        limits=limits,
    )


def _fleet(scenario: Scenario, candidates: Sequence[Candidate], result: Evaluation, column: int) -> Fleet:
    """What each candidate costs at the load of the question."""
    return fleet_of(
        terms_of(scenario),
        prefill_s=result.prefill_s[:, column],
        decode_s=result.decode_s[:, column],
        usd_per_hour=np.array([one.usd_per_hour for one in candidates]),
    )


def _pick(
    scenario: Scenario,
    column: int,
    model: Model,
    work: ModelShape,
    candidates: Sequence[Candidate],
    result: Evaluation,
) -> tuple[HostRow | None, str | None, tuple[Hosted, ...], Hosts | None]:
    """The scenario's deployment, or the cheapest at its load that holds the targets.

    With it a reason if there is none, all that hold them, and those that it was chosen from.
    """
    shape = scenario.shapes[column]
    longest = shape.prompt_tokens + shape.completion_tokens
    holds = result.holds[:, column]
    fleet = _fleet(scenario, candidates, result, column)

    def row(i: int) -> HostRow:
        return _row(result, candidates, i, column)

    def pool(among: Sequence[int] | NDArray[np.intp]) -> Hosts:
        at = np.asarray(among, dtype=np.intp)
        return Hosts(
            prefill_s=result.prefill_s[at, column],
            decode_s=result.decode_s[at, column],
            usd_per_hour=np.array([candidates[i].usd_per_hour for i in at]),
        )

    ranking = tuple(
        Hosted(
            candidate=candidates[i],
            replicas=int(fleet.replicas[i]),
            usd=float(fleet.usd[i]),
            evaluation=result,
            place=(int(i), column),
        )
        for i in ranked(fleet.order, holds)
    )
    if longest > model.max_context:
        too_long = (
            f"{model.name} holds at most {model.max_context:,} tokens of context; "
            f"this request has {longest:,}."
        )
        if scenario.gpu == CHEAPEST:
            return None, too_long, (), None
        # A named deployment is timed all the same: the 2023 article measured beyond the context.
        return row(0), too_long, ranking, pool([0])
    standing = np.array([one.standing for one in candidates], dtype=np.intp)
    best = choose(fleet.order, holds, standing)
    if best is not None:
        return row(best), None, ranking, pool(np.flatnonzero(holds & (standing == standing[best])))
    fitting = choose(fleet.order, result.fits[:, column], rents(standing))
    if fitting is not None:
        return row(fitting), _missed_targets(scenario, row(fitting)), (), pool([fitting])
    roomiest = int(np.argmax(result.most_sequences[:, column]))
    most = int(result.most_sequences[roomiest, column])
    if most >= 1:
        one = row(roomiest)
        return (
            None,
            f"A batch of {one.batch:,} does not fit: {one.candidate.n_gpus} × {one.candidate.gpu.name} can "
            f"hold at most {count(most, 'sequence')} of {longest:,} tokens. "
            "Choose a smaller batch or more GPUs.",
            (),
            None,
        )
    gpu = max((c.gpu for c in candidates), key=lambda g: g.memory_gb)
    reason = what_would_fit(work, gpu, usable=scenario.usable, context_tokens=longest, name=model.name)
    return None, reason, (), None


def _missed_targets(scenario: Scenario, row: HostRow) -> str:
    """Say which target even the smallest batch misses, and by how much."""
    missed = []
    if scenario.ttft is not None and row.ttft_s > scenario.ttft:
        missed.append(f"TTFT is {row.ttft_s:.3g} s (target {scenario.ttft:g} s)")
    if scenario.tpot is not None and row.tpot_s > scenario.tpot:
        missed.append(f"TPOT is {row.tpot_s * 1e3:.3g} ms (target {scenario.tpot * 1e3:g} ms)")
    what = " and ".join(missed) or "they are missed"
    if scenario.gpu == CHEAPEST:
        return (
            "No deployment holds the latency targets. On the cheapest one that fits, "
            f"at batch {row.batch:,}, {what}."
        )
    return f"This deployment does not hold the latency targets: at batch {row.batch:,}, {what}."


def _no_limits() -> None:
    """There is no deployment to say them of."""


def _limits(scenario: Scenario, shape: Shape, work: ModelShape, host: HostRow) -> Limits:
    """The physical limit, cost and latency at every batch of the curve, what keeps the batch from growing."""
    ask = ask_of(scenario.targets, scenario.mode)
    one = np.array([[float(host.batch)]])
    limit = _at(work, [host.candidate], ask, [shape], ideal=True, batch=one)
    batches = np.append(CURVE_BATCHES, host.batch + 1.0)[:, None]
    result = _at(work, [host.candidate] * len(batches), ask, [shape], batch=batches)
    return Limits(
        ideal=_row(limit, [host.candidate], 0),
        curve=BatchCurve(
            batch=CURVE_BATCHES,
            prompt_usd_per_token=result.prompt_usd[:-1, 0] / shape.prompt_tokens,
            completion_usd_per_token=result.completion_usd[:-1, 0] / shape.completion_tokens,
            ttft_s=result.ttft_s[:-1, 0],
            tpot_s=result.tpot_s[:-1, 0],
            fits=result.fits[:-1, 0].astype(float),
        ),
        stops_next=stops_next(scenario, host, float(result.tpot_s[-1, 0])),
    )


def _sources(model: Model | None, answers: Sequence[ShapeAnswer]) -> tuple[str, ...]:
    """Keys of the sources of the numbers that decide the answer, in order of appearance."""
    keys: list[str] = [model.source_id] if model else []
    for answer in answers:
        if answer.host:
            candidate = answer.host.candidate
            keys += [
                candidate.gpu.source_id,
                candidate.price.offer.source_id,
                candidate.profile.efficiency.source_id,
            ]
        if answer.api.bill:
            keys.append(answer.api.bill.offer.source_id)
    return tuple(dict.fromkeys(keys))
