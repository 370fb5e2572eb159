"""What a usage file could cost, rung by rung: from the models that were used to ever larger changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

import numpy as np

from breakeven.apis.bills import Bill, bills_of
from breakeven.apis.changes import changed
from breakeven.apis.shapes import Marks
from breakeven.apis.workloads import ModelRow, PricedOffer, PricedWorkload, groups_of_models
from breakeven.formulas.units import SECONDS_PER_MONTH
from breakeven.hosting.workloads import HostedOffer, Hosting
from breakeven.tables.queries import Connection
from breakeven.tables.records import ApiOffer
from breakeven.tables.scores import Scale, Scores, at_least_as_good, compared_by, same_model, score_of
from breakeven.words.names import deployment_name
from breakeven.words.numbers import count, number

USED, NO_FLOOR = "used", "none"
"""Floors beside a model's name: each model at least as good as the one it replaces; anything scored."""
MOST_MODELS = 25
"""Models of a file that are replaced one by one, the dearest first; what is left is a trifle."""
CHEAPER = (0.5, 0.1)
"""Shares of the bill left so far that smaller models are looked for at: the best for at most so much."""
SHORTEST_MONTH_S = 86_400.0
"""A file that covers less says nothing about a month. [s]"""


class Kind(StrEnum):
    """What a rung changes."""

    USED = "the models used"
    HOSTS = "the same models at cheaper hosts"
    AS_GOOD = "models at least as good"
    SMALLER = "a smaller model"
    HOSTED = "hosting an open model"
    CACHED = "half of the uncached prompt read from a cache"
    BATCHED = "everything as batch"
    SHORTER = "answers 20 % shorter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One change and what the file would cost with it."""

    kind: Kind
    usd: float | None
    """For the time that the file covers; None: it cannot be, ``why`` says why. [USD]"""
    saves_usd: float | None
    """Less than the models used cost. [USD]"""
    choices: tuple[str, ...] = ()
    """What takes the place of what, in words."""
    lost: str | None = None
    """What is given up, in words."""
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Offers that serve all of a file, by whether they are at least as good as the floor."""

    as_good: tuple[PricedOffer, ...]
    lesser: tuple[PricedOffer, ...]
    unscored: tuple[PricedOffer, ...]
    """No published score: nothing can be said of how good they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A file's bill, rung by rung."""

    rungs: tuple[Rung, ...]
    held: Held
    """Every offer for the whole file, cheapest first in each part, those that are marked last."""
    floor: str
    """``used``, ``none``, or the model that offers are held against."""
    reference: str | None
    """The offer that the whole file is held against: that of the dearest model used, or the floor."""
    scale: Scale | None
    """What the scores are of; None: nothing scores the reference."""
    covered_s: float | None
    """Time that the bills are for; None: not known. [s]"""
    hosts: tuple[tuple[HostedOffer, bool | None], ...] = ()
    """Deployments and whether their models are good enough: those first, without a score last."""

    @property
    def best(self) -> PricedOffer | None:
        """The cheapest offer for the whole file that is good enough and that nothing speaks against."""
        return next((one for one in self.held.as_good if not one.remarks_stand), None)

    def ordered(self, hosting: Hosting) -> Hosting:
        """The deployments in that order: what is planned further is for a model that is good enough."""
        return replace(hosting, offers=tuple(one for one, _ in self.hosts))

    def month_usd(self, usd: float) -> float | None:
        """The same over a month; None: the file covers no day. [USD/month]"""
        if self.covered_s is None or self.covered_s < SHORTEST_MONTH_S:
            return None
        return usd * SECONDS_PER_MONTH / self.covered_s


