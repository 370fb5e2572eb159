"""Short links: what they leave out means the same for ever."""

import hashlib
from dataclasses import fields, replace
from datetime import date
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.comparison.answer import compare
from breakeven.paths import DATA
from breakeven.question.asked import read_ids, read_link
from breakeven.question.fields import pairs_of
from breakeven.question.link import SCENARIO_FIELDS, Decoded, decode, encode, short
from breakeven.question.pages import (
    articles,
    capacity,
    deploy,
    evidence,
    method,
    numbers,
    prices,
    train,
    workload,
)
from breakeven.question.scenario import LIMITS, Scenario, show_value
from breakeven.question.versions import NEWEST, versions
from tests.builders import DEFAULT, TODAY
from tests.question.test_link import scenarios

PAGES = {
    page.FIELDS.prefix: (page.FIELDS, getattr(page, "USUAL", None) or prices.default_view(TODAY))
    for page in (articles, capacity, deploy, evidence, method, numbers, prices, train, workload)
}
OF_A_DAY = ("as_of", "prices_since")
"""Fields whose usual value moves with the day: every short link writes them."""
OTHER_DEFAULT = replace(
    DEFAULT, as_of=date(2027, 1, 1), model="llama-2-70b", gpus=8, ttft=None, currency="EUR", requests=9.0
)


def some(codec, field, usual):
    """Values of a page's field."""
    limit = codec.limits.get(field.name) or LIMITS.get(field.name)
    if isinstance(usual, bool):
        return st.booleans()
    if isinstance(usual, date):
        return st.dates(date(2023, 1, 1), date(2040, 12, 31))
    if limit and limit.choices:
        return st.sampled_from(limit.choices)
    if isinstance(usual, int):
        return st.integers(int(limit.low), int(min(limit.high, 10**9)))
    if isinstance(usual, float):
        return st.floats(limit.low, min(limit.high, 1e9), allow_nan=False)
    return st.just(usual)


@st.composite
def of_pages(draw):
    """A page's codec with values that it may have."""
    codec, usual = PAGES[draw(st.sampled_from(sorted(PAGES)))]
    values = {
        field.name: draw(some(codec, field, getattr(usual, field.name)) | st.just(getattr(usual, field.name)))
        for field in fields(codec.holds)
    }
    try:
        return codec, usual, replace(usual, **values)
    except ValueError:
        return codec, usual, usual


@settings(deadline=None, max_examples=80)
@given(scenarios())
def test_a_scenario_comes_back_from_its_short_link(scenario):
    assert decode(short(scenario), default=OTHER_DEFAULT) == Decoded(scenario=scenario, warnings=())


@settings(deadline=None, max_examples=80)
@given(scenarios(), of_pages())
def test_what_a_page_adds_comes_back_from_its_short_link(scenario, page):
    codec, usual, values = page
    link = "https://breakeven.example/x?" + short(scenario, codec.write(values))
    read, warnings = codec.read(dict(pairs_of(link)), default=usual)
    assert (replace(usual, **read), warnings) == (values, [])
    assert decode(link, default=OTHER_DEFAULT) == Decoded(scenario=scenario, warnings=())


def test_the_usual_question_is_a_day_and_a_version():
    pages = {key: text for codec, usual in PAGES.values() for key, text in codec.write(usual).items()}
    assert short(DEFAULT) == f"v={NEWEST}&as_of=2026-11-21"
    assert short(DEFAULT, pages) == f"v={NEWEST}&as_of=2026-11-21&prices_since={pages['prices_since']}"


@pytest.mark.usefixtures("built")
def test_a_short_link_keeps_its_answer_when_a_default_changes(monkeypatch):
    before = compare(*_asked(short(DEFAULT)))
    old = Scenario.__init__.__kwdefaults__
    monkeypatch.setattr(
        Scenario.__init__,
        "__kwdefaults__",
        {**old, "model": "llama-3.1-8b", "prompt_a": 900, "requests": 7.0},
    )
    assert Scenario(as_of=TODAY).model == "llama-3.1-8b"
    after = compare(*_asked(f"v={NEWEST}&as_of=2026-11-21"))
    assert after.scenario == before.scenario == DEFAULT
    assert [one.at_load for one in after.shapes] == [one.at_load for one in before.shapes]


def _asked(link):
    asked = read_link(link)
    assert asked.warnings == ()
    return asked.scenario, asked.tables


def test_a_short_link_that_says_no_day_tells_so():
    decoded = decode(f"v={NEWEST}", default=OTHER_DEFAULT)
    assert decoded.warnings == ("The link leaves out as_of; the usual values are used.",)
    assert decoded.scenario == replace(DEFAULT, as_of=OTHER_DEFAULT.as_of)


@pytest.mark.parametrize("version", sorted(versions()))
def test_every_version_says_every_field_as_links_write_it(version, connection):
    codecs = [(SCENARIO_FIELDS, DEFAULT), *PAGES.values()]
    keys = {key for codec, _ in codecs for key in codec.keys}
    assert keys - set(OF_A_DAY) == set(versions()[version])
    known = {name: getattr(read_ids(connection), name) for name in SCENARIO_FIELDS.nouns}
    for codec, usual in codecs:
        read, warnings = codec.read(
            versions()[version], default=usual, known=known if codec is SCENARIO_FIELDS else None
        )
        assert warnings == []
        for name, value in read.items():
            assert show_value(value) == versions()[version][codec.prefix + name]


def test_newest_version_is_what_a_visitor_starts_from():
    """A changed default needs a version of its own in data/link_versions.csv."""
    usual = dict(parse_qsl(encode(DEFAULT))) | {
        key: text for codec, values in PAGES.values() for key, text in codec.write(values).items()
    }
    assert {key: text for key, text in usual.items() if key not in ("v", *OF_A_DAY)} == versions()[NEWEST]


def test_rows_of_a_version_are_never_changed():
    lines = (DATA / "link_versions.csv").read_text(encoding="utf-8").splitlines()[:131]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert digest.startswith("8180ae09f842dbd7"), "shared links rest on these rows: add a version"
