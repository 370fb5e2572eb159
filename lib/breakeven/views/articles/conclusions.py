"""What the documents come to, in sentences and small tables; every number in them is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from breakeven.comparison.answer import Comparison, compare
from breakeven.comparison.words import headline
from breakeven.formulas.mode import Mode
from breakeven.formulas.units import SECONDS_PER_HOUR
from breakeven.question.kinds import Per, WeightFormat
from breakeven.question.pages.articles import OPEN, REPRODUCES, ROUNDS, WRONG, Standing
from breakeven.question.scenario import Scenario
from breakeven.views.articles import appendix as runs
from breakeven.views.articles import money
from breakeven.views.articles.appendix import Appendix
from breakeven.views.articles.facts import CannotRecompute, Facts
from breakeven.views.articles.judge import Judged, amount
from breakeven.views.articles.registry import Recomputation
from breakeven.views.articles.standing import Checked
from breakeven.views.articles.transformer import peak_flop_per_s
from breakeven.words.names import deployment_name, kind_of, offer_name, shape_name
from breakeven.words.numbers import Money, count, number, percent, seconds, times

PROJECT_DAY = date(2023, 8, 30)
"""Day of Shrott's article."""
PROJECT_PROMPTS, PROJECT_IN, PROJECT_OUT = 4_000_000, 1_000, 200
PROJECT_HOURS = 638.0
PROJECT_RENT = "vast-ai-rtx-a5000-marketplace-article-2023-08-30"
PROJECT_TUNING, PROJECT_INFERENCE = 6.6, 98.98
"""Tuning as stated, inference as what is left of the stated total. [USD]"""
PROJECT_EXAMPLES = 2_000
NOTE = {"tokens": 1000.0, "usd_per_hour": 3.93}
"""Tokens and rent of the note's example."""
NOTE_PARAMS, NOTE_FLOP_PER_S = 8.222e11, 1e14
TURBO_PARAMS, RUMOURED_ACTIVE = 8 * 222e9, 280e9


def tally(judged: Sequence[Judged]) -> str:
    """Say how many claims hold.

    >>> tally([])
    'There are no such claims.'
    """
    if not judged:
        return "There are no such claims."
    counts = Counter(one.verdict for one in judged)
    return (
        f"Of {len(judged)} published claims {counts[REPRODUCES]} reproduce, {counts[ROUNDS]} round, "
        f"{counts[WRONG]} are wrong and {counts[OPEN]} cannot be checked."
    )


