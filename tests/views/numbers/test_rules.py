"""The rules of 2023 give what their own numbers give, and today's follow the tables."""

from collections.abc import Callable
from datetime import date

import pytest
from duckdb import DuckDBPyConnection

from breakeven.views.numbers import PARTS, Rule, headline, matching
from breakeven.views.numbers.base import Quantity
from breakeven.views.numbers.charts import history
from breakeven.words.numbers import Money
from tests.builders import TODAY
from tests.views.numbers.conftest import Rules, rules_from

RulesOn = Callable[[date], Rules]


@pytest.mark.parametrize(
    ("rule_id", "low", "high", "rel"),
    [
        # llm-numbers, footnote 3: GPT-4 32K 6c and 12c per 1K, GPT-3.5 Turbo 0.2c: 30 and 60.
        pytest.param("frontier-to-small", 30, 60, 1e-9, id="frontier-to-small"),
        # 0.2c ÷ 0.04c per 1K (OpenAI, 2022-12-15: text-embedding-ada-002 at $0.0004 per 1K).
        pytest.param("small-to-embedding", 5, 5, 1e-9, id="small-to-embedding"),
        # $0.0004 per 1K over $1.20 / 3600 s / 9000 tokens/s x 1000 = $0.00003704: 10.8.
        pytest.param("hosted-embedding", 10.8, 10.8, 1e-6, id="hosted-embedding"),
        # Davinci: $0.12 tuned, $0.02 base.
        pytest.param("tuned-to-base", 6, 6, 1e-9, id="tuned-to-base"),
        # LLaMA, table 15: 135,168 h for 1.0T tokens, x 1.4 x $5 = $946,176.
        pytest.param("train-13b", 946_176, 946_176, 1e-9, id="train-13b"),
        # $7 over $1M.
        pytest.param("tuning-to-training", 7e-6, 7e-6, 1e-9, id="tuning-to-training"),
        # 25 queries in 10 s against one in 5 s.
        pytest.param("batching", 12.5, 12.5, 1e-9, id="batching"),
        # 2 x 2 B x 40 layers x 5120 = 819,200 B (Llama 13B).
        pytest.param("kv-13b", 819_200, 819_200, 0, id="kv-13b"),
        # 1000 tokens in 750 words.
        pytest.param("tokens-per-word", 4 / 3, 4 / 3, 1e-9, id="tokens-per-word"),
        pytest.param("two-bytes", 2, 2, 0, id="two-bytes"),
        pytest.param("gpu-memory", 16e9, 80e9, 0, id="gpu-memory"),
    ],
)
def test_numbers_of_2023_come_out_as_published(
    rules_on: RulesOn, rule_id: str, low: float, high: float, rel: float
) -> None:
    value = rules_on(TODAY)[rule_id].recomputed
    assert value is not None
    assert (value.low, value.high) == (pytest.approx(low, rel=rel), pytest.approx(high, rel=rel))


def test_value_of_2023_does_not_depend_on_the_day(rules_on: RulesOn) -> None:
    then, now = rules_on(date(2023, 7, 20)), rules_on(TODAY)
    assert {key: rule.recomputed for key, rule in then.items()} == {
        key: rule.recomputed for key, rule in now.items()
    }


def test_every_rule_answers_today(rules_on: RulesOn) -> None:
    for rule in rules_on(TODAY).values():
        assert rule.today is not None, rule.rule_id
        assert rule.working, rule.rule_id
        assert rule.source_ids, rule.rule_id
        assert rule.part in PARTS
        assert rule.consequence.endswith(".")
        assert rule.advice.endswith(".")


@pytest.mark.parametrize("day", [date(2023, 1, 1), date(2023, 5, 17), date(2024, 6, 1), date(2040, 12, 31)])
def test_rule_without_a_value_says_what_is_missing(rules_on: RulesOn, day: date) -> None:
    for rule in rules_on(day).values():
        assert (rule.today is None) == bool(rule.missing), rule.rule_id
        assert "nan" not in " ".join((rule.consequence, *rule.working)).lower().split()


def test_question_of_the_text_on_its_own_day_gives_its_own_ratio(rules_on: RulesOn) -> None:
    rule = rules_on(date(2023, 5, 17))["frontier-to-small"]
    assert rule.today == rule.recomputed
    assert rule.holds


@pytest.mark.parametrize(
    ("day", "ratio"),
    [
        # OpenAI DevDay: from 2023-11-06 GPT-4 Turbo at $10/$30; GPT-3.5 Turbo still $1.50/$2.
        pytest.param(date(2023, 11, 5), (40, 60), id="last day of GPT-4 32K"),
        pytest.param(date(2023, 11, 6), (10 / 1.5, 15), id="first day of GPT-4 Turbo"),
    ],
)
def test_newer_model_takes_the_role_on_the_first_day_of_its_price(
    rules_on: RulesOn, day: date, ratio: tuple[float, float]
) -> None:
    value = rules_on(day)["frontier-to-small"].today
    assert value is not None
    assert (value.low, value.high) == pytest.approx(ratio)


