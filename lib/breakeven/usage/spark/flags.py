"""The flags of the commands that can leave the adding up to Spark."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput

if TYPE_CHECKING:
    from breakeven.usage.formats import ColumnMapping
    from breakeven.usage.sql import Edges
    from breakeven.usage.sums import Workload

SPARK, SPARK_SQL = "spark", "spark-sql"


def add_flags(command: Any, *, table: bool = True) -> None:
    """Declare them; ``table``: also the table's name."""
    group = command.add_argument_group("logs that are too large for one machine")
    group.add_argument(
        "--engine",
        choices=(SPARK, SPARK_SQL),
        help="add the rows up by Spark, in its workers' Python or in its own SQL; needs the extra 'spark'",
    )
    if table:
        group.add_argument("--table", help="a table of Spark's catalog, such as catalog.db.usage")
    group.add_argument(
        "--master",
        help="local[4], spark://host:7077, yarn …, or sc://host:15002 of Spark Connect; "
        "what Spark's settings say by default",
    )


def added_up_by_spark(
    options: argparse.Namespace,
    name: str,
    *,
    edges: Edges,
    mapping: ColumnMapping,
    progress: Callable[[str], None],
) -> Workload:
    """What ``--engine`` asks for, as a workload.

    Raises
    ------
    BadInput
        If files and a table, or neither, are named.
    """
    from breakeven.usage.limits import limits_from
    from breakeven.usage.spark.engine import Lake, sum_up

    if (options.file is None) == (options.table is None):
        raise BadInput(f"{name}: --engine {options.engine} takes files or --table, one of them")
    return sum_up(
        Lake(path=options.file, table=options.table),
        edges=edges,
        limits=limits_from(),
        mapping=mapping,
        master=options.master,
        in_sql=options.engine == SPARK_SQL,
        progress=progress,
    )
