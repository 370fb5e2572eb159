"""Fields that a page adds to a link: what is written comes back, and nothing that is read raises."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.question.fields import LinkFields
from breakeven.question.scenario import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """Stands for what a page adds."""

    tokens: float = 1e12
    days: int | None = None
    method: str = "full"
    restart: bool = True


CODEC = LinkFields(
    holds=Extra,
    prefix="train_",
    limits={
        "tokens": Limit(low=1, high=1e15),
        "days": Limit(low=1, high=1000),
        "method": Limit(choices=("full", "lora")),
    },
)
extras = st.builds(
    Extra,
    tokens=st.floats(1, 1e15),
    days=st.none() | st.integers(1, 1000),
    method=st.sampled_from(["full", "lora"]),
    restart=st.booleans(),
)


@given(extras)
@settings(deadline=None, max_examples=100)
def test_fields_come_back_from_their_link(extra: Extra) -> None:
    assert CODEC.read(CODEC.write(extra), default=Extra()) == (
        {"tokens": extra.tokens, "days": extra.days, "method": extra.method, "restart": extra.restart},
        [],
    )


def test_every_parameter_carries_the_prefix_of_the_page() -> None:
    assert list(CODEC.write(Extra())) == ["train_tokens", "train_days", "train_method", "train_restart"]


@given(st.dictionaries(st.sampled_from(CODEC.keys) | st.text(), st.text()))
@settings(deadline=None, max_examples=200)
def test_no_link_raises(link: dict[str, str]) -> None:
    values, _ = CODEC.read(link, default=Extra())
    Extra(**values)


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("train_days", "0", "days must lie between 1 and 1,000; none is used instead"),
        ("train_days", "many", "days must be a whole number; none is used instead"),
        ("train_method", "qlora", "method must be one of full, lora; full is used instead"),
        ("train_tokens", "none", "tokens must be a number; 1000000000000 is used instead"),
    ],
)
def test_bad_value_gets_one_sentence(key: str, text: str, sentence: str) -> None:
    values, warnings = CODEC.read({key: text}, default=Extra())
    assert values == {}
    assert warnings == [f"The link has {key}='{text}': {sentence}."]


def test_unknown_parameter_under_the_prefix_is_named() -> None:
    _, warnings = CODEC.read({"train_bogus": "1", "other": "1"}, default=Extra())
    assert warnings == ["The link has 'train_bogus', which is not a field of its page; it is ignored."]
