"""Tuning against prompting: Shrott's project, and what is said where a side cannot be priced."""

import math
from dataclasses import replace
from datetime import date

import pytest

from breakeven.comparison.answer import compare
from breakeven.question.pages.train import SHROTT, SHROTT_SCENARIO, Fields
from breakeven.question.scenario import Scenario
from breakeven.views.train import words
from breakeven.views.train.answer import train
from breakeven.views.train.prompting import hold_against_prompting
from breakeven.words.numbers import Money
from tests.builders import TODAY

DOLLARS = Money()
ASKED = Scenario(as_of=TODAY, model="llama-3.1-8b", prompt_a=1000, completion_a=200)


@pytest.fixture
def held(tables_on, facts_on):
    def answer(plan, scenario):
        tables, facts = tables_on(scenario.as_of), facts_on(scenario.as_of)
        trained = train(plan, scenario, tables, facts)
        return trained, hold_against_prompting(trained, scenario, tables, facts)

    return answer


def test_shrotts_project_reproduces_to_the_cent(held):
    # The article of 2023-08-30: $84 of labels, $6.6 of tuning, "below $99" of inference (98.98), 189.58 in
    # all, against $7,600 for GPT-3.5 and 4M x $0.042 = $168,000 for GPT-4 at the prices of that day.
    _, result = held(SHROTT, Scenario(**SHROTT_SCENARIO))
    assert result.labels_usd == pytest.approx(84)
    assert result.tuning_usd.mid == 6.6
    assert result.tuned is not None
    assert result.prompted is not None
    assert result.rival is not None
    assert result.tuned.each * 4e6 == pytest.approx(98.98)
    assert result.tuned.total(4e6) == pytest.approx(189.58)
    assert result.prompted.total(4e6) == pytest.approx(168_000)
    assert result.rival.total(4e6) == pytest.approx(7_600)
    # What the article calls the API's costs are the savings.
    assert result.prompted.total(4e6) - result.tuned.total(4e6) == pytest.approx(167_810.42)
    assert result.rival.total(4e6) - result.tuned.total(4e6) == pytest.approx(7_410.42)
    assert result.pays_from == pytest.approx(2158.4, abs=0.1)
    assert result.problems == ()


def test_computed_tuning_comes_near_what_shrott_paid(held):
    # $6.6 for 6 h of A100 at $1.10; computed for a 13B model at $2.21: $7.75, in half the hours.
    answer, _ = held(replace(SHROTT, tuning_usd=None), Scenario(**SHROTT_SCENARIO))
    assert answer.usd is not None
    assert answer.usd.low < 2 * 6.6
    assert answer.usd.high > 6.6


def test_both_sides_cost_the_same_at_the_crossing(held):
    _, result = held(Fields(goal="tune-or-prompt"), ASKED)
    assert result.tuned is not None
    assert result.prompted is not None
    assert result.pays_from is not None
    assert result.tuned.total(result.pays_from) == pytest.approx(result.prompted.total(result.pays_from))
    assert result.curve[0] < result.pays_from < result.curve[-1]


def test_serving_costs_what_the_compare_page_says(held, tables_on):
    _, result = held(Fields(goal="tune-or-prompt"), ASKED)
    own = compare(ASKED, tables_on(TODAY)).shapes[0].at_load
    assert own is not None
    assert result.tuned is not None
    assert result.tuned.each == own.host_usd / own.requests
    assert result.tuned.each_range == (own.host_usd_low / own.requests, own.host_usd_high / own.requests)


def test_a_gpu_that_waits_for_requests_is_paid_for_and_a_job_only_for_its_hours(held, tables_on):
    """13,000 requests a month keep one replica a whole month; the same at once are hours of it."""
    plan = Fields(goal="tune-or-prompt", requests=13_000)
    month = held(plan, replace(ASKED, requests=13_000, per="month"))[1]
    job = held(plan, replace(ASKED, per="once"))[1]
    assert month.tuned is not None
    assert job.tuned is not None
    rent = compare(replace(ASKED, requests=13_000, per="month"), tables_on(TODAY)).shapes[0].at_load
    assert rent is not None
    assert rent.replicas == 1
    assert month.tuned.each * 13_000 == pytest.approx(rent.host_usd)
    assert job.tuned.each * 13_000 < rent.host_usd / 100
    assert "as one job" in job.served_on
    assert "busy at your 17.8 requests/h" in month.served_on  # 13,000 / 730


def test_a_label_costs_one_request_at_the_bigger_model_unless_typed(held):
    _, asked = held(Fields(goal="tune-or-prompt", labelled=100), ASKED)
    # GPT-4.1: 1,000 x $2 + 200 x $8 per 1M = $0.0036.
    assert asked.labels_usd == pytest.approx(0.36)
    _, typed = held(Fields(goal="tune-or-prompt", labelled=100, label_usd=2.0), ASKED)
    assert typed.labels_usd == 200


def test_tuning_never_pays_against_a_cheaper_api(held):
    plan = Fields(goal="tune-or-prompt", teacher="openai/gpt-6-luna", serve_usd=10.0)
    answer, result = held(plan, ASKED)
    assert result.pays_from == math.inf
    assert words.prompting_headline(result, DOLLARS).startswith("Tuning never pays")
    assert "tuning never pays against it" in " ".join(words.prompting_lines(result, answer, DOLLARS))


def test_unknown_offer_is_a_sentence_and_nothing_is_free(held):
    _, result = held(Fields(goal="tune-or-prompt", teacher="openai/gpt-99"), ASKED)
    assert result.prompted is None
    assert result.tuned is None
    assert any("openai/gpt-99 has no price in force" in problem for problem in result.problems)
    assert any("labels cannot be priced" in problem for problem in result.problems)
    assert words.prompting_headline(result, DOLLARS) == "Tuning and prompting cannot both be priced"


def test_request_beyond_the_offers_context_is_a_sentence(held):
    scenario = replace(ASKED, prompt_a=9000, as_of=date(2023, 8, 30), model="llama-2-13b")
    _, result = held(replace(SHROTT, serve_usd=1.0), scenario)
    assert any("openai/gpt-4 takes at most 8,192 tokens; a request has 9,200" in p for p in result.problems)


def test_size_alone_cannot_be_served(held):
    _, result = held(Fields(goal="tune-or-prompt", params_b=7), ASKED)
    assert result.tuned is None
    assert any("A size alone cannot be served" in problem for problem in result.problems)


def test_tuning_through_an_api_is_priced_with_every_epoch(held):
    # gpt-4o-mini, $3 per 1M tokens (2024-07): 1,000 examples x 1,000 tokens x 3 epochs = $9.
    plan = Fields(goal="tune", examples=1000, example_tokens=1000, epochs=3)
    _, result = held(plan, ASKED)
    row = next(one for one in result.api if one.price.tuning_price_id == "openai-gpt-4o-mini-2024-07")
    assert row.tuning_usd == pytest.approx(9)
    # Served at $0.30 and $1.20 per 1M: 1,000 x 0.3 + 200 x 1.2 = $0.00054.
    assert row.serve_usd == pytest.approx(0.00054)


def test_prices_by_size_are_those_of_the_models_own_class(held):
    _, small = held(Fields(goal="tune"), ASKED)
    _, large = held(Fields(goal="tune"), replace(ASKED, model="llama-3.3-70b"))
    classes = [
        {row.price.tuning_price_id for row in result.api if row.price.most_params_b is not None}
        for result in (small, large)
    ]
    assert classes == [{"fireworks-16b-2024", "ori-10b-2026"}, {"fireworks-80b-2024"}]
