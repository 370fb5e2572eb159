"""The answer in words: who is cheaper, from when, and what is not known."""

import math
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.comparison import words as verdict
from breakeven.comparison.answer import compare
from breakeven.comparison.reach import Reach, Winner, winner_of
from breakeven.comparison.volume import AtLoad, Stretch
from breakeven.dashboard.blocks import plain
from breakeven.hosting.layouts import Worker
from breakeven.question.parts import Shape
from breakeven.words import names
from breakeven.words.numbers import Money
from tests.builders import ARTICLE, DEFAULT, TODAY

MONEY = Money()


@pytest.fixture(scope="module")
def article(tables_on):
    """The 2023 question at batch 32."""
    return compare(replace(ARTICLE, batch=32), tables_on(ARTICLE.as_of))


@pytest.fixture(scope="module")
def today(tables_on):
    return compare(DEFAULT, tables_on(TODAY))


@pytest.fixture
def priced(article):
    """The article's answer as if a thousand requests cost so many thousand dollars on each side."""

    def change(host: float, api: float, *, low: float = 0.9, high: float = 1.1, **reach):
        shape = article.shapes[0]
        own = AtLoad(
            requests_per_s=1.0,
            replicas=1,
            busy=0.4,
            hours=730.0,
            api_usd=1000 * api,
            host_usd=1000 * host,
            host_usd_low=1000 * host * low,
            host_usd_high=1000 * host * high,
            requests=1000.0,
        )
        winner = winner_of(own.api_usd, own.host_usd_low, own.host_usd_high)
        said = {"winner": winner, "hosts": 1, "holding": 1, "median_ratio": None, "rests_on": None}
        return replace(
            shape,
            api=replace(shape.api, bill=replace(shape.api.bill, prompt_usd=api / 2, completion_usd=api / 2)),
            at_load=own,
            ratio=api / host if api else None,
            within_range=winner == Winner.LEVEL,
            reach=Reach(**(said | reach)) if api else None,
        )

    return change


def turning(answer, *ends: tuple[float, float], busy: float = 0.5):
    """The same with other loads at which self-hosting is cheaper."""
    return replace(answer, stretches=tuple(Stretch(start=a, end=b) for a, b in ends), break_even_busy=busy)


# Headline


@pytest.mark.parametrize(
    ("api", "words"),
    [
        (2.0, "Self-hosting is 2× cheaper: $1,000 a month against $2,000"),
        # A twentieth beyond the end of the estimate's own range, and just not.
        (1.1551, "Self-hosting is 1.2× cheaper: $1,000 a month against $1,160"),
        (1.1549, "About as cheap: $1,000 a month self-hosted, $1,150 at the API"),
        (1.0, "About as cheap: $1,000 a month self-hosted, $1,000 at the API"),
        (0.8572, "About as cheap: $1,000 a month self-hosted, $857 at the API"),
        (0.857, "The API is 1.2× cheaper: $857 a month against $1,000"),
        (0.01, "The API is 100× cheaper: $10.00 a month against $1,000"),
    ],
)
def test_the_headline_claims_no_more_than_the_range_of_the_estimate_allows(priced, api, words):
    assert verdict.headline(priced(1.0, api), DEFAULT) == words


@pytest.mark.parametrize(
    ("api", "words"),
    [
        (1.249, "About as cheap: $1,000 a month self-hosted, $1,250 at the API"),
        (1.251, "Too close to call: $1,000 a month self-hosted (estimate $500–2,000), $1,250 at the API"),
        (0.801, "About as cheap: $1,000 a month self-hosted, $801 at the API"),
        (0.799, "Too close to call: $1,000 a month self-hosted (estimate $500–2,000), $799 at the API"),
    ],
)
def test_bills_apart_within_a_wide_range_are_too_close_to_call_and_not_alike(priced, api, words):
    assert verdict.headline(priced(1.0, api, low=0.5, high=2.0), DEFAULT) == words


