"""The answer in words: one sentence first, then what it depends on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.comparison.map import CostMap
from breakeven.formulas.kv_cache import kv_bytes_per_sequence, kv_replication
from breakeven.formulas.parts import ModelShape
from breakeven.formulas.units import GIGA
from breakeven.hosting import read_on
from breakeven.hosting.row import HostRow
from breakeven.question.scenario import CHEAPEST, Scenario
from breakeven.words.ages import read_before
from breakeven.words.names import FRESH_DAYS, PER_REQUESTS, deployment_name, gpu_name, offer_name
from breakeven.words.numbers import Money, count, gigabytes, load, percent, seconds, seconds_span, times


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


def headline(answer: ShapeAnswer) -> str:
    """Say who is cheaper, in one sentence."""
    if answer.host is None and answer.api.bill is None:
        return "Neither side can be priced"
    if answer.host is None:
        return "No deployment to compare with"
    if answer.api.bill is None:
        return "No API offer to compare with"
    if answer.ratio is None:
        return "The API offer is free of charge, so there is nothing to compare"
    if answer.within_range:
        return f"About as cheap: self-hosting costs {times(1 / answer.ratio)} the API's price"
    if answer.ratio > 1:
        return f"Self-hosting is {times(answer.ratio)} cheaper"
    return f"The API is {times(1 / answer.ratio)} cheaper"


def condition(answer: ShapeAnswer, scenario: Scenario) -> str:
    """Say from which volume, or how busy, the headline holds."""
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
    if answer.ratio is None or answer.break_even_busy is None:
        return ""
    first, always = answer.first_paying_rate, answer.never_dearer_rate
    if always is not None and math.isfinite(always):
        if first is not None and math.isfinite(first):
            busy = percent(min(first * answer.host.replica_s, 1))
            pays = f"one replica first pays at {load(first)}, {busy} busy"
            if math.isclose(first, always, rel_tol=1e-6):
                return f"From {load(always)} at any volume ({busy} busy)."
            return f"From {load(always)} at any volume; {pays}."
        return f"From {load(always)} at any volume."
    if answer.break_even_busy < 1:
        return (
            f"Self-hosting would pay only with GPUs more than {percent(answer.break_even_busy)} busy "
            f"(planned: {percent(scenario.utilisation)})."
        )
    return "At any volume: even GPUs that are never idle cost more."


def bills(answer: ShapeAnswer, money: Money) -> str:
    """Write both bills per thousand requests, the range of the estimate with them."""
    parts = []
    if answer.api.bill:
        middle = ""
        if answer.api.median_usd and answer.api.bill.offer.model_id and len(answer.api.same_model) > 1:
            middle = f" (median {money.amount(answer.api.median_usd * PER_REQUESTS)})"
        parts.append(f"API {money.amount(answer.api.bill.usd * PER_REQUESTS)}{middle}")
    if answer.host:
        low, high = answer.host.usd_low * PER_REQUESTS, answer.host.usd_high * PER_REQUESTS
        parts.append(
            f"self-hosted {money.amount(answer.host.usd * PER_REQUESTS)} (estimate {money.span(low, high)})"
        )
    return f"Per {PER_REQUESTS:,} requests: {', '.join(parts)}." if parts else ""


def contenders(answer: ShapeAnswer) -> str:
    """Name both sides."""
    parts = []
    if answer.api.bill:
        more = ""
        unmarked = [bill.offer for bill in answer.api.same_model if bill.mark is None]
        if unmarked and unmarked[0].api_offer_id == answer.api.bill.offer.api_offer_id:
            others = answer.api.n_within_20_percent - 1
            more = f", {count(others, 'other offer') if others else 'no other offer'} within 20 % of it"
        parts.append(f"API: {offer_name(answer.api.bill.offer)}{more}")
    if answer.host:
        parts.append(
            f"self-hosted: {deployment_name(answer.host)}, batch {answer.host.batch:,}, "
            f"TTFT {seconds(answer.host.ttft_s)}, TPOT {seconds(answer.host.tpot_s)}"
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


def by_kind(answer: ShapeAnswer, money: Money) -> list[str]:
    """Compare prompt tokens and completion tokens apart."""
    if answer.host is None or answer.api.bill is None:
        return []
    lines = []
    host = answer.host
    # What the estimate cannot tell apart is level, as in the headline.
    low, high = (host.usd_low / host.usd, host.usd_high / host.usd) if host.usd > 0 else (1.0, 1.0)
    for word, tokens, host_usd, api_usd in (
        ("Prompt", answer.shape.prompt_tokens, answer.host.prompt_usd, answer.api.bill.prompt_usd),
        (
            "Completion",
            answer.shape.completion_tokens,
            answer.host.completion_usd,
            answer.api.bill.completion_usd,
        ),
    ):
        own, other = money.per_million(host_usd / tokens), money.amount(api_usd / tokens * 1e6)
        if api_usd <= 0 or host_usd <= 0:
            lines.append(f"{word} tokens: {own} self-hosted, {other} at the API.")
        elif 0.97 <= api_usd / host_usd <= 1.03 or low * host_usd <= api_usd <= high * host_usd:
            lines.append(f"{word} tokens: {own} self-hosted, {other} at the API: level.")
        else:
            ratio = api_usd / host_usd
            gap = f"{times(ratio)} cheaper" if ratio > 1 else f"{times(1 / ratio)} dearer"
            lines.append(f"{word} tokens: {own} self-hosted, {other} at the API: {gap} self-hosted.")
    return lines


def at_load(answer: ShapeAnswer, money: Money) -> str:
    """Compare the monthly bills at the reader's own load."""
    if answer.at_load is None or answer.host is None:
        return ""
    here = answer.at_load
    gpus = here.replicas * answer.host.candidate.n_gpus
    size = f"{count(here.replicas, 'replica')} of {count(answer.host.candidate.n_gpus, 'GPU')}"
    if here.replicas > 1:
        size += f" each ({gpus:,} GPUs)"
    cheaper = "the API" if here.api_usd_month < here.host_usd_month else "self-hosting"
    return (
        f"At your {load(here.requests_per_s)}: {size}, {percent(here.busy)} busy, "
        f"{money.amount(here.host_usd_month)} a month against {money.amount(here.api_usd_month)} "
        f"at the API: {cheaper} is cheaper."
    )


