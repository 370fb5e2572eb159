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
            f"{names.kind_of(shape.shape)}, {names.shape_name(shape.shape)}: {verdict.headline(shape)}.",
            verdict.condition(shape, answer.scenario),
            *([shape.host_reason] if shape.host and shape.host_reason else []),
            verdict.bills(shape, money),
            verdict.contenders(shape),
            verdict.ages(shape, answer),
            verdict.at_load(shape, money),
            *verdict.by_kind(shape, money),
            *verdict.why(shape, answer.model_shape, answer.scenario),
        ]
    lines += ["", *verdict.price_notes(answer, answer.scenario)]
    return "\n".join(line for index, line in enumerate(lines) if line or index)


def _money(answer: Comparison) -> Money:
    return answer.scenario.money


def _shape(shape: ShapeAnswer, answer: Comparison) -> dict[str, Any]:
    return {
        "prompt_tokens": shape.shape.prompt_tokens,
        "completion_tokens": shape.shape.completion_tokens,
        "cached_tokens": shape.shape.cached_tokens,
        "verdict": verdict.headline(shape),
        "condition": verdict.condition(shape, answer.scenario),
        "ratio": finite(shape.ratio),
        "within_range": shape.within_range,
        "break_even_busy": finite(shape.break_even_busy),
        "first_paying_requests_per_s": finite(shape.first_paying_rate),
        "never_dearer_requests_per_s": finite(shape.never_dearer_rate),
        "api": None if shape.api.bill is None else _bill(shape.api.bill, answer),
        "api_median_usd_per_request": shape.api.median_usd,
        "api_offers": [_bill(bill, answer) for bill in shape.api.same_model],
        "api_left_out": [{"what": gone.what, "why": gone.why} for gone in shape.api.left_out],
        "self_hosted": None if shape.host is None else _host(shape.host),
        "self_hosted_reason": shape.host_reason,
        "physical_limit": None if shape.ideal is None else _host(shape.ideal),
        "deployments": [_host(row) for row in shape.ranking],
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
            "api_usd_per_month": shape.at_load.api_usd_month,
            "self_hosted_usd_per_month": shape.at_load.host_usd_month,
        },
        "why": [
            *verdict.by_kind(shape, _money(answer)),
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
        "tpot_s": row.tpot_s,
        "tpot_range_s": list(row.tpot_range_s),
        "usd_per_request": row.usd,
        "usd_per_request_range": [row.usd_low, row.usd_high],
        "prompt_usd": row.prompt_usd,
        "completion_usd": row.completion_usd,
        "bound_prefill": row.bound_prefill,
        "bound_decode": row.bound_decode,
    }
