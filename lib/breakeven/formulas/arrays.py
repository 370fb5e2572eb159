"""Types of the arrays that formulas take and give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


Booleans = NDArray[np.bool_]
