"""Which offers pass on somebody else's model, and which names mean published weights, as the table says."""

import duckdb
import pytest

from breakeven.paths import DATA
from breakeven.tables.build import DataError, build
from breakeven.tables.catalogue_rules import EXPRESSIONS, CatalogueRules, Rule, rules_in
from breakeven.tables.kept import kept_file
from tests.builders import copy_of_tables, csv_rows, shipped_rules, write_csv


def problems_of(folder):
    with duckdb.connect(":memory:") as connection:
        try:
            build(connection, folder)
        except DataError as error:
            return error.problems
    return []


def test_the_table_knows_every_rule_and_each_has_a_row():
    schema = (DATA / "schema.sql").read_text(encoding="utf-8")
    assert f"rule IN ({', '.join(repr(str(rule)) for rule in Rule)})" in schema
    assert {row["rule"] for row in csv_rows(DATA / "catalogue_rules.csv")} == set(Rule)


def test_the_built_tables_give_the_rules_of_the_file(connection):
    assert rules_in(connection) == shipped_rules()


@pytest.mark.parametrize(
    ("provider", "api_model", "reseller"),
    [
        ("openrouter", "openai/gpt-oss-120b", True),
        ("huggingface_novita", "any", True),
        ("huggingface", "any", False),
        ("perplexity", "anthropic/claude-opus-4-5", True),
        ("anthropic", "anthropic/claude-opus-4-5", False),
        ("replicate", "openai/gpt-5", True),
        ("replicate", "openai/gpt-oss-120b", False),
        ("deepinfra", "mirror/google/gemini-2.5-pro", False),  # only at the start of a name
    ],
)
def test_an_offer_is_a_resellers_by_its_provider_and_at_mixed_hosts_by_its_model(
    provider, api_model, reseller
):
    assert shipped_rules().reseller(provider, api_model) is reseller


@pytest.mark.parametrize(
    ("name", "open_weights"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct", True),
        ("llama/gpt-4o", False),  # the maker's name does not count
        ("gpt-4o", False),
        ("gpt-oss-120b", True),
        ("qwen-max", False),
        ("qwen3-max-next", True),
        ("qwen3-embedding-8b", False),
        ("open-codestral-mamba", False),
        ("mistral-small-latest", False),
        ("mistral-small-3.2", True),
    ],
)
def test_a_name_looks_open_by_its_family_unless_it_is_no_text_model_or_hosted_only(name, open_weights):
    assert shipped_rules().open_weights(name) is open_weights


def test_without_rows_no_offer_is_a_resellers_and_no_name_looks_open():
    nothing = CatalogueRules.of([])
    assert not nothing.reseller("openrouter", "x")
    assert not nothing.open_weights("llama-3.3-70b")


@pytest.mark.parametrize(
    ("rule", "pattern", "reason"),
    [
        ("open-family", "my-(model", "must be a regular expression: missing ), unterminated subpattern"),
        ("open-family", r"my-\(model", None),
        ("gateway", "my-(host", None),  # plain text
        ("not-text", "(?<=a*)b", "must be a regular expression: look-behind requires fixed-width pattern"),
        ("not-text", "(?<=a)b", None),
        ("closed-name", "a)|(b", "must be a regular expression: unbalanced parenthesis"),
        ("closed-model", "x(?i)y", "must be a regular expression: global flags not at the start"),
        ("closed-model", "(?i:x)y", None),
        ("open-family", "falcon|", "must not fit every name"),
        ("open-family", "falcon-?", None),
    ],
)
def test_a_pattern_that_is_no_regular_expression_is_named_by_file_and_line(tmp_path, rule, pattern, reason):
    assert (reason is None) or rule in EXPRESSIONS
    if reason is None:
        CatalogueRules.of([(rule, pattern)])
        return
    with pytest.raises(ValueError, match="^" + rule):
        CatalogueRules.of([(rule, pattern)])
    folder = copy_of_tables(tmp_path)
    rows = csv_rows(folder / "catalogue_rules.csv")
    write_csv(folder / "catalogue_rules.csv", [*rows, rows[0] | {"rule": rule, "pattern": pattern}])
    (problem,) = problems_of(folder)
    assert problem.startswith(f"catalogue_rules.csv:{len(rows) + 2}: pattern: '{pattern}' {reason}")


def test_the_rules_are_those_of_the_folder_that_is_built(tmp_path, monkeypatch):
    folder = copy_of_tables(tmp_path)
    monkeypatch.setenv("BREAKEVEN_CACHE", str(tmp_path))
    before = kept_file(folder)
    path = folder / "catalogue_rules.csv"
    write_csv(path, [row for row in csv_rows(path) if row["pattern"] != "cursor"])
    assert kept_file(folder) != before
    with duckdb.connect(":memory:") as connection:
        build(connection, folder)
        resellers = connection.execute("SELECT DISTINCT provider FROM api_prices WHERE reseller").fetchall()
    assert ("openrouter",) in resellers
    assert ("cursor",) not in resellers
