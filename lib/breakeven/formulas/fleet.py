"""A load on whole replicas: what a month of it costs, and what a job that ends costs."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    scalar_or_array,
)
from breakeven.formulas.units import HOURS_PER_MONTH, SECONDS_PER_HOUR


def month_usd(*, replicas: Numeric, usd_per_hour: Numeric, fixed_usd: Numeric = 0) -> Numeric:
    r"""Rent of whole replicas for a month, idle or busy.

    .. math:: c = 730 \, k R + O

    Parameters
    ----------
    replicas
        Whole replicas, :math:`k`. [-]
    usd_per_hour
        Rent of one, :math:`R`. [USD/h]
    fixed_usd
        What self-hosting costs besides, :math:`O`. [USD/month]

    Returns
    -------
    Numeric
        Bill. [USD/month]

    Raises
    ------
    ValueError
        If any element is negative or not finite.

    References
    ----------
    .. [1] Price lists of clouds bill 730 hours a month (365 x 24 / 12):
       https://calculator.aws

    Examples
    --------
    One GPU at $1.99 an hour:

    >>> round(month_usd(replicas=1, usd_per_hour=1.99), 2)
    1452.7
    """
    require_not_negative(replicas=replicas, usd_per_hour=usd_per_hour, fixed_usd=fixed_usd)
    return replicas * usd_per_hour * HOURS_PER_MONTH + fixed_usd


def job_replicas(*, work_s: Numeric, finish_s: Numeric, startup_s: Numeric) -> Numeric:
    r"""Whole replicas that finish a job in time, each started once and never idle.

    .. math:: k = \left\lceil \frac{w}{T - s} \right\rceil

    Parameters
    ----------
    work_s
        Replica seconds of the whole job, :math:`w`. [s]
    finish_s
        Time within which it must end, :math:`T`; more than the start-up. [s]
    startup_s
        Time until a replica serves, :math:`s`: the machine, the weights. [s]

    Returns
    -------
    Numeric
        Replicas. [-]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Own derivation: the work divides evenly, and each replica pays its own start.

    Examples
    --------
    A hundred hours of work within a day, ten minutes to start:

    >>> job_replicas(work_s=360_000, finish_s=86_400, startup_s=600)
    5.0
    """
    require_positive(work_s=work_s, finish_s=finish_s)
    require_not_negative(startup_s=startup_s)
    if np.any(np.asarray(finish_s) <= startup_s):
        raise ValueError(f"finish_s must be more than startup_s, got {finish_s}")
    # As in replicas_needed: a whole number of replicas up to rounding must not ask for one more.
    need = np.asarray(work_s, dtype=float) / (np.asarray(finish_s) - startup_s)
    return scalar_or_array(np.ceil(need * (1 - 1e-12)))


def job_usd(*, work_s: Numeric, replicas: Numeric, startup_s: Numeric, usd_per_hour: Numeric) -> Numeric:
    r"""Rent of a job: the time its replicas take to start, and the work itself.

    .. math:: c = \frac{R}{3600} (w + k s)

    Parameters
    ----------
    work_s
        Replica seconds of the whole job, :math:`w`. [s]
    replicas
        Replicas that share it, :math:`k`. [-]
    startup_s
        Time until a replica serves, :math:`s`. [s]
    usd_per_hour
        Rent of one, :math:`R`. [USD/h]

    Returns
    -------
    Numeric
        Bill of the job. [USD]

    Raises
    ------
    ValueError
        If any element is negative or not finite.

    References
    ----------
    .. [1] Own derivation: rented by the second, as on-demand GPUs are.

    Examples
    --------
    >>> job_usd(work_s=3000, replicas=1, startup_s=600, usd_per_hour=2.0)
    2.0
    """
    require_not_negative(work_s=work_s, replicas=replicas, startup_s=startup_s, usd_per_hour=usd_per_hour)
    rented_s = np.asarray(work_s, dtype=float) + np.asarray(replicas) * startup_s
    return scalar_or_array(usd_per_hour / SECONDS_PER_HOUR * rented_s)
