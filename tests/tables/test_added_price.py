"""A price that a person adds to the history comes into force on its day, or is refused by file and line."""

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest

from breakeven.tables import queries
from breakeven.tables.build import build
from breakeven.tables.check import check
from tests.builders import copy_of_tables, csv_rows, write_csv

DAY = date(2026, 11, 20)


def add(folder, **cells):
    """Append a price of gpt-4o; returns its line."""
    path = folder / "api_prices_history.csv"
    rows = csv_rows(path)
    row = dict.fromkeys(rows[0], "") | {
        "provider": "openai",
        "api_model": "gpt-4o",
        "valid_from": str(DAY),
        "valid_from_kind": "published",
        "input_usd_per_mtok": "2",
        "output_usd_per_mtok": "8",
        "checked": "true",
        "source_id": "openai-gpt-4o-2024-05",
        "locator": "API",
        "as_of": "2026-11-21",
    }
    write_csv(path, [*rows, row | cells])
    return len(rows) + 2


@pytest.fixture
def folder(tmp_path):
    return copy_of_tables(tmp_path)


def price_on(connection, day):
    (offer,) = [o for o in queries.api_offers_on(connection, day) if o.api_offer_id == "openai/gpt-4o"]
    return offer.tiers[0].input_usd_per_mtok, offer.tiers[0].output_usd_per_mtok, offer.name


def test_a_price_dated_after_the_catalogue_holds_from_its_day_on(folder):
    add(folder)
    with duckdb.connect(":memory:") as connection:
        build(connection, folder)
        *before, name = price_on(connection, DAY - timedelta(days=1))
        assert before == [Decimal("2.5"), 10]
        assert price_on(connection, DAY) == (2, 8, name)
        assert price_on(connection, DAY + timedelta(days=30)) == (2, 8, name)
    # Its dated issues keep their price until somebody says what became of them.
    problems = check(folder).problems
    assert len(problems) == 2
    assert all(": family: 'openai/gpt-4o-2024-" in problem for problem in problems)


def test_a_price_that_cannot_count_is_refused_by_file_and_line(folder):
    line = add(folder, valid_from_kind="first-seen", last_seen=str(DAY))
    assert check(folder).problems == [
        f"api_prices_history.csv:{line}: valid_from: '{DAY}' never counts: genai-prices-0.2.3 of 2024-10-02 "
        "holds on that day; only a row of kind 'published' holds against the price catalogue"
    ]
