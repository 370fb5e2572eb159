"""Fit the shares and fixed times of an engine to measured rows, robustly and within physical bounds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import least_squares

from breakeven.calibration.parameters import PARAMETERS, Parameter
from breakeven.calibration.predict import Predicted, predict
from breakeven.calibration.rows import PREFILL, STATIC, Rows
from breakeven.formulas.arrays import Floats
from breakeven.formulas.parts import Engine

LOSS_SCALE = 0.1
"""Residual, as a logarithm, beyond which a row counts less: soft_l1. [-]"""

SLOPE_STEP = 1e-6
"""Step of a logarithm over which a slope is taken. [-]"""

TTFT_WEIGHT = 0.5
"""Weight of a time to the first token, which holds waiting, beside one of a step or a throughput. [-]"""


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
    start: Mapping[str, float] | None = None,
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
    start
        Where the search begins, as near rows were fitted; the prior where None.

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

    measured = np.isfinite(np.stack([rows.ttft_s, rows.tpot_s, rows.tokens_per_s], axis=-1))

    def costs(points: Floats) -> Floats:
        values = np.exp(points).T[:, :, None]
        residual = _residuals(rows, Engine(**dict(zip(names, values, strict=True))))
        # soft_l1 by hand, so that the prior stays a plain square: 2((1+z)^.5 - 1) of z = (r/s)^2.
        z = (residual / LOSS_SCALE) ** 2
        robust = root * np.sign(residual) * np.sqrt(2 * (np.sqrt(1 + z) - 1))
        prior_cost = np.sqrt(strength) * (points - centre) / spread
        return np.concatenate([robust[:, measured], prior_cost], axis=1)

    def slopes(point: Floats) -> Floats:
        # All directions in one pass over the rows, each away from the nearer bound.
        steps = np.where(point + SLOPE_STEP < high, SLOPE_STEP, -SLOPE_STEP)
        found = costs(np.vstack([point, point + np.diag(steps)]))
        return np.asarray((found[1:] - found[0]).T / steps)

    first = centre if start is None else np.clip(np.log([start[n] for n in names]), low + 1e-6, high - 1e-6)
    best = least_squares(
        lambda point: costs(point[None])[0],
        first,
        jac=slopes,
        bounds=(low, high),
        xtol=1e-4,
        ftol=1e-4,
        max_nfev=60,
    )
    return dict(zip(names, np.exp(best.x).tolist(), strict=True))
