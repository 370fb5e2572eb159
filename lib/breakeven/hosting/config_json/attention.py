"""All layers of a model together: heads, cache, fixed state and the weights of what mixes tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from breakeven.hosting.config_json.families import Family
from breakeven.hosting.config_json.layers import Kind, kinds_of, whole_list, window_of
from breakeven.hosting.config_json.mixers import Heads, Mixer, indexer_of, mixer_of
from breakeven.hosting.config_json.values import Config, ConfigProblem, quote

_LATENT = ("mla_kv_lora_rank", "mla_q_lora_rank", "mla_qk_nope_dim", "mla_qk_rope_dim", "mla_v_head_dim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Layers by what they keep, and the heads that a model record names."""

    n_heads: int
    n_kv_heads: int
    head_dim: int
    """Mean of key and value width where they differ: cache and work depend on their sum. [-]"""
    latent: Mapping[str, int | None]
    full: int
    sliding: int
    linear: int
    window: int | None
    kv_layers: float | None
    """Full layers as so many of the dimensions above; None where they are those. [-]"""
    weights: int
    state_bytes: float

    @property
    def name(self) -> str:
        """Kind of attention."""
        if self.latent["mla_kv_lora_rank"] is not None:
            return "MLA"
        if self.n_kv_heads == self.n_heads:
            return "MHA"
        return "MQA" if self.n_kv_heads == 1 else "GQA"


def attention_of(config: Config, family: Family, n_layers: int, hidden: int) -> Attention:
    """Read every layer; raises ConfigProblem where no formula is known."""
    if config.get("compress_ratios") is not None:
        return _compressed(config, n_layers, hidden)
    if config.get("block_configs") is not None:
        raise ConfigProblem(
            f"block_configs is {quote(config.get('block_configs'))}; layers that differ in width have no "
            "formula on record"
        )
    kinds = kinds_of(config, family, n_layers)
    heads = _heads(config, family, hidden)
    full_heads, sliding_heads = _by_kind(config, heads)
    of = {Kind.FULL: full_heads, Kind.SLIDING: sliding_heads}
    counts = Counter(kinds)
    mixers = {kind: mixer_of(config, kind, of.get(kind, full_heads)) for kind in counts}
    full, sliding = counts[Kind.FULL] + counts[Kind.BOTH], counts[Kind.SLIDING]
    state = sum(counts[kind] * mixer.state_bytes for kind, mixer in mixers.items())
    window = window_of(config) if sliding else None
    _refuse_pairs(heads, sliding, window, state)
    _unused(config, counts)
    sparse = _sparse(config, hidden, heads, n_layers)
    cached = sum(counts[kind] * mixers[kind].cached for kind in (Kind.FULL, Kind.BOTH) if kind in mixers)
    shown = sliding_heads if sliding else full_heads
    without = _without_own_cache(config, kinds)
    cached -= without * full_heads.cached
    kept = round((cached + sparse.cached) / shown.cached, 6)  # as a link writes it
    return Attention(
        n_heads=shown.queries,
        n_kv_heads=shown.keys,
        head_dim=_mean_width(config, shown),
        latent=_latent_cells(shown),
        full=full,
        sliding=sliding,
        linear=n_layers - full - sliding,
        window=window,
        kv_layers=None if kept == full else kept,
        weights=sum(counts[kind] * mixer.weights for kind, mixer in mixers.items())
        + sparse.weights
        - without * hidden * full_heads.cached,
        state_bytes=state,
    )


