"""The Deploy page's answer in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from breakeven.formulas.mode import Mode
from breakeven.formulas.units import SECONDS_PER_HOUR, TERA
from breakeven.hosting import RANGED_ON, read_on
from breakeven.hosting.config_json.read import TYPED
from breakeven.hosting.fleet import terms_of
from breakeven.question.kinds import CacheFormat
from breakeven.question.pages.deploy import OWNED
from breakeven.tables.records import Gpu
from breakeven.views.deploy.answer import Answer, Placement
from breakeven.views.deploy.detail import Frontier, Memory, Older, Roofline, Swing
from breakeven.words.names import gpu_name, placed_name, shape_name
from breakeven.words.numbers import (
    Money,
    count,
    gigabytes,
    number,
    percent,
    seconds,
    spread,
    times,
)
from breakeven.words.numbers import load as per_time
from breakeven.words.terms import EXPERT, Terms

MODE_WORDS = {
    Mode.CONTINUOUS: "continuous batching",
    Mode.STATIC: "static batch",
    Mode.DISAGGREGATED: "separate prefill and decode pools",
}


def gpus_name(row: Placement) -> str:
    """Write a deployment: how many of which GPU, and its layout."""
    return placed_name(row.host.candidate)


def short_name(gpu: Gpu) -> str:
    """Write a GPU without its maker."""
    return gpu_name(gpu)


def formats(row: Placement) -> str:
    """Write the number formats and the mode, where they are not the usual ones."""
    parts = [str(row.precision)]
    if row.kv_precision != CacheFormat.FP16:
        parts.append(f"{row.kv_precision} cache")
    if row.mode != Mode.CONTINUOUS:
        parts.append(MODE_WORDS[row.mode])
    return ", ".join(parts)


def size(row: Placement, say: Terms = EXPERT) -> str:
    """Write replicas times GPUs each, never GPUs alone.

    The pools of a separated deployment are named apart.
    """
    reading = int(row.fleet.prefill_replicas)
    if reading:
        writing = row.replicas - reading
        if say.is_plain:
            return f"{say.replicas(reading)} to read and {writing:,} to write, on {gpus_name(row)} each"
        pools = f"{count(reading, 'prefill replica')} + {count(writing, 'decode replica')}"
        return f"{pools} × {gpus_name(row)} each"
    if say.is_plain:
        return f"{say.replicas(row.replicas)} on {gpus_name(row)}{' each' if row.replicas > 1 else ''}"
    return f"{count(row.replicas, 'replica')} × {gpus_name(row)}"


def bill(answer: Answer, row: Placement) -> str:
    """Write what a placement costs at the load: dollars a month, or for the job."""
    return f"{answer.scenario.money.amount(row.usd)} {answer.scenario.load.period}"


def recommendation(answer: Answer, say: Terms = EXPERT, *, asked: bool = True) -> str:
    """The first sentence: what to deploy, at what cost, how fast.

    ``asked`` puts before it for which model and load, unless the page's own line says so just above.
    """
    row, money = answer.chosen, answer.scenario.money
    if row is None:
        if answer.problems:
            return answer.problems[0]
        return answer.needs[0] if answer.needs else "No deployment can be computed"
    if say.is_plain:
        fast = f"{say.first(row.host.ttft_s)}, then {say.pace(row.host.tpot_s)}"
        load = answer.scenario.load
        to = "for" if load.ends else "at"
        lead = f"{row.model.name} {to} {load.said()}: " if asked or len(answer.models) > 1 else ""
        text = f"{lead}{size(row, say)}, {bill(answer, row)}, {fast}"
        return text if answer.holds else f"Nothing is as fast as you ask. The cheapest that fits: {text}"
    text = (
        f"{row.model.name} at {formats(row)}, {shape_name(answer.shape)}, {answer.scenario.load.said()}: "
        f"{size(row)}, {bill(answer, row)} ({money.per_million(answer.usd_per_token(row.usd))}), "
        f"batch {row.host.batch:,}, TTFT {seconds(row.host.ttft_s)}, TPOT {seconds(row.host.tpot_s)}"
    )
    return text if answer.holds else f"Nothing holds the targets. The cheapest that fits: {text}"


def question(answer: Answer, say: Terms = EXPERT) -> str:
    """What is asked."""
    scenario = answer.scenario
    targets = []
    if scenario.ttft is not None:
        targets.append(say.first_within(scenario.ttft))
    if scenario.tpot is not None:
        targets.append(say.pace_within(scenario.tpot))
    held = ", ".join(targets) or "no latency target"
    names = ", ".join(model.name for model in answer.models[:3]) or scenario.model
    kind = "owned hardware" if answer.extra.price == OWNED else f"{scenario.gpu_price_type} prices"
    how = (
        f"{scenario.load.said()} done within {seconds(scenario.load.finish_s)}"
        if scenario.load.ends
        else f"at most {percent(scenario.utilisation)} busy"
    )
    asked = "For" if say.is_plain else "Which GPUs, how many, which batch for"
    end = "." if say.is_plain else "?"
    return (
        f"{asked} {names}, {shape_name(answer.shape)}, {held}, {how}{end} "
        f"{kind.capitalize()} of {scenario.as_of}."
    )


def trust(answer: Answer, say: Terms = EXPERT) -> str:
    """Estimate, its range and the physical limit together; what was extrapolated."""
    row, ideal = answer.chosen, answer.ideal
    if row is None or ideal is None:
        return ""
    host, caveat = row.host, row.host.candidate.profile.caveat
    efficiency = host.candidate.profile.efficiency
    known = (
        f"Extrapolated: {caveat}." if caveat else f"Measured: {efficiency.engine} on {efficiency.fitted_on}."
    )
    return (
        f"Estimate: {say.first_range(host.ttft_s, *host.ttft_range_s)}, with "
        f"{count(host.batch, 'request')} at once; alone "
        f"{spread(host.ttft_alone_s, *host.ttft_alone_range_s)}; "
        f"{say.pace_range(host.tpot_s, *host.tpot_range_s)}. "
        f"Each range holds {percent(efficiency.range_level)} of {RANGED_ON[efficiency.range_of]}. "
        f"Physical limit of the same GPUs: {say.first(ideal.ttft_s)}, {say.pace(ideal.tpot_s)}. {known}"
    )


def older_sentence(found: Older | None, say: Terms = EXPERT) -> str:
    """Say what an engine of a named year would take; empty where none was measured."""
    if found is None:
        return ""
    return (
        f"These are engines of today; with {found.engine}, as it was then, the same GPUs would give: "
        f"{say.first(found.ttft_s)}, {say.pace(found.tpot_s)}. Name it under GPUs if yours is as old."
    )


def certainty(caveat: str | None) -> str:
    """Say that a number is extrapolated, or what else is not certain about it; empty where it is measured."""
    if not caveat:
        return ""
    beyond = "no measured run" in caveat or "extrapolated" in caveat
    return f"extrapolated: {caveat}" if beyond else f"not certain: {caveat}"


def sure(caveat: str | None) -> str:
    """Say in a word or two how certain a row is; :func:`certainty` has the reason.

    >>> sure(None), sure("no measured run on that GPU"), sure("rests on 1 measured row")
    ('measured', 'extrapolated', 'not quite')
    """
    said = certainty(caveat)
    return "measured" if not said else "extrapolated" if said.startswith("extrapolated") else "not quite"


def chips(answer: Answer) -> list[str]:
    """Small facts beside the recommendation: how busy, what the bill may be, how old the price is."""
    row, load = answer.chosen, answer.scenario.load
    if row is None:
        return []
    facts = [] if load.ends else [f"{percent(float(row.fleet.busy))} busy"]
    ends = answer.scenario.money.span(*row.usd_range(terms_of(answer.scenario)))
    if ends != answer.scenario.money.amount(row.usd):
        facts.append(f"estimate {ends}")
    facts.append(sure(row.host.candidate.profile.caveat))
    price = row.host.candidate.price
    if price.offer.price_type != OWNED and price.offer.source_id != TYPED:
        facts.append(f"{price.offer.provider}, price {count(price.offer.age_days, 'day')} old")
    return facts


def cheaper_but(answer: Answer, say: Terms = EXPERT) -> str:
    """Name what is ranked above the recommendation and why it is not recommended."""
    grid = answer.grid
    best = None if grid is None else grid.best()
    if best is None or answer.order[0] == best:
        return ""
    above = answer.order.index(best)
    first = answer.place(answer.order[0])
    doubt = first.host.candidate.price.doubt
    why = doubt or certainty(first.host.candidate.profile.caveat).partition(":")[0]
    but = "at a doubtful rent" if doubt else "not measured"
    return (
        f"Cheaper, but {but}: {count(above, 'deployment')}, from {bill(answer, first)} on "
        f"{size(first, say)} at {formats(first)} ({why}). Only measured speeds and rents "
        "that are fresh and confirmed are recommended."
    )


def beside_compare(answer: Answer, say: Terms = EXPERT) -> str:
    """Say what the recommendation would be in the scenario's own formats, where it is in others.

    Compare hosts the model only as the scenario says; this page considers more.
    """
    grid, row = answer.grid, answer.chosen
    if grid is None or row is None or row.model.model_id == TYPED:
        return ""
    usual = grid.as_asked
    if not answer.holds or usual[grid.best()]:
        return ""
    scenario = answer.scenario
    lead = f"Compare counts only what the scenario says, {scenario.precision} weights"
    if row.kv_precision != scenario.kv_precision:
        lead += f" and a {scenario.kv_precision} cache"
    if row.mode != scenario.mode:
        lead += f", {MODE_WORDS[scenario.mode]}"
    own = grid.best(usual)
    if own is None:
        return f"{lead}: with that alone nothing holds the targets."
    place = answer.place(own)
    return f"{lead}: with that alone the choice is {size(place, say)}, {bill(answer, place)}."


def load_sentence(answer: Answer, say: Terms = EXPERT) -> str:
    """Whole replicas for the load, how busy they are, what the estimate's range does to the bill."""
    row, load = answer.chosen, answer.scenario.load
    if row is None:
        return ""
    total = f" ({count(row.gpus, 'GPU')} in all)" if row.replicas > 1 else ""
    rented = (
        f"done after {seconds(float(row.fleet.hours) * SECONDS_PER_HOUR)}"
        if load.ends
        else f"{percent(float(row.fleet.busy))} busy"
    )
    money = answer.scenario.money
    ends = money.span(*row.usd_range(terms_of(answer.scenario)))
    span = f" (estimate {ends})" if ends != money.amount(row.usd) else ""
    return (
        f"For {load.said()}: {size(row, say)}{total}, {rented}, {bill(answer, row)}{span}. "
        f"One {say.replica} serves {per_time(1 / row.host.replica_s)} when never idle."
    )


