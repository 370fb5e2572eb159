"""What a workload costs on every API offer: sums times prices, so that another price list costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from breakeven.apis.bills import Bill, bills_of, group_of, without_price
from breakeven.apis.ranges import in_range
from breakeven.tables import queries
from breakeven.tables.daily import doubt_on
from breakeven.tables.ends import api_ends, successor_on
from breakeven.tables.exports import Processing
from breakeven.tables.meters import Meter
from breakeven.tables.names import Names, Resolution, names_on, resolve
from breakeven.tables.records import ApiOffer
from breakeven.usage.formats import Format
from breakeven.usage.sql import Edges
from breakeven.usage.sums import Cell, How, Slice, Tokens, Workload, add_up, sums_by


def price_edges(connection: DuckDBPyConnection) -> Edges:
    """Every length at which any price or context window of the catalogue changes, whatever the day."""
    cursor = connection.cursor()

    def column(name: str) -> tuple[int, ...]:
        rows = cursor.execute(
            f"SELECT DISTINCT {name} FROM api_prices WHERE {name} > 0 ORDER BY {name}"
        ).fetchall()
        return tuple(int(value) for (value,) in rows)

    return Edges(tiers=column("tier_above_tokens"), contexts=column("context_tokens"))


SHOWN_UNKNOWN = 20
"""Names without an offer that are shown with those that look like them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOffer:
    """The whole workload on one offer."""

    offer: ApiOffer
    prompt_usd: Decimal
    """Prompt tokens, cached ones at their own price, and fees per request. [USD]"""
    completion_usd: Decimal
    requests_served: int
    requests_not_served: int
    """Requests longer than the offer's context window; they are not in the price."""
    tokens_not_served: int
    notes: tuple[str, ...]

    @property
    def remarks(self) -> str:
        """What speaks against the offer or limits it, in one line."""
        offer = self.offer
        marks = (
            offer.flag,
            "reseller" if offer.reseller else None,
            "being retired" if offer.deprecated else None,
        )
        return "; ".join(mark for mark in (*marks, *self.notes) if mark)

    @property
    def remarks_stand(self) -> bool:
        """Whether something speaks against taking it: a mark, or requests that are too long for it."""
        return marked(self.offer) or not self.serves_all

    @property
    def usd(self) -> Decimal:
        """Bill for the requests that are served. [USD]"""
        return self.prompt_usd + self.completion_usd

    @property
    def serves_all(self) -> bool:
        """Whether no request is too long."""
        return self.requests_not_served == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model of the file at its own list price."""

    model: str | None
    tokens: Tokens
    offer_id: str | None
    """None: unpriced, the name is not in the price list."""
    nearest: tuple[str, ...]
    """Offers whose names look like one that has none, for the names that most requests have."""
    list_usd: Decimal | None
    paid_usd: float | None
    requests_too_long: int
    """Requests longer than the model's own context window: a mistake in the file or in the catalogue."""
    resolution: Resolution
    """How the name was understood."""
    without_price: tuple[str, ...]
    """What was needed and has no price, and what was done about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """Cost of one hour, day or tenant."""

    key: datetime | int | str | None
    """Start (UTC), minutes since the start of a relative trace, or the tenant."""
    tokens: Tokens
    usd: Decimal | None
    """None: no model of it has a list price."""
    unpriced_requests: int
    paid_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A model of the file that ended or will end, and what takes its place on this workload."""

    model: str | None
    offer_id: str
    ends_on: date
    successor: str | None
    """The offer that its maker names, or the successor's where that ended, too; None: none has a price."""
    list_usd: Decimal | None
    """The model's own bill. [USD]"""
    successor_usd: Decimal | None
    """The same requests on the successor. [USD]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedWorkload:
    """A workload at the prices of one day."""

    workload: Workload
    day: date
    offers: tuple[PricedOffer, ...]
    """Cheapest first; offers that cannot serve every request come last, flagged ones before them."""
    models: tuple[ModelRow, ...]
    list_usd: Decimal | None
    """The models actually used, at list price; None: none has one."""
    unpriced_requests: int
    paid_usd: float | None
    notes: tuple[str, ...]
    ends: tuple[Ending, ...] = ()
    """Models that ended or will, the nearest end first."""

    @property
    def best(self) -> PricedOffer | None:
        """Cheapest offer that serves every request and carries no mark."""
        return next((o for o in self.offers if o.serves_all and not marked(o.offer)), None)


def marked(offer: ApiOffer) -> bool:
    """Whether something speaks against an offer, whatever is asked of it."""
    return bool(offer.flag) or offer.deprecated or offer.reseller


def collapsed(cells: Iterable[Cell]) -> dict[tuple[How, int, int], Tokens]:
    """Sums by what decides a price: processing, tier, context class."""
    return sums_by(((cell.how, cell.tier, cell.context), cell.tokens) for cell in cells)


def cell_groups(
    cells: Iterable[Cell], offer: str | None, edges: Edges, key: int = 0, factor: Decimal = Decimal(1)
) -> list[dict[str, Any]]:
    """Cells as one bill, on one offer or on every one in force."""
    return [
        group_of(
            key,
            offer,
            processing=how[0],
            region=how[1],
            tier=tier,
            context=context,
            edges=edges,
            tokens=tokens,
            factor=factor,
        )
        for (how, tier, context), tokens in collapsed(cells).items()
    ]


def beside_text(
    key: int,
    offer: str | None,
    how: How,
    meters: Mapping[Meter, int],
    edges: Edges,
    factor: Decimal = Decimal(1),
) -> dict[str, Any]:
    """What is counted beside tokens of text, as a group of a bill."""
    return group_of(
        key,
        offer,
        processing=how[0],
        region=how[1],
        tier=0,
        context=-1,
        edges=edges,
        tokens=Tokens(),
        extras=meters,
        factor=factor,
    )


def groups_of_models(workload: Workload, models: Sequence[str | None]) -> list[dict[str, Any]]:
    """Groups of a bill of each model's requests, by its place in the list, on every offer in force."""
    edges, number = workload.edges, {model: index for index, model in enumerate(models)}
    groups = [
        group
        for model, index in number.items()
        for group in cell_groups((cell for cell in workload.cells if cell.model == model), None, edges, index)
    ]
    return groups + [
        beside_text(number[model], None, how, meters, edges)
        for (model, how), meters in workload.extras.items()
        if model in number
    ]


