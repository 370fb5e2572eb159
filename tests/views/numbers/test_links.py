"""The button of every rule opens a page that exists, with parameters that the page reads."""

from collections.abc import Callable
from datetime import date
from urllib.parse import parse_qsl

import pytest
from duckdb import DuckDBPyConnection

from breakeven.question.asked import read_ids
from breakeven.question.link import decode
from breakeven.question.pages.prices import offers_in
from breakeven.question.pages.train import FIELDS, Fields
from breakeven.question.scenario import Scenario
from breakeven.tables import price_queries
from breakeven.tables.day import Tables
from breakeven.views.links import target
from breakeven.views.numbers import Rule
from breakeven.views.train.answer import TrainingFacts, train
from tests.builders import DEFAULT, ROOT, TODAY

Rules = dict[str, Rule]
PAGES = ROOT / "pages"


@pytest.mark.parametrize("day", [date(2023, 1, 1), date(2023, 5, 8), date(2024, 9, 1), TODAY])
def test_every_button_leads_to_a_page_that_reads_its_parameters(
    rules_on: Callable[[date], Rules], connection: DuckDBPyConnection, day: date
) -> None:
    asked, known = Scenario(as_of=day, prompt_a=777), read_ids(connection)
    for key, rule in rules_on(day).items():
        shown = target(rule.page, asked, rule.opens)
        assert shown.warnings == (), key
        assert (PAGES / f"{rule.page}.py").exists(), key
        decoded = decode(shown.query, default=DEFAULT, known=known)
        assert (decoded.scenario, decoded.warnings) == (asked, ()), key  # The reader's own scenario.
        written = dict(parse_qsl(shown.query))
        assert {field: written[field] for field in rule.opens} == dict(rule.opens), key


@pytest.mark.parametrize("day", [date(2023, 5, 8), TODAY])
def test_button_of_a_price_ratio_shows_the_offers_it_is_made_of(
    rules_on: Callable[[date], Rules], connection: DuckDBPyConnection, day: date
) -> None:
    rules = rules_on(day)
    drawn = offers_in(rules["frontier-to-small"].opens["prices_models"])
    periods = price_queries.api_price_periods(connection, drawn)
    assert {row["api_offer_id"] for row in periods} == set(drawn)
    shown = {"frontier-to-small": set(drawn)}
    for key in ("small-to-embedding", "hosted-embedding"):
        rows = connection.cursor().execute(rules[key].opens["prices_sql"]).fetchall()
        shown[key] = {row[0] for row in rows}
    assert {key: len(offers) for key, offers in shown.items()} == {
        "frontier-to-small": 2,
        "small-to-embedding": 2,
        "hosted-embedding": 1,
    }
    for key, offers in shown.items():
        for offer in offers:
            assert offer.partition("/")[2] in " ".join(rules[key].working), key


def test_button_of_the_13b_run_costs_what_the_rule_says(
    rules_on: Callable[[date], Rules], tables_on: Callable[[date], Tables]
) -> None:
    rule = rules_on(TODAY)["train-13b"]
    shown = target(rule.page, DEFAULT, rule.opens)
    plan = Fields(**FIELDS.read(shown.adds, default=Fields())[0])
    answer = train(plan, shown.scenario, tables_on(TODAY), TrainingFacts(runs=(), tuning_prices=()))
    assert answer.usd is not None
    assert rule.today is not None
    assert rule.today.low <= answer.usd.mid <= rule.today.high
