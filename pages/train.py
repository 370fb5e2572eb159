"""Train: what pre-training or tuning costs, what holds it, and from when tuning pays."""

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
from breakeven.views.train.prompting import hold_against_prompting
from breakeven.views.train.show import training_facts_on
from breakeven.views.train.words import question

# 1. Input
scenario, warnings = open_scenario()
plan, more = open_fields(FIELDS, USUAL)
tables, money = tables_on(scenario.as_of), money_of(scenario)
with st.sidebar:
    goal = train_inputs.goal_input()
    train_inputs.work_inputs(goal, tables)
    if goal == "tune-or-prompt":
        train_inputs.prompting_inputs(tables)
    for title, draw in {
        "Budget and time": train_inputs.question_inputs,
        "GPUs and price": train_inputs.gpu_inputs,
        "Memory": lambda *_: train_inputs.memory_inputs(goal),
        "Owned GPUs and energy": train_inputs.owned_inputs,
        "Day and money": inputs.money_inputs,
    }.items():
        box = st.expander(title, key=f"box_{title}", on_change="rerun")
        if box.open:
            with box:
                draw(tables, money)
scenario = scenario_of_widgets()
plan = fields_of_widgets(FIELDS, USUAL)
page = FIELDS.write(plan)
save_scenario(scenario, **page)

# 2. Answer
tables, facts = tables_on(scenario.as_of), training_facts_on(scenario.as_of)
money = money_of(scenario)
blocks.link_warnings([*warnings, *more])
try:
    answer = train(plan, scenario, tables, facts)
except Unplaceable as reason:
    blocks.header("What does training cost?", link_to(scenario, **page))
    st.error(blocks.plain(str(reason)), icon=":material/block:")
    st.stop()
tuned = hold_against_prompting(answer, scenario, tables, facts) if plan.tunes else None
held = tuned if asks_for_prompting(plan) else None

# 3. Show
blocks.header(question(answer, money), link_to(scenario, **page))
show_train.headline(answer, held, money)
blocks.problems([*answer.problems, *(held.problems if held else ())])
inputs.note_on_money(money)
if held is not None:
    show_train.prompting_block(answer, held, money)
show_train.memory_block(answer)
show_train.curves_block(answer, money)
show_train.working(answer, money)
show_train.runs_block(answer, money)
if tuned is not None:
    show_train.api_tuning_block(tuned, money, answer)
show_train.numbers_block(answer)
show_train.sources(answer, held, facts, sources())
cite([*answer.source_ids, *(held.source_ids if held else ())])
