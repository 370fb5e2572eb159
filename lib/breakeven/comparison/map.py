"""Self-hosting against the API at every length of prompt and completion, at the load of the question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from breakeven.apis.shapes import Marks, bills_of
from breakeven.formulas.arrays import Booleans, Floats
from breakeven.hosting import KV_BYTES, ask_of, evaluate, model_shape
from breakeven.hosting.choose import Standings, choose_each
from breakeven.hosting.fleet import Terms, fleet_of
from breakeven.hosting.hardware import deployments_on
from breakeven.question import parts
from breakeven.tables.day import Tables, derived

MAP_PROMPTS: Floats = np.exp2(np.arange(4, 17.5, 0.5))
MAP_COMPLETIONS: Floats = np.exp2(np.arange(0, 14.5, 0.5))
_MOST_TIMED = 16
"""Grids of times that are kept for the next load; each is about a megabyte."""


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
    timed = _timed(tables, served, hardware, targets, overhead_percent)
    api_usd = _api_usd(tables, served.model, offer_id, resellers, terms.load.ends)
    if timed is None or api_usd is None:
        return None
    grid = (len(MAP_COMPLETIONS), len(MAP_PROMPTS))
    api_usd = (api_usd * terms.load.billed).reshape(grid)
    host_usd = np.full(grid, np.nan)
    host_usd[timed.room] = _host_usd(timed, terms)
    return CostMap(
        prompt_tokens=MAP_PROMPTS,
        completion_tokens=MAP_COMPLETIONS,
        host_over_api=host_usd / api_usd,
        api_usd=api_usd,
        host_usd=host_usd,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed:
    """Deployments (rows) at the shapes that the model has room for (columns), whatever the load."""

    room: Booleans
    """The shapes that it has room for, on the grid."""
    prefill_s: Floats
    decode_s: Floats
    holds: Booleans
    usd_per_hour: Floats
    standing: Standings


@lru_cache(maxsize=_MOST_TIMED)
def _timed(
    tables: Tables,
    served: parts.Model,
    hardware: parts.Hardware,
    targets: parts.Targets,
    overhead_percent: float,
) -> _Timed | None:
    """Time every deployment at every shape; None: there is none."""
    candidates = deployments_on(tables, served, hardware, overhead_percent).candidates
    if not candidates:
        return None
    model = tables.models[served.model]
    work = model_shape(model, tables.precisions[served.precision], KV_BYTES[served.kv_precision])
    prompt, completion = np.meshgrid(MAP_PROMPTS, MAP_COMPLETIONS)
    room = prompt + completion <= model.max_context
    result = evaluate(
        work,
        candidates,
        ask_of(targets, hardware.mode),
        prompt_tokens=prompt[room],
        completion_tokens=completion[room],
        cached_tokens=np.zeros(int(room.sum())),
    )
    return _Timed(
        room=room,
        prefill_s=result.prefill_s,
        decode_s=result.decode_s,
        holds=result.holds,
        usd_per_hour=np.array([[one.usd_per_hour] for one in candidates]),
        standing=np.array([one.standing for one in candidates], dtype=np.intp),
    )


@derived
def _api_usd(
    tables: Tables, model: str, offer_id: str | None, resellers: bool, patient: bool
) -> Floats | None:
    """Bill of one request of the offer that is compared with at each shape of the grid.

    NaN where none serves it or it is free; None: there is no offer. [USD]
    """
    offers = (
        tables.api_offers_by_model.get(model, [])
        if offer_id is None
        else [offer for offer in tables.api_offers if offer.api_offer_id == offer_id]
    )
    if not offers:
        return None
    prompt, completion = (axis.ravel() for axis in np.meshgrid(MAP_PROMPTS, MAP_COMPLETIONS))
    prompt_usd, completion_usd = bills_of(
        offers, prompt=prompt, completion=completion, cached=np.zeros_like(prompt)
    )
    usd = prompt_usd + completion_usd
    if offer_id is None:
        clean = Marks.of(offers, usd, resellers=resellers, patient=patient).clean
        usd = np.where(clean, usd, np.nan)
    lowest = np.fmin.reduce(usd, axis=0)
    return np.where(lowest > 0, lowest, np.nan)


def _host_usd(timed: _Timed, terms: Terms) -> Floats:
    """Bill of the deployment chosen at each shape; NaN where none holds the targets. [USD]"""
    fleet = fleet_of(
        terms,
        prefill_s=timed.prefill_s,
        decode_s=timed.decode_s,
        usd_per_hour=timed.usd_per_hour,
    )
    best = choose_each(fleet.order, timed.holds, timed.standing)
    return np.where(best >= 0, fleet.usd[best, np.arange(best.size)], np.nan)
