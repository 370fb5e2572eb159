"""The first screen in plain words: the same findings with few numbers; the numbers stand below, under Why."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from breakeven.comparison import words
from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.comparison.map import CostMap
from breakeven.comparison.reach import LEVEL_SHARE, Winner
from breakeven.question.scenario import Scenario
from breakeven.words.ages import age_days
from breakeven.words.names import FRESH_DAYS, gpu_name

FEW = 0.5
"""Up to this share of hosts or shapes are few, above it they are most. [-]"""


def carries(answer: ShapeAnswer, scenario: Scenario) -> str:
    """Say how far the headline carries: the load nearest to the reader's where it turns, what hosts say."""
    if answer.stretches is None or answer.reach is None:
        return words.condition(answer, scenario)
    turns = _turn(answer, scenario)
    if answer.reach.winner == Winner.LEVEL:
        turns = f"By the middle of the estimate, {turns[0].lower()}{turns[1:]}"
    return f"{turns} {_hosts(answer)}".strip()


def _turn(answer: ShapeAnswer, scenario: Scenario) -> str:
    """Say from which load next to the reader's own the other side is cheaper."""
    load, stretches = scenario.load, answer.stretches or ()
    if not stretches:
        busy = answer.break_even_busy
        if busy is not None and busy < 1 and not load.ends:
            return "Self-hosting would pay only with GPUs busier than planned."
        return "The API is cheaper at any load."
    here = next((one for one in stretches if one.start < load.requests <= one.end), None)
    if here is None:
        after = next((one for one in stretches if one.start >= load.requests), stretches[-1])
        return f"Self-hosting pays from {load.said(after.start)}."
    if here.start > 0:
        return f"Below {load.said(here.start)} the API is cheaper."
    if math.isfinite(here.end):
        return f"From {load.said(here.end)} the API is cheaper."
    return "Self-hosting is cheaper at any load."


def _hosts(answer: ShapeAnswer) -> str:
    """Say whether other API hosts say the same."""
    reach = answer.reach
    if reach is None or reach.median_ratio is None or reach.hosts < 2:
        return ""
    if reach.holding == reach.hosts:
        return "Every host says the same."
    if reach.holding > FEW * reach.hosts:
        return "Most hosts say the same."
    ratio = reach.median_ratio
    if 1 / LEVEL_SHARE <= ratio <= LEVEL_SHARE:
        return "At the median host both cost about the same."
    return f"At the median host {'self-hosting' if ratio > 1 else 'the API'} is cheaper."


def facts(answer: ShapeAnswer, comparison: Comparison) -> list[str]:
    """Who is compared with whom, and which of the two prices is an old one."""
    host, bill = answer.host, answer.api.bill
    sides = [bill.offer.provider] if bill else []
    sides += [gpu_name(host.candidate.gpu)] if host else []
    found = [" or ".join(sides)] if sides else []
    day, old = comparison.scenario.as_of, []
    if bill and age_days(comparison.api_read[bill.offer.api_offer_id], day) > FRESH_DAYS:
        old.append("API")
    if host and host.candidate.price.offer.age_days > FRESH_DAYS:
        old.append("GPU")
    return [*found, f"old {' and '.join(old)} price"] if old else found


def map_finding(cost_map: CostMap, scenario: Scenario) -> str:
    """Say what the map shows; the load stands at its slider."""
    ratio = cost_map.host_over_api[np.isfinite(cost_map.host_over_api)]
    share = float((ratio < 1).mean()) if ratio.size else 0.0
    if not 0 < share < 1:
        said = words.map_finding(cost_map, scenario).removeprefix(f"At {scenario.load.said()} ")
        return f"{said[0].upper()}{said[1:]}"
    many = "few" if share <= FEW else "most"
    return f"Self-hosting is cheaper for {many} shapes, the API for the others"


def ways_finding(shapes: Sequence[ShapeAnswer]) -> str:
    """Say how many API hosts are cheaper than the estimate's range, of both shapes in one sentence."""
    found = [_cheaper(shape) for shape in shapes]
    if None in found:
        return "Every way to buy it"
    if len(set(found)) == 1:
        said = str(found[0])
        return f"{said[0].upper()}{said[1:]} cheaper than your own GPUs"
    each = "; ".join(f"{letter}: {said}" for letter, said in zip("AB", found, strict=False))
    return f"Cheaper than your own GPUs: {each}"


def _cheaper(shape: ShapeAnswer) -> str | None:
    """Which of the hosts are cheaper; None: one side is missing."""
    counted = words.cheaper_hosts(shape)
    if counted is None:
        return None
    below, hosts = counted
    if below in (0, hosts):
        return "every host is" if below else "no host is"
    return "few hosts are" if below <= FEW * hosts else "most hosts are"
