"""``breakeven``: the engine on the command line.

Exit status 0 done, 2 bad input (one sentence on standard error), 1 a fault of ours.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from lib.scenario import AUTO, LIMITS

LARGEST_WHOLE = 10**12
"""Largest count that is read; arrays of floats hold it exactly."""
LONGEST_QUOTE = 60
"""Characters of a bad value that a message repeats."""


class BadInput(Exception):
    """What the user typed is wrong; the text says what and where."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{self.prog}: {' '.join(message.split())}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    try:
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except BadInput as problem:
        print(problem, file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="breakeven", description="LLM API, or your own GPUs? Prices a workload both ways.")
    commands = parser.add_subparsers(metavar="command", required=True, parser_class=_Parser)
    _add_serve(commands)
    _add_estimate(commands)
    _add_compare(commands)
    _add_price(commands)
    _add_data(commands)
    return parser


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser("serve", help="start the dashboard")
    serve.add_argument("--port", type=_whole, default=8501)
    serve.add_argument("--address", default="localhost", help="0.0.0.0 to be seen from other machines")
    serve.add_argument("--headless", action="store_true", help="do not open a browser")
    serve.set_defaults(command=_serve)


def _add_estimate(commands: Any) -> None:
    command = commands.add_parser("estimate", help="time and price one deployment")
    command.add_argument("--model", required=True)
    command.add_argument("--gpu", required=True)
    command.add_argument("--gpus", type=_whole, default=1, help="GPUs of one replica")
    command.add_argument("--precision", default="fp16", choices=LIMITS["precision"].choices)
    command.add_argument("--kv-precision", default="fp16", choices=LIMITS["kv_precision"].choices)
    command.add_argument("--prompt", type=_whole, required=True, help="tokens")
    command.add_argument("--completion", type=_whole, required=True, help="tokens")
    command.add_argument("--cached", type=_whole, default=0, help="tokens of the prompt found in a cache")
    command.add_argument("--batch", type=_whole, default=1, help="sequences together")
    command.add_argument("--mode", default="continuous", choices=LIMITS["mode"].choices)
    command.add_argument("--engine", default=AUTO)
    command.add_argument("--usd-per-hour", type=_number, help="rent of the whole replica")
    command.add_argument("--mfu", type=_number, help="share of the peak FLOP/s")
    command.add_argument("--mbu", type=_number, help="share of the memory bandwidth")
    command.add_argument("--overhead", type=_number, help="fixed seconds of a step; replaces all fixed times")
    command.add_argument("--usable", type=_number, default=0.9, help="share of the memory")
    command.add_argument("--ideal", action="store_true", help="the physical limit")
    command.add_argument("--as-of", type=_day, default=None, help="day of the GPU price")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_estimate)


def _add_compare(commands: Any) -> None:
    command = commands.add_parser("compare", help="the Compare page's answer")
    command.add_argument("--scenario", required=True, help="a link, or the part after its question mark")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_compare)


def _add_price(commands: Any) -> None:
    command = commands.add_parser("price", help="what a usage file costs everywhere")
    command.add_argument("file", help="a file, a pattern such as 'logs/*.jsonl', or - for standard input")
    command.add_argument("--as-of", type=_day, default=None, help="day of the prices; today by default")
    command.add_argument("--top", type=_whole, default=None, help="rows of each ranking")
    command.add_argument(
        "--mapping",
        default="",
        help="input=column,output=column,cached=column,cached_in=inside,model=column …",
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_price)


def _add_data(commands: Any) -> None:
    data = commands.add_parser("data", help="the tables")
    actions = data.add_subparsers(metavar="action", required=True, parser_class=_Parser)
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


