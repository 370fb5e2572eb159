"""What each layer of a model does: attend to everything or to a window, keep a state, or neither."""

from __future__ import annotations

from enum import StrEnum

from breakeven.hosting.config_json.families import Family
from breakeven.hosting.config_json.values import Config, ConfigProblem, quote, whole_of


class Kind(StrEnum):
    """A layer by what it mixes tokens with."""

    FULL = "full"
    SLIDING = "sliding"
    GATED_DELTA = "gated delta net"
    KIMI_DELTA = "Kimi delta attention"
    LIGHTNING = "lightning attention"
    MAMBA = "Mamba"
    MAMBA2 = "Mamba-2"
    CONVOLUTION = "short convolution"
    BOTH = "attention beside Mamba-2"
    NOTHING = "feed-forward only"


_KINDS = {
    "full_attention": Kind.FULL,
    "attention": Kind.FULL,
    "global_attention": Kind.FULL,
    "deepseek_sparse_attention": Kind.FULL,
    "sliding_attention": Kind.SLIDING,
    "local_attention": Kind.SLIDING,
    "chunked_attention": Kind.SLIDING,
    "linear_attention": Kind.GATED_DELTA,
    "mamba": Kind.MAMBA2,
    "conv": Kind.CONVOLUTION,
    "moe": Kind.NOTHING,
    "mlp": Kind.NOTHING,
}
_LETTERS = {"M": "mamba", "*": "attention", "E": "moe", "-": "mlp"}
"""Nemotron-H writes a layer as a letter."""


def blocks_of(config: Config) -> list[str] | None:
    """Layers that hold either a mixer or a feed-forward block, never both (Nemotron-H); None elsewhere."""
    pattern = config.text("hybrid_override_pattern")
    if pattern:
        strange = next((letter for letter in pattern if letter not in _LETTERS), None)
        if strange is not None:
            raise ConfigProblem(
                f"hybrid_override_pattern has {quote(strange)}, for which no formula is known; known are M*E-"
            )
        return [_LETTERS[letter] for letter in pattern]
    return config.names("layers_block_type")


def kinds_of(config: Config, family: Family, n_layers: int) -> list[Kind]:
    """The kind of every layer; raises ConfigProblem where the file says what no formula is known for."""
    blocks = blocks_of(config)
    if blocks is not None:
        return _named("layers_block_type", blocks, n_layers)
    types = config.names("layer_types")
    if types is not None:
        config.known("sliding_window_pattern", "_sliding_window_pattern", "full_attention_interval")
        config.known("use_sliding_window", "max_window_layers", "attn_type_list")
        kinds = _named("layer_types", types, n_layers)
        return [_linear_kind(config) if kind is Kind.GATED_DELTA else kind for kind in kinds]
    for way in (_flagged, _period, _interval):
        found = way(config, n_layers)
        if found is not None:
            return found
    if config.get("mamba_d_ssm") is not None:
        return [Kind.BOTH] * n_layers
    return _windows(config, family, n_layers)


def _named(key: str, names: list[str], n_layers: int) -> list[Kind]:
    """Kinds out of a list that names each layer."""
    if len(names) != n_layers:
        raise ConfigProblem(f"{key} names {len(names)} layers; num_hidden_layers says {n_layers}")
    strange = next((name for name in names if name not in _KINDS), None)
    if strange is not None:
        known = ", ".join(sorted(_KINDS))
        raise ConfigProblem(f"{key} has {quote(strange)}, for which no formula is known; known are {known}")
    return [_KINDS[name] for name in names]


def _linear_kind(config: Config) -> Kind:
    """What a linear layer is: told by the dimensions that are given."""
    if config.get("linear_attn_config") is not None:
        return Kind.KIMI_DELTA
    if config.get("linear_num_value_heads") is not None:
        return Kind.GATED_DELTA
    if config.text("model_type").lower().startswith("minimax"):
        return Kind.LIGHTNING
    raise ConfigProblem("linear_num_value_heads is missing; layer_types has linear layers that need it")