def binds(answer: Answer, say: Terms = EXPERT) -> str:
    """What binds, and what keeps the batch from growing."""
    row = answer.chosen
    if row is None:
        return ""
    host = row.host
    more = "more requests at once" if say.is_plain else "a larger batch"
    stop = f" What stops {more}: {say.limit(answer.stops_next)}." if answer.stops_next else ""
    reading = f"{say.prefill[0].upper()}{say.prefill[1:]} {say.bound(host.bound_prefill)}"
    return f"{reading}, {say.decode} {say.bound(host.bound_decode)}.{stop}"


def price_sentence(answer: Answer, money: Money) -> str:
    """Where the price of the GPU-hour comes from."""
    row = answer.chosen
    if row is None:
        return ""
    price, gpu = row.host.candidate.price, row.host.candidate.gpu
    amount = money.amount(price.usd_per_gpu_hour)
    if price.offer.price_type == OWNED:
        return f"Owned {gpu.name}: {amount} an hour each for purchase, power and hosting."
    text = f"{gpu.name}: {amount} per GPU-hour, {price.offer.provider} ({price.offer.price_type})"
    if price.n_offers > 1:
        text += f", {price.n_offers} providers at {money.span(price.cheapest_usd, price.dearest_usd)}"
    if price.offer.source_id != TYPED:
        text += f", {read_on(price.offer)}"
    text += f"; {price.doubt}" if price.doubt else ""
    passed = "; ".join(f"{gone.what}, {gone.why}" for gone in price.passed_over)
    return f"{text}. Passed over: {passed}." if passed else f"{text}."


