"""A typed-in model as a short text for a link: a name, then one letter and a number for each dimension."""

from __future__ import annotations

import re
from typing import Any

from breakeven.hosting.config_json.read import LONGEST_NAME, TYPED
from breakeven.hosting.config_json.values import LARGEST
from breakeven.tables.records import Model

_LETTERS = {
    "l": "n_layers",
    "d": "hidden",
    "f": "ffn_dim",
    "m": "ffn_matrices",
    "h": "n_heads",
    "k": "n_kv_heads",
    "w": "head_dim",
    "v": "vocab",
    "t": "tied_embeddings",
    "c": "max_context",
    "E": "n_experts",
    "K": "experts_per_tok",
    "S": "n_shared_experts",
    "F": "moe_ffn_dim",
    "D": "n_dense_layers",
    "R": "mla_kv_lora_rank",
    "Q": "mla_q_lora_rank",
    "N": "mla_qk_nope_dim",
    "P": "mla_qk_rope_dim",
    "V": "mla_v_head_dim",
    "s": "sliding_window",
    "a": "n_full_attn_layers",
    "b": "n_sliding_layers",
    "n": "n_linear_attn_layers",
}
_NEEDED = "ldmhkwvtc"
_MAY_BE_ZERO = "tSDabnP"
_TOTALS = {"T": "params_total_b", "A": "params_active_b"}
_MORE = {"L": "kv_layers", "B": "state_bytes"}
"""Numbers that few models have, and that need not be whole."""
_PIECE = re.compile(r"([A-Za-z])(\d{1,10}(?:\.\d{1,9})?)")
_FORMATS = ("bf16", "fp16", "fp8", "fp4", "int4", "int8")


def to_link(model: Model) -> str:
    """Write a model; all that is computed from it is in the text."""
    pieces = [
        f"{letter}{int(value)}"
        for letter, name in _LETTERS.items()
        if (value := getattr(model, name)) is not None
    ]
    for letter, name in (_TOTALS | _MORE).items():
        value = getattr(model, name)
        if value is not None:
            pieces.append(f"{letter}{value:.6f}".rstrip("0").rstrip("."))
    checked = "1" if model.totals_checked else "0"
    name = " ".join(model.name.replace(";", " ").split())[:LONGEST_NAME]
    return ";".join([name, model.attention, model.native_precision, checked, "-".join(pieces)])


def from_link(text: str) -> tuple[Model | None, str | None]:
    """Read a model back, or say in one sentence why it cannot be."""
    parts = text.split(";")
    if len(parts) != 5:
        return (
            None,
            f"The model typed in has {len(parts)} parts; it must have 5. Paste its config.json again.",
        )
    name, attention, native, checked, numbers = parts
    values: dict[str, Any] = dict.fromkeys(_LETTERS.values()) | dict.fromkeys((_TOTALS | _MORE).values())
    for piece in numbers.split("-"):
        match = _PIECE.fullmatch(piece) if piece.isascii() else None
        letter = match.group(1) if match else ""
        if match is None or letter not in _LETTERS | _TOTALS | _MORE:
            return (
                None,
                f"The model typed in has '{piece[:20]}', which is no dimension; paste its config.json again.",
            )
        number = float(match.group(2))
        if letter in _TOTALS:
            values[_TOTALS[letter]] = number
        elif letter in _MORE:
            values[_MORE[letter]] = number
        elif not number.is_integer() or not (0 if letter in _MAY_BE_ZERO else 1) <= number <= LARGEST:
            return None, f"The model typed in has {_LETTERS[letter]} {match.group(2)}, which cannot be."
        else:
            values[_LETTERS[letter]] = int(number)
    missing = [_LETTERS[letter] for letter in _NEEDED if values[_LETTERS[letter]] is None]
    fault = _fault(values, missing, attention, native, checked)
    if fault:
        return None, f"The model typed in cannot be computed: {fault}. Paste its config.json again."
    values["tied_embeddings"] = bool(values["tied_embeddings"])
    model = Model(
        model_id=TYPED,
        name=" ".join(name.split())[:LONGEST_NAME] or "My model",
        family=TYPED,
        release="",
        attention=attention,
        native_precision=native,
        open_weights=True,
        kv_derived=True,
        totals_checked=checked == "1",
        notes=None,
        source_id=TYPED,
        locator="config.json",
        **values,
    )
    return model, None


def _fault(
    values: dict[str, Any], missing: list[str], attention: str, native: str, checked: str
) -> str | None:
    """What does not go together."""
    if missing:
        return f"{missing[0]} is missing"
    if attention not in ("MHA", "GQA", "MQA", "MLA") or native not in _FORMATS or checked not in ("0", "1"):
        return f"'{attention[:20]};{native[:20]};{checked[:20]}' names no attention and number format"
    latent = [values[f"mla_{name}"] for name in ("kv_lora_rank", "qk_nope_dim", "qk_rope_dim", "v_head_dim")]
    if any(value is None for value in latent) == (attention == "MLA"):
        return "latent attention needs its four dimensions, and only it has them"
    layers = [
        values[name] or 0 for name in ("n_full_attn_layers", "n_sliding_layers", "n_linear_attn_layers")
    ]
    if any(layers) and (values["n_full_attn_layers"] is None or sum(layers) != values["n_layers"]):
        return f"full, sliding and linear layers do not add up to {values['n_layers']}"
    if layers[1] and not values["sliding_window"]:
        return "sliding_window is missing"
    if layers[1] and values["state_bytes"]:
        return "layers with a window beside a fixed state have no formula"
    if values["kv_layers"] is not None and values["kv_layers"] > LARGEST:
        return f"kv_layers {values['kv_layers']:g} cannot be"
    if checked == "0" and not all(values[name] for name in _TOTALS.values()):
        return "the number of parameters is missing"
    return _experts_fault(values, checked)


def _experts_fault(values: dict[str, Any], checked: str) -> str | None:
    """What does not go together about the mixture."""
    dense = values["n_dense_layers"] or 0
    if values["n_experts"] is None:
        return None if values["ffn_dim"] or checked == "0" else "ffn_dim is missing"
    if values["experts_per_tok"] is None or values["moe_ffn_dim"] is None:
        return "a mixture of experts needs experts_per_tok and moe_ffn_dim"
    if values["experts_per_tok"] > values["n_experts"] or dense > values["n_layers"]:
        return "more experts or dense layers are used than there are"
    # A layer without experts may have no feed-forward block at all where the totals say what there is.
    return "ffn_dim is missing" if dense and values["ffn_dim"] is None and checked == "1" else None
