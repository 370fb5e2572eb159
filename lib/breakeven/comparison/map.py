"""Self-hosting against the API at every length of prompt and completion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakeven.apis.shapes import bills_of
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import ModelShape
from breakeven.hosting import KV_BYTES, Ask, Candidate, ask_of, evaluate, model_shape
from breakeven.hosting.choose import Standings, choose_each
from breakeven.hosting.hardware import deployments_on
from breakeven.question import parts
from breakeven.tables.day import Tables, derived

MAP_PROMPTS: Floats = np.exp2(np.arange(4, 17.5, 0.5))
MAP_COMPLETIONS: Floats = np.exp2(np.arange(0, 14.5, 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMap:
    """Self-hosting over API cost on a grid; rows completion tokens, columns prompt tokens."""

    prompt_tokens: Floats
    completion_tokens: Floats
    host_over_api: Floats
    """NaN where either side cannot serve the shape."""
    api_usd: Floats
    host_usd: Floats


@derived
def cost_map(
    tables: Tables,
    served: parts.Model,
    hardware: parts.Hardware,
    targets: parts.Targets,
    overhead_percent: float,
    offer_ids: tuple[str, ...],
) -> CostMap | None:
    """Self-hosting over API for every shape of the grid; None where there is no deployment or no offer.

    The map covers all shapes, so it stays while only the reader's own shapes, load or currency move.

    Parameters
    ----------
    tables
        Rows in force on the day of the question.
    served, hardware, targets
        The model, and what may host it.
    overhead_percent
        What is paid on top of the rent. [%]
    offer_ids
        API offers of which the cheapest counts at each shape.

    Raises
    ------
    Unplaceable
        If the model cannot be computed.
    """
    model = tables.models[served.model]
    candidates = deployments_on(tables, served, hardware, overhead_percent).candidates
    offers = [offer for offer in tables.api_offers if offer.api_offer_id in offer_ids]
    if not candidates or not offers:
        return None
    work = model_shape(model, tables.precisions[served.precision], KV_BYTES[served.kv_precision])
    ask = ask_of(targets, hardware.mode)
    grid_n, grid_c = np.meshgrid(MAP_PROMPTS, MAP_COMPLETIONS)
    prompt, completion = grid_n.ravel(), grid_c.ravel()
    prompt_usd, completion_usd = bills_of(
        offers, prompt=prompt, completion=completion, cached=np.zeros_like(prompt)
    )
    api_usd = np.fmin.reduce(prompt_usd + completion_usd, axis=0)
    api_usd = np.where(api_usd > 0, api_usd, np.nan)  # an offer free of charge leaves nothing to compare
    host_usd = np.full(prompt.shape, np.nan)
    room = prompt + completion <= model.max_context
    host_usd[room] = _host_usd(work, candidates, ask, prompt[room], completion[room])
    return CostMap(
        prompt_tokens=MAP_PROMPTS,
        completion_tokens=MAP_COMPLETIONS,
        host_over_api=(host_usd / api_usd).reshape(grid_n.shape),
        api_usd=api_usd.reshape(grid_n.shape),
        host_usd=host_usd.reshape(grid_n.shape),
    )


def _host_usd(
    work: ModelShape, candidates: Sequence[Candidate], ask: Ask, prompt: Floats, completion: Floats
) -> Floats:
    """Dollars per request of the deployment chosen at each shape; NaN where none holds the targets."""
    grid_n, grid_c = np.meshgrid(MAP_PROMPTS[::4], MAP_COMPLETIONS[::4])
    coarse, _, _ = _chosen(work, candidates, ask, grid_n.ravel(), grid_c.ravel())
    finalists = [candidates[i] for i in np.unique(coarse[coarse >= 0])] or candidates[:1]
    _, usd, standing = _chosen(work, finalists, ask, prompt, completion)
    # Where no finalist of the best standing holds the targets, one may that wins nowhere on the coarse grid.
    open_ = standing > min(one.standing for one in candidates)
    if open_.any() and len(finalists) < len(candidates):
        usd[open_] = _chosen(work, candidates, ask, prompt[open_], completion[open_])[1]
    return usd


def _chosen(
    work: ModelShape, candidates: Sequence[Candidate], ask: Ask, prompt: Floats, completion: Floats
) -> tuple[NDArray[np.intp], Floats, Standings]:
    """The deployment of each shape, or -1; its dollars per request, or NaN; its standing."""
    result = evaluate(
        work,
        candidates,
        ask,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=np.zeros_like(prompt),
    )
    standing = np.array([one.standing for one in candidates], dtype=np.intp)
    best = choose_each(result.usd, result.holds, standing)
    usd = np.where(best >= 0, result.usd[best, np.arange(best.size)], np.nan)
    return best, usd, np.where(best >= 0, standing[best], np.iinfo(np.intp).max)
