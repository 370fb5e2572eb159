"""The rules for names of models, as they are carried, against the catalogue that they are from."""

import csv

import pytest
from genai_prices import data
from hypothesis import given
from hypothesis import strategies as st

from breakeven.tables.name_matches import COLUMNS, FILE, by_provider, of_catalogue

PROVIDERS = {provider.id: provider for provider in data.providers}
NAMES = sorted({model.id.lower() for provider in data.providers for model in provider.models})


def test_the_file_holds_the_rules_of_the_installed_catalogue():
    with FILE.open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    assert tuple(head) == COLUMNS
    assert [tuple(row) for row in rows] == list(of_catalogue()), "name_matches.write() writes it anew"


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_every_model_of_a_provider_is_found_as_the_catalogue_finds_it(provider):
    for name in NAMES:
        model = PROVIDERS[provider].find_model(name)
        found = by_provider()[provider].find(name)
        if found is not None or by_provider()[provider].may_match.may_match(name):
            assert found == (model.id if model else None), name


@given(
    st.sampled_from(sorted(PROVIDERS)),
    st.sampled_from(NAMES),
    st.sampled_from(["", "-20251211", "-20251311", "-2024-08-06", "-latest", ":free", "x"]),
)
def test_a_name_with_a_date_or_a_mark_behind_it_is_found_as_the_catalogue_finds_it(provider, name, behind):
    model = PROVIDERS[provider].find_model(name + behind)
    assert by_provider()[provider].find(name + behind) == (model.id if model else None)
