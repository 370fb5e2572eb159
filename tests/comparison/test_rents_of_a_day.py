"""On any day a ranking holds no rent that has ended, and rests its choice on a fresh one."""

import csv
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.comparison.answer import compare
from breakeven.comparison.words import ages, price_notes
from breakeven.paths import DATA
from breakeven.question.pages.deploy import Fields
from breakeven.question.scenario import Scenario
from breakeven.views.deploy.answer import deploy
from breakeven.views.deploy.words import price_sentence
from breakeven.words.names import FRESH_DAYS
from breakeven.words.numbers import Money

few = settings(deadline=None, max_examples=12)
GONE = "vultr-gh200-96-on-demand-2026-05-24"
CHOICES = st.fixed_dictionaries(
    {
        "as_of": st.dates(date(2023, 7, 20), date(2027, 3, 31)),
        "gpu_offer": st.sampled_from(["cheapest", "median", "dearest"]),
        "gpu_price_type": st.sampled_from(["on-demand", "on-demand", "spot", "marketplace"]),
        "model": st.sampled_from(["llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b"]),
    }
)


def rows(table: str) -> list[dict[str, str]]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


OFFERS = {row["gpu_offer_id"]: row for row in rows("gpu_prices")}
COMPLETE = [row for row in rows("gpu_listings") if row["complete"] == "true"]


def ended(offer_id: str, day: date) -> bool:
    """By the files alone: a complete listing between the reading and the day is a later word on the offer."""
    offer = OFFERS[offer_id]
    return any(
        (listing["provider"], listing["price_type"]) == (offer["provider"], offer["price_type"])
        and offer["valid_from"] < listing["read_on"] <= day.isoformat()
        for listing in COMPLETE
    )


@few
@given(asked=CHOICES)
def test_no_offer_past_its_end_is_in_any_ranking(asked, tables_on):
    day = asked["as_of"]
    scenario = Scenario(**asked, ttft=None, tpot=None)
    tables = tables_on(day)
    ranked = [one.row.candidate for shape in compare(scenario, tables).shapes for one in shape.ranking]
    grid = deploy(scenario, Fields(shape="a"), tables).grid
    ranked += [] if grid is None else list(grid.hardware.candidates)
    for candidate in ranked:
        offer = candidate.price.offer
        assert not ended(offer.gpu_offer_id, day), offer.gpu_offer_id
        assert offer.valid_from <= day < offer.valid_from + timedelta(days=500)


@few
@given(asked=CHOICES)
def test_a_choice_rests_on_a_fresh_rent_or_says_why_not(asked, tables_on):
    answer = compare(Scenario(**asked, ttft=None, tpot=None), tables_on(asked["as_of"]))
    for shape in answer.shapes:
        if shape.host is None:
            continue
        price = shape.host.candidate.price
        sound = [one for one in shape.ranking if one.row.candidate.price.doubt is None]
        assert (price.doubt is None) == bool(sound)
        assert (price.offer.age_days > FRESH_DAYS) <= (price.doubt is not None)
        assert price.doubt is None or price.doubt in ages(shape, answer)


@pytest.mark.parametrize("day", [date(2026, 8, 22), date(2026, 10, 2), date(2026, 11, 30)])
def test_the_rent_that_a_later_list_lacks_is_gone(tables_on, day):
    assert GONE in {offer.gpu_offer_id for offer in tables_on(date(2026, 8, 21)).gpu_offers}
    assert GONE not in {offer.gpu_offer_id for offer in tables_on(day).gpu_offers}


def test_the_age_of_both_prices_stands_beside_the_verdict(tables_on):
    day = date(2026, 11, 30)
    answer = compare(Scenario(as_of=day), tables_on(day))
    line = ages(answer.shapes[0], answer)
    assert line == "GPU price read 2026-10-01, 60 days before; API price read 2026-11-10, 20 days before."
    chosen = deploy(Scenario(as_of=day), Fields(shape="a"), tables_on(day))
    assert ", read 2026-10-01, 60 days before" in price_sentence(chosen, Money())


def test_what_would_be_cheaper_on_paper_is_named_with_its_doubt(tables_on):
    day = date(2026, 11, 30)
    scenario = Scenario(as_of=day, model="deepseek-v3", precision="fp4")
    notes = price_notes(compare(scenario, tables_on(day)), scenario)
    paper = "Cheaper on paper, not chosen: RTX PRO 6000 Blackwell Workstation, its newest on-demand price was"
    assert any(note.startswith(paper) for note in notes)
    assert "Passed over: hyperstack's $7.4, read 2026-08-22, 100 days before." in notes  # of the B300


def test_a_day_long_after_every_reading_still_has_an_answer(tables_on):
    day = date(2027, 9, 1)
    answer = compare(Scenario(as_of=day), tables_on(day))
    assert "older than 90" in ages(answer.shapes[0], answer)
