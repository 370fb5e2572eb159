"""Newer API prices: fetched only when asked, compared, checked, and written whole or not at all.

A price is appended with the day from which it holds; none is overwritten. An offer that is no longer
listed ends on the day of the refresh.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from duckdb import DuckDBPyConnection
from genai_prices.types import Provider
from genai_prices.update_prices import DEFAULT_UPDATE_URL

from breakeven.paths import DATA
from breakeven.tables.build import DataError, open_memory
from breakeven.tables.catalogue import COLUMNS, Row, catalogue_rows
from breakeven.tables.catalogue_rules import rules_in
from breakeven.tables.ends import api_ends
from breakeven.tables.export import csv_text
from breakeven.tables.families import AS
from breakeven.tables.snapshot import file_name, newest_snapshot, source_of, write_whole

URL = DEFAULT_UPDATE_URL
"""Where the publisher of the catalogue keeps its newest prices."""
LARGE = 10
"""A price that moves by more than this factor is only taken when that is confirmed."""
FEWEST_KEPT = 0.8
"""Share of the offers that must still be listed; less looks like a broken file."""
MOST_BYTES = 100_000_000
"""Largest file that is read."""
_TIMEOUT_S = 30
_CATALOGUE = "genai-prices-"
_METERS = (
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "cache_read_usd_per_mtok",
    "cache_write_5m_usd_per_mtok",
    "cache_write_1h_usd_per_mtok",
    "usd_per_request",
)
_Key = tuple[str, str]
_Periods = dict[date, list[Row]]


class NotRefreshed(Exception):
    """The prices stay as they are; the text says why in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One price that is new, another one, or gone."""

    api_offer_id: str
    processing: str
    tier_above_tokens: int
    meter: str
    before: Decimal | None
    """USD, per million tokens except a fee per request; None: not offered."""
    after: Decimal | None

    @property
    def factor(self) -> float | None:
        """How many times dearer, or cheaper where below one; infinite from free; None: nothing to compare."""
        if self.before is None or self.after is None:
            return None
        return float(self.after / self.before) if self.before else float("inf")

    @property
    def is_large(self) -> bool:
        """Whether it needs to be confirmed."""
        return self.factor is not None and not 1 / LARGE <= self.factor <= LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a refresh changes on its day."""

    day: date
    n_offers: int
    """Offers in force on the day, by the new prices."""
    new: tuple[str, ...]
    gone: tuple[str, ...]
    moves: tuple[Move, ...]
    """Prices of offers that stay, the largest move first."""

    @property
    def changed(self) -> tuple[str, ...]:
        """Offers that stay at another price."""
        return tuple(dict.fromkeys(move.api_offer_id for move in self.moves))

    @property
    def doubts(self) -> tuple[str, ...]:
        """What somebody has to confirm, as sentences."""
        found = [
            f"{move.api_offer_id}: {move.meter} moves from {_usd(move.before, move.meter)} to "
            f"{_usd(move.after, move.meter)}, more than {LARGE}×"
            for move in self.moves
            if move.is_large
        ]
        before = self.n_offers - len(self.new) + len(self.gone)
        if before and len(self.gone) > (1 - FEWEST_KEPT) * before:
            found.append(f"{len(self.gone):,} of {before:,} offers are no longer listed")
        return tuple(found)


def _usd(value: Decimal | None, meter: str) -> str:
    return "none" if value is None else f"{'$' if 'usd' in meter else ''}{value.normalize():f}"


def fetch(url: str = URL, headers: Mapping[str, str] | None = None) -> bytes:
    """Fetch the newest prices. Nothing goes to the network but what the ``data`` commands ask for.

    Raises
    ------
    NotRefreshed
        If there is no answer, or not a useful one.
    """
    if not url.lower().startswith(("https://", "http://")):
        raise NotRefreshed(f"'{url[:200]}' must start with https://; a file is read with --from.")
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=dict(headers or {})), timeout=_TIMEOUT_S
        ) as answer:
            content: bytes = answer.read(MOST_BYTES + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise NotRefreshed(
            f"{url[:200]} gave no prices ({str(reason)[:200]}); the prices stay as they are. "
            "Without a network, fetch the file elsewhere and read it with --from."
        ) from None
    if len(content) > MOST_BYTES:
        raise NotRefreshed(
            f"{url[:200]} is larger than {MOST_BYTES // 10**6} MB; the prices stay as they are."
        )
    return content


def parse(content: bytes, origin: str) -> list[Provider]:
    """Read the publisher's file.

    Raises
    ------
    NotRefreshed
        If it is not such a file.
    """
    # The package's own reader of this format, which its updater uses; it has no public name.
    from genai_prices.types import _providers_from_raw
    from pydantic import ValidationError

    try:
        raw = json.loads(content)
        if not isinstance(raw, list) or not raw:
            raise ValueError("a list of providers is expected")
        return _providers_from_raw(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])[:120]
        raise NotRefreshed(f"{origin} is not a price catalogue: {place}: {first['msg'][:200]}.") from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotRefreshed(f"{origin} is not a price catalogue: {str(error)[:200]}.") from None


