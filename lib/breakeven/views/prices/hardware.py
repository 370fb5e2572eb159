"""Rental offers, GPUs and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date

import pandas as pd

from breakeven.hosting import Unplaceable, gpu_price, model_shape
from breakeven.question.kinds import PriceKind
from breakeven.question.scenario import MEDIAN
from breakeven.tables.day import Tables
from breakeven.tables.queries import GPU_OFFER_MAX_AGE_DAYS, NEAR_PRICE
from breakeven.tables.records import Gpu, GpuOffer, Model
from breakeven.views.prices.words import Row, Sources, freshness, links
from breakeven.words.names import gpu_name
from breakeven.words.numbers import Money, count, indefinite, number, rounded, times
from breakeven.words.terms import EXPERT, Terms


def gpu_offers_frame(rows: Sequence[Row], sources: Sources, day: date, money: Money) -> pd.DataFrame:
    """Rental offers, those of unknown devices too."""
    return pd.DataFrame(
        [
            {
                "GPU": row.get("gpu_name") or f"{row['gpu_as_listed']} (which one is not stated)",
                f"{money.currency} per GPU-hour": rounded(row["usd_per_gpu_hour"] * money.rate, 4),
                "Provider": row["provider"],
                "Kind": row["price_type"],
                "On": row["valid_from"],
                "Freshness": freshness(row["valid_from"], day, doubt=_gpu_doubt(row)),
                **links(row["source_id"], row["locator"], sources),
                "GPUs": row["gpu_count"],
                "Region": row["region"],
                "Remarks": "; ".join(filter(None, (row["flag"], row.get("unresolved_reason"), row["notes"]))),
                "Offer": row["gpu_offer_id"],
            }
            for row in rows
        ]
    )


def _gpu_doubt(row: Row) -> str | None:
    if row["flag"]:
        return "doubtful"
    if row["gpu_id"] is None:
        return "not ranked"
    return "day approximate" if row["valid_from_kind"] == "approximate" else None


def gpu_history_finding(rows: Sequence[Row], gpu: Gpu, day: date, money: Money) -> str:
    """Say how the on-demand price of a GPU moved between the first and the last day on record."""
    medians = median_by_day(rows, day)
    if not medians:
        return f"No on-demand price of {indefinite(gpu_name(gpu))} is on record up to {day}"
    (first_day, first, _), (last_day, last, n) = medians[0], medians[-1]
    if len(medians) == 1:
        return (
            f"{gpu_name(gpu)}: {money.amount(last)} an hour on {last_day}, median of {count(n, 'provider')}"
        )
    ratio = last / first
    moved = (
        "as dear as"
        if 0.99 < ratio < 1.01
        else f"{times(max(ratio, 1 / ratio))} {'dearer' if ratio > 1 else 'cheaper'} than"
    )
    return (
        f"{gpu_name(gpu)}: {money.amount(last)} an hour on {last_day} (median of {count(n, 'provider')}), "
        f"{moved} on {first_day} ({money.amount(first)})"
    )


def median_by_day(rows: Sequence[Row], day: date) -> list[tuple[date, float, int]]:
    """Median on-demand price, as :func:`gpu_price` has it, on each day that one was read and on the last day.

    Returns the day, USD per hour and the number of providers, in order of time.
    """
    usable = [row for row in rows if row["price_type"] == PriceKind.ON_DEMAND and not row["flag"]]
    medians = []
    for when in sorted({row["valid_from"] for row in usable if row["valid_from"] <= day} | {day}):
        offers = _in_force(usable, when)
        gpu_id = offers[0].gpu_id if offers else ""
        price = gpu_price(offers, gpu_id=gpu_id, price_type=PriceKind.ON_DEMAND, choice=MEDIAN)
        if price is not None:
            medians.append((when, price.usd_per_gpu_hour, price.n_offers))
    return medians


def _in_force(rows: Sequence[Row], day: date) -> list[GpuOffer]:
    """Those of one device's prices that are in force on a day, as the statement gpu_rows_on has it."""
    known = [row for row in rows if 0 <= (day - row["valid_from"]).days < GPU_OFFER_MAX_AGE_DAYS]
    open_ = [row for row in known if row["ended_on"] is None or row["ended_on"] > day]
    last = {row["provider"]: row["valid_from"] for row in sorted(open_, key=lambda row: row["valid_from"])}
    names = [field.name for field in fields(GpuOffer) if field.name not in ("age_days", "confirmed_on")]
    return [
        GpuOffer(
            **{name: row[name] for name in names},
            age_days=(day - row["valid_from"]).days,
            confirmed_on=max((other["valid_from"] for other in known if _again(row, other)), default=None),
        )
        for row in open_
        if row["valid_from"] == last[row["provider"]]
    ]


def _again(row: Row, other: Row) -> bool:
    """Whether another reading found about the same price of the same provider."""
    if other["provider"] != row["provider"]:
        return False
    apart = (other["valid_from"], other["source_id"]) != (row["valid_from"], row["source_id"])
    low, high = sorted((row["usd_per_gpu_hour"], other["usd_per_gpu_hour"]))
    return apart and high <= (1 + NEAR_PRICE) * low


