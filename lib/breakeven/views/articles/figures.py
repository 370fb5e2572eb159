"""Values of the two figures of the 2023 article, measured and from our model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from breakeven.formulas.arrays import Floats
from breakeven.formulas.units import MEGA
from breakeven.views.articles.appendix import DAY, RIVAL, Appendix, predicted, rent
from breakeven.views.articles.facts import Facts
from breakeven.views.articles.money import api_usd_per_1k
from breakeven.words.numbers import Money, number, times

LARGEST_BATCH = 64.0
"""Batch up to which our model is drawn: the one that the article argues from. [-]"""
RIVAL_TTFT_S = 0.4
"""Time to first token that the article states for the API. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Points and line of one prompt length."""

    prompt_tokens: float
    x: Floats
    """Time to first token or batch, measured."""
    usd: Floats
    """Measured price. [USD per million tokens]"""
    batch: Floats
    model_x: Floats
    model_usd: Floats
    model_batch: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One figure."""

    finding: str
    """Its title: what it shows."""
    lengths: Sequence[Length]
    api_name: str
    api_usd: float
    """[USD per million tokens]"""
    mark: float | None = None
    """A limit on the x axis."""
    mark_name: str = ""


def figures(facts: Facts, table: Appendix) -> tuple[Lines, Lines]:
    """Both figures: prompt price against time to first token, completion price against batch."""
    usd_per_s = rent(facts)
    prompts, completions = [], []
    lengths, runs = np.unique(table.completion_tokens, return_counts=True)
    written = float(lengths[np.argmax(runs)])  # 512, as in the article: what most runs generate
    per_million = MEGA / 1000
    for tokens in np.unique(table.prompt_tokens):
        here = table.prompt_tokens == tokens
        batch = np.exp2(np.arange(0, np.log2(table.batch[here].max()) + 0.25, 0.5))
        service = predicted(
            facts, batch=batch, prompt=np.full_like(batch, tokens), completion=np.full_like(batch, written)
        )
        prompts.append(
            Length(
                prompt_tokens=float(tokens),
                x=table.ttft_s[here],
                usd=table.computed["usd_per_1k_prompt"][here] * per_million,
                batch=table.batch[here],
                model_x=np.asarray(service.ttft_s),
                model_usd=usd_per_s * np.asarray(service.prefill_s_per_request) / tokens * MEGA,
                model_batch=batch,
            )
        )
        here &= table.completion_tokens == written
        batch = np.exp2(np.arange(0, np.log2(LARGEST_BATCH) + 0.25, 0.5))
        service = predicted(
            facts, batch=batch, prompt=np.full_like(batch, tokens), completion=np.full_like(batch, written)
        )
        completions.append(
            Length(
                prompt_tokens=float(tokens),
                x=table.batch[here],
                usd=table.computed["usd_per_1k_completion"][here] * per_million,
                batch=table.batch[here],
                model_x=batch,
                model_usd=usd_per_s * np.asarray(service.decode_s_per_request) / written * MEGA,
                model_batch=batch,
            )
        )
    name = facts.api_offer(RIVAL, DAY).name
    prompt_usd, completion_usd = (
        api_usd_per_1k(facts, api=RIVAL, day=DAY, prompt_share=share) * per_million for share in (1, 0)
    )
    dearest = max(float(line.usd.max()) for line in prompts)
    measured = [
        (float(u), float(b)) for line in completions for u, b in zip(line.usd, line.batch, strict=True)
    ]
    cheapest, at = min(measured)
    return (
        Lines(
            finding=(
                f"No measured prompt cost more than {Money().amount(dearest)} per 1M tokens; "
                f"GPT-3.5 asked {Money().amount(prompt_usd)}"
            ),
            lengths=prompts,
            api_name=name,
            api_usd=prompt_usd,
            mark=RIVAL_TTFT_S,
            mark_name=f"{number(RIVAL_TTFT_S)} s, GPT-3.5 as stated",
        ),
        Lines(
            finding=_completion_finding(cheapest, at, completion_usd),
            lengths=completions,
            api_name=name,
            api_usd=completion_usd,
        ),
    )


def _completion_finding(cheapest: float, batch: float, api_usd: float) -> str:
    ratio = cheapest / api_usd
    gap = f"{times(ratio)} what GPT-3.5 asked" if ratio > 1 else "less than GPT-3.5 asked"
    return f"Even at batch {number(batch)} a completion token cost {gap}"
