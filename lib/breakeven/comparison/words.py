"""The answer in words: one sentence first, then what it depends on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.comparison.map import CostMap
from breakeven.comparison.reach import LEVEL_SHARE, Winner, winner_of
from breakeven.comparison.volume import Stretch
from breakeven.formulas.batch import rank_weights_bytes
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_replication
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import ModelShape
from breakeven.formulas.units import GIGA, SECONDS_PER_HOUR
from breakeven.hosting import RANGED_ON, read_on
from breakeven.question.parts import Load
from breakeven.question.scenario import CHEAPEST, Scenario
from breakeven.words.ages import age_days, read_before
from breakeven.words.names import FRESH_DAYS, PER_REQUESTS, deployment_name, gpu_name, offer_name
from breakeven.words.numbers import Money, count, gigabytes, percent, seconds, spread, times
from breakeven.words.terms import EXPERT, Terms

ALIKE = 1.25
"""Bills nearer than this are called about as cheap where the estimate's range holds both. [-]"""
NEAR_RATIO = 2.0
"""A verdict that one price makes is no winner below this ratio of the bills. [-]"""


def question(comparison: Comparison, money: Money) -> str:
    """Write what is compared with what, on which day."""
    scenario = comparison.scenario
    model = comparison.model.name if comparison.model else scenario.model
    names = {deployment_name(answer.host) for answer in comparison.shapes if answer.host}
    prices = {answer.host.candidate.price.usd_per_gpu_hour for answer in comparison.shapes if answer.host}
    if scenario.gpu == CHEAPEST:
        where = "on the cheapest deployment that holds the latency targets"
    elif names:
        where = f"on {names.pop()} at {money.amount(prices.pop())} per GPU-hour"
    else:
        where = f"on {scenario.gpus}×{scenario.gpu}"
    bills = [answer.api.bill for answer in comparison.shapes if answer.api.bill]
    if scenario.api == CHEAPEST:
        against = "the same model from the cheapest API"
    else:
        against = offer_name(bills[0].offer) if bills else scenario.api
    return f"{model}, {scenario.precision}, {where}, against {against}. Prices of {scenario.as_of}."


def headline(answer: ShapeAnswer, scenario: Scenario) -> str:
    """Say who is cheaper at the load of the question, in one sentence."""
    if answer.host is None and answer.api.bill is None:
        return "Neither side can be priced"
    if answer.host is None:
        return "No deployment to compare with"
    if answer.api.bill is None:
        return "No API offer to compare with"
    here, reach, money = answer.at_load, answer.reach, scenario.money
    if here is None or here.api_usd is None or reach is None or answer.ratio is None:
        return "The API offer is free of charge, so there is nothing to compare"
    per = scenario.load.period
    api, hosted = money.amount(here.api_usd), money.amount(here.host_usd)
    if reach.winner == Winner.LEVEL:
        if 1 / ALIKE < answer.ratio < ALIKE:
            return f"About as cheap: {hosted} {per} self-hosted, {api} at the API"
        span = money.span(here.host_usd_low, here.host_usd_high)
        return f"Too close to call: {hosted} {per} self-hosted (estimate {span}), {api} at the API"
    provided = f", if {reach.rests_on}" if reach.rests_on else ""
    if is_open(answer):
        if reach.winner == Winner.HOST:
            return f"It hangs on one price: {hosted} {per} self-hosted{provided}; {api} at the API"
        return f"It hangs on one price: {api} {per} at the API{provided}; {hosted} self-hosted"
    if reach.winner == Winner.HOST:
        return f"Self-hosting is {times(answer.ratio)} cheaper{provided}: {hosted} {per} against {api}"
    return f"The API is {times(1 / answer.ratio)} cheaper{provided}: {api} {per} against {hosted}"


def is_open(answer: ShapeAnswer) -> bool:
    """The bills are near and one price alone makes the winner: the headline names none."""
    reach, ratio = answer.reach, answer.ratio
    return bool(reach and reach.rests_on and ratio and 1 / NEAR_RATIO < ratio < NEAR_RATIO)


