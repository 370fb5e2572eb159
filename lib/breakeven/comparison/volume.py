"""Both bills against the load: at the load that is asked, over a range, and where they change places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from breakeven.formulas import cost
from breakeven.formulas.arrays import Floats
from breakeven.formulas.units import HOURS_PER_MONTH, SECONDS_PER_HOUR, SECONDS_PER_MONTH
from breakeven.hosting.fleet import Fleet, Terms, fleet_of
from breakeven.hosting.row import HostRow

VOLUME_POINTS = 160
MOST_STEPS = 2_000
"""Steps of one deployment's staircase that are looked at: a later one is less than a thousandth of it."""
NARROW = 1e-9
"""Stretches and gaps of a smaller share of the load are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Deployments that may be chosen, one entry each."""

    prefill_s: Floats
    decode_s: Floats
    usd_per_hour: Floats

    def fleets(self, terms: Terms, requests: Floats | None = None) -> Fleet:
        """Their fleets for the load of the question, or for other numbers of requests."""
        return fleet_of(
            terms,
            prefill_s=self.prefill_s,
            decode_s=self.decode_s,
            usd_per_hour=self.usd_per_hour,
            requests=requests,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Loads between which self-hosting costs less than the API; in the unit of the question."""

    start: float
    """Not itself in it, unless 0."""
    end: float
    """Itself in it; infinite: from the start at any load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Bills against the load, of the cheapest deployment at each; US dollars a month, or for the job."""

    requests: Floats
    """Per unit of time of the question; of a job all together."""
    api_usd: Floats
    host_usd: Floats
    replicas: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLoad:
    """Both bills at the scenario's own load; US dollars a month, or for the job."""

    requests_per_s: float
    replicas: int
    busy: float
    """Share of the time that those replicas work. [0 to 1]"""
    hours: float
    """Hours that each is rented. [h]"""
    api_usd: float | None
    """None: no offer can be compared with."""
    host_usd: float
    host_usd_low: float
    """The bill with the work that the estimate's range ends at: whole replicas, so often the same."""
    host_usd_high: float
    requests: float
    """Requests on the bill. [-]"""

    def host_usd_per_request(self) -> float:
        """The bill over its requests. [USD]"""
        return self.host_usd / self.requests


def at_load(terms: Terms, host: HostRow, api_usd_per_request: float | None) -> AtLoad:
    """Both bills at the load of the question."""
    times = np.array([1.0, *host.work_range])
    one = Hosts(
        prefill_s=host.prefill_s * times,
        decode_s=host.decode_s * times,
        usd_per_hour=np.full(3, host.candidate.usd_per_hour),
    ).fleets(terms)
    return AtLoad(
        requests_per_s=terms.load.per_s,
        replicas=int(one.replicas[0]),
        busy=float(one.busy[0]),
        hours=float(one.hours[0]),
        api_usd=None if api_usd_per_request is None else terms.load.billed * api_usd_per_request,
        host_usd=float(one.usd[0]),
        host_usd_low=float(one.usd[1]),
        host_usd_high=float(one.usd[2]),
        requests=terms.load.billed,
    )


def cheaper_hosted(terms: Terms, hosts: Hosts, api_usd_per_request: float) -> tuple[Stretch, ...]:
    """Loads at which some deployment costs less than the API, whole replicas counted.

    Every deployment is a staircase (of a job: a slope with steps) against the API's straight line, so
    the loads are exact. Above the last stretch that ends, the last one has no end, or the API is cheaper.

    Parameters
    ----------
    terms
        How fleets are sized; of its load only the kind counts.
    hosts
        Deployments of which the cheapest counts at each load.
    api_usd_per_request
        Bill of the API, more than 0. [USD]

    Returns
    -------
    tuple
        Stretches in order, none touching the next; requests per unit of time of the question.
    """
    kept = _undominated(hosts)
    rows = [
        _stretches_of(terms, float(prefill_s), float(decode_s), float(usd_per_hour), api_usd_per_request)
        for prefill_s, decode_s, usd_per_hour in zip(
            kept.prefill_s, kept.decode_s, kept.usd_per_hour, strict=True
        )
    ]
    return _merged(np.concatenate([one for one, _ in rows]), np.concatenate([one for _, one in rows]))


def _undominated(hosts: Hosts) -> Hosts:
    """Deployments to which no other is preferable at every load: cheaper, and quicker at both parts."""
    table = np.stack([hosts.usd_per_hour, hosts.prefill_s, hosts.decode_s], axis=1)
    table = np.unique(table, axis=0)
    no_worse = (table[:, None, :] <= table[None, :, :]).all(axis=2) & ~np.eye(len(table), dtype=bool)
    usd, prefill, decode = table[~no_worse.any(axis=0)].T
    return Hosts(prefill_s=prefill, decode_s=decode, usd_per_hour=usd)


def _stretches_of(
    terms: Terms, prefill_s: float, decode_s: float, usd_per_hour: float, api_usd: float
) -> tuple[Floats, Floats]:
    """Where one deployment costs less than the API: starts and ends, step by step."""
    load = terms.load
    work = prefill_s + decode_s
    fixed = terms.overhead_month
    if load.ends:
        # k replicas share up to k (T - s) / g requests; each more request costs its work.
        room, slope = load.finish_s - load.startup_s, usd_per_hour / SECONDS_PER_HOUR * work
        step_usd, line = usd_per_hour / SECONDS_PER_HOUR * load.startup_s, api_usd
        fixed = terms.overhead_month * load.finish_s / SECONDS_PER_MONTH
    else:
        room, slope = terms.utilisation * load.unit_s, 0.0
        step_usd, line = usd_per_hour * HOURS_PER_MONTH, api_usd * SECONDS_PER_MONTH / load.unit_s
    parts = [prefill_s, decode_s] if terms.pools else [work]
    gain = line - slope - step_usd * work / room
    if gain <= NARROW * line:
        return np.empty(0), np.empty(0)
    # From here on the line is never met again: k steps cost at most what work alone asks, and one each.
    safe = (fixed + len(parts) * step_usd) / gain
    top = min(safe, MOST_STEPS * room / max(parts))
    steps = [np.floor(top * part / room) for part in parts]
    edges = np.unique(
        np.concatenate([np.arange(n + 1) * (room / part) for n, part in zip(steps, parts, strict=True)])
    )
    beyond = min((n + 1) * (room / part) for n, part in zip(steps, parts, strict=True))
    ends = np.append(edges[1:], beyond)
    middle = (edges + ends) / 2
    replicas = np.sum([np.ceil(middle * part / room) for part in parts], axis=0)
    starts = np.maximum(edges, (fixed + replicas * step_usd) / (line - slope))
    if safe <= top:
        ends[-1] = np.inf
    else:  # what lies between is as cheap to less than one step in so many
        starts, ends = np.append(starts, safe), np.append(ends, np.inf)
    good = starts < ends * (1 - NARROW)
    return starts[good], ends[good]


def _merged(starts: Floats, ends: Floats) -> tuple[Stretch, ...]:
    """The union of stretches."""
    if not starts.size:
        return ()
    order = np.argsort(starts, kind="stable")
    starts, furthest = starts[order], np.maximum.accumulate(ends[order])
    apart = np.flatnonzero(starts[1:] > furthest[:-1] * (1 + NARROW))
    firsts, lasts = np.append(0, apart + 1), np.append(apart, starts.size - 1)
    return tuple(
        Stretch(start=start, end=end)
        for start, end in zip(starts[firsts].tolist(), furthest[lasts].tolist(), strict=True)
    )


def volume_of(terms: Terms, hosts: Hosts, api_usd_per_request: float, stretches: Sequence[Stretch]) -> Volume:
    """Bills from no load to one that shows the reader's own and where they change places."""
    kept = _undominated(hosts)
    own = terms.load.requests
    carries = terms.utilisation * terms.load.unit_s / float((kept.prefill_s + kept.decode_s).min())
    turns = [x for one in stretches for x in (one.start, one.end) if np.isfinite(x) and x > 0]
    points = [4 * carries, *(1.5 * x for x in turns)]
    # Beyond forty steps the staircase is a line to the eye; the reader's own load must be on it.
    top = max(min(max(points), 40 * carries), 1.5 * own)
    requests = np.linspace(0, top, VOLUME_POINTS + 1)[1:]
    fleets = kept.fleets(terms, requests[:, None])
    best = np.argmin(fleets.usd, axis=1)
    each = np.arange(requests.size)
    per_bill = 1.0 if terms.load.ends else SECONDS_PER_MONTH / terms.load.unit_s
    return Volume(
        requests=requests,
        api_usd=requests * per_bill * api_usd_per_request,
        host_usd=fleets.usd[each, best],
        replicas=fleets.replicas[each, best],
    )


def busy_at_par(hosts: Hosts, api_usd_per_request: float) -> float:
    """How busy the best deployment must be for a request to cost what the API charges; 1 or more: never."""
    work_s = hosts.prefill_s + hosts.decode_s
    return float(
        cost.break_even_utilisation(
            busy_usd_per_request=float((work_s * hosts.usd_per_hour).min()) / SECONDS_PER_HOUR,
            api_usd_per_request=api_usd_per_request,
        )
    )
