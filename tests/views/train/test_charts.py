"""Figures of the Train page: colours by meaning, units on the axes, nothing missing in words."""

import numpy as np
import plotly.graph_objects as go
import pytest

from breakeven.question.pages.train import SHROTT, SHROTT_SCENARIO, Fields
from breakeven.question.scenario import Scenario
from breakeven.views.train import charts as charts_train
from breakeven.views.train.prompting import hold_against_prompting
from breakeven.words.numbers import Money
from tests.builders import DEFAULT
from tests.views.train.conftest import ask, facts_on  # noqa: F401

# look.md, "Colour": Okabe–Ito, by meaning.
SELF_HOSTED, API, MEASURED = "#0072B2", "#D55E00", "#009E73"
YEN = Money(currency="JPY", rate=150.0)


def texts(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


@pytest.fixture
def prompting(ask, tables_on, facts_on):  # noqa: F811
    def held(plan: Fields, scenario: Scenario):
        answer = ask(scenario, **{f: getattr(plan, f) for f in plan.__dataclass_fields__})
        return hold_against_prompting(answer, scenario, tables_on(scenario.as_of), facts_on(scenario.as_of))

    return held


def test_memory_bar_adds_up_to_what_one_gpu_holds(ask):  # noqa: F811
    answer = ask(goal="tune", method="full")
    figure = charts_train.memory_bar(answer)
    assert sum(bar.x[0] for bar in figure.data) == pytest.approx(answer.memory.total / 1e9)
    assert figure.layout.xaxis.title.text == "GB on each GPU"
    assert texts(figure) == ["capacity 80 GB", "usable 72 GB"]


def test_memory_beyond_the_capacity_is_still_on_the_axis(ask):  # noqa: F811
    answer = ask(goal="tune", sequence=200_000)
    figure = charts_train.memory_bar(answer)
    assert figure.layout.xaxis.range[1] > answer.memory.total / 1e9 > 80


def test_published_runs_are_green_dots_at_the_same_price(ask):  # noqa: F811
    answer = ask(usd_per_gpu_hour=2.0)
    figure = charts_train.cost_against_tokens(answer, YEN)
    (dots,) = [trace for trace in figure.data if trace.marker.color == MEASURED]
    hours = [run.run.gpu_hours for run in answer.runs if run.run.gpu_hours is not None]
    assert np.array(dots.y) == pytest.approx(np.array(hours) * 2 * 150)
    assert figure.layout.yaxis.title.text == "JPY for the run"
    assert all(text.startswith("JP¥") for text in figure.layout.yaxis.ticktext)
    assert any("DeepSeek-V3" in text and "2.79M H800 hours" in text for text in dots.hovertext)


def test_tuning_shows_no_pretraining_runs(ask):  # noqa: F811
    figure = charts_train.cost_against_tokens(ask(goal="tune"), YEN)
    assert not [trace for trace in figure.data if trace.marker.color == MEASURED]


def test_range_of_the_mfu_encloses_the_line(ask):  # noqa: F811
    low, high, mid, _ = charts_train.days_against_gpus(ask()).data
    assert (np.array(low.y) < np.array(mid.y)).all()
    assert (np.array(mid.y) < np.array(high.y)).all()


def test_short_training_is_drawn_in_hours(ask):  # noqa: F811
    answer = ask(goal="tune")
    figure = charts_train.days_against_gpus(answer)
    assert figure.layout.yaxis.title.text == "Hours"
    assert figure.data[3].y[0] == pytest.approx(answer.days.mid * 24)


def test_crossings_are_labelled_where_the_lines_meet(prompting):
    result = prompting(SHROTT, Scenario(**SHROTT_SCENARIO))
    figure = charts_train.tuning_or_prompting(result, Money())
    assert {"pays from 2,160", "pays from 48.3k", "tuned", "your volume"} <= set(texts(figure))
    tuned, gpt_4 = figure.data[0], figure.data[1]
    assert (tuned.line.color, gpt_4.line.color) == (SELF_HOSTED, API)
    x = np.array(tuned.x)
    cheaper = np.array(tuned.y) < np.array(gpt_4.y)
    assert (cheaper == (x > 2158.4)).all()


def test_a_side_without_a_price_leaves_its_line_out(prompting):
    plan = Fields(goal="tune-or-prompt", params_b=7)
    result = prompting(plan, DEFAULT)
    figure = charts_train.tuning_or_prompting(result, Money())
    assert len(figure.data) == 1
    nothing = prompting(Fields(goal="tune-or-prompt", params_b=7, teacher="x/y"), DEFAULT)
    assert len(charts_train.tuning_or_prompting(nothing, Money()).data) == 0


def test_without_a_price_there_is_no_cost_to_draw(ask):  # noqa: F811
    assert len(charts_train.cost_against_tokens(ask(gpu="mi355x"), Money()).data) == 0
