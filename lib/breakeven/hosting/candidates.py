"""One way to host a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Replica
from breakeven.hosting.prices import GpuPrice
from breakeven.hosting.profiles import Profile, choose_profile
from breakeven.hosting.shapes import replica_of
from breakeven.tables.records import Efficiency, Gpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to host the model: a GPU, a count, a price, an efficiency row."""

    gpu: Gpu
    n_gpus: int
    price: GpuPrice
    profile: Profile
    replica: Replica
    usd_per_hour: float
    """Rent of the whole replica, overhead included. [USD/h]"""

    @property
    def standing(self) -> int:
        """How far it may be a default, 0 best: by whether its price is in doubt, then measured before not."""
        return 2 * (self.price.doubt is not None) + (not self.profile.measured)


def candidate_of(
    gpu: Gpu,
    n_gpus: int,
    price: GpuPrice,
    efficiencies: Sequence[Efficiency],
    *,
    rate: str,
    engine: str,
    mode: Mode,
    overhead_percent: float,
    shape: str | None = None,
) -> Candidate:
    """Put a deployment together, with the efficiency row that applies to it.

    Raises
    ------
    Unplaceable
        If the GPUs cannot be joined, or no row is on record for the mode.
    """
    replica = replica_of(gpu, n_gpus, rate)
    return Candidate(
        gpu=gpu,
        n_gpus=n_gpus,
        price=price,
        profile=choose_profile(
            efficiencies, engine=engine, gpu=gpu, rate=rate, mode=mode, n_gpus=n_gpus, shape=shape
        ),
        replica=replica,
        usd_per_hour=price.usd_per_gpu_hour * n_gpus * (1 + overhead_percent / 100),
    )
