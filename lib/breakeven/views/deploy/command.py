"""``breakeven rank``: deployments of a model, cheapest first."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from breakeven.question.arguments import BadInput, Said, a_number, day, pick, whole
from breakeven.question.kinds import LayoutKind
from breakeven.question.scenario import AUTO, CHEAPEST, LIMITS, Refused

if TYPE_CHECKING:
    from breakeven.question.scenario import Scenario
    from breakeven.tables.day import Tables
    from breakeven.tables.records import Model
    from breakeven.views.deploy import Answer, Fields

Word = TypeVar("Word", bound=StrEnum)

ALL = "all"
LARGEST_CONFIG = 1_000_000
OPTIONS = {
    "prompt_a": "prompt",
    "completion_a": "completion",
    "cached_a": "cached",
    "requests": "requests-per-second",
}
"""Options that have another name than their field of the scenario."""
"""Bytes of a config.json that are read."""
OWNED = {
    "buy": "price of one GPU with its share of the server [USD]",
    "resale": "what it fetches at the end [USD]",
    "years": "years in use",
    "interest": "[%% a year]",
    "watts": "power of one GPU with its share of the server; as the table says unless given [W]",
    "pue": "power of the building over power of the machines",
    "kwh": "tariff [USD per kWh]",
    "hosting": "space, network, staff [USD per GPU-hour]",
}
"""Options of owned hardware; any of them says that it is owned."""
SPECULATION = {
    "acceptance": "chance that a drafted token is accepted [%%]",
    "draft": "size of the draft model as a share of the model [%%]",
}
TYPED = {
    "gpu_memory": "[GB]",
    "gpu_bandwidth": "[GB/s]",
    "gpu_fp16": "dense rate [TFLOP/s]",
    "gpu_fp8": "dense rate; it has none unless given [TFLOP/s]",
    "gpu_fp4": "dense rate; it has none unless given [TFLOP/s]",
    "gpu_link": "to the others, one direction; one GPU only unless given [GB/s]",
    "gpu_usd": "rent [USD per GPU-hour]",
}
"""Options of a GPU that is not in the tables; any of them adds it to those that are ranked."""


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("rank", help="deployments of a model, cheapest first")
    command.add_argument("--model", help="id of a model, or all")
    command.add_argument("--config", help="config.json of a model that is not in the tables")
    command.add_argument(
        "--scenario", help="a link of the Deploy page, or the part after its question mark; asks all of it"
    )
    command.add_argument("--prompt", type=whole, help="tokens")
    command.add_argument("--completion", type=whole, help="tokens")
    command.add_argument("--cached", type=whole, default=0, help="tokens of the prompt found in a cache")
    command.add_argument("--ttft", type=a_number, help="target of the time to first token [s]")
    command.add_argument("--tpot", type=a_number, help="target of the time per output token [s]")
    command.add_argument("--gpu", default=CHEAPEST, help="id of a GPU; every one unless given")
    command.add_argument("--gpus", type=whole, help="GPUs of one replica; 1, 2, 4, 8, 16 unless given")
    command.add_argument("--precision", default="fp8", help="weight formats with commas, or all")
    command.add_argument("--kv-precision", default="fp16", help="cache formats with commas, or all")
    command.add_argument("--mode", default="continuous", help="serving modes with commas, or all")
    command.add_argument(
        "--layout",
        default=str(LayoutKind.AUTO),
        choices=LIMITS["layout"].choices,
        help="tp: each layer on all GPUs; dp: data-parallel attention, experts spread over all GPUs",
    )
    command.add_argument("--engine", default=AUTO)
    command.add_argument(
        "--price-type", default="on-demand", choices=LIMITS["gpu_price_type"].choices, help="kind of offer"
    )
    command.add_argument("--requests-per-second", type=a_number, default=1.0)
    command.add_argument("--utilisation", type=a_number, default=0.5, help="busy share of the rented time")
    command.add_argument("--usable", type=a_number, default=0.9, help="share of the memory")
    command.add_argument("--as-of", type=day, default=None, help="day of the GPU prices")
    command.add_argument("--owned", action="store_true", help="the GPUs are bought and not rented")
    command.add_argument("--drafts", type=whole, help="tokens drafted per step (speculative decoding)")
    command.add_argument("--gpu-name", help="name of a GPU of your own numbers")
    for name, words in (OWNED | SPECULATION | TYPED).items():
        command.add_argument(f"--{name.replace('_', '-')}", type=a_number, help=words)
    usual = {action.dest: action.default for action in command._actions}
    command.add_argument("--top", type=whole, default=10, help="rows; 0 for all")
    command.add_argument("--json", action="store_true")
    command.add_argument("--csv", action="store_true")
    command.set_defaults(command=_rank, usual=usual)


def _rank(options: argparse.Namespace) -> int | Said:
    from breakeven.hosting.choose import COUNTS
    from breakeven.tables.build import open_memory
    from breakeven.tables.day import read_tables
    from breakeven.views.deploy import deploy

    if options.top < 0:
        raise BadInput(f"breakeven rank: --top is {options.top}; it must be 0 or more")
    if options.json and options.csv:
        raise BadInput("breakeven rank: --json and --csv exclude each other")
    if options.scenario is not None:
        scenario, extra, tables, notes = _linked(options)
        models = None
    else:
        scenario, extra = _question(options)
        tables = read_tables(open_memory(), scenario.as_of)
        models, notes = _models(options, tables)
    if options.gpu != CHEAPEST:
        pick(tables.gpus, options.gpu, "--gpu")
    pick([AUTO, *{row.engine for row in tables.efficiencies}], options.engine, "--engine")
    counts = COUNTS if options.gpus is None else (options.gpus,)
    answer = deploy(scenario, extra, tables, models=models, counts=counts)
    most = options.top or len(answer.order)
    if options.csv:
        _write_csv(answer, most)
        return 0
    return Said(
        program=lambda: _as_json(answer, most, notes),
        text=lambda: "\n".join(_lines(answer, most, notes)),
    )


def _words(text: str, known: Sequence[Word], option: str) -> list[Word]:
    """Words between commas, each one known."""
    if text == ALL:
        return list(known)
    words = {str(word): word for word in known}
    return [words[pick(words, word.strip(), option)] for word in text.split(",")]


def _linked(options: argparse.Namespace) -> tuple[Scenario, Fields, Tables, list[str]]:
    """What a link of the page asks, the tables of its day, and what cannot be used of it."""
    from breakeven.question.asked import read_link
    from breakeven.question.fields import pairs_of
    from breakeven.views.deploy import FIELDS, USUAL

    given = vars(options)
    for name, usual in options.usual.items():
        if name in given and name != "scenario" and given[name] != usual:
            raise BadInput(
                f"breakeven rank: --scenario asks everything itself; leave --{name.replace('_', '-')} out"
            )
    asked = read_link(options.scenario)
    values, warnings = FIELDS.read(dict(pairs_of(options.scenario)), default=USUAL)
    try:
        extra = replace(USUAL, **values)
    except ValueError as reason:
        raise BadInput(f"breakeven rank: --scenario: deploy_{reason}") from None
    return asked.scenario, extra, asked.tables, [*asked.warnings, *warnings]


def _own(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of owned hardware, a GPU of one's own and speculation, by field of the page."""
    from breakeven.question.pages.deploy import OWNED as IS_OWNED

    given = {
        name: value
        for name in ("drafts", "gpu_name", *OWNED, *SPECULATION, *TYPED)
        if (value := getattr(options, name)) is not None
    }
    if options.owned or any(name in given for name in OWNED):
        given["price"] = IS_OWNED
    if any(name in given for name in ("gpu_name", *TYPED)):
        given["gpu"] = True
    if any(name in given for name in SPECULATION) and not given.get("drafts"):
        raise BadInput("breakeven rank: --acceptance and --draft need --drafts, the tokens drafted per step")
    return given


