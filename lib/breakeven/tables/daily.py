"""The history of API prices to the day: every source's word on an offer, put into one line of time.

``data/api_prices_daily.csv`` has the changes of one price list (litellm's) by the day of the release that
first carried them; ``data/api_prices_history.csv`` has published prices and samples of releases. Where they
disagree on a day:

1. A published price, read by a person, holds from its day. A list that goes on with a price from before
   that day lags, and is silent until it has another one.
2. Where the list has releases, its days overrule the samples, which were read from fewer releases.
3. From 2024-01-01 to 2024-11-27 it has none: the samples of another list's releases stand, the last price of
   2023 before them. What its first release after the gap says holds from that release on.
4. An offer that leaves the list ends on that day, unless it is back within ``MOST_GONE`` days.

The price package's own dates stand above all of these: see :mod:`breakeven.tables.catalogue`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

GAP = (date(2024, 1, 1), date(2024, 11, 28))
"""First day without a release of the list, and the day of the first one after."""
MOST_GONE = 31
"""Days after which an offer that is not listed has ended; some releases forgot a few."""
FREE = "price 0: a free tier, or missing in the catalogue"
BEFORE_GAP = (
    "as far as known: the price list has no releases from 2024-01-01 to 2024-11-27, on those days this is "
    "the last price read before"
)
IN_GAP = "as far as known: in 2024 prices were read from 19 releases of one list, a change may be weeks older"
AFTER_GAP = "as far as known: first release after 2024-01 to 2024-11 without any, the price may be older"
_FIRST, _AGAIN = GAP[0].isoformat(), GAP[1].isoformat()
_SAMPLES = ("litellm-catalogues", "litellm-history-daily")
_OTHER_LIST = "tokencost-catalogues"

ON_GAP = (
    "The price list has no releases from 2024-01 to 2024-11: prices of {day} are those read last before, "
    "from fewer releases or the makers' pages, and may be weeks old."
)

Line = dict[str, str]
_Offer = tuple[str, str]


def in_one_line(history: Sequence[Mapping[str, str]], daily: Sequence[Mapping[str, str]]) -> list[Line]:
    """Put the changes of the list between the older prices.

    Parameters
    ----------
    history
        Rows of ``data/api_prices_history.csv`` as text, an empty cell for a missing value.
    daily
        Rows of ``data/api_prices_daily.csv`` likewise.

    Returns
    -------
    list of dict
        Rows with the columns of the history and, of the list, its further prices; one for each offer and day.
    """
    listed: dict[_Offer, list[Mapping[str, str]]] = defaultdict(list)
    for row in daily:
        listed[row["provider"], row["api_model"]].append(row)
    told: dict[_Offer, list[Mapping[str, str]]] = defaultdict(list)
    for row in history:
        told[row["provider"], row["api_model"]].append(row)
    lines: list[Line] = []
    for offer in told.keys() | listed.keys():
        lines += _timeline(told.get(offer, []), sorted(listed.get(offer, []), key=_day))
    return lines


def doubt_on(day: date) -> str | None:
    """How sure the prices of a day are, where less than usual.

    >>> doubt_on(date(2024, 6, 1))[:50], doubt_on(date(2024, 11, 28))
    ('The price list has no releases from 2024-01 to 202', None)
    """
    return ON_GAP.format(day=day) if GAP[0] <= day < GAP[1] else None


def _day(row: Mapping[str, str]) -> str:
    return row["valid_from"]


def _headline(row: Mapping[str, str]) -> tuple[str, str]:
    """Input and output price as numbers written alike."""
    return tuple(_plain(row[f"{side}_usd_per_mtok"]) for side in ("input", "output"))  # type: ignore[return-value]


def _plain(cell: str) -> str:
    return cell.rstrip("0").rstrip(".") if "." in cell else cell


def _is_read(row: Mapping[str, str | None]) -> bool:
    """Whether a person read the price, or its end before the lists had it, and not only a list of prices."""
    ended = row["valid_to"] and row["last_seen"] and row["last_seen"] >= row["valid_to"]
    return row["valid_from_kind"] == "published" or row["checked"] == "true" or bool(ended)


def _timeline(told: Sequence[Mapping[str, str]], listed: Sequence[Mapping[str, str]]) -> list[Line]:
    if not listed:
        return [dict(row) for row in told]
    stays = [row for row in sorted(told, key=_day) if not is_overruled(row)]
    remarks = {_headline(row): (row["flag"], row["notes"]) for row in told if row not in stays}
    rows: dict[str, Line] = {row["valid_from"]: dict(row) for row in stays}
    for line in rows.values():
        if line["source_id"] == _OTHER_LIST and not _is_read(line):
            line["notes"] = "; ".join(filter(None, (line["notes"], IN_GAP)))
    ends: list[str] = []
    for row in _again_after_gap(listed, stays):
        if row["gone"] == "true":
            ends.append(row["valid_from"])
        elif not _lags(row, stays, listed):
            rows.setdefault(row["valid_from"], _as_line(row, remarks))
    lines = [rows[day] for day in sorted(rows)]
    back = [row["valid_from"] for row in listed if row["gone"] == "false"]
    _end(lines, [end for end in ends if not _soon_after(end, back)])
    return list(_doubted(lines))


def is_overruled(row: Mapping[str, str | None]) -> bool:
    """Whether a row of the history is silent about an offer that the list has: a sample, where the list has
    releases."""
    if _is_read(row):
        return False
    in_gap = _FIRST <= str(row["valid_from"]) < _AGAIN
    return row["source_id"] in _SAMPLES or (row["source_id"] == _OTHER_LIST and not in_gap)


def _again_after_gap(
    listed: Sequence[Mapping[str, str]], stays: Sequence[Mapping[str, str]]
) -> Iterator[Mapping[str, str]]:
    """The list's rows; with other words in the gap, what it says after it is said again."""
    before = [row for row in listed if row["valid_from"] < _FIRST]
    yield from listed
    spoken = any(_FIRST <= row["valid_from"] < _AGAIN for row in stays)
    if spoken and before and before[-1]["gone"] == "false" and _AGAIN not in map(_day, listed):
        yield {**before[-1], "valid_from": _AGAIN}


