"""``breakeven data``: build, check, add to and refresh the tables."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from breakeven.cli import history, model, refresh
from breakeven.question.arguments import BadInput, Parser


def add(commands: Any) -> None:
    """Declare the command."""
    data = commands.add_parser("data", help="the tables")
    actions = data.add_subparsers(metavar="action", required=True, parser_class=Parser)
    build = actions.add_parser("build", help="write the tables into a DuckDB file")
    build.add_argument("path", nargs="?", type=Path, default=Path("breakeven.duckdb"))
    build.add_argument("--data", type=Path, default=None, help="folder of the CSV files")
    build.add_argument("--json", action="store_true")
    build.set_defaults(command=_data_build)
    check = actions.add_parser("check", help="check every rule of the tables")
    check.add_argument("--data", type=Path, default=None, help="folder of the CSV files")
    check.add_argument("--warnings", action="store_true", help="list the warnings too")
    check.add_argument("--json", action="store_true")
    check.set_defaults(command=_data_check)
    model.add(actions)
    refresh.add(actions)
    history.add(actions)


def _data_build(options: argparse.Namespace) -> int:
    from breakeven.paths import DATA
    from breakeven.tables.build import DataError, build_file

    try:
        notes = build_file(options.path, options.data or DATA)
    except DataError as problem:
        raise BadInput(_sentence(problem.problems)) from None
    for note in notes:
        print(note, file=sys.stderr)
    print(json.dumps({"path": str(options.path)}) if options.json else f"Wrote {options.path}.")
    return 0


def _data_check(options: argparse.Namespace) -> int:
    from breakeven.paths import DATA
    from breakeven.tables.build import DataError
    from breakeven.tables.check import check

    try:
        report = check(options.data or DATA)
    except DataError as problem:
        raise BadInput(_sentence(problem.problems)) from None
    if options.json:
        print(
            json.dumps(
                {
                    "problems": list(report.problems),
                    "warnings": list(report.warnings),
                    "counts": dict(report.counts),
                },
                indent=2,
            )
        )
    else:
        for line in report.problems:
            print(line, file=sys.stderr)
        for line in report.warnings if options.warnings else ():
            print(line)
        from breakeven.words.numbers import count

        rows = ", ".join(f"{name} {number:,}" for name, number in report.counts.items())
        problems, warnings = count(len(report.problems), "problem"), count(len(report.warnings), "warning")
        print(f"{rows}. {problems}, {warnings}.")
    return 2 if report.problems else 0


def _sentence(problems: Sequence[str]) -> str:
    """One fault as it is, several as a list under their number."""
    return problems[0] if len(problems) == 1 else "\n".join([f"{len(problems)} problems:", *problems])
