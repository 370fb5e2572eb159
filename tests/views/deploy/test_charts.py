"""Figures of the Deploy page: valid Plotly, units on the axes, what the hover says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest

from breakeven.question.scenario import Scenario
from breakeven.views.deploy import USUAL, Answer, Placement, deploy
from breakeven.views.deploy import charts as charts_deploy
from breakeven.views.deploy.detail import batch_curve, frontiers, memory_of, roofline, swings
from tests.builders import TODAY

EUROS = {"currency": "EUR", "rate": 0.9}
CASES = {
    "usual": ({}, {}),
    "generation": ({}, {"shape": "b", "drafts": 3}),
    "no target": ({"ttft": None, "tpot": None}, {}),
    "nothing holds": ({"ttft": 0.01}, {}),
    "job": ({"per": "once", "requests": 1e6}, {}),
    "all formats": ({}, {"weights": "fp16,fp8,int8,int4,fp4", "modes": "static,disaggregated"}),
}


@pytest.fixture(scope="module", params=CASES)
def answer(request: Any, tables_on: Any) -> Answer:
    scenario, extra = CASES[request.param]
    day = TODAY
    return deploy(Scenario(as_of=day, **EUROS, **scenario), replace(USUAL, **extra), tables_on(day))


@pytest.fixture
def chosen(answer: Answer) -> Placement:
    assert answer.chosen is not None
    return answer.chosen


def valid(figure: go.Figure) -> go.Figure:
    """The figure as Plotly reads it; raises on anything that it does not know."""
    return go.Figure(figure.to_dict())


def test_memory_bar_is_valid_and_adds_up(answer: Answer, chosen: Placement) -> None:
    memory = memory_of(answer, chosen)
    drawn = valid(charts_deploy.memory_bar(memory))
    assert sum(bar.x[0] for bar in drawn.data) == pytest.approx(memory.total / 1e9)
    assert "[GB]" in drawn.layout.xaxis.title.text


@pytest.mark.parametrize("panel", charts_deploy.PANELS)
def test_batch_panels_mark_the_chosen_batch(answer: Answer, chosen: Placement, panel: str) -> None:
    curve = batch_curve(answer, chosen)
    drawn = valid(
        charts_deploy.batch_panel(curve, panel, answer.scenario, target=0.05, stops=answer.stops_next)
    )
    line, mark = drawn.data
    assert mark.x[0] == chosen.host.batch
    assert len(line.hovertext) == len(curve.batch)
    wanted = {"cost": f"EUR {answer.scenario.load.period}", "throughput": "/s", "ttft": "[s]", "tpot": "[ms]"}
    assert wanted[panel] in drawn.layout.yaxis.title.text
    if panel == "cost":
        assert mark.y[0] == pytest.approx(0.9 * chosen.usd)
    if answer.stops_next:
        assert answer.stops_next in mark.hovertext[0]


@pytest.mark.parametrize("what", ["TPOT", "TTFT"])
def test_frontier_names_what_each_point_is(answer: Answer, what: str) -> None:
    line = frontiers(answer)[what]
    drawn = valid(charts_deploy.cost_against(answer, line, what))
    names = [trace.name for trace in drawn.data]
    assert "frontier, any batch" in names
    assert ("recommended" in names) == answer.holds
    for trace in drawn.data:
        assert all("batch" in text and "€" in text and "TTFT" in text for text in trace.hovertext)
    assert drawn.layout.yaxis.title.text == f"EUR {answer.scenario.load.period}"
    assert len(drawn.layout.xaxis.tickvals) >= 2


def test_roofline_and_tornado_are_valid(answer: Answer, chosen: Placement) -> None:
    drawn = valid(charts_deploy.roofline(roofline(answer, chosen)))
    assert len(drawn.data) == 3
    found = swings(answer, chosen)
    drawn = valid(charts_deploy.tornado(found, chosen.usd, answer.scenario))
    assert [len(bar.y) for bar in drawn.data] == [len(found)] * 2
    low = drawn.data[0]
    assert low.base + low.x[-1] == pytest.approx(found[0].usd_low * 0.9)
