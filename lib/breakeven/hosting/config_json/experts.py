"""Feed-forward blocks: routed and shared experts, dense layers, under the names that families give them."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.hosting.config_json.families import Family
from breakeven.hosting.config_json.layers import blocks_of, whole_list
from breakeven.hosting.config_json.values import Config, ConfigProblem, quote, whole_of

_COUNTS = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts")
_PER_TOKEN = (
    *("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_top_k", "top_k_experts"),
    *("moe_topk", "moe_k"),
)
_SHARED_WIDTHS = (
    *("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size"),
    *("shared_intermediate_size", "share_expert_dim"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The feed-forward blocks of a model; experts None for a dense one."""

    dense_layers: int
    """Layers with a dense block. [-]"""
    dense_width: int | None
    expert_layers: int = 0
    n_experts: int | None = None
    per_token: int | None = None
    width: int | None = None
    """Width of a routed expert. [-]"""
    inputs: int | None = None
    """Width of what a routed expert reads; the model's own unless they work on a narrower copy. [-]"""
    shared_width: int = 0
    """Width of the shared experts together. [-]"""
    beside_width: int = 0
    """Width of a dense block beside the experts of each layer (Gemma 4). [-]"""


def blocks_of_file(config: Config, family: Family, n_layers: int, hidden: int) -> Blocks:
    """Read the feed-forward blocks; a single expert is a dense model."""
    name = config.has(*_COUNTS)
    count = config.whole(name, low=0) if name else 0
    mixture = config.flag("enable_moe_block", count > 1)
    kinds = blocks_of(config)
    if not mixture or count <= 1:
        config.known(*_PER_TOKEN, "moe_intermediate_size", "moe_latent_size", "expert_layer_period")
        config.known("expert_layer_offset", "decoder_sparse_step", "mlp_only_layers", "first_k_dense_replace")
        width = _dense_width(config, family, hidden)
        layers = n_layers if kinds is None else kinds.count("mlp")
        if kinds is not None and kinds.count("moe"):
            raise ConfigProblem("hybrid_override_pattern has experts, and n_routed_experts is missing")
        return Blocks(dense_layers=layers, dense_width=width)
    given = next((key for key in _PER_TOKEN if config.get(key) is not None), None)
    if given is None:
        raise ConfigProblem(f"{_PER_TOKEN[0]} is missing; it must be a whole number")
    per_token = _same(config, given, n_layers)
    if per_token > count:
        raise ConfigProblem(f"num_experts_per_tok is {per_token}; it must be at most the {count} of {name}")
    config.known(*_PER_TOKEN)
    width = _width(config, family, n_layers)
    dense = _dense_layers(config, n_layers) if kinds is None else kinds.count("mlp")
    experts = n_layers - dense if kinds is None else kinds.count("moe")
    beside = config.whole("intermediate_size") if config.get("enable_moe_block") is True else 0
    names = ("intermediate_size_mlp", "dense_intermediate_size", "ffn_hidden_size", "intermediate_size")
    # Every one is read; where no layer is dense they say nothing more.
    first = config.has(*names)
    return Blocks(
        dense_layers=dense,
        dense_width=config.whole(first or "intermediate_size") if dense else None,
        expert_layers=experts,
        n_experts=count,
        per_token=per_token,
        width=width,
        inputs=config.maybe("moe_latent_size", "routed_expert_hidden_size"),
        shared_width=_shared_width(config, family, width, n_layers),
        beside_width=beside,
    )


def _same(config: Config, name: str, n_layers: int) -> int:
    """A number that may be written once for each layer, the same for all."""
    value = config.get(name)
    if isinstance(value, list):
        numbers = whole_list(name, value, n_layers)
        if len(set(numbers)) != 1:
            raise ConfigProblem(
                f"{name} is {quote(value)}; layers that differ in it have no formula on record"
            )
        return whole_of(name, numbers[0], low=1)
    return config.whole(name)


