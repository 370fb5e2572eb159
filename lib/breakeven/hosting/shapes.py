"""What a model, a GPU and a precision are to the formulas."""

from __future__ import annotations

from collections.abc import Mapping

from breakeven.formulas import memory
from breakeven.formulas.kv_cache import kv_bytes_per_token, latent_kv_bytes_per_token
from breakeven.formulas.parameters import parameter_counts
from breakeven.formulas.parts import ModelShape, Replica
from breakeven.formulas.units import GIGA, TERA
from breakeven.tables.records import Gpu, Model, Precision

KV_BYTES: Mapping[str, float] = {"fp16": 2.0, "fp8": 1.0, "int8": 1.0}
"""Bytes of one cached element by number format."""


class Unplaceable(ValueError):
    """A model, GPU or precision for which no deployment can be computed; the text says why."""


def model_shape(model: Model, precision: Precision, kv_bytes: float) -> ModelShape:
    """Turn an architecture into what the formulas need.

    Raises
    ------
    Unplaceable
        If the cache or the parameters of the model are not known.
    """
    if not model.kv_derived:
        raise Unplaceable(
            f"No formula for the KV cache of {model.name} is on record, so it cannot be placed on a GPU."
        )
    total, linear, routed, looked_up = _parameters(model)
    b_w = precision.bytes_per_weight
    latent = model.attention == "MLA"
    linear_layers = model.n_linear_attn_layers or 0
    sliding = model.n_sliding_layers or 0
    full: float | None = model.kv_layers if model.kv_layers is not None else model.n_full_attn_layers
    full = model.n_layers - linear_layers - sliding if full is None else full

    def per_token(layers: float) -> float:
        if latent:
            return float(
                latent_kv_bytes_per_token(
                    n_layers=layers,
                    kv_lora_rank=model.mla_kv_lora_rank or 0,
                    rope_dim=model.mla_qk_rope_dim or 0,
                    bytes_per_element=kv_bytes,
                )
            )
        return float(
            kv_bytes_per_token(
                n_layers=layers,
                n_kv_heads=model.n_kv_heads,
                head_dim=model.head_dim,
                bytes_per_element=kv_bytes,
            )
        )

    latent_width = model.mla_kv_lora_rank or 0
    rope = model.mla_qk_rope_dim or 0
    return ModelShape(
        n_layers=model.n_layers,
        hidden=model.hidden,
        linear_params=linear,
        weights_bytes=memory.weights_bytes(params=total, bytes_per_weight=b_w),
        shared_bytes=(total - routed - looked_up) * b_w,
        routed_bytes=routed * b_w,
        expert_share=(model.experts_per_tok or 0) / model.n_experts if model.n_experts else 0.0,
        n_heads=model.n_heads,
        kv_heads=1 if latent else model.n_kv_heads,
        prefill_qk_dim=(model.mla_qk_nope_dim or 0) + rope if latent else model.head_dim,
        prefill_v_dim=(model.mla_v_head_dim or 0) if latent else model.head_dim,
        decode_qk_dim=latent_width + rope if latent else model.head_dim,
        decode_v_dim=latent_width if latent else model.head_dim,
        full_layers=full,
        sliding_layers=sliding,
        window_tokens=model.sliding_window or 0,
        full_kv_bytes_per_token=per_token(full),
        sliding_kv_bytes_per_token=per_token(sliding),
        state_bytes=model.state_bytes or 0.0,
        experts_per_token=float(model.experts_per_tok or 0),
    )


