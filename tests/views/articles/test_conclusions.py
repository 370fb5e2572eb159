"""The conclusions in one sentence each: derived, dated, and never typed."""

import re
from datetime import date

import pytest

from breakeven.comparison.answer import compare
from breakeven.views.articles import conclusions
from breakeven.views.articles.facts import read_facts
from tests.builders import TODAY


@pytest.fixture(scope="module")
def of_numbers(judged):
    return [one for one in judged.values() if one.claim.document.startswith("numbers")]


def test_sangers_conclusion_is_derived_for_his_day_and_judged_for_today(facts, tables_on):
    finding = conclusions.sanger(facts)
    then = compare(finding.then, tables_on(finding.then.as_of)).shapes[1]
    # README: $0.46 against $1.50 for prompts, $3.05 against $2.00 for completions at batch 32.
    assert then.api.bill.prompt_usd / then.host.prompt_usd == pytest.approx(3.3, abs=0.05)
    assert then.host.completion_usd / then.api.bill.completion_usd == pytest.approx(1.5, abs=0.05)
    assert "prompt tokens were 3.3× cheaper" in finding.sentence
    assert "1.5× dearer at batch 32" in finding.sentence
    now = compare(finding.today, tables_on(finding.today.as_of)).shapes
    holds = (now[0].ratio > 1 and not now[0].within_range, now[1].ratio < 1 and not now[1].within_range)
    words = {
        (True, True): "it holds",
        (False, True): "only its second half holds",
        (True, False): "only its first half holds",
        (False, False): "neither half holds",
    }
    assert f"on {facts.day} {words[holds]}" in finding.sentence
    assert finding.sentence.count(". ") == 0  # one sentence


@pytest.mark.parametrize("day", [date(2023, 1, 1), date(2023, 7, 20), date(2025, 6, 1), date(2040, 1, 1)])
def test_every_conclusion_has_a_sentence_on_any_day(connection, of_numbers, day):
    facts = read_facts(connection, day)
    for finding in (
        conclusions.sanger(facts),
        conclusions.shrott(facts),
        conclusions.cost_formula(facts),
        conclusions.numbers(facts, of_numbers),
    ):
        assert finding.sentence.endswith(".")
        assert ".." not in finding.sentence
        assert not re.search(r"\b(nan|None|inf)\b", finding.sentence)


def test_todays_half_of_the_sentences_follows_the_day(connection, facts):
    other = read_facts(connection, date(2025, 6, 1))
    assert conclusions.sanger(other).sentence != conclusions.sanger(facts).sentence
    assert conclusions.shrott(other).sentence != conclusions.shrott(facts).sentence


def test_sentences_follow_the_tables(facts, edited, of_numbers):
    other = read_facts(edited, TODAY)
    assert conclusions.sanger(other).sentence != conclusions.sanger(facts).sentence
    assert conclusions.shrott(other).sentence != conclusions.shrott(facts).sentence
    assert conclusions.cost_formula(other).sentence != conclusions.cost_formula(facts).sentence
    assert conclusions.numbers(other, of_numbers).sentence != conclusions.numbers(facts, of_numbers).sentence


def test_shrotts_bills_and_savings_are_told_apart(facts):
    sentence = conclusions.shrott(facts).sentence
    for text in ("$189.58 adds up", "$168,000 and $7,600", "$167,810 and $7,410.42", "are the savings"):
        assert text in sentence


def test_project_is_priced_then_and_today(facts, tables_on):
    costs, _ = conclusions.project_costs(facts)
    assert [cost.then_usd for cost in costs][:2] == [168_000, 7_600]
    # 638 h at $0.1551: below the $99 of the article.
    assert costs[3].then_usd == pytest.approx(98.95, abs=0.01)
    shape = compare(conclusions.project_scenario(TODAY, conclusions.SMALL_MODEL), tables_on(TODAY)).shapes[0]
    assert costs[2].now_usd == pytest.approx(shape.api.bill.usd * 4e6)
    # A job: the work of four million requests and the start of every replica, nothing idle.
    rent, replicas = shape.host.candidate.usd_per_hour / 3600, shape.at_load.replicas
    assert costs[3].now_usd == pytest.approx(rent * (4e6 * shape.host.replica_s + replicas * 600))


def test_inference_formula_stands_beside_the_right_one_with_its_units(facts):
    printed, right, *mended = conclusions.inference_forms(facts)
    assert (round(printed.value, 2), printed.unit) == (2.09, "s·h/$")
    assert (round(right.value, 5), right.unit) == (0.01795, "$ per 1K tokens")
    # 2 x 1.776e12 x 1000 / 1e14 x 3.93 / 3600, and at 312e12.
    assert [round(form.value, 4) for form in mended[:2]] == [0.0388, 0.0124]


def test_training_costs_of_the_note_are_in_its_sentence(facts):
    sentence = conclusions.cost_formula(facts).sentence
    for text in ("$1,059,115", "267.4×", "$283.24 million", "$141.62 million", "2.09", "$0.018"):
        assert text in sentence


def test_versions_list_what_each_translation_changed(of_numbers):
    rows = {row.rule: row for row in conclusions.versions(of_numbers)}
    assert len(rows) == 3
    embedding = rows["OpenAI embedding over a self-hosted one"]
    assert embedding.second == conclusions.SAME
    assert "much cheaper than a self-hosted one" in embedding.first
    assert embedding.recomputed == "10.8×"


def test_ratio_of_gpt4_is_given_as_a_range(facts, of_numbers):
    # 60/2 and 120/2 dollars per million with 32K, 30/2 and 60/2 with 8K (OpenAI, March 2023).
    sentence = conclusions.numbers(facts, of_numbers).sentence
    assert "30 to 60 times GPT-3.5 Turbo with 32K" in sentence
    assert "15 to 30 times with 8K" in sentence


def test_link_of_his_conclusion_opens_an_answer_on_both_sides(facts, tables_on):
    then = conclusions.sanger(facts).then
    assert then is not None
    answer = compare(then, tables_on(then.as_of))
    for shape in answer.shapes:
        assert shape.host is not None
        assert shape.at_load is not None
        assert shape.host_reason is None
    # His own numbers beside ours: "$0.00042 per 1K" of prompt, "$0.066 per 1K" of a completion at batch 1.
    assert answer.shapes[1].host.prompt_usd / 512 * 1e6 == pytest.approx(0.42, rel=0.1)
