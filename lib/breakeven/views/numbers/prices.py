"""Rules about prompts and prices."""

from __future__ import annotations

from datetime import date

from breakeven.comparison.answer import ShapeAnswer
from breakeven.formulas import cost
from breakeven.formulas.units import MEGA
from breakeven.question.pages.numbers import PRICES, PROMPTS
from breakeven.question.pages.prices import SEPARATOR
from breakeven.tables.records import Gpu, RolePrice
from breakeven.views.numbers.base import (
    Facts,
    Line,
    Quantity,
    Rule,
    between,
    exactly,
    half_rate,
    rent,
    unique,
)
from breakeven.words.names import gpu_name, offer_name, shape_name
from breakeven.words.numbers import number, percent

OPENAI = "openai"
"""The provider whose prices the text of 2023 uses."""


def be_concise(facts: Facts) -> Rule:
    """What asking for a short answer saves."""
    quote = facts.quote("be-concise")
    working = []
    saved: Quantity | None = None
    sources = [quote.source_id]
    for letter, shape in zip("AB", facts.answer.shapes, strict=True):
        part = _completion_share(shape)
        if part is None or shape.api.bill is None:
            continue
        saved = Quantity(low=quote.low * part, high=quote.high * part, unit="share")
        working.append(
            f"Shape {letter}, {shape_name(shape.shape)}, on {offer_name(shape.api.bill.offer)}: "
            "completion tokens "
            f"are {percent(part)} of the bill, so {percent(quote.low)} to {percent(quote.high)} fewer of "
            "them "
            f"save {saved.text(facts.money)}."
        )
        sources.append(shape.api.bill.offer.source_id)
    return Rule(
        rule_id=quote.rule_id,
        part=PROMPTS,
        name="Saved by asking for a short answer",
        quoted=quote.as_quoted,
        recomputed=None,
        today=saved,
        missing=None if saved else "No API offer of the scenario's model can be priced that day.",
        consequence=(
            f"Of the bill of shape B, {saved.text(facts.money)}: only completion tokens get fewer."
            if saved
            else "Only completion tokens get fewer; the prompt is paid as before."
        ),
        working=(
            f"The source says {quote.as_quoted} of the completion tokens and publishes no data "
            f"({quote.notes}).",
            *working,
        ),
        advice="Ask for the form of the answer (one line, a label, a short list) before you look for a "
        "cheaper model.",
        page="compare",
        source_ids=unique(*sources),
    )


def _completion_share(shape: ShapeAnswer) -> float | None:
    """Completion dollars over all dollars of the API's bill."""
    bill = shape.api.bill
    return bill.completion_usd / bill.usd if bill is not None and bill.usd > 0 else None


def tokens_per_word(facts: Facts) -> Rule:
    """How many tokens a word of English makes."""
    rule = "tokens-per-word"
    quote, words, tokens = facts.quote(rule), facts.quote(rule, "words"), facts.quote(rule, "tokens")
    before, after = facts.quote(rule, "tokens_2023"), facts.quote(rule, "tokens_newest")
    others = facts.quote(rule, "other_languages")
    then = tokens.low / words.low
    newest = after.said_on <= facts.day
    today = exactly(then * after.low / before.low if newest else then, "tokens/word")
    working = [
        f"{tokens.as_quoted} ÷ {words.as_quoted} = {number(then, 4)}.",
    ]
    if newest:
        working.append(
            f"One English text took {before.as_quoted} with the tokenizer of 2023 and {after.as_quoted} "
            "with the "
            f"one in use since {after.said_on}: {number(then, 4)} × {number(after.low)} ÷ "
            f"{number(before.low)} = "
            f"{number(today.low)}. {after.notes[0].upper()}{after.notes[1:]}."
            if after.notes
            else ""
        )
    working.append(
        f"Other languages with the tokenizer of 2023: {others.low:g} to {others.high:g} ({others.locator})."
    )
    return Rule(
        rule_id=rule,
        part=PROMPTS,
        name="Tokens for one English word",
        quoted=quote.as_quoted,
        recomputed=exactly(then, "tokens/word"),
        today=today,
        consequence=f"A page of {words.as_quoted} is about {number(words.low * today.low, 2)} tokens.",
        working=tuple(working),
        advice="Count your own text with the tokenizer of your model; other languages and code take more.",
        page="workload",
        source_ids=unique(quote.source_id, after.source_id, others.source_id),
    )


