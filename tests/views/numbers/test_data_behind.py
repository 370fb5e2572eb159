"""Every number changes when the data behind it changes: a changed copy of the tables is the proof."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from breakeven.paths import DATA
from breakeven.tables.build import open_memory
from tests.builders import TODAY, Row, copy_of_tables, csv_rows, write_csv
from tests.views.numbers.conftest import Rules, rules_from


def change(data: Path, table: str, edit: Callable[[Row], Row | None]) -> None:
    """Rewrite a table row by row; None takes the row out."""
    path = data / f"{table}.csv"
    write_csv(path, [new for row in csv_rows(path) if (new := edit(row)) is not None])


def rules_of(data: Path) -> Rules:
    connection = open_memory(data)
    try:
        return rules_from(connection, TODAY)
    finally:
        connection.close()


def scaled(row: Row, names: tuple[str, ...], factor: float) -> Row:
    """The cells of some columns times a factor, and nothing else of the row."""
    return {name: repr(float(row[name]) * factor) for name in names if row[name]}


@pytest.fixture(scope="module")
def shipped() -> Rules:
    return rules_of(DATA)


@pytest.fixture(scope="module")
def dearer(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Rent doubled, another maker's discounts, other models in the roles."""
    data = copy_of_tables(tmp_path_factory.mktemp("dearer"))
    change(data, "gpu_prices", lambda row: row | scaled(row, ("usd_per_gpu_hour",), 2))

    def roles(row: Row) -> Row | None:
        if row["role"] == "maker":
            return row if row["provider"] == "x-ai" else None
        return None if row["place"] != "1" and row["role"] != "tuned-base" else row

    change(data, "offer_roles", roles)
    return rules_of(data)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Other numbers than those that were said; other hardware, other models, a slower engine."""
    data = copy_of_tables(tmp_path_factory.mktemp("other"))

    def said(row: Row) -> Row:
        # Another factor for every item: a ratio of two of them must not stay what it was.
        factor = 1 + len(row["item"]) / 40
        numbers = scaled(row, ("low",), factor) | scaled(row, ("high",), 1.2 * factor)
        return row | numbers | {"as_quoted": "changed"}

    def hardware(row: Row) -> Row:
        rates = scaled(row, ("fp8_dense_tflops", "fp4_dense_tflops"), 0.75)
        return row | scaled(row, ("memory_gb",), 1.25) | rates

    def architecture(row: Row) -> Row:
        rank = row["mla_kv_lora_rank"]
        heads = {"n_kv_heads": str(max(1, int(row["n_kv_heads"]) // 2))}
        latent = {"mla_kv_lora_rank": str(2 * int(rank))} if rank else {}
        return row | scaled(row, ("params_active_b",), 0.5) | heads | latent

    def width(row: Row) -> Row:
        return row | scaled(row, ("bytes_per_weight",), 1.5 if row["compute_rate"] == "fp16" else 0.75)

    change(data, "rules_of_thumb", said)
    change(data, "gpus", hardware)
    change(data, "models", architecture)
    change(data, "precisions", width)
    change(data, "efficiency", lambda row: row | scaled(row, ("mbu", "mfu"), 0.5))
    return rules_of(data)


def test_rent_reaches_every_rule_that_is_paid_in_rent(shipped: Rules, dearer: Rules) -> None:
    for rule_id, factor in (("train-13b", 2), ("hosted-price", 2)):
        before, after = shipped[rule_id].today, dearer[rule_id].today
        assert before is not None
        assert after is not None
        assert after.low == pytest.approx(factor * before.low, rel=1e-9)
        assert after.high == pytest.approx(factor * before.high, rel=1e-9)
    # The $1.20 of 2023 is a row of the same table: 10.8 becomes 5.4.
    assert dearer["hosted-embedding"].recomputed is not None
    assert dearer["hosted-embedding"].recomputed.low == pytest.approx(5.4)


@pytest.mark.parametrize(
    "rule_id",
    [
        "frontier-to-small",
        "small-to-embedding",
        "tuned-to-base",
        "cached-input",
        "batch-discount",
        "break-even-load",
    ],
)
def test_price_rule_follows_the_rows_behind_it(shipped: Rules, dearer: Rules, rule_id: str) -> None:
    assert dearer[rule_id].working != shipped[rule_id].working


@pytest.mark.parametrize(
    "rule_id",
    [
        "be-concise",
        "tokens-per-word",
        "hosted-embedding",
        "hosted-tuned",
        "train-13b",
        "tuning-to-training",
        "gpu-memory",
        "two-bytes",
        "embedding-memory",
        "batching",
        "kv-13b",
        "reasoning",
        "moe-active",
        "small-formats",
        "small-rates",
        "kv-grouped",
        "kv-latent",
        "hosted-price",
    ],
)
def test_value_of_today_follows_the_rows_behind_it(shipped: Rules, other: Rules, rule_id: str) -> None:
    assert other[rule_id].today != shipped[rule_id].today


def test_every_rule_is_proved_to_follow_its_data(shipped: Rules) -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert {rule_id for rule_id in shipped if f'"{rule_id}"' not in tests} == set()


def test_quoted_text_is_the_row_and_not_a_sentence(other: Rules) -> None:
    for rule in other.values():
        assert rule.quoted is None or re.fullmatch(r"(?:[A-Z0-9]* ?changed(?:, )?)+", rule.quoted), (
            rule.rule_id
        )
