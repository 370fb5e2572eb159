"""At any load and shape all that speaks of a verdict says the same: headline, bills, order, map, commands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.comparison import words as verdict
from breakeven.comparison.answer import Comparison, ShapeAnswer, compare
from breakeven.comparison.map import MAP_COMPLETIONS, MAP_PROMPTS
from breakeven.comparison.reach import LEVEL_SHARE, Winner
from breakeven.question.link import encode
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables
from breakeven.views.compare.program import answer_as_json
from breakeven.views.deploy import FIELDS, Fields, deploy, words
from breakeven.words.numbers import times
from tests.builders import DEFAULT, json_of, output_of

AS_ASKED = Fields(shape="a", weights="none")
CLOSE = 1e-9
OPENINGS = {
    Winner.HOST: r"Self-hosting is [\d.,]+× cheaper(, if .+)?: |It hangs on one price: .+, if .+; ",
    Winner.API: r"The API is [\d.,]+× cheaper(, if .+)?: |It hangs on one price: .+, if .+; ",
    Winner.LEVEL: r"About as cheap: |Too close to call: ",
}
MODELS = ("llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "deepseek-v3", "qwen3-235b-a22b")


@st.composite
def questions(draw: st.DrawFn) -> Scenario:
    """Loads from one request in weeks to ten thousand a second, shapes that lie on the map."""
    per = draw(st.sampled_from(["second", "second", "month", "once"]))
    low, high = {"second": (-6.0, 4.0), "month": (0.0, 10.0), "once": (0.0, 9.0)}[per]
    low = draw(st.sampled_from([low, high - 4]))  # more of the loads at which GPUs may pay
    patient = per == "once" or draw(st.booleans())
    return replace(
        DEFAULT,
        model=draw(st.sampled_from(MODELS)),
        requests=10 ** draw(st.floats(low, high)),
        per=per,
        finish_hours=draw(st.sampled_from([1.0, 24.0, 168.0])),
        startup_minutes=draw(st.sampled_from([0.0, 10.0, 59.0])),
        prompt_a=2 ** draw(st.integers(4, 13)),
        completion_a=2 ** draw(st.integers(0, 11)),
        mode=draw(st.sampled_from(["continuous", "continuous", "static", "disaggregated"])),
        ttft=None if patient else 2.0,
        tpot=None if patient else 0.05,
        utilisation=draw(st.sampled_from([0.2, 0.5, 1.0])),
        overhead_month=draw(st.sampled_from([0.0, 0.0, 5000.0])),
        resellers=draw(st.booleans()),
    )


def sign(api: float, host: float) -> int:
    """1: self-hosting is cheaper, -1: the API, 0: rounding decides."""
    return 0 if abs(api - host) <= CLOSE * api else 1 if host < api else -1


def check_bills(answer: Comparison, shape: ShapeAnswer) -> int:
    """Bills, winner, ratio and stretches; the sign of the difference."""
    load, own, reach = answer.scenario.load, shape.at_load, shape.reach
    assert own
    assert reach
    assert shape.api.bill
    assert shape.ratio
    assert shape.stretches is not None
    assert own.api_usd == pytest.approx(shape.api.bill.usd * load.billed)
    assert own.host_usd_low <= own.host_usd * (1 + CLOSE) <= own.host_usd_high * (1 + 2 * CLOSE)
    assert shape.ratio == pytest.approx(own.api_usd / own.host_usd)
    said = sign(own.api_usd, own.host_usd)
    assert reach.winner == (
        Winner.HOST
        if own.api_usd > LEVEL_SHARE * own.host_usd_high
        else Winner.API
        if own.api_usd * LEVEL_SHARE < own.host_usd_low
        else Winner.LEVEL
    )
    inside = any(one.start < load.requests <= one.end for one in shape.stretches)
    if abs(shape.ratio - 1) > 1e-3:  # later steps of a long staircase are not told apart
        assert inside == (said > 0), (shape.stretches[:3], load.requests)
    return said


def check_words(answer: Comparison, shape: ShapeAnswer) -> None:
    """The headline has the winner and both bills; what stands below it does not contradict it."""
    scenario, own, reach = answer.scenario, shape.at_load, shape.reach
    assert own
    assert reach
    assert shape.ratio
    headline, condition = verdict.headline(shape, scenario), verdict.condition(shape, scenario)
    assert re.match(OPENINGS[reach.winner], headline), headline
    for usd in (own.api_usd, own.host_usd):
        assert scenario.money.amount(usd) in headline
    if headline.startswith(("About as cheap", "It hangs on one price")):
        assert 0.49 < shape.ratio < 2.01
    if "× cheaper" in headline:
        assert times(max(shape.ratio, 1 / shape.ratio)) in headline
    assert condition.startswith("By the middle of the estimate, ") == (reach.winner == Winner.LEVEL)
    pays = bool(shape.stretches)
    assert ("API is cheaper at any load" in condition or "would pay only" in condition) == (not pays)
    assert ("API is cheaper at any load" in verdict.volume_finding(shape, scenario.load)) == (not pays)
    assert scenario.money.amount(own.host_usd) in verdict.at_load(shape, scenario)
    # Where one side is cheaper, one kind of token at least is cheaper or level there.
    kinds = verdict.by_kind(shape, scenario)[:2]
    other = {Winner.HOST: "dearer self-hosted", Winner.API: "cheaper self-hosted"}.get(reach.winner, " ")
    assert not all(other in kind for kind in kinds) or reach.winner == Winner.LEVEL


def check_ranking(shape: ShapeAnswer) -> None:
    """Cheapest first; the choice is the cheapest of the best standing."""
    own = shape.at_load
    assert own
    assert shape.host
    assert all(one.usd <= two.usd * (1 + 2 * CLOSE) for one, two in pairwise(shape.ranking))
    best = min(one.row.candidate.standing for one in shape.ranking)
    cheapest = min(one.usd for one in shape.ranking if one.row.candidate.standing == best)
    assert own.host_usd == pytest.approx(cheapest)
    offers = [bill.usd for bill in shape.api.same_model if bill.mark is None]
    assert shape.api.bill
    assert shape.api.bill.usd == min(offers)


def check_map(answer: Comparison, shape: ShapeAnswer) -> None:
    """The cell of the shape has its bills and its colour."""
    drawn, own, reach = answer.map, shape.at_load, shape.reach
    assert drawn
    assert own
    assert reach
    row = int(np.flatnonzero(shape.shape.completion_tokens == MAP_COMPLETIONS)[0])
    column = int(np.flatnonzero(shape.shape.prompt_tokens == MAP_PROMPTS)[0])
    assert drawn.api_usd[row, column] == pytest.approx(own.api_usd)
    assert drawn.host_usd[row, column] == pytest.approx(own.host_usd)
    assert drawn.host_over_api[row, column] == pytest.approx(own.host_usd / (own.api_usd or 0))


def check_deploy(answer: Comparison, tables: Tables) -> None:
    """Deploy recommends the deployment with the same bill, in the scenario's own formats."""
    scenario, own, host = answer.scenario, answer.shapes[0].at_load, answer.shapes[0].host
    placed = deploy(scenario, AS_ASKED, tables)
    assert placed.holds
    assert placed.chosen
    assert own
    assert host
    assert placed.chosen.usd == pytest.approx(own.host_usd)
    assert placed.chosen.replicas == own.replicas
    assert placed.chosen.host.batch == host.batch
    assert scenario.money.amount(own.host_usd) in words.recommendation(placed)
    bills = [placed.place(index).usd for index in placed.order]
    assert all(one <= two * (1 + 2 * CLOSE) for one, two in pairwise(bills))


