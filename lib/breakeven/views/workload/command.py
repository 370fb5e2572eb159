"""``breakeven price``: what a usage file costs everywhere."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from breakeven.question.arguments import BadInput, Said, day, told_on_terminal, whole


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("price", help="what a usage file costs everywhere")
    command.add_argument("file", help="a file, a pattern such as 'logs/*.jsonl', or - for standard input")
    command.add_argument("--as-of", type=day, default=None, help="day of the prices; today by default")
    command.add_argument("--top", type=whole, default=None, help="rows of each ranking")
    command.add_argument(
        "--mapping",
        default="",
        help="input=column,output=column,cached=column,cached_in=inside,model=column …",
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_price)


def _price(options: argparse.Namespace) -> Said:
    from breakeven.apis.paid import explain_paid
    from breakeven.apis.workloads import price_edges, price_workload
    from breakeven.hosting.workloads import host_workload
    from breakeven.question.scenario import Scenario
    from breakeven.tables.build import open_memory
    from breakeven.tables.day import read_tables
    from breakeven.usage.formats import BadMapping, parse_mapping
    from breakeven.usage.read import read_workload
    from breakeven.usage.spool import Unreadable
    from breakeven.views.workload.program import as_json, as_text

    if options.top is not None and options.top < 1:
        raise BadInput(f"breakeven price: --top must be at least 1, got {options.top}")
    try:
        mapping = parse_mapping(options.mapping)
        connection = open_memory()
        with told_on_terminal() as tell:
            workload = read_workload(
                options.file, edges=price_edges(connection), mapping=mapping, progress=tell
            )
    except (BadMapping, Unreadable) as reason:
        raise BadInput(f"breakeven price: {reason}") from None
    day = options.as_of or date.today()
    priced = price_workload(workload, connection, day)
    tables = read_tables(connection, day)
    hosting = host_workload(workload, tables, Scenario(as_of=day))
    paid = explain_paid(priced, connection)
    return Said(
        program=lambda: as_json(priced, hosting, tables.sources, options.top, paid),
        text=lambda: as_text(priced, hosting, tables.sources, options.top or 10, paid),
    )
