"""How many layers of a model attend to everything, to a window, or keep no cache that grows."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.hosting.config_json.values import Config, ConfigProblem

_KINDS = {
    "full_attention": "full",
    "attention": "full",
    "global_attention": "full",
    "sliding_attention": "sliding",
    "local_attention": "sliding",
    "chunked_attention": "sliding",
    "linear_attention": "linear",
}
_EVERY_OTHER = {"gemma2", "gpt_oss"}
"""Families whose layers take turns though older files do not say so."""
_PATTERNS = {"gemma3": 6, "gemma3_text": 6, "cohere2": 4}
"""Families in which every so-manieth layer attends to everything, unless the file says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Layers by what they attend to."""

    full: int
    sliding: int
    linear: int
    window: int | None


def layers_of(config: Config, n_layers: int) -> Layers:
    """Count the layers by kind; raises ConfigProblem where the file says what no formula is known for."""
    window = _window(config)
    types = config.names("layer_types")
    if types is not None:
        return _from_types(types, n_layers, window)
    linear = _linear(config, n_layers)
    if linear:
        return Layers(full=n_layers - linear, sliding=0, linear=linear, window=None)
    if window is None:
        return Layers(full=n_layers, sliding=0, linear=0, window=None)
    family = config.text("model_type")
    pattern = config.maybe("sliding_window_pattern", "_sliding_window_pattern")
    if pattern is None and family in _EVERY_OTHER:
        pattern = 2
    if pattern is None:
        pattern = _PATTERNS.get(family)
    if pattern is not None:
        full = n_layers if pattern == 1 else n_layers // pattern
        return Layers(full=full, sliding=n_layers - full, linear=0, window=window)
    if config.has("use_sliding_window") and config.has("max_window_layers"):
        full = min(config.whole("max_window_layers", low=0), n_layers)
        return Layers(full=full, sliding=n_layers - full, linear=0, window=window)
    return Layers(full=0, sliding=n_layers, linear=0, window=window)


def _window(config: Config) -> int | None:
    """Length of the window; None where there is none or it is switched off."""
    if not config.flag("use_sliding_window", True):
        return None
    return config.maybe("sliding_window", "attention_chunk_size")


def _from_types(types: list[str], n_layers: int, window: int | None) -> Layers:
    """Count the kinds in a list that names each layer."""
    if len(types) != n_layers:
        raise ConfigProblem(f"layer_types names {len(types)} layers; num_hidden_layers says {n_layers}")
    counts = {"full": 0, "sliding": 0, "linear": 0}
    for kind in types:
        if kind not in _KINDS:
            known = ", ".join(sorted(_KINDS))
            raise ConfigProblem(
                f"layer_types has '{kind[:40]}', for which no formula is known; known are {known}"
            )
        counts[_KINDS[kind]] += 1
    if counts["sliding"] and window is None:
        raise ConfigProblem("sliding_window is missing; layer_types has layers that need it")
    return Layers(**counts, window=window if counts["sliding"] else None)


def _linear(config: Config, n_layers: int) -> int:
    """Layers of linear attention by the shorter ways of saying so."""
    nested = config.values.get("linear_attn_config")
    if isinstance(nested, dict):
        full = Config(nested).numbers("full_attn_layers")
        if full is None:
            raise ConfigProblem(
                "linear_attn_config.full_attn_layers is missing; it must list the full layers"
            )
        return max(n_layers - len(set(full)), 0)
    kinds = config.numbers("attn_type_list")
    if kinds is not None:
        if len(kinds) != n_layers:
            raise ConfigProblem(
                f"attn_type_list names {len(kinds)} layers; num_hidden_layers says {n_layers}"
            )
        return kinds.count(0)
    interval = config.maybe("full_attention_interval")
    return 0 if interval is None else n_layers - n_layers // interval
