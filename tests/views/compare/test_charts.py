"""Values to figures: colours by meaning, units on the axes, nothing missing in words."""

import json
import math
from dataclasses import replace
from itertools import product

import numpy as np
import plotly.graph_objects as go
import pytest

from breakeven.comparison.answer import compare
from breakeven.comparison.volume import Stretch
from breakeven.dashboard import figure as look
from breakeven.tables import queries
from breakeven.views.compare import charts
from breakeven.words.numbers import Money
from tests.builders import ARTICLE, DEFAULT, FOUR_H100

DOLLARS = Money()
YEN = Money(currency="JPY", rate=150.0)


def in_yen(scenario):
    return replace(scenario, currency=YEN.currency, rate=YEN.rate)


# look.md, "Colour": Okabe–Ito, by meaning.
SELF_HOSTED, API, LIMIT = "#0072B2", "#D55E00", "#7A7A7A"

CASES = [
    pytest.param(replace(ARTICLE, batch=16), id="article"),
    pytest.param(DEFAULT, id="today"),
    pytest.param(replace(DEFAULT, per="once", requests=1e6), id="job"),
    pytest.param(replace(DEFAULT, per="once", requests=1.0, startup_minutes=0.0), id="one-request"),
    pytest.param(replace(DEFAULT, requests=1e-6), id="hardly-any-load"),
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


def map_of(result, presets, scenario=None) -> go.Figure:
    return charts.cost_map(
        result.map, [one.shape for one in result.shapes], presets, scenario or result.scenario
    )


def figures(result, presets, money=DOLLARS) -> dict[str, go.Figure]:
    """Every chart that the page draws of an answer."""
    scenario = replace(result.scenario, currency=money.currency, rate=money.rate)
    drawn = {} if result.map is None else {"map": map_of(result, presets, scenario)}
    for number, shape in enumerate(result.shapes):
        drawn[f"strip {number}"] = charts.money_strip([shape], scenario)
        drawn[f"volume {number}"] = charts.volume(shape, scenario)
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


def test_axes_carry_units_and_the_currency(answer, article, presets):
    drawn = figures(article, presets, YEN)
    assert drawn["map"].layout.xaxis.title.text == "Prompt tokens"
    assert drawn["map"].layout.yaxis.title.text == "Completion tokens"
    assert drawn["strip 0"].layout.xaxis.title.text == "JPY a month"
    assert drawn["volume 0"].layout.xaxis.title.text == "Requests per second"
    assert drawn["volume 0"].layout.yaxis.title.text == "JPY a month"
    assert drawn["batch 0"].layout.xaxis.title.text == "Batch [sequences]"
    assert drawn["batch 0"].layout.yaxis.title.text == "JPY per 1M tokens"
    monthly = figures(answer(replace(DEFAULT, per="month", requests=1e6)), presets)
    assert monthly["volume 0"].layout.xaxis.title.text == "Requests per month"
    job = figures(answer(replace(DEFAULT, per="once", requests=1e6)), presets)
    assert job["strip 0"].layout.xaxis.title.text == "USD for the job"
    assert job["volume 0"].layout.xaxis.title.text == "Requests in the job"
    assert job["volume 0"].layout.yaxis.title.text == "USD for the job"


def test_colours_are_those_of_the_palette():
    assert (look.SELF_HOSTED, look.API) == (SELF_HOSTED, API)
    assert look.LIMIT == LIMIT


def lightness(colour: str) -> float:
    return sum(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def test_prompt_is_the_lighter_tint_of_its_parent():
    assert lightness(look.SELF_HOSTED_LIGHT) > lightness(SELF_HOSTED)
    assert lightness(look.API_LIGHT) > lightness(API)


# The strip of money


def marks(figure, colour, large):
    """Bills of one side's marks by hover; the large one is that of the headline."""
    found = {}
    for trace in figure.data:
        if trace.marker.color == colour and (trace.marker.size > 10) == large:
            found |= dict(zip(trace.hovertext, trace.x, strict=True))
    return found


def test_every_offer_and_every_deployment_is_on_one_axis_of_money(answer):
    result = answer(DEFAULT)
    for shape in result.shapes:
        strip = charts.money_strip([shape], DEFAULT)
        offers, hosts = (marks(strip, colour, large=False) for colour in (API, SELF_HOSTED))
        month = 2_628_000  # one request a second
        assert sorted(offers.values()) == pytest.approx([one.usd * month for one in shape.api.same_model])
        assert sorted(hosts.values()) == pytest.approx(sorted(one.usd for one in shape.ranking))
        (api,), (host,) = (marks(strip, colour, large=True).values() for colour in (API, SELF_HOSTED))
        assert (api, host) == (pytest.approx(shape.at_load.api_usd), pytest.approx(shape.at_load.host_usd))
        assert strip.layout.xaxis.type == "log"
        # Not by colour alone.
        assert [trace.marker.symbol for trace in strip.data if trace.marker.size > 10] == [
            "diamond",
            "circle",
        ]


def test_what_is_not_taken_by_itself_is_hollow_and_says_why(answer):
    shape = answer(DEFAULT).shapes[0]
    reasons = [bill.mark for bill in shape.api.same_model if bill.mark]
    assert reasons
    hollow = {}
    for trace in charts.money_strip([shape], DEFAULT).data:
        symbols = trace.marker.symbol if isinstance(trace.marker.symbol, tuple) else ()
        hollow |= {t: s for t, s in zip(trace.hovertext, symbols, strict=False) if s.endswith("-open")}
    for why in reasons:
        assert any(text.endswith(f"<br>{why}") for text in hollow)
    doubtful = [one for one in shape.ranking if one.row.candidate.standing]
    assert len(hollow) == len(reasons) + len(doubtful)


def test_the_ends_of_the_strip_are_labelled_with_their_bills(answer):
    shape = answer(DEFAULT).shapes[0]
    labels = {note.text for note in charts.money_strip([shape], DEFAULT).layout.annotations}
    sound = [bill.usd * 2_628_000 for bill in shape.api.same_model if bill.mark is None]
    every = [bill.usd * 2_628_000 for bill in shape.api.same_model]
    assert min(every) < min(sound)  # Hollow marks stand on its left.
    assert f"cheapest taken {DOLLARS.amount(min(sound))}" in labels
    assert f"cheapest {DOLLARS.amount(shape.ranking[0].usd)}" in labels
    assert f"dearest {DOLLARS.amount(max(every))}" in labels


def test_the_dearest_is_labelled_at_the_end_of_its_row_hollow_or_not(answer):
    result = answer(DEFAULT)
    drawn = charts.money_strip(result.shapes, DEFAULT, amounts=False)
    ends = {note.y: note.x for note in drawn.layout.annotations if note.text == "dearest"}
    assert len(ends) == 4
    for y, end in ends.items():
        row = [usd for trace in drawn.data if trace.y[0] == y for usd in trace.x]
        assert 10**end == pytest.approx(max(row))


def test_both_shapes_stand_on_one_axis_and_in_words_without_amounts(answer):
    result = answer(DEFAULT)
    drawn = charts.money_strip(result.shapes, DEFAULT, amounts=False)
    assert drawn.layout.yaxis.ticktext == ("B: Self-hosted", "B: API", "A: Self-hosted", "A: API")
    assert {note.text for note in drawn.layout.annotations} <= {"cheapest", "cheapest taken", "dearest"}
    alone = [charts.money_strip([shape], DEFAULT) for shape in result.shapes]
    assert len(drawn.data) == sum(len(one.data) for one in alone)


def test_a_missing_side_has_no_marks_and_an_empty_strip_can_be_drawn(article):
    shape, asked = article.shapes[0], article.scenario
    alone = charts.money_strip([replace(shape, host=None, ranking=(), at_load=None)], asked)
    assert {trace.marker.color for trace in alone.data} == {API}
    no_api = replace(shape, api=replace(shape.api, bill=None, same_model=()))
    assert {trace.marker.color for trace in charts.money_strip([no_api], asked).data} == {SELF_HOSTED}
    nothing = replace(no_api, ranking=(), at_load=None)
    assert not charts.money_strip([nothing], asked).data


def test_the_strip_is_in_the_currency_of_the_reader(article):
    dollars, yen = (
        charts.money_strip([article.shapes[0]], asked)
        for asked in (article.scenario, in_yen(article.scenario))
    )
    for one, other in zip(dollars.data, yen.data, strict=True):
        assert other.x[0] == pytest.approx(150 * one.x[0])
    assert all(text.startswith(YEN.symbol) for text in yen.layout.xaxis.ticktext)


# The map


def test_the_map_is_symmetric_around_equal_cost_in_log(article, presets):
    figure = map_of(article, presets)
    heat = figure.data[0]
    assert heat.zmin == -heat.zmax
    assert [colour for _, colour in heat.colorscale] == [SELF_HOSTED, "#FFFFFF", API]
    ratio = article.map.host_over_api
    shown = np.asarray(heat.z, dtype=float)
    assert (np.sign(shown) == np.sign(np.log2(ratio)))[np.isfinite(ratio)].all()
    assert np.isnan(shown[~np.isfinite(ratio)]).all()


def test_the_map_marks_both_shapes_and_every_preset(article, presets):
    figure = map_of(article, presets)
    dots, own = (trace for trace in figure.data if trace.type == "scatter")
    assert list(dots.x) == [preset.prompt_tokens for preset in presets]
    assert list(own.text) == ["A", "B"]
    assert list(own.x) == [512, 512]
    assert list(own.marker.symbol) == ["square", "circle"]
    assert [axis.type for axis in (figure.layout.xaxis, figure.layout.yaxis)] == ["log", "log"]


@pytest.mark.parametrize(("factor", "drawn"), [(0.001, False), (1.0, True), (1000.0, False)])
def test_the_line_of_equal_cost_is_drawn_only_where_there_is_one(article, presets, factor, drawn):
    cost_map = replace(article.map, host_over_api=article.map.host_over_api * factor)
    figure = map_of(replace(article, map=cost_map), presets)
    assert ("contour" in {trace.type for trace in figure.data}) is drawn


def test_an_empty_map_can_be_drawn(article, presets):
    empty = replace(article.map, host_over_api=np.full_like(article.map.host_over_api, math.nan))
    figure = map_of(replace(article, map=empty), presets)
    assert "contour" not in {trace.type for trace in figure.data}


def test_a_cell_says_who_is_cheaper_and_both_bills(article, presets):
    figure = map_of(article, presets)
    heat = figure.data[0]
    for row, column in product(range(0, 20, 6), range(0, 15, 5)):
        ratio = article.map.host_over_api[row, column]
        if not np.isfinite(ratio):
            continue
        assert heat.text[row][column] == ("self-hosting" if ratio < 1 else "the API")
        assert heat.customdata[row][column] == pytest.approx(
            [
                max(ratio, 1 / ratio),
                article.map.api_usd[row, column],
                article.map.host_usd[row, column],
            ]
        )
    assert "is %{customdata[0]:.2~r}× cheaper" in heat.hovertemplate
    assert "self-hosted $%{customdata[2]:,.3~r} a month" in heat.hovertemplate


# Bills against volume


def test_bills_are_a_line_and_a_staircase(article):
    shape = article.shapes[0]
    figure = charts.volume(shape, article.scenario)
    api, host = figure.data
    assert (api.line.color, host.line.color) == (API, SELF_HOSTED)
    assert (api.line.dash, host.line.dash) == (None, "dash")
    # A step begins where the last replica is full: the higher bill holds up to each point.
    assert host.line.shape == "vh"
    assert list(host.y) == pytest.approx(list(shape.volume.host_usd))
    assert list(api.y) == pytest.approx(list(shape.volume.api_usd))
    assert {"API", "self-hosted"} <= {note.text for note in figure.layout.annotations}


def test_volume_in_requests_per_month_has_the_same_bills(answer):
    second, month = (
        charts.volume(answer(asked).shapes[0], asked)
        for asked in (DEFAULT, replace(DEFAULT, requests=730 * 3600.0, per="month"))
    )
    assert list(month.data[0].x) == pytest.approx([x * 730 * 3600 for x in second.data[0].x])
    for one, other in zip(second.data, month.data, strict=True):
        assert list(other.y) == pytest.approx(list(one.y))


def test_the_readers_load_and_where_the_sides_change_places_are_marked(answer):
    asked = replace(FOUR_H100, api="openai/gpt-4o")
    shape = answer(asked).shapes[1]

    def said(*ends):
        found = tuple(Stretch(start=a, end=b) for a, b in ends)
        figure = charts.volume(replace(shape, stretches=found), asked)
        at = {note.text: note.x for note in figure.layout.annotations}
        lines = {line.x0 for line in figure.layout.shapes}
        assert {x for text, x in at.items() if text not in ("API", "self-hosted")} == lines
        return {text: x for text, x in at.items() if text not in ("API", "self-hosted")}

    own, top = asked.requests, shape.volume.requests[-1]
    a, b = 0.2 * top, 0.4 * top
    assert said((a, math.inf)) == {"your load": own, "self-hosting cheaper from here": a}
    assert said((a, 0.3 * top), (b, math.inf)) == {
        "your load": own,
        "first cheaper here": a,
        "never dearer from here": b,
    }
    assert said() == {"your load": own}
    assert said((0, math.inf)) == {"your load": own}


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
    for figure in figures(article, presets).values():
        assert not tints & {note.font.color for note in figure.layout.annotations}


def test_batches_that_do_not_fit_are_open_rings_and_say_so(article):
    prompt = charts.batch_curve(article.shapes[0], DOLLARS).data[0]
    # 65 sequences fit: 64 does, 128 does not.
    assert dict(zip(prompt.x, prompt.marker.symbol, strict=True))[64] == "circle"
    assert dict(zip(prompt.x, prompt.marker.symbol, strict=True))[128] == "circle-open"
    assert "does not fit" in prompt.hovertext[-1]
    assert "does not fit" not in prompt.hovertext[0]


def test_log_axes_show_plain_numbers(article, presets):
    for name, axes in (("map", "xy"), ("batch 0", "xy"), ("strip 0", "x")):
        figure = figures(article, presets)[name]
        for axis in (figure.layout[f"{letter}axis"] for letter in axes):
            assert axis.type == "log"
            assert len(axis.tickvals) == len(axis.ticktext)
            assert not any("e" in text.lower() for text in axis.ticktext)


def test_a_free_part_of_an_offer_has_no_line_on_a_log_axis(answer):
    shape = answer(replace(DEFAULT, api="google/gemma-3-27b-it")).shapes[0]
    assert len(charts.batch_curve(shape, DOLLARS).data) == 2


def test_hover_gives_a_sentence_on_every_line(answer, presets):
    for name, figure in figures(answer(replace(DEFAULT, api="openai/gpt-4o")), presets).items():
        for trace in figure.data:
            sentence = trace.hovertext if trace.hoverinfo == "text" else trace.hovertemplate
            assert trace.hoverinfo == "skip" or sentence, name
