"""The number format that the weights are published in, out of ``quantization_config``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from breakeven.hosting.config_json.values import Config, ConfigProblem, quote

_METHODS = {
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "mxfp8": "fp8",
    "mxfp4": "fp4",
    "nvfp4": "fp4",
    "modelopt_fp4": "fp4",
    "modelopt_fp8": "fp8",
}
_ALGORITHMS = {
    "FP8": "fp8",
    "FP8_PB_WO": "fp8",
    "FP8_PER_CHANNEL_PER_TOKEN": "fp8",
    "MXFP8": "fp8",
    "NVFP4": "fp4",
    "NVFP4_AWQ": "fp4",
    "W4A16_NVFP4": "fp4",
    "W4A8_NVFP4_FP8": "fp4",
    "MXFP4": "fp4",
    "W4A16_AWQ": "int4",
    "W4A8_AWQ": "int4",
    "INT8_SQ": "int8",
    "W8A16": "int8",
}
"""``quant_algo`` of NVIDIA's ModelOpt (modelopt/torch/export/model_config.py)."""
_WIDTHS = {(8, "float"): "fp8", (4, "float"): "fp4", (8, "int"): "int8", (4, "int"): "int4"}
"""Bits and type of the weights in a group of compressed-tensors (docs.vllm.ai, llm-compressor schemes)."""
_INTEGERS = {"gptq", "awq", "auto_gptq", "auto-round", "gptq_marlin", "awq_marlin"}
_SCALE_BITS = {"fp4": 8, "int4": 16, "int8": 16, "fp8": 32}
"""Bits of the scale of a group of weights."""


def native_format(config: Config) -> str:
    """Format of most of the weights.

    Raises
    ------
    ConfigProblem
        If the section names a way of storing weights whose bytes are not on record.
    """
    section = config.get("quantization_config")
    if section is None or section == {}:
        section = config.get("compression_config")
    dtype = config.text("torch_dtype") or config.text("dtype")
    plain = "fp16" if dtype == "float16" else "bf16"
    if section is None or section == {}:
        if config.has("expert_dtype"):
            raise ConfigProblem(
                f"expert_dtype is {quote(config.get('expert_dtype'))} without a quantization_config"
            )
        return plain
    if not isinstance(section, dict):
        raise ConfigProblem(f"quantization_config is {quote(section)}; it must be an object")
    found, group = _format(section)
    experts = config.text("expert_dtype")
    if experts:
        if experts not in ("fp4", "fp8"):
            raise ConfigProblem(f"expert_dtype is {quote(experts)}; the bytes of fp4 and fp8 are on record")
        found, group = experts, 32 if experts == "fp4" else None
    bits = {"fp8": 8, "int8": 8}.get(found, 4) + (_SCALE_BITS[found] / group if group else 0)
    left = section.get("ignore") or section.get("modules_to_not_convert") or section.get("exclude_modules")
    kept = (
        f"; {len(left):,} entries name modules left as they were" if isinstance(left, list) and left else ""
    )
    config.notes.append(f"Weights are published in {found}, {bits / 8:.4g} B each with their scales{kept}.")
    return found


def _format(section: Mapping[str, Any]) -> tuple[str, int | None]:
    """Format and weights to a scale."""
    algorithm = section.get("moe_quant_algo") or section.get("quant_algo")
    group = section.get("group_size")
    size = group if isinstance(group, int) and not isinstance(group, bool) and group > 0 else None
    if algorithm == "MIXED_PRECISION":
        return _mixed(section), size
    if isinstance(algorithm, str):
        if algorithm not in _ALGORITHMS:
            raise _unknown("quant_algo", algorithm)
        found = _ALGORITHMS[algorithm]
        return found, size or (16 if found == "fp4" else None)
    method = section.get("quant_method")
    word = method.lower() if isinstance(method, str) else ""
    groups = section.get("config_groups")
    if isinstance(groups, dict) and groups:
        return _groups(groups)
    if word in _METHODS:
        return _METHODS[word], 32 if word == "mxfp4" else size
    if word in _INTEGERS:
        bits = section.get("bits", section.get("w_bit", 4))
        if (bits, "int") not in _WIDTHS or isinstance(bits, bool):
            raise _unknown("bits", bits)
        return _WIDTHS[bits, "int"], size
    if word == "bitsandbytes":
        if section.get("load_in_8bit") is True or section.get("_load_in_8bit") is True:
            return "int8", None
        if section.get("load_in_4bit") is True or section.get("_load_in_4bit") is True:
            return "int4", 64
    raise _unknown("quant_method", method)


def _groups(groups: Mapping[str, Any]) -> tuple[str, int | None]:
    """compressed-tensors: the format of the group with most targets."""
    votes: Counter[tuple[str, int | None]] = Counter()
    for name, group in groups.items():
        weights = group.get("weights") if isinstance(group, dict) else None
        if not isinstance(weights, dict):
            raise _unknown(f"config_groups.{name}.weights", weights)
        bits, kind = weights.get("num_bits"), weights.get("type", "int")
        if (
            isinstance(bits, bool)
            or not isinstance(bits, int)
            or not isinstance(kind, str)
            or (bits, kind) not in _WIDTHS
        ):
            raise _unknown(f"config_groups.{name}.weights.num_bits", bits)
        size = weights.get("group_size")
        found = _WIDTHS[bits, kind]
        each = size if isinstance(size, int) and size > 0 else None
        targets = group.get("targets")
        votes[found, each] += len(targets) if isinstance(targets, list) else 1
    return votes.most_common(1)[0][0]


def _mixed(section: Mapping[str, Any]) -> str:
    """ModelOpt's list of layers: the format of the experts, else of most layers."""
    layers = section.get("quantized_layers")
    groups = section.get("config_groups")
    if not isinstance(layers, dict) or not layers:
        if isinstance(groups, dict) and groups:
            return _groups(groups)[0]
        raise _unknown("quantized_layers", layers)
    votes: Counter[str] = Counter()
    for name, layer in layers.items():
        algorithm = layer.get("quant_algo") if isinstance(layer, dict) else None
        if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
            raise _unknown("quantized_layers", algorithm)
        votes[_ALGORITHMS[algorithm]] += 1000 if "experts" in name and "shared" not in name else 1
    return votes.most_common(1)[0][0]


def _unknown(key: str, value: object) -> ConfigProblem:
    return ConfigProblem(
        f"quantization_config.{key} is {quote(value)}; the bytes of such weights are not on record"
    )