def ladder_of(
    priced: PricedWorkload,
    hosting: Hosting,
    connection: Connection,
    scores: Scores,
    floor: str = USED,
) -> Ladder:
    """Price a file rung by rung.

    Parameters
    ----------
    priced, hosting
        The file on every offer and on rented GPUs.
    connection
        The tables.
    scores
        Published scores, and the visitor's own.
    floor
        ``used``: each model at least as good as the one that it replaces. ``none``: anything that has a
        score. Otherwise the name of a model that all must be as good as.

    Returns
    -------
    Ladder
        The rung of the models used first; without a list price of any of them there are no rungs.
    """
    used = sorted(
        (row for row in priced.models if row.offer_id is not None and row.list_usd),
        key=lambda row: -(row.list_usd or 0),
    )
    if floor == USED and not used:
        floor = NO_FLOOR  # the file names no model that could be held against
    reference = floor if floor not in (USED, NO_FLOOR) else used[0].offer_id if used else None
    offers = {one.offer.api_offer_id: one.offer for one in priced.offers}
    scale = None if reference is None else compared_by(scores, reference, tuple(offers))
    held = NO_FLOOR if floor == NO_FLOOR else reference
    hosts = [(one, _enough(scores, one.model.model_id, held, scale)) for one in hosting.offers]
    ladder = Ladder(
        rungs=(),
        held=_held(priced.offers, scores, held, scale),
        hosts=tuple(sorted(hosts, key=lambda one: _GOOD.index(one[1]))),
        floor=floor,
        reference=reference,
        scale=scale,
        covered_s=hosting.covered_s,
    )
    base = float(sum((row.list_usd or Decimal(0) for row in used), Decimal(0)))
    if not used or base <= 0:
        return ladder
    few = used[:MOST_MODELS]
    bills = bills_of(connection, priced.day, groups_of_models(priced.workload, [row.model for row in few]))
    kept = float(sum((row.list_usd or Decimal(0) for row in used[MOST_MODELS:]), Decimal(0)))
    asked = _Used(rows=few, bills=bills, clean=_clean(offers, bills, len(few), scores), base=base, kept=kept)
    full = _as_full(priced, connection, few, bills)
    enough = _good_enough(scores, floor, tuple(offers))

    def same(row: ModelRow, one: ApiOffer) -> bool:
        return same_model(scores, row.offer_id or "", one.api_offer_id)

    good = asked.replaced(
        Kind.AS_GOOD, lambda row, one: enough(row, one) and (not same(row, one) or full(row, one))
    )
    below = base if good.usd is None else good.usd
    rungs = [
        Rung(kind=Kind.USED, usd=base, saves_usd=0.0, choices=tuple(_own(row) for row in few[:5])),
        asked.replaced(Kind.HOSTS, lambda row, one: same(row, one) and full(row, one)),
        good,
        *_smaller(asked, below, scores, reference, scale),
        _hosted(priced, ladder.hosts, base),
    ]
    for kind in (Kind.CACHED, Kind.BATCHED, Kind.SHORTER):
        usd = float(changed(priced, connection, kind.name.lower()))
        cheaper = usd < base - 1e-9
        rungs.append(
            _taken(kind, base, usd) if cheaper else _not(kind, "the models used have no lower price for it")
        )
    return replace(ladder, rungs=tuple(rungs))


_GOOD = (True, False, None)
"""Order of what is known of a model: good enough, not, not known."""


def _not(kind: Kind, why: str) -> Rung:
    """A rung that cannot be taken."""
    return Rung(kind=kind, usd=None, saves_usd=None, why=why)


