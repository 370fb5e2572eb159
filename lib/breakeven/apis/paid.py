"""What was paid beside the list price, and how much of the difference the data explain."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from duckdb import DuckDBPyConnection

from breakeven.apis.bills import bills_of, group_of
from breakeven.apis.workloads import ModelRow, PricedWorkload
from breakeven.tables.exports import Processing
from breakeven.usage.sums import How, Slice, Tokens, Workload, sums_by
from breakeven.words.numbers import Money, count, times

NEAR = 0.01
"""Two amounts that differ by less than this share are the same for a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidModel:
    """One model: from the price of every token alone to what was paid. [USD]"""

    model: str | None
    plain_usd: float
    """Every prompt token at the uncached price, standard processing, the lowest tier."""
    tiers_usd: float
    """What long requests add."""
    cache_usd: float
    """What prices of cached tokens change."""
    batch_usd: float
    """What prices of batch processing change."""
    dates_usd: float
    """What the prices on the days of the requests change against those of the chosen day."""
    free_usd: float
    """List price of rows at no cost, below zero."""
    paid_usd: float

    @property
    def list_usd(self) -> float:
        """List price on the chosen day. [USD]"""
        return self.plain_usd + self.tiers_usd + self.cache_usd + self.batch_usd

    @property
    def rest_usd(self) -> float:
        """What none of this explains. [USD]"""
        return self.paid_usd - self.list_usd - self.dates_usd - self.free_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What a file says was paid, and why it is not the list price."""

    models: tuple[PaidModel, ...]
    """Models with a list price, dearest first."""
    unpriced_usd: float
    """Paid for models that are not in the price list. [USD]"""
    free_requests: int
    """Requests at no cost."""
    undated: bool
    """Requests came on days that have no price; the chosen day's stands in."""
    has_cache: bool
    """The file tells cached tokens apart."""
    day: date

    def total(self, name: str) -> float:
        """Sum of one part over the models. [USD]"""
        return float(sum(getattr(one, name) for one in self.models))

    @property
    def steps(self) -> tuple[tuple[str, float, bool], ...]:
        """From the plain price to what was paid: words, dollars, whether it is a sum and not a change."""
        changes = [
            ("Long requests at their own price", self.total("tiers_usd")),
            ("Cached tokens at their own price", self.total("cache_usd")),
            ("Batch requests at their own price", self.total("batch_usd")),
        ]
        later = [
            ("Prices on the days of the requests", self.total("dates_usd")),
            (f"{count(self.free_requests, 'request')} at no cost", self.total("free_usd")),
            ("Not explained by the file", self.total("rest_usd")),
            ("Models that are not in the price list", self.unpriced_usd),
        ]
        whole = self.total("paid_usd") + self.unpriced_usd
        return (
            ("Every token at the plain price", self.total("plain_usd"), True),
            *((words, usd, False) for words, usd in changes if usd),
            (f"List price on {self.day}", self.total("list_usd"), True),
            *((words, usd, False) for words, usd in later if abs(usd) > 1e-9),
            ("Paid, as the file says", whole, True),
        )


def explain_paid(priced: PricedWorkload, connection: DuckDBPyConnection) -> Paid | None:
    """Split the difference between what was paid and the list price; None where the file names no cost.

    Parameters
    ----------
    priced
        From :func:`breakeven.apis.workloads.price_workload` on the same tables.
    connection
        The tables.
    """
    workload = priced.workload
    if workload.paid_usd is None or not workload.models_paid:
        return None
    rows = {row.model: row for row in priced.models if row.offer_id is not None}
    variants = _variants(workload, connection, priced.day, rows)
    dates, undated = _dates(workload, connection, priced.day, rows)
    free, free_requests = _free(workload, connection, priced.day, rows)
    models = [
        PaidModel(
            model=model,
            plain_usd=plain,
            tiers_usd=tiers - plain,
            cache_usd=cached - tiers,
            batch_usd=batched - cached,
            dates_usd=dates.get(model, 0.0),
            free_usd=-free.get(model, 0.0),
            paid_usd=workload.models_paid.get(model, 0.0),
        )
        for model, (plain, tiers, cached, batched) in variants.items()
    ]
    models.sort(key=lambda one: -one.list_usd)
    return Paid(
        models=tuple(models),
        unpriced_usd=sum(usd for model, usd in workload.models_paid.items() if model not in rows),
        free_requests=free_requests,
        undated=undated,
        has_cache=any(cell.tokens.cache_read for cell in workload.cells),
        day=priced.day,
    )


_PLAIN: How = (Processing.STANDARD, "")

Rows = Mapping[str | None, ModelRow]
Sums = Mapping[tuple[str | None, How, int], Tokens]
"""Tokens by model, how they were served, and tier."""


