"""Recomputations of prices and bills."""

from __future__ import annotations

from datetime import date

from breakeven.formulas.cost import api_request_usd, replica_usd
from breakeven.formulas.flops import linear_flop
from breakeven.formulas.training import training_flop, training_usd
from breakeven.formulas.units import MEGA, SECONDS_PER_HOUR
from breakeven.question.kinds import PriceKind
from breakeven.tables.scores import Scale
from breakeven.views.articles.facts import CannotRecompute, Facts
from breakeven.views.articles.registry import recomputes
from breakeven.views.articles.transformer import decode_tokens_per_s, peak_flop_per_s, prompt_tokens_per_s

SECONDS_PER_DAY = 86_400.0


@recomputes
def rent_per_hour(facts: Facts, *, offer: str, day: date, gpus: float) -> float:
    """Rent of some GPUs. [USD/h]"""
    return facts.gpu_offer(offer, day).usd_per_gpu_hour * gpus


@recomputes
def rent_per_second(facts: Facts, *, offer: str, day: date, gpus: float) -> float:
    """Rent of some GPUs. [USD/s]"""
    hourly = rent_per_hour(facts, offer=offer, day=day, gpus=gpus)
    return float(replica_usd(usd_per_hour=hourly, busy_s=1))


@recomputes
def rent_of_hours(facts: Facts, *, offer: str, day: date, hours: float) -> float:
    """Rent of one GPU for some hours. [USD]"""
    return rent_per_hour(facts, offer=offer, day=day, gpus=1) * hours


@recomputes
def prompt_usd_per_1k(
    facts: Facts, *, params: float, flop_per_s: float, offer: str, day: date, gpus: float
) -> float:
    """Rent while a thousand prompt tokens are read. [USD]"""
    seconds = 1000 / prompt_tokens_per_s(facts, params=params, flop_per_s=flop_per_s)
    return rent_per_second(facts, offer=offer, day=day, gpus=gpus) * seconds


@recomputes
def decode_usd_per_1k(
    facts: Facts,
    *,
    params: float,
    bytes_per_s: float,
    offer: str,
    day: date,
    gpus: float,
    batch: float = 1.0,
    speed_up: float = 1.0,
) -> float:
    """Rent while a thousand tokens are written, caches left out as the article does. [USD]"""
    rate = decode_tokens_per_s(facts, params=params, bytes_per_s=bytes_per_s, batch=batch) * speed_up
    return rent_per_second(facts, offer=offer, day=day, gpus=gpus) * 1000 / rate


@recomputes
def api_usd_per_1k(facts: Facts, *, api: str, day: date, prompt_share: float) -> float:
    """Price of a thousand tokens, some of them prompt. [USD]"""
    tier = facts.api_offer(api, day).tiers[0]
    return float(
        api_request_usd(
            uncached_tokens=1000 * prompt_share,
            output_tokens=1000 * (1 - prompt_share),
            input_usd_per_mtok=float(tier.input_usd_per_mtok),
            output_usd_per_mtok=float(tier.output_usd_per_mtok),
        )
    )


@recomputes
def prompt_cheaper_than_api(
    facts: Facts, *, params: float, flop_per_s: float, offer: str, day: date, gpus: float, api: str
) -> float:
    """Price of prompt tokens at an API over the rent while they are read. [-]"""
    own = prompt_usd_per_1k(facts, params=params, flop_per_s=flop_per_s, offer=offer, day=day, gpus=gpus)
    return api_usd_per_1k(facts, api=api, day=day, prompt_share=1) / own


@recomputes
def price_ratio(facts: Facts, *, dear: str, cheap: str, day: date, prompt_share: float) -> float:
    """Price at one API over the price at another. [-]"""
    return api_usd_per_1k(facts, api=dear, day=day, prompt_share=prompt_share) / api_usd_per_1k(
        facts, api=cheap, day=day, prompt_share=prompt_share
    )


