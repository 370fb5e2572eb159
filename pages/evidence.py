"""Evidence: how wrong the model is, on every measured row, and how to correct it with your own runs."""

import streamlit as st

from breakeven.dashboard import blocks
from breakeven.dashboard.saving import cite
from breakeven.dashboard.session import (
    fields_of_widgets,
    link_to,
    open_fields,
    open_scenario,
    save_scenario,
    scenario_of_widgets,
    tables_on,
)
from breakeven.question.pages.evidence import FIELDS, USUAL
from breakeven.views.evidence import show as show_evidence

# 1. Input
scenario, warnings = open_scenario()
_, more = open_fields(FIELDS, USUAL)
found = show_evidence.gathered()
place = st.container()
show_evidence.sentence(found)
scenario = scenario_of_widgets()
view = fields_of_widgets(FIELDS, USUAL)
page = FIELDS.write(view)
save_scenario(scenario, **page)

# 2. Answer
with place:
    blocks.link_warnings((*warnings, *more))
    blocks.header("How wrong are the estimates?", link_to(scenario, **page))
show_evidence.answer(found)

# 3. Show
show_evidence.proof(found, view)
show_evidence.reached()
show_evidence.apart(found, view)
show_evidence.own_runs(tables_on(scenario.as_of), scenario)
cite(row.source_id for row in found.benchmarks.values())
