"""The findings of the first screen in words: they say what the long ones say, in few numbers."""

import re
from dataclasses import replace

import pytest

from breakeven.comparison import short
from breakeven.comparison import words as verdict
from breakeven.comparison.answer import compare
from breakeven.comparison.volume import Stretch
from tests.builders import DEFAULT

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SCENARIOS = [
    pytest.param({}, id="default"),
    pytest.param({"requests": 0.001}, id="hardly-any-load"),
    pytest.param({"requests": 300.0}, id="much-load"),
    pytest.param({"prompt_a": 300, "completion_a": 200, "requests": 40.0}, id="chat"),
    pytest.param({"api": "openai/gpt-4o"}, id="an-api-by-name"),
    pytest.param({"requests": 4e6, "per": "once", "ttft": None, "tpot": None}, id="a-job"),
    pytest.param({"model": "llama-3.1-405b", "gpu": "l4", "gpus": 1}, id="does-not-fit"),
]


@pytest.mark.parametrize("changes", SCENARIOS)
def test_what_a_card_says_below_its_headline_holds_at_most_one_number(changes, tables_on) -> None:
    scenario = replace(DEFAULT, **changes)
    answer = compare(scenario, tables_on(scenario.as_of))
    for shape in answer.shapes:
        said, whole = short.carries(shape, scenario), verdict.condition(shape, scenario)
        assert said.endswith(".")
        if shape.reach is None:
            assert said == whole
            continue
        assert len(NUMBER.findall(said)) <= 1, said
        assert set(NUMBER.findall(said)) <= set(NUMBER.findall(whole)), (said, whole)


def turning(shape, *ends: tuple[float, float]):
    return replace(shape, stretches=tuple(Stretch(start=start, end=end) for start, end in ends))


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ([(0.0, float("inf"))], "Self-hosting is cheaper at any load."),
        ([(0.5, float("inf"))], "Below 1,800 requests/h the API is cheaper."),
        ([(1.0, float("inf"))], "Self-hosting pays from 1 request/s."),
        ([(3.0, float("inf"))], "Self-hosting pays from 3 requests/s."),
        ([(0.1, 0.2), (3.0, float("inf"))], "Self-hosting pays from 3 requests/s."),
        ([(0.0, 2.0), (3.0, float("inf"))], "From 2 requests/s the API is cheaper."),
    ],
)
def test_the_nearest_load_at_which_it_turns_is_named(ends, words, tables_on) -> None:
    shape = compare(DEFAULT, tables_on(DEFAULT.as_of)).shapes[0]
    assert short.carries(turning(shape, *ends), DEFAULT).startswith(words)


def test_hosts_that_agree_are_counted_in_words(tables_on) -> None:
    shape = compare(DEFAULT, tables_on(DEFAULT.as_of)).shapes[0]

    def said(holding: int, ratio: float) -> str:
        reach = replace(shape.reach, hosts=6, holding=holding, median_ratio=ratio)
        return short.carries(replace(shape, reach=reach), DEFAULT)

    assert said(6, 0.5).endswith("Every host says the same.")
    assert said(4, 0.5).endswith("Most hosts say the same.")
    assert said(3, 2.0).endswith("At the median host self-hosting is cheaper.")
    assert said(3, 0.5).endswith("At the median host the API is cheaper.")
    assert said(3, 1.0).endswith("At the median host both cost about the same.")


def test_a_map_of_one_colour_and_of_two_is_told_in_words(tables_on) -> None:
    drawn = compare(DEFAULT, tables_on(DEFAULT.as_of)).map

    def said(ratio):
        return short.map_finding(replace(drawn, host_over_api=drawn.host_over_api * 0 + ratio), DEFAULT)

    assert said(2.0) == "The API is cheaper for every shape that both can serve"
    assert said(0.5) == "Self-hosting is cheaper for every shape that both can serve"
    assert said(float("nan")) == "No shape can be priced on both sides"
    assert short.map_finding(drawn, DEFAULT).startswith("Self-hosting is cheaper for few shapes")


def test_cheaper_hosts_of_both_shapes_are_one_sentence(tables_on) -> None:
    one, other = compare(DEFAULT, tables_on(DEFAULT.as_of)).shapes
    free = replace(one.at_load, host_usd=1e9, host_usd_low=1e9, host_usd_high=1e9)
    dear = replace(one, at_load=free)
    assert short.ways_finding([one, other]) == "Few hosts are cheaper than your own GPUs"
    assert short.ways_finding([dear, other]) == (
        "Cheaper than your own GPUs: A: every host is; B: few hosts are"
    )
    assert short.ways_finding([replace(one, at_load=None), other]) == "Every way to buy it"