def frontier_to_small(facts: Facts) -> Rule:
    """What the largest model costs against its smaller sibling."""
    quote = facts.quote("frontier-to-small")
    then = _pair(facts, OPENAI, quote.said_on)
    working, sources = [], [quote.source_id]
    recomputed = today = None
    if then:
        recomputed = _ratios(*then)
        working.append(f"{quote.said_on}: {_shown(facts, *then)}.")
        into, out = (_ratio(*then, name) for name in ("input_usd_per_mtok", "output_usd_per_mtok"))
        if out > into and into <= quote.low <= out:
            working.append(
                f"{quote.as_quoted} needs {percent((quote.low - into) / (out - into))} completion tokens."
            )
    for provider in facts.rows.providers_of("frontier"):
        now = _pair(facts, provider, facts.day)
        if now:
            working.append(f"{facts.day}, {provider}: {_shown(facts, *now)}.")
            sources += [now[0].source_id, now[1].source_id]
            today = _ratios(*now) if provider == OPENAI else today
    drawn = sorted(facts.rows.providers_of("frontier"), key=lambda provider: (provider != OPENAI, provider))
    lines = tuple(line for provider in drawn if (line := _history(facts, provider)) is not None)
    return Rule(
        rule_id=quote.rule_id,
        part=PRICES,
        name="GPT-4 against GPT-3.5 Turbo, or a frontier model against its small sibling",
        quoted=quote.as_quoted,
        recomputed=recomputed,
        today=today,
        missing=None if today else "No prices of both are on record that day.",
        consequence=(
            f"The small sibling does {number(today.low, 2)} times the work for the same bill, or more."
            if today
            else "Both prices are needed."
        ),
        working=tuple(working),
        advice="Try the small model first; keep the frontier model for making training data and for "
        "judging answers.",
        page="prices",
        opens=_history_of(*shown) if (shown := _pair(facts, OPENAI, facts.day) or then) else {},
        history=lines,
        history_title=_change(lines),
        history_unit="Output price ratio [-]",
        source_ids=unique(*sources),
    )


def _history_of(*prices: RolePrice) -> dict[str, str]:
    """Where the Prices page draws these offers."""
    offers = SEPARATOR.join(f"{price.provider}/{price.api_model}" for price in prices)
    return {"prices_tab": "History", "prices_models": offers}


def _table_of(*prices: RolePrice) -> dict[str, str]:
    """Where the Prices page lists these offers; embeddings are on none of its charts."""
    offers = ", ".join("'" + f"{one.provider}/{one.api_model}".replace("'", "''") + "'" for one in prices)
    sql = (
        "SELECT api_offer_id, valid_from, valid_to, input_usd_per_mtok, output_usd_per_mtok "
        f"FROM api_prices WHERE api_offer_id IN ({offers}) ORDER BY api_offer_id, valid_from"
    )
    return {"prices_tab": "Tables and SQL", "prices_sql": sql}


def _pair(facts: Facts, provider: str, day: date) -> tuple[RolePrice, RolePrice] | None:
    frontier = facts.rows.price_of("frontier", provider, day)
    small = facts.rows.price_of("small", provider, day)
    return (frontier, small) if frontier and small and small.output_usd_per_mtok > 0 else None


def _ratio(one: RolePrice, other: RolePrice, name: str) -> float:
    return float(getattr(one, name) / getattr(other, name))


def _ratios(one: RolePrice, other: RolePrice) -> Quantity:
    return between(
        [_ratio(one, other, name) for name in ("input_usd_per_mtok", "output_usd_per_mtok")], "ratio"
    )


def _shown(facts: Facts, one: RolePrice, other: RolePrice) -> str:
    """Both prices and their ratio, prompt and completion apart."""
    parts = []
    for word, name in (("prompt", "input_usd_per_mtok"), ("completion", "output_usd_per_mtok")):
        parts.append(
            f"{word} {facts.usd(getattr(one, name))} ÷ {facts.usd(getattr(other, name))} = "
            f"{number(_ratio(one, other, name))}"
        )
    return f"{one.api_model} against {other.api_model}, per 1M tokens: {'; '.join(parts)}"


