"""Fit the shares and fixed times of an engine to measured rows, robustly and within physical bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from lib.calibration.predict import Predicted, predict
from lib.calibration.rows import PREFILL, STATIC, Rows
from lib.formulas.parts import Engine

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number of an engine that is fitted, in logarithms."""

    low: float
    """Physical lower bound."""
    high: float
    """Physical upper bound."""
    usual: float
    """Where nothing is measured."""
    spread: float
    """How far a group may lie from what its prior says, as a factor: e**spread. [-]"""


PARAMETERS: Mapping[str, Parameter] = {
    "mfu": Parameter(low=0.05, high=0.95, usual=0.5, spread=0.4),
    "mbu": Parameter(low=0.1, high=0.95, usual=0.75, spread=0.3),
    "kv_mbu": Parameter(low=0.05, high=0.95, usual=0.6, spread=0.5),
    "link_share": Parameter(low=0.03, high=0.95, usual=0.3, spread=0.7),
    "link_latency_s": Parameter(low=1e-6, high=4e-5, usual=1e-5, spread=0.5),
    "prefill_overhead_s": Parameter(low=1e-3, high=4e-2, usual=8e-3, spread=0.5),
    "step_overhead_s": Parameter(low=2e-4, high=6e-3, usual=1.5e-3, spread=0.5),
    "layer_overhead_s": Parameter(low=2e-6, high=1e-4, usual=1.5e-5, spread=0.5),
    "sequence_overhead_s": Parameter(low=5e-7, high=5e-5, usual=8e-6, spread=0.5),
    "expert_mfu": Parameter(low=0.1, high=1.0, usual=0.7, spread=0.4),
    "expert_mbu": Parameter(low=0.2, high=1.0, usual=0.8, spread=0.3),
    "expert_overhead_s": Parameter(low=1e-7, high=1e-4, usual=1e-5, spread=0.7),
    "ttft_fixed_s": Parameter(low=1e-3, high=0.3, usual=2e-2, spread=0.8),
    "first_token_steps": Parameter(low=1.0, high=60.0, usual=1.5, spread=1.0),
}
"""What is fitted of a continuous engine."""

STATIC_PARAMETERS: Mapping[str, Parameter] = {
    **{k: v for k, v in PARAMETERS.items() if k not in ("ttft_fixed_s", "first_token_steps")},
    "link_share": Parameter(low=0.03, high=0.95, usual=0.5, spread=0.05),
    "link_latency_s": Parameter(low=1e-6, high=4e-5, usual=1e-5, spread=0.05),
    "kv_mbu": Parameter(low=0.03, high=0.95, usual=0.6, spread=1.5),
    "context_overhead_s": Parameter(low=1e-9, high=1e-5, usual=3e-7, spread=3.0),
}
"""What is fitted of a static batch: engines of 2023 read the cache with few parallel readers. The
link is assumed: with one number of GPUs its share cannot be told from mfu."""

LOSS_SCALE = 0.1
"""Residual, as a logarithm, beyond which a row counts less: soft_l1. [-]"""

TTFT_WEIGHT = 0.5
"""Weight of a time to the first token, which holds waiting, beside one of a step or a throughput. [-]"""


def engine_of(values: Mapping[str, float | Floats]) -> Engine:
    """Make an engine of fitted numbers; the others keep their defaults."""
    return Engine(**values)


def logs(rows: Rows, predicted: Predicted) -> dict[str, Floats]:
    """Logarithm of predicted over measured of the three quantities; NaN where not measured."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "ttft": np.log(predicted.ttft_s / rows.ttft_s),
            "tpot": np.log(predicted.tpot_s / rows.tpot_s),
            "throughput": np.log(predicted.tokens_per_s / rows.tokens_per_s),
        }


def _residuals(rows: Rows, engine: Engine) -> Floats:
    """What the fit makes small, one column a quantity; zero where nothing was measured."""
    predicted = predict(rows, engine)
    found = logs(rows, predicted)
    # A wait for a place says how much memory there was, nothing about the engine's speed.
    ttft = np.where(rows.tight, np.nan, found["ttft"])
    weight = np.where((rows.kind == STATIC) | (rows.kind == PREFILL), 1.0, TTFT_WEIGHT)
    table = np.stack([weight * ttft, found["tpot"], found["throughput"]], axis=-1)
    return np.asarray(np.nan_to_num(table, nan=0.0))


def fit(
    rows: Rows,
    *,
    parameters: Mapping[str, Parameter] = PARAMETERS,
    prior: Mapping[str, float] | None = None,
    strength: float = 1.0,
    weights: Floats | None = None,
) -> dict[str, float]:
    """Fit one engine to rows.

    Parameters
    ----------
    rows
        Measured rows of one group.
    parameters
        What is fitted, with bounds.
    prior
        Values that few rows are drawn to; the usual ones where None.
    strength
        Weight of the prior: rows that it counts for. [-]
    weights
        Weight of each row; all 1 where None. [-]

    Returns
    -------
    dict
        Value by name.
    """
    names = list(parameters)
    low = np.log([parameters[n].low for n in names])
    high = np.log([parameters[n].high for n in names])
    centre = np.log([(prior or {}).get(n, parameters[n].usual) for n in names])
    centre = np.clip(centre, low + 1e-6, high - 1e-6)
    spread = np.array([parameters[n].spread for n in names])
    root = np.sqrt(np.ones(len(rows)) if weights is None else weights)[:, None]

    def values_of(point: Floats) -> dict[str, float]:
        return dict(zip(names, np.exp(point).tolist(), strict=True))

    def cost(point: Floats) -> Floats:
        residual = _residuals(rows, engine_of(values_of(point)))
        # soft_l1 by hand, so that the prior stays a plain square: 2((1+z)^.5 - 1) of z = (r/s)^2.
        z = (residual / LOSS_SCALE) ** 2
        robust = root * np.sign(residual) * np.sqrt(2 * (np.sqrt(1 + z) - 1))
        return np.concatenate([robust.ravel(), np.sqrt(strength) * (point - centre) / spread])

    best = least_squares(cost, centre, bounds=(low, high), xtol=1e-4, ftol=1e-4, max_nfev=60)
    return values_of(best.x)


FITTED = (*PARAMETERS, "context_overhead_s")
"""Columns of the efficiency table that a fit gives."""
