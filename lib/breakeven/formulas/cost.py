"""Money: a request at an API, a request on a rented or owned replica, and where they meet."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    scalar_or_array,
)
from breakeven.formulas.units import MEGA, SECONDS_PER_HOUR


def api_request_usd(
    *,
    uncached_tokens: Numeric,
    output_tokens: Numeric,
    input_usd_per_mtok: Numeric,
    output_usd_per_mtok: Numeric,
    cache_read_tokens: Numeric = 0,
    cache_read_usd_per_mtok: Numeric = 0,
    cache_write_tokens: Numeric = 0,
    cache_write_usd_per_mtok: Numeric = 0,
    usd_per_request: Numeric = 0,
) -> Numeric:
    r"""Bill of one request at an API, each kind of token at its own price.

    .. math:: c = (N_u p_\mathrm{in} + N_r p_\mathrm{read} + N_w p_\mathrm{write} + C p_\mathrm{out})
        / 10^6 + p_\mathrm{request}

    Where the list has a tier above a number of input tokens, pass the prices of
    the tier that the whole request falls in.

    Parameters
    ----------
    uncached_tokens, cache_read_tokens, cache_write_tokens
        Prompt tokens by how they are billed. [tokens]
    output_tokens
        Completion tokens, reasoning included. [tokens]
    input_usd_per_mtok, cache_read_usd_per_mtok, cache_write_usd_per_mtok, output_usd_per_mtok
        Their prices. [USD/1e6 tokens]
    usd_per_request
        Fee per request. [USD]

    Returns
    -------
    Numeric
        Bill. [USD]

    Raises
    ------
    ValueError
        If any element is negative or not finite.

    References
    ----------
    .. [1] OpenAI, "Pricing", https://platform.openai.com/docs/pricing; Anthropic, "Pricing",
       https://docs.anthropic.com/en/docs/about-claude/pricing

    Examples
    --------
    One of Shrott's prompts on GPT-4 in 2023 ($30 and $60 per 1M):

    >>> round(api_request_usd(uncached_tokens=1000, output_tokens=200,
    ...                       input_usd_per_mtok=30, output_usd_per_mtok=60), 6)
    0.042
    """
    require_not_negative(
        uncached_tokens=uncached_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read_tokens,
        cache_write_tokens=cache_write_tokens,
        input_usd_per_mtok=input_usd_per_mtok,
        output_usd_per_mtok=output_usd_per_mtok,
        cache_read_usd_per_mtok=cache_read_usd_per_mtok,
        cache_write_usd_per_mtok=cache_write_usd_per_mtok,
        usd_per_request=usd_per_request,
    )
    tokens_usd = (
        uncached_tokens * input_usd_per_mtok
        + cache_read_tokens * cache_read_usd_per_mtok
        + cache_write_tokens * cache_write_usd_per_mtok
        + output_tokens * output_usd_per_mtok
    ) / MEGA
    return tokens_usd + usd_per_request


def replica_usd(*, usd_per_hour: Numeric, busy_s: Numeric, utilisation: Numeric = 1.0) -> Numeric:
    r"""Rent of a replica for some busy seconds, its idle time paid as well.

    .. math:: c = \frac{R}{3600} \cdot \frac{g}{u}

    Parameters
    ----------
    usd_per_hour
        Rent of the whole replica, :math:`R`: N GPUs cost N times one GPU. [USD/h]
    busy_s
        Seconds of work, :math:`g`. [s]
    utilisation
        Share of the rented time that is busy, :math:`u`. [0 to 1]

    Returns
    -------
    Numeric
        Cost. [USD]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] A. Sanger, 2023, "$4.42/hour", https://cursor.com/blog/llama-inference

    Examples
    --------
    >>> replica_usd(usd_per_hour=3600.0, busy_s=2.0, utilisation=0.5)
    4.0
    """
    require_not_negative(usd_per_hour=usd_per_hour, busy_s=busy_s)
    require_share(utilisation=utilisation)
    return usd_per_hour / SECONDS_PER_HOUR * busy_s / utilisation


def owned_usd_per_hour(
    *,
    purchase_usd: Numeric,
    residual_usd: Numeric,
    years: Numeric,
    interest: Numeric,
    power_w: Numeric,
    pue: Numeric,
    usd_per_kwh: Numeric,
    hosting_usd_per_hour: Numeric = 0,
) -> Numeric:
    r"""Hourly cost of hardware that is owned: annuity, power, hosting.

    .. math:: R = \frac{1}{8760}\left(K - \frac{S}{(1+i)^y}\right)\frac{i}{1-(1+i)^{-y}}
        + \frac{P}{1000} \mathrm{PUE} \, e + h

    Parameters
    ----------
    purchase_usd, residual_usd
        Price today and resale value at the end, :math:`K` and :math:`S`. [USD]
    years
        Years in use, :math:`y`. [years]
    interest
        Yearly interest, :math:`i`; 0 spreads the price evenly. [1/year]
    power_w
        Mean power drawn, :math:`P`. [W]
    pue
        Power usage effectiveness of the building, at least 1. [-]
    usd_per_kwh
        Tariff, :math:`e`. [USD/kWh]
    hosting_usd_per_hour
        Space, network, staff, :math:`h`. [USD/h]

    Returns
    -------
    Numeric
        Cost of one hour, busy or not. [USD/h]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] R. Brealey, S. Myers, F. Allen, "Principles of Corporate Finance", chapter 6
       (equivalent annual cost)

    Examples
    --------
    >>> round(owned_usd_per_hour(purchase_usd=26280, residual_usd=0, years=3, interest=0,
    ...                          power_w=1000, pue=1.0, usd_per_kwh=0.1), 9)
    1.1
    """
    require_positive(years=years)
    require_not_negative(
        purchase_usd=purchase_usd,
        residual_usd=residual_usd,
        interest=interest,
        power_w=power_w,
        usd_per_kwh=usd_per_kwh,
        hosting_usd_per_hour=hosting_usd_per_hour,
    )
    if np.any(np.asarray(pue) < 1) or not np.all(np.isfinite(pue)):
        raise ValueError(f"pue must be at least 1, got {pue}")
    rate = np.asarray(interest, dtype=float)
    capital = purchase_usd - residual_usd / (1 + rate) ** years
    with np.errstate(divide="ignore", invalid="ignore"):
        # expm1 and log1p: 1 - (1 + i)^-y loses its digits where the interest is tiny.
        repaid = -np.expm1(-np.asarray(years) * np.log1p(rate))
        yearly = np.where(rate > 0, capital * rate / repaid, capital / years)
    return scalar_or_array(
        yearly / 8760 + np.asarray(power_w) / 1000 * pue * usd_per_kwh + hosting_usd_per_hour
    )


def break_even_utilisation(*, busy_usd_per_request: Numeric, api_usd_per_request: Numeric) -> Numeric:
    r"""How busy a replica must be for one request to cost what the API charges.

    .. math:: u^* = \frac{R g / 3600}{c_\mathrm{API}}

    Parameters
    ----------
    busy_usd_per_request
        Rent for the busy seconds alone. [USD/request]
    api_usd_per_request
        Bill of the API. [USD/request]

    Returns
    -------
    Numeric
        Share; at 1 or above no volume makes self-hosting cheaper. [-]

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] Own derivation: :func:`replica_usd` set equal to :func:`api_request_usd`, solved for u.

    Examples
    --------
    >>> break_even_utilisation(busy_usd_per_request=0.2, api_usd_per_request=0.5)
    0.4
    """
    require_positive(busy_usd_per_request=busy_usd_per_request, api_usd_per_request=api_usd_per_request)
    return busy_usd_per_request / api_usd_per_request


def replicas_needed(
    *, requests_per_s: Numeric, replica_s_per_request: Numeric, utilisation: Numeric
) -> Numeric:
    r"""Whole replicas for a load, none busier than planned.

    .. math:: k = \left\lceil \frac{\lambda g}{u} \right\rceil

    Parameters
    ----------
    requests_per_s
        Load, :math:`\lambda`. [1/s]
    replica_s_per_request
        Replica seconds per request, :math:`g`. [s]
    utilisation
        How busy a replica may be, :math:`u`. [0 to 1]

    Returns
    -------
    Numeric
        Replicas, zero for no load. [-]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Own derivation: work arriving per second over work that one replica may do per second.

    Examples
    --------
    >>> replicas_needed(requests_per_s=10.0, replica_s_per_request=0.25, utilisation=0.5)
    5.0
    """
    require_not_negative(requests_per_s=requests_per_s)
    require_positive(replica_s_per_request=replica_s_per_request)
    require_share(utilisation=utilisation)
    load = np.asarray(requests_per_s) * np.asarray(replica_s_per_request, dtype=float) / utilisation
    # A load that is a whole number of replicas up to rounding must not ask for one more.
    return scalar_or_array(np.ceil(load * (1 - 1e-12)))


def first_paying_rate(
    *,
    replica_usd_per_s: Numeric,
    api_usd_per_request: Numeric,
    replica_requests_per_s: Numeric,
    fixed_usd_per_s: Numeric = 0,
) -> Numeric:
    r"""Load at which one replica first costs no more than the API.

    .. math:: \lambda_1 = \frac{R + O}{c_\mathrm{API}}, \quad
        \text{none if } \lambda_1 > \lambda_\mathrm{replica}

    Parameters
    ----------
    replica_usd_per_s
        Rent of one replica, :math:`R`. [USD/s]
    api_usd_per_request
        Bill of the API. [USD/request]
    replica_requests_per_s
        Load that one replica may carry, :math:`u / g`. [1/s]
    fixed_usd_per_s
        What self-hosting costs besides, whatever the load, :math:`O`. [USD/s]

    Returns
    -------
    Numeric
        Load, infinite where one replica cannot carry it. [1/s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Own derivation.

    Examples
    --------
    >>> first_paying_rate(replica_usd_per_s=1.0, api_usd_per_request=0.5, replica_requests_per_s=4.0)
    2.0
    """
    require_positive(
        replica_usd_per_s=replica_usd_per_s,
        api_usd_per_request=api_usd_per_request,
        replica_requests_per_s=replica_requests_per_s,
    )
    require_not_negative(fixed_usd_per_s=fixed_usd_per_s)
    rate = (np.asarray(replica_usd_per_s) + fixed_usd_per_s) / api_usd_per_request
    return scalar_or_array(np.where(rate <= replica_requests_per_s, rate, np.inf))


def never_dearer_rate(
    *,
    replica_usd_per_s: Numeric,
    api_usd_per_request: Numeric,
    replica_requests_per_s: Numeric,
    fixed_usd_per_s: Numeric = 0,
) -> Numeric:
    r"""Load from which self-hosting is never dearer again, whole replicas counted.

    The rent is a staircase: step k costs :math:`k R + O` and begins at
    :math:`(k - 1) \lambda_\mathrm{replica}`. It begins above the API's line as long as

    .. math:: k < \frac{O + c_\mathrm{API} \lambda_\mathrm{replica}}
        {c_\mathrm{API} \lambda_\mathrm{replica} - R}

    The last such step K meets the line at :math:`\lambda = (K R + O) / c_\mathrm{API}`.

    Parameters
    ----------
    replica_usd_per_s
        Rent of one replica, :math:`R`. [USD/s]
    api_usd_per_request
        Bill of the API. [USD/request]
    replica_requests_per_s
        Load that one replica may carry. [1/s]
    fixed_usd_per_s
        What self-hosting costs besides, whatever the load, :math:`O`. [USD/s]

    Returns
    -------
    Numeric
        Load, infinite where a full replica costs as much as the API or more. [1/s]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] Own derivation; checked against a scan of the staircase in the tests.

    Examples
    --------
    A full replica carries 4 requests/s at half the API's bill: step 1 meets the line at
    2 requests/s, step 2 begins exactly on it.

    >>> never_dearer_rate(replica_usd_per_s=1.0, api_usd_per_request=0.5, replica_requests_per_s=4.0)
    2.0
    """
    require_positive(
        replica_usd_per_s=replica_usd_per_s,
        api_usd_per_request=api_usd_per_request,
        replica_requests_per_s=replica_requests_per_s,
    )
    require_not_negative(fixed_usd_per_s=fixed_usd_per_s)
    full = np.asarray(api_usd_per_request, dtype=float) * replica_requests_per_s
    gain = full - replica_usd_per_s
    with np.errstate(divide="ignore", invalid="ignore"):
        # The factor keeps a step that begins on the line, up to rounding, from counting as above it.
        last_dear_step = np.ceil((fixed_usd_per_s + full) / gain * (1 - 1e-12)) - 1
        steps_usd = np.maximum(last_dear_step, 1) * replica_usd_per_s + fixed_usd_per_s
    return scalar_or_array(np.where(gain > 0, steps_usd / api_usd_per_request, np.inf))
