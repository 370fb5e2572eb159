"""The answer about training in words: one sentence first, then what it rests on."""

from __future__ import annotations

import math

from breakeven.formulas.units import GIGA
from breakeven.question.pages.train import FULL, LORA, PRETRAIN, QLORA
from breakeven.question.scenario import Scenario
from breakeven.tables.records import TuningPrice
from breakeven.views.train.answer import Optimum, TrainingAnswer
from breakeven.views.train.efficiency import Measured, Span
from breakeven.views.train.prompting import ApiTuning, Path, Prompting
from breakeven.words.names import FRESH_DAYS, gpu_name
from breakeven.words.numbers import Money, compact, count, counted, gigabytes, number, percent, times
from breakeven.words.terms import EXPERT, Terms

METHOD_WORDS = {FULL: "all weights", LORA: "LoRA adapters", QLORA: "LoRA adapters on 4-bit weights (QLoRA)"}
OPTIMISER_WORDS = {
    "adamw": "AdamW, 12 B a parameter",
    "adamw-8bit": "8-bit AdamW, 6 B",
    "adamw-no-copy": "AdamW without an fp32 copy, 8 B",
    "sgd": "SGD, 4 B",
}
NEAR = 0.02
"""Ratios this close to 1 are called the same."""


def days(value: float) -> str:
    """Write a time in the unit that fits.

    >>> days(46.2), days(0.5), days(1500), days(1.0)
    ('46.2 days', '12 h', '4.11 years', '1 day')
    """
    if value < 1:
        return f"{number(value * 24)} h" if value * 24 >= 1 else f"{number(value * 1440)} min"
    if value >= 1000:
        return f"{number(value / 365.25)} years"
    text = number(value)
    return f"{text} day{'' if text == '1' else 's'}"


def _verb(answer: TrainingAnswer, *, tokens: bool = True) -> str:
    """What is trained, and on how many tokens."""
    plan, model = answer.plan, answer.model
    name = model.name if plan.params_b is None else f"a model of {model.name}"
    on = f" on {compact(answer.tokens)} tokens" if tokens else ""
    if plan.goal == PRETRAIN:
        return f"Training {name}" + on
    means = {FULL: "all weights of ", LORA: "LoRA adapters of ", QLORA: "QLoRA adapters of "}[plan.method]
    return f"Tuning {means}{name}" + on


def headline(answer: TrainingAnswer, money: Money, say: Terms = EXPERT, *, asked: bool = True) -> str:
    """Say what it takes, in one sentence.

    ``asked`` says on how many tokens, unless the page's own line says so just above.
    """
    if say.is_plain and answer.usd is not None:
        least, most = money.large(answer.usd.low), money.large(answer.usd.high)
        span = "" if least == most else f", {least} to {most}"
        what = _verb(answer, tokens=asked or answer.tokens_chosen)
        where = f"{days(answer.days.mid)} on {answer.n_gpus:,}\u00a0×\u00a0{gpu_name(answer.gpu)}"
        if not answer.fits:
            return (
                f"{what} does not fit: {_fewest(answer)}; it would cost {money.large(answer.usd.mid)}{span}"
            )
        return f"{what} costs {money.large(answer.usd.mid)}{span}: {where}"
    takes = f"{_verb(answer)} takes {compact(answer.hours.mid)} GPU-hours on {gpu_name(answer.gpu)}"
    cost = ""
    if answer.usd is not None:
        low, mid, high = answer.usd.low, answer.usd.mid, answer.usd.high
        cost = f": {money.large(mid)}"
        if high > low * (1 + NEAR):
            cost += f" ({money.large_span(low, high)})"
    return f"{takes}{cost}, {days(answer.days.mid)} on {count(answer.n_gpus, 'GPU')}"


def _fewest(answer: TrainingAnswer) -> str:
    """Say on how many GPUs it would fit."""
    held = f"{answer.n_gpus:,} × {gpu_name(answer.gpu)} {'does' if answer.n_gpus == 1 else 'do'} not hold it"
    if math.isinf(answer.layout.fewest):
        return f"{held}, nor do more of them"
    return f"{held}, {number(answer.layout.fewest)} would"


def question(answer: TrainingAnswer, money: Money) -> str:
    """Say what was asked, on which day."""
    plan, scenario = answer.plan, answer.scenario
    what = "Pre-training" if plan.goal == PRETRAIN else f"Tuning {METHOD_WORDS[plan.method]}"
    where = f"on {gpu_name(answer.gpu)}"
    if answer.rent is not None:
        kind = "owned" if answer.rent.owned else "typed" if answer.rent.offer is None else ""
        where += f" at {money.amount(answer.rent.usd_per_gpu_hour)} per GPU-hour" + (
            f" ({kind})" if kind else ""
        )
    return f"{what} of {answer.model.name} {where}. Prices of {scenario.as_of}."


