"""API offers in force on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from breakeven.apis.shapes import answer_of_apis, bills_of, is_doubtful
from breakeven.question.pages.prices import ALL, Fields
from breakeven.question.parts import Shape
from breakeven.tables.day import Tables
from breakeven.tables.records import ApiOffer, PriceTier
from breakeven.views.prices.words import Row, Sources, freshness, links, listed, matching
from breakeven.words.names import shape_name
from breakeven.words.numbers import Money, count, rounded

_AS_CATALOGUED = "as catalogued"


def mix_column(shape: Shape, money: Money) -> str:
    """Header of the decisive column."""
    return f"{money.currency} per 1M at {shape_name(shape)}"


def offers_frame(
    tables: Tables, facts: Mapping[str, Row], sources: Sources, shape: Shape, day: date, money: Money
) -> pd.DataFrame:
    """All API offers in force, the cheapest at the shape first; columns after ``Offer`` are for filters."""
    offers = tables.api_offers
    if not offers:
        return pd.DataFrame()
    parts = bills_of(
        offers,
        prompt=np.array([float(shape.prompt_tokens)]),
        completion=np.array([float(shape.completion_tokens)]),
        cached=np.array([float(shape.cached_tokens)]),
    )
    mixed = (parts[0] + parts[1])[:, 0] / (shape.prompt_tokens + shape.completion_tokens) * 1e6
    marks = _marks(tables, shape)
    rows = [
        _offer_row(offer, facts.get(offer.api_offer_id, {}), float(usd), marks, sources, shape, day, money)
        for offer, usd in zip(offers, mixed, strict=True)
    ]
    frame = pd.DataFrame(rows)
    return frame.sort_values([mix_column(shape, money), "Offer"], na_position="last", ignore_index=True)


def _marks(tables: Tables, shape: Shape) -> dict[str, str]:
    """Why an offer of an open model is not the default, where it is not."""
    return {
        bill.offer.api_offer_id: bill.mark
        for model_id, offers in tables.api_offers_by_model.items()
        if model_id is not None
        for bill in answer_of_apis(offers, shape, resellers=True, chosen=None, named=False).same_model
        if bill.mark
    }


def _offer_row(
    offer: ApiOffer,
    facts: Row,
    mixed: float,
    marks: Mapping[str, str],
    sources: Sources,
    shape: Shape,
    day: date,
    money: Money,
) -> dict[str, Any]:
    base = offer.tiers[0]
    notes = str(facts.get("notes") or "")
    doubtful = is_doubtful(offer)
    doubt = "unverified, older catalogue" if doubtful else "unverified" if _AS_CATALOGUED in notes else None
    return {
        "Model": offer.name,
        mix_column(shape, money): None if np.isnan(mixed) else rounded(mixed * money.rate),
        "Provider": offer.provider,
        "Input": listed(base.input_usd_per_mtok, money),
        "Output": listed(base.output_usd_per_mtok, money),
        "Cached input": listed(base.cache_read_usd_per_mtok, money),
        "Freshness": freshness(facts.get("as_of", day), day, doubt=doubt),
        **links(offer.source_id, offer.locator, sources),
        "Batch input": listed(facts.get("batch_input_usd_per_mtok"), money),
        "Batch output": listed(facts.get("batch_output_usd_per_mtok"), money),
        "Longer prompts": "; ".join(_tier(tier, money) for tier in offer.tiers[1:]),
        "Context [tokens]": offer.context_tokens,
        "Since": offer.valid_from,
        "Remarks": "; ".join(_remarks(offer, facts, marks, money)),
        "Offer": offer.api_offer_id,
        "Reseller": offer.reseller,
        "Open weights": offer.model_id is not None,
        "Older catalogue": doubtful,
    }


def _tier(tier: PriceTier, money: Money) -> str:
    prices = " / ".join(
        money.amount(float(usd)) for usd in (tier.input_usd_per_mtok, tier.output_usd_per_mtok)
    )
    return f"above {tier.above_tokens:,} tokens {prices}"


def _remarks(offer: ApiOffer, facts: Row, marks: Mapping[str, str], money: Money) -> Iterable[str]:
    mark = marks.get(offer.api_offer_id) or offer.flag
    if mark:
        yield mark
    if offer.deprecated and "retired" not in (mark or ""):
        yield "being retired by the provider"
    if facts.get("next_from"):
        prices = (facts["next_input_usd_per_mtok"], facts["next_output_usd_per_mtok"])
        shown = " / ".join(money.amount(None if usd is None else float(usd)) for usd in prices)
        yield f"announced: {shown} from {facts['next_from']}"
    if offer.valid_from_kind == "catalogue":
        yield "held on that day; since when is not known"
    if offer.variant:
        yield offer.variant
    if facts.get("notes"):
        yield str(facts["notes"])


FILTER_COLUMNS = ("Reseller", "Open weights", "Older catalogue")
"""Columns that only filters need."""


def filtered_offers(frame: pd.DataFrame, view: Fields) -> pd.DataFrame:
    """Offers that pass the filters of the page."""
    if frame.empty:
        return frame
    frame = matching(frame, view.search, "Model", "Offer")
    keep = pd.Series(data=True, index=frame.index)
    if view.provider != ALL:
        keep &= frame["Provider"] == view.provider
    if view.open:
        keep &= frame["Open weights"]
    if view.cache:
        keep &= frame["Cached input"].notna()
    if view.batch:
        keep &= frame["Batch output"].notna()
    if view.context:
        keep &= frame["Context [tokens]"].fillna(0) >= view.context
    if view.current:
        keep &= ~frame["Older catalogue"]
    return frame[keep]


def offers_sentence(frame: pd.DataFrame, column: str, money: Money) -> str:
    """Say what the filtered list holds."""
    priced = frame[frame[column] > 0] if len(frame) else frame
    if priced.empty:
        return f"{count(len(frame), 'offer')}, none with a price above zero at this mix"
    first = priced.iloc[0]
    low, middle = float(first[column]), float(priced[column].median())
    return (
        f"{count(len(frame), 'offer')}: the cheapest that is not free asks {money.amount(low / money.rate)} "
        f"({first['Model']}, {first['Provider']}), the middle one {money.amount(middle / money.rate)}"
    )