def test_the_headline_is_in_the_money_of_the_reader_and_of_a_job_for_the_job(priced):
    yen = replace(DEFAULT, currency="JPY", rate=150.0, per="once")
    assert verdict.headline(priced(1.0, 2.0), yen) == (
        "Self-hosting is 2× cheaper: JP¥150,000 for the job against JP¥300,000"
    )


@pytest.mark.parametrize(
    ("api", "words"),
    [
        (1.9, "It hangs on one price: $1,000 a month self-hosted, if it holds; $1,900 at the API"),
        (2.1, "Self-hosting is 2.1× cheaper, if it holds: $1,000 a month against $2,100"),
        (0.51, "It hangs on one price: $510 a month at the API, if it holds; $1,000 self-hosted"),
        (0.02, "The API is 50× cheaper, if it holds: $20.00 a month against $1,000"),
        (1.0, "About as cheap: $1,000 a month self-hosted, $1,000 at the API"),
    ],
)
def test_what_one_price_makes_is_no_winner_unless_it_is_far_ahead(priced, api, words):
    assert verdict.headline(priced(1.0, api, rests_on="it holds"), DEFAULT) == words


def test_the_headline_says_what_is_missing(priced):
    answer = priced(1.0, 1.0)
    no_api = replace(answer, api=replace(answer.api, bill=None), ratio=None)
    assert verdict.headline(no_api, DEFAULT) == "No API offer to compare with"
    assert verdict.headline(replace(answer, host=None), DEFAULT) == "No deployment to compare with"
    assert verdict.headline(replace(no_api, host=None), DEFAULT) == "Neither side can be priced"
    assert "free of charge" in verdict.headline(priced(1.0, 0.0), DEFAULT)


# Condition


@pytest.mark.parametrize(
    ("load", "ends", "words"),
    [
        (1.0, [(3, math.inf)], "Self-hosting pays from 3 requests/s."),
        (
            1.0,
            [(3, 5), (12, math.inf)],
            "Self-hosting pays from 3 requests/s, at any load from 12 requests/s.",
        ),
        (4.0, [(3, math.inf)], "Below 3 requests/s the API is cheaper."),
        (
            4.0,
            [(3, 5), (7, 8), (12, math.inf)],
            "Below 3 requests/s the API is cheaper, and again from 5 requests/s; "
            "self-hosting is cheaper at any load from 12 requests/s.",
        ),
        (
            6.0,
            [(3, 5), (12, math.inf)],
            "Self-hosting pays up to 5 requests/s and again from 12 requests/s.",
        ),
        (
            6.0,
            [(3, 5), (7, 8), (12, math.inf)],
            "Self-hosting pays up to 5 requests/s and again from 7 requests/s, "
            "at any load from 12 requests/s.",
        ),
        (
            7.5,
            [(3, 5), (7, 8), (12, math.inf)],
            "From 5 requests/s to 7 requests/s the API is cheaper, and again from 8 requests/s; "
            "self-hosting is cheaper at any load from 12 requests/s.",
        ),
        (20.0, [(3, 5), (12, math.inf)], "Self-hosting is cheaper at any load from 12 requests/s."),
        (20.0, [(0, math.inf)], "Self-hosting is cheaper at any load."),
        (
            2.0,
            [(0, 5), (12, math.inf)],
            "The API is cheaper from 5 requests/s; self-hosting is cheaper at any load from 12 requests/s.",
        ),
        (
            5.0,
            [(3, 5), (12, math.inf)],
            "Below 3 requests/s the API is cheaper, and again from 5 requests/s; "
            "self-hosting is cheaper at any load from 12 requests/s.",
        ),
    ],
)
def test_the_condition_gives_the_loads_at_which_the_sides_change_places(priced, load, ends, words):
    scenario = replace(DEFAULT, requests=load)
    assert verdict.condition(turning(priced(1.0, 3.0), *ends), scenario) == words
    level = verdict.condition(turning(priced(1.0, 1.0), *ends), scenario)
    assert level == f"By the middle of the estimate, {words[0].lower()}{words[1:]}"


