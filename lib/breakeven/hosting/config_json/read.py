"""A Hugging Face ``config.json`` becomes a model record. Never raises: a fault gives one sentence.

Key names are those of the ``transformers`` library's configuration classes
(https://huggingface.co/docs/transformers/main_classes/configuration).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from breakeven.formulas.parameters import parameter_counts
from breakeven.formulas.units import GIGA
from breakeven.hosting.config_json.experts import experts_of
from breakeven.hosting.config_json.layers import Layers, layers_of
from breakeven.hosting.config_json.values import Config, ConfigProblem, quote
from breakeven.tables.records import Model

TYPED = "typed-in"
"""Id of a model or GPU that is not in the tables."""
LONGEST_FILE = 200_000
"""Characters of a pasted file; the published ones are below 20,000."""
LONGEST_NAME = 40
_NESTED = ("text_config", "llm_config", "language_config")
_UNKNOWN = (
    "global_head_dim",
    "num_global_key_value_heads",
    "compress_ratios",
    "ssm_cfg",
    "mamba_d_state",
    "state_size",
    "mamba_num_heads",
    "block_configs",
)
"""Keys of architectures whose cache or weights no formula here is valid for."""
_PLAIN_FFN = {
    *("gpt2", "gptj", "gpt_neo", "gpt_neox", "gpt_bigcode", "falcon", "refinedweb", "refinedwebmodel"),
    *("bloom", "opt", "mpt", "starcoder2", "phi", "nemotron", "codegen"),
}
"""Families whose feed-forward block has two matrices, not three."""
_FOUR_TIMES = {
    "gpt2",
    "gptj",
    "gpt_neo",
    "gpt_bigcode",
    "falcon",
    "refinedweb",
    "refinedwebmodel",
    "bloom",
    "mpt",
}
"""Families whose feed-forward block is four times as wide as the model unless they say otherwise."""
_TIED = {
    *("gpt2", "gpt_neo", "gpt_bigcode", "falcon", "refinedweb", "refinedwebmodel", "bloom", "opt", "mpt"),
    *("gemma", "gemma2", "gemma3", "gemma3_text", "cohere", "cohere2", "starcoder2"),
}
"""Families whose output head is the embedding unless they say otherwise."""
_FORMATS = {"fp8": "fp8", "mxfp4": "fp4", "nvfp4": "fp4", "awq": "int4", "gptq": "int4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A model, or one sentence that says what is wrong; and what had to be assumed."""

    model: Model | None
    problem: str | None
    notes: tuple[str, ...] = ()


def read_config(text: str) -> Read:
    """Read a pasted or uploaded ``config.json``."""
    try:
        config = Config(_parse(text))
        model = _model(config)
    except ConfigProblem as reason:
        return Read(model=None, problem=f"config.json: {reason}.")
    except ValueError as reason:  # a combination that the parameter count refuses
        return Read(model=None, problem=f"config.json: the dimensions do not go together: {reason}.")
    return Read(model=model, problem=None, notes=tuple(config.notes))


def _parse(text: str) -> dict[str, Any]:
    """The settings of the language model."""
    if len(text) > LONGEST_FILE:
        raise ConfigProblem(f"it has {len(text):,} characters; a model's config has at most {LONGEST_FILE:,}")
    try:
        values = json.loads(text)
    except json.JSONDecodeError as reason:
        raise ConfigProblem(f"it is not valid JSON (line {reason.lineno}: {reason.msg})") from None
    except (ValueError, RecursionError):
        raise ConfigProblem("it nests too deep or holds a number of too many digits") from None
    if not isinstance(values, dict):
        raise ConfigProblem(f"it holds {quote(values)}; it must be an object with keys like hidden_size")
    for name in _NESTED:
        inner = values.get(name)
        if isinstance(inner, dict):
            outer = {key: values[key] for key in ("architectures", "tie_word_embeddings") if key in values}
            more = {key: values[key] for key in ("quantization_config", "torch_dtype") if key in values}
            return {**outer, **more, **inner}
    return values


