"""The 28 runs: derived columns, misprints, our model; the two figures."""

import numpy as np
import pytest

from breakeven.paths import DATA
from breakeven.views.articles import charts as charts_articles
from breakeven.views.articles import conclusions
from breakeven.views.articles.appendix import COLUMNS, appendix_of, rent
from breakeven.views.articles.facts import read_facts
from breakeven.views.articles.figures import figures
from tests.builders import TODAY, csv_rows


@pytest.fixture(scope="module")
def table(facts):
    return appendix_of(facts)


def test_all_28_runs_and_all_derived_columns_are_there(table):
    assert {len(cells) for cells in table.printed.values()} == {28}
    assert list(table.printed) == [column.name for column in COLUMNS]
    assert len(COLUMNS) == 8


def test_every_printed_cell_follows_from_the_times_but_the_lost_decimal_point(table):
    wrong = [
        (name, place)
        for name, s in table.state.items()
        for place, word in enumerate(s)
        if word != "reproduces"
    ]
    assert wrong == [("ttft_s", 21)]
    assert table.printed["ttft_s"][21] == 3015
    assert table.computed["ttft_s"][21] == 3.015


def test_first_run_worked_out_by_hand(table):
    # Batch 1, 128 in, 242 out, 0.084 s, 12.636 s; $0.001228 a second.
    first = {name: float(cells[0]) for name, cells in table.computed.items()}
    assert first["tokens_per_s"] == pytest.approx(19.152, abs=5e-4)  # 242 / 12.636
    assert first["tflops_per_gpu"] == pytest.approx(106.67, abs=5e-3)  # 140e9 x 128 / 0.084 / 2
    assert first["tb_per_s_per_gpu"] == pytest.approx(1.3406, abs=5e-5)  # 140e9 x 19.152 / 2
    assert first["memory_share"] == pytest.approx(0.8937, abs=5e-5)  # / 1.5e12
    assert first["flops_share"] == pytest.approx(0.3419, abs=5e-5)  # / 312e12
    assert first["usd_per_1k_prompt"] == pytest.approx(0.000806, abs=5e-7)
    assert first["usd_per_1k_completion"] == pytest.approx(0.06412, abs=5e-6)


def test_rent_is_rounded_as_the_last_digits_of_the_article_show(facts):
    assert rent(facts) == pytest.approx(0.001228, abs=1e-12)


def test_wrong_cell_is_named_with_both_values(table):
    assert "TTFT [s] of row 22 (3,015 for 3.015)" in conclusions.misprints(table)


def test_model_keeps_the_promise_for_these_runs(table):
    for quantity in ("ttft_s", "completion_s"):
        size = np.abs(table.error(quantity))
        assert np.median(size) <= 0.10
        assert size.max() <= 0.40


def test_error_sentence_is_computed_from_the_runs(edited, table):
    assert conclusions.model_error(table) != conclusions.model_error(appendix_of(read_facts(edited, TODAY)))


def test_figures_hold_every_measured_run_and_our_line(facts, table):
    prompt, completion = figures(facts, table)
    assert sum(len(line.x) for line in prompt.lengths) == 28
    # Figure 3 is of 512 generated tokens; three runs of the table generate fewer and one of 304.
    short = int((table.completion_tokens != 512).sum())
    assert sum(len(line.x) for line in completion.lengths) == 28 - short
    assert all(
        len(line.model_x) == len(line.model_usd) > 1 for line in (*prompt.lengths, *completion.lengths)
    )
    assert prompt.api_usd == pytest.approx(1.50)
    assert completion.api_usd == pytest.approx(2.00)
    # Dearest measured prompt $0.806, cheapest completion $3.08 at batch 32 (appendix, rows 1 and 17).
    assert prompt.finding == "No measured prompt cost more than $0.806 per 1M tokens; GPT-3.5 asked $1.50"
    assert completion.finding == "Even at batch 32 a completion token cost 1.5× what GPT-3.5 asked"


def test_measured_points_are_green_and_our_model_is_blue(facts, table):
    for draw, lines in zip(
        (charts_articles.prompt_price, charts_articles.completion_price), figures(facts, table), strict=True
    ):
        figure = draw(lines)
        figure.update_layout()  # validates
        traces = figure.to_plotly_json()["data"]
        assert {t["marker"]["color"] for t in traces if t["mode"] == "markers"} == {"#009E73"}
        assert {t["line"]["color"] for t in traces if t["mode"] == "lines"} == {"#0072B2", "#D55E00"}
        assert figure.layout.xaxis.title.text
        assert "USD per 1M" in figure.layout.yaxis.title.text


def test_figure_follows_the_tables(facts, edited, table):
    other = read_facts(edited, TODAY)
    for before, after in zip(figures(facts, table), figures(other, appendix_of(other)), strict=True):
        assert before.finding != after.finding
        assert before.api_usd != after.api_usd


def test_times_in_the_tables_are_those_of_the_printed_columns():
    ids = [row["benchmark_id"] for row in csv_rows(DATA / "sanger_appendix.csv")]
    assert ids == [f"sanger-{i:02}" for i in range(1, 29)]