def gpus_frame(
    tables: Tables, kind: str, sources: Sources, day: date, money: Money, read: Mapping[str, date]
) -> pd.DataFrame:
    """Specifications, and what each of their units costs for an hour."""
    rows = []
    for gpu in tables.gpus.values():
        price = gpu_price(tables.gpu_offers, gpu_id=gpu.gpu_id, price_type=kind, choice=MEDIAN)
        usd = price.usd_per_gpu_hour * money.rate if price else None
        fp16 = gpu.bf16_dense_tflops or gpu.fp16_dense_tflops
        rows.append(
            {
                "GPU": gpu.name,
                f"{money.currency} per hour": None if usd is None else rounded(usd),
                f"{money.currency} per 1,000 TFLOP/s for an hour": _per(usd, fp16, 1000),
                f"{money.currency} per TB/s for an hour": _per(usd, gpu.mem_bw_gb_s, 1000),
                f"{money.currency} per 100 GB for an hour": _per(usd, gpu.memory_gb, 100),
                "Memory [GB]": gpu.memory_gb,
                "Bandwidth [GB/s]": gpu.mem_bw_gb_s,
                "fp16 or bf16 [TFLOP/s]": fp16,
                "fp8 [TFLOP/s]": gpu.fp8_dense_tflops,
                "fp4 [TFLOP/s]": gpu.fp4_dense_tflops,
                "Link [GB/s, one way]": gpu.scale_up_gb_s_unidirectional,
                "Power [W]": gpu.tdp_w,
                "Freshness": freshness(
                    read.get(gpu.gpu_id, day), day, doubt=None if gpu.verified else "unverified"
                ),
                "Providers": price.n_offers if price else 0,
                "Remarks": gpu.notes,
                **links(gpu.source_id, gpu.locator, sources),
            }
        )
    column = f"{money.currency} per TB/s for an hour"
    return pd.DataFrame(rows).sort_values(column, na_position="last", ignore_index=True)


def _per(usd: float | None, amount: float | None, unit: float) -> float | None:
    return None if usd is None or not amount else rounded(usd / amount * unit)


def gpus_sentence(frame: pd.DataFrame, kind: str, money: Money) -> str:
    """Say which GPU gives most for the money, by what is bought."""
    parts = []
    for column, what in (
        (f"{money.currency} per 1,000 TFLOP/s for an hour", "compute"),
        (f"{money.currency} per TB/s for an hour", "bandwidth"),
        (f"{money.currency} per 100 GB for an hour", "memory"),
    ):
        priced = frame[frame[column].notna()]
        if len(priced):
            best = priced.sort_values(column).iloc[0]
            unit = column.removeprefix(f"{money.currency} per ").removesuffix(" for an hour")
            parts.append(
                f"{what} on {best['GPU']} ({money.amount(float(best[column]) / money.rate)} per {unit})"
            )
    if not parts:
        return f"No {kind} price is in force on that day"
    return f"By {kind} medians an hour buys the cheapest " + ", ".join(parts)


def models_frame(tables: Tables, facts: Mapping[str, Row], sources: Sources, day: date) -> pd.DataFrame:
    """Architectures with what decides their serving cost."""
    rows = []
    for model in tables.models.values():
        fact = facts.get(model.model_id, {})
        rows.append(
            {
                "Model": model.name,
                "Parameters [1e9]": model.params_total_b,
                "Active [1e9]": model.params_active_b,
                "KV cache [kB per token, fp16]": _kv_kilobytes(model, tables),
                "Attention": model.attention,
                "Layers": model.n_layers,
                "Context [tokens]": model.max_context,
                "Released": model.release,
                "Offers": len(tables.api_offers_by_model.get(model.model_id, [])),
                "Licence": fact.get("licence"),
                "Freshness": freshness(
                    fact.get("as_of", day), day, doubt=None if model.totals_checked else "total unchecked"
                ),
                "Remarks": model.notes,
                **links(model.source_id, model.locator, sources),
            }
        )
    return pd.DataFrame(rows).sort_values("Model", ignore_index=True)


def _kv_kilobytes(model: Model, tables: Tables) -> float | None:
    """Cache of one token in the layers that keep it, below any window. [1e3 B]"""
    try:
        shape = model_shape(model, tables.precisions["fp16"], 2.0)
    except Unplaceable:
        return None
    return rounded(float(shape.full_kv_bytes_per_token + shape.sliding_kv_bytes_per_token) / 1e3, 4)


def models_sentence(frame: pd.DataFrame, say: Terms = EXPERT) -> str:
    """Say how far apart the models are in what a token of context takes."""
    column = "KV cache [kB per token, fp16]"
    known = frame[frame[column].notna()].sort_values(column)
    low, high = known.iloc[0], known.iloc[-1]
    return (
        f"{count(len(frame), 'architecture')}: one token of context takes {number(float(low[column]))} kB of "
        f"{say.kv_cache} in {low['Model']} and {number(float(high[column]))} kB in {high['Model']}"
    )
