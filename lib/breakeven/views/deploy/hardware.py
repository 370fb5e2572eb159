"""GPUs and prices that are considered: rented at an offer in force, owned, or typed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from breakeven.formulas.cost import owned_usd_per_hour
from breakeven.hosting import GpuPrice, gpu_price
from breakeven.hosting.config_json.read import TYPED
from breakeven.question.pages.deploy import OWNED, DeployFields
from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN, Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import Gpu, GpuOffer
from breakeven.words.numbers import indefinite

TYPED_LINK_GPUS = 16
"""GPUs that a typed-in link is taken to join."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """GPUs, their prices, and what keeps the question from being answered."""

    gpus: tuple[Gpu, ...]
    prices: Mapping[str, GpuPrice]
    why_no_price: str
    problem: str | None = None


def considered_gpus(scenario: Scenario, extra: DeployFields, tables: Tables) -> Considered:
    """The GPU that the scenario names, or all of them, and the one typed in."""
    named = scenario.gpu != CHEAPEST
    if named and scenario.gpu not in tables.gpus and not extra.gpu:
        return _none(f"There is no GPU '{scenario.gpu}' in the tables.")
    listed = [tables.gpus[scenario.gpu]] if scenario.gpu in tables.gpus else list(tables.gpus.values())
    mine = [typed_gpu(extra)] if extra.gpu else []
    if extra.price == OWNED:
        own = mine or (listed if named else [])
        if not own:
            return _none(
                "A purchase price belongs to one GPU: choose the GPU that you own, or type one in. "
                "Until then nothing is priced."
            )
        return _owned(own[0], scenario, extra)
    prices = _rented(listed, scenario, tables)
    if mine:
        prices[TYPED] = _price_of(mine[0], extra.gpu_usd, "typed in", "typed-in", scenario.as_of)
    why = f"it has no {scenario.gpu_price_type} price in force on {scenario.as_of}"
    if scenario.gpu_offer not in (MEDIAN, CHEAPEST, DEAREST):
        why = f"the offer {scenario.gpu_offer} is not one for it in force on {scenario.as_of}"
    gpus = (*mine, *listed)
    problem = None
    if not prices:
        kinds = sorted({o.price_type for o in tables.gpu_offers if not named or o.gpu_id == scenario.gpu})
        if why.startswith("the offer"):
            return _none(
                f"The offer {scenario.gpu_offer} is not in force on {scenario.as_of}; choose another."
            )
        who = listed[0].name if named else "No GPU"
        hint = f" Other kinds of price on record that day: {', '.join(kinds)}." if kinds else ""
        kind = f"no {scenario.gpu_price_type}" if named else indefinite(scenario.gpu_price_type)
        problem = f"{who} has {kind} price in force on {scenario.as_of}.{hint}"
    return Considered(gpus=gpus, prices=prices, why_no_price=why, problem=problem)


def _none(problem: str) -> Considered:
    """Nothing can be considered, and why."""
    return Considered(gpus=(), prices={}, why_no_price="", problem=problem)


def _rented(gpus: Sequence[Gpu], scenario: Scenario, tables: Tables) -> dict[str, GpuPrice]:
    """Prices of the scenario's kind."""
    prices = {}
    for gpu in gpus:
        price = gpu_price(
            tables.gpu_offers,
            gpu_id=gpu.gpu_id,
            price_type=scenario.gpu_price_type,
            choice=scenario.gpu_offer,
        )
        if price is not None:
            prices[gpu.gpu_id] = price
    return prices


def _owned(gpu: Gpu, scenario: Scenario, extra: DeployFields) -> Considered:
    """What an hour of a GPU costs that is owned."""
    watts = extra.watts if extra.watts is not None else gpu.tdp_w
    if watts is None:
        return _none(f"The table states no power of {gpu.name}; type in the watts that one draws.")
    usd = float(
        owned_usd_per_hour(
            purchase_usd=extra.buy,
            residual_usd=extra.resale,
            years=extra.years,
            interest=extra.interest / 100,
            power_w=watts,
            pue=extra.pue,
            usd_per_kwh=extra.kwh,
            hosting_usd_per_hour=extra.hosting,
        )
    )
    if usd <= 0:
        return _none(
            f"The owned {gpu.name} would cost nothing or less an hour: its resale value "
            f"of ${extra.resale:,.0f} outweighs the rest. Lower it."
        )
    return Considered(
        gpus=(gpu,),
        prices={gpu.gpu_id: _price_of(gpu, usd, "own hardware", OWNED, scenario.as_of)},
        why_no_price="it is not the one that is owned",
    )


def _price_of(gpu: Gpu, usd: float, provider: str, kind: str, day: date) -> GpuPrice:
    """A price that is nobody's offer."""
    offer = GpuOffer(
        gpu_offer_id=f"{gpu.gpu_id}-{kind}",
        provider=provider,
        instance=None,
        gpu_as_listed=gpu.name,
        gpu_id=gpu.gpu_id,
        gpu_count=1,
        price_type=kind,
        usd_per_gpu_hour=usd,
        region=None,
        valid_from=day,
        flag=None,
        notes=None,
        source_id=TYPED,
        locator="",
    )
    return GpuPrice(usd_per_gpu_hour=usd, offer=offer, n_offers=1, cheapest_usd=usd, dearest_usd=usd)


def typed_gpu(extra: DeployFields) -> Gpu:
    """The GPU typed in, as a row of the table would be."""
    joined = TYPED_LINK_GPUS if extra.gpu_link else 1
    return Gpu(
        gpu_id=TYPED,
        name=extra.gpu_name.strip() or "My GPU",
        vendor=TYPED,
        gpu_family=TYPED,
        architecture=TYPED,
        memory_gb=extra.gpu_memory,
        mem_bw_gb_s=extra.gpu_bandwidth,
        fp16_dense_tflops=extra.gpu_fp16,
        bf16_dense_tflops=extra.gpu_fp16,
        fp8_dense_tflops=extra.gpu_fp8,
        fp4_dense_tflops=extra.gpu_fp4,
        interconnect="typed in" if extra.gpu_link else "no link typed in",
        scale_up_gb_s_unidirectional=extra.gpu_link,
        link_gpus=joined,
        tdp_w=None,
        verified=True,
        notes=None,
        source_id=TYPED,
        locator="",
    )
