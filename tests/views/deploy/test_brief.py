"""The brief of the Deploy page: its own sentences, whatever it recommends."""

from dataclasses import replace

import pytest

from breakeven.comparison.brief import as_html, as_markdown
from breakeven.views.deploy import USUAL, deploy, words
from breakeven.views.deploy.brief import brief_of
from tests.builders import DEFAULT, TODAY

LINK = "https://breakeven.example/deploy?v=1"


@pytest.mark.parametrize(
    "changes", [{}, {"ttft": 0.01}, {"model": "kimi-k3", "gpu": "l4", "gpus": 1}, {"per": "once"}]
)
def test_brief_has_the_answer_its_working_its_sources_and_its_link(tables_on, changes):
    tables = tables_on(TODAY)
    answer = deploy(replace(DEFAULT, **changes), USUAL, tables)
    brief = brief_of(answer, tables, LINK)
    by_name = {section.heading: section for section in brief.sections}
    assert by_name["Answer"].strong == words.recommendation(answer)
    assert words.question(answer) in by_name["Question"].lines
    assert [one.source_id for one in by_name["Sources"].sources] == words.source_ids(answer)
    if answer.chosen is not None:
        assert words.price_sentence(answer, answer.scenario.money) in by_name["Answer"].points
        assert by_name["Memory of one replica"].points
    assert LINK in as_markdown(brief)
    assert LINK in as_html(brief)


def test_name_that_a_visitor_typed_is_no_markup_in_it(tables_on):
    tables = tables_on(TODAY)
    typed = replace(USUAL, gpu=True, gpu_name="<b>zq</b>**zq**", gpu_usd=0.01, gpu_memory=300.0)
    brief = brief_of(deploy(DEFAULT, typed, tables), tables, LINK)
    assert "zq" in as_html(brief)
    assert "<b>zq" not in as_html(brief)
    assert "**zq**" not in as_markdown(brief)
