"""Compare: API or self-hosting, for a prompt-heavy and a generation-heavy shape."""

import streamlit as st

from breakeven.comparison import words as verdict
from breakeven.comparison.answer import compare
from breakeven.dashboard import blocks, inputs
from breakeven.dashboard.session import (
    link_to,
    money_of,
    open_scenario,
    presets,
    save_scenario,
    scenario_of_widgets,
    sources,
    tables_on,
)
from breakeven.views.compare import show

# 1. Input
scenario, warnings = open_scenario()
money = money_of(scenario)
tables = tables_on(scenario.as_of)
with st.sidebar:
    inputs.shape_inputs("a", "Shape A")
    inputs.shape_inputs("b", "Shape B")
    inputs.load_inputs()
    if scenario.load.ends:
        inputs.job_buttons()
    # Closed boxes are not drawn: a rerun costs what is open.
    for title, draw in inputs.BOXES.items():
        box = st.expander(title, key=f"box_{title}", on_change="rerun")
        if box.open:
            with box:
                draw(tables, money)
scenario = scenario_of_widgets()
save_scenario(scenario)

# 2. Answer
answer = compare(scenario, tables_on(scenario.as_of))
money = money_of(scenario)

# 3. Show
blocks.link_warnings(warnings)
blocks.header(verdict.question(answer, money), link_to(scenario))
blocks.problems(answer.problems)
inputs.note_on_money(money)
show.verdicts(answer)
left, right = st.columns(2, gap="large")
with left:
    show.cost_map(answer, list(presets().values()))
with right:
    show.volume(answer)
show.reasons(answer)
show.working(answer, money)
for number, shape in enumerate(answer.shapes):
    show.rankings("AB"[number], shape, scenario)
show.sources(answer, sources(), scenario)
