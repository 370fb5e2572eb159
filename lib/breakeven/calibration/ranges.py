"""Ranges that hold a stated share of the rows that a fit did not see: split conformal prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.rows import ONLINE, PREFILL, STATIC, Rows
from breakeven.formulas.arrays import Floats

Mask = NDArray[np.bool_]
Residuals = Mapping[str, Floats]

LEVEL = 0.8
"""Share of the rows that a range is to hold. [0 to 1]"""

ENOUGH = 9
"""Rows from which a group has a range of its own, the fewest that leave one outside at either end of it:
(n + 1) (1 - level) / 2 is 1. With fewer it has that of the next larger group. [-]"""

LIGHT = 4.0
"""Clients up to which a request meets hardly anybody: such rows speak of the time alone. [-]"""

SIGNIFICANT = 3
"""Digits of a number that are kept."""


def steps(found: Residuals) -> Floats:
    """Residuals of a step or a throughput; a throughput that is too high is a step that is too short."""
    return np.asarray(np.where(np.isfinite(found["tpot"]), found["tpot"], -found["throughput"]))


def conformal(logs: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Factors on a prediction between which a measurement lies with that probability.

    Parameters
    ----------
    logs
        Logarithms of predicted over measured of rows that the fit did not see.
    level
        Probability. [0 to 1]

    Returns
    -------
    tuple
        Measured over predicted, at least so much and at most so much; 1 lies inside.

    References
    ----------
    .. [1] J. Lei et al., "Distribution-free predictive inference for regression", 2018, section 2.2
    """
    known = np.sort(-logs[np.isfinite(logs)])
    n = len(known)
    if not n:
        return 0.5, 2.0
    tail = (n + 1) * (1 - level) / 2
    low, high = known[max(floor(tail), 1) - 1], known[min(ceil(n + 1 - tail), n) - 1]
    return digits(min(float(np.exp(low)), 1.0)), digits(max(float(np.exp(high)), 1.0))


def digits(value: float) -> float:
    """Keep as many digits as a fit can know."""
    return float(f"{value:.{SIGNIFICANT}g}")


def light(rows: Rows) -> Mask:
    """Rows that speak of the time to the first token alone."""
    return np.asarray((rows.kind == PREFILL) | ((rows.kind == ONLINE) & (rows.clients <= LIGHT)))


def repeated(rows: Rows) -> Mask:
    """Rows whose configuration has another cell: leaving theirs out leaves their model measured."""
    pairs = np.unique(np.stack([rows.configuration, rows.cell]), axis=1)
    names, cells = np.unique(pairs[0], return_counts=True)
    return np.isin(rows.configuration, names[cells > 1])


def comparable(rows: Rows, group: str) -> list[tuple[str, Mask]]:
    """Rows that a group's range may come from, the nearest first, with their name."""
    mine = rows.group == group
    static = np.asarray((rows.kind == STATIC) == group.endswith("-static"))
    if not mine.any():
        return [("every engine", static)]
    engine, family = str(rows.engine[mine][0]), str(rows.family[mine][0])
    on_engine = static & (rows.engine == engine)
    return [
        ("", mine),
        (f"{engine} on this GPU", on_engine & (rows.family == family)),
        (f"{engine} on every GPU", on_engine),
        ("every engine", static),
    ]


def range_of(logs: Floats, pools: Sequence[tuple[str, Mask]]) -> tuple[float, float, str]:
    """The range of the first pool with enough rows, else of the largest, and whose it is; empty: its own."""
    known = np.isfinite(logs)
    for name, pool in pools:
        if (known & pool).sum() >= ENOUGH:
            return *conformal(logs[pool]), name
    name, pool = max(pools, key=lambda one: int((known & one[1]).sum()))
    return *conformal(logs[pool]), name if known[pool].any() else "nothing measured"


def covered(logs: Floats, rows: Rows, keep: Mask) -> Floats:
    """Tell of each row whether it lies in the range that the other cells give: 1, 0; NaN where not kept.

    Parameters
    ----------
    logs
        Logarithms of predicted over measured of rows that the fit did not see.
    rows
        The rows.
    keep
        Rows that ranges are made of and held against.
    """
    found = np.full(len(rows), np.nan)
    keep = keep & np.isfinite(logs)
    _, cells = np.unique(rows.cell, return_inverse=True)
    groups = rows.group
    for group in sorted(set(groups[keep].tolist())):
        pools = comparable(rows, group)
        mine = keep & (groups == group)
        for cell in np.unique(cells[mine]):
            here = mine & (cells == cell)
            others = keep & (cells != cell)
            low, high, _ = range_of(logs, [(name, pool & others) for name, pool in pools])
            found[here] = (-logs[here] >= np.log(low)) & (-logs[here] <= np.log(high))
    return found