def _dense_width(config: Config, family: Family, hidden: int) -> int | None:
    """Width of the block of a dense model."""
    names = ("ffn_hidden_size", "n_inner", "ffn_dim", "block_ff_dim", "intermediate_size")
    blocks = blocks_of(config)
    if blocks is not None and "mlp" not in blocks:
        config.known(*names)
        return None
    shared = config.maybe("shared_intermediate_size", low=0)
    if shared:  # Granite 4-H without experts: the shared block is the block
        config.known("intermediate_size")
        return shared
    name = config.has(*names)
    if name is None and family.four_times:
        return 4 * hidden
    width = config.whole(name or "intermediate_size")
    if config.flag("block_auto_adjust_ff_dim", False):
        multiple = config.whole("block_multiple_of", default=256)
        scale = config.get("block_ffn_dim_multiplier")
        scale = scale if isinstance(scale, int | float) and not isinstance(scale, bool) else 1
        if not 0 < scale < 100:
            raise ConfigProblem(f"block_ffn_dim_multiplier is {quote(scale)}; it must be a small number")
        width = -(-int(scale * (2 * width // 3)) // multiple) * multiple
    config.known("block_multiple_of", "block_ffn_dim_multiplier")
    return width


def _width(config: Config, family: Family, n_layers: int) -> int:
    """Width of a routed expert."""
    for name in ("moe_intermediate_size", "expert_ffn_hidden_size"):
        if config.get(name) is not None:
            config.known("moe_intermediate_size", "expert_ffn_hidden_size")
            return _same(config, name, n_layers)
    if family.intermediate_is_expert:
        return config.whole("ffn_hidden_size", "intermediate_size")
    raise ConfigProblem("moe_intermediate_size is missing; it must be a whole number")


def _shared_width(config: Config, family: Family, width: int, n_layers: int) -> int:
    """Shared experts of a layer, as one block."""
    counts = ("n_shared_experts", "num_shared_experts", "num_shared_expert", "moe_num_shared_experts")
    given = next((key for key in counts if config.get(key) is not None), None)
    count = None
    if given is not None:
        value = config.get(given)
        numbers = whole_list(given, value, n_layers) if isinstance(value, list) else None
        if numbers is not None and len(set(numbers)) != 1:
            raise ConfigProblem(
                f"{given} is {quote(value)}; layers that differ in it have no formula on record"
            )
        count = numbers[0] if numbers else config.whole(given, low=0)
    config.known(*counts)
    name = config.has(*_SHARED_WIDTHS)
    if name is not None:
        size = config.whole(name, low=0)
        # Width of them all, or of each where their number is given and they are as wide as a routed one.
        return size * count if count and count > 1 and size == width else size
    return width * (family.shared if count is None else count)


def _dense_layers(config: Config, n_layers: int) -> int:
    """Layers without experts."""
    dense: set[int] = set()
    first = config.maybe("first_k_dense_replace", "first_dense_layers", "num_dense_layers", low=0)
    if first is not None:
        dense |= set(range(min(first, n_layers)))
    dense |= {i for i in config.numbers("mlp_only_layers") or [] if i < n_layers}
    every = config.maybe("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval")
    if every is not None:
        dense |= {i for i in range(n_layers) if (i + 1) % every}
    if config.has("moe_layer_start_index", "moe_layer_end_index"):
        start = config.whole("moe_layer_start_index", default=0, low=0)
        end = config.whole("moe_layer_end_index", default=n_layers - 1, low=0)
        dense |= {i for i in range(n_layers) if not start <= i <= end}
    period = config.maybe("expert_layer_period")
    if period is not None:
        offset = config.whole("expert_layer_offset", default=0, low=0)
        dense |= {i for i in range(n_layers) if i % period != offset}
    dense |= _listed(config, n_layers)
    if len(dense) == n_layers:
        raise ConfigProblem("no layer is left for the experts; check first_k_dense_replace and moe_layers")
    return len(dense)


def _listed(config: Config, n_layers: int) -> set[int]:
    """Layers that a list says have no experts."""
    dense: set[int] = set()
    frequency = config.get("moe_layer_freq")
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
    kinds = config.names("mlp_layer_types")
    if kinds is not None:
        if len(kinds) != n_layers or set(kinds) - {"dense", "sparse"}:
            raise ConfigProblem(f"mlp_layer_types must name {n_layers} layers dense or sparse")
        dense |= {i for i, kind in enumerate(kinds) if kind == "dense"}
    moe = config.numbers("moe_layers")
    text = config.text("moe_layers_enum")
    if text:
        parts = text.split(",")
        if not all(part.strip().isdecimal() and len(part) < 9 for part in parts):
            raise ConfigProblem(f"moe_layers_enum is {quote(text)}; it must be whole numbers with commas")
        moe = [int(part) for part in parts]
    if moe is not None:
        dense |= set(range(n_layers)) - set(moe)
    return dense
