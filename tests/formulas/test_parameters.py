"""Weights counted from dimensions, against the counts that publishers state."""

from __future__ import annotations

from typing import Any

import pytest

from breakeven.formulas.parameters import parameter_counts

LLAMA_2_70B: dict[str, Any] = {
    "n_layers": 80,
    "hidden": 8192,
    "ffn_dim": 28672,
    "ffn_matrices": 3,
    "n_heads": 64,
    "n_kv_heads": 8,
    "head_dim": 128,
    "vocab": 32000,
    "tied_embeddings": False,
}
LLAMA_31_8B: dict[str, Any] = {
    **LLAMA_2_70B,
    "n_layers": 32,
    "hidden": 4096,
    "ffn_dim": 14336,
    "n_heads": 32,
    "vocab": 128256,
}
MISTRAL_7B: dict[str, Any] = {**LLAMA_31_8B, "vocab": 32000}
MIXTRAL_8X7B: dict[str, Any] = {**MISTRAL_7B, "n_experts": 8, "experts_per_tok": 2, "moe_ffn_dim": 14336}
GPT_3: dict[str, Any] = {
    "n_layers": 96,
    "hidden": 12288,
    "ffn_dim": 49152,
    "ffn_matrices": 2,
    "n_heads": 96,
    "n_kv_heads": 96,
    "head_dim": 128,
    "vocab": 50257,
    "tied_embeddings": True,
}
GPT_J: dict[str, Any] = {
    **GPT_3,
    "n_layers": 28,
    "hidden": 4096,
    "ffn_dim": 16384,
    "n_heads": 16,
    "n_kv_heads": 16,
    "head_dim": 256,
    "vocab": 50400,
    "tied_embeddings": False,
}
FALCON_7B: dict[str, Any] = {
    **GPT_3,
    "n_layers": 32,
    "hidden": 4544,
    "ffn_dim": 18176,
    "n_heads": 71,
    "n_kv_heads": 1,
    "head_dim": 64,
    "vocab": 65024,
}
DEEPSEEK_V3: dict[str, Any] = {
    "n_layers": 61,
    "hidden": 7168,
    "ffn_dim": 18432,
    "ffn_matrices": 3,
    "n_heads": 128,
    "n_kv_heads": 128,
    "head_dim": 192,
    "vocab": 129280,
    "tied_embeddings": False,
    "mla_kv_lora_rank": 512,
    "mla_q_lora_rank": 1536,
    "mla_qk_nope_dim": 128,
    "mla_qk_rope_dim": 64,
    "mla_v_head_dim": 128,
    "n_experts": 256,
    "experts_per_tok": 8,
    "n_shared_experts": 1,
    "moe_ffn_dim": 2048,
    "n_dense_layers": 3,
}
DEEPSEEK_V2_LITE: dict[str, Any] = {
    **DEEPSEEK_V3,
    "n_layers": 27,
    "hidden": 2048,
    "ffn_dim": 10944,
    "n_heads": 16,
    "n_kv_heads": 16,
    "vocab": 102400,
    "mla_q_lora_rank": None,
    "n_experts": 64,
    "experts_per_tok": 6,
    "n_shared_experts": 2,
    "moe_ffn_dim": 1408,
    "n_dense_layers": 1,
}
GPT_OSS_120B: dict[str, Any] = {
    "n_layers": 36,
    "hidden": 2880,
    "ffn_dim": None,
    "ffn_matrices": 3,
    "n_heads": 64,
    "n_kv_heads": 8,
    "head_dim": 64,
    "vocab": 201088,
    "tied_embeddings": False,
    "n_experts": 128,
    "experts_per_tok": 4,
    "moe_ffn_dim": 2880,
}
QWEN3_30B_A3B: dict[str, Any] = {
    **GPT_OSS_120B,
    "n_layers": 48,
    "hidden": 2048,
    "n_heads": 32,
    "n_kv_heads": 4,
    "head_dim": 128,
    "vocab": 151936,
    "experts_per_tok": 8,
    "moe_ffn_dim": 768,
}
LLAMA_4_MAVERICK: dict[str, Any] = {
    **LLAMA_2_70B,
    "n_layers": 48,
    "hidden": 5120,
    "ffn_dim": 16384,
    "n_heads": 40,
    "vocab": 202048,
    "n_experts": 128,
    "experts_per_tok": 1,
    "n_shared_experts": 1,
    "moe_ffn_dim": 8192,
    "n_dense_layers": 24,
}


