"""Deploy: which GPUs, how many, which batch, for one model and one shape at a latency."""

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
from breakeven.dashboard.terms import terms
from breakeven.views.deploy import FIELDS, USUAL, words
from breakeven.views.deploy import inputs as deploy_inputs
from breakeven.views.deploy import show as show_deploy
from breakeven.views.deploy.brief import brief_of

# 1. Input
scenario, warnings = open_scenario()
extra, more = open_fields(FIELDS, USUAL)
money, tables = money_of(scenario), tables_on(scenario.as_of)
place = st.container()
deploy_inputs.sentence(scenario, extra, tables, money)
scenario = scenario_of_widgets()
extra = fields_of_widgets(FIELDS, USUAL)
page = FIELDS.write(extra)
save_scenario(scenario, **page)

# 2. Answer
answer = show_deploy.answered(scenario, extra)
money, tables = money_of(scenario), tables_on(scenario.as_of)
title, link = "Which GPUs, and how many?", link_to(scenario, **page)

# 3. Show
with place:
    blocks.link_warnings((*warnings, *more))
    blocks.header(None, link, title=title, brief=partial(brief_of, answer, tables, link))
inputs.note_on_money(money)
show_deploy.recommendation(answer, money)
show_deploy.ranking(answer, money)
show_deploy.memory(answer)
show_deploy.details(answer)
show_deploy.evidence(answer, sources())
st.caption(blocks.plain(words.question(answer, terms())))
cite(words.source_ids(answer))
