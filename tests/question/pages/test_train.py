"""The plan's link: everything round trips, nothing raises."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.question.link import LONGEST_LINK, encode
from breakeven.question.pages.train import FIELDS, LIMITS, SHROTT, SHROTT_SCENARIO, Fields
from breakeven.question.scenario import Scenario


def test_every_field_returns_from_a_link_as_it_was():
    for plan in (Fields(), SHROTT, Fields(params_b=671, active_b=37, tokens_b=None, mfu=0.4)):
        values, warnings = FIELDS.read(FIELDS.write(plan), default=Fields())
        assert warnings == []
        assert Fields(**values) == plan


@given(st.dictionaries(st.sampled_from(FIELDS.keys), st.text(max_size=30)))
@settings(max_examples=25)
def test_no_link_raises(link):
    values, warnings = FIELDS.read(link, default=Fields())
    assert len(values) + len(warnings) == len(link)


def test_link_of_the_page_stays_short():
    scenario = Scenario(**SHROTT_SCENARIO)
    pairs = "&".join(f"{key}={value}" for key, value in FIELDS.write(SHROTT).items())
    assert len(f"{encode(scenario)}&{pairs}") < LONGEST_LINK - 60  # an address before it


def test_every_limit_belongs_to_a_field():
    assert set(LIMITS) <= {field.name for field in fields(Fields)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mfu": 1.01}, "mfu must lie between 0.001 and 1, got 1.01"),
        ({"goal": "distil"}, "goal must be one of pretrain, tune, tune-or-prompt, got distil"),
        ({"zero": 4}, "zero must lie between 0 and 3, got 4"),
        ({"active_b": 7.0}, "active_b is only read together with params_b"),
        ({"active_b": 8.0, "params_b": 7.0}, r"active_b must be at most params_b \(7\), got 8"),
        ({"tokens_b": float("nan")}, "tokens_b must lie between"),
    ],
)
def test_plan_that_no_formula_is_valid_for_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        Fields(**change)
