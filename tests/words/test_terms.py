"""Both layers of words say the same numbers, each in its own words only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.words.terms import EXPERT, PLAIN, TERMS, Layer, Terms

FIELD = re.compile(r"\b(TTFT|TPOT|replicas?|prefill|decode|KV cache|compute-bound|bandwidth-bound)\b", re.I)
EVERYDAY = re.compile(r"first word|tokens a second|cop(y|ies) of the model|(read|writ)ing the", re.I)
TIMES = st.floats(1e-5, 1e6)


def said(words: Terms, first: float, pace: float, n: int) -> list[str]:
    """Everything that a layer can say about one deployment."""
    return [
        words.first(first),
        words.pace(pace),
        words.first_range(first, first / 2, first * 2),
        words.pace_range(pace, pace / 2, pace * 2),
        words.first_within(first),
        words.pace_within(pace),
        words.replicas(n),
        words.copies(n),
        *(words.bound(by) for by in ("compute", "bandwidth")),
        *(words.limit(stops) for stops in ("the TPOT target", "the TTFT target", "full memory")),
        *(words.ttft, words.tpot, words.wait, words.speed, words.prefill, words.decode, words.kv_cache),
    ]


@given(TIMES, TIMES, st.integers(1, 10_000))
def test_neither_layer_uses_the_words_of_the_other(first: float, pace: float, n: int) -> None:
    assert not [text for text in said(PLAIN, first, pace, n) if FIELD.search(text)]
    assert not [text for text in said(EXPERT, first, pace, n) if EVERYDAY.search(text)]


@given(st.floats(1e-3, 500))
def test_pace_is_the_time_of_a_token_turned_round(pace: float) -> None:
    told = float(PLAIN.pace(pace).removesuffix(" tokens a second").replace(",", ""))
    assert told * pace == pytest.approx(1, rel=0.05)


@given(st.floats(1e-3, 10), st.floats(0.3, 1), st.floats(1, 3))
def test_range_of_the_pace_holds_the_pace(pace: float, low: float, high: float) -> None:
    told = PLAIN.pace_range(pace, pace * low, pace * high).replace(",", "")
    middle, *ends = (float(n) for n in re.findall(r"[\d.]+", told))
    assert not ends or ends[0] <= middle <= ends[1]


def test_every_layer_has_its_words() -> None:
    assert set(TERMS) == set(Layer)
    assert all(TERMS[layer].layer == layer for layer in Layer)