def price_rows(connection: DuckDBPyConnection) -> list[Row]:
    """Rows of ``api_prices`` as they are now."""
    found = connection.cursor().execute(
        "SELECT * FROM api_prices ORDER BY api_offer_id, valid_from, processing, tier_above_tokens"
    )
    names = [str(column[0]) for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def merge(old: Sequence[Row], new: Sequence[Row], day: date) -> list[Row]:
    """Append what is new to what is known.

    Parameters
    ----------
    old
        Rows of ``api_prices``.
    new
        Rows of the newer catalogue alone, flattened for the day.
    day
        Day on which it was read.

    Returns
    -------
    list of dict
        Old prices with their days; those confirmed carry the new source; those replaced are followed by
        the new ones; those gone end; announcements are the new catalogue's.
    """
    past, fresh = _grouped(old), _grouped(new)
    rows: list[Row] = []
    for key in sorted(past.keys() | fresh.keys()):
        periods = _merged(past.get(key, {}), fresh.get(key, {}), day)
        for first in sorted(periods):
            rows += periods[first]
    rows.sort(key=lambda r: (r["api_offer_id"], r["valid_from"], r["processing"], r["tier_above_tokens"]))
    return rows


def _grouped(rows: Sequence[Row]) -> dict[_Key, _Periods]:
    """Rows by offer and processing, then by first day."""
    groups: dict[_Key, _Periods] = {}
    for row in rows:
        key = row["api_offer_id"], row["processing"]
        groups.setdefault(key, {}).setdefault(row["valid_from"], []).append(row)
    return groups


def _in_force(periods: _Periods, day: date) -> list[Row] | None:
    """Rows of the period that holds on a day."""
    first = max((start for start in periods if start <= day), default=None)
    if first is None:
        return None
    end = periods[first][0]["valid_to"]
    return periods[first] if end is None or day < end else None


def _merged(past: _Periods, fresh: _Periods, day: date) -> _Periods:
    """Periods of one offer and processing."""
    kept = {start: rows for start, rows in past.items() if start <= day}
    announced = {start: rows for start, rows in fresh.items() if start > day}
    held, now = _in_force(past, day), _in_force(fresh, day)
    if not past:
        return dict(fresh)
    if now is None:
        own = held and not str(held[0]["locator"]).startswith(AS)  # and not from its family
        if held and own and str(held[0]["source_id"]).startswith(_CATALOGUE):
            start = held[0]["valid_from"]
            if start == day:
                del kept[start]
            else:
                kept[start] = [{**row, "valid_to": day} for row in held]
    elif held and _same(held, now):
        kept[held[0]["valid_from"]] = [
            _confirmed(a, b) for a, b in zip(_by_tier(held), _by_tier(now), strict=True)
        ]
    else:
        last = max(kept, default=date.min)
        dated = {s: r for s, r in fresh.items() if last < s <= day and r[0]["valid_from_kind"] == "dated"}
        start = now[0]["valid_from"]
        if start not in dated:
            kept[day] = [{**row, "valid_from": day, "valid_from_kind": "catalogue"} for row in now]
        kept |= dated
    return kept | announced


def _by_tier(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["tier_above_tokens"])


def _same(held: Sequence[Row], now: Sequence[Row]) -> bool:
    def prices(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        return [(row["tier_above_tokens"], *(row[meter] for meter in _METERS)) for row in _by_tier(rows)]

    return prices(held) == prices(now)


def _confirmed(held: Row, now: Row) -> Row:
    """An old price that the new catalogue repeats: its first day stays, who says so is newer."""
    notes = held["notes"] if (now["notes"] or "") in (held["notes"] or "") else now["notes"]
    stays = ("valid_from", "valid_from_kind", "valid_to")
    return {**now, **{name: held[name] for name in stays}, "notes": notes}


def difference(old: Sequence[Row], new: Sequence[Row], day: date) -> Difference:
    """What changes on a day between two states of ``api_prices``."""
    before, after = _state(old, day), _state(new, day)
    old_offers, new_offers = {key[0] for key in before}, {key[0] for key in after}
    moves = [
        Move(api_offer_id=key[0], processing=key[1], tier_above_tokens=key[2], meter=meter, before=b, after=a)
        for key in sorted(before.keys() | after.keys())
        if key[0] in old_offers and key[0] in new_offers
        for meter in _METERS
        if (b := before.get(key, {}).get(meter)) != (a := after.get(key, {}).get(meter))
    ]
    moves.sort(key=_size, reverse=True)
    return Difference(
        day=day,
        n_offers=len(new_offers),
        new=tuple(sorted(new_offers - old_offers)),
        gone=tuple(sorted(old_offers - new_offers)),
        moves=tuple(moves),
    )


def _size(move: Move) -> float:
    """How far a price moves, up or down; appearing and vanishing meters last."""
    factor = move.factor
    if factor is None:
        return 0.0
    return max(factor, 1 / factor) if factor else float("inf")


def _state(rows: Sequence[Row], day: date) -> dict[tuple[str, str, int], Mapping[str, Decimal | None]]:
    """Prices in force on a day, by offer, processing and tier."""
    state: dict[tuple[str, str, int], Mapping[str, Decimal | None]] = {}
    for (offer, processing), periods in _grouped(rows).items():
        for row in _in_force(periods, day) or ():
            state[offer, processing, row["tier_above_tokens"]] = {meter: row[meter] for meter in _METERS}
    return state


def prepare(content: bytes, origin: str, day: date, data_dir: Path = DATA) -> tuple[Difference, str]:
    """Work out what a refresh would change and check the result against every rule; writes nothing.

    Returns
    -------
    tuple
        What changes, and the text of the snapshot.

    Raises
    ------
    NotRefreshed
        If the content cannot be read or the result breaks a rule.
    """
    newest = newest_snapshot(data_dir)
    if newest and newest[0] > day:
        raise NotRefreshed(f"There is a snapshot of {newest[0]} already, newer than {day}.")
    providers = parse(content, origin)
    with open_memory(data_dir) as connection:
        old, rules = price_rows(connection), rules_in(connection)
        ended = {end.api_offer_id for end in api_ends(connection).values() if end.ends_on <= day}
    read = max(
        (row["as_of"] for row in old if str(row["source_id"]).startswith(_CATALOGUE)), default=date.min
    )
    if day <= read and not (newest and newest[0] == day):
        raise NotRefreshed(f"The prices at hand were read on {read}; a snapshot of {day} would not be newer.")
    try:
        new = catalogue_rows(
            [], rules=rules, catalogue_day=day, source_id=source_of(day), providers=providers
        )
    except (ArithmeticError, ValueError, TypeError, IndexError, AssertionError) as error:
        raise NotRefreshed(f"{origin} holds a price that cannot be read: {str(error)[:200]}.") from None
    if not new:
        raise NotRefreshed(f"{origin} holds no price per token.")
    # The publisher goes on listing what its makers have ended.
    rows = merge(old, [row for row in new if row["api_offer_id"] not in ended], day)
    text = csv_text(COLUMNS, ([_clean(row[name]) for name in COLUMNS] for row in rows))
    check_with(file_name(day), text, data_dir)
    return difference(old, rows, day), text


def _clean(cell: object) -> object:
    """Some names of the catalogue end in a tab."""
    return (cell.strip() or None) if isinstance(cell, str) else cell


def check_with(name: str, text: str, data_dir: Path) -> None:
    """Build all tables with another text of one file, away from the real ones.

    Raises
    ------
    NotRefreshed
        If a rule is broken.
    """
    with TemporaryDirectory(prefix="breakeven-") as folder:
        place = Path(folder)
        for path in data_dir.iterdir():
            if path.is_file() and not path.name.startswith("api_prices_snapshot_"):
                (place / path.name).write_bytes(path.read_bytes())
        write_whole(place / name, text)
        try:
            open_memory(place).close()
        except DataError as error:
            more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
            raise NotRefreshed(
                f"The new rows break a rule: {error.problems[0]}{more}; the tables stay as they are."
            ) from None


def accept(text: str, found: Difference, *, confirm_large: bool, data_dir: Path = DATA) -> Path:
    """Write the snapshot.

    Raises
    ------
    NotRefreshed
        If something has to be confirmed first, or it cannot be written; the old prices are untouched.
    """
    if found.doubts and not confirm_large:
        more = f" and {len(found.doubts) - 1} more" if len(found.doubts) > 1 else ""
        raise NotRefreshed(
            f"{found.doubts[0]}{more}; the prices stay as they are. If that is right, add --confirm-large."
        )
    path = data_dir / file_name(found.day)
    try:
        write_whole(path, text)
    except OSError as error:
        raise NotRefreshed(
            f"{path} cannot be written ({error.strerror}); the prices stay as they are."
        ) from None
    return path
