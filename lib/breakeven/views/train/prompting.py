"""Tuning a small model against prompting a bigger one: paid once, paid per request, from when it pays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from breakeven.apis.shapes import bills_of
from breakeven.comparison.answer import compare
from breakeven.formulas.arrays import Floats
from breakeven.formulas.training import paying_requests
from breakeven.formulas.units import GIGA, MEGA, SECONDS_PER_HOUR
from breakeven.question.pages.train import FULL, Fields
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import ApiOffer, TuningPrice
from breakeven.views.train.answer import TrainingAnswer, TrainingFacts
from breakeven.views.train.efficiency import Span
from breakeven.words.names import offer_name
from breakeven.words.numbers import count, percent

CURVE_POINTS = 81


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way to have the requests answered: paid once, paid per request. US dollars."""

    name: str
    once: float
    each: float
    each_range: tuple[float, float] | None = None
    """Range of ``each``, where it is an estimate."""

    def total(self, requests: float) -> float:
        """Cost of some requests. [USD]"""
        return self.once + self.each * requests


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTuning:
    """Tuning through an API."""

    price: TuningPrice
    tuning_usd: float
    """Training tokens at its price. [USD]"""
    serve_usd: float | None
    """One request on the tuned model; None: no offer of it in force, or billed by the hour. [USD/request]"""
    total_usd: float | None
    """Labels, tuning and all requests. [USD]"""
    pays_from: float | None
    """Requests from which it is cheaper than prompting; infinite: never. [-]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompting:
    """Tuning held against prompting."""

    plan: Fields
    labels_usd: float
    tuning_usd: Span
    tuned: Path | None
    """None: serving cannot be priced; ``problems`` says why."""
    prompted: Path | None
    """The bigger model; None: no price."""
    rival: Path | None
    served_on: str
    """What serves the tuned model, in words."""
    pays_from: float | None
    """Requests from which tuning is cheaper than the bigger model; infinite: never. [-]"""
    rival_pays_from: float | None
    api: tuple[ApiTuning, ...]
    curve: Floats
    """Numbers of requests to draw. [-]"""
    problems: tuple[str, ...]
    source_ids: tuple[str, ...]


def hold_against_prompting(
    answer: TrainingAnswer, scenario: Scenario, tables: Tables, facts: TrainingFacts
) -> Prompting:
    """Price labels, tuning and serving against the bigger model, at the scenario's first shape."""
    plan = answer.plan
    problems: list[str] = []
    keys: list[str] = []
    prompted = _api_path(plan.teacher, scenario, tables, problems, keys)
    rival = None if plan.rival is None else _api_path(plan.rival, scenario, tables, problems, keys)
    label = plan.label_usd if plan.label_usd is not None else (prompted.each if prompted else None)
    if label is None and plan.labelled:
        problems.append("The labels cannot be priced without the bigger model; type a price per label.")
    labels = plan.labelled * (label or 0.0)
    labels_known = label is not None or not plan.labelled
    tuning = _tuning(answer, problems)
    serve, start_usd, served_on = _serving(plan, scenario, tables, problems, keys)
    tuned = None
    if tuning is not None and serve is not None and labels_known:
        tuned = Path(
            name=f"tuned {answer.model.name}",
            once=labels + tuning.mid + start_usd,
            each=serve.mid,
            each_range=(serve.low, serve.high),
        )
    api = tuple(
        _api_tuning(price, plan, scenario, tables, labels if labels_known else None, prompted)
        for price in prices_for(answer, facts)
    )
    known = [path for path in (tuned, prompted, rival) if path is not None]
    first = _pays_from(tuned, prompted)
    second = _pays_from(tuned, rival)
    keys += [tuning_price.price.source_id for tuning_price in api]
    return Prompting(
        plan=plan,
        labels_usd=labels,
        tuning_usd=tuning or Span(low=0.0, mid=0.0, high=0.0),
        tuned=tuned,
        prompted=prompted,
        rival=rival,
        served_on=served_on,
        pays_from=first,
        rival_pays_from=second,
        api=api,
        curve=_volumes(plan.requests, [first, second]) if known else np.array([]),
        problems=tuple(problems),
        source_ids=tuple(dict.fromkeys(keys)),
    )


def prices_for(answer: TrainingAnswer, facts: TrainingFacts) -> list[TuningPrice]:
    """Prices of named models, and of the class that the plan's own model falls in."""
    size = answer.model.params / GIGA
    return [
        price
        for price in facts.tuning_prices
        if price.most_params_b is None
        or (
            price.least_params_b is not None
            and price.least_params_b < size <= price.most_params_b
            and (price.method != "lora" or answer.plan.method != FULL)
        )
    ]


def _offer(offer_id: str, tables: Tables) -> ApiOffer | None:
    return next((offer for offer in tables.api_offers if offer.api_offer_id == offer_id), None)


