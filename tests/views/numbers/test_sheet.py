"""The page to print and the table: whole, escaped, on their own."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from duckdb import DuckDBPyConnection
from hypothesis import given
from hypothesis import strategies as st

from breakeven.question.pages.numbers import FIELDS, USUAL, Fields
from breakeven.tables import queries
from breakeven.views.numbers import PARTS, sheet
from breakeven.words.numbers import Money
from tests.builders import TODAY
from tests.views.numbers.conftest import Rules


def test_page_to_print_holds_every_rule_and_needs_nothing_else(
    rules_on: Callable[[date], Rules], connection: DuckDBPyConnection
) -> None:
    rules = list(rules_on(TODAY).values())
    page = sheet.as_page(rules, Money(), lead="Lead", question="Q", sources=queries.sources(connection))
    assert page.count("<tr>") == len(rules) + 1
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import", page)


def test_text_of_the_tables_is_escaped_on_the_page_to_print(rules_on: Callable[[date], Rules]) -> None:
    rule = next(iter(rules_on(TODAY).values()))
    evil = "<script>alert(1)</script>"
    page = sheet.as_page(
        [replace(rule, name=evil, quoted=evil, consequence=evil, part=evil)],
        Money(),
        lead=evil,
        question=evil,
        sources={},
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5


def test_table_has_a_row_for_every_rule_and_amounts_in_the_currency(
    rules_on: Callable[[date], Rules],
) -> None:
    rules = list(rules_on(TODAY).values())
    table = sheet.as_table(rules, Money(currency="EUR", rate=0.5)).set_index("Rule")
    assert len(table) == len(rules)
    dollars = sheet.as_table(rules, Money()).set_index("Rule")
    name = "Training a 13B model on 1.4T tokens"
    assert table.loc[name, "Low"] == 0.5 * dollars.loc[name, "Low"]
    assert table.loc[name, "Unit"] == "EUR"
    same = "KV cache of one token, 13B model"
    assert table.loc[same, "Low"] == dollars.loc[same, "Low"]


@given(
    find=st.none()
    | st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=60)
    .map(str.strip)
    .filter(lambda text: text and text.lower() != "none"),
    part=st.none() | st.sampled_from(PARTS),
)
def test_view_survives_the_link(find: str | None, part: str | None) -> None:
    view = Fields(find=find, part=part)
    values, warnings = FIELDS.read(FIELDS.write(view), default=USUAL)
    assert Fields(**values) == view
    assert warnings == []
