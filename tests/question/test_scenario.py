"""What a scenario refuses."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields, replace
from datetime import date, timedelta

import pytest

from breakeven.formulas.mode import Mode
from breakeven.question import parts
from breakeven.question.kinds import CacheFormat, PriceKind, WeightFormat
from breakeven.question.parts import Shape
from breakeven.question.scenario import LIMITS, FieldName, Refused, Scenario, show_value
from tests.builders import DEFAULT

RANGES = {name: limit for name, limit in LIMITS.items() if not limit.choices and name != "as_of"}
CHOICES = {name: limit for name, limit in LIMITS.items() if limit.choices}
TOKENS = ("prompt", "completion", "cached")
WHOLE = {"gpus", "batch", "prompt_a", "completion_a", "cached_a", "prompt_b", "completion_b", "cached_b"}


def roomy(name, value):
    """Change one field, and the prompt with its cached part, so that only the limit is at stake."""
    changes = {name: value}
    for letter in "ab":
        if name == f"cached_{letter}":
            changes[f"prompt_{letter}"] = 2_000_000
    return replace(DEFAULT, **changes)


def edge(name, value):
    return int(value) if name in WHOLE else value


def test_limits_only_name_fields_that_exist():
    assert set(LIMITS) <= {field.name for field in fields(Scenario)}


def test_every_number_of_a_scenario_has_limits():
    limited = {f.name for f in fields(Scenario) if "int" in str(f.type) or "float" in str(f.type)}
    assert limited == set(RANGES)


@pytest.mark.parametrize("name", sorted(RANGES))
def test_smallest_value_is_allowed_and_the_next_below_is_refused_by_name(name):
    low = edge(name, RANGES[name].low)
    assert getattr(roomy(name, low), name) == low
    below = low - 1 if name in WHOLE else math.nextafter(low, -math.inf)
    with pytest.raises(ValueError, match=rf"^{name} must lie between .*, got {show_value(below)}$"):
        roomy(name, below)


@pytest.mark.parametrize("name", sorted(set(RANGES) - {"cached_a", "cached_b"}))
def test_largest_value_is_allowed_and_the_next_above_is_refused_by_name(name):
    high = edge(name, RANGES[name].high)
    assert getattr(roomy(name, high), name) == high
    above = high + 1 if name in WHOLE else math.nextafter(high, math.inf)
    with pytest.raises(ValueError, match=rf"^{name} must lie between .*, got .*"):
        roomy(name, above)


@pytest.mark.parametrize("name", sorted(RANGES))
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(name, bad):
    with pytest.raises(ValueError, match=rf"^{name} must lie between .*, got {bad}$"):
        roomy(name, bad)


def test_messages_write_limits_as_people_do():
    with pytest.raises(ValueError, match=r"^prompt_a must lie between 1 and 2,000,000, got 2000001$"):
        replace(DEFAULT, prompt_a=2_000_001)
    with pytest.raises(
        ValueError, match=r"^requests must lie between 0\.000001 and 1,000,000,000,000, got 0$"
    ):
        replace(DEFAULT, requests=0.0)


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_each_choice_is_allowed_and_another_is_refused_by_name(name):
    for choice in CHOICES[name].choices:
        assert getattr(replace(DEFAULT, **{name: choice}), name) == choice
    with pytest.raises(ValueError, match=rf"^{name} must be one of .*, got fp17$"):
        replace(DEFAULT, **{name: "fp17"})


def test_days_without_prices_are_refused():
    for first, outside in (
        (date(2023, 1, 1), timedelta(days=-1)),
        (date(2040, 12, 31), timedelta(days=1)),
    ):
        assert replace(DEFAULT, as_of=first).as_of == first
        with pytest.raises(ValueError, match="as_of must lie between 2023-01-01 and 2040-12-31, got 20"):
            replace(DEFAULT, as_of=first + outside)


@pytest.mark.parametrize("letter", ["a", "b"])
def test_a_prompt_cannot_be_cached_to_its_last_token(letter):
    prompt = {f"prompt_{letter}": 100}
    assert replace(DEFAULT, **prompt, **{f"cached_{letter}": 99})
    with pytest.raises(
        ValueError, match=rf"cached_{letter} must be less than prompt_{letter} \(100\), got 100"
    ):
        replace(DEFAULT, **prompt, **{f"cached_{letter}": 100})


def test_targets_and_batch_may_be_left_open():
    free = replace(DEFAULT, ttft=None, tpot=None, batch=None)
    assert (free.ttft, free.tpot, free.batch) == (None, None, None)


def test_the_two_shapes_come_from_their_own_fields():
    scenario = replace(
        DEFAULT, prompt_a=11, completion_a=12, cached_a=10, prompt_b=21, completion_b=22, cached_b=20
    )
    assert scenario.shapes == (
        Shape(prompt_tokens=11, completion_tokens=12, cached_tokens=10),
        Shape(prompt_tokens=21, completion_tokens=22, cached_tokens=20),
    )


def test_defaults_are_the_ones_the_design_states():
    # design.md, "Defaults a sceptic would accept": 50 % busy, TTFT 2 s, TPOT 50 ms, 0.90 of the memory,
    # median on-demand offer, no overhead.
    assert (DEFAULT.utilisation, DEFAULT.ttft, DEFAULT.tpot, DEFAULT.usable) == (0.5, 2.0, 0.05, 0.9)
    assert (DEFAULT.gpu_price_type, DEFAULT.gpu_offer, DEFAULT.api) == ("on-demand", "median", "cheapest")
    assert (DEFAULT.overhead_percent, DEFAULT.overhead_month) == (0, 0)


def test_a_scenario_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        DEFAULT.gpus = 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "yes"),
        (False, "no"),
        (2.0, "2"),
        (0.05, "0.05"),
        (1_000_000, "1000000"),
        (date(2026, 11, 21), "2026-11-21"),
        ("fp8", "fp8"),
    ],
)
def test_values_are_written_as_links_have_them(value, text):
    assert show_value(value) == text


PARTS = {
    "load": parts.Load,
    "served": parts.Model,
    "hardware": parts.Hardware,
    "targets": parts.Targets,
    "money": parts.Money,
}


def test_every_field_of_a_scenario_is_in_one_part_or_is_the_day_the_api_or_a_shape():
    alone = ["as_of", "api", "resellers", *(f"{name}_{x}" for name in TOKENS for x in "ab")]
    in_parts = [field.name for part in PARTS.values() for field in fields(part)]
    assert sorted(in_parts + alone) == sorted(field.name for field in fields(Scenario))


@pytest.mark.parametrize(("name", "kind"), PARTS.items())
def test_a_part_has_the_values_of_its_scenario(name, kind):
    scenario = replace(
        DEFAULT, requests=7.0, per="month", gpus=4, batch=9, usable=0.7, currency="EUR", rate=0.9
    )
    part = getattr(scenario, name)
    assert type(part) is kind
    assert {f.name: getattr(part, f.name) for f in fields(kind)} == {
        f.name: getattr(scenario, f.name) for f in fields(kind)
    }


def test_what_is_refused_can_be_said_with_other_names_of_the_fields():
    with pytest.raises(Refused) as refused:
        replace(DEFAULT, prompt_a=100, cached_a=100)
    assert refused.value.said({"prompt_a": "prompt"}) == "cached_a must be less than prompt (100), got 100"
    assert (
        Refused(FieldName("a"), "must not be a").said({"a": "b", "must not be a": "c"}) == "b must not be a"
    )


def test_words_of_a_scenario_are_kinds_whoever_gives_them():
    words = replace(DEFAULT, precision="int4", kv_precision="fp8", mode="static", gpu_price_type="spot")
    kinds = (words.precision, words.kv_precision, words.mode, words.gpu_price_type)
    assert [type(one) for one in kinds] == [WeightFormat, CacheFormat, Mode, PriceKind]
    assert [show_value(one) for one in kinds] == ["int4", "fp8", "static", "spot"]
    assert words == replace(
        DEFAULT,
        precision=WeightFormat.INT4,
        kv_precision=CacheFormat.FP8,
        mode=Mode.STATIC,
        gpu_price_type=PriceKind.SPOT,
    )
