"""Self-hosting against the API at every length of prompt and completion, at the load of the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from breakeven.apis.shapes import Marks, bills_of
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import ModelShape
from breakeven.hosting import KV_BYTES, Ask, Candidate, ask_of, evaluate, model_shape
from breakeven.hosting.choose import choose_each
from breakeven.hosting.fleet import Terms, fleet_of
from breakeven.hosting.hardware import deployments_on
from breakeven.question import parts
from breakeven.tables.day import Tables, derived
from breakeven.tables.records import ApiOffer

MAP_PROMPTS: Floats = np.exp2(np.arange(4, 17.5, 0.5))
MAP_COMPLETIONS: Floats = np.exp2(np.arange(0, 14.5, 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMap:
    """Self-hosting over API bill on a grid; rows completion tokens, columns prompt tokens."""

    prompt_tokens: Floats
    completion_tokens: Floats
    host_over_api: Floats
    """NaN where either side cannot serve the shape."""
    api_usd: Floats
    """Dollars a month, or for the job. [USD]"""
    host_usd: Floats


@derived
def cost_map(
    tables: Tables,
    served: parts.Model,
    hardware: parts.Hardware,
    targets: parts.Targets,
    overhead_percent: float,
    terms: Terms,
    offer_id: str | None,
    resellers: bool,
) -> CostMap | None:
    """Self-hosting over API for every shape of the grid; None where there is no deployment or no offer.

    The map covers all shapes, so it stays while only the reader's own shapes or currency move.

    Parameters
    ----------
    tables
        Rows in force on the day of the question.
    served, hardware, targets
        The model, and what may host it.
    overhead_percent
        What is paid on top of the rent. [%]
    terms
        The load, and how fleets are sized for it.
    offer_id
        The API offer to compare with; None: at each shape the cheapest of the model that nothing speaks
        against, as the answer takes it.
    resellers
        Let resellers be the cheapest.

    Raises
    ------
    Unplaceable
        If the model cannot be computed.
    """
    model = tables.models[served.model]
    candidates = deployments_on(tables, served, hardware, overhead_percent).candidates
    offers = (
        tables.api_offers_by_model.get(served.model, [])
        if offer_id is None
        else [offer for offer in tables.api_offers if offer.api_offer_id == offer_id]
    )
    if not candidates or not offers:
        return None
    work = model_shape(model, tables.precisions[served.precision], KV_BYTES[served.kv_precision])
    ask = ask_of(targets, hardware.mode)
    grid_n, grid_c = np.meshgrid(MAP_PROMPTS, MAP_COMPLETIONS)
    prompt, completion = grid_n.ravel(), grid_c.ravel()
    api_usd = _api_usd(
        offers, prompt, completion, named=offer_id is not None, terms=terms, resellers=resellers
    )
    host_usd = np.full(prompt.shape, np.nan)
    room = prompt + completion <= model.max_context
    host_usd[room] = _host_usd(work, candidates, ask, terms, prompt[room], completion[room])
    return CostMap(
        prompt_tokens=MAP_PROMPTS,
        completion_tokens=MAP_COMPLETIONS,
        host_over_api=(host_usd / api_usd).reshape(grid_n.shape),
        api_usd=api_usd.reshape(grid_n.shape),
        host_usd=host_usd.reshape(grid_n.shape),
    )


def _api_usd(
    offers: Sequence[ApiOffer],
    prompt: Floats,
    completion: Floats,
    *,
    named: bool,
    terms: Terms,
    resellers: bool,
) -> Floats:
    """Bill of the offer that is compared with at each shape; NaN where none serves it or it is free."""
    prompt_usd, completion_usd = bills_of(
        offers, prompt=prompt, completion=completion, cached=np.zeros_like(prompt)
    )
    usd = prompt_usd + completion_usd
    if not named:
        clean = Marks.of(offers, usd, resellers=resellers, patient=terms.load.ends).clean
        usd = np.where(clean, usd, np.nan)
    lowest = np.fmin.reduce(usd, axis=0) * terms.load.billed
    return np.where(lowest > 0, lowest, np.nan)


def _host_usd(
    work: ModelShape,
    candidates: Sequence[Candidate],
    ask: Ask,
    terms: Terms,
    prompt: Floats,
    completion: Floats,
) -> Floats:
    """Bill of the deployment chosen at each shape; NaN where none holds the targets."""
    result = evaluate(
        work,
        candidates,
        ask,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=np.zeros_like(prompt),
    )
    fleet = fleet_of(
        terms,
        prefill_s=result.prefill_s,
        decode_s=result.decode_s,
        usd_per_hour=np.array([[one.usd_per_hour] for one in candidates]),
    )
    standing = np.array([one.standing for one in candidates], dtype=np.intp)
    best = choose_each(fleet.order, result.holds, standing)
    return np.where(best >= 0, fleet.usd[best, np.arange(best.size)], np.nan)
