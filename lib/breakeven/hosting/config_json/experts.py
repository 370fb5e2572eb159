"""Routed and shared experts of a mixture, under the names that the families give them."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.hosting.config_json.values import Config, ConfigProblem

_COUNTS = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """What a mixture adds to a model; everything None for a dense one."""

    n_experts: int | None = None
    per_token: int | None = None
    shared: int | None = None
    ffn: int | None = None
    dense_layers: int | None = None
    ffn_dim: int | None = None
    """Width of the dense layers' block; None where there are none."""


def experts_of(config: Config, family: str, n_layers: int) -> Experts:
    """Read the mixture; a single expert is a dense model."""
    name = config.has(*_COUNTS)
    count = config.whole(name, low=0) if name else 0
    if count <= 1:
        return Experts()
    per_token = config.whole(
        "num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_top_k", "top_k_experts"
    )
    if per_token > count:
        raise ConfigProblem(f"num_experts_per_tok is {per_token}; it must be at most the {count} of {name}")
    width = config.whole(
        "moe_intermediate_size", "expert_ffn_hidden_size", "ffn_hidden_size", "intermediate_size"
    )
    dense = _dense_layers(config, n_layers)
    ffn_dim = config.whole("intermediate_size_mlp", "intermediate_size") if dense else None
    return Experts(
        n_experts=count,
        per_token=per_token,
        shared=_shared(config, family, width),
        ffn=width,
        dense_layers=dense,
        ffn_dim=ffn_dim,
    )


def _shared(config: Config, family: str, width: int) -> int:
    """Shared experts, as multiples of the width of a routed one."""
    if config.has("shared_expert_intermediate_size"):
        size = config.whole("shared_expert_intermediate_size", low=0)
        if size % width:
            config.notes.append(
                f"shared_expert_intermediate_size {size} is counted as {round(size / width)} routed experts."
            )
        return round(size / width)
    if family.startswith("llama4"):
        return 1
    return config.whole("n_shared_experts", "num_shared_experts", default=0, low=0)


def _dense_layers(config: Config, n_layers: int) -> int:
    """Layers without experts."""
    dense: set[int] = set()
    first = config.maybe("first_k_dense_replace", "first_dense_layers", low=0)
    if first is not None:
        dense |= set(range(min(first, n_layers)))
    dense |= {i for i in config.numbers("mlp_only_layers") or [] if i < n_layers}
    every = config.maybe("decoder_sparse_step", "interleave_moe_layer_step")
    if every is not None:
        dense |= {i for i in range(n_layers) if (i + 1) % every}
    frequency = config.values.get("moe_layer_freq")
    if isinstance(frequency, list):
        flags = config.numbers("moe_layer_freq") or []
        if len(flags) != n_layers:
            raise ConfigProblem(
                f"moe_layer_freq names {len(flags)} layers; num_hidden_layers says {n_layers}"
            )
        dense |= {i for i, flag in enumerate(flags) if not flag}
    elif frequency is not None:
        every = config.whole("moe_layer_freq")
        dense |= {i for i in range(n_layers) if i % every}
    moe = config.numbers("moe_layers")
    if moe is not None:
        dense |= set(range(n_layers)) - set(moe)
    if len(dense) == n_layers:
        raise ConfigProblem("no layer is left for the experts; check first_k_dense_replace and moe_layers")
    return len(dense)