def standings(checked: Sequence[Checked]) -> str:
    """Say what has become of the claims.

    >>> standings([])
    'There are no such claims.'
    """
    if not checked:
        return "There are no such claims."
    counts = Counter(one.standing for one in checked)
    return (
        f"Of {len(checked)} published claims {counts[Standing.HOLDS]} hold, "
        f"{counts[Standing.HELD_THEN]} held when they were made and no longer do, "
        f"{counts[Standing.WRONG]} are wrong and {counts[Standing.OPEN]} cannot be checked."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sentence and the scenarios that it rests on."""

    sentence: str
    then: Scenario | None = None
    today: Scenario | None = None
    source_ids: tuple[str, ...] = ()


def sanger_then() -> Scenario:
    """Sanger's question: his GPUs, price, engine and largest batch, GPT-3.5-turbo of that day."""
    return Scenario(
        as_of=runs.DAY,
        model=runs.MODEL,
        api=runs.RIVAL,
        gpu=runs.GPU,
        gpus=runs.GPUS,
        gpu_offer=runs.RENT,
        precision=WeightFormat.FP16,
        engine=runs.ENGINE,
        mode=Mode.STATIC,
        prompt_a=3595,
        completion_a=16,
        prompt_b=512,
        completion_b=512,
        # A job of any size, GPUs that run already: never idle, as he reckons.
        requests=1e6,
        per=Per.ONCE,
        startup_minutes=0.0,
        batch=32,
        ttft=None,
        tpot=None,
        utilisation=1.0,
        usable=1.0,
    )


def sanger(facts: Facts) -> Finding:
    """His conclusion, derived with our model, and whether it holds on the day of the scenario."""
    largest = max((row.batch_size for row in facts.appendix), default=1.0)
    # At the largest batch the longest prompts that he measured no longer fit: the shorter ones do.
    then = replace(sanger_then(), batch=int(largest), prompt_a=512)
    today = Scenario(as_of=facts.day)
    before, now = _compared(then, facts), _compared(today, facts)
    b = before.shapes[1]
    if b.host is None or b.api.bill is None:
        return Finding(sentence=f"His conclusion cannot be derived: {_why(before)}", then=then, today=today)
    prompt = b.api.bill.prompt_usd / b.host.prompt_usd
    completion = b.api.bill.completion_usd / b.host.completion_usd
    advice = (
        "so prompt-heavy work belonged on rented GPUs and generation-heavy work at the API"
        if prompt > 1 > completion
        else "so his advice does not follow"
    )
    derived = (
        f"Derived for {then.as_of}: on {deployment_name(b.host)} prompt tokens were {_gap(prompt)} than at "
        f"{b.api.bill.offer.name} and completion ones {_gap(completion)} at batch {then.batch}, the largest "
        f"he measured, {advice}"
    )
    return Finding(
        sentence=f"{derived}; {_today(now)}",
        then=then,
        today=today,
        source_ids=tuple(dict.fromkeys((*before.source_ids, *now.source_ids))),
    )


def _compared(scenario: Scenario, facts: Facts) -> Comparison:
    return compare(scenario, facts.tables_on(scenario.as_of))


def _gap(ratio: float) -> str:
    return f"{times(ratio)} cheaper" if ratio >= 1 else f"{times(1 / ratio)} dearer"


def _why(answer: Comparison) -> str:
    reasons = [*answer.problems, *(shape.host_reason for shape in answer.shapes if shape.host_reason)]
    return reasons[0] if reasons else "one side has no price in force."


def _today(now: Comparison) -> str:
    """Say which half of the advice holds for today's usual question."""
    day = now.scenario.as_of
    a, b = now.shapes
    name = now.model.name if now.model else now.scenario.model
    if a.ratio is None or b.ratio is None:
        return f"for {day} it cannot be said: {_why(now)}"
    prompt = a.ratio > 1 and not a.within_range
    generation = b.ratio < 1 and not b.within_range
    held = {
        (True, True): "it holds",
        (False, True): "only its second half holds",
        (True, False): "only its first half holds",
        (False, False): "neither half holds",
    }[prompt, generation]
    parts = [
        f"{_lower(headline(shape, now.scenario))} for {kind_of(shape.shape).lower()} work "
        f"({shape_name(shape.shape)})"
        for shape in (a, b)
    ]
    return (
        f"on {day} {held}: for {name}, hosted on the cheapest measured GPUs or bought at its cheapest API, "
        f"{parts[0]} and {parts[1]}."
    )


def _lower(text: str) -> str:
    """Continue a sentence: an abbreviation keeps its capitals."""
    return text if text[:2].isupper() else text[0].lower() + text[1:]


def model_error(table: Appendix) -> str:
    """Say how far our model is from the measured times."""
    parts = []
    for word, quantity in (("time to first token", "ttft_s"), ("completion time", "completion_s")):
        size = np.abs(table.error(quantity))
        parts.append(
            f"{word} within {percent(float(np.median(size)))} in the median and "
            f"{percent(float(size.max()))} at worst"
        )
    return (
        f"Our model, with one profile for all {len(table.batch)} runs, predicts {' and '.join(parts)}. "
        "The profile was fitted on these runs."
    )


def misprints(table: Appendix) -> str:
    """Say which cells of the printed table do not follow from the times."""
    wrong = [
        f"{column.title} of row {place + 1} ({number(float(table.printed[column.name][place]), 4)} "
        f"for {number(float(table.computed[column.name][place]), 4)})"
        for column in runs.COLUMNS
        for place, state in enumerate(table.state[column.name])
        if state == "wrong"
    ]
    cells = sum(len(states) for states in table.state.values())
    if not wrong:
        return f"All {cells} printed cells follow from the measured times."
    verb = "does" if len(wrong) == 1 else "do"
    return f"Of {cells} printed cells {count(len(wrong), 'cell')} {verb} not follow: {'; '.join(wrong)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One way to run Shrott's project."""

    what: str
    then_usd: float | None
    now_usd: float | None
    note: str


def project_scenario(day: date, model: str) -> Scenario:
    """Shrott's prompts as a job on one model."""
    return Scenario(
        as_of=day,
        model=model,
        prompt_a=PROJECT_IN,
        completion_a=PROJECT_OUT,
        prompt_b=PROJECT_IN,
        completion_b=PROJECT_OUT,
        requests=float(PROJECT_PROMPTS),
        per=Per.ONCE,
        ttft=None,
        tpot=None,
    )


SMALL_MODEL = "llama-3.1-8b"
"""Successor of the 7B model that Shrott tuned, sold by many APIs."""


def project_costs(facts: Facts) -> tuple[list[Cost], tuple[str, ...]]:
    """His project on the day of the article and on the day of the scenario, and the sources of today's."""
    work = {"requests": PROJECT_PROMPTS, "prompt": PROJECT_IN, "completion": PROJECT_OUT}
    costs = []
    for api, name in (("openai/gpt-4", "GPT-4"), ("openai/gpt-3.5-turbo", "GPT-3.5 Turbo")):
        costs.append(
            Cost(
                what=f"{name} API",
                then_usd=_or_none(money.api_bill, facts, api=api, day=PROJECT_DAY, **work),
                now_usd=_or_none(money.api_bill, facts, api=api, day=facts.day, **work),
                note="list price of the day, no batch discount",
            )
        )
    answer = _compared(project_scenario(facts.day, SMALL_MODEL), facts)
    shape = answer.shapes[0]
    bill, host = shape.api.bill, shape.host
    name = answer.model.name if answer.model else SMALL_MODEL
    costs.append(
        Cost(
            what=f"{name}, cheapest API",
            then_usd=None,
            now_usd=bill.usd * PROJECT_PROMPTS if bill else None,
            note=offer_name(bill.offer) if bill else "no price in force",
        )
    )
    costs.append(
        Cost(
            what="7B or 8B model on rented GPUs",
            then_usd=_or_none(
                money.rent_of_hours, facts, offer=PROJECT_RENT, day=PROJECT_DAY, hours=PROJECT_HOURS
            ),
            now_usd=shape.at_load.host_usd if host and shape.at_load else None,
            note=(
                f"then the RTX A5000 he found, all of its time used; now {name} on {deployment_name(host)} "
                f"at {Money().amount(host.candidate.price.usd_per_gpu_hour)} per GPU-hour, "
                f"done after {seconds(shape.at_load.hours * SECONDS_PER_HOUR)}"
                if host and shape.at_load
                else _why(answer)
            ),
        )
    )
    return costs, answer.source_ids


def _or_none(compute: Recomputation, facts: Facts, **inputs: Any) -> float | None:
    """A value, or None where a price is not in force."""
    try:
        return compute(facts, **inputs)
    except CannotRecompute:
        return None


def shrott(facts: Facts) -> Finding:
    """What his project cost, and what it would cost."""
    costs, source_ids = project_costs(facts)
    gpt4, gpt35, api, own = costs
    spent = _or_none(
        money.project_total,
        facts,
        api="openai/gpt-4",
        day=PROJECT_DAY,
        requests=PROJECT_EXAMPLES,
        prompt=PROJECT_IN,
        completion=PROJECT_OUT,
        tuning=PROJECT_TUNING,
        inference=PROJECT_INFERENCE,
    )
    if spent is None or gpt4.then_usd is None or gpt35.then_usd is None:
        return Finding(sentence="His bills cannot be recomputed: a price of 2023 is not in the tables.")

    def usd(value: float | None) -> str:
        return amount(value, "$") if value is not None else "an unknown amount"

    now = " or ".join(
        f"{usd(cost.now_usd)} with {word}"
        for cost, word in (
            (api, api.what.replace(", ", " at the ")),
            (own, f"{api.what.partition(',')[0]} on rented GPUs"),
        )
        if cost.now_usd is not None
    )
    today = (
        f"on {facts.day} the 4 million prompts would cost {now}"
        if now
        else (f"on {facts.day} no price is in force to say what the prompts would cost")
    )
    return Finding(
        sentence=(
            f"His total of {usd(spent)} adds up and is {times(gpt4.then_usd / spent)} cheaper than GPT-4 and "
            f"{times(gpt35.then_usd / spent)} cheaper than GPT-3.5 would have been ({usd(gpt4.then_usd)} and "
            f"{usd(gpt35.then_usd)}), but the {usd(gpt4.then_usd - spent)} and "
            f"{usd(gpt35.then_usd - spent)} that he prints as bills are the savings; {today}."
        ),
        today=project_scenario(facts.day, SMALL_MODEL),
        source_ids=source_ids,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to write the inference formula."""

    form: str
    inputs: str
    value: float
    unit: str
    remark: str


def inference_forms(facts: Facts) -> list[Form]:
    """The note's formula beside the right one, its errors mended one by one."""
    peak = peak_flop_per_s(facts, gpu=runs.GPU)
    usd = "$ per 1K tokens"
    wrong, right = "P·T ÷ (C·R)", "2·P·T ÷ C · R ÷ 3600"
    rent = NOTE["usd_per_hour"]
    example = f"P {_billions(NOTE_PARAMS)}, C {number(NOTE_FLOP_PER_S / 1e12)} TFLOP/s, R ${rent:g}/h"
    forms = [
        Form(
            form=wrong,
            inputs=example,
            value=money.inference_as_printed(facts, params=NOTE_PARAMS, flop_per_s=NOTE_FLOP_PER_S, **NOTE),
            unit="s·h/$",
            remark="as printed, where it is called dollars",
        )
    ]
    for params, speed, remark in (
        (NOTE_PARAMS, NOTE_FLOP_PER_S, "the rent multiplies the time, hours become seconds"),
        (TURBO_PARAMS, NOTE_FLOP_PER_S, "8 × 222 billion read rightly"),
        (TURBO_PARAMS, peak, "at the peak of an A100, which nobody reaches"),
        (RUMOURED_ACTIVE, NOTE_FLOP_PER_S, "only the active parameters of a mixture of experts (a rumour)"),
    ):
        forms.append(
            Form(
                form=right,
                inputs=f"P {_billions(params)}, C {number(speed / 1e12)} TFLOP/s, R ${rent:g}/h",
                value=money.inference_usd(facts, params=params, flop_per_s=speed, **NOTE),
                unit=usd,
                remark=remark,
            )
        )
    return forms


def _billions(params: float) -> str:
    return f"{number(params / 1e9, 4)} billion"


def cost_formula(facts: Facts) -> Finding:
    """What is left of the note's formulas."""
    rent = {"gpu": runs.GPU, "usd_per_hour": 2.2659}
    gpt3 = money.training(facts, params=175e9, tokens=500e9, **rent)
    gpt4 = money.training(facts, params=1.8e12, tokens=13e12, **rent)
    printed, right = inference_forms(facts)[:2]
    return Finding(
        sentence=(
            f"Pre-training follows from its inputs if every GPU reaches its peak: GPT-3 {amount(gpt3, '$')}, "
            f"GPT-4 {number(gpt4 / gpt3, 4)}× that, {amount(gpt4 / 1e6, '$ million')} or "
            f"{amount(gpt4 / 2e6, '$ million')} at half price; the inference formula divides by the rent, so "
            f"its {number(printed.value)} is no price: 1,000 tokens cost "
            f"{amount(float(f'{right.value:.2g}'), '$')} with its own inputs, "
            f"{times(printed.value / right.value)} less."
        )
    )


def numbers(facts: Facts, judged: Sequence[Judged]) -> Finding:
    """How the rules of thumb stand, and what the two versions add."""
    original = [one for one in judged if one.claim.document == "numbers"]
    versions = [one for one in judged if one.claim.document != "numbers" and one.verdict == WRONG]
    hold = sum(one.verdict in (REPRODUCES, ROUNDS) for one in original)
    try:
        spans = [
            [
                money.price_ratio(
                    facts, dear=dear, cheap=runs.RIVAL, day=date(2023, 5, 8), prompt_share=share
                )
                for share in (1, 0)
            ]
            for dear in ("openai/gpt-4-32k", "openai/gpt-4")
        ]
        ratio = (
            f"; GPT-4 cost {number(spans[0][0])} to {number(spans[0][1])} times GPT-3.5 Turbo with "
            f"32K of context and {number(spans[1][0])} to {number(spans[1][1])} times with 8K, not simply 50"
        )
    except CannotRecompute:
        ratio = ""
    return Finding(
        sentence=(
            f"{hold} of {len(original)} rules reproduce or round{ratio}; the two Chinese versions add "
            f"{count(len(versions), 'error')} of translation."
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """One rule as the original and the two Chinese versions have it."""

    rule: str
    original: str
    first: str
    second: str
    recomputed: str


SAME = "as the original"


def versions(judged: Sequence[Judged]) -> list[Versions]:
    """Rules in which a Chinese version departs from the original."""
    by_id = {one.claim.claim_id: one for one in judged}
    rules = dict.fromkeys(
        one.claim.claim_id.split("-", 2)[2]
        for one in judged
        if one.claim.document in ("numbers-a", "numbers-b")
    )
    found = []
    for rule in rules:
        original = by_id.get(f"numbers-{rule}")
        if original is None:
            continue
        first, second = (by_id.get(f"numbers-{letter}-{rule}") for letter in "ab")
        found.append(
            Versions(
                rule=original.claim.claim,
                original=original.claim.quoted,
                first=_version(first),
                second=_version(second),
                recomputed=amount(original.value, original.claim.unit),
            )
        )
    return found


def _version(one: Judged | None) -> str:
    return SAME if one is None else f"{one.claim.claim}: {one.claim.quoted}"
