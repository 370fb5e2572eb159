"""The question of the Compare page as a sentence whose words can be edited."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from breakeven.dashboard import inputs
from breakeven.dashboard.blocks import plain
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables
from breakeven.words.names import shape_name
from breakeven.words.numbers import Money, seconds


def sentence(scenario: Scenario, tables: Tables, money: Money) -> None:
    """What is sent, to whom, how quickly: each part opens what it is made of.

    What is closed is not drawn, so a rerun costs what is open.
    """
    model = tables.models.get(scenario.model)
    wait = "as long as it takes" if scenario.ttft is None else f"at most {seconds(scenario.ttft)}"
    parts: list[tuple[str, str, str, Callable[[], None]]] = [
        ("I send", scenario.load.said(), "Load", lambda: _load(scenario)),
        ("of", shape_name(scenario.shapes.a), "Shape A", lambda: inputs.shape_inputs("a", "Shape A")),
        ("or", shape_name(scenario.shapes.b), "Shape B", lambda: inputs.shape_inputs("b", "Shape B")),
        (
            "to",
            scenario.model if model is None else model.name,
            "Model and API",
            lambda: inputs.model_inputs(tables, money),
        ),
        ("and wait", wait, "Engine and targets", lambda: inputs.engine_inputs(tables, money)),
        ("for the first word. More:", "GPUs", "GPUs", lambda: inputs.gpu_inputs(tables, money)),
        ("", "day and money", "Day and money", lambda: inputs.money_inputs(tables, money)),
    ]
    with st.container(key="sentence", horizontal=True, vertical_alignment="center", gap="small"):
        for words, label, title, draw in parts:
            if words:
                st.markdown(words, width="content")
            box = st.popover(plain(label), width="content", key=f"box_{title}", on_change="rerun")
            if box.open:
                with box:
                    draw()


def _load(scenario: Scenario) -> None:
    inputs.load_inputs()
    if scenario.load.ends:
        inputs.job_buttons()
