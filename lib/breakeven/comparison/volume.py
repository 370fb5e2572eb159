"""Both monthly bills against the load, and the loads at which they are level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from breakeven.apis.shapes import ApiBill
from breakeven.formulas import cost
from breakeven.formulas.arrays import Floats
from breakeven.formulas.units import SECONDS_PER_HOUR, SECONDS_PER_MONTH
from breakeven.hosting.row import HostRow
from breakeven.question.scenario import Scenario

VOLUME_POINTS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Monthly bills against load; US dollars."""

    requests_per_s: Floats
    api_usd_month: Floats
    host_usd_month: Floats
    replicas: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLoad:
    """Both bills at the scenario's own load; US dollars a month."""

    requests_per_s: float
    replicas: int
    busy: float
    """Share of the time that those replicas work. [0 to 1]"""
    api_usd_month: float
    host_usd_month: float


def volume_of(scenario: Scenario, host: HostRow, bill: ApiBill) -> tuple[float, float, Volume, AtLoad]:
    """Break-even loads, the staircase, and both bills at the scenario's own load."""
    rent = host.candidate.usd_per_hour / SECONDS_PER_HOUR
    carries = scenario.utilisation / host.replica_s
    fixed = scenario.overhead_month / SECONDS_PER_MONTH

    def staircase(load: Floats) -> tuple[Floats, Floats]:
        replicas = np.asarray(
            cost.replicas_needed(
                requests_per_s=load,
                replica_s_per_request=host.replica_s,
                utilisation=scenario.utilisation,
            )
        )
        return replicas, (replicas * rent + fixed) * SECONDS_PER_MONTH

    about = {
        "replica_usd_per_s": rent,
        "api_usd_per_request": bill.usd,
        "replica_requests_per_s": carries,
        "fixed_usd_per_s": fixed,
    }
    first = float(cost.first_paying_rate(**about))
    always = float(cost.never_dearer_rate(**about))
    own = scenario.load.per_s
    points = [4 * carries, 1.5 * own] + [1.5 * x for x in (first, always) if np.isfinite(x)]
    # Beyond forty steps the staircase is a line to the eye; the reader's own load must be on it.
    top = max(min(max(points), 40 * carries), 1.5 * own)
    load = np.linspace(0, top, VOLUME_POINTS + 1)[1:]
    replicas, host_usd = staircase(load)
    own_replicas, own_usd = staircase(np.array([own]))
    n = int(own_replicas[0])
    return (
        first,
        always,
        Volume(
            requests_per_s=load,
            api_usd_month=load * bill.usd * SECONDS_PER_MONTH,
            host_usd_month=host_usd,
            replicas=replicas,
        ),
        AtLoad(
            requests_per_s=own,
            replicas=n,
            busy=own * host.replica_s / n,
            api_usd_month=own * bill.usd * SECONDS_PER_MONTH,
            host_usd_month=float(own_usd[0]),
        ),
    )
