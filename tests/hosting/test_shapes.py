"""Which open models can be placed, and what their caches take."""

import csv

import pytest

from breakeven.hosting import Unplaceable, model_shape
from breakeven.paths import DATA
from breakeven.tables import queries
from breakeven.tables.check import plain_name

MOST_HOSTED = 50


@pytest.fixture(scope="module")
def models(connection):
    return queries.models(connection)


@pytest.fixture(scope="module")
def shape(connection, models):
    fp8 = queries.precisions(connection)["fp8"]
    return lambda model_id: model_shape(models[model_id], fp8, 2.0)


def growing(shape) -> float:
    """Cache that grows with the context, at 16 bits. [B/token]"""
    return float(shape.full_kv_bytes_per_token)


def test_48_of_the_50_most_hosted_open_models_can_be_placed(shape):
    hosts: dict[str, set[str]] = {}
    with (DATA / "model_aliases.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            hosts.setdefault(row["model_id"] or plain_name(row["api_model"]), set()).add(row["provider"])
    most = sorted(hosts, key=lambda name: (-len(hosts[name]), name))[:MOST_HOSTED]
    unplaced = []
    for name in most:
        try:
            assert shape(name).weights_bytes > 0
        except (KeyError, Unplaceable):
            unplaced.append(name)
    assert len(unplaced) <= 2, unplaced


def test_deepseek_v4_keeps_a_tenth_of_what_v3_2_keeps(shape):
    # The maker: 10 % of the KV cache of DeepSeek-V3.2 at a million tokens, for V4-Pro.
    pro, before = growing(shape("deepseek-v4-pro")), growing(shape("deepseek-v3.2"))
    assert pro / before == pytest.approx(0.10, abs=0.015)
    # 8.7 GiB for 2^20 tokens, as others computed from the released files: 16-bit vectors, and one byte for
    # each of the indexer's 128 numbers in the 30 layers that keep one for 4 tokens.
    assert pro * 2**20 / 2**30 == pytest.approx(8.7, abs=0.05)


def test_deepseek_v4_1_flash_keeps_what_its_paper_states(shape):
    # 890 bytes a token at 4 bits, about a quarter of V4-Flash's.
    at_four_bits = growing(shape("deepseek-v4.1-flash")) / 4
    assert at_four_bits == pytest.approx(890, rel=1e-5)


def test_layers_with_a_state_that_does_not_grow_keep_nothing_of_the_context(shape):
    # 24 latent layers of 512 + 64, and 11 of 512 without a rotary part; two bytes each.
    assert growing(shape("kimi-k3")) == 24 * 576 * 2
    assert growing(shape("glm-5.3-flash")) == 11 * 512 * 2
    # 6 of 52 layers attend, 2 KV heads of 128.
    assert growing(shape("nemotron-3-nano-30b-a3b")) == 6 * 2 * 2 * 128 * 2


def test_global_layers_of_gemma_4_are_counted_at_their_own_width(shape):
    # 10 global layers with 4 KV heads of 512, and 50 with 16 of 256 that slide over 1,024 tokens.
    gemma = shape("gemma-4-31b")
    assert growing(gemma) == 10 * 2 * 4 * 512 * 2
    assert gemma.sliding_kv_bytes_per_token == 50 * 2 * 16 * 256 * 2