def _parameters(model: Model) -> tuple[float, float, float, float]:
    """All, multiplied per token, routed, looked up: from the dimensions where they give the stated total."""
    if model.totals_checked:
        counts = parameter_counts(
            n_layers=model.n_layers,
            hidden=model.hidden,
            ffn_dim=model.ffn_dim,
            ffn_matrices=model.ffn_matrices,
            n_heads=model.n_heads,
            n_kv_heads=model.n_kv_heads,
            head_dim=model.head_dim,
            vocab=model.vocab,
            tied_embeddings=model.tied_embeddings,
            mla_kv_lora_rank=model.mla_kv_lora_rank,
            mla_q_lora_rank=model.mla_q_lora_rank,
            mla_qk_nope_dim=model.mla_qk_nope_dim,
            mla_qk_rope_dim=model.mla_qk_rope_dim,
            mla_v_head_dim=model.mla_v_head_dim,
            n_experts=model.n_experts,
            experts_per_tok=model.experts_per_tok,
            n_shared_experts=model.n_shared_experts,
            moe_ffn_dim=model.moe_ffn_dim,
            n_dense_layers=model.n_dense_layers,
        )
        return (
            float(counts.total),
            float(counts.active_linear),
            float(counts.routed),
            float(counts.input_embedding),
        )
    if model.params_total_b is None or model.params_active_b is None:
        raise Unplaceable(f"Nobody states how many parameters {model.name} has, so it cannot be placed.")
    total, active = model.params_total_b * GIGA, model.params_active_b * GIGA
    looked_up = 0.0 if model.tied_embeddings else float(model.vocab * model.hidden)
    routed = 0.0
    if model.n_experts and model.moe_ffn_dim:
        moe_layers = model.n_layers - (model.n_dense_layers or 0)
        routed = float(moe_layers * model.n_experts * model.ffn_matrices * model.hidden * model.moe_ffn_dim)
    return total, active - looked_up, min(routed, total - looked_up), looked_up


def architecture(model: Model) -> str:
    """Name that models of one shape share: they take the same time, and are measured together."""
    parts = (
        model.n_layers,
        model.hidden,
        model.n_heads,
        model.n_kv_heads,
        model.n_experts,
        model.moe_ffn_dim,
    )
    return "-".join("" if part is None else str(part) for part in parts)


def compute_class(gpu: Gpu, precision: Precision) -> str:
    """Rate at which the linear layers run: fp16, fp8 or fp4.

    Raises
    ------
    Unplaceable
        If the GPU lacks the rate and the precision cannot be stored only.
    """
    rates = {"fp8": gpu.fp8_dense_tflops, "fp4": gpu.fp4_dense_tflops}
    wanted = precision.compute_rate
    if wanted == "fp16" or rates[wanted]:
        return wanted
    if precision.weight_only_fallback:
        return "fp16"
    raise Unplaceable(f"{gpu.name} has no {wanted} rate; choose fp16 or int4 weights for it.")


def replica_of(gpu: Gpu, n_gpus: int, rate: str) -> Replica:
    """Turn a GPU and a count into what the formulas need.

    Raises
    ------
    Unplaceable
        If several GPUs are asked for and their link is not known, or more than the link joins.
    """
    half = gpu.bf16_dense_tflops or gpu.fp16_dense_tflops or 0.0
    peak = {"fp16": half, "fp8": gpu.fp8_dense_tflops, "fp4": gpu.fp4_dense_tflops}[rate] or half
    if n_gpus > gpu.link_gpus:
        joined = "is sold singly" if gpu.link_gpus == 1 else f"are joined by {gpu.link_gpus} at most"
        raise Unplaceable(
            f"{gpu.name} {joined} ({gpu.interconnect}); {n_gpus} in one replica cannot be computed."
        )
    link = gpu.scale_up_gb_s_unidirectional
    if link is None and n_gpus > 1:
        raise Unplaceable(f"The link bandwidth of {gpu.name} is not known, so only one GPU can be computed.")
    return Replica(
        n_gpus=n_gpus,
        memory_bytes=gpu.memory_gb * GIGA,
        memory_bytes_per_s=gpu.mem_bw_gb_s * GIGA,
        flop_per_s=peak * TERA,
        attention_flop_per_s=half * TERA,
        link_bytes_per_s=(link or 1.0) * GIGA,
    )
