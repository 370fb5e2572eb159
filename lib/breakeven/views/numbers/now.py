"""Rules that matter now and that the list of 2023 does not have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median

from breakeven.comparison.words import condition
from breakeven.formulas.kv_cache import kv_bytes_per_token
from breakeven.question.pages.numbers import NOW
from breakeven.tables.records import Discount, Model
from breakeven.views.numbers.base import Facts, Line, Quantity, Rule, between, exactly, half_rate, unique
from breakeven.views.numbers.memory import BYTES_OF_HALF, kv_per_token, release_day
from breakeven.words.names import deployment_name, shape_name
from breakeven.words.numbers import count, gigabytes, number, percent, times


def cached_input(facts: Facts) -> Rule:
    """What a cached prompt token costs less."""
    return _discount(
        facts,
        "cached-input",
        name="Taken off for cached prompt tokens",
        of=lambda discount: discount.cached,
        sold="price for cached input",
        consequence="Put what repeats (instructions, documents) first in the prompt: it is billed at {rest}.",
        advice="Keep the first part of every prompt the same to the letter; a change in it loses the cache.",
        filter_by="prices_cache",
    )


def batch_discount(facts: Facts) -> Rule:
    """What work that may wait costs less."""
    return _discount(
        facts,
        "batch-discount",
        name="Taken off for batch work",
        of=lambda discount: discount.batch_output,
        sold="batch price",
        consequence="Work that may wait for hours costs {rest}.",
        advice="Send evaluations, labels and summaries as batch work; keep the standard price for people "
        "who wait.",
        filter_by="prices_batch",
    )


def _discount(
    facts: Facts,
    rule_id: str,
    *,
    name: str,
    of: Callable[[Discount], float | None],
    sold: str,
    consequence: str,
    advice: str,
    filter_by: str,
) -> Rule:
    """Median of what the makers of models take off."""

    def shares(discounts: Sequence[Discount]) -> list[tuple[float, Discount]]:
        return [(share, one) for one in discounts if (share := of(one)) is not None and share > 0]

    found = shares(facts.rows.discounts[facts.day])
    today = exactly(median(share for share, _ in found), "share") if found else None
    working = []
    for provider in dict.fromkeys(one.provider for _, one in found):
        own = [share for share, one in found if one.provider == provider]
        working.append(f"{provider}: median {percent(median(own))} over {count(len(own), 'offer')}.")
    points = [
        (day, median(share for share, _ in past))
        for day, discounts in facts.rows.discounts.items()
        if (past := shares(discounts))
    ]
    line = Line(name="median", days=tuple(d for d, _ in points), values=tuple(100 * v for _, v in points))
    return Rule(
        rule_id=rule_id,
        part=NOW,
        name=name,
        quoted=None,
        recomputed=None,
        today=today,
        missing=None if today else f"No maker of models has a {sold} on record that day.",
        consequence=(
            consequence.format(rest=f"{percent(1 - today.low)} of the list price")
            if today
            else "Nobody sold it yet."
        ),
        working=(
            f"Median over {count(len(found), 'offer')} of makers of models (resellers and open-weight "
            "hosts left out): "
            f"{today.text(facts.money)}.",
            *working,
        )
        if today
        else (),
        advice=advice,
        page="prices",
        opens={"prices_tab": "API offers", filter_by: "yes"},
        history=(line,) if len(points) > 1 else (),
        history_title=(
            f"The median went from {percent(points[0][1])} in {points[0][0].year} to "
            f"{percent(points[-1][1])} "
            f"in {points[-1][0].year}"
            if len(points) > 1
            else ""
        ),
        history_unit="Taken off, median [%]",
        source_ids=unique(*(one.source_id for _, one in found)),
    )


def reasoning(facts: Facts) -> Rule:
    """How much longer a reasoning model writes."""
    quote = facts.quote("reasoning", "times_longer")
    known = quote.said_on <= facts.day
    hidden = 1 - 1 / quote.low
    shape = facts.generation_heavy.shape
    return Rule(
        rule_id="reasoning",
        part=NOW,
        name="Tokens of a reasoning model against another one",
        quoted=None,
        recomputed=None,
        today=exactly(quote.low, "times") if known else None,
        missing=None if known else "Not measured yet on that day.",
        consequence=f"{percent(hidden)} of the completion tokens that you pay for are never shown to the "
        "reader.",
        working=(
            f"Measured by others, {quote.as_quoted} ({quote.locator}; {quote.notes}): 1 − 1 ÷ "
            f"{number(quote.low)} = "
            f"{percent(hidden)}.",
            f"An answer of {shape.completion_tokens:,} tokens is then billed as "
            f"{number(shape.completion_tokens * quote.low)}.",
        ),
        advice="Set the reasoning effort for each kind of request, and put a limit on completion tokens.",
        page="workload",
        source_ids=unique(quote.source_id),
    )


def moe_active(facts: Facts) -> Rule:
    """Share of the parameters that one token of a mixture of experts meets."""
    models = [
        model
        for model in facts.tables.models.values()
        if model.n_experts
        and model.params_total_b
        and model.params_active_b
        and facts.released(model.release)
    ]
    models.sort(key=lambda model: (model.release, model.name))
    shares = [(model.params_active_b or 0) / (model.params_total_b or 1) for model in models]
    today = exactly(median(shares), "share") if shares else None
    line = Line(
        name="",
        days=tuple(release_day(model.release) for model in models),
        values=tuple(100 * share for share in shares),
        labels=tuple(model.name for model in models),
    )
    return Rule(
        rule_id="moe-active",
        part=NOW,
        name="Parameters that a token meets in a mixture of experts",
        quoted=None,
        recomputed=None,
        today=today,
        missing=None if today else "No such model is out that day.",
        consequence=(
            f"It needs the memory of all its parameters and the arithmetic of {percent(today.low)} of them."
            if today
            else "All experts take memory, few compute."
        ),
        working=tuple(
            f"{model.name}: {number(model.params_active_b)} of {number(model.params_total_b)} billion, "
            f"{percent(share)}."
            for model, share in zip(models, shares, strict=True)
        ),
        advice="Size the memory by all parameters and the speed by the active ones; large batches touch "
        "every expert.",
        page="prices",
        opens={"prices_tab": "Models"},
        history=(line,) if len(models) > 1 else (),
        history_title=(
            f"From {percent(shares[0])} with {models[0].name} to {percent(shares[-1])} with {models[-1].name}"
            if len(models) > 1
            else ""
        ),
        history_unit="Active parameters [%]",
        source_ids=unique(*(model.source_id for model in models)),
    )


def small_formats(facts: Facts) -> Rule:
    """Memory of fp8 and fp4 weights against fp16."""
    bytes_of = {key: facts.tables.precisions[key].bytes_per_weight for key in (BYTES_OF_HALF, "fp8", "fp4")}
    ratios = [bytes_of[BYTES_OF_HALF] / bytes_of[key] for key in ("fp8", "fp4")]
    total = facts.answer.model.params_total_b if facts.answer.model else None
    return Rule(
        rule_id="small-formats",
        part=NOW,
        name="Memory saved by fp8 and fp4 weights",
        quoted=None,
        recomputed=None,
        today=between(ratios, "times"),
        consequence=f"The same GPU holds a model {times(ratios[0])} as large in fp8 and "
        f"{times(ratios[1])} in fp4.",
        working=(
            *(
                f"{key}: {number(bytes_of[BYTES_OF_HALF])} B ÷ {number(bytes_of[key])} B = "
                f"{times(ratio)} smaller "
                f"({facts.tables.precisions[key].notes})."
                for key, ratio in zip(("fp8", "fp4"), ratios, strict=True)
            ),
            *(
                [
                    f"{facts.answer.model.name}: "
                    + ", ".join(
                        f"{gigabytes(total * 1e9 * width)} in {key}" for key, width in bytes_of.items()
                    )
                    + "."
                ]
                if total and facts.answer.model
                else []
            ),
        ),
        advice="Check the quality of your own task at the smaller format before you count the saving.",
        page="deploy",
        opens={"deploy_weights": "fp16,fp8,int4,fp4"},
        source_ids=unique(*(facts.tables.precisions[key].source_id for key in bytes_of)),
    )


def small_rates(facts: Facts) -> Rule:
    """Rate of fp8 and fp4 arithmetic against bf16."""
    gpus = [gpu for gpu in facts.tables.gpus.values() if facts.rows.launches[gpu.gpu_id] <= facts.day.year]
    by_format = {
        "fp8": [(g, g.fp8_dense_tflops / half_rate(g)) for g in gpus if g.fp8_dense_tflops and half_rate(g)],
        "fp4": [(g, g.fp4_dense_tflops / half_rate(g)) for g in gpus if g.fp4_dense_tflops and half_rate(g)],
    }
    middles = {key: median(ratio for _, ratio in found) for key, found in by_format.items() if found}
    today = between(list(middles.values()), "times") if middles else None
    words = " and ".join(f"{times(ratio)} in {key}" for key, ratio in middles.items())
    return Rule(
        rule_id="small-rates",
        part=NOW,
        name="Arithmetic gained by fp8 and fp4",
        quoted=None,
        recomputed=None,
        today=today,
        missing=None if today else "No GPU of that day computes in either.",
        consequence=(
            f"The peak rate is {words} that of bf16; decode gains from the smaller weights instead."
            if today
            else "Only the memory gets smaller."
        ),
        working=tuple(
            f"{key}: median {times(middles[key])} over {count(len(found), 'GPU')}, from "
            f"{times(min(ratio for _, ratio in found))} to {times(max(ratio for _, ratio in found))}."
            for key, found in by_format.items()
            if found
        ),
        advice="Expect the gain in prefill, on GPUs that have the rate; the others store small and "
        "compute in bf16.",
        page="prices",
        opens={"prices_tab": "GPUs"},
        source_ids=unique(*(gpu.source_id for found in by_format.values() for gpu, _ in found)),
    )


def kv_grouped(facts: Facts) -> Rule:
    """KV cache of grouped-query attention against one head for each query."""
    return _kv_saving(
        facts,
        "kv-grouped",
        "GQA",
        "KV cache saved by grouped-query attention (GQA)",
        lambda m: float(m.head_dim),
    )


def kv_latent(facts: Facts) -> Rule:
    """KV cache of latent attention against one head for each query."""
    return _kv_saving(
        facts,
        "kv-latent",
        "MLA",
        "KV cache saved by latent attention (MLA)",
        lambda m: ((m.mla_qk_nope_dim or 0) + (m.mla_qk_rope_dim or 0) + (m.mla_v_head_dim or 0)) / 2,
    )


def _kv_saving(
    facts: Facts, rule_id: str, attention: str, name: str, width: Callable[[Model], float]
) -> Rule:
    """Median of the cache that a model of every query head its own would need, over its real cache."""
    found = []
    for model in facts.tables.models.values():
        if model.attention != attention or not model.kv_derived or not facts.released(model.release):
            continue
        if (real := kv_per_token(facts, model)) and math.isfinite(real) and width(model) > 0:
            layers = model.n_layers - (model.n_linear_attn_layers or 0)
            full = kv_bytes_per_token(
                n_layers=layers, n_kv_heads=model.n_heads, head_dim=width(model), bytes_per_element=2
            )
            found.append((float(full) / real, real, model))
    found.sort(key=lambda row: (row[2].release, row[2].name))
    today = exactly(median(ratio for ratio, _, _ in found), "times") if found else None
    line = Line(
        name="",
        days=tuple(release_day(model.release) for _, _, model in found),
        values=tuple(ratio for ratio, _, _ in found),
        labels=tuple(model.name for _, _, model in found),
    )
    return Rule(
        rule_id=rule_id,
        part=NOW,
        name=name,
        quoted=None,
        recomputed=None,
        today=today,
        missing=None if today else "No such model is out that day.",
        consequence=(
            f"{times(today.low)} as many sequences fit beside the same weights (median of "
            f"{count(len(found), 'model')})."
            if today
            else "The cache is as large as the number of heads makes it."
        ),
        working=tuple(
            f"{model.name}: {gigabytes(real)} per token in fp16, {times(ratio)} less than with a key and "
            "a value for "
            "every query head."
            for ratio, real, model in found
        ),
        advice="Look at the cache per token before the parameters when your contexts are long.",
        page="prices",
        opens={"prices_tab": "Models"},
        history=(line,) if len(found) > 1 else (),
        history_title=f"Saved by each {attention} model, by its release",
        history_unit="Smaller than MHA [times]",
        source_ids=unique(*(model.source_id for _, _, model in found)),
    )


def hosted_price(facts: Facts) -> Rule:
    """Dollars per million tokens of one's own replica, by how busy it is."""
    busy = [facts.quote("hosted-price", item) for item in ("busy_low", "busy_middle", "busy_high")]
    working, sources = [], []
    today: Quantity | None = None
    for letter, answer in zip("AB", facts.answer.shapes, strict=True):
        host, shape = answer.host, answer.shape
        if host is None:
            continue
        prices = {}
        for word, usd, tokens in (
            ("prompt", host.prompt_usd, shape.prompt_tokens),
            ("completion", host.completion_usd, shape.completion_tokens),
        ):
            prices[word] = [usd * facts.scenario.utilisation / share.low / tokens * 1e6 for share in busy]
        today = between(prices["completion"], "USD/1e6 tokens")
        for word, row in prices.items():
            at = ", ".join(f"{facts.usd(usd)} at {percent(q.low)}" for usd, q in zip(row, busy, strict=True))
            working.append(
                f"Shape {letter}, {shape_name(shape)}, {deployment_name(host)}: 1M {word} tokens cost "
                f"{at} busy."
            )
        sources += [host.candidate.price.offer.source_id, host.candidate.profile.efficiency.source_id]
    return Rule(
        rule_id="hosted-price",
        part=NOW,
        name="1M self-hosted completion tokens, from often busy to mostly idle",
        quoted=None,
        recomputed=None,
        today=today,
        missing=None if today else "No deployment of the scenario can be computed.",
        consequence=(
            f"A replica {percent(busy[0].low)} busy costs {times(busy[-1].low / busy[0].low)} as much "
            "per token as one "
            f"{percent(busy[-1].low)} busy."
        ),
        working=tuple(working),
        advice="Measure how busy your GPUs are before you compare prices: idle hours are paid as well.",
        page="compare",
        source_ids=unique(*sources, busy[0].source_id),
    )


