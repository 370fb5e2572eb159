"""``breakeven plan``: how many replicas a file's own arrivals need."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, Said, a_number, day, pick, whole
from breakeven.question.scenario import AUTO, CHEAPEST, LIMITS, Scenario

if TYPE_CHECKING:
    from breakeven.question.pages.capacity import Fields
    from breakeven.replay.arrivals import Arrivals
    from breakeven.tables.queries import Connection
    from breakeven.usage.sql import Edges
    from breakeven.usage.sums import Workload


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("plan", help="how many replicas a file's own arrivals need")
    command.add_argument("file", help="a file with times, a pattern, or - for standard input")
    command.add_argument("--model", required=True)
    command.add_argument("--gpu", required=True, help="an id, or 'cheapest' for the cheapest deployment")
    command.add_argument("--gpus", type=whole, default=1, help="GPUs of one replica")
    command.add_argument("--precision", default="fp8", choices=LIMITS["precision"].choices)
    command.add_argument("--kv-precision", default="fp16", choices=LIMITS["kv_precision"].choices)
    command.add_argument("--ttft", type=a_number, default=None, help="target of the time to first token [s]")
    command.add_argument("--tpot", type=a_number, default=None, help="target of the time per token [s]")
    command.add_argument("--percentile", type=a_number, default=95.0, help="of the requests that keep them")
    command.add_argument("--mode", default="continuous", choices=LIMITS["mode"].choices)
    command.add_argument("--engine", default=AUTO)
    command.add_argument("--batch", type=whole, default=None, help="most sequences at once")
    command.add_argument("--token-budget", type=whole, default=None, help="tokens of one step")
    command.add_argument("--routing", default=None, help="least-backlog or round-robin")
    command.add_argument("--delay", type=a_number, default=None, help="seconds until a new replica serves")
    command.add_argument("--minimum", type=whole, default=None, help="replicas an autoscaled fleet keeps")
    command.add_argument("--usable", type=a_number, default=0.9, help="share of the memory")
    command.add_argument("--price-type", default="on-demand", choices=LIMITS["gpu_price_type"].choices)
    command.add_argument("--api", default=CHEAPEST, help="offer to compare with")
    command.add_argument("--as-of", type=day, default=None, help="day of the prices; today by default")
    command.add_argument("--mapping", default="", help="input=column,output=column,ts=column …")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_plan)


def _plan(options: argparse.Namespace) -> Said:
    from breakeven.apis.workloads import price_edges, price_workload
    from breakeven.hosting import Unplaceable
    from breakeven.hosting.workloads import host_workload
    from breakeven.replay.arrivals import SUMS
    from breakeven.replay.plan import make_fluid, make_plan
    from breakeven.tables.build import open_memory
    from breakeven.tables.day import read_tables
    from breakeven.views.capacity.words import fluid_as_json, fluid_as_text, plan_as_json, plan_as_text
    from breakeven.words.numbers import Money

    scenario, plan_options = _asked(options)
    connection = open_memory()
    scenario = _named(scenario, options, connection)
    workload, arrivals, refusal = _read(options, price_edges(connection))
    tables = read_tables(connection, scenario.as_of)
    priced = price_workload(workload, connection, scenario.as_of)
    hosting = None
    if scenario.gpu == CHEAPEST:
        hosting = host_workload(workload, tables, scenario)
    try:
        if arrivals is not None:
            plan = make_plan(arrivals, priced, scenario, plan_options, tables, hosting=hosting)
            answer, text = plan_as_json(plan), plan_as_text(plan, Money())
        elif refusal == SUMS:
            fluid = make_fluid(workload, priced, scenario, plan_options, tables, hosting=hosting)
            answer, text = fluid_as_json(fluid), fluid_as_text(fluid, Money())
        else:
            raise BadInput(f"breakeven plan: capacity is withheld: {refusal}")
    except Unplaceable as reason:
        raise BadInput(f"breakeven plan: {reason}") from None
    return Said(program=lambda: answer, text=lambda: text)


def _asked(options: argparse.Namespace) -> tuple[Scenario, Fields]:
    """The question that the options ask, ids not looked up yet."""
    from breakeven.question.pages.capacity import Fields

    given: dict[str, Any] = {
        "percent": options.percentile,
        "routing": options.routing,
        "delay": options.delay,
        "minimum": options.minimum,
        "budget": options.token_budget,
    }
    try:
        scenario = Scenario(
            as_of=options.as_of or date.today(),
            gpus=options.gpus,
            precision=options.precision,
            kv_precision=options.kv_precision,
            ttft=options.ttft,
            tpot=options.tpot,
            mode=options.mode,
            batch=options.batch,
            usable=options.usable,
            gpu_price_type=options.price_type,
        )
        return scenario, Fields(**{name: value for name, value in given.items() if value is not None})
    except ValueError as reason:
        raise BadInput(f"breakeven plan: {reason}") from None


def _named(scenario: Scenario, options: argparse.Namespace, connection: Connection) -> Scenario:
    """The same with the rows of the tables that the options name."""
    from breakeven.question.asked import read_ids

    ids = read_ids(connection)
    return replace(
        scenario,
        model=pick(ids.model, options.model, "--model"),
        gpu=pick([*ids.gpu, CHEAPEST], options.gpu, "--gpu"),
        engine=pick([*ids.engine, AUTO], options.engine, "--engine"),
        api=pick([*ids.api, CHEAPEST], options.api, "--api"),
    )


def _read(options: argparse.Namespace, edges: Edges) -> tuple[Workload, Arrivals | None, str | None]:
    """What the file holds: its tokens, and its arrivals or why there are none."""
    import tempfile

    from breakeven.replay.arrivals import NoArrivals, read_arrivals
    from breakeven.usage.files import files_of
    from breakeven.usage.formats import BadMapping, parse_mapping
    from breakeven.usage.limits import limits_from
    from breakeven.usage.read import read_workload
    from breakeven.usage.spool import Unreadable

    limits = limits_from()
    try:
        mapping = parse_mapping(options.mapping)
        with tempfile.TemporaryDirectory(prefix="breakeven-") as folder:
            files = files_of(options.file, sys.stdin.buffer, Path(folder), limits)
            workload = read_workload(files, edges=edges, mapping=mapping, name=options.file)
            try:
                return workload, read_arrivals(files, mapping=mapping), None
            except NoArrivals as reason:
                return workload, None, str(reason)
    except (BadMapping, Unreadable) as reason:
        raise BadInput(f"breakeven plan: {reason}") from None
