"""What this visitor's workload costs; kept in the session until what it hangs on changes.

What a file of a visitor costs is computed by a reader of its own (:mod:`breakeven.dashboard.apart`), all of
it at once; a sample, or a workload of a link, which is small, is priced here, part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from breakeven.apis.changes import Change, sensitivity
from breakeven.apis.paid import explain_paid
from breakeven.apis.workloads import CostRow, PricedWorkload, cost_rows, price_workload
from breakeven.comparison.ladder import NO_FLOOR, USED, ladder_of
from breakeven.dashboard.apart import jobs
from breakeven.dashboard.apart.jobs import Answer
from breakeven.dashboard.cancel import in_a_reader
from breakeven.dashboard.session import database, own_calibration, tables_on
from breakeven.dashboard.upload_store import content_of
from breakeven.dashboard.uploads import BILLS, Read
from breakeven.hosting.workloads import host_workload
from breakeven.question.scenario import Scenario
from breakeven.tables.scores import Scale, Scores, own_scores, score_of, scores_in
from breakeven.usage.spool import Unreadable
from breakeven.usage.stop import Stopped
from breakeven.usage.sums import Workload

Result = TypeVar("Result")

OWN_SCORES = "workload_own_scores"
"""Key of the upload of the visitor's own scores."""
_SCORES_MB = 1
"""Largest list of them. [MB]"""
STOPPED = "Pricing was stopped. Change anything, or reload the page, to start over."


def answered(read: Read, scenario: Scenario, named: dict[str, str], floor: str) -> Answer | str:
    """Everything that the page says of a workload's cost, or one sentence why it says nothing.

    Parameters
    ----------
    read
        What :func:`breakeven.dashboard.uploads.read_any` gave, with a workload.
    scenario
        Whose day, targets and hardware count.
    named
        Offers that the visitor chose for models without a known price.
    floor
        How good another model must be.
    """
    workload = read.workload
    assert workload is not None
    try:
        own = own_scores_text()
        if read.kept is None:
            return _here(workload, scenario, named, floor, own)
        calibrated = own_calibration()
        return _kept(
            "answer",
            workload,
            (scenario, calibrated, named, floor, own),
            lambda: in_a_reader(
                jobs.answer,
                *(read.kept, scenario, calibrated, named, floor, own),
                size=read.size,
                words=f"Pricing {workload.name}",
            ),
        )
    except Unreadable as reason:
        return str(reason)
    except Stopped:
        return STOPPED


def _here(workload: Workload, scenario: Scenario, named: dict[str, str], floor: str, own: str) -> Answer:
    """The same in this process, each part kept as long as it can be."""
    day, calibrated = scenario.as_of, own_calibration()
    prices = (day, named)
    priced = _kept("priced", workload, prices, lambda: price_workload(workload, database(), day, named=named))
    hosting = _kept(
        "hosted",
        workload,
        (scenario, calibrated.engine if calibrated.given else None),
        lambda: host_workload(workload, tables_on(day), scenario),
    )
    scored = _kept(
        "scored",
        workload,
        (own, prices),
        lambda: own_scores(own, _scores(), (one.offer.api_offer_id for one in priced.offers)),
    )
    scores = _scores().with_own(scored.values) if scored.values else _scores()
    return Answer(
        priced=priced,
        paid=_kept("paid", workload, prices, lambda: explain_paid(priced, database())),
        hosting=hosting,
        ladder=_kept(
            "ladder",
            workload,
            (prices, scenario, floor, own),
            lambda: ladder_of(priced, hosting, database(), scores, floor),
        ),
        own=scored,
    )


def own_scores_text() -> str:
    """The visitor's own list of scores, as uploaded; empty: there is none.

    Raises
    ------
    Unreadable
        If it is too large.
    """
    file = st.session_state.get(OWN_SCORES)
    return "" if file is None else content_of(file, _SCORES_MB).decode("utf-8", errors="replace")


def costs(read: Read, result: PricedWorkload, by: str, named: dict[str, str]) -> Sequence[CostRow]:
    """Cost by hour, day or tenant.

    Raises
    ------
    Unreadable, Stopped
        If there are too many of them, or the visitor does not wait.
    """
    return _kept(
        f"costs_{by}",
        result.workload,
        (result.day, named),
        lambda: (
            cost_rows(result.workload, database(), result.day, by=by, named=named)
            if read.kept is None
            else in_a_reader(
                jobs.costs, read.kept, result.day, by, named, size=read.size, words=f"Pricing by {by}"
            )
        ),
    )


def changes(read: Read, result: PricedWorkload, named: dict[str, str], offer: str) -> Sequence[Change]:
    """What one change to all requests saves on an offer.

    Raises
    ------
    Unreadable, Stopped
        As :func:`costs`.
    """
    return _kept(
        "changes",
        result.workload,
        (result.day, named, offer),
        lambda: (
            sensitivity(result, database(), offer)
            if read.kept is None
            else in_a_reader(
                jobs.changes, read.kept, result.day, named, offer, size=read.size, words="Pricing changes"
            )
        ),
    )


@st.cache_resource(show_spinner=False)
def _scores() -> Scores:
    """Published scores."""
    return scores_in(database())


def floors(result: PricedWorkload) -> tuple[str, ...]:
    """Floors to choose from: the two general ones, the models of the file, then every scored offer."""
    return _kept("floors", result.workload, result.day, lambda: _floors(result))


def _floors(result: PricedWorkload) -> tuple[str, ...]:
    scores = _scores()
    used = [row.offer_id for row in result.models if row.offer_id]
    offers = sorted(one.offer.api_offer_id for one in result.offers if not one.offer.reseller)
    known = [one for one in (*used, *offers) if any(score_of(scores, one, scale) for scale in Scale)]
    return tuple(dict.fromkeys([USED, NO_FLOOR, *known]))


def _kept(slot: str, workload: Workload, key: object, make: Callable[[], Result]) -> Result:
    """Answer from the session while workload and key are the same; another workload empties the slots."""
    kept = st.session_state.setdefault(BILLS, {})
    if slot not in kept or kept[slot][0] is not workload or kept[slot][1] != key:
        kept[slot] = (workload, key, make())
    answer: Result = kept[slot][2]
    return answer