def memory_finding(memory: Memory, row: Placement, say: Terms = EXPERT) -> str:
    """Say what fills the memory."""
    if memory.cache > memory.weights:
        what, amount = f"The {say.kv_cache} fills", memory.cache
    else:
        what, amount = "The weights fill", memory.weights
    return f"{what} most: {gigabytes(amount)} of {gigabytes(memory.total)} on {gpus_name(row)}"


def memory_parts(memory: Memory, say: Terms = EXPERT) -> str:
    """Write the parts of the memory, for whom no hover works."""
    each = f"{count(memory.batch, 'sequence')} of {gigabytes(memory.sequence)}"
    if memory.per_token is not None:
        each += f", {gigabytes(memory.per_token)} per token"
    parts = (
        ("weights", memory.weights, ""),
        ("draft model", memory.draft, ""),
        (say.kv_cache, memory.cache, f" ({each})"),
        ("free", memory.free, ""),
        ("kept back as workspace", memory.workspace, ""),
    )
    text = ", ".join(f"{name} {gigabytes(size)}{of}" for name, size, of in parts if size > 0)
    return f"{text[0].upper()}{text[1:]}."


def batch_finding(answer: Answer, say: Terms = EXPERT) -> str:
    """Say what the batch curve shows."""
    row = answer.chosen
    if row is None:
        return "No deployment to show"
    if answer.stops_next is None:
        return f"{_together(row, say)} {'are' if say.is_plain else 'is'} chosen"
    if say.is_plain:
        return f"{_together(row, say)}, no more: {say.limit(answer.stops_next)} would be missed"
    return f"{_together(row, say)}: {say.limit(answer.stops_next)} stops the next one"


