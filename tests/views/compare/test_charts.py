"""Values to figures: colours by meaning, units on the axes, nothing missing in words."""

import json
import math
from dataclasses import replace
from itertools import product

import numpy as np
import plotly.graph_objects as go
import pytest

from breakeven.comparison.answer import compare
from breakeven.dashboard import figure as look
from breakeven.tables import queries
from breakeven.views.compare import charts
from breakeven.words.numbers import Money
from tests.builders import ARTICLE, DEFAULT, FOUR_H100

DOLLARS = Money()
YEN = Money(currency="JPY", rate=150.0)

# look.md, "Colour": Okabe–Ito, by meaning.
SELF_HOSTED, API, LIMIT = "#0072B2", "#D55E00", "#7A7A7A"

CASES = [
    pytest.param(replace(ARTICLE, batch=16), id="article"),
    pytest.param(DEFAULT, id="today"),
    pytest.param(replace(FOUR_H100, api="openai/gpt-4o"), id="self-hosting-wins"),
    pytest.param(replace(DEFAULT, api="google/gemma-3-27b-it"), id="free-api"),
    pytest.param(replace(DEFAULT, ttft=0.001), id="misses-a-target"),
    pytest.param(
        replace(DEFAULT, model="llama-3.1-405b", precision="fp16", gpu="l4", gpus=1), id="does-not-fit"
    ),
    pytest.param(replace(DEFAULT, model="mimo-v2-flash"), id="no-deployment"),
    pytest.param(replace(DEFAULT, model="falcon-7b", precision="fp16", prompt_a=512), id="no-api"),
    pytest.param(replace(DEFAULT, model="nope", gpu="nope", api="no/offer"), id="nothing"),
]


@pytest.fixture
def answer(tables_on):
    return lambda scenario: compare(scenario, tables_on(scenario.as_of))


@pytest.fixture
def article(answer):
    return answer(replace(ARTICLE, batch=16))


@pytest.fixture
def presets(connection):
    return list(queries.presets(connection).values())


def figures(result, presets, money) -> dict[str, go.Figure]:
    """Every chart that the page draws of an answer."""
    drawn = {}
    if result.map is not None:
        drawn["map"] = charts.cost_map(result.map, [one.shape for one in result.shapes], presets, money)
    for number, shape in enumerate(result.shapes):
        drawn[f"bars {number}"] = charts.split_bars(shape, money, 0.01)
        drawn[f"volume {number}"] = charts.volume(shape, money, "second")
        drawn[f"batch {number}"] = charts.batch_curve(shape, money)
    return drawn


def texts(figure: go.Figure) -> list[str]:
    """Every piece of writing in a figure."""
    found = [note.text for note in figure.layout.annotations]
    found += [figure.layout.xaxis.title.text, figure.layout.yaxis.title.text]
    for trace in figure.data:
        for field in ("text", "hovertext", "hovertemplate", "name"):
            value = getattr(trace, field, None)
            if isinstance(value, str):
                found.append(value)
            elif value is not None:
                found += [str(one) for one in np.asarray(value, dtype=object).ravel()]
    return [text for text in found if text]


@pytest.mark.parametrize("money", [DOLLARS, YEN], ids=["usd", "jpy"])
@pytest.mark.parametrize("scenario", CASES)
def test_every_chart_of_every_answer_can_be_drawn_and_says_no_nan(answer, presets, scenario, money):
    for name, figure in figures(answer(scenario), presets, money).items():
        json.loads(figure.to_json())  # what Streamlit sends to the browser
        for text in texts(figure):
            for trace in ("nan", "None", "inf"):
                assert trace not in text.lower().split(), (name, text)


def test_axes_carry_units_and_the_currency(article, presets):
    shape, drawn = article.shapes[0], figures(article, presets, YEN)
    assert drawn["map"].layout.xaxis.title.text == "Prompt tokens"
    assert drawn["map"].layout.yaxis.title.text == "Completion tokens"
    assert drawn["bars 0"].layout.xaxis.title.text == "JPY per 1,000 requests"
    assert drawn["volume 0"].layout.xaxis.title.text == "Requests per second"
    assert charts.volume(shape, YEN, "month").layout.xaxis.title.text == "Requests per month"
    assert drawn["volume 0"].layout.yaxis.title.text == "JPY per month"
    assert drawn["batch 0"].layout.xaxis.title.text == "Batch [sequences]"
    assert drawn["batch 0"].layout.yaxis.title.text == "JPY per 1M tokens"


def test_colours_are_those_of_the_palette():
    assert (look.SELF_HOSTED, look.API) == (SELF_HOSTED, API)
    assert look.LIMIT == LIMIT


