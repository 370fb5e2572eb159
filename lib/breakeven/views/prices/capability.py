"""The cheapest offer of any model that reaches a published score, over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from breakeven.apis.shapes import CATALOGUE, OUTLIER_SHARE
from breakeven.question.parts import Shape
from breakeven.views.prices.history import Line
from breakeven.views.prices.words import Row, Sources, freshness, links, mixed_usd
from breakeven.words.names import shape_name
from breakeven.words.numbers import Money, rounded, times

BENCHMARK = "MMLU"
"""The only benchmark whose published scores reach back to the models of 2023."""
NOTE = (
    "Scores are those that makers published (table model_scores, each with its source); settings differ by "
    "some points, and one benchmark is not all there is to a model. Only models in that table count, so a "
    "newer and cheaper one may be missing. Reasoning models are left out, because they spend more tokens on "
    "an answer; so are resellers, free tiers, and prices of an older catalogue whose end nobody dated. An "
    "open model's offer counts when a second seller asks at most twice as much: a price that nobody else "
    "comes near is more likely a slip of a catalogue."
)
"""What the line says and does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From a day on, the cheapest offer; None: no model of that score is on record."""

    day: date
    usd: float | None
    """Price at the mix. [USD per 1e6 tokens]"""
    row: Row | None


def cheapest_steps(rows: Sequence[Row], shape: Shape, day: date) -> list[Step]:
    """Walk through the days on which any of the prices changes, up to a day."""
    priced = [
        (mixed_usd(float(row["input_usd_per_mtok"]), float(row["output_usd_per_mtok"]), shape), row)
        for row in rows
    ]
    days = {row["valid_from"] for _, row in priced} | {row["until"] for _, row in priced if row["until"]}
    steps: list[Step] = []
    for when in sorted(d for d in days if d <= day):
        live = [
            (usd, row)
            for usd, row in priced
            if row["valid_from"] <= when and (row["until"] is None or when < row["until"])
        ]
        usd, best = min(
            (item for item in live if _counts(item[1]) and _has_witness(item, live)),
            key=lambda item: (item[0], str(item[1]["api_offer_id"])),
            default=(None, None),
        )
        last = steps[-1] if steps else None
        if last is None or (last.usd, _offer(last.row)) != (usd, _offer(best)):
            steps.append(Step(day=when, usd=usd, row=best))
    return steps


def _offer(row: Row | None) -> str | None:
    return None if row is None else str(row["api_offer_id"])


def _counts(row: Row) -> bool:
    """Whether an offer may be the cheapest: a host's, and not one whose end nobody dated.

    What only an older catalogue lists, without an end, may be long gone.
    """
    older = row["valid_from_kind"] == "first-seen" and not str(row["source_id"]).startswith(CATALOGUE)
    return not row["reseller"] and not (older and row["until"] is None)


def _has_witness(item: tuple[float, Row], live: Sequence[tuple[float, Row]]) -> bool:
    """Whether somebody else sells the same open model for at most twice as much; a closed one has one maker.

    As for the cheapest offer of a model, resellers and older catalogues are witnesses, unless they pass
    on the offer itself.
    """
    usd, row = item
    return not row["open"] or any(
        OUTLIER_SHARE * other <= usd
        for other, peer in live
        if peer["model"] == row["model"] and row["provider"] not in peer["provider"]
    )


def finding(steps: Sequence[Step], score: str, shape: Shape, money: Money) -> str:
    """Say how far the price of the capability fell."""
    known = [step for step in steps if step.usd is not None and step.row is not None]
    if not known or steps[-1].usd is None:
        return f"No offer of a model that scores {score} on {BENCHMARK} is on record for that day"
    first, last = known[0], known[-1]
    assert first.usd is not None
    assert last.usd is not None
    now = f"{money.amount(last.usd)} per 1M tokens at {shape_name(shape)} ({_offer(last.row)})"
    if len(known) == 1:
        return f"A model that scores {score} on {BENCHMARK} costs {now}"
    ratio = first.usd / last.usd
    return (
        f"A model that scores {score} on {BENCHMARK} costs {now}, {times(max(ratio, 1 / ratio))} "
        f"{'cheaper' if ratio > 1 else 'dearer'} than in {first.day:%Y-%m} "
        f"({money.amount(first.usd)}, {_offer(first.row)})"
    )


def as_line(steps: Sequence[Step], score: str, day: date) -> Line:
    """Draw the steps as one line up to the day; the hover names the offer."""
    points = [(step.day, step.usd, _offer(step.row) or "none") for step in steps]
    if points[-1][1] is not None and points[-1][0] < day:
        points.append((day, *points[-1][1:]))
    return Line(
        label=f"cheapest at {BENCHMARK} {score} or more",
        days=tuple(point[0] for point in points),
        usd=tuple(point[1] for point in points),
        kinds=tuple(point[2] for point in points),
    )


def steps_frame(steps: Sequence[Step], sources: Sources, day: date, money: Money) -> pd.DataFrame:
    """The steps with the offer behind each."""
    return pd.DataFrame(
        [
            {
                "From": step.day,
                "Offer": step.row["api_offer_id"],
                f"{money.currency} per 1M at the mix": rounded(step.usd * money.rate),
                "Score": step.row["score"],
                "Asked": step.row["setting"],
                "Freshness": freshness(step.row["as_of"], day),
                **links(step.row["source_id"], step.row["locator"], sources),
            }
            for step in steps
            if step.usd is not None and step.row is not None
        ]
    )
