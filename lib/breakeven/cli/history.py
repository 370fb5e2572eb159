"""``breakeven data history``: newer releases of litellm's price list, as rows of ``api_prices_daily.csv``."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, day

if TYPE_CHECKING:
    from breakeven.tables.catalogue_rules import CatalogueRules

FILE = "api_prices_daily.csv"
SHOWN = 10
"""Lines of each list."""


def add(actions: Any) -> None:
    """Declare the action."""
    history = actions.add_parser(
        "history", help="read newer releases of a list of prices, show what they change, add it with --accept"
    )
    history.add_argument("--index", default=None, help="list of the releases; that of PyPI by default")
    history.add_argument("--until", type=day, default=None, help="last day of releases that are read")
    history.add_argument(
        "--most", type=int, default=1000, help="most releases at once; go on by asking again"
    )
    history.add_argument("--accept", action="store_true", help="write the rows")
    history.add_argument("--confirm-large", action="store_true", help="take moves by more than 10 times, too")
    history.add_argument("--data", type=Path, default=None, help="folder of the CSV files")
    history.add_argument("--json", action="store_true")
    history.set_defaults(command=_history)


def _history(options: argparse.Namespace) -> int:
    from breakeven.paths import DATA
    from breakeven.tables import refresh, releases, wheels
    from breakeven.tables.build import DataError
    from breakeven.tables.snapshot import write_whole

    folder = options.data or DATA
    try:
        held = _rows(folder / FILE)
        rules, known = _rules_and_names(folder, held)
        last = releases.last_lines(held)
        newest = max((date.fromisoformat(row["valid_from"]) for row in held), default=date.min)
        found = wheels.releases_after(newest, options.index or wheels.INDEX)
        found = [one for one in found if options.until is None or one[0].day <= options.until][: options.most]
        added: list[dict[str, str]] = []
        stopped: refresh.NotRefreshed | None = None
        read = []
        for release, url, size in found:
            try:
                offers = releases.offers_in(wheels.map_of(url, size), rules, known)
            except refresh.NotRefreshed as reason:
                stopped = reason  # what was read before it counts; ask again to go on
                break
            read.append(release.version)
            added += releases.changes(offers, last, release, date.today())
        if stopped and not read:
            raise stopped
        doubts = releases.doubts(held, added, refresh.LARGE)
        text = _text([*held, *added])
        if added:
            refresh.check_with(FILE, text, folder)
        if options.accept and doubts and not options.confirm_large:
            raise refresh.NotRefreshed(f"{doubts[0]}; nothing is written. If it is right, --confirm-large.")
        if options.accept and added:
            write_whole(folder / FILE, text)
    except refresh.NotRefreshed as reason:
        raise BadInput(f"breakeven data history: {reason}") from None
    except DataError as problem:
        raise BadInput(f"breakeven data history: {problem.problems[0]}") from None
    except OSError as error:
        raise BadInput(f"breakeven data history: {folder / FILE}: {error.strerror}") from None
    _say(
        options, [release.version for release, _, _ in found], added, doubts, _unmapped(folder, added, rules)
    )
    return 0


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _rules_and_names(
    folder: Path, held: Sequence[Mapping[str, str]]
) -> tuple[CatalogueRules, dict[tuple[str, str], str]]:
    from genai_prices import data

    from breakeven.tables.catalogue_rules import CatalogueRules
    from breakeven.tables.releases import names_known

    rules = CatalogueRules.of((row["rule"], row["pattern"]) for row in _rows(folder / "catalogue_rules.csv"))
    lines = [*held, *_rows(folder / "api_prices_history.csv")]
    package = [(provider.id, model.id) for provider in data.providers for model in provider.models]
    return rules, names_known([(row["provider"], row["api_model"]) for row in lines], package)


def _text(rows: Sequence[Mapping[str, str]]) -> str:
    from breakeven.tables.releases import COLUMNS

    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        sorted(rows, key=lambda r: (r["provider"], r["api_model"].lower(), r["valid_from"], r["api_model"]))
    )
    return out.getvalue()


def _unmapped(folder: Path, added: Sequence[Mapping[str, str]], rules: CatalogueRules) -> list[str]:
    """New offers that look like open models and have no row of aliases yet."""
    named = {(row["provider"], row["api_model"]) for row in _rows(folder / "model_aliases.csv")}
    new = {(row["provider"], row["api_model"]) for row in added if rules.open_weights(row["api_model"])}
    return ["/".join(offer) for offer in sorted(new - named)]


def _say(
    options: argparse.Namespace,
    versions: Sequence[str],
    added: Sequence[Mapping[str, str]],
    doubts: Sequence[str],
    unmapped: Sequence[str],
) -> None:
    written = bool(options.accept and added)
    if options.json:
        told = {"releases": versions, "rows": added, "to_confirm": doubts, "without_alias": unmapped}
        print(json.dumps({**told, "written": written}, indent=2))
        return
    print(f"{len(versions):,} newer releases, {len(added):,} changes.")
    moves = [
        f"{row['valid_from']} {row['provider']}/{row['api_model']}: "
        + ("gone" if row["gone"] == "true" else f"{row['input_usd_per_mtok']}/{row['output_usd_per_mtok']}")
        for row in added
    ]
    for title, items in (
        ("Changes [USD per 1e6 tokens in/out]", moves),
        ("To be confirmed with --confirm-large", doubts),
        ("Open models that want a row in model_aliases.csv", unmapped),
    ):
        if items:
            print(f"{title}:", *(f"  {item}" for item in items[:SHOWN]), sep="\n")
            if len(items) > SHOWN:
                print(f"  … and {len(items) - SHOWN:,} more")
    print("Written." if written else "Nothing is written; add --accept to take the changes." if added else "")