def _flagged(config: Config, n_layers: int) -> list[Kind] | None:
    """One number a layer, or a list of the layers that attend."""
    nested = config.get("linear_attn_config")
    if isinstance(nested, dict):
        full = Config(nested).numbers("full_attn_layers")
        if full is None:
            raise ConfigProblem(
                "linear_attn_config.full_attn_layers is missing; it must list the full layers"
            )
        # Counted from one in the files that have it.
        return [Kind.FULL if i + 1 in set(full) else Kind.KIMI_DELTA for i in range(n_layers)]
    full = config.numbers("full_attn_idxs")
    if full is not None:
        return [Kind.FULL if i in set(full) else Kind.CONVOLUTION for i in range(n_layers)]
    for key, at_zero, at_one in (
        ("attn_type_list", Kind.LIGHTNING, Kind.FULL),
        ("hybrid_layer_pattern", Kind.FULL, Kind.SLIDING),
    ):
        flags = config.numbers(key)
        if flags is not None:
            if len(flags) != n_layers:
                raise ConfigProblem(f"{key} names {len(flags)} layers; num_hidden_layers says {n_layers}")
            if any(flag > 1 for flag in flags):
                raise ConfigProblem(f"{key} is {quote(flags)}; each layer must be 0 or 1")
            return [at_one if flag else at_zero for flag in flags]
    indices = config.numbers("attn_layer_indices")
    if indices is not None:
        return [Kind.FULL if i in set(indices) else Kind.MAMBA2 for i in range(n_layers)]
    return None


def _period(config: Config, n_layers: int) -> list[Kind] | None:
    """Jamba: a layer of attention in each period, Mamba in the others."""
    if config.has("attn_layer_period") is None:
        return None
    period = config.whole("attn_layer_period")
    offset = config.whole("attn_layer_offset", default=0, low=0)
    return [Kind.FULL if i % period == offset else Kind.MAMBA for i in range(n_layers)]


def _interval(config: Config, n_layers: int) -> list[Kind] | None:
    """Every so-manieth layer attends, the others are linear."""
    every = config.maybe("full_attention_interval")
    if every is None:
        return None
    linear = _linear_kind(config)
    return [linear if (i + 1) % every else Kind.FULL for i in range(n_layers)]


def _windows(config: Config, family: Family, n_layers: int) -> list[Kind]:
    """Attention everywhere, some of it within a window."""
    if config.has("attention_chunk_size") and config.has("sliding_window") is None:
        return _chunks(config, n_layers)
    if window_of(config) is None:
        config.known("max_window_layers", "sliding_window_pattern", "_sliding_window_pattern")
        return [Kind.FULL] * n_layers
    name = config.has("sliding_window_pattern", "_sliding_window_pattern")
    letters = config.text(name) if name else ""
    if letters:
        if set(letters) - {"L", "G"}:
            raise ConfigProblem(f"{name} is {quote(letters)}; it must be letters L and G, or a whole number")
        # The last layer attends to everything in any case (EXAONE 4).
        local = [letters[i % len(letters)] == "L" and i + 1 < n_layers for i in range(n_layers)]
        return [Kind.SLIDING if is_local else Kind.FULL for is_local in local]
    every = config.whole(name) if name else family.full_every
    if every is not None:
        return [Kind.SLIDING if (i + 1) % every else Kind.FULL for i in range(n_layers)]
    if config.has("use_sliding_window") and config.has("max_window_layers"):
        full = min(config.whole("max_window_layers", low=0), n_layers)
        return [Kind.FULL] * full + [Kind.SLIDING] * (n_layers - full)
    if family.pattern_only:
        raise ConfigProblem(
            f"sliding_window is {quote(config.get('sliding_window'))}, and no key says for which layers"
        )
    return [Kind.SLIDING] * n_layers


def _chunks(config: Config, n_layers: int) -> list[Kind]:
    """Llama 4: layers without rotary positions attend to everything, the others within their chunk."""
    flags = config.numbers("no_rope_layers")
    if not flags:
        every = config.whole("no_rope_layer_interval", default=4)
        flags = [int((i + 1) % every != 0) for i in range(n_layers)]
    if len(flags) != n_layers:
        raise ConfigProblem(f"no_rope_layers names {len(flags)} layers; num_hidden_layers says {n_layers}")
    return [Kind.SLIDING if flag else Kind.FULL for flag in flags]


def window_of(config: Config) -> int | None:
    """Length of the window; None where there is none or it is switched off."""
    if not config.flag("use_sliding_window", True):
        config.known("sliding_window")
        return None
    window = config.maybe("sliding_window")
    same = config.maybe("sliding_window_size")
    chunk = config.maybe("attention_chunk_size")
    if window and same and window != same:
        raise ConfigProblem(f"sliding_window is {window} and sliding_window_size {same}; they must agree")
    return window or same or chunk


def whole_list(name: str, value: object, n_layers: int) -> list[int]:
    """A whole number for every layer, written once or as a list."""
    if not isinstance(value, list):
        return [whole_of(name, value, low=0)] * n_layers
    if len(value) != n_layers:
        raise ConfigProblem(f"{name} names {len(value)} layers; num_hidden_layers says {n_layers}")
    return [whole_of(name, item, low=0) for item in value]