def _together(row: Placement, say: Terms) -> str:
    """How many sequences are written together, at the head of a sentence."""
    return f"{row.host.batch:,} at once" if say.is_plain else f"Batch {row.host.batch:,}"


def frontier_finding(answer: Answer, line: Frontier, what: str, say: Terms = EXPERT) -> str:
    """Say what speed costs."""
    money = answer.scenario.money
    times = line.tpot_s if what == "TPOT" else line.ttft_s
    slow, fast = float(times[-1]), float(times[0])
    low, high = float(line.usd[-1]), float(line.usd[0])
    if len(times) == 1:
        return f"One deployment is both cheapest and fastest{'' if say.is_plain else f' by {what}'}"
    write = say.pace if what == "TPOT" else say.first
    return (
        f"From {write(slow)} to {write(fast).removeprefix(f'{what} ')} the cost rises from "
        f"{money.amount(low)} to {money.amount(high)} {answer.scenario.load.period}"
    )


def roofline_finding(roof: Roofline) -> str:
    """Say on which side of the ridge both steps stand."""
    sides = []
    for point in roof.points:
        ratio = point.flop_per_byte / roof.ridge
        side = "above" if ratio >= 1 else "below"
        sides.append(f"{point.name} is {times(ratio if ratio >= 1 else 1 / ratio)} {side} the ridge")
    return ", ".join(sides).capitalize() + f" of {number(roof.ridge)} FLOP/B"


def point_sentence(name: str, flop_per_s: float, limit: float, step_s: float) -> str:
    """Write one operating point."""
    return (
        f"{name}: {number(flop_per_s / TERA)} TFLOP/s per GPU of {number(limit / TERA)} that the roof allows "
        f"({percent(flop_per_s / limit)}); the step takes {seconds(step_s)}"
    )


def swing_finding(found: list[Swing]) -> str:
    """Say what the cost hangs on most."""
    widest = found[0]
    return f"The cost hangs most on: {widest.name[0].lower()}{widest.name[1:]}"


def ranking_finding(answer: Answer) -> str:
    """Say how many deployments are fast enough, and how the recommended one is drawn."""
    fast = count(len(answer.order), "deployment")
    are = "is" if len(answer.order) == 1 else "are"
    return f"{fast} {are} fast enough: ★ the recommended, the cheapest at the foot"


