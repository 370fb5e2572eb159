"""``breakeven data refresh``: newer API prices, rents or models, shown before they are taken."""

from __future__ import annotations

import argparse
import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, day

if TYPE_CHECKING:
    from breakeven.tables.refresh import Difference, Move


class Table(StrEnum):
    """What can be refreshed."""

    API_PRICES = "api-prices"
    GPU_PRICES = "gpu-prices"
    MODELS = "models"


SHOWN = 10
"""Lines of each list."""


def add(actions: Any) -> None:
    """Declare the action."""
    refresh = actions.add_parser(
        "refresh", help="fetch newer rows of a table, show what they change, and take them with --accept"
    )
    refresh.add_argument(
        "--table",
        type=Table,
        choices=list(Table),
        default=Table.API_PRICES,
        help="api-prices by default; gpu-prices: a CSV or JSON file with the columns of gpu_prices.csv; "
        "models: the published config.json of every model",
    )
    origin = refresh.add_mutually_exclusive_group()
    origin.add_argument("--from", dest="file", type=Path, default=None, help="a file fetched elsewhere")
    origin.add_argument("--url", default=None, help="where to fetch from; the publisher's file by default")
    refresh.add_argument("--accept", action="store_true", help="write the snapshot")
    refresh.add_argument(
        "--confirm-large", action="store_true", help="take prices that move by more than 10 times, too"
    )
    refresh.add_argument("--day", type=day, default=None, help="day of the prices; today by default")
    refresh.add_argument("--data", type=Path, default=None, help="folder of the CSV files")
    told = refresh.add_mutually_exclusive_group()
    told.add_argument("--json", action="store_true")
    told.add_argument("--markdown", action="store_true", help="the differences as a table of a pull request")
    refresh.set_defaults(command=_refresh)


def _refresh(options: argparse.Namespace) -> int:
    from breakeven.cli import refresh_rows
    from breakeven.paths import DATA
    from breakeven.tables import refresh
    from breakeven.tables.build import DataError

    folder = options.data or DATA
    try:
        if options.table is Table.API_PRICES:
            origin, content = content_of(options, refresh.URL)
            found, text = refresh.prepare(content, origin, options.day or date.today(), folder)
            accept = refresh.accept
        else:
            found, text = refresh_rows.prepare(options, folder)
            accept = refresh_rows.acceptor(options.table)
        if options.markdown:
            print("\n".join(_markdown(found)))
        elif not options.json:
            print("\n".join(_lines(found)))
        written = (
            accept(text, found, confirm_large=options.confirm_large, data_dir=folder)
            if options.accept
            else None
        )
    except refresh.NotRefreshed as reason:
        raise BadInput(f"breakeven data refresh: {reason}") from None
    except DataError as problem:
        raise BadInput(f"breakeven data refresh: {problem.problems[0]}") from None
    if options.json:
        print(json.dumps(_as_json(found, written), indent=2))
    elif options.markdown:
        pass
    elif written and options.table is not Table.API_PRICES:
        print(f"Wrote {written}. Restart the dashboard to use it.")
    elif written:
        print(f"Wrote {written}. Restart the dashboard to use it; delete the file to go back.")
    else:
        print("Nothing is written yet; add --accept to take these prices.")
    return 0


def content_of(options: argparse.Namespace, usual: str | None) -> tuple[str, bytes]:
    """Where the content is from, and the content: a file, an address, or the usual address."""
    from breakeven.tables import refresh

    if options.file:
        return str(options.file), _read(options.file, refresh.MOST_BYTES)
    origin = options.url or usual
    if origin is None:
        raise BadInput(f"breakeven data refresh: --table {options.table} wants --from FILE or --url ADDRESS")
    return origin, refresh.fetch(origin)


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        if path.stat().st_size > most_bytes:
            raise BadInput(f"breakeven data refresh: {path} is larger than {most_bytes // 10**6} MB")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"breakeven data refresh: {path} cannot be read: {error.strerror}") from None


def _lines(found: Difference) -> list[str]:
    """What changes, the biggest moves first."""
    same = found.n_offers - len(found.new) - len(found.changed)
    lines = [
        f"{found.n_offers:,} offers on {found.day}: {len(found.new):,} new, "
        f"{len(found.changed):,} at another price, {same:,} as before; "
        f"{len(found.gone):,} are no longer listed."
    ]
    for title, items in (
        ("Biggest moves", [_move(move) for move in found.moves]),
        ("New", list(found.new)),
        ("No longer listed", list(found.gone)),
        ("To be confirmed with --confirm-large", list(found.doubts)),
    ):
        if items:
            lines.append(f"{title}:")
            lines += [f"  {item}" for item in items[:SHOWN]]
            if len(items) > SHOWN:
                lines.append(f"  … and {len(items) - SHOWN:,} more")
    return lines


def _markdown(found: Difference) -> list[str]:
    """Every difference as a row of a Markdown table."""
    lines = [_lines(found)[0], "", "| row | what | before | after |", "|---|---|---|---|"]
    for move in found.moves:
        tier = f" above {move.tier_above_tokens:,}" if move.tier_above_tokens else ""
        what = " ".join(filter(None, (move.meter, move.processing))) + tier
        before, after = (
            "–" if cell is None else f"{cell.normalize():f}" for cell in (move.before, move.after)
        )
        mark = " ⚠" if move.is_large else ""
        lines.append(f"| {_cell(move.api_offer_id)} | {what}{mark} | {before} | {after} |")
    lines += [f"| {_cell(name)} | new | – | |" for name in found.new]
    lines += [f"| {_cell(name)} | no longer listed | | – |" for name in found.gone]
    return [
        *lines,
        *(["", "To be confirmed:", *(f"- {doubt}" for doubt in found.doubts)] if found.doubts else []),
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _move(move: Move) -> str:
    from breakeven.tables.exports import Processing
    from breakeven.words.numbers import Money, times

    money = Money()
    if "usd" in move.meter:
        before, after = (money.amount(None if p is None else float(p)) for p in (move.before, move.after))
    else:
        before, after = ("none" if p is None else f"{p:,}" for p in (move.before, move.after))
    what = move.meter.replace("_usd_per_mtok", "").replace("_", " ")
    where = f", above {move.tier_above_tokens:,} tokens" if move.tier_above_tokens else ""
    batch = ", batch" if move.processing == Processing.BATCH else ""
    size = ""
    if move.factor:
        size = f", {times(max(move.factor, 1 / move.factor))} {'dearer' if move.factor > 1 else 'cheaper'}"
    return f"{move.api_offer_id} {what}{batch}{where}: {before} to {after}{size}"


def _as_json(found: Difference, written: Path | None) -> dict[str, Any]:
    return {
        "day": found.day.isoformat(),
        "offers": found.n_offers,
        "new": list(found.new),
        "gone": list(found.gone),
        "moves": [
            {
                "api_offer_id": move.api_offer_id,
                "processing": move.processing,
                "tier_above_tokens": move.tier_above_tokens,
                "meter": move.meter,
                "before": None if move.before is None else float(move.before),
                "after": None if move.after is None else float(move.after),
                "large": move.is_large,
            }
            for move in found.moves
        ],
        "to_confirm": list(found.doubts),
        "written": None if written is None else str(written),
    }
