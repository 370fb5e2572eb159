"""API prices: the installed `genai_prices` package and the dated history, flattened into rows.

The rows have the columns of table ``api_prices`` in ``data/schema.sql``. Nothing here touches the
network or the database. Three rules decide what a row says:

1. A price that the package dates keeps that date. Its undated first price starts where the history
   first saw the same price, otherwise on the day of the catalogue (the day before the first dated
   change, where there is one): a day is never shown a price that nobody dated so far back.
2. From the first day of the package's own prices of an offer, what the history only saw in some release
   is silent about it. A published price, read by a person, holds from its day on until a later one.
3. A price that nothing here can express (time of day, searches of stores, pages) is said in ``notes``.

What one catalogue knows of a model and another does not is put together by :mod:`breakeven.tables.families`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from genai_prices import data
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from breakeven.tables.catalogue_rules import CatalogueRules
from breakeven.tables.exports import Processing
from breakeven.tables.families import with_families
from breakeven.tables.meters import Meter
from breakeven.tables.past import METERS as _METERS
from breakeven.tables.past import Period as _Period
from breakeven.tables.past import history_periods

Row = dict[str, Any]

COLUMNS = (
    "api_offer_id",
    "provider",
    "api_model",
    "name",
    "valid_from",
    "valid_from_kind",
    "valid_to",
    "processing",
    "tier_above_tokens",
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "cache_read_usd_per_mtok",
    "cache_write_5m_usd_per_mtok",
    "cache_write_1h_usd_per_mtok",
    "usd_per_request",
    *(meter.column for meter in Meter),
    "context_tokens",
    "reseller",
    "deprecated",
    "flag",
    "notes",
    "meter_sources",
    "source_id",
    "locator",
    "as_of",
)
"""Columns of a row, in the order of table ``api_prices``."""

_VARIANTS: Mapping[Processing, tuple[Mapping[str, str], ...]] = {
    Processing.BATCH: ({"processing": "batch"},),
    Processing.FLEX: ({"service_tier": "flex"},),
    Processing.PRIORITY: ({"service_tier": "priority"},),
    Processing.FAST: ({"speed": "fast"}, {"service_tier": "fast"}),
}
"""When the package prices a request so."""
_PLAIN = ({"service_tier": "default"},)
"""Variants of the package that are the standard price."""
MOST_APART = 2
"""A price that another catalogue has at more than this multiple is doubtful, and never the default."""
_RESOLUTION = Decimal("1e-9")  # of the DECIMAL(18, 9) columns
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedOffer:
    """An offer of the package that is not sold by the token."""

    provider: str
    """Who bills."""
    api_model: str
    """The provider's name of the model."""
    meters: tuple[str, ...]
    """What it is sold by, in the package's names; empty where no price is given at all (free routes)."""


def catalogue_rows(
    history: Sequence[Mapping[str, str]],
    *,
    rules: CatalogueRules,
    catalogue_day: date,
    source_id: str,
    providers: Sequence[Provider] = data.providers,
) -> list[Row]:
    """Flatten the package and the history into rows of ``api_prices``.

    Parameters
    ----------
    history
        Older prices as :func:`breakeven.tables.daily.in_one_line` puts them together; rows of
        ``data/api_prices_history.csv`` alone will do.
    rules
        Who passes on models that somebody else serves.
    catalogue_day
        Day on which the installed release of the package came out.
    source_id
        Key of that release in ``sources``.
    providers
        Prices in the package's types; those that it came with, or newer ones of the same form.

    Returns
    -------
    list of dict
        One dict per offer, first day, processing and tier, keys as in ``COLUMNS``, sorted by them.
    """
    past = history_periods(history, rules)
    rows: list[Row] = []
    for provider, model in _offers(providers):
        key = (provider.id, model.id)
        older = past.pop(key, {})
        frame = _frame(provider, model, rules, catalogue_day, source_id)
        standard = _combine(_standard_periods(model, frame), older.get("standard", []), catalogue_day)
        if not standard:
            continue
        others = [
            _beside_standard(
                _combine(
                    _variant_periods(model, frame, processing), older.get(processing, []), catalogue_day
                ),
                standard,
            )
            for processing in _VARIANTS
        ]
        rows += _dated_rows(standard, *others)
    for older in past.values():
        standard = older["standard"]
        others = [_beside_standard(older.get(processing, []), standard) for processing in _VARIANTS]
        rows += _dated_rows(standard, *others)
    rows = with_families(rows, rules, providers)
    rows.sort(key=_row_key)
    return rows


