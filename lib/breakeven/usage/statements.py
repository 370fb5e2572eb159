"""A file to a workload by statements over all of its rows: in one scan, or with every cell looked at."""

from __future__ import annotations

from pathlib import Path as FilePath

from breakeven.usage.aggregate import rejected_lines, sum_up
from breakeven.usage.aside import beside
from breakeven.usage.cells import query_of
from breakeven.usage.csv_table import with_types
from breakeven.usage.from_sums import Reading, workload_of
from breakeven.usage.open_table import OpenTable
from breakeven.usage.quick import quick_sums
from breakeven.usage.spool import Unreadable
from breakeven.usage.sums import Workload


def summed(opened: OpenTable, asked: Reading, folder: FilePath) -> Workload:
    """Sum up one file.

    Raises
    ------
    Unreadable
        If no row can be read.
    """
    read = in_one_scan(opened, asked, folder)
    if read is None and asked.again:
        raise Unreadable(
            f"{len(asked.again):,} ids occur again with the same numbers, and in so large a sheet only "
            "single requests in plain columns are freed of them: take the repeated rows out, or split it and "
            "give the folder of its parts."
        )
    return read or carefully(opened, asked)


def in_one_scan(opened: OpenTable, asked: Reading, folder: FilePath) -> Workload | None:
    """Sum up one file in one scan; None where that is not possible."""
    table, found = opened.table, asked.found
    quick = quick_sums(opened.connection, table, asked)
    if quick is None:
        return None
    main = workload_of(asked, table, query_of(table, found, asked.edges), quick.sums, [])
    return beside(main, quick, table, asked, folder)


def carefully(opened: OpenTable, asked: Reading) -> Workload:
    """Sum up one file of any rows.

    Raises
    ------
    Unreadable
        If no row can be read.
    """
    connection, table = opened.connection, opened.table
    found, edges, limits = asked.found, asked.edges, asked.limits
    skip = [f"COALESCE({condition}, FALSE)" for condition in asked.skips.values()]
    fast = with_types(table, found, limits) if table.kind == "csv" else None
    if fast is not None:
        query = query_of(fast, found, edges, skip=skip)
        sums = sum_up(connection, fast, query, edges, limits)
        if not rejected_lines(connection, fast) and all(row["good"] >= 0 for row in sums.rows):
            return workload_of(asked, fast, query, sums, [])
    query = query_of(table, found, edges, skip=skip)
    sums = sum_up(connection, table, query, edges, limits)
    rejects = rejected_lines(connection, table)
    return workload_of(asked, table, query, sums, rejects)
