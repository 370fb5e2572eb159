"""What is carried from others is named with its licence, and what they want said is said."""

import csv
import re
from pathlib import Path

import pytest

from breakeven.paths import DATA

ROOT = Path(__file__).parents[1]
NOTICES = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")


def rows(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def section(licence):
    found = re.search(rf"^## {re.escape(licence)}$(.*?)(?=^## |\Z)", NOTICES, flags=re.M | re.S)
    assert found, licence
    return " ".join(found[1].split())


CARRIED = [
    row for row in rows("sources") if row["licence"] != "facts only" and row["publisher"] != "Breakeven"
]


@pytest.mark.parametrize("source", CARRIED, ids=lambda source: source["source_id"])
def test_the_publisher_of_what_is_carried_stands_under_its_licence(source):
    assert source["publisher"] in section(source["licence"])


def test_attribution_that_a_licence_asks_for_stands_beside_the_numbers_with_its_link():
    noticed = {row["source_id"]: row["notice"] for row in rows("source_notices")}
    for source in CARRIED:
        if source["licence"] == "CC-BY-4.0":
            assert "CC BY 4.0" in noticed[source["source_id"]]
            assert source["publisher"] in noticed[source["source_id"]]
            assert source["address"].rstrip("/") in section("CC-BY-4.0")
    assert "not verified by MLCommons" in noticed["mlperf-inference-5.1"]
    assert noticed["aiconfigurator-core-0.12.0"].startswith("Unofficial copy")
    assert "https://gpurentalprices.com" in noticed["gpurentalprices-2026-08"]
