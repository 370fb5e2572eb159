"""Which GPUs, at what price, with which profile, and what a deployment delivers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.formulas.batch import batch_that_fits
from breakeven.formulas.modes import continuous_batching, disaggregated, static_batch
from breakeven.formulas.parts import IDEAL, Engine
from breakeven.hosting import (
    FEW_ROWS,
    MOST_SEQUENCES,
    Ask,
    Candidate,
    Unplaceable,
    choose_profile,
    compute_class,
    dated,
    engine_of,
    evaluate,
    find_candidates,
    gpu_price,
    model_shape,
    older_profile,
    replica_of,
    what_would_fit,
    with_shares,
)
from breakeven.hosting.layouts import Worker
from breakeven.tables.records import Efficiency, Gpu, GpuOffer, Model, Precision, RangeOf

LLAMA_2_70B = Model(
    model_id="llama-2-70b",
    name="Llama 2 70B",
    family="llama",
    release="2023-07",
    params_total_b=68.98,
    params_active_b=68.98,
    n_layers=80,
    hidden=8192,
    ffn_dim=28672,
    ffn_matrices=3,
    n_heads=64,
    n_kv_heads=8,
    head_dim=128,
    attention="GQA",
    mla_kv_lora_rank=None,
    mla_q_lora_rank=None,
    mla_qk_nope_dim=None,
    mla_qk_rope_dim=None,
    mla_v_head_dim=None,
    n_experts=None,
    experts_per_tok=None,
    n_shared_experts=None,
    moe_ffn_dim=None,
    n_dense_layers=None,
    sliding_window=None,
    n_full_attn_layers=None,
    n_sliding_layers=None,
    n_linear_attn_layers=None,
    vocab=32000,
    tied_embeddings=False,
    max_context=4096,
    native_precision="fp16",
    open_weights=True,
    kv_derived=True,
    totals_checked=True,
    notes=None,
    source_id="a-source",
    locator="config.json",
)
MIXTRAL = replace(
    LLAMA_2_70B,
    model_id="mixtral-8x7b",
    name="Mixtral 8x7B",
    params_total_b=46.7,
    params_active_b=12.9,
    n_layers=32,
    hidden=4096,
    ffn_dim=14336,
    n_heads=32,
    n_experts=8,
    experts_per_tok=2,
    moe_ffn_dim=14336,
)
DEEPSEEK_V3 = replace(
    LLAMA_2_70B,
    model_id="deepseek-v3",
    name="DeepSeek-V3",
    params_total_b=671,
    params_active_b=37,
    n_layers=61,
    hidden=7168,
    ffn_dim=18432,
    n_heads=128,
    n_kv_heads=128,
    head_dim=192,
    attention="MLA",
    mla_kv_lora_rank=512,
    mla_q_lora_rank=1536,
    mla_qk_nope_dim=128,
    mla_qk_rope_dim=64,
    mla_v_head_dim=128,
    n_experts=256,
    experts_per_tok=8,
    n_shared_experts=1,
    moe_ffn_dim=2048,
    n_dense_layers=3,
    vocab=129280,
)
GPT_OSS_120B = replace(
    LLAMA_2_70B,
    model_id="gpt-oss-120b",
    name="gpt-oss-120b",
    params_total_b=116.8,
    params_active_b=5.1,
    n_layers=36,
    hidden=2880,
    ffn_dim=2880,
    head_dim=64,
    n_experts=128,
    experts_per_tok=4,
    moe_ffn_dim=2880,
    sliding_window=128,
    n_full_attn_layers=18,
    n_sliding_layers=18,
    vocab=201088,
)


def precision(precision_id, bytes_per_weight, compute_rate="fp16", fallback=True):
    return Precision(
        precision_id=precision_id,
        bytes_per_weight=bytes_per_weight,
        compute_rate=compute_rate,
        weight_only_fallback=fallback,
        notes=None,
        source_id="a-source",
    )


FP16 = precision("fp16", 2)
FP8 = precision("fp8", 1, "fp8", fallback=False)
INT4 = precision("int4", 0.5)
FP4 = precision("fp4", 0.5, "fp4")

A100 = Gpu(
    gpu_id="a100-80-sxm",
    name="NVIDIA A100 SXM4 80GB",
    vendor="nvidia",
    gpu_family="a100",
    architecture="Ampere",
    memory_gb=80,
    mem_bw_gb_s=2039,
    fp16_dense_tflops=312,
    bf16_dense_tflops=312,
    fp8_dense_tflops=None,
    fp4_dense_tflops=None,
    interconnect="NVLink3",
    scale_up_gb_s_unidirectional=300,
    link_gpus=8,
    tdp_w=400,
    verified=True,
    notes=None,
    source_id="a-source",
    locator="specifications table",
)
H100 = replace(
    A100,
    gpu_id="h100-sxm",
    name="NVIDIA H100 SXM",
    gpu_family="h100",
    mem_bw_gb_s=3350,
    fp16_dense_tflops=989,
    bf16_dense_tflops=989,
    fp8_dense_tflops=1979,
    scale_up_gb_s_unidirectional=450,
)
B200 = replace(
    H100,
    gpu_id="b200",
    name="NVIDIA B200",
    gpu_family="b200",
    memory_gb=180,
    mem_bw_gb_s=8000,
    fp16_dense_tflops=2250,
    bf16_dense_tflops=2250,
    fp8_dense_tflops=4500,
    fp4_dense_tflops=9000,
)


def offer(gpu_offer_id, usd, *, provider="one", gpu_id="h100-sxm", price_type="on-demand", flag=None):
    return GpuOffer(
        gpu_offer_id=gpu_offer_id,
        provider=provider,
        instance=None,
        gpu_as_listed="H100",
        gpu_id=gpu_id,
        gpu_count=8,
        price_type=price_type,
        usd_per_gpu_hour=usd,
        region=None,
        valid_from=date(2026, 5, 1),
        flag=flag,
        notes=None,
        source_id="a-source",
        locator="table",
    )


def efficiency(engine="vllm", family="h100", rate="fp16", *, n_rows=10, **changes):
    row = Efficiency(
        efficiency_id=f"{engine}-{family}-{rate}",
        engine=engine,
        gpu_family=family,
        precision_class=rate,
        mode="continuous",
        mfu=0.5,
        mbu=0.7,
        kv_mbu=0.4,
        link_share=0.7,
        link_latency_s=1e-5,
        prefill_overhead_s=0.01,
        step_overhead_s=1e-3,
        layer_overhead_s=1e-5,
        sequence_overhead_s=1e-5,
        context_overhead_s=1e-9,
        ttft_factor_low=0.8,
        ttft_factor_high=1.5,
        tpot_factor_low=0.9,
        tpot_factor_high=1.2,
        ttft_median_error=0.1,
        tpot_median_error=0.05,
        n_rows=n_rows,
        min_gpus=2,
        max_gpus=8,
        fitted_on=f"rows of {engine} on {family}",
        method="fitted",
        notes=None,
        source_id="a-source",
    )
    return replace(row, **changes)


quick = settings(deadline=None, max_examples=50)


# --- rates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gpu", "weights", "rate"),
    [
        pytest.param(A100, FP16, "fp16", id="fp16-everywhere"),
        pytest.param(H100, FP8, "fp8", id="fp8-where-there-is-fp8"),
        pytest.param(A100, INT4, "fp16", id="int4-is-computed-in-fp16"),
        pytest.param(B200, FP4, "fp4", id="fp4-where-there-is-fp4"),
        pytest.param(H100, FP4, "fp16", id="fp4-without-a-rate-is-only-stored"),
    ],
)
def test_linear_layers_run_at_a_rate_the_gpu_has(gpu, weights, rate):
    assert compute_class(gpu, weights) == rate


def test_fp8_on_an_a100_is_refused_with_what_to_do():
    with pytest.raises(Unplaceable, match=r"A100 SXM4 80GB has no fp8 rate; choose fp16 or int4 weights"):
        compute_class(A100, FP8)


def test_replica_carries_the_gpus_numbers_in_base_units():
    replica = replica_of(H100, 4, "fp8")
    assert (replica.n_gpus, replica.memory_bytes, replica.memory_bytes_per_s) == (4, 80e9, 3350e9)
    assert (replica.flop_per_s, replica.attention_flop_per_s) == (1979e12, 989e12)
    assert replica.link_bytes_per_s == 450e9


def test_one_gpu_needs_no_link_and_two_do():
    alone = replace(A100, scale_up_gb_s_unidirectional=None)
    assert replica_of(alone, 1, "fp16").n_gpus == 1
    with pytest.raises(Unplaceable, match="link bandwidth of NVIDIA A100"):
        replica_of(alone, 2, "fp16")


@pytest.mark.parametrize(
    ("link_gpus", "words"),
    [pytest.param(2, "are joined by 2 at most", id="a-pair"), pytest.param(1, "is sold singly", id="single")],
)
def test_a_replica_is_no_larger_than_the_link_joins(link_gpus, words):
    gpu = replace(A100, link_gpus=link_gpus)
    assert replica_of(gpu, link_gpus, "fp16").n_gpus == link_gpus
    with pytest.raises(Unplaceable, match=rf"{words} \(NVLink3\); {link_gpus + 1} in one replica"):
        replica_of(gpu, link_gpus + 1, "fp16")


# --- model shapes -----------------------------------------------------------------------------


def test_llama_2_70b_has_its_published_size_and_cache():
    shape = model_shape(LLAMA_2_70B, FP16, 2.0)
    # Llama 2 paper, table 1: 70B; 68.98e9 counted, times 2 B.
    assert shape.weights_bytes == pytest.approx(2 * 68.98e9, rel=1e-4)
    # Sanger 2023: 320 KiB per token.
    assert shape.full_kv_bytes_per_token == 327_680
    assert (shape.full_layers, shape.sliding_layers, shape.routed_bytes) == (80, 0, 0)
    # The input embedding, 32,000 x 8,192, is looked up and not multiplied or read through.
    assert shape.weights_bytes - shape.shared_bytes == 2 * 32_000 * 8_192


def test_four_bit_weights_shrink_and_the_cache_does_not():
    full, small = model_shape(LLAMA_2_70B, FP16, 2.0), model_shape(LLAMA_2_70B, INT4, 2.0)
    assert small.weights_bytes == pytest.approx(full.weights_bytes / 4)
    assert small.full_kv_bytes_per_token == full.full_kv_bytes_per_token
    assert model_shape(LLAMA_2_70B, FP16, 1.0).full_kv_bytes_per_token == 163_840


def test_mixtral_multiplies_its_active_and_stores_all_of_its_experts():
    # Mixtral paper, section 2.1: 47B in all, 13B active per token.
    shape = model_shape(MIXTRAL, FP16, 2.0)
    assert shape.weights_bytes == pytest.approx(2 * 46.7e9, rel=0.005)
    assert shape.linear_params == pytest.approx(12.9e9 - 32_000 * 4096, rel=0.005)
    assert shape.expert_share == 2 / 8


def test_latent_attention_is_cached_once_and_decoded_in_its_latent_width():
    shape = model_shape(DEEPSEEK_V3, FP8, 2.0)
    # "Insights into DeepSeek-V3", 2025, table 1: 70.272 KB per token in bf16.
    assert shape.full_kv_bytes_per_token == 70_272
    assert shape.kv_heads == 1
    # DeepSeek-V2 paper, section 2.1.2: queries and keys 128 + 64 and values 128 wide when expanded,
    # 512 + 64 and 512 when the projections are absorbed.
    assert (shape.prefill_qk_dim, shape.prefill_v_dim) == (192, 128)
    assert (shape.decode_qk_dim, shape.decode_v_dim) == (576, 512)


def test_half_of_gpt_oss_slides():
    shape = model_shape(GPT_OSS_120B, FP4, 2.0)
    assert (shape.full_layers, shape.sliding_layers, shape.window_tokens) == (18, 18, 128)
    # 2 x 18 layers x 8 heads x 64 x 2 B in each half.
    assert shape.full_kv_bytes_per_token == shape.sliding_kv_bytes_per_token == 36_864


def test_linear_attention_layers_keep_no_cache():
    shape = model_shape(replace(LLAMA_2_70B, n_linear_attn_layers=60), FP16, 2.0)
    assert shape.full_layers == 20
    assert shape.full_kv_bytes_per_token == 327_680 / 4


def test_stated_totals_stand_in_where_dimensions_do_not_add_up():
    stated = replace(MIXTRAL, totals_checked=False)
    shape = model_shape(stated, FP16, 2.0)
    assert shape.weights_bytes == 2 * 46.7e9
    assert shape.linear_params == 12.9e9 - 32_000 * 4096


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kv_derived": False}, "No formula for the KV cache of Llama 2 70B"),
        ({"totals_checked": False, "params_total_b": None}, "Nobody states how many parameters Llama 2 70B"),
        ({"totals_checked": False, "params_active_b": None}, "Nobody states how many parameters Llama 2 70B"),
    ],
)
def test_a_model_that_is_not_known_well_enough_is_not_placed(changes, reason):
    with pytest.raises(Unplaceable, match=reason):
        model_shape(replace(LLAMA_2_70B, **changes), FP16, 2.0)


# --- prices -----------------------------------------------------------------------------------


def price(offers, choice="median", gpu_id="h100-sxm", price_type="on-demand"):
    return gpu_price(offers, gpu_id=gpu_id, price_type=price_type, choice=choice)


def test_each_provider_counts_once_with_its_lowest_price():
    # One provider's four regions at 9 would be the median of six; of three providers it is 3.
    offers = [offer(f"many-{i}", 9.0, provider="many") for i in range(4)]
    offers += [offer("two", 2.0, provider="two"), offer("three", 3.0, provider="three")]
    found = price([*offers, offer("three-dear", 8.0, provider="three")])
    assert (found.usd_per_gpu_hour, found.offer.gpu_offer_id, found.n_offers) == (3.0, "three", 3)
    assert (found.cheapest_usd, found.dearest_usd) == (2.0, 9.0)


def test_the_middle_of_an_even_number_is_the_lower_one_that_somebody_asks():
    offers = [offer(f"o{usd}", float(usd), provider=f"p{usd}") for usd in (4, 1, 3, 2)]
    assert price(offers).usd_per_gpu_hour == 2
    assert price([*offers, offer("o5", 5.0, provider="p5")]).usd_per_gpu_hour == 3


def test_cheapest_and_dearest_are_the_ends():
    offers = [offer(f"o{usd}", float(usd), provider=f"p{usd}") for usd in (4, 3.5, 3)]
    assert price(offers, "cheapest").offer.gpu_offer_id == "o3"
    assert price(offers, "dearest").offer.gpu_offer_id == "o4"


def test_flagged_offers_only_count_when_named():
    offers = [offer("odd", 0.1, provider="odd", flag="teaser"), offer("plain", 2.0)]
    assert price(offers, "cheapest").offer.gpu_offer_id == "plain"
    assert price(offers[:1]) is None
    assert price(offers, "odd").usd_per_gpu_hour == 0.1


def test_other_kinds_of_price_and_other_gpus_do_not_count():
    offers = [
        offer("spot", 0.5, provider="a", price_type="spot"),
        offer("a100", 0.4, provider="b", gpu_id="a100-80-sxm"),
        offer("plain", 2.0, provider="c"),
    ]
    assert price(offers, "cheapest").offer.gpu_offer_id == "plain"
    assert price(offers, price_type="spot").offer.gpu_offer_id == "spot"
    assert price(offers, price_type="reserved") is None


def test_a_named_offer_is_taken_as_it_is_and_only_for_its_gpu():
    offers = [offer("spot", 0.5, price_type="spot"), offer("plain", 2.0)]
    found = price(offers, "spot")
    assert (found.usd_per_gpu_hour, found.n_offers) == (0.5, 1)
    assert price(offers, "spot", gpu_id="a100-80-sxm") is None
    assert price(offers, "gone") is None


@quick
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(1, 100), st.booleans()), min_size=1, max_size=20
    )
)
def test_prices_come_from_offers_in_order(cases):
    offers = [
        offer(f"o{i}", usd / 10, provider=provider, flag="odd" if flagged else None)
        for i, (provider, usd, flagged) in enumerate(cases)
    ]
    found = [price(offers, choice) for choice in ("cheapest", "median", "dearest")]
    if all(o.flag for o in offers):
        assert found == [None, None, None]
        return
    usd = [p.usd_per_gpu_hour for p in found]
    assert usd == sorted(usd)
    assert all(p.offer.usd_per_gpu_hour == p.usd_per_gpu_hour and not p.offer.flag for p in found)
    assert len({p.n_offers for p in found}) == 1
    # As many providers ask no more than the median as ask no less, or one more.
    lowest = {
        o.provider: min(x.usd_per_gpu_hour for x in offers if x.provider == o.provider and not x.flag)
        for o in offers
        if not o.flag
    }
    below = sum(1 for x in lowest.values() if x <= usd[1])
    assert 2 * below >= len(lowest)


# --- profiles ---------------------------------------------------------------------------------

VLLM = efficiency("vllm", n_rows=50, tpot_median_error=0.05)
SGLANG = efficiency("sglang", n_rows=10, tpot_median_error=0.02)
POOLED_FP16 = efficiency("pooled", "any", "fp16", method="pooled", tpot_median_error=0.3)
POOLED_FP8 = efficiency("pooled", "any", "fp8", method="pooled", tpot_median_error=0.2)
STATIC = efficiency("tgi-2023", "a100", "fp16", n_rows=28, mode="static")
ALL = [POOLED_FP8, POOLED_FP16, STATIC, VLLM, SGLANG]


def profile(rows=ALL, *, engine="auto", gpu=H100, rate="fp16", mode="continuous", n_gpus=2, shape=None):
    return choose_profile(rows, engine=engine, gpu=gpu, rate=rate, mode=mode, n_gpus=n_gpus, shape=shape)


def test_the_named_engine_comes_first_and_leaves_nothing_open():
    found = profile(engine="vllm")
    assert (found.efficiency, found.measured, found.caveat) == (VLLM, True, None)


OF_MODEL = replace(VLLM, efficiency_id="vllm-h100-fp16-mine", architecture="mine", range_of=RangeOf.MODEL)


def test_a_model_that_was_measured_has_its_own_row_and_any_other_the_common_one():
    rows = [*ALL, OF_MODEL]
    assert profile(rows, engine="vllm", shape="mine").efficiency is OF_MODEL
    assert profile(rows, engine="vllm", shape="another").efficiency is VLLM
    assert profile(rows, engine="vllm").efficiency is VLLM


def test_auto_takes_the_engine_that_measured_the_model():
    rows = [*ALL, OF_MODEL]
    assert profile(rows, shape="mine").efficiency is OF_MODEL
    assert profile(rows, shape="another").efficiency is SGLANG
    few = replace(OF_MODEL, n_rows=FEW_ROWS - 1)
    assert profile([*ALL, few], shape="mine").efficiency is SGLANG


def test_an_engine_of_a_named_year_is_taken_by_name_only():
    old = replace(SGLANG, efficiency_id="old", engine="sglang-2023", tpot_median_error=0.0)
    rows = [*ALL, old]
    assert profile(rows).efficiency is SGLANG
    assert profile(rows, engine="sglang-2023").efficiency is old
    found = older_profile(rows, gpu=H100, rate="fp16", mode="continuous", n_gpus=2)
    assert found is not None
    assert found.efficiency is old
    assert older_profile(ALL, gpu=H100, rate="fp16", mode="continuous", n_gpus=2) is None
    assert not dated("vllm")
    assert not dated("tensorrt-llm")
    assert dated("tgi-2023")


def test_auto_takes_the_engine_with_the_smallest_error():
    assert profile().efficiency is SGLANG


@pytest.mark.parametrize(
    ("n_rows", "engine"),
    [pytest.param(FEW_ROWS, "sglang", id="enough"), pytest.param(FEW_ROWS - 1, "vllm", id="one-row-too-few")],
)
def test_an_engine_on_few_rows_does_not_win_by_its_small_error(n_rows, engine):
    assert profile([replace(SGLANG, n_rows=n_rows), VLLM]).efficiency.engine == engine


def test_an_engine_on_few_rows_says_so():
    found = profile([replace(SGLANG, n_rows=FEW_ROWS - 1)])
    assert (found.measured, found.caveat) == (
        False,
        f"sglang on NVIDIA H100 SXM rests on {FEW_ROWS - 1} measured rows only",
    )


def test_an_engine_without_a_known_error_is_trusted_less_than_any_with_one():
    unknown = replace(SGLANG, tpot_median_error=None)
    assert profile([unknown, VLLM]).efficiency is VLLM


def test_an_assumed_row_is_trusted_less_than_any_fitted_one():
    assumed = replace(SGLANG, method="assumed")
    assert profile([assumed, VLLM]).efficiency is VLLM


def test_another_engine_on_the_same_gpu_comes_next_and_is_named():
    found = profile(engine="tensorrt-llm")
    assert found.efficiency is SGLANG
    assert found.caveat == (
        "no measured run of tensorrt-llm on NVIDIA H100 SXM at fp16; sglang is used instead"
    )


def test_the_pooled_row_of_the_rate_comes_after_that():
    found = profile(gpu=B200)
    assert (found.efficiency, found.measured) == (POOLED_FP16, False)
    assert found.caveat.startswith("no measured run on NVIDIA B200 at fp16; extrapolated from rows of pooled")
    assert profile(gpu=B200, rate="fp8").efficiency is POOLED_FP8


def test_any_pooled_row_comes_last_but_one():
    found = profile(gpu=B200, rate="fp4")
    assert found.efficiency is POOLED_FP8
    assert "at fp4" in found.caveat


def test_anything_fitted_is_better_than_nothing():
    found = profile([VLLM], gpu=A100)
    assert (found.efficiency, found.measured) == (VLLM, False)
    assert "extrapolated from rows of vllm on h100" in found.caveat


def test_static_and_continuous_rows_are_kept_apart():
    assert profile(gpu=A100, mode="static").efficiency is STATIC
    assert profile(gpu=A100, mode="continuous").efficiency is POOLED_FP16
    assert profile(gpu=H100, mode="disaggregated").efficiency is SGLANG
    with pytest.raises(Unplaceable, match="No efficiency row for static batching"):
        profile([VLLM], mode="static")


@pytest.mark.parametrize(
    ("n_gpus", "caveat"),
    [
        (1, "vllm was measured on 2 to 8 GPUs of this kind; 1 is extrapolated"),
        (2, None),
        (8, None),
        (9, "vllm was measured on 2 to 8 GPUs of this kind; 9 is extrapolated"),
    ],
)
def test_counts_beyond_the_measured_ones_are_extrapolated(n_gpus, caveat):
    assert profile(engine="vllm", n_gpus=n_gpus).caveat == caveat


def test_a_single_measured_count_is_written_as_one():
    for n, words in ((8, "8 GPUs"), (1, "1 GPU")):
        only = replace(VLLM, min_gpus=n, max_gpus=n)
        caveat = profile([only], n_gpus=4).caveat
        assert caveat == f"vllm was measured on {words} of this kind; 4 is extrapolated"


def test_an_assumed_row_is_never_called_measured():
    assumed = replace(VLLM, method="assumed", fitted_on="taken from the H200")
    found = profile([assumed])
    assert not found.measured
    assert found.caveat.endswith("taken from the H200")


def test_an_engine_takes_every_field_of_its_row():
    engine = engine_of(VLLM)
    assert engine == Engine(
        mfu=0.5,
        mbu=0.7,
        kv_mbu=0.4,
        link_share=0.7,
        link_latency_s=1e-5,
        prefill_overhead_s=0.01,
        step_overhead_s=1e-3,
        layer_overhead_s=1e-5,
        sequence_overhead_s=1e-5,
        context_overhead_s=1e-9,
    )


def test_shares_typed_by_hand_replace_those_of_the_row():
    engine = engine_of(VLLM)
    assert with_shares(engine) == engine
    typed = with_shares(engine, mfu=0.3, mbu=0.2, overhead_s=0.05)
    assert (typed.mfu, typed.mbu, typed.kv_mbu) == (0.3, 0.2, 0.2)
    assert (typed.prefill_overhead_s, typed.step_overhead_s, typed.layer_overhead_s) == (0.05, 0.05, 0)
    assert (typed.sequence_overhead_s, typed.context_overhead_s) == (0, 0)


# --- candidates -------------------------------------------------------------------------------

OFFERS = [
    offer("h100-one", 2.0),
    offer("a100-one", 1.0, gpu_id="a100-80-sxm"),
    offer("lone-one", 0.5, gpu_id="lone"),
]
LONE = replace(A100, gpu_id="lone", name="Lone card", scale_up_gb_s_unidirectional=None)


def find(gpus, *, weights=FP16, rows=ALL, price_choice="median", overhead_percent=0.0):
    return find_candidates(
        gpus=gpus,
        counts=(1, 2, 4, 8),
        offers=OFFERS,
        efficiencies=rows,
        precision=weights,
        engine="auto",
        mode="continuous",
        price_type="on-demand",
        price_choice=price_choice,
        overhead_percent=overhead_percent,
    )


def test_every_count_of_a_priced_gpu_is_a_candidate():
    found, left = find([H100, A100])
    assert [(c.gpu.gpu_id, c.n_gpus) for c in found] == [
        (gpu, n) for gpu in ("h100-sxm", "a100-80-sxm") for n in (1, 2, 4, 8)
    ]
    assert left == []


def test_n_cards_cost_n_times_and_overhead_comes_on_top():
    found, _ = find([H100], overhead_percent=25)
    assert [c.usd_per_hour for c in found] == [2.5, 5, 10, 20]


def test_a_gpu_without_a_price_is_left_out_with_the_reason():
    found, left = find([B200])
    assert found == []
    assert [(x.what, x.why) for x in left] == [("NVIDIA B200", "no on-demand price in force on that day")]


def test_a_gpu_without_the_rate_is_left_out_once_with_the_reason():
    found, left = find([A100, H100], weights=FP8)
    assert {c.gpu.gpu_id for c in found} == {"h100-sxm"}
    assert len(left) == 1
    assert left[0].what == "NVIDIA A100 SXM4 80GB"
    assert "no fp8 rate" in left[0].why


def test_a_gpu_without_a_known_link_is_a_candidate_alone_and_left_out_beyond():
    found, left = find([LONE])
    assert [c.n_gpus for c in found] == [1]
    assert len(left) == 1
    assert "link bandwidth of Lone card is not known" in left[0].why


def test_a_named_offer_leaves_out_every_other_gpu_by_its_name():
    found, left = find([H100, A100], price_choice="h100-one")
    assert {c.gpu.gpu_id for c in found} == {"h100-sxm"}
    assert [x.why for x in left] == ["the offer h100-one is not one for it in force on that day"]


def test_counts_beyond_the_link_are_left_out_and_smaller_ones_stay():
    found, left = find([replace(H100, link_gpus=4)])
    assert [c.n_gpus for c in found] == [1, 2, 4]
    assert "joined by 4 at most" in left[0].why


def test_nothing_is_a_candidate_without_an_efficiency_row():
    found, left = find([H100], rows=[STATIC])
    assert found == []
    assert "No efficiency row for continuous batching" in left[0].why


def test_what_would_fit_names_the_fewest_gpus():
    # 137.95 GB of weights and 4096 x 327,680 B = 1.34 GB over 72 GB a GPU: 1.93, so 2.
    shape = model_shape(LLAMA_2_70B, FP16, 2.0)
    sentence = what_would_fit(shape, A100, usable=0.9, context_tokens=4096, name="Llama 2 70B")
    assert sentence == (
        "Llama 2 70B needs 138 GB for its weights and 1.34 GB for one sequence: "
        "at least 2 × NVIDIA A100 SXM4 80GB (80 GB each, 90 % of it usable)."
    )


# --- evaluation -------------------------------------------------------------------------------

SHAPE = model_shape(LLAMA_2_70B, FP16, 2.0)
ASK = Ask(mode="continuous", batch=None, ttft_s=2.0, tpot_s=0.05, utilisation=0.5, usable=0.9)


def candidate(gpu=H100, n_gpus=4, rate="fp16", usd_per_gpu_hour=2.0, row=VLLM):
    paid = price([offer("o", usd_per_gpu_hour, gpu_id=gpu.gpu_id)], gpu_id=gpu.gpu_id)
    return Candidate(
        gpu=gpu,
        worker=Worker(tensor=n_gpus),
        price=paid,
        profile=choose_profile([row], engine="auto", gpu=gpu, rate=rate, mode="continuous", n_gpus=n_gpus),
        replica=replica_of(gpu, n_gpus, rate),
        usd_per_hour=usd_per_gpu_hour * n_gpus,
    )


def run(candidates, ask=ASK, *, prompt=(1000,), completion=(200,), cached=None, model=SHAPE, **more):
    return evaluate(
        model,
        candidates,
        ask,
        prompt_tokens=np.array(prompt, dtype=float),
        completion_tokens=np.array(completion, dtype=float),
        cached_tokens=np.array(cached or [0] * len(prompt), dtype=float),
        **more,
    )


def by_hand(one, batch, prompt, completion, engine=None, mode=continuous_batching):
    """Time to first token, time per token, wait and service, straight from the formulas."""
    service = mode(
        model=SHAPE,
        replica=one.replica,
        engine=engine or engine_of(one.profile.efficiency),
        batch=batch,
        prompt_tokens=prompt,
        completion_tokens=completion,
    )
    return service.ttft_s, service.tpot_s, service.ttft_s - service.ttft_alone_s, service


def test_one_candidate_matches_the_serving_formulas_and_a_search_for_its_batch():
    one = candidate()
    answer = run([one])
    fit = batch_that_fits(
        model=SHAPE, replica=one.replica, usable=0.9, prompt_tokens=1000, completion_tokens=200
    )
    assert answer.most_sequences.tolist() == [[fit]]

    def holds(batch):
        ttft, tpot, _, _ = by_hand(one, batch, 1000, 200)
        return ttft <= 2.0 and tpot <= 0.05

    best = max(b for b in range(1, int(min(fit, MOST_SEQUENCES)) + 1) if holds(b))
    assert 1 < best < fit  # the targets decide here, not the memory
    assert answer.batch.tolist() == [[best]]
    assert answer.holds.all()
    ttft, tpot, wait, service = by_hand(one, best, 1000, 200)
    assert answer.ttft_s[0, 0] == pytest.approx(ttft)
    assert answer.wait_s[0, 0] == pytest.approx(wait)
    assert answer.tpot_s[0, 0] == pytest.approx(tpot)
    # Four GPUs at $2 an hour, half of the time busy.
    usd_per_s = 4 * 2.0 / 3600 / 0.5
    assert answer.prompt_usd[0, 0] == pytest.approx(usd_per_s * service.prefill_s_per_request)
    assert answer.completion_usd[0, 0] == pytest.approx(usd_per_s * service.decode_s_per_request)
    assert answer.usd[0, 0] == pytest.approx(usd_per_s * service.replica_s_per_request)


def test_memory_decides_where_no_target_does():
    answer = run([candidate(n_gpus=2)], replace(ASK, ttft_s=None, tpot_s=None))
    assert answer.batch.tolist() == answer.most_sequences.tolist()
    assert 1 < answer.batch[0, 0] < MOST_SEQUENCES


def test_a_scheduler_runs_no_more_sequences_than_its_limit():
    answer = run(
        [candidate(n_gpus=8)], replace(ASK, ttft_s=None, tpot_s=None), prompt=(10,), completion=(10,)
    )
    assert answer.most_sequences[0, 0] > MOST_SEQUENCES == answer.batch[0, 0]


def test_a_model_that_does_not_fit_is_still_timed():
    answer = run([candidate(n_gpus=1)])
    assert answer.most_sequences.tolist() == [[0]]
    assert not answer.fits.any()
    assert not answer.holds.any()
    assert answer.batch.tolist() == [[1]]
    assert np.isfinite(answer.usd).all()


def test_a_target_that_one_sequence_misses_does_not_hold():
    answer = run([candidate()], replace(ASK, tpot_s=0.001))
    assert answer.fits.all()
    assert not answer.holds.any()
    assert answer.batch.tolist() == [[1]]


@pytest.mark.parametrize(("batch", "fits"), [(0, True), (1, False)], ids=["exactly-full", "one-more"])
def test_a_fixed_batch_is_kept_whether_it_fits_or_not(batch, fits):
    room = int(run([candidate(n_gpus=2)]).most_sequences[0, 0])
    answer = run([candidate(n_gpus=2)], replace(ASK, batch=room + batch, ttft_s=None, tpot_s=None))
    assert answer.batch.tolist() == [[room + batch]]
    assert answer.fits.tolist() == [[fits]]


def test_batches_passed_in_are_used():
    answer = run([candidate()], batch=np.array([[7.0]]))
    assert answer.batch.tolist() == [[7]]


def test_a_prefill_pool_waits_as_a_queue_that_is_as_busy_as_planned():
    answer = run([candidate()], replace(ASK, mode="disaggregated", batch=8, ttft_s=None, tpot_s=None))
    # M/D/1 at half load waits half a service time: 0.5 / (2 (1 - 0.5)) = 0.5.
    assert answer.wait_s[0, 0] == pytest.approx(0.5 * answer.prefill_s[0, 0])


def test_static_batches_do_not_wait_in_a_queue():
    one = candidate()
    answer = run([one], replace(ASK, mode="static", batch=8, ttft_s=None, tpot_s=None))
    service = static_batch(
        model=SHAPE,
        replica=one.replica,
        engine=engine_of(VLLM),
        batch=8,
        prompt_tokens=1000,
        completion_tokens=200,
    )
    assert answer.wait_s.tolist() == [[0]]
    assert answer.ttft_s[0, 0] == pytest.approx(service.ttft_s)
    assert answer.tpot_s[0, 0] == pytest.approx(service.tpot_s)


def test_separate_pools_decode_without_prefills_between():
    one = candidate()
    answer = run([one], replace(ASK, mode="disaggregated", batch=8))
    _, tpot, _, _ = by_hand(one, 8, 1000, 200, mode=disaggregated)
    assert answer.tpot_s[0, 0] == pytest.approx(tpot)


def test_the_physical_limit_has_no_range():
    one = candidate()
    answer = run([one], replace(ASK, batch=8), ideal=True)
    _, tpot, _, _ = by_hand(one, 8, 1000, 200, engine=IDEAL)
    assert answer.tpot_s[0, 0] == pytest.approx(tpot)
    assert answer.prompt_usd_low.tolist() == answer.prompt_usd_high.tolist() == answer.prompt_usd.tolist()


def test_ranges_come_from_the_residuals_of_the_row():
    answer = run([candidate()])
    # Money follows replica time, which spreads as TPOT does: 0.9 to 1.2 times in this row.
    assert answer.prompt_usd_low == pytest.approx(0.9 * answer.prompt_usd)
    assert answer.prompt_usd_high == pytest.approx(1.2 * answer.prompt_usd)
    assert answer.completion_usd_low == pytest.approx(0.9 * answer.completion_usd)
    assert answer.completion_usd_high == pytest.approx(1.2 * answer.completion_usd)


def test_a_grid_matches_its_cells_one_by_one():
    rows = [candidate(), candidate(A100, 8, row=SGLANG), candidate(H100, 2)]
    prompts, completions, cached = (64, 4000, 1000), (4096, 16, 200), (0, 3000, 10)
    grid = run(rows, prompt=prompts, completion=completions, cached=cached)
    assert grid.usd.shape == (3, 3)
    for i, one in enumerate(rows):
        for j in range(3):
            cell = run([one], prompt=(prompts[j],), completion=(completions[j],), cached=[cached[j]])
            for name in ("batch", "fits", "holds", "ttft_s", "tpot_s", "usd", "replica_s"):
                assert getattr(cell, name)[0, 0] == pytest.approx(getattr(grid, name)[i, j]), name


# --- what must never get worse ----------------------------------------------------------------


def best_usd(candidates, ask=ASK, **shape):
    """Dollars of the cheapest candidate that holds the targets, infinite where none does."""
    answer = run(candidates, ask, **shape)
    return float(np.where(answer.holds, answer.usd, np.inf).min())


shapes = st.fixed_dictionaries(
    {
        "prompt": st.integers(1, 20_000).map(lambda n: (n,)),
        "completion": st.integers(1, 4_000).map(lambda n: (n,)),
    }
)


@quick
@given(
    shape=shapes,
    ttft=st.floats(0.01, 5),
    tpot=st.floats(0.005, 0.2),
    looser=st.floats(1, 10),
    n=st.sampled_from([2, 4, 8]),
)
def test_a_looser_target_never_makes_the_best_answer_dearer(shape, ttft, tpot, looser, n):
    tight = replace(ASK, ttft_s=ttft, tpot_s=tpot)
    base = best_usd([candidate(n_gpus=n)], tight, **shape)
    for change in ({"ttft_s": ttft * looser}, {"tpot_s": tpot * looser}, {"ttft_s": None}, {"tpot_s": None}):
        assert best_usd([candidate(n_gpus=n)], replace(tight, **change), **shape) <= base * (1 + 1e-12)


@quick
@given(
    shape=shapes,
    ttft=st.floats(0.01, 5),
    tpot=st.floats(0.005, 0.2),
    factor=st.floats(1, 5),
    n=st.sampled_from([2, 4, 8]),
)
def test_a_faster_gpu_at_the_same_price_never_makes_the_best_answer_dearer(shape, ttft, tpot, factor, n):
    # The target is held against a request that need not wait: with the wait in it, a replica that decodes
    # faster would be sent more prompts at the same busy share and could miss the target for being faster.
    ask = replace(ASK, ttft_s=ttft, tpot_s=tpot)
    base = best_usd([candidate(n_gpus=n)], ask, **shape)
    for names in (
        ("mem_bw_gb_s",),
        ("fp16_dense_tflops", "bf16_dense_tflops"),
        ("scale_up_gb_s_unidirectional",),
    ):
        faster = replace(H100, **{name: getattr(H100, name) * factor for name in names})
        assert best_usd([candidate(faster, n)], ask, **shape) <= base * (1 + 1e-12)


@quick
@given(shape=shapes, ttft=st.floats(0.01, 5), tpot=st.floats(0.005, 0.2), factor=st.floats(1, 5))
def test_all_rates_faster_never_make_the_physical_limit_dearer(shape, ttft, tpot, factor):
    names = ("mem_bw_gb_s", "fp16_dense_tflops", "bf16_dense_tflops", "scale_up_gb_s_unidirectional")
    faster = replace(H100, **{name: getattr(H100, name) * factor for name in names})
    ask = replace(ASK, ttft_s=ttft, tpot_s=tpot)
    before, after = (best_usd([candidate(gpu)], ask, ideal=True, **shape) for gpu in (H100, faster))
    assert after <= before * (1 + 1e-12)


@quick
@given(shape=shapes, tpot=st.floats(0.005, 0.2))
def test_more_candidates_never_make_the_best_answer_dearer(shape, tpot):
    ask = replace(ASK, tpot_s=tpot)
    few = [candidate(n_gpus=2)]
    more = [*few, candidate(n_gpus=8), candidate(A100, 8, row=SGLANG)]
    assert best_usd(more, ask, **shape) <= best_usd(few, ask, **shape)


@quick
@given(shape=shapes, share=st.floats(0.05, 0.95), busier=st.floats(1, 1.05))
def test_a_busier_replica_is_cheaper_and_waits_no_less(shape, share, busier):
    calm, busy = (
        run([candidate()], replace(ASK, utilisation=u, batch=8), **shape) for u in (share, share * busier)
    )
    assert busy.usd[0, 0] <= calm.usd[0, 0] * (1 + 1e-12)
    assert busy.wait_s[0, 0] >= calm.wait_s[0, 0] * (1 - 1e-12)