def basis(answer: TrainingAnswer, money: Money) -> list[str]:
    """What the estimate rests on, one sentence each."""
    plan = answer.plan
    share = answer.mfu.share
    work = "4" if plan.tunes and plan.method != FULL else "6"
    again = ", 2 more to recompute the activations" if plan.recomputation == "full" else ""
    lines = [
        f"Work: {work} operations per active parameter and token{again}, "
        f"{counted(answer.flop)} FLOP for {compact(answer.model.active)} active parameters.",
        f"Speed: {percent(share.mid)} of the 16-bit peak"
        + (
            f", {percent(share.low)} to {percent(share.high)} in the range: {answer.mfu.origin}."
            if answer.mfu.runs
            else f": {answer.mfu.origin}."
        ),
    ]
    if answer.tokens_chosen:
        lines.append(
            f"Tokens were left open: {compact(answer.tokens)} are compute-optimal for this size "
            f"({number(answer.tokens / answer.model.active)} per parameter)."
        )
    if plan.lost:
        lines.append(f"{percent(plan.lost)} of the rented time is lost to failures and restarts.")
    lines += _rent_lines(answer, money)
    if answer.kwh is not None:
        scale, unit = (1e3, "MWh") if answer.kwh.mid >= 1e4 else (1.0, "kWh")
        low, high = (number(kwh / scale) for kwh in (answer.kwh.low, answer.kwh.high))
        span = f" ({low}–{high})" if low != high else ""
        lines.append(
            f"Energy: {number(answer.kwh.mid / scale)} {unit}{span} at {number(answer.gpu.tdp_w)} W a GPU "
            f"and a PUE of {number(plan.pue)}; the rest of the server is left out."
        )
    return lines + [note[:1].upper() + note[1:] for note in answer.notes]


def _rent_lines(answer: TrainingAnswer, money: Money) -> list[str]:
    """Where the price of a GPU-hour comes from."""
    rent = answer.rent
    if rent is None:
        return []
    usd = money.amount(rent.usd_per_gpu_hour)
    if rent.owned:
        return [
            f"Owned: {usd} per GPU-hour, every hour of {number(answer.plan.owned_years)} years counted, "
            "power and hosting included; idle hours are not free."
        ]
    if rent.offer is None:
        return [f"Price: {usd} per GPU-hour, typed."]
    price = rent.offer
    age = (answer.scenario.as_of - price.offer.valid_from).days
    old = f", read {age} days before" if age > FRESH_DAYS else ""
    among = (
        f"of {count(price.n_offers, 'provider')}, {money.span(price.cheapest_usd, price.dearest_usd)}"
        if price.n_offers > 1
        else "the only one"
    )
    return [
        f"Price: {usd} per GPU-hour, {price.offer.price_type}, {price.offer.provider} "
        f"from {price.offer.valid_from}{old} ({among})."
    ]


def memory_finding(answer: TrainingAnswer, say: Terms = EXPERT) -> str:
    """Say whether it fits, and what fills most."""
    plan = answer.plan
    room = answer.gpu.memory_gb * GIGA
    parts = [(name, size) for name, size in answer.memory.parts if size > 0]
    name, size = max(parts, key=lambda part: part[1])
    usable = percent(answer.scenario.usable)
    held = f"{gigabytes(answer.memory.total)} of {gigabytes(room)} on each GPU"
    mostly = f"{name} take{'s' if name == 'optimiser' else ''} {gigabytes(size)}"
    if answer.fits:
        return f"It fits: {held}" if say.is_plain else f"It fits: {held}; {mostly}"
    if math.isinf(answer.layout.fewest):
        return (
            f"It does not fit on any number of GPUs: {held}, {usable} of it usable; {mostly}. "
            f"{_remedy(answer)}"
        )
    fewest = number(answer.layout.fewest)
    return (
        f"It does not fit on {count(answer.n_gpus, 'GPU')}: {held}; "
        f"at least {fewest} are needed (ZeRO {plan.zero})"
    )