def skipped_offers() -> list[SkippedOffer]:
    """List the package's offers that have no price per token (speech, images, pages)."""
    skipped = []
    for provider, model in _offers(data.providers):
        if not any(_sold_by_token(condition.prices) for condition in _conditions(model)):
            meters = {name for c in _conditions(model) for name in _charged(c.prices)}
            skipped.append(
                SkippedOffer(provider=provider.id, api_model=model.id, meters=tuple(sorted(meters)))
            )
    return skipped


def _offers(providers: Sequence[Provider]) -> Iterator[tuple[Provider, ModelInfo]]:
    return ((provider, model) for provider in providers for model in provider.models)


def _conditions(model: ModelInfo) -> list[ConditionalPrice]:
    if isinstance(model.prices, ModelPrice):
        return [ConditionalPrice(prices=model.prices)]
    return model.prices


def _charged(prices: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    return {name: price for name, price in vars(prices).items() if price is not None}


def _sold_by_token(prices: ModelPrice) -> bool:
    charged = _charged(prices)
    return "input_mtok" in charged or "output_mtok" in charged


def _at_tier(price: Decimal | TieredPrices, threshold: int) -> Decimal:
    """Price of a request just above the threshold: its highest tier that starts there or below."""
    if not isinstance(price, TieredPrices):
        return price
    reached = [tier.price for tier in price.tiers if tier.start <= threshold] if threshold else []
    return reached[-1] if reached else price.base


def _frame(
    provider: Provider, model: ModelInfo, rules: CatalogueRules, catalogue_day: date, source_id: str
) -> Row:
    """Everything in a row that does not depend on the day or the price."""
    return {
        "api_offer_id": f"{provider.id}/{model.id}",
        "provider": provider.id,
        "api_model": model.id,
        "meter_sources": None,
        "name": (model.name or model.id).strip(),
        "valid_to": None,
        "context_tokens": model.context_window,
        "reseller": rules.reseller(provider.id, model.id),
        "deprecated": bool(model.deprecated),
        "source_id": source_id,
        "locator": f"provider {provider.id}, model {model.id}",
        "as_of": catalogue_day,
    }


def _priced_rows(
    frame: Row, prices: Mapping[str, Decimal | TieredPrices], processing: str, notes: Sequence[str]
) -> tuple[Row, ...]:
    meters = {name: price for name, price in prices.items() if name in _METERS}
    starts = {tier.start for p in meters.values() if isinstance(p, TieredPrices) for tier in p.tiers}
    also = sorted(name for name in prices if name not in _METERS)
    remarks = [*notes, f"also charged: {', '.join(also)}"] if also else list(notes)
    rows = []
    for threshold in (0, *sorted(starts)):
        row = {**frame, "processing": processing, "tier_above_tokens": threshold}
        row.update(dict.fromkeys(_METERS.values()))
        for name, price in meters.items():
            value = _at_tier(price, threshold)
            row[_METERS[name]] = _rounded(value / 1000 if name == "requests_kcount" else value)
        row["flag"] = _free_flag(row)
        row["notes"] = "; ".join(remarks) or None
        rows.append(row)
    return tuple(rows)


def _rounded(value: Decimal) -> Decimal:
    """Cut what a float left behind the ninth decimal of a dollar per million tokens."""
    exponent = value.as_tuple().exponent
    return value.quantize(_RESOLUTION) if isinstance(exponent, int) and exponent < -9 else value


def _free_flag(row: Row) -> str | None:
    free = not row["input_usd_per_mtok"] and not row["output_usd_per_mtok"]
    return "free tier: price 0, rate-limited" if free else None


def _start(condition: Any) -> date | None:
    constraint = condition.constraint
    return constraint.start_date if isinstance(constraint, StartDateConstraint) else None


def _standard_on(model: ModelInfo, day: date | None) -> tuple[ModelPrice, list[str]]:
    """Standard prices on a day, and what they leave out; ``None`` is the time before any date.

    Daily windows carry no date in the package and describe its latest prices, so they apply from the
    last dated change on. The dearer price of the day is taken: nobody is promised the cheap hours.
    """
    conditions = _conditions(model)
    flat = [c for c in conditions if not isinstance(c.constraint, TimeOfDateConstraint)]
    windows = [c for c in conditions if isinstance(c.constraint, TimeOfDateConstraint)]
    in_force = flat[0]
    for condition in flat:
        start = _start(condition)
        if start is None or (day is not None and start <= day):
            in_force = condition
    if not windows or in_force is not flat[-1]:
        return in_force.prices, []
    peak = max([in_force, *windows], key=lambda c: _headline_sum(c.prices))
    cheap = min([in_force, *windows], key=lambda c: _headline_sum(c.prices))
    hours = ", ".join(
        f"{c.constraint.start_time:%H:%M}-{c.constraint.end_time:%H:%M}"
        for c in windows
        if isinstance(c.constraint, TimeOfDateConstraint)
    )
    where = f"inside {hours}" if cheap is not in_force else f"outside {hours}"
    charged = _charged(cheap.prices)
    amount = "/".join(f"{charged[m]}" for m in ("input_mtok", "output_mtok") if m in charged)
    return peak.prices, [f"peak price; off-peak ({where} UTC) {amount} USD per Mtok in/out"]


def _headline_sum(prices: ModelPrice) -> Decimal:
    charged = _charged(prices)
    return sum((_at_tier(charged[m], 0) for m in ("input_mtok", "output_mtok") if m in charged), Decimal(0))


def _standard_periods(model: ModelInfo, frame: Row) -> list[_Period]:
    told = [when for several in (*_VARIANTS.values(), _PLAIN) for when in several]
    other = sorted(
        {
            f"{key}={value}"
            for variant in model.price_variants or ()
            if variant.when not in told
            for key, value in variant.when.items()
        }
    )
    variants = [f"other prices exist for {', '.join(other)}"] if other else []
    days = sorted({start for c in _conditions(model) if (start := _start(c))})
    periods = []
    for day in (None, *days):
        prices, notes = _standard_on(model, day)
        if _sold_by_token(prices):
            rows = _priced_rows(frame, _charged(prices), "standard", [*notes, *variants])
            periods.append(_Period(day=day, kind="dated" if day else "catalogue", rows=rows))
    return periods


def _variant_periods(model: ModelInfo, frame: Row, processing: Processing) -> list[_Period]:
    """Prices of one processing: the standard ones of the day, but where a variant has another."""
    variants = [v for v in model.price_variants or () if v.when in _VARIANTS[processing]]
    if not variants:
        return []
    starts = [_start(v) for v in variants]
    first = None if None in starts else min(s for s in starts if s)
    changes = {s for s in starts if s} | {s for c in _conditions(model) if (s := _start(c))}
    later = sorted(day for day in changes if first is None or day > first)
    periods = []
    for day in (first, *later):
        standard, notes = _standard_on(model, day)
        overrides: dict[str, Decimal | TieredPrices] = {}
        for variant, start in zip(variants, starts, strict=True):
            if start is None or (day is not None and start <= day):
                for name, price in _charged(variant.prices).items():
                    overrides.setdefault(name, price)
        if _sold_by_token(standard):
            rows = _priced_rows(frame, {**_charged(standard), **overrides}, processing, notes)
            periods.append(_Period(day=day, kind="dated" if day else "catalogue", rows=rows))
    return periods


def _combine(package: list[_Period], history: list[_Period], catalogue_day: date) -> list[_Period]:
    """Put the package's prices of one offer behind the older ones of the history."""
    if not package:
        return history
    base, *dated = package
    if base.day is None:
        latest = min([catalogue_day, *(p.day - _DAY for p in dated[:1] if p.day)])
        seen = _first_seen(base, history, latest, only_last_run=not dated)
        last = next((p for p in reversed(history) if p.day and p.day <= latest), None)
        if seen:
            package = [_as_seen(base, seen), *dated]
        elif last is None or _ended(last, latest):
            package = [replace(base, day=latest), *dated]
        elif dated:
            package = dated  # the history has a price for the days before the first dated change
        else:
            package = [_disagreeing(replace(base, day=latest), last)]
        base = package[0]
    assert base.day is not None
    older = [p for p in history if p.day and p.day < base.day]
    while older and _says_no_other(older[-1], base):
        package = [_as_seen(base, older.pop()), *package[1:]]
    merged = older
    for period in sorted([*package, *_published_after(package, history)], key=lambda p: p.day or date.min):
        if not merged or merged[-1].prices() != period.prices():
            merged.append(period)
    return merged


def _published_after(package: list[_Period], history: list[_Period]) -> list[_Period]:
    """Prices that a person read and dated after the package's first; on the package's own days it stands.

    A row of the history has no name of the model, and often no context window: the package's remain.
    """
    base, days = package[0], {period.day for period in package}
    kept = {"name": base.rows[0]["name"], "reseller": base.rows[0]["reseller"]}
    newer = []
    for period in history:
        if period.kind == "published" and period.day and base.day and period.day > base.day:
            context = {"context_tokens": period.rows[0]["context_tokens"] or base.rows[0]["context_tokens"]}
            rows = tuple({**row, **kept, **context} for row in period.rows)
            newer += [replace(period, rows=rows)] if period.day not in days else []
    return newer


def _first_seen(
    base: _Period, history: list[_Period], latest: date, *, only_last_run: bool
) -> _Period | None:
    """Find where the history first has the price of the undated base.

    A price that only came back later is not in force in between, so without dated changes only the last
    unbroken run counts. Where the package dates a change, its word on what was charged before stands.
    """
    older = [p for p in history if p.day and p.day <= latest]
    if only_last_run:
        run: list[_Period] = []
        for period in reversed(older):
            if period.headline() != base.headline():
                break
            run.insert(0, period)
    else:
        run = [p for p in older if p.headline() == base.headline()]
    cached = base.rows[0]["cache_read_usd_per_mtok"]
    same_cache = [p for p in run if p.rows[0]["cache_read_usd_per_mtok"] == cached]
    return next(iter(same_cache or run), None)


def _says_no_other(older: _Period, base: _Period) -> bool:
    """Whether an older catalogue has the same price, as far as it has one for each meter."""
    pairs = [(older.rows[0][column], base.rows[0][column]) for column in _METERS.values()]
    return older.headline() == base.headline() and all(one in (None, other) for one, other in pairs)


def _ended(period: _Period, day: date) -> bool:
    end = period.rows[0]["valid_to"]
    return end is not None and end <= day


def _as_seen(base: _Period, seen: _Period) -> _Period:
    """Date a base price by the history, and say by which row."""
    row = seen.rows[0]
    remark = row["notes"] if seen.kind == "published" else None
    origin = f"first day from {row['source_id']} ({row['locator']})"
    return replace(_remarked(base, origin, remark), day=seen.day, kind=seen.kind)


def _disagreeing(base: _Period, last: _Period) -> _Period:
    """Say that the history had another price until the catalogue's day; one of the two lags."""
    row, (inputs, outputs) = last.rows[0], last.headline()
    words = f"catalogues disagree: {row['source_id']} has {inputs}/{outputs} in/out ({row['locator']})"
    told, own = _remarked(base, words), base.headline()
    if inputs and outputs and None not in own and sum(filter(None, own)) * MOST_APART < inputs + outputs:
        flag = f"another catalogue has {inputs}/{outputs}, more than {MOST_APART} times as much"
        told = replace(told, rows=tuple({**row, "flag": row["flag"] or flag} for row in told.rows))
    return told


def _remarked(period: _Period, *remarks: str | None) -> _Period:
    rows = tuple({**row, "notes": "; ".join(filter(None, (row["notes"], *remarks)))} for row in period.rows)
    return replace(period, rows=rows)


def _beside_standard(batch: list[_Period], standard: list[_Period]) -> list[_Period]:
    """Start prices of batch, flex … no earlier than the offer; end old ones with its standard price."""
    first = standard[0]
    fitted: list[_Period] = []
    for position, period in enumerate(batch):
        assert period.day is not None
        assert first.day is not None
        if period.day < first.day:
            following = batch[position + 1 : position + 2]
            if following and following[0].day is not None and following[0].day <= first.day:
                continue
            period = replace(period, day=first.day, kind=first.kind)
        fitted.append(period)
    closed = []
    for position, period in enumerate(fitted):
        following = fitted[position + 1 : position + 2]
        end = _standard_change_after(period, standard) if period.beside else None
        if end and not (following and following[0].day and following[0].day <= end):
            period = replace(period, rows=tuple({**row, "valid_to": end} for row in period.rows))
        closed.append(period)
    return closed


def _standard_change_after(batch: _Period, standard: list[_Period]) -> date | None:
    """First day after the batch price was seen on which the standard price is another one."""
    ends = [batch.rows[0]["valid_to"]]
    ends += [
        p.day for p in standard if p.day and batch.day and p.day > batch.day and p.headline() != batch.beside
    ]
    return min((end for end in ends if end), default=None)


def _dated_rows(*groups: list[_Period]) -> Iterator[Row]:
    for group in groups:
        for position, period in enumerate(group):
            following = [p.day for p in group[position + 1 : position + 2]]
            for row in period.rows:
                dated = {**row, "valid_from": period.day, "valid_from_kind": period.kind}
                if dated["valid_to"] and following and following[0] and following[0] <= dated["valid_to"]:
                    dated["valid_to"] = None  # the later row takes over on its own day
                yield {column: dated[column] for column in COLUMNS}


def _row_key(row: Row) -> tuple[str, date, str, int]:
    return row["api_offer_id"], row["valid_from"], row["processing"], row["tier_above_tokens"]
