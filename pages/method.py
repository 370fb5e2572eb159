"""Method: how everything is computed, from the docstrings of the formulas themselves."""

from dataclasses import replace

import streamlit as st

from breakeven.comparison import words as verdict
from breakeven.comparison.answer import compare
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
from breakeven.dashboard.terms import terms
from breakeven.question.pages.method import FIELDS, USUAL
from breakeven.views.method import picture
from breakeven.views.method import show as show_method
from breakeven.views.method.docstrings import all_modules, matching
from breakeven.views.method.examples import values_of

# 1. Input
scenario, warnings = open_scenario()
view, more = open_fields(FIELDS, USUAL)
place = st.container()
inputs.scenario_bar(scenario, tables_on(scenario.as_of), money_of(scenario))
scenario = scenario_of_widgets()
view = fields_of_widgets(FIELDS, USUAL)
view = replace(view, find=(view.find or "").strip() or None)
save_scenario(scenario, **FIELDS.write(view))

# 2. Answer
money, tables = money_of(scenario), tables_on(scenario.as_of)
answer = compare(scenario, tables)
modules = all_modules()
lead = picture.lead(sum(len(module.formulas) for module in modules))

# 3. Show
with place:
    blocks.link_warnings([*warnings, *more])
    blocks.header(None, link_to(scenario, **FIELDS.write(view)), title="How is every number computed?")
blocks.problems(answer.problems)
inputs.note_on_money(money)
blocks.answer(lead)
show_method.pictures(picture.roofs_of(answer, terms()), answer)
show_method.formulas(matching(modules, view.find), answer, values_of(answer, tables), money)
show_method.assumed(answer, tables)
show_method.words()
st.caption(blocks.plain(verdict.question(answer, money)))
show_method.sources([sources()[key] for key in answer.source_ids if key in sources()])
cite(answer.source_ids)
