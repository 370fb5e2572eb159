"""The answer about training for programs and for the terminal."""

from __future__ import annotations

from typing import Any

from breakeven.views.train import words
from breakeven.views.train.answer import TrainingAnswer
from breakeven.views.train.efficiency import Span
from breakeven.views.train.prompting import Path, Prompting
from breakeven.words.numbers import Money, finite


def as_json(answer: TrainingAnswer, prompting: Prompting | None) -> dict[str, Any]:
    """Numbers of an answer; infinite ones are null."""
    optimum = answer.optimum
    return {
        "model": answer.model.name,
        "params": answer.model.params,
        "active_params": answer.model.active,
        "trained_params": answer.adapters or answer.model.params,
        "tokens": answer.tokens,
        "flop": answer.flop,
        "gpu": answer.gpu.gpu_id,
        "gpus": answer.n_gpus,
        "fewest_gpus": finite(answer.layout.fewest),
        "tensor_parallel": answer.layout.tensor,
        "fits": answer.fits,
        "mfu": _span(answer.mfu.share),
        "mfu_origin": answer.mfu.origin,
        "gpu_hours": _span(answer.hours),
        "days": _span(answer.days),
        "deadline_gpus": answer.deadline_gpus,
        "usd_per_gpu_hour": None if answer.rent is None else answer.rent.usd_per_gpu_hour,
        "usd": _span(answer.usd),
        "kwh": _span(answer.kwh),
        "memory_bytes": dict(answer.memory.parts) | {"total": answer.memory.total},
        "gpu_memory_bytes": answer.gpu.memory_gb * 1e9,
        "budget": None
        if optimum is None
        else {
            "usd": optimum.usd,
            "params": _span(optimum.params),
            "tokens": _span(optimum.tokens),
            "own_tokens": _span(optimum.own_tokens),
        },
        "published_runs": [
            {
                "run": run.run.run_id,
                "gpu_hours": run.run.gpu_hours,
                "mfu": run.mfu,
                "estimate_gpu_hours": run.estimate_hours,
                "usd_stated": run.run.usd_stated,
            }
            for run in answer.runs
        ],
        "prompting": None if prompting is None else _prompting(prompting),
        "problems": [*answer.problems, *(prompting.problems if prompting else ())],
        "source_ids": list(answer.source_ids),
    }


def _prompting(result: Prompting) -> dict[str, Any]:
    return {
        "labels_usd": result.labels_usd,
        "tuning_usd": _span(result.tuning_usd),
        "requests": result.plan.requests,
        "tuned": _path(result.tuned, result.plan.requests),
        "prompted": _path(result.prompted, result.plan.requests),
        "rival": _path(result.rival, result.plan.requests),
        "pays_from_requests": finite(result.pays_from),
        "rival_pays_from_requests": finite(result.rival_pays_from),
        "api_tuning": [
            {
                "provider": row.price.provider,
                "model": row.price.api_model,
                "tuning_usd": row.tuning_usd,
                "usd_per_request": row.serve_usd,
                "total_usd": row.total_usd,
                "pays_from_requests": finite(row.pays_from),
                "verified": row.price.verified,
            }
            for row in result.api
        ],
    }


def _path(path: Path | None, requests: float) -> dict[str, float] | None:
    if path is None:
        return None
    return {"usd_once": path.once, "usd_per_request": path.each, "usd": path.total(requests)}


def _span(span: Span | None) -> dict[str, float] | None:
    return None if span is None else {"low": span.low, "mid": span.mid, "high": span.high}


def as_text(answer: TrainingAnswer, prompting: Prompting | None, money: Money) -> str:
    """The same for a reader."""
    lines = []
    if prompting is not None:
        lines += [f"{words.prompting_headline(prompting, money)}."]
        lines += words.prompting_lines(prompting, answer, money)
    lines += [f"{words.headline(answer, money)}.", *words.basis(answer, money)]
    lines += [f"{words.memory_finding(answer)}.", words.memory_note(answer)]
    if answer.optimum is not None:
        lines.append(words.budget_sentence(answer, answer.optimum, money))
    deadline = words.deadline_sentence(answer)
    if deadline:
        lines.append(deadline)
    lines.append(f"{words.runs_finding(answer)}.")
    return "\n".join([*lines, *answer.problems, *(prompting.problems if prompting else ())])
