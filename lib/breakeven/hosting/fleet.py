"""What a load costs on whole replicas of a deployment: the one money of every ranking and verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from breakeven.formulas import cost
from breakeven.formulas.arrays import Booleans, Floats
from breakeven.formulas.fleet import job_replicas, job_usd, month_usd
from breakeven.formulas.units import HOURS_PER_MONTH, SECONDS_PER_HOUR
from breakeven.question.parts import Load

SAME_BILL = 1e-9
"""Of two equal bills the fleet that is less busy goes first; small enough to turn no other order. [-]"""


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

    @property
    def order(self) -> Floats:
        """What a ranking sorts by: the bill, of two equal ones the fleet that is less busy."""
        return np.asarray(self.usd * (1 + SAME_BILL * self.busy))


def fleet_of(
    load: Load,
    *,
    prefill_s: Floats,
    decode_s: Floats,
    usd_per_hour: Floats,
    utilisation: float,
    overhead_month: float = 0.0,
    pools: Booleans | bool = False,
    requests: Floats | None = None,
) -> Fleet:
    """Size and price a fleet for a load.

    Parameters
    ----------
    load
        Requests per second or month: whole replicas, none busier than planned, for a month. A job:
        replicas that are never idle, from their start until the job is done.
    prefill_s, decode_s
        Replica seconds of one request. [s]
    usd_per_hour
        Rent of one replica. [USD/h]
    utilisation
        How busy a replica may be under a load that does not end. [0 to 1]
    overhead_month
        What self-hosting costs besides; of a job, for the time that it may take. [USD/month]
    pools
        Prompts are read by replicas of their own; as many booleans as deployments, or one.
    requests
        Instead of the load's own number, in its unit of time; broadcasts against the deployments.

    Returns
    -------
    Fleet
        Dollars a month, or for the job.
    """
    read, write = np.asarray(prefill_s, dtype=float), np.asarray(decode_s, dtype=float)
    apart = np.asarray(pools, dtype=bool)
    amount = np.asarray(load.requests if requests is None else requests, dtype=float)
    per_s = amount / load.unit_s

    def replicas(busy_s: Floats) -> Floats:
        if load.ends:
            need = job_replicas(work_s=amount * busy_s, finish_s=load.finish_s, startup_s=load.startup_s)
        else:
            need = cost.replicas_needed(
                requests_per_s=per_s, replica_s_per_request=busy_s, utilisation=utilisation
            )
        return np.asarray(need)

    reading = np.where(apart, replicas(read), 0.0)
    total = reading + replicas(np.where(apart, write, read + write))
    work = amount * (read + write)
    if load.ends:
        fixed = overhead_month * load.finish_s / (HOURS_PER_MONTH * SECONDS_PER_HOUR)
        usd = job_usd(work_s=work, replicas=total, startup_s=load.startup_s, usd_per_hour=usd_per_hour)
        hours = (work / total + load.startup_s) / SECONDS_PER_HOUR
        busy = work / (work + total * load.startup_s)
        usd = usd + fixed
    else:
        usd = month_usd(replicas=total, usd_per_hour=usd_per_hour, fixed_usd=overhead_month)
        hours = np.full_like(total, HOURS_PER_MONTH)
        busy = per_s * (read + write) / total
    return Fleet(
        replicas=total,
        prefill_replicas=reading,
        busy=np.asarray(busy),
        hours=np.asarray(hours),
        usd=np.asarray(usd),
    )
