"""Which offer a written name means: the table of tests, and what no name may do."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.paths import DATA
from breakeven.tables.name_matches import by_provider, fits
from breakeven.tables.names import Names, names_on, nearest, resolve
from tests.builders import csv_rows

NEWEST = date(2026, 11, 30)
TESTS = csv_rows(DATA / "name_tests.csv")


@pytest.fixture(scope="module")
def names(tables):
    return names_on(tables, NEWEST)


@pytest.fixture(scope="module")
def meant(names):
    """A function of name and hint; Hypothesis would write out the names themselves."""
    return lambda name, hint: resolve(name, hint, names)


@pytest.fixture(scope="module")
def near(names):
    """A function of what was found, for the same reason."""
    return lambda found: names.nearest(found)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: f"{test['name']} by {test['hint'] or 'nobody'}")
def test_every_name_of_the_table_comes_to_its_offer(test, names):
    found = resolve(test["name"], test["hint"] or None, names)
    assert (found.offer_id or "") == test["api_offer_id"]
    assert found.factor == Decimal(test["factor"] or 1)


def test_the_table_holds_every_kind_of_name():
    written = " ".join(test["name"] for test in TESTS)
    for part in ("azure/", "us.anthropic.", "arn:aws", "models/", "publishers/", "projects/", "vertex_ai/",
                 "bedrock/", "openrouter/", "ft:", "[1m]", "-high", "-thinking", "@2025", "-latest", ":free",
                 ":online", "glbl", "Claude Sonnet", "embedding"):  # fmt: skip
        assert part in written
    assert sum(test["api_offer_id"] == "" for test in TESTS) >= 6, "names that must stay unpriced"


def test_the_cloud_of_the_file_comes_first(names):
    assert resolve("claude-sonnet-4-5", "vertex_ai", names).offer_id == "google/claude-sonnet-4-5"
    assert resolve("claude-sonnet-4-5", None, names).offer_id == "anthropic/claude-sonnet-4-5"
    assert resolve("o1", "azure", names).offer_id == "azure/o1"
    assert resolve("o1", None, names).offer_id == "openai/o1"


def test_steps_are_shown_and_a_price_that_stands_in_is_said(names):
    found = resolve("azure/gpt-4o", None, names)
    assert found.stand_in
    assert found.steps == ("azure/gpt-4o → gpt-4o: Azure's", "no Azure price, OpenAI's used")
    assert resolve("gpt-4o", None, names).steps == ()


def test_a_regional_profile_costs_a_tenth_more_than_a_global_one(tables, names):
    prices = dict(
        tables.execute(
            "SELECT api_offer_id, input_usd_per_mtok FROM api_prices "
            "WHERE provider = 'aws' AND processing = 'standard' AND tier_above_tokens = 0"
        ).fetchall()
    )
    for model in ("claude-sonnet-4-5-20250929-v1:0", "claude-haiku-4-5-20251001-v1:0", "claude-opus-5-5"):
        at_home = resolve(f"us.anthropic.{model}", None, names).offer_id
        anywhere = resolve(f"global.anthropic.{model}", None, names).offer_id
        assert prices[at_home] == prices[anywhere] * Decimal("1.1"), model


def test_an_unknown_version_of_a_known_model_is_not_priced_as_the_model(names):
    """The first gpt-4o cost twice what later ones do: an issue that nobody lists may cost anything."""
    found = resolve("gpt-4o-2029-01-01", None, names)
    assert found.offer_id is None
    assert names.nearest(found)
    assert set(names.nearest(found)) <= set(names.offer_ids)


def test_an_offer_that_ended_is_found_with_its_end(names):
    assert resolve("gpt-4", None, names).ended_on == date(2026, 10, 23)
    assert resolve("gpt-4o", None, names).ended_on is None


def test_a_name_that_left_a_price_list_is_sold_on_under_another(names):
    """litellm dropped gpt-realtime-2025-08-28 on 2026-07-18; OpenAI sells it as gpt-realtime."""
    assert resolve("gpt-realtime-2025-08-28", None, names).offer_id == "openai/gpt-realtime"


@given(st.text(max_size=60), st.sampled_from([None, "azure", "bedrock", "openrouter", "nobody"]))
def test_no_text_raises_or_means_an_offer_that_is_none(meant, near, text, hint):
    found = meant(text, hint)
    assert found.offer_id is None or meant(found.offer_id, None).offer_id
    assert all(meant(offer, None).offer_id for offer in near(found))


@given(st.sampled_from(TESTS), st.sampled_from([" {} ", "'{}'", "\t{}\n"]))
def test_blanks_and_quotes_around_a_name_change_nothing(meant, test, around):
    plain = meant(test["name"], test["hint"] or None)
    assert meant(around.format(test["name"]), test["hint"] or None).offer_id == plain.offer_id


def test_every_offer_in_force_is_found_by_its_own_name(names):
    lost = [offer for offer in names.offer_ids if resolve(offer, None, names).offer_id is None]
    assert lost == []
    for offer in names.offer_ids:
        provider, _, model = offer.partition("/")
        assert resolve(model, provider, names).offer_id == offer


def test_a_rule_that_is_no_expression_is_said():
    row = {"rule": "rewrite", "pattern": "(", "replacement": "", "provider": "", "factor": None, "says": ""}
    with pytest.raises(ValueError, match="must be a regular expression"):
        Names.of({}, [row])


def test_nearest_names_are_the_makers_first_and_none_that_is_not_alike(names):
    assert names.nearest(resolve("gpt-4oo", None, names))[0] == "openai/gpt-4o"
    assert names.nearest(resolve("claude-sonet-4-6", None, names))[0] == "anthropic/claude-sonnet-4-6"
    assert names.nearest(resolve("our-own-name", None, names)) == ()
    assert nearest("gpt-4oo", ["openai/gpt-4o", "azure/gpt-4o"]) == ["openai/gpt-4o"]
    assert nearest("gpt-4oo", ["openai/gpt-4o", "azure/gpt-4o"], "azure") == ["azure/gpt-4o"]


PROVIDERS = sorted(by_provider())


@given(
    st.sampled_from(PROVIDERS),
    st.one_of(
        st.text(max_size=40),
        st.sampled_from([test["name"] for test in TESTS]),
        st.sampled_from(sorted({model for rules in by_provider().values() for model in rules.models})),
    ),
)
@settings(max_examples=500)
def test_a_name_that_the_quick_look_rules_out_fits_no_rule_of_the_catalogue(provider, name):
    rules = by_provider()[provider]
    if not rules.may_match.may_match(name.lower()):
        assert not any(fits(rule, name.lower()) for rule in rules.models.values())
