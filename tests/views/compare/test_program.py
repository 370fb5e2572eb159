"""The Compare page's answer for programs and for a terminal."""

import json
from dataclasses import replace

import pytest

from breakeven.comparison import words as verdict
from breakeven.comparison.answer import compare
from breakeven.question.link import decode
from breakeven.views.compare.program import answer_as_json, answer_as_text
from breakeven.words.numbers import Money
from tests.builders import ARTICLE, DEFAULT

CASES = [
    pytest.param(replace(ARTICLE, batch=16), id="article"),
    pytest.param(DEFAULT, id="today"),
    pytest.param(replace(DEFAULT, per="once", requests=1e6, finish_hours=12.0), id="job"),
    pytest.param(replace(DEFAULT, per="once", requests=5.0, startup_minutes=0.0), id="job-at-once"),
    pytest.param(replace(DEFAULT, api="openai/gpt-4o", currency="EUR", rate=0.9), id="another-model"),
    pytest.param(replace(DEFAULT, api="google/gemma-3-27b-it"), id="free-api"),
    pytest.param(replace(DEFAULT, ttft=0.001), id="misses-a-target"),
    pytest.param(replace(DEFAULT, model="mimo-v2-flash"), id="no-deployment"),
    pytest.param(replace(DEFAULT, model="falcon-7b", precision="fp16"), id="no-api"),
    pytest.param(replace(DEFAULT, model="nope", gpu="nope", api="no/offer"), id="nothing"),
]


@pytest.fixture
def answer(tables_on):
    return lambda scenario: compare(scenario, tables_on(scenario.as_of))


@pytest.mark.parametrize("scenario", CASES)
def test_json_holds_no_infinity_and_reads_back_as_it_was(answer, scenario):
    plain = answer_as_json(answer(scenario), ["a warning"])
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["warnings"] == ["a warning"]
    assert len(plain["shapes"]) == 2


@pytest.mark.parametrize("scenario", CASES)
def test_the_link_in_the_json_repeats_the_scenario(answer, scenario):
    decoded = decode(answer_as_json(answer(scenario), [])["scenario"], default=DEFAULT)
    assert decoded.scenario == scenario
    assert decoded.warnings == ()


def test_the_shape_of_the_json_is_the_same_whatever_can_be_answered(answer):
    full, nothing = (answer_as_json(answer(case.values[0]), []) for case in (CASES[0], CASES[-1]))
    assert full.keys() == nothing.keys()
    assert full["shapes"][0].keys() == nothing["shapes"][0].keys()
    assert nothing["shapes"][0]["self_hosted"] is None
    assert nothing["shapes"][0]["api"] is None
    assert nothing["problems"]


def test_the_json_has_the_numbers_of_the_answer(answer):
    scenario = replace(ARTICLE, batch=16)
    result = answer(scenario)
    shown, shape = answer_as_json(result, [])["shapes"][0], result.shapes[0]
    host = shown["self_hosted"]
    assert host["usd_per_request"] == shape.host.usd == host["prompt_usd"] + host["completion_usd"]
    assert host["usd_per_request_range"] == [shape.host.usd_low, shape.host.usd_high]
    assert (host["gpu"], host["gpus"], host["batch"]) == ("a100-80-sxm", 2, 16)
    assert host["gpu_offer"] == scenario.gpu_offer
    assert shown["physical_limit"]["ttft_s"] == shape.ideal.ttft_s < host["ttft_s"]
    assert shown["verdict"] == verdict.headline(shape, scenario)
    assert shown["api"]["offer"] == "openai/gpt-3.5-turbo"
    # 512·(0.0015 + 0.002)/1000
    assert shown["api"]["usd_per_request"] == pytest.approx(0.001792)
    assert [point["batch"] for point in shown["batch_curve"]] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    at = next(point for point in shown["batch_curve"] if point["batch"] == 16)
    assert at["usd_per_1k_prompt"] * 512 / 1000 == pytest.approx(host["prompt_usd"])


def test_a_volume_that_never_comes_is_null(answer):
    result = answer(replace(ARTICLE, batch=1))
    assert result.shapes[0].never_dearer == float("inf")
    shown = answer_as_json(result, [])["shapes"][0]
    assert shown["never_dearer_requests_per_s"] is None
    assert shown["cheaper_hosted"] == []


def test_loads_at_which_self_hosting_is_cheaper_are_in_the_unit_of_the_question(answer):
    asked = replace(DEFAULT, prompt_a=300, completion_a=200)
    for scenario, unit in (
        (asked, 1.0),
        (replace(asked, per="month", requests=1e6), 2_628_000.0),
        (replace(asked, per="once", requests=1e6), None),
    ):
        shown, shape = answer_as_json(answer(scenario), [])["shapes"][0], answer(scenario).shapes[0]
        assert shape.stretches
        ends = shown["cheaper_hosted"]
        assert [one["from_requests"] for one in ends] == [one.start for one in shape.stretches]
        assert ends[-1]["to_requests"] is None
        per_s = (shown["first_paying_requests_per_s"], shown["never_dearer_requests_per_s"])
        if unit is None:  # a job is not so many a second
            assert per_s == (None, None)
        else:
            assert per_s == pytest.approx((shape.first_paying / unit, shape.never_dearer / unit))


def test_bills_at_the_load_are_named_by_what_they_are_for(answer):
    month, job = (
        answer_as_json(answer(replace(DEFAULT, per=per, requests=1e6)), [])["shapes"][0]["at_load"]
        for per in ("month", "once")
    )
    assert (month["bill_of"], month["requests"], month["hours"]) == ("month", pytest.approx(1e6), 730)
    assert month["self_hosted_usd_per_month"] == month["self_hosted_usd"]
    assert month["api_usd_per_month"] == month["api_usd"]
    assert (job["bill_of"], job["requests"]) == ("job", 1e6)
    assert (job["self_hosted_usd_per_month"], job["api_usd_per_month"]) == (None, None)
    assert job["hours"] <= 24
    for one in (month, job):
        low, high = one["self_hosted_usd_range"]
        assert low <= one["self_hosted_usd"] <= high


def test_offers_that_are_marked_or_left_out_say_why(answer):
    shown = answer_as_json(answer(replace(DEFAULT, prompt_a=60_000)), [])["shapes"][0]
    assert shown["api_left_out"]
    assert all(gone["what"] and gone["why"] for gone in shown["api_left_out"])
    marked = [offer for offer in shown["api_offers"] if offer["not_default_because"]]
    assert marked
    assert shown["api"]["not_default_because"] is None
    assert shown["api"]["offer"] not in {offer["offer"] for offer in marked}


@pytest.mark.parametrize("scenario", CASES)
def test_the_text_says_what_the_page_says(answer, scenario):
    result = answer(scenario)
    money = Money(currency=scenario.currency, rate=scenario.rate)
    lines = answer_as_text(result, ["The link has a fault."]).splitlines()
    assert lines[0] == "The link has a fault."
    assert lines[1] == verdict.question(result, money)
    for problem in result.problems:
        assert problem in lines
    for shape in result.shapes:
        assert verdict.condition(shape, scenario) in "\n".join(lines)
        assert any(line.endswith(f": {verdict.headline(shape, scenario)}.") for line in lines)
        if shape.host and shape.host_reason:
            assert shape.host_reason in lines


def test_the_text_is_in_the_currency_of_the_scenario(answer):
    text = answer_as_text(answer(replace(DEFAULT, currency="EUR", rate=0.9)), [])
    assert "€" in text
    # GPU and API price lists stay in US dollars, as their sources have them.
    assert "per GPU-hour" in text
