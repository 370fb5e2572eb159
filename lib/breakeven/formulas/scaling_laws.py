"""Compute-optimal training: how many parameters and tokens make the most of some work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from breakeven.formulas._domain import Numeric, require_positive, scalar_or_array

TOKENS_PER_PARAMETER = 20.0
"""Tokens per parameter of the rule of thumb that Chinchilla (70B on 1.4T) stands for. [tokens]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLaw:
    """Coefficients of a fitted loss, see :func:`loss`."""

    entropy: float
    """Loss that no size reaches below, :math:`E`. [nats/token]"""
    params_factor: float
    """:math:`A`. [-]"""
    params_exponent: float
    r""":math:`\alpha`. [-]"""
    tokens_factor: float
    """:math:`B`. [-]"""
    tokens_exponent: float
    r""":math:`\beta`. [-]"""


HOFFMANN_2022 = LossLaw(
    entropy=1.69, params_factor=406.4, params_exponent=0.34, tokens_factor=410.7, tokens_exponent=0.28
)
"""Approach 3 as published: J. Hoffmann et al., 2022, section 3.3, equation 10, arXiv:2203.15556."""

BESIROGLU_2024 = LossLaw(
    entropy=1.8172,
    params_factor=482.01,
    params_exponent=0.3478,
    tokens_factor=2085.43,
    tokens_exponent=0.3658,
)
"""Approach 3 fitted again to the same runs: T. Besiroglu et al., 2024, table 1, arXiv:2404.10102."""


def loss(*, params: Numeric, tokens: Numeric, law: LossLaw) -> Numeric:
    r"""Loss of a model after training.

    .. math:: L = E + \frac{A}{P^\alpha} + \frac{B}{D^\beta}

    Parameters
    ----------
    params
        Parameters, :math:`P`. [-]
    tokens
        Training tokens, :math:`D`. [tokens]
    law
        Fitted coefficients.

    Returns
    -------
    Numeric
        Loss. [nats/token]

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] J. Hoffmann et al., "Training Compute-Optimal Large Language Models", 2022, equation 2,
       arXiv:2203.15556

    Examples
    --------
    Chinchilla itself:

    >>> round(loss(params=70e9, tokens=1.4e12, law=HOFFMANN_2022), 2)
    1.94
    """
    require_positive(params=params, tokens=tokens)
    return (
        law.entropy
        + law.params_factor / params**law.params_exponent
        + law.tokens_factor / tokens**law.tokens_exponent
    )


def optimum_by_law(*, flop: Numeric, law: LossLaw) -> tuple[Numeric, Numeric]:
    r"""Parameters and tokens of the least loss for some work, :math:`6 P D` of it.

    .. math:: P = G \left(\tfrac{C}{6}\right)^{\beta / (\alpha + \beta)}, \quad
        D = G^{-1} \left(\tfrac{C}{6}\right)^{\alpha / (\alpha + \beta)}, \quad
        G = \left(\frac{\alpha A}{\beta B}\right)^{1 / (\alpha + \beta)}

    Parameters
    ----------
    flop
        Work, :math:`C`. [FLOP]
    law
        Fitted coefficients.

    Returns
    -------
    tuple
        Parameters [-] and tokens [tokens].

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] J. Hoffmann et al., 2022, equation 4, arXiv:2203.15556

    Examples
    --------
    >>> params, tokens = optimum_by_law(flop=5.76e23, law=BESIROGLU_2024)
    >>> round(tokens / params)
    18
    """
    require_positive(flop=flop)
    alpha, beta = law.params_exponent, law.tokens_exponent
    scale = (alpha * law.params_factor / (beta * law.tokens_factor)) ** (1 / (alpha + beta))
    work = np.asarray(flop, dtype=float) / 6
    params = scale * work ** (beta / (alpha + beta))
    return scalar_or_array(params), scalar_or_array(work / params)


def optimum_by_ratio(
    *, flop: Numeric, tokens_per_parameter: Numeric = TOKENS_PER_PARAMETER
) -> tuple[Numeric, Numeric]:
    r"""Parameters and tokens for some work at a fixed ratio.

    .. math:: P = \sqrt{\frac{C}{6 r}}, \qquad D = r P

    Parameters
    ----------
    flop
        Work, :math:`C`. [FLOP]
    tokens_per_parameter
        Ratio, :math:`r`. [tokens]

    Returns
    -------
    tuple
        Parameters [-] and tokens [tokens].

    Raises
    ------
    ValueError
        If any element is not positive and finite.

    References
    ----------
    .. [1] J. Hoffmann et al., 2022, table 3 (approaches 1 and 2: about 20), arXiv:2203.15556

    Examples
    --------
    Chinchilla's own budget gives Chinchilla:

    >>> params, tokens = optimum_by_ratio(flop=5.88e23)
    >>> round(params / 1e9), round(tokens / 1e9)
    (70, 1400)
    """
    require_positive(flop=flop, tokens_per_parameter=tokens_per_parameter)
    params = np.sqrt(np.asarray(flop, dtype=float) / (6 * np.asarray(tokens_per_parameter)))
    return scalar_or_array(params), scalar_or_array(params * tokens_per_parameter)
