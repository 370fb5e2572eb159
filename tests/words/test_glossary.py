"""Words are explained once, in one home, and the tooltips take them from there."""

import re

import pytest

from breakeven.words.glossary import GLOSSARY, SERVING, explained, meaning
from tests.builders import ROOT

UI = ROOT / "lib" / "ui"


@pytest.mark.parametrize("word", GLOSSARY)
def test_meaning_is_a_sentence_that_does_not_use_the_word_itself(word: str) -> None:
    assert re.fullmatch(r"[A-Z0-9].*\.", meaning(word))
    assert word.casefold() not in GLOSSARY[word].casefold() or word == "batch"


def test_words_of_every_answer_are_explained() -> None:
    assert all(f"**{word}**: {GLOSSARY[word]}" in explained(*SERVING) for word in SERVING)


def test_no_tooltip_explains_a_word_in_its_own_way() -> None:
    for page in UI.glob("*.py"):
        text = page.read_text(encoding="utf-8").casefold()
        for told in ("time to first token", "time per output token", "keys and values of"):
            assert told not in text, f"{page.name} explains what words/glossary.py explains: {told}"
