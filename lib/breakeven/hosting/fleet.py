"""What a load costs on whole replicas of a deployment: the one money of every ranking and verdict."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from breakeven.formulas import cost
from breakeven.formulas.arrays import Booleans, Floats
from breakeven.formulas.fleet import job_replicas, job_usd, month_usd
from breakeven.formulas.mode import Mode
from breakeven.formulas.units import HOURS_PER_MONTH, SECONDS_PER_HOUR
from breakeven.question.parts import Load
from breakeven.question.scenario import Scenario

SAME_BILL = 1e-9
"""Of two equal bills the fleet that is less busy goes first; small enough to turn no other order. [-]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a fleet is sized and what is paid besides: all but the deployment and the amount of work."""

    load: Load
    utilisation: float
    overhead_month: float
    pools: bool
    """Prompts are read by replicas of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Replicas for a load, in the broadcast shape of the deployments; numbers or arrays."""

    replicas: Floats
    """All of them, both pools together. [-]"""
    prefill_replicas: Floats
    """Those that only read prompts, where the pools are separate; else 0. [-]"""
    busy: Floats
    """Share of the time that they work. [0 to 1]"""
    hours: Floats
    """Hours that each is rented: a month, or until the job is done. [h]"""
    usd: Floats
    """Dollars a month, or for the job; what is paid besides the rent included. [USD]"""

    def at(self, index: int) -> Fleet:
        """That of one deployment."""
        return Fleet(**{item.name: np.asarray(getattr(self, item.name))[index] for item in fields(Fleet)})

    @property
    def order(self) -> Floats:
        """What a ranking sorts by: the bill, of two equal ones the fleet that is less busy."""
        return np.asarray(self.usd * (1 + SAME_BILL * self.busy))


def terms_of(scenario: Scenario) -> Terms:
    """How the fleets of a question are sized, and what is paid besides."""
    return Terms(
        load=scenario.load,
        utilisation=scenario.targets.utilisation,
        overhead_month=scenario.overhead_month,
        pools=scenario.mode == Mode.DISAGGREGATED,
    )


def fleet_of(
    terms: Terms,
    *,
    prefill_s: Floats,
    decode_s: Floats,
    usd_per_hour: Floats,
    pools: Booleans | None = None,
    requests: Floats | None = None,
) -> Fleet:
    """Size and price a fleet for a load.

    Parameters
    ----------
    terms
        Of requests per second or month: whole replicas, none busier than planned, for a month. Of a job:
        replicas that are never idle, from their start until the job is done; what is paid besides the
        rent counts for the time that it may take.
    prefill_s, decode_s
        Replica seconds of one request. [s]
    usd_per_hour
        Rent of one replica. [USD/h]
    pools
        Instead of that of the terms, one boolean a deployment.
    requests
        Instead of the load's own number, in its unit of time; broadcasts against the deployments.

    Returns
    -------
    Fleet
        Dollars a month, or for the job.
    """
    load = terms.load
    read, write = np.asarray(prefill_s, dtype=float), np.asarray(decode_s, dtype=float)
    apart = np.asarray(terms.pools if pools is None else pools, dtype=bool)
    amount = np.asarray(load.requests if requests is None else requests, dtype=float)
    per_s = amount / load.unit_s

    def replicas(busy_s: Floats) -> Floats:
        if load.ends:
            need = job_replicas(work_s=amount * busy_s, finish_s=load.finish_s, startup_s=load.startup_s)
        else:
            need = cost.replicas_needed(
                requests_per_s=per_s, replica_s_per_request=busy_s, utilisation=terms.utilisation
            )
        return np.asarray(need)

    reading = np.where(apart, replicas(read), 0.0)
    total = reading + replicas(np.where(apart, write, read + write))
    work = amount * (read + write)
    if load.ends:
        fixed = terms.overhead_month * load.finish_s / (HOURS_PER_MONTH * SECONDS_PER_HOUR)
        usd = job_usd(work_s=work, replicas=total, startup_s=load.startup_s, usd_per_hour=usd_per_hour)
        hours = (work / total + load.startup_s) / SECONDS_PER_HOUR
        busy = work / (work + total * load.startup_s)
        usd = usd + fixed
    else:
        usd = month_usd(replicas=total, usd_per_hour=usd_per_hour, fixed_usd=terms.overhead_month)
        hours = np.full_like(total, HOURS_PER_MONTH)
        busy = per_s * (read + write) / total
    return Fleet(
        replicas=total,
        prefill_replicas=reading,
        busy=np.asarray(busy),
        hours=np.asarray(hours),
        usd=np.asarray(usd),
    )
