"""Loads at which self-hosting is cheaper, against a scan of the bills."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breakeven.comparison.volume import (
    MOST_STEPS,
    VOLUME_POINTS,
    Hosts,
    Stretch,
    cheaper_hosted,
    volume_of,
)
from breakeven.formulas.arrays import Floats
from breakeven.hosting.fleet import Terms
from breakeven.question.kinds import Per
from tests.hosting.test_fleet import MONTH_S, load_of, terms

quick = settings(deadline=None, max_examples=300)
TIMES = st.floats(-3, 2).map(lambda power: 10**power)
HOSTS = st.lists(st.tuples(TIMES, TIMES, st.floats(0.1, 100)), min_size=1, max_size=5)
NEAR = 1e-9
"""Of two bills nearer than this rounding decides which is lower."""


def hosts_of(rows: list[tuple[float, float, float]]) -> Hosts:
    read, write, rent = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return Hosts(prefill_s=read, decode_s=write, usd_per_hour=rent)


def bills_at(asked: Terms, hosts: Hosts, api_usd: float, loads: Floats) -> tuple[Floats, Floats]:
    """The cheapest fleet's bill and the API's at any loads."""
    per_bill = 1.0 if asked.load.ends else MONTH_S / asked.load.unit_s
    return hosts.fleets(asked, loads[:, None]).usd.min(axis=1), loads * per_bill * api_usd


def inside(found: tuple[Stretch, ...], loads: Floats) -> Floats:
    starts, ends = (np.array([getattr(one, end) for one in found]) for end in ("start", "end"))
    last = np.searchsorted(starts, loads) - 1  # the last that starts below each load
    return np.where(last >= 0, loads <= np.append(ends, 0.0)[last], False)


def never_idle(hosts: Hosts) -> float:
    """Dollars of a request on the cheapest deployment that is never idle. [USD]"""
    return float(((hosts.prefill_s + hosts.decode_s) * hosts.usd_per_hour).min()) / 3600


def step_of(asked: Terms, hosts: Hosts) -> float:
    """Load of one full replica of the slowest deployment."""
    room = asked.load.finish_s - asked.load.startup_s if asked.load.ends else asked.load.unit_s
    return asked.utilisation * room / float((hosts.prefill_s + hosts.decode_s).max())


@quick
@given(asked=terms(), rows=HOSTS, price=st.floats(-1, 1.5), seed=st.integers(0, 2**32 - 1))
def test_inside_a_stretch_self_hosting_is_cheaper_and_outside_it_is_not(
    asked: Terms, rows: list[tuple[float, float, float]], price: float, seed: int
) -> None:
    hosts = hosts_of(rows)
    api_usd = 10**price * never_idle(hosts) / asked.utilisation
    found = cheaper_hosted(asked, hosts, api_usd)
    unit = {Per.SECOND: 1.0, Per.MONTH: MONTH_S, Per.ONCE: 86_400.0}[asked.load.per]
    steps = step_of(asked, hosts)
    rng = np.random.default_rng(seed)
    ends = np.array([x for one in found[:40] for x in (one.start, one.end) if np.isfinite(x)])
    loads = np.concatenate(
        [
            unit * 10 ** rng.uniform(-6, 4, 300),
            steps * rng.uniform(0, 30, 300),
            ends * 0.999,
            ends * 1.001,
        ]
    )
    loads = loads[loads > 0]
    host, api = bills_at(asked, hosts, api_usd, loads)
    held = inside(found, loads)
    # Of a staircase of thousands of steps the later ones are not told apart.
    wrong = np.where(held, host > api * (1 + NEAR), host < api * (1 - NEAR - 1 / MOST_STEPS))
    few = loads < MOST_STEPS * steps
    wrong |= few & ~held & (host < api * (1 - NEAR))
    assert not wrong.any(), (loads[wrong][0], host[wrong][0], api[wrong][0], found)


@quick
@given(asked=terms(), rows=HOSTS, price=st.floats(-1, 1.5))
def test_stretches_end_exactly_where_the_bills_change_places(
    asked: Terms, rows: list[tuple[float, float, float]], price: float
) -> None:
    hosts = hosts_of(rows)
    api_usd = 10**price * never_idle(hosts) / asked.utilisation
    found = cheaper_hosted(asked, hosts, api_usd)
    assert all(one.start < one.end for one in found)
    assert all(one.end < two.start for one, two in pairwise(found))
    assert not found or math.isinf(found[-1].end)
    for one in found[:50]:
        if one.start > 0:
            host, api = bills_at(asked, hosts, api_usd, one.start * np.array([1 - 1e-9, 1 + 1e-9]))
            near = 1e-8 if one.start < MOST_STEPS * step_of(asked, hosts) else 1 / MOST_STEPS
            assert host[0] >= api[0] * (1 - near)
            assert host[1] <= api[1] * (1 + 1e-8)
        if math.isfinite(one.end):
            host, api = bills_at(asked, hosts, api_usd, one.end * np.array([1 - 1e-9, 1 + 1e-9]))
            assert host[0] <= api[0] * (1 + 1e-8)
            assert host[1] >= api[1] * (1 - 1e-8)


MONTHLY = Terms(load=load_of(1.0, Per.SECOND), utilisation=0.5, overhead_month=0.0, pools=False)


def test_one_deployment_by_hand() -> None:
    # A replica of $1 an hour serves 0.5 requests/s at half busy: $730 a month for up to 1,314,000 requests.
    # At $0.001 a request the API costs $730 at 730,000 requests a month; $1,460 at 1,460,000.
    found = cheaper_hosted(MONTHLY, hosts_of([(0.5, 0.5, 1.0)]), 0.001)
    first = 730_000 / MONTH_S
    assert [(one.start, one.end) for one in found] == [
        (pytest.approx(first), pytest.approx(0.5)),
        (pytest.approx(2 * first), math.inf),
    ]


def test_a_job_by_hand() -> None:
    # A day less an hour of start; a request is an hour of work at $1: 23 requests a replica.
    job = replace(MONTHLY, load=load_of(1.0, Per.ONCE, 24, 59), utilisation=1.0)
    job = replace(job, load=replace(job.load, startup_minutes=30))
    found = cheaper_hosted(job, hosts_of([(1800.0, 1800.0, 1.0)]), 1.25)
    # k replicas cost n + k/2 dollars, the API 1.25 n: from n = 2 k on; k = 1 serves up to 23.5.
    assert [(one.start, one.end) for one in found] == [(pytest.approx(2.0), math.inf)]


def test_an_api_below_a_gpu_that_is_never_idle_is_cheaper_at_any_load() -> None:
    hosts = hosts_of([(0.5, 0.5, 1.0)])
    dear = never_idle(hosts) / MONTHLY.utilisation
    assert cheaper_hosted(MONTHLY, hosts, dear * 0.999) == ()
    assert cheaper_hosted(MONTHLY, hosts, dear * 1.01) != ()


def test_a_job_that_starts_at_once_pays_at_any_load() -> None:
    job = replace(MONTHLY, load=load_of(1.0, Per.ONCE, 24, 0), utilisation=1.0)
    hosts = hosts_of([(1.0, 1.0, 1.0)])
    assert cheaper_hosted(job, hosts, 1.01 * never_idle(hosts)) == (Stretch(start=0.0, end=math.inf),)


@quick
@given(asked=terms(), rows=HOSTS, price=st.floats(-0.3, 1.5), cut=st.floats(0.1, 1))
def test_a_cheaper_rent_takes_no_load_away(
    asked: Terms, rows: list[tuple[float, float, float]], price: float, cut: float
) -> None:
    hosts = hosts_of(rows)
    api_usd = 10**price * never_idle(hosts) / asked.utilisation
    before = cheaper_hosted(asked, hosts, api_usd)
    after = cheaper_hosted(asked, replace(hosts, usd_per_hour=hosts.usd_per_hour * cut), api_usd)
    middles = [one.start + (min(one.end, 2 * one.start + 1) - one.start) / 2 for one in before]
    assert inside(after, np.array(middles)).all()


@quick
@given(asked=terms(), rows=HOSTS, price=st.floats(-1, 1.5))
@example(asked=replace(MONTHLY, pools=True), rows=[(0.001, 100.0, 1.0)], price=0.5)
def test_the_chart_shows_the_bills_the_readers_load_and_where_they_change_places(
    asked: Terms, rows: list[tuple[float, float, float]], price: float
) -> None:
    hosts = hosts_of(rows)
    api_usd = 10**price * never_idle(hosts) / asked.utilisation
    found = cheaper_hosted(asked, hosts, api_usd)
    drawn = volume_of(asked, hosts, api_usd, found)
    assert len(drawn.requests) == VOLUME_POINTS
    assert (np.diff(drawn.requests) > 0).all()
    assert drawn.requests[-1] >= asked.load.requests
    host, api = bills_at(asked, hosts, api_usd, drawn.requests)
    assert drawn.host_usd == pytest.approx(host)
    assert drawn.api_usd == pytest.approx(api)
    assert (np.diff(drawn.host_usd) >= -1e-9 * drawn.host_usd[1:]).all()
