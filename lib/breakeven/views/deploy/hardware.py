"""GPUs and prices that are considered: rented at an offer in force, owned, or typed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from breakeven.formulas.cost import owned_usd_per_hour
from breakeven.hosting import GpuPrice, gpu_price
from breakeven.hosting.config_json.read import TYPED
from breakeven.question import parts
from breakeven.question.pages.deploy import OWNED, Paid, TypedGpu
from breakeven.question.scenario import CHEAPEST, DEAREST, MEDIAN
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


def considered_gpus(
    tables: Tables, hardware: parts.Hardware, paid: Paid, typed: TypedGpu, day: date
) -> Considered:
    """The GPU that the scenario names, or all of them, and the one typed in."""
    named = hardware.gpu != CHEAPEST
    if named and hardware.gpu not in tables.gpus and not typed.gpu:
        return _none(f"There is no GPU '{hardware.gpu}' in the tables.")
    listed = [tables.gpus[hardware.gpu]] if hardware.gpu in tables.gpus else list(tables.gpus.values())
    mine = [typed_gpu(typed)] if typed.gpu else []
    if paid.price == OWNED:
        own = mine or (listed if named else [])
        if not own:
            return _none(
                "A purchase price belongs to one GPU: choose the GPU that you own, or type one in. "
                "Until then nothing is priced."
            )
        return _owned(own[0], paid, day)
    prices = _rented(listed, hardware, tables)
    if mine:
        prices[TYPED] = _price_of(mine[0], typed.gpu_usd, "typed in", "typed-in", day)
    why = f"it has no {hardware.gpu_price_type} price in force on {day}"
    if hardware.gpu_offer not in (MEDIAN, CHEAPEST, DEAREST):
        why = f"the offer {hardware.gpu_offer} is not one for it in force on {day}"
    gpus = (*mine, *listed)
    problem = None
    if not prices:
        kinds = sorted({o.price_type for o in tables.gpu_offers if not named or o.gpu_id == hardware.gpu})
        if why.startswith("the offer"):
            return _none(f"The offer {hardware.gpu_offer} is not in force on {day}; choose another.")
        who = listed[0].name if named else "No GPU"
        hint = f" Other kinds of price on record that day: {', '.join(kinds)}." if kinds else ""
        kind = f"no {hardware.gpu_price_type}" if named else indefinite(hardware.gpu_price_type)
        problem = f"{who} has {kind} price in force on {day}.{hint}"
    return Considered(gpus=gpus, prices=prices, why_no_price=why, problem=problem)


def _none(problem: str) -> Considered:
    """Nothing can be considered, and why."""
    return Considered(gpus=(), prices={}, why_no_price="", problem=problem)


def _rented(gpus: Sequence[Gpu], hardware: parts.Hardware, tables: Tables) -> dict[str, GpuPrice]:
    """Prices of the scenario's kind."""
    prices = {}
    for gpu in gpus:
        price = gpu_price(
            tables.gpu_offers,
            gpu_id=gpu.gpu_id,
            price_type=hardware.gpu_price_type,
            choice=hardware.gpu_offer,
        )
        if price is not None:
            prices[gpu.gpu_id] = price
    return prices


def _owned(gpu: Gpu, paid: Paid, day: date) -> Considered:
    """What an hour of a GPU costs that is owned."""
    watts = paid.watts if paid.watts is not None else gpu.tdp_w
    if watts is None:
        return _none(f"The table states no power of {gpu.name}; type in the watts that one draws.")
    usd = float(
        owned_usd_per_hour(
            purchase_usd=paid.buy,
            residual_usd=paid.resale,
            years=paid.years,
            interest=paid.interest / 100,
            power_w=watts,
            pue=paid.pue,
            usd_per_kwh=paid.kwh,
            hosting_usd_per_hour=paid.hosting,
        )
    )
    if usd <= 0:
        return _none(
            f"The owned {gpu.name} would cost nothing or less an hour: its resale value "
            f"of ${paid.resale:,.0f} outweighs the rest. Lower it."
        )
    return Considered(
        gpus=(gpu,),
        prices={gpu.gpu_id: _price_of(gpu, usd, "own hardware", OWNED, day)},
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


def typed_gpu(typed: TypedGpu) -> Gpu:
    """The GPU typed in, as a row of the table would be."""
    joined = TYPED_LINK_GPUS if typed.gpu_link else 1
    return Gpu(
        gpu_id=TYPED,
        name=typed.gpu_name.strip() or "My GPU",
        vendor=TYPED,
        gpu_family=TYPED,
        architecture=TYPED,
        memory_gb=typed.gpu_memory,
        mem_bw_gb_s=typed.gpu_bandwidth,
        fp16_dense_tflops=typed.gpu_fp16,
        bf16_dense_tflops=typed.gpu_fp16,
        fp8_dense_tflops=typed.gpu_fp8,
        fp4_dense_tflops=typed.gpu_fp4,
        interconnect="typed in" if typed.gpu_link else "no link typed in",
        scale_up_gb_s_unidirectional=typed.gpu_link,
        link_gpus=joined,
        tdp_w=None,
        verified=True,
        notes=None,
        source_id=TYPED,
        locator="",
    )
