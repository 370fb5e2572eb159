"""Worked examples take the scenario's numbers; pictures and assumptions follow the tables."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from breakeven.comparison.answer import Comparison, compare
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables
from breakeven.views.method import assumptions, picture
from breakeven.views.method import charts as charts_method
from breakeven.views.method.docstrings import Formula, all_modules
from breakeven.views.method.examples import NOT_OF_A_SCENARIO, Example, example_of, values_of
from breakeven.words.numbers import Money
from tests.builders import ARTICLE, DEFAULT, TODAY

ASKED = replace(ARTICLE, engine="auto", completion_a=16, batch=64)
TablesOn = Callable[[date], Tables]


def formula(name: str) -> Formula:
    return next(f for module in all_modules() for f in module.formulas if f.name == name)


def worked(name: str, scenario: Scenario, tables: Tables) -> Example | None:
    answer = compare(scenario, tables)
    return example_of(formula(name), answer, values_of(answer, tables), Money())


@pytest.mark.parametrize(
    ("name", "result"),
    [
        # Llama-2-70B in fp16: 2 x 80 x 8 x 128 x 2 B = 327,680 B.
        pytest.param("kv_bytes_per_token", "328 kB per token", id="kv_bytes_per_token"),
        # 2 x $2.21 an hour; 4,000,000 / ... : two GPUs of 80 GB hold 137.95 GB and 22 GB of cache.
        pytest.param("weights_bytes", "138 GB", id="weights_bytes"),
        # 512 tokens and half of 512 more.
        pytest.param("mean_context", "768 tokens", id="mean_context"),
        # 512 tokens at $1.50 and 512 at $2.00 per 1M: $0.001792.
        pytest.param("api_request_usd", "$1.79 per 1,000", id="api_request_usd"),
        # Data sheet: 312 TFLOP/s over 2,039 GB/s.
        pytest.param("ridge_point", "153 FLOP/B", id="ridge_point"),
    ],
)
def test_example_of_the_article_gives_its_numbers(tables_on: TablesOn, name: str, result: str) -> None:
    example = worked(name, ASKED, tables_on(ASKED.as_of))
    assert example is not None
    assert example.results == (("", result),)


def test_example_agrees_with_the_answer_of_the_page(tables_on: TablesOn) -> None:
    tables = tables_on(TODAY)
    answer = compare(DEFAULT, tables)
    values = values_of(answer, tables)
    host = answer.shapes[1].host
    assert host is not None
    serving = formula("continuous_batching").function(
        **{
            name: values[name]
            for name in ("model", "replica", "engine", "batch", "prompt_tokens", "completion_tokens")
        }
    )
    assert float(serving.tpot_s) == pytest.approx(host.tpot_s)
    rent = formula("replica_usd").function(
        **{name: values[name] for name in ("usd_per_hour", "busy_s", "utilisation")}
    )
    assert rent == pytest.approx(host.usd)


@pytest.mark.parametrize("model", ["llama-3.3-70b", "deepseek-v3", "gpt-oss-120b", "gemma-3-27b"])
def test_every_example_that_can_be_worked_is_worked(tables_on: TablesOn, model: str) -> None:
    tables = tables_on(TODAY)
    answer = compare(Scenario(as_of=TODAY, model=model, ttft=None, tpot=None), tables)
    values = values_of(answer, tables)
    worked_out = [
        f.name
        for module in all_modules()
        for f in module.formulas
        if example_of(f, answer, values, Money()) is not None
    ]
    assert len(worked_out) >= 25
    assert ("latent_kv_bytes_per_token" in worked_out) == (model == "deepseek-v3")
    assert ("kv_bytes_per_token" in worked_out) == (model != "deepseek-v3")


def test_arguments_that_mean_something_else_are_not_taken_from_the_scenario(tables_on: TablesOn) -> None:
    for name in ("training_flop", "owned_usd_per_hour", "largest_batch"):
        assert worked(name, DEFAULT, tables_on(TODAY)) is None
    assert "training" in NOT_OF_A_SCENARIO


def test_scenario_without_a_deployment_gives_no_example_and_no_picture(tables_on: TablesOn) -> None:
    tables = tables_on(TODAY)
    answer = compare(Scenario(as_of=TODAY, model="mimo-v2-flash"), tables)
    assert values_of(answer, tables) == {}
    assert picture.roofs_of(answer) == ()
    assert example_of(formula("ridge_point"), answer, {}, Money()) is None
    rows = assumptions.as_table(assumptions.assumptions_of(tables.efficiencies, answer))
    assert rows["Shape A"].isna().all()


@pytest.fixture
def article(tables_on: TablesOn) -> Comparison:
    return compare(ASKED, tables_on(ASKED.as_of))


def test_steps_stand_under_the_roof_where_the_article_saw_them(article: Comparison) -> None:
    (roof,) = picture.roofs_of(article)
    assert roof.ridge == pytest.approx(312e12 / 2.039e12)
    prefill, decode = roof.steps[2:]
    assert prefill.compute_bound
    assert not decode.compute_bound
    # Prefill of 64 x 512 tokens, 137.4 GFLOP each (the look-up is no work), and attention of 2 L H d N^2.
    assert prefill.flop == pytest.approx(64 * 512 * 2 * 68.71e9 + 64 * 2 * 80 * 64 * 128 * 512**2, rel=1e-3)
    # Decode reads 137.4 GB of weights and 64 x 768 x 327,680 B of cache.
    assert decode.bytes_moved == pytest.approx(137.43e9 + 64 * 768 * 327_680, rel=1e-3)
    for step in roof.steps:
        assert step.rate <= np.interp(step.intensity, roof.intensity, roof.peak) * 1.01
        assert sum(step.parts) == pytest.approx(step.seconds)


def test_pictures_are_valid_charts_with_units(article: Comparison) -> None:
    roofs = picture.roofs_of(article)
    chart = charts_method.roofline(roofs[0])
    assert len(chart.data) == 2 + len(roofs[0].steps)
    assert "[FLOP/B]" in chart.layout.xaxis.title.text
    bars = charts_method.step_parts(roofs)
    assert [sum(trace.x[i] for trace in bars.data) for i in range(4)] == pytest.approx([100] * 4)
    assert picture.parts_finding(roofs).startswith("Decode")


def test_assumptions_span_the_fitted_rows(tables_on: TablesOn, article: Comparison) -> None:
    rows = tables_on(TODAY).efficiencies
    table = assumptions.as_table(assumptions.assumptions_of(rows, article)).set_index("Assumption")
    mfu = table.loc["Share of the peak FLOP/s (MFU)"]
    (used,) = (row.mfu for row in rows if row.efficiency_id == "tgi-2023-a100-fp16-static")
    assert mfu["Shape B"] == pytest.approx(100 * used)
    assert mfu["Lowest fitted"] <= 100 * used <= mfu["Highest fitted"]
    doubled = [replace(row, mfu=row.mfu / 2) for row in rows]
    other = assumptions.as_table(assumptions.assumptions_of(doubled, article)).set_index("Assumption")
    assert other.loc["Share of the peak FLOP/s (MFU)", "Median"] == pytest.approx(mfu["Median"] / 2, rel=1e-2)
