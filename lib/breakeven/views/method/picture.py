"""The model of serving in pictures: where the steps stand under the roof, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.formulas.arrays import Floats
from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine, ModelShape, Replica
from breakeven.formulas.roofline import operator_time, ridge_point
from breakeven.formulas.step import StepTime, decode_step, mean_context, prefill_step
from breakeven.formulas.units import TERA
from breakeven.hosting.row import HostRow
from breakeven.words.names import deployment_name, shape_name
from breakeven.words.numbers import number, percent, seconds, times
from breakeven.words.terms import EXPERT, Terms

PARTS = ("linear", "attention", "link", "fixed")
"""Parts of a step."""


def part_names(say: Terms = EXPERT) -> tuple[str, ...]:
    """Names of :data:`PARTS`.

    >>> part_names()
    ('weights', 'attention and KV cache', 'between GPUs', 'fixed time')
    """
    return "weights", f"attention and {say.kv_cache}", "between GPUs", "fixed time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a replica: how much work, how much traffic, how long, of which parts."""

    name: str
    is_prefill: bool
    flop: float
    bytes_moved: float
    seconds: float
    parts: tuple[float, ...]
    """Seconds of each of :data:`PARTS`."""
    compute_bound: bool

    @property
    def intensity(self) -> float:
        """Work for each byte that is read. [FLOP/B]"""
        return self.flop / self.bytes_moved

    @property
    def rate(self) -> float:
        """Work done in a second. [FLOP/s]"""
        return self.flop / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """What arithmetic and memory of one replica allow."""

    name: str
    intensity: Floats
    peak: Floats
    """At the rates of the data sheet. [FLOP/s]"""
    reached: Floats
    """At the shares of them that the engine reaches. [FLOP/s]"""
    ridge: float
    """Intensity from which arithmetic is the limit. [FLOP/B]"""
    steps: tuple[Step, ...]


def roofs_of(answer: Comparison, say: Terms = EXPERT) -> tuple[Roof, ...]:
    """One roof for each deployment of the scenario, with the steps of the shapes that it serves."""
    work = answer.model_shape
    if work is None:
        return ()
    by_deployment: dict[str, list[tuple[str, ShapeAnswer, HostRow]]] = {}
    for letter, shape in zip("AB", answer.shapes, strict=True):
        if shape.host is not None:
            by_deployment.setdefault(deployment_name(shape.host), []).append((letter, shape, shape.host))
    return tuple(_roof(name, rows, work, answer.scenario.mode, say) for name, rows in by_deployment.items())


def _roof(
    name: str, rows: Sequence[tuple[str, ShapeAnswer, HostRow]], work: ModelShape, mode: Mode, say: Terms
) -> Roof:
    """The roof of a deployment."""
    replica = rows[0][2].candidate.replica
    engine = rows[0][2].candidate.engine
    steps = [step for letter, shape, host in rows for step in _steps(letter, shape, host, work, mode, say)]
    ridge = float(ridge_point(flop_per_s=replica.flop_per_s, bytes_per_s=replica.memory_bytes_per_s))
    ends = [step.intensity for step in steps] + [ridge]
    intensity = np.geomspace(min(ends) / 3, max(ends) * 10, 121)
    return Roof(
        name=name,
        intensity=intensity,
        peak=_allowed(replica, Engine(), intensity),
        reached=_allowed(replica, engine, intensity),
        ridge=ridge,
        steps=tuple(steps),
    )


def _allowed(replica: Replica, engine: Engine, intensity: Floats) -> Floats:
    """Rate at each intensity: one byte is read and the work for it done. [FLOP/s]"""
    time = operator_time(
        flop=intensity,
        bytes_moved=1.0,
        flop_per_s=replica.n_gpus * replica.flop_per_s * engine.mfu,
        bytes_per_s=replica.n_gpus * replica.memory_bytes_per_s * engine.mbu,
    )
    return np.asarray(intensity / time)


