"""Links that were shared before open with the same numbers."""

import json
import math
import re
from pathlib import Path

import pytest

from tests.links import answers

ROWS = [
    json.loads(line)
    for line in Path(__file__).with_name("links.jsonl").read_text(encoding="utf-8").splitlines()
]
PAGES = {
    "compare": answers.answer_compare,
    "deploy": answers.answer_deploy,
    "train": answers.answer_train,
    "workload": answers.answer_digest,
}
REL = 1e-6


def short(number, row):
    model = re.search(r"[?&]model=([\w.-]+)", "&" + row["link"])
    return "-".join([f"{number:03}", row["page"], *(model.groups() if model else ())])


def differences(old, new, at=""):
    """Where two answers differ, one line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        missing = object()
        return [
            line
            for key in keys
            for line in differences(old.get(key, missing), new.get(key, missing), f"{at}.{key}")
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            line
            for place, pair in enumerate(zip(old, new, strict=True))
            for line in differences(*pair, f"{at}[{place}]")
        ]
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (old, new))
    if numbers and float in (type(old), type(new)):
        same = math.isclose(old, new, rel_tol=REL)
    else:
        same = type(old) is type(new) and old == new
    return [] if same else [f"{at}: was {old!r}, is {new!r}"]


@pytest.mark.parametrize("row", [pytest.param(row, id=short(n, row)) for n, row in enumerate(ROWS, start=1)])
def test_old_link_opens_with_the_same_numbers(row):
    page, link, old = row["page"], row["link"], row["answer"]
    new = PAGES[page](link) if page in PAGES else answers.answer_fields(page, link)
    if "may_change" in row and "recorded" not in row:  # an answer that was recorded again is held in full
        old, new = ({key: kept[key] for key in ("warnings", "scenario")} for kept in (old, new))
    assert not differences(old, new)


def test_a_change_is_found():
    old = {"a": [1.0, {"b": "x", "c": None}], "d": 2}
    assert not differences(old, {"a": [1.0 + 1e-8, {"b": "x", "c": None}], "d": 2})
    assert len(differences(old, {"a": [1.00001, {"b": "y", "c": 0}], "d": 3, "e": 1})) == 5
    assert differences({"a": [1]}, {"a": [1, 2]})
    assert differences({"a": True}, {"a": 1})


def test_every_page_has_links():
    pages = [row["page"] for row in ROWS]
    assert len(pages) == 200
    assert {page: pages.count(page) for page in ("compare", "deploy", "train")} == {
        "compare": 100,
        "deploy": 50,
        "train": 30,
    }