def condition(answer: ShapeAnswer, scenario: Scenario) -> str:
    """Say how far the headline carries: at which loads, at how many hosts."""
    if answer.host is None:
        return answer.host_reason or "No deployment can be computed; the reasons stand below."
    if answer.api.bill is None:
        # Of a named offer only its own reason counts, not those of the same model's other offers.
        gone = next((one for one in answer.api.left_out if scenario.api in (CHEAPEST, one.what)), None)
        if gone is not None:
            return f"{gone.what} {gone.why}."
        if scenario.api == CHEAPEST:
            return "No unmarked API offer of this model is in force on that day; choose another offer or day."
        return f"{scenario.api} has no price in force on {scenario.as_of}."
    if answer.stretches is None or answer.reach is None:
        return ""
    turns = _turns(answer.stretches, answer.break_even_busy, scenario)
    if answer.reach.winner == Winner.LEVEL:
        turns = f"By the middle of the estimate, {turns[0].lower()}{turns[1:]}"
    return " ".join(part for part in (turns, _hosts(answer)) if part)


def _turns(stretches: Sequence[Stretch], busy: float | None, scenario: Scenario) -> str:
    """Say at which loads the other side is cheaper: next to the reader's own, and from where for good."""
    load = scenario.load
    if not stretches:
        if busy is not None and busy < 1 and not load.ends:
            return (
                f"Self-hosting would pay only with GPUs more than {percent(busy)} busy "
                f"(planned: {percent(scenario.utilisation)})."
            )
        return "The API is cheaper at any load, even if GPUs were never idle."
    own, last = load.requests, stretches[-1]
    below = [one for one in stretches if one.end < own]
    here = next((one for one in stretches if one.start < own <= one.end), None)
    from_last = f"at any load from {load.said(last.start)}"
    if here is None:
        after = stretches[len(below)]
        also = f" up to {load.said(below[-1].end)} and again" if below else ""
        text = f"Self-hosting pays{also} from {load.said(after.start)}"
        return f"{text}." if after is last else f"{text}, {from_last}."
    if here is last and (below or here.start <= 0):
        return f"Self-hosting is cheaper {from_last if below else 'at any load'}."
    first = load.said(here.start)
    text = f"From {load.said(below[-1].end)} to {first}" if below else f"Below {first}"
    text += " the API is cheaper"
    if here is last:
        return f"{text}."
    text = f"{text}, and again" if here.start > 0 else "The API is cheaper"
    return f"{text} from {load.said(here.end)}; self-hosting is cheaper {from_last}."


def _hosts(answer: ShapeAnswer) -> str:
    """Say at how many API hosts the headline holds, and what the median one says."""
    reach = answer.reach
    if reach is None or reach.median_ratio is None or reach.hosts < 2:
        return ""
    ratio = reach.median_ratio
    if reach.holding == reach.hosts:
        return f"Holds at all {reach.hosts} hosts."
    says = (
        "both cost about the same"
        if 1 / LEVEL_SHARE <= ratio <= LEVEL_SHARE
        else f"self-hosting is {times(ratio)} cheaper"
        if ratio > 1
        else f"the API is {times(1 / ratio)} cheaper"
    )
    return f"Holds at {reach.holding} of {reach.hosts} hosts; at the median one {says}."


def _together(batch: int, say: Terms) -> str:
    """How many requests are written together."""
    return f"{batch:,} at once" if say.is_plain else f"batch {batch:,}"


def missed(answer: ShapeAnswer, scenario: Scenario, say: Terms = EXPERT) -> str | None:
    """Say which target the deployment misses, and by how much; None where it holds them."""
    row = answer.host
    if row is None or not answer.host_reason or not say.is_plain:
        return answer.host_reason
    slow = []
    if scenario.ttft is not None and row.ttft_s > scenario.ttft:
        slow.append(f"{say.first(row.ttft_s)} instead of within {seconds(scenario.ttft)}")
    if scenario.tpot is not None and row.tpot_s > scenario.tpot:
        slow.append(f"{say.pace(row.tpot_s)} instead of {say.pace_within(scenario.tpot)}")
    whose = "No deployment is" if scenario.gpu == CHEAPEST else "This deployment is not"
    which = " The cheapest one that fits" if scenario.gpu == CHEAPEST else " It"
    return f"{whose} as fast as you ask.{which} gives {' and '.join(slow) or 'less'}."


