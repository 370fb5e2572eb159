"""Train: what pre-training or tuning costs, what holds it, and from when tuning pays."""

from functools import partial

import streamlit as st

from breakeven.dashboard import blocks, inputs
from breakeven.dashboard.saving import cite
from breakeven.dashboard.session import (
    fields_of_widgets,
    link_to,
    money_of,
    open_fields,
    open_scenario,
    save_scenario,
    scenario_of_widgets,
    sources,
    tables_on,
)
from breakeven.hosting import Unplaceable
from breakeven.question.pages.train import FIELDS, USUAL
from breakeven.views.train import inputs as train_inputs
from breakeven.views.train import show as show_train
from breakeven.views.train.answer import asks_for_prompting, train
from breakeven.views.train.brief import brief_of
from breakeven.views.train.prompting import hold_against_prompting
from breakeven.views.train.show import training_facts_on
from breakeven.views.train.words import question

# 1. Input
scenario, warnings = open_scenario()
plan, more = open_fields(FIELDS, USUAL)
tables, money = tables_on(scenario.as_of), money_of(scenario)
place = st.container()
train_inputs.sentence(scenario, plan, tables, money)
scenario = scenario_of_widgets()
plan = fields_of_widgets(FIELDS, USUAL)
page = FIELDS.write(plan)
save_scenario(scenario, **page)

# 2. Answer
tables, facts = tables_on(scenario.as_of), training_facts_on(scenario.as_of)
money = money_of(scenario)
title, link = "What does training cost?", link_to(scenario, **page)
with place:
    blocks.link_warnings([*warnings, *more])
try:
    answer = train(plan, scenario, tables, facts)
except Unplaceable as reason:
    with place:
        blocks.header(None, link, title=title)
    st.error(blocks.plain(str(reason)), icon=":material/block:")
    st.stop()
tuned = hold_against_prompting(answer, scenario, tables, facts) if plan.tunes else None
held = tuned if asks_for_prompting(plan) else None
with place:
    blocks.header(None, link, title=title, brief=partial(brief_of, answer, held, tables, link))

# 3. Show
show_train.headline(answer, held, money)
blocks.problems([*answer.problems, *(held.problems if held else ())])
inputs.note_on_money(money)
if held is not None:
    show_train.prompting_block(answer, held, money)
show_train.curves_block(answer, money)
show_train.memory_block(answer)
show_train.working(answer, money)
show_train.runs_block(answer, money)
if tuned is not None:
    show_train.api_tuning_block(tuned, money, answer)
show_train.numbers_block(answer)
show_train.sources(answer, held, facts, sources())
st.caption(blocks.plain(question(answer, money)))
cite([*answer.source_ids, *(held.source_ids if held else ())])
