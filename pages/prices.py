"""Prices: what a token and a GPU-hour cost, and since when."""

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
with st.sidebar:
    if view.tab in FILTERS:
        st.markdown(f"**{view.tab}**")
        FILTERS[view.tab](scenario, tables_on(scenario.as_of))
    for title in ("Day and money", "Model and API"):
        box = st.expander(title, key=f"box_{title}", on_change="rerun")
        if box.open:
            with box:
                inputs.BOXES[title](tables_on(scenario.as_of), money_of(scenario))
scenario, view = scenario_of_widgets(), fields_of_widgets(FIELDS, default)
tables, money = tables_on(scenario.as_of), money_of(scenario)
shape = scenario.shapes["AB".index(view.mix)]

# 2. Answer
linked = show_sql.linked_finding() if view.tab == TABS[-1] else None
answer = linked or headline(scenario, tables, shape, view.gpu, money)

# 3. Show
blocks.link_warnings((*warnings, *more))
place = st.container()
inputs.note_on_money(money)
st.subheader(blocks.plain(f"{answer}."), anchor=False)
for name, tab in zip(TABS, st.tabs(TABS, key="prices_tab", on_change="rerun"), strict=True):
    if not tab.open:
        continue
    with tab:
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
show_prices.used_sources(sources())
page = FIELDS.write(fields_of_widgets(FIELDS, default))
save_scenario(scenario, **page)
with place:
    blocks.header("What do a token and a GPU-hour cost, and since when?", link_to(scenario, **page))
cite([*(one.source_id for one in tables.api_offers), *(one.source_id for one in tables.gpu_offers)])