def _usd(
    workload: Workload, connection: DuckDBPyConnection, day: date, rows: Rows, sums: Iterable[Sums]
) -> list[dict[str | None, float]]:
    """Bills by model of several groups of sums, on one day."""
    numbers = {model: index for index, model in enumerate(rows)}
    groups = [
        group_of(
            place * len(numbers) + numbers[model], rows[model].offer_id, processing=how[0], region=how[1],
            tier=tier, context=-1, edges=workload.edges, tokens=tokens, factor=rows[model].resolution.factor,
        )
        for place, several in enumerate(sums)
        for (model, how, tier), tokens in several.items()
        if model in rows
    ]  # fmt: skip
    by_number = {index: model for model, index in numbers.items()}
    places = max((group["key"] // len(numbers) for group in groups), default=-1) + 1
    answer: list[dict[str | None, float]] = [{} for _ in range(places)]
    for (_, key), bill in bills_of(connection, day, groups).items():
        place, index = divmod(key, len(numbers))
        answer[place][by_number[index]] = float(bill.prompt + bill.completion)
    return answer


def _variants(
    workload: Workload, connection: DuckDBPyConnection, day: date, rows: Rows
) -> dict[str | None, tuple[float, float, float, float]]:
    """Bills of each model: plain, with tiers, with cache, with batch."""
    cells = workload.cells
    without = {"cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0}
    uncached = [replace(one.tokens, input_uncached=one.tokens.prompt, **without) for one in cells]
    variants = (
        sums_by(((one.model, _PLAIN, 0), tokens) for one, tokens in zip(cells, uncached, strict=True)),
        sums_by(((one.model, _PLAIN, one.tier), tokens) for one, tokens in zip(cells, uncached, strict=True)),
        sums_by(((one.model, _PLAIN, one.tier), one.tokens) for one in cells),
        sums_by(((one.model, one.how, one.tier), one.tokens) for one in cells),
    )
    bills = _usd(workload, connection, day, rows, variants)
    known = [model for model in rows if bills and all(model in bill for bill in bills)]
    return {model: (bills[0][model], bills[1][model], bills[2][model], bills[3][model]) for model in known}


def _free(
    workload: Workload, connection: DuckDBPyConnection, day: date, rows: Rows
) -> tuple[dict[str | None, float], int]:
    """List price by model of the rows at no cost, and how many requests they are."""
    sums = sums_by(((one.model, one.how, one.tier), one.tokens) for one in workload.tenants if one.free)
    if not sums:
        return {}, 0
    bills = _usd(workload, connection, day, rows, [sums])
    return (bills[0] if bills else {}), sum(tokens.requests for tokens in sums.values())


def _dates(
    workload: Workload, connection: DuckDBPyConnection, day: date, rows: Rows
) -> tuple[dict[str | None, float], bool]:
    """What each model's requests cost more on their own days than on the chosen one."""
    if workload.relative_time or not workload.minutes:
        return {}, False
    changes = _change_days(connection, {row.offer_id for row in rows.values() if row.offer_id})
    regimes: dict[int, list[Slice]] = defaultdict(list)
    last: dict[int, date] = {}
    for one in workload.minutes:
        if one.model not in rows or not isinstance(one.key, int):
            continue
        then = datetime.fromtimestamp(one.key * 60, tz=UTC).date()
        regime = bisect_right(changes, then)
        if regime == bisect_right(changes, day):
            continue
        regimes[regime].append(one)
        last[regime] = max(last.get(regime, then), then)
    difference: dict[str | None, float] = defaultdict(float)
    undated = False
    for regime, slices in regimes.items():
        sums = sums_by(((one.model, one.how, one.tier), one.tokens) for one in slices)
        then_usd = next(iter(_usd(workload, connection, last[regime], rows, [sums])), {})
        now_usd = next(iter(_usd(workload, connection, day, rows, [sums])), {})
        for model, usd in now_usd.items():
            undated = undated or model not in then_usd
            difference[model] += then_usd.get(model, usd) - usd
    return dict(difference), undated


def _change_days(connection: DuckDBPyConnection, offers: set[str]) -> list[date]:
    """Days on which a price of one of the offers begins or ends."""
    rows = connection.cursor().execute(
        "SELECT DISTINCT UNNEST([valid_from, valid_to]) AS day FROM api_prices "
        "WHERE api_offer_id IN (SELECT UNNEST($offers)) ORDER BY day",
        {"offers": sorted(offers)},
    )
    return [day for (day,) in rows.fetchall() if day is not None]


def paid_sentence(paid: Paid, money: Money) -> str:
    """What was paid against the list price, and why, in one sentence."""
    whole, listed = paid.total("paid_usd"), paid.total("list_usd")
    if not paid.models or listed <= 0:
        sum_ = money.amount(whole + paid.unpriced_usd)
        return f"Paid, as the file says: {sum_}; none of its models has a list price."
    head = f"Paid, as the file says: {money.amount(whole)}, "
    ratio = whole / listed
    if abs(ratio - 1) < NEAR:
        head += f"the list price of {money.amount(listed)}"
    elif ratio > 1:
        head += f"{times(ratio)} the list price of {money.amount(listed)}"
    elif ratio == 0:
        head += f"against a list price of {money.amount(listed)}"
    else:
        head += f"{times(1 / ratio)} less than the list price of {money.amount(listed)}"
    reasons = []
    for name, words in (("free_usd", f"{count(paid.free_requests, 'request')} cost nothing"),
                        ("dates_usd", "prices differed on the days of the requests")):  # fmt: skip
        if abs(paid.total(name)) > NEAR * listed:
            reasons.append(f"{words} ({_change(paid.total(name), money)})")
    rest = paid.total("rest_usd")
    if abs(rest) > NEAR * listed:
        without = paid.total("plain_usd") + paid.total("tiers_usd")
        if abs(whole - without) < NEAR * listed and abs(paid.total("cache_usd")) > NEAR * listed:
            reasons.append("it is the price without any discount for cached tokens")
        else:
            hint = "" if paid.has_cache or rest > 0 else ", which cached prompts or a contract may explain"
            reasons.append(f"{_change(rest, money)} is not explained by the file{hint}")
    if paid.unpriced_usd:
        reasons.append(f"{money.amount(paid.unpriced_usd)} more went to models without a list price")
    return head + (f": {'; '.join(reasons)}." if reasons else ".")


def _change(usd: float, money: Money) -> str:
    """A change in words."""
    return f"{money.amount(abs(usd))} {'more' if usd > 0 else 'less'}"