def others(answer: Answer) -> str:
    """Say how many candidates there are and what became of them."""
    if answer.grid is None:
        return ""
    grid = answer.grid
    return (
        f"{grid.w.size + grid.too_large * len(grid.modes):,} combinations of GPU, count, format and mode: "
        f"{len(answer.order):,} hold the targets, {grid.w.size - len(answer.order):,} fit and miss one, "
        f"{grid.too_large * len(grid.modes):,} do not fit."
    )


def candidate_texts(answer: Answer, indices: Sequence[int], batches: Sequence[float]) -> list[str]:
    """Name candidates of the grid at some batch, for the hover of the frontier."""
    grid = answer.grid
    if grid is None:
        return []
    hardware, work = grid.hardware.candidates, grid.work
    texts = []
    for i, batch in zip(indices, batches, strict=True):
        candidate, w, mode = hardware[grid.h[i]], grid.w[i], grid.modes[grid.m[i]]
        words = [
            placed_name(candidate),
            *([work.models[work.model[w]].name] if len(work.models) > 1 else []),
            work.precisions[work.precision[w]].precision_id,
            *([f"{work.kv_precisions[work.kv[w]]} cache"] if len(work.kv_precisions) > 1 else []),
            *([MODE_WORDS[mode]] if len(grid.modes) > 1 else []),
            f"batch {batch:,.0f}",
            *(["extrapolated"] if candidate.profile.caveat else []),
        ]
        texts.append(", ".join(words))
    return texts


def row_name(row: Mapping[str, Any], names: Mapping[str, str], say: Terms = EXPERT) -> str:
    """Write a row of the ranking: replicas times GPUs each, formats, and the mode where it is not usual."""
    gpus = f"{row['gpus']}×{names.get(row['gpu'], row['gpu'])}"
    gpus += f" {row['layout']}" if "DP" in row["layout"] else ""
    if row["prefill_replicas"]:
        writing = row["replicas"] - row["prefill_replicas"]
        jobs = ("to read", "to write") if say.is_plain else ("prefill", "decode")
        text = f"{row['prefill_replicas']:,} {jobs[0]} + {writing:,} {jobs[1]} × {gpus}"
    elif say.is_plain:
        text = f"{row['replicas']:,} × {gpus}"
    else:
        text = f"{count(row['replicas'], 'replica')} × {gpus}"
    parts = [text] if say.is_plain else [text, row["precision"]]
    if row["kv_precision"] != CacheFormat.FP16:
        parts.append(f"{row['kv_precision']} cache")
    if row["mode"] == Mode.STATIC:
        parts.append("static")
    return ", ".join(parts)


def source_ids(answer: Answer) -> list[str]:
    """Keys of the sources of the numbers that decide the recommendation."""
    row = answer.chosen
    if row is None:
        return []
    candidate = row.host.candidate
    keys = [row.model.source_id, candidate.gpu.source_id, candidate.price.offer.source_id]
    return list(dict.fromkeys([*keys, candidate.profile.efficiency.source_id]))


def source_notes(answer: Answer) -> list[str]:
    """What has no source because it was typed in, and what was not re-read."""
    row = answer.chosen
    if row is None:
        return []
    notes = []
    candidate = row.host.candidate
    if row.model.model_id == TYPED:
        notes.append("The model's dimensions were typed in; parameters and cache are computed from them.")
    if candidate.gpu.gpu_id == TYPED:
        notes.append("The GPU's specifications were typed in.")
    if candidate.price.offer.source_id == TYPED:
        notes.append("The price of the GPU-hour comes from the numbers typed in.")
    if not candidate.gpu.verified:
        notes.append(f"The specifications of {candidate.gpu.name} were not re-read from the maker's page.")
    return notes


def left_out_by_reason(answer: Answer) -> list[str]:
    """What was left out, one sentence a reason."""
    grouped: dict[str, list[str]] = {}
    for gone in answer.left_out:
        grouped.setdefault(gone.why, []).append(gone.what)
    return [f"{', '.join(whats)}: {why}" for why, whats in grouped.items()]