def _lags(
    row: Mapping[str, str], stays: Sequence[Mapping[str, str]], listed: Sequence[Mapping[str, str]]
) -> bool:
    """Whether a list goes on with a price from before the day of a published one."""
    published = max(
        (read for read in stays if _is_read(read) and _day(read) <= _day(row)), key=_day, default=None
    )
    if published is None:
        return False
    if _headline(published) == _headline(row):
        return bool(published["valid_to"])  # the end that a person read stands, too
    since = [
        other for other in listed if _day(published) < _day(other) <= _day(row) and other["gone"] == "false"
    ]
    older = {_headline(other) for other in (*listed, *stays) if _day(other) < _day(published)}
    return all(_headline(other) in older for other in (*since, row))


def _as_line(row: Mapping[str, str], remarks: Mapping[tuple[str, str], tuple[str, str]]) -> Line:
    flag, notes = remarks.get(_headline(row), ("", ""))
    if not flag and not any(_plain(row[f"{side}_usd_per_mtok"]).strip("0") for side in ("input", "output")):
        flag = FREE
    return {
        **row,
        "last_seen": "",
        "valid_to": "",
        "valid_from_kind": "first-seen",
        "checked": "false",
        "flag": flag,
        "notes": notes,
        "locator": f"litellm {row['release']}, key {row['key']}",
    }


def _soon_after(end: str, back: Sequence[str]) -> bool:
    gone = date.fromisoformat(end)
    return any(0 <= (date.fromisoformat(day) - gone).days <= MOST_GONE for day in back)


def _end(lines: Sequence[Line], ends: Sequence[str]) -> None:
    """Let the price that holds when an offer leaves the list end on that day."""
    for end in ends:
        held = max((line for line in lines if line["valid_from"] < end), key=_day, default=None)
        if held is not None and (not held["valid_to"] or held["valid_to"] > end):
            held["valid_to"] = end


def _doubted(lines: Sequence[Line]) -> Iterator[Line]:
    """Say how sure the prices are that the gap touches."""
    for place, line in enumerate(lines):
        following = lines[place + 1]["valid_from"] if place + 1 < len(lines) else ""
        until = min(filter(None, (following, line["valid_to"])), default="9")
        doubt = ""
        if "release" in line and line["valid_from"] < _FIRST < until:
            doubt = BEFORE_GAP
        elif "release" in line and line["valid_from"] == _AGAIN:
            doubt = AFTER_GAP
        yield {**line, "notes": "; ".join(filter(None, (line["notes"], doubt)))}
