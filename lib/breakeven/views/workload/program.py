"""A priced workload as JSON and as text, for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from breakeven.apis.paid import Paid, paid_sentence
from breakeven.apis.workloads import Ending, ModelRow, PricedOffer, PricedWorkload
from breakeven.comparison.ladder import NO_FLOOR, Ladder
from breakeven.formulas.units import SECONDS_PER_HOUR
from breakeven.hosting import read_on
from breakeven.hosting.program import deployment_as_json
from breakeven.hosting.workloads import HostedOffer, Hosting
from breakeven.tables.records import Source
from breakeven.usage.digest import BadDigest, pack
from breakeven.usage.read import SHOWN_PROBLEMS
from breakeven.usage.sums import Tokens
from breakeven.views.workload import words
from breakeven.words.ages import age_days, known_on, read_before
from breakeven.words.numbers import Money, count, number, percent, seconds
from breakeven.words.terms import EXPERT, Terms


def as_json(
    priced: PricedWorkload,
    hosting: Hosting,
    ladder: Ladder,
    known: Mapping[str, Source],
    top: int | None = None,
    paid: Paid | None = None,
) -> dict[str, Any]:
    """Everything that the page shows, as plain values; ``known`` says when each list of prices was read."""
    workload = priced.workload
    found = workload.recognised
    try:
        digest: str | None = pack(workload)
    except BadDigest:
        digest = None
    return {
        "recognised": found[0].format.name if len(found) == 1 else [one.format.name for one in found],
        "formats": [
            {
                "id": one.format.format_id,
                "name": one.format.name,
                "grain": one.format.grain,
                "cached": one.cached,
                "mapping": one.shown,
                "ignored": list(one.ignored),
                "decisions": list(one.decisions),
            }
            for one in found
        ],
        "as_of": priced.day.isoformat(),
        "rows_read": workload.rows_read,
        "rows_rejected": workload.rows_rejected,
        "rows_skipped": workload.rows_skipped,
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "value": problem.value,
                "reason": problem.reason,
                "left_out": problem.left_out,
            }
            for problem in workload.problems[:SHOWN_PROBLEMS]
        ],
        "tokens": _tokens(workload.tokens),
        "models": [_model(row) for row in priced.models],
        "list_usd": None if priced.list_usd is None else float(priced.list_usd),
        "unpriced_requests": priced.unpriced_requests,
        "paid_usd": priced.paid_usd,
        "paid": None if paid is None else _paid(paid),
        "ends": [
            {
                "model": one.model,
                "offer": one.offer_id,
                "retires_on": one.ends_on.isoformat(),
                "successor": one.successor,
                "list_usd": None if one.list_usd is None else float(one.list_usd),
                "successor_usd": None if one.successor_usd is None else float(one.successor_usd),
            }
            for one in priced.ends
        ],
        "ladder": _ladder(ladder),
        "offers": [
            _offer(one, priced.day, known) | {"at_least_as_good": good}
            for one, good in held_in_order(ladder)[:top]
        ],
        "deployments": [_deployment(one) | {"at_least_as_good": good} for one, good in ladder.hosts[:top]],
        "deployments_assume": hosting.assumed,
        "deployments_left_out": [{"model": model, "why": why} for model, why in hosting.left_out],
        "load": {
            "mean_requests_per_s": hosting.mean_requests_per_s,
            "peak_requests_per_s": hosting.peak_requests_per_s,
        },
        "withheld": list(workload.withheld),
        "notes": [*workload.notes, *priced.notes],
        "digest": digest,
    }


def held_in_order(ladder: Ladder) -> list[tuple[PricedOffer, bool | None]]:
    """Every offer, those that are good enough first, those without a score last."""
    parts = ((ladder.held.as_good, True), (ladder.held.lesser, False), (ladder.held.unscored, None))
    return [(one, good) for part, good in parts for one in part]


def _ladder(ladder: Ladder) -> dict[str, Any]:
    return {
        "floor": ladder.floor,
        "held_against": ladder.reference,
        "scale": None if ladder.scale is None else str(ladder.scale),
        "covered_s": ladder.covered_s,
        "rungs": [
            {
                "rung": str(one.kind),
                "usd": one.usd,
                "saves_usd": one.saves_usd,
                "usd_per_month": None if one.usd is None else ladder.month_usd(one.usd),
                "choices": list(one.choices),
                "lost": one.lost,
                "why_not": one.why,
            }
            for one in ladder.rungs
        ],
    }


def _model(row: ModelRow) -> dict[str, Any]:
    return {
        "model": row.model,
        "offer": row.offer_id,
        "nearest": list(row.nearest),
        "steps": list(row.resolution.steps),
        "factor": float(row.resolution.factor),
        "without_price": list(row.without_price),
        "tokens": _tokens(row.tokens),
        "list_usd": None if row.list_usd is None else float(row.list_usd),
        "paid_usd": row.paid_usd,
    }


def _tokens(tokens: Tokens) -> dict[str, int]:
    return {
        "input_uncached": tokens.input_uncached,
        "cache_read": tokens.cache_read,
        "cache_write_5m": tokens.cache_write_5m,
        "cache_write_1h": tokens.cache_write_1h,
        "output": tokens.output,
        "reasoning": tokens.reasoning,
        "requests": tokens.requests,
    }


def _paid(paid: Paid) -> dict[str, Any]:
    return {
        "why": paid_sentence(paid, Money()),
        "steps": [{"step": words, "usd": usd, "sum": whole} for words, usd, whole in paid.steps],
        "models": [
            {"model": one.model, "list_usd": one.list_usd, "rest_usd": one.rest_usd}
            | {field.name: getattr(one, field.name) for field in fields(one) if field.name != "model"}
            for one in paid.models
        ],
    }


def _offer(one: PricedOffer, day: date, known: Mapping[str, Source]) -> dict[str, Any]:
    offer = one.offer
    read = known[offer.source_id].accessed
    return {
        "provider": offer.provider,
        "model": offer.api_model,
        "offer": offer.api_offer_id,
        "name": offer.name,
        "usd": float(one.usd),
        "prompt_usd": float(one.prompt_usd),
        "completion_usd": float(one.completion_usd),
        "requests_served": one.requests_served,
        "requests_not_served": one.requests_not_served,
        "open_model": offer.model_id,
        "variant": offer.variant,
        "reseller": offer.reseller,
        "deprecated": offer.deprecated,
        "flag": offer.flag,
        "notes": list(one.notes),
        "source": offer.source_id,
        "api_price_as_of": known_on(read, day).isoformat(),
        "api_price_age_days": age_days(read, day),
    }


def _deployment(one: HostedOffer) -> dict[str, Any]:
    return {
        "model": one.model.model_id,
        **deployment_as_json(one.candidate),
        "usd": one.usd,
        "usd_low": one.usd_low,
        "usd_high": one.usd_high,
        "prompt_usd": one.prompt_usd,
        "completion_usd": one.completion_usd,
        "replica_s": one.replica_s,
        "holds_share": one.holds_share,
        "batch": one.batch,
        "ttft_s": one.ttft_s,
        "tpot_s": one.tpot_s,
        "replicas_mean": one.replicas_mean,
        "replicas_peak": one.replicas_peak,
        "usd_fixed": None if one.replicas_peak is None else one.usd,
        "never_idle_usd": one.never_idle_usd,
        "replicas": one.replicas,
        "hours": one.hours,
    }


def as_text(
    priced: PricedWorkload,
    hosting: Hosting,
    ladder: Ladder,
    known: Mapping[str, Source],
    top: int,
    paid: Paid | None = None,
) -> str:
    """The same for a reader, the answer first."""
    money = Money()
    workload, tokens = priced.workload, priced.workload.tokens
    lines = []
    lines += [f"{words.verdict(priced, ladder, money)}.", *words.ladder_lines(ladder, money)]
    if ladder.hosts:
        lines.append(f"{hosted_sentence(ladder, money)}.")
    if aged := ages(ladder, known, priced.day):
        lines.append(aged)
    if paid is not None:
        lines.append(paid_sentence(paid, money))
    elif priced.paid_usd is not None:
        listed = "" if priced.list_usd is None else f"; list price {money.amount(float(priced.list_usd))}"
        lines.append(f"Paid, as the file says: {money.amount(priced.paid_usd)}{listed}.")
    elif priced.list_usd is not None:
        lines.append(f"List price of the models in the file: {money.amount(float(priced.list_usd))}.")
    kinds = ", ".join(found.format.name for found in workload.recognised)
    lines.append(
        f"{workload.name}: {kinds}; {workload.rows_read:,} rows, {workload.rows_rejected:,} left out; "
        f"{count(tokens.requests, 'request')}, {number(tokens.prompt)} prompt tokens "
        f"({percent(tokens.cached_share)} cached), {number(tokens.output)} completion tokens."
    )
    lines += [*workload.notes, *priced.notes]
    lines += [ending_sentence(one, priced.day, money) for one in priced.ends]
    lines += [
        f"{_plain(row.model)} is priced as {row.offer_id} ({_plain('; '.join(row.resolution.steps))})."
        for row in priced.models
        if row.offer_id is not None and row.model is not None and row.resolution.steps
    ]
    for row in priced.models:
        if row.offer_id is None and row.model is not None:
            near = f"; the nearest are {', '.join(row.nearest)}" if row.nearest else ""
            lines.append(f"Unpriced: {_plain(row.model)} ({row.tokens.requests:,} requests){near}.")
    lines += [f"Withheld: {text}" for text in workload.withheld]
    for problem in workload.problems[:10]:
        column = f", {_plain(problem.column)}" if problem.column else ""
        lines.append(
            f"Line {problem.line}{column}: '{_plain(problem.value)}' is left out: {problem.reason}."
            if problem.left_out
            else f"Line {problem.line}{column}: '{_plain(problem.value)}': {problem.reason}."
        )
    lines.append("")
    lines.append("APIs")
    for part, offers in words.parts(ladder):
        if offers:
            lines.append(f" {part}")
        for one in offers[:top]:
            mark = f"  ({one.remarks})" if one.remarks else ""
            lines.append(f"  {money.amount(float(one.usd)):>12}  {one.offer.api_offer_id}{mark}")
    if ladder.hosts:
        lines.append(f"Deployments ({hosting.assumed})")
        for host, good in ladder.hosts[:top]:
            lines.append(
                f"  {money.amount(host.usd):>12}  {host.model.model_id} on {words.fleet_name(host)}, "
                f"TTFT {seconds(host.ttft_s)}, TPOT {seconds(host.tpot_s)}, {words.standing(good)}"
            )
    return "\n".join(lines)


def ending_sentence(one: Ending, day: date, money: Money) -> str:
    """When a model of the file ends, and what its successor costs on the same requests."""
    model = _plain(one.model or one.offer_id)
    past = one.ends_on <= day
    head = f"{model} ended on {one.ends_on}" if past else f"{model} ends on {one.ends_on}"
    if past and one.list_usd is not None:
        head += f" and is priced at its last price, {money.amount(float(one.list_usd))}"
    if one.successor is None:
        return f"{head}; no successor with a price is known."
    if one.successor_usd is None:
        return f"{head}; its successor is {one.successor}."
    own = "" if past or one.list_usd is None else f" instead of {money.amount(float(one.list_usd))}"
    usd = money.amount(float(one.successor_usd))
    return f"{head}; its successor {one.successor} costs {usd} on these requests{own}."


def hosted_sentence(ladder: Ladder, money: Money, say: Terms = EXPERT) -> str:
    """Write what the cheapest model that is good enough costs to host for a file."""
    one, good = ladder.hosts[0]
    span = f" (estimate {money.span(one.usd_low, one.usd_high)})" if one.usd_low < one.usd_high else ""
    rented = seconds(one.hours * SECONDS_PER_HOUR)
    kept = "" if ladder.floor == NO_FLOOR or good is None else f", {words.standing(good)}"
    where = f"{one.model.name} on {words.fleet_name(one, say)}"
    return f"Cheapest to host{kept}: {where} for {rented}, {money.amount(one.usd)}{span}"


def ages(ladder: Ladder, known: Mapping[str, Source], day: date) -> str:
    """Say how old the two prices are that the answer rests on."""
    parts = []
    if ladder.hosts:
        price = ladder.hosts[0][0].candidate.price
        parts.append(f"GPU price {read_on(price.offer)}" + (f" ({price.doubt})" if price.doubt else ""))
    if ladder.best is not None:
        parts.append(f"API price {read_before(known[ladder.best.offer.source_id].accessed, day)}")
    return "; ".join(parts) + "." if parts else ""


def _plain(text: str) -> str:
    """Text of a file on a terminal: nothing that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:200])


def source_ids(priced: PricedWorkload, hosting: Hosting) -> tuple[str, ...]:
    """Sources of the numbers that decide the answer, each once."""
    keys = [one.offer.source_id for one in priced.offers]
    for one in hosting.offers:
        candidate = one.candidate
        keys += [
            one.model.source_id,
            candidate.gpu.source_id,
            candidate.price.offer.source_id,
            candidate.profile.efficiency.source_id,
        ]
    return tuple(dict.fromkeys(keys))
