"""A file's bill rung by rung: what saves how much, and whether another model is at least as good."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.apis.workloads import price_edges, price_workload
from breakeven.comparison.ladder import MOST_MODELS, NO_FLOOR, USED, Kind, ladder_of
from breakeven.hosting.workloads import host_workload
from breakeven.question.scenario import Scenario
from breakeven.tables.scores import Scale, at_least_as_good, score_of, scores_in
from breakeven.usage.read import read_workload
from tests.builders import SAMPLES, TODAY

HEAD = "timestamp,model,input_tokens,output_tokens\n"


@pytest.fixture(scope="module")
def scores(tables):
    return scores_in(tables)


@pytest.fixture(scope="module")
def climb(tables, tables_on, scores):
    edges = price_edges(tables)

    def of(path, floor=USED, own=None):
        workload = read_workload(path, edges=edges)
        priced = price_workload(workload, tables, TODAY)
        hosting = host_workload(workload, tables_on(TODAY), Scenario(as_of=TODAY))
        used = scores if own is None else scores.with_own(own)
        return priced, hosting, ladder_of(priced, hosting, tables, used, floor)

    return of


def rung(ladder, kind):
    return next(one for one in ladder.rungs if one.kind == kind)


def a_file(tmp_path, *rows):
    path = tmp_path / "usage.csv"
    path.write_text(HEAD + "".join(f"2026-11-{day:02},{model},{n},{m}\n" for day, model, n, m in rows))
    return path


def test_every_rung_is_the_bill_less_what_it_saves_or_says_why_it_cannot_be(climb):
    priced, _, ladder = climb(SAMPLES / "completions_usage_openai.csv")
    assert rung(ladder, Kind.USED).usd == pytest.approx(float(priced.list_usd))
    for one in ladder.rungs:
        assert (one.usd is None) == (one.why is not None)
        if one.usd is not None:
            assert one.usd + one.saves_usd == pytest.approx(float(priced.list_usd))
    assert [one.kind for one in ladder.rungs][:3] == [Kind.USED, Kind.HOSTS, Kind.AS_GOOD]


def test_models_at_least_as_good_cost_no_more_than_the_same_models_elsewhere(climb):
    for name in ("openrouter_activity.csv", "litellm_spend_logs.csv"):
        _, _, ladder = climb(SAMPLES / name)
        hosts, good = rung(ladder, Kind.HOSTS), rung(ladder, Kind.AS_GOOD)
        assert good.usd is not None
        assert hosts.usd is None or good.usd <= hosts.usd


def test_an_answer_a_fifth_shorter_saves_a_fifth_of_the_output(climb, tmp_path):
    # 1M in at $2.50 and 100k out at $10 per 1M: $3.50; 20k fewer out: $0.20 less.
    _, _, ladder = climb(
        a_file(
            tmp_path, (1, "gpt-4o", 100_000, 10_000), *[(d, "gpt-4o", 100_000, 10_000) for d in range(2, 11)]
        )
    )
    assert rung(ladder, Kind.USED).usd == pytest.approx(3.5)
    assert rung(ladder, Kind.SHORTER).saves_usd == pytest.approx(0.2)
    # Half of 1M read from the cache at $1.25 instead of $2.50.
    assert rung(ladder, Kind.CACHED).saves_usd == pytest.approx(0.625)
    # OpenAI's batch is half.
    assert rung(ladder, Kind.BATCHED).usd == pytest.approx(1.75)


def test_no_model_without_a_score_is_called_good_enough_and_none_stands_first(climb, scores):
    for floor in (USED, NO_FLOOR, "openai/gpt-4o-mini"):
        _, _, ladder = climb(SAMPLES / "completions_usage_openai.csv", floor)
        assert ladder.best is not None
        for one in ladder.held.as_good:
            key = one.offer.api_offer_id
            scored = any(score_of(scores, key, scale) for scale in Scale)
            assert scored or at_least_as_good(scores, key, ladder.reference)
        for one in ladder.held.unscored:
            assert ladder.scale is None or score_of(scores, one.offer.api_offer_id, ladder.scale) is None


def test_every_offer_is_in_one_part_and_the_cheapest_unmarked_stands_first(climb):
    priced, hosting, ladder = climb(SAMPLES / "litellm_spend_logs.csv")
    parts = [*ladder.held.as_good, *ladder.held.lesser, *ladder.held.unscored]
    assert sorted(one.offer.api_offer_id for one in parts) == sorted(
        one.offer.api_offer_id for one in priced.offers
    )
    assert {id(one) for one, _ in ladder.hosts} == {id(one) for one in hosting.offers}
    clean = [one.usd for one in ladder.held.as_good if not one.remarks_stand]
    assert clean == sorted(clean)
    assert not ladder.held.as_good[0].remarks_stand


def test_a_smaller_model_costs_less_than_those_at_least_as_good_and_says_what_is_lost(climb):
    _, _, ladder = climb(SAMPLES / "litellm_spend_logs.csv")
    good = rung(ladder, Kind.AS_GOOD).usd
    smaller = [one for one in ladder.rungs if one.kind == Kind.SMALLER and one.usd is not None]
    assert smaller
    for one in smaller:
        assert one.usd <= good / 2
        assert "instead of" in one.lost


def test_a_host_whose_list_lacks_the_price_of_long_requests_is_no_cheaper_host(climb):
    # The console's sums above 200k tokens: Anthropic asks twice for them, a cloud's list has the base alone.
    _, _, ladder = climb(SAMPLES / "claude_api_tokens.csv")
    hosts = rung(ladder, Kind.HOSTS)
    assert hosts.usd is None or not any("sonnet" in one for one in hosts.choices)


def test_sums_without_a_count_cannot_be_hosted_and_say_so(climb):
    _, _, ladder = climb(SAMPLES / "claude_api_tokens.csv")
    assert rung(ladder, Kind.HOSTED).why == "the file has sums and does not say of how many requests"


def test_a_file_that_names_no_known_model_is_held_against_nothing(climb):
    _, _, ladder = climb(SAMPLES / "shape_conv.csv.gz")
    assert ladder.rungs == ()
    assert (ladder.floor, ladder.reference) == (NO_FLOOR, None)
    assert ladder.best is not None


def test_a_visitors_own_scores_come_before_the_published_ones(climb, tmp_path):
    path = a_file(tmp_path, (1, "gpt-4o", 1000, 100), (2, "gpt-4o", 1000, 100))
    own = {"openai/gpt-4o": 10.0, "openai/gpt-4o-mini": 11.0}
    _, _, ladder = climb(path, USED, own)
    assert ladder.scale == Scale.OWN
    assert rung(ladder, Kind.AS_GOOD).choices == ("openai/gpt-4o-mini for gpt-4o",)


def test_a_month_is_told_only_where_the_file_covers_a_day(climb):
    # Ten daily sums are ten days; a month has 730 hours.
    _, _, days = climb(SAMPLES / "completions_usage_openai.csv")
    assert days.month_usd(1.0) == pytest.approx(730 * 3600 / days.covered_s)
    _, _, minutes = climb(SAMPLES / "shape_conv.csv.gz")
    assert minutes.month_usd(1.0) is None


@given(
    st.lists(
        st.tuples(
            st.integers(1, 28),
            st.sampled_from(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "o3"]),
            st.integers(1, 150_000),
            st.integers(1, 8_000),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=8, deadline=None)
def test_no_rung_of_other_offers_is_dearer_than_what_was_used(climb, tmp_path_factory, rows):
    _, _, ladder = climb(a_file(tmp_path_factory.mktemp("rows"), *rows))
    assert len({row[1] for row in rows}) <= MOST_MODELS
    for kind in (Kind.HOSTS, Kind.AS_GOOD):
        one = rung(ladder, kind)
        assert one.usd is None or one.saves_usd > 0
    assert replace(ladder, rungs=()).best is ladder.best
