"""``breakeven evidence``: the error on rows that the fit did not see, against what is to be reached."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import Said

if TYPE_CHECKING:
    from breakeven.calibration.goals import Coverage, Goal


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "evidence", help="say how wrong the estimates are on measured runs that their fit did not see"
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_evidence)


def _evidence(_: argparse.Namespace) -> Said:
    from breakeven.calibration.days import day_goals, day_of
    from breakeven.calibration.goals import coverages, goals
    from breakeven.calibration.layouts import layout_goals
    from breakeven.calibration.report import table_residuals
    from breakeven.calibration.rows import rows_of
    from breakeven.tables import queries
    from breakeven.tables.build import open_memory

    connection = open_memory()
    models, gpus = queries.models(connection), queries.gpus(connection)
    precisions = queries.precisions(connection)
    rows, _left = rows_of(
        queries.benchmarks(connection),
        models=models,
        gpus=gpus,
        precisions=precisions,
        notes=queries.benchmark_notes(connection),
    )
    residuals = table_residuals(queries.calibration_errors(connection), rows)
    found, shares = goals(rows, residuals), coverages(rows, residuals["cell"])
    found += layout_goals(queries.layout_runs(connection), queries.layout_errors(connection))
    found += day_goals(
        day_of(
            one,
            models=models,
            gpus=gpus,
            precisions=precisions,
            efficiencies=queries.efficiencies(connection),
            layouts=queries.layouts(connection),
            links=queries.node_links(connection),
        )
        for one in queries.published_days(connection)
    )
    return Said(program=lambda: _program(found, shares), text=lambda: _text(found, shares, len(rows)))


def _program(found: Sequence[Goal], shares: Sequence[Coverage]) -> dict[str, Any]:
    from breakeven.calibration.ranges import LEVEL

    return {
        "goals": [
            {
                "what": g.what,
                "limit": g.limit,
                "at_least": g.at_least,
                "value": g.value,
                "n": g.n,
                "met": g.met,
            }
            for g in found
        ],
        "range_level": LEVEL,
        "coverage": [
            {
                "quantity": c.quantity.lower(),
                "engine": c.engine,
                "gpu_family": c.gpu_family,
                "n": c.n,
                "share": c.share,
                "kept": c.kept,
            }
            for c in shares
        ],
    }


def _text(found: Sequence[Goal], shares: Sequence[Coverage], n: int) -> str:
    from breakeven.calibration.goals import LISTED, SPAN
    from breakeven.calibration.ranges import LEVEL

    lines = [
        f"{n:,} measured rows, each predicted by a fit that saw no row of its cell: its model on that GPU by "
        "that engine in that format at those lengths on that many GPUs."
    ]
    for goal in found:
        word = "met   " if goal.met else "MISSED"
        side = "at least" if goal.at_least else "at most"
        lines.append(f"  {word} {goal.value:6.1%}, {side} {goal.limit:.0%}: {goal.what} ({goal.n:,} rows)")
    lines.append(
        f"Rows inside the {LEVEL:.0%} range that the other cells give, by engine and GPU with {LISTED} rows "
        f"or more; kept: {SPAN[0]:.0%} to {SPAN[1]:.0%}."
    )
    for one in shares:
        word = "kept  " if one.kept else "MISSED"
        lines.append(
            f"  {word} {one.share:6.1%} {one.quantity} {one.engine} on {one.gpu_family} ({one.n:,} rows)"
        )
    return "\n".join(lines)
