"""A score belongs to a model, whoever sells it, and nothing is known of a model without one."""

from datetime import date
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.tables import queries
from breakeven.tables.scores import (
    Scale,
    Score,
    at_least_as_good,
    compared_by,
    own_scores,
    plain,
    score_of,
    scores_in,
)

NEWEST = date(2026, 11, 30)


@pytest.fixture(scope="module")
def scores(connection):
    return scores_in(connection)


@pytest.fixture(scope="module")
def offers(connection):
    return [offer.api_offer_id for offer in queries.api_offers_on(connection, NEWEST)]


def value(scores, model, scale=Scale.ECI):
    found = score_of(scores, model, scale)
    return found and found.value


def test_at_least_150_models_that_can_be_bought_today_are_scored(scores, offers):
    """Models, not offers: every host and every issue of one model's name counts once."""
    found = [score_of(scores, offer, Scale.ECI) for offer in offers]
    assert len({score.model for score in found if score}) >= 150
    assert sum(score is not None for score in found) >= 1250


def test_every_scored_name_means_the_model_that_it_scores(scores, connection):
    """No row is lost under another one's key; each is found by its own offer or architecture."""
    rows = connection.cursor().execute("SELECT * FROM model_scores").df().to_dict("records")
    for row in rows:
        if isinstance(row["model_id"], str):
            kept = score_of(scores, row["model_id"], Scale(row["benchmark"]))
            assert kept is not None or isinstance(row["variant"], str)
        else:
            offer = f"{row['provider']}/{row['api_model']}"
            assert value(scores, offer, Scale(row["benchmark"])) == row["score"], offer


def test_every_offer_of_one_architecture_and_issue_has_one_score(scores, connection):
    rows = connection.cursor().execute(
        "SELECT provider || '/' || api_model, variant FROM model_aliases WHERE model_id = 'qwen3-235b-a22b'"
    )
    found = {variant: value(scores, offer) for offer, variant in rows.fetchall()}
    assert found["Instruct-2507"] == found["Instruct-2507, throughput"] == 138.92
    assert found["Thinking-2507"] == 143.85
    assert found[None] == found["fp8"] == found["fp8, throughput"] == 139.35


@pytest.mark.parametrize(
    ("name", "eci"),
    [
        ("anthropic/claude-opus-4-5", 150.09),
        ("anthropic/claude-opus-4-5-20251101", 150.09),
        ("aws/regional.anthropic.claude-opus-4-5-v1:0", 150.09),
        ("openrouter/anthropic/claude-opus-4.5", 150.09),
        ("openrouter/anthropic/claude-opus-4.5:batch", 150.09),
        ("databricks/databricks-claude-opus-5-5", 167.33),
        ("perplexity/xai/grok-4.6", 156.44),
        ("google/gemini-3.8-flash", 156.71),
        ("deepinfra/google/gemini-3.1-pro", 154.77),
        ("fireworks/kimi-k3-fast", 157.45),
        ("kimi-k3", 157.45),
        ("Kimi-K3", 157.45),
        ("gpt-5.1-high", 149.64),
        ("openai/gpt-4o-2024-11-20", 128.81),
        ("openai/gpt-4o", 128.76),  # any issue of three: the lowest of them
        ("openai/gpt-5-chat", None),
        ("openai/gpt-5-image", None),
        ("x-ai/grok-4-fast-non-reasoning", None),
        ("deepseek/deepseek-chat", None),  # has been several models
        ("deepseek/deepseek-v4-flash", None),  # answered by another one
        ("openrouter/nousresearch/hermes-4-70b", None),  # a tune of another maker
        ("openrouter/meta-llama/llama-3.1-405b", None),  # not tuned to answer
        ("openai/ft:gpt-4o", None),
        ("no-such-model", None),
    ],
)
def test_a_name_has_the_score_of_the_model_that_it_means(scores, name, eci):
    assert value(scores, name) == eci


def test_a_score_says_where_it_is_from_and_how_sure_it_is(scores):
    score = score_of(scores, "moonshotai/kimi-k2-thinking", Scale.ECI)
    assert score == Score(
        Scale.ECI, "kimi-k2, K2-Thinking", 146.01, 143.36, 147.52,
        "best of the reasoning efforts that were tested", date(2026, 10, 6), "epoch-eci-2026-10-06",
    )  # fmt: skip


