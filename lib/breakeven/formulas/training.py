"""Arithmetic, time, rent and energy of training, and where tuning pays for itself."""

from __future__ import annotations

import numpy as np

from breakeven.formulas._domain import (
    Numeric,
    require_not_negative,
    require_positive,
    require_share,
    scalar_or_array,
)
from breakeven.formulas.units import SECONDS_PER_HOUR


def training_flop(*, active_params: Numeric, tokens: Numeric, recomputed: Numeric = 0.0) -> Numeric:
    r"""Work of training on some tokens, forward and backward.

    .. math:: F = (6 + 2 r) \, P_a \, D

    Two per weight and token forward, four backward; recomputing all activations is a second forward pass.

    Parameters
    ----------
    active_params
        Parameters that one token meets, :math:`P_a`. [-]
    tokens
        Training tokens, :math:`D`. [tokens]
    recomputed
        Share of the forward pass that is done again for the backward pass, :math:`r`. [0 to 1]

    Returns
    -------
    Numeric
        Work. [FLOP]

    Raises
    ------
    ValueError
        If parameters or tokens are not positive and finite, or the share is outside 0 to 1.

    References
    ----------
    .. [1] J. Kaplan et al., "Scaling Laws for Neural Language Models", 2020, section 2.1, arXiv:2001.08361
    .. [2] V. Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models", 2022,
       section 5 (one more forward pass), arXiv:2205.05198

    Examples
    --------
    >>> training_flop(active_params=175e9, tokens=500e9)
    5.25e+23
    >>> training_flop(active_params=1e9, tokens=1e9, recomputed=1)
    8e+18
    """
    require_positive(active_params=active_params, tokens=tokens)
    _require_part(recomputed=recomputed)
    return (6 + 2 * recomputed) * active_params * tokens


def adapter_flop(
    *, active_params: Numeric, adapter_params: Numeric, tokens: Numeric, recomputed: Numeric = 0.0
) -> Numeric:
    r"""Work of tuning adapters (LoRA) on frozen weights.

    .. math:: F = (4 + 2 r) \, P_a \, D + 6 \, P_\ell \, D

    The frozen weights are multiplied forward (2) and to pass the gradient on (2); the gradient of the
    weights themselves (2) is not needed. Weights that are stored in 4 bits (QLoRA) are multiplied all the
    same; unpacking them is left out.

    Parameters
    ----------
    active_params
        Frozen parameters that one token meets, :math:`P_a`. [-]
    adapter_params
        Parameters that are trained, :math:`P_\ell`. [-]
    tokens
        Training tokens, all epochs together, :math:`D`. [tokens]
    recomputed
        Share of the forward pass that is done again, :math:`r`. [0 to 1]

    Returns
    -------
    Numeric
        Work. [FLOP]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021, section 4,
       arXiv:2106.09685
    .. [2] J. Kaplan et al., 2020, section 2.1 (2 forward, 4 backward), arXiv:2001.08361

    Examples
    --------
    >>> adapter_flop(active_params=7e9, adapter_params=0, tokens=1e6)
    2.8e+16
    """
    require_positive(active_params=active_params, tokens=tokens)
    require_not_negative(adapter_params=adapter_params)
    _require_part(recomputed=recomputed)
    return (4 + 2 * recomputed) * active_params * tokens + 6 * adapter_params * tokens


def gpu_hours(*, flop: Numeric, flop_per_s: Numeric, mfu: Numeric, lost: Numeric = 0.0) -> Numeric:
    r"""GPU-hours of some work, the time that restarts lose included.

    .. math:: H = \frac{\mathrm{FLOP}}{3600 \, F \, \mathrm{mfu} \, (1 - \ell)}

    Parameters
    ----------
    flop
        Work. [FLOP]
    flop_per_s
        Dense peak of one GPU, :math:`F`. [FLOP/s]
    mfu
        Share of the peak that is reached while training runs. [0 to 1]
    lost
        Share of the rented time without progress: failures, restarts, checkpoints,
        :math:`\ell`, below 1. [0 to 1]

    Returns
    -------
    Numeric
        GPU-hours. [h]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] A. Chowdhery et al., "PaLM", 2022, appendix B (MFU), arXiv:2204.02311
    .. [2] A. Grattafiori et al., "The Llama 3 Herd of Models", 2024, section 3.3.4 (effective training
       time above 90 %), arXiv:2407.21783

    Examples
    --------
    >>> round(gpu_hours(flop=5.25e23, flop_per_s=312e12, mfu=1.0))
    467415
    """
    require_positive(flop=flop, flop_per_s=flop_per_s)
    require_share(mfu=mfu)
    require_share(kept=1 - np.asarray(lost, dtype=float))
    _require_part(lost=lost)
    return flop / (flop_per_s * mfu) / SECONDS_PER_HOUR / (1 - lost)


