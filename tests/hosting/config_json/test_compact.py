"""A typed-in model in a link."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.hosting import model_shape
from breakeven.hosting.config_json import from_link, read_config, to_link
from breakeven.question.pages.deploy import LONGEST_MODEL
from tests.builders import TODAY
from tests.hosting.config_json import configs
from tests.hosting.config_json.test_read import FP16

ALL = {name: value for name, value in vars(configs).items() if name.isupper()}


@pytest.mark.parametrize("name", ALL)
def test_model_comes_back_from_its_link_text(name: str) -> None:
    model = read_config(json.dumps(ALL[name])).model
    assert model is not None
    text = to_link(model)
    assert len(text) <= LONGEST_MODEL
    assert text.isascii()
    assert from_link(text) == (model, None)


def test_every_model_of_the_table_fits_into_a_link(tables_on: Any) -> None:
    for model in tables_on(TODAY).models.values():
        text = to_link(model)
        assert len(text) <= LONGEST_MODEL
        back, problem = from_link(text)
        if back is None:  # nobody states its parameters
            assert problem is not None
            assert not model.totals_checked


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has 1 parts; it must have 5"),
        ("a;GQA;bf16;1;l80", "hidden is missing"),
        ("a;GQA;bf16;1;l80-x9", "'x9', which is no dimension"),
        ("a;GQA;bf16;1;l0", "n_layers 0, which cannot be"),
        ("a;GQA;bf16;1;l8.5", "n_layers 8.5, which cannot be"),
        ("a;XXX;bf16;1;l1-d8-f8-m3-h1-k1-w8-v8-t0-c8", "names no attention"),
        ("a;MLA;bf16;1;l1-d8-f8-m3-h1-k1-w8-v8-t0-c8", "latent attention needs its four dimensions"),
        ("a;MHA;bf16;1;l1-d8-m3-h1-k1-w8-v8-t0-c8", "ffn_dim is missing"),
        ("a;MHA;bf16;0;l1-d8-f8-m3-h1-k1-w8-v8-t0-c8", "the number of parameters is missing"),
        ("a;MHA;bf16;1;l2-d8-f8-m3-h1-k1-w8-v8-t0-c8-a0-b1-s4", "do not add up to 2"),
        ("a;MHA;bf16;1;l1-d8-f8-m3-h1-k1-w8-v8-t0-c8-a0-b1", "sliding_window is missing"),
        ("a;MHA;bf16;1;l1-d8-f8-m3-h1-k1-w8-v8-t0-c8-E4-K5-F8", "more experts or dense layers"),
    ],
)
def test_damaged_text_gives_one_sentence(text: str, sentence: str) -> None:
    model, problem = from_link(text)
    assert model is None
    assert problem is not None
    assert sentence in problem


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(
        st.text(max_size=5),
        st.sampled_from(["MHA", "GQA", "MQA", "MLA", "x"]),
        st.sampled_from(["bf16", "fp8", "y"]),
        st.sampled_from(["0", "1", "2"]),
        st.lists(
            st.tuples(st.sampled_from("ldfmhkwvtcEKSFDRQNPVsabnTA"), st.integers(0, 10**9)).map(
                lambda pair: f"{pair[0]}{pair[1]}"
            ),
            max_size=30,
        ).map("-".join),
    ).map(";".join)
)
def test_no_link_text_raises_and_what_is_read_can_be_placed(text: str) -> None:
    model, problem = from_link(text)
    assert (model is None) == (problem is not None)
    if model is not None:
        assert model_shape(model, FP16, 2.0).weights_bytes > 0