@pytest.mark.parametrize(
    ("busy", "changes", "words"),
    [
        (0.77, {}, "Self-hosting would pay only with GPUs more than 77 % busy (planned: 50 %)."),
        (1.0, {}, "The API is cheaper at any load, even if GPUs were never idle."),
        (3.0, {}, "The API is cheaper at any load, even if GPUs were never idle."),
        (0.77, {"per": "once"}, "The API is cheaper at any load, even if GPUs were never idle."),
    ],
)
def test_the_condition_says_how_busy_gpus_would_have_to_be(priced, busy, changes, words):
    answer = turning(priced(1.0, 0.5), busy=busy)
    assert verdict.condition(answer, replace(DEFAULT, **changes)) == words


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        ({"hosts": 8, "holding": 8, "median_ratio": 2.5}, "Holds at all 8 hosts."),
        (
            {"hosts": 8, "holding": 1, "median_ratio": 2.9},
            "Holds at 1 of 8 hosts; at the median one self-hosting is 2.9× cheaper.",
        ),
        (
            {"hosts": 8, "holding": 5, "median_ratio": 0.5},
            "Holds at 5 of 8 hosts; at the median one the API is 2× cheaper.",
        ),
        (
            {"hosts": 8, "holding": 5, "median_ratio": 1.02},
            "Holds at 5 of 8 hosts; at the median one both cost about the same.",
        ),
        ({"hosts": 1, "holding": 1, "median_ratio": 1.0}, ""),
    ],
)
def test_the_condition_says_at_how_many_hosts_it_holds(priced, reach, words):
    answer = turning(priced(1.0, 3.0, **reach), (3, math.inf))
    said = verdict.condition(answer, DEFAULT).removeprefix("Self-hosting pays from 3 requests/s.").strip()
    assert said == words


def test_the_condition_gives_the_reason_where_one_side_is_missing(tables_on):
    def at(**changes):
        scenario = replace(DEFAULT, **changes)
        return verdict.condition(compare(scenario, tables_on(scenario.as_of)).shapes[0], scenario)

    assert at(model="mimo-v2-flash").startswith("No deployment can be computed")
    assert "needs 812 GB" in at(model="llama-3.1-405b", precision="fp16", gpu="l4", gpus=1)
    assert at(model="falcon-7b", precision="fp16", prompt_a=512).startswith("No unmarked API offer")
    old = "openai/gpt-3.5-turbo-0301"
    assert at(api=old) == f"{old} has no price in force on 2026-11-21."


def test_a_named_offer_is_not_excused_by_the_short_context_of_another(tables_on):
    scenario = replace(DEFAULT, api="openai/gpt-3.5-turbo-0301", prompt_a=60_000)
    answer = compare(scenario, tables_on(TODAY)).shapes[0]
    assert answer.api.left_out  # Offers of the same model that are too short.
    assert verdict.condition(answer, scenario) == f"{scenario.api} has no price in force on 2026-11-21."


def test_a_named_offer_with_too_short_a_context_says_so(tables_on):
    scenario = replace(ARTICLE, prompt_a=4000, completion_a=97)
    answer = compare(scenario, tables_on(ARTICLE.as_of)).shapes[0]
    assert verdict.condition(answer, scenario) == (
        "openai/gpt-3.5-turbo takes at most 4,096 tokens, the request has 4,097."
    )


# Names


@pytest.mark.parametrize(
    ("prompt", "completion", "kind"),
    [
        (4000, 1000, "Prompt-heavy"),
        (3999, 1000, "Balanced"),
        (1001, 4000, "Balanced"),
        (1000, 4000, "Generation-heavy"),
    ],
)
def test_a_shape_is_named_by_what_it_has_four_times_more_of(prompt, completion, kind):
    assert names.kind_of(Shape(prompt_tokens=prompt, completion_tokens=completion)) == kind


def test_shapes_are_written_in_tokens():
    assert names.shape_name(Shape(prompt_tokens=4000, completion_tokens=16)) == "4,000 in / 16 out"
    cached = Shape(prompt_tokens=4000, completion_tokens=16, cached_tokens=3000)
    assert names.shape_name(cached) == "4,000 in (3,000 cached) / 16 out"


