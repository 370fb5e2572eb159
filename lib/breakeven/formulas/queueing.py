"""What a request waits before its turn."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    scalar_or_array,
)


def queueing_wait_md1(*, arrivals_per_s: Numeric, service_s: Numeric) -> Numeric:
    r"""Mean wait of a Poisson stream at one server with a fixed service time.

    .. math:: W = \frac{\rho}{2 (1 - \rho)} s, \qquad \rho = \lambda s

    Used for the wait of a prompt before its prefill: an approximation, since
    prefills share the replica with decode steps and lengths differ.

    Parameters
    ----------
    arrivals_per_s
        Requests per second at one replica, :math:`\lambda`. [1/s]
    service_s
        Time of one prefill, :math:`s`. [s]

    Returns
    -------
    Numeric
        Mean wait; infinite where :math:`\rho \ge 1`. [s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] L. Kleinrock, "Queueing Systems", vol. 1, 1975, section 5.5 (Pollaczek-Khinchine)

    Examples
    --------
    >>> queueing_wait_md1(arrivals_per_s=0.5, service_s=1.0)
    0.5
    """
    require_not_negative(arrivals_per_s=arrivals_per_s)
    require_positive(service_s=service_s)
    load = np.asarray(arrivals_per_s) * np.asarray(service_s, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        wait = load / (2 * (1 - load)) * service_s
    return scalar_or_array(np.where(load < 1, wait, np.inf))