def _model(config: Config) -> Model:
    """Put the record together."""
    if config.values.get("is_encoder_decoder") is True:
        raise ConfigProblem("is_encoder_decoder is true; only decoder-only models can be computed")
    strange = config.has(*_UNKNOWN)
    if strange is not None:
        raise ConfigProblem(f"{strange} belongs to an architecture for which no formula is on record")
    family = config.text("model_type").lower()
    n_layers = config.whole("num_hidden_layers", "n_layer", "n_layers", "num_layers")
    hidden = config.whole("hidden_size", "n_embd", "d_model", "dim")
    n_heads = config.whole("num_attention_heads", "n_head", "n_heads", "num_heads")
    n_kv_heads = _kv_heads(config, n_heads)
    latent = _latent(config)
    head_dim = (
        latent["mla_qk_nope_dim"] + latent["mla_qk_rope_dim"]
        if latent
        else _head_dim(config, hidden, n_heads)
    )
    layers = layers_of(config, n_layers)
    if latent and layers.sliding:
        raise ConfigProblem("sliding_window together with kv_lora_rank has no formula on record")
    matrices = 2 if family in _PLAIN_FFN else 3
    experts = experts_of(config, family, n_layers)
    dense = experts.ffn_dim if experts.n_experts else _ffn_dim(config, family, hidden)
    dimensions: dict[str, Any] = {
        "n_layers": n_layers,
        "hidden": hidden,
        "ffn_dim": dense,
        "ffn_matrices": matrices,
        "n_heads": n_heads,
        "n_kv_heads": n_kv_heads,
        "head_dim": head_dim,
        "vocab": config.whole("vocab_size", "padded_vocab_size"),
        "tied_embeddings": _tied(config, family),
        "n_experts": experts.n_experts,
        "experts_per_tok": experts.per_token,
        "n_shared_experts": experts.shared,
        "moe_ffn_dim": experts.ffn,
        "n_dense_layers": experts.dense_layers,
        **(latent or dict.fromkeys(_LATENT)),
    }
    counts = parameter_counts(**dimensions)
    change = _unlike(config, layers, hidden, n_heads, n_kv_heads, head_dim)
    return Model(
        model_id=TYPED,
        name=_name(config),
        family=TYPED,
        release="",
        params_total_b=round((counts.total + change) / GIGA, 6),
        params_active_b=round((counts.active + change) / GIGA, 6),
        **dimensions,
        attention=_attention(latent is not None, n_heads, n_kv_heads),
        sliding_window=layers.window,
        n_full_attn_layers=layers.full if layers.sliding or layers.linear else None,
        n_sliding_layers=layers.sliding or None,
        n_linear_attn_layers=layers.linear or None,
        max_context=_context(config),
        native_precision=_native(config),
        open_weights=True,
        kv_derived=True,
        totals_checked=change == 0,
        notes=None,
        source_id=TYPED,
        locator="config.json",
    )


_LATENT = ("mla_kv_lora_rank", "mla_q_lora_rank", "mla_qk_nope_dim", "mla_qk_rope_dim", "mla_v_head_dim")


def _attention(latent: bool, n_heads: int, n_kv_heads: int) -> str:
    if latent:
        return "MLA"
    if n_kv_heads == n_heads:
        return "MHA"
    return "MQA" if n_kv_heads == 1 else "GQA"


def _kv_heads(config: Config, n_heads: int) -> int:
    """KV heads under their many names; as many as query heads where none is given."""
    if config.values.get("multi_query") is True and config.values.get("new_decoder_architecture") is not True:
        return 1
    if config.values.get("multi_query_attention") is True:
        return config.whole("multi_query_group_num", default=1)
    name = config.has("num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads")
    heads = n_heads if name is None else config.whole(name)
    if heads > n_heads or n_heads % heads:
        raise ConfigProblem(f"{name} is {heads}; it must divide the {n_heads} query heads")
    return heads


