"""The capacity plan in words and as plain values."""

from __future__ import annotations

from typing import Any

from breakeven.hosting.program import deployment_as_json
from breakeven.replay.plan import Fluid, Plan
from breakeven.replay.search import Trial
from breakeven.words.names import offer_name, placed_name
from breakeven.words.numbers import Money, count, finite, number, percent, seconds, times
from breakeven.words.terms import EXPERT, Terms


def deployment(plan: Plan | Fluid) -> str:
    """Write a replica: how many of which GPU."""
    return placed_name(plan.candidate)


def targets(plan: Plan, say: Terms = EXPERT) -> str:
    """Write what is asked for: the latencies and the share of requests that must keep them."""
    asked = []
    if plan.scenario.ttft is not None:
        asked.append(f"{say.ttft.lower() if say.is_plain else say.ttft} {seconds(plan.scenario.ttft)}")
    if plan.scenario.tpot is not None:
        asked.append(say.pace(plan.scenario.tpot))
    if not asked:
        return "keep up with the load"
    return f"hold {' and '.join(asked)} at the {ordinal(plan.options.percent)} percentile"


def ordinal(value: float) -> str:
    """Write a percentile.

    >>> ordinal(95), ordinal(99.9), ordinal(52), ordinal(11)
    ('95th', '99.9th', '52nd', '11th')
    """
    whole = int(value)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    if whole != value or whole % 100 in (11, 12, 13):
        ending = "th"
    return f"{value:g}{ending}"


def headline(plan: Plan, say: Terms = EXPERT) -> str:
    """Say how many replicas, in one sentence."""
    best = plan.found.best
    if best is None:
        kind = "copies" if say.is_plain else "replicas"
        return f"No number of {kind} of {deployment(plan)} can {targets(plan, say)}"
    verb = targets(plan, say)
    if best.replicas == 1:
        verb = verb.replace("hold ", "holds ", 1).replace("keep up", "keeps up", 1)
    by_mean = plan.replicas_by_mean
    mean = "mean load alone says the same" if by_mean == best.replicas else f"mean load alone says {by_mean}"
    on = "on" if say.is_plain else "of"
    return f"{say.replicas(best.replicas)} {on} {deployment(plan)} {verb}; {mean}"


def why_not(plan: Plan) -> str | None:
    """Say why no number of replicas does."""
    if plan.found.best is not None or plan.found.reason is None:
        return None
    return plan.found.reason[0].upper() + plan.found.reason[1:] + "."


def latencies(plan: Plan, say: Terms = EXPERT) -> str | None:
    """Say what the requests see on the fewest replicas."""
    best = plan.found.best
    if best is None:
        return None
    at = ordinal(plan.options.percent)
    again = (
        f"{count(best.preemptions, 'sequence')} had to be computed again for want of cache"
        if best.preemptions
        else "no sequence had to be computed again"
    )
    return (
        f"On {say.copies(best.replicas)}: {say.first(best.ttft_at_target_s)} and "
        f"{say.pace(best.tpot_at_target_s)} at the {at} percentile. A prompt waits "
        f"{seconds(best.mean_wait_s)} on average before it is read; {again}. A {say.replica} works "
        f"{percent(best.busy)} of the time; its work, well batched, would fill "
        f"{percent(min(plan.found.mean_load / best.replicas, 1.0))} of it."
    )


def pools(plan: Plan) -> str | None:
    """Say how separate pools share the replicas."""
    best = plan.found.best
    if best is None or not best.prefill_replicas:
        return None
    return (
        f"{best.prefill_replicas:,} of them read prompts and {best.replicas - best.prefill_replicas:,} "
        "write completions."
    )


def costs(plan: Plan, money: Money) -> str:
    """Say what each way of paying costs, over the time that the file spans."""
    hours = plan.hours
    span = f"{number(hours)} h" if hours >= 1 else f"{number(hours * 60)} min"
    parts = []
    if plan.usd_fixed is not None:
        parts.append(f"a fixed fleet {money.amount(plan.usd_fixed)}")
    if plan.usd_autoscaled is not None:
        parts.append(f"one that follows the load {money.amount(plan.usd_autoscaled)}")
    if plan.api.offer is not None:
        parts.append(f"the API {money.amount(plan.api.usd)} ({offer_name(plan.api.offer.offer)})")
    if not parts:
        return ""
    text = f"For the {span} of the file: {', '.join(parts)}."
    return text + _ratio(plan)


def _ratio(plan: Plan) -> str:
    """Compare the cheaper of the two fleets with the API."""
    own = [usd for usd in (plan.usd_fixed, plan.usd_autoscaled) if usd]
    api = plan.api.usd
    if not own or not api:
        return ""
    ratio = api / min(own)
    if ratio > 1:
        return f" Self-hosting is {times(ratio)} cheaper."
    return f" The API is {times(1 / ratio)} cheaper."