def implied_mfu(*, flop: Numeric, gpu_hours: Numeric, flop_per_s: Numeric) -> Numeric:
    r"""Share of the peak that a run reached over all its GPU-hours.

    .. math:: \mathrm{mfu} = \frac{\mathrm{FLOP}}{3600 \, H \, F}

    Restarts and everything else that the hours hold are inside it. Above 1 something in the figures does not
    belong together.

    Parameters
    ----------
    flop
        Work of the model, :math:`6 P_a D`. [FLOP]
    gpu_hours
        Published GPU-hours, :math:`H`. [h]
    flop_per_s
        Dense peak of one GPU, :math:`F`. [FLOP/s]

    Returns
    -------
    Numeric
        Share. [-]

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] :func:`gpu_hours`, solved for the share.

    Examples
    --------
    LLaMA-13B: 1.0T tokens in 135,168 A100-hours.

    >>> round(implied_mfu(flop=6 * 13.0e9 * 1.0e12, gpu_hours=135_168, flop_per_s=312e12), 3)
    0.514
    """
    require_positive(flop=flop, gpu_hours=gpu_hours, flop_per_s=flop_per_s)
    return flop / (gpu_hours * SECONDS_PER_HOUR * flop_per_s)


def gpus_for_deadline(*, gpu_hours: Numeric, days: Numeric) -> Numeric:
    r"""Fewest GPUs that finish in time.

    .. math:: n = \left\lceil \frac{H}{24 \, d} \right\rceil

    Parameters
    ----------
    gpu_hours
        Work, :math:`H`. [h]
    days
        Time to finish in, :math:`d`. [days]

    Returns
    -------
    Numeric
        GPUs, a whole number. [-]

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] Own derivation. Assumes that more GPUs keep the same MFU.

    Examples
    --------
    >>> gpus_for_deadline(gpu_hours=24_000.0, days=10)
    100.0
    """
    require_positive(gpu_hours=gpu_hours, days=days)
    # Hours that fill the days exactly, up to rounding, must not ask for one more.
    return scalar_or_array(
        np.ceil(np.asarray(gpu_hours, dtype=float) / (24 * np.asarray(days)) * (1 - 1e-12))
    )


def flop_for_budget(
    *, usd: Numeric, usd_per_gpu_hour: Numeric, flop_per_s: Numeric, mfu: Numeric, lost: Numeric = 0.0
) -> Numeric:
    r"""Work that a budget pays for.

    .. math:: \mathrm{FLOP} = \frac{c}{R} \, 3600 \, F \, \mathrm{mfu} \, (1 - \ell)

    Parameters
    ----------
    usd
        Budget, :math:`c`. [USD]
    usd_per_gpu_hour
        Rent of one GPU, :math:`R`. [USD/h]
    flop_per_s
        Dense peak of one GPU, :math:`F`. [FLOP/s]
    mfu
        Share of the peak that is reached. [0 to 1]
    lost
        Share of the rented time without progress, :math:`\ell`, below 1. [0 to 1]

    Returns
    -------
    Numeric
        Work. [FLOP]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] :func:`training_usd`, solved for the work.

    Examples
    --------
    >>> flop_for_budget(usd=3.6, usd_per_gpu_hour=3.6, flop_per_s=1e12, mfu=0.5)
    1800000000000000.0
    """
    require_positive(usd=usd, usd_per_gpu_hour=usd_per_gpu_hour, flop_per_s=flop_per_s)
    require_share(mfu=mfu)
    require_share(kept=1 - np.asarray(lost, dtype=float))
    return usd / usd_per_gpu_hour * SECONDS_PER_HOUR * flop_per_s * mfu * (1 - lost)