def price_workload(
    workload: Workload,
    connection: DuckDBPyConnection,
    day: date,
    *,
    named: Mapping[str, str] | None = None,
) -> PricedWorkload:
    """Price a workload on every API offer in force on a day.

    Parameters
    ----------
    workload
        From :func:`breakeven.usage.read.read_workload` with the edges of the same tables.
    connection
        The tables.
    day
        Whose prices apply.
    named
        Offers that the user chose for models whose names are not in the price list.
    """
    priced = _price(workload, connection, day, named or {})
    if not workload.shorter:
        return priced
    return in_range(priced, _price(replace(workload, cells=workload.shorter), connection, day, named or {}))


def _price(
    workload: Workload, connection: DuckDBPyConnection, day: date, named: Mapping[str, str]
) -> PricedWorkload:
    """Price a workload with every request in the class in which its cells have it."""
    offers = {offer.api_offer_id: offer for offer in queries.api_offers_on(connection, day)}
    edges = workload.edges
    groups = cell_groups(workload.cells, None, edges)
    groups += [beside_text(0, None, how, meters, edges) for (_, how), meters in workload.extras.items()]
    tier_unknown = not workload.per_request and not any(cell.tier for cell in workload.cells)
    priced = [
        _priced_offer(offers[offer_id], bill, tier_unknown)
        for (offer_id, _), bill in bills_of(connection, day, groups).items()
        if offer_id in offers and bill.served
    ]
    priced.sort(key=lambda p: (p.requests_not_served > 0, bool(p.offer.flag), p.usd, p.offer.api_offer_id))
    models = _model_rows(workload, connection, day, offers, named)
    ends = _endings(workload, connection, day, models)
    known = [row.list_usd for row in models if row.list_usd is not None]
    unpriced = sum(row.tokens.requests for row in models if row.offer_id is None and row.model is not None)
    return PricedWorkload(
        workload=workload,
        day=day,
        offers=tuple(priced),
        models=models,
        list_usd=sum(known, Decimal(0)) if known else None,
        unpriced_requests=unpriced,
        paid_usd=workload.paid_usd,
        notes=tuple(_notes(models, ends, day)),
        ends=ends,
    )


def _priced_offer(offer: ApiOffer, bill: Bill, tier_unknown: bool) -> PricedOffer:
    notes = []
    if bill.not_served:
        notes.append(
            f"{bill.not_served:,} requests are longer than its context of {offer.context_tokens or 0:,} "
            f"tokens; the price is for the other {bill.served:,}."
        )
    if bill.as_standard:
        notes.append("It has no batch price: batch requests are charged at the standard one.")
    if tier_unknown and len(offer.tiers) > 1:
        notes.append(
            "Its price changes with the length of a request, which the file does not tell: base price."
        )
    return PricedOffer(
        offer=offer,
        prompt_usd=bill.prompt,
        completion_usd=bill.completion,
        requests_served=bill.served,
        requests_not_served=bill.not_served,
        tokens_not_served=bill.tokens_not_served,
        notes=tuple(notes),
    )