def lightness(colour: str) -> float:
    return sum(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def test_prompt_is_the_lighter_tint_of_its_parent():
    assert lightness(look.SELF_HOSTED_LIGHT) > lightness(SELF_HOSTED)
    assert lightness(look.API_LIGHT) > lightness(API)


def test_bars_stack_prompt_and_completion_of_both_sides(article):
    shape = article.shapes[0]
    figure = charts.split_bars(shape, DOLLARS, shape.host.usd)
    drawn = [(bar.y[0], bar.x[0], bar.marker.color) for bar in figure.data]
    assert drawn == [
        ("Self-hosted", pytest.approx(shape.host.prompt_usd * 1000), look.SELF_HOSTED_LIGHT),
        ("Self-hosted", pytest.approx(shape.host.completion_usd * 1000), SELF_HOSTED),
        ("API", pytest.approx(shape.api.bill.prompt_usd * 1000), look.API_LIGHT),
        ("API", pytest.approx(shape.api.bill.completion_usd * 1000), API),
    ]
    assert figure.layout.barmode == "stack"
    # Not by colour alone: completion is hatched.
    assert [bar.marker.pattern.shape for bar in figure.data] == ["", "/", "", "/"]
    # The totals beside the bars: $1.79 per 1,000 at the API.
    assert "$1.79" in [note.text for note in figure.layout.annotations]


def test_two_shapes_can_share_a_scale(article):
    low, high = (charts.split_bars(article.shapes[0], DOLLARS, top) for top in (0.01, 0.02))
    assert high.layout.xaxis.range[1] == 2 * low.layout.xaxis.range[1]


def test_a_missing_side_has_no_bar(article):
    shape = article.shapes[0]
    assert {bar.y[0] for bar in charts.split_bars(replace(shape, host=None), DOLLARS, 0.01).data} == {"API"}
    no_api = replace(shape, api=replace(shape.api, bill=None))
    assert {bar.y[0] for bar in charts.split_bars(no_api, DOLLARS, 0.01).data} == {"Self-hosted"}


def test_bars_are_in_the_currency_of_the_reader(article):
    dollars, yen = (charts.split_bars(article.shapes[0], money, 0.01) for money in (DOLLARS, YEN))
    for one, other in zip(dollars.data, yen.data, strict=True):
        assert other.x[0] == pytest.approx(150 * one.x[0])
    assert yen.layout.xaxis.tickprefix == YEN.symbol


# The map


def test_the_map_is_symmetric_around_equal_cost_in_log(article, presets):
    figure = charts.cost_map(article.map, [one.shape for one in article.shapes], presets, DOLLARS)
    heat = figure.data[0]
    assert heat.zmin == -heat.zmax
    assert [colour for _, colour in heat.colorscale] == [SELF_HOSTED, "#FFFFFF", API]
    ratio = article.map.host_over_api
    shown = np.asarray(heat.z, dtype=float)
    assert (np.sign(shown) == np.sign(np.log2(ratio)))[np.isfinite(ratio)].all()
    assert np.isnan(shown[~np.isfinite(ratio)]).all()


def test_the_map_marks_both_shapes_and_every_preset(article, presets):
    figure = charts.cost_map(article.map, [one.shape for one in article.shapes], presets, DOLLARS)
    dots, own = (trace for trace in figure.data if trace.type == "scatter")
    assert list(dots.x) == [preset.prompt_tokens for preset in presets]
    assert list(own.text) == ["A", "B"]
    assert list(own.x) == [512, 512]
    assert list(own.marker.symbol) == ["square", "circle"]
    assert [axis.type for axis in (figure.layout.xaxis, figure.layout.yaxis)] == ["log", "log"]


@pytest.mark.parametrize(("factor", "drawn"), [(0.001, False), (1.0, True), (1000.0, False)])
def test_the_line_of_equal_cost_is_drawn_only_where_there_is_one(article, presets, factor, drawn):
    cost_map = replace(article.map, host_over_api=article.map.host_over_api * factor)
    figure = charts.cost_map(cost_map, [one.shape for one in article.shapes], presets, DOLLARS)
    assert ("contour" in {trace.type for trace in figure.data}) is drawn


def test_an_empty_map_can_be_drawn(article, presets):
    empty = replace(article.map, host_over_api=np.full_like(article.map.host_over_api, math.nan))
    figure = charts.cost_map(empty, [one.shape for one in article.shapes], presets, DOLLARS)
    assert "contour" not in {trace.type for trace in figure.data}


def test_a_cell_says_who_is_cheaper_and_both_bills(article, presets):
    figure = charts.cost_map(article.map, [one.shape for one in article.shapes], presets, DOLLARS)
    heat = figure.data[0]
    for row, column in product(range(0, 20, 6), range(0, 15, 5)):
        ratio = article.map.host_over_api[row, column]
        if not np.isfinite(ratio):
            continue
        assert heat.text[row][column] == ("self-hosting" if ratio < 1 else "the API")
        assert heat.customdata[row][column] == pytest.approx(
            [
                max(ratio, 1 / ratio),
                article.map.api_usd[row, column] * 1000,
                article.map.host_usd[row, column] * 1000,
            ]
        )
    assert "is %{customdata[0]:.2~r}× cheaper" in heat.hovertemplate
    assert "per 1,000 requests" in heat.hovertemplate


# Bills against volume


def test_bills_are_a_line_and_a_staircase(article):
    shape = article.shapes[0]
    figure = charts.volume(shape, DOLLARS, "second")
    api, host = figure.data
    assert (api.line.color, host.line.color) == (API, SELF_HOSTED)
    assert (api.line.dash, host.line.dash) == (None, "dash")
    # A step begins where the last replica is full: the higher bill holds up to each point.
    assert host.line.shape == "vh"
    assert list(host.y) == pytest.approx(list(shape.volume.host_usd_month))
    assert {"API", "self-hosted"} <= {note.text for note in figure.layout.annotations}


def test_volume_in_requests_per_month_has_the_same_bills(article):
    shape = article.shapes[0]
    second, month = (charts.volume(shape, DOLLARS, per) for per in ("second", "month"))
    assert list(month.data[0].x) == pytest.approx([x * 730 * 3600 for x in second.data[0].x])
    assert list(month.data[0].y) == list(second.data[0].y)


def test_the_readers_load_and_the_break_even_are_marked(answer):
    shape = answer(replace(FOUR_H100, api="openai/gpt-4o")).shapes[1]
    assert math.isfinite(shape.never_dearer_rate)
    notes = {note.text for note in charts.volume(shape, DOLLARS, "second").layout.annotations}
    assert {"your load", "never dearer from here"} <= notes
    never = replace(shape, never_dearer_rate=math.inf)
    notes = {note.text for note in charts.volume(never, DOLLARS, "second").layout.annotations}
    assert "never dearer from here" not in notes


# Cost against batch


def test_the_batch_curve_has_both_kinds_of_tokens_and_the_apis_prices_beside(article):
    shape = article.shapes[0]
    figure = charts.batch_curve(shape, DOLLARS)
    prompt, completion, api_prompt, api_completion = figure.data
    assert (prompt.line.color, completion.line.color) == (look.SELF_HOSTED_LIGHT, SELF_HOSTED)
    assert (api_prompt.line.color, api_completion.line.color) == (look.API_LIGHT, API)
    assert (api_prompt.line.dash, api_completion.line.dash) == ("dash", "dash")
    # GPT-3.5 in July 2023: $1.50 and $2.00 per 1M tokens.
    assert list(api_prompt.y) == pytest.approx([1.5] * 9)
    assert list(api_completion.y) == pytest.approx([2.0] * 9)


def test_labels_of_the_batch_curve_stand_at_its_start_and_apart(article):
    figure = charts.batch_curve(article.shapes[0], DOLLARS)
    notes = {note.text: note for note in figure.layout.annotations}
    assert len(notes) == 4
    decades = np.log10(max(max(line.y) for line in figure.data) / min(min(line.y) for line in figure.data))
    heights = sorted(note.y / decades * 240 + note.yshift for note in notes.values())
    # A label of 11 points is about 14 pixels high.
    assert min(np.diff(heights)) > 14
    assert all(note.x == 0 for note in notes.values())


def test_letters_are_never_in_the_tints_of_lines(article, presets):
    tints = {SELF_HOSTED, API, look.SELF_HOSTED_LIGHT, look.API_LIGHT}
    for figure in figures(article, presets, DOLLARS).values():
        assert not tints & {note.font.color for note in figure.layout.annotations}


def test_batches_that_do_not_fit_are_open_rings_and_say_so(article):
    prompt = charts.batch_curve(article.shapes[0], DOLLARS).data[0]
    # 65 sequences fit: 64 does, 128 does not.
    assert dict(zip(prompt.x, prompt.marker.symbol, strict=True))[64] == "circle"
    assert dict(zip(prompt.x, prompt.marker.symbol, strict=True))[128] == "circle-open"
    assert "does not fit" in prompt.hovertext[-1]
    assert "does not fit" not in prompt.hovertext[0]


def test_log_axes_show_plain_numbers(article, presets):
    for name in ("map", "batch 0"):
        figure = figures(article, presets, DOLLARS)[name]
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            assert axis.type == "log"
            assert len(axis.tickvals) == len(axis.ticktext)
            assert not any("e" in text.lower() for text in axis.ticktext)


def test_a_free_part_of_an_offer_has_no_line_on_a_log_axis(answer):
    shape = answer(replace(DEFAULT, api="google/gemma-3-27b-it")).shapes[0]
    assert len(charts.batch_curve(shape, DOLLARS).data) == 2


def test_hover_gives_a_sentence_on_every_line(answer, presets):
    for name, figure in figures(answer(replace(DEFAULT, api="openai/gpt-4o")), presets, DOLLARS).items():
        for trace in figure.data:
            sentence = trace.hovertext if trace.hoverinfo == "text" else trace.hovertemplate
            assert trace.hoverinfo == "skip" or sentence, name
