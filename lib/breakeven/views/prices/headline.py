"""The first sentence of the Prices page."""

from __future__ import annotations

from breakeven.apis.shapes import ApiBill, answer_of_apis
from breakeven.hosting import gpu_price, read_on
from breakeven.question.parts import Shape
from breakeven.question.scenario import MEDIAN, Scenario
from breakeven.tables.day import Tables
from breakeven.words.names import gpu_name, shape_name
from breakeven.words.numbers import Money, indefinite
from breakeven.words.terms import EXPERT, Terms


def headline(
    scenario: Scenario, tables: Tables, shape: Shape, gpu_id: str, money: Money, say: Terms = EXPERT
) -> str:
    """Answer what a token and a GPU-hour cost on the day; in plain words only that."""
    if say.is_plain:
        return _plainly(scenario, tables, shape, gpu_id, money)
    day = scenario.as_of
    return (
        f"On {day} {_api_part(scenario, tables, shape, money)}; {_gpu_part(scenario, tables, gpu_id, money)}"
    )


def cheapest_offer(scenario: Scenario, tables: Tables, shape: Shape) -> ApiBill | None:
    """Cheapest offer of the scenario's model that nothing speaks against."""
    offers = tables.api_offers_by_model.get(scenario.model, [])
    answer = answer_of_apis(offers, shape, resellers=scenario.resellers, chosen=None, named=False)
    return answer.bill


def _api_part(scenario: Scenario, tables: Tables, shape: Shape, money: Money) -> str:
    model = tables.models[scenario.model]
    offers = tables.api_offers_by_model.get(scenario.model, [])
    answer = answer_of_apis(offers, shape, resellers=scenario.resellers, chosen=None, named=False)
    unmarked = [bill for bill in answer.same_model if bill.mark is None]
    if not unmarked:
        return f"no API offer of {model.name} is on record"
    best = unmarked[0]
    per_token = best.usd / (shape.prompt_tokens + shape.completion_tokens)
    among = f"the cheapest of {len(unmarked)} offers" if len(unmarked) > 1 else "the only offer"
    return (
        f"{among} of {model.name} is {money.per_million(per_token)} at {shape_name(shape)} "
        f"({best.offer.provider})"
    )


def _gpu_part(scenario: Scenario, tables: Tables, gpu_id: str, money: Money) -> str:
    gpu = tables.gpus.get(gpu_id)
    if gpu is None:
        return f"there is no GPU '{gpu_id}'"
    kind = scenario.gpu_price_type
    price = gpu_price(tables.gpu_offers, gpu_id=gpu_id, price_type=kind, choice=MEDIAN)
    if price is None:
        return f"no {kind} price of {indefinite(gpu_name(gpu))} is in force"
    among = (
        f"{kind}, median of {price.n_offers} providers, {money.span(price.cheapest_usd, price.dearest_usd)}"
        if price.n_offers > 1
        else f"{kind}, {price.offer.provider}, the only provider"
    )
    among += f", {read_on(price.offer)}"
    return (
        f"{'an' if gpu_name(gpu)[0] in 'AHLM' else 'a'} {gpu_name(gpu)} rents for "
        f"{money.amount(price.usd_per_gpu_hour)} an hour ({among})"
    )


def _plainly(scenario: Scenario, tables: Tables, shape: Shape, gpu_id: str, money: Money) -> str:
    model, gpu = tables.models[scenario.model], tables.gpus.get(gpu_id)
    best = cheapest_offer(scenario, tables, shape)
    price = gpu_price(tables.gpu_offers, gpu_id=gpu_id, price_type=scenario.gpu_price_type, choice=MEDIAN)
    if best is None or gpu is None or price is None:
        return headline(scenario, tables, shape, gpu_id, money)
    usd = best.usd / (shape.prompt_tokens + shape.completion_tokens) * 1e6
    rent = money.amount(price.usd_per_gpu_hour)
    if price.n_offers > 1:
        low, high = money.amount(price.cheapest_usd), money.amount(price.dearest_usd)
        rent += f" an hour at the middle one of {price.n_offers} providers, {low} to {high}"
    else:
        rent += f" an hour at {price.offer.provider}"
    return (
        f"A million tokens of {model.name} cost {money.amount(usd)} at the cheapest host, "
        f"{best.offer.provider}; {indefinite(gpu_name(gpu))} rents for {rent}"
    )