def resolve_models(
    workload: Workload, names: Names, named: Mapping[str, str]
) -> dict[str | None, Resolution]:
    """What every name of a model in a file means, on the day of the names."""
    form = _format_of(workload)

    def meant(model: str | None) -> Resolution:
        if model is None:
            return Resolution(None)
        if model in named:
            return Resolution(named[model], ended_on=names.ends.get(named[model]))
        return resolve(model, form.provider if form else None, names)

    return {model: meant(model) for model in workload.by_model}


def _format_of(workload: Workload) -> Format | None:
    forms = {found.format.format_id: found.format for found in workload.recognised}
    return next(iter(forms.values())) if len(forms) == 1 else None


def _model_rows(
    workload: Workload,
    connection: DuckDBPyConnection,
    day: date,
    offers: Mapping[str, ApiOffer],
    named: Mapping[str, str],
) -> tuple[ModelRow, ...]:
    sums = workload.by_model
    names = names_on(connection, day)
    resolved = resolve_models(workload, names, named)
    groups = []
    number = {model: index for index, model in enumerate(sums)}
    too_long: dict[str | None, int] = {}
    processings: dict[str | None, set[Processing]] = {}
    edges = workload.edges
    by_group = sums_by(((c.model, c.how, c.tier, c.context), c.tokens) for c in workload.cells)
    for (model, how, tier, context), tokens in by_group.items():
        found = resolved[model]
        if found.offer_id is None:
            continue
        processings.setdefault(model, set()).add(how[0])
        # The file says that the model served them, so they are priced whatever the catalogue's context.
        groups.append(
            group_of(
                number[model],
                found.offer_id,
                processing=how[0],
                region=how[1],
                tier=tier,
                context=-1,
                edges=edges,
                tokens=tokens,
                factor=found.factor,
            )
        )
        own = offers.get(found.offer_id)
        limit = own.context_tokens if own else None
        contexts = edges.contexts
        if limit and context >= 0 and (context >= len(contexts) or contexts[context] > limit):
            too_long[model] = too_long.get(model, 0) + tokens.requests
    for (model, how), meters in workload.extras.items():
        meant = resolved.get(model)
        if meant is not None and meant.offer_id is not None:
            groups.append(beside_text(number[model], meant.offer_id, how, meters, edges, factor=meant.factor))
    bills = bills_of(connection, day, groups)
    most = sorted((one for one in sums if resolved[one].unknown), key=lambda one: -sums[one].requests)
    near = {model: names.nearest(resolved[model]) for model in most[:SHOWN_UNKNOWN]}
    rows = []
    for model, tokens in sums.items():
        found = resolved[model]
        bill = bills.get((found.offer_id, number[model])) if found.offer_id else None
        rows.append(
            ModelRow(
                model=model,
                tokens=tokens,
                offer_id=found.offer_id if bill else None,
                nearest=near.get(model, ()),
                list_usd=bill.usd if bill else None,
                paid_usd=workload.models_paid.get(model),
                requests_too_long=too_long.get(model, 0),
                resolution=found,
                without_price=without_price(bill, tuple(processings[model])) if bill else (),
            )
        )
    return tuple(rows)


def _endings(
    workload: Workload, connection: DuckDBPyConnection, day: date, models: Sequence[ModelRow]
) -> tuple[Ending, ...]:
    """Ends of the models of a file, and their successors on the same requests."""
    known = api_ends(connection)
    ending = [  # of a price that stands in for another provider's, the end is not that provider's
        (row, known[row.offer_id])
        for row in models
        if row.offer_id in known and row.offer_id and not row.resolution.stand_in
    ]
    instead = {row.model: successor_on(end.api_offer_id, max(day, end.ends_on), known) for row, end in ending}
    number = {model: index for index, model in enumerate(instead)}
    cells = [cell for cell in workload.cells if instead.get(cell.model)]
    sums = sums_by(((cell.model, cell.how, cell.tier), cell.tokens) for cell in cells)
    groups = [
        group_of(
            number[model],
            instead[model],
            processing=how[0],
            region=how[1],
            tier=tier,
            context=-1,
            edges=workload.edges,
            tokens=tokens,
        )
        for (model, how, tier), tokens in sums.items()
    ]
    bills = {key: bill.usd for (_, key), bill in bills_of(connection, day, groups).items()}
    found = [
        Ending(
            model=row.model,
            offer_id=end.api_offer_id,
            ends_on=end.ends_on,
            successor=instead[row.model],
            list_usd=row.list_usd,
            successor_usd=bills.get(number[row.model]),
        )
        for row, end in ending
    ]
    return tuple(sorted(found, key=lambda one: one.ends_on))