def why(answer: ShapeAnswer, work: ModelShape | None, scenario: Scenario) -> list[str]:
    """Say what binds, how far the estimate is from the physical limit, and what is not known."""
    if answer.host is None or work is None:
        return []
    host = answer.host
    lines = [
        f"Prefill is {host.bound_prefill}-bound, decode is {host.bound_decode}-bound at batch {host.batch:,}"
        + (f"; what stops a larger batch: {answer.stops_next}." if answer.stops_next else ".")
    ]
    if answer.ideal:
        lines.append(
            f"Physical limit of the same deployment: TTFT {seconds(answer.ideal.ttft_s)}, "
            f"TPOT {seconds(answer.ideal.tpot_s)}; the estimate is "
            f"{times(host.ttft_s / answer.ideal.ttft_s)} and {times(host.tpot_s / answer.ideal.tpot_s)} that."
        )
    lines.append(
        f"Estimated range: TTFT {seconds_span(*host.ttft_range_s)}, TPOT {seconds_span(*host.tpot_range_s)} "
        f"(80 % of the measured rows lie inside)."
    )
    if host.wait_s > 0.01 * host.ttft_s:
        lines.append(
            f"At {percent(scenario.utilisation)} busy a request waits {seconds(host.wait_s)} more on average "
            "for the prompts before it (M/D/1 queue, an approximation; not part of TTFT here)."
        )
    lines.append(memory_sentence(answer, work, scenario))
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


def memory_sentence(answer: ShapeAnswer, work: ModelShape, scenario: Scenario) -> str:
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
    copies = kv_replication(n_gpus=host.candidate.n_gpus, n_kv_heads=work.kv_heads)
    usable = host.candidate.n_gpus * host.candidate.gpu.memory_gb * GIGA * scenario.usable
    room = usable - float(work.weights_bytes)
    if not host.fits:
        each = float(sequence) + float(work.state_bytes)
        return (
            f"Weights {gigabytes(float(work.weights_bytes))} and {count(host.batch, 'sequence')} of "
            f"{gigabytes(each)} do not fit in {gigabytes(usable)} of usable memory."
        )
    cache = gigabytes(host.batch * (float(sequence) * float(copies) + float(work.state_bytes)))
    return (
        f"Memory: weights {gigabytes(float(work.weights_bytes))} of {gigabytes(usable)} usable; "
        f"KV cache {cache} of the remaining {gigabytes(room)}."
    )


def map_finding(cost_map: CostMap) -> str:
    """Say what the map shows."""
    ratio = cost_map.host_over_api[np.isfinite(cost_map.host_over_api)]
    if ratio.size == 0:
        return "No shape can be priced on both sides"
    share = float((ratio < 1).mean())
    if share == 0:
        return "The API is cheaper for every shape that both can serve"
    if share == 1:
        return "Self-hosting is cheaper for every shape that both can serve"
    return f"Self-hosting is cheaper for {percent(share)} of the shapes, the API for the others"


def volume_finding(answer: ShapeAnswer) -> str:
    """Say what the bills against volume show."""
    always = answer.never_dearer_rate
    if always is None:
        return "The bills need both sides"
    if math.isfinite(always):
        return f"Self-hosting is never dearer from {load(always)} on"
    return "The API is cheaper at every volume"


def batch_finding(answer: ShapeAnswer) -> str:
    """Say from which batch a completion token costs no more than at the API."""
    if answer.curve is None:
        return "No deployment to show"
    if answer.api.bill is None or answer.api.bill.completion_usd <= 0:
        return "A larger batch makes completion tokens cheaper"
    price = answer.api.bill.completion_usd / answer.shape.completion_tokens
    for batch, usd in zip(answer.curve.batch, answer.curve.completion_usd_per_token, strict=True):
        if usd <= 1.05 * price:
            if batch == answer.curve.batch[0]:
                return "Completion tokens are cheaper self-hosted at any batch"
            return f"Completion tokens are dearer self-hosted until a batch of about {batch:.0f}"
    return f"Completion tokens stay dearer self-hosted up to a batch of {answer.curve.batch[-1]:.0f}"


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
            lines += _cheaper_in_doubt(answer.host, answer.ranking)
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


def _cheaper_in_doubt(host: HostRow, ranking: Sequence[HostRow]) -> list[str]:
    """Name the GPUs that would be cheaper if no doubt stood against their price, each once."""
    doubts = {
        gpu_name(row.candidate.gpu): row.candidate.price.doubt
        for row in ranking
        if row.usd < host.usd and row.candidate.price.doubt
    }
    return [f"Cheaper on paper, not chosen: {name}, {doubt}." for name, doubt in doubts.items()]