def _whole(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{_short(text)}' is not a whole number") from None
    if abs(value) > LARGEST_WHOLE:
        raise argparse.ArgumentTypeError(f"'{_short(text)}' is beyond {LARGEST_WHOLE:,}")
    return value


def _short(text: str) -> str:
    """Repeat what was typed on one line, and not all of a long one."""
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return "".join(c if c.isprintable() else " " for c in short)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date like 2026-11-21") from None


def _pick(known: Iterable[str], text: str, option: str) -> str:
    """An id that exists, or a sentence with the nearest ones."""
    ids = list(known)
    if text in ids:
        return text
    near = get_close_matches(text.lower(), ids, n=3, cutoff=0.5)
    hint = f"the nearest are {', '.join(near)}" if near else f"known are {', '.join(sorted(ids)[:5])} …"
    raise BadInput(f"breakeven: {option}: there is no '{_short(text)}'; {hint}")


def _serve(options: argparse.Namespace) -> int:
    import logging
    import socket
    import webbrowser
    from threading import Timer

    import uvicorn

    from lib.ui.server import dashboard

    if not 1 <= options.port <= 65535:
        raise BadInput(f"breakeven serve: --port must lie between 1 and 65535, got {options.port}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.address, options.port))
        except OSError as reason:
            raise BadInput(
                f"breakeven serve: cannot listen on {options.address}:{options.port} "
                f"({reason.strerror or reason}); choose another --port or --address"
            ) from None
    address = f"http://{options.address}:{options.port}"
    print(f"Breakeven is at {address} (Ctrl+C stops it)", flush=True)
    if not options.headless and sys.stdout.isatty():
        Timer(1.0, webbrowser.open, (address,)).start()
    # Streamlit sets up logging of its own; a line for every request helps nobody.
    logging.getLogger("uvicorn.access").disabled = True
    # uvicorn opens the socket itself: Streamlit's own server leaves Nagle's algorithm on, which
    # holds back the end of an answer by 40 ms.
    uvicorn.run(dashboard(), host=options.address, port=options.port, log_level="warning", access_log=False)
    return 0


def _estimate(options: argparse.Namespace) -> int:
    from lib.db import queries
    from lib.db.build import open_memory
    from lib.deployments import Unplaceable, choose_profile, compute_class, gpu_price
    from lib.estimate import Question, estimate

    connection = open_memory()
    models, gpus = queries.models(connection), queries.gpus(connection)
    model = models[_pick(models, options.model, "--model")]
    gpu = gpus[_pick(gpus, options.gpu, "--gpu")]
    rows = queries.efficiencies(connection)
    engine = _pick([AUTO, *{row.engine for row in rows}], options.engine, "--engine")
    precision = queries.precisions(connection)[options.precision]
    usd_per_hour, price_note = options.usd_per_hour, None
    if usd_per_hour is None:
        day = options.as_of or date.today()
        offers = queries.gpu_offers_on(connection, day)
        price = gpu_price(offers, gpu_id=gpu.gpu_id, price_type="on-demand", choice="median")
        if price is None:
            price_note = f"No on-demand price of {gpu.name} is in force on {day}, so no dollars are given."
        else:
            usd_per_hour = price.usd_per_gpu_hour * options.gpus
            price_note = (
                f"${price.usd_per_gpu_hour:g} per GPU-hour: median of {price.n_offers} on-demand offers "
                f"in force on {day}."
            )
    try:
        rate = compute_class(gpu, precision)
        profile = choose_profile(
            rows, engine=engine, gpu=gpu, rate=rate, mode=options.mode, n_gpus=options.gpus
        )
        result = estimate(
            Question(
                model=model,
                gpu=gpu,
                n_gpus=options.gpus,
                precision=precision,
                kv_precision=options.kv_precision,
                rate=rate,
                profile=profile,
                mode=options.mode,
                batch=options.batch,
                prompt_tokens=options.prompt,
                completion_tokens=options.completion,
                cached_tokens=options.cached,
                usable=options.usable,
                usd_per_hour=usd_per_hour,
                ideal=options.ideal,
                mfu=options.mfu,
                mbu=options.mbu,
                overhead_s=options.overhead,
            )
        )
    except Unplaceable as reason:
        raise BadInput(f"breakeven estimate: {reason}") from None
    except ValueError as reason:
        raise BadInput(f"breakeven estimate: {reason}") from None
    if price_note:
        result["notes"] = [*_texts(result["notes"]), price_note]
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        _print_estimate(result)
    return 0


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _print_estimate(result: dict[str, Any]) -> None:
    """The same numbers for a reader."""
    from lib.format import Money, gigabytes, number, seconds, seconds_span

    money = Money()

    def per_million(key: str) -> str:
        usd = result[key]
        return "no price" if usd is None else money.per_million(usd / 1000)

    fits = "fits" if result["fits"] else "does not fit"
    lines = [
        f"TTFT {seconds(result['ttft_s'])} ({seconds_span(*result['ttft_range_s'])}), "
        f"{result['bound_prefill']}-bound; {number(result['prompt_tokens_per_s'])} prompt tokens/s",
        f"TPOT {seconds(result['tpot_s'])} ({seconds_span(*result['tpot_range_s'])}), "
        f"{result['bound_decode']}-bound; {number(result['tokens_per_s'])} completion tokens/s",
        f"Prompt {per_million('usd_per_1k_prompt')}, completion {per_million('usd_per_1k_completion')}, "
        "on a replica that is never idle",
        f"Weights {gigabytes(result['weights_bytes'])}, KV cache {gigabytes(result['kv_bytes_per_token'])} "
        f"per token and {gigabytes(result['kv_bytes_per_sequence'])} per sequence; "
        f"{fits}: at most {result['max_batch']:,} sequences",
    ]
    print("\n".join([*lines, *_texts(result["notes"])]))


def _compare(options: argparse.Namespace) -> int:
    from lib.answer import answer_as_json, answer_as_text
    from lib.comparison import compare
    from lib.db.build import open_memory
    from lib.lookup import read_ids, read_tables
    from lib.scenario import Scenario
    from lib.scenario_url import decode

    connection = open_memory()
    known = read_ids(connection)
    decoded = decode(options.scenario, default=Scenario(as_of=date.today()), known=known)
    answer = compare(decoded.scenario, read_tables(connection, decoded.scenario.as_of))
    if options.json:
        print(json.dumps(answer_as_json(answer, decoded.warnings), indent=2))
    else:
        print(answer_as_text(answer, decoded.warnings))
    return 0


def _sentence(problems: Sequence[str]) -> str:
    """One fault as it is, several as a list under their number."""
    return problems[0] if len(problems) == 1 else "\n".join([f"{len(problems)} problems:", *problems])


def _price(options: argparse.Namespace) -> int:
    from lib.db.build import open_memory
    from lib.workload.formats import BadMapping, parse_mapping
    from lib.workload.hosting import host_workload
    from lib.workload.price import price_edges, price_workload
    from lib.workload.read import read_workload
    from lib.workload.report import as_json, as_text
    from lib.workload.spool import Unreadable

    if options.top is not None and options.top < 1:
        raise BadInput(f"breakeven price: --top must be at least 1, got {options.top}")
    try:
        mapping = parse_mapping(options.mapping)
        connection = open_memory()
        workload = read_workload(options.file, edges=price_edges(connection), mapping=mapping)
    except (BadMapping, Unreadable) as reason:
        raise BadInput(f"breakeven price: {reason}") from None
    day = options.as_of or date.today()
    priced = price_workload(workload, connection, day)
    hosting = host_workload(workload, connection, day)
    if options.json:
        print(json.dumps(as_json(priced, hosting, options.top), indent=2))
    else:
        print(as_text(priced, hosting, options.top or 10))
    return 0


def _data_build(options: argparse.Namespace) -> int:
    from lib.db.build import DATA, DataError, build_file

    try:
        build_file(options.path, options.data or DATA)
    except DataError as problem:
        raise BadInput(_sentence(problem.problems)) from None
    print(json.dumps({"path": str(options.path)}) if options.json else f"Wrote {options.path}.")
    return 0


def _data_check(options: argparse.Namespace) -> int:
    from lib.db.build import DATA, DataError
    from lib.db.check import check

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
        from lib.format import count

        rows = ", ".join(f"{name} {number:,}" for name, number in report.counts.items())
        problems, warnings = count(len(report.problems), "problem"), count(len(report.warnings), "warning")
        print(f"{rows}. {problems}, {warnings}.")
    return 2 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
