"""The files of words are held: a fault is named by file and line, and what is right beside it passes."""

import shutil

import pytest

from breakeven.paths import DATA
from breakeven.tables.vocabularies import COUNTS, FILES, word_faults
from breakeven.usage.gather.keys import keys
from breakeven.usage.sheets.words import vocabulary


@pytest.fixture
def folder(tmp_path):
    """The files that ship, to be changed."""
    for name in FILES:
        shutil.copy(DATA / name, tmp_path / name)
    return tmp_path


def changed(folder, name, old, new):
    """What is wrong after a change, and the line of the change."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return word_faults(folder), text[: text.index(old)].count("\n") + 1


def test_what_ships_has_no_fault():
    assert word_faults(DATA) == []


FAULTS = {
    "word twice": (
        "column_words.toml",
        'cents = ["cent"',
        'cents = ["cent", "cent"',
        "'cent' stands there twice",
    ),
    "unknown concept": ("column_words.toml", "cents = [", "pennies = [", "'pennies' is no meaning"),
    "capitals": ("column_words.toml", 'cents = ["cent"', 'cents = ["Cent"', "'Cent' must be a text in lower"),
    "unit": ("column_words.toml", "ktok = 1e3", "ktok = 0", "'0' must be a number from"),
    "zone": ("column_words.toml", "jst = 9", "jst = 90", "'90' must be a number from -12 to 14"),
    "table": ("column_words.toml", "[nothing]", "[nowt]", "must be one of words, months"),
    "month": ("column_words.toml", '2 = ["februar"', '2 = ["mart"', "'mart' also means 2"),
    "two meanings": (
        "usage_keys.toml",
        'total = ["accumulated',
        'total = ["prompttokens", "accumulated',
        "also means input",
    ),
    "unknown count": ("usage_keys.toml", "web_fetches = [", "web_fetch = [", "'web_fetch' is no meaning"),
    "no source": (
        "usage_keys.toml",
        'source = "https://ai.google.dev/api/generate-content#UsageMetadata"\n',
        "",
        "source: is missing",
    ),
    "side": ("usage_keys.toml", 'cached = "outside"', 'cached = "beside"', "cached: 'beside' must be one of"),
    "empty text": ("json_refusals.toml", 'source = "own estimate"', 'source = " "', "source: is empty"),
    "key again": (
        "json_refusals.toml",
        '"costtype", "startingat"',
        '"costtype", "costtype"',
        "stands there twice",
    ),
    "key in two groups": (
        "config_keys.toml",
        '"bos_token_id", "eos',
        '"auto_map", "eos',
        "'auto_map' is also in",
    ),
    "not TOML": ("config_keys.toml", "[[harmless]]", "[[harmless", "Expected"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_by_file_and_line(folder, fault):
    name, old, new, reason = FAULTS[fault]
    problems, line = changed(folder, name, old, new)
    assert any(reason in problem.reason and problem.file == name for problem in problems), problems
    near = [problem for problem in problems if reason in problem.reason]
    # A list may go over several lines, and an entry begins above what it lacks.
    assert any(abs(problem.line - line) <= 6 for problem in near), (near, line)


NEIGHBOURS = {
    "another word": ("column_words.toml", 'cents = ["cent"', 'cents = ["cent", "centime"'),
    "word of two concepts": ("column_words.toml", 'cents = ["cent"', 'cents = ["cent", "created"'),
    "unit": ("column_words.toml", "ktok = 1e3", "ktok = 1000"),
    "half an hour": ("column_words.toml", "jst = 9", "jst = 9.5"),
    "another spelling": ("usage_keys.toml", 'total = ["accumulated', 'total = ["alltokens", "accumulated'),
    "side": ("usage_keys.toml", 'cached = "outside"', 'cached = "none"'),
    "source": ("json_refusals.toml", 'source = "own estimate"', 'source = "https://example.org"'),
    "key": ("config_keys.toml", '"bos_token_id", "eos', '"bos_token_id", "zzz", "eos'),
}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_right_neighbour_passes(folder, neighbour):
    assert changed(folder, *NEIGHBOURS[neighbour])[0] == []


def test_missing_file_is_a_fault(folder):
    (folder / "usage_keys.toml").unlink()
    assert [str(one) for one in word_faults(folder)] == [
        "usage_keys.toml:1: file: cannot be read: No such file or directory"
    ]


def test_meanings_are_those_that_the_readers_know():
    assert {name for name, _ in keys().meaning.values()} == set(COUNTS)
    assert len(vocabulary().months) > 50
