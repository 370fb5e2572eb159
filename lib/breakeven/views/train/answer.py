"""A plan and the tables become what training costs, how long it takes and what holds it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from breakeven.formulas import scaling_laws
from breakeven.formulas import training as formulas
from breakeven.formulas.arrays import Floats
from breakeven.formulas.cost import owned_usd_per_hour
from breakeven.formulas.units import GIGA
from breakeven.hosting import GpuPrice, Unplaceable, gpu_price
from breakeven.question.pages.train import BESIROGLU, BY_RATIO, FULL, HOFFMANN, TUNE_OR_PROMPT, Fields
from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN, Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import Gpu, TrainingRun, TuningPrice
from breakeven.views.train.efficiency import Measured, Mfu, Span, measured_runs, mfu_range, peak_flop_per_s
from breakeven.views.train.memory import (
    GpuMemory,
    Layout,
    adapter_count,
    gpu_memory,
    layout_of,
    whole_servers,
)
from breakeven.views.train.shape import TrainedModel, model_of

LAWS = {HOFFMANN: scaling_laws.HOFFMANN_2022, BESIROGLU: scaling_laws.BESIROGLU_2024}
CURVE_POINTS = 61


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """Rows that only training needs, in force on the day of the scenario."""

    runs: Sequence[TrainingRun]
    tuning_prices: Sequence[TuningPrice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rent:
    """What one GPU-hour costs."""

    usd_per_gpu_hour: float
    offer: GpuPrice | None
    """The offers it comes from; None: typed, or owned."""
    owned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """What a budget trains best."""

    usd: float
    flop: Span
    params: Span
    """Compute-optimal size. [-]"""
    tokens: Span
    """Tokens for that size. [tokens]"""
    own_tokens: Span
    """Tokens for the plan's own model. [tokens]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCurve:
    """Cost against tokens. [USD]"""

    tokens: Floats
    low: Floats
    mid: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuCurve:
    """Days against GPUs."""

    gpus: Floats
    low: Floats
    mid: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAnswer:
    """What training costs."""

    plan: Fields
    scenario: Scenario
    model: TrainedModel
    gpu: Gpu
    rent: Rent | None
    tokens: float
    """Tokens trained on, all epochs. [tokens]"""
    tokens_chosen: bool
    """Whether the tokens are compute-optimal because none were given."""
    flop: float
    adapters: float
    """Parameters that are trained where not all are; 0: all. [-]"""
    mfu: Mfu
    hours: Span
    """GPU-hours; low at the highest MFU. [h]"""
    usd: Span | None
    """None: no price. [USD]"""
    n_gpus: int
    days: Span
    layout: Layout
    memory: GpuMemory
    fits: bool
    deadline_gpus: int | None
    """GPUs that finish in the plan's days. [-]"""
    optimum: Optimum | None
    kwh: Span | None
    token_curve: TokenCurve | None
    gpu_curve: GpuCurve
    runs: tuple[Measured, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    source_ids: tuple[str, ...]


def train(plan: Fields, scenario: Scenario, tables: Tables, facts: TrainingFacts) -> TrainingAnswer:
    """Answer a plan.

    Raises
    ------
    Unplaceable
        If the model or the GPU is not known, or has no parameters or no 16-bit rate on record.
    """
    gpu = tables.gpus.get(plan.gpu)
    if gpu is None:
        raise Unplaceable(f"There is no GPU '{plan.gpu}' in the tables; choose one from the list.")
    peak = peak_flop_per_s(gpu)
    if peak is None:
        raise Unplaceable(f"No 16-bit rate of {gpu.name} is on record, so its time cannot be computed.")
    model = model_of(plan, tables.models.get(scenario.model))
    problems: list[str] = []
    notes: list[str] = [] if model.assumed is None else [f"{model.assumed}."]
    mfu = _mfu(plan, gpu, tables, facts)
    adapters = adapter_count(plan, model)
    tokens, chosen = _tokens(plan, model)
    flop = _flop(plan, model, adapters, tokens)
    # The lowest share takes the longest.
    hours = Span(
        **{
            name: float(formulas.gpu_hours(flop=flop, flop_per_s=peak, mfu=share, lost=plan.lost))
            for name, share in (("low", mfu.share.high), ("mid", mfu.share.mid), ("high", mfu.share.low))
        }
    )
    rent, missing = _rent(plan, scenario, gpu, tables)
    problems += missing
    layout = layout_of(plan, model, gpu, scenario.usable)
    deadline = (
        None if plan.days is None else int(formulas.gpus_for_deadline(gpu_hours=hours.mid, days=plan.days))
    )
    n_gpus = plan.gpus or _as_many(layout, deadline)
    if n_gpus % layout.tensor:
        problems.append(
            f"{n_gpus:,} GPUs cannot be split into groups of {layout.tensor} that share each layer; "
            f"choose a multiple of {layout.tensor}."
        )
    memory = gpu_memory(plan, model, data=max(n_gpus // layout.tensor, 1), tensor=layout.tensor)
    fits = memory.total <= gpu.memory_gb * GIGA * scenario.usable * (1 + 1e-9)
    if layout.tensor > max(gpu.link_gpus, 1):
        notes.append(
            f"{layout.tensor} GPUs share each layer, and the fast links of {gpu.name} join {gpu.link_gpus}: "
            "expect a lower MFU."
        )
    kwh = None if gpu.tdp_w is None else hours.times(gpu.tdp_w / 1000 * plan.pue)
    if gpu.tdp_w is None:
        notes.append(f"The power of {gpu.name} is not on record, so no energy is given.")
    return TrainingAnswer(
        plan=plan,
        scenario=scenario,
        model=model,
        gpu=gpu,
        rent=rent,
        tokens=tokens,
        tokens_chosen=chosen,
        flop=flop,
        adapters=adapters,
        mfu=mfu,
        hours=hours,
        usd=None if rent is None else hours.times(rent.usd_per_gpu_hour),
        n_gpus=n_gpus,
        days=hours.times(1 / (24 * n_gpus)),
        layout=layout,
        memory=memory,
        fits=fits,
        deadline_gpus=deadline,
        optimum=_optimum(plan, rent, peak, mfu, flop / tokens),
        kwh=kwh,
        token_curve=_token_curve(tokens, hours, rent),
        gpu_curve=_gpu_curve(n_gpus, hours),
        runs=measured_runs(facts.runs, tables.gpus),
        problems=tuple(problems),
        notes=tuple(notes),
        source_ids=_sources(model, gpu, rent, mfu),
    )


def _mfu(plan: Fields, gpu: Gpu, tables: Tables, facts: TrainingFacts) -> Mfu:
    """The share that is typed, or the range of the published runs."""
    if plan.mfu is None:
        return mfu_range(gpu, facts.runs, tables.gpus)
    return Mfu(
        share=Span(low=plan.mfu, mid=plan.mfu, high=plan.mfu), origin="the share that was typed", runs=()
    )


def _tokens(plan: Fields, model: TrainedModel) -> tuple[float, bool]:
    """Tokens trained on, and whether they were left open."""
    if plan.tunes:
        return plan.tuning_tokens, False
    if plan.tokens_b is not None:
        return plan.tokens_b * GIGA, False
    if plan.law == BY_RATIO:
        return model.active * scaling_laws.TOKENS_PER_PARAMETER, True
    law = LAWS[plan.law]
    # The law says how many parameters suit some work; turned around: P = G (P D)^b, solved for D.
    share = law.tokens_exponent / (law.params_exponent + law.tokens_exponent)
    unit_params = float(scaling_laws.optimum_by_law(flop=6.0, law=law)[0])
    return float((model.active / unit_params) ** (1 / share) / model.active), True


def _flop(plan: Fields, model: TrainedModel, adapters: float, tokens: float) -> float:
    """Work of the training. [FLOP]"""
    recomputed = 1.0 if plan.recomputation == "full" else 0.0
    if plan.tunes and plan.method != FULL:
        return float(
            formulas.adapter_flop(
                active_params=model.active, adapter_params=adapters, tokens=tokens, recomputed=recomputed
            )
        )
    return float(formulas.training_flop(active_params=model.active, tokens=tokens, recomputed=recomputed))


def _rent(plan: Fields, scenario: Scenario, gpu: Gpu, tables: Tables) -> tuple[Rent | None, list[str]]:
    """Price of one GPU-hour; a sentence where there is none."""
    if plan.owned_usd is not None:
        if gpu.tdp_w is None:
            return None, [f"The power of {gpu.name} is not on record, so owning it cannot be priced."]
        usd = owned_usd_per_hour(
            purchase_usd=plan.owned_usd,
            residual_usd=plan.owned_usd * plan.owned_residual,
            years=plan.owned_years,
            interest=plan.owned_interest,
            power_w=gpu.tdp_w,
            pue=plan.pue,
            usd_per_kwh=plan.usd_per_kwh,
            hosting_usd_per_hour=plan.owned_hosting,
        )
        return Rent(usd_per_gpu_hour=float(usd), offer=None, owned=True), []
    if plan.usd_per_gpu_hour is not None:
        return Rent(usd_per_gpu_hour=plan.usd_per_gpu_hour, offer=None, owned=False), []
    ours = {offer.gpu_offer_id for offer in tables.gpu_offers if offer.gpu_id == gpu.gpu_id}
    named = scenario.gpu_offer in (MEDIAN, CHEAPEST, DEAREST) or scenario.gpu_offer in ours
    price = gpu_price(
        tables.gpu_offers,
        gpu_id=gpu.gpu_id,
        price_type=scenario.gpu_price_type,
        choice=scenario.gpu_offer if named else MEDIAN,
    )
    if price is None:
        return None, [
            f"No {scenario.gpu_price_type} price of {gpu.name} is in force on {scenario.as_of}, so no "
            "dollars are given; choose another day, kind of price or GPU, or type a price."
        ]
    usd = price.usd_per_gpu_hour * (1 + scenario.overhead_percent / 100)
    return Rent(usd_per_gpu_hour=usd, offer=price, owned=False), []


def _as_many(layout: Layout, deadline: int | None) -> int:
    """GPUs where their number is left open: enough memory, enough speed, whole servers."""
    need = max(layout.fewest if math.isfinite(layout.fewest) else 1, deadline or 1, layout.tensor)
    return whole_servers(need)


def _optimum(
    plan: Fields,
    rent: Rent | None,
    peak: float,
    mfu: Mfu,
    flop_per_token: float,
) -> Optimum | None:
    """What the budget of the plan trains."""
    if plan.budget is None or rent is None:
        return None
    shares = np.array([mfu.share.low, mfu.share.mid, mfu.share.high])
    flop = np.asarray(
        formulas.flop_for_budget(
            usd=plan.budget,
            usd_per_gpu_hour=rent.usd_per_gpu_hour,
            flop_per_s=peak,
            mfu=shares,
            lost=plan.lost,
        )
    )
    params, tokens = (
        scaling_laws.optimum_by_ratio(flop=flop)
        if plan.law == BY_RATIO
        else scaling_laws.optimum_by_law(flop=flop, law=LAWS[plan.law])
    )
    return Optimum(
        usd=plan.budget,
        flop=_span(flop),
        params=_span(np.asarray(params)),
        tokens=_span(np.asarray(tokens)),
        own_tokens=_span(flop / flop_per_token),
    )


def _span(values: Floats) -> Span:
    return Span(low=float(values[0]), mid=float(values[1]), high=float(values[2]))


def _token_curve(tokens: float, hours: Span, rent: Rent | None) -> TokenCurve | None:
    """Cost of a thirtieth to thirty times the tokens; it grows in proportion."""
    if rent is None:
        return None
    scale = np.logspace(-1.5, 1.5, CURVE_POINTS)
    usd = hours.times(rent.usd_per_gpu_hour)
    return TokenCurve(tokens=tokens * scale, low=usd.low * scale, mid=usd.mid * scale, high=usd.high * scale)


def _gpu_curve(n_gpus: int, hours: Span) -> GpuCurve:
    """Days on a sixteenth to sixteen times the GPUs."""
    low = max(n_gpus / 16, 1.0)
    gpus = np.logspace(np.log10(low), np.log10(n_gpus * 16.0), CURVE_POINTS)
    days = 1 / (24 * gpus)
    return GpuCurve(gpus=gpus, low=hours.low * days, mid=hours.mid * days, high=hours.high * days)


def _sources(model: TrainedModel, gpu: Gpu, rent: Rent | None, mfu: Mfu) -> tuple[str, ...]:
    """Keys of the sources of the numbers that decide the answer."""
    keys = [key for key in (model.source_id, gpu.source_id) if key]
    if rent is not None and rent.offer is not None:
        keys.append(rent.offer.offer.source_id)
    return tuple(dict.fromkeys([*keys, *(run.source_id for run in mfu.runs)]))


def asks_for_prompting(plan: Fields) -> bool:
    """Whether tuning is held against prompting."""
    return plan.goal == TUNE_OR_PROMPT
