"""Claims as cards: each has an address, leads to its number, and shows text as text."""

import re
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from breakeven.tables import queries
from breakeven.views.articles import cards, strip
from breakeven.views.articles.judge import amount
from breakeven.views.articles.show import no_such
from breakeven.views.articles.standing import check
from breakeven.views.links import asks_this, shown_at
from tests.builders import TODAY, open_page, plain, texts

HOSTILE = ["<img src=x onerror=1>", "**x**", "[a](b)", "$1$", ":red[x]", "`x`", "</script><b>", '"><i>']


@pytest.fixture(scope="module")
def checked(connection, facts):
    return check(queries.claims(connection), facts)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


def tags_of(html: str) -> _Tags:
    parser = _Tags()
    parser.feed(html)
    return parser


OURS = {"article", "p", "h4", "dl", "dt", "dd", "div", "a"}


def test_every_card_says_what_was_said_by_whom_and_how_it_stands(checked):
    for one in checked:
        text = unescape(cards.card(one, TODAY))
        for part in (one.claim.claim, one.claim.quoted, one.claim.explanation, str(one.standing)):
            assert part in text, one.claim.claim_id
        assert re.search(r"20\d\d|Chinese version", cards.said_by(one)), one.claim.claim_id


def test_every_card_has_an_address_and_every_number_a_link_to_where_it_is_computed(checked):
    for one in checked:
        parser = tags_of(cards.card(one, TODAY))
        assert parser.tags <= OURS
        assert f"./articles?claim={one.claim.claim_id}" == parser.links[-1]
        if one.judged.value is None:
            continue
        shown = shown_at(one.claim.page, one.claim.link)
        query = dict(parse_qsl(urlsplit(parser.links[0]).query))
        assert query.pop("claim") == one.claim.claim_id
        assert asks_this(shown, query), one.claim.claim_id


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_row_is_text(checked, text):
    claim = replace(checked[0].claim, claim=text, quoted=text, explanation=text, section=text)
    one = replace(checked[0], judged=replace(checked[0].judged, claim=claim))
    assert tags_of(cards.card(one, TODAY)).tags <= OURS
    assert text in unescape(cards.card(one, TODAY))


def _strip() -> None:
    import streamlit as st

    from breakeven.views.articles.show import claim_strip

    claim_strip(st.session_state["page"])


def strip_on(page: str, **query: str) -> AppTest:
    app = AppTest.from_function(_strip, default_timeout=60)
    app.session_state["page"] = page
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    shown = [block.value for block in app.get("html") if "claim-strip" in block.value]
    return unescape(
        re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]*>", "", " ".join(shown), flags=re.S)
    )


def test_strip_says_the_number_that_the_page_of_the_card_computes(checked):
    """Every claim that has a number, on the page that its card leads to."""
    for one in checked:
        if one.judged.value is None:
            continue
        shown = shown_at(one.claim.page, one.claim.link)
        parts = strip.sentence(one, shown.page, dict(parse_qsl(shown.query)))
        assert parts[1:3] == ["here ", f"={amount(one.judged.value, one.claim.unit)}"], one.claim.claim_id
        assert f"“{one.claim.claim}: {one.claim.quoted}”" in parts[0]


def test_strip_is_drawn_with_the_number_and_its_mark(checked):
    one = next(one for one in checked if one.claim.claim_id == "sanger-decode-rate")
    shown = shown_at(one.claim.page, one.claim.link)
    app = strip_on(shown.page, **dict(parse_qsl(shown.query)), claim=one.claim.claim_id)
    assert "20 July 2023): here 18.57 tokens/s. ✓ holds: it reproduces. The claim" in said(app)
    assert "18.57142857" in app.get("html")[1].value


def test_strip_says_when_the_page_asks_something_else(checked):
    one = next(one for one in checked if one.claim.claim_id == "numbers-kv-16")
    shown = shown_at(one.claim.page, one.claim.link)
    query = dict(parse_qsl(shown.query)) | {"claim": one.claim.claim_id}
    for page, changed in (("train", {}), ("deploy", {"batch": "4"}), ("deploy", {"deploy_prompt": "9"})):
        text = said(strip_on(page, **(query | changed)))
        assert "recomputed 6.711 GB" in text
        assert "This page asks something else now. See it computed on Deploy" in text


@pytest.mark.parametrize("text", [*HOSTILE, "", "sanger", "x" * 5000, "\x00\u202e", "claim"])
def test_unknown_claim_gets_one_sentence_of_text(text):
    app = strip_on("compare", claim=text)
    assert said(app) == ""
    assert len(app.warning) == 1
    assert plain(app.warning[0].value).startswith("There is no claim '")
    assert "<" not in re.sub(r"\\<", "", app.warning[0].value)


@given(st.text(max_size=40))
def test_no_text_in_place_of_a_claim_raises(text):
    assert no_such(text).startswith("There is no claim ")


def test_claim_in_a_link_changes_no_answer_and_stays_in_the_address():
    without = open_page("compare", as_of=str(date(2026, 11, 21)))
    for claim in ("sanger-layers", "nothing"):
        app = open_page("compare", as_of="2026-11-21", claim=claim)
        unknown = "There is no claim 'nothing'"
        told = [line for line in texts(app).splitlines() if unknown not in line]
        assert told == texts(without).splitlines()
        assert app.query_params["claim"] == claim
        assert {k: v for k, v in app.query_params.items() if k != "claim"} == dict(
            without.query_params.items()
        )


def test_claim_of_the_address_is_the_first_card_and_opens_its_document():
    app = open_page("articles", claim="numbers-kv-16")
    first = next(block.value for block in app.get("html") if 'class="claims' in block.value)
    assert "KV cache of a 13B model, 16 sequences of 512 tokens" in first
    assert app.session_state["articles_document"] == "numbers"
    app.segmented_control(key="articles_document").select("shrott").run()
    assert app.session_state["articles_document"] == "shrott"
    assert app.query_params["claim"] == "numbers-kv-16"
