"""``breakeven``: the engine on the command line, one file a command.

Exit status 0 done, 2 bad input (one sentence on standard error), 1 a fault of ours, 130 stopped by Ctrl+C.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from breakeven import __version__
from breakeven.cli import data, estimate, export, measure, serve, sums
from breakeven.question.arguments import BadInput, Parser, Said
from breakeven.views.articles import command as claims
from breakeven.views.capacity import command as plan
from breakeven.views.compare import command as compare
from breakeven.views.deploy import command as rank
from breakeven.views.evidence import command as calibrate
from breakeven.views.evidence import goals as evidence
from breakeven.views.train import command as train
from breakeven.views.workload import command as price

COMMANDS = (
    serve,
    export,
    estimate,
    compare,
    rank,
    price,
    sums,
    train,
    plan,
    claims,
    calibrate,
    evidence,
    measure,
    data,
)
"""Modules that declare a command each, in the order of the help text. They import the engine when run."""


_INTERRUPTED = "Query interrupted"
"""What DuckDB raises, as a plain RuntimeError, where Ctrl+C meets a query."""
EXTRAS = {
    "jinja2": "static",
    "latex2mathml": "static",
    "markdown_it": "static",
    "numba": "replay",
    "plotly": "dashboard",
    "prometheus_client": "dashboard",
    "pyarrow": "sums",
    "pyspark": "spark",
    "sqlglot": "sums",
    "starlette": "dashboard",
    "streamlit": "dashboard",
    "uvicorn": "dashboard",
}
"""Which extra of the package brings a module that only some commands need."""
STOPPED = 130
"""What shells expect of a program that was stopped from the keyboard."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    try:
        options = parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int | Said] = options.command
        done = command(options)
        if isinstance(done, int):
            return done
        print(json.dumps(done.program(), indent=2) if options.json else done.text())
        return 0
    except BadInput as problem:
        print(problem, file=sys.stderr)
        return 2
    except ModuleNotFoundError as missing:
        extra = EXTRAS.get((missing.name or "").partition(".")[0])
        if extra is None:
            raise
        print(
            f"breakeven: {missing.name} is not installed; install the package with its extra '{extra}'",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except (KeyboardInterrupt, RuntimeError) as reason:
        if isinstance(reason, RuntimeError) and str(reason) != _INTERRUPTED:
            raise
        print("breakeven: stopped", file=sys.stderr)
        return STOPPED


def parser() -> Parser:
    """Every command with its options."""
    parser = Parser(prog="breakeven", description="LLM API, or your own GPUs? Prices a workload both ways.")
    parser.add_argument("--version", action="version", version=f"breakeven {__version__}")
    commands = parser.add_subparsers(metavar="command", required=True, parser_class=Parser)
    for command in COMMANDS:
        command.add(commands)
    return parser