def bills(answer: ShapeAnswer, scenario: Scenario) -> str:
    """Write both bills per million tokens and per thousand requests, the range of the estimate with them."""
    here, money = answer.at_load, scenario.money
    tokens = answer.shape.prompt_tokens + answer.shape.completion_tokens
    parts = []
    if answer.api.bill:
        middle = ""
        if answer.api.median_usd and answer.api.bill.offer.model_id and len(answer.api.same_model) > 1:
            middle = f" (median {money.amount(answer.api.median_usd * PER_REQUESTS)})"
        usd = answer.api.bill.usd
        parts.append(f"API {money.amount(usd * PER_REQUESTS)}{middle}, {money.per_million(usd / tokens)}")
    if here and answer.host:
        usd = here.host_usd_per_request()
        scale = PER_REQUESTS / here.requests
        span = money.span(here.host_usd_low * scale, here.host_usd_high * scale)
        range_ = f" (estimate {span})" if span != money.amount(usd * PER_REQUESTS) else ""
        parts.append(
            f"self-hosted {money.amount(usd * PER_REQUESTS)}{range_}, {money.per_million(usd / tokens)}"
        )
    return f"At that load per {PER_REQUESTS:,} requests: {'; '.join(parts)}." if parts else ""


def contenders(answer: ShapeAnswer, say: Terms = EXPERT) -> str:
    """Name both sides."""
    parts = []
    if answer.api.bill:
        more = ""
        unmarked = [bill.offer for bill in answer.api.same_model if bill.mark is None]
        if unmarked and unmarked[0].api_offer_id == answer.api.bill.offer.api_offer_id:
            others = answer.api.n_within_20_percent - 1
            more = f", {count(others, 'other offer') if others else 'no other offer'} within 20 % of it"
        offer = answer.api.bill.offer
        room = f", context {offer.context_tokens:,} tokens" if offer.context_tokens else ""
        parts.append(f"API: {offer_name(offer)}{room}{more}")
    if answer.host:
        parts.append(
            f"self-hosted: {deployment_name(answer.host)}, {_together(answer.host.batch, say)}, "
            f"{say.first(answer.host.ttft_s)}, {say.pace(answer.host.tpot_s)}"
        )
    return "; ".join(parts) + "." if parts else ""


def ages(answer: ShapeAnswer, comparison: Comparison) -> str:
    """Say how old both prices are, and what speaks against resting a choice on the rent."""
    day = comparison.scenario.as_of
    parts = []
    if answer.host:
        price = answer.host.candidate.price
        doubt = f" ({price.doubt})" if price.doubt else ""
        parts.append(f"GPU price {read_on(price.offer)}{doubt}")
    if answer.api.bill:
        read = comparison.api_read[answer.api.bill.offer.api_offer_id]
        parts.append(f"API price {read_before(read, day)}")
    return "; ".join(parts) + "." if parts else ""


def chips(answer: ShapeAnswer, comparison: Comparison, say: Terms = EXPERT) -> list[str]:
    """Small facts beside the headline: how busy, which contexts, how old both prices are."""
    here, host, bill = answer.at_load, answer.host, answer.api.bill
    day = comparison.scenario.as_of
    facts = []
    if here is not None and host is not None:
        fleet = f"{say.copies(here.replicas)} {'on' if say.is_plain else 'of'} {deployment_name(host)}"
        busy = "" if comparison.scenario.load.ends else f", {percent(here.busy)} busy"
        facts.append(f"{fleet}{busy}")
        price = host.candidate.price
        if not say.is_plain:
            facts.append(f"GPU price {count(price.offer.age_days, 'day')} old")
    if bill is not None:
        if bill.offer.context_tokens and not say.is_plain:
            facts.append(f"{bill.offer.provider}: context {bill.offer.context_tokens:,}")
        read = comparison.api_read[bill.offer.api_offer_id]
        age = age_days(read, day)
        facts.append(f"API price {count(age, 'day')} old")
    return facts


