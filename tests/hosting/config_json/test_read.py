"""Pasted config.json files: cache and parameters against hand derivations, faults in one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.kv_cache import kv_bytes_per_sequence
from breakeven.formulas.parts import ModelShape
from breakeven.hosting import model_shape
from breakeven.hosting.config_json import read_config
from breakeven.hosting.config_json.read import LONGEST_FILE
from breakeven.tables.records import Model, Precision
from tests.hosting.config_json import configs

FP16 = Precision(
    precision_id="fp16",
    bytes_per_weight=2.0,
    compute_rate="fp16",
    weight_only_fallback=True,
    notes=None,
    source_id="test",
)


def model_of(values: dict[str, Any]) -> Model:
    read = read_config(json.dumps(values))
    assert read.problem is None
    assert read.model is not None
    return read.model


def shape_of(values: dict[str, Any], kv_bytes: float = 2.0) -> ModelShape:
    return model_shape(model_of(values), FP16, kv_bytes)


def cache(values: dict[str, Any], context: int, kv_bytes: float = 2.0) -> float:
    shape = shape_of(values, kv_bytes)
    return float(
        kv_bytes_per_sequence(
            context_tokens=context,
            full_bytes_per_token=shape.full_kv_bytes_per_token,
            sliding_bytes_per_token=shape.sliding_kv_bytes_per_token,
            window_tokens=shape.window_tokens,
        )
    )


@pytest.mark.parametrize(
    ("values", "context", "expected"),
    [
        # 2 (key and value) x 80 layers x 8 heads x 128 x 2 B = 327,680 B a token
        pytest.param(configs.LLAMA_2_70B, 1, 327_680, id="llama-2-70b"),
        # 2 x 32 x 8 x 128 x 2
        pytest.param(configs.LLAMA_31_8B, 1, 131_072, id="llama-3.1-8b"),
        # 2 x 32 x 8 x 128 x 2 a token up to the window of 4,096, nothing more beyond it
        pytest.param(configs.MISTRAL_7B, 4096, 131_072 * 4096, id="mistral-at-its-window"),
        pytest.param(configs.MISTRAL_7B, 32_768, 131_072 * 4096, id="mistral-beyond-its-window"),
        # 23 full and 23 sliding layers: 2 x 23 x 16 x 128 x 2 = 188,416 B a token each
        pytest.param(configs.GEMMA_2_27B, 8192, 188_416 * 8192 + 188_416 * 4096, id="gemma-2-27b"),
        # 62 layers, every sixth full: 10 full (81,920 B) and 52 sliding (425,984 B, window 1,024)
        pytest.param(configs.GEMMA_3_27B, 131_072, 81_920 * 131_072 + 425_984 * 1024, id="gemma-3-27b"),
        # the window is switched off: 2 x 80 x 8 x 128 x 2
        pytest.param(configs.QWEN_25_72B, 131_072, 327_680 * 131_072, id="qwen2.5-72b"),
        # experts keep no cache: 2 x 32 x 8 x 128 x 2
        pytest.param(configs.MIXTRAL_8X7B, 1, 131_072, id="mixtral-8x7b"),
        # latent: 61 layers x (512 + 64) x 2 B, DeepSeek-V2 paper, section 2.1.2
        pytest.param(configs.DEEPSEEK_V3, 1, 70_272, id="deepseek-v3"),
        # 18 full and 18 sliding layers: 2 x 18 x 8 x 64 x 2 = 36,864 B a token each, window 128
        pytest.param(configs.GPT_OSS_120B, 4096, 36_864 * (4096 + 128), id="gpt-oss-120b"),
        # 2 x 80 x 8 x 64 x 2
        pytest.param(configs.FALCON_180B, 1, 163_840, id="falcon-180b"),
        # multi-query: one head; 2 x 32 x 1 x 64 x 2
        pytest.param(configs.FALCON_7B, 1, 8_192, id="falcon-7b"),
        # 2 x 96 x 96 x 128 x 2 = 4.7 MB a token
        pytest.param(configs.GPT_3, 1, 4_718_592, id="gpt-3"),
        # 12 of 48 layers attend: 2 x 12 x 2 x 256 x 2; the others keep nothing that grows
        pytest.param(configs.QWEN3_NEXT, 1, 24_576, id="qwen3-next"),
    ],
)
def test_cache_agrees_with_the_derivation_by_hand(
    values: dict[str, Any], context: int, expected: float
) -> None:
    assert cache(values, context) == expected
    assert cache(values, context, kv_bytes=1.0) == expected / 2


@pytest.mark.parametrize(
    ("values", "published_billion"),
    [
        # totals as the publishers state them (model cards; GPT-3: table 2.1, 175.0 rounded up from 174.6)
        pytest.param(configs.LLAMA_2_70B, 68.98, id="llama-2-70b"),
        pytest.param(configs.LLAMA_31_8B, 8.03, id="llama-3.1-8b"),
        pytest.param(configs.MISTRAL_7B, 7.24, id="mistral-7b"),
        pytest.param(configs.GEMMA_2_27B, 27.2, id="gemma-2-27b"),
        # 27.4 with the vision tower of 0.42, which is left out
        pytest.param(configs.GEMMA_3_27B, 27.0, id="gemma-3-27b"),
        pytest.param(configs.QWEN_25_72B, 72.7, id="qwen2.5-72b"),
        pytest.param(configs.MIXTRAL_8X7B, 46.7, id="mixtral-8x7b"),
        pytest.param(configs.DEEPSEEK_V3, 671.0, id="deepseek-v3"),
        pytest.param(configs.GPT_OSS_120B, 116.8, id="gpt-oss-120b"),
        pytest.param(configs.FALCON_180B, 179.5, id="falcon-180b"),
        pytest.param(configs.FALCON_7B, 6.92, id="falcon-7b"),
        pytest.param(configs.GPT_3, 174.6, id="gpt-3"),
        pytest.param(configs.QWEN3_NEXT, 80.0, id="qwen3-next"),
    ],
)
def test_parameters_agree_with_the_published_total(values: dict[str, Any], published_billion: float) -> None:
    model = model_of(values)
    assert model.params_total_b == pytest.approx(published_billion, rel=0.02)
    # What the formulas place in memory is that total, too.
    assert shape_of(values).weights_bytes == pytest.approx(2 * published_billion * 1e9, rel=0.02)


@pytest.mark.parametrize(
    ("values", "published_billion"),
    [
        pytest.param(configs.MIXTRAL_8X7B, 12.9, id="mixtral-8x7b"),
        # 37 without the multi-token-prediction module
        pytest.param(configs.DEEPSEEK_V3, 37.5, id="deepseek-v3"),
    ],
)
def test_active_parameters_agree_with_the_published_figure(
    values: dict[str, Any], published_billion: float
) -> None:
    assert model_of(values).params_active_b == pytest.approx(published_billion, rel=0.02)


def test_kind_of_attention_is_told_from_the_heads() -> None:
    kinds = [
        model_of(values).attention
        for values in (configs.GPT_3, configs.LLAMA_2_70B, configs.FALCON_7B, configs.DEEPSEEK_V3)
    ]
    assert kinds == ["MHA", "GQA", "MQA", "MLA"]


def test_layer_types_give_the_same_model_as_the_pattern() -> None:
    text = dict(configs.GEMMA_3_27B["text_config"])
    del text["sliding_window_pattern"]
    text["layer_types"] = ["full_attention" if (i + 1) % 6 == 0 else "sliding_attention" for i in range(62)]
    assert model_of(configs.GEMMA_3_27B | {"text_config": text}) == model_of(configs.GEMMA_3_27B)


def test_linear_layers_are_told_by_layer_types_as_by_the_interval() -> None:
    named = dict(configs.QWEN3_NEXT)
    del named["full_attention_interval"]
    named["layer_types"] = ["linear_attention"] * 3 + ["full_attention"]
    named["layer_types"] *= 12
    assert model_of(named) == model_of(configs.QWEN3_NEXT)


def test_quantised_weights_are_named() -> None:
    assert model_of(configs.DEEPSEEK_V3).native_precision == "fp8"
    assert model_of(configs.GPT_OSS_120B).native_precision == "fp4"
    assert model_of(configs.LLAMA_2_70B).native_precision == "fp16"
    assert model_of(configs.LLAMA_31_8B).native_precision == "bf16"


def test_what_is_assumed_is_said() -> None:
    read = read_config(json.dumps(configs.FALCON_180B))
    assert any("tie_word_embeddings is not given; taken as true" in note for note in read.notes)
    assert any("2,048 tokens is assumed" in note for note in read.notes)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hidden_size": None}, "hidden_size (nor n_embd, n_embed, d_model, dim) is missing"),
        ({"hidden_size": "wide"}, "hidden_size is 'wide'; it must be a whole number"),
        ({"hidden_size": True}, "hidden_size is 'True'; it must be a whole number"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is '0'"),
        ({"num_hidden_layers": 1e400}, "num_hidden_layers is 'inf'"),
        ({"num_key_value_heads": 7}, "num_key_value_heads is 7; it must divide the 64 query heads"),
        ({"head_dim": -1}, "head_dim is '-1'"),
        ({"vocab_size": None}, "vocab_size (nor padded_vocab_size) is missing"),
        ({"layer_types": ["full_attention"]}, "layer_types names 1 layers; num_hidden_layers says 80"),
        ({"layer_types": ["rwkv"] * 80}, "layer_types has 'rwkv', for which no formula is known"),
        ({"layer_types": ["mamba"] * 80}, "mamba_num_heads (nor mamba_n_heads) is missing"),
        ({"layer_types": ["sliding_attention"] * 80}, "sliding_window is missing"),
        ({"d_model": 4096}, "hidden_size is '8192' and d_model is '4096'; they must agree"),
        ({"model_type": "novel"}, "model_type is 'novel', a family whose layers are not on record"),
        ({"quantization_config": {"quant_method": "quark"}}, "quantization_config.quant_method is 'quark'"),
        ({"mamba_d_state": 128}, "mamba_d_state is '128', which no formula on record takes into account"),
        ({"is_encoder_decoder": True}, "is_encoder_decoder is true"),
        ({"kv_lora_rank": 512}, "qk_nope_head_dim is missing"),
        ({"num_experts": 8}, "num_experts_per_tok"),
        ({"num_experts": 8, "num_experts_per_tok": 9}, "num_experts_per_tok is 9; it must be at most the 8"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings is 'yes'; it must be true or false"),
    ],
)
def test_fault_names_the_key(change: dict[str, Any], sentence: str) -> None:
    read = read_config(json.dumps(configs.LLAMA_2_70B | change))
    assert read.model is None
    assert read.problem is not None
    assert sentence in read.problem


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is not valid JSON (line 1"),
        ("{", "it is not valid JSON (line 1"),
        ("[1]", "it must be an object"),
        ("null", "it must be an object"),
        ("[" * 100_000, "nests too deep"),
        ("1" * 10_000, "a number of too many digits"),
        (" " * (LONGEST_FILE + 1), "at most 200,000"),
    ],
)
def test_text_that_is_no_config_gives_one_sentence(text: str, sentence: str) -> None:
    problem = read_config(text).problem
    assert problem is not None
    assert sentence in problem


KEYS = sorted(
    {key for values in vars(configs).values() if isinstance(values, dict) for key in values}
    | {
        "text_config",
        "linear_attn_config",
        "attn_type_list",
        "moe_layer_freq",
        "mlp_only_layers",
        "moe_layers",
    }
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_no_json_raises(value: Any) -> None:
    read = read_config(json.dumps(value))
    assert (read.model is None) == (read.problem is not None)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([v for v in vars(configs).values() if isinstance(v, dict) and "hidden_size" in v]),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4),
)
def test_no_change_of_a_config_raises_and_what_is_read_can_be_placed(
    values: dict[str, Any], change: dict[str, Any]
) -> None:
    read = read_config(json.dumps(values | change))
    if read.model is not None:
        assert model_shape(read.model, FP16, 2.0).weights_bytes > 0


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    assert read_config(text).problem or read_config(text).model