def _without_own_cache(config: Config, kinds: Sequence[Kind]) -> int:
    """Layers that use the keys and values of the one before (Hunyuan-Large, arXiv:2411.02265). [-]"""
    if not config.flag("use_cla", False):
        config.known("cla_share_factor")
        return 0
    factor = config.whole("cla_share_factor")
    if set(kinds) != {Kind.FULL} or config.has("kv_lora_rank"):
        raise ConfigProblem("use_cla is true beside layers that are not of full attention")
    return len(kinds) - -(-len(kinds) // factor)


def _refuse_pairs(heads: Heads, sliding: int, window: int | None, state: float) -> None:
    """Combinations for which no formula is on record."""
    if sliding and window is None:
        raise ConfigProblem("sliding_window is missing; layer_types has layers that need it")
    if sliding and heads.rank is not None:
        raise ConfigProblem("sliding_window together with kv_lora_rank has no formula on record")
    if sliding and state:
        raise ConfigProblem(
            f"sliding_window is {window} beside layers with a state of their own, "
            "for which no formula is on record"
        )


_OF_KINDS = {
    ("linear_num_key_heads", "linear_key_head_dim", "linear_num_value_heads", "linear_value_head_dim"): {
        Kind.GATED_DELTA
    },
    ("linear_conv_kernel_dim", "mamba_ssm_dtype"): {Kind.GATED_DELTA},
    ("mamba_d_state", "mamba_d_conv", "mamba_expand", "mamba_dt_rank", "mamba_n_heads", "mamba_d_head"): {
        Kind.MAMBA,
        Kind.MAMBA2,
        Kind.BOTH,
    },
    ("mamba_n_groups",): {Kind.MAMBA, Kind.MAMBA2, Kind.BOTH},
    ("sliding_window",): {Kind.SLIDING},
}
"""Keys that say nothing where a list of the layers names no layer of these kinds."""


def _unused(config: Config, counts: Mapping[Kind, int]) -> None:
    """Pass over the dimensions of layers that the file says it has none of."""
    if config.get("layer_types") is not None:
        for keys, kinds in _OF_KINDS.items():
            if not any(counts.get(kind) for kind in kinds):
                config.known(*keys)


def _mean_width(config: Config, heads: Heads) -> int:
    if heads.rank is not None:
        return heads.width
    total = heads.width + heads.value_width
    if total % 2:
        raise ConfigProblem(
            f"v_head_dim is {heads.value_width} beside keys of {heads.width}; their sum must be even"
        )
    if heads.width != heads.value_width:
        config.notes.append(
            f"Keys of {heads.width} and values of {heads.value_width} are counted as {total // 2} each."
        )
    return total // 2


def _latent_cells(heads: Heads) -> dict[str, int | None]:
    if heads.rank is None:
        return dict.fromkeys(_LATENT)
    values = (heads.rank, heads.query_rank, heads.nope, heads.rope, heads.value_width)
    return dict(zip(_LATENT, values, strict=True))


def _heads(config: Config, family: Family, hidden: int) -> Heads:
    """Heads of the layers that attend to everything."""
    queries = config.whole("num_attention_heads", "n_head", "n_heads", "num_heads")
    keys = _kv_heads(config, queries)
    gated = config.flag("attn_output_gate", family.gated) or config.flag("mla_use_output_gate", False)
    if config.has("kv_lora_rank") is not None:
        config.known("head_dim", "qk_head_dim")
        nope, rope = config.whole("qk_nope_head_dim"), config.whole("qk_rope_head_dim", low=0)
        return Heads(
            hidden=hidden,
            queries=queries,
            keys=keys,
            width=nope + rope,
            value_width=config.whole("v_head_dim"),
            rank=config.whole("kv_lora_rank"),
            query_rank=config.maybe("q_lora_rank"),
            nope=nope,
            rope=rope,
            gated=gated,
        )
    width = _head_dim(config, hidden, queries)
    return Heads(
        hidden=hidden,
        queries=queries,
        keys=keys,
        width=width,
        value_width=config.whole("v_head_dim", default=width),
        query_rank=config.maybe("share_q_dim"),
        gated=gated,
    )


def _by_kind(config: Config, heads: Heads) -> tuple[Heads, Heads]:
    """Heads of full layers and of sliding ones, where they differ."""
    sliding = heads
    if config.has("swa_num_attention_heads", "swa_num_key_value_heads", "swa_head_dim", "swa_v_head_dim"):
        sliding = replace(
            heads,
            queries=config.whole("swa_num_attention_heads", default=heads.queries),
            keys=config.whole("swa_num_key_value_heads", default=heads.keys),
            width=config.whole("swa_head_dim", default=heads.width),
            value_width=config.whole("swa_v_head_dim", default=heads.value_width),
        )
        if sliding.queries != heads.queries:
            raise ConfigProblem(
                f"swa_num_attention_heads is {sliding.queries}, unlike the {heads.queries} of "
                "num_attention_heads, for which no formula is on record"
            )
    full = heads
    if config.has("global_head_dim", "num_global_key_value_heads"):
        width = config.whole("global_head_dim", default=heads.width)
        full = replace(
            heads,
            width=width,
            value_width=width,
            keys=config.whole("num_global_key_value_heads", default=heads.keys),
            shared_kv=config.flag("attention_k_eq_v", False),
        )
    return full, sliding


def _kv_heads(config: Config, n_heads: int) -> int:
    """KV heads under their many names; as many as query heads where none is given."""
    multi, new = config.get("multi_query"), config.get("new_decoder_architecture")
    grouped = config.get("multi_query_attention")
    name = config.has(
        "num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads", "num_attention_groups"
    )
    if multi is True and new is not True:
        return 1
    if grouped is True:
        return config.whole("multi_query_group_num", default=1)
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


def _sparse(config: Config, hidden: int, heads: Heads, n_layers: int) -> Mixer:
    """Indexers of sparse attention: DeepSeek's, and MiniMax's in the layers that it lists."""
    nested = config.get("sparse_attention_config")
    if not isinstance(nested, dict):
        return indexer_of(config, hidden, heads.query_rank, n_layers)
    inner = Config(nested)
    if not inner.flag("use_sparse_attention", True):
        return Mixer()
    layers = sum(whole_list("sparse_attention_freq", inner.get("sparse_attention_freq"), n_layers))
    dim, index_heads = inner.whole("sparse_index_dim"), inner.whole("sparse_num_index_heads")
    config.notes.append(f"{layers} sparse-attention indexers keep one key of {dim} of each token, counted.")
    return Mixer(weights=layers * hidden * dim * (index_heads + 1), cached=layers * dim)


def _compressed(config: Config, n_layers: int, hidden: int) -> Attention:
    """DeepSeek V4: each layer keeps one vector for so many tokens, and those of the last ones as they are."""
    ratios = (config.numbers("compress_ratios") or [])[:n_layers]
    if len(ratios) != n_layers:
        raise ConfigProblem(f"compress_ratios names {len(ratios)} layers; num_hidden_layers says {n_layers}")
    n_heads, width = config.whole("num_attention_heads"), config.whole("head_dim")
    rope, rank = config.whole("qk_rope_head_dim"), config.whole("q_lora_rank")
    groups, out = config.whole("o_groups"), config.whole("o_lora_rank")
    if config.whole("num_key_value_heads", default=1) != 1 or rope >= width:
        raise ConfigProblem(
            "num_key_value_heads must be 1 and head_dim wider than qk_rope_head_dim beside compress_ratios"
        )
    window = config.whole("sliding_window")
    dim, index_heads = config.whole("index_head_dim"), config.whole("index_n_heads")
    config.known("hc_mult")  # mixes copies of the residual: 24 numbers a copy and channel of hidden_size
    indexed = ratios.count(4)
    attention = rank * (hidden + n_heads * width) + hidden * width + out * (n_heads * width + groups * hidden)
    # Two projections a compressed entry, doubled where entries overlap (ratio 4); the same for the indexer.
    compressors = sum(2 * hidden * width * (2 if ratio == 4 else 1) for ratio in ratios if ratio)
    indexers = indexed * (rank * index_heads * dim + hidden * index_heads + 4 * hidden * dim)
    config.notes.append("The keys of the sparse-attention indexers are counted at a byte a number.")
    entries = sum(1 / ratio for ratio in ratios if ratio) + indexed / 4 * dim / 2 / width
    return Attention(
        n_heads=n_heads,
        n_kv_heads=1,
        head_dim=width,
        latent=dict(zip(_LATENT, (width - rope, rank, width - rope, rope, width), strict=True)),
        full=0,
        sliding=n_layers,
        linear=0,
        window=window,
        kv_layers=round(entries, 6),
        weights=n_layers * attention + compressors + indexers,
        state_bytes=0.0,
    )
