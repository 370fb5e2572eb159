"""Refuse arguments that no formula is valid for."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numeric: TypeAlias = float | NDArray[np.float64]
"""One value, or an array that broadcasts against the other arguments."""


def _offender(value: Any, bad: Any) -> object:
    """First element that breaks the rule, for the message."""
    return np.asarray(value)[np.asarray(bad)].flat[0].item()


def require_positive(**arguments: Numeric) -> None:
    """Raise ValueError, naming argument and value, unless all elements are finite and above zero."""
    for name, value in arguments.items():
        if isinstance(value, (float, int)) and 0 < value < math.inf:
            continue
        ok = np.isfinite(value) & (np.asarray(value) > 0)
        if not ok.all():
            raise ValueError(f"{name} must be positive and finite, got {_offender(value, ~ok)}")


def require_not_negative(**arguments: Numeric) -> None:
    """Raise ValueError, naming argument and value, unless all elements are finite and at least zero."""
    for name, value in arguments.items():
        if isinstance(value, (float, int)) and 0 <= value < math.inf:
            continue
        ok = np.isfinite(value) & (np.asarray(value) >= 0)
        if not ok.all():
            raise ValueError(f"{name} must be zero or more and finite, got {_offender(value, ~ok)}")


def require_share(**arguments: Numeric) -> None:
    """Raise ValueError, naming argument and value, unless all elements lie in (0, 1]."""
    for name, value in arguments.items():
        values = np.asarray(value)
        ok = (values > 0) & (values <= 1)
        if not ok.all():
            raise ValueError(f"{name} must be above 0 and at most 1, got {_offender(value, ~ok)}")


def require_whole(**arguments: Numeric) -> None:
    """Raise ValueError, naming argument and value, unless all elements are whole numbers of at least 1."""
    for name, value in arguments.items():
        values = np.asarray(value)
        ok = np.isfinite(value) & (values >= 1) & (values == np.floor(values))
        if not ok.all():
            raise ValueError(f"{name} must be a whole number of at least 1, got {_offender(value, ~ok)}")


def scalar_or_array(value: Any) -> Numeric:
    """Hand a zero-dimensional array back as a plain number: a scalar in gives a scalar out."""
    plain: Numeric = (
        value.item() if isinstance(value, (np.ndarray, np.generic)) and value.ndim == 0 else value
    )
    return plain