def _bill(offer: ApiOffer, scenario: Scenario) -> float:
    """One request of the scenario's first shape; NaN beyond the offer's context. [USD]"""
    shape = scenario.shapes[0]
    prompt, completion = bills_of(
        [offer],
        prompt=np.array([float(shape.prompt_tokens)]),
        completion=np.array([float(shape.completion_tokens)]),
        cached=np.array([float(shape.cached_tokens)]),
    )
    return float(prompt[0, 0] + completion[0, 0])


def _api_path(
    offer_id: str, scenario: Scenario, tables: Tables, problems: list[str], keys: list[str]
) -> Path | None:
    """Prompting an offer; a sentence where it has no price or takes no such request."""
    offer = _offer(offer_id, tables)
    if offer is None:
        problems.append(
            f"{offer_id} has no price in force on {scenario.as_of}; choose another day or another offer."
        )
        return None
    usd = _bill(offer, scenario)
    if np.isnan(usd):
        shape = scenario.shapes[0]
        tokens = shape.prompt_tokens + shape.completion_tokens
        problems.append(
            f"{offer_id} takes at most {offer.context_tokens:,} tokens; a request has {tokens:,}."
        )
        return None
    keys.append(offer.source_id)
    return Path(name=offer_name(offer), once=0.0, each=usd)


def _tuning(answer: TrainingAnswer, problems: list[str]) -> Span | None:
    """Cost of the tuning itself: stated, or computed."""
    stated = answer.plan.tuning_usd
    if stated is not None:
        return Span(low=stated, mid=stated, high=stated)
    if answer.usd is None:
        problems.append("The tuning cannot be priced without a GPU price; type its cost.")
    return answer.usd


def _serving(
    plan: Fields, scenario: Scenario, tables: Tables, problems: list[str], keys: list[str]
) -> tuple[Span | None, float, str]:
    """Cost of one request on the tuned model, adapters merged: that of its base model at the load.

    Beside it what a job pays once to start its replicas [USD], and what serves it in words.
    """
    if plan.serve_usd is not None:
        each = plan.serve_usd / 1000
        return Span(low=each, mid=each, high=each), 0.0, "at the cost per request that was typed"
    if plan.params_b is not None:
        problems.append(
            "A size alone cannot be served: choose a model of the tables, or type what a thousand requests "
            "cost on the tuned model."
        )
        return None, 0.0, ""
    load = scenario.load
    if load.ends:
        scenario = replace(scenario, requests=float(plan.requests))
    answer = compare(scenario, tables)
    host, own = answer.shapes[0].host, answer.shapes[0].at_load
    problems += answer.problems
    if host is None or own is None:
        problems.append(answer.shapes[0].host_reason or "No deployment can serve the tuned model.")
        return None, 0.0, ""
    keys += [host.candidate.profile.efficiency.source_id, host.candidate.price.offer.source_id]
    start = (
        own.replicas * load.startup_s / SECONDS_PER_HOUR * host.candidate.usd_per_hour if load.ends else 0.0
    )
    low, mid, high = (
        (usd - start) / own.requests for usd in (own.host_usd_low, own.host_usd, own.host_usd_high)
    )
    where = f"on {count(own.replicas, 'replica')} of {host.candidate.n_gpus} × {host.candidate.gpu.name}"
    how = "as one job" if load.ends else f"{percent(own.busy)} busy at your {load.said()}"
    return Span(low=max(low, 0.0), mid=mid, high=high), start, f"{where}, {how}"


def _pays_from(tuned: Path | None, other: Path | None) -> float | None:
    if tuned is None or other is None:
        return None
    return float(paying_requests(fixed_usd=tuned.once, tuned_usd=tuned.each, prompted_usd=other.each))


def _api_tuning(
    price: TuningPrice,
    plan: Fields,
    scenario: Scenario,
    tables: Tables,
    labels_usd: float | None,
    prompted: Path | None,
) -> ApiTuning:
    """One price of tuning through an API, and what serving the result costs there."""
    tuning = plan.tuning_tokens / MEGA * float(price.usd_per_mtok)
    offer = None if price.serve_offer_id is None else _offer(price.serve_offer_id, tables)
    serve = None if offer is None else _bill(offer, scenario)
    if serve is None or np.isnan(serve) or labels_usd is None:
        return ApiTuning(price=price, tuning_usd=tuning, serve_usd=None, total_usd=None, pays_from=None)
    path = Path(name=price.api_model, once=labels_usd + tuning, each=serve)
    return ApiTuning(
        price=price,
        tuning_usd=tuning,
        serve_usd=serve,
        total_usd=path.total(plan.requests),
        pays_from=_pays_from(path, prompted),
    )


def _volumes(requests: float, crossings: list[float | None]) -> Floats:
    """Numbers of requests that show the plan's own and every crossing."""
    marks = [requests, *(x for x in crossings if x is not None and 0 < x < np.inf)]
    low, high = max(min(marks) / 30, 1.0), max(marks) * 10
    return np.logspace(np.log10(low), np.log10(high), CURVE_POINTS)