def check_program(answer: Comparison, shape: ShapeAnswer, shown: dict[str, Any]) -> None:
    """What a program reads is what is written."""
    own, reach = shape.at_load, shape.reach
    assert own
    assert reach
    assert shown["verdict"] == verdict.headline(shape, answer.scenario)
    assert shown["winner"] == reach.winner
    assert shown["ratio"] == shape.ratio
    assert (shown["at_load"]["api_usd"], shown["at_load"]["self_hosted_usd"]) == (own.api_usd, own.host_usd)
    monthly = shown["at_load"]["self_hosted_usd_per_month"]
    assert monthly == (None if answer.scenario.load.ends else own.host_usd)
    assert [one["usd_at_load"] for one in shown["deployments"]] == [one.usd for one in shape.ranking]


@settings(max_examples=80, deadline=None)
@given(asked=questions())
def test_all_that_speaks_of_a_verdict_says_the_same(
    asked: Scenario, tables_on: Callable[[date], Tables]
) -> None:
    tables = tables_on(asked.as_of)
    answer = compare(asked, tables)
    shape = answer.shapes[0]
    if shape.host is None or not shape.host.holds:
        assert answer.map is None or shape.host_reason
        assert not deploy(asked, AS_ASKED, tables).holds
        return
    check_ranking(shape)
    check_bills(answer, shape)
    check_words(answer, shape)
    check_program(answer, shape, json.loads(json.dumps(answer_as_json(answer, [])))["shapes"][0])
    check_deploy(answer, tables)
    check_map(answer, shape)