def _history(facts: Facts, provider: str) -> Line | None:
    """Ratio of the output prices on every day on which one of them changed."""
    rows = facts.rows
    days = sorted({*rows.days_of("frontier", provider), *rows.days_of("small", provider), facts.day})
    found = [(day, pair) for day in days if (pair := _pair(facts, provider, day))]
    if len(found) < 2:
        return None
    return Line(
        name=provider,
        days=tuple(day for day, _ in found),
        values=tuple(_ratio(*pair, "output_usd_per_mtok") for _, pair in found),
        labels=tuple(f"{one.api_model} against {other.api_model}" for _, (one, other) in found),
    )


def _change(lines: tuple[Line, ...]) -> str:
    """Say how the first line moved from its first to its last point."""
    if not lines:
        return ""
    line = lines[0]
    return (
        f"At {line.name} the ratio went from {number(line.values[0], 2)} in {line.days[0].year} "
        f"to {number(line.values[-1], 2)} in {line.days[-1].year}"
    )


def small_to_embedding(facts: Facts) -> Rule:
    """Generating an answer against looking one up."""
    quote = facts.quote("small-to-embedding")

    def on(day: date) -> tuple[RolePrice, RolePrice] | None:
        small = facts.rows.price_of("small", OPENAI, day)
        embedding = facts.rows.price_of("embedding", OPENAI, day)
        return (small, embedding) if small and embedding else None

    def ratios(pair: tuple[RolePrice, RolePrice]) -> Quantity:
        small, embedding = pair
        prices = (small.input_usd_per_mtok, small.output_usd_per_mtok)
        return between([usd / embedding.input_usd_per_mtok for usd in prices], "ratio")

    then, now = on(quote.said_on), on(facts.day)
    working, sources = [], [quote.source_id]
    for day, pair in ((quote.said_on, then), (facts.day, now)):
        if pair:
            small, embedding = pair
            working.append(
                f"{day}: {small.api_model} {facts.usd(small.input_usd_per_mtok)} in, "
                f"{facts.usd(small.output_usd_per_mtok)} out, {embedding.api_model} "
                f"{facts.usd(embedding.input_usd_per_mtok)} per 1M tokens: {ratios(pair).text(facts.money)}."
            )
            sources += [small.source_id, embedding.source_id]
    today = ratios(now) if now else None
    return Rule(
        rule_id=quote.rule_id,
        part=PRICES,
        name="Generating with the small model against looking up with embeddings",
        quoted=quote.as_quoted,
        recomputed=ratios(then) if then else None,
        today=today,
        missing=None if today else "No prices of both are on record that day.",
        consequence=(
            f"Looking an answer up costs {number(today.low, 2)} to {number(today.high, 2)} times less "
            "than generating it."
            if today
            else "Both prices are needed."
        ),
        working=tuple(working),
        advice="Look facts up in a vector store; generate only what has to be written. The store itself "
        "is not free.",
        page="prices",
        opens=_table_of(*shown) if (shown := now or then) else {},
        source_ids=unique(*sources),
    )


def hosted_embedding(facts: Facts) -> Rule:
    """Buying embeddings against computing them."""
    quote, rate = facts.quote("hosted-embedding"), facts.quote("hosted-embedding", "rate")
    t4 = facts.tables.gpus.get("t4")
    working, sources = [], [quote.source_id]
    recomputed = today = None
    missing = "No price of an embedding model or of a GPU is on record that day."
    then = facts.rows.price_of("embedding", OPENAI, quote.said_on)
    now = facts.rows.price_of("embedding", OPENAI, facts.day)
    price = rent(facts.rows.offers_on(quote.said_on), t4) if t4 else None
    if then and price:
        own = _usd_per_mtok(price.usd_per_gpu_hour, rate.low)
        recomputed = exactly(then.input_usd_per_mtok / own, "ratio")
        working.append(
            f"{quote.said_on}: {facts.usd(price.usd_per_gpu_hour)} an hour ÷ {rate.as_quoted} = "
            f"{facts.usd(own)} per 1M "
            f"tokens; {then.api_model} {facts.usd(then.input_usd_per_mtok)}: {number(recomputed.low)}."
        )
        sources += [price.offer.source_id, then.source_id]
    best = _cheapest_rate(facts)
    if t4 and now and best:
        gpu, usd, source = best
        per_s = rate.low * half_rate(gpu) / half_rate(t4)
        own = _usd_per_mtok(usd, per_s)
        today = exactly(now.input_usd_per_mtok / own, "ratio")
        working.append(
            f"{facts.day}: {gpu_name(gpu)} computes {number(half_rate(gpu) / half_rate(t4))} times as "
            "fast as the T4 "
            f"of 2023, so at the same share of its peak {number(per_s)} tokens/s; {facts.usd(usd)} an "
            "hour gives "
            f"{facts.usd(own)} per 1M tokens; {now.api_model} {facts.usd(now.input_usd_per_mtok)}: "
            f"{number(today.low)}. That share is an assumption; a larger model is slower in proportion."
        )
        sources += [source, now.source_id, gpu.source_id]
    return Rule(
        rule_id=quote.rule_id,
        part=PRICES,
        name="Bought embeddings against self-hosted ones",
        quoted=quote.as_quoted,
        recomputed=recomputed,
        today=today,
        missing=None if today else missing,
        consequence=(
            f"A GPU that is never idle embeds for 1/{number(today.low, 2)} of the API's price; half "
            "idle, for twice that."
            if today and today.low > 1
            else "At this price there is little to gain from hosting embeddings."
        ),
        working=tuple(working),
        advice="Host embeddings when you embed all day; for an index that is built once, buy them.",
        page="prices",
        opens=_table_of(now) if now else {},
        source_ids=unique(*sources),
    )


