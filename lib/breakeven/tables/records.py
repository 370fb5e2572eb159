"""Rows of the tables as frozen records; field names and units are those of the columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One row of ``sources``."""

    source_id: str
    title: str
    publisher: str
    address: str | None
    licence: str
    accessed: date
    notice: str | None = None
    """What must stand beside its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """One row of ``precisions``."""

    precision_id: str
    bytes_per_weight: float
    compute_rate: str
    weight_only_fallback: bool
    notes: str | None
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One row of ``models``."""

    model_id: str
    name: str
    family: str
    release: str
    params_total_b: float | None
    params_active_b: float | None
    n_layers: int
    hidden: int
    ffn_dim: int | None
    ffn_matrices: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    attention: str
    mla_kv_lora_rank: int | None
    mla_q_lora_rank: int | None
    mla_qk_nope_dim: int | None
    mla_qk_rope_dim: int | None
    mla_v_head_dim: int | None
    n_experts: int | None
    experts_per_tok: int | None
    n_shared_experts: int | None
    moe_ffn_dim: int | None
    n_dense_layers: int | None
    sliding_window: int | None
    n_full_attn_layers: int | None
    n_sliding_layers: int | None
    n_linear_attn_layers: int | None
    kv_layers: float | None = None
    state_bytes: float | None = None
    """Fixed state of one sequence in the recurrent layers. [B]"""
    vocab: int
    tied_embeddings: bool
    max_context: int
    native_precision: str
    open_weights: bool
    kv_derived: bool
    totals_checked: bool
    notes: str | None
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One row of ``gpus``."""

    gpu_id: str
    name: str
    vendor: str
    gpu_family: str
    architecture: str
    memory_gb: float
    mem_bw_gb_s: float
    fp16_dense_tflops: float | None
    bf16_dense_tflops: float | None
    fp8_dense_tflops: float | None
    fp4_dense_tflops: float | None
    interconnect: str
    scale_up_gb_s_unidirectional: float | None
    link_gpus: int
    tdp_w: float | None
    verified: bool
    notes: str | None
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuOffer:
    """One row of ``gpu_prices``."""

    gpu_offer_id: str
    provider: str
    instance: str | None
    gpu_as_listed: str
    gpu_id: str
    gpu_count: float
    price_type: str
    usd_per_gpu_hour: float
    region: str | None
    valid_from: date
    flag: str | None
    notes: str | None
    source_id: str
    locator: str
    age_days: int = 0
    """Days between the reading and the day that is asked for."""
    confirmed_on: date | None = None
    """Day of another reading of about the same price; None: it was read once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTier:
    """Prices of requests with more input tokens than a threshold; USD per million tokens."""

    above_tokens: int
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cache_read_usd_per_mtok: Decimal | None
    cache_write_5m_usd_per_mtok: Decimal | None
    cache_write_1h_usd_per_mtok: Decimal | None
    usd_per_request: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOffer:
    """The rows of ``api_prices`` of one offer in force on one day, with the model they serve."""

    api_offer_id: str
    provider: str
    api_model: str
    name: str
    valid_from: date
    valid_from_kind: str
    processing: str
    tiers: tuple[PriceTier, ...]
    context_tokens: int | None
    reseller: bool
    deprecated: bool
    flag: str | None
    model_id: str | None
    variant: str | None
    source_id: str
    locator: str
    ends_on: date | None = None
    """Announced end: first day on which it is no longer sold."""


@dataclass(frozen=True, slots=True)
class ApiEnd:
    """One row of ``api_ends``."""

    api_offer_id: str
    ends_on: date
    """First day on which it is no longer sold."""
    successor: str | None
    """The offer that its maker names instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One row of ``benchmarks``."""

    benchmark_id: str
    source_family: str
    model_as_published: str
    model_id: str | None
    gpu_as_published: str
    gpu_id: str | None
    gpu_count: float | None
    engine: str | None
    engine_version: str | None
    precision: str | None
    mode: str
    parallelism: str | None
    tensor_parallel: int | None
    prompt_tokens: float | None
    completion_tokens: float | None
    concurrency: float | None
    batch_size: float | None
    metric: str
    raw_value: float | None
    raw_unit: str | None
    output_tokens_per_s_per_gpu: float | None
    ttft_s: float | None
    tpot_s: float | None
    completion_s: float | None
    workload_class: str | None
    ambiguous: str | None
    notes: str | None
    source_id: str
    locator: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkNote:
    """One row of ``benchmark_notes``; None: any."""

    note: str
    source_family: str | None
    engine: str | None
    model_id: str | None
    prompt_tokens: float | None
    completion_tokens: float | None
    value: float