def ways_finding(answer: ShapeAnswer) -> str:
    """Say at how many API hosts the bill is lower than the estimate's range, and at how many inside it."""
    said = _said_of_hosts(answer)
    if not said:
        return "every way to buy it"
    below, level = said.count(Winner.API), said.count(Winner.LEVEL)
    near = f", {level:,} about as dear" if level else ""
    if below == len(said):
        return "every host is cheaper than your own GPUs"
    whom = (
        "no host is"
        if below == 0
        else f"{below:,} of {count(len(said), 'host')} {'is' if below == 1 else 'are'}"
    )
    return f"{whom} cheaper than your own GPUs{near}"


def cheaper_hosts(answer: ShapeAnswer) -> tuple[int, int] | None:
    """How many API hosts are below the estimate's range, and of how many; None: one side is missing."""
    said = _said_of_hosts(answer)
    return (said.count(Winner.API), len(said)) if said else None


def _said_of_hosts(answer: ShapeAnswer) -> list[Winner]:
    """Who is cheaper at each host that nothing speaks against."""
    own = answer.at_load
    if own is None:
        return []
    clean = [one for one in answer.api.same_model if one.mark is None]
    return [winner_of(one.usd * own.requests, own.host_usd_low, own.host_usd_high) for one in clean]


def by_kind(answer: ShapeAnswer, scenario: Scenario) -> list[str]:
    """Compare prompt tokens and completion tokens apart: each side's bill at the load, over its tokens."""
    here, bill, money = answer.at_load, answer.api.bill, scenario.money
    if answer.host is None or here is None or bill is None:
        return []
    lines = []
    # What the estimate cannot tell apart is level, as in the headline.
    low, high = (
        end / here.host_usd if here.host_usd > 0 else 1.0 for end in (here.host_usd_low, here.host_usd_high)
    )
    usd = here.host_usd_per_request()
    reading = answer.host.prefill_s / answer.host.replica_s
    for word, tokens, host_usd, api_usd in (
        ("Prompt", answer.shape.prompt_tokens, usd * reading, bill.prompt_usd),
        ("Completion", answer.shape.completion_tokens, usd * (1 - reading), bill.completion_usd),
    ):
        own, other = money.per_million(host_usd / tokens), money.amount(api_usd / tokens * 1e6)
        text = f"{word} tokens: {own} self-hosted, {other} at the API"
        if api_usd <= 0 or host_usd <= 0:
            lines.append(f"{text}.")
        elif (winner := winner_of(api_usd, low * host_usd, high * host_usd)) == Winner.LEVEL:
            lines.append(f"{text}: level.")
        else:
            ratio = api_usd / host_usd
            gap = f"{times(ratio)} cheaper" if winner == Winner.HOST else f"{times(1 / ratio)} dearer"
            lines.append(f"{text}: {gap} self-hosted.")
    if answer.host.usd > 0 and not scenario.load.ends:
        idle = (
            answer.host.usd
            * scenario.utilisation
            / (answer.shape.prompt_tokens + answer.shape.completion_tokens)
        )
        lines.append(f"If the GPUs were never idle, self-hosting would cost {money.per_million(idle)}.")
    return lines


def at_load(answer: ShapeAnswer, scenario: Scenario, say: Terms = EXPERT) -> str:
    """Say what is rented for the load, and how busy it is."""
    here, host = answer.at_load, answer.host
    if here is None or host is None:
        return ""
    n = host.candidate.n_gpus
    size = f"{say.replicas(here.replicas)} {'on' if say.is_plain else 'of'} {count(n, 'GPU')}"
    if here.replicas > 1:
        size += f" each ({here.replicas * n:,} GPUs)"
    paid = f"{scenario.money.amount(here.host_usd)} {scenario.load.period}"
    if scenario.load.ends:
        return (
            f"Your {scenario.load.said()}: {size}, done after "
            f"{seconds(here.hours * SECONDS_PER_HOUR)}, {paid}."
        )
    return f"Your {scenario.load.said()}: {size}, {percent(here.busy)} busy, {paid}."


