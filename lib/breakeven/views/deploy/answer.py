"""A scenario, the page's fields and the tables become a ranking of deployments and a recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np

from breakeven.formulas.arrays import Floats
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import ModelShape, Speculation
from breakeven.hosting import Ask, Evaluation, ask_of, evaluate
from breakeven.hosting.choose import COUNTS, choose, rents
from breakeven.hosting.config_json import from_link
from breakeven.hosting.config_json.read import TYPED
from breakeven.hosting.fleet import Fleet, Terms, fleet_of, terms_of
from breakeven.hosting.grid import Grid, rank, work_of
from breakeven.hosting.hardware import Hardware, hardware_of
from breakeven.hosting.profiles import timing_of
from breakeven.hosting.row import HostRow, host_row, stops_next
from breakeven.question import parts
from breakeven.question.kinds import CacheFormat, LayoutKind, WeightFormat
from breakeven.question.pages.deploy import (
    CACHES,
    MODES,
    WEIGHTS,
    Fields,
    Paid,
    TypedGpu,
    considered,
    shape_of,
)
from breakeven.question.parts import Shape
from breakeven.question.scenario import CHEAPEST, Scenario
from breakeven.tables.day import Tables, derived
from breakeven.tables.records import Model
from breakeven.views.deploy.hardware import Considered, considered_gpus
from breakeven.views.deploy.needs import what_it_takes
from breakeven.words.reasons import LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One model on one deployment at its best batch."""

    model: Model
    precision: WeightFormat
    kv_precision: CacheFormat
    mode: Mode
    work: ModelShape
    """What the model asks of the hardware at those precisions."""
    host: HostRow
    fleet: Fleet
    """Its replicas for the load of the question, and their bill."""

    @property
    def replicas(self) -> int:
        """Copies of the model, both pools together. [-]"""
        return int(self.fleet.replicas)

    @property
    def gpus(self) -> int:
        """GPUs of all replicas together. [-]"""
        return self.replicas * self.host.candidate.n_gpus

    @property
    def usd(self) -> float:
        """Bill of a month, or of the job. [USD]"""
        return float(self.fleet.usd)

    def usd_range(self, terms: Terms) -> tuple[float, float]:
        """The bill at both ends of the estimate's range. [USD]"""
        longer = np.array(self.host.work_range)
        low, high = self._bills(terms, self.host.prefill_s * longer, self.host.decode_s * longer)
        return float(low), float(high)

    def bills(self, result: Evaluation, terms: Terms, *, longer: float = 1.0, rent: float = 1.0) -> Floats:
        """Bills of this deployment with other times of an evaluation, or times and rent so much higher."""
        read, write = result.prefill_s.ravel(), result.decode_s.ravel()
        return self._bills(terms, read * longer, write * longer, rent)

    def _bills(self, terms: Terms, prefill_s: Floats, decode_s: Floats, rent: float = 1.0) -> Floats:
        return fleet_of(
            replace(terms, pools=self.mode == Mode.DISAGGREGATED),
            prefill_s=prefill_s,
            decode_s=decode_s,
            usd_per_hour=np.asarray(self.host.candidate.usd_per_hour * rent),
        ).usd


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The ranking, the recommendation and what stands in its way."""

    scenario: Scenario
    extra: Fields
    shape: Shape
    ask: Ask
    models: tuple[Model, ...]
    grid: Grid | None
    order: tuple[int, ...]
    """Candidates that hold the targets, cheapest first."""
    chosen: Placement | None
    """The recommendation, or where nothing holds the targets the cheapest that fits."""
    holds: bool
    """The recommendation holds the targets."""
    ideal: HostRow | None
    """The physical limit of the same deployment and batch."""
    stops_next: str | None
    """What keeps the batch from being larger."""
    needs: tuple[str, ...]
    """What it would take, where nothing fits or holds the targets."""
    problems: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    def place(self, index: int) -> Placement:
        """One candidate of the grid in full."""
        if self.grid is None:
            raise IndexError(index)
        return placement(self.grid, index)

    def usd_per_token(self, usd: float) -> float:
        """A bill over the tokens that it pays for. [USD/token]"""
        tokens = self.shape.prompt_tokens + self.shape.completion_tokens
        return usd / (self.scenario.load.billed * tokens)


def deploy(
    scenario: Scenario,
    extra: Fields,
    tables: Tables,
    *,
    models: Iterable[Model] | None = None,
    counts: Sequence[int] = COUNTS,
) -> Answer:
    """Rank every deployment and recommend one.

    Parameters
    ----------
    scenario, extra
        The question.
    tables
        Rows in force on the scenario's day.
    models
        Models to rank instead of the scenario's.
    counts
        Sizes of a replica.

    Returns
    -------
    Answer
        What cannot be computed becomes a sentence in it; nothing is raised, nothing priced at zero.
    """
    shape = shape_of(scenario, extra)
    ask = replace(ask_of(scenario.targets, scenario.mode), speculation=speculation_of(extra))
    asked, problems = (tuple(models), []) if models is not None else _models(scenario, extra, tables)
    modes = considered(scenario.mode, extra.modes, MODES)
    gpus, hardware = _hardware(
        tables,
        scenario.hardware,
        scenario.overhead_percent,
        extra.paid,
        extra.typed_gpu,
        scenario.as_of,
        frozenset(timing_of(mode) for mode in modes),
        tuple(counts),
    )
    problems += [gpus.problem] if gpus.problem else []
    grid = _grid(scenario, extra, tables, asked, hardware, shape, ask) if asked and gpus.prices else None
    order = tuple(int(i) for i in grid.ranked()) if grid is not None else ()
    best = None if grid is None else grid.best()
    holds = best is not None
    if grid is not None and best is None and grid.w.size:
        best = choose(grid.fleet.order, grid.result.fits, rents(grid.standing))
    chosen = placement(grid, best) if grid is not None and best is not None else None
    needs = () if holds or grid is None else what_it_takes(grid, ask, shape, scenario)
    return Answer(
        scenario=scenario,
        extra=extra,
        shape=shape,
        ask=ask,
        models=asked,
        grid=grid,
        order=order,
        chosen=chosen,
        holds=holds,
        ideal=None if chosen is None else _ideal(chosen, ask, shape),
        stops_next=None if chosen is None or not holds else _stops(chosen, ask, shape, scenario),
        needs=needs,
        problems=tuple(problems),
        left_out=grid.left_out if grid is not None else (),
    )


def speculation_of(extra: Fields) -> Speculation | None:
    """Speculative decoding as asked for."""
    if extra.drafts == 0:
        return None
    return Speculation(drafts=extra.drafts, acceptance=extra.acceptance / 100, draft_share=extra.draft / 100)


def _models(scenario: Scenario, extra: Fields, tables: Tables) -> tuple[tuple[Model, ...], list[str]]:
    """The model typed in, or the scenario's."""
    if extra.model is not None:
        model, problem = from_link(extra.model)
        if model is not None:
            return (model,), []
        return (), [problem or ""]
    known = tables.models.get(scenario.model)
    return ((known,), []) if known else ((), [f"There is no model '{scenario.model}' in the tables."])