def break_even_load(facts: Facts) -> Rule:
    """Load from which self-hosting is never dearer."""
    working, loads, sources = [], [], []
    for letter, answer in zip("AB", facts.answer.shapes, strict=True):
        if answer.never_dearer is not None:
            loads.append(answer.never_dearer / facts.scenario.load.unit_s)
        working.append(f"Shape {letter}, {shape_name(answer.shape)}: {condition(answer, facts.scenario)}")
        if answer.host and answer.api.bill:
            sources += [answer.host.candidate.price.offer.source_id, answer.api.bill.offer.source_id]
            if answer.break_even_busy is not None:
                busy = answer.break_even_busy
                working.append(
                    f"Its replica must be {percent(busy)} busy to cost what the API asks."
                    if busy < 1
                    else f"A replica that is never idle costs {times(busy)} what the API asks."
                )
    finite = [rate for rate in loads if math.isfinite(rate)]
    today = between(finite, "requests/s") if finite else exactly(math.inf, "requests/s") if loads else None
    return Rule(
        rule_id="break-even-load",
        part=NOW,
        name="Load from which self-hosting is never dearer",
        quoted=None,
        recomputed=None,
        today=today,
        missing=None if today else "Both sides are needed, and one cannot be priced that day.",
        consequence=(
            ("For both of your shapes there is" if len(finite) > 1 else "For one of your shapes there is")
            + " a load from which hosting pays; below it, buy tokens."
            if finite
            else "At no load of your shapes does hosting pay; buy tokens."
        ),
        working=tuple(working),
        advice="Start at the API, log the tokens, and move when the log says so.",
        page="compare",
        source_ids=unique(*sources),
    )
