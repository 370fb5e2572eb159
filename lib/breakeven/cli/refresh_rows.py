"""Newer rows of ``gpu_prices`` and ``models``, by the rules that hold for API prices.

Rents come as a CSV file with a header, or a JSON list of objects, in the columns of ``gpu_prices.csv``;
needed are ``NEEDED``. A price is appended where it is another one than the last of its offer. What a file
lacks ends by a row of ``gpu_listings.csv``, written by whoever read the whole list. Models are read again
from the published ``config.json`` of their repository: what it states stands in place of the row's numbers.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from breakeven.cli.refresh import Table, content_of
from breakeven.tables.refresh import Difference, Move, NotRefreshed, check_with, fetch
from breakeven.tables.snapshot import write_whole

HUB = "https://huggingface.co"
"""Where published configs are: ``HUB/owner/name/resolve/main/config.json``."""
NEEDED = (
    "provider",
    "gpu_as_listed",
    "gpu_count",
    "price_type",
    "usd_per_gpu_hour",
    "valid_from",
    "source_id",
)
FILES = {Table.GPU_PRICES: "gpu_prices.csv", Table.MODELS: "models.csv"}
_OFFER = ("provider", "instance", "gpu_as_listed", "gpu_count", "price_type", "region")
Line = dict[str, str]


def prepare(options: argparse.Namespace, folder: Path) -> tuple[Difference, str]:
    """What a refresh would change, and the text of the table with it, held to every rule; writes nothing.

    Raises
    ------
    NotRefreshed
        If the content cannot be read or the result breaks a rule.
    """
    file = FILES[options.table]
    header, rows = _table((folder / file).read_text(encoding="utf-8"), file)
    day = options.day or date.today()
    if options.table is Table.GPU_PRICES:
        origin, content = content_of(options, None)
        days = {row["source_id"]: row["accessed"] for row in _sources(folder)}
        found, rows = with_rents(rows, _given(content, origin), day, days, origin)
    else:
        found, rows = with_configs(rows, options.url or HUB, day)
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if found.new or found.moves:
        check_with(file, out.getvalue(), folder)
    return found, out.getvalue()


def acceptor(table: Table) -> Callable[..., Path]:
    """What writes a table; it refuses moves by more than ten times that nobody confirmed."""

    def accept(text: str, found: Difference, *, confirm_large: bool, data_dir: Path) -> Path:
        large = found.doubts[: sum(move.is_large for move in found.moves)]  # nothing ends by being away
        if large and not confirm_large:
            more = f" and {len(large) - 1} more" if len(large) > 1 else ""
            raise NotRefreshed(f"{large[0]}{more}; if that is right, add --confirm-large.")
        path = data_dir / FILES[table]
        try:
            write_whole(path, text)
        except OSError as error:
            raise NotRefreshed(f"{path} cannot be written ({error.strerror}).") from None
        return path

    return accept


def with_rents(
    rows: Sequence[Line], given: Sequence[Line], day: date, days: Mapping[str, str], origin: str
) -> tuple[Difference, list[Line]]:
    """Append rents that are new or another price; ``days`` has the day on which each source was read."""
    last: dict[tuple[str, ...], Line] = {}
    for row in sorted(rows, key=lambda row: row["valid_from"]):
        last[_offer(row)] = row
    devices = {row["gpu_as_listed"]: row for row in rows if row["gpu_id"]}
    added, moves, new, seen = [], [], [], set()
    for place, one in enumerate(given, start=1):
        missing = [column for column in NEEDED if not one.get(column)]
        if missing or one["source_id"] not in days:
            what = (
                f"{missing[0]} is empty"
                if missing
                else f"source_id '{one['source_id']}' is not in sources.csv"
            )
            raise NotRefreshed(f"{origin}, row {place}: {what}.")
        price, _ = (_decimal(one[c], c, origin, place) for c in ("usd_per_gpu_hour", "gpu_count"))
        key = _offer(one)
        held = last.get(key)
        seen.add(key)
        if held and (Decimal(held["usd_per_gpu_hour"]) == price or held["valid_from"] >= one["valid_from"]):
            continue
        name = "-".join(filter(None, (one["provider"], one.get("instance"), one["gpu_as_listed"])))
        name = f"{name}-x{one['gpu_count']}-{one['price_type']}-{one.get('region') or ''}-{one['valid_from']}"
        device = one.get("gpu_id") or devices.get(one["gpu_as_listed"], {}).get("gpu_id", "")
        made = dict.fromkeys(rows[0], "") | {"valid_from_kind": "collected"} | one
        made |= {
            "gpu_offer_id": one.get("gpu_offer_id")
            or re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._"),
            "gpu_id": device,
            "unresolved_reason": ""
            if device
            else one.get("unresolved_reason") or "a name that no row resolves yet",
            "locator": one.get("locator") or origin,
            "as_of": days[one["source_id"]],
        }
        added.append(made)
        if held:
            moves.append(
                _moved(held["gpu_offer_id"], "usd_per_gpu_hour", Decimal(held["usd_per_gpu_hour"]), price)
            )
        else:
            new.append(made["gpu_offer_id"])
    read = {row["provider"] for row in given}
    gone = sorted(
        row["gpu_offer_id"] for key, row in last.items() if row["provider"] in read and key not in seen
    )
    found = Difference(day=day, n_offers=len(seen), new=tuple(new), gone=tuple(gone), moves=tuple(moves))
    return found, [*rows, *added]


def with_configs(rows: Sequence[Line], hub: str, day: date) -> tuple[Difference, list[Line]]:
    """Hold every model to its published config; one that cannot be read stays, and is named as not listed."""
    from breakeven.cli.model import dimensions
    from breakeven.hosting.config_json import read_config

    moves, gone, taken = [], [], []
    for row in rows:
        read = None
        if row["hf_id"]:
            try:
                content = fetch(f"{hub.rstrip('/')}/{row['hf_id']}/resolve/main/config.json")
                read = read_config(content.decode("utf-8-sig", errors="replace"))
            except NotRefreshed:
                pass  # gated, moved or taken down: the name stands in the answer
        if read is None or read.model is None:
            gone.append(row["model_id"])
            taken.append(row)
            continue
        now = {column: str(cell) for column, cell in dimensions(read).items() if column in _HELD}
        changed = {
            column: cell for column, cell in now.items() if cell and _number(cell) != _number(row[column])
        }
        moves += [
            _moved(row["model_id"], column, _number(row[column]), _number(cell))
            for column, cell in changed.items()
        ]
        taken.append({**row, **changed})
    if len(gone) == len(rows):
        raise NotRefreshed(f"{hub} gave no config.json of any model; the models stay as they are.")
    found = Difference(day=day, n_offers=len(rows) - len(gone), new=(), gone=tuple(gone), moves=tuple(moves))
    return found, taken


_HELD = (
    "n_layers",
    "hidden",
    "n_heads",
    "n_kv_heads",
    "n_experts",
    "experts_per_tok",
    "vocab",
    "max_context",
)
"""Dimensions that a config states outright; what is derived from several is left to a person."""


def _moved(row: str, column: str, before: Decimal | None, after: Decimal | None) -> Move:
    return Move(
        api_offer_id=row, processing="", tier_above_tokens=0, meter=column, before=before, after=after
    )


def _offer(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{Decimal(row[c]):f}" if c == "gpu_count" else row.get(c) or "" for c in _OFFER)


def _number(cell: str) -> Decimal | None:
    return Decimal(cell) if cell else None


def _decimal(cell: str, column: str, origin: str, place: int) -> Decimal:
    try:
        return Decimal(cell)
    except InvalidOperation:
        raise NotRefreshed(f"{origin}, row {place}: {column} '{cell[:40]}' must be a number.") from None


def _given(content: bytes, origin: str) -> list[Line]:
    """Rows of a CSV file or a JSON list; every cell as text."""
    text = content.decode("utf-8-sig", errors="replace")
    try:
        found = json.loads(text) if text.lstrip().startswith(("[", "{")) else _table(text, origin)[1]
        if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
            raise ValueError("a list of objects is expected")
    except ValueError as error:
        raise NotRefreshed(f"{origin} is no list of rents: {str(error)[:200]}.") from None
    return [
        {str(key): "" if cell is None else str(cell).strip() for key, cell in one.items()} for one in found
    ]


def _table(text: str, origin: str) -> tuple[list[str], list[Line]]:
    reader = csv.DictReader(io.StringIO(text), restval="")
    rows = [{key: cell or "" for key, cell in row.items() if key is not None} for row in reader]
    if not rows:
        raise NotRefreshed(f"{origin} has no rows.")
    return list(reader.fieldnames or ()), rows


def _sources(folder: Path) -> list[Line]:
    return _table((folder / "sources.csv").read_text(encoding="utf-8"), "sources.csv")[1]