def _head_dim(config: Config, hidden: int, n_heads: int) -> int:
    given = config.maybe("head_dim", "kv_channels", "attention_head_dim")
    if given is not None:
        return given
    if hidden % n_heads:
        raise ConfigProblem(
            f"head_dim is missing, and hidden_size {hidden} does not divide by {n_heads} heads"
        )
    return hidden // n_heads


def _latent(config: Config) -> dict[str, Any] | None:
    """Dimensions of latent attention (MLA)."""
    if config.has("kv_lora_rank") is None:
        return None
    return {
        "mla_kv_lora_rank": config.whole("kv_lora_rank"),
        "mla_q_lora_rank": config.maybe("q_lora_rank"),
        "mla_qk_nope_dim": config.whole("qk_nope_head_dim"),
        "mla_qk_rope_dim": config.whole("qk_rope_head_dim"),
        "mla_v_head_dim": config.whole("v_head_dim"),
    }


def _ffn_dim(config: Config, family: str, hidden: int) -> int:
    name = config.has("intermediate_size", "ffn_hidden_size", "n_inner", "ffn_dim")
    if name is None and family in _FOUR_TIMES:
        return 4 * hidden
    return config.whole(*((name,) if name else ("intermediate_size", "ffn_hidden_size", "n_inner")))


def _tied(config: Config, family: str) -> bool:
    if config.has("tie_word_embeddings"):
        return config.flag("tie_word_embeddings", False)
    tied = family in _TIED
    config.notes.append(
        f"tie_word_embeddings is not given; taken as {'true' if tied else 'false'}, as this family has it."
    )
    return tied


def _unlike(config: Config, layers: Layers, hidden: int, n_heads: int, n_kv_heads: int, head_dim: int) -> int:
    """Weights that differ from ordinary attention: gated heads, linear-attention layers. [-]"""
    change = 0
    if config.flag("attn_output_gate", bool(layers.linear) and config.text("model_type").startswith("qwen3")):
        change += (layers.full + layers.sliding) * hidden * n_heads * head_dim
    if not layers.linear:
        return change
    ordinary = hidden * head_dim * (2 * n_heads + 2 * n_kv_heads)
    if config.has("linear_num_value_heads") is None:
        config.notes.append(
            "The dimensions of the linear-attention layers are not given; they are counted as ordinary ones."
        )
        return change
    key = config.whole("linear_num_key_heads") * config.whole("linear_key_head_dim")
    heads = config.whole("linear_num_value_heads")
    value = heads * config.whole("linear_value_head_dim")
    # Gated delta rule: queries, keys, values and gate in; one decay and one rate a head; values out.
    linear = hidden * (2 * key + 2 * value + 2 * heads) + value * hidden
    return change + layers.linear * (linear - ordinary)


def _context(config: Config) -> int:
    name = config.has("max_position_embeddings", "n_positions", "seq_length", "max_seq_len", "n_ctx")
    if name is not None:
        return config.whole(name)
    config.notes.append("max_position_embeddings is not given; a context of 2,048 tokens is assumed.")
    return 2048


def _native(config: Config) -> str:
    """Number format that the weights are published in."""
    stored = config.values.get("quantization_config")
    if isinstance(stored, dict):
        method = stored.get("quant_method")
        if isinstance(method, str) and method.lower() in _FORMATS:
            return _FORMATS[method.lower()]
    return "fp16" if config.text("torch_dtype") == "float16" else "bf16"


def _name(config: Config) -> str:
    """What to call it."""
    name = config.text("_name_or_path").rsplit("/", 1)[-1]
    made = config.values.get("architectures")
    if not name and isinstance(made, list) and made and isinstance(made[0], str):
        name = made[0]
    name = name or config.text("model_type") or "My model"
    kept = "".join(c if c.isascii() and c.isprintable() and c != ";" else " " for c in name)
    return " ".join(kept.split())[:LONGEST_NAME] or "My model"