def test_models_are_compared_on_the_scale_that_knows_most_of_them(scores):
    eci_first = compared_by(scores, "openai/gpt-5", ["anthropic/claude-opus-4-5", "openai/o3"])
    assert eci_first is Scale.ECI
    only_votes = ["google/gemini-4-argon", "openrouter/xiaomi/mimo-v2.6-pro", "zai/GLM-4.6"]
    assert compared_by(scores, "openai/gpt-5", [*only_votes, "openai/o3"]) is Scale.ARENA
    assert compared_by(scores, "openai/gpt-5", ["openai/gpt-5-chat"]) is None
    assert compared_by(scores, "openai/gpt-5-chat", ["openai/gpt-5"]) is None


def test_at_least_as_good_is_unknown_without_a_score_and_true_of_the_same_model(scores):
    assert at_least_as_good(scores, "anthropic/claude-opus-4-5", "openai/gpt-5") is True
    assert at_least_as_good(scores, "openai/gpt-5", "anthropic/claude-opus-4-5") is False
    assert at_least_as_good(scores, "openai/gpt-5-chat", "openai/gpt-5") is None
    assert at_least_as_good(scores, "openai/gpt-5", "openai/gpt-5-chat") is None
    assert at_least_as_good(scores, "azure/gpt-5-chat", "openai/gpt-5-chat") is True
    assert at_least_as_good(scores, "google/gemini-4-argon", "openai/gpt-5", Scale.ECI) is None
    assert at_least_as_good(scores, "google/gemini-4-argon", "openai/gpt-5") is True


@settings(deadline=None)
@given(data=st.data())
def test_models_stand_in_one_order_on_a_scale(scores, offers, data):
    scale = data.draw(st.sampled_from([Scale.ECI, Scale.ARENA, Scale.AIDER]))
    three = data.draw(st.lists(st.sampled_from(offers), min_size=3, max_size=3))
    for one, other in combinations(three, 2):
        forth, back = (at_least_as_good(scores, *pair, scale) for pair in ((one, other), (other, one)))
        assert (forth is None) == (back is None)
        assert forth is None or forth or back
    a, b, c = three
    if at_least_as_good(scores, a, b, scale) and at_least_as_good(scores, b, c, scale):
        assert at_least_as_good(scores, a, c, scale) in {True, None}


def test_a_visitors_own_scores_come_first(scores, offers):
    text = "model,score\nopenai/gpt-5,61\nClaude Opus 4.5,72.5%\nMiniMax-M3,55\n"
    own = own_scores(text, scores, offers)
    assert own.problems == ()
    assert dict(own.values) == {"openai/gpt-5": 61, "Claude Opus 4.5": 72.5, "MiniMax-M3": 55}
    mine = scores.with_own(own.values)
    assert compared_by(mine, "openai/gpt-5", ["openrouter/anthropic/claude-opus-4.5"]) is Scale.OWN
    assert value(mine, "aws/global.anthropic.claude-opus-4-5-v1:0", Scale.OWN) == 72.5
    assert value(mine, "together/MiniMaxAI/MiniMax-M3", Scale.OWN) == 55
    assert compared_by(mine, "openai/gpt-5", ["openai/o3"]) is Scale.ECI
    assert value(scores, "openai/gpt-5", Scale.OWN) is None


def test_each_bad_row_of_a_visitors_scores_is_told(scores, offers):
    text = (
        "\ufeffopenai/gpt-5;61\n;3\nopenai/o3;good\nopenai/o3\nopenai/gpt-5;62\ngpt-99;1\n\nopenai/o3;nan\n"
    )
    own = own_scores(text, scores, offers)
    assert dict(own.values) == {"openai/gpt-5": 61}
    assert own.problems == (
        "line 2: name: '' must name a model",
        "line 3: score: 'good' must be a number such as 71.5",
        "line 4: score: '' must be a number such as 71.5",
        "line 5: name: 'openai/gpt-5' has a score of 61 above already",
        "line 6: name: 'gpt-99' must be a model of the price list, such as openai/gpt-5",
        "line 8: score: 'nan' must be a number such as 71.5",
    )


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.text("gpt-5o3/ ", max_size=6), st.text("0123456789.-e", max_size=4)), max_size=6)
)
def test_every_row_of_a_visitors_scores_counts_or_is_told(scores, offers, rows):
    written = [(name.strip(), number) for name, number in rows]
    text = "model,score\n" + "".join(f"{name},{number}\n" for name, number in written)
    own = own_scores(text, scores, offers)
    assert len(own.values) + len(own.problems) == sum(bool(name or number) for name, number in written)


@given(st.text("abcdefgh0123456789.-/:", max_size=30))
def test_a_plain_name_stays_as_it_is(name):
    assert plain(plain(name)) == plain(name)
