"""Weights, cached numbers and fixed state of one layer of each kind, out of a ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass

from breakeven.formulas import recurrent
from breakeven.formulas.parameters import attention_weights
from breakeven.hosting.config_json import weights
from breakeven.hosting.config_json.layers import Kind
from breakeven.hosting.config_json.values import Config, ConfigProblem, quote

_STATE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_CONV_BYTES = 2
"""The convolution keeps its inputs in the number format of the activations. [B]"""
_INDEX_BYTES = 132
"""Key of an indexer: 128 numbers of 8 bits, a scale of 32 (vLLM, DeepseekV32IndexerCache). [B]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Heads of the attention layers; latent where ``rank`` is given."""

    hidden: int
    queries: int
    keys: int
    width: int
    value_width: int
    rank: int | None = None
    query_rank: int | None = None
    nope: int | None = None
    rope: int | None = None
    gated: bool = False
    """A gate for each number of each head's output."""
    shared_kv: bool = False
    """Values are the keys before the norm: one projection less (Gemma 4)."""

    @property
    def weights(self) -> int:
        """Projections of one layer. [-]"""
        out = self.hidden * self.queries * self.value_width
        gate = out if self.gated else 0
        if self.rank is not None:
            return gate + attention_weights(
                hidden=self.hidden,
                n_heads=self.queries,
                n_kv_heads=self.keys,
                head_dim=self.width,
                mla_kv_lora_rank=self.rank,
                mla_q_lora_rank=self.query_rank,
                mla_qk_nope_dim=self.nope,
                mla_qk_rope_dim=self.rope,
                mla_v_head_dim=self.value_width,
            )
        values = 0 if self.shared_kv else self.keys * self.value_width
        query = self.hidden * self.queries * self.width
        if self.query_rank is not None:  # Step3: one matrix down, one up
            query = self.query_rank * (self.hidden + self.queries * self.width)
        return query + gate + self.hidden * (self.keys * self.width + values) + out

    @property
    def cached(self) -> int:
        """Numbers kept of one token by one layer. [-]"""
        if self.rank is not None:
            return self.rank + (self.rope or 0)
        return self.keys * (self.width + self.value_width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixer:
    """What one layer adds."""

    weights: int = 0
    """Without its feed-forward block. [-]"""
    cached: float = 0.0
    """Numbers kept of one token, at the cache's number format. [-]"""
    state_bytes: float = 0.0
    """Fixed state of one sequence. [B]"""


def mixer_of(config: Config, kind: Kind, heads: Heads) -> Mixer:
    """What a layer of this kind adds; raises ConfigProblem where a dimension is missing."""
    if kind in (Kind.FULL, Kind.SLIDING):
        return Mixer(weights=heads.weights, cached=heads.cached)
    if kind is Kind.NOTHING:
        return Mixer()
    if kind is Kind.BOTH:
        other = _mamba2(config, heads.hidden)
        return Mixer(
            weights=heads.weights + other.weights, cached=heads.cached, state_bytes=other.state_bytes
        )
    if kind is Kind.LIGHTNING:
        return _lightning(config, heads)
    made = {
        Kind.GATED_DELTA: _gated_delta,
        Kind.KIMI_DELTA: _kimi_delta,
        Kind.MAMBA: _mamba,
        Kind.MAMBA2: _mamba2,
        Kind.CONVOLUTION: _convolution,
    }[kind]
    return made(config, heads.hidden)


def _cell_bytes(config: Config, default: str) -> int:
    """Bytes of one number of a state: as the file says, else as the engines keep it."""
    name = config.has("mamba_ssm_cache_dtype", "mamba_ssm_dtype", "ssm_dtype")
    text = config.text(name) if name else default
    if text not in _STATE_BYTES:
        raise ConfigProblem(f"{name} is {quote(text)}; it must be float32, bfloat16 or float16")
    if name is None:
        config.notes.append(f"The number format of the recurrent state is not given; taken as {default}.")
    return _STATE_BYTES[text]


def _state(config: Config, *, cells: int, channels: int, kernel: int, default: str) -> float:
    return recurrent.recurrent_state_bytes(
        cells=cells,
        bytes_per_cell=_cell_bytes(config, default),
        conv_channels=channels,
        conv_kernel=kernel,
        bytes_per_conv=_CONV_BYTES,
    )


def _gated_delta(config: Config, hidden: int) -> Mixer:
    key_heads, key_dim = config.whole("linear_num_key_heads"), config.whole("linear_key_head_dim")
    heads, dim = config.whole("linear_num_value_heads"), config.whole("linear_value_head_dim")
    kernel = config.whole("linear_conv_kernel_dim", default=4)
    return Mixer(
        weights=weights.gated_delta_weights(
            hidden=hidden,
            key_heads=key_heads,
            key_dim=key_dim,
            value_heads=heads,
            value_dim=dim,
            conv_kernel=kernel,
        ),
        state_bytes=_state(
            config,
            cells=heads * key_dim * dim,
            channels=2 * key_heads * key_dim + heads * dim,
            kernel=kernel,
            default="float32",
        ),
    )


def _kimi_delta(config: Config, hidden: int) -> Mixer:
    given = config.get("linear_attn_config")
    inner = Config(given if isinstance(given, dict) else {})
    heads, dim = inner.whole("num_heads"), inner.whole("head_dim")
    kernel = inner.whole("short_conv_kernel_size", default=4)
    full_gate = inner.flag("use_full_rank_gate", False)
    inner.known("full_attn_layers", "kda_layers", "gate_lower_bound")
    strange = next((key for key in inner.values if key not in inner.read), None)
    if strange is not None:
        raise ConfigProblem(
            f"linear_attn_config.{strange} is {quote(inner.values[strange])}, which no formula on record "
            "takes into account"
        )
    return Mixer(
        weights=weights.kimi_delta_weights(
            hidden=hidden, heads=heads, head_dim=dim, conv_kernel=kernel, full_gate=full_gate
        ),
        state_bytes=_state(
            config, cells=heads * dim * dim, channels=3 * heads * dim, kernel=kernel, default="float32"
        ),
    )


def _lightning(config: Config, heads: Heads) -> Mixer:
    return Mixer(
        weights=weights.lightning_weights(hidden=heads.hidden, heads=heads.queries, head_dim=heads.width),
        state_bytes=_state(
            config, cells=heads.queries * heads.width**2, channels=0, kernel=1, default="float32"
        ),
    )


def _mamba(config: Config, hidden: int) -> Mixer:
    inner = hidden * config.whole("mamba_expand")
    state, kernel = config.whole("mamba_d_state"), config.whole("mamba_d_conv")
    rank = -(-hidden // 16) if config.get("mamba_dt_rank") == "auto" else config.whole("mamba_dt_rank")
    return Mixer(
        weights=weights.mamba_weights(hidden=hidden, inner=inner, state=state, rank=rank, conv_kernel=kernel),
        state_bytes=_state(config, cells=inner * state, channels=inner, kernel=kernel, default="float32"),
    )


def _mamba2(config: Config, hidden: int) -> Mixer:
    heads = config.whole("mamba_num_heads", "mamba_n_heads")
    dim = config.whole("mamba_head_dim", "mamba_d_head")
    groups = config.whole("n_groups", "mamba_n_groups")
    state = config.whole("ssm_state_size", "mamba_d_state")
    kernel = config.whole("conv_kernel", "mamba_d_conv")
    inner = heads * dim
    stated = config.maybe("mamba_d_ssm")
    if stated is not None and stated != inner:
        raise ConfigProblem(f"mamba_d_ssm is {stated}; {heads} heads of {dim} make {inner}")
    config.known("expand", "mamba_expand", "time_step_rank")  # the heads settle the width
    return Mixer(
        weights=weights.mamba2_weights(
            hidden=hidden, inner=inner, groups=groups, state=state, heads=heads, conv_kernel=kernel
        ),
        state_bytes=_state(
            config,
            cells=inner * state,
            channels=inner + 2 * groups * state,
            kernel=kernel,
            default="float32",
        ),
    )


def _convolution(config: Config, hidden: int) -> Mixer:
    kernel = config.whole("conv_L_cache")
    for key in ("conv_dim", "conv_dim_out", "block_dim", "block_out_dim"):
        if config.maybe(key) not in (None, hidden):
            raise ConfigProblem(f"{key} is {config.whole(key)}; only hidden_size {hidden} has a formula")
    return Mixer(
        weights=weights.short_convolution_weights(hidden=hidden, conv_kernel=kernel),
        state_bytes=recurrent.recurrent_state_bytes(
            cells=0, bytes_per_cell=1, conv_channels=hidden, conv_kernel=kernel, bytes_per_conv=_CONV_BYTES
        ),
    )


def indexer_of(config: Config, hidden: int, query_rank: int | None, n_layers: int) -> Mixer:
    """Indexers of sparse attention, all layers together (DeepSeek V3.2, GLM-5): weights and key cache."""
    if config.has("index_head_dim") is None:
        return Mixer()
    dim, heads = config.whole("index_head_dim"), config.whole("index_n_heads")
    config.known("index_topk_freq", "index_topk_pattern")
    types = config.names("indexer_types")
    if types is None and config.get("index_topk_freq") not in (None, 1):
        raise ConfigProblem(
            f"index_topk_freq is {quote(config.get('index_topk_freq'))}; indexer_types must say which "
            "layers have an indexer of their own"
        )
    if types is not None and (len(types) != n_layers or set(types) - {"full", "shared"}):
        raise ConfigProblem(f"indexer_types must name {n_layers} layers full or shared")
    own = n_layers if types is None else types.count("full")
    each = (query_rank or hidden) * heads * dim + hidden * (dim + heads)
    config.notes.append(
        f"{own} sparse-attention indexers keep {_INDEX_BYTES * dim // 128} B of each token, counted "
        "beside the cache as it is at 16 bits."
    )
    return Mixer(weights=own * each, cached=own * _INDEX_BYTES * dim / 128 / 2)
