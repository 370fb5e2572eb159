"""The cheapest offer at a capability, over time."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from breakeven.question.parts import Shape
from breakeven.tables import price_queries
from breakeven.views.prices import capability
from breakeven.words.numbers import Money
from tests.builders import TODAY

EVEN = Shape(prompt_tokens=1000, completion_tokens=1000)


def offer(
    name: str,
    usd: float,
    start: str,
    until: str | None = None,
    *,
    is_open: bool = False,
    older: bool = False,
    reseller: bool = False,
) -> dict[str, Any]:
    provider, _, api_model = name.partition("/")
    return {
        "api_offer_id": name,
        "provider": provider,
        "model": api_model,
        "open": is_open,
        "reseller": reseller,
        "valid_from_kind": "first-seen" if older else "published",
        "source_id": "litellm-catalogues",
        "valid_from": date.fromisoformat(start),
        "until": date.fromisoformat(until) if until else None,
        "input_usd_per_mtok": Decimal(str(usd)),
        "output_usd_per_mtok": Decimal(str(usd)),
    }


def walked(*rows: dict[str, Any], day: date = TODAY) -> list[tuple[str, float | None, str | None]]:
    return [
        (str(step.day), step.usd, step.row and step.row["api_offer_id"])
        for step in capability.cheapest_steps(rows, EVEN, day)
    ]


def test_cheapest_changes_hands_and_back_on_the_days_of_the_prices() -> None:
    dear = offer("a/x", 10, "2024-01-01")
    cheap = offer("b/y", 2, "2024-06-01", "2025-01-01")
    assert walked(dear, cheap) == [
        ("2024-01-01", 10, "a/x"),
        ("2024-06-01", 2, "b/y"),
        ("2025-01-01", 10, "a/x"),
    ]
    assert walked(dear, cheap, day=date(2024, 5, 31)) == [("2024-01-01", 10, "a/x")]
    assert walked(cheap)[-1] == ("2025-01-01", None, None)
    assert walked() == []


@pytest.mark.parametrize(("usd", "cheapest"), [(4.99, "c/m"), (5, "a/m")])
def test_open_offer_counts_when_a_second_host_asks_at_most_twice_as_much(usd: float, cheapest: str) -> None:
    hosts = [offer(f"{host}/m", 10, "2024-01-01", is_open=True) for host in "cd"]
    assert walked(offer("a/m", usd, "2024-01-01", is_open=True), *hosts)[-1][2] == cheapest


def test_lone_host_of_an_open_model_does_not_count_and_a_closed_model_does() -> None:
    other = offer("b/other", 10, "2024-01-01")
    assert walked(offer("a/m", 1, "2024-01-01", is_open=True), other)[-1][2] == "b/other"
    assert walked(offer("a/m", 1, "2024-01-01"), other)[-1][2] == "a/m"


def test_reseller_is_a_witness_but_never_the_cheapest() -> None:
    host = offer("host/m", 10, "2024-01-01", is_open=True)
    gateway = offer("gateway/m", 8, "2024-01-01", is_open=True, reseller=True)
    assert walked(host, gateway)[-1][1:] == (10, "host/m")
    passed_on = offer("hub_host/m", 8, "2024-01-01", is_open=True, reseller=True)
    assert walked(host, passed_on) == [("2024-01-01", None, None)]


def test_price_of_an_older_catalogue_counts_only_while_it_is_dated() -> None:
    steady = offer("b/other", 10, "2024-01-01")
    ended = offer("a/m", 1, "2024-06-01", "2024-07-01", older=True)
    assert [step[2] for step in walked(steady, ended)] == ["b/other", "a/m", "b/other"]
    assert [step[2] for step in walked(steady, ended | {"until": None})] == ["b/other"]


def test_line_begins_with_the_published_price_of_gpt_4(connection: DuckDBPyConnection) -> None:
    rows = price_queries.capability_periods(connection, "MMLU", 86)
    steps = capability.cheapest_steps(rows, EVEN, TODAY)
    # GPT-4 on 2023-03-14: $30 and $60 per 1M, 45 at an even mix; its report gives 86.4 on MMLU.
    assert (steps[0].day, steps[0].usd) == (date(2023, 3, 14), 45)
    assert all(step.row is None or step.row["score"] >= 86 for step in steps)
    # GPT-4o on 2024-08-06: 2.50 and 10, 6.25 at an even mix.
    cut = next(step for step in steps if step.day == date(2024, 8, 6))
    assert cut.usd == 6.25
    finding = capability.finding(steps, "86", EVEN, Money())
    assert "cheaper than in 2023-03 ($45.00, openai/gpt-4)" in finding
    assert "No offer" in capability.finding([], "86", EVEN, Money())
    line = capability.as_line(steps, "86", TODAY)
    assert line.days[-1] == TODAY
    table = capability.steps_frame(steps, {}, TODAY, Money())
    assert len(table) == len([step for step in steps if step.usd is not None])


def test_lower_threshold_is_never_dearer(connection: DuckDBPyConnection) -> None:
    periods = [price_queries.capability_periods(connection, "MMLU", score) for score in (70, 82, 86)]
    last = [capability.cheapest_steps(one, EVEN, TODAY)[-1] for one in periods]
    assert last[0].usd <= last[1].usd <= last[2].usd  # type: ignore[operator]


def test_every_scored_offer_has_a_price(connection: DuckDBPyConnection) -> None:
    missing = connection.cursor().execute(
        "SELECT score_id FROM model_scores LEFT JOIN api_prices USING (provider, api_model) "
        "WHERE model_scores.model_id IS NULL AND api_offer_id IS NULL"
    )
    assert missing.fetchall() == []