@pytest.mark.parametrize(
    ("dimensions", "checkpoint"),
    [
        # Hugging Face model pages, "Safetensors: model size", exact count in the file's metadata.
        pytest.param(LLAMA_2_70B, 68_976_648_192, id="meta-llama/Llama-2-70b-hf"),
        pytest.param(LLAMA_31_8B, 8_030_261_248, id="meta-llama/Meta-Llama-3.1-8B"),
        pytest.param(MISTRAL_7B, 7_241_732_096, id="mistralai/Mistral-7B-v0.1"),
        pytest.param(MIXTRAL_8X7B, 46_702_792_704, id="mistralai/Mixtral-8x7B-v0.1"),
    ],
)
def test_total_and_the_norms_left_out_are_the_whole_checkpoint(dimensions: Any, checkpoint: int) -> None:
    norms = (2 * dimensions["n_layers"] + 1) * dimensions["hidden"]
    assert parameter_counts(**dimensions).total + norms == checkpoint


@pytest.mark.parametrize(
    ("dimensions", "field", "published", "tolerance"),
    [
        # arXiv:2005.14165 table D.1: 174,600 M; learned positions (25 M) are left out here.
        pytest.param(GPT_3, "total", 174.6e9, 0.05e9, id="gpt-3"),
        # GPT-J model card: 6,053,381,344 with biases, which are left out here (0.04 %).
        pytest.param(GPT_J, "total", 6_053_381_344, 0.001 * 6e9, id="gpt-j"),
        # Mixtral announcement, mistral.ai/news/mixtral-of-experts: 46.7B total, 12.9B per token.
        pytest.param(MIXTRAL_8X7B, "total", 46.7e9, 0.05e9, id="mixtral-total"),
        pytest.param(MIXTRAL_8X7B, "active", 12.9e9, 0.05e9, id="mixtral-active"),
        # arXiv:2412.19437 abstract: 671B total, 37B activated (the look-up table not counted).
        pytest.param(DEEPSEEK_V3, "total", 671e9, 0.5e9, id="deepseek-v3-total"),
        pytest.param(DEEPSEEK_V3, "active_linear", 37e9, 0.5e9, id="deepseek-v3-active"),
        # arXiv:2405.04434 appendix B: 15.7B total, 2.4B activated (2.45 here); query not compressed.
        pytest.param(DEEPSEEK_V2_LITE, "total", 15.7e9, 0.05e9, id="deepseek-v2-lite-total"),
        pytest.param(DEEPSEEK_V2_LITE, "active_linear", 2.4e9, 0.06e9, id="deepseek-v2-lite-active"),
        # arXiv:2508.10925 table 1: 116.83B total, 5.13B active (embedding excluded, output head
        # included); the biases of the experts (0.03 %) are left out here.
        pytest.param(GPT_OSS_120B, "total", 116.83e9, 0.0005 * 116.83e9, id="gpt-oss-120b-total"),
        pytest.param(GPT_OSS_120B, "active_linear", 5.13e9, 0.01e9, id="gpt-oss-120b-active"),
        # Qwen3-30B-A3B model card: 30.5B total, 3.3B activated (cut, not rounded: 3.35).
        pytest.param(QWEN3_30B_A3B, "total", 30.5e9, 0.05e9, id="qwen3-30b-total"),
        pytest.param(QWEN3_30B_A3B, "active", 3.3e9, 0.06e9, id="qwen3-30b-active"),
        # Llama 4 model card: 400B total, 17B activated; experts on every second layer.
        pytest.param(LLAMA_4_MAVERICK, "total", 400e9, 1e9, id="maverick-total"),
        pytest.param(LLAMA_4_MAVERICK, "active", 17e9, 0.5e9, id="maverick-active"),
    ],
)
def test_counts_match_published_figures(
    dimensions: Any, field: str, published: float, tolerance: float
) -> None:
    assert getattr(parameter_counts(**dimensions), field) == pytest.approx(published, abs=tolerance)


