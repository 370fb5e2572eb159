"""Rules about serving one's own tuned model, and about training."""

from __future__ import annotations

from collections.abc import Sequence

from breakeven.formulas.training import training_flop, training_usd
from breakeven.formulas.units import GIGA, SECONDS_PER_HOUR, TERA
from breakeven.question.pages.numbers import TRAINING
from breakeven.question.scenario import show_value
from breakeven.tables.records import Gpu, GpuOffer, Model
from breakeven.views.numbers.base import Facts, Line, Quantity, Rule, exactly, half_rate, rent, unique
from breakeven.words.names import gpu_name
from breakeven.words.numbers import counted, number, percent

A100 = "a100-80-sxm"
"""The GPU that the runs of 2023 used."""
H100 = "h100-sxm"
"""The GPU whose training rate is quoted."""


def hosted_tuned(facts: Facts) -> Rule:
    """Serving a tuned model oneself against its base."""
    quote, rank = facts.quote("hosted-tuned"), facts.quote("hosted-tuned", "lora_rank")
    model, shape = facts.answer.model, facts.answer.model_shape
    today = None
    working = [
        "Weights that were tuned, or an adapter merged into them, are as many as before: the same work, "
        "the same bytes."
    ]
    if model is not None and shape is not None:
        adapter = rank.low * _adapter_width(model)
        share = adapter / float(shape.linear_params)
        today = Quantity(low=1.0, high=1.0 + share, unit="ratio")
        working.append(
            f"An adapter of rank {rank.as_quoted} that stays apart adds {counted(adapter)} parameters to the "
            f"{counted(float(shape.linear_params))} that a token of {model.name} meets: {percent(share)} "
            "more work."
        )
    return Rule(
        rule_id=quote.rule_id,
        part=TRAINING,
        name="A self-hosted tuned model against its base",
        quoted=quote.as_quoted,
        recomputed=exactly(1.0, "ratio"),
        today=today,
        missing=None if today else "The scenario's model cannot be placed on a GPU.",
        consequence="Tuning costs nothing extra at serving time, unlike at an API.",
        working=tuple(working),
        advice="Serve many adapters on one base; a tuned copy of its own needs traffic enough for its "
        "own GPUs.",
        page="train",
        opens={"train_goal": "tune"},
        source_ids=unique(quote.source_id, rank.source_id, model.source_id if model else None),
    )


def _adapter_width(model: Model) -> float:
    """Rows plus columns of all matrices with an adapter: attention, and a dense feed-forward block."""
    wide, narrow = model.n_heads * model.head_dim, model.n_kv_heads * model.head_dim
    width = 2 * (model.hidden + wide) + 2 * (model.hidden + narrow)
    if model.ffn_dim and not model.n_experts:
        width += model.ffn_matrices * (model.hidden + model.ffn_dim)
    return float(model.n_layers * width)


def train_13b(facts: Facts) -> Rule:
    """Rent for training a 13B model on 1.4T tokens."""
    rule = "train-13b"
    quote, usd = facts.quote(rule), facts.quote(rule, "usd_per_gpu_hour")
    tokens, hours, hours_tokens = (
        facts.quote(rule, item) for item in ("tokens", "gpu_hours", "gpu_hours_tokens")
    )
    all_hours = hours.low * tokens.low / hours_tokens.low
    recomputed = exactly(all_hours * usd.low, "USD")
    working = [
        f"{hours.as_quoted} of A100 for {hours_tokens.as_quoted} tokens × "
        f"{number(tokens.low / hours_tokens.low)} × "
        f"{usd.as_quoted} = {facts.usd(recomputed.low)}."
    ]
    sources = [quote.source_id, hours.source_id]
    a100 = facts.tables.gpus.get(A100)
    if a100:
        working.append(f"That run reached {percent(_mfu_2023(facts, a100))} of the A100's peak.")
    best = _cheapest(facts, facts.tables.gpu_offers)
    today = None
    if best:
        gpu, price, today = best
        low, high = _mfu_now(facts)
        working.append(
            f"{facts.day}: {counted(_flop(facts))} FLOP (6 × parameters × tokens) on {gpu_name(gpu)}, "
            f"{number(half_rate(gpu))} TFLOP/s at {percent(low)} to {percent(high)} of the peak, "
            f"{facts.usd(price)} a GPU-hour (median on demand): {today.text(facts.money)}. "
            "The share is the one published for H100; other GPUs are taken to reach it."
        )
        sources += [facts.quote(rule, "tflops").source_id, gpu.source_id]
    history = _history(facts)
    return Rule(
        rule_id=rule,
        part=TRAINING,
        name="Training a 13B model on 1.4T tokens",
        quoted=quote.as_quoted,
        recomputed=recomputed,
        today=today,
        missing=None if today else "No GPU with a fast link has an on-demand price that day.",
        consequence=(
            f"One clean run on the cheapest rented GPUs: {today.text(facts.money)}, failed runs and "
            "people not counted."
            if today
            else "A price is needed."
        ),
        working=tuple(working),
        advice="Start from open weights; training from scratch pays for what no open model was trained on.",
        page="train",
        opens=_run_of_13b(facts, best[:2] if best else None),
        history=history,
        history_title=(
            f"The rent went from {facts.usd(history[0].values[0])} in {history[0].days[0].year} "
            f"to {facts.usd(history[0].values[-1])} in {history[0].days[-1].year}"
            if history
            else ""
        ),
        history_unit="Rent of the run [USD]",
        source_ids=unique(*sources),
    )