@settings(max_examples=25, deadline=None)
@given(asked=questions(), times=st.floats(1, 1000))
def test_more_requests_never_make_either_bill_smaller(
    asked: Scenario, times: float, tables_on: Callable[[date], Tables]
) -> None:
    tables = tables_on(asked.as_of)
    more = replace(asked, requests=min(asked.requests * times, 1e12))
    for one, two in zip(compare(asked, tables).shapes, compare(more, tables).shapes, strict=True):
        assert (one.at_load is None) == (two.at_load is None)
        if one.at_load and two.at_load:
            assert two.at_load.host_usd >= one.at_load.host_usd * (1 - CLOSE)
            assert (two.at_load.api_usd or 0) >= (one.at_load.api_usd or 0)
            assert one.stretches == two.stretches  # the load is not theirs


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "changes", [{}, {"requests": 1e-6}, {"requests": 1000.0}, {"per": "once", "requests": 4e6}]
)
def test_the_commands_say_what_the_pages_say(
    changes: dict[str, Any], tables_on: Callable[[date], Tables], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = replace(DEFAULT, prompt_a=300, completion_a=200, **changes)
    tables = tables_on(asked.as_of)
    answer, placed = compare(asked, tables), deploy(asked, AS_ASKED, tables)
    own = answer.shapes[0].at_load
    assert own
    assert placed.chosen
    link = encode(asked)
    shown = json_of(capsys, "compare", "--scenario", link)["shapes"][0]
    assert shown["at_load"]["self_hosted_usd"] == pytest.approx(own.host_usd)
    assert shown["verdict"] in output_of(capsys, "compare", "--scenario", link)
    ranked = json_of(
        capsys,
        "rank",
        "--scenario",
        link + "&" + "&".join(f"{k}={v}" for k, v in FIELDS.write(AS_ASKED).items()),
    )
    assert ranked["recommendation"] == words.recommendation(placed)
    assert ranked["chosen"]["usd_at_load"] == pytest.approx(own.host_usd)
    bills = [row["usd_at_load"] for row in ranked["deployments"]]
    assert bills == sorted(bills)


# The cases that misled


def at(tables_on: Callable[[date], Tables], **changes: Any) -> tuple[Comparison, ShapeAnswer, str]:
    asked = replace(DEFAULT, prompt_a=300, completion_a=200, **changes)
    answer = compare(asked, tables_on(asked.as_of))
    return answer, answer.shapes[0], verdict.headline(answer.shapes[0], asked)


def test_a_request_in_ten_seconds_is_the_apis(tables_on: Callable[[date], Tables]) -> None:
    answer, shape, headline = at(tables_on, requests=0.1)
    # 0.1 x 2,628,000 requests a month of $0.00012; a GPU is paid for whether it works or not.
    assert headline.startswith("The API is ")
    assert re.search(r"× cheaper: \$\d\d\.\d\d a month against \$1,\d\d0$", headline)
    assert "Self-hosting pays from " in verdict.condition(shape, answer.scenario)
    assert shape.at_load
    assert shape.at_load.busy < 0.01


def test_the_headline_moves_with_the_load(tables_on: Callable[[date], Tables]) -> None:
    heads = [at(tables_on, requests=load)[2] for load in (1e-6, 0.1, 1000.0)]
    assert heads[0].startswith("The API is ")
    # A replica that reads and decodes at the measured pace is not far below the API: within the range here.
    assert heads[2].startswith("About as cheap: ")
    assert len(set(heads)) == 3


def test_an_offer_that_one_host_makes_alone_is_no_winner(tables_on: Callable[[date], Tables]) -> None:
    answer, shape, headline = at(tables_on, requests=10.0)
    assert shape.reach
    assert shape.reach.holding == 1 < shape.reach.hosts
    assert re.match(OPENINGS[Winner.API], headline)
    assert "at the API, if novita's price holds, which no other host comes near; " in headline
    condition = verdict.condition(shape, answer.scenario)
    assert f"Holds at 1 of {shape.reach.hosts} hosts; at the median one self-hosting is " in condition
    assert "context 12,288 tokens" in verdict.contenders(shape)


def test_what_is_first_in_a_ranking_is_not_what_costs_twice_as_much(
    tables_on: Callable[[date], Tables],
) -> None:
    asked = replace(DEFAULT, prompt_a=300, completion_a=200, requests=0.1)
    placed = deploy(asked, AS_ASKED, tables_on(asked.as_of))
    bills = [placed.place(index).usd for index in placed.order]
    assert bills == sorted(bills)
    assert placed.chosen
    assert placed.chosen.replicas == 1


def test_shrotts_four_million_prompts_are_a_job_that_ends(tables_on: Callable[[date], Tables]) -> None:
    answer, shape, headline = at(
        tables_on, requests=4e6, per="once", ttft=None, tpot=None, model="llama-3.1-8b"
    )
    assert headline.startswith("Self-hosting is ")
    assert " for the job against $" in headline
    assert re.search(r"done after [\d.]+ h, \$", verdict.at_load(shape, answer.scenario))
    assert shape.at_load
    assert shape.at_load.hours <= 24
