"""The Compare page's answer for programs (JSON) and for a terminal (text)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from breakeven.apis.shapes import ApiBill
from breakeven.comparison import words as verdict
from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.hosting.program import deployment_as_json
from breakeven.hosting.row import HostRow
from breakeven.question.link import encode
from breakeven.question.parts import Load
from breakeven.words import names
from breakeven.words.ages import age_days, known_on
from breakeven.words.numbers import Money, finite


def answer_as_json(answer: Comparison, warnings: Sequence[str]) -> dict[str, Any]:
    """Turn an answer into plain values; US dollars, seconds, tokens."""
    return {
        "scenario": encode(answer.scenario),
        "question": verdict.question(answer, _money(answer)),
        "shapes": [_shape(shape, answer) for shape in answer.shapes],
        "problems": list(answer.problems),
        "left_out": [{"what": gone.what, "why": gone.why} for gone in answer.left_out],
        "warnings": list(warnings),
        "sources": list(answer.source_ids),
    }


def answer_as_text(answer: Comparison, warnings: Sequence[str]) -> str:
    """Write an answer as the page says it."""
    money = _money(answer)
    lines = [*warnings, verdict.question(answer, money), *answer.problems]
    for shape in answer.shapes:
        lines += [
            "",
            f"{names.kind_of(shape.shape)}, {names.shape_name(shape.shape)}: "
            f"{verdict.headline(shape, answer.scenario)}.",
            verdict.condition(shape, answer.scenario),
            *([shape.host_reason] if shape.host and shape.host_reason else []),
            verdict.contenders(shape),
            verdict.ages(shape, answer),
            verdict.at_load(shape, answer.scenario),
            verdict.bills(shape, answer.scenario),
            *verdict.by_kind(shape, answer.scenario),
            *verdict.why(shape, answer.model_shape, answer.scenario),
        ]
    lines += ["", *verdict.price_notes(answer, answer.scenario)]
    return "\n".join(line for index, line in enumerate(lines) if line or index)


def _money(answer: Comparison) -> Money:
    return answer.scenario.money


def _per_s(requests: float | None, load: Load) -> float | None:
    """A load per second; a job has none."""
    return None if requests is None or load.ends else finite(requests / load.unit_s)


def _shape(shape: ShapeAnswer, answer: Comparison) -> dict[str, Any]:
    load = answer.scenario.load
    return {
        "prompt_tokens": shape.shape.prompt_tokens,
        "completion_tokens": shape.shape.completion_tokens,
        "cached_tokens": shape.shape.cached_tokens,
        "verdict": verdict.headline(shape, answer.scenario),
        "condition": verdict.condition(shape, answer.scenario),
        "ratio": finite(shape.ratio),
        "within_range": shape.within_range,
        "break_even_busy": finite(shape.break_even_busy),
        "first_paying_requests_per_s": _per_s(shape.first_paying, load),
        "never_dearer_requests_per_s": _per_s(shape.never_dearer, load),
        "cheaper_hosted": None
        if shape.stretches is None
        else [{"from_requests": one.start, "to_requests": finite(one.end)} for one in shape.stretches],
        "winner": None if shape.reach is None else str(shape.reach.winner),
        "rests_on": None if shape.reach is None else shape.reach.rests_on,
        "hosts": None if shape.reach is None else shape.reach.hosts,
        "hosts_that_agree": None if shape.reach is None else shape.reach.holding,
        "median_ratio": None if shape.reach is None else shape.reach.median_ratio,
        "api": None if shape.api.bill is None else _bill(shape.api.bill, answer),
        "api_median_usd_per_request": shape.api.median_usd,
        "api_offers": [_bill(bill, answer) for bill in shape.api.same_model],
        "api_left_out": [{"what": gone.what, "why": gone.why} for gone in shape.api.left_out],
        "self_hosted": None if shape.host is None else _host(shape.host),
        "self_hosted_reason": shape.host_reason,
        "physical_limit": None if shape.ideal is None else _host(shape.ideal),
        "deployments": [
            {**_host(one.row), "replicas": one.replicas, "usd_at_load": one.usd} for one in shape.ranking
        ],
        "batch_curve": None
        if shape.curve is None
        else [
            {
                "batch": int(batch),
                "usd_per_1k_prompt": prompt * 1000,
                "usd_per_1k_completion": completion * 1000,
                "ttft_s": ttft,
                "tpot_s": tpot,
                "fits": bool(fits),
            }
            for batch, prompt, completion, ttft, tpot, fits in zip(
                shape.curve.batch.tolist(),
                shape.curve.prompt_usd_per_token.tolist(),
                shape.curve.completion_usd_per_token.tolist(),
                shape.curve.ttft_s.tolist(),
                shape.curve.tpot_s.tolist(),
                shape.curve.fits.tolist(),
                strict=True,
            )
        ],
        "at_load": None
        if shape.at_load is None
        else {
            "requests_per_s": shape.at_load.requests_per_s,
            "replicas": shape.at_load.replicas,
            "busy": shape.at_load.busy,
            "bill_of": "job" if load.ends else "month",
            "requests": shape.at_load.requests,
            "hours": shape.at_load.hours,
            "api_usd": shape.at_load.api_usd,
            "self_hosted_usd": shape.at_load.host_usd,
            "self_hosted_usd_range": [shape.at_load.host_usd_low, shape.at_load.host_usd_high],
            "api_usd_per_month": None if load.ends else shape.at_load.api_usd,
            "self_hosted_usd_per_month": None if load.ends else shape.at_load.host_usd,
        },
        "why": [
            *verdict.by_kind(shape, answer.scenario),
            *verdict.why(shape, answer.model_shape, answer.scenario),
        ],
    }


def _bill(bill: ApiBill, answer: Comparison) -> dict[str, Any]:
    read, day = answer.api_read[bill.offer.api_offer_id], answer.scenario.as_of
    return {
        "offer": bill.offer.api_offer_id,
        "provider": bill.offer.provider,
        "variant": bill.offer.variant,
        "usd_per_request": bill.usd,
        "prompt_usd": bill.prompt_usd,
        "completion_usd": bill.completion_usd,
        "not_default_because": bill.mark,
        "source": bill.offer.source_id,
        "api_price_as_of": known_on(read, day).isoformat(),
        "api_price_age_days": age_days(read, day),
    }


def _host(row: HostRow) -> dict[str, Any]:
    return {
        **deployment_as_json(row.candidate),
        "batch": row.batch,
        "max_batch": row.most_sequences,
        "fits": row.fits,
        "holds_targets": row.holds,
        "ttft_s": row.ttft_s,
        "ttft_range_s": list(row.ttft_range_s),
        "ttft_alone_s": row.ttft_alone_s,
        "ttft_alone_range_s": list(row.ttft_alone_range_s),
        "range_level": row.candidate.profile.efficiency.range_level,
        "range_of": str(row.candidate.profile.efficiency.range_of),
        "tpot_s": row.tpot_s,
        "tpot_range_s": list(row.tpot_range_s),
        "usd_per_request": row.usd,
        "usd_per_request_range": [row.usd_low, row.usd_high],
        "prompt_usd": row.prompt_usd,
        "completion_usd": row.completion_usd,
        "bound_prefill": row.bound_prefill,
        "bound_decode": row.bound_decode,
    }