def _remedy(answer: TrainingAnswer) -> str:
    """What would make room."""
    plan = answer.plan
    if plan.recomputation != "full":
        return "Recompute all activations, or take shorter sequences or a smaller micro-batch"
    if plan.zero < 3:
        return "Choose ZeRO 3, which shares out the weights too"
    return "Take shorter sequences, a smaller micro-batch or a larger GPU"


def memory_note(answer: TrainingAnswer) -> str:
    """How the GPUs are used, in one sentence."""
    plan, layout = answer.plan, answer.layout
    fewest = "no number" if math.isinf(layout.fewest) else f"{number(layout.fewest)}"
    split = "every GPU holds whole layers" if layout.tensor == 1 else f"{layout.tensor} GPUs share each layer"
    chosen = "" if plan.gpus is not None else _why_gpus(answer)
    part = percent(answer.adapters / answer.model.params)
    trained = f" {compact(answer.adapters)} parameters are trained ({part})." if answer.adapters else ""
    held = ", ".join(f"{name} {gigabytes(size)}" for name, size in answer.memory.parts if size > 0)
    return (
        f"{held[:1].upper()}{held[1:]}. "
        f"ZeRO stage {plan.zero} over {count(answer.n_gpus, 'GPU')}, {split}; "
        f"fewest that hold it: {fewest}.{chosen}{trained}"
    )


def _why_gpus(answer: TrainingAnswer) -> str:
    """Why this many GPUs where the number was left open."""
    if (
        answer.deadline_gpus is not None
        and answer.plan.days is not None
        and answer.deadline_gpus > answer.layout.fewest
    ):
        return f" Their number is what finishes in {days(answer.plan.days)}, in whole servers."
    return " Their number is the fewest that hold it, in whole servers."


def days_finding(answer: TrainingAnswer, say: Terms = EXPERT) -> str:
    """Say how the time falls with the GPUs."""
    if say.is_plain:
        return "More GPUs finish sooner, at the same cost"
    plan = answer.plan
    needed = answer.deadline_gpus
    if plan.days is not None and needed is not None and needed > answer.layout.fewest:
        verb = "finishes" if answer.deadline_gpus == 1 else "finish"
        rest = ""
        if plan.gpus is None and answer.n_gpus != needed:
            rest = f", {answer.n_gpus:,} in whole servers"
        return f"{count(needed, 'GPU')} {verb} in {days(plan.days)}{rest}"
    return (
        f"{count(answer.n_gpus, 'GPU')} {'take' if answer.n_gpus != 1 else 'takes'} {days(answer.days.mid)}"
    )


def tokens_finding(answer: TrainingAnswer, money: Money) -> str:
    """Say how the cost grows with the tokens."""
    if answer.usd is None:
        return "No price, so no cost"
    per = answer.usd.mid / (answer.tokens / GIGA)
    return f"Each 1B tokens cost {money.large(per)}"


def runs_finding(answer: TrainingAnswer) -> str:
    """Say how near the estimate comes to the published runs."""
    ratios = [run.actual_over_estimate for run in answer.runs if run.actual_over_estimate is not None]
    if not ratios:
        return "No published run to compare with"
    within = sum(1 for ratio in ratios if 1 / 1.25 <= ratio <= 1.25)
    return (
        f"{within} of {len(ratios)} published runs took within 1.25× of what this estimate says of them; "
        f"the farthest is {times(max(*ratios, *(1 / r for r in ratios)))} off"
    )


def run_sentence(run: Measured) -> str:
    """One published run, with the estimate of it."""
    row = run.run
    said = f"{row.name}: {compact(row.tokens_b * GIGA)} tokens"
    if row.gpu_hours is None:
        return f"{said} on {row.gpu_as_published}, MFU {percent(run.mfu)} as stated"
    ratio = run.actual_over_estimate or 1.0
    against = "as estimated" if abs(ratio - 1) < NEAR else f"{times(ratio)} the estimate"
    return (
        f"{said} in {compact(row.gpu_hours)} {row.gpu_as_published} hours, MFU {percent(run.mfu)}, {against}"
    )


def budget_sentence(answer: TrainingAnswer, optimum: Optimum, money: Money) -> str:
    """Say what the budget trains."""
    own = f"{compact(optimum.own_tokens.mid)} tokens ({_span_words(optimum.own_tokens)})"
    usd = money.large(optimum.usd)
    if answer.plan.goal != PRETRAIN:
        return f"{usd} pays for tuning {answer.model.name} on {own}."
    return (
        f"{usd} trains at best {compact(optimum.params.mid)} parameters ({_span_words(optimum.params)}) on "
        f"{compact(optimum.tokens.mid)} tokens ({_span_words(optimum.tokens)}); "
        f"{answer.model.name} gets {own}."
    )


