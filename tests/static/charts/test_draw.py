import json
import re
from typing import Any

import numpy as np
import pytest

from breakeven.dashboard.figure import figure, title
from breakeven.static.charts import UnknownMark, draw
from breakeven.static.charts.axes import axis_of


def svg(data: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any], **layout: Any) -> str:
    spec = json.dumps(figure(300, data, x, y, **layout).to_dict(), default=str)
    return str(draw(spec, width=600, name="c", alt="A chart").svg)


def circles(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', text)]


DOTS = {
    "type": "scatter",
    "mode": "markers",
    "x": np.array([1.0, 10.0, 100.0]),
    "y": np.array([0.0, 5.0, 10.0]),
}


def test_a_log_axis_gives_each_power_of_ten_the_same_room() -> None:
    places = circles(svg([DOTS], {"type": "log"}, {}))
    (a, low), (b, middle), (c, high) = places
    assert b - a == pytest.approx(c - b, abs=0.2)
    assert low - middle == pytest.approx(middle - high, abs=0.2)
    assert low > high  # Upwards.


def test_a_linear_axis_does_not() -> None:
    (a, _), (b, _), (c, _) = circles(svg([DOTS], {}, {}))
    assert (c - b) / (b - a) == pytest.approx(10, rel=0.02)


def test_a_value_without_a_place_is_left_out() -> None:
    dots = {**DOTS, "x": [0.0, None, 100.0], "y": [1, 2, 3]}
    assert len(circles(svg([dots], {"type": "log"}, {}))) == 1


def test_given_ticks_are_written_and_those_beyond_the_range_are_not() -> None:
    text = svg([DOTS], {"type": "log", "tickvals": [1, 10, 1e6], "ticktext": ["one", "ten", "far"]}, {})
    assert ">one<" in text
    assert ">ten<" in text
    assert ">far<" not in text


def test_steps_go_along_before_they_go_up() -> None:
    line = {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "line": {"shape": "hv"}}
    points = re.search(r'<polyline points="([^"]+)"', svg([line], {}, {}))
    assert points is not None
    start, corner, end = (tuple(map(float, pair.split(","))) for pair in points[1].split())
    assert corner == (end[0], start[1])


def test_stacked_bars_go_on_where_the_last_one_ends() -> None:
    bars = [
        {"type": "bar", "orientation": "h", "x": [size], "y": ["a"], "marker": {"color": "#0072B2"}}
        for size in (30, 10)
    ]
    text = svg(bars, {"range": [0, 40]}, {}, barmode="stack")
    found = re.findall(r'<rect fill="#0072B2" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', text)
    (x0, w0), (x1, w1) = [(float(x), float(w)) for x, w in found]
    assert x0 + w0 == pytest.approx(x1, abs=0.15)
    assert w0 / w1 == pytest.approx(3, rel=0.01)


def test_a_map_has_its_cells_and_the_line_between_its_signs() -> None:
    z = np.array([[-1.0, 1.0], [-1.0, 1.0]])
    base = {"x": np.array([1.0, 3.0]), "y": np.array([1.0, 3.0]), "z": z}
    heat = {"type": "heatmap", "zmin": -3, "zmax": 3, "colorscale": [[0, "#0072B2"], [1, "#D55E00"]], **base}
    line = {"type": "contour", "line": {"color": "black", "width": 2}, **base}
    text = svg([heat, line], {"range": [0, 4]}, {"range": [0, 4]})
    assert text.count("data:image/png;base64,") == 1
    path = re.search(r'<path d="M([\d.]+) [\d.]+L([\d.]+) [\d.]+" stroke="black"', text)
    assert path is not None
    ends = {float(path[1]), float(path[2])}
    assert len(ends) == 1  # Upright, half way between the columns.
    axis = axis_of({"range": [0, 4]}, [], zero=False, tight=False, bars=False)
    assert axis.number(2) == 2


def test_names_and_hovers_are_text_and_no_markup() -> None:
    dots = {**DOTS, "name": "<b>x</b>", "hovertext": ["a<br>b & <c>"] * 3}
    text = svg([dots], {"title": title("<script>")}, {}, showlegend=True)
    assert "<title>a\nb &amp; </title>" in text
    assert "<script>" not in text


def test_a_kind_that_is_not_drawn_is_refused() -> None:
    with pytest.raises(UnknownMark, match="pie"):
        draw(json.dumps({"data": [{"type": "pie"}], "layout": {}}), width=600, name="c", alt="")


def test_a_box_lies_under_the_marks_and_a_line_over_them() -> None:
    box = {"type": "rect", "x0": 10, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    line = {"type": "line", "x0": 10, "x1": 10, "yref": "paper", "y0": 0, "y1": 1}
    text = svg([DOTS], {"type": "log"}, {}, shapes=[box | {"fillcolor": "rgba(1,2,3,.5)"}, line])
    found = re.search(r'<rect x="([\d.]+)" [^>]* width="([\d.]+)"[^>]* fill="rgba\(1,2,3,.5\)"/>', text)
    assert found is not None
    (first, _), (second, _), _ = circles(text)
    assert float(found[1]) == pytest.approx(first, abs=0.2)
    assert float(found[1]) + float(found[2]) == pytest.approx(second, abs=0.2)
    assert text.index("rgba(1,2,3") < text.index("<circle") < text.rindex("<line")


def test_a_shape_that_is_not_drawn_is_refused() -> None:
    with pytest.raises(UnknownMark, match="circle"):
        svg([DOTS], {}, {}, shapes=[{"type": "circle", "x0": 1, "x1": 2, "y0": 1, "y1": 2}])


def test_a_picture_grows_until_folded_names_do_not_touch() -> None:
    names = [f"a name of number {n} that needs several lines" for n in range(12)]
    dots = {**DOTS, "x": list(range(12)), "y": list(range(12))}
    axis = {"tickvals": list(range(12)), "ticktext": names}
    spec = json.dumps(figure(200, [dots], {}, axis).to_dict(), default=str)
    text = str(draw(spec, width=350, name="c", alt="").svg)
    tops = [float(y) for y in re.findall(r'y="([\d.]+)" text-anchor="end"', text)]
    lines = text.split("</text>")[-2].count("<tspan") or 3
    assert lines > 1
    assert min(abs(a - b) for a in tops for b in tops if a != b) >= lines * 12


def test_an_empty_figure_is_an_empty_picture() -> None:
    assert 'aria-label="A chart"' in svg([], {}, {})


@pytest.mark.parametrize(
    ("values", "told", "kind"),
    [
        (["2026-01-01", "2026-02-01"], {"type": "date"}, "date"),
        (["a", "b"], {}, "category"),
        ([1, 2], {}, "linear"),
        ([1, 2], {"type": "log"}, "log"),
    ],
)
def test_the_kind_of_an_axis_follows_from_what_stands_on_it(values: Any, told: Any, kind: str) -> None:
    axis = axis_of(told, values, zero=False, tight=False, bars=False)
    assert axis.kind == kind
    assert axis.low < axis.number(values[0]) < axis.number(values[1]) < axis.high  # type: ignore[operator]