def _usd_per_mtok(usd_per_hour: float, tokens_per_s: float) -> float:
    return float(cost.replica_usd(usd_per_hour=usd_per_hour, busy_s=MEGA / tokens_per_s))


def _cheapest_rate(facts: Facts) -> tuple[Gpu, float, str] | None:
    """GPU with the most bf16 FLOP for a dollar that day, its price and the source of it."""
    found = []
    for gpu in facts.tables.gpus.values():
        price = rent(facts.tables.gpu_offers, gpu)
        if price and half_rate(gpu) > 0 and gpu.verified:
            found.append((price.usd_per_gpu_hour / half_rate(gpu), gpu.gpu_id, gpu, price))
    if not found:
        return None
    _, _, gpu, price = min(found, key=lambda row: row[:2])
    return gpu, price.usd_per_gpu_hour, price.offer.source_id


def tuned_to_base(facts: Facts) -> Rule:
    """Serving a tuned model at an API against its base."""
    rule = "tuned-to-base"
    quote, tuned, base = facts.quote(rule), facts.quote(rule, "tuned"), facts.quote(rule, "base")

    def on(day: date) -> tuple[RolePrice, RolePrice] | None:
        one = facts.rows.price_of("tuned", OPENAI, day)
        other = facts.rows.price_of("tuned-base", OPENAI, day, one.place) if one else None
        return (one, other) if one and other else None

    now = on(facts.day)
    today = _ratios(*now) if now else None
    days = sorted({*facts.rows.days_of("tuned", OPENAI), facts.day})
    found = [(day, pair) for day in days if (pair := on(day))]
    line = Line(
        name=OPENAI,
        days=tuple(day for day, _ in found),
        values=tuple(_ratio(*pair, "input_usd_per_mtok") for _, pair in found),
        labels=tuple(f"{one.api_model} against {other.api_model}" for _, (one, other) in found),
    )
    return Rule(
        rule_id=rule,
        part=PRICES,
        name="A tuned model at an API against its base",
        quoted=quote.as_quoted,
        recomputed=exactly(tuned.low / base.low, "ratio"),
        today=today,
        missing=None if today else "No price of a tuned model is on record that day.",
        consequence=(
            f"Tuning pays only where it lets you cut the prompt below 1/{number(today.low, 2)} of its length."
            if today
            else "Both prices are needed."
        ),
        working=(
            f"{quote.said_on}: {tuned.as_quoted} ÷ {base.as_quoted} = {number(tuned.low / base.low)} "
            f"({base.notes}).",
            *([f"{facts.day}: {_shown(facts, *now)}."] if now else []),
        ),
        advice="Improve the prompt, cache it, and try the next larger model before you tune for money.",
        page="train",
        opens={"train_goal": "tune"},
        history=(line,) if len(found) > 1 else (),
        history_title=_change((line,)) if len(found) > 1 else "",
        history_unit="Input price ratio [-]",
        source_ids=unique(quote.source_id, *(price.source_id for price in now or ())),
    )