def test_a_deployment_is_written_without_its_maker(article):
    assert names.deployment_name(article.shapes[0].host) == "2×A100 SXM4 80GB"


def test_the_question_names_both_sides_and_the_day(article, today):
    assert verdict.question(article, MONEY) == (
        "Llama 2 70B, fp16, on 2×A100 SXM4 80GB at $2.21 per GPU-hour, against "
        f"{names.offer_name(article.shapes[0].api.bill.offer)}. Prices of 2023-07-20."
    )
    assert verdict.question(today, MONEY) == (
        "Llama 3.3 70B, fp8, on the cheapest deployment that holds the latency targets, against the same "
        "model from the cheapest API. Prices of 2026-11-21."
    )


def test_the_question_is_asked_even_where_nothing_is_known(tables_on):
    scenario = replace(DEFAULT, model="nope", gpu="nope", gpus=3, api="no/offer")
    asked = verdict.question(compare(scenario, tables_on(TODAY)), MONEY)
    assert asked == "nope, fp8, on 3×nope, against no/offer. Prices of 2026-11-21."


# Lines


def test_bills_are_written_per_thousand_requests_with_their_range(priced):
    answer = priced(0.0015, 0.0024, low=0.8, high=1.2)
    # 512 tokens in and 512 out: $1.50 / 1,024 a thousand tokens is $1.46 a million.
    assert verdict.bills(answer, DEFAULT) == (
        "At that load per 1,000 requests: API $2.40, $2.34 per 1M tokens; "
        "self-hosted $1.50 (estimate $1.20–1.80), $1.46 per 1M tokens."
    )
    euros = replace(DEFAULT, currency="EUR", rate=0.5)
    assert verdict.bills(answer, euros).count("€") == 5
    assert verdict.bills(replace(answer, host=None), DEFAULT) == (
        "At that load per 1,000 requests: API $2.40, $2.34 per 1M tokens."
    )
    nothing = replace(answer, host=None, api=replace(answer.api, bill=None))
    assert verdict.bills(nothing, DEFAULT) == ""
    assert verdict.contenders(nothing) == ""


def test_a_range_that_whole_replicas_swallow_is_not_written(priced):
    assert "estimate" not in verdict.bills(priced(0.0015, 0.0024, low=1.0, high=1.0), DEFAULT)
    assert "estimate" not in verdict.bills(priced(0.0015, 0.0024, low=0.9999, high=1.0001), DEFAULT)


def test_the_median_stands_beside_the_cheapest_offer(today):
    assert "(median $" in verdict.bills(today.shapes[0], DEFAULT)


@pytest.mark.parametrize(
    ("near", "words"),
    [(1, "no other offer within 20 %"), (2, "1 other offer within 20 %"), (5, "4 other offers within 20 %")],
)
def test_the_cheapest_offer_does_not_count_itself_among_those_near_it(today, near, words):
    shape = today.shapes[0]
    api = replace(shape.api, n_within_20_percent=near)
    assert words in verdict.contenders(replace(shape, api=api))


def test_offers_near_the_cheapest_are_not_told_of_a_dearer_one(tables_on, today):
    dear = today.shapes[0].api.same_model[-1].offer.api_offer_id
    shape = compare(replace(DEFAULT, api=dear), tables_on(TODAY)).shapes[0]
    assert "within 20 %" not in verdict.contenders(shape)


@pytest.mark.parametrize(
    ("api", "words"),
    [
        (1.1551, "1.2× cheaper self-hosted"),  # just outside the estimate's own range and a twentieth
        (1.1549, "level"),  # just inside
        (0.8572, "level"),
        (0.857, "1.2× dearer self-hosted"),
        (0.5, "2× dearer self-hosted"),
        (3.0, "3× cheaper self-hosted"),
    ],
)
def test_prompt_and_completion_tokens_are_compared_apart(priced, api, words):
    answer = priced(1.0, api)
    # Half the work is reading: $0.50 of a request for 512 tokens, $976.56 per million.
    answer = replace(answer, host=replace(answer.host, prefill_s=1.0, decode_s=1.0))
    lines = verdict.by_kind(answer, DEFAULT)
    assert [line.split()[0] for line in lines] == ["Prompt", "Completion", "If"]
    assert all(line.endswith(f": {words}.") for line in lines[:2])
    assert all("$977 per 1M tokens self-hosted" in line for line in lines[:2])


