"""One replica as its scheduler sees it, and the requests that come to it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from breakeven.formulas.arrays import Floats
from breakeven.formulas.batch import cache_bytes
from breakeven.formulas.flops import attended_pairs
from breakeven.formulas.mixed_step import StepCoefficients, mixed_step, step_coefficients
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine, ModelShape, Replica
from breakeven.question.pages.capacity import TOKEN_BUDGET

Whole = NDArray[np.int32]

SLICE = 1 << 18
"""Requests that are looked at together where every one needs some arithmetic."""
N_CONSTANTS = 19
"""Coefficients that the compiled loop takes: all but those of the transfer between pools."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Requests in order of arrival; one element each."""

    arrival_s: Floats
    """Since any moment, ascending. [s]"""
    prompt: Whole
    """At least 1. [tokens]"""
    completion: Whole
    """At least 1. [tokens]"""
    cached: Whole | None = None
    """Part of the prompt that is in the cache when it arrives. [tokens]"""
    blocks: Whole | None = None
    """Hashed blocks of all prompts, one prompt after the other, numbered from 0."""
    block_offsets: NDArray[np.int64] | None = None
    """Where the blocks of each prompt start, and where the last ones end."""

    def __post_init__(self) -> None:
        """Refuse what cannot be replayed."""
        n = self.arrival_s.size
        for name in ("prompt", "completion", "cached"):
            values = getattr(self, name)
            if values is not None and values.size != n:
                raise ValueError(f"{name} has {values.size} elements, arrival_s {n}")
        if n and not np.isfinite(self.arrival_s).all():
            raise ValueError("arrival_s must be finite")
        if n > 1 and (self.arrival_s[1:] < self.arrival_s[:-1]).any():
            raise ValueError("arrival_s must not decrease")
        if n and (self.prompt.min() < 1 or self.completion.min() < 1):
            raise ValueError("prompt and completion must be at least 1")
        if n and self.cached is not None and self.cached.min() < 0:
            raise ValueError("cached must not be negative")

    @property
    def span_s(self) -> float:
        """Time from the first arrival to the last. [s]"""
        return float(self.arrival_s[-1] - self.arrival_s[0]) if self.arrival_s.size else 0.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """One replica as its scheduler sees it."""

    step: StepCoefficients
    cache_bytes: float
    """Memory for the cache, copies included. [B]"""
    mode: Mode = Mode.CONTINUOUS
    max_sequences: int = 1024
    """Sequences that run at once; the batch, where it is static. [-]"""
    token_budget: int = TOKEN_BUDGET
    """Tokens of one step. [tokens]"""
    max_context: int | None = None
    """Longest request that the model takes. [tokens]"""
    first_token_steps: float = 1.0
    """Steps until the client sees the first token, see :class:`breakeven.formulas.parts.Engine`. [-]"""
    busy_steps: float = 0.0
    """Further steps while others decode, see there. [-]"""
    busy_fixed_s: float = 0.0
    """Further time while others are served, see there. [s]"""
    ttft_fixed_s: float = 0.0
    """Time before the first token that no GPU spends. [s]"""

    def __post_init__(self) -> None:
        """Refuse a budget that does not give every sequence its token."""
        if self.max_sequences < 1:
            raise ValueError(f"max_sequences must be at least 1, got {self.max_sequences}")
        if self.mode != Mode.STATIC and self.token_budget < self.max_sequences:
            raise ValueError(
                f"token_budget must be at least max_sequences ({self.max_sequences}), got {self.token_budget}"
            )

    @cached_property
    def constants(self) -> Floats:
        """The coefficients as the compiled loop takes them."""
        values = np.array([float(value) for value in astuple(self.step)])
        return np.ascontiguousarray(values[:N_CONSTANTS])

    @cached_property
    def table(self) -> Floats:
        """What a step takes by its number of tokens alone, from none to the most. [s]"""
        tokens = np.arange(self.token_budget + 1 if self.mode != Mode.STATIC else TOKEN_BUDGET, dtype=float)
        parts = mixed_step(
            coefficients=self.step, decodes=0, context_tokens=0, window_tokens=0, prompt_tokens=tokens
        )
        linear = np.maximum(parts.linear_compute_s, parts.linear_memory_s)
        return np.ascontiguousarray(linear + np.asarray(parts.link_s))

    def cache_of(self, tokens: NDArray[Any]) -> Floats:
        """Cache of sequences of so many tokens. [B]"""
        c = self.step
        inside = np.minimum(tokens, c.window_tokens) if c.window_bytes else 0.0
        return np.asarray(tokens * c.full_bytes + inside * c.window_bytes)

    def transfer_s(self, requests: Requests) -> Floats:
        """Moving the cache of each prompt from one pool to the other. [s]"""
        c = self.step
        inside = np.minimum(requests.prompt, c.window_tokens) if c.transfer_window_s else 0.0
        return np.asarray(requests.prompt * c.transfer_full_s + inside * c.transfer_window_s)

    def refuses(self, requests: Requests) -> NDArray[np.bool_]:
        """Requests that can never be served: longer than the cache or than the model's context."""
        refused = np.empty(requests.arrival_s.size, np.bool_)
        for start in range(0, refused.size, SLICE):
            part = slice(start, start + SLICE)
            tokens = requests.prompt[part].astype(np.int64) + requests.completion[part]
            kept = tokens if self.mode == Mode.DISAGGREGATED else tokens - 1
            refused[part] = self.cache_of(kept) > self.cache_bytes
            if self.max_context is not None:
                refused[part] |= tokens > self.max_context
        return refused

    def work_s(self, requests: Requests, *, prompts: bool = True, completions: bool = True) -> Floats:
        """Estimated replica seconds of each request in a well-filled replica: of its prompt, its completion.

        Used to balance replicas and as the load that the mean says; the replay itself does not need it.
        In slices, so that ten million requests need no more memory than their times do.
        """
        n = requests.arrival_s.size
        work = np.zeros(n)
        if not n:
            return work
        typical = float(requests.prompt.mean() + requests.completion.mean() / 2)
        kept = max(float(self.cache_of(np.array([typical]))[0]), 1.0)
        together = float(np.clip(np.floor(self.cache_bytes / kept), 1, self.max_sequences))
        for start in range(0, n, SLICE):
            part = slice(start, start + SLICE)
            prompt = requests.prompt[part].astype(float)
            cached = np.zeros_like(prompt) if requests.cached is None else requests.cached[part]
            completion = requests.completion[part]
            if prompts:
                work[part] += self._reading_s(prompt, np.minimum(cached, prompt - 1))
            if completions:
                work[part] += self._decoding_s(prompt, completion, together)
        return work

    def _reading_s(self, prompt: Floats, cached: Floats) -> Floats:
        """A prompt read alone. [s]"""
        window = self.step.window_tokens
        windowed = bool(np.isfinite(window))

        def pairs(within: float) -> Floats:
            whole = attended_pairs(prompt_tokens=prompt, window_tokens=within)
            return np.asarray(whole - attended_pairs(prompt_tokens=cached, window_tokens=within))

        step = mixed_step(
            coefficients=self.step,
            decodes=0,
            context_tokens=0,
            window_tokens=0,
            prompt_tokens=prompt - cached,
            prompt_pairs=pairs(np.inf),
            prompt_window_pairs=pairs(window) if windowed else 0.0,
            prompt_context=prompt,
            prompt_window_context=np.minimum(prompt, window) if windowed else 0.0,
        )
        return np.asarray(step.total_s)

    def _decoding_s(self, prompt: Floats, completion: Whole, together: float) -> Floats:
        """A completion's share of steps with so many sequences of its mean context. [s]"""
        context = prompt + completion / 2
        window = self.step.window_tokens
        step = mixed_step(
            coefficients=self.step,
            decodes=together,
            context_tokens=together * context,
            window_tokens=together * np.minimum(context, window) if np.isfinite(window) else 0.0,
        )
        steps = completion if self.mode == Mode.DISAGGREGATED else completion - 1
        return np.asarray(steps * np.asarray(step.total_s) / together)


