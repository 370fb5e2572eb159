"""What has become of the claims: the same recomputation with the prices of another day."""

import re
from dataclasses import replace
from datetime import date

import pytest

from breakeven.hosting import gpu_price
from breakeven.question.pages.articles import OPEN, REPRODUCES, ROUNDS, WRONG, Standing
from breakeven.question.scenario import MEDIAN
from breakeven.tables import queries
from breakeven.views.articles import conclusions
from breakeven.views.articles.facts import read_facts
from breakeven.views.articles.judge import verdict_of
from breakeven.views.articles.standing import check
from tests.builders import TODAY


@pytest.fixture(scope="module")
def checked(connection, facts):
    return {one.claim.claim_id: one for one in check(queries.claims(connection), facts)}


def test_wrong_and_open_claims_keep_their_verdict_and_others_hold_or_held(checked):
    may = {
        WRONG: {Standing.WRONG},
        OPEN: {Standing.OPEN},
        REPRODUCES: {Standing.HOLDS, Standing.HELD_THEN},
        ROUNDS: {Standing.HOLDS, Standing.HELD_THEN},
    }
    assert [key for key, one in checked.items() if one.standing not in may[one.judged.verdict]] == []
    assert {one.standing for one in checked.values()} == set(Standing)


def test_a_claim_held_then_when_the_number_of_today_is_another_or_its_api_is_gone(checked):
    for key, one in checked.items():
        if one.standing == Standing.HELD_THEN and one.missing is None:
            assert verdict_of(one.claim, one.now) == WRONG, key
        if one.standing == Standing.HOLDS and one.now is not None:
            assert verdict_of(one.claim, one.now) != WRONG, key


def test_rent_of_today_is_the_median_of_the_same_gpu(checked, facts):
    offers = facts.tables_on(TODAY).gpu_offers
    median = gpu_price(offers, gpu_id="a100-80-sxm", price_type="on-demand", choice=MEDIAN)
    # Two of them, as in the article.
    assert checked["sanger-rent-hour"].now == 2 * median.usd_per_gpu_hour
    assert checked["sanger-rent-hour"].standing == Standing.HELD_THEN


def test_model_that_is_sold_no_more_held_then(checked):
    one = checked["numbers-gpt4-gpt35"]
    assert (one.standing, one.now) == (Standing.HELD_THEN, None)
    assert one.missing == f"no price of 'openai/gpt-4-32k' on {TODAY}"


def test_architecture_and_arithmetic_have_no_day(checked):
    for key in ("sanger-layers", "sanger-fn12-tokens", "numbers-kv-13b"):
        assert (checked[key].now, checked[key].missing, checked[key].standing) == (None, None, Standing.HOLDS)


def test_on_the_day_of_the_claims_nothing_has_moved(connection):
    early = read_facts(connection, date(2023, 5, 8))
    assert Standing.HELD_THEN not in {one.standing for one in check(queries.claims(connection), early)}


def test_price_that_has_not_moved_still_holds(connection):
    # USD 1.50 and 2.00 per million from 2023-06-13 to 2024-02-16.
    claims = [one for one in queries.claims(connection) if one.claim_id == "sanger-gpt-prompt"]
    days = {
        day: check(claims, read_facts(connection, day))[0] for day in (date(2024, 2, 15), date(2024, 2, 16))
    }
    assert [one.standing for one in days.values()] == [Standing.HOLDS, Standing.HELD_THEN]
    assert [one.now for one in days.values()] == [0.0015, 0.0005]


def test_missing_row_cannot_be_checked(connection, facts):
    claim = next(one for one in queries.claims(connection) if one.claim_id == "sanger-rent-hour")
    gone = check([replace(claim, inputs="offer=gone day=2023-07-20 gpus=2")], facts)[0]
    assert (gone.standing, gone.now) == (Standing.OPEN, None)


def test_sentence_counts_every_claim_once(checked):
    numbers = [int(n) for n in re.findall(r"\d+", conclusions.standings(list(checked.values())))]
    assert numbers[0] == sum(numbers[1:]) == len(checked)
