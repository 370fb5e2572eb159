"""``breakeven estimate``: time and price one deployment."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, Said, a_number, day, pick, whole
from breakeven.question.scenario import AUTO, LIMITS

if TYPE_CHECKING:
    from breakeven.hosting import Profile
    from breakeven.hosting.estimate import Question
    from breakeven.hosting.layouts import Pools, Worker
    from breakeven.tables.records import Gpu
    from breakeven.tables.records import Layout as LayoutRow


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("estimate", help="time and price one deployment")
    command.add_argument("--model", required=True)
    command.add_argument("--gpu", required=True)
    command.add_argument("--gpus", type=whole, default=None, help="GPUs of one replica; 1 unless told")
    command.add_argument(
        "--layout",
        help="how the GPUs share the model: TP8 (each layer on all), DP8 (data-parallel attention, experts "
        "spread over all), TP4DP2 (both), or two pools such as 4xDP8+1xDP32: workers that only read "
        "prompts, then workers that only decode; --gpus is what they add up to",
    )
    command.add_argument("--precision", default="fp16", choices=LIMITS["precision"].choices)
    command.add_argument("--kv-precision", default="fp16", choices=LIMITS["kv_precision"].choices)
    command.add_argument("--prompt", type=whole, required=True, help="tokens")
    command.add_argument("--completion", type=whole, required=True, help="tokens")
    command.add_argument("--cached", type=whole, default=0, help="tokens of the prompt found in a cache")
    command.add_argument(
        "--batch", type=whole, default=1, help="clients at once; more than fit wait for a place"
    )
    command.add_argument("--mode", default="continuous", choices=LIMITS["mode"].choices)
    command.add_argument("--engine", default=AUTO)
    command.add_argument("--usd-per-hour", type=a_number, help="rent of the whole replica")
    command.add_argument("--mfu", type=a_number, help="share of the peak FLOP/s")
    command.add_argument("--mbu", type=a_number, help="share of the memory bandwidth")
    command.add_argument(
        "--overhead", type=a_number, help="fixed seconds of a step; replaces all fixed times"
    )
    command.add_argument("--usable", type=a_number, default=0.9, help="share of the memory")
    command.add_argument(
        "--ideal",
        action="store_true",
        help="the physical limit: what arithmetic, weights and cache take at peak rates; no fixed time, "
        "no queue, nothing between GPUs",
    )
    command.add_argument("--as-of", type=day, default=None, help="day of the GPU price")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_estimate)


def _estimate(options: argparse.Namespace) -> Said:
    from breakeven.hosting import (
        Unplaceable,
        architecture,
        compute_class,
        dated,
        gpu_price,
        older_profile,
    )
    from breakeven.hosting.estimate import Question, estimate
    from breakeven.tables import queries
    from breakeven.tables.build import open_memory

    connection = open_memory()
    models, gpus = queries.models(connection), queries.gpus(connection)
    model = models[pick(models, options.model, "--model")]
    gpu = gpus[pick(gpus, options.gpu, "--gpu")]
    rows = queries.efficiencies(connection)
    engine = pick([AUTO, *{row.engine for row in rows}], options.engine, "--engine")
    precision = queries.precisions(connection)[options.precision]
    layout = _layout(options)
    n_gpus = layout.gpus if layout else 1 if options.gpus is None else options.gpus
    usd_per_hour, price_note = options.usd_per_hour, None
    if usd_per_hour is None:
        day = options.as_of or date.today()
        offers = queries.gpu_offers_on(connection, day)
        price = gpu_price(offers, gpu_id=gpu.gpu_id, price_type="on-demand", choice="median")
        if price is None:
            price_note = f"No on-demand price of {gpu.name} is in force on {day}, so no dollars are given."
        else:
            usd_per_hour = price.usd_per_gpu_hour * n_gpus
            price_note = (
                f"${price.usd_per_gpu_hour:g} per GPU-hour: median of {price.n_offers} on-demand offers "
                f"in force on {day}."
            )
    try:
        rate = compute_class(gpu, precision)
        profile, spread = _rows(
            connection, layout, options.mode, engine, gpu, rate, n_gpus, architecture(model)
        )
        older = None
        if spread is None and not dated(engine):
            older = older_profile(
                rows,
                shape=architecture(model),
                gpu=gpu,
                rate=rate,
                mode=options.mode,
                n_gpus=n_gpus,
            )
        question = Question(
            model=model,
            gpu=gpu,
            n_gpus=n_gpus,
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
            layout=layout,
            spread=spread,
            links=queries.node_links(connection),
        )
        result = estimate(question)
        result["older_engine"] = _older(question, older)
    except Unplaceable as reason:
        raise BadInput(f"breakeven estimate: {reason}") from None
    except ValueError as reason:
        raise BadInput(f"breakeven estimate: {reason}") from None
    if price_note:
        result["notes"] = [*_texts(result["notes"]), price_note]
    return Said(program=lambda: result, text=lambda: _as_text(result))


def _older(question: Question, profile: Profile | None) -> dict[str, object] | None:
    """Times of the same by an engine of a named year, for whoever does not know the version of theirs."""
    from breakeven.hosting.estimate import estimate

    by_hand = (question.mfu, question.mbu, question.overhead_s)
    current = question.profile.efficiency.engine
    if profile is None or question.ideal or by_hand != (None, None, None):
        return None
    if profile.efficiency.engine == current:
        return None
    found = estimate(replace(question, profile=profile))
    names = ("ttft_s", "ttft_range_s", "ttft_alone_s", "ttft_alone_range_s", "tpot_s", "tpot_range_s")
    return {"engine": profile.efficiency.engine, **{name: found[name] for name in names}}


def _layout(options: argparse.Namespace) -> Worker | Pools | None:
    """The layout that is asked for; refused where the GPUs or the mode say something else."""
    from breakeven.formulas.mode import Mode
    from breakeven.hosting.layouts import Pools, parse_layout

    if options.layout is None:
        return None
    try:
        layout = parse_layout(options.layout)
    except ValueError as reason:
        raise BadInput(f"breakeven estimate: --layout: {reason}") from None
    if options.gpus not in (None, layout.gpus):
        raise BadInput(
            f"breakeven estimate: --gpus {options.gpus} and --layout {layout}, which takes {layout.gpus} "
            "GPUs; leave --gpus out"
        )
    if isinstance(layout, Pools):
        if options.mode == Mode.STATIC:
            raise BadInput(
                f"breakeven estimate: --layout {layout} has two pools; a static batch reads and decodes on "
                "the same GPUs, so write one worker such as TP8"
            )
        options.mode = Mode.DISAGGREGATED
    return layout


def _rows(
    connection: Any,
    layout: Worker | Pools | None,
    mode: str,
    engine: str,
    gpu: Gpu,
    rate: str,
    n_gpus: int,
    shape: str,
) -> tuple[Profile, LayoutRow | None]:
    """The efficiency row, and what ranks or pools add to it."""
    from breakeven.formulas.mode import Mode
    from breakeven.hosting import choose_profile
    from breakeven.hosting.layouts import Worker, layout_of, layout_profile, link_of
    from breakeven.tables import queries

    rows = queries.efficiencies(connection)
    plain = layout or Worker(tensor=n_gpus)
    alone = isinstance(plain, Worker) and plain.ranks == 1 and plain.gpus <= gpu.link_gpus
    if layout is None or (alone and mode != Mode.DISAGGREGATED):
        profile = choose_profile(
            rows, engine=engine, gpu=gpu, rate=rate, mode=Mode(mode), n_gpus=n_gpus, shape=shape
        )
        if mode != Mode.DISAGGREGATED:
            return profile, None
        return profile, layout_of(
            queries.layouts(connection), profile.efficiency.engine, link_of(gpu, n_gpus)
        )
    largest = plain.largest
    profile = layout_profile(rows, engine=engine, gpu=gpu, rate=rate, n_gpus=n_gpus)
    return profile, layout_of(queries.layouts(connection), profile.efficiency.engine, link_of(gpu, largest))


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _as_text(result: dict[str, Any]) -> str:
    """The same numbers for a reader."""
    from breakeven.hosting import RANGED_ON
    from breakeven.words.numbers import Money, count, gigabytes, number, percent, seconds, seconds_span

    money = Money()

    def per_million(key: str) -> str:
        usd = result[key]
        return "no price" if usd is None else money.per_million(usd / 1000)

    ranged = result["range_level"] is not None
    fits = "fits" if result["fits"] else "does not fit"
    clients = count(result["batch"], "client")
    laid = (
        [
            f"{result['layout']} on {count(result['gpus'], 'GPU')}: "
            f"{number(result['requests_per_s'])} requests/s, "
            f"{number(result['sequences_per_rank'])} sequences a rank that decodes, "
            f"prefill {percent(result['prefill_busy'])} busy"
        ]
        if "requests_per_s" in result
        else []
    )
    never = "at that load" if laid else "on a replica that is never idle"
    lines = [
        *laid,
        f"TTFT with {clients} at once {seconds(result['ttft_s'])} ({seconds_span(*result['ttft_range_s'])}), "
        f"alone {seconds(result['ttft_alone_s'])} ({seconds_span(*result['ttft_alone_range_s'])}); "
        f"{result['bound_prefill']}-bound, {number(result['prompt_tokens_per_s'])} prompt tokens/s",
        f"TPOT {seconds(result['tpot_s'])} ({seconds_span(*result['tpot_range_s'])}), "
        f"{result['bound_decode']}-bound; {number(result['tokens_per_s'])} completion tokens/s",
        f"Prompt {per_million('usd_per_1k_prompt')}, completion {per_million('usd_per_1k_completion')}, "
        f"{never}",
        f"Weights {gigabytes(result['weights_bytes'])}, KV cache {gigabytes(result['kv_bytes_per_token'])} "
        f"per token and {gigabytes(result['kv_bytes_per_sequence'])} per sequence; "
        f"{fits}: at most {result['max_batch']:,} sequences",
        *(
            [f"Each range holds {percent(result['range_level'])} of {RANGED_ON[result['range_of']]}."]
            if ranged
            else []
        ),
        *([] if result["older_engine"] is None else [_said_of_older(result)]),
    ]
    return "\n".join([*lines, *_texts(result["notes"])])


def _said_of_older(result: dict[str, Any]) -> str:
    """What an engine of a named year would take, and the range of whoever does not know their version."""
    from breakeven.words.numbers import seconds, seconds_span

    older = result["older_engine"]

    def either(name: str) -> str:
        (low, high), (older_low, older_high) = result[name], older[name]
        return seconds_span(min(low, older_low), max(high, older_high))

    return (
        f"These are engines of today. {older['engine']}, as it was then: "
        f"TTFT {seconds(older['ttft_s'])}, TPOT {seconds(older['tpot_s'])}. If you do not know the version "
        f"of yours: TTFT {either('ttft_range_s')}, TPOT {either('tpot_range_s')}."
    )