def _taken(kind: Kind, base: float, usd: float, choices: Sequence[str] = (), lost: str | None = None) -> Rung:
    """A rung with its bill."""
    return Rung(kind=kind, usd=usd, saves_usd=base - usd, choices=tuple(choices), lost=lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Used:
    """The models that are replaced, and what every offer asks for the requests of each."""

    rows: Sequence[ModelRow]
    bills: Mapping[tuple[str, int], Bill]
    """By offer and place in ``rows``."""
    clean: Mapping[int, Mapping[str, ApiOffer]]
    """By place in ``rows``: offers that nothing speaks against."""
    base: float
    """Bill of the models used. [USD]"""
    kept: float
    """The part of it of models that are not replaced. [USD]"""

    def usd(self, offer_id: str, index: int) -> float:
        """Bill of one model's requests on an offer. [USD]"""
        return _usd(self.bills.get((offer_id, index)))

    def replaced(self, kind: Kind, may: Callable[[ModelRow, ApiOffer], bool]) -> Rung:
        """Each model's requests on the cheapest offer that may take its place; else on its own."""
        usd, choices = self.kept, []
        for index, row in enumerate(self.rows):
            own = float(row.list_usd or 0)
            usable = (one.api_offer_id for one in self.clean[index].values() if may(row, one))
            cheapest, offer_id = min(((self.usd(one, index), one) for one in usable), default=(own, ""))
            if cheapest < own:
                choices.append(f"{offer_id} for {row.model or 'the model'}")
            usd += min(cheapest, own)
        if not choices:
            return _not(kind, "none of them is cheaper than what was used")
        return _taken(kind, self.base, usd, choices)


def _own(row: ModelRow) -> str:
    return f"{row.model or 'the model'} as {row.offer_id}"


def _held(offers: Sequence[PricedOffer], scores: Scores, floor: str | None, scale: Scale | None) -> Held:
    """Sort offers of the whole file by what is known of how good they are."""
    parts: dict[bool | None, list[PricedOffer]] = {True: [], False: [], None: []}
    for one in offers:
        parts[_enough(scores, one.offer.api_offer_id, floor, scale)].append(one)
    # Within a part the offers keep their order, cheapest first; what nothing speaks against goes first.
    for part in parts.values():
        part.sort(key=lambda one: one.remarks_stand)
    return Held(as_good=tuple(parts[True]), lesser=tuple(parts[False]), unscored=tuple(parts[None]))


def _enough(scores: Scores, model: str, floor: str | None, scale: Scale | None) -> bool | None:
    """Whether a model holds the floor; None: its score, or the floor's, is not known."""
    if floor == NO_FLOOR:
        return True if any(score_of(scores, model, one) for one in Scale) else None
    return None if floor is None else at_least_as_good(scores, model, floor, scale)


def _clean(
    offers: Mapping[str, ApiOffer], bills: Mapping[tuple[str, int], Bill], models: int, scores: Scores
) -> dict[int, dict[str, ApiOffer]]:
    """Offers by model of the file that serve all its requests and that nothing speaks against."""
    groups: dict[str, list[ApiOffer]] = defaultdict(list)
    for offer in offers.values():
        groups[next(iter(scores.keys(offer.api_offer_id)), offer.api_offer_id)].append(offer)
    found: dict[int, dict[str, ApiOffer]] = {index: {} for index in range(models)}
    for group in groups.values():
        usd = np.array([[_usd(bills.get((one.api_offer_id, i))) for i in range(models)] for one in group])
        good = Marks.of(group, usd, resellers=False, patient=False).clean & ~np.isnan(usd)
        for row, column in zip(*np.nonzero(good), strict=True):
            found[int(column)][group[row].api_offer_id] = group[row]
    return found


_CACHE = {"cache_read", "cache_write_5m", "cache_write_1h"}


def _usd(bill: Bill | None) -> float:
    """A bill of all requests; NaN where some are too long for the offer, or something has no price there."""
    if bill is None or bill.not_served or not bill.served:
        return float("nan")
    # A host that sells no cache reads and writes it all as input; what else has no price there is not sold.
    return float("nan") if set(bill.without_price) - _CACHE else float(bill.usd)


def _as_full(
    priced: PricedWorkload,
    connection: Connection,
    used: Sequence[ModelRow],
    bills: Mapping[tuple[str, int], Bill],
) -> Callable[[ModelRow, ApiOffer], bool]:
    """Whether another host's list of prices for a model is as full as the model's own.

    One that lacks the price of long requests or of writes to the cache, which the model's own has, says
    nothing of what they cost there.
    """
    number = {row.model: index for index, row in enumerate(used)}
    sql = "SELECT DISTINCT api_offer_id FROM api_prices WHERE tier_above_tokens > 0"
    tiered = {offer_id for (offer_id,) in connection.cursor().execute(sql).fetchall()}
    long = {cell.model for cell in priced.workload.cells if cell.tier}

    def full(row: ModelRow, offer: ApiOffer) -> bool:
        if row.model in long and row.offer_id in tiered and offer.api_offer_id not in tiered:
            return False
        lacking = set(bills[offer.api_offer_id, number[row.model]].without_price) & _CACHE
        return not lacking or bool(row.without_price)

    return full


def _good_enough(scores: Scores, floor: str, offers: Sequence[str]) -> Callable[[ModelRow, ApiOffer], bool]:
    """Whether an offer may take the place of a model that was used."""
    scales: dict[str, Scale | None] = {}

    def enough(row: ModelRow, offer: ApiOffer) -> bool:
        held = (row.offer_id or "") if floor == USED else floor
        if held not in scales:
            scales[held] = None if held == NO_FLOOR else compared_by(scores, held, offers)
        return _enough(scores, offer.api_offer_id, held, scales[held]) is True

    return enough


def _smaller(
    used: _Used, below: float, scores: Scores, reference: str | None, scale: Scale | None
) -> list[Rung]:
    """All of it on one model that scores less: the best one for at most half, and for at most a tenth."""
    top = None if reference is None or scale is None else score_of(scores, reference, scale)
    if top is None or scale is None:
        who = reference or "the models used"
        return [_not(Kind.SMALLER, f"no score of {who} is known to hold others against")]
    found = []
    for offer_id in set.intersection(*(set(one) for one in used.clean.values())):
        score = score_of(scores, offer_id, scale)
        if score is not None and score.value < top.value:
            usd = used.kept + sum(used.usd(offer_id, index) for index in range(len(used.rows)))
            found.append((score.value, usd, offer_id))
    rungs: dict[str, Rung] = {}
    for share in CHEAPER:
        cheap = [one for one in found if one[1] <= share * below]
        if cheap:
            value, usd, offer_id = max(cheap, key=lambda one: (one[0], -one[1], one[2]))
            lost = f"{scale} {number(value, 4)} instead of {number(top.value, 4)}"
            rungs.setdefault(offer_id, _taken(Kind.SMALLER, used.base, usd, (offer_id,), lost))
    return list(rungs.values()) or [
        _not(Kind.SMALLER, "no scored model costs half of it and serves all of it")
    ]


def _hosted(priced: PricedWorkload, hosts: Sequence[tuple[HostedOffer, bool | None]], base: float) -> Rung:
    """The cheapest deployment of an open model that is good enough."""
    unpriced = priced.unpriced_requests
    best = next((one for one, good in hosts if good), None)
    if not priced.workload.counted:
        why = "the file has sums and does not say of how many requests"
    elif unpriced:
        why = f"{count(unpriced, 'request')} have no list price to hold a fleet for all of them against"
    elif not hosts:
        why = "no deployment of an open model holds the targets for these requests"
    elif best is None:
        why = "no open model that can be placed here has a score that high"
    else:
        where = f"{count(best.replicas, 'replica')} × {deployment_name(best)}"
        return _taken(Kind.HOSTED, base, best.usd, (f"{best.model.name} on {where}",))
    return _not(Kind.HOSTED, why)