@derived
def _hardware(
    tables: Tables,
    hardware: parts.Hardware,
    overhead_percent: float,
    paid: Paid,
    typed: TypedGpu,
    day: date,
    timings: frozenset[Mode],
    counts: tuple[int, ...],
) -> tuple[Considered, Hardware]:
    """GPUs that are considered, and their rows; built once for all models, shapes and targets."""
    gpus = considered_gpus(tables, hardware, paid, typed, day)
    # As Compare does: who names a GPU and a count, and no layout, means tensor parallelism.
    named = hardware.gpu != CHEAPEST and len(counts) == 1 and hardware.layout == LayoutKind.AUTO
    rows = hardware_of(
        gpus=gpus.gpus,
        counts=counts,
        prices=gpus.prices,
        efficiencies=tables.efficiencies,
        engine=hardware.engine,
        overhead_percent=overhead_percent,
        timings=timings,
        why_no_price=gpus.why_no_price,
        trusted=(TYPED,),
        kind=LayoutKind.TENSOR if named else hardware.layout,
        layouts=tables.layouts,
        links=tables.node_links,
    )
    return gpus, rows


def _grid(
    scenario: Scenario,
    extra: Fields,
    tables: Tables,
    models: Sequence[Model],
    hardware: Hardware,
    shape: Shape,
    ask: Ask,
) -> Grid:
    """Evaluate all candidates."""
    work = work_of(
        models,
        precisions=[
            tables.precisions[name] for name in considered(scenario.precision, extra.weights, WEIGHTS)
        ],
        kv_precisions=considered(scenario.kv_precision, extra.cache, CACHES),
        context_tokens=shape.prompt_tokens + shape.completion_tokens,
    )
    return rank(
        work, hardware, ask, shape, terms_of(scenario), modes=considered(scenario.mode, extra.modes, MODES)
    )


def placement(grid: Grid, index: int) -> Placement:
    """One candidate of a grid."""
    w, work = int(grid.w[index]), grid.work
    one = ModelShape(**{item.name: float(getattr(work.shape, item.name)[w]) for item in fields(ModelShape)})
    return Placement(
        model=work.models[work.model[w]],
        precision=work.precisions[work.precision[w]].precision_id,
        kv_precision=work.kv_precisions[work.kv[w]],
        mode=grid.modes[grid.m[index]],
        work=one,
        host=host_row(grid.result, grid.hardware.candidates[grid.h[index]], (index,)),
        fleet=grid.fleet.at(index),
    )


def _ideal(row: Placement, ask: Ask, shape: Shape) -> HostRow:
    """The physical limit at the same batch."""
    batch = np.array([[float(row.host.batch)]])
    result = evaluate(
        row.work,
        [row.host.candidate],
        replace(ask, mode=row.mode),
        prompt_tokens=np.array([float(shape.prompt_tokens)]),
        completion_tokens=np.array([float(shape.completion_tokens)]),
        cached_tokens=np.array([float(shape.cached_tokens)]),
        ideal=True,
        batch=batch,
    )
    return host_row(result, row.host.candidate, (0, 0))


def _stops(row: Placement, ask: Ask, shape: Shape, scenario: Scenario) -> str:
    """What keeps the batch from being one larger."""
    result = evaluate(
        row.work,
        [row.host.candidate],
        replace(ask, mode=row.mode),
        prompt_tokens=np.array([float(shape.prompt_tokens)]),
        completion_tokens=np.array([float(shape.completion_tokens)]),
        cached_tokens=np.array([float(shape.cached_tokens)]),
        batch=np.array([[row.host.batch + 1.0]]),
    )
    return stops_next(scenario, row.host, float(result.tpot_s[0, 0]))
