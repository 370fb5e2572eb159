"""The page's fields in a link."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.hosting.config_json import read_config, to_link
from breakeven.question.link import LONGEST_LINK, encode
from breakeven.question.pages.deploy import LIMITS
from breakeven.question.scenario import Scenario
from breakeven.views.deploy import FIELDS, USUAL, Fields
from tests.builders import TODAY
from tests.hosting.config_json import configs


def test_usual_fields_come_back() -> None:
    values, warnings = FIELDS.read(FIELDS.write(USUAL), default=USUAL)
    assert warnings == []
    assert replace(USUAL, **values) == USUAL


NUMBERS = {
    name: st.floats(limit.low, limit.high, allow_nan=False)
    for name, limit in LIMITS.items()
    if not limit.choices and name not in ("prompt", "completion", "drafts")
}


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Fields,
        shape=st.sampled_from(["a", "b", "own"]),
        prompt=st.integers(1, 2_000_000),
        drafts=st.integers(0, 16),
        weights=st.sampled_from(["none", "fp16", "int8,fp4"]),
        modes=st.sampled_from(["none", "static,disaggregated"]),
        gpu=st.booleans(),
        **NUMBERS,
    )
)
def test_any_fields_come_back(extra: Fields) -> None:
    values, warnings = FIELDS.read(FIELDS.write(extra), default=USUAL)
    assert warnings == []
    assert replace(USUAL, **values) == extra


def test_longest_link_stays_below_the_limit() -> None:
    model = read_config(json.dumps(configs.DEEPSEEK_V3 | {"sliding_window": None})).model
    assert model is not None
    extra = Fields(
        shape="own",
        prompt=1_999_999,
        completion=1_999_999,
        hit=99.875,
        weights="fp16,fp8,int8,int4,fp4",
        cache="fp16,fp8",
        modes="continuous,static,disaggregated",
        price="owned",
        buy=123456.78,
        resale=23456.78,
        watts=1234.5,
        drafts=16,
        gpu=True,
        gpu_name="Ω" * 24,  # two bytes each, six characters in a link
        gpu_bandwidth=12345.6,
        gpu_fp8=12345.6,
        gpu_fp4=12345.6,
        gpu_link=12345.6,
        model=to_link(replace(model, name="W" * 40)),
    )
    scenario = Scenario(
        as_of=TODAY,
        model="llama-4-maverick",
        api="together/meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",
        gpu_offer="coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20",
    )
    link = f"http://localhost:8501/deploy?{encode(scenario)}&{urlencode(FIELDS.write(extra))}"
    assert len(link) < LONGEST_LINK


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("shape", "c", "shape must be one of a, b, own"),
        ("hit", "100", "hit must lie between 0 and 99.9"),
        ("pue", "0.5", "pue must lie between 1 and 5"),
        ("drafts", "many", "drafts must be a whole number"),
        ("gpu", "maybe", "gpu must be yes or no"),
    ],
)
def test_bad_value_gives_one_sentence_and_the_usual_one(name: str, value: str, sentence: str) -> None:
    values, warnings = FIELDS.read({f"deploy_{name}": value}, default=USUAL)
    assert values == {}
    assert len(warnings) == 1
    assert sentence in warnings[0]


def test_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="weights must be some of fp16, fp8, int8, int4, fp4, got fp2"):
        Fields(weights="fp8,fp2")


def test_every_number_has_limits() -> None:
    plain = {"weights", "cache", "modes", "gpu", "gpu_name", "model"}
    assert {item.name for item in fields(Fields)} == plain | set(LIMITS)
