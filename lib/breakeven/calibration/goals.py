"""What the predictions are to reach on rows that their fit did not see, and what they reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakeven.calibration.ranges import LEVEL, covered, steps
from breakeven.calibration.report import absolute
from breakeven.calibration.rows import OFFLINE, ONLINE, PREFILL, Rows
from breakeven.formulas.arrays import Floats

Mask = NDArray[np.bool_]
Residuals = Mapping[str, Floats]

HELD_S = 0.5
"""Time to the first token that deployments are said to hold. [s]"""

LISTED = 30
"""Rows from which the coverage of an engine and GPU is told from chance. [-]"""

SPAN = (0.72, 0.88)
"""Shares of rows between which a range keeps its word: its level and eight points. [0 to 1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One thing that is to be reached on rows that the fit did not see."""

    what: str
    limit: float
    """At most so much, or at least where ``at_least``. [0 to 1]"""
    value: float
    n: int
    """Rows."""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """The value is on the right side of the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Share of the measured rows of one engine and GPU family that lie in the range of the other cells."""

    quantity: str
    engine: str
    gpu_family: str
    n: int
    share: float
    """[0 to 1]"""

    @property
    def kept(self) -> bool:
        """Near enough to what is stated."""
        return SPAN[0] <= self.share <= SPAN[1]


def throughput(rows: Rows, ttft: Floats, tpot: Floats) -> Floats:
    """Completion tokens per second of a closed loop, but for a factor: a client's tokens over its time."""
    return np.asarray(rows.completion / (ttft + rows.completion * tpot))


def goals(rows: Rows, residuals: Mapping[str, Residuals]) -> list[Goal]:
    """What is to be reached with each cell left out of the fit, and with each model.

    Parameters
    ----------
    rows
        The measured rows.
    residuals
        Logarithms of predicted over measured, by what was left out.
    """
    cell, model = residuals["cell"], residuals["model"]
    # An engine of a named year is asked for by its name: what is to be reached is today's.
    online, n = (rows.kind == ONLINE) & rows.today, np.asarray(rows.replica.n_gpus)
    alone = (rows.kind == PREFILL) | (online & (rows.clients == 1))
    offline = (rows.kind == OFFLINE) & rows.today
    dense = online & ~rows.mixture & (n >= 2) & (n <= 8)
    found = [
        _median("TTFT of one request alone", 0.15, cell["ttft"][alone]),
        _median("TTFT at load", 0.22, cell["ttft"][online]),
        _holding(rows, cell),
        _median("TPOT", 0.09, cell["tpot"][online]),
        _median("TPOT of dense models on 2 to 8 GPUs", 0.07, cell["tpot"][dense]),
        _median("TPOT of a model that no row is of", 0.13, model["tpot"][online]),
        _median("throughput, a number of clients", 0.09, _served(rows, cell)[online]),
        _median("throughput, all requests at once", 0.09, cell["throughput"][offline]),
    ]
    shares = coverages(rows, cell)
    least, most = min(shares, key=lambda c: c.share), max(shares, key=lambda c: c.share)
    for end, limit, lower in ((least, SPAN[0], True), (most, SPAN[1], False)):
        what = f"rows in the {LEVEL:.0%} range of {end.quantity}, {end.engine} on {end.gpu_family}"
        side = "the fewest of any engine and GPU" if lower else "the most"
        found.append(Goal(what=f"{what}: {side}", limit=limit, value=end.share, n=end.n, at_least=lower))
    return found


def coverages(rows: Rows, unseen: Residuals) -> list[Coverage]:
    """Coverage of every engine and GPU family with enough rows."""
    running = np.isin(rows.kind, (ONLINE, OFFLINE))
    found = []
    for quantity, logs, keep in (
        ("TPOT", steps(unseen), running),
        ("TTFT", unseen["ttft"], running & ~rows.tight),
    ):
        inside = covered(logs, rows, keep)
        for engine in sorted(set(rows.engine.tolist())):
            for family in sorted(set(rows.family.tolist())):
                here = inside[(rows.engine == engine) & (rows.family == family)]
                here = here[np.isfinite(here)]
                if len(here) >= LISTED:
                    share = float(here.mean())
                    found.append(
                        Coverage(
                            quantity=quantity, engine=engine, gpu_family=family, n=len(here), share=share
                        )
                    )
    return found


def _median(what: str, limit: float, logs: Floats) -> Goal:
    sizes = absolute(logs)
    value = float(np.median(sizes)) if len(sizes) else float("nan")
    return Goal(what=f"{what}: median error", limit=limit, value=value, n=len(sizes))


def _holding(rows: Rows, cell: Residuals) -> Goal:
    """Of the deployments said to hold a time to the first token, the share that do."""
    said = (rows.kind == ONLINE) & rows.today & (rows.ttft_s * np.exp(cell["ttft"]) <= HELD_S)
    value = float((rows.ttft_s[said] <= HELD_S).mean()) if said.any() else float("nan")
    what = f"deployments said to hold TTFT of {HELD_S:g} s that do"
    return Goal(what=what, limit=0.9, value=value, n=int(said.sum()), at_least=True)


def _served(rows: Rows, cell: Residuals) -> Floats:
    """Logarithm of predicted over measured throughput of a closed loop, out of its two times."""
    predicted = throughput(rows, rows.ttft_s * np.exp(cell["ttft"]), rows.tpot_s * np.exp(cell["tpot"]))
    return np.asarray(np.log(predicted / throughput(rows, rows.ttft_s, rows.tpot_s)))
