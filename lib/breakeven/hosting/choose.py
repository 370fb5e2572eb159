"""The one ranking: sizes of a replica, how a model is split over them, which deployment wins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas.arrays import Booleans, Floats
from breakeven.tables.records import Model
from breakeven.words.reasons import LeftOut

Standings = NDArray[np.intp]
"""How far each deployment may be a default, 0 best: ``Candidate.standing``."""

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


def preferred(usd: Floats, holds: Booleans, standing: Standings) -> NDArray[np.intp]:
    """The same, by standing first."""
    order = ranked(usd, holds)
    return np.asarray(order[np.argsort(standing[order], kind="stable")])


def choose(usd: Floats, holds: Booleans, standing: Standings) -> int | None:
    """The cheapest of the best standing among those that hold the targets."""
    best = int(choose_each(usd[:, None], holds[:, None], standing)[0])
    return None if best < 0 else best


def rents(standing: Standings) -> Standings:
    """What stands against the rent alone, where no speed is recommended."""
    return standing // 2


def choose_each(usd: Floats, holds: Booleans, standing: Standings) -> NDArray[np.intp]:
    """The same at each of several shapes (columns); -1 where nothing holds the targets."""
    if not len(usd):
        return np.full(usd.shape[1], -1)
    level = np.where(holds, standing[:, None], np.iinfo(np.intp).max)
    pool = np.where(holds & (level == level.min(axis=0)), usd, np.inf)
    return np.where(holds.any(axis=0), pool.argmin(axis=0), -1)
