"""``breakeven sums``: many files as one small file that prices like them, or the query that gives it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, Said, pick, told_on_terminal
from breakeven.usage.spark.flags import add_flags, added_up_by_spark

if TYPE_CHECKING:
    from breakeven.usage.sums_file.many import Summed


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "sums", help="add up logs of any size into one small file that prices like them"
    )
    command.add_argument(
        "file", nargs="?", help="a file, a folder, a pattern such as 'logs/**/*.parquet', or s3://bucket/logs"
    )
    command.add_argument("-o", "--out", type=Path, default=Path("sums.parquet"), help=".parquet or .csv")
    command.add_argument("--mapping", default="", help="input=column,output=column … as for price")
    command.add_argument(
        "--fresh", action="store_true", help="read every file anew after a run that was stopped"
    )
    query = command.add_argument_group("the query whose result is a sums file")
    query.add_argument("--dialect", help="bigquery, snowflake, databricks, spark, trino, duckdb …")
    query.add_argument("--table", help="such as db.usage; with --engine spark it is read, not printed")
    query.add_argument(
        "--columns",
        default="",
        help="input=…,output=…,cached=…,cached_in=inside,time=…,time_unit=s,model=…,cost=…,tenant=…: "
        "columns, or expressions in the engine's SQL with %%2C for a comma",
    )
    query.add_argument(
        "--shape", help="a table that is known: litellm, openai-bigquery, langfuse-clickhouse …"
    )
    query.add_argument("--where", default="", help="condition of the rows to add up")
    query.add_argument("--skip", default="", help="condition of rows that are no request; they are counted")
    query.add_argument(
        "--step", choices=("minute", "hour", "day"), default="hour", help="of the load over time"
    )
    add_flags(command, table=False)
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_sums)


def _sums(options: argparse.Namespace) -> Said:
    if options.engine is None and options.master:
        raise BadInput("breakeven sums: --master is for --engine spark")
    if options.engine is None and (options.dialect or options.shape or options.table):
        return _printed(options)
    return _added_up(options)


def _printed(options: argparse.Namespace) -> Said:
    """The query for a table."""
    from breakeven.apis.workloads import price_edges
    from breakeven.tables.build import open_memory
    from breakeven.usage.formats import INSIDE, TIME_UNITS, BadMapping, parse_mapping
    from breakeven.usage.rollup import STEP_WORDS
    from breakeven.usage.sums_file.query import BadQuery, translated, written
    from breakeven.usage.sums_file.shapes import shapes
    from breakeven.usage.sums_file.statement import Asked

    if options.file:
        raise BadInput(
            "breakeven sums: a query is for a table; leave the file out, or --dialect, --shape and --table"
        )
    shape = shapes()[pick(shapes(), options.shape, "--shape")] if options.shape else None
    dialect = options.dialect or (shape.dialect if shape else None)
    table = options.table or (shape.table if shape else None)
    if not dialect or not table:
        raise BadInput("breakeven sums: a query needs --dialect and --table, or --shape")
    try:
        mapping = parse_mapping(options.columns)
        columns, skip = translated(shape, dialect) if shape else ({}, "")
        columns |= mapping.columns
        units = {seconds: name for name, seconds in TIME_UNITS.items()}
        unit = units[mapping.time_unit_s] if mapping.time_unit_s else shape.time_unit if shape else None
        sql = written(
            Asked(
                dialect=dialect,
                table=table,
                columns={name: text for name, text in columns.items() if text},
                edges=price_edges(open_memory()),
                cached_in=mapping.cached_in or (shape.cached_in if shape else INSIDE),
                time_unit=unit,
                skip=options.skip or skip,
                where=options.where,
                step_minutes={word: minutes for minutes, word in STEP_WORDS.items()}[options.step],
                formats=[{"id": shape.id, "name": shape.name, "provider": shape.provider}] if shape else [],
            )
        )
    except (BadMapping, BadQuery) as reason:
        raise BadInput(f"breakeven sums: {reason}") from None
    notes = [
        "The result is a sums file of Breakeven, version 1: save it as Parquet or CSV, then breakeven price."
    ]
    notes += [shape.note] if shape and shape.note else []
    return Said(
        program=lambda: {"dialect": dialect, "table": table, "notes": notes, "sql": sql},
        text=lambda: "\n".join([*(f"-- {note}" for note in notes), sql.rstrip()]),
    )


def _added_up(options: argparse.Namespace) -> Said:
    from breakeven.apis.workloads import price_edges
    from breakeven.tables.build import open_memory
    from breakeven.usage.formats import BadMapping, parse_mapping
    from breakeven.usage.limits import limits_from
    from breakeven.usage.spool import Unreadable
    from breakeven.usage.sums_file.many import Parts, Summed, sum_up_files
    from breakeven.usage.sums_file.places import places_of
    from breakeven.usage.sums_file.write import SUFFIXES, write_sums

    out: Path = options.out
    if options.file is None and options.engine is None:
        raise BadInput(
            "breakeven sums: name a file, a folder, a pattern or an address such as s3://bucket/logs"
        )
    if out.suffix.lower() not in SUFFIXES:
        raise BadInput(f"breakeven sums: --out: '{out}' must end with {' or '.join(SUFFIXES)}")
    try:
        mapping, limits = parse_mapping(options.mapping), limits_from()
        edges = price_edges(open_memory())
        parts = Parts.beside(out, edges, mapping)
        if options.fresh:
            parts.clear()
        with told_on_terminal() as tell:
            if options.engine:
                workload = added_up_by_spark(
                    options, "breakeven sums", edges=edges, mapping=mapping, progress=tell
                )
                summed = Summed(workload=workload, files=1, again=0, left_out=())
            else:
                places = places_of(options.file, limits)
                summed = sum_up_files(
                    places,
                    edges=edges,
                    name=options.file,
                    limits=limits,
                    mapping=mapping,
                    parts=parts if len(places) > 1 else None,
                    progress=tell,
                )
        written = write_sums(summed.workload, out)
    except KeyboardInterrupt:
        if len(parts):
            print(
                f"The sums of {len(parts):,} files are kept; the same command goes on from there.",
                file=sys.stderr,
            )
        raise
    except (BadMapping, Unreadable) as reason:
        raise BadInput(f"breakeven sums: {reason}") from None
    except OSError as reason:
        raise BadInput(
            f"breakeven sums: cannot write {out} ({reason.strerror}); choose another --out"
        ) from None
    parts.clear()
    program = _program(summed, out, written.step_minutes)
    return Said(program=lambda: program, text=lambda: _text(program))


def _program(summed: Summed, out: Path, step_minutes: int) -> dict[str, Any]:
    """Plain values."""
    workload = summed.workload
    return {
        "file": str(out),
        "bytes": out.stat().st_size,
        "files": summed.files,
        "files_summed_before": summed.again,
        "files_left_out": list(summed.left_out),
        "rows_read": workload.rows_read,
        "rows_rejected": workload.rows_rejected,
        "rows_skipped": workload.rows_skipped,
        "requests": workload.tokens.requests,
        "models": len(workload.by_model),
        "step_minutes": step_minutes if workload.minutes else None,
        "problems": [
            {
                "file": one.file,
                "line": one.line,
                "column": one.column,
                "value": one.value,
                "reason": one.reason,
            }
            for one in workload.problems[:_SHOWN]
        ],
        "notes": list(workload.notes),
        "withheld": list(workload.withheld),
    }


_SHOWN = 10
"""Bad rows that are listed; the file carries more."""


def _text(said: dict[str, Any]) -> str:
    """The same for a reader."""
    from breakeven.usage.rollup import STEP_WORDS
    from breakeven.words.numbers import count

    step = said["step_minutes"]
    by_time = f", by the {STEP_WORDS[step]}" if step else ", without times"
    again = f" ({said['files_summed_before']:,} summed before)" if said["files_summed_before"] else ""
    bad = f"{said['rows_rejected']:,} left out" if said["rows_rejected"] else "none left out"
    skipped = f", {said['rows_skipped']:,} not a paid request" if said["rows_skipped"] else ""
    lines = [
        f"{said['file']}: {count(said['requests'], 'request')} of {count(said['models'], 'model')} in "
        f"{count(said['files'], 'file')}{again}, {said['bytes'] / 1e6:,.2f} MB{by_time}.",
        f"{count(said['rows_read'], 'row')} read, {bad}{skipped}.",
    ]
    for one in said["problems"]:
        where = f"{one['file']}, line {one['line']:,}" if one["file"] else f"line {one['line']:,}"
        lines.append(f"  {where}: {one['column'] or 'the row'} {one['value']!r}: {one['reason']}")
    lines += [f"Left out: {text}" for text in said["files_left_out"][:_SHOWN]]
    more = len(said["files_left_out"]) - _SHOWN
    lines += [f"Left out: {more:,} more files; --json lists them."] if more > 0 else []
    lines += said["notes"][:_SHOWN]
    lines += [f"Withheld: {text}" for text in said["withheld"]]
    return "\n".join(lines)
