"""What the breakdowns of a workload find, one sentence each; the titles of its charts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from breakeven.apis.changes import Change
from breakeven.apis.workloads import CostRow, PricedOffer, PricedWorkload
from breakeven.comparison.ladder import NO_FLOOR, USED, Kind, Ladder, Rung
from breakeven.hosting.workloads import HostedOffer
from breakeven.tables.records import Source
from breakeven.usage.formats import Grain, Recognised
from breakeven.usage.sums import Workload
from breakeven.words.ages import age_days
from breakeven.words.names import deployment_name
from breakeven.words.numbers import Money, count, number, percent, seconds, times
from breakeven.words.terms import EXPERT, Terms

FLOOR_WORDS = {
    USED: "at least as good as the one it replaces",
    NO_FLOOR: "any model with a score",
}
"""The two floors that name no model."""


def verdict(priced: PricedWorkload, ladder: Ladder, money: Money) -> str:
    """What the usage costs, and the most that can be saved without losing quality, in one sentence."""
    best = ladder.best
    good = next((one for one in ladder.rungs if one.kind == Kind.AS_GOOD), None)
    if priced.list_usd is None:
        if best is None:
            return "No API offer with a published score can serve all of it"
        return f"The cheapest scored API for all of it asks {money.amount(float(best.usd))} ({_offer(best)})"
    month = ladder.month_usd(float(priced.list_usd))
    head = f"This usage costs {_by_month(float(priced.list_usd), ladder, money)} at list price"
    if month is not None:
        head += f" ({money.amount(float(priced.list_usd))} in the file)"
    if ladder.floor not in (USED, NO_FLOOR):
        held = f"as good as {ladder.floor}"
    else:
        held = "at least as good" if ladder.floor == USED else "with any published score"
    if ladder.floor == USED and good is not None and good.usd is not None:
        by = f" by {ladder.scale}" if ladder.scale is not None else ""
        return f"{head}; models {held}{by} would cost {_by_month(good.usd, ladder, money)}"
    if ladder.floor != USED and best is not None:
        asked = _by_month(float(best.usd), ladder, money)
        return f"{head}; the cheapest model {held} asks {asked} ({_offer(best)})"
    return f"{head}; no model {held} is cheaper at any host"


def list_sentence(priced: PricedWorkload, money: Money) -> str:
    """Say what the usage costs at list price, in its own time; empty where no model of it has a price."""
    if priced.list_usd is None:
        return ""
    return f"This usage costs {money.amount(float(priced.list_usd))} at list price"


def _by_month(usd: float, ladder: Ladder, money: Money) -> str:
    """An amount a month where the file says of how much time it is, as the chart has it; else as it is."""
    month = ladder.month_usd(usd)
    return money.amount(usd) if month is None else f"{money.amount(month)} a month"


def period(workload: Workload) -> str | None:
    """Days that the file speaks of; None where it has no dates.

    A row of daily sums stands for the whole of its day.
    """
    if workload.relative_time or workload.first_s is None or workload.last_s is None:
        return None
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (workload.first_s, workload.last_s))
    return f"{first}" if first == last else f"{first} to {last}"


def file_line(workload: Workload) -> str:
    """What the file is taken for, of which days, how much of it was read, what it adds up to."""
    tokens = workload.tokens
    kinds = ", ".join(dict.fromkeys(found.format.name for found in workload.recognised)) or "shared digest"
    parts = [kinds]
    if days := period(workload):
        parts.append(days)
    if workload.recognised:
        left = f"{workload.rows_rejected:,} left out" if workload.rows_rejected else "none left out"
        skipped = f", {workload.rows_skipped:,} not a paid request" if workload.rows_skipped else ""
        parts.append(f"{count(workload.rows_read, 'row')} read, {left}{skipped}")
    if workload.counted:
        parts.append(count(tokens.requests, "request"))
    cached = f" ({percent(tokens.cached_share)} from a cache)" if tokens.cached_share else ""
    parts.append(f"{number(tokens.prompt)} prompt tokens{cached}, {number(tokens.output)} completion tokens")
    return f"{workload.name}: {' · '.join(parts)}."


def _offer(one: PricedOffer) -> str:
    return f"{one.offer.name} at {one.offer.provider}"


def chips(priced: PricedWorkload, ladder: Ladder, known: Mapping[str, Source]) -> list[str]:
    """Small facts beside the bill: the time it covers, how old its prices are, what ends."""
    facts = []
    if ladder.covered_s is not None:
        days = ladder.covered_s / 86_400
        facts.append(f"covers {count(days, 'day') if days >= 2 else seconds(ladder.covered_s)}")
    facts.append(f"{count(priced.workload.tokens.requests, 'request' if priced.workload.counted else 'row')}")
    if ladder.best is not None:
        read = known[ladder.best.offer.source_id].accessed
        facts.append(f"cheapest API's price {count(age_days(read, priced.day), 'day')} old")
    for one in priced.ends[:2]:
        ended = "ended" if one.ends_on <= priced.day else "ends"
        facts.append(f"{one.model or one.offer_id} {ended} on {one.ends_on}")
    return facts


def fleet_name(one: HostedOffer, say: Terms = EXPERT) -> str:
    """Write copies of the model, and the GPUs of each."""
    return f"{say.copies(one.replicas)} {'on' if say.is_plain else '×'} {deployment_name(one)}"


def choices(rung: Rung, ladder: Ladder, say: Terms = EXPERT) -> tuple[str, ...]:
    """What takes the place of what on a rung, in the reader's words."""
    host = next((one for one, _ in ladder.hosts if one.usd == rung.usd), None)
    if rung.kind != Kind.HOSTED or host is None:
        return rung.choices
    return (f"{host.model.name}: {fleet_name(host, say)}",) if say.is_plain else rung.choices


