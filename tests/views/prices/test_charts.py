"""Figures of the Prices page are valid and say what they show."""

from datetime import date

import plotly.graph_objects as go
import pytest
from duckdb import DuckDBPyConnection

from breakeven.tables import price_queries
from breakeven.views.prices import charts as charts_prices
from breakeven.views.prices.history import price_lines
from breakeven.words.numbers import Money
from tests.builders import TODAY


def checked(chart: go.Figure) -> go.Figure:
    """Let Plotly check every property, which the dashboard leaves out for speed."""
    return go.Figure(chart.to_dict())


def test_history_is_stepped_with_units_and_marks_what_is_announced(connection: DuckDBPyConnection) -> None:
    rows = price_queries.api_price_periods(connection, ["openai/gpt-4o", "google/gemini-4-argon"])
    lines = price_lines(rows, "output_usd_per_mtok", TODAY)
    chart = checked(charts_prices.history(lines, "output", TODAY, Money()))
    assert {trace.line.shape for trace in chart.data} == {"hv"}
    assert len({trace.line.dash for trace in chart.data}) == 2  # never colour alone
    assert chart.layout.yaxis.title.text == "USD per 1M output tokens"
    assert [note.text for note in chart.layout.annotations] == ["announced"]
    calm = checked(charts_prices.history(lines[1:], "output", TODAY, Money(currency="EUR", rate=2)))
    assert not calm.layout.annotations
    assert max(calm.data[0].y) == 30  # 15 at 2


def test_free_price_leaves_a_gap_on_the_log_axis(connection: DuckDBPyConnection) -> None:
    rows = price_queries.api_price_periods(connection, ["openai/gpt-4o"])
    lines = price_lines([{**row, "output_usd_per_mtok": 0} for row in rows], "output_usd_per_mtok", TODAY)
    chart = checked(charts_prices.history(lines, "output", TODAY, Money()))
    assert set(chart.data[0].y) == {None}
    checked(charts_prices.history([], "output", TODAY, Money()))


def test_kinds_of_rent_differ_by_symbol(connection: DuckDBPyConnection) -> None:
    rows = price_queries.gpu_price_history(connection, "h100-sxm")
    chart = checked(charts_prices.gpu_history(rows, TODAY, Money()))
    dots = [trace for trace in chart.data if trace.mode == "markers"]
    assert len({trace.marker.symbol for trace in dots}) == len(dots) >= 3
    assert sum(len(trace.x) for trace in dots) == len(rows)
    early = checked(charts_prices.gpu_history(rows, date(2023, 1, 1), Money()))
    assert len(early.data) == 0


@pytest.mark.parametrize(
    ("x", "kind"), [(["a", "b"], "bar"), (["a", "a"], "scatter"), ([1, 2], "scatter"), ([None, "a"], "bar")]
)
def test_answer_is_plotted_as_bars_over_names_and_as_dots_otherwise(x: list, kind: str) -> None:
    chart = checked(charts_prices.plot(x, [1.0, 2.0], "x", "y"))
    assert chart.data[0].type == kind
