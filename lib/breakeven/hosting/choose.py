"""The one ranking: sizes of a replica, how a model is split over them, which deployment wins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas.arrays import Booleans, Floats
from breakeven.tables.records import Model
from breakeven.words.reasons import LeftOut

COUNTS = (1, 2, 4, 8, 16)
"""Sizes of a replica that are ranked, where the link joins that many."""


def splits(model: Model, count: int) -> bool:
    """Tell whether tensor parallelism can give every GPU whole heads.

    Query heads must divide by the GPUs; KV heads too, or a head is copied to a whole number of them.

    References
    ----------
    .. [1] vLLM, ``ModelConfig.verify_with_parallel_config`` ("must be divisible by tensor parallel size")
       and ``QKVParallelLinear`` (copies of KV heads)
    """
    if model.n_heads % count:
        return False
    if model.attention == "MLA":
        return True
    heads = model.n_kv_heads
    return heads % count == 0 or count % heads == 0


def undivided(model: Model, counts: Iterable[int]) -> LeftOut | None:
    """Say over which counts a model's heads cannot be divided; None where they can over all."""
    bad = [count for count in counts if not splits(model, count)]
    if not bad:
        return None
    why = (
        f"its {model.n_heads} query and {model.n_kv_heads} KV heads cannot be divided evenly over "
        f"{', '.join(map(str, bad))} GPUs"
    )
    return LeftOut(what=model.name, why=why)


def ranked(usd: Floats, holds: Booleans) -> NDArray[np.intp]:
    """Deployments that hold the targets, cheapest first; ties in their own order."""
    return np.argsort(np.where(holds, usd, np.inf), kind="stable")[: int(holds.sum())]


def preferred(usd: Floats, holds: Booleans, trusted: Booleans) -> NDArray[np.intp]:
    """The same, with those that nobody measured after all that somebody did."""
    order = ranked(usd, holds)
    known = trusted[order]
    return np.concatenate([order[known], order[~known]])


def choose(usd: Floats, holds: Booleans, trusted: Booleans) -> int | None:
    """The cheapest that holds the targets; one that nobody measured only where nothing measured holds."""
    best = int(choose_each(usd[:, None], holds[:, None], trusted)[0])
    return None if best < 0 else best


def choose_each(usd: Floats, holds: Booleans, trusted: Booleans) -> NDArray[np.intp]:
    """The same at each of several shapes (columns); -1 where nothing holds the targets."""
    known = holds & trusted[:, None]
    pool = np.where(np.where(known.any(axis=0), known, holds), usd, np.inf)
    return np.where(holds.any(axis=0), pool.argmin(axis=0), -1) if len(usd) else np.full(usd.shape[1], -1)