def test_median_batch_discount_is_the_published_half(rules_on: RulesOn) -> None:
    # OpenAI, Anthropic, Google and Mistral each publish 50 % off for batch work.
    rule = rules_on(TODAY)["batch-discount"]
    assert rule.today == Quantity(low=0.5, high=0.5, unit="share")


def test_latent_cache_of_deepseek_is_the_published_one(rules_on: RulesOn) -> None:
    # DeepSeek-V3: 61 layers x (512 + 64) x 2 B = 70,272 B; 61 x 128 heads x (192 + 128) x 2 B = 4,997,120 B
    # with every head its own: 71.1 times.
    line = next(text for text in rules_on(TODAY)["kv-latent"].working if text.startswith("DeepSeek-V3:"))
    assert "70.3 kB per token" in line
    assert "71× less" in line


def test_active_share_of_deepseek_is_the_published_one(rules_on: RulesOn) -> None:
    # DeepSeek-V3: 37B of 671B, 5.5 %.
    assert "DeepSeek-V3: 37 of 671 billion, 5.5 %." in rules_on(TODAY)["moe-active"].working


def test_busier_replica_is_cheaper_in_proportion(rules_on: RulesOn) -> None:
    value = rules_on(TODAY)["hosted-price"].today
    assert value is not None
    assert value.high / value.low == pytest.approx(0.9 / 0.3)


def test_model_without_a_deployment_still_gives_the_other_rules(connection: DuckDBPyConnection) -> None:
    rules = rules_from(connection, TODAY, model="mimo-v2-flash")
    assert {key for key, rule in rules.items() if rule.today is None} == {
        "batching",
        "break-even-load",
        "hosted-price",
        "hosted-tuned",
        "two-bytes",
    }


def test_headline_counts_every_rule_of_2023_once(rules_on: RulesOn) -> None:
    rules = list(rules_on(TODAY).values())
    old = [rule for rule in rules if rule.quoted]
    held, moved = sum(rule.holds for rule in old), sum(bool(rule.moved) and not rule.holds for rule in old)
    text = headline(rules)
    assert f"the {len(old)} rules of thumb of 2023, {held} still hold" in text
    assert f"and {moved} moved; {len(old) - held - moved} cannot be compared" in text


def test_words_and_part_choose_the_rules(rules_on: RulesOn) -> None:
    rules = list(rules_on(TODAY).values())
    assert {rule.rule_id for rule in matching(rules, find="LATENT attention", part=None)} == {"kv-latent"}
    assert all(rule.part == "Prices" for rule in matching(rules, find=None, part="Prices"))
    assert matching(rules, find="zebra", part=None) == ()
    assert len(matching(rules, find="  ", part=None)) == len(rules)


def test_every_history_is_a_valid_chart_with_a_unit(rules_on: RulesOn) -> None:
    drawn = [rule for rule in rules_on(TODAY).values() if rule.history]
    assert len(drawn) >= 8
    for rule in drawn:
        figure = history(rule)
        assert len(figure.data) == len(rule.history)
        assert figure.layout.yaxis.title.text.endswith("]")
        assert rule.history_title
        assert all(line.days == tuple(sorted(line.days)) for line in rule.history)
        assert max(day for line in rule.history for day in line.days) <= TODAY


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Quantity(low=30, high=60, unit="ratio"), "30–60:1"),
        (Quantity(low=7e-6, high=7e-6, unit="ratio"), "1:140,000"),
        (Quantity(low=0.4, high=0.9, unit="share"), "40–90 %"),
        (Quantity(low=0.596, high=1.79, unit="USD/1e6 tokens"), "$0.596–1.79 per 1M tokens"),
        (Quantity(low=670e6, high=8.04e9, unit="B"), "670 MB to 8.04 GB"),
        (Quantity(low=16e9, high=80e9, unit="B"), "16–80 GB"),
        (Quantity(low=1, high=92, unit="times"), "1–92×"),
        (Quantity(low=float("inf"), high=float("inf"), unit="requests/s"), "no load"),
    ],
)
def test_value_is_written_with_its_unit_once(value: Quantity, text: str) -> None:
    assert value.text(Money()) == text


def test_rule_that_moved_says_how_far(rules_on: RulesOn) -> None:
    rule: Rule = rules_on(TODAY)["tuned-to-base"]  # 6:1 then, 2:1 now
    assert rule.moved == "3× lower than in 2023"
    assert not rule.holds
