"""Names that a user gives to unknown models, carried by the link."""

from hypothesis import given
from hypothesis import strategies as st

from breakeven.usage.names import LONGEST_NAMED, MOST_NAMED, read_names, write_names

OFFERS = ["openai/gpt-4o", "aws/amazon.nova-lite-v1:0", "x-ai/grok-4"]
MODELS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(st.dictionaries(MODELS, st.sampled_from(OFFERS), max_size=6))
def test_names_come_back_from_a_link(named):
    text = write_names(named)
    assert len(text) <= LONGEST_NAMED
    back, warnings = read_names(text, OFFERS)
    assert not warnings
    # Where the names do not all fit, those that do are whole.
    assert back.items() <= named.items()
    assert back == named or len(text) > LONGEST_NAMED - 400


@given(st.text(max_size=LONGEST_NAMED + 10))
def test_no_text_of_a_link_raises_or_names_an_offer_that_is_none(text):
    named, warnings = read_names(text, OFFERS)
    assert set(named.values()) <= set(OFFERS)
    assert all(warning.endswith(".") and warning.isprintable() for warning in warnings)


def test_more_names_than_a_link_carries_are_counted():
    text = ";".join(f"m{n}=x-ai/grok-4" for n in range(MOST_NAMED + 1))
    named, warnings = read_names(text, OFFERS)
    assert len(named) == MOST_NAMED
    assert warnings == ("The link names 21 models; the first 20 are used.",)
