"""Arrays and clocks: what a measurement needs of PyTorch, and the same of NumPy.

PyTorch is an optional extra; NumPy computes the same steps on the processor, slowly, so that the
measurement itself can be tried anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

import numpy as np

LEAST_S = 0.2
"""Seconds that the repeats of one timing take together, at least."""
MOST_REPEATS = 50


class Unmeasurable(ValueError):
    """What cannot be measured on this machine; the text says why and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What the measurement runs on."""

    name: str
    memory_bytes: float
    """Memory that weights and cache share. [B]"""


class Backend(Protocol):
    """Operations of one step, and how long a call takes."""

    name: str
    device: Device
    precisions: tuple[str, ...]
    """Number formats of the weights that this device computes in."""
    launches: tuple[str, ...]
    """Ways to start the kernels of a step: ``eager``, and ``cuda-graph`` where there is one."""

    def weight(self, rows: int, columns: int, precision: str) -> Any:
        """Random weights, ``rows`` by ``columns``."""

    def activation(self, *shape: int) -> Any:
        """Random activations."""

    def linear(self, x: Any, weight: Any) -> Any:
        """Multiply activations with weights."""

    def norm(self, x: Any) -> Any:
        """Root mean square normalisation."""

    def gate(self, x: Any) -> Any:
        """Gated activation of the two halves of ``x``."""

    def split(self, x: Any, heads: list[int], batch: int, width: int) -> list[Any]:
        """Queries, keys and values as (batch, heads, tokens, width)."""

    def merge(self, x: Any) -> Any:
        """Heads side by side again: (batch * tokens, heads * width)."""

    def attend(self, query: Any, keys: Any, values: Any, *, causal: bool) -> Any:
        """Attention of queries over keys and values with fewer heads or as many."""

    def store(self, cache: Any, new: Any) -> None:
        """Write the newest key or value at the end of the cache."""

    def last(self, x: Any, batch: int) -> Any:
        """Activations of the last token of every sequence."""

    def copy(self, source: Any, target: Any) -> None:
        """Copy an array."""

    def bytes_of(self, x: Any) -> float:
        """Size of an array. [B]"""

    def seconds(self, call: Callable[[], Any], launch: str) -> float:
        """Median time of a call. [s]"""


def _repeat(call: Callable[[], float]) -> float:
    """Median of as many timings as take :data:`LEAST_S` together."""
    first = call()
    repeats = min(max(int(LEAST_S / max(first, 1e-9)), 2), MOST_REPEATS)
    return median(call() for _ in range(repeats))


class NumpyBackend:
    """The processor, in fp32, without any library beside NumPy."""

    name: str = "numpy"
    precisions: tuple[str, ...] = ("fp32",)
    launches: tuple[str, ...] = ("eager",)

    def __init__(self, memory_bytes: float = 2e9) -> None:
        """Use that much memory at most."""
        self.device = Device(name="processor (NumPy)", memory_bytes=memory_bytes)
        self._random = np.random.default_rng(0)

    def weight(self, rows: int, columns: int, precision: str) -> Any:  # noqa: ARG002
        """Random weights, ``rows`` by ``columns``."""
        return self._random.standard_normal((rows, columns), dtype=np.float32) / np.float32(np.sqrt(rows))

    def activation(self, *shape: int) -> Any:
        """Random activations."""
        return self._random.standard_normal(shape, dtype=np.float32)

    def linear(self, x: Any, weight: Any) -> Any:
        """Multiply activations with weights."""
        return x @ weight

    def norm(self, x: Any) -> Any:
        """Root mean square normalisation."""
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(1e-5))

    def gate(self, x: Any) -> Any:
        """Gated activation of the two halves of ``x``."""
        one, other = np.split(x, 2, axis=-1)
        return one / (1 + np.exp(-one)) * other

    def split(self, x: Any, heads: list[int], batch: int, width: int) -> list[Any]:
        """Queries, keys and values as (batch, heads, tokens, width)."""
        parts = np.split(x, np.cumsum(np.array(heads) * width)[:-1], axis=-1)
        return [
            part.reshape(batch, -1, count, width).transpose(0, 2, 1, 3)
            for part, count in zip(parts, heads, strict=True)
        ]

    def merge(self, x: Any) -> Any:
        """Heads side by side again: (batch * tokens, heads * width)."""
        batch, heads, tokens, width = x.shape
        return x.transpose(0, 2, 1, 3).reshape(batch * tokens, heads * width)

    def attend(self, query: Any, keys: Any, values: Any, *, causal: bool) -> Any:
        """Attention of queries over keys and values with fewer heads or as many."""
        groups = query.shape[1] // keys.shape[1]
        keys, values = (np.repeat(x, groups, axis=1) for x in (keys, values))
        scores = query @ keys.transpose(0, 1, 3, 2) / np.float32(np.sqrt(query.shape[-1]))
        if causal:
            scores = np.where(np.tri(scores.shape[-2], dtype=bool), scores, np.float32(-np.inf))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return shares / shares.sum(axis=-1, keepdims=True) @ values

    def store(self, cache: Any, new: Any) -> None:
        """Write the newest key or value at the end of the cache."""
        cache[:, :, -1:] = new

    def last(self, x: Any, batch: int) -> Any:
        """Activations of the last token of every sequence."""
        return x.reshape(batch, -1, x.shape[-1])[:, -1]

    def copy(self, source: Any, target: Any) -> None:
        """Copy an array."""
        np.copyto(target, source)

    def bytes_of(self, x: Any) -> float:
        """Size of an array. [B]"""
        return float(x.nbytes)

    def seconds(self, call: Callable[[], Any], launch: str) -> float:  # noqa: ARG002
        """Median time of a call. [s]"""
        call()

        def once() -> float:
            begin = time.perf_counter()
            call()
            return time.perf_counter() - begin

        return _repeat(once)


class TorchBackend:
    """PyTorch on a GPU, or on the processor."""

    name: str = "pytorch"

    def __init__(self, device: str = "auto") -> None:
        """Open a device: ``cuda``, ``cpu``, or ``auto`` for the first GPU where there is one.

        Raises
        ------
        Unmeasurable
            If PyTorch is not installed, or there is no such device.
        """
        try:
            import torch
        except ImportError:
            raise Unmeasurable(
                "PyTorch is not installed; install it with: pip install '.[gpu]' in a checkout, "
                "or try the measurement on the processor with --backend numpy"
            ) from None
        self._torch = torch
        has_gpu = torch.cuda.is_available()
        if device == "cuda" and not has_gpu:
            raise Unmeasurable("PyTorch sees no GPU here; leave --device out or choose --device cpu")
        self._gpu = has_gpu and device != "cpu"
        self._place = torch.device("cuda" if self._gpu else "cpu")
        if self._gpu:
            facts = torch.cuda.get_device_properties(0)
            self.device = Device(name=facts.name, memory_bytes=float(facts.total_memory))
            native = (facts.major, facts.minor)
            self.precisions: tuple[str, ...] = (
                ("fp16", "bf16", "fp8") if native >= (8, 9) else ("fp16", "bf16")
            )
            self.launches: tuple[str, ...] = ("eager", "cuda-graph")
        else:
            self.device = Device(name="processor (PyTorch)", memory_bytes=4e9)
            self.precisions = ("bf16",)
            self.launches = ("eager",)
        self._dtype = torch.bfloat16

    def weight(self, rows: int, columns: int, precision: str) -> Any:
        """Random weights, ``rows`` by ``columns``; fp8 is stored column by column, as its kernel wants it."""
        torch = self._torch
        self._dtype = torch.float16 if precision == "fp16" else torch.bfloat16
        random = torch.randn(columns, rows, device=self._place, dtype=self._dtype) / rows**0.5
        return (random.to(torch.float8_e4m3fn) if precision == "fp8" else random).t()

    def activation(self, *shape: int) -> Any:
        """Random activations."""
        return self._torch.randn(*shape, device=self._place, dtype=self._dtype)

    def linear(self, x: Any, weight: Any) -> Any:
        """Multiply activations with weights; for fp8 the activations are converted on the way."""
        torch = self._torch
        if weight.dtype != torch.float8_e4m3fn:
            return x @ weight
        one = torch.ones((), device=self._place)
        return torch._scaled_mm(
            x.to(torch.float8_e4m3fn), weight, scale_a=one, scale_b=one, out_dtype=self._dtype
        )

    def norm(self, x: Any) -> Any:
        """Root mean square normalisation."""
        return self._torch.nn.functional.rms_norm(x, (x.shape[-1],))

    def gate(self, x: Any) -> Any:
        """Gated activation of the two halves of ``x``."""
        one, other = x.chunk(2, dim=-1)
        return self._torch.nn.functional.silu(one) * other

    def split(self, x: Any, heads: list[int], batch: int, width: int) -> list[Any]:
        """Queries, keys and values as (batch, heads, tokens, width)."""
        parts = x.split([count * width for count in heads], dim=-1)
        return [
            part.reshape(batch, -1, count, width).transpose(1, 2)
            for part, count in zip(parts, heads, strict=True)
        ]

    def merge(self, x: Any) -> Any:
        """Heads side by side again: (batch * tokens, heads * width)."""
        return x.transpose(1, 2).reshape(x.shape[0] * x.shape[2], -1)

    def attend(self, query: Any, keys: Any, values: Any, *, causal: bool) -> Any:
        """Attention of queries over keys and values with fewer heads or as many."""
        return self._torch.nn.functional.scaled_dot_product_attention(
            query, keys, values, is_causal=causal, enable_gqa=query.shape[1] != keys.shape[1]
        )

    def store(self, cache: Any, new: Any) -> None:
        """Write the newest key or value at the end of the cache."""
        cache[:, :, -1:].copy_(new)

    def last(self, x: Any, batch: int) -> Any:
        """Activations of the last token of every sequence."""
        return x.reshape(batch, -1, x.shape[-1])[:, -1].contiguous()

    def copy(self, source: Any, target: Any) -> None:
        """Copy an array."""
        target.copy_(source)

    def bytes_of(self, x: Any) -> float:
        """Size of an array. [B]"""
        return float(x.numel() * x.element_size())

    def seconds(self, call: Callable[[], Any], launch: str) -> float:
        """Median time of a call. [s]"""
        with self._torch.inference_mode():
            for _ in range(3):
                call()
            self._wait()
            if launch == "cuda-graph":
                graph = self._torch.cuda.CUDAGraph()
                with self._torch.cuda.graph(graph):
                    call()
                call = graph.replay

            def once() -> float:
                begin = time.perf_counter()
                call()
                self._wait()
                return time.perf_counter() - begin

            return _repeat(once)

    def _wait(self) -> None:
        if self._gpu:
            self._torch.cuda.synchronize()