def ladder_finding(ladder: Ladder) -> str:
    """Say which rung saves most without a weaker model."""
    kept = [one for one in ladder.rungs if one.kind != Kind.SMALLER and one.saves_usd]
    best = max(kept, key=lambda one: one.saves_usd or 0.0, default=None)
    if best is None or best.saves_usd is None or best.saves_usd <= 0:
        return "Nothing lowers the bill without a weaker model"
    # A rung is a way, such as "everything as batch", or what serves instead.
    return f"What lowers the bill most without a weaker model: {best.kind}"


def ladder_lines(ladder: Ladder, money: Money) -> list[str]:
    """The rungs, a line each: what changes, what it then costs, what it saves, what is lost."""
    lines = []
    for one in ladder.rungs:
        name = f"{str(one.kind)[0].upper()}{str(one.kind)[1:]}"
        if one.usd is None:
            lines.append(f"{name}: {one.why}.")
            continue
        month = ladder.month_usd(one.usd)
        per = "" if month is None else f", {money.amount(month)} a month"
        saved = ""
        if one.kind != Kind.USED and one.saves_usd is not None:
            less = one.saves_usd >= 0
            saved = f", {money.amount(abs(one.saves_usd))} {'less' if less else 'more'}"
        lost = f"; lost: {one.lost}" if one.lost else ""
        what = (
            f" ({', '.join(one.choices[:3])}{', …' if len(one.choices) > 3 else ''})" if one.choices else ""
        )
        lines.append(f"{name}: {money.amount(one.usd)}{per}{saved}{what}{lost}.")
    return lines


def parts(ladder: Ladder) -> tuple[tuple[str, tuple[PricedOffer, ...]], ...]:
    """Offers by whether they are good enough, with what each part is called."""
    held = ladder.reference
    on = "" if ladder.scale is None else f" by {ladder.scale}"
    if ladder.floor == NO_FLOOR or held is None:
        return (("With a published score", ladder.held.as_good), ("No score known", ladder.held.unscored))
    return (
        (f"At least as good as {held}{on}", ladder.held.as_good),
        (f"Less good than {held}{on}", ladder.held.lesser),
        ("No score known: how good they are cannot be said", ladder.held.unscored),
    )


def standing(good: bool | None) -> str:
    """What is known of how good a model is, in words."""
    return {True: "at least as good", False: "less good", None: "no score"}[good]


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
