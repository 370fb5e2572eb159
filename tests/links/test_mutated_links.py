"""Spoilt links give an answer or a sentence on every page, and no exception.

Some of 10,000 run with every run of the tests; all of them with ``BREAKEVEN_TEST_LINKS=10000``.
"""

import json
import os
import re
from urllib.parse import parse_qs

import pytest

from breakeven.comparison import short
from breakeven.question.link import decode, encode
from breakeven.question.scenario import Scenario
from tests.builders import open_page
from tests.links import answers
from tests.links.mutations import mutated
from tests.links.test_old_links import PAGES

LINKS = int(os.environ.get("BREAKEVEN_TEST_LINKS", "240"))
PARTS = 4
READ = ("prices", "evidence", "numbers", "method", "articles", "plan", "calibrated")
"""Pages of which a link sets what they show."""
OPENED = ("compare", "deploy", "train", "workload", "prices", "evidence", "numbers", "method", "articles")
NOT_SAID = re.compile(r"\b(nan|inf|None|Traceback|object at 0x)\b|\$-|[\x00-\x08\x0b-\x1f\x7f]")
"""What no sentence of ours says."""
QUOTED = re.compile(r"=?'[^']*'|has .*?, which is not")


def fault(page: str, link: str) -> str | None:
    """What is wrong with the answer of a page to a link; None: nothing."""
    answer = PAGES[page](link) if page in PAGES else answers.answer_fields(page, link)
    warnings = [*answer["warnings"], *answer.get("problems", ())]
    if any(not said.strip() or len(said) > 700 or re.search(r"[\x00-\x1f\x7f]", said) for said in warnings):
        return f"does not say what is wrong in a sentence: {warnings!r}"
    again = decode(answer["scenario"], default=Scenario(as_of=answers.DAY))
    if again.warnings or encode(again.scenario) != answer["scenario"]:
        return f"is not repeated by its own link: {answer['scenario']!r}"
    heads = [shape["headline"] for shape in answer.get("shapes", ())] + [answer.get("recommendation", "-")]
    if any(not head or NOT_SAID.search(head) for head in heads):
        return f"says {heads!r}"
    json.dumps(answer)
    return None


def checked(links: list[tuple[str, str]], pages: tuple[str, ...] | None = None) -> list[str]:
    wrong = []
    for own, link in links:
        for page in pages or (own,):
            try:
                why = fault(page, link)
            except Exception as error:
                why = f"raises {error!r}"
            if why:
                wrong.append(f"{page} {link[:300]!r} {why[:300]}")
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_spoilt_link_is_answered_by_its_page(part: int) -> None:
    assert checked(mutated(part, LINKS // PARTS)) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_spoilt_link_is_read_by_every_other_page(part: int) -> None:
    assert checked(mutated(part, LINKS // PARTS), READ) == []


@pytest.mark.slow
def test_words_of_the_first_screen_are_said_of_every_spoilt_link(tables_on) -> None:
    for _, link in mutated(50, LINKS // PARTS):
        scenario = decode(link, default=Scenario(as_of=answers.DAY)).scenario
        answer = answers.compare(scenario, tables_on(scenario.as_of))
        for shape in answer.shapes:
            said = [short.carries(shape, scenario), *short.facts(shape, answer)]
            assert all(one and not NOT_SAID.search(one) for one in said if one), (link, said)
        assert short.ways_finding(answer.shapes)


@pytest.mark.slow
@pytest.mark.parametrize("page", OPENED)
def test_page_opens_at_spoilt_links_and_shows_their_text_as_text(page: str) -> None:
    found = [link for own, link in mutated(90, 4000) if own == page or own not in OPENED]
    for link in found[: max(1, LINKS // 240)]:
        query = {key: values[0] for key, values in parse_qs(link[1:], keep_blank_values=True).items()}
        app = open_page(page, **query)  # raises where the page does
        kinds = ("markdown", "caption", "warning", "info", "error", "subheader")
        said = [block.value for kind in kinds for block in getattr(app, kind)]
        assert said
        assert not [
            text
            for text in said
            if re.search(r"(?<!\\)<(img|script)|(?<!\\)\*\*bold|\]\(https://example.org", text)
        ]
