"""One way to host a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine, Replica
from breakeven.hosting.layouts import Worker, laid_out, layout_of, layout_profile, link_of, worker_replica
from breakeven.hosting.prices import GpuPrice
from breakeven.hosting.profiles import FEW_ROWS, Profile, choose_profile, engine_of
from breakeven.hosting.shapes import replica_of
from breakeven.tables.records import Efficiency, Gpu, Layout, NodeLink, RangeOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to host the model: a GPU, a count, a layout, a price, an efficiency row."""

    gpu: Gpu
    worker: Worker
    price: GpuPrice
    profile: Profile
    replica: Replica
    """One rank of the worker; the whole of it where each layer is on all GPUs."""
    usd_per_hour: float
    """Rent of the whole worker, overhead included. [USD/h]"""

    @property
    def n_gpus(self) -> int:
        """GPUs that hold the model once."""
        return self.worker.gpus

    @property
    def layout(self) -> str:
        """The layout as it is written, where each layer is not on all GPUs; else empty."""
        return str(self.worker) if self.worker.ranks > 1 else ""

    @property
    def engine(self) -> Engine:
        """The engine, with what its layout adds."""
        engine = engine_of(self.profile.efficiency)
        spread = self.profile.spread
        return engine if spread is None else laid_out(engine, spread, self.worker, self.gpu)

    @property
    def standing(self) -> int:
        """How far it may be a default, 0 best: by whether its price is in doubt, then measured before not."""
        return 2 * (self.price.doubt is not None) + (not self.profile.measured)


def candidate_of(
    gpu: Gpu,
    worker: Worker,
    price: GpuPrice,
    efficiencies: Sequence[Efficiency],
    *,
    rate: str,
    engine: str,
    mode: Mode,
    overhead_percent: float,
    shape: str | None = None,
    layouts: Sequence[Layout] = (),
    links: Mapping[str, NodeLink] | None = None,
) -> Candidate:
    """Put a deployment together, with the efficiency row that applies to it.

    Raises
    ------
    Unplaceable
        If the GPUs cannot be joined, or no row is on record for the mode or the layout.
    """
    if worker.ranks == 1:
        replica = replica_of(gpu, worker.tensor, rate)
        profile = choose_profile(
            efficiencies, engine=engine, gpu=gpu, rate=rate, mode=mode, n_gpus=worker.tensor, shape=shape
        )
        if layouts and mode != Mode.STATIC:
            # Only what separate pools add counts here: one rank has nothing to exchange.
            row = layout_of(layouts, profile.efficiency.engine, link_of(gpu, worker.tensor))
            profile = replace(profile, spread=row)
    else:
        replica = worker_replica(gpu, worker, rate, links or {})
        profile = spread_profile(efficiencies, layouts, worker, engine=engine, gpu=gpu, rate=rate)
    return Candidate(
        gpu=gpu,
        worker=worker,
        price=price,
        profile=profile,
        replica=replica,
        usd_per_hour=price.usd_per_gpu_hour * worker.gpus * (1 + overhead_percent / 100),
    )


def spread_profile(
    efficiencies: Sequence[Efficiency],
    layouts: Sequence[Layout],
    worker: Worker,
    *,
    engine: str,
    gpu: Gpu,
    rate: str,
) -> Profile:
    """The row that ranks start from, with what they add and the ranges of runs that were laid out so.

    Raises
    ------
    Unplaceable
        If no row is on record for the link between them.
    """
    base = layout_profile(efficiencies, engine=engine, gpu=gpu, rate=rate, n_gpus=worker.gpus)
    link = link_of(gpu, worker.gpus)
    spread = layout_of(layouts, base.efficiency.engine, link)
    caveat = base.caveat
    if spread.n_rows < FEW_ROWS:
        caveat = f"{worker} over a {link} rests on {spread.fitted_on}"
    return replace(
        base,
        efficiency=replace(
            base.efficiency,
            ttft_factor_low=spread.ttft_factor_low,
            ttft_factor_high=spread.ttft_factor_high,
            ttft_alone_factor_low=spread.ttft_factor_low,
            ttft_alone_factor_high=spread.ttft_factor_high,
            tpot_factor_low=spread.tpot_factor_low,
            tpot_factor_high=spread.tpot_factor_high,
            range_level=spread.range_level,
            range_of=RangeOf.POOLED,
        ),
        measured=base.measured and spread.n_rows >= FEW_ROWS,
        caveat=caveat,
        spread=spread,
    )