def test_one_falcon_layer_has_the_matrices_that_its_published_module_list_prints() -> None:
    # transformers' print of tiiuae/falcon-7b: query_key_value 4544 x 4672, dense 4544 x 4544,
    # dense_h_to_4h 4544 x 18176, dense_4h_to_h 18176 x 4544, side by side in each layer.
    one_more = parameter_counts(**{**FALCON_7B, "n_layers": 33}).total - parameter_counts(**FALCON_7B).total
    assert one_more == 4544 * 4672 + 4544 * 4544 + 2 * 4544 * 18176


def test_a_published_non_embedding_count_leaves_out_both_tables() -> None:
    # Qwen3-30B-A3B model card: "Number of Paramaters (Non-Embedding): 29.9B".
    counts = parameter_counts(**QWEN3_30B_A3B)
    assert counts.total - 2 * counts.input_embedding == pytest.approx(29.9e9, abs=0.05e9)


@pytest.mark.parametrize("dimensions", [LLAMA_2_70B, GPT_3, DEEPSEEK_V3, MIXTRAL_8X7B, LLAMA_4_MAVERICK])
def test_the_parts_add_up_to_the_total(dimensions: Any) -> None:
    counts = parameter_counts(**dimensions)
    assert counts.shared + counts.routed + counts.input_embedding == counts.total
    assert counts.active - counts.active_linear == counts.input_embedding
    assert counts.shared <= counts.active_linear <= counts.active <= counts.total


def test_a_dense_model_is_all_active_and_has_nothing_routed() -> None:
    counts = parameter_counts(**LLAMA_2_70B)
    assert counts.active == counts.total
    assert counts.routed == 0


def test_a_tied_matrix_is_the_output_head_and_stays_in_the_work() -> None:
    tied = parameter_counts(**{**LLAMA_2_70B, "tied_embeddings": True})
    untied = parameter_counts(**LLAMA_2_70B)
    assert tied.input_embedding == 0
    assert tied.active_linear == tied.total == untied.active_linear
    assert untied.input_embedding == untied.total - tied.total == 32000 * 8192


def test_a_token_that_uses_every_expert_meets_the_whole_model() -> None:
    counts = parameter_counts(**{**MIXTRAL_8X7B, "experts_per_tok": 8})
    assert counts.active == counts.total


def test_head_width_need_not_be_the_model_width_over_the_heads() -> None:
    # Qwen3-30B-A3B: 32 heads of 128 on a width of 2048.
    narrow = parameter_counts(**{**QWEN3_30B_A3B, "head_dim": 64})
    assert parameter_counts(**QWEN3_30B_A3B).total - narrow.total == 48 * 2048 * 64 * 2 * (32 + 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_layers": 0}, "n_layers must be a whole number of at least 1, got 0"),
        ({"hidden": float("nan")}, "hidden must be a whole number of at least 1, got nan"),
        ({"vocab": float("inf")}, "vocab must be a whole number of at least 1, got inf"),
        ({"ffn_dim": None}, "ffn_dim is needed for 3 dense layers, got None"),
        ({"ffn_dim": -1}, "ffn_dim must be a whole number of at least 1, got -1"),
        ({"mla_v_head_dim": None}, "got 128, 64 and None"),
        ({"mla_q_lora_rank": 0}, "mla_q_lora_rank must be a whole number of at least 1, got 0"),
        ({"moe_ffn_dim": None}, "experts_per_tok and moe_ffn_dim, got 8 and None"),
        ({"experts_per_tok": 257}, "experts_per_tok must be at most n_experts 256, got 257"),
        ({"n_dense_layers": 62}, "n_dense_layers must be at most n_layers 61, got 62"),
        ({"n_dense_layers": -1}, "n_dense_layers must be zero or more and finite, got -1"),
        ({"n_shared_experts": -1}, "n_shared_experts must be zero or more and finite, got -1"),
    ],
)
def test_impossible_dimensions_are_refused_with_their_value(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameter_counts(**{**DEEPSEEK_V3, **change})
