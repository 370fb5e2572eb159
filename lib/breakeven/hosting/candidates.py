"""Which GPUs and counts can be considered, and why others are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from breakeven.formulas.parts import Replica
from breakeven.hosting.choose import COUNTS, splits, undivided
from breakeven.hosting.prices import GpuPrice, gpu_price
from breakeven.hosting.profiles import Profile, choose_profile
from breakeven.hosting.shapes import Unplaceable, compute_class, replica_of
from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN, Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import Efficiency, Gpu, GpuOffer, Precision
from breakeven.words.reasons import LeftOut


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


def find_candidates(
    *,
    gpus: Iterable[Gpu],
    counts: Sequence[int],
    offers: Sequence[GpuOffer],
    efficiencies: Sequence[Efficiency],
    precision: Precision,
    engine: str,
    mode: str,
    price_type: str,
    price_choice: str,
    overhead_percent: float,
) -> tuple[list[Candidate], list[LeftOut]]:
    """List every GPU and count that has a price, the rate and a known link; say why others are left out."""
    found: list[Candidate] = []
    left: list[LeftOut] = []
    for gpu in gpus:
        price = gpu_price(offers, gpu_id=gpu.gpu_id, price_type=price_type, choice=price_choice)
        if price is None:
            named = price_choice not in (MEDIAN, CHEAPEST, DEAREST)
            why = (
                f"the offer {price_choice} is not one for it in force on that day"
                if named
                else f"no {price_type} price in force on that day"
            )
            left.append(LeftOut(what=gpu.name, why=why))
            continue
        for n_gpus in counts:
            try:
                rate = compute_class(gpu, precision)
                replica = replica_of(gpu, n_gpus, rate)
                profile = choose_profile(
                    efficiencies, engine=engine, gpu=gpu, rate=rate, mode=mode, n_gpus=n_gpus
                )
            except Unplaceable as reason:
                left.append(LeftOut(what=gpu.name, why=str(reason)))
                break
            found.append(
                Candidate(
                    gpu=gpu,
                    n_gpus=n_gpus,
                    price=price,
                    profile=profile,
                    replica=replica,
                    usd_per_hour=price.usd_per_gpu_hour * n_gpus * (1 + overhead_percent / 100),
                )
            )
    return found, left


def candidates_of(
    scenario: Scenario, tables: Tables, *, gpus: Iterable[Gpu], counts: Sequence[int]
) -> tuple[list[Candidate], list[LeftOut]]:
    """List deployments as :func:`find_candidates` does, with a scenario's choices and the rows of its day."""
    return find_candidates(
        gpus=gpus,
        counts=counts,
        offers=tables.gpu_offers,
        efficiencies=tables.efficiencies,
        precision=tables.precisions[scenario.precision],
        engine=scenario.engine,
        mode=scenario.mode,
        price_type=scenario.gpu_price_type,
        price_choice=scenario.gpu_offer,
        overhead_percent=scenario.overhead_percent,
    )


def candidates_on(tables: Tables, scenario: Scenario) -> tuple[list[Candidate], list[LeftOut]]:
    """Deployments of the scenario's model to choose from; found once for the fields they hang on."""
    model = tables.models.get(scenario.model)
    chosen = None if scenario.gpu == CHEAPEST else tables.gpus[scenario.gpu]
    key = (
        "candidates",
        scenario.model,
        scenario.gpu,
        scenario.gpus if chosen else None,
        scenario.precision,
        scenario.engine,
        scenario.mode,
        scenario.gpu_price_type,
        scenario.gpu_offer,
        scenario.overhead_percent,
    )
    counts = COUNTS if chosen is None else (scenario.gpus,)

    def build() -> tuple[list[Candidate], list[LeftOut]]:
        found, left = candidates_of(
            scenario, tables, gpus=tables.gpus.values() if chosen is None else [chosen], counts=counts
        )
        if model is None or chosen is not None:
            # A named count is refused where it is used: what else is wrong with it is said first.
            return found, left
        uneven = undivided(model, counts)
        return [one for one in found if splits(model, one.n_gpus)], left + ([uneven] if uneven else [])

    return tables.keep(key, build)