def why(answer: ShapeAnswer, work: ModelShape | None, scenario: Scenario, say: Terms = EXPERT) -> list[str]:
    """Say what binds, how far the estimate is from the physical limit, and what is not known."""
    if answer.host is None or work is None:
        return []
    host = answer.host
    lines = [
        f"{say.prefill[0].upper()}{say.prefill[1:]} {say.bound(host.bound_prefill)}, {say.decode} "
        f"{say.bound(host.bound_decode)}{'' if say.is_plain else ' at'}"
        f"{', ' if say.is_plain else ' '}{_together(host.batch, say)}"
        + (
            f"; what stops {'more' if say.is_plain else 'a larger batch'}: {say.limit(answer.stops_next)}."
            if answer.stops_next
            else "."
        )
    ]
    if answer.ideal:
        lines.append(
            f"Physical limit of the same deployment: {say.first(answer.ideal.ttft_s)}, "
            f"{say.pace(answer.ideal.tpot_s)}; the estimated times are "
            f"{times(host.ttft_s / answer.ideal.ttft_s)} and {times(host.tpot_s / answer.ideal.tpot_s)} that."
        )
    known = host.candidate.profile.efficiency
    lines.append(
        f"Estimate and range: {say.first_range(host.ttft_s, *host.ttft_range_s)}; "
        f"{say.pace_range(host.tpot_s, *host.tpot_range_s)} "
        f"(it holds {percent(known.range_level)} of {RANGED_ON[known.range_of]})."
    )
    if host.wait_s > 0.01 * host.ttft_s:
        lines.append(
            f"At {percent(scenario.utilisation)} busy a request waits {seconds(host.wait_s)} more on average "
            f"in the pool that reads prompts (M/D/1 queue, an approximation; no part of the {say.wait} here)."
            if scenario.mode == Mode.DISAGGREGATED
            else f"The {say.wait} is that of {count(host.batch, 'client')} at once, who start together and "
            f"send again when they are answered; alone it is "
            f"{spread(host.ttft_alone_s, *host.ttft_alone_range_s)}."
        )
    lines.append(memory_sentence(answer, work, scenario, say))
    row = host.candidate.profile.efficiency
    if host.candidate.profile.caveat:
        lines.append(f"Not certain: {host.candidate.profile.caveat}.")
    else:
        lines.append(f"Efficiency: {row.engine}, {row.method} on {row.fitted_on}.")
    if not host.candidate.gpu.verified:
        lines.append(
            f"The specifications of {host.candidate.gpu.name} were not re-read from the maker's page."
        )
    return lines


def memory_sentence(answer: ShapeAnswer, work: ModelShape, scenario: Scenario, say: Terms = EXPERT) -> str:
    """Say what fills the memory of one replica."""
    host = answer.host
    if host is None:
        return ""
    sequence = kv_bytes_per_sequence(
        context_tokens=answer.shape.prompt_tokens + answer.shape.completion_tokens,
        full_bytes_per_token=work.full_kv_bytes_per_token,
        sliding_bytes_per_token=work.sliding_kv_bytes_per_token,
        window_tokens=work.window_tokens,
    )
    copies = kv_replication(n_gpus=host.candidate.worker.tensor, n_kv_heads=work.kv_heads)
    weights = float(host.candidate.worker.ranks * rank_weights_bytes(work, host.candidate.replica))
    usable = host.candidate.n_gpus * host.candidate.gpu.memory_gb * GIGA * scenario.usable
    room = usable - weights
    if not host.fits:
        each = float(sequence) + float(work.state_bytes)
        return (
            f"Weights {gigabytes(weights)} and {count(host.batch, 'sequence')} of "
            f"{gigabytes(each)} do not fit in {gigabytes(usable)} of usable memory."
        )
    cache = gigabytes(host.batch * (float(sequence) * float(copies) + float(work.state_bytes)))
    return (
        f"Memory: weights {gigabytes(weights)} of {gigabytes(usable)} usable; "
        f"{say.kv_cache} {cache} of the remaining {gigabytes(room)}."
    )


