"""Fleets for a load against a scalar re-derivation, deployment by deployment."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.mode import Mode
from breakeven.hosting.fleet import Fleet, Terms, fleet_of, terms_of
from breakeven.question.kinds import Per
from breakeven.question.parts import Load
from tests.builders import DEFAULT

quick = settings(deadline=None, max_examples=200)
MONTH_S = 730 * 3600


def load_of(requests: float, per: Per, finish_hours: float = 24.0, startup_minutes: float = 10.0) -> Load:
    return Load(requests=requests, per=per, finish_hours=finish_hours, startup_minutes=startup_minutes)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Any load and how its fleet is sized."""
    per = draw(st.sampled_from(Per))
    requests = draw(st.floats(-6, 4)) if per == Per.SECOND else draw(st.floats(0, 9))
    return Terms(
        load=load_of(10**requests, per, draw(st.floats(1, 8760)), draw(st.floats(0, 59))),
        utilisation=1.0 if per == Per.ONCE else draw(st.floats(0.01, 1)),
        overhead_month=draw(st.sampled_from([0.0, 100.0, 1e5])),
        pools=draw(st.booleans()),
    )


DEPLOYMENTS = st.lists(
    st.tuples(st.floats(1e-4, 1e3), st.floats(1e-4, 1e3), st.floats(0.05, 500)), min_size=1, max_size=6
)


def by_hand(asked: Terms, read: float, write: float, rent: float) -> tuple[int, int, float, float, float]:
    """Replicas, those that read, share busy, hours, dollars; one deployment, in plain numbers."""
    load = asked.load

    def fewest(seconds: float) -> int:
        if load.per == Per.ONCE:
            need = load.requests * seconds / (load.finish_hours * 3600 - load.startup_minutes * 60)
        else:
            per_s = load.requests / (MONTH_S if load.per == Per.MONTH else 1)
            need = per_s * seconds / asked.utilisation
        return max(1, math.ceil(need * (1 - 1e-12)))

    reading = fewest(read) if asked.pools else 0
    total = reading + fewest(write) if asked.pools else fewest(read + write)
    if load.per == Per.ONCE:
        work = load.requests * (read + write)
        rented = work + total * load.startup_minutes * 60
        usd = rent * rented / 3600 + asked.overhead_month * load.finish_hours / 730
        return total, reading, work / rented, rented / total / 3600, usd
    busy = load.requests / (MONTH_S if load.per == Per.MONTH else 1) * (read + write) / total
    return total, reading, busy, 730.0, total * rent * 730 + asked.overhead_month


def fleets(asked: Terms, rows: list[tuple[float, float, float]], **more: object) -> Fleet:
    read, write, rent = (np.array(column) for column in zip(*rows, strict=True))
    return fleet_of(asked, prefill_s=read, decode_s=write, usd_per_hour=rent, **more)  # type: ignore[arg-type]


@quick
@given(asked=terms(), rows=DEPLOYMENTS)
def test_a_fleet_is_the_one_that_is_counted_by_hand(
    asked: Terms, rows: list[tuple[float, float, float]]
) -> None:
    together = fleets(asked, rows)
    for index, row in enumerate(rows):
        one = together.at(index)
        found = (one.replicas, one.prefill_replicas, one.busy, one.hours, one.usd)
        assert [float(x) for x in found] == pytest.approx(by_hand(asked, *row), rel=1e-9)


@quick
@given(asked=terms(), rows=DEPLOYMENTS, times=st.floats(1, 100))
def test_the_bill_follows_the_rent_and_never_falls_with_load_or_idleness(
    asked: Terms, rows: list[tuple[float, float, float]], times: float
) -> None:
    free = replace(asked, overhead_month=0.0)
    now = fleets(free, rows).usd
    dearer = fleets(free, [(read, write, times * rent) for read, write, rent in rows]).usd
    assert dearer == pytest.approx(times * now)
    assert (fleets(asked, rows).usd >= now).all()
    more = fleets(free, rows, requests=np.asarray(asked.load.requests * times)).usd
    assert (more >= now * (1 - 1e-12)).all()
    assert (fleets(replace(free, utilisation=free.utilisation / times), rows).usd >= now).all()
    slower = fleets(free, [(times * read, times * write, rent) for read, write, rent in rows]).usd
    assert (slower >= now * (1 - 1e-12)).all()


@quick
@given(asked=terms(), rows=DEPLOYMENTS)
def test_no_replica_is_busier_than_planned_and_a_job_ends_in_time(
    asked: Terms, rows: list[tuple[float, float, float]]
) -> None:
    fleet = fleets(asked, rows)
    assert (fleet.replicas == np.floor(fleet.replicas)).all()
    assert (fleet.replicas >= (2 if asked.pools else 1)).all()
    assert (fleet.busy > 0).all()
    assert (fleet.busy <= asked.utilisation * (1 + 1e-9)).all()
    assert (fleet.hours <= (asked.load.finish_hours if asked.load.ends else 730) * (1 + 1e-9)).all()


@quick
@given(asked=terms(), rows=DEPLOYMENTS)
def test_pools_are_told_deployment_by_deployment_as_for_all(
    asked: Terms, rows: list[tuple[float, float, float]]
) -> None:
    some = np.arange(len(rows)) % 2 == 0
    mixed = fleets(asked, rows, pools=some).usd
    apart, together = (fleets(replace(asked, pools=pools), rows).usd for pools in (True, False))
    assert mixed.tolist() == np.where(some, apart, together).tolist()


@quick
@given(asked=terms(), rows=DEPLOYMENTS)
def test_the_order_is_that_of_the_bills_and_of_equal_ones_by_idleness(
    asked: Terms, rows: list[tuple[float, float, float]]
) -> None:
    fleet = fleets(asked, rows)
    order = np.argsort(fleet.order, kind="stable")
    usd, busy = fleet.usd[order], fleet.busy[order]
    assert (usd[1:] >= usd[:-1] * (1 - 2e-9)).all()
    same = usd[1:] == usd[:-1]
    assert (busy[1:] >= busy[:-1])[same].all()


def test_the_same_load_by_the_second_and_by_the_month_has_the_same_fleet() -> None:
    second, month = (
        Terms(load=load_of(amount, per), utilisation=0.5, overhead_month=7.0, pools=False)
        for amount, per in ((0.1, Per.SECOND), (0.1 * MONTH_S, Per.MONTH))
    )
    rows = [(0.5, 2.0, 1.99), (3.0, 1.0, 14.0)]
    assert fleets(second, rows).usd == pytest.approx(fleets(month, rows).usd)


def test_a_question_sizes_its_fleet_by_its_own_words() -> None:
    asked = replace(DEFAULT, requests=3.0, per="month", utilisation=0.7, overhead_month=9.0)
    terms = terms_of(asked)
    assert (terms.load.requests, terms.utilisation, terms.overhead_month, terms.pools) == (
        3.0,
        0.7,
        9.0,
        False,
    )
    assert terms_of(replace(asked, mode=Mode.DISAGGREGATED)).pools
    # A job leaves nothing idle, whatever share was planned.
    assert terms_of(replace(asked, per="once")).utilisation == 1.0