@recomputes
def price_over_embedding(facts: Facts, *, api: str, embedding: str, day: date, prompt_share: float) -> float:
    """Price at an API over the price of embedding as many tokens. [-]"""
    return api_usd_per_1k(facts, api=api, day=day, prompt_share=prompt_share) / (
        facts.embedding_usd_per_mtok(embedding, day) / 1000
    )


@recomputes
def embedding_over_own(facts: Facts, *, embedding: str, offer: str, day: date, tokens_per_s: float) -> float:
    """Price of an embedding API over the rent of a machine that embeds at some speed. [-]"""
    own = rent_per_second(facts, offer=offer, day=day, gpus=1) / tokens_per_s * MEGA
    return facts.embedding_usd_per_mtok(embedding, day) / own


@recomputes
def own_over_embedding(facts: Facts, *, embedding: str, offer: str, day: date, tokens_per_s: float) -> float:
    """The same the other way round. [-]"""
    return 1 / embedding_over_own(facts, embedding=embedding, offer=offer, day=day, tokens_per_s=tokens_per_s)


@recomputes
def api_bill(
    facts: Facts, *, api: str, day: date, requests: float, prompt: float, completion: float
) -> float:
    """Bill of some requests. [USD]"""
    tier = facts.api_offer(api, day).tiers[0]
    one = api_request_usd(
        uncached_tokens=prompt,
        output_tokens=completion,
        input_usd_per_mtok=float(tier.input_usd_per_mtok),
        output_usd_per_mtok=float(tier.output_usd_per_mtok),
    )
    return requests * float(one)


@recomputes
def project_total(
    facts: Facts,
    *,
    api: str,
    day: date,
    requests: float,
    prompt: float,
    completion: float,
    tuning: float,
    inference: float,
) -> float:
    """Training examples from an API, rent of tuning, rent of inference. [USD]"""
    examples = api_bill(facts, api=api, day=day, requests=requests, prompt=prompt, completion=completion)
    return examples + tuning + inference


@recomputes
def saving(
    facts: Facts, *, api: str, day: date, requests: float, prompt: float, completion: float, spent: float
) -> float:
    """Bill at an API less what was spent instead. [USD]"""
    return api_bill(facts, api=api, day=day, requests=requests, prompt=prompt, completion=completion) - spent


@recomputes
def training(
    facts: Facts,
    *,
    params: float,
    tokens: float,
    gpu: str,
    usd_per_hour: float,
    mfu: float = 1.0,
    discount: float = 1.0,
    per_usd: float = 1.0,
) -> float:
    """Rent of pre-training, in a currency. [USD, or the currency]"""
    usd = training_usd(
        flop=training_flop(active_params=params, tokens=tokens),
        flop_per_s=peak_flop_per_s(facts, gpu=gpu),
        mfu=mfu,
        usd_per_gpu_hour=usd_per_hour,
    )
    return float(usd) * discount * per_usd


@recomputes
def training_ratio(
    _facts: Facts, *, params: float, tokens: float, than_params: float, than_tokens: float
) -> float:
    """Work of one training run over that of another. [-]"""
    return float(training_flop(active_params=params, tokens=tokens)) / float(
        training_flop(active_params=than_params, tokens=than_tokens)
    )


@recomputes
def mfu_of_run(facts: Facts, *, params: float, tokens: float, gpu: str, gpus: float, days: float) -> float:
    """Share of the peak that a training run reached. [0 to 1]"""
    work = float(training_flop(active_params=params, tokens=tokens))
    return work / (peak_flop_per_s(facts, gpu=gpu) * gpus * days * SECONDS_PER_DAY)


@recomputes
def run_usd(_facts: Facts, *, gpus: float, days: float, usd_per_hour: float) -> float:
    """Rent of a cluster. [USD]"""
    return gpus * days * SECONDS_PER_DAY / SECONDS_PER_HOUR * usd_per_hour


@recomputes
def run_days(_facts: Facts, *, tokens: float, gpus: float, tokens_per_s: float) -> float:
    """Days that a training run takes. [days]"""
    return tokens / (gpus * tokens_per_s) / SECONDS_PER_DAY