def _span_words(span: Span) -> str:
    low, high = compact(span.low), compact(span.high)
    return low if low == high else f"{low}–{high}"


def deadline_sentence(answer: TrainingAnswer) -> str | None:
    """Say how many GPUs the deadline takes, where their number is given."""
    plan = answer.plan
    if plan.days is None or answer.deadline_gpus is None or plan.gpus is None:
        return None
    if plan.gpus >= answer.deadline_gpus:
        return f"{count(plan.gpus, 'GPU')} finish within {days(plan.days)}."
    return f"To finish in {days(plan.days)} takes {count(answer.deadline_gpus, 'GPU')}, not {plan.gpus:,}."


def prompting_headline(result: Prompting, money: Money) -> str:
    """Say from which volume tuning pays, in one sentence."""
    tuned, prompted = result.tuned, result.prompted
    if tuned is None or prompted is None:
        return "Tuning and prompting cannot both be priced"
    requests = result.plan.requests
    ours, theirs = tuned.total(requests), prompted.total(requests)
    if result.pays_from is None or math.isinf(result.pays_from):
        return (
            f"Tuning never pays: a request costs as much on the {tuned.name} as at {prompted.name} "
            f"or more ({money.per_thousand(tuned.each)} against {money.per_thousand(prompted.each)})"
        )
    cheaper = f"{times(theirs / ours)} cheaper" if theirs >= ours else f"{times(ours / theirs)} dearer"
    return (
        f"Tuning pays from {compact(result.pays_from)} requests: {compact(requests)} cost "
        f"{money.large(ours)} tuned, {money.large(theirs)} at {prompted.name}, {cheaper}"
    )


def prompting_lines(result: Prompting, answer: TrainingAnswer, money: Money) -> list[str]:
    """What the costs are made of, one sentence each."""
    plan, lines = result.plan, []
    shape = answer.scenario.shapes[0]
    lines.append(
        f"Once: {money.large(result.labels_usd)} for {compact(plan.labelled)} labels and "
        f"{money.large(result.tuning_usd.mid)} for tuning"
        + (" as stated." if plan.tuning_usd is not None else f" ({compact(answer.tokens)} training tokens).")
    )
    if result.tuned is not None:
        span = ""
        if result.tuned.each_range and result.tuned.each_range[1] > result.tuned.each_range[0] * (1 + NEAR):
            low, high = (x * 1000 for x in result.tuned.each_range)
            span = f" ({money.span(low, high)})"
        lines.append(
            f"Each request ({shape.prompt_tokens:,} in, {shape.completion_tokens:,} out): "
            f"{money.per_thousand(result.tuned.each)}{span} on the tuned model, {result.served_on}; merged "
            "adapters cost nothing more than their base model."
        )
        tokens = plan.requests * (shape.prompt_tokens + shape.completion_tokens)
        lines.append(
            f"{compact(plan.requests)} requests, {counted(tokens)} tokens, on the tuned model: "
            f"{money.large(result.tuned.each * plan.requests)}, "
            f"{money.large(result.tuned.total(plan.requests))} with labels and tuning."
        )
    for path, pays in ((result.prompted, result.pays_from), (result.rival, result.rival_pays_from)):
        if path is not None:
            lines.append(_against(path, pays, plan.requests, money))
    return lines


def _against(path: Path, pays: float | None, requests: float, money: Money) -> str:
    """One API offer that the tuned model is held against."""
    tail = "" if pays is None else f"; tuning pays from {compact(pays)} requests"
    if pays is not None and math.isinf(pays):
        tail = "; tuning never pays against it"
    return (
        f"Prompting {path.name}: {money.per_thousand(path.each)}, {money.large(path.total(requests))} for "
        f"{compact(requests)} requests{tail}."
    )


def api_tuning_note(row: ApiTuning) -> str:
    """What is not certain about a price of tuning through an API."""
    price: TuningPrice = row.price
    said = [] if price.verified else ["not read in the provider's own page"]
    if row.serve_usd is None:
        said.append(
            "no price of serving it in force that day"
            if price.serve_offer_id
            else "served at the base model's price or by the hour"
        )
    return "; ".join(said)


def freshness(price: TuningPrice, scenario: Scenario) -> str:
    """How old a price is on the day of the scenario."""
    age = (scenario.as_of - price.valid_from).days
    return f"{price.valid_from}" + (f", {age} days old" if age > FRESH_DAYS else "")
