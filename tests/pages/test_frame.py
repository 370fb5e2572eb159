"""The frame: which words a visitor reads, and what stays the same in both."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.builders import AS_TESTED, headings, headline, open_page, plain, texts
from tests.words.test_terms import EVERYDAY, FIELD

LINK = {"v": "1", "as_of": "2026-11-21"}
DECIDING = ("compare", "deploy", "train", "workload", "prices", "evidence", "method")
"""Pages whose first sentence has two layers, or is the same in both."""


def opened(page: str, layer: str, **link: str) -> AppTest:
    """Open a page in one layer of words."""
    return open_page(page, {"frame_words": layer}, **(LINK | link))


def test_a_stranger_reads_plain_words() -> None:
    app = open_page("deploy", {**dict.fromkeys(AS_TESTED, False), "frame_words": "plain"}, **LINK)
    assert "copies of the model" in headline(app)
    assert open_page("compare", {"frame_words": "plain"}).button_group(key="frame_words").value == "plain"


@pytest.mark.parametrize("page", DECIDING)
def test_the_first_sentence_needs_no_word_of_the_field(page: str) -> None:
    assert not FIELD.search(headline(opened(page, "plain")))


@pytest.mark.parametrize("page", ["compare", "deploy", "evidence"])
def test_no_sentence_mixes_the_layers(page: str) -> None:
    app = open_page(page, {"frame_words": "plain", "why_box": True}, **LINK)
    told = [sentence for line in texts(app).splitlines() for sentence in re.split(r"(?<=[.:;]) ", line)]
    assert not [one for one in told if FIELD.search(one) and EVERYDAY.search(one)]


@pytest.mark.parametrize("page", ["compare", "deploy"])
def test_the_switch_changes_words_and_neither_link_nor_bill(page: str) -> None:
    app = opened(page, "plain")
    link = dict(app.query_params)
    bills = re.findall(r"[$][\d.,]+ a month", " ".join(headings(app)))
    app.session_state["frame_words"] = "expert"
    app.run()
    assert not app.exception
    assert dict(app.query_params) == link
    assert "frame_words" not in link
    assert bills
    assert bills == re.findall(r"[$][\d.,]+ a month", " ".join(headings(app)))
    assert FIELD.search(texts(app))


def test_a_name_that_sounds_like_a_term_stays_as_its_owner_wrote_it() -> None:
    link = {"deploy_gpu": "yes", "deploy_gpu_name": "TTFT replica", "deploy_gpu_usd": "0.01"} | {
        "deploy_gpu_memory": "300"
    }
    app = opened("deploy", "plain", **link)
    assert "TTFT replica" in app.dataframe[0].value.to_csv()


def reached(app: AppTest) -> str:
    """What a page says of the nearest that can be reached."""
    return next(text for one in app.warning if (text := plain(one.value)).startswith("No deployment reaches"))


@pytest.mark.parametrize("target", [{"ttft": "0.01"}, {"tpot": "0.0005"}])
def test_a_target_that_nothing_holds_is_told_in_the_reader_s_words(target: dict[str, str]) -> None:
    told = {layer: reached(opened("deploy", layer, **target)) for layer in ("plain", "expert")}
    assert FIELD.search(told["expert"])
    assert not FIELD.search(told["plain"])


@pytest.mark.parametrize("page", [*DECIDING, "articles", "numbers"])
def test_a_page_has_one_title(page: str) -> None:
    assert len(opened(page, "plain").title) == 1