def map_finding(cost_map: CostMap, scenario: Scenario) -> str:
    """Say what the map shows."""
    at = f"At {scenario.load.said()} "
    ratio = cost_map.host_over_api[np.isfinite(cost_map.host_over_api)]
    if ratio.size == 0:
        return f"{at}no shape can be priced on both sides"
    share = float((ratio < 1).mean())
    if share == 0:
        return f"{at}the API is cheaper for every shape that both can serve"
    if share == 1:
        return f"{at}self-hosting is cheaper for every shape that both can serve"
    return f"{at}self-hosting is cheaper for {percent(share)} of the shapes, the API for the others"


def volume_finding(answer: ShapeAnswer, load: Load) -> str:
    """Say what the bills against volume show."""
    always = answer.never_dearer
    if always is None:
        return "The bills need both sides"
    if always <= 0:
        return "Self-hosting is cheaper at any load"
    if math.isfinite(always):
        return f"Self-hosting is never dearer from {load.said(always)} on"
    return "The API is cheaper at any load"


def batch_finding(answer: ShapeAnswer, scenario: Scenario) -> str:
    """Say from which batch a completion token costs no more than at the API, on GPUs as busy as planned."""
    if answer.curve is None:
        return "No deployment to show"
    if answer.api.bill is None or answer.api.bill.completion_usd <= 0:
        return "A larger batch makes completion tokens cheaper"
    idle = "that are never idle" if scenario.load.ends else f"{percent(scenario.utilisation)} busy"
    price = answer.api.bill.completion_usd / answer.shape.completion_tokens
    said = f"completion tokens stay dearer self-hosted up to a batch of {answer.curve.batch[-1]:.0f}"
    for batch, usd in zip(answer.curve.batch, answer.curve.completion_usd_per_token, strict=True):
        if usd <= 1.05 * price:
            said = f"completion tokens are dearer self-hosted until a batch of about {batch:.0f}"
            if batch == answer.curve.batch[0]:
                said = "completion tokens are cheaper self-hosted at any batch"
            break
    return f"On GPUs {idle} {said}"


def price_notes(comparison: Comparison, scenario: Scenario) -> list[str]:
    """Say which prices were taken, from when, and what lies beside them."""
    lines = []
    money = scenario.money
    for answer in comparison.shapes:
        if answer.host:
            price = answer.host.candidate.price
            offer = price.offer
            line = (
                f"{answer.host.candidate.gpu.name}: {money.amount(price.usd_per_gpu_hour)} per GPU-hour, "
                f"{offer.provider} ({offer.price_type}), read {offer.valid_from}"
            )
            if price.n_offers > 1:
                low, high = money.amount(price.cheapest_usd), money.amount(price.dearest_usd)
                line += f"; {price.n_offers} providers from {low} to {high}"
            if (scenario.as_of - offer.valid_from).days > FRESH_DAYS:
                line += f"; older than {FRESH_DAYS} days on {scenario.as_of}"
            lines.append(line + ".")
            lines += [f"Passed over: {gone.what}, {gone.why}." for gone in price.passed_over]
            lines += _cheaper_in_doubt(answer)
        if answer.api.bill:
            offer_of = answer.api.bill.offer
            tier = answer.api.bill.tier
            line = (
                f"{offer_of.api_offer_id}: {money.amount(float(tier.input_usd_per_mtok))} in / "
                f"{money.amount(float(tier.output_usd_per_mtok))} out per 1M tokens, "
                f"{offer_of.valid_from_kind} {offer_of.valid_from}"
            )
            if answer.shape.cached_tokens and tier.cache_read_usd_per_mtok is None:
                line += "; it has no cache price, cached tokens are billed as input"
            lines.append(line + ".")
    return list(dict.fromkeys(lines))


def _cheaper_in_doubt(answer: ShapeAnswer) -> list[str]:
    """Name the GPUs that would be cheaper if no doubt stood against their price, each once."""
    if answer.at_load is None:
        return []
    doubts = {
        gpu_name(one.candidate.gpu): one.candidate.price.doubt
        for one in answer.ranking
        if one.usd < answer.at_load.host_usd and one.candidate.price.doubt
    }
    return [f"Cheaper on paper, not chosen: {name}, {doubt}." for name, doubt in doubts.items()]
