"""Logic of the Articles page: the verdict first, one document at a time, filters, the link."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape

import pytest
import streamlit as st
from duckdb import DuckDBPyConnection
from streamlit.testing.v1 import AppTest

from breakeven.dashboard import session
from breakeven.question.link import SCENARIO_FIELDS
from breakeven.question.pages.articles import DOCUMENTS
from breakeven.question.scenario import Scenario
from breakeven.tables import queries
from breakeven.views.articles import conclusions
from breakeven.views.articles.facts import read_facts
from breakeven.views.articles.judge import judge
from breakeven.views.articles.standing import check
from tests.builders import open_page, texts
from tests.views.articles.conftest import edited  # noqa: F401

DAY = "2026-11-21"


def cards(app: AppTest) -> str:
    """Everything that the page says, its cards among it."""
    blocks = (block.value for block in app.get("html"))
    told = " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", block, flags=re.DOTALL) for block in blocks)
    return f"{texts(app)} {unescape(told)}"


def run(day: str = DAY, **link: str) -> AppTest:
    """Open the page with a whole scenario of a day and the page's own fields."""
    scenario = SCENARIO_FIELDS.write(Scenario(as_of=date.fromisoformat(day)))
    return open_page("articles", **({"v": "1"} | scenario | link))


@pytest.fixture
def take_tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[DuckDBPyConnection], None]]:
    """Let the pages read other tables, and forget all of it afterwards."""

    def take(connection: DuckDBPyConnection) -> None:
        st.cache_resource.clear()
        monkeypatch.setitem(session._shared, "connection", connection)

    yield take
    st.cache_resource.clear()


def test_page_opens_with_the_overall_verdict(connection) -> None:
    checked = check(queries.claims(connection), read_facts(connection, date.fromisoformat(DAY)))
    app = run()
    assert app.header[0].value.replace("\\", "") == conclusions.standings(checked)


@pytest.mark.parametrize("document", list(DOCUMENTS))
def test_every_document_opens_by_link_with_its_conclusion(document: str, connection) -> None:
    app = run(articles_document=document, articles_verdict="all")
    assert not app.warning
    facts = read_facts(connection, date.fromisoformat(DAY))
    judged = judge(queries.claims(connection), facts)
    if document == "sanger":
        assert conclusions.sanger(facts).sentence in texts(app)
    shown = cards(app)
    for one in judged:
        if one.claim.document.startswith(document):
            assert one.claim.claim in shown, one.claim.claim_id


@pytest.mark.parametrize(
    ("document", "values"),
    [
        (
            "sanger",
            ["327,680 B", "156 tokens", "2,857", "0.0004297", "18.57", "0.06611", "2.867 s", "20.14 s"],
        ),
        ("shrott", ["$168,000", "$7,600", "$84", "$189.58", "$167,810", "$7,410.42"]),
        (
            "cost-formula",
            ["$1,059,115", "267.4×", "$283.24 million", "2.092 s·h/$", "$0.01795", "400× too high"],
        ),
        ("numbers", ["0.8192 MB", "0.9462 million", "10.8×", "25×", "$5.16 million"]),
    ],
)
def test_numbers_that_must_come_out_are_on_the_page(document: str, values: list[str]) -> None:
    shown = cards(run(articles_document=document))
    for value in values:
        assert value in shown.replace("$0.9462 million", "0.9462 million"), value


def test_filter_lists_only_that_verdict_and_reaches_the_link() -> None:
    app = run(articles_document="shrott", articles_verdict="all")
    app.segmented_control(key="articles_verdict").select("wrong").run()
    assert not app.exception
    assert app.query_params["articles_verdict"] == "wrong"
    shown = texts(app)
    assert "What is wrong: 2" in shown
    assert "What holds" not in shown


@pytest.mark.parametrize(("verdict", "count"), [("rounds", 1), ("reproduces", 12), ("held then, not now", 6)])
def test_verdicts_of_old_links_and_standings_filter(verdict: str, count: int) -> None:
    app = run(articles_document="shrott", articles_verdict=verdict)
    assert not app.warning
    shown = sum(len(re.findall(r'<article class="claim ', block.value)) for block in app.get("html"))
    assert shown == count


def test_list_holds_every_claim_that_is_shown() -> None:
    link = {"articles_document": "shrott", "articles_verdict": "wrong"}
    app = open_page("articles", {"list_box": True}, **link)
    frame = next(table.value for table in app.dataframe if "standing" in table.value)
    assert set(frame["claim"]) == {
        "Bill at GPT-4, as the conclusion presents it",
        "Bill at GPT-3.5 Turbo, as the conclusion presents it",
    }


def test_document_chosen_on_the_page_reaches_the_link() -> None:
    app = run()
    app.segmented_control(key="articles_document").select("shrott").run()
    assert not app.exception
    assert app.query_params["articles_document"] == "shrott"
    assert "$189.58 adds up" in texts(app)


def test_verdict_without_a_claim_says_so() -> None:
    app = run(articles_document="numbers", articles_verdict="wrong")
    assert "What is wrong" in texts(app)
    app = run(articles_document="nothing", articles_verdict="maybe")
    assert len(app.warning) == 2
    assert "document must be one of" in app.warning[0].value.replace("\\", "")


@pytest.mark.parametrize("day", ["2023-01-01", "2040-01-01"])
def test_day_without_prices_still_answers(day: str) -> None:
    assert f"for {day} it cannot be said" in texts(run(day))


def test_appendix_lists_all_runs_and_flags_the_misprint() -> None:
    app = open_page("articles", {"proof_box": True, "appendix_box": True})
    frame = next(table.value for table in app.dataframe if "Flag" in table.value)
    assert len(frame) == 28
    assert list(frame.loc[frame["Flag"] != "", "Run"]) == [22]
    assert frame.loc[21, "TTFT [s], printed"] == 3015
    assert frame.loc[21, "TTFT [s], recomputed"] == 3.015
    assert {"Completion time [s]", "$ per 1K prompt, recomputed", "$ per 1K completion, printed"} <= set(
        frame
    )


def test_every_document_follows_an_edited_copy_of_the_tables(
    take_tables: Callable[[DuckDBPyConnection], None],
    connection: DuckDBPyConnection,
    edited: DuckDBPyConnection,  # noqa: F811
) -> None:
    said = []
    for tables in (connection, edited):
        take_tables(tables)
        app = run()
        for document in DOCUMENTS:
            app.segmented_control(key="articles_document").select(document).run()
            assert not app.exception
            conclusion = next(block.value for block in app.expander[0].markdown)
            said.append((app.header[0].value, conclusion, cards(app)))
    for before, after in zip(said[: len(DOCUMENTS)], said[len(DOCUMENTS) :], strict=True):
        assert all(first != second for first, second in zip(before, after, strict=True)), (before, after)
