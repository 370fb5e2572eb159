"""``breakeven export``: the dashboard as a folder of plain files."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Any

from breakeven.question.arguments import BadInput, day


def add(commands: Any) -> None:
    """Declare the command."""
    export = commands.add_parser("export", help="write the dashboard as plain files, for any web host")
    export.add_argument("folder", metavar="DIR", type=Path, help="a new folder, or one of an earlier export")
    export.add_argument(
        "--base-path",
        default="/",
        metavar="PATH",
        help="where it will stand: /x/, or https://example.org/x/ for a sitemap and pictures in chats",
    )
    export.add_argument("--as-of", type=day, metavar="DATE", help="prices of that day instead of today's")
    export.add_argument(
        "--live",
        action="store_true",
        help="also the dashboard itself, for the visitor's browser: uploads are priced there (about 50 MB)",
    )
    export.add_argument(
        "--runtime",
        type=Path,
        metavar="DIR",
        help="for --live: a full release of Pyodide instead of parts from the package registries",
    )
    export.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    from breakeven.static import folder
    from breakeven.static.live.build import LiveHalf
    from breakeven.static.live.parts import PartsMissing
    from breakeven.static.site import Part, Site, base_of, build

    try:
        folder.check(options.folder)
        origin, base = base_of(options.base_path)
    except folder.NotOurs as reason:
        raise BadInput(f"breakeven export: {reason}") from None
    except ValueError as reason:
        raise BadInput(f"breakeven export: --base-path: {reason}") from None
    when = options.as_of or date.today()
    site = Site(base=base, origin=origin)
    try:
        parts: list[Part] = [LiveHalf(runtime=options.runtime)] if options.live else []
        build(site, when, when, parts, said=lambda page: print(page, file=sys.stderr, flush=True))
        files, size = folder.write(options.folder, site.files, [part.into for part in parts])
    except PartsMissing as reason:
        raise BadInput(f"breakeven export: {reason}") from None
    print(f"{files} files, {size / 1e6:.1f} MB, prices of {when}: {options.folder}")
    if not origin:
        print("No sitemap and no pictures in chats: both need --base-path with the whole address.")
    return 0