class RangeOf(StrEnum):
    """Whose measured rows a range holds: the nearer they are, the narrower it is."""

    MODEL = "model"
    """Of the model itself, by this engine on this GPU."""
    GPU = "gpu"
    """Of other models, by this engine on this GPU."""
    POOLED = "pooled"
    """Of other GPUs or engines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """One row of ``efficiency``."""

    efficiency_id: str
    engine: str
    gpu_family: str
    precision_class: str
    mode: str
    mfu: float
    mbu: float
    kv_mbu: float
    link_share: float
    link_latency_s: float
    prefill_overhead_s: float
    step_overhead_s: float
    layer_overhead_s: float
    sequence_overhead_s: float
    context_overhead_s: float
    ttft_fixed_s: float = 0.0
    first_token_steps: float = 1.0
    busy_steps: float = 0.0
    busy_fixed_s: float = 0.0
    queue_share: float = 0.0
    expert_mfu: float = 1.0
    expert_mbu: float = 1.0
    expert_overhead_s: float = 0.0
    latent_overhead_s: float = 0.0
    ttft_factor_low: float
    ttft_factor_high: float
    ttft_alone_factor_low: float = 0.5
    ttft_alone_factor_high: float = 2.0
    range_level: float = 0.8
    tpot_factor_low: float
    tpot_factor_high: float
    ttft_median_error: float | None
    tpot_median_error: float | None
    n_rows: int
    min_gpus: int
    max_gpus: int
    architecture: str | None = None
    """Models of this shape only, as :func:`breakeven.hosting.architecture` names it; None: any other."""
    range_of: RangeOf = RangeOf.GPU
    fitted_on: str
    method: str
    notes: str | None
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationError:
    """One row of ``calibration_errors``: predicted over measured."""

    benchmark_id: str
    quantity: str
    in_sample: float
    by_cell: float | None
    by_model: float | None
    by_gpu: float | None
    by_shape: float | None
    by_concurrency: float | None
    by_parallel: float | None
    source_id: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLink:
    """One row of ``node_links``."""

    gpu_id: str
    network_gb_s_unidirectional: float
    most_gpus: int
    notes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One row of ``layouts``."""

    layout_id: str
    engine: str
    link: str
    exchange_latency_s: float
    exchange_share: float
    pool_read_factor: float
    pool_step_factor: float
    pool_step_s: float
    handover_s: float
    pool_queue_share: float
    ttft_factor_low: float
    ttft_factor_high: float
    tpot_factor_low: float
    tpot_factor_high: float
    range_level: float
    ttft_median_error: float | None
    tpot_median_error: float | None
    n_rows: int
    method: str
    fitted_on: str
    notes: str | None
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutRun:
    """One row of ``layout_runs``; no prefill workers: the same workers read and decode."""

    run_id: str
    engine: str
    engine_version: str | None
    model_id: str
    gpu_id: str
    precision: str
    prompt_tokens: int
    completion_tokens: int
    length_share: float
    clients: int
    prefill_workers: int | None
    prefill_tensor: int | None
    prefill_ranks: int | None
    decode_workers: int
    decode_tensor: int
    decode_ranks: int
    ttft_s: float
    tpot_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutError:
    """One row of ``layout_errors``: predicted over measured."""

    run_id: str
    quantity: str
    in_sample: float
    by_cell: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDay:
    """One row of ``published_days``."""

    day_id: str
    name: str
    model_id: str
    gpu_id: str
    engine: str | None
    precision: str
    kv_precision: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    prefill_ranks: int
    decode_ranks: int
    tpot_s: float
    prompt_tokens_per_s_per_gpu: float
    completion_tokens_per_s_per_gpu: float
    usd_per_gpu_hour: float
    prompt_tokens_total: float | None
    completion_tokens_total: float
    usd_total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerError:
    """One row of ``peer_errors``."""

    peer_error_id: str
    ground: str
    rows: str
    quantity: str
    peer: str
    error: float
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One row of ``presets``."""

    preset_id: str
    name: str
    prompt_tokens: int
    completion_tokens: int
    workload_class: str
    description: str
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One row of ``rules_of_thumb``: a number as a source states it."""

    rule_id: str
    item: str
    as_quoted: str
    low: float
    high: float
    unit: str
    said_on: date
    notes: str | None
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePrice:
    """A price of an offer that stands for a kind of model; USD per million tokens."""

    role: str
    provider: str
    place: int
    api_model: str
    valid_from: date
    valid_to: date | None
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    """Zero where nothing is generated (embeddings)."""
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What one offer takes off its own list price; shares of it, None where it sells no such thing."""

    api_offer_id: str
    provider: str
    cached: float | None
    batch_input: float | None
    batch_output: float | None
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One row of ``claims``."""

    claim_id: str
    document: str
    section: str
    claim: str
    quoted: str
    quoted_value: float | None
    unit: str
    scale: float
    relation: str
    last_digit: float
    tolerance: float
    expression: str | None
    inputs: str | None
    verdict: str
    explanation: str
    page: str | None
    link: str | None
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendixRow:
    """One row of ``sanger_appendix`` with the measurement of ``benchmarks`` that it is derived from."""

    benchmark_id: str
    gpu_count: float
    prompt_tokens: float
    completion_tokens: float
    batch_size: float
    measured_ttft_s: float
    measured_completion_s: float
    ttft_s: float
    tokens_per_s: float
    tflops_per_gpu: float
    tb_per_s_per_gpu: float
    flops_share: float
    memory_share: float
    usd_per_1k_prompt: float
    usd_per_1k_completion: float
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """One row of ``training_runs``."""

    run_id: str
    name: str
    model_id: str | None
    published: date
    params_active_b: float
    tokens_b: float
    gpu_as_published: str
    gpu_id: str
    gpu_hours: float | None
    usd_stated: float | None
    mfu_stated_low: float | None
    mfu_stated_high: float | None
    verified: bool
    notes: str | None
    source_id: str
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningPrice:
    """One row of ``tuning_prices``."""

    tuning_price_id: str
    provider: str
    api_model: str
    least_params_b: float | None
    most_params_b: float | None
    method: str
    valid_from: date
    usd_per_mtok: Decimal
    serve_offer_id: str | None
    verified: bool
    notes: str | None
    source_id: str
    locator: str
