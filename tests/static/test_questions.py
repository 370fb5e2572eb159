import re
from datetime import date

import pytest

from breakeven.question.link import encode, short
from breakeven.question.scenario import Scenario
from breakeven.static.places import here, up
from breakeven.static.questions import STARTS, Question, answers, manifest, questions
from breakeven.views.links import TITLES
from tests.builders import ROOT, TODAY

FOUND = {one.folder: one for one in questions(TODAY)}
USUAL = Scenario(as_of=TODAY)


def test_every_page_every_preset_and_both_links_of_the_readme_have_a_page() -> None:
    assert {"", *(page for page in TITLES if page != "compare")} <= set(FOUND)
    assert {"presets/chat", "presets/reasoning", *STARTS} <= set(FOUND)
    linked = re.findall(r"\]\(http://localhost:8501/\?([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert linked == list(STARTS.values())


def test_a_question_has_one_address() -> None:
    assert "presets/classification" not in FOUND  # The usual first shape.
    assert "links/today" not in {one.folder for one in questions(date(2026, 11, 30))}
    assert len({(one.page, one.query) for one in FOUND.values()}) == len(FOUND)


def test_a_link_is_answered_however_it_is_written() -> None:
    home = FOUND[""]
    assert answers(home, "compare", short(USUAL))
    assert answers(home, "compare", encode(USUAL))
    assert answers(home, "compare", f"{short(USUAL)}&claim=x")
    assert answers(FOUND["deploy"], "deploy", short(USUAL))
    assert answers(FOUND["links/article-2023"], "compare", STARTS["links/article-2023"])


@pytest.mark.parametrize(
    "query",
    [
        f"{short(USUAL)}&prompt_a=777",
        f"{short(USUAL)}&prompt_a=4000.0",
        f"{short(USUAL)}&who=me",
        "v=2026-11",  # The day that it is, which no page knows.
        "v=2026-11&as_of=2026-11-22",
        f"{short(USUAL)}&deploy_price=owned",
    ],
)
def test_a_link_that_asks_for_anything_else_is_not(query: str) -> None:
    assert not any(answers(one, "compare", query) for one in FOUND.values())


def test_a_page_is_not_answered_by_another_one() -> None:
    assert not answers(FOUND[""], "deploy", short(USUAL))
    assert not answers(FOUND["deploy"], "deploy", f"{short(USUAL)}&deploy_price=owned")


def test_manifest_holds_what_each_page_asks() -> None:
    told = manifest(tuple(FOUND.values()))
    assert {one["folder"] for one in told["pages"]} == set(FOUND)  # type: ignore[attr-defined,index]
    assert all(one["asked"]["as_of"] for one in told["pages"])  # type: ignore[attr-defined,index]


@pytest.mark.parametrize(
    ("folder", "link", "seen"),
    [
        ("", "./deploy", "./deploy/"),
        ("deploy", "./", "../"),
        ("presets/chat", "./prices", "../../prices/"),
        ("deploy", f"./?{short(USUAL)}", "../"),
        ("articles", f"./?{STARTS['links/article-2023']}&claim=a-b", "../links/article-2023/"),
        ("articles", "./articles?claim=a-b", "../articles/#claim-a-b"),
        ("numbers", "./numbers?numbers_rule=one", "../numbers/#number-one"),
        ("", "./deploy?v=1&gpu=x", "./deploy/?v=1&gpu=x"),
        ("deploy", "https://example.org/deploy", "https://example.org/deploy"),
        ("deploy", "#here", "#here"),
    ],
)
def test_links_of_the_app_lead_to_pages_of_the_site(folder: str, link: str, seen: str) -> None:
    address = here(tuple(FOUND.values()), FOUND[folder])
    assert address(link) == seen


def test_the_way_up_is_as_long_as_the_folder_is_deep() -> None:
    assert [up(folder) for folder in ("", "deploy", "links/today")] == ["./", "../", "../../"]


def test_asked_holds_the_fields_of_the_scenario_and_of_the_page_only() -> None:
    question: Question = FOUND["deploy"]
    assert "deploy_price" in question.asked
    assert "train_goal" not in question.asked
    assert "deploy_price" not in FOUND[""].asked