def test_both_kinds_of_tokens_add_up_to_the_bill(today):
    for shape in today.shapes:
        lines = verdict.by_kind(shape, DEFAULT)
        each = [float(re.search(r"\$([\d.]+) per 1M", line).group(1)) for line in lines[:2]]
        tokens = (shape.shape.prompt_tokens, shape.shape.completion_tokens)
        total = sum(usd * n / 1e6 for usd, n in zip(each, tokens, strict=True))
        assert total == pytest.approx(shape.at_load.host_usd / 2_628_000, rel=0.01)


def test_a_token_of_gpus_that_are_never_idle_is_named_so_and_a_job_has_no_other(today, tables_on):
    shape = today.shapes[0]
    line = verdict.by_kind(shape, DEFAULT)[2]
    assert line.startswith("If the GPUs were never idle, self-hosting would cost $")
    work = shape.host.replica_s * shape.host.candidate.usd_per_hour / 3600
    assert f"${work / 4016 * 1e6:.3g}" in line
    job = replace(DEFAULT, per="once", requests=1e6)
    assert len(verdict.by_kind(compare(job, tables_on(TODAY)).shapes[0], job)) == 2


def test_a_free_part_is_not_divided_by(priced):
    lines = verdict.by_kind(priced(1.0, 0.0), DEFAULT)
    assert all(line.endswith("$0 at the API.") for line in lines[:2])


@pytest.mark.parametrize(
    ("replicas", "gpus", "words"),
    [
        (1, 1, "1 replica of 1 GPU, 40 % busy"),
        (1, 2, "1 replica of 2 GPUs, 40 % busy"),
        (3, 1, "3 replicas of 1 GPU each (3 GPUs), 40 % busy"),
        (3, 4, "3 replicas of 4 GPUs each (12 GPUs), 40 % busy"),
    ],
)
def test_replicas_and_gpus_are_counted_in_grammar(priced, replicas, gpus, words):
    answer = priced(1.0, 2.0)
    host = replace(answer.host, candidate=replace(answer.host.candidate, worker=Worker(tensor=gpus)))
    answer = replace(answer, host=host, at_load=replace(answer.at_load, replicas=replicas, hours=5.5))
    assert verdict.at_load(answer, DEFAULT) == f"Your 1 request/s: {words}, $1,000 a month."
    job = replace(DEFAULT, per="once", requests=4e6)
    assert verdict.at_load(answer, job) == (
        f"Your 4,000,000 requests: {words.removesuffix('40 % busy')}done after 5.5 h, $1,000 for the job."
    )


def test_why_names_what_binds_and_the_physical_limit(article):
    lines = verdict.why(article.shapes[0], article.model_shape, article.scenario)
    assert lines[0] == (
        "Prefill is compute-bound, decode is bandwidth-bound at batch 32; "
        "what stops a larger batch: the batch that is set by hand."
    )
    assert lines[1].startswith("Physical limit of the same deployment: TTFT ")
    assert any(line.startswith("Efficiency: tgi-2023") for line in lines)
    assert not any("waiting" in line for line in lines)  # A static batch has no queue.


def test_why_says_what_was_not_measured(tables_on):
    scenario = replace(DEFAULT, gpu="l40s", gpus=8, precision="fp16", ttft=None, tpot=None)
    answer = compare(scenario, tables_on(TODAY))
    assert answer.shapes[0].host.candidate.profile.caveat
    lines = verdict.why(answer.shapes[0], answer.model_shape, scenario)
    assert any(line.startswith("Not certain: ") for line in lines)


def test_memory_is_taken_apart_into_weights_and_cache(article):
    # 137.95e9 B of weights; 32·1024·327,680 B of cache; 160e9 B usable.
    line = verdict.memory_sentence(article.shapes[0], article.model_shape, article.scenario)
    assert line == "Memory: weights 138 GB of 160 GB usable; KV cache 10.7 GB of the remaining 22 GB."