def _steps(
    letter: str, shape: ShapeAnswer, host: HostRow, work: ModelShape, mode: Mode, say: Terms
) -> tuple[Step, Step]:
    """Prefill and decode of a shape on its deployment."""
    replica, engine = host.candidate.replica, host.candidate.engine
    asked = shape.shape
    together = host.rank_batch if mode == Mode.STATIC else 1
    writing = (
        f"Writing {letter}, {host.batch:,} at once"
        if say.is_plain
        else f"Decode {letter}, batch {host.batch:,}"
    )
    prefill = prefill_step(
        model=work,
        replica=replica,
        engine=engine,
        batch=together,
        prompt_tokens=asked.prompt_tokens,
        cached_tokens=asked.cached_tokens,
    )
    decode = decode_step(
        model=work,
        replica=replica,
        engine=engine,
        batch=host.rank_batch,
        context_tokens=mean_context(
            prompt_tokens=asked.prompt_tokens, completion_tokens=asked.completion_tokens
        ),
    )
    return (
        _step(f"{'Reading' if say.is_plain else 'Prefill'} {letter}", True, prefill, replica, engine),
        _step(writing, False, decode, replica, engine),
    )


def _step(name: str, is_prefill: bool, time: StepTime, replica: Replica, engine: Engine) -> Step:
    """Work and traffic from the seconds that they take at the rates reached."""
    n = replica.n_gpus
    flop = (
        n
        * engine.mfu
        * (
            time.linear_compute_s * replica.flop_per_s
            + time.attention_compute_s * replica.attention_flop_per_s
        )
    )
    moved = (
        n
        * replica.memory_bytes_per_s
        * (time.linear_memory_s * engine.mbu + time.attention_memory_s * engine.kv_mbu)
    )
    return Step(
        name=name,
        is_prefill=is_prefill,
        flop=float(flop),
        bytes_moved=float(moved),
        seconds=float(time.total_s),
        parts=(
            float(np.maximum(time.linear_compute_s, time.linear_memory_s)),
            float(np.maximum(time.attention_compute_s, time.attention_memory_s)),
            float(time.link_s),
            float(time.fixed_s),
        ),
        compute_bound=bool(time.compute_bound),
    )


def roof_finding(roof: Roof) -> str:
    """Say what a roofline shows."""
    parts = []
    for compute_bound, by in ((True, "arithmetic"), (False, "memory")):
        names = [step.name.partition(",")[0] for step in roof.steps if step.compute_bound == compute_bound]
        if names:
            together = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
            parts.append(f"{together} {'is' if len(names) == 1 else 'are'} limited by {by}")
    return f"{roof.name}: {'; '.join(parts)}"


def ridge_sentence(roof: Roof) -> str:
    """Say from where on arithmetic is the limit."""
    return (
        f"The roof bends at {number(roof.ridge)} FLOP per byte: a step that does less for each byte it "
        "reads waits "
        f"for memory. Grey: the data sheet of {roof.name}; blue: what the engine reaches of it "
        f"({number(float(roof.reached.max()) / TERA)} of {number(float(roof.peak.max()) / TERA)} TFLOP/s)."
    )


def parts_finding(roofs: Sequence[Roof], say: Terms = EXPERT) -> str:
    """Say what takes most of the longest decode step."""
    decodes = [step for roof in roofs for step in roof.steps if not step.is_prefill]
    if not decodes:
        return ""
    step = max(decodes, key=lambda one: one.seconds)
    names = part_names(say)
    share, name = max((took / step.seconds, name) for took, name in zip(step.parts, names, strict=True))
    verb = "take" if name == names[0] or " and " in name else "takes"
    return f"{step.name}: {name} {verb} {percent(share)} of the step"


def lead(n_formulas: int) -> str:
    """Say in one sentence how a number comes about."""
    return f"{n_formulas} formulas turn tokens into seconds of GPU time, and seconds into money"


def replica_seconds(answer: Comparison) -> list[str]:
    """Say what a request of each shape takes, and which part of it the prompt."""
    return [
        f"Shape {letter}, {shape_name(shape.shape)}, takes {seconds(shape.host.replica_s)} of "
        f"{deployment_name(shape.host)} per request, "
        f"{percent(shape.host.prefill_s / shape.host.replica_s)} of it "
        "for the prompt."
        for letter, shape in zip("AB", answer.shapes, strict=True)
        if shape.host is not None
    ]


def estimate_over_limit(answer: Comparison, say: Terms = EXPERT) -> list[str]:
    """Say how far each estimate is from the physical limit."""
    return [
        f"Shape {letter}: the {say.wait} is {times(shape.host.ttft_s / shape.ideal.ttft_s)} and the time of "
        f"{'a further token' if say.is_plain else 'an output token'} "
        f"{times(shape.host.tpot_s / shape.ideal.tpot_s)} the physical limit of "
        f"{deployment_name(shape.host)}."
        for letter, shape in zip("AB", answer.shapes, strict=True)
        if shape.host is not None and shape.ideal is not None
    ]
