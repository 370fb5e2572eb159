"""Compare: API or self-hosting, for a prompt-heavy and a generation-heavy shape."""

import streamlit as st

from breakeven.comparison import words as verdict
from breakeven.comparison.answer import Comparison, compare
from breakeven.dashboard import blocks, embed, inputs, look
from breakeven.dashboard.saving import cite
from breakeven.dashboard.session import (
    CLAIM,
    keep_widgets,
    link_to,
    money_of,
    open_scenario,
    presets,
    save_scenario,
    scenario_of_widgets,
    sources,
    tables_on,
)
from breakeven.views.compare import inputs as compare_inputs
from breakeven.views.compare import show
from breakeven.words.numbers import Money


def page() -> None:
    """The question and its answer."""
    # 1. Input
    keep_widgets()  # where this part runs alone, the frame does not
    scenario, warnings = open_scenario()
    if embed.asked():
        embed.card(scenario, warnings)
        st.stop()
    money = money_of(scenario)
    tables = tables_on(scenario.as_of)
    place = st.container()
    compare_inputs.sentence(scenario, tables, money)
    scenario = scenario_of_widgets()
    save_scenario(scenario)

    # 2. Answer
    answer = compare(scenario, tables_on(scenario.as_of))
    money = money_of(scenario)
    st.set_page_config(page_title=f"{verdict.headline(answer.shapes[0], scenario)} · Breakeven")

    # 3. Show
    with place:
        blocks.link_warnings(warnings)
        blocks.header(None, link_to(scenario), title="LLM API, or your own GPUs?", of_comparison=True)
    blocks.problems(answer.problems)
    inputs.note_on_money(money)
    show.verdicts(answer)
    left, right = st.columns(2, gap="large")
    with left:
        show.cost_map(answer, list(presets().values()))
    with right:
        show.every_way(answer)
    boxes(answer, money)
    cite(answer.source_ids)


@st.fragment
def boxes(answer: Comparison, money: Money) -> None:
    """What stands behind the answer; a box that is opened draws the boxes again and nothing else."""
    show.reasons(answer, money)
    show.volume(answer)
    show.working(answer, money)
    for number, shape in enumerate(answer.shapes):
        show.rankings("AB"[number], shape, answer.scenario)
    show.sources(answer, sources(), answer.scenario)


# A widget runs again what it changes; the strip of a claim stands outside of it and follows the question.
(page if CLAIM in st.query_params else st.fragment(page))()
look.tour()
show.doors()
