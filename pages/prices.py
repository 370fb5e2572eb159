"""Prices: what a token and a GPU-hour cost, and since when."""

import streamlit as st

from breakeven.dashboard import blocks, inputs
from breakeven.dashboard.bar import Part, bar
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
from breakeven.question.pages.prices import FIELDS, TABS, default_view
from breakeven.views.prices import show as show_prices
from breakeven.views.prices.headline import headline
from breakeven.views.prices.show import sql as show_sql

FILTERS = {
    "API offers": show_prices.offer_filters,
    "What changed": show_prices.change_filters,
    "History": show_prices.history_filters,
    "GPU offers": show_prices.gpu_filters,
}

# 1. Input
scenario, warnings = open_scenario()
default = default_view(scenario.as_of)
view, more = open_fields(FIELDS, default)
view = show_prices.known_gpu(view, tables_on(scenario.as_of))
place = st.container()
tables, money = tables_on(scenario.as_of), money_of(scenario)
parts: list[Part] = [
    ("Prices of", str(scenario.as_of), "Day and money", lambda: inputs.money_inputs(tables, money)),
    ("for", *inputs.model_part(scenario, tables, money)),
]
if view.tab in FILTERS:
    draw = FILTERS[view.tab]
    parts.append(("and the list by", "filter", "Filter", lambda: draw(scenario, tables)))
bar("prices", parts)
scenario, view = scenario_of_widgets(), fields_of_widgets(FIELDS, default)
tables, money = tables_on(scenario.as_of), money_of(scenario)
shape = scenario.shapes["AB".index(view.mix)]

# 2. Answer
linked = show_sql.linked_finding() if view.tab == TABS[-1] else None
asked = (scenario, tables, shape, view.gpu, money)
answer = linked or headline(*asked, terms())

# 3. Show
inputs.note_on_money(money)
blocks.answer(f"{answer}.")
# Side by side on a desk and below each other on a phone, where tabs would run off the screen.
name = st.segmented_control("List", TABS, key="prices_tab", required=True, label_visibility="collapsed")
if name == "API offers":
    show_prices.api_offers(view, scenario, shape, money)
elif name == "What changed":
    show_prices.what_changed(view, scenario, shape, money)
elif name == "History":
    show_prices.price_history(view, scenario, tables, money)
    show_prices.at_a_capability(view, scenario, shape, money)
elif name == "GPU offers":
    show_prices.gpu_offers(view, scenario, tables, money)
elif name == "GPUs":
    show_prices.gpus(scenario, tables, money)
elif name == "Models":
    show_prices.models(scenario, tables)
else:
    show_sql.sql_box()
    show_sql.whole_tables()
if linked is None and terms().is_plain:
    st.caption(blocks.plain(f"{headline(*asked)}."))
show_prices.used_sources(sources())
page = FIELDS.write(fields_of_widgets(FIELDS, default))
save_scenario(scenario, **page)
with place:
    blocks.link_warnings((*warnings, *more))
    blocks.header("What do tokens and GPUs cost?", link_to(scenario, **page))
cite([*(one.source_id for one in tables.api_offers), *(one.source_id for one in tables.gpu_offers)])
