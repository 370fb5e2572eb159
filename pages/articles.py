"""Articles: do the published claims hold?"""

import streamlit as st

from breakeven.dashboard import blocks, inputs
from breakeven.dashboard.saving import cite
from breakeven.dashboard.session import (
    CLAIM,
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
from breakeven.views.articles.conclusions import standings
from breakeven.views.articles.documents import parts_of
from breakeven.views.articles.show import article_claims, article_facts
from breakeven.views.articles.standing import check

# 1. Input
scenario, warnings = open_scenario()
view, more = open_fields(FIELDS, USUAL)
scenario = scenario_of_widgets()
facts = article_facts(scenario.as_of)

# 2. Answer
checked = check(article_claims(), facts)

# 3. Show
blocks.link_warnings((*warnings, *more))
heading = st.container()
blocks.answer(standings(checked))
if asked := st.query_params.get(CLAIM):
    show_articles.one_claim(asked, checked, facts.day)
else:
    show_articles.overview(checked)
chosen = show_articles.choose_document()
here = [one for one in checked if one.claim.document in parts_of(chosen)]
judged = [one.judged for one in here]
with st.expander("What it comes to, derived for its day and for the day of the prices"):
    finding = show_articles.document(chosen, judged, facts)
    inputs.day_input()
show_articles.choose_standing()
view = fields_of_widgets(FIELDS, USUAL)
save_scenario(scenario, **FIELDS.write(view))
with heading:
    blocks.header("Do the published claims hold?", link_to(scenario, **FIELDS.write(view)))
show_articles.claims(here, chosen, view.verdict, facts.day)
show_articles.proof(chosen, judged, facts)
show_articles.sources(judged, finding, sources())
cite([*(one.claim.source_id for one in judged), *finding.source_ids])
