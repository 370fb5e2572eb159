"""Arithmetic and rent of training."""

from __future__ import annotations

from lib.formulas._domain import Numeric, require_positive, require_share
from lib.units import SECONDS_PER_HOUR


def training_flop(*, active_params: Numeric, tokens: Numeric) -> Numeric:
    r"""Work of training on some tokens, forward and backward.

    .. math:: F = 6 \, P_a \, D

    Parameters
    ----------
    active_params
        Parameters that one token meets, :math:`P_a`. [-]
    tokens
        Training tokens, :math:`D`. [tokens]

    Returns
    -------
    Numeric
        Work. [FLOP]

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] J. Kaplan et al., "Scaling Laws for Neural Language Models", 2020, section 2.1, arXiv:2001.08361

    Examples
    --------
    >>> training_flop(active_params=175e9, tokens=500e9)
    5.25e+23
    """
    require_positive(active_params=active_params, tokens=tokens)
    return 6 * active_params * tokens


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
