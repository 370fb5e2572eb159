"""Links as chats and mail programs deliver them."""

from dataclasses import fields, replace
from datetime import date
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.question.link import PAGE_KEYS, SCENARIO_FIELDS, Decoded, KnownIds, decode, encode, short
from breakeven.question.scenario import Scenario
from breakeven.question.sent import additions, as_written, is_added
from breakeven.question.versions import versions

pytestmark = pytest.mark.quick

DEFAULT = Scenario(as_of=date(2026, 11, 30))
SENT = replace(DEFAULT, model="qwen3-8b", requests=50, ttft=0.5)
KNOWN = KnownIds(model={DEFAULT.model, SENT.model}, api=(), gpu=(), gpu_offer=(), engine=())


def quoted_printable(link):
    return link.replace("=", "=3D")


# Each is a public report about a tool whose links carry its state.
DELIVERED = {
    "slack-events-49-escapes-the-ampersand": lambda link: escape(link),
    "angular-linkify-26-escapes-it-twice": lambda link: escape(escape(link)),
    "gophish-2474-quoted-printable": quoted_printable,
    "rx-player-759-outlook-escapes-the-query": lambda link: link[:2] + quote(link[2:], safe=""),
    "rx-player-759-outlook-escapes-all-of-it": lambda link: quote(link, safe=""),
    "buildbuddy-8662-full-stop": lambda link: link + ".",
    "postal-115-bracket": lambda link: link + ")",
    "markdown-in-bold": lambda link: link + "**",
    "in-quotation-marks": lambda link: link + "”,",
    "broken-over-two-lines": lambda link: link[:-4] + "%0A" + link[-4:],
    "zero-width-space": lambda link: link + "\u200b",
    "fourth-calculator-5-facebook": lambda link: link + "&fbclid=IwAR0lS65QV",
    "newsletter": lambda link: link + "&utm_source=mail&utm_campaign=a%20b&mc_cid=1",
    "newsletter-in-html": lambda link: escape(link + "&utm_source=mail&utm_medium=x"),
}


@pytest.mark.parametrize("write", [encode, short])
@pytest.mark.parametrize("deliver", DELIVERED.values(), ids=DELIVERED)
def test_a_link_that_was_changed_on_its_way_is_read_as_it_was_written(write, deliver):
    assert decode(deliver(write(SENT)), default=DEFAULT, known=KNOWN).scenario == SENT


@pytest.mark.parametrize("deliver", DELIVERED.values(), ids=DELIVERED)
def test_a_changed_link_is_said_once_and_an_added_parameter_is_not_worth_a_word(deliver):
    said = decode(deliver(encode(SENT)), default=DEFAULT, known=KNOWN).warnings
    # "0." is a number as it stands.
    silent = ("fourth-calculator-5-facebook", "newsletter", "buildbuddy-8662-full-stop")
    assert len(said) == (0 if deliver in [DELIVERED[name] for name in silent] else 1)


@pytest.mark.parametrize("id_", ["a b", "a.", "a)"])
def test_a_name_that_exists_is_read_as_it_stands(id_):
    scenario = replace(DEFAULT, model=id_)
    known = replace(KNOWN, model={id_, "ab", "a"})
    assert decode(encode(scenario), default=DEFAULT, known=known) == Decoded(scenario=scenario, warnings=())


def test_a_name_with_a_mark_behind_it_is_read_with_a_sentence():
    found = decode(
        {"v": "2026-11", "as_of": "2026-11-30", "model": "qwen3-8b)."}, default=DEFAULT, known=KNOWN
    )
    assert found.scenario.model == "qwen3-8b"
    assert found.warnings == ("The link has model='qwen3-8b).'; qwen3-8b is read.",)


def test_a_name_that_is_nobody_s_without_its_mark_either_is_refused_as_it_came():
    found = decode(
        {"v": "2026-11", "as_of": "2026-11-30", "model": "none-such)."}, default=DEFAULT, known=KNOWN
    )
    assert "model='none-such).'" in found.warnings[0]
    assert found.scenario.model == DEFAULT.model


def test_a_parameter_of_nobody_s_is_still_named():
    assert "'utmost'" in decode(encode(SENT) + "&utmost=1", default=DEFAULT).warnings[0]


def test_no_parameter_of_ours_is_taken_for_an_added_one():
    of_pages = {key for values in versions().values() for key in values}
    assert not [key for key in {"v", *PAGE_KEYS, *SCENARIO_FIELDS.keys, *of_pages} if is_added(key)]


def test_no_addition_is_listed_twice():
    assert len(set(additions())) == len(additions())


def test_a_statement_keeps_its_last_bracket_and_its_spaces():
    pairs = [("v", "2026-11"), ("prices_sql", "SELECT count(*)  FROM (SELECT 1)")]
    assert as_written(pairs) == (pairs, "")


keys = st.sampled_from([field.name for field in fields(Scenario)])


@given(st.lists(st.tuples(keys, st.text("az09-./ ", min_size=1))))
def test_a_link_that_came_through_is_left_as_it_is(pairs):
    assert as_written(pairs) == (pairs, "")


@given(st.lists(st.tuples(st.text() | st.just("amp;v") | st.just("v"), st.text("3D&=;.) a"))))
def test_no_parameters_raise_and_none_is_made_up(pairs):
    found, _ = as_written(pairs)
    assert "".join(text for _, text in found).count("a") <= "".join(map("".join, pairs)).count("a")
