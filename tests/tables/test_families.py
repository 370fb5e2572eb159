"""What a dated name has from its family, and what data check refuses."""

import shutil
from collections import defaultdict
from decimal import Decimal

import pytest

from breakeven.paths import DATA
from breakeven.tables import check
from breakeven.tables.families import HEADLINE, OTHERS, with_families
from tests.builders import shipped_rules

COLUMNS = ("standard", "anthropic/claude-sonnet-4-5")


@pytest.fixture(scope="module")
def newest(connection):
    """Rows of each offer's newest period by processing and tier."""
    cursor = connection.cursor().execute(
        "SELECT * FROM api_prices "
        "QUALIFY rank() OVER (PARTITION BY api_offer_id, processing ORDER BY valid_from DESC) = 1"
    )
    names = [column[0] for column in cursor.description]
    offers = defaultdict(dict)
    for row in cursor.fetchall():
        record = dict(zip(names, row, strict=True))
        offers[record["api_offer_id"]][record["processing"], record["tier_above_tokens"]] = record
    return offers


def test_a_dated_name_charges_for_everything_that_its_family_charges_for(newest):
    rules, checked = shipped_rules(), 0
    for offer, rows in newest.items():
        provider, _, model = offer.partition("/")
        family = newest.get(f"{provider}/{rules.family(model)}")
        if (
            provider not in ("anthropic", "openai", "google-vertex")
            or rules.family(model) == model
            or not family
        ):
            continue
        own, other = rows["standard", 0], family["standard", 0]
        if own["valid_to"] != other["valid_to"] or any(own[c] != other[c] for c in HEADLINE):
            continue
        assert rows.keys() >= family.keys(), offer
        for key, row in family.items():
            lacking = [c for c in OTHERS if row[c] is not None and rows[key][c] is None]
            assert not lacking, (offer, key)
        checked += 1
    assert checked >= 38


def test_the_source_of_a_price_from_elsewhere_is_kept(newest):
    row = newest["anthropic/claude-sonnet-4-5-20250929"]["standard", 0]
    assert row["source_id"] == "models-dev-f3fc692"
    told = dict(part.split(" = ") for part in row["meter_sources"].split("; "))
    assert told["cache_write_1h_usd_per_mtok"] == "genai-prices-0.2.3 (anthropic/claude-sonnet-4-5)"
    assert "input_usd_per_mtok" not in told


def row(offer, *, day, usd, **more):
    provider, _, model = offer.partition("/")
    return {
        **dict.fromkeys((*HEADLINE, *OTHERS)),
        "api_offer_id": offer, "provider": provider, "api_model": model, "name": model,
        "processing": "standard", "valid_from": day, "valid_from_kind": "dated", "valid_to": None,
        "tier_above_tokens": 0,
        "context_tokens": None, "reseller": False, "deprecated": False, "flag": None, "notes": None,
        "meter_sources": None, "source_id": "s", "locator": "l", "as_of": day,
        "input_usd_per_mtok": Decimal(usd), "output_usd_per_mtok": Decimal(5 * usd), **more,
    }  # fmt: skip


def test_nothing_is_taken_from_a_family_that_charges_something_else():
    from datetime import date

    family = row("p/m", day=date(2026, 1, 1), usd=2, cache_read_usd_per_mtok=Decimal("0.5"))
    dated = row("p/m-20250101", day=date(2026, 1, 1), usd=3)
    same = row("p/m-20260101", day=date(2026, 1, 1), usd=2)
    made = {r["api_offer_id"]: r for r in with_families([family, dated, same], shipped_rules(), [])}
    assert made["p/m-20250101"] == dated
    assert made["p/m-20260101"]["cache_read_usd_per_mtok"] == Decimal("0.5")


@pytest.fixture
def folder(tmp_path):
    """A copy of the data, to break."""
    return shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("samples"))


@pytest.mark.parametrize(
    ("file", "line", "told"),
    [
        (
            "price_exceptions.csv",
            "cache,openai/gpt-4o,no reason,own-estimate,2026-11-21",
            "keeps the rule 'cache'",
        ),
        ("api_ends.csv", "nobody/x,2026-11-01,,own-estimate,-,2026-11-21", "must be an api_offer_id"),
        (
            "api_ends.csv",
            "openai/gpt-6-sol,2027-11-01,openai/gpt-6-sol,own-estimate,-,2026-11-21",
            "succeeds itself",
        ),
        (
            "name_tests.csv",
            "gpt-4o,,openai/gpt-4,,,own-estimate,2026-11-21",
            "'gpt-4o' comes to 'openai/gpt-4o'",
        ),
        ("name_rules.csv", "rewrite,(,,,,broken,own-estimate,2026-11-21", "must be a regular expression"),
    ],
)
def test_data_check_refuses_what_breaks_a_rule(folder, file, line, told):
    with (folder / file).open("a", encoding="utf-8") as text:
        text.write(line + "\n")
    (problem,) = check.check(folder).problems
    assert problem.startswith(f"{file}:")
    assert told in problem


@pytest.mark.parametrize("rule", ["family", "cache"])
def test_data_check_refuses_prices_that_no_exception_explains(folder, rule):
    path = folder / "price_exceptions.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith(rule)) + "\n", encoding="utf-8")
    problems = check.check(folder).problems
    assert problems
    assert all(f": {rule}: " in problem and "price_exceptions" in problem for problem in problems)
