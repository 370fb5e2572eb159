"""A dense decoder with random weights, in a model's shape, as many layers as are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from breakeven.measure.backend import Backend, Unmeasurable
from breakeven.tables.records import Model

BYTES = {"fp32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 1.0}
"""Bytes of one weight by number format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """What of a model sets the time of its steps; the numbers of its config."""

    n_layers: int
    hidden: int
    ffn_dim: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    vocab: int

    @property
    def layer_weights(self) -> int:
        """Weights of one layer: queries, keys, values, output, and three matrices of the feed-forward. [-]"""
        attention = (2 * self.n_heads + 2 * self.n_kv_heads) * self.head_dim * self.hidden
        return attention + 3 * self.hidden * self.ffn_dim

    @property
    def head_weights(self) -> int:
        """Weights of the output layer over the vocabulary. [-]"""
        return self.hidden * self.vocab


def dimensions_of(model: Model) -> Dimensions:
    """Take the dimensions of a dense model.

    Raises
    ------
    Unmeasurable
        For experts, latent attention, windows and linear attention, whose kernels this does not have.
    """
    why = {
        "is a mixture of experts": model.n_experts is not None,
        "has latent attention": model.attention == "MLA",
        "has sliding windows": bool(model.n_sliding_layers or model.sliding_window),
        "has linear attention": bool(model.n_linear_attn_layers),
        "has no gated feed-forward": model.ffn_matrices != 3 or model.ffn_dim is None,
    }
    for reason, holds in why.items():
        if holds:
            raise Unmeasurable(
                f"{model.name} {reason}; measure runs dense models with full attention, "
                "such as llama-3.1-8b or llama-3.3-70b"
            )
    return Dimensions(
        n_layers=model.n_layers,
        hidden=model.hidden,
        ffn_dim=model.ffn_dim or 0,
        n_heads=model.n_heads,
        n_kv_heads=model.n_kv_heads,
        head_dim=model.head_dim,
        vocab=model.vocab,
    )


class Network:
    """Random weights of some layers and of the output layer, and the two steps over them."""

    def __init__(self, backend: Backend, shape: Dimensions, n_layers: int, precision: str) -> None:
        """Draw the weights.

        Parameters
        ----------
        backend
            Arrays and clock.
        shape
            The model.
        n_layers
            Layers that are run. [-]
        precision
            Number format of the weights.
        """
        self.backend, self.shape, self.n_layers = backend, shape, n_layers
        self._heads = [shape.n_heads, shape.n_kv_heads, shape.n_kv_heads]
        width, hidden = shape.head_dim, shape.hidden
        self._layers = [
            (
                backend.weight(hidden, sum(self._heads) * width, precision),
                backend.weight(shape.n_heads * width, hidden, precision),
                backend.weight(hidden, 2 * shape.ffn_dim, precision),
                backend.weight(shape.ffn_dim, hidden, precision),
            )
            for _ in range(n_layers)
        ]
        self._output = backend.weight(hidden, shape.vocab, precision)

    def prefill_s(self, batch: int, prompt_tokens: int, launch: str) -> float:
        """Time to read ``batch`` prompts, scaled to all layers of the model. [s]"""
        x = self.backend.activation(batch * prompt_tokens, self.shape.hidden)

        def layers() -> Any:
            return self._run(x, batch, caches=None)

        return self._scaled(layers, batch, x, launch)

    def decode_s(self, batch: int, context_tokens: int, launch: str) -> float:
        """Time to add one token to ``batch`` sequences, scaled to all layers of the model. [s]"""
        shape = (batch, self.shape.n_kv_heads, context_tokens, self.shape.head_dim)
        caches = [
            (self.backend.activation(*shape), self.backend.activation(*shape)) for _ in range(self.n_layers)
        ]
        x = self.backend.activation(batch, self.shape.hidden)

        def layers() -> Any:
            return self._run(x, batch, caches=caches)

        return self._scaled(layers, batch, x, launch)

    def _run(self, x: Any, batch: int, caches: list[tuple[Any, Any]] | None) -> Any:
        use = self.backend
        for number, (qkv, output, up, down) in enumerate(self._layers):
            query, key, value = use.split(
                use.linear(use.norm(x), qkv), self._heads, batch, self.shape.head_dim
            )
            if caches is not None:
                for cache, new in zip(caches[number], (key, value), strict=True):
                    use.store(cache, new)
                key, value = caches[number]
            x = x + use.linear(use.merge(use.attend(query, key, value, causal=caches is None)), output)
            x = x + use.linear(use.gate(use.linear(use.norm(x), up)), down)
        return x

    def _scaled(self, layers: Any, batch: int, x: Any, launch: str) -> float:
        """Time of the layers that were run, times all over run, plus the output layer once."""
        use = self.backend

        def head() -> Any:
            return use.linear(use.norm(use.last(x, batch)), self._output)

        head_s = use.seconds(head, launch)
        return head_s + use.seconds(layers, launch) * self.shape.n_layers / self.n_layers
