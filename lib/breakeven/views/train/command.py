"""``breakeven train``: what pre-training or tuning costs."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from breakeven.question.arguments import BadInput, Said, a_number, day, pick, whole

_GOALS = ("pretrain", "tune", "tune-or-prompt")
_PLAN = {
    "gpus": "gpus",
    "mfu": "mfu",
    "usd_per_gpu_hour": "usd_per_gpu_hour",
    "days": "days",
    "budget": "budget",
    "lost": "lost",
    "sequence": "sequence",
    "micro_batch": "micro_batch",
    "recomputation": "recomputation",
    "zero": "zero",
    "tensor": "tensor",
    "optimiser": "optimiser",
    "method": "method",
    "rank": "rank",
    "targets": "targets",
    "examples": "examples",
    "example_tokens": "example_tokens",
    "epochs": "epochs",
    "labelled": "labelled",
    "label_usd": "label_usd",
    "requests": "requests",
    "tuning_usd": "tuning_usd",
    "serve_usd_per_1k": "serve_usd",
    "law": "law",
    "pue": "pue",
    "owned_usd": "owned_usd",
    "usd_per_kwh": "usd_per_kwh",
}
"""Options that are fields of a plan as they are."""


def add(commands: Any) -> None:
    """Declare the command."""
    from breakeven.question.arguments import Parser

    command: Parser = commands.add_parser("train", help="what pre-training or tuning costs")
    command.add_argument("goal", nargs="?", choices=_GOALS, default="pretrain")
    command.add_argument("--link", help="a link of the Train page, or the part after its question mark")
    command.add_argument("--model", help="model of the tables; or give --params")
    command.add_argument("--params", type=a_number, help="parameters, such as 70e9")
    command.add_argument("--active", type=a_number, help="parameters active per token")
    command.add_argument("--tokens", type=a_number, help="such as 1.4e12; 0: compute-optimal")
    command.add_argument("--law", help="20-per-parameter, hoffmann-2022 or besiroglu-2024")
    command.add_argument("--gpu", default=None)
    command.add_argument("--gpus", type=whole, help="left out: as few as hold it and finish in --days")
    command.add_argument("--mfu", type=a_number, help="share of the 16-bit peak; left out: published runs")
    command.add_argument("--usd-per-gpu-hour", type=a_number, help="left out: the median on-demand offer")
    command.add_argument("--days", type=a_number, help="time to finish in")
    command.add_argument("--budget", type=a_number, help="US dollars: what would they train?")
    command.add_argument("--lost", type=a_number, help="share of the time lost to restarts")
    command.add_argument("--sequence", type=whole, help="tokens of a training sequence")
    command.add_argument("--micro-batch", type=whole)
    command.add_argument("--recomputation", help="none, selective or full")
    command.add_argument("--zero", type=whole, help="ZeRO stage, 0 to 3")
    command.add_argument("--tensor", type=whole, help="GPUs that share each layer")
    command.add_argument("--optimiser", help="adamw, adamw-8bit, adamw-no-copy or sgd")
    command.add_argument("--method", help="full, lora or qlora")
    command.add_argument("--rank", type=whole)
    command.add_argument("--targets", help="all-linear, attention or query-value")
    command.add_argument("--examples", type=whole)
    command.add_argument("--example-tokens", type=whole)
    command.add_argument("--epochs", type=a_number)
    command.add_argument("--labelled", type=whole, help="examples labelled by the bigger model")
    command.add_argument("--label-usd", type=a_number, help="price of one label")
    command.add_argument("--teacher", help="API offer of the bigger model, such as openai/gpt-4.1")
    command.add_argument("--rival", help="a second API offer to compare with")
    command.add_argument("--requests", type=a_number, help="requests to serve in all")
    command.add_argument(
        "--requests-per-month", type=a_number, help="how fast they come; left out: once, as a job"
    )
    command.add_argument("--prompt", type=whole, help="prompt tokens of a request")
    command.add_argument("--completion", type=whole, help="completion tokens of a request")
    command.add_argument("--tuning-usd", type=a_number, help="cost of tuning, where it is known")
    command.add_argument("--serve-usd-per-1k", type=a_number, help="cost of 1,000 requests, where known")
    command.add_argument("--pue", type=a_number)
    command.add_argument("--owned-usd", type=a_number, help="price of one GPU that is bought")
    command.add_argument("--usd-per-kwh", type=a_number)
    command.add_argument("--as-of", type=day, default=None, help="day of the prices")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_train)


def _train(options: argparse.Namespace) -> Said:
    from breakeven.hosting import Unplaceable
    from breakeven.question.asked import read_ids
    from breakeven.tables import queries
    from breakeven.tables.build import open_memory
    from breakeven.tables.day import read_tables
    from breakeven.views.train.answer import TrainingFacts, asks_for_prompting, train
    from breakeven.views.train.program import as_json, as_text
    from breakeven.views.train.prompting import hold_against_prompting

    connection = open_memory()
    known = read_ids(connection)
    try:
        plan, scenario, warnings = _asked(options, known)
        tables = read_tables(connection, scenario.as_of)
        facts = TrainingFacts(
            runs=queries.training_runs(connection),
            tuning_prices=queries.tuning_prices_on(connection, scenario.as_of),
        )
        answer = train(plan, scenario, tables, facts)
        prompting = (
            hold_against_prompting(answer, scenario, tables, facts) if asks_for_prompting(plan) else None
        )
    except (Unplaceable, ValueError) as reason:
        raise BadInput(f"breakeven train: {reason}") from None
    return Said(
        program=lambda: as_json(answer, prompting) | {"warnings": warnings},
        text=lambda: "\n".join([*warnings, as_text(answer, prompting, scenario.money)]),
    )


def _asked(options: argparse.Namespace, known: Any) -> tuple[Any, Any, list[str]]:
    """Plan and scenario of the command line, on top of a link where one is given."""
    from dataclasses import replace

    from breakeven.question.fields import pairs_of
    from breakeven.question.kinds import Per
    from breakeven.question.link import decode
    from breakeven.question.pages.train import FIELDS, USUAL
    from breakeven.question.scenario import Scenario

    today = options.as_of or date.today()
    plan, scenario, warnings = USUAL, Scenario(as_of=today), []
    if options.link:
        decoded = decode(options.link, default=scenario, known=known)
        scenario, warnings = decoded.scenario, list(decoded.warnings)
        values, more = FIELDS.read(dict(pairs_of(options.link)), default=plan)
        plan, warnings = replace(plan, **values), warnings + more
    else:
        plan = replace(plan, goal=options.goal)
    changes: dict[str, Any] = {
        field: getattr(options, option)
        for option, field in _PLAN.items()
        if getattr(options, option) is not None
    }
    if options.gpu is not None:
        changes["gpu"] = pick(known.gpu, options.gpu, "--gpu")
    for name in ("teacher", "rival"):
        if getattr(options, name) is not None:
            changes[name] = pick(known.api, getattr(options, name), f"--{name}")
    if options.active is not None and options.params is None:
        raise BadInput("breakeven train: --active needs --params, the size of the whole model")
    for option, field in (("params", "params_b"), ("active", "active_b"), ("tokens", "tokens_b")):
        value = getattr(options, option)
        if value is not None:
            changes[field] = None if option == "tokens" and value == 0 else value / 1e9
    if options.model is not None and options.params is not None:
        raise BadInput("breakeven train: give --model or --params, not both")
    fixed: dict[str, Any] = {}
    if options.requests_per_month is not None:
        fixed |= {"requests": options.requests_per_month, "per": Per.MONTH}
    elif not options.link:
        fixed["per"] = Per.ONCE
    if options.model is not None:
        fixed["model"] = pick(known.model, options.model, "--model")
    for option, field in (("prompt", "prompt_a"), ("completion", "completion_a"), ("as_of", "as_of")):
        if getattr(options, option) is not None:
            fixed[field] = getattr(options, option)
    return replace(plan, **changes), replace(scenario, **fixed), warnings