def _question(options: argparse.Namespace) -> tuple[Scenario, Fields]:
    """The scenario and the page's fields that the options describe."""
    from datetime import date

    from breakeven.question.kinds import WeightFormat
    from breakeven.question.pages.deploy import CACHES, MODES, NOTHING_ELSE, WEIGHTS
    from breakeven.question.scenario import Scenario
    from breakeven.views.deploy import Fields

    formats = _words(
        options.precision, WEIGHTS if options.precision == ALL else [*WeightFormat], "--precision"
    )
    caches = _words(options.kv_precision, CACHES, "--kv-precision")
    modes = _words(options.mode, MODES, "--mode")

    def rest(words: Sequence[str], known: Sequence[str]) -> str:
        return ",".join(word for word in known if word in words[1:]) or NOTHING_ELSE

    if options.prompt is None or options.completion is None:
        raise BadInput("breakeven rank: give --prompt and --completion, or --scenario with a link")
    if options.gpus is not None and not 1 <= options.gpus <= 64:
        raise BadInput(f"breakeven rank: --gpus is {options.gpus}; it must lie between 1 and 64")
    try:
        scenario = Scenario(
            as_of=options.as_of or date.today(),
            gpu=options.gpu,
            gpu_price_type=options.price_type,
            precision=formats[0],
            kv_precision=caches[0],
            mode=modes[0],
            layout=LayoutKind(options.layout),
            engine=options.engine,
            prompt_a=options.prompt,
            completion_a=options.completion,
            cached_a=options.cached,
            requests=options.requests_per_second,
            ttft=options.ttft,
            tpot=options.tpot,
            utilisation=options.utilisation,
            usable=options.usable,
        )
    except Refused as reason:
        raise BadInput(f"breakeven rank: {reason.said(OPTIONS)}") from None
    own = _own(options)
    try:
        extra = Fields(
            weights=rest(formats, WEIGHTS), cache=rest(caches, CACHES), modes=rest(modes, MODES), **own
        )
    except ValueError as reason:
        raise BadInput(f"breakeven rank: --{str(reason).replace('_', '-', 1)}") from None
    return scenario, extra