def _flop(facts: Facts) -> float:
    params, tokens = facts.quote("train-13b", "params"), facts.quote("train-13b", "tokens")
    return float(training_flop(active_params=params.low, tokens=tokens.low))


def _run_of_13b(facts: Facts, best: tuple[Gpu, float] | None) -> dict[str, str]:
    """The run as the Train page asks for it, on the GPU that is cheapest for it."""
    params, tokens = facts.quote("train-13b", "params"), facts.quote("train-13b", "tokens")
    low, high = _mfu_now(facts)
    run = {
        "train_goal": "pretrain",
        "train_params_b": show_value(params.low / GIGA),
        "train_tokens_b": show_value(tokens.low / GIGA),
        "train_mfu": f"{(low + high) / 2:.3g}",
    }
    if best is None:
        return run
    gpu, usd = best
    return run | {"train_gpu": gpu.gpu_id, "train_usd_per_gpu_hour": show_value(usd)}


def _mfu_2023(facts: Facts, a100: Gpu) -> float:
    """Share of the peak that the quoted GPU-hours imply."""
    params, tokens = facts.quote("train-13b", "params"), facts.quote("train-13b", "gpu_hours_tokens")
    hours = facts.quote("train-13b", "gpu_hours")
    flop = float(training_flop(active_params=params.low, tokens=tokens.low))
    return flop / (hours.low * SECONDS_PER_HOUR * half_rate(a100) * TERA)


def _mfu_now(facts: Facts) -> tuple[float, float]:
    """Share of the peak that training reaches, as far as it is published by the day."""
    rate, h100, a100 = facts.quote("train-13b", "tflops"), facts.tables.gpus[H100], facts.tables.gpus[A100]
    if rate.said_on > facts.day:
        return _mfu_2023(facts, a100), _mfu_2023(facts, a100)
    return rate.low / half_rate(h100), rate.high / half_rate(h100)


def _cheapest(facts: Facts, offers: Sequence[GpuOffer]) -> tuple[Gpu, float, Quantity] | None:
    """Cheapest run on GPUs whose link is at least the A100's: the GPU, its price, the rent."""
    a100 = facts.tables.gpus[A100]
    low, high = _mfu_now(facts)
    found = []
    for gpu in facts.tables.gpus.values():
        price = rent(offers, gpu)
        linked = (gpu.scale_up_gb_s_unidirectional or 0) >= (a100.scale_up_gb_s_unidirectional or 0)
        if price is None or not linked or not gpu.verified or half_rate(gpu) <= 0:
            continue
        dear, cheap = (
            float(
                training_usd(
                    flop=_flop(facts),
                    flop_per_s=half_rate(gpu) * TERA,
                    mfu=mfu,
                    usd_per_gpu_hour=price.usd_per_gpu_hour,
                )
            )
            for mfu in (low, high)
        )
        found.append(
            (cheap, gpu.gpu_id, gpu, price.usd_per_gpu_hour, Quantity(low=cheap, high=dear, unit="USD"))
        )
    return min(found, key=lambda row: row[:2])[2:] if found else None


def _history(facts: Facts) -> tuple[Line, ...]:
    """Rent of the run on every day on which rental prices were read."""
    past = ((day, offers) for day, offers in facts.rows.gpu_offers.items() if day <= facts.day)
    found = [(day, best) for day, offers in past if (best := _cheapest(facts, offers))]
    if len(found) < 2:
        return ()
    return (
        Line(
            name="cheapest GPU",
            days=tuple(day for day, _ in found),
            values=tuple(best[2].middle for _, best in found),
            labels=tuple(f"{gpu_name(best[0])} at ${best[1]:.2f} a GPU-hour" for _, best in found),
        ),
    )


def tuning_to_training(facts: Facts) -> Rule:
    """Tuning against training from scratch."""
    rule = "tuning-to-training"
    quote, seven, words = facts.quote(rule), facts.quote(rule, "tuning_usd"), facts.quote(rule, "words")
    davinci, million = facts.quote(rule, "davinci"), facts.quote("train-13b")
    per_word = facts.quote("tokens-per-word", "tokens").low / facts.quote("tokens-per-word", "words").low
    tokens = words.low * per_word
    trained = facts.quote("train-13b", "tokens")
    then = exactly(seven.low / million.low, "ratio")
    working = [
        f"{quote.said_on}: {seven.as_quoted} ÷ {million.as_quoted} = {then.text(facts.money)}.",
        f"All of Shakespeare, {words.as_quoted} = {counted(tokens)} tokens, on Davinci at "
        f"{davinci.as_quoted}: "
        f"{facts.usd(tokens / 1000 * davinci.low)}.",
    ]
    today = exactly(tokens / trained.low, "ratio")
    best = _cheapest(facts, facts.tables.gpu_offers)
    if best:
        working.append(
            f"{facts.day}: the same tokens through a 13B model, all weights tuned, on {gpu_name(best[0])}: "
            f"{facts.usd(best[2].middle * tokens / trained.low)} against {best[2].text(facts.money)} for "
            f"{trained.as_quoted} tokens. The work of both is 6 × parameters × tokens, so only the "
            "tokens differ."
        )
    return Rule(
        rule_id=rule,
        part=TRAINING,
        name="Tuning against training from scratch",
        quoted=quote.as_quoted,
        recomputed=then,
        today=today,
        still="still below that bound" if today.high < quote.high else "",
        consequence="Tuning is cheap beside training; the data and the evaluation are what costs.",
        working=tuple(working),
        advice="Budget for collecting and checking examples, not for the GPU-hours.",
        page="train",
        opens={"train_goal": "tune", "train_method": "full"},
        source_ids=unique(quote.source_id, million.source_id),
    )
