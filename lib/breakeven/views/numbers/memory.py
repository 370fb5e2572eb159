"""Rules about GPU memory and batching."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from statistics import median

import numpy as np

from breakeven.formulas.memory import weights_bytes
from breakeven.formulas.units import GIGA
from breakeven.hosting import KV_BYTES, Unplaceable, model_shape
from breakeven.question.pages.numbers import MEMORY
from breakeven.tables.records import Gpu, Model
from breakeven.views.numbers.base import Facts, Line, Quantity, Rule, between, exactly, rent, unique
from breakeven.words.names import PER_REQUESTS, deployment_name, gpu_name, shape_name
from breakeven.words.numbers import count, counted, gigabytes, number, seconds

BYTES_OF_HALF = "fp16"


def gpu_memory(facts: Facts) -> Rule:
    """How much memory a GPU has."""
    rule = "gpu-memory"
    items = {family: facts.quote(rule, family) for family in ("v100", "a10g", "a100")}
    working = []
    known: list[float] = []
    for family, quote in items.items():
        sizes = sorted({gpu.memory_gb for gpu in facts.tables.gpus.values() if gpu.gpu_family == family})
        known += sizes
        working.append(f"{family.upper()}: {quote.as_quoted} said, {_sizes(sizes)} in the data sheets.")
    rented = [gpu for gpu in facts.tables.gpus.values() if rent(facts.tables.gpu_offers, gpu)]
    rented.sort(key=lambda gpu: (gpu.memory_gb, gpu.name))
    today = between([gpu.memory_gb * GIGA for gpu in rented], "B") if rented else None
    if rented:
        working.append(
            f"{facts.day}, GPUs with an on-demand price: "
            + ", ".join(f"{gpu_name(gpu)} {number(gpu.memory_gb)} GB" for gpu in rented)
            + "."
        )
    largest = rented[-1] if rented else None
    history = _largest(facts)
    return Rule(
        rule_id=rule,
        part=MEMORY,
        name="Memory of one GPU",
        quoted=", ".join(f"{family.upper()} {quote.as_quoted}" for family, quote in items.items()),
        recomputed=between([size * GIGA for size in known], "B") if known else None,
        today=today,
        missing=None if today else "No GPU has an on-demand price that day.",
        consequence=(
            f"One {gpu_name(largest)} holds {number(largest.memory_gb / 2)} billion parameters in fp16, "
            "without room for a cache."
            if largest
            else "A price is needed."
        ),
        working=tuple(working),
        advice="Pick the GPU by memory first, by bandwidth second, by FLOP/s last.",
        page="prices",
        opens={"prices_tab": "GPUs"},
        history=history,
        history_title=(
            f"The largest memory went from {number(history[0].values[0])} GB in {history[0].days[0].year} "
            f"to {number(history[0].values[-1])} GB in {history[0].days[-1].year}"
            if history
            else ""
        ),
        history_unit="Largest memory [GB]",
        source_ids=unique(items["v100"].source_id, *(gpu.source_id for gpu in rented)),
    )


def _sizes(sizes: Iterable[float]) -> str:
    return " and ".join(f"{number(size)} GB" for size in sizes) or "nothing"


def _largest(facts: Facts) -> tuple[Line, ...]:
    """Largest memory of one GPU by year of launch."""
    launched = [
        (year, gpu) for gpu in facts.tables.gpus.values() if (year := facts.rows.launches[gpu.gpu_id])
    ]
    years = sorted({year for year, _ in launched if year <= facts.day.year})
    best: list[Gpu] = [
        max((gpu for then, gpu in launched if then <= year), key=lambda gpu: gpu.memory_gb) for year in years
    ]
    if len(years) < 2:
        return ()
    return (
        Line(
            name="largest",
            days=tuple(date(year, 1, 1) for year in years),
            values=tuple(gpu.memory_gb for gpu in best),
            labels=tuple(gpu_name(gpu) for gpu in best),
        ),
    )


def two_bytes(facts: Facts) -> Rule:
    """Memory of the weights against the number of parameters."""
    rule = "two-bytes"
    quote, params, stated = facts.quote(rule), facts.quote(rule, "params"), facts.quote(rule, "gb")
    half = facts.tables.precisions[BYTES_OF_HALF].bytes_per_weight
    seven = float(weights_bytes(params=params.low, bytes_per_weight=half))
    working = [
        f"{params.as_quoted} parameters × {number(half)} B = {gigabytes(seven)}; {stated.as_quoted} said.",
    ]
    model, shape, today = facts.answer.model, facts.answer.model_shape, None
    chosen = facts.tables.precisions[facts.scenario.precision]
    if model is not None and shape is not None:
        today = exactly(chosen.bytes_per_weight, "B/parameter")
        working.append(
            f"{model.name} in {chosen.precision_id}: "
            f"{counted(float(shape.weights_bytes) / chosen.bytes_per_weight)} "
            f"parameters × {number(chosen.bytes_per_weight)} B = {gigabytes(float(shape.weights_bytes))}."
        )
        for letter, answer in zip("AB", facts.answer.shapes, strict=True):
            host = answer.host
            if host is not None and host.fits:
                memory = host.candidate.n_gpus * host.candidate.gpu.memory_gb * GIGA
                working.append(
                    f"Shape {letter} runs on {deployment_name(host)} with {gigabytes(memory)} of memory: "
                    "the rest is "
                    f"for the KV cache of {count(host.batch, 'sequence')}."
                )
    return Rule(
        rule_id=rule,
        part=MEMORY,
        name="Memory for serving, per parameter",
        quoted=quote.as_quoted,
        recomputed=exactly(half, "B/parameter"),
        today=today,
        missing=None if today else "The scenario's model cannot be placed on a GPU.",
        consequence=(
            f"{model.name} needs {gigabytes(float(shape.weights_bytes))} for its weights alone, in "
            f"{chosen.precision_id}."
            if model is not None and shape is not None
            else "A model is needed."
        ),
        working=tuple(working),
        advice="Serve in fp8 where the GPU computes it, and leave room for the KV cache.",
        page="deploy",
        source_ids=unique(quote.source_id, chosen.source_id, model.source_id if model else None),
    )


def embedding_memory(facts: Facts) -> Rule:
    """Memory of an embedding model."""
    rule = "embedding-memory"
    quote = facts.quote(rule)
    half = facts.tables.precisions[BYTES_OF_HALF].bytes_per_weight
    known = [
        one
        for (rule_id, item), one in facts.rows.quotes.items()
        if rule_id == rule and item != "quoted" and one.said_on <= facts.day
    ]
    sizes = {one.item: float(weights_bytes(params=one.low, bytes_per_weight=half)) for one in known}
    today = between(list(sizes.values()), "B") if sizes else None
    return Rule(
        rule_id=rule,
        part=MEMORY,
        name="Memory of an embedding model",
        quoted=quote.as_quoted,
        recomputed=None,
        today=today,
        missing=None if today else "No embedding model of that day is in the tables.",
        consequence=(
            f"Small ones still fit beside a language model; the largest here takes {gigabytes(today.high)}."
            if today
            else "Small enough to share a GPU with a language model."
        ),
        working=(
            "The source names no model.",
            *(
                f"{one.item}: {one.as_quoted} parameters × {number(half)} B = {gigabytes(sizes[one.item])}."
                for one in known
            ),
        ),
        advice="Put the embedding model on a GPU that you rent anyway; check that it leaves room for the "
        "cache.",
        page="deploy",
        source_ids=unique(quote.source_id, *(one.source_id for one in known)),
    )


def batching(facts: Facts) -> Rule:
    """What serving requests together gains."""
    rule = "batching"
    quote, alone, many, many_s = (facts.quote(rule, item) for item in ("quoted", "alone_s", "many", "many_s"))
    then = many.low / many_s.low * alone.low
    working = [
        f"{many.as_quoted} queries in {many_s.as_quoted} against one in {alone.as_quoted}: "
        f"{number(many.low / many_s.low)} ÷ {number(1 / alone.low)} queries a second = {number(then)}."
    ]
    gains, sources = [], [quote.source_id]
    for letter, answer in zip("AB", facts.answer.shapes, strict=True):
        host, curve, shape = answer.host, answer.curve, answer.shape
        if host is None or curve is None:
            continue
        single = float(
            curve.prompt_usd_per_token[0] * shape.prompt_tokens
            + curve.completion_usd_per_token[0] * shape.completion_tokens
        )
        gains.append(single / host.usd)
        working.append(
            f"Shape {letter}, {shape_name(shape)}, on {deployment_name(host)}: a request costs "
            f"{facts.usd(single * PER_REQUESTS)} per {PER_REQUESTS:,} alone and "
            f"{facts.usd(host.usd * PER_REQUESTS)} at batch {host.batch:,}: "
            f"{number(gains[-1])} times as many for the same rent, at {seconds(host.tpot_s)} per token."
        )
        sources.append(host.candidate.profile.efficiency.source_id)
    today = between(gains, "times") if gains else None
    return Rule(
        rule_id=rule,
        part=MEMORY,
        name="Gained by batching requests",
        quoted=quote.as_quoted,
        recomputed=exactly(then, "times"),
        today=today,
        missing=None if today else "No deployment of the scenario can be computed.",
        consequence=(
            f"A GPU that serves one request at a time wastes up to {number(100 - 100 / today.high, 2)} % "
            "of its rent."
            if today and today.high > 1
            else "Batching shares one read of the weights."
        ),
        working=tuple(working),
        advice="Use an engine with continuous batching, and let the latency target choose the batch.",
        page="deploy",
        source_ids=unique(*sources),
    )


def kv_13b(facts: Facts) -> Rule:
    """KV cache of one token of a 13B model."""
    rule = "kv-13b"
    quote, tokens, batch, sizes = (
        facts.quote(rule, item) for item in ("quoted", "tokens", "batch", "size_range")
    )
    then = facts.tables.models.get("llama-2-13b")
    working, sources = [], [quote.source_id]
    recomputed = None
    if then:
        per_token = kv_per_token(facts, then)
        recomputed = exactly(per_token, "B/token")
        working.append(
            f"2 × {then.n_layers} layers × {then.n_kv_heads} heads × {then.head_dim} × "
            f"{number(KV_BYTES[BYTES_OF_HALF])} B = {number(per_token, 6)} B, "
            f"{gigabytes(per_token)}: {tokens.as_quoted} tokens are {gigabytes(tokens.low * per_token)}, "
            f"{batch.as_quoted} of them {gigabytes(batch.low * tokens.low * per_token)}. Prompt tokens "
            "count as well."
        )
        sources.append(then.source_id)
    now = [
        model
        for model in facts.tables.models.values()
        if sizes.low <= (model.params_total_b or 0) * GIGA <= sizes.high
        and facts.released(model.release)
        and model.kv_derived
    ]
    now.sort(key=lambda model: (model.release, model.name))
    values = {model.name: kv_per_token(facts, model) for model in now}
    working += [
        f"{model.name}, {model.release}, {model.attention}: {gigabytes(values[model.name])} per token."
        for model in now
    ]
    today = Quantity(low=min(values.values()), high=max(values.values()), unit="B/token") if values else None
    middle = median(values.values()) if values else 0.0
    return Rule(
        rule_id=rule,
        part=MEMORY,
        name="KV cache of one token, 13B model",
        quoted=quote.as_quoted,
        recomputed=recomputed,
        today=today,
        missing=None if today else "No model of that size is out that day.",
        consequence=(
            f"Half of the models of about this size need {gigabytes(middle)} per token of context, or less."
            if today
            else "A model is needed."
        ),
        working=tuple(working),
        advice="Count prompt and completion: every token of the context keeps its place in the cache.",
        page="prices",
        opens={"prices_tab": "Models"},
        history=_points(now, values),
        history_title="Newer models of the same size share heads between queries",
        history_unit="KV cache of one token [kB]",
        source_ids=unique(*sources, *(model.source_id for model in now)),
    )


def kv_per_token(facts: Facts, model: Model) -> float:
    """KV cache of one token in fp16, every layer counted. [B/token]"""
    try:
        shape = model_shape(model, facts.tables.precisions[BYTES_OF_HALF], KV_BYTES[BYTES_OF_HALF])
    except Unplaceable:
        return float(np.nan)
    return float(shape.full_kv_bytes_per_token + shape.sliding_kv_bytes_per_token)


def release_day(release: str) -> date:
    """First day of a release that is known by its year or month."""
    year, _, month = release.partition("-")
    return date(int(year), int(month or 1), 1)


def _points(models: list[Model], values: dict[str, float]) -> tuple[Line, ...]:
    if len(models) < 2:
        return ()
    return (
        Line(
            name="",
            days=tuple(release_day(model.release) for model in models),
            values=tuple(values[model.name] / 1e3 for model in models),
            labels=tuple(model.name for model in models),
        ),
    )