def _models(options: argparse.Namespace, tables: Tables) -> tuple[list[Model], list[str]]:
    """The models that are ranked, and what had to be assumed about one that was typed in."""
    from breakeven.hosting.config_json import read_config

    if (options.model is None) == (options.config is None):
        raise BadInput("breakeven rank: give either --model or --config")
    if options.model == ALL:
        return list(tables.models.values()), []
    if options.model is not None:
        return [tables.models[pick([*tables.models, ALL], options.model, "--model")]], []
    path = Path(options.config)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_CONFIG).decode("utf-8", errors="replace")
    except OSError as reason:
        raise BadInput(f"breakeven rank: {path}: {reason.strerror or 'cannot be read'}") from None
    read = read_config(text)
    if read.model is None:
        raise BadInput(f"breakeven rank: {read.problem}")
    return [read.model], list(read.notes)


def _as_json(answer: Answer, most: int, notes: Sequence[str]) -> dict[str, Any]:
    """Plain values; US dollars, seconds, tokens."""
    from breakeven.views.deploy import words
    from breakeven.views.deploy.table import rows_of

    chosen, ideal, grid = answer.chosen, answer.ideal, answer.grid
    best = None if grid is None else grid.best()
    return {
        "question": words.question(answer),
        "recommendation": words.recommendation(answer),
        "chosen": rows_of(answer, [best])[0] | {"rank": answer.order.index(best) + 1}
        if best is not None
        else None,
        "physical_limit": None
        if chosen is None or ideal is None
        else {"ttft_s": ideal.ttft_s, "tpot_s": ideal.tpot_s},
        "stops_next_batch": answer.stops_next,
        "deployments": rows_of(answer, answer.order[:most]),
        "hold_the_targets": len(answer.order),
        "fit": 0 if grid is None else int(grid.w.size),
        "do_not_fit": 0 if grid is None else grid.too_large * len(grid.modes),
        "needs": list(answer.needs),
        "problems": list(answer.problems),
        "left_out": [{"what": gone.what, "why": gone.why} for gone in answer.left_out],
        "notes": list(notes),
    }


def _write_csv(answer: Answer, most: int) -> None:
    """The ranking as CSV; why nothing is ranked goes to standard error."""
    from breakeven.views.deploy.table import rows_of

    rows = rows_of(answer, answer.order[:most])
    for sentence in (*answer.problems, *answer.needs):
        print(sentence, file=sys.stderr)
    if rows:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _lines(answer: Answer, most: int, notes: Sequence[str]) -> list[str]:
    """The same for a reader."""
    from breakeven.views.deploy import words
    from breakeven.views.deploy.table import rows_of
    from breakeven.words.names import gpu_name
    from breakeven.words.numbers import seconds

    money = answer.scenario.money
    first = words.recommendation(answer)
    lines = [first + "." * (not first.endswith(".")), words.trust(answer), words.load_sentence(answer)]
    lines += [
        words.binds(answer),
        words.price_sentence(answer, money),
        words.cheaper_but(answer),
        *notes,
    ]
    lines += [line for line in (*answer.problems, *answer.needs) if line != first]
    lines = [line for line in lines if line]
    names = {} if answer.grid is None else {gpu.gpu_id: gpu_name(gpu) for gpu in answer.grid.hardware.gpus}
    many = len(answer.models) > 1
    for row in rows_of(answer, answer.order[:most]):
        model = f"{row['model']}: " if many else ""
        lines.append(
            f"{row['rank']:>3}. {model}{words.row_name(row, names)}: "
            f"{money.amount(row['usd_at_load'])} {answer.scenario.load.period}, "
            f"{money.per_million(row['usd_per_1m_tokens'] / 1e6)}, "
            f"batch {row['batch']:,}, TTFT {seconds(row['ttft_s'])}, TPOT {seconds(row['tpot_s'])}"
            + (", not measured" if row["not_certain_because"] else "")
        )
    if answer.grid is not None:
        lines.append(words.others(answer))
    return [*lines, *(f"Left out: {sentence}" for sentence in words.left_out_by_reason(answer))]