@recomputes
def text_usd(_facts: Facts, *, words: float, words_per_token: float, usd_per_1k: float) -> float:
    """Price of so many words. [USD]"""
    return words / words_per_token / 1000 * usd_per_1k


@recomputes
def inference_as_printed(
    _facts: Facts,
    *,
    params: float,
    tokens: float,
    flop_per_s: float,
    usd_per_hour: float,
    factor: float = 1.0,
) -> float:
    """The note's formula, which divides by the rent: its unit is s·h/USD, not USD."""
    return factor * params * tokens / (flop_per_s * usd_per_hour)


@recomputes
def inference_usd(
    _facts: Facts,
    *,
    params: float,
    tokens: float,
    flop_per_s: float,
    usd_per_hour: float,
    cards: float = 1.0,
    batch: float = 1.0,
) -> float:
    """Rent while tokens are computed; cards share the time and multiply the rent. [USD per request]"""
    if cards <= 0 or batch <= 0:
        raise CannotRecompute(f"cards and batch must be above zero, got {cards} and {batch}")
    busy = float(linear_flop(tokens=tokens * batch, active_params=params)) / (flop_per_s * cards)
    return float(replica_usd(usd_per_hour=usd_per_hour * cards, busy_s=busy)) / batch


_NOTE = {"params": 1e12, "tokens": 1000.0, "flop_per_s": 1e14}
"""Any model and GPU: the ratios below do not hang on them."""


@recomputes
def price_with_cards(facts: Facts, *, cards: float) -> float:
    """Price per token on so many cards over that on one. [-]"""
    one = inference_usd(facts, usd_per_hour=1.0, **_NOTE)
    return inference_usd(facts, usd_per_hour=1.0, cards=cards, **_NOTE) / one


@recomputes
def price_with_batch(facts: Facts, *, batch: float) -> float:
    """Price per request of a compute-bound batch over that of one. [-]"""
    one = inference_usd(facts, usd_per_hour=1.0, **_NOTE)
    return inference_usd(facts, usd_per_hour=1.0, batch=batch, **_NOTE) / one


@recomputes
def price_with_rent(facts: Facts, *, factor: float) -> float:
    """Price when the rent grows by a factor. [-]"""
    one = inference_usd(facts, usd_per_hour=1.0, **_NOTE)
    return inference_usd(facts, usd_per_hour=factor, **_NOTE) / one


@recomputes
def cheapest_rent(facts: Facts, *, gpu: str, provider: str, day: date) -> float:
    """Cheapest on-demand GPU-hour of a provider in force on a day. [USD/h]"""
    prices = [
        offer.usd_per_gpu_hour
        for offer in facts.tables_on(day).gpu_offers
        if offer.gpu_id == gpu and offer.provider == provider and offer.price_type == PriceKind.ON_DEMAND
    ]
    if not prices:
        raise CannotRecompute(f"no on-demand price of {gpu} at {provider} on {day} in the tables")
    return min(prices)


@recomputes
def rent_ratio(facts: Facts, *, dear: str, cheap: str, dear_day: date, cheap_day: date) -> float:
    """Rent of one offer over that of another, each in force on a day. [-]"""
    return rent_per_hour(facts, offer=dear, day=dear_day, gpus=1) / rent_per_hour(
        facts, offer=cheap, day=cheap_day, gpus=1
    )


@recomputes
def context_of(facts: Facts, *, api: str, day: date) -> float:
    """Longest prompt and answer that an offer takes. [tokens]"""
    tokens = facts.api_offer(api, day).context_tokens
    if tokens is None:
        raise CannotRecompute(f"the context of {api} is not known")
    return float(tokens)


@recomputes
def arena_lead(facts: Facts, *, api: str, model: str) -> float:
    """Votes of LMArena: score of an API model less that of an open one. [points]"""
    return facts.score(api, Scale.ARENA) - facts.score(model, Scale.ARENA)