def energy_kwh(*, gpu_hours: Numeric, power_w: Numeric, pue: Numeric) -> Numeric:
    r"""Electricity of a run at the wall.

    .. math:: E = \frac{H \, P}{1000} \, \mathrm{PUE}

    Parameters
    ----------
    gpu_hours
        GPU-hours, :math:`H`. [h]
    power_w
        Mean power of one GPU and its share of the server, :math:`P`. [W]
    pue
        Power usage effectiveness of the building, at least 1. [-]

    Returns
    -------
    Numeric
        Energy. [kWh]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] D. Patterson et al., "Carbon Emissions and Large Neural Network Training", 2021, section 2.1,
       arXiv:2104.10350

    Examples
    --------
    >>> energy_kwh(gpu_hours=1000.0, power_w=700, pue=1.25)
    875.0
    """
    require_not_negative(gpu_hours=gpu_hours, power_w=power_w)
    if np.any(np.asarray(pue) < 1) or not np.all(np.isfinite(pue)):
        raise ValueError(f"pue must be at least 1, got {pue}")
    return gpu_hours * power_w / 1000 * pue


def paying_requests(*, fixed_usd: Numeric, tuned_usd: Numeric, prompted_usd: Numeric) -> Numeric:
    r"""Requests from which tuning a small model is cheaper than prompting a bigger one.

    .. math:: n = \frac{K}{c_\mathrm{prompt} - c_\mathrm{tuned}}, \quad
        \infty \text{ if } c_\mathrm{prompt} \le c_\mathrm{tuned}

    Parameters
    ----------
    fixed_usd
        Spent once: labels and tuning, :math:`K`. [USD]
    tuned_usd
        Serving one request on the tuned model. [USD/request]
    prompted_usd
        One request at the bigger model. [USD/request]

    Returns
    -------
    Numeric
        Requests; infinite where the tuned model costs as much per request or more. [-]

    Raises
    ------
    ValueError
        If any element is negative or not finite.

    References
    ----------
    .. [1] Own derivation: two straight lines set equal.

    Examples
    --------
    Shrott's project of 2023 against GPT-4: $84 of labels and $6.60 of tuning.

    >>> round(paying_requests(fixed_usd=90.6, tuned_usd=98.98 / 4e6, prompted_usd=0.042))
    2158
    """
    require_not_negative(fixed_usd=fixed_usd, tuned_usd=tuned_usd, prompted_usd=prompted_usd)
    saved = np.asarray(prompted_usd, dtype=float) - tuned_usd
    with np.errstate(divide="ignore", invalid="ignore"):
        requests = np.where(saved > 0, np.asarray(fixed_usd) / saved, np.inf)
    return scalar_or_array(requests)


def _require_part(**arguments: Numeric) -> None:
    """Raise ValueError unless all elements lie in [0, 1]."""
    for name, value in arguments.items():
        values = np.asarray(value, dtype=float)
        if not np.all((values >= 0) & (values <= 1)):
            raise ValueError(f"{name} must be between 0 and 1, got {value}")


def training_usd(*, flop: Numeric, flop_per_s: Numeric, mfu: Numeric, usd_per_gpu_hour: Numeric) -> Numeric:
    r"""Rent for some training work.

    .. math:: c = \frac{\mathrm{FLOP}}{F \, \mathrm{mfu}} \cdot \frac{R}{3600}

    More GPUs finish sooner and cost the same: their number is not in the formula.

    Parameters
    ----------
    flop
        Work. [FLOP]
    flop_per_s
        Dense peak of one GPU, :math:`F`. [FLOP/s]
    mfu
        Share of the peak that is reached; 0.3 to 0.5 is usual, 1 is out of reach. [0 to 1]
    usd_per_gpu_hour
        Rent of one GPU, :math:`R`. [USD/h]

    Returns
    -------
    Numeric
        Rent. [USD]

    Raises
    ------
    ValueError
        If any element is out of domain.

    References
    ----------
    .. [1] A. Chowdhery et al., "PaLM", 2022, appendix B (MFU), arXiv:2204.02311

    Examples
    --------
    >>> round(training_usd(flop=5.25e23, flop_per_s=312e12, mfu=1.0, usd_per_gpu_hour=2.2659))
    1059115
    """
    require_positive(flop=flop, flop_per_s=flop_per_s, usd_per_gpu_hour=usd_per_gpu_hour)
    require_share(mfu=mfu)
    return flop / (flop_per_s * mfu) / SECONDS_PER_HOUR * usd_per_gpu_hour
