"""How far a verdict carries: at how many hosts it holds, and what it would fall with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from breakeven.apis.shapes import ApiAnswer, ApiBill
from breakeven.comparison.volume import AtLoad
from breakeven.hosting.row import HostRow
from breakeven.tables.day import Tables
from breakeven.words.ages import age_days, known_on
from breakeven.words.names import FRESH_DAYS


class Winner(StrEnum):
    """Who is cheaper at the load that is asked."""

    HOST = "self-hosting"
    API = "api"
    LEVEL = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whose bill is lower, and what that hangs on."""

    winner: Winner
    """The estimate's range decides: level where the API's bill lies inside it."""
    hosts: int
    """API offers of the model that nothing speaks against; 1 where the offer is named. [-]"""
    holding: int
    """Those of them that say the same of who is cheaper. [-]"""
    median_ratio: float | None
    """The median host's bill over that of self-hosting; above 1 self-hosting is cheaper."""
    rests_on: str | None
    """The one price that the winner hangs on, in words; None: more than one says so."""


LEVEL_SHARE = 1.05
"""Bills nearer than this are level: two digits would write the ratio as 1. [-]"""


def winner_of(api_usd: float, host_usd_low: float, host_usd_high: float) -> Winner:
    """Who is cheaper; nobody where the estimate's range or the second digit leaves it open."""
    if api_usd * LEVEL_SHARE < host_usd_low:
        return Winner.API
    return Winner.HOST if api_usd > LEVEL_SHARE * host_usd_high else Winner.LEVEL


def reach_of(
    api: ApiAnswer, own: AtLoad, host: HostRow, tables: Tables, *, named: bool, day: date
) -> Reach | None:
    """How far the verdict at the load of the question carries; None where one side has no bill.

    Parameters
    ----------
    api, own, host
        The API side, both bills, the deployment.
    tables
        Rows of the day: when each list was read.
    named
        The reader asked for one offer: other hosts say nothing about it.
    day
        Day of the question.
    """
    if api.bill is None or own.api_usd is None:
        return None
    winner = winner_of(own.api_usd, own.host_usd_low, own.host_usd_high)
    clean = [api.bill] if named else [bill for bill in api.same_model if bill.mark is None]
    said = [winner_of(bill.usd * own.requests, own.host_usd_low, own.host_usd_high) for bill in clean]
    agree = said.count(winner)
    median = None if named or api.median_usd is None or own.host_usd <= 0 else api.median_usd * own.requests
    median_ratio = None if median is None else median / own.host_usd
    rests = None
    if winner == Winner.API:
        rests = _rests_on_api(
            api.bill, [one for one, word in zip(clean, said, strict=True) if word == winner], tables, day
        )
        elsewhere = None if median is None else winner_of(median, own.host_usd_low, own.host_usd_high)
        if agree == 1 and len(clean) > 1 and elsewhere != winner:
            rests = f"{api.bill.offer.provider}'s price holds, which no other host comes near"
    elif winner == Winner.HOST and host.candidate.price.doubt:
        offer = host.candidate.price.offer
        rests = f"{offer.provider}'s GPU price holds ({host.candidate.price.doubt})"
    return Reach(
        winner=winner,
        hosts=len(clean),
        holding=agree,
        median_ratio=median_ratio,
        rests_on=rests,
    )


def _rests_on_api(bill: ApiBill, agreeing: Sequence[ApiBill], tables: Tables, day: date) -> str | None:
    """The API's price where no list that was read lately says the same."""
    lists = {one.offer.source_id for one in (bill, *agreeing)}
    if any(age_days(tables.sources[key].accessed, day) <= FRESH_DAYS for key in lists):
        return None
    return f"the API's price of {known_on(tables.sources[bill.offer.source_id].accessed, day)} still holds"
