"""Self-hosting against the API at every length of prompt and completion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from breakeven.apis.shapes import bills_of
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import ModelShape
from breakeven.hosting import Candidate, ask_of, evaluate
from breakeven.hosting.choose import undivided
from breakeven.question.scenario import CHEAPEST, Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import ApiOffer, Model

MAP_PROMPTS: Floats = np.exp2(np.arange(4, 17.5, 0.5))
MAP_COMPLETIONS: Floats = np.exp2(np.arange(0, 14.5, 0.5))
NOT_ON_THE_MAP = (
    *("prompt_a", "completion_a", "cached_a", "prompt_b", "completion_b", "cached_b"),
    *("requests", "per", "currency", "rate", "overhead_month"),
)
"""Fields of a scenario that the map does not hang on; the day is the tables' own."""
ANY_SCENARIO = Scenario(as_of=date(2023, 1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMap:
    """Self-hosting over API cost on a grid; rows completion tokens, columns prompt tokens."""

    prompt_tokens: Floats
    completion_tokens: Floats
    host_over_api: Floats
    """NaN where either side cannot serve the shape."""
    api_usd: Floats
    host_usd: Floats


def cost_map(
    scenario: Scenario,
    tables: Tables,
    model: Model | None,
    work: ModelShape | None,
    candidates: Sequence[Candidate],
    chosen: ApiOffer | None,
    marked: frozenset[str],
) -> CostMap | None:
    """Self-hosting over API for every shape of the grid; offers that are ``marked`` do not count."""
    if model is None or work is None or not candidates:
        return None
    if scenario.gpu != CHEAPEST and undivided(model, (scenario.gpus,)):
        return None
    # The map covers all shapes, so it stays while only the reader's own shapes or load move.
    asked = replace(
        scenario, **{name: getattr(ANY_SCENARIO, name) for name in NOT_ON_THE_MAP}, as_of=ANY_SCENARIO.as_of
    )
    return tables.keep(
        ("map", asked, marked),
        lambda: _draw_map(scenario, tables, model, work, candidates, chosen, marked),
    )


def _draw_map(
    scenario: Scenario,
    tables: Tables,
    model: Model,
    work: ModelShape,
    candidates: Sequence[Candidate],
    chosen: ApiOffer | None,
    marked: frozenset[str],
) -> CostMap | None:
    """Evaluate the grid."""
    grid_n, grid_c = np.meshgrid(MAP_PROMPTS, MAP_COMPLETIONS)
    prompt, completion = grid_n.ravel(), grid_c.ravel()
    none = np.zeros_like(prompt)
    offers = (
        [chosen]
        if chosen is not None
        else [o for o in tables.api_offers_by_model.get(scenario.model, []) if o.api_offer_id not in marked]
    )
    if not offers:
        return None
    prompt_usd, completion_usd = bills_of(offers, prompt=prompt, completion=completion, cached=none)
    api_usd = np.fmin.reduce(prompt_usd + completion_usd, axis=0)
    api_usd = np.where(api_usd > 0, api_usd, np.nan)  # an offer free of charge leaves nothing to compare
    finalists = _finalists(scenario, work, candidates)
    result = evaluate(
        work,
        finalists,
        ask_of(scenario),
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=none,
    )
    # A free offer has no ratio; it is blank on the map as an offer without a price is.
    api_usd = np.where(api_usd > 0, api_usd, np.nan)
    host_usd = np.where(result.holds, result.usd, np.inf).min(axis=0)
    host_usd = np.where(np.isfinite(host_usd) & (prompt + completion <= model.max_context), host_usd, np.nan)
    return CostMap(
        prompt_tokens=MAP_PROMPTS,
        completion_tokens=MAP_COMPLETIONS,
        host_over_api=(host_usd / api_usd).reshape(grid_n.shape),
        api_usd=api_usd.reshape(grid_n.shape),
        host_usd=host_usd.reshape(grid_n.shape),
    )


def _finalists(scenario: Scenario, work: ModelShape, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Deployments that are cheapest somewhere on a coarse grid: only they are drawn on the fine one."""
    if len(candidates) == 1:
        return candidates
    candidates = [c for c in candidates if c.profile.measured] or candidates
    grid_n, grid_c = np.meshgrid(MAP_PROMPTS[::4], MAP_COMPLETIONS[::4])
    result = evaluate(
        work,
        candidates,
        ask_of(scenario),
        prompt_tokens=grid_n.ravel(),
        completion_tokens=grid_c.ravel(),
        cached_tokens=np.zeros(grid_n.size),
    )
    usd = np.where(result.holds, result.usd, np.inf)
    best = np.unique(usd.argmin(axis=0)[np.isfinite(usd.min(axis=0))])
    return [candidates[int(i)] for i in best] or list(candidates[:1])
