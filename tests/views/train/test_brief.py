"""The brief of the Train page: its own sentences, of training and of tuning against prompting."""

from dataclasses import replace

import pytest

from breakeven.comparison.brief import as_html, as_markdown
from breakeven.question.pages.train import USUAL
from breakeven.views.train import words
from breakeven.views.train.answer import train
from breakeven.views.train.brief import brief_of
from breakeven.views.train.prompting import hold_against_prompting
from breakeven.words.numbers import Money
from tests.builders import DEFAULT, TODAY

LINK = "https://breakeven.example/train?v=1"


@pytest.mark.parametrize("goal", ["pretrain", "tune-or-prompt"])
def test_brief_has_the_answer_its_working_its_sources_and_its_link(tables_on, facts_on, goal):
    tables, facts, money = tables_on(TODAY), facts_on(TODAY), Money()
    plan = replace(USUAL, goal=goal)
    answer = train(plan, DEFAULT, tables, facts)
    held = hold_against_prompting(answer, DEFAULT, tables, facts) if plan.tunes else None
    brief = brief_of(answer, held, tables, LINK)
    by_name = {section.heading: section for section in brief.sections}
    first = words.headline(answer, money) if held is None else words.prompting_headline(held, money)
    assert by_name["Answer"].strong == f"{first}."
    assert by_name["Working"].points == tuple(words.basis(answer, money))
    assert {one.source_id for one in by_name["Sources"].sources} >= set(answer.source_ids)
    assert LINK in as_markdown(brief)
    assert LINK in as_html(brief)
