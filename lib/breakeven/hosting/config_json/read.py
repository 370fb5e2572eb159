"""A Hugging Face ``config.json`` becomes a model record. Never raises: a fault gives one sentence.

Key names are those of the ``transformers`` library's configuration classes
(https://huggingface.co/docs/transformers/main_classes/configuration). A key that is neither read here nor
known to change nothing (``data/config_keys.toml``) is refused by name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from breakeven.formulas.parameters import parameter_counts
from breakeven.formulas.units import GIGA
from breakeven.hosting.config_json.attention import Attention, attention_of
from breakeven.hosting.config_json.experts import Blocks, blocks_of_file
from breakeven.hosting.config_json.families import Family, family_of, refuse_unknown
from breakeven.hosting.config_json.quantisation import native_format
from breakeven.hosting.config_json.values import Config, ConfigProblem, quote
from breakeven.tables.records import Model

TYPED = "typed-in"
"""Id of a model or GPU that is not in the tables."""
LONGEST_FILE = 200_000
"""Characters of a pasted file; the published ones are below 20,000."""
LONGEST_NAME = 40
_NESTED = ("text_config", "llm_config", "language_config")


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
        refuse_unknown(config)
    except ConfigProblem as reason:
        return Read(model=None, problem=f"config.json: {reason}.")
    except ValueError as reason:  # a combination that the parameter count refuses
        return Read(model=None, problem=f"config.json: the dimensions do not go together: {reason}.")
    return Read(model=model, problem=None, notes=tuple(config.notes))


def _parse(text: str) -> dict[str, Any]:
    """The settings of the language model; what stands around them is laid under them."""
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
    name = next((name for name in _NESTED if isinstance(values.get(name), dict)), None)
    if name is None:
        return values
    outer = {key: value for key, value in values.items() if key != name}
    inner = {key: value for key, value in values[name].items() if value is not None or key not in outer}
    return outer | inner


def _model(config: Config) -> Model:
    """Put the record together."""
    if config.values.get("is_encoder_decoder") is True:
        raise ConfigProblem("is_encoder_decoder is true; only decoder-only models can be computed")
    family = family_of(config)
    n_layers = _n_layers(config)
    hidden = config.whole("hidden_size", "n_embd", "n_embed", "d_model", "dim")
    config.fill("hidden_size", hidden)
    attention = attention_of(config, family, n_layers, hidden)
    blocks = blocks_of_file(config, family, n_layers, hidden)
    routed_width = blocks.width
    if blocks.inputs and blocks.width:
        # Experts that read a narrower copy weigh as ones of the model's width and fewer rows do.
        routed_width, rest = divmod(blocks.width * blocks.inputs, hidden)
        if rest:
            raise ConfigProblem(
                f"{blocks.inputs} x {blocks.width} weights of an expert do not divide by {hidden}"
            )
    dimensions: dict[str, Any] = {
        "n_layers": n_layers,
        "hidden": hidden,
        "ffn_dim": blocks.dense_width,
        "ffn_matrices": family.matrices,
        "n_heads": attention.n_heads,
        "n_kv_heads": attention.n_kv_heads,
        "head_dim": attention.head_dim,
        "vocab": config.whole("vocab_size", "padded_vocab_size"),
        "tied_embeddings": _tied(config, family),
        "n_experts": blocks.n_experts,
        "experts_per_tok": blocks.per_token,
        "n_shared_experts": round(blocks.shared_width / routed_width) if routed_width else None,
        "moe_ffn_dim": routed_width,
        "n_dense_layers": n_layers - blocks.expert_layers if blocks.n_experts else None,
        **attention.latent,
    }
    total, active = _totals(dimensions, attention, blocks, family)
    return Model(
        model_id=TYPED,
        name=_name(config),
        family=TYPED,
        release="",
        params_total_b=round(total / GIGA, 6),
        params_active_b=round(active / GIGA, 6),
        **dimensions,
        attention=attention.name,
        sliding_window=attention.window,
        n_full_attn_layers=attention.full if attention.sliding or attention.linear else None,
        n_sliding_layers=attention.sliding or None,
        n_linear_attn_layers=attention.linear or None,
        kv_layers=attention.kv_layers,
        state_bytes=attention.state_bytes or None,
        max_context=_context(config),
        native_precision=native_format(config),
        open_weights=True,
        kv_derived=True,
        totals_checked=_ordinary(dimensions, total),
        notes=None,
        source_id=TYPED,
        locator="config.json",
    )


def _n_layers(config: Config) -> int:
    """Layers; as many as a list or pattern names where no key says it."""
    name = config.has("num_hidden_layers", "n_layer", "n_layers", "num_layers")
    if name is not None:
        return config.whole(name)
    for key in ("layers_block_type", "layer_types", "hybrid_override_pattern"):
        value = config.get(key)
        if isinstance(value, list | str) and value:
            return len(value)
    return config.whole("num_hidden_layers", "n_layer", "n_layers", "num_layers")


def _totals(
    dimensions: dict[str, Any], attention: Attention, blocks: Blocks, family: Family
) -> tuple[int, int]:
    """All weights, and those that one token meets. [-]"""
    hidden, matrices = dimensions["hidden"], family.matrices
    embedding = dimensions["vocab"] * hidden
    always = embedding * (1 if dimensions["tied_embeddings"] else 2) + attention.weights
    always += blocks.dense_layers * matrices * hidden * (blocks.dense_width or 0)
    if blocks.n_experts is None or blocks.width is None or blocks.per_token is None:
        return always, always
    inputs = blocks.inputs or hidden
    always += (
        blocks.expert_layers
        * hidden
        * (blocks.n_experts + matrices * (blocks.shared_width + blocks.beside_width))
    )
    if blocks.inputs:
        always += blocks.expert_layers * 2 * hidden * inputs
    expert = blocks.expert_layers * matrices * inputs * blocks.width
    return always + blocks.n_experts * expert, always + blocks.per_token * expert


def _ordinary(dimensions: dict[str, Any], total: int) -> bool:
    """Whether the plain count of the dimensions gives the total."""
    try:
        return parameter_counts(**dimensions).total == total
    except ValueError:
        return False


def _tied(config: Config, family: Family) -> bool:
    name = config.has("tie_word_embeddings", "tie_embedding")
    if name is not None:
        return config.flag(name, False)
    config.notes.append(
        f"tie_word_embeddings is not given; taken as {'true' if family.tied else 'false'}, "
        "as this family has it."
    )
    return family.tied


def _context(config: Config) -> int:
    name = config.has("max_position_embeddings", "n_positions", "seq_length", "max_seq_len", "n_ctx")
    if name is not None:
        return config.whole(name)
    config.notes.append("max_position_embeddings is not given; a context of 2,048 tokens is assumed.")
    return 2048


def _name(config: Config) -> str:
    """What to call it."""
    name = config.text("_name_or_path").rsplit("/", 1)[-1]
    made = config.values.get("architectures")
    if not name and isinstance(made, list) and made and isinstance(made[0], str):
        name = made[0]
    name = name or config.text("model_type") or "My model"
    kept = "".join(c if c.isascii() and c.isprintable() and c != ";" else " " for c in name)
    return " ".join(kept.split())[:LONGEST_NAME] or "My model"