def withheld(plan: Plan) -> list[str]:
    """Answers that are not given, and why."""
    lines = []
    if plan.autoscaled_reason and plan.found.best is not None:
        lines.append(f"No autoscaled fleet: {plan.autoscaled_reason}.")
    if plan.api.reason:
        lines.append(f"No API bill: {plan.api.reason}.")
    if plan.api.too_short:
        first = plan.api.too_short[0]
        lines.append(
            f"{offer_name(first.offer)} asks less for a request of the mean lengths, but is too short for "
            f"{count(first.requests_not_served, 'request')} of the file."
        )
    return lines


def autoscaler(plan: Plan, say: Terms = EXPERT) -> str | None:
    """Say how the fleet that follows the load is run."""
    if plan.autoscaled is None:
        return None
    policy, schedule = plan.autoscaled.policy, plan.autoscaled.schedule
    return (
        f"The autoscaled fleet orders {policy.headroom:g} times the work of the busiest of the last "
        f"{policy.memory} minutes, waits {policy.delay_s:g} s for each new {say.replica} and never has fewer "
        f"than {max(policy.minimum, 1)}; it ran {int(schedule.serving.min())} to "
        f"{int(schedule.serving.max())} and holds the targets "
        f"({say.first(plan.autoscaled.trial.ttft_at_target_s)})."
    )


def neighbours(plan: Plan) -> tuple[Trial, ...]:
    """The fleet itself and those with one replica less and more."""
    best = plan.found.best
    if best is None:
        return ()
    return tuple(trial for trial in plan.found.trials if abs(trial.replicas - best.replicas) <= 1)


def one_more_or_less(plan: Plan, say: Terms = EXPERT) -> list[str]:
    """Say what one replica less or more does."""
    best = plan.found.best
    lines = []
    for trial in neighbours(plan):
        if best is None or trial is best:
            continue
        word = "less" if trial.replicas < best.replicas else "more"
        lines.append(
            f"One {say.replica} {word}: {say.first(trial.ttft_at_target_s)} and "
            f"{say.pace(trial.tpot_at_target_s)} at the {ordinal(plan.options.percent)} percentile, "
            f"{percent(trial.held_share)} of the requests keep the targets."
        )
    return lines


def load_finding(plan: Plan, peak: float, step_s: float) -> str:
    """Title of the load over time."""
    mean = plan.found.mean_load
    if mean <= 0:
        return "Load over time"
    step = {60: "minute", 3600: "hour", 86400: "day", 1: "second"}.get(int(step_s), seconds(step_s))
    busiest = f"busiest {step}" if step.isalpha() else f"busiest step of {step}"
    return f"The {busiest} brings {times(max(peak / mean, 1.0))} the mean load"


def load_caption(plan: Plan, say: Terms = EXPERT) -> str:
    """Say what the lines are."""
    mean = number(plan.found.mean_load)
    text = (
        f"Area: work that arrives, in {'copies' if say.is_plain else 'replicas'} it would fill. Grey: its "
        f"mean, {mean}. Line: the fixed fleet."
    )
    return text + (" Dotted: the fleet that follows the load." if plan.autoscaled else "")


def latency_finding(plan: Plan, kind: str, say: Terms = EXPERT) -> str:
    """Title of a distribution of latencies."""
    best = plan.found.best
    name = say.wait if kind == "ttft" else "time of each further token" if say.is_plain else say.tpot
    limit = plan.scenario.ttft if kind == "ttft" else plan.scenario.tpot
    if best is None:
        name = f"{name[0].upper()}{name[1:]}"
        return f"{name} misses its target" if limit else name
    value = best.ttft_at_target_s if kind == "ttft" else best.tpot_at_target_s
    text = f"{percent(plan.options.percent / 100)} of the requests see a {name} of at most {seconds(value)}"
    return text + (f"; the target is {seconds(limit)}" if limit else "")


def cost_finding(plan: Plan) -> str:
    """Title of the costs."""
    named = [
        ("The fixed fleet", plan.usd_fixed),
        ("The autoscaled fleet", plan.usd_autoscaled),
        ("The API", plan.api.usd),
    ]
    known = sorted(((usd, name) for name, usd in named if usd is not None), key=lambda pair: pair[0])
    if len(known) < 2 or known[0][0] <= 0:
        return "What each way of paying costs"
    (low, first), (high, second) = known[0], known[1]
    other = second[0].lower() + second[1:] if not second.endswith("API") else "the API"
    return f"{first} is {times(high / low)} cheaper than {other}"


def sources(plan: Plan, say: Terms = EXPERT) -> str:
    """Say which rows of the tables the numbers rest on."""
    price, row = plan.candidate.price, plan.candidate.profile.efficiency
    offers = f"of {count(price.n_offers, 'offer')}" if price.n_offers > 1 else "of one offer"
    time = "time of a token" if say.is_plain else say.tpot
    return (
        f"Rests on: ${price.usd_per_gpu_hour:g} per GPU-hour ({plan.scenario.gpu_offer} {offers}; "
        f"{price.offer.provider}, {price.offer.valid_from}); efficiency row {row.efficiency_id}, fitted on "
        f"{row.fitted_on}, {time} within {number(row.tpot_factor_low)} to {number(row.tpot_factor_high)} "
        "times what is computed."
    )