def test_prices_are_noted_with_provider_and_day_and_only_once(article):
    lines = verdict.price_notes(article, article.scenario)
    assert lines[0] == "NVIDIA A100 SXM4 80GB: $2.21 per GPU-hour, coreweave (on-demand), read 2023-07-20."
    assert lines[1] == "openai/gpt-3.5-turbo: $1.50 in / $2.00 out per 1M tokens, published 2023-06-13."
    assert len(lines) == 2


@pytest.mark.parametrize(("days", "old"), [(90, False), (91, True)])
def test_a_price_older_than_90_days_says_so(article, days, old):
    day = date.fromordinal(date(2023, 7, 20).toordinal() + days)
    line = verdict.price_notes(article, replace(article.scenario, as_of=day))[0]
    assert ("older than 90 days" in line) is old


def test_cached_tokens_without_a_cache_price_are_said_to_be_billed_as_input(tables_on):
    scenario = replace(ARTICLE, cached_a=100)
    lines = verdict.price_notes(compare(scenario, tables_on(ARTICLE.as_of)), scenario)
    assert any("it has no cache price, cached tokens are billed as input" in line for line in lines)


# Findings of the charts


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ([0.5, 0.9], "self-hosting is cheaper for every shape"),
        ([1.0, 2.0], "the API is cheaper for every shape"),
        ([0.5, 2.0, math.nan], "self-hosting is cheaper for 50 % of the shapes"),
        ([math.nan], "no shape can be priced on both sides"),
    ],
)
def test_the_map_says_whose_shapes_they_are(article, ratios, words):
    drawn = replace(article.map, host_over_api=np.array([ratios]))
    assert verdict.map_finding(drawn, DEFAULT).startswith(f"At 1 request/s {words}")


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (None, "The bills need both sides"),
        ([], "The API is cheaper at any load"),
        ([(0, math.inf)], "Self-hosting is cheaper at any load"),
        ([(1, 1.5), (2, math.inf)], "Self-hosting is never dearer from 2 requests/s on"),
    ],
)
def test_the_volume_chart_says_from_where_on(article, ends, words):
    shape = replace(article.shapes[0], stretches=None) if ends is None else turning(article.shapes[0], *ends)
    assert verdict.volume_finding(shape, DEFAULT.load) == words


def test_the_batch_chart_reaches_the_articles_conclusion(article):
    # Sanger 2023: completion tokens level with GPT-3.5 near a batch of 64.
    assert verdict.batch_finding(article.shapes[0], article.scenario) == (
        "On GPUs 100 % busy completion tokens are dearer self-hosted until a batch of about 64"
    )


def test_the_batch_chart_finds_both_extremes(article):
    shape = article.shapes[0]

    def at(usd, scenario=DEFAULT):
        bill = replace(shape.api.bill, completion_usd=usd)
        return verdict.batch_finding(replace(shape, api=replace(shape.api, bill=bill)), scenario)

    assert at(1e3) == "On GPUs 50 % busy completion tokens are cheaper self-hosted at any batch"
    assert at(1e3, replace(DEFAULT, per="once")) == (
        "On GPUs that are never idle completion tokens are cheaper self-hosted at any batch"
    )
    assert at(1e-9) == "On GPUs 50 % busy completion tokens stay dearer self-hosted up to a batch of 256"
    assert at(0.0) == "A larger batch makes completion tokens cheaper"
    assert verdict.batch_finding(replace(shape, limits=lambda: None), DEFAULT) == "No deployment to show"


# No answer is without words


