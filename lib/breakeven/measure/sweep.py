"""What is measured, in which order, and the rows that come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from breakeven.measure.backend import Backend, Unmeasurable
from breakeven.measure.network import BYTES, Dimensions, Network

SHARE_OF_MEMORY = 0.8
"""Share of the memory that weights, cache and activations take, so that nothing is paged or refused."""
ACTIVATION_COPIES = 12.0
"""Activations of one layer that live at once, in widths of the hidden state, generously."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes to measure at."""

    batches: tuple[int, ...] = (1, 8, 32, 128)
    tokens: tuple[int, ...] = (128, 512, 2048, 8192)
    matrix: int = 8192
    """Rows and columns of the matrices that are multiplied. [-]"""
    copied_bytes: float = 4e9
    """Size of the array that is copied. [B]"""
    prefill_tokens: int = 65_536
    """Most tokens of one prefill. [tokens]"""


QUICK = Plan(batches=(1, 8), tokens=(32, 128), matrix=512, copied_bytes=64e6, prefill_tokens=1024)
"""Sizes for a look, or for a processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate of the chip in one number format."""

    precision: str
    flop_per_s: float
    """Matrix multiplication. [FLOP/s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One batch at one length, as ``breakeven calibrate`` reads it: a static batch on one GPU."""

    engine: str
    precision: str
    prompt_tokens: int
    completion_tokens: int
    """Always 1: the decode step is timed at this context."""
    concurrency: int
    """Sequences together. [-]"""
    ttft_s: float | None
    """Prefill of the whole batch; None: too many tokens at once. [s]"""
    tpot_s: float | None
    """One decode step; None: the cache does not fit. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that was measured on one device."""

    device: str
    memory_bytes: float
    backend: str
    memory_bytes_per_s: float
    """Copying an array: bytes read plus bytes written. [B/s]"""
    rates: tuple[Rate, ...]
    rows: tuple[Row, ...]
    layers_run: int
    layers_of_model: int
    left_out: tuple[str, ...]
    """What was not measured, and why."""


def measure(
    backend: Backend,
    shape: Dimensions,
    *,
    precisions: Sequence[str] = (),
    n_layers: int | None = None,
    plan: Plan | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Measure the chip's rates, then prefill and decode over batch and length.

    Parameters
    ----------
    backend
        Arrays and clock.
    shape
        The model.
    precisions
        Number formats; empty for all that the device has.
    n_layers
        Layers that are run; None for as many as fit, at most all.
    plan
        Sizes; None for the full ones.
    progress
        Told what is being measured.

    Raises
    ------
    Unmeasurable
        If not one layer fits, or the device does not have a precision.
    """
    plan = plan or Plan()
    wanted = tuple(precisions) or backend.precisions
    for precision in wanted:
        if precision not in backend.precisions:
            raise Unmeasurable(
                f"{backend.device.name} does not compute in {precision} here; "
                f"it has {', '.join(backend.precisions)}"
            )
    usable = backend.device.memory_bytes * SHARE_OF_MEMORY
    widest = max(BYTES[precision] for precision in wanted)
    fitting = int((0.75 * usable - shape.head_weights * widest) // (shape.layer_weights * widest))
    if fitting < 1:
        raise Unmeasurable(f"not one layer fits in {backend.device.memory_bytes / 1e9:.3g} GB of memory")
    layers = min(fitting, shape.n_layers, n_layers or shape.n_layers)
    progress("memory bandwidth")
    bandwidth = _bandwidth(backend, plan)
    rates, rows, left_out = [], [], []
    for precision in wanted:
        progress(f"matrix multiplication in {precision}")
        rates.append(_rate(backend, plan, precision))
        network = Network(backend, shape, layers, precision)
        free = usable - (layers * shape.layer_weights + shape.head_weights) * BYTES[precision]
        for tokens in plan.tokens:
            for batch in plan.batches:
                progress(f"{precision}, {batch} × {tokens} tokens")
                row, reasons = _rows(backend, network, precision, batch, tokens, free, plan)
                rows += row
                left_out += reasons
        # The next number format needs the room.
        del network
    return Measured(
        device=backend.device.name,
        memory_bytes=backend.device.memory_bytes,
        backend=backend.name,
        memory_bytes_per_s=bandwidth,
        rates=tuple(rates),
        rows=tuple(rows),
        layers_run=layers,
        layers_of_model=shape.n_layers,
        left_out=tuple(dict.fromkeys(left_out)),
    )


def _bandwidth(backend: Backend, plan: Plan) -> float:
    source = backend.activation(int(plan.copied_bytes // 4))
    target = backend.activation(int(plan.copied_bytes // 4))
    taken = backend.seconds(lambda: backend.copy(source, target), "eager")
    return 2 * backend.bytes_of(source) / taken


def _rate(backend: Backend, plan: Plan, precision: str) -> Rate:
    weight = backend.weight(plan.matrix, plan.matrix, precision)
    x = backend.activation(plan.matrix, plan.matrix)
    taken = backend.seconds(lambda: backend.linear(x, weight), "eager")
    return Rate(precision=precision, flop_per_s=2 * plan.matrix**3 / taken)


def _rows(
    backend: Backend, network: Network, precision: str, batch: int, tokens: int, free: float, plan: Plan
) -> tuple[list[Row], list[str]]:
    """One row for every way to launch; what does not fit is said."""
    shape, left_out = network.shape, []
    cache = 2 * 2 * batch * tokens * shape.n_kv_heads * shape.head_dim * network.n_layers
    activations = 4 * batch * tokens * max(shape.hidden * ACTIVATION_COPIES, 2.0 * shape.ffn_dim)
    prefills = batch * tokens <= plan.prefill_tokens and activations <= free
    decodes = 2 * cache <= free
    if not prefills:
        left_out.append(f"prefill of {batch} × {tokens} tokens: more than one step holds")
    if not decodes:
        left_out.append(f"decode of {batch} × {tokens} tokens: the cache does not fit beside the weights")
    rows = [
        Row(
            engine=f"{backend.name}-{launch}",
            precision=precision,
            prompt_tokens=tokens,
            completion_tokens=1,
            concurrency=batch,
            ttft_s=network.prefill_s(batch, tokens, launch) if prefills else None,
            tpot_s=network.decode_s(batch, tokens, launch) if decodes else None,
        )
        for launch in backend.launches
        if prefills or decodes
    ]
    return rows, left_out
