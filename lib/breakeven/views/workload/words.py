"""What the breakdowns of a workload find, one sentence each; the titles of its charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from breakeven.apis.workloads import Change, CostRow, PricedWorkload
from breakeven.usage.formats import Grain, Recognised
from breakeven.usage.sums import Workload
from breakeven.words.numbers import Money, count, number, percent, times


def by_model(result: PricedWorkload, money: Money) -> str:
    """Which model costs most."""
    known = [row for row in result.models if row.list_usd is not None]
    if not known:
        return "No model of the file has a list price"
    total = float(sum(row.list_usd or 0 for row in known))
    most = max(known, key=lambda row: row.list_usd or 0)
    if len(known) == 1 or total <= 0:
        return f"{most.model or 'The model'} costs {money.amount(total)} at list price"
    share = float(most.list_usd or 0) / total
    return f"{most.model or 'One model'} makes {percent(share)} of the list price of {money.amount(total)}"


def over_time(rows: Sequence[CostRow], money: Money, unit: str) -> str:
    """The dearest day or hour against the usual one."""
    known = [row for row in rows if row.usd is not None and row.key is not None]
    if not known:
        return f"Paid by {unit}"
    most = max(known, key=lambda row: row.usd or 0)
    amounts = sorted(float(row.usd or 0) for row in known)
    middle = amounts[len(amounts) // 2]
    when = _moment(most.key, unit)
    text = f"The dearest {unit} is {when} with {money.amount(float(most.usd or 0))}"
    if len(known) > 2 and middle > 0:
        text += f", {times(float(most.usd or 0) / middle)} the median {unit}"
    return text


def _moment(key: datetime | int | str | None, unit: str) -> str:
    if isinstance(key, datetime):
        return key.strftime("%Y-%m-%d" if unit == "day" else "%Y-%m-%d %H:%M")
    return str(key)


def by_tenant(rows: Sequence[CostRow], money: Money) -> str:
    """Which tenant costs most, or asks most where nothing is priced."""
    known = [row for row in rows if row.usd is not None]
    if known and (total := float(sum(row.usd or 0 for row in known))) > 0:
        most = max(known, key=lambda row: row.usd or 0)
        if len(rows) == 1:
            return f"{most.key} alone makes the list price of {money.amount(total)}"
        share = percent(float(most.usd or 0) / total)
        return f"{most.key or 'No named tenant'} makes {share} of the list price of {money.amount(total)}"
    most = max(rows, key=lambda row: row.tokens.requests)
    return f"{most.key or 'No named tenant'} sends most: {count(most.tokens.requests, 'request')}"


def by_length(workload: Workload) -> str:
    """Prompt-heavy and generation-heavy requests, and the tokens they hold."""
    heavy = [c.tokens for c in workload.cells if c.tokens.prompt >= c.tokens.output]
    tokens = workload.tokens
    requests = sum(t.requests for t in heavy) / max(tokens.requests, 1)
    return (
        f"{percent(requests)} of the requests have more prompt than completion; "
        f"on average {number(tokens.prompt / max(tokens.requests, 1))} tokens in and "
        f"{number(tokens.output / max(tokens.requests, 1))} out"
    )


def savings(changes: Sequence[Change], money: Money) -> str:
    """The change on this offer that saves most."""
    useful = [one for one in changes if one.saves_usd > 0]
    if not useful:
        return "None of these changes lowers the bill on this offer"
    most = max(useful, key=lambda one: one.saves_usd)
    return (
        f"Largest saving: {most.name[0].lower()}{most.name[1:]}, {money.amount(float(most.saves_usd))} less"
    )


def row_is(found: Recognised) -> str:
    """Say what one row of a file stands for."""
    if found.format.grain == Grain.BUCKET:
        return "a sum of requests"
    return "one request, as often as the row says" if "repeat" in found.mapping else "one request"