HARD = [
    pytest.param({}, id="default"),
    pytest.param({"model": "llama-3.1-405b", "gpu": "l4", "gpus": 1}, id="does-not-fit"),
    pytest.param({"model": "mimo-v2-flash"}, id="no-cache-formula"),
    pytest.param({"model": "falcon-7b", "precision": "fp16", "prompt_a": 512}, id="no-api"),
    pytest.param({"ttft": 0.001, "tpot": 0.0001}, id="misses-targets"),
    pytest.param({"api": "google/gemma-3-27b-it"}, id="free-api"),
    pytest.param({"model": "nope", "gpu": "nope", "api": "no/offer"}, id="unknown"),
    pytest.param({"cached_a": 3999, "currency": "JPY", "rate": 150.0}, id="cached-yen"),
    pytest.param({"requests": 1e-6}, id="hardly-any-load"),
    pytest.param({"requests": 1e12}, id="most-load"),
    pytest.param({"per": "once", "requests": 1.0, "startup_minutes": 0.0}, id="a-request-once"),
    pytest.param({"per": "once", "requests": 1e12, "finish_hours": 1.0}, id="all-in-an-hour"),
]


@pytest.mark.parametrize("changes", HARD)
def test_sentences_are_whole_and_hold_no_trace_of_missing_numbers(tables_on, changes):
    scenario = replace(DEFAULT, **changes)
    answer = compare(scenario, tables_on(TODAY))
    money = Money(currency=scenario.currency, rate=scenario.rate)
    texts = [verdict.question(answer, money), *answer.problems, *verdict.price_notes(answer, scenario)]
    for shape in answer.shapes:
        assert verdict.headline(shape, scenario)
        texts += [
            verdict.condition(shape, scenario),
            verdict.bills(shape, scenario),
            verdict.contenders(shape),
            verdict.ages(shape, answer),
            verdict.at_load(shape, scenario),
            *verdict.by_kind(shape, scenario),
            *verdict.why(shape, answer.model_shape, scenario),
        ]
    for text in filter(None, texts):
        assert text.endswith(".")
        assert ".." not in text
        assert "  " not in text
        for trace in ("nan", "None", "inf", "–.", "{", "}"):
            assert trace not in text.replace("information", "").split()
        assert "1 replicas" not in text
        assert " 1 GPUs" not in text
        assert " 1 sequences" not in text


def test_words_are_not_escaped_here(article):
    # The page escapes what it shows; the command line shows it as it is.
    assert "\\" not in verdict.headline(article.shapes[0], article.scenario)
    assert "\\" not in verdict.question(article, MONEY)


# What the page escapes


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("$2.40 and $3", "\\$2.40 and \\$3"),  # two dollar signs would be a formula
        ("**bold**", "\\*\\*bold\\*\\*"),
        ("[text](https://example.org)", "\\[text\\]\\(https\u2060\\://example.org\\)"),
        # Bare addresses become links where nothing is escaped; a word joiner keeps them text.
        ("www.example.org", "www\u2060.example.org"),
        ("HTTP://x.org", "HTTP\u2060\\://x.org"),
        ("a@b.org", "a@\u2060b.org"),
        ("wwwx, https: and @home", "wwwx, https\\: and @home"),
        ("<b>&lt;", "\\<b\\>\\&lt;"),
        ("1. item", "1\\. item"),
        ("a\n===", "a \\=\\=\\="),
        ("a -> b", "a \\-\u2060\\> b"),
        (":material/home:", "\\:\u2060material/home\\:"),
        (":red[text]", "\\:red\\[text\\]"),
        ("# title", "\\# title"),
        ("- item", "\\- item"),
        ("`code`", "\\`code\\`"),
        ("back\\slash", "back\\\\slash"),
        ("llama_3 ~old~", "llama\\_3 \\~old\\~"),
        ("41 % busy, 2×A100", "41\u00a0% busy, 2×A100"),
    ],
)
def test_text_from_outside_is_never_markdown(text, escaped):
    assert plain(text) == escaped


@settings(max_examples=50, deadline=None, database=None)
@given(text=st.text())
def test_escaping_only_adds_backslashes_and_word_joiners_and_joins_lines(text):
    text = text.replace("\u2060", "")
    escaped = plain(text).replace("\u2060", "")
    bare, position = [], 0
    while position < len(escaped):
        position += escaped[position] == "\\"
        bare.append(escaped[position])
        position += 1
    assert not set("".join(bare)) & {"\r", "\n"}
    assert "".join(bare).split() == text.split()