def _notes(models: Sequence[ModelRow], ends: Sequence[Ending], day: date) -> list[str]:
    notes = [doubt] if (doubt := doubt_on(day)) else []
    unknown = [row for row in models if row.offer_id is None and row.model is not None]
    if unknown:
        notes.append(
            f"{len(unknown)} of {len(models)} model names are not in the price list; they are unpriced, "
            "never counted as $0."
        )
    for row in models:
        notes += [f"{row.model}: {words}." for words in row.without_price]
        if row.resolution.free:
            notes.append(f"{row.model} is free: it is priced at $0, and its limits are another matter.")
        elif row.resolution.ended_on and row.offer_id not in {end.offer_id for end in ends}:
            notes.append(
                f"{row.offer_id} has no price since {row.resolution.ended_on}: {row.model} is priced at its "
                "last one."
            )
        if row.requests_too_long:
            notes.append(
                f"{row.requests_too_long:,} requests of {row.model} are longer than its context window in "
                "the catalogue; check the file."
            )
    return notes


# --- over time, by tenant -------------------------------------------------------------------------


def cost_rows(
    workload: Workload,
    connection: DuckDBPyConnection,
    day: date,
    *,
    by: str,
    offer_id: str | None = None,
    named: Mapping[str, str] | None = None,
) -> tuple[CostRow, ...]:
    """Cost by ``hour``, ``day`` or ``tenant``: on one offer, or every model at its own list price."""
    slices = workload.tenants if by == "tenant" else workload.minutes
    step = {"hour": 60, "day": 1440}.get(by, 1)

    def key_of(one: Slice) -> int | str | None:
        return one.key // step * step if isinstance(one.key, int) else one.key

    resolved = resolve_models(workload, names_on(connection, day), named or {})
    tokens = sums_by((key_of(one), one.tokens) for one in slices)
    paid: dict[Any, float] = {}
    unpriced: dict[Any, int] = {}
    number = {key: index for index, key in enumerate(tokens)}
    groups: list[tuple[tuple[Any, ...], Tokens]] = []
    for one in slices:
        key = key_of(one)
        if one.paid_usd is not None:
            paid[key] = paid.get(key, 0.0) + one.paid_usd
        found = Resolution(offer_id) if offer_id else resolved.get(one.model, Resolution(None))
        if found.offer_id is None:
            unpriced[key] = unpriced.get(key, 0) + one.tokens.requests
        else:
            groups.append(((number[key], found.offer_id, one.how, one.tier, found.factor), one.tokens))
    bills = bills_of(
        connection,
        day,
        [
            group_of(
                number_,
                offer,
                processing=how[0],
                region=how[1],
                tier=tier,
                context=-1,
                edges=workload.edges,
                tokens=sums,
                factor=factor,
            )
            for (number_, offer, how, tier, factor), sums in sums_by(groups).items()
        ],
    )
    usd: dict[int, Decimal] = {}
    for (_, index), bill in bills.items():
        usd[index] = usd.get(index, Decimal(0)) + bill.usd
    rows = [
        CostRow(
            key=_moment(key) if isinstance(key, int) and not workload.relative_time else key,
            tokens=tokens[key],
            usd=usd.get(number[key]),
            unpriced_requests=unpriced.get(key, 0),
            paid_usd=paid.get(key),
        )
        for key in tokens
    ]
    order: Callable[[CostRow], Any] = (
        (lambda row: -row.tokens.requests)
        if by == "tenant"
        else (lambda row: (row.key is None, row.key or 0))
    )
    if by != "tenant":
        timed = sorted((row for row in rows if row.key is not None), key=lambda row: row.key)  # type: ignore[arg-type, return-value]
        return (*timed, *(row for row in rows if row.key is None))
    return tuple(sorted(rows, key=order))


def _moment(minutes: int) -> datetime:
    return datetime.fromtimestamp(minutes * 60, tz=UTC)


def total(cells: Iterable[Cell]) -> Tokens:
    """Sums of cells."""
    return add_up(cell.tokens for cell in cells)
