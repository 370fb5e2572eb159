"""``breakeven price``: what a usage file costs everywhere."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, Said, day, told_on_terminal, whole
from breakeven.usage.spark.flags import add_flags, added_up_by_spark

if TYPE_CHECKING:
    from breakeven.tables.queries import Connection
    from breakeven.tables.scores import Scores


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("price", help="what a usage file costs everywhere")
    command.add_argument(
        "file", nargs="?", help="a file, a pattern such as 'logs/*.jsonl', or - for standard input"
    )
    command.add_argument("--as-of", type=day, default=None, help="day of the prices; today by default")
    command.add_argument("--top", type=whole, default=None, help="rows of each ranking")
    command.add_argument(
        "--mapping",
        default="",
        help="input=column,output=column,cached=column,cached_in=inside,model=column …",
    )
    command.add_argument(
        "--floor",
        default="used",
        help="how good another model must be: 'used', at least as good as the one it replaces; 'none'; "
        "or a model's name",
    )
    command.add_argument("--scores", help="a CSV file of your own scores: name,score")
    add_flags(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_price)


def _price(options: argparse.Namespace) -> Said:
    from breakeven.apis.paid import explain_paid
    from breakeven.apis.workloads import price_edges, price_workload
    from breakeven.comparison.ladder import ladder_of
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
    if options.engine is None and (options.table or options.master):
        raise BadInput("breakeven price: --table and --master are for --engine spark")
    if options.engine is None and options.file is None:
        raise BadInput("breakeven price: name a file, or --engine spark with --table")
    try:
        mapping = parse_mapping(options.mapping)
        connection = open_memory()
        edges = price_edges(connection)
        with told_on_terminal() as tell:
            if options.engine:
                workload = added_up_by_spark(
                    options, "breakeven price", edges=edges, mapping=mapping, progress=tell
                )
            else:
                workload = read_workload(options.file, edges=edges, mapping=mapping, progress=tell)
    except (BadMapping, Unreadable) as reason:
        raise BadInput(f"breakeven price: {reason}") from None
    day = options.as_of or date.today()
    priced = price_workload(workload, connection, day)
    tables = read_tables(connection, day)
    hosting = host_workload(workload, tables, Scenario(as_of=day))
    scores, said = _scores(options, connection)
    ladder = ladder_of(priced, hosting, connection, scores, _floor(options.floor, scores))
    paid = explain_paid(priced, connection)
    return Said(
        program=lambda: (
            as_json(priced, hosting, ladder, tables.sources, options.top, paid) | {"scores_left_out": said}
        ),
        text=lambda: "\n".join(
            [*said, as_text(priced, hosting, ladder, tables.sources, options.top or 10, paid)]
        ),
    )


def _floor(text: str, scores: Scores) -> str:
    """The floor as it is asked for; a model must have a score to hold others against."""
    from breakeven.comparison.ladder import NO_FLOOR, USED
    from breakeven.tables.scores import Scale, score_of

    if text in (USED, NO_FLOOR) or any(score_of(scores, text, scale) for scale in Scale):
        return text
    raise BadInput(
        f"breakeven price: --floor: '{text}' has no published score; name a model that has one, or 'none'"
    )


def _scores(options: argparse.Namespace, connection: Connection) -> tuple[Scores, list[str]]:
    """Published scores and the visitor's own, and what of the latter is left out."""
    from breakeven.tables.scores import own_scores, scores_in

    scores = scores_in(connection)
    if options.scores is None:
        return scores, []
    path = Path(options.scores)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as reason:
        raise BadInput(f"breakeven price: {path}: {reason.strerror or 'cannot be read'}") from None
    offers = (one for (one,) in connection.execute("SELECT DISTINCT api_offer_id FROM api_prices").fetchall())
    own = own_scores(text, scores, offers)
    return scores.with_own(own.values), [f"{path.name}, {problem}." for problem in own.problems]
