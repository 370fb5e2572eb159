"""Numbers: what every LLM developer should know, as said in 2023 and as of the scenario's day."""

from dataclasses import replace
from typing import Literal

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
from breakeven.question.pages.numbers import FIELDS, USUAL
from breakeven.views import numbers as rules_of_thumb
from breakeven.views.numbers import show as show_numbers
from breakeven.views.numbers.show import rule_tables_on

# 1. Input
scenario, warnings = open_scenario()
view, more = open_fields(FIELDS, USUAL)
heading = st.container()
inputs.scenario_bar(scenario, tables_on(scenario.as_of), money_of(scenario))
top = st.container()
left, right = st.columns([2, 5], vertical_alignment="center")
hidden: Literal["collapsed"] = "collapsed"
left.text_input(
    "Find", key="numbers_find", placeholder="Find: cache, training, GPT-4 …", label_visibility=hidden
)
right.pills("Part", rules_of_thumb.PARTS, key="numbers_part", label_visibility=hidden)
scenario = scenario_of_widgets()
view = fields_of_widgets(FIELDS, USUAL)
view = replace(view, find=(view.find or "").strip() or None)
save_scenario(scenario, **FIELDS.write(view))

# 2. Answer
money = money_of(scenario)
answer = compare(scenario, tables_on(scenario.as_of))
facts = rules_of_thumb.Facts(
    scenario=scenario,
    tables=tables_on(scenario.as_of),
    rows=rule_tables_on(scenario.as_of),
    answer=answer,
    money=money,
)
rules = rules_of_thumb.all_rules(facts)
chosen = rules_of_thumb.matching(rules, find=view.find, part=view.part, only=view.rule)
alone = view.rule is not None and [rule.rule_id for rule in chosen] == [view.rule]
lead, question = rules_of_thumb.headline(rules), verdict.question(answer, money)

# 3. Show
with heading:
    blocks.link_warnings([*warnings, *more])
    blocks.header("Which numbers should every LLM developer know?", link_to(scenario, **FIELDS.write(view)))
with top:
    inputs.note_on_money(money)
    blocks.answer(lead)
    if len(chosen) == len(rules):
        show_numbers.moves(rules, money)
if view.rule is not None:
    show_numbers.all_numbers(view.rule, rules)
show_numbers.rules_list(chosen, money, scenario, known=sources(), alone=alone)
st.caption(blocks.plain(f"Computed for: {question}"))
show_numbers.downloads(chosen, money, lead=lead, question=question, known=sources())
show_numbers.sources(chosen, sources())
cite(key for rule in chosen for key in rule.source_ids)