def server_of(
    model: ModelShape,
    replica: Replica,
    engine: Engine,
    *,
    usable: float,
    mode: Mode = Mode.CONTINUOUS,
    max_sequences: int = 1024,
    token_budget: int = TOKEN_BUDGET,
    max_context: int | None = None,
) -> Server:
    """Make a server from what the formulas know.

    Raises
    ------
    ValueError
        If an argument leaves its domain.
    """
    return Server(
        step=step_coefficients(model=model, replica=replica, engine=engine),
        cache_bytes=cache_bytes(model=model, replica=replica, usable=usable),
        mode=mode,
        max_sequences=max_sequences,
        token_budget=max(token_budget, max_sequences),
        max_context=max_context,
        # A static batch is read and handed out as one; its formula has none of them. A pool that only
        # reads has no one decoding beside a prompt.
        first_token_steps=1.0 if mode == Mode.STATIC else float(np.asarray(engine.first_token_steps)),
        busy_steps=float(np.asarray(engine.busy_steps)) if mode == Mode.CONTINUOUS else 0.0,
        busy_fixed_s=float(np.asarray(engine.busy_fixed_s)) if mode == Mode.CONTINUOUS else 0.0,
        ttft_fixed_s=0.0 if mode == Mode.STATIC else float(np.asarray(engine.ttft_fixed_s)),
    )
