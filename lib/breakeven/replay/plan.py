"""How many replicas a file's own arrivals need, and what each way of paying for them costs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from math import ceil

import numpy as np

from breakeven.apis.shapes import answer_of_apis
from breakeven.apis.workloads import PricedOffer, PricedWorkload
from breakeven.formulas.arrays import Floats
from breakeven.formulas.mixed_step import StepCoefficients
from breakeven.formulas.mode import Mode
from breakeven.formulas.units import SECONDS_PER_HOUR
from breakeven.hosting import (
    KV_BYTES,
    MOST_SEQUENCES,
    Candidate,
    Unplaceable,
    model_shape,
    what_would_fit,
)
from breakeven.hosting.hardware import candidates_on
from breakeven.hosting.workloads import Hosting
from breakeven.question.pages.capacity import Fields
from breakeven.question.parts import Shape
from breakeven.question.scenario import CHEAPEST, Scenario
from breakeven.replay import search
from breakeven.replay.arrivals import Arrivals
from breakeven.replay.run import Control
from breakeven.replay.search import (
    Autoscaled,
    Found,
    Policy,
    Progress,
    Target,
    cheapest_autoscaled,
    fewest_replicas,
)
from breakeven.replay.server import Requests, Server, server_of
from breakeven.tables.day import Tables
from breakeven.tables.records import Model
from breakeven.usage.sums import Workload, sums_by


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSide:
    """What an API charges for the same requests."""

    offer: PricedOffer | None
    reason: str | None
    """Why there is no bill."""
    too_short: tuple[PricedOffer, ...] = ()
    """Cheaper offers of the same model that do not take every request, cheapest first."""

    @property
    def usd(self) -> float | None:
        """The bill. [USD]"""
        return None if self.offer is None else float(self.offer.usd)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The capacity that a file needs on one deployment."""

    scenario: Scenario
    options: Fields
    model: Model
    candidate: Candidate
    server: Server
    arrivals: Arrivals
    found: Found
    autoscaled: Autoscaled | None
    autoscaled_reason: str | None
    api: ApiSide
    notes: tuple[str, ...]
    """What a reader should know before trusting the numbers."""
    work_s: Floats = field(repr=False)
    """Estimated replica seconds of each request. [s]"""

    @property
    def feasible(self) -> bool:
        """Some number of replicas holds the targets."""
        return self.found.best is not None

    @property
    def hours(self) -> float:
        """Time that the arrivals span. [h]"""
        return self.arrivals.requests.span_s / SECONDS_PER_HOUR

    def usd_fixed_of(self, replicas: int) -> float:
        """Rent of so many replicas over that time. [USD]"""
        return replicas * self.candidate.usd_per_hour * self.hours

    @property
    def usd_fixed(self) -> float | None:
        """Rent of the fewest replicas that hold the targets. [USD]"""
        return None if self.found.best is None else self.usd_fixed_of(self.found.best.replicas)

    @property
    def usd_autoscaled(self) -> float | None:
        """Rent of a fleet that follows the load and holds the targets. [USD]"""
        if self.autoscaled is None:
            return None
        return self.autoscaled.replica_s / SECONDS_PER_HOUR * self.candidate.usd_per_hour

    @property
    def replicas_by_mean(self) -> int:
        """Replicas that the mean load alone would ask for."""
        return max(1, ceil(self.found.mean_load - 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fluid:
    """What sums over time can say: work against capacity, nothing about waiting."""

    candidate: Candidate
    model: Model
    step_s: float
    """Time that one row sums over. [s]"""
    mean_load: float
    """Replicas that would be busy all the time, on average. [-]"""
    peak_load: float
    """The same in the busiest step. [-]"""
    replicas: int
    """For the busiest step, as busy as planned. [-]"""
    usd_fixed: float
    api: ApiSide
    caveat: str


def deployment_of(scenario: Scenario, tables: Tables, hosting: Hosting | None) -> tuple[Model, Candidate]:
    """The deployment that is planned: the one of the scenario, or the cheapest for this workload.

    Raises
    ------
    Unplaceable
        If there is none; the text says why.
    """
    model = tables.models.get(scenario.model)
    if model is None:
        raise Unplaceable(f"There is no model {scenario.model} in the tables.")
    if scenario.gpu == CHEAPEST:
        offers = hosting.offers if hosting else ()
        for offer in offers:
            if offer.model.model_id == model.model_id:
                return model, offer.replayed or offer.candidate
        left = hosting.left_out if hosting else ()
        why = next((why for name, why in left if name in (model.name, "all models")), None)
        raise Unplaceable(f"{model.name} has no deployment for these requests: {why or 'none was found'}.")
    found = candidates_on(tables, scenario)
    if not found.candidates:
        gone = found.left_out
        raise Unplaceable(f"{gone[0].what}: {gone[0].why}." if gone else "No such deployment can be priced.")
    if found.refusal:
        raise Unplaceable(found.refusal)
    return model, found.candidates[0]


def server_for(
    scenario: Scenario, options: Fields, tables: Tables, model: Model, candidate: Candidate
) -> Server:
    """One replica as the replay takes it.

    Raises
    ------
    Unplaceable
        If the weights alone do not fit.
    """
    if candidate.worker.ranks > 1:
        raise Unplaceable(
            f"{candidate.layout} has ranks with requests of their own, which are not replayed; "
            "choose the layout tp."
        )
    shape = model_shape(model, tables.precisions[scenario.precision], KV_BYTES[scenario.kv_precision])
    server = server_of(
        shape,
        candidate.replica,
        candidate.engine,
        usable=scenario.usable,
        mode=scenario.mode,
        max_sequences=scenario.batch or MOST_SEQUENCES,
        token_budget=options.budget,
        max_context=model.max_context,
    )
    if server.cache_bytes <= 0:
        raise Unplaceable(
            what_would_fit(shape, candidate.gpu, usable=scenario.usable, context_tokens=1, name=model.name)
        )
    return server


def _static_batch(server: Server, requests: Requests) -> int:
    """Sequences of mean length that fit, where a static batch has no size of its own."""
    mean = float(requests.prompt.mean() + requests.completion.mean())
    one = float(server.cache_of(np.array([mean]))[0])
    return int(np.clip(server.cache_bytes // max(one, 1.0), 1, MOST_SEQUENCES))


def make_plan(
    arrivals: Arrivals,
    priced: PricedWorkload,
    scenario: Scenario,
    options: Fields,
    tables: Tables,
    *,
    hosting: Hosting | None = None,
    progress: Progress | None = None,
    control: Control | None = None,
) -> Plan:
    """Replay a file's arrivals on one deployment, and price what they need.

    Parameters
    ----------
    arrivals
        From :func:`breakeven.replay.arrivals.read_arrivals`.
    priced
        The same file at the prices of the scenario's day.
    scenario
        Model, GPU, precision, targets, mode, what the memory may hold.
    options
        Percentile, routing, what an autoscaler may do.
    tables
        Rows in force on the scenario's day.
    hosting
        The cheapest deployments of the file, where the scenario names no GPU.
    progress, control
        To watch and stop.

    Raises
    ------
    Unplaceable
        If the deployment cannot be computed.
    breakeven.replay.run.Cancelled
        If ``control`` asked to stop.
    """
    model, candidate = deployment_of(scenario, tables, hosting)
    server = server_for(scenario, options, tables, model, candidate)
    requests = arrivals.requests
    if scenario.mode == Mode.STATIC and scenario.batch is None:
        server = replace(server, max_sequences=_static_batch(server, requests))
    target = Target(percent=options.percent, ttft_s=scenario.ttft, tpot_s=scenario.tpot)
    found = fewest_replicas(
        requests, server, target, routing=options.routing, progress=progress, control=control
    )
    work_s = server.work_s(requests)
    autoscaled, reason = None, None
    if found.best is None:
        reason = "no number of replicas holds the targets"
    elif server.mode == Mode.DISAGGREGATED:
        reason = "an autoscaled fleet is not replayed for separate pools"
    elif target.none:
        reason = "without a latency target nothing says how late an autoscaled fleet may be"
    else:
        if progress:
            progress("Letting the fleet follow the load", 0.0)
        autoscaled = cheapest_autoscaled(
            requests,
            server,
            target,
            Policy(delay_s=options.delay, minimum=options.minimum),
            below_replica_s=found.best.replicas * requests.span_s,
            work_s=work_s,
            control=control,
        )
        if autoscaled is None:
            reason = (
                f"with {options.delay:g} s to start a replica, no fleet that follows the load keeps the "
                "targets for less than the fixed one"
            )
    return Plan(
        scenario=scenario,
        options=options,
        model=model,
        candidate=candidate,
        server=server,
        arrivals=arrivals,
        found=found,
        autoscaled=autoscaled,
        autoscaled_reason=reason,
        api=api_side(priced, scenario, tables),
        notes=tuple(_notes(arrivals, server, candidate, target, options)),
        work_s=work_s,
    )


def _notes(
    arrivals: Arrivals, server: Server, candidate: Candidate, target: Target, options: Fields
) -> list[str]:
    notes = []
    if arrivals.quantum_s:
        unit = "second" if arrivals.quantum_s == 1 else f"{arrivals.quantum_s} seconds"
        notes.append(
            f"The times are rounded to the {unit}, so requests are spread at random inside; a burst shorter "
            "than that cannot be seen."
        )
    if arrivals.without_time:
        notes.append(f"{arrivals.without_time:,} requests without a readable time are not replayed.")
    if arrivals.empty:
        notes.append(
            f"{arrivals.empty:,} requests have no prompt or no completion tokens; each is replayed with one."
        )
    refused = int(server.refuses(arrivals.requests).sum())
    if refused:
        notes.append(
            f"{refused:,} requests are longer than one replica's cache or the model's context: they are "
            "refused and count as missing the target."
        )
    if target.none:
        notes.append("Without a latency target, a fleet is large enough when its queue does not grow.")
    if arrivals.requests.blocks is not None:
        notes.append(
            "Prompts that share their first blocks with an earlier request of the same replica are not "
            "computed again; blocks stay in the cache until the least recently used one is overwritten."
        )
    elif arrivals.requests.cached is not None:
        notes.append("Cached prompt tokens of the file count as cached on the replica too.")
    if options.percent == 100:
        notes.append("A target for every single request hangs on the one worst moment of the file.")
    if candidate.profile.caveat:
        notes.append(f"Not certain: {candidate.profile.caveat}.")
    return notes


def api_side(priced: PricedWorkload, scenario: Scenario, tables: Tables) -> ApiSide:
    """The bill of the scenario's API offer, or of the cheapest unmarked one of the same model."""
    offers = {one.offer.api_offer_id: one for one in priced.offers}
    if scenario.api != CHEAPEST:
        named = offers.get(scenario.api)
        if named is None:
            return ApiSide(offer=None, reason=f"{scenario.api} has no price in force on {scenario.as_of}")
        if not named.serves_all:
            return ApiSide(
                offer=None,
                reason=f"{scenario.api} is too short for {named.requests_not_served:,} of the requests",
            )
        return ApiSide(offer=named, reason=None)
    tokens = priced.workload.tokens
    shape = Shape(
        prompt_tokens=max(1, tokens.prompt // max(tokens.requests, 1)),
        completion_tokens=max(1, tokens.output // max(tokens.requests, 1)),
    )
    same = tables.api_offers_by_model.get(scenario.model, [])
    answer = answer_of_apis(same, shape, resellers=scenario.resellers, chosen=None, named=False)
    ids = [bill.offer.api_offer_id for bill in answer.same_model if bill.mark is None]
    clean = [offers[one] for one in ids if one in offers]
    whole = [one for one in clean if one.serves_all]
    if not whole:
        return ApiSide(
            offer=None,
            reason="no unmarked API offer of this model serves every request"
            if clean
            else "no unmarked API offer of this model is in force on that day",
        )
    best = min(whole, key=lambda one: (one.usd, one.offer.api_offer_id))
    cheaper = clean[: clean.index(best)]
    return ApiSide(offer=best, reason=None, too_short=tuple(one for one in cheaper if not one.serves_all))


def make_fluid(
    workload: Workload,
    priced: PricedWorkload,
    scenario: Scenario,
    options: Fields,
    tables: Tables,
    *,
    hosting: Hosting | None = None,
) -> Fluid:
    """Estimate the replicas of a file of sums: work of the mean request against capacity, step by step.

    Raises
    ------
    Unplaceable
        If the file does not count requests over time, or the deployment cannot be computed.
    """
    counted = any("n_requests" in found.shown for found in workload.recognised)
    steps = sums_by(
        (one.key, one.tokens) for one in workload.minutes if isinstance(one.key, int) and one.tokens.requests
    )
    if not counted or not steps:
        raise Unplaceable(
            "The rows are sums and do not count requests over time, so neither how long a request is nor "
            "how many come together is known."
        )
    model, candidate = deployment_of(scenario, tables, hosting)
    server = server_for(scenario, options, tables, model, candidate)
    keys = sorted(steps)
    step_s = 60.0 * min((b - a for a, b in pairwise(keys)), default=60)
    counts = np.array([steps[key].requests for key in keys], dtype=float)

    def mean(name: str) -> Floats:
        return np.asarray(np.array([getattr(steps[key], name) for key in keys]) / counts, dtype=float)

    requests = Requests(
        arrival_s=np.array(keys, dtype=float) * 60,
        prompt=np.maximum(mean("prompt").round(), 1).astype(np.int32),
        completion=np.maximum(mean("output").round(), 1).astype(np.int32),
        cached=mean("cache_read").astype(np.int32),
    )
    load = server.work_s(requests) * counts / step_s
    covered = (keys[-1] - keys[0]) * 60.0 + step_s
    replicas = max(1, ceil(float(load.max()) / scenario.utilisation))
    length = f"{step_s / 60:g} minutes" if step_s < 7200 else f"{step_s / 3600:g} hours"
    return Fluid(
        candidate=candidate,
        model=model,
        step_s=step_s,
        mean_load=float(load.sum() * step_s / covered),
        peak_load=float(load.max()),
        replicas=replicas,
        usd_fixed=replicas * candidate.usd_per_hour * covered / SECONDS_PER_HOUR,
        api=api_side(priced, scenario, tables),
        caveat=f"The rows are sums over {length}: every request counts as the mean one of its row, bursts "
        "inside a row cannot be seen, and nothing can be said about latency. Traces of single requests have "
        "needed up to 8 times the replicas of their mean.",
    )


def warm_up() -> None:
    """Have the replay compiled before the first visitor opens a plan."""
    step = StepCoefficients(**(dict.fromkeys((f.name for f in fields(StepCoefficients)), 1e-6)))
    search.warm_up(Server(step=step, cache_bytes=1e9))
