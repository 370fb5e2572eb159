"""Articles: do the published claims hold?"""

import streamlit as st

from breakeven.dashboard import blocks, inputs
from breakeven.dashboard.session import (
    fields_of_widgets,
    link_to,
    open_fields,
    open_scenario,
    save_scenario,
    scenario_of_widgets,
    sources,
)
from breakeven.question.pages.articles import FIELDS, USUAL
from breakeven.views.articles import show as show_articles
from breakeven.views.articles.conclusions import tally
from breakeven.views.articles.documents import parts_of
from breakeven.views.articles.judge import judge
from breakeven.views.articles.show import article_claims, article_facts

# 1. Input
scenario, warnings = open_scenario()
view, more = open_fields(FIELDS, USUAL)
with st.sidebar:
    show_articles.filters()
    inputs.day_input()
scenario = scenario_of_widgets()

# 2. Answer
judged = judge(article_claims(), article_facts(scenario.as_of))

# 3. Show
blocks.link_warnings((*warnings, *more))
heading = st.container()
st.subheader(blocks.plain(tally(judged)), anchor=False)
chosen = show_articles.choose_document()
view = fields_of_widgets(FIELDS, USUAL)
save_scenario(scenario, **FIELDS.write(view))
with heading:
    blocks.header("Do the published claims hold?", link_to(scenario, **FIELDS.write(view)))
here = [one for one in judged if one.claim.document in parts_of(chosen)]
finding = show_articles.document(chosen, here, article_facts(scenario.as_of))
show_articles.claims(here, chosen, view.verdict)
show_articles.sources(here, finding, sources())
