"""Prices that changed between two days, and those that are announced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from breakeven.question.pages.prices import ALL, Fields
from breakeven.question.parts import Shape
from breakeven.views.prices.words import Row, Sources, freshness, links, listed, matching, mixed_usd
from breakeven.words.names import shape_name
from breakeven.words.numbers import Money, count, times


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed between two days."""

    frame: pd.DataFrame
    counts: Mapping[str, int]


def changes(rows: Sequence[Row], sources: Sources, shape: Shape, day: date, money: Money) -> Changes:
    """Sort price changes into cheaper, dearer, new and gone; the largest first."""
    found = [_change_row(row, sources, shape, day, money) for row in rows]
    found.sort(key=lambda item: (-item["_size"], str(item["Offer"])))
    frame = pd.DataFrame([{k: v for k, v in item.items() if k != "_size"} for item in found])
    counts = Counter(str(item["What"]) for item in found)
    return Changes(frame=frame, counts=counts)


def _change_row(row: Row, sources: Sources, shape: Shape, day: date, money: Money) -> dict[str, Any]:
    before, after = (
        None
        if row[f"input_{when}"] is None or row[f"output_{when}"] is None
        else mixed_usd(float(row[f"input_{when}"]), float(row[f"output_{when}"]), shape)
        for when in ("before", "after")
    )
    size, ratio = "", 0.0
    if before is None:
        what = "first recorded" if row["valid_from_kind"] == "catalogue" else "new"
    elif after is None:
        what = "gone"
    elif before > 0 and after > 0:
        ratio = max(after / before, before / after)
        what = "dearer" if after > before else "cheaper"
        size = f"{times(ratio)} {what}"
    else:
        what = "dearer" if after > before else "cheaper"
        size, ratio = ("was free" if after > before else "is free now"), np.inf
    return {
        "What": what,
        "Model": row["name"],
        f"At {shape_name(shape)}": size,
        "Provider": row["provider"],
        "Input before": listed(row["input_before"], money),
        "Input now": listed(row["input_after"], money),
        "Output before": listed(row["output_before"], money),
        "Output now": listed(row["output_after"], money),
        "On": row["changed_on"],
        "Through": "reseller" if row["reseller"] else "host",
        "Freshness": freshness(row["as_of"], day),
        **links(row["source_id"], row["locator"], sources),
        "Offer": row["api_offer_id"],
        "_size": ratio,
    }


def changes_sentence(found: Changes, since: date, day: date) -> str:
    """Count the changes."""
    n = {kind: found.counts.get(kind, 0) for kind in ("cheaper", "dearer", "new", "gone", "first recorded")}
    return (
        f"From {since} to {day}, {count(n['cheaper'], 'offer')} became cheaper, {n['dearer']:,} dearer, "
        f"{n['new']:,} are new, {n['gone']:,} are gone"
        + (
            f"; {n['first recorded']:,} more were first recorded then, and nobody dated their start"
            if n["first recorded"]
            else ""
        )
    )


def listed_changes(found: Changes, view: Fields) -> pd.DataFrame:
    """Changes of the kind that is asked for."""
    frame = found.frame
    if frame.empty:
        return frame
    if view.kind != ALL:
        wanted = ("cheaper", "dearer") if view.kind == "cheaper or dearer" else (view.kind,)
        frame = frame[frame["What"].isin(wanted)]
    return matching(frame, view.search, "Model", "Offer")


def announced_frame(rows: Sequence[Row], sources: Sources, day: date, money: Money) -> pd.DataFrame:
    """Prices that do not hold yet."""
    return pd.DataFrame(
        [
            {
                "Model": row["name"],
                "Provider": row["provider"],
                "Input": listed(row["input_usd_per_mtok"], money),
                "Output": listed(row["output_usd_per_mtok"], money),
                "Freshness": freshness(row["as_of"], day, starts=row["valid_from"]),
                **links(row["source_id"], row["locator"], sources),
                "Offer": row["api_offer_id"],
            }
            for row in rows
        ]
    )