HOW = (
    "How it is computed: every request of the file is replayed through continuous batching, which reads "
    "long prompts in parts. A step first gives each running sequence its next token, then reads prompts, "
    "first come first served; where the cache overflows, the newest sequence is put back and computed again. "
    "Step times are those of the formulas with the measured efficiency. Autoscaling decides by what has "
    "arrived only."
)


def fluid_headline(fluid: Fluid, say: Terms = EXPERT) -> str:
    """Say what sums can say, in one sentence."""
    return (
        f"About {say.replicas(fluid.replicas)} {'on' if say.is_plain else 'of'} {deployment(fluid)} by the "
        f"sums alone; the mean load would fill {number(fluid.mean_load)}, the busiest "
        f"row {number(fluid.peak_load)}"
    )


def fluid_costs(fluid: Fluid, money: Money) -> str:
    """Say what that costs."""
    api = f", the API {money.amount(fluid.api.usd)}" if fluid.api.offer is not None else ""
    return f"A fixed fleet of that size costs {money.amount(fluid.usd_fixed)} over the file's time{api}."


def _three(values: tuple[float, float, float]) -> dict[str, float | None]:
    return {name: finite(v) for name, v in zip(("p50", "p95", "p99"), values, strict=True)}


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values; seconds, US dollars, shares from 0 to 1."""
    best = plan.found.best

    def trial(one: Trial | None) -> dict[str, Any]:
        if one is None:
            return {"ttft_s": None, "tpot_s": None, "utilisation": None, "preemptions": None}
        return {
            "ttft_s": _three(one.ttft_s),
            "tpot_s": _three(one.tpot_s),
            "utilisation": one.busy,
            "preemptions": one.preemptions,
        }

    return {
        "replicas": best.replicas if best else None,
        **trial(best),
        "usd_fixed": plan.usd_fixed,
        "usd_autoscaled": plan.usd_autoscaled,
        "usd_api": plan.api.usd,
        "feasible": plan.feasible,
        "reason": plan.found.reason,
        "deployment": {"model": plan.model.model_id, **deployment_as_json(plan.candidate)},
        "prefill_replicas": best.prefill_replicas if best else None,
        "requests": int(plan.arrivals.requests.arrival_s.size),
        "refused": best.refused if best else None,
        "span_s": plan.arrivals.requests.span_s,
        "percentile": plan.options.percent,
        "mean_load_replicas": plan.found.mean_load,
        "load_per_replica": plan.found.mean_load / best.replicas if best else None,
        "wait_s": {"mean": best.mean_wait_s, "longest": best.longest_wait_s} if best else None,
        "held_share": best.held_share if best else None,
        "alone": {
            "ttft_s": finite(plan.found.alone_ttft_s),
            "tpot_s": finite(plan.found.alone_tpot_s),
        },
        "tried": [
            {"replicas": one.replicas, "holds": one.holds, "usd_fixed": plan.usd_fixed_of(one.replicas)}
            | trial(one)
            for one in plan.found.trials
        ],
        "autoscaled": None
        if plan.autoscaled is None
        else {
            "headroom": plan.autoscaled.policy.headroom,
            "delay_s": plan.autoscaled.policy.delay_s,
            "fewest": int(plan.autoscaled.schedule.serving.min()),
            "most": int(plan.autoscaled.schedule.serving.max()),
            "replica_hours": plan.autoscaled.replica_s / 3600,
            **trial(plan.autoscaled.trial),
        },
        "api_offer": plan.api.offer.offer.api_offer_id if plan.api.offer else None,
        "withheld": withheld(plan),
        "notes": list(plan.notes),
    }


def fluid_as_json(fluid: Fluid) -> dict[str, Any]:
    """The estimate of a file of sums, under the same keys."""
    return {
        "replicas": fluid.replicas,
        "ttft_s": None,
        "tpot_s": None,
        "utilisation": fluid.mean_load / fluid.replicas,
        "preemptions": None,
        "usd_fixed": fluid.usd_fixed,
        "usd_autoscaled": None,
        "usd_api": fluid.api.usd,
        "feasible": None,
        "reason": fluid.caveat,
        "mean_load_replicas": fluid.mean_load,
        "peak_load_replicas": fluid.peak_load,
        "step_s": fluid.step_s,
        "api_offer": fluid.api.offer.offer.api_offer_id if fluid.api.offer else None,
    }


def plan_as_text(plan: Plan, money: Money) -> str:
    """The plan for a terminal."""
    lines = [
        headline(plan) + ".",
        why_not(plan),
        pools(plan),
        latencies(plan),
        *one_more_or_less(plan),
        costs(plan, money),
        autoscaler(plan),
        *withheld(plan),
        *plan.notes,
        sources(plan),
    ]
    return "\n".join(line for line in lines if line)


def fluid_as_text(fluid: Fluid, money: Money) -> str:
    """The estimate of sums for a terminal."""
    return "\n".join([fluid_headline(fluid) + ".", fluid_costs(fluid, money), fluid.caveat])
